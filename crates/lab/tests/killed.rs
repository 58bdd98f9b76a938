//! A run that is killed half-way leaves nothing: no directory, no server, whether or not its watcher lives.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dbwright_lab::project::{Options, review_facts};
use dbwright_lab::scratch::ScratchOptions;
use dbwright_lab::scratch::directory::{PREFIX, clean_leftovers};
use dbwright_lab::scratch::record::{FILE_NAME, Record};
use dbwright_model::blueprint::{Blueprint, Made};
use dbwright_model::{Engine, Timestamp};

/// Not a test of its own: what the others start and kill. Without its variable it does nothing.
#[test]
fn build_without_end() {
    let Ok(project) = std::env::var("DBWRIGHT_TEST_PROJECT") else { return };
    let progress = |what: &str| {
        println!("\nPROGRESS {what}");
        let _ = std::io::stdout().flush();
    };
    let options = Options { progress: Arc::new(progress), ..Options::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let outcome = runtime.block_on(review_facts(Path::new(&project), &options));
    panic!("the build ended by itself: {:?}", outcome.err());
}

struct Run {
    child: Child,
    scratch: PathBuf,
    server: Option<i32>,
    _project: tempfile::TempDir,
}

/// Starts a build and waits until it loads data that never end.
fn start(schema: &str, data: &str) -> Run {
    let project = tempfile::tempdir().unwrap();
    std::fs::write(project.path().join("schema.sql"), schema).unwrap();
    std::fs::write(project.path().join("data.sql"), data).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "build_without_end", "--nocapture"])
        .env("DBWRIGHT_TEST_PROJECT", project.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.is_ok_and(|line| line.contains("loading data.sql"))), "it never came to loading");
    let mine = format!("{PREFIX}{}-", child.id());
    let scratch = std::fs::read_dir(std::env::temp_dir())
        .unwrap()
        .flatten()
        .find(|entry| entry.file_name().to_string_lossy().starts_with(&mine))
        .map(|entry| entry.path())
        .expect("its scratch directory");
    let server = Record::read(&scratch).expect("its record").server.map(|server| server.id);
    Run { child, scratch, server, _project: project }
}

fn watcher_of(scratch: &Path) -> Option<i32> {
    let processes =
        std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_string_lossy().parse::<i32>().ok());
    processes.into_iter().find(|id| {
        let arguments = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        let arguments = String::from_utf8_lossy(&arguments).into_owned();
        arguments.contains("dbwright-watcher") && arguments.contains(&*scratch.to_string_lossy())
    })
}

fn kill(id: i32) {
    rustix::process::kill_process(rustix::process::Pid::from_raw(id).unwrap(), rustix::process::Signal::KILL).unwrap();
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(15);
    while !done() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn is_gone(run: &Run) -> bool {
    !run.scratch.exists() && run.server.is_none_or(|id| !Path::new(&format!("/proc/{id}")).exists())
}

const SQLITE: (&str, &str) =
    ("CREATE TABLE t (a INT);", "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) INSERT INTO t SELECT i FROM n;");
const POSTGRESQL: (&str, &str) = ("CREATE TABLE t (a bigserial);", "SELECT pg_sleep(600);");

#[test]
fn a_killed_sqlite_build_is_cleaned_up_by_its_watcher() {
    let mut run = start(SQLITE.0, SQLITE.1);
    run.child.kill().unwrap();
    run.child.wait().unwrap();
    wait_until("the scratch directory stayed", || is_gone(&run));
}

#[test]
fn without_its_watcher_the_next_run_cleans_up() {
    let mut run = start(SQLITE.0, SQLITE.1);
    kill(watcher_of(&run.scratch).expect("a watcher"));
    run.child.kill().unwrap();
    run.child.wait().unwrap();
    assert!(run.scratch.join(FILE_NAME).exists());
    clean_leftovers();
    assert!(is_gone(&run));
}

#[test]
fn a_killed_postgresql_build_leaves_neither_server_nor_directory() {
    if dbwright_lab::scratch::postgres::Programs::find(None).is_err() {
        assert!(!std::env::var("DBWRIGHT_REQUIRE").unwrap_or_default().contains("postgres"), "PostgreSQL is required here");
        eprintln!("SKIPPED for want of PostgreSQL");
        return;
    }
    let mut run = start(POSTGRESQL.0, POSTGRESQL.1);
    assert!(run.server.is_some());
    run.child.kill().unwrap();
    run.child.wait().unwrap();
    wait_until("server or directory stayed", || is_gone(&run));

    let mut run = start(POSTGRESQL.0, POSTGRESQL.1);
    kill(watcher_of(&run.scratch).expect("a watcher"));
    run.child.kill().unwrap();
    run.child.wait().unwrap();
    assert!(Path::new(&format!("/proc/{}", run.server.unwrap())).exists(), "the server runs on");
    clean_leftovers();
    wait_until("server or directory stayed", || is_gone(&run));
}

/// Not a test of its own either: a ghost and a proof, over and over, until it is killed.
#[test]
fn ghosts_without_end() {
    let Ok(mode) = std::env::var("DBWRIGHT_TEST_GHOSTS") else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    println!("\nPROGRESS begun");
    let _ = std::io::stdout().flush();
    runtime.block_on(async { tokio::task::spawn_blocking(move || build_ghosts(&mode)).await.unwrap() });
}

fn build_ghosts(mode: &str) {
    let mut print = Blueprint::empty(Engine::Postgresql, "15", "x", Timestamp(0));
    print.objects.push(Made { kind: "table".into(), name: "t".into(), statement: "CREATE TABLE public.t (a int)".into() });
    loop {
        if mode == "ghost" {
            let mut ghost = dbwright_lab::ghost::build(&print, &ScratchOptions::default()).unwrap();
            for _ in 0..500 {
                ghost.plan("SELECT * FROM t WHERE a = 1").unwrap();
            }
        } else {
            let mut scratch = dbwright_lab::scratch::open(Engine::Postgresql, &ScratchOptions::default()).unwrap();
            scratch.execute("CREATE TABLE t AS SELECT generate_series(1, 1000) AS a").unwrap();
            let mut copy = scratch.fork().unwrap();
            copy.chill().unwrap();
            copy.run("SELECT * FROM t", Duration::from_secs(5)).unwrap();
        }
    }
}

fn scratch_of(process: u32) -> Vec<PathBuf> {
    let mine = format!("{PREFIX}{process}-");
    let entries = std::fs::read_dir(std::env::temp_dir()).unwrap().flatten();
    entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(&mine)).map(|entry| entry.path()).collect()
}

/// Whether a process works in one of these directories, gone or not.
fn works_in(directories: &[PathBuf]) -> bool {
    let links = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| std::fs::read_link(entry.path().join("cwd")).ok());
    let texts: Vec<String> = links.map(|link| link.to_string_lossy().into_owned()).collect();
    texts.iter().any(|text| directories.iter().any(|directory| text.starts_with(&*directory.to_string_lossy())))
}

/// At moments that are spread over starting, filling, copying and stopping, whatever they hit.
#[test]
fn a_kill_at_any_moment_leaves_nothing() {
    if dbwright_lab::scratch::postgres::Programs::find(None).is_err() {
        assert!(!std::env::var("DBWRIGHT_REQUIRE").unwrap_or_default().contains("postgres"), "PostgreSQL is required here");
        eprintln!("SKIPPED for want of PostgreSQL");
        return;
    }
    for (number, mode) in ["ghost", "copy", "ghost", "copy", "ghost", "copy", "ghost", "copy"].into_iter().enumerate() {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "ghosts_without_end", "--nocapture"])
            .env("DBWRIGHT_TEST_GHOSTS", mode)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_until("no scratch directory was made", || !scratch_of(child.id()).is_empty());
        // The moment is what is varied here; nothing is waited for.
        std::thread::sleep(Duration::from_millis(230 * u64::try_from(number).unwrap()));
        let seen = scratch_of(child.id());
        child.kill().unwrap();
        child.wait().unwrap();
        let left = || scratch_of(child.id()).is_empty() && !works_in(&seen);
        wait_until(&format!("kill {number} of {mode} left something: {seen:?}"), left);
    }
}
