SELECT r.rolname::pg_catalog.text AS name, r.rolcanlogin AS login, r.rolsuper AS superuser,
       r.rolbypassrls AS bypasses_row_security, r.rolreplication AS replication, r.rolcreaterole AS creates_roles,
       r.rolcreatedb AS creates_databases, r.rolconnlimit::pg_catalog.int8 AS connection_limit,
       CASE WHEN pg_catalog.isfinite(r.rolvaliduntil)
            THEN (EXTRACT(epoch FROM r.rolvaliduntil) * 1000000)::pg_catalog.int8 END AS valid_until,
       ARRAY(SELECT g.rolname::pg_catalog.text FROM pg_catalog.pg_auth_members AS m
               JOIN pg_catalog.pg_roles AS g ON g.oid = m.roleid WHERE m.member = r.oid ORDER BY 1) AS member_of,
       ARRAY(SELECT u.setting FROM pg_catalog.pg_db_role_setting AS s, pg_catalog.unnest(s.setconfig) AS u (setting)
              WHERE s.setrole = r.oid
                AND s.setdatabase IN (0, (SELECT d.oid FROM pg_catalog.pg_database AS d
                                           WHERE d.datname = pg_catalog.current_database()))
              ORDER BY 1) AS settings,
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity AS a WHERE a.usesysid = r.oid) AS sessions,
       NULL::pg_catalog.text AS password_method, NULL::pg_catalog.bool AS password_empty
  FROM pg_catalog.pg_roles AS r
 WHERE r.rolname !~ '^pg_'
 ORDER BY r.rolname
