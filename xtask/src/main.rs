//! Development tasks. `docs` writes what is generated from code; `tidy` checks what no compiler does.

mod docs;
mod tidy;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Write the generated documents: commands, rules, the engines table of README.
    Docs {
        /// Write nothing; fail when something is out of date.
        #[arg(long)]
        check: bool,
    },
    /// Check the tree: where printing is allowed, file sizes, module heads, unfinished marks, reasons for dependencies.
    Tidy,
}

fn main() -> anyhow::Result<ExitCode> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in the workspace")?.to_owned();
    let complaints = match Cli::parse().task {
        Task::Docs { check } => docs::run(&root, check)?,
        Task::Tidy => tidy::run(&root)?,
    };
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    Ok(if complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
