//! Measures loading and the searches: CPU seconds of the whole process without loading, and peak memory with it.
//!
//! ```text
//! cargo bench -p dbwright-discovery --bench discovery                      a table made up on the spot
//! cargo bench -p dbwright-discovery --bench discovery -- fd FILE.csv [--max-lhs N] [--error E] [--threads N] [--memory MB] [--list FILE]
//! cargo bench -p dbwright-discovery --bench discovery -- ucc FILE.csv …    ind FILE.csv FILE.csv …
//! ```
//!
//! Prints one line of `name=value` pairs; `--list` writes what was found, for comparison with a peer (discovery_peer.py).

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use dbwright_discovery::{AttributeSet, CsvOptions, FdOptions, IndOptions, Table, discover_fds, discover_inds, discover_uccs};
use rustix::time::{ClockId, clock_gettime};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let Some((kind, rest)) = arguments.split_first() else { return made_up() };
    let settings = Settings::read(rest)?;
    let begin = cpu_seconds();
    let tables = load(&settings)?;
    let loaded = cpu_seconds();
    let wall = Instant::now();
    let found = search(kind, &tables, &settings)?;
    let (cpu, wall) = (cpu_seconds() - loaded, wall.elapsed().as_secs_f64());
    let megabytes = settings.megabytes()?;
    println!(
        "kind={kind} found={} complete={} load_cpu={:.3} load_mb_per_s={:.0} cpu={cpu:.3} wall={wall:.3} peak_mb={:.0}",
        found.list.len(),
        found.complete,
        loaded - begin,
        megabytes / (loaded - begin),
        peak_megabytes()?,
    );
    if let Some(path) = &settings.list {
        std::fs::write(path, found.list.join("\n") + "\n")?;
    }
    Ok(())
}

#[derive(Default)]
struct Settings {
    files: Vec<String>,
    fd: FdOptions,
    list: Option<String>,
}

impl Settings {
    fn read(arguments: &[String]) -> Result<Self, Failure> {
        let mut settings = Self::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().ok_or(format!("{argument} wants a value"));
            match argument.as_str() {
                "--max-lhs" => settings.fd.max_lhs = Some(value()?.parse()?),
                "--error" => settings.fd.error = value()?.parse()?,
                "--threads" => settings.fd.threads = value()?.parse()?,
                "--memory" => settings.fd.memory_bytes = Some(value()?.parse::<u64>()? << 20),
                "--list" => settings.list = Some(value()?.clone()),
                file => settings.files.push(file.to_owned()),
            }
        }
        if settings.files.is_empty() { Err("no file given".into()) } else { Ok(settings) }
    }

    fn megabytes(&self) -> Result<f64, Failure> {
        let mut bytes = 0;
        for file in &self.files {
            bytes += std::fs::metadata(file)?.len();
        }
        Ok(bytes as f64 / 1e6)
    }
}

struct Found {
    list: Vec<String>,
    complete: bool,
}

fn load(settings: &Settings) -> Result<Vec<Table>, Failure> {
    let options = CsvOptions { threads: settings.fd.threads, ..CsvOptions::default() };
    Ok(settings.files.iter().map(|file| Table::from_csv_file(Path::new(file), &options)).collect::<Result<_, _>>()?)
}

fn search(kind: &str, tables: &[Table], settings: &Settings) -> Result<Found, Failure> {
    let list = |set: &AttributeSet| set.iter().map(|column| column.to_string()).collect::<Vec<_>>().join(",");
    match kind {
        "fd" => {
            let result = discover_fds(&tables[0], &settings.fd);
            let spell = result.dependencies.iter().map(|fd| format!("{}->{}", list(&fd.left), fd.right));
            Ok(Found { list: spell.collect(), complete: result.complete })
        }
        "ucc" => {
            let result = discover_uccs(&tables[0], &settings.fd);
            Ok(Found { list: result.combinations.iter().map(list).collect(), complete: result.complete })
        }
        "ind" => {
            let options = IndOptions { threads: settings.fd.threads, min_coverage: 1.0 - settings.fd.error, ..IndOptions::default() };
            let result = discover_inds(&tables.iter().collect::<Vec<_>>(), &options);
            let place = |column: dbwright_discovery::ColumnRef| format!("{}.{}", column.table, column.column);
            let spell = result.dependencies.iter().map(|ind| format!("{}->{}", place(ind.dependent), place(ind.referenced)));
            Ok(Found { list: spell.collect(), complete: result.complete })
        }
        other => Err(format!("{other} is none of fd, ucc, ind").into()),
    }
}

/// A table of 100,000 orders with customers and products written out, so that the bench runs without any file.
fn made_up() -> Result<(), Failure> {
    let mut text = "order,line,customer,customer_name,city,country,product,product_name,price,quantity,total,note\n".to_owned();
    for number in 0..100_000u64 {
        let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 17;
        let (order, line, customer, product, quantity) = (number / 3, number % 3, number / 3 * 7919 % 5000, mixed % 700, mixed % 9 + 1);
        let (city, price) = (customer % 311, product * 37 % 900 + 100);
        let (country, total) = (city % 23, price * quantity);
        let note = mixed % 50_000;
        writeln!(
            text,
            "{order},{line},{customer},Customer {customer},City {city},{country},{product},Product {product},{price},{quantity},{total},note {note}"
        )?;
    }
    let begin = cpu_seconds();
    let table = Table::from_csv(text.as_bytes(), &CsvOptions::default())?;
    let loaded = cpu_seconds();
    println!("load: {:.0} MB/s", text.len() as f64 / 1e6 / (loaded - begin));
    for threads in [1, 2] {
        let begin = (cpu_seconds(), Instant::now());
        let found = discover_fds(&table, &FdOptions { threads, ..FdOptions::default() }).dependencies.len();
        println!("fd, {threads} threads: {found} in {:.3} s CPU, {:.3} s wall", cpu_seconds() - begin.0, begin.1.elapsed().as_secs_f64());
    }
    println!("peak memory: {:.0} MB", peak_megabytes()?);
    Ok(())
}

fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn peak_megabytes() -> Result<f64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM")).ok_or("no VmHWM in /proc/self/status")?;
    let kilobytes = line.split_whitespace().nth(1).ok_or("VmHWM without a number")?;
    Ok(kilobytes.parse::<f64>()? / 1024.0)
}
