//! Finds server programs on this machine. It never runs one to find out.

use std::path::{Path, PathBuf};

/// Where to look for a program, best first: the directory given, `$DBWRIGHT_SERVERS/**/bin`, the usual places of
/// packages (newest version first), `PATH`.
#[must_use]
pub fn candidates(program: &str, given: Option<&Path>, packaged: &[PathBuf]) -> Vec<PathBuf> {
    let mut directories: Vec<PathBuf> = given.map(|given| vec![given.to_owned(), given.join("bin")]).unwrap_or_default();
    if let Some(servers) = std::env::var_os("DBWRIGHT_SERVERS").filter(|_| given.is_none()) {
        directories.extend(program_directories(Path::new(&servers), 4));
    }
    if given.is_none() {
        directories.extend(packaged.iter().cloned());
        directories.extend(std::env::var_os("PATH").iter().flat_map(|path| std::env::split_paths(path).collect::<Vec<_>>()));
    }
    let mut found: Vec<PathBuf> = directories.into_iter().map(|directory| directory.join(program)).filter(|path| path.is_file()).collect();
    found.dedup();
    found
}

/// Directories named `bin` below a directory, newest version first.
fn program_directories(below: &Path, depth: usize) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for directory in newest_first(below) {
        if directory.file_name().is_some_and(|name| name == "bin") {
            found.push(directory);
        } else if depth > 0 {
            found.extend(program_directories(&directory, depth - 1));
        }
    }
    found
}

/// The directories within a directory, those with the highest number in their name first.
#[must_use]
pub fn newest_first(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    found.sort_by_key(|path| std::cmp::Reverse((number(path), path.clone())));
    found
}

/// The first number in a path's last part, in thousandths: `postgresql-17.2` gives 17002.
fn number(path: &Path) -> u64 {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let digits = name.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    let mut parts = digits.split(|letter: char| !letter.is_ascii_digit()).map(|part| part.parse::<u64>().unwrap_or(0).min(999_999));
    parts.next().unwrap_or(0) * 1000 + parts.next().unwrap_or(0).min(999)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_comes_first_and_the_given_before_all() {
        let directory = tempfile::tempdir().unwrap();
        for version in ["9.6", "15", "17.2"] {
            std::fs::create_dir_all(directory.path().join(version).join("bin")).unwrap();
            std::fs::write(directory.path().join(version).join("bin/serverd"), "").unwrap();
        }
        let names: Vec<_> = newest_first(directory.path()).iter().map(|path| path.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["17.2", "15", "9.6"]);
        let given = directory.path().join("15");
        assert_eq!(candidates("serverd", Some(&given), &[]), [given.join("bin/serverd")]);
        assert!(candidates("serverd", Some(directory.path()), &[]).is_empty(), "a wrong directory is not made up for elsewhere");
    }
}
