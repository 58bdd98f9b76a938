-- Of what we set in our own transaction, the value before; `fixed` tells what is fixed for our own role, where the value
-- that others get can't be seen.
SELECT s.name, CASE WHEN s.source = 'session' THEN s.reset_val ELSE s.setting END AS value, s.unit,
       CASE WHEN s.source <> 'session' THEN s.source WHEN s.reset_val = s.boot_val THEN 'default' END AS origin,
       s.pending_restart,
       EXISTS (SELECT FROM pg_catalog.pg_db_role_setting AS r, pg_catalog.unnest(r.setconfig) AS u (setting)
                WHERE r.setrole = (SELECT o.oid FROM pg_catalog.pg_roles AS o WHERE o.rolname = CURRENT_USER)
                  AND pg_catalog.lower(pg_catalog.split_part(u.setting, '=', 1)) = pg_catalog.lower(s.name)) AS fixed
  FROM pg_catalog.pg_settings AS s
 WHERE s.source <> 'client'
 ORDER BY s.name
