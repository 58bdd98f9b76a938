//! Arguments of `dbwright drill`. One struct a drill; what several share is flattened in.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// Arguments of `drill`.
#[derive(Debug, Args)]
pub struct DrillArgs {
    /// Which one.
    #[command(subcommand)]
    pub drill: Drill,
}

/// The drills.
#[derive(Debug, Subcommand)]
pub enum Drill {
    /// List the records of an evidence file and verify its chain.
    ///
    /// Exit codes: 0 the chain holds; 1 it is broken; 2 the file can't be read.
    Records(RecordsArgs),
}

/// Arguments of `drill records`.
#[derive(Debug, Args)]
pub struct RecordsArgs {
    /// Which file.
    #[command(flatten)]
    pub evidence: EvidenceArgs,
    /// Form of the list.
    #[arg(long, value_enum, default_value_t = DrillFormat::Terminal)]
    pub format: DrillFormat,
}

/// Where the records of drills are kept.
#[derive(Debug, Args)]
pub struct EvidenceArgs {
    /// File that keeps the records of drills; dbwright-drills.jsonl beside dbwright.toml, or in this directory, when absent.
    #[arg(long, value_name = "FILE", env = "DBWRIGHT_EVIDENCE")]
    pub evidence: Option<PathBuf>,
}

/// Forms of a drill's record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DrillFormat {
    /// For people, in a terminal.
    Terminal,
    /// The record as data.
    Json,
}
