//! Crash drills against real systems: durable settings lose nothing, others are caught losing, and a drill that is killed
//! leaves nothing behind. Where no power can be cut (no root) the drill must be undecided, never green.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use dbwright_lab::LabErrorKind;
use dbwright_lab::drill::crash::{CrashOptions, run};
use dbwright_lab::drill::{About, DrillOptions};
use dbwright_lab::scratch::directory::{PREFIX, clean_leftovers};
use dbwright_model::drill::{DrillRecord, FaultOutcome};
use dbwright_model::{Engine, Verdict};

/// Not a test of its own: the process that writes to SQLite. Without its variable it does nothing.
#[test]
fn sqlite_writer() {
    if let Some(outcome) = dbwright_lab::drill::writer::run() {
        outcome.unwrap();
    }
}

fn options(engine: Engine, settings: &[(&str, &str)]) -> CrashOptions {
    let program = std::env::current_exe().unwrap();
    CrashOptions {
        drill: DrillOptions::seeded(11),
        about: About { engine, name: "shop".into(), identity: None, version: None },
        settings: settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        kills: 2,
        cuts: 1,
        writers: 4,
        rate: 1000.0,
        all_settings: false,
        controls: true,
        writer: [program.as_os_str(), "--exact".as_ref(), "sqlite_writer".as_ref()].map(ToOwned::to_owned).to_vec(),
    }
}

/// Runs a drill; none where the engine's server is not on this machine.
fn drill(options: CrashOptions) -> Option<DrillRecord> {
    let name = options.about.engine.id();
    let required = if name == "postgresql" { "postgres15" } else { name };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    match runtime.block_on(async { tokio::task::spawn_blocking(move || run(&options)).await.unwrap() }) {
        Ok(record) => Some(record),
        Err(error) if error.kind == LabErrorKind::ServerMissing => {
            dbwright_testkit::skip(required, &error.message);
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Whether a power cut is possible here; where it is not, the record must say so and not pass.
fn power(record: &DrillRecord) -> bool {
    let untested = record.undecided.iter().any(|text| text.starts_with("power cut not tested"));
    if untested {
        assert_eq!(record.verdict(), Verdict::Undecided, "{:?}", record.differences);
        assert!(!rustix::process::geteuid().is_root(), "root can cut the power: {:?}", record.undecided);
    }
    !untested
}

fn outcome<'a>(record: &'a DrillRecord, fault: &str, setting: &str) -> &'a FaultOutcome {
    let mut all = record.outcomes.iter();
    all.find(|one| one.fault == fault && one.setting.contains(setting)).unwrap_or_else(|| panic!("no {fault} with {setting}: {record:?}"))
}

/// With durable settings nothing is lost, and the drill shows on others that it would notice.
fn durable(engine: Engine, settings: &[(&str, &str)]) {
    let Some(record) = drill(options(engine, settings)) else { return };
    let (acknowledged, lost) = record.acknowledged.unwrap();
    assert!(acknowledged >= 80 && lost == 0, "{acknowledged} acknowledged, {lost} lost: {:?}", record.differences);
    assert_eq!(record.differences, Vec::<String>::new());
    let kill = &record.outcomes[0];
    assert_eq!((kill.fault.as_str(), kill.runs, kill.durable), ("kill", 2, true));
    if power(&record) {
        assert!(record.passed, "{:?}", record.undecided);
        assert_eq!(record.faults, 3);
        assert!(
            record.controls.len() >= 2 && record.controls.iter().all(|control| control.detected == Some(true)),
            "{:?}",
            record.controls
        );
    }
}

#[test]
fn postgresql_keeps_what_it_acknowledged() {
    durable(Engine::Postgresql, &[]);
}

#[test]
fn redis_that_syncs_always_keeps_what_it_acknowledged() {
    durable(Engine::Redis, &[("appendonly", "yes"), ("appendfsync", "always")]);
}

#[test]
fn sqlite_keeps_what_it_acknowledged() {
    durable(Engine::Sqlite, &[("journal_mode", "wal"), ("synchronous", "full")]);
}

#[test]
fn settings_that_lose_fail_the_drill() {
    for (engine, settings) in [
        (Engine::Sqlite, [("journal_mode", "delete"), ("synchronous", "off")]),
        (Engine::Redis, [("appendonly", "yes"), ("appendfsync", "no")]),
        (Engine::Postgresql, [("fsync", "off"), ("synchronous_commit", "on")]),
    ] {
        let Some(record) = drill(CrashOptions { controls: false, kills: 1, ..options(engine, &settings) }) else { continue };
        assert_eq!(outcome(&record, "kill", settings[0].1).lost, 0, "a kill alone does not show it");
        if power(&record) {
            let cut = outcome(&record, "power cut", settings[0].1);
            assert!(cut.lost > 0 && !cut.durable, "{cut:?}");
            assert_eq!(record.verdict(), Verdict::Fail);
            assert!(record.differences[0].contains("acknowledged and missing"), "{:?}", record.differences);
        }
    }
}

/// Not a test of its own: a drill without end, until it is killed.
#[test]
fn drill_without_end() {
    let Ok(engine) = std::env::var("DBWRIGHT_TEST_DRILL") else { return };
    let mut options = options(Engine::from_id(&engine).unwrap(), &[]);
    (options.kills, options.cuts) = (1, 1000);
    options.drill.progress = std::sync::Arc::new(|what: &str| {
        println!("\nPROGRESS {what}");
        let _ = std::io::stdout().flush();
    });
    let _ = drill(options);
}

fn scratch_of(process: u32) -> Vec<PathBuf> {
    let mine = format!("{PREFIX}{process}-");
    let entries = std::fs::read_dir(std::env::temp_dir()).unwrap().flatten();
    entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(&mine)).map(|entry| entry.path()).collect()
}

fn mounted(below: &str) -> bool {
    std::fs::read_to_string("/proc/self/mountinfo").unwrap().contains(below)
}

/// Killed in the middle of faults: no process, no mount, no directory stays.
#[test]
fn a_killed_drill_leaves_nothing() {
    for engine in ["sqlite", "redis"] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "drill_without_end", "--nocapture"])
            .env("DBWRIGHT_TEST_DRILL", engine)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mine = format!("{PREFIX}{}-", child.id());
        let is_root = rustix::process::geteuid().is_root();
        let end = Instant::now() + Duration::from_secs(60);
        // With root until its disk is there, else until it has begun.
        while !(if is_root { mounted(&mine) } else { !scratch_of(child.id()).is_empty() }) {
            let ended = child.try_wait().unwrap();
            if ended.is_some() && engine != "sqlite" {
                dbwright_testkit::skip(engine, "it can't be drilled here");
                return;
            }
            assert!(Instant::now() < end && ended.is_none(), "it never came to its disk");
            std::thread::sleep(Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let end = Instant::now() + Duration::from_secs(20);
        while mounted(&mine) || !scratch_of(child.id()).is_empty() {
            clean_leftovers();
            assert!(Instant::now() < end, "a mount or directory stayed: {:?}", scratch_of(child.id()));
            std::thread::sleep(Duration::from_millis(50));
        }
        let works = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| std::fs::read_link(entry.path().join("cwd")).ok());
        assert!(!works.into_iter().any(|place| place.to_string_lossy().contains(&mine)), "a process stayed");
    }
}
