SELECT n.oid::pg_catalog.int8 AS oid, n.nspname::pg_catalog.text AS name,
       pg_catalog.pg_get_userbyid(n.nspowner)::pg_catalog.text AS owner, n.nspacl::pg_catalog.text[] AS acl
  FROM pg_catalog.pg_namespace AS n
 WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
 ORDER BY n.nspname
