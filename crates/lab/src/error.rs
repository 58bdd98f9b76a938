//! What can go wrong in the lab, with the place in the user's files that is to blame. It never carries a secret.

use std::fmt;

use dbwright_engines::{EngineError, ErrorKind};

/// Class of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabErrorKind {
    /// The project's files are to blame; [`LabError::place`] says where.
    Source,
    /// The directory holds no project.
    NoProject,
    /// A file can't be read or made.
    File,
    /// No server program of the dialect is on this machine.
    ServerMissing,
    /// The dialect can't be built here.
    Unsupported,
    /// A scratch server did not start or broke off.
    Server,
    /// Interrupted by the user.
    Interrupted,
}

/// A place in a file of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Path relative to the project directory, with `/`.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1, in characters.
    pub column: u32,
    /// The line's text.
    pub source_line: String,
}

/// A failure: what was tried on what, where, what to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabError {
    /// Class.
    pub kind: LabErrorKind,
    /// What happened, to what, in one line.
    pub message: String,
    /// What to do now; may be empty.
    pub hint: String,
    /// The place to blame.
    pub place: Option<Place>,
}

impl LabError {
    /// A failure of this class.
    #[must_use]
    pub fn new(kind: LabErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: String::new(), place: None }
    }

    /// Adds what to do now.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Adds the place to blame.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Interrupted by the user.
    #[must_use]
    pub fn interrupted() -> Self {
        Self::new(LabErrorKind::Interrupted, "interrupted; nothing was left behind")
    }

    /// The source line with a caret below the place; tabs are kept so that the caret stands right.
    #[must_use]
    pub fn excerpt(&self) -> Option<String> {
        const SHOWN: usize = 120;
        let place = self.place.as_ref()?;
        let column = usize::try_from(place.column.saturating_sub(1)).unwrap_or(0);
        // Of a very long line only the surroundings of the place are shown.
        let skipped = column.saturating_sub(SHOWN / 2);
        let line: String = place.source_line.chars().skip(skipped).take(SHOWN).collect();
        let before: String = line.chars().take(column - skipped).map(|letter| if letter == '\t' { '\t' } else { ' ' }).collect();
        let number = place.line.to_string();
        let margin = " ".repeat(number.len());
        Some(format!("{margin}--> {}:{}:{}\n{margin} |\n{number} | {line}\n{margin} | {before}^", place.file, place.line, place.column))
    }
}

impl fmt::Display for LabError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(formatter, "{}:{}:{}: {}", place.file, place.line, place.column, self.message),
            None => formatter.write_str(&self.message),
        }
    }
}

impl std::error::Error for LabError {}

impl From<EngineError> for LabError {
    fn from(error: EngineError) -> Self {
        let kind = match error.kind {
            ErrorKind::Interrupted => LabErrorKind::Interrupted,
            _ => LabErrorKind::Server,
        };
        Self::new(kind, error.to_string()).hint(error.hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(column: u32, line: &str) -> LabError {
        let place = Place { file: "schema.sql".into(), line: 12, column, source_line: line.into() };
        LabError::new(LabErrorKind::Source, "syntax error").at(place)
    }

    #[test]
    fn the_caret_stands_below_the_place() {
        let excerpt = error(8, "\tCREATE TABEL t").excerpt().unwrap();
        assert!(excerpt.ends_with("12 | \tCREATE TABEL t\n   | \t      ^"), "{excerpt}");
        assert_eq!(error(8, "x").to_string(), "schema.sql:12:8: syntax error");
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let excerpt = error(500_001, &"é".repeat(1_000_000)).excerpt().unwrap();
        assert!(excerpt.len() < 1000);
        let caret = excerpt.lines().last().unwrap();
        assert_eq!(caret.chars().count(), 5 + 60 + 1);
    }
}
