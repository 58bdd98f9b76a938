//! One file a command.

use crate::args::Command;
use crate::failure::Failure;
use crate::screen::Screen;

mod approve;
mod collect;
mod drill;
mod engines;
mod explain;
mod gate;
mod grants;
mod index;
mod profile;
mod review;
mod rules;
mod schema;

/// Runs a command; the result is the exit code.
pub fn run(command: Command, screen: &Screen) -> Result<u8, Failure> {
    match command {
        Command::Review(args) => review::run(&args, screen),
        Command::Gate(args) => gate::run(&args, screen),
        Command::Collect(args) => collect::run(&args, screen),
        Command::Profile(args) => profile::run(&args, screen),
        Command::Index(args) => index::run(&args, screen),
        Command::Schema(args) => schema::run(&args, screen),
        Command::Approve(args) => approve::run(&args, screen),
        Command::Drill(args) => drill::run(&args, screen),
        Command::Engines(args) => engines::run(&args, screen),
        Command::Rules(args) => rules::run(&args, screen),
        Command::Explain(args) => explain::run(&args, screen),
        Command::Grants(args) => grants::run(&args, screen),
    }
}
