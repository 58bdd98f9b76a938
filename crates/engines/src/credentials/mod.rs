//! Where passwords and connection defaults come from: environment, files, a prompt. Each system's own file has its own
//! reader here. Nothing in this module connects, and no secret leaves it but as a [`Secret`].

pub mod environment;
#[cfg(feature = "mysql")]
pub mod my_cnf;
pub mod pg_service;
pub mod pgpass;
pub mod prompt;

pub use environment::Environment;

use std::path::Path;

use dbwright_model::secret::Secret;

use crate::error::{EngineError, ErrorKind};

/// Longest credential file that is read, bytes.
const LONGEST_FILE: u64 = 1 << 20;

/// Reads a secret from a file, as containers and unit files hand them over: the first line, without its line end.
///
/// # Errors
/// [`ErrorKind::Target`] when the file can't be read, is empty or longer than 1 MiB. The message holds the path only.
pub fn secret_file(path: &Path) -> Result<Secret, EngineError> {
    let text = read_small(path)?;
    let line = text.lines().next().unwrap_or("");
    if line.is_empty() {
        return Err(EngineError::new(ErrorKind::Target, format!("reading the password file {}", path.display()), "the file is empty"));
    }
    Ok(Secret::new(line))
}

/// Reads a small text file.
///
/// # Errors
/// [`ErrorKind::Target`] when it can't be read or is longer than 1 MiB.
pub(crate) fn read_small(path: &Path) -> Result<String, EngineError> {
    let failed = |detail: String| EngineError::new(ErrorKind::Target, format!("reading {}", path.display()), detail);
    let bytes = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
    if bytes > LONGEST_FILE {
        return Err(failed(format!("{bytes} bytes are too many for a file of credentials")));
    }
    std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))
}

/// Whether others than the owner may read a file; false where the system has no such modes.
#[must_use]
pub fn readable_by_others(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.mode() & 0o077 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_first_line_only() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        std::fs::write(&path, "s3cret \r\nsecond\n").unwrap();
        assert_eq!(secret_file(&path).unwrap().expose(), "s3cret ");
        std::fs::write(&path, "\n").unwrap();
        assert!(secret_file(&path).unwrap_err().detail.contains("empty"));
    }
}
