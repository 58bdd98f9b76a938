//! Damage to a backup's files, to see that verifying notices; each is undone. It never touches a backup of the user's: only the
//! lab's copy.

use std::path::{Path, PathBuf};

use super::super::{Restore, Stop, control};
use super::{Restored, file, verify};

/// Damages the files in ways that happen, to see that verifying notices; each is undone.
pub(super) fn plant_in_files(drill: &Restore<'_>, backup: &Restored) -> Result<Vec<dbwright_model::drill::Control>, Stop> {
    if !drill.options.controls {
        return Ok(Vec::new());
    }
    let data = backup.root.join("data");
    let mut controls = Vec::new();
    let mut plant =
        |name: &str, damage: &mut dyn FnMut() -> std::io::Result<()>, undo: &mut dyn FnMut() -> std::io::Result<()>| -> Result<(), Stop> {
            damage().map_err(|error| file(&data, &error))?;
            let verdict = verify(drill, backup)?;
            undo().map_err(|error| file(&data, &error))?;
            controls.push(control::judged(name, verdict));
            Ok(())
        };
    let victim = largest(&data.join("base"), 3).unwrap_or_else(|| data.join("PG_VERSION"));
    let length = std::fs::metadata(&victim).map_or(0, |metadata| metadata.len());
    plant("a byte flipped", &mut || flip(&victim, length / 2), &mut || flip(&victim, length / 2))?;
    let aside = backup.root.join("aside");
    plant("a log segment missing", &mut || move_segment(&data.join("pg_wal"), &aside), &mut || {
        return_segment(&data.join("pg_wal"), &aside)
    })?;
    let small = data.join("global/pg_filenode.map");
    let whole = std::fs::read(&small).map_err(|error| file(&small, &error))?;
    plant("a file cut short", &mut || std::fs::write(&small, &whole[..whole.len() / 2]), &mut || std::fs::write(&small, &whole))?;
    Ok(controls)
}

fn flip(path: &Path, at: u64) -> std::io::Result<()> {
    use std::os::unix::fs::FileExt;
    let file = std::fs::OpenOptions::new().read(true).write(true).open(path)?;
    let mut byte = [0_u8];
    file.read_exact_at(&mut byte, at)?;
    byte[0] ^= 0x10;
    file.write_all_at(&byte, at)
}

fn largest(directory: &Path, depth: usize) -> Option<PathBuf> {
    let mut best: Option<(u64, PathBuf)> = None;
    for entry in std::fs::read_dir(directory).ok()?.flatten() {
        let path = entry.path();
        let found = if path.is_dir() && depth > 0 { largest(&path, depth - 1) } else { Some(path) };
        let Some(found) = found.filter(|path| path.is_file()) else { continue };
        let length = std::fs::metadata(&found).map_or(0, |metadata| metadata.len());
        if best.as_ref().is_none_or(|(most, _)| length > *most) {
            best = Some((length, found));
        }
    }
    best.map(|(_, path)| path)
}

fn segments(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> = entries.filter(|path| path.is_file() && path.file_name().is_some_and(|name| name.len() == 24)).collect();
    found.sort();
    found
}

fn move_segment(from: &Path, aside: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(aside)?;
    let first = segments(from).into_iter().next().ok_or_else(|| std::io::Error::other("no log segment is in the backup"))?;
    std::fs::rename(&first, aside.join(first.file_name().unwrap_or_default()))
}

fn return_segment(to: &Path, aside: &Path) -> std::io::Result<()> {
    segments(aside).into_iter().try_for_each(|path| std::fs::rename(&path, to.join(path.file_name().unwrap_or_default())))
}
