//! `dbwright drill`: one file a drill, each a function that runs it and gives the exit code. What they share is here: where
//! the record is kept, how it is shown, what it ends in.

mod records;

use std::path::PathBuf;

use crate::args::drill::{Drill, DrillArgs, EvidenceArgs};
use crate::failure::Failure;
use crate::screen::Screen;

/// Runs the command.
pub fn run(args: &DrillArgs, screen: &Screen) -> Result<u8, Failure> {
    match &args.drill {
        Drill::Records(args) => records::run(args, screen),
    }
}

/// The evidence file that the arguments mean.
pub fn evidence_file(args: &EvidenceArgs) -> PathBuf {
    args.evidence.clone().unwrap_or_else(|| PathBuf::from(dbwright_lab::evidence::FILE_NAME))
}
