//! Asks for a password on the terminal, without echo. It never asks when nobody is there to answer.

use std::io::IsTerminal;

use dbwright_model::secret::Secret;

use crate::error::{EngineError, ErrorKind};

/// Asks on the controlling terminal; none when standard input is no terminal.
///
/// # Errors
/// [`ErrorKind::Interrupted`] when the terminal can't be read.
pub fn password(whose: &str) -> Result<Option<Secret>, EngineError> {
    if !std::io::stdin().is_terminal() {
        return Ok(None);
    }
    rpassword::prompt_password(format!("Password for {whose}: "))
        .map(|text| Some(Secret::new(text)))
        .map_err(|error| EngineError::new(ErrorKind::Interrupted, "asking for a password", error.to_string()))
}
