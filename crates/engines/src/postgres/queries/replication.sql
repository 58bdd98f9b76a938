WITH here AS (
  SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_receive_lsn()
              ELSE pg_catalog.pg_current_wal_lsn() END AS lsn
)
SELECT 'replica' AS kind, COALESCE(NULLIF(r.application_name, ''), r.client_addr::pg_catalog.text, r.usename::pg_catalog.text) AS name,
       r.state AS state, r.sync_state AS detail, true AS active,
       pg_catalog.pg_wal_lsn_diff(h.lsn, r.replay_lsn)::pg_catalog.float8 AS bytes,
       EXTRACT(epoch FROM r.replay_lag)::pg_catalog.float8 AS seconds
  FROM pg_catalog.pg_stat_replication AS r, here AS h
UNION ALL
SELECT 'slot', s.slot_name::pg_catalog.text, s.wal_status, s.slot_type, s.active,
       pg_catalog.pg_wal_lsn_diff(h.lsn, s.restart_lsn)::pg_catalog.float8, NULL
  FROM pg_catalog.pg_replication_slots AS s, here AS h
UNION ALL
SELECT 'upstream', COALESCE(NULLIF(w.slot_name, ''), w.sender_host, 'upstream')::pg_catalog.text, w.status, '', w.status = 'streaming',
       pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn())::pg_catalog.float8,
       CASE WHEN pg_catalog.pg_last_wal_receive_lsn() = pg_catalog.pg_last_wal_replay_lsn() THEN 0
            ELSE EXTRACT(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp()) END::pg_catalog.float8
  FROM pg_catalog.pg_stat_wal_receiver AS w
UNION ALL
SELECT 'publication', p.pubname::pg_catalog.text, CASE WHEN p.puballtables THEN 'all tables' ELSE 'some tables' END, '', true, NULL, NULL
  FROM pg_catalog.pg_publication AS p
UNION ALL
SELECT 'subscription', s.subname::pg_catalog.text, CASE WHEN s.subenabled THEN 'enabled' ELSE 'disabled' END, '', s.subenabled, NULL, NULL
  FROM pg_catalog.pg_subscription AS s
 WHERE s.subdbid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
ORDER BY 1, 2
