SELECT s.name, s.setting AS value, s.unit, s.source AS origin, s.pending_restart
  FROM pg_catalog.pg_settings AS s
 ORDER BY s.name
