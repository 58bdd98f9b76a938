//! What can be wrong with a source. A part that can't be read is no error: it is counted and told in the profile.

use std::fmt;

/// A source that can't be used at all.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Opening or reading failed before anything was understood.
    #[error("reading {name}: {error}")]
    Io {
        /// The source.
        name: String,
        /// Why.
        #[source]
        error: std::io::Error,
    },
    /// No file has this name, and no name matches it as a pattern.
    #[error("{0}: there is no such file, and nothing matches it as a pattern")]
    NoSuchFile(String),
    /// Nothing tells what the source is.
    #[error("{name} matches no known form of log{}", tried_text(tried))]
    NotRecognised {
        /// The source.
        name: String,
        /// Its first lines, cut.
        first_lines: Vec<String>,
        /// What was tried, with how many of the lines matched.
        tried: Vec<(String, usize, usize)>,
    },
    /// The form was known or given, and not one entry could be read by it.
    #[error("{name}: not one entry could be read as {format}")]
    NothingUnderstood {
        /// The source.
        name: String,
        /// The form, with its prefix.
        format: String,
        /// Its first lines, cut.
        first_lines: Vec<String>,
    },
    /// A source that holds nothing at all.
    #[error("{0} is empty")]
    Empty(String),
    /// A prefix that is none.
    #[error("{0:?} is no log_line_prefix: {1}")]
    Prefix(String, String),
}

impl LogError {
    /// The first lines of the source, where they explain the error.
    #[must_use]
    pub fn first_lines(&self) -> &[String] {
        match self {
            Self::NotRecognised { first_lines, .. } | Self::NothingUnderstood { first_lines, .. } => first_lines,
            _ => &[],
        }
    }

    /// What to do now; empty where the message says it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotRecognised { .. } => {
                "Give --log-line-prefix as the server has it (SHOW log_line_prefix), or --log-format to name the form."
            }
            Self::NothingUnderstood { .. } => "Check the prefix or form given by hand; without it the form is found by looking.",
            Self::Prefix(..) => "It is the value that SHOW log_line_prefix prints, such as '%m [%p] %q%u@%d '.",
            Self::NoSuchFile(_) => "Quote patterns so that the shell does not take them apart; `-` reads standard input.",
            Self::Io { .. } | Self::Empty(_) => "",
        }
    }
}

fn tried_text(tried: &[(String, usize, usize)]) -> impl fmt::Display {
    let list: Vec<String> = tried.iter().map(|(format, matched, lines)| format!("{format} ({matched} of {lines} lines)")).collect();
    if list.is_empty() { String::new() } else { format!("; tried: {}", list.join(", ")) }
}
