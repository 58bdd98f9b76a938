//! `dbwright drill`: one file a drill, each a function that runs it and gives the exit code. What they share is here: how they
//! are run and interrupted, where the record is kept, how it is shown, what it ends in.

mod crash;
mod records;
mod restore;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use dbwright_lab::drill::{About, DrillOptions};
use dbwright_lab::{LabError, evidence};
use dbwright_model::drill::DrillRecord;
use dbwright_model::{Facts, Verdict};

use crate::args::drill::{CommonArgs, Drill, DrillArgs, EvidenceArgs, RecordFormat};
use crate::failure::Failure;
use crate::screen::Screen;
use crate::{output, source};

/// Runs the command.
pub fn run(args: &DrillArgs, screen: &Screen) -> Result<u8, Failure> {
    match &args.drill {
        Drill::Crash(args) => crash::run(args, screen),
        Drill::Restore(args) => restore::run(args, screen),
        Drill::Records(args) => records::run(args, screen),
        Drill::Writer => match dbwright_lab::drill::writer::run() {
            Some(outcome) => outcome.map(|()| 0).map_err(Failure::from),
            None => Err(Failure::new("this command is started by drills, not by people")),
        },
    }
}

/// The evidence file that the arguments mean.
pub fn evidence_file(args: &EvidenceArgs) -> PathBuf {
    args.evidence.clone().unwrap_or_else(|| PathBuf::from(evidence::FILE_NAME))
}

/// Runs a drill, keeps its record and shows it. Ctrl-C and SIGTERM end it; what it made is gone before this returns.
fn drill(
    args: &CommonArgs,
    server_bin: Option<PathBuf>,
    screen: &Screen,
    work: impl FnOnce(DrillOptions) -> Result<DrillRecord, LabError> + Send + 'static,
) -> Result<u8, Failure> {
    args.output.iter().try_for_each(|path| form_of(path).map(|_| ()))?;
    let path = evidence_file(&args.evidence);
    // A chain that is broken takes no record: better known before the work than after.
    if let Some(broken) = evidence::load(&path)?.broken {
        return Err(Failure::new(format_args!("the evidence file {}: {broken}", path.display()))
            .hint("Keep the file for whoever must explain it, and name a fresh one with --evidence."));
    }
    let seed = args.seed.unwrap_or_else(|| u64::try_from(jiff::Timestamp::now().as_microsecond()).unwrap_or(1));
    let mut options = DrillOptions::seeded(seed);
    options.server_bin = server_bin;
    let progress = screen.progress("drilling");
    let shown = progress.clone();
    options.progress = Arc::new(move |what: &str| shown.now(what));
    let cancel = options.cancel.clone();
    let record = source::runtime()?.block_on(async {
        let mut work = tokio::task::spawn_blocking(move || work(options));
        let joined = |outcome: Result<Result<DrillRecord, LabError>, _>| match outcome {
            Ok(outcome) => outcome.map_err(Failure::from),
            Err(error) => Err(Failure::new(format_args!("the drill broke off: {error}"))),
        };
        tokio::select! {
            outcome = &mut work => joined(outcome),
            signal = source::interrupted() => {
                cancel.cancel();
                let _ = work.await;
                Err(signal)
            }
        }
    });
    drop(progress);
    let mut record = record?;
    evidence::append(&path, &mut record)?;
    show(&record, args, screen)?;
    screen.say(&format!("kept in {}", path.display()));
    Ok(match record.verdict() {
        Verdict::Pass => 0,
        Verdict::Undecided => 3,
        _ => 1,
    })
}

fn show(record: &DrillRecord, args: &CommonArgs, screen: &Screen) -> Result<(), Failure> {
    let options = output::terminal(screen, args.verbose);
    screen.data(&render(record, args.format, &options))?;
    for path in &args.output {
        let plain = dbwright_report::Options { verbose: true, ..dbwright_report::Options::default() };
        output::write_whole(path, &render(record, form_of(path)?, &plain))?;
        screen.say(&format!("wrote {}", path.display()));
    }
    Ok(())
}

fn render(record: &DrillRecord, format: RecordFormat, options: &dbwright_report::Options) -> String {
    match format {
        RecordFormat::Terminal => dbwright_report::drill::record(record, options),
        RecordFormat::Json => serde_json::to_string_pretty(record).map(|text| text + "\n").unwrap_or_default(),
        RecordFormat::Html => dbwright_report::drill::html(record),
        RecordFormat::Markdown => dbwright_report::drill::markdown(record),
    }
}

fn form_of(path: &Path) -> Result<RecordFormat, Failure> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    Ok(match ending.as_str() {
        "txt" => RecordFormat::Terminal,
        "json" => RecordFormat::Json,
        "html" | "htm" => RecordFormat::Html,
        "md" => RecordFormat::Markdown,
        _ => {
            return Err(Failure::new(format_args!("--output {}: the ending does not name a form", path.display()))
                .hint("Endings are .txt, .json, .html and .md."));
        }
    })
}

/// The database that facts are of, as drills name it.
fn about(facts: &Facts) -> About {
    let target = &facts.target;
    About {
        engine: target.engine,
        name: target.name.clone(),
        identity: target.identity.clone(),
        version: Some(target.version.clone()).filter(|version| !version.is_empty()),
    }
}

/// Splits `name=value`; what is not plain text of a setting is refused, as it reaches a server's command line.
fn setting(text: &str) -> Result<(String, String), Failure> {
    let pair = text.split_once('=').map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()));
    pair.filter(|(name, value)| plain(name) && plain(value) && !name.is_empty())
        .ok_or_else(|| Failure::new(format_args!("--setting takes NAME=VALUE of letters, digits, blanks, - and _, not {text:?}")))
}

/// Whether a text can stand on a server's command line as a name or value.
fn plain(text: &str) -> bool {
    text.len() < 200 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b' ' | b'.'))
}
