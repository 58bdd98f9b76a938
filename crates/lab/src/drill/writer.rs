//! The process that writes to a SQLite file during a drill: SQLite lives in its caller's process, so that there must be one
//! to kill. It ends with its input, and so with whoever started it. It never opens a file outside of a marked directory.

use dbwright_engines::EngineError;

/// Variable that tells the process what to do; its value is JSON.
pub const VARIABLE: &str = "DBWRIGHT_DRILL_WRITER";

/// Serves until its input ends. None when the variable is not set: then nothing was done.
///
/// # Errors
/// When the variable's value is unreadable, or file or socket can't be opened.
#[cfg(feature = "sqlite")]
pub fn run() -> Option<Result<(), EngineError>> {
    use std::io::Read;

    use dbwright_engines::ErrorKind;
    use dbwright_engines::drill::sqlite::{WriterOptions, serve};

    let text = std::env::var(VARIABLE).ok()?;
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let options = serde_json::from_str::<WriterOptions>(&text);
    let options = options.map_err(|error| EngineError::new(ErrorKind::Target, format!("reading {VARIABLE}"), error.to_string()));
    Some(options.and_then(|options| serve(&options)))
}

/// Serves nothing: SQLite is not built in.
///
/// # Errors
/// None.
#[cfg(not(feature = "sqlite"))]
pub fn run() -> Option<Result<(), EngineError>> {
    None
}
