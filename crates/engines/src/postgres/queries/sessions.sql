SELECT pg_catalog.count(*) FILTER (WHERE a.client_addr IS NOT NULL AND NOT s.ssl
                                     AND NOT a.client_addr <<= '127.0.0.0/8'::pg_catalog.inet
                                     AND a.client_addr <> '::1'::pg_catalog.inet) AS plaintext,
       pg_catalog.count(*) FILTER (WHERE a.state = 'active')::pg_catalog.float8 AS active,
       pg_catalog.count(*) FILTER (WHERE a.state LIKE 'idle in transaction%')::pg_catalog.float8 AS idle_in_transaction,
       (SELECT pg_catalog.array_agg(w.words) FROM (
          SELECT pg_catalog.format('pid %s (%s, %s) has waited %s s for a %s lock held by pid %s', b.pid, b.usename, b.application_name,
                                   pg_catalog.round(EXTRACT(epoch FROM pg_catalog.clock_timestamp() - b.state_change)::pg_catalog.numeric, 1),
                                   b.wait_event, pg_catalog.array_to_string(pg_catalog.pg_blocking_pids(b.pid), ', ')) AS words
            FROM pg_catalog.pg_stat_activity AS b
           WHERE b.wait_event_type = 'Lock' ORDER BY b.state_change LIMIT 50) AS w) AS blocked
  FROM pg_catalog.pg_stat_activity AS a
  LEFT JOIN pg_catalog.pg_stat_ssl AS s ON s.pid = a.pid
 WHERE a.backend_type = 'client backend'
