-- What the planner knows of the values; the view itself shows only columns that this role may read. Comparing names is all
-- that may happen before the view's own checks, so names part the pages.
SELECT s.schemaname::pg_catalog.text AS schema, s.tablename::pg_catalog.text AS relation, s.attname::pg_catalog.text AS name,
       s.null_frac::pg_catalog.float8 AS null_share, s.n_distinct::pg_catalog.float8 AS n_distinct,
       s.avg_width::pg_catalog.float8 AS mean_bytes, s.correlation::pg_catalog.float8 AS correlation,
       s.most_common_vals::pg_catalog.text AS common, s.most_common_freqs::pg_catalog.float8[] AS shares,
       s.histogram_bounds::pg_catalog.text AS histogram, s.inherited AS inherited
  FROM pg_catalog.pg_stats AS s
 WHERE s.tablename >= $1 AND ($2 = '' OR s.tablename < $2)
   AND s.schemaname !~ '^pg_' AND s.schemaname <> 'information_schema'
