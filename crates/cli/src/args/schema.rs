//! Arguments of `dbwright schema` and `dbwright approve`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::TargetArgs;

/// Arguments of `schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// What to do.
    #[command(subcommand)]
    pub work: SchemaWork,
}

/// Work on schemas.
#[derive(Debug, Subcommand)]
pub enum SchemaWork {
    /// Find keys, functional and inclusion dependencies in the rows of tables or CSV files.
    Dependencies(DependenciesArgs),
    /// Judge the normal form of tables by the dependencies in their rows; propose splits, and try them on a clone.
    ///
    /// Exit codes: 0 nothing breaks a form; 1 something does; 2 usage, connection or internal failure; 3 rows of a table could not
    /// all be searched.
    NormalForms(NormalFormsArgs),
    /// Draw the tables and their references.
    Diagram(DiagramArgs),
    /// Say what differs between two schemas, also of two systems, or between migrations and a live database.
    ///
    /// Exit codes: 0 no difference; 1 differences; 2 usage, connection or internal failure.
    Diff(DiffArgs),
}

/// Arguments of `schema dependencies`.
#[derive(Debug, Args)]
pub struct DependenciesArgs {
    /// What to look at; a .csv or .tsv file too.
    #[command(flatten)]
    pub target: TargetArgs,
    /// Tables to search; all when absent.
    pub tables: Vec<String>,
    /// Show what all but this share of the rows agree on, with rows that contradict; 0 shows only what holds.
    #[arg(long, value_name = "SHARE", default_value_t = 0.005)]
    pub error: f64,
    /// Whether two NULLs in a column count as the same value.
    #[arg(long, value_enum, value_name = "RULE", default_value_t = NullsArg::Equal)]
    pub nulls: NullsArg,
    /// Most columns on a left side; 0 means no limit.
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub max_lhs: usize,
    /// Memory for rows and search together, e.g. 512MB.
    #[arg(long, value_name = "SIZE", default_value = "1GB", value_parser = size)]
    pub memory: u64,
    /// End the search after so many seconds with what was found until then.
    #[arg(long, value_name = "SECONDS")]
    pub time_limit: Option<f64>,
    /// Text that stands for NULL in a CSV file besides an empty field; may be repeated.
    #[arg(long, value_name = "TEXT")]
    pub null_text: Vec<String>,
    /// The CSV file's first record is data, not names.
    #[arg(long)]
    pub no_header: bool,
    /// Take CSV records with too few or too many fields instead of refusing the file.
    #[arg(long)]
    pub ragged: bool,
    /// Show everything, also what chance would explain.
    #[arg(long, short)]
    pub verbose: bool,
    /// Form of the result.
    #[arg(long, value_enum, default_value_t = TextOrJson::Terminal)]
    pub format: TextOrJson,
}

/// How NULLs compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NullsArg {
    /// Like GROUP BY and DISTINCT.
    Equal,
    /// Like UNIQUE in standard SQL.
    Distinct,
}

/// For people or as data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TextOrJson {
    /// For people.
    Terminal,
    /// As data.
    Json,
}

/// Arguments of `schema normal-forms`.
#[derive(Debug, Args)]
pub struct NormalFormsArgs {
    /// What to look at.
    #[command(flatten)]
    pub target: TargetArgs,
    /// Tables to judge; all when absent.
    pub tables: Vec<String>,
    /// Try each split on a clone: the view must give the rows of the table; sizes and the workload are compared, undoing is tried.
    #[arg(long = "try")]
    pub attempt: bool,
    /// Make the clone from this dump, base backup, SQLite file or project instead of the target. A dump or backup runs its own
    /// functions when restored: name only what you trust.
    #[arg(long, value_name = "PATH", requires = "attempt")]
    pub clone: Option<PathBuf>,
    /// Show all tables, undoing and statements that stay the same.
    #[arg(long, short)]
    pub verbose: bool,
    /// Form of the result.
    #[arg(long, value_enum, default_value_t = TextOrJson::Terminal)]
    pub format: TextOrJson,
}

/// Arguments of `schema diagram`.
#[derive(Debug, Args)]
pub struct DiagramArgs {
    /// What to look at.
    #[command(flatten)]
    pub target: TargetArgs,
    /// Tables to draw, with those they refer to; all when absent.
    pub tables: Vec<String>,
    /// Form; that of the file's ending (.svg, .mmd, .dbml, .dot) when absent, else svg.
    #[arg(long, value_enum)]
    pub format: Option<DiagramFormat>,
    /// File to write; standard output when absent.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Forms of a diagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DiagramFormat {
    /// A picture.
    Svg,
    /// Mermaid's erDiagram.
    Mermaid,
    /// DBML.
    Dbml,
    /// Graphviz.
    Dot,
}

/// Arguments of `schema diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// What is taken as before.
    #[command(flatten)]
    pub target: TargetArgs,
    /// What is taken as after: a URL, a SQLite file, a Facts file, a project directory or a signed approval.
    pub other: Option<String>,
    /// Form of the result.
    #[arg(long, value_enum, default_value_t = DiffFormat::Terminal)]
    pub format: DiffFormat,
    /// Don't cut long definitions.
    #[arg(long, short)]
    pub verbose: bool,
}

/// Forms of differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    /// For people.
    Terminal,
    /// As data.
    Json,
    /// For a pull request's comment.
    Markdown,
}

/// Arguments of `approve`.
#[derive(Debug, Args)]
pub struct ApproveArgs {
    /// The database whose schema is approved.
    #[command(flatten)]
    pub target: TargetArgs,
    /// Who approves: the name that the list of allowed signers has for the key, usually an address.
    #[arg(long, value_name = "PRINCIPAL")]
    pub by: String,
    /// Why, for those who read it later.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub reason: String,
    /// Accept a finding on the design, as in `schema/not-third-normal-form sale.* because prices are frozen`; may be repeated.
    #[arg(long, value_name = "RULE OBJECT because REASON")]
    pub accept: Vec<String>,
    /// Private key, or the public one of a key that an agent or ssh-keygen holds; ~/.ssh/id_ed25519, id_ecdsa or id_rsa when absent.
    #[arg(long, short, value_name = "FILE", env = "DBWRIGHT_SIGNING_KEY")]
    pub key: Option<PathBuf>,
    /// File to write; schema.approval of the project or of this directory when absent.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Who may approve; allowed_signers beside the approval when absent.
    #[arg(long, value_name = "FILE", env = "DBWRIGHT_ALLOWED_SIGNERS")]
    pub allowed_signers: Option<PathBuf>,
}

/// Reads `512MB`, `2 GiB`, `1000000`.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim().find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.trim().len());
    let (number, unit) = text.trim().split_at(digits);
    let factor: f64 = match unit.trim().to_ascii_lowercase().trim_end_matches("ib").trim_end_matches('b') {
        "" => 1.0,
        "k" => 1024.0,
        "m" => 1_048_576.0,
        "g" => 1_073_741_824.0,
        _ => return Err("give a size such as 512MB or 2GB".to_owned()),
    };
    let bytes = number.parse::<f64>().map_err(|_| "give a size such as 512MB".to_owned())? * factor;
    if bytes < 1_048_576.0 { Err("1 MB is the least".to_owned()) } else { Ok(bytes as u64) }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_have_units() {
        assert_eq!((size("512MB"), size("1.5 GiB"), size("2000000")), (Ok(512 << 20), Ok(3 << 29), Ok(2_000_000)));
        assert!(size("much").is_err() && size("1").is_err() && size("1TB").is_err());
    }
}
