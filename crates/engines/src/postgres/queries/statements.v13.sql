SELECT s.queryid::pg_catalog.text AS id, r.rolname::pg_catalog.text AS role, pg_catalog.left(s.query, 20000) AS text,
       pg_catalog.octet_length(s.query)::pg_catalog.int8 AS text_bytes,
       s.calls::pg_catalog.float8 AS calls, s.total_exec_time::pg_catalog.float8 AS total_ms, s.max_exec_time::pg_catalog.float8 AS max_ms,
       s.stddev_exec_time::pg_catalog.float8 AS deviation_ms, s.rows::pg_catalog.float8 AS rows,
       s.shared_blks_hit::pg_catalog.float8 AS blocks_hit, s.shared_blks_read::pg_catalog.float8 AS blocks_read,
       s.temp_blks_written::pg_catalog.float8 AS temp_blocks
  FROM {schema}.pg_stat_statements AS s
  LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = s.userid
 WHERE s.dbid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
 ORDER BY s.total_exec_time DESC, s.queryid, s.userid
 LIMIT 5000
