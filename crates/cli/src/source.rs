//! From a target to facts: a server or file through its driver, a project through the lab, a Facts file as it stands.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dbwright_engines::options::ReadRows;
use dbwright_engines::{CollectOptions, Endpoint, Target, driver_for};
use dbwright_lab::LabError;
use dbwright_lab::cancel::Cancel;
use dbwright_lab::scratch::{ScratchDatabase, ScratchOptions};
use dbwright_model::facts::FACTS_SCHEMA;
use dbwright_model::{Engine, Facts, Timestamp};

use crate::args::TargetArgs;
use crate::failure::Failure;
use crate::screen::Screen;

/// Reads facts from what the arguments name: more than one when all databases of a server were asked for. Ctrl-C and SIGTERM
/// end it; what was started is cleaned up.
pub fn facts(args: &TargetArgs, screen: &Screen) -> Result<Vec<Facts>, Failure> {
    facts_with(args, screen, |_| {})
}

/// As [`facts`], with the options of collecting changed.
pub fn facts_with(args: &TargetArgs, screen: &Screen, change: impl FnOnce(&mut CollectOptions)) -> Result<Vec<Facts>, Failure> {
    let mut all = read(args, screen, change)?;
    all.iter_mut().for_each(dbwright_analysis::prepare);
    Ok(all)
}

fn read(args: &TargetArgs, screen: &Screen, change: impl FnOnce(&mut CollectOptions)) -> Result<Vec<Facts>, Failure> {
    let text = args.target.as_deref().filter(|text| !text.is_empty()).ok_or_else(no_target)?;
    let mut options = options(args)?;
    change(&mut options);
    match Target::recognise(text)? {
        Target::Facts(path) => Ok(vec![read_file(&path)?]),
        Target::Project(path) => Ok(vec![project(&path, args, options, screen)?]),
        Target::Endpoint(endpoint) => server(endpoint, args, &options, screen),
    }
}

fn no_target() -> Failure {
    Failure::new("no target was given and DATABASE_URL is not set")
        .hint("Give a URL such as postgres://user@host/database, a SQLite file, a Facts file or a project directory.")
}

/// Reads a Facts file.
pub fn read_file(path: &Path) -> Result<Facts, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::file("reading", path, &error))?;
    let facts: Facts = serde_json::from_str(&text).map_err(|error| {
        Failure::new(format_args!("reading {}: it is not a Facts file: {error}", path.display()))
            .hint("A Facts file is what `dbwright collect TARGET -o FILE` writes.")
    })?;
    if facts.schema != FACTS_SCHEMA {
        return Err(Failure::new(format_args!("reading {}: its schema is {:?}, not {FACTS_SCHEMA:?}", path.display(), facts.schema))
            .hint("Collect it again with this version of dbwright."));
    }
    Ok(facts)
}

fn options(args: &TargetArgs) -> Result<CollectOptions, Failure> {
    let mut options = CollectOptions::at(now(args.now.as_deref())?);
    options.statement_timeout = seconds("--statement-timeout", args.statement_timeout)?;
    options.connect_timeout = seconds("--connect-timeout", args.connect_timeout)?;
    options.read_rows = match args.read_rows.as_deref() {
        None => ReadRows::Never,
        Some("all") => ReadRows::All,
        Some(text) => ReadRows::Sample(
            text.parse().map_err(|_| Failure::new(format_args!("--read-rows takes a number of rows or `all`, not {text:?}")))?,
        ),
    };
    options.prompt = std::io::IsTerminal::is_terminal(&std::io::stdin());
    Ok(options)
}

fn seconds(flag: &str, value: f64) -> Result<Duration, Failure> {
    Duration::try_from_secs_f64(value)
        .ok()
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| Failure::new(format_args!("{flag} takes a number of seconds above 0, not {value}")))
}

fn now(given: Option<&str>) -> Result<Timestamp, Failure> {
    match given {
        Some(text) => Timestamp::parse(text).map_err(Failure::new),
        None => Ok(Timestamp::from_seconds(jiff::Timestamp::now().as_second())),
    }
}

fn server(mut endpoint: Endpoint, args: &TargetArgs, options: &CollectOptions, screen: &Screen) -> Result<Vec<Facts>, Failure> {
    let engine = endpoint.engine;
    let driver = driver_for(engine).ok_or_else(|| not_built_in(engine))?;
    if args.all_databases {
        endpoint.options.insert("all_databases".to_owned(), "1".to_owned());
    }
    let progress = screen.progress(&format!("reading {endpoint}"));
    let facts = runtime()?.block_on(async {
        tokio::select! {
            result = (driver.collect)(&endpoint, options) => result.map_err(Failure::from),
            signal = interrupted() => Err(signal),
        }
    });
    drop(progress);
    facts
}

fn not_built_in(engine: Engine) -> Failure {
    Failure::new(format_args!("this dbwright was built without {engine}"))
        .hint("`dbwright engines` lists what is built in; a Facts file of such a database can be reviewed all the same.")
}

fn project(path: &Path, args: &TargetArgs, collect: CollectOptions, screen: &Screen) -> Result<Facts, Failure> {
    let progress = Arc::new(screen.progress(&format!("building {}", path.display())));
    let shown = Arc::clone(&progress);
    let options = dbwright_lab::project::Options {
        collect,
        server_bin: args.server_bin.clone(),
        progress: Arc::new(move |what: &str| shown.now(what)),
        ..dbwright_lab::project::Options::default()
    };
    let facts = runtime()?.block_on(async {
        tokio::select! {
            result = dbwright_lab::project::review_facts(path, &options) => result.map_err(Failure::from),
            signal = interrupted() => Err(signal),
        }
    });
    drop(progress);
    facts
}

/// A runtime of few threads.
pub fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format_args!("starting the runtime: {error}")))
}

/// Waits for Ctrl-C or SIGTERM.
pub async fn interrupted() -> Failure {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    let name = tokio::select! {
        _ = tokio::signal::ctrl_c() => "Ctrl-C",
        _ = terminate.recv() => "SIGTERM",
    };
    Failure::new(format_args!("interrupted by {name}; nothing was left behind"))
}

/// A database ready to be looked at more closely: its facts, where its rows are, and the scratch database that it is in, if it
/// was built for this.
pub struct Opened {
    /// Its facts.
    pub facts: Facts,
    /// Where its rows are; none of a Facts file.
    pub endpoint: Option<Endpoint>,
    /// The scratch database of a project, or the clone of a file.
    pub scratch: Option<Box<dyn ScratchDatabase>>,
    /// Set when the user asks for the end.
    pub cancel: Cancel,
    /// How facts were collected.
    pub options: CollectOptions,
    progress: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Opened {
    /// Says what is being done now.
    pub fn now(&self, what: &str) {
        (self.progress)(what);
    }

    /// The function that says it, for the lab.
    pub fn progress(&self) -> dbwright_lab::project::Progress {
        Arc::clone(&self.progress)
    }
}

/// Opens a target, of a project without running its workload, and works on it off the runtime's own threads. Ctrl-C sets the
/// switch and waits for the work to end.
pub fn with_database<T: Send + 'static>(
    args: &TargetArgs,
    rows: Option<ReadRows>,
    screen: &Screen,
    work: impl FnOnce(&mut Opened) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    with_database_and(args, screen, |options| options.read_rows = rows.unwrap_or(options.read_rows), work)
}

/// As [`with_database`], with the options of collecting changed.
pub fn with_database_and<T: Send + 'static>(
    args: &TargetArgs,
    screen: &Screen,
    change: impl FnOnce(&mut CollectOptions),
    work: impl FnOnce(&mut Opened) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let text = args.target.clone().filter(|text| !text.is_empty()).ok_or_else(no_target)?;
    let mut options = options(args)?;
    options.explain = false;
    change(&mut options);
    let target = Target::recognise(&text)?;
    let server_bin = args.server_bin.clone();
    interruptible(&format!("reading {text}"), screen, move |cancel, progress| {
        let scratch_options = ScratchOptions { server_bin, cancel: cancel.clone(), ..ScratchOptions::default() };
        let mut opened = open(target, options, &scratch_options, progress)?;
        dbwright_analysis::prepare(&mut opened.facts);
        work(&mut opened)
    })
}

fn open(
    target: Target,
    options: CollectOptions,
    scratch_options: &ScratchOptions,
    progress: Arc<dyn Fn(&str) + Send + Sync>,
) -> Result<Opened, Failure> {
    let cancel = scratch_options.cancel.clone();
    let (facts, endpoint, scratch) = match target {
        Target::Facts(path) => (read_file(&path)?, None, None),
        Target::Endpoint(endpoint) => {
            let driver = driver_for(endpoint.engine).ok_or_else(|| not_built_in(endpoint.engine))?;
            let collected = tokio::runtime::Handle::current().block_on(async {
                tokio::select! {
                    found = (driver.collect)(&endpoint, &options) => found.map_err(Failure::from),
                    () = cancel.cancelled() => Err(LabError::interrupted().into()),
                }
            })?;
            let facts =
                collected.into_iter().next().ok_or_else(|| Failure::new(format_args!("{endpoint} has no database that lets us in")))?;
            (facts, Some(endpoint), None)
        }
        Target::Project(path) => {
            let (scratch, facts) = dbwright_lab::project::open(&path, scratch_options, &options, &progress)?;
            (facts, scratch.endpoint(), Some(scratch))
        }
    };
    Ok(Opened { facts, endpoint, scratch, cancel, options, progress })
}

/// Runs work off the runtime's own threads, within the runtime; Ctrl-C sets the switch and waits for the work to end.
pub fn interruptible<T: Send + 'static>(
    what: &str,
    screen: &Screen,
    work: impl FnOnce(Cancel, Arc<dyn Fn(&str) + Send + Sync>) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let progress = Arc::new(screen.progress(what));
    let shown = Arc::clone(&progress);
    let cancel = Cancel::default();
    let inside = cancel.clone();
    let result = runtime()?.block_on(async {
        let mut task = tokio::task::spawn_blocking(move || work(inside, Arc::new(move |what: &str| shown.now(what))));
        let lost = |_| Failure::new("a part of the program ended early: this is a defect, please report it");
        tokio::select! {
            done = &mut task => done.map_err(lost)?,
            signal = interrupted() => {
                cancel.cancel();
                // Whatever it still had to say is about the interruption.
                let _ = task.await;
                Err(signal)
            }
        }
    });
    drop(progress);
    result
}
