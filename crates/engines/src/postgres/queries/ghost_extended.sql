-- Columns that only some versions have are read by name from the row as JSON.
SELECT s.statistics_schemaname::pg_catalog.text AS schema, s.statistics_name::pg_catalog.text AS name, s.attnames::pg_catalog.text[] AS columns,
       COALESCE((pg_catalog.to_jsonb(s) ->> 'inherited')::pg_catalog.bool, false) AS inherited,
       pg_catalog.to_jsonb(s) ->> 'exprs' IS NOT NULL AS has_expressions,
       s.n_distinct::pg_catalog.text AS n_distinct, s.dependencies::pg_catalog.text AS dependencies,
       pg_catalog.to_jsonb(s.most_common_vals)::pg_catalog.text AS common,
       s.most_common_freqs::pg_catalog.float8[] AS shares, s.most_common_base_freqs::pg_catalog.float8[] AS base_shares
  FROM pg_catalog.pg_stats_ext AS s
 WHERE s.schemaname !~ '^pg_' AND s.schemaname <> 'information_schema'
 ORDER BY 1, 2, 4
 LIMIT 5000
