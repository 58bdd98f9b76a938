//! Marked directories for scratch databases. One goes when it is dropped; when the process is killed, a watcher that
//! holds the other end of a pipe removes it; and should both die, the next run does, by the record alone. It never
//! removes a directory without a record of ours.

use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::record::{ProcessMark, Record};
use crate::error::{LabError, LabErrorKind};

/// How names of scratch directories begin.
pub const PREFIX: &str = "dbwright-scratch-";

/// Longest path of the directory that leaves room for a socket's name (unix(7): 108 bytes).
const LONGEST_PATH: usize = 70;

/// Programs that the lab starts: only they are ended for working in a directory of ours.
const PROGRAMS: [&str; 8] =
    ["postgres", "initdb", "mysqld", "mariadbd", "mariadb-install", "redis-server", "valkey-server", "redis-sentinel"];

/// Waits for the end of its input, which is ours; then ends the server programs that work in the directory, one that was
/// started a moment ago and stands in no record included, and removes the directory, until nothing of it is left.
const WATCHER: &str = r#"cat >/dev/null
inside() {
  for process in /proc/[0-9]*; do
    case "$(readlink "$process/cwd")" in
      "$1"|"$1"/*)
        case "$(cat "$process/comm" 2>/dev/null)" in
          postgres|initdb|mysqld|mariadbd|mariadb-install|redis-server|valkey-server|redis-sentinel) echo "${process#/proc/}" ;;
        esac ;;
    esac
  done
}
for round in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40; do
  servers=$(inside "$1")
  if [ -n "$servers" ]; then
    [ "$round" -lt 30 ] && kill -QUIT $servers 2>/dev/null || kill -KILL $servers 2>/dev/null
  else
    while read -r _ _ _ _ mount _; do
      case "$mount" in "$1"/*) umount -l "$mount" 2>/dev/null ;; esac
    done </proc/self/mountinfo
    rm -rf --one-file-system -- "$1" 2>/dev/null
    [ -e "$1" ] || exit 0
  fi
  sleep 0.1
done
kill -KILL $(inside "$1") 2>/dev/null
rm -rf --one-file-system -- "$1""#;

/// A scratch directory.
#[derive(Debug)]
pub struct ScratchDirectory {
    path: PathBuf,
    record: Record,
    watcher: Option<Child>,
}

impl ScratchDirectory {
    /// Makes a directory that only we may enter, with its record and watcher.
    ///
    /// # Errors
    /// When the temporary directory can't be written.
    pub fn create() -> Result<Self, LabError> {
        let failed = |path: &Path, error: &std::io::Error| {
            LabError::new(LabErrorKind::File, format!("making the scratch directory {}: {error}", path.display()))
                .hint("Free space there, or set TMPDIR to another directory.")
        };
        let base = base();
        let path = fresh(&base).map_err(|error| failed(&base, &error))?;
        let owner = ProcessMark::of(std::process::id().cast_signed()).unwrap_or(ProcessMark { id: 0, started: 0 });
        let record = Record { owner, server: None, directory: path.clone() };
        let mut directory = Self { path, record, watcher: None };
        directory.record.write().map_err(|error| failed(&directory.path, &error))?;
        directory.watcher = watch(&directory.path);
        Ok(directory)
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Records the server that runs in it.
    ///
    /// # Errors
    /// When the record can't be written.
    pub fn set_server(&mut self, id: i32) -> std::io::Result<()> {
        self.record.server = ProcessMark::of(id);
        std::fs::write(self.path.join("server.pid"), format!("{id}\n"))?;
        self.record.write()
    }
}

impl Drop for ScratchDirectory {
    fn drop(&mut self) {
        remove(&self.path);
        if let Some(mut watcher) = self.watcher.take() {
            // Closing its input ends it; it finds nothing left to do.
            drop(watcher.stdin.take());
            let _ = watcher.wait();
        }
    }
}

/// The temporary directory, unless its path is too long for a socket.
fn base() -> PathBuf {
    let base = std::env::temp_dir();
    let base = std::fs::canonicalize(&base).unwrap_or(base);
    if base.as_os_str().len() + PREFIX.len() + 16 > LONGEST_PATH { PathBuf::from("/tmp") } else { base }
}

fn fresh(base: &Path) -> std::io::Result<PathBuf> {
    let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.subsec_nanos());
    for attempt in 0..1000_u32 {
        let path = base.join(format!("{PREFIX}{}-{:x}", std::process::id(), seed.wrapping_add(attempt)));
        match std::fs::DirBuilder::new().mode(0o700).create(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(()) => return Ok(path),
        }
    }
    Err(std::io::Error::other("no free name"))
}

/// Without a shell there is no watcher; the next run cleans up then.
fn watch(path: &Path) -> Option<Child> {
    Command::new("sh")
        .args(["-c", WATCHER, "dbwright-watcher"])
        .arg(path)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .current_dir("/")
        // A group of its own: Ctrl-C on the terminal is for us, not for the watcher.
        .process_group(0)
        .spawn()
        .ok()
}

/// Detaches the file systems that are mounted below a directory of ours: drills mount their own there.
fn unmount_below(path: &Path) {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    // proc(5): the fifth field is the place; a blank in it stands as an escape, and our paths hold none.
    let places = mounts.lines().filter_map(|line| line.split(' ').nth(4)).map(Path::new);
    for place in places.filter(|place| place.starts_with(path) && *place != path) {
        let _ = rustix::mount::unmount(place, rustix::mount::UnmountFlags::DETACH);
    }
}

fn remove(path: &Path) {
    unmount_below(path);
    // A server that is just ending may still make files: removing is tried again for a while.
    let end = Instant::now() + Duration::from_secs(3);
    while let Err(error) = std::fs::remove_dir_all(path) {
        if error.kind() == std::io::ErrorKind::NotFound || Instant::now() > end {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Removes scratch directories whose run is gone, with the servers that still run in them. Gives their paths.
pub fn clean_leftovers() -> Vec<PathBuf> {
    let mut removed = Vec::new();
    for base in [base(), PathBuf::from("/tmp")] {
        let Ok(entries) = std::fs::read_dir(&base) else { continue };
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(PREFIX) && clean(&entry.path()) {
                removed.push(entry.path());
            }
        }
    }
    removed
}

fn clean(path: &Path) -> bool {
    // Only a directory of our own user, never a link to somewhere else: names in /tmp are anybody's.
    let user = rustix::process::geteuid();
    let is_ours = |owner: u32| owner == user.as_raw() || (user.is_root() && owner == super::server::NOBODY);
    let owned = std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir() && is_ours(metadata.uid()));
    let Some(record) = Record::read(path).filter(|record| owned && record.is_left_over()) else { return false };
    if let Some(server) = record.server.filter(|server| server.is_running() && server.works_in(path)) {
        end_process(server);
    }
    // One that was started a moment before its run ended stands in no record yet.
    programs_in(path).into_iter().for_each(end_process);
    remove(path);
    !path.exists()
}

/// Server programs that work in a directory of ours.
fn programs_in(path: &Path) -> Vec<ProcessMark> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let ids = entries.flatten().filter_map(|entry| entry.file_name().to_string_lossy().parse::<i32>().ok());
    let is_program = |id: &i32| {
        let name = std::fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default();
        PROGRAMS.contains(&name.trim_end())
    };
    ids.filter(is_program).filter_map(ProcessMark::of).filter(|mark| mark.works_in(path)).collect()
}

/// Ends a server of ours: SIGQUIT, on which PostgreSQL stops at once but frees its shared memory, then SIGKILL.
pub(super) fn end_process(mark: ProcessMark) {
    let Some(pid) = Pid::from_raw(mark.id) else { return };
    for (signal, limit) in [(Signal::QUIT, Duration::from_secs(3)), (Signal::KILL, Duration::from_secs(5))] {
        if !mark.is_running() {
            return;
        }
        let _ = kill_process(pid, signal);
        let end = Instant::now() + limit;
        while mark.is_running() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_goes_when_dropped() {
        let directory = ScratchDirectory::create().unwrap();
        let path = directory.path().to_owned();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
        std::fs::write(path.join("file"), "x").unwrap();
        drop(directory);
        assert!(!path.exists());
    }

    #[test]
    fn leftovers_go_and_neighbours_stay() {
        let neighbour = ScratchDirectory::create().unwrap();
        let left = base().join(format!("{PREFIX}0-left-{}", std::process::id()));
        let stranger = base().join(format!("{PREFIX}0-stranger-{}", std::process::id()));
        for path in [&left, &stranger] {
            std::fs::create_dir(path).unwrap();
        }
        let gone = ProcessMark { id: std::process::id().cast_signed(), started: 1 };
        Record { owner: gone, server: None, directory: left.clone() }.write().unwrap();
        // Another test may clean up at the same time, so only the outcome counts.
        clean_leftovers();
        assert!(!left.exists(), "its run is gone");
        assert!(stranger.exists(), "it has no record of ours");
        assert!(neighbour.path().exists(), "its run goes on");
        std::fs::remove_dir(stranger).unwrap();
    }
}
