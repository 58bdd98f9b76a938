//! The driver's errors in our classes, each with what to do. No password or parameter value gets into a text here.

use std::error::Error as _;
use std::io;

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

use super::stream::REFUSED;
use crate::error::{EngineError, ErrorKind};
use crate::tls;

/// Longest server message that is repeated, characters.
const LONGEST_DETAIL: usize = 600;

/// A driver's error as ours; `action` says what was tried on what.
pub(crate) fn from_driver(action: &str, error: &Error) -> EngineError {
    if let Some(answer) = error.as_db_error() {
        return from_server(action, answer);
    }
    let detail = chain(error);
    if let Some(cause) = io_cause(error) {
        if cause.to_string().contains(REFUSED) {
            return EngineError::new(ErrorKind::Authentication, action, REFUSED)
                .hint("Use TLS (leave sslmode away, or sslmode=verify-full), or have the server keep the password as scram-sha-256.");
        }
        if !is_tls(&detail) {
            return from_io(action, cause);
        }
    }
    let (kind, hint) = classify(error, &detail);
    EngineError::new(kind, action, cut(&detail)).hint(hint)
}

/// A failure of dialling.
pub(super) fn from_io(action: &str, error: &io::Error) -> EngineError {
    let detail = error.to_string();
    let (kind, hint) = match error.kind() {
        io::ErrorKind::TimedOut => (ErrorKind::Timeout, "Check host, port and firewall; connect_timeout=SECONDS waits longer."),
        io::ErrorKind::ConnectionRefused => {
            (ErrorKind::Unreachable, "No server listens there. Check the port, and whether the server runs.")
        }
        io::ErrorKind::NotFound => {
            (ErrorKind::Unreachable, "There is no such socket. Check directory and port, and whether the server runs.")
        }
        io::ErrorKind::PermissionDenied => (ErrorKind::Unreachable, "The socket may not be used by this account."),
        io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted => {
            (ErrorKind::Lost, "The server ended the connection: look into its log.")
        }
        _ if detail.contains("lookup") || detail.contains("resolve") || detail.contains("not known") => {
            (ErrorKind::Unreachable, "The host name can't be resolved. Check its spelling.")
        }
        _ => (ErrorKind::Unreachable, "Check host and port, and whether the server runs."),
    };
    EngineError::new(kind, action, cut(&detail)).hint(hint)
}

fn from_server(action: &str, answer: &DbError) -> EngineError {
    let message = answer.message();
    let (kind, hint) = if message.contains("no encryption") || message.contains("SSL off") {
        (ErrorKind::Tls, "The server wants TLS: leave sslmode away, or use sslmode=verify-full.")
    } else if message.contains("no pg_hba.conf entry") {
        (ErrorKind::Authentication, "The server's pg_hba.conf admits no such user from here to this database.")
    } else {
        of_state(answer.code())
    };
    EngineError::new(kind, action, cut(&format!("{message} ({})", answer.code().code()))).hint(hint)
}

fn of_state(code: &SqlState) -> (ErrorKind, &'static str) {
    match code.code() {
        "28P01" => (ErrorKind::Authentication, "Check user and password; PGPASSWORD, ~/.pgpass or a prompt can give it."),
        "28000" => (ErrorKind::Authentication, "The role does not exist, may not log in, or is not admitted from here."),
        "3D000" => (ErrorKind::NotFound, "There is no such database on this server; `psql -l` lists them."),
        "42501" => (ErrorKind::Privilege, "`dbwright grants` prints the script for a role that may read what is needed."),
        "57014" => (ErrorKind::Timeout, "The statement ran into its time limit."),
        "55P03" => (ErrorKind::Timeout, "Another session holds a lock on it."),
        "25P03" | "25P04" => (ErrorKind::Timeout, "The server ended our transaction for taking too long."),
        "53300" => (ErrorKind::Unreachable, "All of the server's connections are in use. Try again when it is quieter."),
        "57P01" | "57P02" | "57P05" => (ErrorKind::Lost, "The server shut down or ended our session."),
        "57P03" => (ErrorKind::Unreachable, "The server is starting or stopping. Try again in a moment."),
        code if code.starts_with("XX") => (ErrorKind::Corrupt, "The server reports an internal error: look into its log."),
        code if code.starts_with("58") => (ErrorKind::Corrupt, "The server could not read its own files: look into its log."),
        _ => (ErrorKind::Protocol, ""),
    }
}

fn classify(error: &Error, detail: &str) -> (ErrorKind, &'static str) {
    if detail.contains("password missing") {
        return (
            ErrorKind::Authentication,
            "The server wants a password. Give it by PGPASSWORD, ~/.pgpass, PGPASSWORD_FILE or the prompt.",
        );
    }
    if detail.contains("channel binding") {
        return (ErrorKind::Authentication, "channel_binding=require needs TLS and scram-sha-256 on the server.");
    }
    if detail.contains("does not support TLS") {
        return (ErrorKind::Tls, "The server offers no TLS. Have it switched on (ssl=on); sslmode=disable goes without, for all to hear.");
    }
    if is_tls(detail) {
        return (ErrorKind::Tls, tls::advice(detail));
    }
    if error.is_closed() {
        return (ErrorKind::Lost, "The server ended the connection: look into its log.");
    }
    (ErrorKind::Protocol, "")
}

fn is_tls(detail: &str) -> bool {
    ["TLS", "certificate", "tls"].iter().any(|word| detail.contains(word))
}

fn io_cause(error: &Error) -> Option<&io::Error> {
    let mut cause = error.source();
    for _ in 0..8 {
        let found = cause?;
        if let Some(io) = found.downcast_ref::<io::Error>() {
            return Some(io);
        }
        cause = found.source();
    }
    None
}

fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    for _ in 0..8 {
        let Some(found) = cause else { break };
        let next = found.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        cause = found.source();
    }
    text
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST_DETAIL).collect()
}
