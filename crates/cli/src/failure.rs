//! Failures as people see them: what was tried on what, what happened, what to do now. The class decides the exit code, here
//! and nowhere else.

use std::fmt;

use dbwright_engines::EngineError;
use dbwright_lab::LabError;

/// A failure that ends the program.
#[derive(Debug)]
pub struct Failure {
    /// What was tried, on what, and what happened.
    pub message: String,
    /// A picture of the place, where a text is to blame: several lines.
    pub excerpt: Option<String>,
    /// What to do now.
    pub hint: Option<String>,
    /// Exit code.
    pub code: u8,
}

impl Failure {
    /// Exit code of usage, connection and internal failures.
    pub const USAGE: u8 = 2;

    /// A failure with this message.
    pub fn new(message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), excerpt: None, hint: None, code: Self::USAGE }
    }

    /// Adds what to do now.
    pub fn hint(mut self, hint: impl fmt::Display) -> Self {
        let hint = hint.to_string();
        self.hint = (!hint.is_empty()).then_some(hint);
        self
    }

    /// Adds a picture of the place.
    pub fn excerpt(mut self, excerpt: impl fmt::Display) -> Self {
        self.excerpt = Some(excerpt.to_string());
        self
    }

    /// Reading or writing a file failed.
    pub fn file(action: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::new(format_args!("{action} {}: {error}", path.display()))
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Self::new(&error).hint(&error.hint)
    }
}

impl From<LabError> for Failure {
    fn from(error: LabError) -> Self {
        let failure = match &error.place {
            Some(place) => Self::new(format_args!("{}:{}:{}: {}", place.file, place.line, place.column, error.message)),
            None => Self::new(&error.message),
        };
        let failure = failure.hint(&error.hint);
        match error.excerpt() {
            Some(excerpt) => failure.excerpt(excerpt),
            None => failure,
        }
    }
}
