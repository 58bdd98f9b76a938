//! Arguments of `dbwright drill`. One struct a drill; what several share is flattened in.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::TargetArgs;

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
    /// Kill a scratch server of your settings under load, cut the power of its disk, and count what it lost.
    ///
    /// The target is only read for its settings. Writers write into a server, or of SQLite a file, of dbwright's own; a ledger
    /// outside of it keeps what was acknowledged. A power cut needs root and a loop device; without, the drill is undecided.
    ///
    /// Exit codes: 0 passed; 1 failed; 2 usage, connection or internal failure; 3 undecided.
    Crash(Box<CrashArgs>),
    /// Restore a backup into a scratch server of its own, check it, compare it with its source, write to it, back it up again.
    ///
    /// Without --backup a backup of the target is made, which is only read: pg_basebackup or pg_dump, or SQLite's own interface. A live
    /// PostgreSQL is compared exactly, at the place in its log to which the copy is recovered.
    ///
    /// Exit codes: 0 passed; 1 failed; 2 usage, connection or internal failure; 3 undecided.
    Restore(Box<RestoreArgs>),
    /// List the records of an evidence file and verify its chain.
    ///
    /// Exit codes: 0 the chain holds; 1 it is broken; 2 the file can't be read.
    Records(RecordsArgs),
    /// Write to a SQLite file in a drill's place.
    #[command(hide = true)]
    Writer,
}

/// Arguments of `drill crash`.
#[derive(Debug, Args)]
pub struct CrashArgs {
    /// Whose settings.
    #[command(flatten)]
    pub target: TargetArgs,
    /// Drill this engine's usual settings instead of a target's: postgresql, redis or sqlite.
    #[arg(long, value_name = "ENGINE")]
    pub engine: Option<String>,
    /// A setting that decides durability, as in `--setting synchronous_commit=off`; may be repeated.
    #[arg(long = "setting", value_name = "NAME=VALUE")]
    pub settings: Vec<String>,
    /// Kills of all its processes.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub kills: u32,
    /// Power cuts.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub cuts: u32,
    /// Writers.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=40))]
    pub writers: u32,
    /// Writes a second that the writers try to make together, whatever the server does.
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub rate: u32,
    /// Compare all combinations of the settings that decide durability too.
    #[arg(long)]
    pub all_settings: bool,
    /// Don't try settings that must lose. Without them the drill does not show that it would notice.
    #[arg(long)]
    pub no_controls: bool,
    /// What all drills take.
    #[command(flatten)]
    pub common: CommonArgs,
}

/// Arguments of `drill restore`.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The source: a URL or a SQLite file.
    #[command(flatten)]
    pub target: TargetArgs,
    /// Restore this backup instead of making one: a base backup's directory, a dump of pg_dump (not plain SQL), a SQLite file. Restoring
    /// runs what it holds: give only your own.
    #[arg(long, value_name = "PATH")]
    pub backup: Option<PathBuf>,
    /// Directory with archived log that the backup needs beyond its own.
    #[arg(long, value_name = "DIR", requires = "backup")]
    pub wal: Option<PathBuf>,
    /// How a live PostgreSQL is backed up.
    #[arg(long, value_enum, default_value_t = MethodArg::Base)]
    pub method: MethodArg,
    /// Don't plant faults in the copy. Without them the drill does not show that it would notice.
    #[arg(long)]
    pub no_controls: bool,
    /// What all drills take.
    #[command(flatten)]
    pub common: CommonArgs,
}

/// Ways to back a live PostgreSQL up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MethodArg {
    /// pg_basebackup.
    Base,
    /// pg_dump.
    Dump,
}

/// What all drills take.
#[derive(Debug, Args)]
pub struct CommonArgs {
    /// Where the record is kept.
    #[command(flatten)]
    pub evidence: EvidenceArgs,
    /// Seed of everything random; the clock's when absent. The record keeps it.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Form of the record on standard output.
    #[arg(long, value_enum, default_value_t = RecordFormat::Terminal)]
    pub format: RecordFormat,
    /// Write the record to this file, in the form that its ending names (.txt, .json, .html, .md); may be repeated.
    #[arg(long, short, value_name = "FILE")]
    pub output: Vec<PathBuf>,
    /// Show all details.
    #[arg(long, short)]
    pub verbose: bool,
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
    /// File that keeps the records of drills; dbwright-drills.jsonl of the project or of this directory when absent.
    #[arg(long, value_name = "FILE", env = "DBWRIGHT_EVIDENCE")]
    pub evidence: Option<PathBuf>,
}

/// Forms of the list of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DrillFormat {
    /// For people, in a terminal.
    Terminal,
    /// The records as data.
    Json,
}

/// Forms of a drill's record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RecordFormat {
    /// For people, in a terminal.
    Terminal,
    /// The record as data.
    Json,
    /// One self-contained page.
    Html,
    /// For a pull request's comment.
    Markdown,
}
