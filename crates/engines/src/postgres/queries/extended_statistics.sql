SELECT (s.statistics_schemaname || '.' || s.statistics_name)::pg_catalog.text AS name,
       (s.schemaname || '.' || s.tablename)::pg_catalog.text AS relation,
       s.attnames::pg_catalog.text[] AS columns, s.n_distinct::pg_catalog.text AS n_distinct, s.dependencies::pg_catalog.text AS dependencies
  FROM pg_catalog.pg_stats_ext AS s
 WHERE s.schemaname !~ '^pg_'
 ORDER BY 1
 LIMIT 1000
