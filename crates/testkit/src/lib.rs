//! Test support: real servers on this machine. It is no part of the program.

pub mod logs;
pub mod mysql;
pub mod postgres;
pub mod redis;

/// Says aloud that a test is skipped for want of a server.
///
/// # Panics
/// When `DBWRIGHT_REQUIRE`, a list parted by commas, names the server: there a skip is a failure.
pub fn skip(server: &str, reason: &str) {
    let required = std::env::var("DBWRIGHT_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|name| name.trim() == server), "{server} is required here, but {reason}");
    eprintln!("SKIPPED for want of {server}: {reason}");
}
