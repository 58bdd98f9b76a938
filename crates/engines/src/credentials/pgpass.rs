//! PostgreSQL's password file: lines `host:port:database:user:password`, `*` for any, `\` before `:` and `\`.
//! Format: PostgreSQL manual, "The Password File". It never takes a file that others may read.

use std::path::{Path, PathBuf};

use dbwright_model::secret::Secret;

use super::Environment;
use crate::error::EngineError;

/// What a password is looked up for.
#[derive(Debug, Clone, Copy)]
pub struct Lookup<'a> {
    /// Host name; `localhost` for the default socket directory.
    pub host: &'a str,
    /// Port.
    pub port: u16,
    /// Database.
    pub database: &'a str,
    /// User.
    pub user: &'a str,
}

/// Where the password file is: as given, `PGPASSFILE`, else `~/.pgpass`.
#[must_use]
pub fn path(given: Option<&str>, environment: &Environment) -> Option<PathBuf> {
    given
        .or_else(|| environment.get("PGPASSFILE"))
        .map(PathBuf::from)
        .or_else(|| environment.home().map(|home| home.join(".pgpass")))
        .filter(|path| path.is_file())
}

/// The password for this lookup, if the file has one.
///
/// # Errors
/// When the file exists and can't be read. A file that others may read is passed by, as PostgreSQL's own clients do.
pub fn find(path: &Path, lookup: Lookup<'_>) -> Result<Option<Secret>, EngineError> {
    if super::readable_by_others(path) {
        return Ok(None);
    }
    let text = super::read_small(path)?;
    Ok(text.lines().find_map(|line| password_of(line, lookup)))
}

fn password_of(line: &str, lookup: Lookup<'_>) -> Option<Secret> {
    if line.starts_with('#') {
        return None;
    }
    let fields = fields(line)?;
    let port = lookup.port.to_string();
    let wanted = [lookup.host, port.as_str(), lookup.database, lookup.user];
    let fits = fields[..4].iter().zip(wanted).all(|(field, wanted)| field.any || field.text == wanted);
    (fits && !fields[4].text.is_empty()).then(|| Secret::new(fields[4].text.clone()))
}

#[derive(Default)]
struct FieldText {
    text: String,
    any: bool,
}

fn fields(line: &str) -> Option<[FieldText; 5]> {
    let mut fields: [FieldText; 5] = Default::default();
    let mut at = 0;
    let mut escaped = false;
    for character in line.chars() {
        if escaped {
            fields[at].text.push(character);
            escaped = false;
        } else if character == '\\' {
            escaped = true;
        } else if character == ':' && at < 4 {
            at += 1;
        } else {
            fields[at].any = character == '*' && fields[at].text.is_empty();
            fields[at].text.push(character);
        }
    }
    (at == 4).then_some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOKUP: Lookup<'_> = Lookup { host: "db.example", port: 5432, database: "shop", user: "ann" };

    fn found(line: &str) -> Option<String> {
        password_of(line, LOOKUP).map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn matches_fields_wildcards_and_escapes() {
        assert_eq!(found("db.example:5432:shop:ann:pw").as_deref(), Some("pw"));
        assert_eq!(found("*:*:*:ann:a\\:b\\\\c:d").as_deref(), Some("a:b\\c:d"));
        assert_eq!(found("*:*:*:*:*").as_deref(), Some("*"));
        for line in ["# *:*:*:*:pw", "other:*:*:*:pw", "*:5433:*:*:pw", "*:*:*:ann", "", "*:*:*:\\*:pw", "*:*:*:*:", "**:*:*:*:pw"] {
            assert_eq!(found(line), None, "{line}");
        }
    }

    #[test]
    fn passes_by_a_file_that_others_may_read() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pgpass");
        std::fs::write(&path, "*:*:*:*:pw\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(find(&path, LOOKUP).unwrap().is_none());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(find(&path, LOOKUP).unwrap().unwrap().expose(), "pw");
    }
}
