//! PostgreSQL's client programs, run with the way to the server in their environment: never a password among arguments, nor
//! a fall back to plain text over a network.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use dbwright_engines::Endpoint;

use super::Stop;
use crate::cancel::Cancel;
use crate::error::{LabError, LabErrorKind};

/// The way to a server as libpq's environment.
pub(super) fn environment(endpoint: &Endpoint) -> Vec<(&'static str, String)> {
    let mut pairs = Vec::new();
    let mut network = false;
    if let Some(host) = endpoint.hosts.first() {
        network = !host.name.starts_with('/') && !matches!(host.name.as_str(), "localhost" | "127.0.0.1" | "::1");
        pairs.push(("PGHOST", host.name.clone()));
        pairs.extend(host.port.map(|port| ("PGPORT", port.to_string())));
    }
    pairs.extend(endpoint.user.clone().map(|user| ("PGUSER", user)));
    pairs.extend(endpoint.database.clone().map(|name| ("PGDATABASE", name)));
    pairs.extend(endpoint.password.as_ref().map(|password| ("PGPASSWORD", password.expose().to_owned())));
    for (option, variable) in [
        ("sslmode", "PGSSLMODE"),
        ("sslrootcert", "PGSSLROOTCERT"),
        ("sslcert", "PGSSLCERT"),
        ("sslkey", "PGSSLKEY"),
        ("passfile", "PGPASSFILE"),
    ] {
        pairs.extend(endpoint.options.get(option).map(|value| (variable, value.clone())));
    }
    if network && !endpoint.options.contains_key("sslmode") && std::env::var_os("PGSSLMODE").is_none() {
        pairs.push(("PGSSLMODE", "verify-full".to_owned()));
    }
    pairs.push(("PGAPPNAME", "dbwright drill".to_owned()));
    pairs
}

/// A program that ends when dropped.
pub(super) struct Running(pub(super) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a program said and how it ended.
pub(super) struct Said {
    pub(super) success: bool,
    pub(super) output: String,
    pub(super) errors: String,
}

impl Said {
    /// The last words of a failure, shortened.
    pub(super) fn words(&self) -> String {
        let lines: Vec<&str> = self.errors.lines().chain(self.output.lines()).filter(|line| !line.trim().is_empty()).take(3).collect();
        lines.join(" / ").chars().take(500).collect()
    }
}

/// Runs a program to its end; its output goes through files in `place`, so that none of it can block.
pub(super) fn run(mut command: Command, place: &Path, cancel: &Cancel) -> Result<Said, Stop> {
    let name = PathBuf::from(command.get_program());
    let failed = |error: std::io::Error| {
        LabError::new(LabErrorKind::ServerMissing, format!("running {}: {error}", name.display()))
            .hint("Install the client programs of the server's version (Debian and Ubuntu: postgresql-client), or give --server-bin.")
    };
    let (output, errors) = (place.join("program.out"), place.join("program.err"));
    let open = |path: &Path| std::fs::File::create(path);
    command.stdin(Stdio::null()).stdout(open(&output).map_err(failed)?).stderr(open(&errors).map_err(failed)?);
    let mut running = Running(command.env("LC_ALL", "C").spawn().map_err(failed)?);
    loop {
        if cancel.is_cancelled() {
            return Err(Stop::Error(LabError::interrupted()));
        }
        if let Some(status) = running.0.try_wait().map_err(failed)? {
            return Ok(Said { success: status.success(), output: text(&output), errors: text(&errors) });
        }
        std::thread::sleep(Duration::from_millis(3));
    }
}

/// The beginning of a program's output: a foreign backup can make it endless.
fn text(path: &Path) -> String {
    use std::io::Read;
    let mut bytes = Vec::new();
    let _ = std::fs::File::open(path).map(|file| file.take(64 << 20).read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_stands_in_the_environment_and_is_not_plain_over_a_network() {
        let endpoint = Endpoint::parse("postgres", "me:s3cret@db.example:6000/shop").unwrap();
        let pairs = environment(&endpoint);
        for wanted in [("PGHOST", "db.example"), ("PGPORT", "6000"), ("PGPASSWORD", "s3cret"), ("PGSSLMODE", "verify-full")] {
            assert!(pairs.contains(&(wanted.0, wanted.1.to_owned())), "{wanted:?}");
        }
        let local = environment(&Endpoint::parse("postgres", "me@localhost/shop").unwrap());
        assert!(!local.iter().any(|(name, _)| *name == "PGSSLMODE"));
    }
}
