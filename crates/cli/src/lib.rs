//! The command line of dbwright as a library, so that documents can be generated from it. It parses arguments, wires the
//! other crates together and decides the exit code; it never judges and never lays out a report.

pub mod args;
mod commands;
mod drilled;
mod failure;
mod judge;
mod output;
pub mod policy_flags;
mod screen;
mod source;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Cli;
use crate::failure::Failure;

/// Runs the program with the process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    #[cfg(any(feature = "postgres", feature = "redis"))]
    let _ = rustls::crypto::ring::default_provider().install_default();
    let screen = screen::Screen::new(cli.color, cli.quiet);
    match commands::run(cli.command, &screen) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            screen.failure(&failure);
            ExitCode::from(failure.code)
        }
    }
}

fn usage(error: &clap::Error) -> ExitCode {
    // Help and version go to standard output and are no failure; clap knows which is which. A closed pipe is no error of ours.
    let _ = error.print();
    ExitCode::from(if error.use_stderr() { Failure::USAGE } else { 0 })
}
