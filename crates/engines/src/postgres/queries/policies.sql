SELECT p.polrelid::pg_catalog.int8 AS relation, p.polname::pg_catalog.text AS name, p.polcmd::pg_catalog.text AS command,
       p.polpermissive AS permissive,
       ARRAY(SELECT CASE WHEN u.o = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(u.o)::pg_catalog.text END
               FROM pg_catalog.unnest(p.polroles) AS u (o) ORDER BY 1) AS roles,
       pg_catalog.pg_get_expr(p.polqual, p.polrelid) AS using_expression,
       pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) AS check_expression
  FROM pg_catalog.pg_policy AS p
 ORDER BY p.polrelid, p.polname
