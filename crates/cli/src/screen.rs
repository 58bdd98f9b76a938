//! The only place that prints. Data go to standard output, talk to standard error; progress only to a terminal.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressStyle};

use crate::args::ColorChoice;
use crate::failure::Failure;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// Standard output and error.
pub struct Screen {
    color: ColorChoice,
    quiet: bool,
}

impl Screen {
    /// A screen that obeys these choices.
    pub fn new(color: ColorChoice, quiet: bool) -> Self {
        let choice = match color {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
        Self { color, quiet }
    }

    /// Writes data to standard output.
    ///
    /// # Errors
    /// When the output can't be written. A reader that went away is no error.
    pub fn data(&self, text: &str) -> Result<(), Failure> {
        let mut out = anstream::AutoStream::auto(std::io::stdout()).lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        match written {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(Failure::new(format_args!("writing to standard output: {error}")))
            }
            _ => Ok(()),
        }
    }

    /// Says something on standard error, unless asked to be quiet.
    pub fn say(&self, text: &str) {
        if !self.quiet {
            self.error_text(&format!("{text}\n"));
        }
    }

    /// Shows a failure.
    pub fn failure(&self, failure: &Failure) {
        let mut text = format!("{ERROR}error{ERROR:#}: {}\n", dbwright_report::sanitise::block(&failure.message));
        if let Some(excerpt) = &failure.excerpt {
            text.push_str(&dbwright_report::sanitise::block(excerpt));
            text.push('\n');
        }
        if let Some(hint) = &failure.hint {
            text.push_str(&format!("{HINT}hint{HINT:#}: {}\n", dbwright_report::sanitise::block(hint)));
        }
        self.error_text(&text);
    }

    /// Whether standard output takes colour.
    pub fn colors(&self) -> bool {
        match self.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never,
        }
    }

    /// Whether signs beyond ASCII can be shown: unless the locale names another character set.
    pub fn unicode(&self) -> bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
        locale.is_none_or(|locale| locale.to_ascii_lowercase().replace('-', "").contains("utf8"))
    }

    /// Columns of the terminal on standard output; 80 when it is none, never more than 120.
    pub fn width(&self) -> usize {
        let columns = rustix_columns().unwrap_or(80);
        columns.clamp(40, 120)
    }

    /// A progress line on standard error; hidden when that is no terminal or quiet was asked for.
    pub fn progress(&self, what: &str) -> Progress {
        if self.quiet || !std::io::stderr().is_terminal() {
            return Progress(ProgressBar::hidden());
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner:.cyan} {msg} {elapsed:.dim}") {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        Progress(bar)
    }

    fn error_text(&self, text: &str) {
        let mut error = anstream::AutoStream::auto(std::io::stderr()).lock();
        // Nothing is left to tell when standard error itself is gone.
        let _ = error.write_all(text.as_bytes());
    }
}

/// A progress line that vanishes when dropped.
#[derive(Clone)]
pub struct Progress(ProgressBar);

impl Progress {
    /// Says what is being done now.
    pub fn now(&self, what: &str) {
        self.0.set_message(dbwright_report::sanitise::line(what));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn rustix_columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}
