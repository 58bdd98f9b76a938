//! The command line. One definition feeds the parser, the help, the generated reference and the completions.

pub mod drill;
pub mod index;
pub mod profile;
pub mod schema;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::policy_flags::PolicyFlags;

/// A database engineer in one binary: looks at a database, says what is wrong, proves the change, judges by five gates.
#[derive(Debug, Parser)]
#[command(name = "dbwright", version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// When to use colour.
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN")]
    pub color: ColorChoice,
    /// Say nothing but results and errors.
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The engineer's steps.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Review a database: all that can be known read-only, five gates, one report.
    Review(ReviewArgs),
    /// Judge a database for CI: quiet, by exit code.
    ///
    /// Exit codes: 0 good; 1 a gate failed, or findings at or above --fail-on; 2 usage, connection or internal failure;
    /// 3 undecided, since evidence is missing.
    Gate(GateArgs),
    /// Read facts about a database into a file, for a review elsewhere or later.
    Collect(CollectArgs),
    /// Say where database time went, from the logs of PostgreSQL, MySQL, MariaDB and Redis.
    Profile(profile::ProfileArgs),
    /// Choose indexes for the whole workload, planned on a ghost and tried on a clone before they are advised.
    Index(index::IndexArgs),
    /// Work on the schema: dependencies in the rows, normal forms, diagrams, differences.
    Schema(schema::SchemaArgs),
    /// Approve a schema as its architect: a file with the schema in it, signed with your SSH key.
    ///
    /// The schema gate passes its approval criterion while the schema is the one approved, and says what changed when it is not.
    Approve(schema::ApproveArgs),
    /// Drill recovery: prove on scratch servers that what was saved comes back. Keeps a record of each drill.
    Drill(drill::DrillArgs),
    /// List the engines and what works on each.
    Engines(ListArgs),
    /// List the rules of the catalogue.
    Rules(RulesArgs),
    /// Show a rule's page; `policy` shows the keys of the policy.
    Explain(ExplainArgs),
    /// Print the script that makes a least-privilege role for collecting.
    Grants(GrantsArgs),
}

/// Arguments of `review`.
#[derive(Debug, Args)]
pub struct ReviewArgs {
    /// What to look at.
    #[command(flatten)]
    pub target: TargetArgs,
    /// By what to judge.
    #[command(flatten)]
    pub policy: PolicyArgs,
    /// Where results go.
    #[command(flatten)]
    pub output: OutputArgs,
    /// Show all findings with evidence, change and proof.
    #[arg(long, short)]
    pub verbose: bool,
    /// Don't write report.html when no --output is given.
    #[arg(long)]
    pub no_html: bool,
    /// End in 1 when there are findings of this severity or worse.
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub fail_on: Option<SeverityArg>,
    /// Write the fingerprints of all findings to this file, to be a baseline.
    #[arg(long, value_name = "FILE")]
    pub write_baseline: Option<PathBuf>,
}

/// Arguments of `gate`.
#[derive(Debug, Args)]
pub struct GateArgs {
    /// What to look at.
    #[command(flatten)]
    pub target: TargetArgs,
    /// By what to judge.
    #[command(flatten)]
    pub policy: PolicyArgs,
    /// Where results go.
    #[command(flatten)]
    pub output: OutputArgs,
    /// Judge only these gates: schema, performance, integrity, recovery, security.
    #[arg(long, value_delimiter = ',', value_name = "GATE")]
    pub only: Vec<String>,
    /// Fail also when there are findings of this severity or worse that are neither waived nor in the baseline.
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub fail_on: Option<SeverityArg>,
}

/// Arguments of `collect`.
#[derive(Debug, Args)]
pub struct CollectArgs {
    /// What to look at.
    #[command(flatten)]
    pub target: TargetArgs,
    /// File to write; standard output when absent.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Leave out values, comments and literals: names, numbers and shapes stay.
    #[arg(long)]
    pub anonymize: bool,
}

/// Arguments of lists.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Form of the list.
    #[arg(long, value_enum, default_value_t = ListFormat::Terminal)]
    pub format: ListFormat,
}

/// Arguments of `rules`.
#[derive(Debug, Args)]
pub struct RulesArgs {
    /// Show only rules whose id contains this text.
    pub filter: Option<String>,
    /// Show only rules of this engine.
    #[arg(long)]
    pub engine: Option<String>,
    /// Form of the list.
    #[command(flatten)]
    pub list: ListArgs,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The rule's id, `family/name`, or `policy`.
    pub rule: String,
}

/// Arguments of `grants`.
#[derive(Debug, Args)]
pub struct GrantsArgs {
    /// The engine, or a URL of a server of it.
    pub engine: String,
    /// Name of the role to make.
    #[arg(long, default_value = "dbwright")]
    pub role: String,
    /// Database to review; taken from the URL where one is given.
    #[arg(long)]
    pub database: Option<String>,
}

/// What to look at, and how.
#[derive(Debug, Args)]
pub struct TargetArgs {
    /// A URL, a SQLite file, a Facts file or a project directory.
    #[arg(env = "DATABASE_URL", hide_env_values = true)]
    pub target: Option<String>,
    /// Review every database of the server that lets us in.
    #[arg(long)]
    pub all_databases: bool,
    /// Read rows too, at most so many of each table: value profiles, orphans, duplicates. `all` reads everything.
    #[arg(long, value_name = "N|all", env = "DBWRIGHT_READ_ROWS")]
    pub read_rows: Option<String>,
    /// Limit for one statement on the server, seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0, env = "DBWRIGHT_STATEMENT_TIMEOUT")]
    pub statement_timeout: f64,
    /// Limit for opening a connection, seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0, env = "DBWRIGHT_CONNECT_TIMEOUT")]
    pub connect_timeout: f64,
    /// Directory with the server programs to build a project with.
    #[arg(long, value_name = "DIR", env = "DBWRIGHT_SERVER_BIN")]
    pub server_bin: Option<PathBuf>,
    /// Take the time of collecting from here instead of the clock (RFC 3339, UTC), for reports that repeat exactly.
    #[arg(long, value_name = "TIME", hide = true, env = "DBWRIGHT_NOW")]
    pub now: Option<String>,
}

/// By what to judge.
#[derive(Debug, Args)]
pub struct PolicyArgs {
    /// Policy file; dbwright.toml of the project or of this directory when absent.
    #[arg(long, value_name = "FILE", env = "DBWRIGHT_CONFIG")]
    pub config: Option<PathBuf>,
    /// Persona document whose gates, enforcement and numbers become the policy's base.
    #[arg(long, value_name = "FILE", env = "DBWRIGHT_PERSONA")]
    pub persona: Option<PathBuf>,
    /// Signed approval of the schema; schema.approval of the project or of this directory when absent.
    #[arg(long, value_name = "FILE", env = "DBWRIGHT_APPROVAL")]
    pub approval: Option<PathBuf>,
    /// Who may approve, in the format of ssh-keygen's allowed signers; allowed_signers beside the approval when absent.
    #[arg(long, value_name = "FILE", env = "DBWRIGHT_ALLOWED_SIGNERS")]
    pub allowed_signers: Option<PathBuf>,
    /// Findings known before: only new ones count against a gate.
    #[arg(long, value_name = "FILE", env = "DBWRIGHT_BASELINE")]
    pub baseline: Option<PathBuf>,
    /// Set a key of the policy, as in `--set standards.query_p95_ms=50`; may be repeated. `--help` lists a flag for each key too,
    /// and `dbwright explain policy` shows them all.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub settings: Vec<String>,
    /// Records of drills.
    #[command(flatten)]
    pub evidence: drill::EvidenceArgs,
    /// A flag for each key.
    #[command(flatten)]
    pub keys: PolicyFlags,
}

/// Where results go.
#[derive(Debug, Args)]
pub struct OutputArgs {
    /// Form of what is written to standard output.
    #[arg(long, value_enum, default_value_t = FormatArg::Terminal)]
    pub format: FormatArg,
    /// Write a report to this file, in the form that its ending names; may be repeated.
    #[arg(long, short, value_name = "FILE")]
    pub output: Vec<PathBuf>,
}

/// Forms of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    /// For people, in a terminal.
    Terminal,
    /// The report as data.
    Json,
    /// One self-contained page.
    Html,
    /// SARIF 2.1.0.
    Sarif,
    /// JUnit XML.
    Junit,
    /// For a pull request's comment.
    Markdown,
}

/// Forms of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For people.
    Terminal,
    /// As data.
    Json,
    /// For documents.
    Markdown,
}

/// Severities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SeverityArg {
    /// Worth knowing.
    Info,
    /// Will cost something.
    Warning,
    /// Data, availability or security are at stake.
    Error,
}
