//! Arguments of `dbwright index`.

use std::path::PathBuf;

use clap::Args;

use super::TargetArgs;
use super::schema::{TextOrJson, size};

/// Arguments of `index`.
#[derive(Debug, Args)]
pub struct IndexArgs {
    /// What to look at.
    #[command(flatten)]
    pub target: TargetArgs,
    /// Disk that new indexes may take together, e.g. 500MB; half of the tables' size when absent.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub budget: Option<u64>,
    /// Statements of the workload, in the form of a project's workload.sql, instead of the target's own.
    #[arg(long, value_name = "FILE")]
    pub workload: Option<PathBuf>,
    /// Seconds for asking the planner; what was learnt until then is used.
    #[arg(long, value_name = "SECONDS", default_value_t = 120.0)]
    pub time_limit: f64,
    /// Don't try the advice on a clone: it stays planned, not proved.
    #[arg(long)]
    pub no_try: bool,
    /// Make the clone from this dump, base backup, SQLite file or project. A dump or backup runs its own functions when restored:
    /// name only what you trust.
    #[arg(long, value_name = "PATH", conflicts_with = "no_try")]
    pub clone: Option<PathBuf>,
    /// Show every statement.
    #[arg(long, short)]
    pub verbose: bool,
    /// Form of the result.
    #[arg(long, value_enum, default_value_t = TextOrJson::Terminal)]
    pub format: TextOrJson,
}
