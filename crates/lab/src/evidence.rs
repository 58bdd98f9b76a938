//! Keeping the evidence file: one writer at a time, a record is in it as a whole or not at all. It never changes a record
//! that is there, and adds none to a chain that is broken.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use dbwright_analysis::evidence::{Chain, read, seal};
use dbwright_model::drill::DrillRecord;
use rustix::fs::{FlockOperation, flock};

use crate::error::{LabError, LabErrorKind};

/// Name of the evidence file where none is given; it lies beside dbwright.toml.
pub const FILE_NAME: &str = "dbwright-drills.jsonl";
/// Most bytes of an evidence file that are read.
const MOST_BYTES: u64 = 256 << 20;

/// Reads an evidence file and verifies its chain; an absent file is an empty chain.
///
/// # Errors
/// When the file can't be read or is no text.
pub fn load(path: &Path) -> Result<Chain, LabError> {
    match File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Chain::default()),
        Err(error) => Err(failed("reading", path, &error)),
        Ok(mut file) => {
            flock(&file, FlockOperation::LockShared).map_err(|error| failed("locking", path, &error.into()))?;
            Ok(read(&text(&mut file, path)?))
        }
    }
}

/// Chains a record to an evidence file, which is made when it is absent. Others that want to write wait meanwhile.
///
/// # Errors
/// When the file can't be written, or its chain is broken: then nothing is added.
pub fn append(path: &Path, record: &mut DrillRecord) -> Result<(), LabError> {
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(|error| failed("opening", path, &error))?;
    flock(&file, FlockOperation::LockExclusive).map_err(|error| failed("locking", path, &error.into()))?;
    let chain = read(&text(&mut file, path)?);
    if let Some(broken) = &chain.broken {
        return Err(LabError::new(LabErrorKind::File, format!("adding to the evidence file {}: {broken}", path.display()))
            .hint("Keep the file for whoever must explain it, and name a fresh one with --evidence."));
    }
    let line = seal(record, &chain.last).map_err(|error| failed("writing", path, &std::io::Error::other(error)))? + "\n";
    let end = chain.length as u64;
    // What an interrupted writer left behind was never confirmed.
    let written = file
        .set_len(end)
        .and_then(|()| file.seek(SeekFrom::Start(end)))
        .and_then(|_| file.write_all(line.as_bytes()))
        .and_then(|()| file.sync_all());
    written.map_err(|error| {
        // Half a line would be cut by the next writer too.
        let _ = file.set_len(end);
        failed("writing", path, &error)
    })
}

fn text(file: &mut File, path: &Path) -> Result<String, LabError> {
    let mut text = String::new();
    let read = file.take(MOST_BYTES + 1).read_to_string(&mut text).map_err(|error| failed("reading", path, &error))?;
    if read as u64 > MOST_BYTES {
        return Err(failed("reading", path, &std::io::Error::other(format!("it is larger than {MOST_BYTES} bytes"))));
    }
    Ok(text)
}

fn failed(action: &str, path: &Path, error: &std::io::Error) -> LabError {
    LabError::new(LabErrorKind::File, format!("{action} the evidence file {}: {error}", path.display()))
        .hint("Name another file with --evidence.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writers_at_the_same_time_make_one_chain() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE_NAME);
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let path = &path;
                scope.spawn(move || {
                    for faults in 0..20 {
                        append(path, &mut DrillRecord { drill: format!("drill {writer}"), faults, ..DrillRecord::default() }).unwrap();
                    }
                });
            }
        });
        let chain = load(&path).unwrap();
        assert_eq!((chain.records.len(), chain.broken), (160, None));
    }

    #[test]
    fn nothing_is_added_to_a_broken_chain() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE_NAME);
        append(&path, &mut DrillRecord { drill: "crash".into(), ..DrillRecord::default() }).unwrap();
        let changed = std::fs::read_to_string(&path).unwrap().replace("crash", "crush");
        std::fs::write(&path, &changed).unwrap();
        let error = append(&path, &mut DrillRecord::default()).unwrap_err();
        assert!(error.message.contains("line 1"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), changed);
    }

    #[test]
    fn half_a_line_is_cut_before_the_next() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE_NAME);
        append(&path, &mut DrillRecord { drill: "crash".into(), ..DrillRecord::default() }).unwrap();
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str("{\"drill\":\"rest");
        std::fs::write(&path, text).unwrap();
        assert!(load(&path).unwrap().unfinished);
        append(&path, &mut DrillRecord { drill: "failover".into(), ..DrillRecord::default() }).unwrap();
        let chain = load(&path).unwrap();
        assert_eq!((chain.records.len(), chain.broken, chain.unfinished), (2, None, false));
    }
}
