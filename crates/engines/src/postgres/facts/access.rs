//! Roles, admission, managed services: who may come in. It never reads a password, only what kind one is.

use dbwright_model::Facts;
use dbwright_model::security::{AdmissionRule, Role};
use tokio_postgres::Row;

use super::text;
use crate::error::EngineError;
use crate::postgres::row::Cells;

/// Extensions that widen what an intruder could do.
const DANGEROUS_EXTENSIONS: [&str; 3] = ["adminpack", "dblink", "file_fdw"];

/// Services by the settings and roles that only they have.
const SERVICES: [(&str, &str); 9] = [
    ("aurora.", "Amazon Aurora"),
    ("rds.", "Amazon RDS"),
    ("alloydb.", "AlloyDB"),
    ("cloudsql.", "Google Cloud SQL"),
    ("azure.", "Azure Database for PostgreSQL"),
    ("neon.", "Neon"),
    ("supautils.", "Supabase"),
    ("crunchy", "Crunchy Bridge"),
    ("aiven", "Aiven"),
];
const SERVICE_ROLES: [(&str, &str); 7] = [
    ("rds_superuser", "Amazon RDS"),
    ("cloudsqlsuperuser", "Google Cloud SQL"),
    ("azure_pg_admin", "Azure Database for PostgreSQL"),
    ("neon_superuser", "Neon"),
    ("supabase_admin", "Supabase"),
    ("alloydbsuperuser", "AlloyDB"),
    ("tsdbadmin", "Timescale Cloud"),
];

/// Reads the rows of `roles.sql`.
pub fn roles(rows: &[Row]) -> Result<Vec<Role>, EngineError> {
    rows.iter().map(role).collect()
}

fn role(row: &Row) -> Result<Role, EngineError> {
    let mut privileges = Vec::new();
    if row.flag("creates_databases")? {
        privileges.push("CREATEDB".to_owned());
    }
    let limit = row.int("connection_limit")?;
    let mut settings: Vec<String> = row.texts("settings")?.iter().map(|setting| text::without_passwords(setting)).collect();
    if limit >= 0 {
        settings.push(format!("connection limit={limit}"));
    }
    Ok(Role {
        name: row.text("name")?,
        login: row.flag("login")?,
        superuser: row.flag("superuser")?,
        bypasses_row_security: row.flag("bypasses_row_security")?,
        replication: row.flag("replication")?,
        creates_roles: row.flag("creates_roles")?,
        password_method: row.maybe_text("password_method")?,
        password_empty: row.cell("password_empty")?,
        valid_until: row.time("valid_until")?,
        member_of: row.texts("member_of")?,
        privileges,
        sessions: row.maybe_count("sessions")?,
        settings,
    })
}

/// Reads the rows of `admission.sql`.
pub fn admission(rows: &[Row]) -> Result<Vec<AdmissionRule>, EngineError> {
    rows.iter()
        .map(|row| {
            let (address, mask) = (row.text("address")?, row.text("netmask")?);
            Ok(AdmissionRule {
                kind: row.text("kind")?,
                databases: row.texts("databases")?,
                users: row.texts("users")?,
                address: if mask.is_empty() { address } else { format!("{address} {mask}") },
                method: row.text("method")?,
                error: row.maybe_text("error")?,
            })
        })
        .collect()
}

/// Whether a connection without TLS over a network is refused, as far as it can be told.
#[must_use]
pub fn plaintext_refused(facts: &Facts, admission_read: bool) -> Option<bool> {
    let forced = facts.settings.get("rds.force_ssl").or_else(|| facts.settings.get("require_secure_transport"));
    if forced.is_some_and(|setting| matches!(setting.value.as_str(), "1" | "on")) {
        return Some(true);
    }
    let listening = facts.settings.get("listen_addresses").map(|_| &facts.security.listen);
    if listening.is_some_and(|addresses| addresses.iter().all(|address| is_loopback(address))) {
        return Some(true);
    }
    if !admission_read {
        return None;
    }
    let lets_in = |rule: &AdmissionRule| {
        let plain = matches!(rule.kind.as_str(), "host" | "hostnossl" | "hostnogssenc");
        plain && rule.method != "reject" && rule.error.is_none() && !is_loopback(rule.address.split(' ').next().unwrap_or_default())
    };
    Some(!facts.security.admission.iter().any(lets_in))
}

fn is_loopback(address: &str) -> bool {
    address == "localhost" || address == "::1" || address.starts_with("127.")
}

/// The managed service that runs the server, if it is one that we know.
#[must_use]
pub fn service(facts: &Facts) -> Option<String> {
    let by_setting = SERVICES.iter().find(|(prefix, _)| facts.settings.keys().any(|name| name.starts_with(prefix)));
    let by_role = || SERVICE_ROLES.iter().find(|(role, _)| facts.security.roles.iter().any(|known| known.name == *role));
    by_setting.or_else(by_role).map(|(_, service)| (*service).to_owned())
}

/// Adds the extensions that widen what an intruder could do.
pub fn note_dangerous_extensions(facts: &mut Facts) {
    let names: Vec<String> = facts
        .catalog
        .extensions
        .iter()
        .filter(|extension| DANGEROUS_EXTENSIONS.contains(&extension.name.as_str()))
        .map(|extension| format!("extension {}", extension.name))
        .collect();
    facts.security.dangerous_features.extend(names);
    facts.security.dangerous_features.sort();
}

#[cfg(test)]
mod tests {
    use dbwright_model::health::Setting;
    use dbwright_model::{Engine, Timestamp};

    use super::*;

    fn facts(listen: &str) -> Facts {
        let mut facts = Facts::empty(Engine::Postgresql, "15.18", "x", Timestamp(0));
        facts.settings.insert("listen_addresses".to_owned(), Setting { value: listen.to_owned(), ..Setting::default() });
        facts.security.listen = listen.split(',').map(str::to_owned).filter(|address| !address.is_empty()).collect();
        facts
    }

    fn rule(kind: &str, address: &str, method: &str) -> AdmissionRule {
        AdmissionRule { kind: kind.to_owned(), address: address.to_owned(), method: method.to_owned(), ..AdmissionRule::default() }
    }

    #[test]
    fn tells_whether_plaintext_gets_in() {
        assert_eq!(plaintext_refused(&facts("localhost"), false), Some(true));
        assert_eq!(plaintext_refused(&facts("*"), false), None);
        let mut open = facts("*");
        open.security.admission =
            vec![rule("host", "127.0.0.1 255.255.255.255", "trust"), rule("hostssl", "0.0.0.0 0.0.0.0", "scram-sha-256")];
        assert_eq!(plaintext_refused(&open, true), Some(true));
        open.security.admission.push(rule("host", "10.0.0.0 255.0.0.0", "scram-sha-256"));
        assert_eq!(plaintext_refused(&open, true), Some(false));
    }

    #[test]
    fn knows_services() {
        let mut found = facts("*");
        assert_eq!(service(&found), None);
        found.settings.insert("rds.extensions".to_owned(), Setting::default());
        assert_eq!(service(&found).as_deref(), Some("Amazon RDS"));
    }
}
