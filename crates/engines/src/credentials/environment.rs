//! The process environment as a plain value, so that tests can give their own. It never reads anything after it was made.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use dbwright_model::secret::Secret;

use crate::error::EngineError;

/// Variables and home directory of a user.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    home: Option<PathBuf>,
}

impl Environment {
    /// The environment of this process. Variables that are not UTF-8 are left out.
    #[must_use]
    pub fn of_process() -> Self {
        let variables =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect();
        Self { variables, home: std::env::home_dir() }
    }

    /// An environment made of these variables.
    #[must_use]
    pub fn of(variables: &[(&str, &str)], home: Option<&Path>) -> Self {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { variables, home: home.map(Path::to_owned) }
    }

    /// A variable that is set and not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The home directory.
    #[must_use]
    pub fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// A secret given as `NAME`, or as the path of a file in `NAME_FILE`.
    ///
    /// # Errors
    /// When `NAME_FILE` names a file that can't be read or is empty.
    pub fn secret(&self, name: &str) -> Result<Option<Secret>, EngineError> {
        if let Some(value) = self.get(name) {
            return Ok(Some(Secret::new(value)));
        }
        self.get(&format!("{name}_FILE")).map(|path| super::secret_file(Path::new(path))).transpose()
    }

    /// The name that the user logged in with.
    #[must_use]
    pub fn login(&self) -> Option<&str> {
        self.get("USER").or_else(|| self.get("LOGNAME"))
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Environment({} variables)", self.variables.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_secret_in_a_variable_or_a_file_and_never_prints_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("p");
        std::fs::write(&path, "from-file\n").unwrap();
        let environment = Environment::of(&[("A", "from-variable"), ("B_FILE", path.to_str().unwrap()), ("C", "")], None);
        assert_eq!(environment.secret("A").unwrap().unwrap().expose(), "from-variable");
        assert_eq!(environment.secret("B").unwrap().unwrap().expose(), "from-file");
        assert!(environment.secret("C").unwrap().is_none());
        assert!(!format!("{environment:?}").contains("from-"));
        let broken = Environment::of(&[("A_FILE", "/nonexistent/x")], None);
        assert!(broken.secret("A").unwrap_err().to_string().contains("/nonexistent/x"));
    }
}
