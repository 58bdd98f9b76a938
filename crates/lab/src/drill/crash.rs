//! The crash drill: writers write, the system is killed or loses its power, and what it holds afterwards is compared with what
//! the writers were told. Killing proves little, as the system's cache survives it; only a power cut tells whether what was
//! acknowledged was on the disk. Where no power can be cut the drill says so and is undecided.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::{Duration, Instant};

use dbwright_analysis::ledger::{Attempts, Judgement, judge};
use dbwright_engines::EngineError;
use dbwright_model::Engine;
use dbwright_model::drill::{Control, DrillCheck, DrillRecord, FaultOutcome};
use dbwright_model::gate::Verdict;
use dbwright_model::ledger::{Image, Outcome};
use tokio::runtime::Handle;

use super::load::{Load, Pace, connect};
use super::subject::{ANSWER_LIMIT, Making, Site};
use super::{About, DrillOptions, Random, Timeline, begin, end};
use crate::error::{LabError, LabErrorKind};

/// Tries at most until a setting that keeps less than it was told shows it.
const CONTROL_TRIES: u32 = 4;
/// Writes that must have been acknowledged between two faults, and how long they are waited for.
const WRITES_BETWEEN: u64 = 40;
const WRITES_LIMIT: Duration = Duration::from_secs(30);
/// Reading back what was written.
const IMAGE_LIMIT: Duration = Duration::from_secs(60);

/// A way to break it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// SIGKILL of all its processes at once: what the system has taken over survives.
    Kill,
    /// The disk below it loses its power: what was not synced is gone.
    PowerCut,
}

impl Fault {
    /// Its name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::PowerCut => "power cut",
        }
    }
}

/// How a crash drill is run.
#[derive(Clone)]
pub struct CrashOptions {
    /// What all drills are run with.
    pub drill: DrillOptions,
    /// What it is about.
    pub about: About,
    /// Settings of the user's that decide durability.
    pub settings: Vec<(String, String)>,
    /// Kills with these settings.
    pub kills: u32,
    /// Power cuts with these settings.
    pub cuts: u32,
    /// Writers.
    pub writers: u32,
    /// Writes a second of all writers.
    pub rate: f64,
    /// Also every other combination of the settings that decide durability, each killed and cut once.
    pub all_settings: bool,
    /// Whether settings that must lose are tried, to see that the drill notices.
    pub controls: bool,
    /// Program and arguments that run [`super::writer::run`], for SQLite.
    pub writer: Vec<OsString>,
}

/// Runs the drill. Must be called on a thread of a runtime that may block.
///
/// # Errors
/// When a server program is missing or does not start before the first fault, or the end was asked for. A server that
/// does not come back after a fault is no error but what the drill has found.
pub fn run(options: &CrashOptions) -> Result<DrillRecord, LabError> {
    crate::scratch::directory::clean_leftovers();
    let mut drill = Drill {
        runtime: Handle::try_current().map_err(|_| LabError::new(LabErrorKind::Server, "a drill runs within a runtime only"))?,
        record: begin("crash", &options.about, options.drill.seed),
        time: Timeline::start(),
        random: Random(options.drill.seed),
        no_power: None,
        options,
    };
    drill.record.settings = options.settings.iter().cloned().collect();
    drill.own()?;
    if options.all_settings {
        drill.others()?;
    }
    if options.controls {
        drill.controls()?;
    }
    let Drill { mut record, time, .. } = drill;
    record.phases = time.phases;
    end(&mut record);
    Ok(record)
}

/// One combination of settings under one fault.
struct Round<'a> {
    fault: Fault,
    settings: Vec<(String, String)>,
    runs: u32,
    /// Ends as soon as something was lost.
    until_lost: bool,
    label: &'a str,
}

/// What came of it.
struct Played {
    outcome: FaultOutcome,
    refused_present: u64,
    late: (u64, u64),
}

struct Drill<'a> {
    options: &'a CrashOptions,
    runtime: Handle,
    record: DrillRecord,
    time: Timeline,
    random: Random,
    /// Why power can't be cut here, once that is known.
    no_power: Option<String>,
}

impl Drill<'_> {
    /// The user's settings: what the verdict is about.
    fn own(&mut self) -> Result<(), LabError> {
        let settings = self.options.settings.clone();
        for (fault, runs) in [(Fault::Kill, self.options.kills), (Fault::PowerCut, self.options.cuts)] {
            if runs == 0 {
                self.record.undecided.push(format!("{} not tested: none was asked for", fault.name()));
                continue;
            }
            let round = Round { fault, settings: settings.clone(), runs, until_lost: false, label: "" };
            let Some(result) = self.round(&round)? else {
                let why = self.no_power.clone().unwrap_or_default();
                self.record
                    .undecided
                    .push(format!("power cut not tested: {why}. A kill alone does not prove that anything was on the disk."));
                continue;
            };
            self.judge_own(fault, &result);
        }
        Ok(())
    }

    fn judge_own(&mut self, fault: Fault, result: &Played) {
        let outcome = &result.outcome;
        let (acknowledged, lost) = self.record.acknowledged.unwrap_or_default();
        self.record.acknowledged = Some((acknowledged + outcome.acknowledged, lost + outcome.lost));
        self.record.faults += outcome.runs;
        let mut found = 0;
        let wrong = [
            (outcome.lost, "acknowledged and missing"),
            (outcome.never_attempted, "present and never attempted"),
            (outcome.torn, "transactions of which a part is there"),
            (outcome.phantom, "values that no write could have made"),
            (result.refused_present, "refused and present all the same"),
        ];
        for (count, what) in wrong.into_iter().filter(|(count, _)| *count > 0) {
            found += count;
            self.record.differences.push(format!("{}, {}: {count} {what}", fault.name(), outcome.setting));
        }
        if outcome.acknowledged == 0 {
            self.record.undecided.push(format!("{}: no write was acknowledged, so that nothing was proved", fault.name()));
        }
        let verdict = if found > 0 { Verdict::Fail } else { Verdict::Pass };
        let bound = 300.0 / (outcome.runs.max(1) as f64);
        let detail = if found > 0 {
            format!("{found} writes of {} are not as they must be", outcome.acknowledged)
        } else {
            format!(
                "0 of {} lost in {}; with 95 % confidence fewer than {:.0} % of such faults lose anything",
                outcome.acknowledged,
                plural(outcome.runs, fault.name()),
                bound.min(100.0)
            )
        };
        self.record.checks.push(DrillCheck { check: format!("ledger, {}", fault.name()), verdict, detail });
        let (sent, late) = result.late;
        if sent > 0 && late * 10 > sent {
            let share = late as f64 * 100.0 / sent as f64;
            self.record.remarks.push(format!(
                "{}: {share:.0} % of the writes were sent later than planned; the machine could not keep the rate",
                fault.name()
            ));
        }
        self.record.outcomes.push(outcome.clone());
    }

    /// All other combinations, for comparison.
    fn others(&mut self) -> Result<(), LabError> {
        for settings in combinations(self.options.about.engine) {
            for fault in [Fault::Kill, Fault::PowerCut] {
                let round = Round { fault, settings: settings.clone(), runs: 1, until_lost: false, label: "compared: " };
                if let Some(result) = self.round(&round)? {
                    let outcome = result.outcome;
                    if outcome.durable && outcome.lost > 0 {
                        self.record.differences.push(format!("{}, {}: {} lost", fault.name(), outcome.setting, outcome.lost));
                    }
                    self.record.outcomes.push(outcome);
                }
            }
        }
        Ok(())
    }

    /// Settings that lose: a drill that finds nothing there finds nothing anywhere.
    fn controls(&mut self) -> Result<(), LabError> {
        for (name, fault, settings) in planted(self.options.about.engine) {
            let round = Round { fault, settings, runs: CONTROL_TRIES, until_lost: true, label: "planted: " };
            let control = match self.round(&round)? {
                None => Control { fault: name.to_owned(), detected: None, detail: self.no_power.clone().unwrap_or_default() },
                Some(result) => {
                    let outcome = result.outcome;
                    let detail = format!("{} of {} lost after {}", outcome.lost, outcome.acknowledged, plural(outcome.runs, fault.name()));
                    let detected = Some(outcome.lost > 0);
                    self.record.outcomes.push(outcome);
                    Control { fault: name.to_owned(), detected, detail }
                }
            };
            self.record.controls.push(control);
        }
        Ok(())
    }

    /// Runs a round and takes its time; none when power can't be cut here.
    fn round(&mut self, round: &Round<'_>) -> Result<Option<Played>, LabError> {
        if round.fault == Fault::PowerCut && self.no_power.is_some() {
            return Ok(None);
        }
        let name = format!("{}{}", round.label, round.fault.name());
        (self.options.drill.progress)(&format!("{name}, {}", label(&round.settings)));
        let (options, runtime, random) = (self.options, self.runtime.clone(), &mut self.random);
        let mut version = String::new();
        let outcome = self.time.phase(&name, false, || play(options, &runtime, random, round, &mut version));
        self.time.detail(label(&round.settings), None);
        if !version.is_empty() {
            self.record.versions.insert("scratch".to_owned(), version);
        }
        match outcome {
            Err(error) if error.kind == LabErrorKind::Unsupported && round.fault == Fault::PowerCut => {
                self.no_power = Some(error.message);
                Ok(None)
            }
            Err(_) if self.options.drill.cancel.is_cancelled() => Err(LabError::interrupted()),
            other => other.map(Some),
        }
    }
}

fn plural(count: u64, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// Settings as one text.
fn label(settings: &[(String, String)]) -> String {
    let parts: Vec<String> = settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
    if parts.is_empty() { "defaults".to_owned() } else { parts.join(" ") }
}

/// The faults of one round on one site.
fn play(
    options: &CrashOptions,
    runtime: &Handle,
    random: &mut Random,
    round: &Round<'_>,
    version: &mut String,
) -> Result<Played, LabError> {
    let making = Making {
        engine: options.about.engine,
        settings: round.settings.clone(),
        server_bin: options.drill.server_bin.clone(),
        writer: options.writer.clone(),
        cancel: options.drill.cancel.clone(),
    };
    let mut site = Site::open(&making, round.fault == Fault::PowerCut)?;
    *version = site.subject.version();
    let engine = options.about.engine;
    prepare(runtime, engine, &site, options.writers)?;
    site.settle()?;
    let pace = Pace { writers: options.writers, rate: options.rate };
    let load = Load::start(runtime, engine, vec![site.subject.place()], options.drill.seed, pace);
    let mut tally = Tally { seed: options.drill.seed, ..Tally::default() };
    for _ in 0..round.runs {
        if options.drill.cancel.is_cancelled() {
            return Err(LabError::interrupted());
        }
        load.resume();
        let wait = Duration::from_millis(300 + random.below(500));
        let enough = wait_for_writes(options, &load, wait);
        let at_us = load.clock_us();
        let fault = match round.fault {
            Fault::Kill => site.kill(),
            Fault::PowerCut => site.cut(),
        };
        load.pause();
        fault?;
        tally.attempts.add(&load.take());
        tally.runs += 1;
        let came_back = tally.look(runtime, engine, &mut site, at_us);
        if !came_back || !enough || (round.until_lost && !tally.total.lost.is_empty()) {
            break;
        }
    }
    let late = load.sent_and_late();
    Ok(tally.result(round, engine, late))
}

fn prepare(runtime: &Handle, engine: Engine, site: &Site, writers: u32) -> Result<(), LabError> {
    let place = site.subject.place();
    let prepared: Result<(), EngineError> = runtime.block_on(async {
        let mut client = connect(engine, &place).await?;
        client.prepare(writers, 0).await
    });
    Ok(prepared?)
}

/// Waits so long, and until enough was acknowledged; tells whether it was.
fn wait_for_writes(options: &CrashOptions, load: &Load, wait: Duration) -> bool {
    let (before, began) = (load.acknowledged(), Instant::now());
    loop {
        let enough = load.acknowledged() >= before + WRITES_BETWEEN;
        if (enough && began.elapsed() >= wait) || began.elapsed() > WRITES_LIMIT || options.drill.cancel.is_cancelled() {
            return enough;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// What is known of a site after some faults.
#[derive(Default)]
struct Tally {
    seed: u64,
    attempts: Attempts,
    runs: u64,
    /// All that was ever found wrong; each loss is counted at its fault.
    total: Judgement,
    oldest_lost_ms: Option<f64>,
    back_seconds: f64,
    remarks: Vec<String>,
}

impl Tally {
    /// Starts the system again and compares what it holds; tells whether it came back.
    fn look(&mut self, runtime: &Handle, engine: Engine, site: &mut Site, fault_us: u64) -> bool {
        let began = Instant::now();
        let place = |site: &Site| site.subject.place();
        let image = site.subject.start().map_err(|error| error.message).and_then(|()| {
            self.back_seconds = self.back_seconds.max(began.elapsed().as_secs_f64());
            runtime.block_on(read_back(engine, &place(site)))
        });
        let found = match image {
            Ok(image) => judge(self.seed, &self.attempts, &image),
            Err(words) => {
                self.remarks.push(format!("it did not come back, so that all is lost: {}", words.chars().take(300).collect::<String>()));
                Judgement { lost: self.attempts.acknowledged(), ..Judgement::default() }
            }
        };
        let came_back = self.remarks.is_empty();
        let new = found.since(&self.total);
        let oldest = new.lost.iter().filter_map(|id| self.attempts.at_us(*id)).min();
        if let Some(oldest) = oldest {
            let age = fault_us.saturating_sub(oldest) as f64 / 1000.0;
            self.oldest_lost_ms = Some(self.oldest_lost_ms.map_or(age, |known| known.max(age)));
        }
        let kept = found.unknown_kept;
        self.total.extend(&found);
        self.total.unknown_kept = kept;
        came_back
    }

    fn result(self, round: &Round<'_>, engine: Engine, late: (u64, u64)) -> Played {
        let count = |set: &std::collections::BTreeSet<_>| set.len() as u64;
        let mut remarks = self.remarks;
        let unknown = self.attempts.count(Outcome::Unknown);
        if unknown > 0 {
            remarks.push(format!("{} of {unknown} unanswered writes are there; either is right", self.total.unknown_kept));
        }
        if self.back_seconds > 0.0 {
            remarks.push(format!("took connections again after {:.2} s at the longest", self.back_seconds));
        }
        let outcome = FaultOutcome {
            fault: round.fault.name().to_owned(),
            setting: format!("{}{}", round.label, label(&round.settings)),
            durable: promises(engine, &round.settings, round.fault),
            runs: self.runs,
            acknowledged: self.attempts.count(Outcome::Acknowledged),
            unknown,
            lost: count(&self.total.lost),
            never_attempted: count(&self.total.never_attempted),
            torn: count(&self.total.torn),
            phantom: count(&self.total.phantom),
            oldest_lost_ms: self.oldest_lost_ms,
            remarks,
            ..FaultOutcome::default()
        };
        Played { outcome, refused_present: count(&self.total.refused_present), late }
    }
}

async fn read_back(engine: Engine, place: &dbwright_engines::drill::Place) -> Result<Image, String> {
    let patient = dbwright_engines::drill::Place { limit: IMAGE_LIMIT.max(ANSWER_LIMIT), ..place.clone() };
    let mut client = connect(engine, &patient).await.map_err(|error| error.to_string())?;
    let image = tokio::time::timeout(IMAGE_LIMIT, client.image()).await;
    image.map_err(|_| "reading back took too long".to_owned())?.map_err(|error| error.to_string())
}

/// Whether an engine promises to keep what it acknowledges with these settings under this fault; sources: the manuals of
/// PostgreSQL (Reliability; synchronous_commit), SQLite (PRAGMA synchronous, journal_mode) and Redis (persistence).
#[must_use]
pub fn promises(engine: Engine, settings: &[(String, String)], fault: Fault) -> bool {
    let given: BTreeMap<&str, String> = settings.iter().map(|(name, value)| (name.as_str(), value.to_ascii_lowercase())).collect();
    let value = |name: &str, otherwise: &str| given.get(name).cloned().unwrap_or_else(|| otherwise.to_owned());
    let power = fault == Fault::PowerCut;
    match engine {
        Engine::Postgresql => {
            let asynchronous = value("synchronous_commit", "on") == "off";
            !asynchronous && (!power || (value("fsync", "on") == "on" && value("full_page_writes", "on") == "on"))
        }
        Engine::Redis => value("appendonly", "yes") == "yes" && (!power || value("appendfsync", "everysec") == "always"),
        Engine::Sqlite => {
            let (journal, level) = (value("journal_mode", "delete"), value("synchronous", "full"));
            let journal_kept = !matches!(journal.as_str(), "off" | "memory");
            let synced = matches!(level.as_str(), "full" | "extra" | "2" | "3");
            journal_kept && (!power || synced || (journal != "wal" && matches!(level.as_str(), "normal" | "1")))
        }
        _ => false,
    }
}

fn pairs(settings: &[(&str, &str)]) -> Vec<(String, String)> {
    settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// A name, the fault that shows it, and settings.
type Planted = (&'static str, Fault, Vec<(String, String)>);

/// Settings that lose what they acknowledge, with the fault that shows it.
fn planted(engine: Engine) -> Vec<Planted> {
    match engine {
        Engine::Postgresql => vec![
            ("synchronous_commit off", Fault::Kill, pairs(&[("synchronous_commit", "off"), ("wal_writer_delay", "5s")])),
            ("fsync off", Fault::PowerCut, pairs(&[("fsync", "off")])),
        ],
        Engine::Redis => vec![
            ("appendonly no", Fault::Kill, pairs(&[("appendonly", "no"), ("save", "")])),
            ("appendfsync no", Fault::PowerCut, pairs(&[("appendonly", "yes"), ("appendfsync", "no")])),
        ],
        Engine::Sqlite => vec![
            ("synchronous off", Fault::PowerCut, pairs(&[("journal_mode", "delete"), ("synchronous", "off")])),
            ("WAL with synchronous normal", Fault::PowerCut, pairs(&[("journal_mode", "wal"), ("synchronous", "normal")])),
        ],
        _ => Vec::new(),
    }
}

/// Combinations of the settings that decide durability.
fn combinations(engine: Engine) -> Vec<Vec<(String, String)>> {
    let cross = |(first, firsts): (&str, &[&str]), (second, seconds): (&str, &[&str])| {
        firsts.iter().flat_map(|one| seconds.iter().map(|two| pairs(&[(first, one), (second, two)]))).collect()
    };
    match engine {
        Engine::Postgresql => cross(("fsync", &["on", "off"]), ("synchronous_commit", &["on", "local", "off"])),
        Engine::Redis => cross(("appendonly", &["yes"]), ("appendfsync", &["always", "everysec", "no"])),
        Engine::Sqlite => {
            cross(("journal_mode", &["delete", "truncate", "persist", "wal"]), ("synchronous", &["extra", "full", "normal", "off"]))
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_engines_promise() {
        let promise = |engine, settings: &[(&str, &str)], fault| promises(engine, &pairs(settings), fault);
        assert!(promise(Engine::Postgresql, &[], Fault::PowerCut));
        assert!(!promise(Engine::Postgresql, &[("synchronous_commit", "OFF")], Fault::Kill));
        assert!(
            promise(Engine::Postgresql, &[("fsync", "off")], Fault::Kill)
                && !promise(Engine::Postgresql, &[("fsync", "off")], Fault::PowerCut)
        );
        assert!(promise(Engine::Redis, &[], Fault::Kill) && !promise(Engine::Redis, &[], Fault::PowerCut));
        assert!(promise(Engine::Redis, &[("appendfsync", "always")], Fault::PowerCut));
        assert!(!promise(Engine::Sqlite, &[("journal_mode", "wal"), ("synchronous", "normal")], Fault::PowerCut));
        assert!(!promise(Engine::Sqlite, &[("journal_mode", "memory")], Fault::Kill));
        for engine in [Engine::Postgresql, Engine::Redis, Engine::Sqlite] {
            for (name, fault, settings) in planted(engine) {
                assert!(!promises(engine, &settings, fault), "{name} must be able to lose");
            }
        }
    }
}
