//! Accounts, rights, audit and encryption at rest. It keeps no hash.

use std::collections::BTreeMap;

use dbwright_model::security::Role;
use dbwright_model::{FactKind, Reading};

use super::ask::Record;
use super::facts::{GRANTS, Reader};
use crate::error::EngineError;

/// Rights that are as good as all.
const ALL: [&str; 4] = ["SUPER", "SYSTEM_USER", "GRANT OPTION", "SYSTEM_VARIABLES_ADMIN"];

/// Reads who may come in and what is watched.
///
/// # Errors
/// When the connection is gone.
pub(super) async fn read(reader: &mut Reader<'_>) -> Result<(), EngineError> {
    let rows = reader.session.rows(include_str!("queries/identity.sql")).await?;
    reader.facts.security.collected_as = rows.first().and_then(|row| row.maybe("account"));
    reader.facts.target.identity =
        reader.facts.settings.get("server_uuid").or_else(|| reader.facts.settings.get("server_uid")).map(|one| one.value.clone());
    reader.facts.target.service = service(reader);
    reader.book.read(FactKind::Roles, "mysql.user, information_schema.USER_PRIVILEGES");
    let grants = reader.ask(include_str!("queries/grants.sql"), &[FactKind::Roles], Reading::Partial).await?;
    let accounts = reader.ask(include_str!("queries/accounts.sql"), &[FactKind::Roles], Reading::Missing).await?;
    reader.facts.security.roles = roles(&accounts, &grants);
    reader.book.read(FactKind::Admission, "hosts of the accounts");
    if accounts.is_empty() {
        reader.book.missing(FactKind::Admission, "the accounts can't be read", GRANTS);
    }
    plugins(reader).await
}

/// One role an account. Who has a grant but no row is left to the grants.
fn roles(accounts: &[Record], grants: &[Record]) -> Vec<Role> {
    let mut rights: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut grantable: BTreeMap<String, bool> = BTreeMap::new();
    for row in grants {
        let who = row.text("grantee");
        rights.entry(who.clone()).or_default().push(row.text("privilege"));
        *grantable.entry(who).or_default() |= row.flag("grantable");
    }
    let mut found: Vec<Role> = accounts
        .iter()
        .map(|row| {
            let (user, host) = (row.text("User"), row.text("Host"));
            let key = format!("'{user}'@'{host}'");
            let mut privileges = rights.get(&key).cloned().unwrap_or_default();
            privileges.retain(|right| right != "USAGE");
            privileges.sort();
            let is_role = row.flag("is_role");
            let plugin = row.text("plugin");
            let hash = [row.text("authentication_string"), row.text("Password")].concat();
            let by_system =
                matches!(plugin.as_str(), "auth_socket" | "unix_socket" | "auth_pam" | "pam" | "gssapi" | "ed25519") || hash == "invalid";
            let may_log_in = !is_role && !row.flag("account_locked") && !user.starts_with("mysql.") && user != "mariadb.sys";
            Role {
                name: format!("{user}@{host}"),
                login: may_log_in,
                superuser: row.flag("Super_priv") && row.flag("Grant_priv")
                    || privileges.iter().filter(|right| ALL.contains(&right.as_str())).count() > 1,
                replication: row.flag("Repl_slave_priv"),
                creates_roles: row.flag("Create_user_priv"),
                password_method: Some(if plugin.is_empty() { "mysql_native_password".to_owned() } else { plugin }).filter(|_| may_log_in),
                password_empty: Some(hash.is_empty() && !by_system).filter(|_| may_log_in),
                privileges: if grantable.get(&key) == Some(&true) {
                    [privileges, vec!["GRANT OPTION".to_owned()]].concat()
                } else {
                    privileges
                },
                ..Role::default()
            }
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

async fn plugins(reader: &mut Reader<'_>) -> Result<(), EngineError> {
    reader.book.read(FactKind::Audit, "plugins and settings");
    let rows = reader.ask(include_str!("queries/plugins.sql"), &[FactKind::Audit], Reading::Missing).await?;
    let active = |words: &[&str]| {
        rows.iter()
            .find(|row| row.text("status") == "ACTIVE" && words.iter().any(|word| row.text("name").to_ascii_lowercase().contains(word)))
            .map(|row| row.text("name"))
    };
    let value = |name: &str| reader.facts.settings.get(name).map(|setting| setting.value.to_ascii_uppercase());
    let logging = value("server_audit_logging").is_none_or(|text| text == "ON");
    let audit = active(&["audit"]).filter(|_| logging);
    let general = value("general_log").filter(|text| text == "ON" || text == "1").map(|_| "general_log".to_owned());
    let encrypted = ["innodb_encrypt_tables", "default_table_encryption"].iter().find_map(|name| value(name));
    let logs = ["innodb_encrypt_log", "innodb_redo_log_encrypt"].iter().find_map(|name| value(name));
    let key = active(&["keyring", "key_management"]).is_some() || value("early_plugin_load").is_some();
    reader.facts.security.audit = audit.or(general);
    match encrypted.as_deref() {
        Some("ON" | "FORCE" | "1") => {
            let whole = logs.is_some_and(|text| text == "ON" || text == "1");
            reader.facts.security.encrypted_at_rest = Some(whole && key);
            reader.book.partial(FactKind::AtRest, "settings encrypt new tables; older ones are not looked at one by one", "");
        }
        _ => reader.book.missing(
            FactKind::AtRest,
            "tables are not encrypted by the server; whether the disk is, it does not know",
            "Attest it in dbwright.toml.",
        ),
    }
    dangerous(reader);
    Ok(())
}

fn dangerous(reader: &mut Reader<'_>) {
    let facts = &mut reader.facts;
    let on = |name: &str| facts.settings.get(name).is_some_and(|setting| matches!(setting.value.to_ascii_uppercase().as_str(), "ON" | "1"));
    let mut found = Vec::new();
    if facts.settings.get("secure_file_priv").is_some_and(|setting| setting.value.is_empty()) {
        found.push("secure_file_priv is empty: accounts with FILE read and write any file of the server".to_owned());
    }
    if on("skip_grant_tables") || facts.settings.get("skip_grant_tables").is_some_and(|setting| setting.value == "ON") {
        found.push("skip_grant_tables: everybody may do everything".to_owned());
    }
    facts.security.dangerous_features = found;
}

fn service(reader: &Reader<'_>) -> Option<String> {
    let value = |name: &str| reader.facts.settings.get(name).map(|setting| setting.value.as_str()).unwrap_or_default();
    if value("basedir").contains("/rdsdbbin") {
        return Some("Amazon RDS".to_owned());
    }
    if !value("aurora_version").is_empty() {
        return Some("Amazon Aurora".to_owned());
    }
    if value("version_comment").contains("Azure") || value("azure.version").contains('.') {
        return Some("Azure Database".to_owned());
    }
    value("version_comment").contains("Google").then(|| "Cloud SQL".to_owned())
}
