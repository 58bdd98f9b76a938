//! `dbwright drill records`: the evidence file, its chain verified. It changes nothing.

use dbwright_lab::evidence;
use serde_json::json;

use super::evidence_file;
use crate::args::drill::{DrillFormat, RecordsArgs};
use crate::failure::Failure;
use crate::output;
use crate::screen::Screen;

/// Runs the command.
pub fn run(args: &RecordsArgs, screen: &Screen) -> Result<u8, Failure> {
    let path = evidence_file(&args.evidence);
    let chain = evidence::load(&path)?;
    let broken = chain.broken.as_ref().map(ToString::to_string);
    let text = match args.format {
        DrillFormat::Terminal => {
            let options = output::terminal(screen, false);
            dbwright_report::drill::records(&path.display().to_string(), &chain.records, broken.as_deref(), &options)
        }
        DrillFormat::Json => format!("{}\n", json!({"records": chain.records, "broken": broken, "unfinished": chain.unfinished})),
    };
    screen.data(&text)?;
    Ok(u8::from(chain.broken.is_some()))
}
