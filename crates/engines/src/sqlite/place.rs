//! Where the file lies: modes of the files and their directory, the file system, the disk. It never opens them.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use dbwright_model::Facts;
use dbwright_model::health::Usage;
use dbwright_model::security::FileMode;

use super::connect::beside;

/// Reads modes, file system and disk into the facts.
pub(super) fn read(path: &Path, facts: &mut Facts) {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or_else(|| PathBuf::from("."), Path::to_owned);
    let files = [
        ("database", path.to_owned()),
        ("wal", beside(path, "-wal")),
        ("wal-index", beside(path, "-shm")),
        ("journal", beside(path, "-journal")),
        ("directory", directory.clone()),
    ];
    for (what, file) in files {
        if let Ok(metadata) = std::fs::metadata(&file) {
            let mode = metadata.permissions().mode() & 0o7777;
            facts.security.files.push(FileMode { what: what.to_owned(), path: file.display().to_string(), mode });
        }
    }
    if let Ok(metadata) = std::fs::metadata(path) {
        // Links by which the journal's name can't be told, so a crash could not be recovered (How To Corrupt, 2.6).
        if metadata.nlink() > 1 {
            facts.health.notes.insert("hard_links".to_owned(), metadata.nlink().to_string());
        }
    }
    if let Ok(status) = rustix::fs::statvfs(path) {
        let fragment = status.f_frsize as f64;
        let total = status.f_blocks as f64 * fragment;
        facts.health.disk = Some(Usage { used: total - status.f_bavail as f64 * fragment, limit: total });
    }
    if let Some((name, network)) = file_system(path) {
        facts.health.notes.insert("file_system".to_owned(), name.to_owned());
        if network {
            facts.health.notes.insert(
                "network_file_system".to_owned(),
                format!("{name}: locks over a network are not dependable, and write-ahead log mode needs shared memory"),
            );
        }
    }
}

/// The name of the file system that a path lies on and whether it is a network's (statfs(2), linux/magic.h).
#[cfg(target_os = "linux")]
fn file_system(path: &Path) -> Option<(&'static str, bool)> {
    let kind = rustix::fs::statfs(path).ok()?.f_type as u64 & 0xffff_ffff;
    Some(match kind {
        0xef53 => ("ext", false),
        0x5846_5342 => ("xfs", false),
        0x9123_683e => ("btrfs", false),
        0x2fc1_2fc1 => ("zfs", false),
        0x0102_1994 => ("tmpfs", false),
        0x794c_7630 => ("overlayfs", false),
        0x6969 => ("nfs", true),
        0x517b => ("smb", true),
        0xff53_4d42 => ("cifs", true),
        0xfe53_4d42 => ("smb2", true),
        0x0102_1997 => ("9p", true),
        0x00c3_6400 => ("ceph", true),
        0x5346_414f => ("afs", true),
        0x6b41_4653 => ("afs", true),
        0x0bd0_0bd0 => ("lustre", true),
        0x6573_5546 => ("fuse", false),
        _ => return None,
    })
}

#[cfg(not(target_os = "linux"))]
fn file_system(_path: &Path) -> Option<(&'static str, bool)> {
    None
}
