//! Approvals of a schema by a named architect: a text with the schema in it, signed with an SSH key (the SSHSIG format of
//! `ssh-keygen -Y sign`). It never trusts a key that the list of allowed signers does not name for that architect.

mod signers;

use std::fmt;

use dbwright_model::policy::{Approval, Ignore};
use ssh_key::{HashAlg, LineEnding, PrivateKey, PublicKey, SshSig};

use crate::schema_hash::{self, Record};

/// The namespace of the signatures: one made for another purpose does not count here.
pub const NAMESPACE: &str = "dbwright-schema";
/// The usual name of the file.
pub const FILE: &str = "schema.approval";
/// The usual name of the list of allowed signers, beside it.
pub const SIGNERS: &str = "allowed_signers";

const HEAD: &str = "dbwright schema approval 1";
const SCHEMA: &str = "--- the schema approved, one record a line";
const SIGNATURE: &str = "-----BEGIN SSH SIGNATURE-----";
/// Longest file read, bytes: a schema of ten thousand tables is far below.
const LONGEST: usize = 64 << 20;

/// What is approved.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Statement {
    /// Who: the principal in the list of allowed signers.
    pub by: String,
    /// Date, `YYYY-MM-DD`.
    pub on: String,
    /// Name of the database looked at.
    pub database: String,
    /// Why, in one line.
    pub reason: String,
    /// Findings on the design that are accepted.
    pub accepted: Vec<Accepted>,
    /// The schema.
    pub schema: Vec<Record>,
}

/// A finding accepted with a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Rule id.
    pub rule: String,
    /// The object, a glob.
    pub object: String,
    /// Why.
    pub reason: String,
}

/// Why a text is no approval that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalError(String);

impl fmt::Display for ApprovalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ApprovalError {}

fn error(text: impl Into<String>) -> ApprovalError {
    ApprovalError(text.into())
}

/// The text to sign; `hash` lines and the schema always agree.
#[must_use]
pub fn write(statement: &Statement) -> String {
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut out = format!("{HEAD}\n");
    let mut line = |name: &str, value: &str| {
        out.push_str(format!("{name}: {}", one_line(value)).trim_end());
        out.push('\n');
    };
    line("by", &statement.by);
    line("on", &statement.on);
    line("database", &statement.database);
    line("hash", &schema_hash::of_records(&statement.schema));
    line("reason", &statement.reason);
    for accepted in &statement.accepted {
        line("accepts", &format!("{} {} because {}", accepted.rule, accepted.object.replace(' ', "?"), accepted.reason));
    }
    out.push_str(SCHEMA);
    out.push('\n');
    for record in &statement.schema {
        out.push_str(&serde_json::to_string(record).unwrap_or_default());
        out.push('\n');
    }
    out
}

/// Signs a text made by [`write()`] with a key that needs no passphrase.
///
/// # Errors
/// When the key is encrypted or of a kind that can't sign.
pub fn sign(text: &str, key: &PrivateKey) -> Result<String, ApprovalError> {
    let signature = key.sign(NAMESPACE, HashAlg::Sha512, text.as_bytes()).map_err(|e| error(format!("the key can't sign: {e}")))?;
    let pem = signature.to_pem(LineEnding::LF).map_err(|e| error(format!("writing the signature: {e}")))?;
    Ok(format!("{text}{}\n", pem.trim_end()))
}

/// Puts a signature made elsewhere below the text.
#[must_use]
pub fn signed(text: &str, signature: &str) -> String {
    format!("{text}{}\n", signature.trim())
}

/// Reads a file without looking at its signature.
///
/// # Errors
/// When it is not of this form, or its hash is not that of the schema in it.
pub fn read(text: &str) -> Result<Statement, ApprovalError> {
    parts(text).map(|(statement, ..)| statement)
}

/// The statement, the text that was signed, and the signature if there is one.
fn parts(text: &str) -> Result<(Statement, &str, Option<&str>), ApprovalError> {
    if text.len() > LONGEST {
        return Err(error(format!("it is longer than {} MB", LONGEST >> 20)));
    }
    let (body, signature) = match text.find(SIGNATURE) {
        Some(at) => (&text[..at], Some(&text[at..])),
        None => (text, None),
    };
    let (head, schema) = body.split_once(&format!("{SCHEMA}\n")).ok_or_else(|| error("it holds no schema"))?;
    let mut lines = head.lines();
    if lines.next() != Some(HEAD) {
        return Err(error(format!("it does not start with {HEAD:?}")));
    }
    let mut statement = Statement::default();
    let mut hash = "";
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap_or((line.trim_end_matches(':'), ""));
        match name {
            "by" => statement.by = value.to_owned(),
            "on" => statement.on = value.to_owned(),
            "database" => statement.database = value.to_owned(),
            "hash" => hash = value,
            "reason" => statement.reason = value.to_owned(),
            "accepts" => statement.accepted.push(accepted(value)?),
            other => return Err(error(format!("it has a line {other:?} that this version does not know"))),
        }
    }
    let record = |(at, line): (usize, &str)| {
        serde_json::from_str::<Record>(line).map_err(|_| error(format!("line {} of its schema is no record", at + 1)))
    };
    statement.schema = schema.lines().enumerate().map(record).collect::<Result<_, _>>()?;
    if statement.by.is_empty() || statement.on.is_empty() {
        return Err(error("it does not say by whom and on which day"));
    }
    if hash != schema_hash::of_records(&statement.schema) {
        return Err(error("its hash is not that of the schema in it: it was altered"));
    }
    Ok((statement, body, signature))
}

fn accepted(value: &str) -> Result<Accepted, ApprovalError> {
    let bad = || error(format!("{value:?} is not of the form `RULE OBJECT because REASON`"));
    let (what, reason) = value.split_once(" because ").ok_or_else(bad)?;
    let (rule, object) = what.split_once(' ').ok_or_else(bad)?;
    Ok(Accepted { rule: rule.to_owned(), object: object.to_owned(), reason: reason.to_owned() })
}

/// Verifies a file against the list of allowed signers (the format of `ssh-keygen -Y verify -f`).
///
/// # Errors
/// Why the approval does not count: not signed, altered, signed by a key that is not allowed for that architect then.
pub fn verify(text: &str, allowed_signers: &str) -> Result<Approval, ApprovalError> {
    let (statement, body, signature) = parts(text)?;
    let signature = signature.ok_or_else(|| error("it is not signed"))?;
    let signature = SshSig::from_pem(signature.trim_end()).map_err(|e| error(format!("its signature can't be read: {e}")))?;
    if signature.namespace() != NAMESPACE {
        return Err(error(format!("its signature was made for {:?}, not for {NAMESPACE:?}", signature.namespace())));
    }
    let key = PublicKey::from(signature.public_key().clone());
    key.verify(NAMESPACE, body.as_bytes(), &signature)
        .map_err(|_| error("its signature does not fit its text: it was altered after it was signed"))?;
    let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
    signers::check(allowed_signers, &statement.by, &statement.on, key.key_data())
        .map_err(|why| error(format!("the key {fingerprint} is not allowed to approve for {}: {why}", statement.by)))?;
    Ok(Approval {
        schema_hash: schema_hash::of_records(&statement.schema),
        by: statement.by,
        on: statement.on,
        signed: true,
        key: fingerprint,
        reason: statement.reason,
        problem: String::new(),
        schema: statement.schema,
    })
}

/// The accepted findings of a verified approval as entries of a policy.
///
/// # Errors
/// When the text is no approval.
pub fn ignores(text: &str) -> Result<Vec<Ignore>, ApprovalError> {
    let statement = read(text)?;
    let waiver = |accepted: &Accepted| dbwright_model::finding::Waiver {
        reason: format!("{} (approved on {})", accepted.reason, statement.on),
        by: Some(statement.by.clone()),
        until: None,
    };
    let ignore = |accepted: &Accepted| Ignore { rule: accepted.rule.clone(), object: accepted.object.clone(), waiver: waiver(accepted) };
    Ok(statement.accepted.iter().map(ignore).collect())
}

#[cfg(test)]
mod tests;
