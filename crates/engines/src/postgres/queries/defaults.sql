SELECT f.adrelid::pg_catalog.int8 AS relation, f.adnum::pg_catalog.int8 AS number,
       pg_catalog.left(pg_catalog.pg_get_expr(f.adbin, f.adrelid), 10000) AS expression
  FROM pg_catalog.pg_attrdef AS f
  JOIN pg_catalog.pg_class AS c ON c.oid = f.adrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
 ORDER BY f.adrelid, f.adnum
