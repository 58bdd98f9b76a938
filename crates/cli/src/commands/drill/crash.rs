//! `dbwright drill crash`: the target's settings are read, nothing else of it is touched.

use dbwright_engines::ErrorKind;
use dbwright_lab::drill::About;
use dbwright_lab::drill::crash::{CrashOptions, run as crash};
use dbwright_model::{Engine, Facts};

use super::{about, drill, plain, setting};
use crate::args::drill::CrashArgs;
use crate::failure::Failure;
use crate::screen::Screen;
use crate::source;

/// Settings that decide what survives and that a scratch server can be given.
const TAKEN: [&str; 14] = [
    "fsync",
    "full_page_writes",
    "synchronous_commit",
    "wal_sync_method",
    "wal_writer_delay",
    "commit_delay",
    "commit_siblings",
    "appendonly",
    "appendfsync",
    "no-appendfsync-on-rewrite",
    "aof-use-rdb-preamble",
    "save",
    "journal_mode",
    "synchronous",
];

/// Runs the command.
pub fn run(args: &CrashArgs, screen: &Screen) -> Result<u8, Failure> {
    let (about, mut settings) = subject(args, screen)?;
    for text in &args.settings {
        let (name, value) = setting(text)?;
        settings.retain(|(known, _)| *known != name);
        settings.push((name, value));
    }
    let program = std::env::current_exe().map_err(|error| Failure::new(format_args!("finding this program: {error}")))?;
    let assumed = about.engine == Engine::Sqlite && !settings.iter().any(|(name, _)| name == "synchronous");
    let (kills, cuts, writers, rate) = (args.kills, args.cuts, args.writers, f64::from(args.rate));
    let (all_settings, controls) = (args.all_settings, !args.no_controls);
    drill(&args.common, args.target.server_bin.clone(), screen, move |options| {
        let writer = vec![program.into(), "drill".into(), "writer".into()];
        let mut record =
            crash(&CrashOptions { drill: options, about, settings, kills, cuts, writers, rate, all_settings, controls, writer })?;
        if assumed {
            let remark = "PRAGMA synchronous is chosen by each connection and stands in no file: FULL was drilled. Give the application's as --setting synchronous=normal.";
            record.remarks.push(remark.to_owned());
        }
        Ok(record)
    })
}

fn subject(args: &CrashArgs, screen: &Screen) -> Result<(About, Vec<(String, String)>), Failure> {
    if let Some(name) = &args.engine {
        let engine = Engine::from_id(name).filter(|engine| matches!(engine, Engine::Postgresql | Engine::Redis | Engine::Sqlite));
        let engine = engine.ok_or_else(|| {
            Failure::new(format_args!("--engine {name}: that engine can't be crashed")).hint("postgresql, redis and sqlite can.")
        })?;
        return Ok((About { engine, name: String::new(), identity: None, version: None }, Vec::new()));
    }
    let facts = source::facts(&args.target, screen)?;
    let Some(facts) = facts.first() else { return Err(Failure::new(format_args!("nothing was read ({:?})", ErrorKind::NotFound))) };
    Ok((about(facts), settings_of(facts)))
}

fn settings_of(facts: &Facts) -> Vec<(String, String)> {
    let known = facts.backups.durability.iter();
    known.filter(|(name, value)| TAKEN.contains(&name.as_str()) && plain(value)).cloned().collect()
}
