//! The record of a scratch directory: who made it and which server runs in it, so that a later run can tell a leftover
//! from a neighbour. A process is the recorded one only when id, start time and working directory all agree: process
//! ids are used again. It never trusts an id alone.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Name of the record within its directory; its presence marks the directory as ours.
pub const FILE_NAME: &str = "dbwright-scratch.json";

/// A process, told apart from later ones of the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessMark {
    /// Process id.
    pub id: i32,
    /// Start time in clock ticks since boot (proc(5), stat, field 22).
    pub started: u64,
}

impl ProcessMark {
    /// The mark of a running process.
    #[must_use]
    pub fn of(id: i32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The program's name stands in parentheses and may hold blanks and parentheses itself.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
        // A zombie is gone but for its parent.
        if fields.first() == Some(&"Z") {
            return None;
        }
        Some(Self { id, started: fields.get(19)?.parse().ok()? })
    }

    /// Whether this very process still runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        Self::of(self.id) == Some(*self)
    }

    /// Whether its working directory lies within `directory`.
    #[must_use]
    pub fn works_in(&self, directory: &Path) -> bool {
        let inside = std::fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
        std::fs::read_link(format!("/proc/{}/cwd", self.id)).is_ok_and(|current| current.starts_with(&inside))
    }
}

/// What a scratch directory says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The run that made it.
    pub owner: ProcessMark,
    /// The server in it.
    #[serde(default)]
    pub server: Option<ProcessMark>,
    /// The directory itself: a record that was copied elsewhere marks nothing.
    pub directory: PathBuf,
}

impl Record {
    /// Reads the record of a directory; none when it has none or it was made for another one.
    #[must_use]
    pub fn read(directory: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(directory.join(FILE_NAME)).ok()?;
        let record: Self = serde_json::from_str(&text).ok()?;
        (record.directory == directory).then_some(record)
    }

    /// Writes the record, replacing an older one at once.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn write(&self) -> std::io::Result<()> {
        let text = serde_json::to_string(self).map_err(std::io::Error::other)?;
        let new = self.directory.join(format!("{FILE_NAME}.new"));
        let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(text.as_bytes())?;
        std::fs::rename(&new, self.directory.join(FILE_NAME))
    }

    /// Whether the run that made the directory is gone.
    #[must_use]
    pub fn is_left_over(&self) -> bool {
        !self.owner.is_running()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_told_from_a_later_one_of_its_id() {
        let own = ProcessMark::of(std::process::id().cast_signed()).unwrap();
        assert!(own.is_running());
        assert!(!ProcessMark { started: own.started + 1, ..own }.is_running());
        assert!(own.works_in(Path::new("/")) && !own.works_in(Path::new("/proc")));
    }

    #[test]
    fn a_record_marks_only_its_own_directory() {
        let directory = tempfile::tempdir().unwrap();
        let other = tempfile::tempdir().unwrap();
        let owner = ProcessMark::of(std::process::id().cast_signed()).unwrap();
        let record = Record { owner, server: None, directory: directory.path().to_owned() };
        record.write().unwrap();
        assert_eq!(Record::read(directory.path()), Some(record));
        std::fs::copy(directory.path().join(FILE_NAME), other.path().join(FILE_NAME)).unwrap();
        assert_eq!(Record::read(other.path()), None);
    }
}
