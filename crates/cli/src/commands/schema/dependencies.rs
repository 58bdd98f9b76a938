//! `dbwright schema dependencies`: what the rows of tables and CSV files say.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dbwright_discovery::table::csv::Ragged;
use dbwright_discovery::{
    AttributeSet, CsvOptions, FdOptions, IndOptions, Likelihood, NullRule, NullSemantics, Profile, ProfileOptions, Table, discover_inds,
    profile,
};
use dbwright_engines::tables::{ReadTable, named_references, read_tables};
use dbwright_lab::cancel::Cancel;
use dbwright_model::catalog::{Catalog, Collection};
use dbwright_report::schema::{self as shown, Dependencies, Dependency, Inclusion, NearMiss, ShownRow, TableDependencies};

use crate::args::schema::{DependenciesArgs, NullsArg, TextOrJson};
use crate::failure::Failure;
use crate::output;
use crate::screen::Screen;
use crate::source;

/// Share of the memory that rows may take; the rest is the search's.
const ROWS_SHARE: f64 = 0.6;
/// Contradictions shown of a near-miss.
const WITNESSES: usize = 3;
/// Letters of a value shown.
const LETTERS: usize = 60;

/// Runs the command.
pub fn run(args: &DependenciesArgs, screen: &Screen) -> Result<u8, Failure> {
    let search = Search::of(args)?;
    let text = args.target.target.clone().unwrap_or_default();
    let found = match csv(&text) {
        Some(path) => source::interruptible(&format!("reading {text}"), screen, move |cancel, now| of_csv(&path, &search, &cancel, &*now))?,
        None => {
            let names = args.tables.clone();
            source::with_database(&args.target, None, screen, move |opened| of_database(opened, &names, &search))?
        }
    };
    let text = match args.format {
        TextOrJson::Json => shown::json(&found),
        TextOrJson::Terminal => shown::terminal::dependencies(&found, &output::terminal(screen, args.verbose)),
    };
    screen.data(&text)?;
    Ok(0)
}

/// What to search, in a form that threads can share.
#[derive(Clone)]
struct Search {
    error: f64,
    nulls: NullSemantics,
    max_lhs: Option<usize>,
    memory_bytes: u64,
    limit: Option<Duration>,
    csv: CsvOptions,
}

impl Search {
    fn of(args: &DependenciesArgs) -> Result<Self, Failure> {
        if !(0.0..0.5).contains(&args.error) {
            return Err(Failure::new(format_args!("--error takes a share of rows from 0 to 0.5, not {}", args.error)));
        }
        let limit = |seconds: f64| {
            let limit = Duration::try_from_secs_f64(seconds).ok().filter(|limit| !limit.is_zero());
            limit.ok_or_else(|| Failure::new(format_args!("--time-limit takes a number of seconds above 0, not {seconds}")))
        };
        let nulls = match args.nulls {
            NullsArg::Equal => NullSemantics::Equal,
            NullsArg::Distinct => NullSemantics::Distinct,
        };
        let mut null_texts: Vec<Vec<u8>> = vec![Vec::new()];
        null_texts.extend(args.null_text.iter().map(|text| text.clone().into_bytes()));
        let csv = CsvOptions {
            null_texts,
            null_semantics: nulls,
            ragged: if args.ragged { Ragged::Pad } else { Ragged::Refuse },
            max_record_bytes: usize::try_from(args.memory).unwrap_or(usize::MAX),
            memory_limit_bytes: Some((args.memory as f64 * ROWS_SHARE) as u64),
            threads: 0,
            ..CsvOptions::default()
        };
        Ok(Self {
            error: args.error,
            nulls,
            max_lhs: (args.max_lhs > 0).then_some(args.max_lhs),
            memory_bytes: args.memory,
            limit: args.time_limit.map(limit).transpose()?,
            csv: if args.no_header { headless(csv) } else { csv },
        })
    }

    fn profile(&self, table: &Table, stop: &dbwright_discovery::Cancel) -> Profile {
        let search = FdOptions {
            max_lhs: self.max_lhs,
            threads: 0,
            memory_bytes: Some((self.memory_bytes as f64 * (1.0 - ROWS_SHARE)) as u64),
            cancel: stop.clone(),
            ..FdOptions::default()
        };
        let near_error = (self.error > 0.0).then_some(self.error);
        profile(table, &ProfileOptions { search, near_error, near_max_lhs: 1, witnesses: WITNESSES })
    }
}

/// Columns of a file without names are numbered; the reader is told so by an empty list.
fn headless(csv: CsvOptions) -> CsvOptions {
    CsvOptions { names: Some(Vec::new()), ..csv }
}

/// A path that names a CSV file by its ending.
fn csv(text: &str) -> Option<PathBuf> {
    let path = Path::new(text);
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    (matches!(ending.as_str(), "csv" | "tsv") && !text.contains("://")).then(|| path.to_owned())
}

fn of_csv(path: &Path, search: &Search, cancel: &Cancel, now: &dyn Fn(&str)) -> Result<Dependencies, Failure> {
    let table = Table::from_csv_file(path, &search.csv).map_err(|error| {
        Failure::new(format_args!("reading {}: {error}", path.display()))
            .hint("--ragged takes records of other lengths, --no-header a file without names, --memory sets the limit.")
    })?;
    now("searching dependencies");
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let read = ReadTable { name: dbwright_model::ObjectName::bare(name), table, left_out: Vec::new(), gap: String::new() };
    let stop = dbwright_discovery::Cancel::never();
    let tables = watched(cancel, &stop, search.limit, || vec![one(&read, search, &stop)]);
    Ok(Dependencies {
        target: path.display().to_string(),
        nulls: nulls(search),
        max_lhs: search.max_lhs,
        tables,
        ..Dependencies::default()
    })
}

fn of_database(opened: &mut source::Opened, names: &[String], search: &Search) -> Result<Dependencies, Failure> {
    let Some(endpoint) = opened.endpoint.clone() else {
        return Err(
            Failure::new("a Facts file holds no rows to search").hint("Give the database itself, or `schema normal-forms` the file.")
        );
    };
    let collections = super::tables(&opened.facts.catalog, names)?;
    opened.now("reading rows");
    let rule = NullRule { semantics: search.nulls, texts: Vec::new() };
    let memory = (search.memory_bytes as f64 * ROWS_SHARE) as u64;
    let read = tokio::runtime::Handle::current().block_on(async {
        tokio::select! {
            read = read_tables(&endpoint, &opened.options, &collections, &rule, memory) => read.map_err(Failure::from),
            () = opened.cancel.cancelled() => Err(dbwright_lab::LabError::interrupted().into()),
        }
    })?;
    opened.now("searching dependencies");
    let stop = dbwright_discovery::Cancel::never();
    let (tables, (inclusions, limits)) = watched(&opened.cancel, &stop, search.limit, || {
        let tables: Vec<TableDependencies> = read.iter().map(|table| one(table, search, &stop)).collect();
        (tables, inclusions(&opened.facts.catalog, &read, search, &stop))
    });
    let target = opened.facts.target.name.clone();
    Ok(Dependencies { target, nulls: nulls(search), max_lhs: search.max_lhs, tables, inclusions, limits })
}

fn nulls(search: &Search) -> String {
    match search.nulls {
        NullSemantics::Equal => "equal",
        NullSemantics::Distinct => "distinct",
    }
    .to_owned()
}

/// Runs a search that ends early when the user asks for it or the time is up.
fn watched<T>(cancel: &Cancel, stop: &dbwright_discovery::Cancel, limit: Option<Duration>, work: impl FnOnce() -> T) -> T {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let started = Instant::now();
            while !done.load(Ordering::Relaxed) {
                if cancel.is_cancelled() || limit.is_some_and(|limit| started.elapsed() >= limit) {
                    stop.set();
                    return;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        let result = work();
        done.store(true, Ordering::Relaxed);
        result
    })
}

fn one(read: &ReadTable, search: &Search, stop: &dbwright_discovery::Cancel) -> TableDependencies {
    let table = &read.table;
    let found = search.profile(table, stop);
    let mut gaps: Vec<String> = Some(read.gap.clone()).filter(|gap| !gap.is_empty()).into_iter().chain(found.limits.clone()).collect();
    if stop.is_set() {
        let to = found
            .complete_to
            .map_or("nothing is certain to be complete".to_owned(), |to| format!("left sides of up to {to} columns are complete"));
        gaps.push(format!("ended by the time limit: {to}"));
    }
    if found.left_out > 0 {
        gaps.push(format!("{} dependencies on long left sides were not ranked and are not shown", found.left_out));
    }
    TableDependencies {
        table: read.name.to_string(),
        rows: table.rows() as u64,
        complete: read.gap.is_empty() && found.complete && found.keys_complete,
        gap: gaps.join("; "),
        columns: table.columns().iter().map(|column| column.name().to_owned()).collect(),
        left_out: read.left_out.clone(),
        keys: found.keys.iter().map(|key| names(table, key)).collect(),
        dependencies: found.ranked.iter().map(|ranked| dependency(table, ranked)).collect(),
        near_misses: found.near_misses.iter().map(|miss| near_miss(table, miss)).collect(),
    }
}

fn dependency(table: &Table, ranked: &dbwright_discovery::Ranked) -> Dependency {
    Dependency {
        left: names(table, &ranked.fd.left),
        right: name(table, usize::from(ranked.fd.right)),
        likelihood: likelihood(ranked.likelihood).to_owned(),
        accidental_probability: ranked.accidental_probability,
        coverage: ranked.coverage,
        groups: ranked.redundancy.groups,
        repeating_rows: ranked.redundancy.repeating_rows,
        repeated_bytes: ranked.redundancy.repeated_bytes,
    }
}

const fn likelihood(likelihood: Likelihood) -> &'static str {
    match likelihood {
        Likelihood::Meant => "meant",
        Likelihood::Possible => "possible",
        Likelihood::Accidental => "accidental",
        Likelihood::FollowsFromKey => "follows-from-key",
        Likelihood::Constant => "constant",
    }
}

fn near_miss(table: &Table, miss: &dbwright_discovery::NearMiss) -> NearMiss {
    let columns: Vec<usize> = miss.fd.left.iter().chain([usize::from(miss.fd.right)]).collect();
    let row = |row: usize| {
        let all = table.row(row);
        let cut = |text: &String| text.chars().take(LETTERS).collect::<String>();
        ShownRow {
            row: row as u64 + 1,
            values: columns.iter().map(|column| all.get(*column).cloned().flatten().as_ref().map(cut)).collect(),
        }
    };
    NearMiss {
        left: names(table, &miss.fd.left),
        right: name(table, usize::from(miss.fd.right)),
        violating_rows: miss.check.violating_rows as u64,
        error: miss.check.error,
        contradictions: miss.check.witnesses.iter().map(|witness| [row(witness.usual), row(witness.other)]).collect(),
    }
}

fn names(table: &Table, set: &AttributeSet) -> Vec<String> {
    set.iter().map(|column| name(table, column)).collect()
}

fn name(table: &Table, column: usize) -> String {
    table.columns().get(column).map(|column| column.name().to_owned()).unwrap_or_default()
}

/// Inclusion dependencies between columns of all tables, those that the schema declares and those into keys first.
fn inclusions(catalog: &Catalog, read: &[ReadTable], search: &Search, stop: &dbwright_discovery::Cancel) -> (Vec<Inclusion>, Vec<String>) {
    let tables: Vec<&Table> = read.iter().map(|one| &one.table).collect();
    let options = IndOptions {
        min_coverage: 1.0 - search.error,
        threads: 0,
        memory_bytes: (search.memory_bytes as f64 * (1.0 - ROWS_SHARE)) as u64,
        cancel: stop.clone(),
        ..IndOptions::default()
    };
    let found = discover_inds(&tables, &options);
    let named = named_references(catalog);
    let collection = |table: usize| read.get(table).and_then(|one| catalog.find(&one.name));
    let mut all: Vec<Inclusion> = found
        .dependencies
        .iter()
        .filter(|ind| ind.dependent != ind.referenced)
        .map(|ind| {
            let column = |at: dbwright_discovery::ColumnRef| name(tables[at.table], at.column);
            let full = |at: dbwright_discovery::ColumnRef| format!("{}.{}", read[at.table].name, column(at));
            let (from, to) = (column(ind.dependent), column(ind.referenced));
            Inclusion {
                from: full(ind.dependent),
                to: full(ind.referenced),
                rows: ind.rows,
                orphans: ind.orphans,
                samples: ind.samples.clone(),
                declared: collection(ind.dependent.table).is_some_and(|own| declared(own, &from, collection(ind.referenced.table), &to)),
                named: named.contains(&[read[ind.dependent.table].name.to_string(), from, read[ind.referenced.table].name.to_string(), to]),
            }
        })
        .collect();
    all.sort_by(|a, b| (!a.declared, !a.named, &a.from, &a.to).cmp(&(!b.declared, !b.named, &b.from, &b.to)));
    (all, found.limits)
}

fn declared(table: &Collection, from: &str, target: Option<&Collection>, to: &str) -> bool {
    let Some(target) = target else { return false };
    let primary = target.keys.iter().find(|key| key.primary).map(|key| key.columns.as_slice()).unwrap_or_default();
    table.references.iter().filter(|reference| reference.target == target.name).any(|reference| {
        let columns = if reference.target_columns.is_empty() { primary } else { &reference.target_columns };
        reference.columns.iter().zip(columns).any(|(own, theirs)| own == from && theirs == to)
    })
}
