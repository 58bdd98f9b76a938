-- Printing an expression opens its table: where that is locked, the expression is left out instead of waited for.
WITH w AS (
  SELECT ARRAY(SELECT DISTINCT l.relation FROM pg_catalog.pg_locks AS l
                WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
                  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d
                                     WHERE d.datname = pg_catalog.current_database())) AS locked
)
SELECT p.polrelid::pg_catalog.int8 AS relation, p.polname::pg_catalog.text AS name, p.polcmd::pg_catalog.text AS command,
       p.polpermissive AS permissive,
       ARRAY(SELECT CASE WHEN u.o = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(u.o)::pg_catalog.text END
               FROM pg_catalog.unnest(p.polroles) AS u (o) ORDER BY 1) AS roles,
       CASE WHEN p.polrelid <> ALL (w.locked) THEN pg_catalog.pg_get_expr(p.polqual, p.polrelid) END AS using_expression,
       CASE WHEN p.polrelid <> ALL (w.locked) THEN pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) END AS check_expression
  FROM w CROSS JOIN pg_catalog.pg_policy AS p
 ORDER BY p.polrelid, p.polname
