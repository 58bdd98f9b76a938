//! Arguments of `dbwright profile`.

use clap::Args;

use super::schema::TextOrJson;

/// Arguments of `profile`.
#[derive(Debug, Args)]
pub struct ProfileArgs {
    /// Log files, patterns, or `-` for standard input; packed ones (.gz, .zst, .bz2, .xz) too.
    #[arg(required = true)]
    pub sources: Vec<String>,
    /// PostgreSQL's log_line_prefix, where it is not to be inferred from the lines.
    #[arg(long, value_name = "PREFIX")]
    pub log_line_prefix: Option<String>,
    /// Form of the log, where it is not to be recognised.
    #[arg(long, value_name = "FORM")]
    pub log_format: Option<String>,
    /// Only what happened from this time on (RFC 3339, UTC).
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only what happened before this time (RFC 3339, UTC).
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Statements shown.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub top: usize,
    /// Show examples of statements, plans and all events.
    #[arg(long, short)]
    pub verbose: bool,
    /// Form of the result.
    #[arg(long, value_enum, default_value_t = TextOrJson::Terminal)]
    pub format: TextOrJson,
}
