//! PostgreSQL's connection service file: sections `[name]` with `option=value` lines.
//! Format: PostgreSQL manual, "The Connection Service File". It never follows an LDAP lookup.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Environment;
use crate::error::{EngineError, ErrorKind};

/// Options of a service: from `PGSERVICEFILE`, `~/.pg_service.conf`, then `pg_service.conf` in `PGSYSCONFDIR`.
///
/// # Errors
/// [`ErrorKind::Target`] when no file has the service, or a file can't be read.
pub fn find(service: &str, environment: &Environment) -> Result<BTreeMap<String, String>, EngineError> {
    for path in paths(environment).into_iter().filter(|path| path.is_file()) {
        if let Some(options) = section(&super::read_small(&path)?, service) {
            return Ok(options);
        }
    }
    Err(EngineError::new(ErrorKind::Target, format!("looking up the connection service {service:?}"), "no service file has it")
        .hint("Services are looked up in $PGSERVICEFILE, ~/.pg_service.conf and $PGSYSCONFDIR/pg_service.conf."))
}

fn paths(environment: &Environment) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    match environment.get("PGSERVICEFILE") {
        Some(path) => paths.push(PathBuf::from(path)),
        None => paths.extend(environment.home().map(|home| home.join(".pg_service.conf"))),
    }
    let system = environment.get("PGSYSCONFDIR").map_or_else(|| Path::new("/etc/postgresql-common"), Path::new);
    paths.push(system.join("pg_service.conf"));
    paths
}

fn section(text: &str, service: &str) -> Option<BTreeMap<String, String>> {
    let mut found: Option<BTreeMap<String, String>> = None;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            if found.is_some() {
                break;
            }
            found = (name == service).then(BTreeMap::new);
        } else if let (Some(options), Some((name, value))) = (&mut found, line.split_once('=')) {
            options.entry(name.trim().to_owned()).or_insert_with(|| value.trim().to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_one_section() {
        let text = "# comment\n[a]\nhost=one\n[b]\nhost = two\nport=5433\n\n[c]\nhost=three\n";
        let options = section(text, "b").unwrap();
        assert_eq!(options.get("host").map(String::as_str), Some("two"));
        assert_eq!(options.get("port").map(String::as_str), Some("5433"));
        assert_eq!(options.len(), 2);
        assert!(section(text, "d").is_none());
    }

    #[test]
    fn says_which_service_is_missing() {
        let error = find("nowhere", &Environment::of(&[("PGSYSCONFDIR", "/nonexistent")], None)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Target);
        assert!(error.action.contains("nowhere"));
    }
}
