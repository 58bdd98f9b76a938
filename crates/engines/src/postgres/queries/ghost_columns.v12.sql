-- What the planner knows of the values, whole; the view itself shows only columns that this role may read.
SELECT s.schemaname::pg_catalog.text AS schema, s.tablename::pg_catalog.text AS relation, s.attname::pg_catalog.text AS name,
       pg_catalog.format_type(a.atttypid, NULL) AS type_name, a.attnum::pg_catalog.int8 AS number, s.inherited, s.null_frac::pg_catalog.float8 AS null_share, s.avg_width::pg_catalog.int8 AS width,
       s.n_distinct::pg_catalog.float8 AS n_distinct, s.most_common_vals::pg_catalog.text AS common,
       s.most_common_freqs::pg_catalog.float8[] AS shares, s.histogram_bounds::pg_catalog.text AS histogram,
       s.correlation::pg_catalog.float8 AS correlation, s.most_common_elems::pg_catalog.text AS elements,
       s.most_common_elem_freqs::pg_catalog.float8[] AS element_shares, s.elem_count_histogram::pg_catalog.float8[] AS element_counts,
       NULL::pg_catalog.text AS range_lengths, NULL::pg_catalog.float8 AS range_empty,
       NULL::pg_catalog.text AS range_bounds
  FROM pg_catalog.pg_stats AS s
  JOIN pg_catalog.pg_namespace AS n ON n.nspname = s.schemaname
  JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = s.tablename
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attname = s.attname
 WHERE s.schemaname !~ '^pg_' AND s.schemaname <> 'information_schema'
   AND pg_catalog.abs(pg_catalog.hashtext(s.tablename::pg_catalog.text)::pg_catalog.int8) % $1 = $2
 ORDER BY s.schemaname, s.tablename, a.attnum, s.inherited
