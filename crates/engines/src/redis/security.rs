//! Accounts and exposure from ACL LIST and CONFIG. Password hashes never leave this file.

use dbwright_model::security::{ConnectionSecurity, Reach, Role, Security};

use super::connect::Connection;

/// Accounts as ACL LIST prints them.
pub(super) fn roles(lines: &[String]) -> Vec<Role> {
    lines.iter().filter_map(|line| role(line)).collect()
}

fn role(line: &str) -> Option<Role> {
    let mut words = line.strip_prefix("user ")?.split(' ');
    let name = words.next()?.to_owned();
    let mut role = Role { name, ..Role::default() };
    let mut hashes = 0;
    for word in words {
        match word {
            "on" => role.login = true,
            "off" => role.login = false,
            "nopass" => role.password_empty = Some(true),
            "" => {}
            word if word.starts_with('#') => hashes += 1,
            word => role.privileges.push(word.to_owned()),
        }
    }
    let unlimited = ["+@all", "allcommands"].iter().any(|all| role.privileges.iter().any(|word| word == all));
    role.superuser = unlimited && !role.privileges.iter().any(|word| word.starts_with("-@dangerous") || word.starts_with("-@admin"));
    if role.password_empty.is_none() {
        role.password_empty = Some(false);
        role.password_method = Some(if hashes > 0 { "sha256" } else { "none" }.to_owned());
    }
    Some(role)
}

/// What settings and connection say of exposure. `setting` answers by name.
pub(super) fn exposure(connection: &Connection, anyone: Option<bool>, setting: &dyn Fn(&str) -> Option<String>) -> Security {
    let plain_port = setting("port");
    let tls_port = setting("tls-port");
    let listen = setting("bind").map(|text| addresses(&text)).unwrap_or_default();
    let mut dangerous: Vec<String> = ["enable-debug-command", "enable-module-command", "enable-protected-configs"]
        .iter()
        .filter(|name| setting(name).is_some_and(|value| value != "no"))
        .map(|name| format!("{name} {}", setting(name).unwrap_or_default()))
        .collect();
    if setting("protected-mode").as_deref() == Some("no") {
        dangerous.push("protected-mode no".to_owned());
    }
    if anyone == Some(true) {
        dangerous.push("answers without authentication".to_owned());
    }
    Security {
        connection: ConnectionSecurity { reach: connection.reach, tls: connection.tls.then(|| "TLS".to_owned()), verified: connection.tls },
        tls_offered: tls_port.map(|port| port != "0"),
        plaintext_refused: plain_port.map(|port| port == "0"),
        tls_minimum: setting("tls-protocols").filter(|text| !text.is_empty()).map(|text| lowest_tls(&text)),
        listen,
        encrypted_at_rest: None,
        dangerous_features: dangerous,
        ..Security::default()
    }
}

/// The addresses of `bind`; a leading `-` says that a missing address is no error.
fn addresses(text: &str) -> Vec<String> {
    if text.trim().is_empty() {
        return vec!["*".to_owned()];
    }
    text.split_whitespace().map(|word| word.trim_start_matches('-').to_owned()).collect()
}

fn lowest_tls(text: &str) -> String {
    let mut versions: Vec<&str> = text.split_whitespace().collect();
    versions.sort_unstable();
    versions.first().map(|version| (*version).to_owned()).unwrap_or_default()
}

/// Whether somebody elsewhere can reach a server that listens like this.
pub(super) fn reach(listen: &[String]) -> Reach {
    let local = |address: &String| address == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if listen.is_empty() || listen.iter().all(local) { Reach::Loopback } else { Reach::Network }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_without_their_hashes() {
        let lines = [
            "user default on nopass sanitize-payload ~* &* +@all".to_owned(),
            "user app on #9f86d081884c7d65 ~app:* resetchannels -@all +get +set".to_owned(),
        ];
        let found = roles(&lines);
        assert_eq!((found[0].password_empty, found[0].superuser), (Some(true), true));
        assert_eq!((found[1].password_empty, found[1].superuser), (Some(false), false));
        assert!(!format!("{found:?}").contains("9f86d081"));
    }

    #[test]
    fn an_empty_bind_is_everywhere() {
        assert_eq!(reach(&addresses("")), Reach::Network);
        assert_eq!(reach(&addresses("127.0.0.1 -::1")), Reach::Loopback);
        assert_eq!(lowest_tls("TLSv1.3 TLSv1.2"), "TLSv1.2");
    }
}
