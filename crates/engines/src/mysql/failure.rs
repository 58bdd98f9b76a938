//! Errors of the driver and the server in our classes. It never repeats a secret: the server doesn't either.

use std::time::Duration;

use mysql_async::{DriverError, Error};

use crate::error::{EngineError, ErrorKind};

/// An error on the way of doing something.
pub(super) fn class(action: &str, error: &Error) -> EngineError {
    let (kind, hint) = match error {
        Error::Server(server) => of_code(server.code),
        Error::Io(mysql_async::IoError::Tls(_)) => (ErrorKind::Tls, crate::tls::advice(&error.to_string())),
        Error::Io(io) => of_io(&io.to_string()),
        Error::Driver(driver) => of_driver(driver),
        Error::Url(_) | Error::Other(_) => (ErrorKind::Protocol, ""),
    };
    let detail = match error {
        Error::Server(server) => format!("{} ({})", server.message, server.code),
        other => other.to_string(),
    };
    EngineError::new(kind, action, detail).hint(hint)
}

/// Error numbers of the servers; MySQL 9 manual, "Server Error Message Reference".
fn of_code(code: u16) -> (ErrorKind, &'static str) {
    match code {
        1045 | 1698 | 1862 | 3118 | 4151 => (
            ErrorKind::Authentication,
            "Check account and password; the account is a name and a host. MYSQL_PWD or ~/.my.cnf can hold the password.",
        ),
        1044 | 1142 | 1143 | 1227 | 1370 | 1410 => (ErrorKind::Privilege, "`dbwright grants mysql` prints the rights that suffice."),
        1049 => (ErrorKind::NotFound, "Leave the database out of the URL to see all that the account may see."),
        1040 | 1203 | 1226 => (ErrorKind::Unreachable, "All connections are taken: try again later, or raise the account's limit."),
        3159 => (ErrorKind::Tls, "The server takes encrypted connections only: add ?tls=verify-full (or tls=require)."),
        1969 | 3024 => (ErrorKind::Timeout, "Raise --statement-timeout."),
        1053 | 1077 | 1152 | 1317 | 1927 | 4031 => (ErrorKind::Lost, "The server ended the session: look into its error log."),
        1129 | 1130 => (ErrorKind::Unreachable, "The server does not take connections from this host."),
        2061 | 1251 => (
            ErrorKind::Authentication,
            "The account's authentication plugin is not supported here: use caching_sha2_password, mysql_native_password or ed25519.",
        ),
        _ => (ErrorKind::Protocol, ""),
    }
}

fn of_io(text: &str) -> (ErrorKind, &'static str) {
    if text.contains("refused") || text.contains("No such file") || text.contains("unreachable") || text.contains("lookup") {
        return (ErrorKind::Unreachable, "Is the server running, and are host, port or socket right?");
    }
    (ErrorKind::Lost, "The connection broke: look into the server's error log.")
}

fn of_driver(error: &DriverError) -> (ErrorKind, &'static str) {
    match error {
        DriverError::ConnectionClosed | DriverError::PoolDisconnected => {
            (ErrorKind::Lost, "The server closed the connection: look into its error log.")
        }
        DriverError::NoClientSslFlagFromServer => {
            (ErrorKind::Tls, "The server offers no encryption. Set it up there, or add ?tls=off if the network itself is safe.")
        }
        DriverError::UnknownAuthPlugin { .. } | DriverError::CleartextPluginDisabled => {
            (ErrorKind::Authentication, "The account's authentication plugin is not supported here.")
        }
        DriverError::MysqlOldPasswordDisabled => {
            (ErrorKind::Authentication, "The account has a password hash of before MySQL 4.1: set it anew.")
        }
        _ => (ErrorKind::Protocol, ""),
    }
}

/// Something took longer than it may.
pub(super) fn timed_out(action: &str, limit: Duration, flag: &str) -> EngineError {
    EngineError::new(ErrorKind::Timeout, action, format!("no answer within {} s", limit.as_secs_f64())).hint(format!("Raise {flag}."))
}
