//! `schema/plain-password`.

use dbwright_model::catalog::{Collection, Field};
use dbwright_model::{Evidence, FactKind, Finding, Grade, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SQL};
use crate::rules::shared::{column_object, is_text, known_values, with_rows, words};

/// The rule.
pub static RULE: Rule = Rule {
    id: "schema/plain-password",
    title: "Passwords that do not look hashed",
    severity: Severity::Error,
    engines: SQL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

/// Bytes of the shortest hash in use: 16 bytes in base64 without padding are 22, of which crypt's old ones fall short.
const SHORTEST_HASH: u64 = 22;
/// Words of columns that hold passwords.
const NAMES: &[&str] = &["password", "passwd", "pwd", "passphrase", "passcode"];
/// Words of columns that say something about a password.
const OTHER: &[&str] = &[
    "algorithm",
    "at",
    "attempts",
    "changed",
    "count",
    "date",
    "digest",
    "encrypted",
    "expires",
    "expiry",
    "hash",
    "hashed",
    "hint",
    "history",
    "id",
    "length",
    "method",
    "policy",
    "question",
    "reset",
    "salt",
    "status",
    "strength",
    "token",
    "type",
    "updated",
    "url",
    "verifier",
];

const DOCS: &str = r"
## Finds
Text columns named as passwords whose values are too short for a hash or, where known, do not have the form of one.
Where no value was seen, the column is only mentioned. No value is shown.

```sql finds
CREATE TABLE account (id INTEGER PRIMARY KEY, login TEXT NOT NULL UNIQUE, password TEXT NOT NULL);
INSERT INTO account (login, password) VALUES ('a', 'sunshine'), ('b', 'letmein'), ('c', 'dragon12');
```

```sql quiet
CREATE TABLE account (id INTEGER PRIMARY KEY, login TEXT NOT NULL UNIQUE, password TEXT NOT NULL, password_reset_at TEXT);
INSERT INTO account (login, password) VALUES ('a', '$2b$12$abcdefghijklmnopqrstuu5Lo0g67CiD3M4RpN1BmBb4Crp5w7dbK');
```

## Why it matters
Whoever reads the table, a backup or a log has the passwords, and people use the same one elsewhere.

## When not to follow
Passwords that the program itself has to send to other systems; those belong in a vault, encrypted.

## Fix
Store a salted hash made for passwords (argon2id, scrypt, bcrypt), let each person set a new one at the next login, and
empty the old column.

## How we verify
Lengths of the values, and the form of those that statistics keep. After the change no value of that kind is found.

## References
OWASP, Password Storage Cheat Sheet; NIST SP 800-63B, section 5.1.1.2.
";

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in context.facts.catalog.tables() {
        findings.extend(table.fields.iter().filter(|field| is_password(field)).filter_map(|field| judge(table, field)));
    }
    findings
}

fn is_password(field: &Field) -> bool {
    let words = words(&field.name);
    let named = words.iter().any(|word| NAMES.contains(&word.as_str()));
    named && is_text(field) && !words.iter().any(|word| OTHER.contains(&word.as_str()))
}

fn judge(table: &Collection, field: &Field) -> Option<Finding> {
    let object = column_object(table, field);
    let known: Vec<&str> =
        field.statistics.as_ref().map(known_values).unwrap_or_default().into_iter().filter(|value| !value.is_empty()).collect();
    let finding = if let Some(profile) = field.values.as_ref().filter(|profile| profile.texts > 0) {
        if profile.longest_bytes >= SHORTEST_HASH || known.iter().any(|value| is_hash(value)) {
            return None;
        }
        let message = format!("{object} holds texts of {} bytes at most, too short to be hashes of passwords.", profile.longest_bytes);
        let longest = Evidence::measured("longest value", profile.longest_bytes as f64, Unit::Bytes, "rows read");
        Finding::new(object, message).evidence(longest).evidence(Evidence::measured(
            "values",
            profile.texts as f64,
            Unit::Rows,
            "rows read",
        ))
    } else if !known.is_empty() {
        let open = known.iter().filter(|value| !is_hash(value)).count();
        if open * 2 <= known.len() {
            return None;
        }
        let message = format!("{object} holds values that do not have the form of a hash.");
        Finding::new(object, message).evidence(Evidence::estimated(
            "values without the form of a hash",
            open as f64,
            Unit::Count,
            "column statistics",
        ))
    } else {
        let message = format!("{object} is named as a password; no value was seen: make sure that it is a salted hash.");
        return Some(Finding::new(object, message).graded(Grade::Inferred).severe(Severity::Info).risks(0.1));
    };
    Some(with_rows(finding.risks(0.9), table))
}

/// Forms of hashes: modular crypt, LDAP and framework prefixes, hexadecimal or base64 of 16 bytes and more.
fn is_hash(value: &str) -> bool {
    let prefixed = value.starts_with(['$', '{', '*'])
        || ["pbkdf2", "scrypt", "argon2", "bcrypt", "sha", "SCRAM", "md5"].iter().any(|name| value.starts_with(name));
    let symbol = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_' | b':' | b'.' | b'$');
    let without_blanks = value.len() as u64 >= SHORTEST_HASH && value.bytes().all(symbol);
    prefixed && value.len() >= 20 || without_blanks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_hashes_by_their_form() {
        let hashes = ["$argon2id$v=19$m=19456,t=2,p=1$YWJj$ZGVm", "5f4dcc3b5aa765d61d8327deb882cf99", "pbkdf2_sha256$260000$salt$hash"];
        assert!(hashes.iter().all(|value| is_hash(value)));
        assert!(["secret", "correct horse battery staple", "$1", "P@ssw0rd!"].iter().all(|value| !is_hash(value)));
    }
}
