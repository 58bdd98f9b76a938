//! The script for a role that may read what collecting needs and nothing else. It is printed, never run.

use super::queries::quote;

/// The script, for a role of this name and a database.
#[must_use]
pub fn script(role: &str, database: &str) -> String {
    let (role, database) = (quote(role), quote(database));
    format!(
        "-- A role that may look and not touch. Run as superuser (or the service's administrator); set its password with \\password.
CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 3;
ALTER ROLE {role} SET default_transaction_read_only = on;
ALTER ROLE {role} SET statement_timeout = '5s';
ALTER ROLE {role} SET lock_timeout = '500ms';
ALTER ROLE {role} SET idle_in_transaction_session_timeout = '20s';
ALTER ROLE {role} SET search_path = pg_catalog;
-- Sessions, settings, statistics, statements of all roles; no table's rows.
GRANT pg_monitor TO {role};
GRANT CONNECT ON DATABASE {database} TO {role};
-- Statements need this once in each database, and pg_stat_statements in shared_preload_libraries:
-- CREATE EXTENSION IF NOT EXISTS pg_stat_statements;

-- Optional, each closes one gap of the report:
-- column statistics, plans and --read-rows (lets the role read all rows):
-- GRANT pg_read_all_data TO {role};                    -- version 14 and newer
-- GRANT USAGE ON SCHEMA public TO {role}; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role};   -- older
-- the rules of pg_hba.conf:
-- GRANT SELECT ON pg_catalog.pg_hba_file_rules TO {role};
-- GRANT EXECUTE ON FUNCTION pg_catalog.pg_hba_file_rules() TO {role};
"
    )
}
