//! Measures ghosts against their source: `cargo bench -p dbwright-lab --bench ghost -- URL STATEMENTS [SET.sql …]`.
//!
//! STATEMENTS is a directory of `.sql` files, one statement each. For the source as it is, and then for each set of indexes
//! (a file of CREATE INDEX statements), it prints costs side by side: the source's, or with a set those of hypopg there, and
//! the ghost's. hypopg is asked through psql; without the extension only the first table is printed.
//!
//! hypopg 1.3 and 1.4 give B-trees no height, so that a descent costs nothing there, and (height + 1) × 50 ×
//! cpu_operator_cost on a ghost as on the real index. The last two columns are with cpu_operator_cost = 0, where that
//! difference vanishes: there both must agree.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use dbwright_engines::{CollectOptions, Target, postgres};
use dbwright_lab::ghost::{self, Ghost, fidelity::Fidelity};
use dbwright_lab::scratch::ScratchOptions;
use dbwright_lab::whatif::{Candidate, IndexId, Question};
use dbwright_model::catalog::{Index, IndexPart};
use dbwright_model::{ObjectName, Timestamp};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [url, directory, sets @ ..] = arguments.as_slice() else {
        println!("give URL STATEMENTS [SET.sql …]");
        return;
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let (url, directory, sets) = (url.clone(), PathBuf::from(directory), sets.to_vec());
        tokio::task::spawn_blocking(move || run(&url, &directory, &sets)).await.expect("the bench");
    });
}

fn run(url: &str, directory: &Path, sets: &[String]) {
    let handle = tokio::runtime::Handle::current();
    let Ok(Target::Endpoint(endpoint)) = Target::recognise(url) else { panic!("{url} is no URL of a server") };
    let options = CollectOptions::at(Timestamp(0));
    let (labels, statements) = statements(directory);
    let started = Instant::now();
    let print = handle.block_on(postgres::blueprint(&endpoint, &options)).expect("reading the blueprint");
    println!(
        "blueprint: {:.0} ms, {} objects, {} columns",
        started.elapsed().as_secs_f64() * 1e3,
        print.objects.len(),
        print.columns.len()
    );
    let mut ghost = ghost::build(&print, &ScratchOptions::default()).expect("building the ghost");
    let built = ghost.built().clone();
    println!(
        "ghost: {:.0} ms, {} tables, {} indexes, {:.1} MB on disk",
        built.elapsed_ms,
        built.tables,
        built.indexes,
        built.bytes as f64 / 1e6
    );
    for gap in &built.gaps {
        println!("  lacks {}: {}", gap.what, gap.why);
    }
    let source = handle.block_on(postgres::plans(&endpoint, &options, &print.settings, &statements)).expect("planning on the source");
    let started = Instant::now();
    let own: Vec<_> = statements.iter().map(|statement| ghost.plan(statement).map_err(|error| error.message)).collect();
    println!("{} statements planned on the ghost in {:.0} ms", own.len(), started.elapsed().as_secs_f64() * 1e3);
    show(&Fidelity::of(&labels, &source, &own));
    for set in sets {
        compare_set(url, ghost.as_mut(), &labels, &statements, set);
    }
}

fn statements(directory: &Path) -> (Vec<String>, Vec<String>) {
    let mut files: Vec<PathBuf> = std::fs::read_dir(directory).expect("the statements").flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "sql"));
    files.sort();
    let label = |file: &PathBuf| file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let text = |file: &PathBuf| std::fs::read_to_string(file).expect("a statement").trim().trim_end_matches(';').to_owned();
    (files.iter().map(label).collect(), files.iter().map(text).collect())
}

fn show(fidelity: &Fidelity) {
    println!("{:<12} {:>16} {:>16}  plan  cost", "statement", "source", "ghost");
    let word = |same: bool| if same { "same" } else { "DIFF" };
    for one in &fidelity.statements {
        println!(
            "{:<12} {:>16.2} {:>16.2}  {}  {}  {}",
            one.label,
            one.source_cost.unwrap_or(0.0),
            one.ghost_cost.unwrap_or(0.0),
            word(one.same_plan),
            word(one.same_cost),
            one.difference.as_deref().unwrap_or("")
        );
    }
    for (label, why) in &fidelity.unplanned {
        println!("{label:<12} not planned {why}");
    }
    let percent = |share: Option<f64>| share.map_or_else(|| "?".to_owned(), |share| format!("{:.1} %", share * 100.0));
    println!("same plans {}, same plans and costs {}", percent(fidelity.same_plans()), percent(fidelity.same_costs()));
}

/// Costs under a set of hypothetical indexes: hypopg on the source, candidates of hypopg's sizes on the ghost.
fn compare_set(url: &str, ghost: &mut dyn Ghost, labels: &[String], statements: &[String], set: &str) {
    let text = std::fs::read_to_string(set).expect("the set");
    let definitions: Vec<&str> = text.split(';').map(str::trim).filter(|one| one.to_uppercase().contains("CREATE INDEX")).collect();
    let Some((pages, costs)) = hypothetical(url, &definitions, statements) else {
        println!("{set}: hypopg can't be asked");
        return;
    };
    let candidates: Vec<Candidate> =
        definitions.iter().zip(&pages).map(|(one, pages)| Candidate { pages: Some(*pages), ..candidate(one) }).collect();
    let made = ghost.create(&candidates).expect("making candidates");
    let ids: BTreeSet<IndexId> = made.iter().filter_map(|one| one.as_ref().ok().map(|known| known.id)).collect();
    let own = ghost.create(&definitions.iter().map(|one| candidate(one)).collect::<Vec<_>>()).expect("making candidates");
    println!("{set}: {} indexes; pages by hypopg / by the ghost's estimate:", ids.len());
    for ((definition, pages), own) in definitions.iter().zip(&pages).zip(&own) {
        println!(
            "  {pages:>9} {:>9}  {}",
            own.as_ref().map_or(0, |known| known.pages),
            definition.split_whitespace().collect::<Vec<_>>().join(" ")
        );
    }
    let started = Instant::now();
    let mut ask = |settings: &[(&str, &str)]| -> Vec<f64> {
        let question = |statement| Question { settings, ..Question::new(statement, &ids) };
        statements.iter().map(|statement| ghost.ask(&question(statement)).map_or(f64::NAN, |answer| answer.cost)).collect()
    };
    let own = ask(&[]);
    let elapsed = started.elapsed();
    let level = ask(&[("cpu_operator_cost", "0")]);
    println!("{:<12} {:>16} {:>16} {:>22} {:>16}", "statement", "hypopg", "ghost", "hypopg, free descent", "ghost");
    let mut equal = 0;
    for (at, label) in labels.iter().enumerate() {
        let same = (level[at] - costs[1][at]).abs() <= 1e-4 * level[at].abs();
        equal += usize::from(same);
        let word = if same { "same" } else { "DIFF" };
        println!("{label:<12} {:>16.2} {:>16.2} {:>22.2} {:>16.2}  {word}", costs[0][at], own[at], costs[1][at], level[at]);
    }
    let sum = |costs: &[f64]| costs.iter().sum::<f64>();
    println!("sum          {:>16.2} {:>16.2} {:>22.2} {:>16.2}", sum(&costs[0]), sum(&own), sum(&costs[1]), sum(&level));
    println!("{equal} of {} costs equal with free descent; asked in {:.0} ms", labels.len(), elapsed.as_secs_f64() * 1e3);
}

/// `create index on t (a, b)`: the table and its columns.
fn candidate(definition: &str) -> Candidate {
    let (head, rest) = definition.split_once('(').expect("columns in parentheses");
    let table = head.split_whitespace().last().expect("a table").rsplit('.').next().unwrap_or_default();
    let columns = rest.trim_end_matches([')', ' ']).split(',');
    let parts = columns.map(|column| IndexPart { column: Some(column.trim().to_owned()), ..IndexPart::default() }).collect();
    Candidate { table: ObjectName::new("public", table), index: Index { parts, ..Index::default() }, pages: None }
}

/// Sizes in pages, and costs with the usual settings and with free descent.
fn hypothetical(url: &str, definitions: &[&str], statements: &[String]) -> Option<(Vec<u64>, [Vec<f64>; 2])> {
    let mut script = String::from("SELECT hypopg_reset();\n");
    for definition in definitions {
        script.push_str(&format!(
            "SELECT 'pages', hypopg_relation_size(indexrelid) / 8192 FROM hypopg_create_index($index${definition}$index$);\n"
        ));
    }
    for setting in ["", "SET cpu_operator_cost = 0;\n"] {
        script.push_str(setting);
        statements.iter().for_each(|statement| script.push_str(&format!("EXPLAIN (FORMAT JSON) {statement};\n")));
    }
    let mut child = Command::new("psql")
        .args([url, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut input = child.stdin.take()?;
    let writer = std::thread::spawn(move || std::io::Write::write_all(&mut input, script.as_bytes()));
    let output = child.wait_with_output().ok()?;
    writer.join().ok()?.ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let pages = text.lines().filter_map(|line| line.strip_prefix("pages|")?.parse().ok()).collect();
    // The topmost node's cost is the only one at this depth.
    let costs: Vec<f64> =
        text.lines().filter_map(|line| line.strip_prefix("      \"Total Cost\": ")?.trim_end_matches(',').parse().ok()).collect();
    let halves = costs.split_at_checked(statements.len()).filter(|(_, rest)| rest.len() == statements.len())?;
    output.status.success().then(|| (pages, [halves.0.to_vec(), halves.1.to_vec()]))
}
