SELECT c.oid::pg_catalog.int8 AS relation,
       pg_catalog.pg_stat_get_numscans(c.oid) AS full_scans,
       pg_catalog.pg_stat_get_tuples_returned(c.oid) AS full_scan_rows,
       pg_catalog.pg_stat_get_tuples_inserted(c.oid) AS inserts,
       pg_catalog.pg_stat_get_tuples_updated(c.oid) AS updates,
       pg_catalog.pg_stat_get_tuples_hot_updated(c.oid) AS hot_updates,
       pg_catalog.pg_stat_get_tuples_deleted(c.oid) AS deletes,
       pg_catalog.pg_stat_get_live_tuples(c.oid) AS live_rows,
       pg_catalog.pg_stat_get_dead_tuples(c.oid) AS dead_rows,
       pg_catalog.pg_stat_get_mod_since_analyze(c.oid) AS changed_since_analyze,
       (EXTRACT(epoch FROM GREATEST(pg_catalog.pg_stat_get_last_vacuum_time(c.oid),
                                    pg_catalog.pg_stat_get_last_autovacuum_time(c.oid))) * 1000000)::pg_catalog.int8 AS last_vacuum,
       (EXTRACT(epoch FROM GREATEST(pg_catalog.pg_stat_get_last_analyze_time(c.oid),
                                    pg_catalog.pg_stat_get_last_autoanalyze_time(c.oid))) * 1000000)::pg_catalog.int8 AS last_analyze,
       pg_catalog.pg_stat_get_blocks_fetched(c.oid) AS blocks_fetched,
       pg_catalog.pg_stat_get_blocks_hit(c.oid) AS blocks_hit
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
 ORDER BY c.oid
