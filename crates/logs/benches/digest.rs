//! Digests logs of 300 shapes and prints megabytes per CPU second beside pgBadger's and pt-query-digest's on the same file, shapes
//! found, memory, and what a second thread brings. Run it with `cargo bench -p dbwright-logs`; `DBWRIGHT_BENCH_MB` gives the size of the
//! logs, `DBWRIGHT_BENCH_PEER_MB` that of the parts which the peers get, `DBWRIGHT_BENCH_GROW_MB` a list of sizes for the slope.

use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::Command;

use dbwright_logs::{Options, Place, read};
use dbwright_testkit::logs::{Form, SHAPES, write};

fn main() {
    if let Ok(path) = std::env::var("DBWRIGHT_BENCH_CHILD") {
        return child(Path::new(&path));
    }
    let size = number("DBWRIGHT_BENCH_MB", 300);
    let peer = number("DBWRIGHT_BENCH_PEER_MB", 20);
    let directory = std::env::temp_dir().join(format!("dbwright-bench-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory for the logs");
    println!("{:<28} {:>7} {:>7} {:>7} {:>9} {:>7} {:>7}", "", "MB", "wall s", "CPU s", "MB/CPU s", "RSS MB", "shapes");
    for (name, form) in [("stderr", Form::Stderr), ("csv", Form::Csv), ("json", Form::Json), ("slow", Form::Slow)] {
        let log = make(&directory, name, form, size);
        let one = measured(&format!("dbwright {name}, 1 thread"), &log, 1);
        let two = measured(&format!("dbwright {name}, 2 threads"), &log, 2);
        println!("{:<28} {:.2} times", "  two threads over one", one.wall / two.wall);
        let small = make(&directory, &format!("{name}-small"), form, peer);
        if let Some(other) = rival(form, &small) {
            let own = measured(&format!("dbwright {name}, same file"), &small, 1);
            println!("{:<28} {:.0} times per CPU second", "  over the peer", own.rate / other);
        }
        let _ = (std::fs::remove_file(log), std::fs::remove_file(small));
    }
    for grown in std::env::var("DBWRIGHT_BENCH_GROW_MB").unwrap_or_default().split(',').filter_map(|text| text.trim().parse().ok()) {
        let log = make(&directory, "grown", Form::Stderr, grown);
        measured(&format!("dbwright stderr, {grown} MB"), &log, 2);
        let _ = std::fs::remove_file(log);
    }
    let _ = std::fs::remove_dir_all(directory);
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn make(directory: &Path, name: &str, form: Form, megabytes: u64) -> PathBuf {
    let path = directory.join(format!("{name}.log"));
    let mut file = BufWriter::with_capacity(1 << 20, std::fs::File::create(&path).expect("a file for the log"));
    write(form, megabytes * 1_000_000, 1, false, &mut file).expect("writing the log");
    path
}

struct Figures {
    wall: f64,
    rate: f64,
}

/// Runs this program again on a log, so that its memory and CPU time are its own.
fn measured(title: &str, log: &Path, threads: usize) -> Figures {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.env("DBWRIGHT_BENCH_CHILD", log).env("DBWRIGHT_BENCH_THREADS", threads.to_string());
    let output = command.output().expect("running this program");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let fields: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [wall, cpu, rss, shapes] = fields[..] else { panic!("{text} {}", String::from_utf8_lossy(&output.stderr)) };
    let megabytes = std::fs::metadata(log).expect("the log").len() as f64 / 1e6;
    println!("{title:<28} {megabytes:>7.0} {wall:>7.2} {cpu:>7.2} {:>9.0} {rss:>7.0} {shapes:>7.0}", megabytes / cpu);
    Figures { wall, rate: megabytes / cpu }
}

fn child(path: &Path) {
    let options = Options { threads: number("DBWRIGHT_BENCH_THREADS", 1) as usize, ..Options::default() };
    let begin = std::time::Instant::now();
    let profiles = read(&[Place::File(path.to_owned())], &options).expect("the log is read");
    let wall = begin.elapsed().as_secs_f64();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let rss = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<f64>().ok()).unwrap_or(0.0);
    println!("{wall} {} {} {}", cpu_seconds(), rss / 1000.0, profiles[0].statements.len());
}

/// User and system time of this process, at 100 ticks a second.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    fields.iter().skip(11).take(2).filter_map(|text| text.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Megabytes per CPU second of the program that people use for this form; nothing when it is not installed.
fn rival(form: Form, log: &Path) -> Option<f64> {
    let (program, arguments): (&str, &[&str]) = match form {
        Form::Stderr => ("pgbadger", &["-q", "-f", "stderr", "-p", "%m [%p] %q%u@%d ", "-j", "1", "-x", "json", "-o", "-"]),
        Form::Csv => ("pgbadger", &["-q", "-f", "csv", "-j", "1", "-x", "json", "-o", "-"]),
        Form::Slow => ("pt-query-digest", &["--no-version-check", "--limit", "100%"]),
        Form::Json => return None,
    };
    let before = children_seconds();
    let begin = std::time::Instant::now();
    let output = Command::new(program).args(arguments).arg(log).output().ok()?;
    let (wall, cpu) = (begin.elapsed().as_secs_f64(), children_seconds() - before);
    let text = String::from_utf8_lossy(&output.stdout);
    let shapes = match form {
        Form::Slow => text.lines().filter(|line| line.starts_with("# Query ") && line.contains("QPS")).count(),
        _ => normalized(&text),
    };
    let megabytes = std::fs::metadata(log).ok()?.len() as f64 / 1e6;
    let status = if output.status.success() { "" } else { " (it failed)" };
    println!("{program:<28} {megabytes:>7.0} {wall:>7.2} {cpu:>7.2} {:>9.1} {:>7} {shapes:>7}{status} of {SHAPES}", megabytes / cpu, "");
    Some(megabytes / cpu)
}

/// Statements in pgBadger's JSON: the members of `normalyzed_info`, as it spells it, over all databases.
fn normalized(text: &str) -> usize {
    let Ok(value) = serde_json::from_str::<serde_json::Value>(text) else { return 0 };
    let databases = value.as_object().into_iter().flat_map(|object| object.values());
    let counts = databases.filter_map(|database| Some(database.get("normalyzed_info")?.as_object()?.values().next()?.as_object()?.len()));
    counts.max().unwrap_or(0)
}

fn children_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    fields.iter().skip(13).take(2).filter_map(|text| text.parse::<f64>().ok()).sum::<f64>() / 100.0
}
