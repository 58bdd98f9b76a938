//! What can go wrong between us and a database, in classes that decide hint and exit code. It never carries a secret.

use std::fmt;

/// Class of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The target's text can't be understood.
    Target,
    /// No such host, port, socket.
    Unreachable,
    /// The server refused who we are.
    Authentication,
    /// No such database or file.
    NotFound,
    /// The file is no database.
    NotADatabase,
    /// The file or its pages are damaged.
    Corrupt,
    /// TLS failed: required, refused, or the certificate is wrong.
    Tls,
    /// A privilege is missing that nothing can go on without.
    Privilege,
    /// A time limit ran out.
    Timeout,
    /// The connection broke off half-way.
    Lost,
    /// The server is of a kind or version that is not supported.
    Unsupported,
    /// The server answered what it should not have.
    Protocol,
    /// Interrupted by the user.
    Interrupted,
}

/// A failure: what was tried on what, what happened, what to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineError {
    /// Class.
    pub kind: ErrorKind,
    /// What was tried on what, without secrets: `connecting to postgresql://app@db:5432/shop`.
    pub action: String,
    /// What happened, in the server's or system's words.
    pub detail: String,
    /// What to do now; may be empty.
    pub hint: String,
}

impl EngineError {
    /// A failure of this class.
    #[must_use]
    pub fn new(kind: ErrorKind, action: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { kind, action: action.into(), detail: detail.into(), hint: String::new() }
    }

    /// Adds what to do now.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.action, self.detail)
    }
}

impl std::error::Error for EngineError {}
