//! Finds the files of a project and the order in which they are applied. It never looks outside the directory.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use dbwright_model::Engine;

use super::source::{SourceFile, blank, relative};
use crate::error::{LabError, LabErrorKind};

/// Files that are taken at most.
const MOST_FILES: usize = 20_000;

/// The files of a project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    /// Schema or migration files in the order in which they are applied.
    pub schema: Vec<SourceFile>,
    /// Scripts with data.
    pub data: Vec<SourceFile>,
    /// CSV files with data.
    pub tables: Vec<SourceFile>,
    /// The workload.
    pub workload: Option<SourceFile>,
}

/// Folders in which tools keep migrations.
const MIGRATIONS: [&str; 6] = ["migrations", "db/migrations", "db/migrate", "prisma/migrations", "supabase/migrations", "sql/migrations"];

/// Reads a project directory for a dialect; none takes files without a dialect in their name only.
///
/// A file may be named for a dialect (`schema.sqlite.sql`, `data.postgresql.sql`): it is then taken for that dialect,
/// in place of the one without.
///
/// # Errors
/// When there is no schema, or a file can't be read.
pub fn read(directory: &Path, dialect: Option<Engine>) -> Result<Layout, LabError> {
    let entries = std::fs::read_dir(directory)
        .map_err(|error| LabError::new(LabErrorKind::File, format!("reading the directory {}: {error}", directory.display())))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).take(MOST_FILES).collect();
    files.sort();
    let root = Root { directory, files, dialect };
    let mut layout = Layout { schema: root.schema()?, ..Layout::default() };
    if layout.schema.is_empty() {
        return Err(no_project(directory, dialect));
    }
    for stem in ["data", "seed", "seeds"] {
        layout.data.extend(root.named(stem)?);
    }
    layout.workload = root.named("workload")?;
    for path in listed(&directory.join("data"))? {
        match path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase).as_deref() {
            Some("redis") if of_keys(dialect) => layout.data.push(SourceFile::read(directory, &path)?),
            Some("csv") => layout.tables.push(SourceFile::read(directory, &path)?),
            Some("sql") if fits(&path, dialect) => layout.data.push(SourceFile::read(directory, &path)?),
            _ => {}
        }
    }
    Ok(layout)
}

/// Whether the dialect is one of commands on keys.
fn of_keys(dialect: Option<Engine>) -> bool {
    dialect.is_some_and(|engine| !engine.speaks_sql())
}

fn no_project(directory: &Path, dialect: Option<Engine>) -> LabError {
    let (what, hint) = if of_keys(dialect) {
        ("no file *.redis with commands", "Put the commands that make the keys into schema.redis, one a line.")
    } else {
        ("neither schema.sql nor migrations/*.sql", "Put the CREATE statements into schema.sql, or give a database's URL or file instead.")
    };
    LabError::new(LabErrorKind::NoProject, format!("{} holds {what}", directory.display())).hint(hint)
}

/// Whether a directory holds files of commands on keys and none of SQL.
pub fn holds_commands(directory: &Path) -> bool {
    let paths = listed(directory).unwrap_or_default();
    let ends = |ending: &str| paths.iter().any(|path| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(ending)));
    ends("redis") && !ends("sql") && !MIGRATIONS.iter().any(|folder| directory.join(folder).is_dir())
}

struct Root<'a> {
    directory: &'a Path,
    files: Vec<PathBuf>,
    dialect: Option<Engine>,
}

impl Root<'_> {
    /// `STEM.DIALECT.sql`, else `STEM.sql`.
    fn named(&self, stem: &str) -> Result<Option<SourceFile>, LabError> {
        if of_keys(self.dialect) {
            let path = self.files.iter().find(|path| file_name(path).eq_ignore_ascii_case(&format!("{stem}.redis")));
            return path.map(|path| SourceFile::read(self.directory, path)).transpose();
        }
        let find = |name: String| self.files.iter().find(|path| file_name(path).eq_ignore_ascii_case(&name));
        let special = self.dialect.and_then(|dialect| find(format!("{stem}.{}.sql", dialect.id())));
        let Some(path) = special.or_else(|| find(format!("{stem}.sql"))) else { return Ok(None) };
        SourceFile::read(self.directory, path).map(Some)
    }

    fn schema(&self) -> Result<Vec<SourceFile>, LabError> {
        if let Some(file) = self.named("schema")? {
            return Ok(vec![file]);
        }
        if of_keys(self.dialect) {
            let scripts =
                self.files.iter().filter(|path| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("redis")));
            let scripts: Vec<&PathBuf> = scripts.filter(|path| !apart(path)).collect();
            return scripts.into_iter().map(|path| SourceFile::read(self.directory, path)).collect();
        }
        for folder in MIGRATIONS.into_iter().chain(["schema"]) {
            let files = migrations(self.directory, &self.directory.join(folder), self.dialect)?;
            if !files.is_empty() {
                return Ok(files);
            }
        }
        // Any other scripts of the directory itself, in order.
        let scripts: Vec<PathBuf> =
            self.files.iter().filter(|path| is_script(path) && !apart(path) && fits(path, self.dialect)).cloned().collect();
        ordered(self.directory, scripts)
    }
}

/// Whether a script holds data or the workload, by its name.
fn apart(path: &Path) -> bool {
    const APART: [&str; 4] = ["data", "seed", "seeds", "workload"];
    APART.contains(&file_name(path).split('.').next().unwrap_or_default().to_ascii_lowercase().as_str())
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn is_script(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("sql"))
}

/// Whether a file's name speaks for this dialect or for none.
fn fits(path: &Path, dialect: Option<Engine>) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    let word = name.strip_suffix(".sql").and_then(|stem| stem.rsplit_once('.')).map(|(_, word)| word.to_owned());
    word.and_then(|word| Engine::from_id(&word)).is_none_or(|named| Some(named) == dialect)
}

/// What a directory holds, sorted; nothing when it is not there.
fn listed(directory: &Path) -> Result<Vec<PathBuf>, LabError> {
    match std::fs::read_dir(directory) {
        Ok(entries) => {
            let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).take(MOST_FILES).collect();
            paths.sort();
            Ok(paths)
        }
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => Ok(Vec::new()),
        Err(error) => Err(LabError::new(LabErrorKind::File, format!("reading the directory {}: {error}", directory.display()))),
    }
}

/// Migrations of a folder: its scripts, and those of folders in it (one folder a migration).
fn migrations(root: &Path, folder: &Path, dialect: Option<Engine>) -> Result<Vec<SourceFile>, LabError> {
    let mut scripts = Vec::new();
    for path in listed(folder)? {
        if path.is_dir() {
            scripts.extend(listed(&path)?.into_iter().filter(|path| is_script(path)));
        } else if is_script(&path) {
            scripts.push(path);
        }
    }
    scripts.retain(|path| fits(path, dialect));
    ordered(root, scripts)
}

/// Reads scripts in the order of their numbers, without those that undo.
fn ordered(root: &Path, mut scripts: Vec<PathBuf>) -> Result<Vec<SourceFile>, LabError> {
    scripts.retain(|path| !undoes(path));
    scripts.sort_by(|a, b| by_number(&relative(root, a), &relative(root, b)));
    let read = |path: PathBuf| {
        let file = SourceFile::read(root, &path)?;
        Ok(SourceFile { text: upwards(&file.text), ..file })
    };
    scripts.into_iter().map(read).collect()
}

/// Whether a script only undoes another: `x.down.sql`, `down.sql`, `x.undo.sql`, Flyway's `U1__x.sql`.
fn undoes(path: &Path) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    let flyway = name.strip_prefix('u').is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()) && rest.contains("__"));
    flyway
        || ["down.sql", "undo.sql", "rollback.sql"]
            .iter()
            .any(|end| name == *end || name.ends_with(&format!(".{end}")) || name.ends_with(&format!("_{end}")))
}

/// Numbers compare as numbers, the rest as text: `2_b` before `10_a`, `V1.9` before `V1.10`, Flyway's repeatable `R__` last.
fn by_number(a: &str, b: &str) -> Ordering {
    let repeatable = |name: &str| name.rsplit('/').next().is_some_and(|name| name.starts_with("R__"));
    repeatable(a).cmp(&repeatable(b)).then_with(|| parts(a).cmp(&parts(b))).then_with(|| a.cmp(b))
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Number(u128),
    Text(String),
}

fn parts(name: &str) -> Vec<Part> {
    let mut found: Vec<Part> = Vec::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let number = first.is_ascii_digit();
        let end = rest.find(|letter: char| letter.is_ascii_digit() != number).unwrap_or(rest.len());
        let (head, tail) = rest.split_at(end);
        found.push(match head.parse() {
            Ok(value) if number => Part::Number(value),
            _ => Part::Text(head.to_lowercase()),
        });
        rest = tail;
    }
    found
}

/// The text with the part that undoes blanked: `-- +goose Down`, `-- migrate:down`, `-- +migrate Down`, `-- rollback`,
/// and what follows up to a part that goes up again.
fn upwards(text: &str) -> String {
    let mut result = text.to_owned();
    let (mut down, mut at) = (None, 0);
    for line in text.split_inclusive('\n') {
        match direction(line) {
            Some(false) => {
                down.get_or_insert(at);
            }
            Some(true) => {
                if let Some(start) = down.take() {
                    result = blank(&result, start..at);
                }
            }
            None => {}
        }
        at += line.len();
    }
    match down {
        Some(start) => blank(&result, start..text.len()),
        None => result,
    }
}

/// Whether a line turns the direction: up (true) or down.
fn direction(line: &str) -> Option<bool> {
    let comment = line.trim_start().strip_prefix("--")?.trim().to_ascii_lowercase();
    match comment.as_str() {
        "+goose up" | "migrate:up" | "+migrate up" | "+up" => Some(true),
        "+goose down" | "migrate:down" | "+migrate down" | "+down" => Some(false),
        _ if comment.starts_with("migrate:up ") || comment.starts_with("+migrate up ") => Some(true),
        _ if comment.starts_with("migrate:down ") || comment.starts_with("+migrate down ") => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = directory.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        directory
    }

    fn names(files: &[SourceFile]) -> Vec<&str> {
        files.iter().map(|file| file.name.as_str()).collect()
    }

    #[test]
    fn migrations_run_by_number_and_only_upwards() {
        let directory = project(&[
            ("migrations/10_c.sql", ""),
            ("migrations/2_b.up.sql", ""),
            ("migrations/2_b.down.sql", ""),
            ("migrations/001_a.sql", ""),
            ("migrations/U3__x.sql", ""),
            ("migrations/R__views.sql", ""),
            ("migrations/20240101120000_d/migration.sql", ""),
            ("migrations/20240101120000_d/down.sql", ""),
            ("migrations/notes.md", ""),
        ]);
        let layout = read(directory.path(), None).unwrap();
        let expected = [
            "migrations/001_a.sql",
            "migrations/2_b.up.sql",
            "migrations/10_c.sql",
            "migrations/20240101120000_d/migration.sql",
            "migrations/R__views.sql",
        ];
        assert_eq!(names(&layout.schema), expected);
    }

    #[test]
    fn sections_that_undo_are_blanked_without_moving_lines() {
        let text = "-- +goose Up\nCREATE TABLE a (x);\n-- +goose Down\nDROP TABLE a;\n";
        let found = upwards(text);
        assert!(found.contains("CREATE TABLE a") && !found.contains("DROP"));
        assert_eq!(found.len(), text.len());
        assert_eq!(found.matches('\n').count(), 4);
        let dbmate = upwards("-- migrate:down\nDROP TABLE é;\n-- migrate:up transaction:false\nCREATE TABLE é (x);\n");
        assert!(dbmate.contains("CREATE") && !dbmate.contains("DROP"));
    }

    #[test]
    fn files_for_a_dialect_take_precedence() {
        let directory = project(&[
            ("schema.sqlite.sql", "s"),
            ("schema.postgresql.sql", "p"),
            ("data.sql", ""),
            ("workload.sql", ""),
            ("data/b.csv", ""),
            ("data/a.CSV", ""),
        ]);
        let layout = read(directory.path(), Some(Engine::Postgresql)).unwrap();
        assert_eq!(layout.schema[0].text, "p");
        assert_eq!((names(&layout.data), names(&layout.tables)), (vec!["data.sql"], vec!["data/a.CSV", "data/b.csv"]));
        assert!(layout.workload.is_some());
        assert_eq!(read(directory.path(), None).unwrap_err().kind, LabErrorKind::NoProject);
    }

    #[test]
    fn other_scripts_are_a_schema_too() {
        let directory = project(&[("b.sql", ""), ("a.sql", ""), ("seed.sql", ""), ("workload.sql", "")]);
        let layout = read(directory.path(), None).unwrap();
        assert_eq!((names(&layout.schema), names(&layout.data)), (vec!["a.sql", "b.sql"], vec!["seed.sql"]));
    }

    #[test]
    fn an_empty_directory_is_no_project() {
        let directory = project(&[]);
        let error = read(directory.path(), None).unwrap_err();
        assert_eq!(error.kind, LabErrorKind::NoProject);
        assert!(error.hint.contains("schema.sql"));
    }
}
