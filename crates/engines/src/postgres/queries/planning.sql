-- Functions outside of pg_catalog, which planning a statement could run, and where statements look for names.
SELECT ARRAY(SELECT DISTINCT pg_catalog.lower(p.proname::pg_catalog.text) FROM pg_catalog.pg_proc AS p
              WHERE p.pronamespace <> 'pg_catalog'::pg_catalog.regnamespace) AS functions,
       ARRAY(SELECT u.setting FROM pg_catalog.pg_db_role_setting AS s, pg_catalog.unnest(s.setconfig) AS u (setting)
              WHERE s.setrole = 0 AND u.setting LIKE 'search\_path=%'
                AND s.setdatabase IN (0, (SELECT d.oid FROM pg_catalog.pg_database AS d
                                           WHERE d.datname = pg_catalog.current_database()))
              ORDER BY s.setdatabase DESC) AS paths
