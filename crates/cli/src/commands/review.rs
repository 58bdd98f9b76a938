//! `dbwright review`: the main job. It reports; only `--fail-on` makes findings a failure.

use std::path::PathBuf;

use dbwright_analysis::{gates, review};

use crate::args::{FormatArg, ReviewArgs};
use crate::drilled;
use crate::failure::Failure;
use crate::judge;
use crate::output;
use crate::screen::Screen;
use crate::source;

/// Runs the command.
pub fn run(args: &ReviewArgs, screen: &Screen) -> Result<u8, Failure> {
    output::check(&args.output)?;
    let early = judge::Sources::read(&args.policy, args.target.target.as_deref())?;
    let mut all = source::facts(&args.target, screen)?;
    drilled::attach(&mut all, &args.policy.evidence, args.target.target.as_deref())?;
    let mut worst = 0;
    let several = all.len() > 1;
    for facts in &all {
        let policy = early.policy()?;
        let report = review(facts, &policy);
        output::show(&report, args.output.format, args.verbose, screen)?;
        let files = files(args, several.then_some(facts.target.name.as_str()));
        output::write(&report, &files, screen)?;
        if let Some(path) = &args.write_baseline {
            output::write_whole(path, &judge::baseline(&report))?;
            screen.say(&format!("wrote {}", path.display()));
        }
        if args.fail_on.is_some_and(|severity| gates::reaches(&report, judge::severity(severity))) {
            worst = 1;
        }
    }
    Ok(worst)
}

/// The files to write: those asked for, else report.html beside a report for people. Reports on several databases carry the
/// database's name in the file's.
fn files(args: &ReviewArgs, database: Option<&str>) -> Vec<PathBuf> {
    let mut files = args.output.output.clone();
    if files.is_empty() && !args.no_html && args.output.format == FormatArg::Terminal {
        files.push(PathBuf::from("report.html"));
    }
    match database {
        Some(name) => files.iter().map(|file| beside(file, name)).collect(),
        None => files,
    }
}

fn beside(file: &std::path::Path, database: &str) -> PathBuf {
    let safe: String = database.chars().map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' }).collect();
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let ending = file.extension().map(|ending| ending.to_string_lossy().into_owned()).unwrap_or_default();
    file.with_file_name(format!("{stem}-{safe}.{ending}"))
}
