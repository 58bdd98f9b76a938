//! From what was typed to files: patterns are expanded here, since a shell is not always there. It never opens a file.

use std::path::{Path, PathBuf};

use crate::error::LogError;

/// Files that one pattern may name.
const MOST: usize = 10_000;

/// Where a log lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Standard input.
    Standard,
    /// A file.
    File(PathBuf),
}

impl Place {
    /// The name to show.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Standard => "-".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }
}

/// The files that arguments mean: `-`, paths, and patterns with `*`, `?` and `[…]` in the last part.
///
/// # Errors
/// When an argument names nothing.
pub fn expand<T: AsRef<str>>(arguments: &[T]) -> Result<Vec<Place>, LogError> {
    let mut places: Vec<Place> = Vec::new();
    for argument in arguments.iter().map(AsRef::as_ref) {
        let found = one(argument)?;
        for place in found {
            if !places.contains(&place) {
                places.push(place);
            }
        }
    }
    Ok(places)
}

fn one(argument: &str) -> Result<Vec<Place>, LogError> {
    if argument == "-" {
        return Ok(vec![Place::Standard]);
    }
    let path = Path::new(argument);
    if path.exists() {
        return Ok(vec![Place::File(path.to_owned())]);
    }
    let pattern = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let matcher = globset::Glob::new(&pattern).map(|glob| glob.compile_matcher());
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (Ok(matcher), Ok(entries)) = (matcher, std::fs::read_dir(directory)) else {
        return Err(LogError::NoSuchFile(argument.to_owned()));
    };
    let named = |entry: std::fs::DirEntry| matcher.is_match(entry.file_name()).then(|| entry.path());
    let mut files: Vec<PathBuf> = entries.flatten().filter_map(named).filter(|path| path.is_file()).take(MOST).collect();
    files.sort();
    if files.is_empty() {
        return Err(LogError::NoSuchFile(argument.to_owned()));
    }
    Ok(files.into_iter().map(|path| if directory == Path::new(".") { strip_dot(&path) } else { path }).map(Place::File).collect())
}

fn strip_dot(path: &Path) -> PathBuf {
    path.strip_prefix(".").unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_files_in_order_once() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["b.log", "a.log", "c.txt"] {
            std::fs::write(directory.path().join(name), "x").unwrap();
        }
        let pattern = directory.path().join("*.log").display().to_string();
        let one = directory.path().join("b.log").display().to_string();
        let names: Vec<String> = expand(&[pattern, one, "-".to_owned()]).unwrap().iter().map(Place::name).collect();
        assert_eq!(names.len(), 3);
        assert!(names[0].ends_with("a.log") && names[1].ends_with("b.log") && names[2] == "-");
        assert!(matches!(expand(&[directory.path().join("*.gz").display().to_string()]), Err(LogError::NoSuchFile(_))));
    }
}
