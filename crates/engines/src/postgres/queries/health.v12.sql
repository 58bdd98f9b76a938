SELECT (EXTRACT(epoch FROM pg_catalog.pg_postmaster_start_time()) * 1000000)::pg_catalog.int8 AS started_at,
       (EXTRACT(epoch FROM d.stats_reset) * 1000000)::pg_catalog.int8 AS statistics_since,
       d.deadlocks AS deadlocks, d.temp_bytes::pg_catalog.float8 AS temporary_bytes, d.temp_files::pg_catalog.float8 AS temporary_files,
       d.blks_hit::pg_catalog.float8 AS blocks_hit, d.blks_read::pg_catalog.float8 AS blocks_read,
       d.xact_commit::pg_catalog.float8 AS commits, d.xact_rollback::pg_catalog.float8 AS rollbacks, d.conflicts::pg_catalog.float8 AS conflicts,
       (SELECT pg_catalog.sum(b.numbackends) FROM pg_catalog.pg_stat_database AS b)::pg_catalog.float8 AS connections,
       pg_catalog.current_setting('max_connections')::pg_catalog.float8 AS max_connections,
       (SELECT pg_catalog.sum(b.checksum_failures) FROM pg_catalog.pg_stat_database AS b)::pg_catalog.int8 AS corrupt_pages,
       pg_catalog.current_setting('data_checksums') AS data_checksums,
       (SELECT pg_catalog.max(EXTRACT(epoch FROM pg_catalog.clock_timestamp() - a.xact_start)) FROM pg_catalog.pg_stat_activity AS a
         WHERE a.pid <> pg_catalog.pg_backend_pid() AND a.backend_type = 'client backend')::pg_catalog.float8 AS oldest_transaction,
       (SELECT pg_catalog.max(pg_catalog.age(x.datfrozenxid)) FROM pg_catalog.pg_database AS x)::pg_catalog.float8 AS transaction_age,
       (SELECT pg_catalog.max(pg_catalog.mxid_age(x.datminmxid)) FROM pg_catalog.pg_database AS x)::pg_catalog.float8 AS multixact_age,
       c.checkpoints_timed AS checkpoints_timed, c.checkpoints_req AS checkpoints_requested,
       c.checkpoint_write_time::pg_catalog.float8 AS checkpoint_write_ms, c.checkpoint_sync_time::pg_catalog.float8 AS checkpoint_sync_ms,
       v.archived_count AS archived, v.failed_count AS failed,
       (EXTRACT(epoch FROM v.last_archived_time) * 1000000)::pg_catalog.int8 AS last_archived,
       (EXTRACT(epoch FROM v.last_failed_time) * 1000000)::pg_catalog.int8 AS last_failed
  FROM pg_catalog.pg_stat_database AS d, pg_catalog.pg_stat_bgwriter AS c, pg_catalog.pg_stat_archiver AS v
 WHERE d.datname = pg_catalog.current_database()
