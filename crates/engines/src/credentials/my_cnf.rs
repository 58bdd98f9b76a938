//! The option files of MySQL and MariaDB: groups `[client]`, `[mysql]`, … with `option=value` lines, and files that others
//! include. Format: MySQL manual, "Using Option Files". It never reads login paths, which are obfuscated, not protected.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Environment;
use crate::error::{EngineError, ErrorKind};

/// Groups that are read, later ones winning.
const GROUPS: [&str; 5] = ["client", "client-server", "client-mariadb", "mysql", "dbwright"];
/// Deepest nesting of included files.
const DEEPEST: usize = 8;
/// Most files that are read.
const MOST_FILES: usize = 100;

/// Which files to read.
#[derive(Debug, Clone, Default)]
pub struct Wanted<'a> {
    /// This file alone, instead of the usual ones.
    pub file: Option<&'a str>,
    /// Groups with this ending are read too.
    pub suffix: Option<&'a str>,
}

/// Options of our groups, names with `-`: from the usual files, or from the one that is named.
///
/// # Errors
/// [`ErrorKind::Target`] when a file that is named, or included, can't be read.
pub fn read(wanted: &Wanted<'_>, environment: &Environment) -> Result<BTreeMap<String, String>, EngineError> {
    let mut reader = Reader { groups: groups(wanted.suffix), files: 0, options: BTreeMap::new() };
    match wanted.file {
        Some(path) => reader.file(Path::new(path), 0)?,
        None => {
            for path in usual_files(environment).into_iter().filter(|path| path.is_file()) {
                reader.file(&path, 0)?;
            }
        }
    }
    let ranked = GROUPS.len() * 2;
    let mut options = BTreeMap::new();
    for rank in 0..ranked {
        for ((of, name), value) in &reader.options {
            if *of == rank {
                options.insert(name.clone(), value.clone());
            }
        }
    }
    Ok(options)
}

/// Whether there is a file of login paths, which is not read.
#[must_use]
pub fn has_login_paths(environment: &Environment) -> bool {
    environment.get("MYSQL_TEST_LOGIN_FILE").is_some() || environment.home().is_some_and(|home| home.join(".mylogin.cnf").is_file())
}

fn usual_files(environment: &Environment) -> Vec<PathBuf> {
    let mut files = vec![PathBuf::from("/etc/my.cnf"), PathBuf::from("/etc/mysql/my.cnf")];
    files.extend(environment.get("MYSQL_HOME").or_else(|| environment.get("MARIADB_HOME")).map(|home| Path::new(home).join("my.cnf")));
    files.extend(environment.home().map(|home| home.join(".my.cnf")));
    files
}

fn groups(suffix: Option<&str>) -> Vec<String> {
    let with_suffix = |name: &&str| suffix.map(|suffix| format!("{name}{suffix}"));
    GROUPS.iter().map(|name| (*name).to_owned()).chain(GROUPS.iter().filter_map(with_suffix)).collect()
}

struct Reader {
    groups: Vec<String>,
    files: usize,
    /// By rank of the group and name.
    options: BTreeMap<(usize, String), String>,
}

impl Reader {
    fn file(&mut self, path: &Path, depth: usize) -> Result<(), EngineError> {
        self.files += 1;
        if depth > DEEPEST || self.files > MOST_FILES {
            let action = format!("reading the option file {}", path.display());
            return Err(EngineError::new(ErrorKind::Target, action, "too many files include one another"));
        }
        // As the servers' own clients do: what anybody may write says nothing.
        if writable_by_all(path) {
            return Ok(());
        }
        let text = super::read_small(path)?;
        let mut group = None;
        for line in text.lines().map(str::trim) {
            if let Some(rest) = line.strip_prefix("!includedir") {
                for path in directory(Path::new(rest.trim()))? {
                    self.file(&path, depth + 1)?;
                }
            } else if let Some(rest) = line.strip_prefix("!include") {
                self.file(Path::new(rest.trim()), depth + 1)?;
            } else if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(name, _)| name.trim()) {
                group = self.groups.iter().position(|known| known == name);
            } else if let Some(group) = group
                && !line.is_empty()
                && !line.starts_with(['#', ';'])
            {
                let (name, value) = option(line);
                self.options.insert((group, name), value);
            }
        }
        Ok(())
    }
}

fn directory(path: &Path) -> Result<Vec<PathBuf>, EngineError> {
    let failed =
        |error: std::io::Error| EngineError::new(ErrorKind::Target, format!("reading the directory {}", path.display()), error.to_string());
    let mut files: Vec<PathBuf> = std::fs::read_dir(path).map_err(failed)?.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.is_file() && file.extension().is_some_and(|ending| ending == "cnf"));
    files.sort();
    Ok(files)
}

fn writable_by_all(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        std::fs::metadata(path).is_ok_and(|metadata| metadata.mode() & 0o002 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

/// `name = value`, `name`, `loose-name=value`; `_` and `-` mean the same in names.
fn option(line: &str) -> (String, String) {
    let (name, value) = line.split_once('=').unwrap_or((line, ""));
    let name = name.trim().to_ascii_lowercase().replace('_', "-");
    let name = name.strip_prefix("loose-").map(str::to_owned).unwrap_or(name);
    (name, unquoted(value.trim()))
}

/// Without a comment behind it, without its quotes, and with `\n`, `\t`, `\s`, `\\` and quotes resolved.
fn unquoted(value: &str) -> String {
    let quote = value.chars().next().filter(|first| matches!(first, '\'' | '"'));
    let mut text = String::new();
    let mut letters = value.chars().skip(usize::from(quote.is_some()));
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some('r') => text.push('\r'),
                Some('b') => text.push('\u{8}'),
                Some('s') => text.push(' '),
                Some(other @ ('\\' | '"' | '\'')) => text.push(other),
                Some(other) => text.extend(['\\', other]),
                None => text.push('\\'),
            },
            _ if Some(letter) == quote => return text,
            '#' if quote.is_none() => break,
            _ => text.push(letter),
        }
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(directory: &Path, name: &str, text: &str) -> PathBuf {
        let path = directory.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn read_file(path: &Path, suffix: Option<&str>) -> BTreeMap<String, String> {
        read(&Wanted { file: path.to_str(), suffix }, &Environment::of(&[], None)).unwrap()
    }

    #[test]
    fn later_groups_win_whatever_their_order() {
        let directory = tempfile::tempdir().unwrap();
        let text = "[dbwright]\nuser=reader\n[client]\nuser = app # the application\nssl_ca=\"/etc/a b.pem\"\nskip-ssl\n[mysqld]\nuser=mysql\n\
                    [client_east]\nhost=east\n; comment\n[client]\nloose-port=3307\npassword='it\\'s#1'\n";
        let path = write(directory.path(), "my.cnf", text);
        let found = read_file(&path, None);
        assert_eq!((found["user"].as_str(), found["ssl-ca"].as_str(), found["port"].as_str()), ("reader", "/etc/a b.pem", "3307"));
        assert_eq!((found["password"].as_str(), found["skip-ssl"].as_str()), ("it's#1", ""));
        assert!(!found.contains_key("host"));
        assert_eq!(read_file(&path, Some("_east"))["host"], "east");
    }

    #[test]
    fn follows_includes_and_ends_in_circles() {
        let directory = tempfile::tempdir().unwrap();
        let extra = directory.path().join("conf.d");
        std::fs::create_dir(&extra).unwrap();
        write(&extra, "b.cnf", "[client]\nhost=from-directory\n");
        write(&extra, "b.txt", "[client]\nhost=no\n");
        let other = write(directory.path(), "other.cnf", "[mysql]\nport=3310\n");
        let path = write(directory.path(), "my.cnf", &format!("!includedir {}\n!include {}\n", extra.display(), other.display()));
        let found = read_file(&path, None);
        assert_eq!((found["host"].as_str(), found["port"].as_str()), ("from-directory", "3310"));
        let circle = write(directory.path(), "circle.cnf", &format!("!include {}\n", directory.path().join("circle.cnf").display()));
        let error = read(&Wanted { file: circle.to_str(), suffix: None }, &Environment::of(&[], None)).unwrap_err();
        assert!(error.detail.contains("include one another"), "{error}");
    }

    #[test]
    fn what_all_may_write_is_passed_by() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = write(directory.path(), ".my.cnf", "[client]\nhost=planted\n");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
        assert!(
            read(&Wanted::default(), &Environment::of(&[], Some(directory.path()))).unwrap().get("host").is_none_or(|h| h != "planted")
        );
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(read(&Wanted::default(), &Environment::of(&[], Some(directory.path()))).unwrap()["host"], "planted");
    }
}
