-- Who and where we are, and what we may read. Being the first statement, it takes the snapshot.
SELECT d.oid::pg_catalog.int8 AS database_oid,
       d.datname::pg_catalog.text AS database,
       pg_catalog.pg_encoding_to_char(d.encoding)::pg_catalog.text AS encoding,
       d.datcollate::pg_catalog.text AS collation,
       CASE WHEN pg_catalog.has_database_privilege(d.oid, 'CONNECT') THEN pg_catalog.pg_database_size(d.oid) END AS database_bytes,
       CASE WHEN pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
            THEN (SELECT s.system_identifier FROM pg_catalog.pg_control_system() AS s) END::pg_catalog.text AS system_identifier,
       pg_catalog.pg_is_in_recovery() AS standby,
       r.rolname::pg_catalog.text AS role,
       r.rolsuper AS superuser,
       r.rolbypassrls AS bypasses_row_security,
       pg_catalog.pg_has_role(r.oid, 'pg_read_all_stats', 'USAGE') AS reads_statistics,
       pg_catalog.pg_has_role(r.oid, 'pg_read_all_settings', 'USAGE') AS reads_settings,
       pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT') AS reads_passwords,
       pg_catalog.has_table_privilege('pg_catalog.pg_hba_file_rules', 'SELECT')
         AND pg_catalog.has_function_privilege('pg_catalog.pg_hba_file_rules()', 'EXECUTE') AS reads_admission,
       (SELECT s.ssl FROM pg_catalog.pg_stat_ssl AS s WHERE s.pid = pg_catalog.pg_backend_pid()) AS encrypted,
       (SELECT s.version::pg_catalog.text FROM pg_catalog.pg_stat_ssl AS s WHERE s.pid = pg_catalog.pg_backend_pid()) AS tls_version
  FROM pg_catalog.pg_database AS d, pg_catalog.pg_roles AS r
 WHERE d.datname = pg_catalog.current_database() AND r.rolname = CURRENT_USER
