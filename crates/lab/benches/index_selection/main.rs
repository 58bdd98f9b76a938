//! Index selection beside other selectors: on a PostgreSQL server with hypopg, with a directory of statements and a
//! directory of index sets that others chose. For each of their sets: its cost and ours for exactly its size.
//!
//! `cargo bench -p dbwright-lab --bench index_selection -- DSN STATEMENTS [PEERS] [--budgets 50,100,…] [--write DIR]`

mod hypopg;

use std::path::Path;
use std::time::Instant;

use dbwright_analysis::Context;
use dbwright_analysis::design::indexes::candidates::{self, Candidates, Shapes};
use dbwright_analysis::design::indexes::problem::{Asker, Item, Problem};
use dbwright_analysis::design::indexes::relevance;
use dbwright_analysis::design::indexes::search::Limits;
use dbwright_analysis::design::indexes::selection::{Chosen, Selection};
use dbwright_engines::{CollectOptions, Target, driver_for};
use dbwright_lab::cancel::Cancel;
use dbwright_lab::select::{Names, run};
use dbwright_lab::whatif::{Candidate, WhatIf};
use dbwright_model::policy::Policy;
use dbwright_model::workload::Statement;
use dbwright_model::{Engine, Facts, Timestamp};

use hypopg::{Hypopg, definition};

struct Arguments {
    dsn: String,
    statements: String,
    peers: Option<String>,
    budgets: Vec<f64>,
    write: Option<String>,
}

fn arguments() -> Option<Arguments> {
    let mut plain = Vec::new();
    let (mut budgets, mut write) = (vec![50.0, 100.0, 250.0, 500.0, 1000.0, 1500.0], None);
    let mut all = std::env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(argument) = all.next() {
        match argument.as_str() {
            "--budgets" => budgets = all.next()?.split(',').filter_map(|text| text.parse().ok()).collect(),
            "--write" => write = all.next(),
            _ => plain.push(argument),
        }
    }
    let mut plain = plain.into_iter();
    Some(Arguments { dsn: plain.next()?, statements: plain.next()?, peers: plain.next(), budgets, write })
}

/// A set that somebody else chose.
struct Peer {
    name: String,
    bytes: f64,
    cost: f64,
}

fn main() -> Result<(), String> {
    let Some(arguments) = arguments() else {
        println!("usage: index_selection DSN STATEMENTS [PEERS] [--budgets 50,100] [--write DIR]; without arguments nothing is run");
        return Ok(());
    };
    let (names, texts) = read_statements(&arguments.statements)?;
    let facts = facts(&arguments.dsn, &names, &texts)?;
    let mut server = Hypopg::connect(&arguments.dsn)?;
    let base = server.total_cost(&texts, &[])?;
    println!("{} statements, cost without indexes {base:.0}", texts.len());

    let budgets: Vec<f64> = arguments.budgets.iter().map(|mb| mb * 1e6).collect();
    let (found, _) = select(&mut server, &facts, &texts, &budgets, true)?;
    println!("\n{:>10} {:>8} {:>8} {:>8} {:>9}", "budget MB", "indexes", "MB", "cost %", "scored %");
    for (budget, (chosen, statements)) in budgets.iter().zip(&found) {
        let scored = server.total_cost(&texts, statements)?;
        println!(
            "{:>10.1} {:>8} {:>8.1} {:>8.2} {:>9.2}",
            budget / 1e6,
            chosen.members.len(),
            chosen.bytes / 1e6,
            100.0 * chosen.cost / base,
            100.0 * scored / base
        );
    }
    if let Some(peers) = &arguments.peers {
        beside_peers(&mut server, &facts, &texts, peers, base, arguments.write.as_deref())?;
    }
    Ok(())
}

fn beside_peers(
    server: &mut Hypopg,
    facts: &Facts,
    texts: &[String],
    directory: &str,
    base: f64,
    write: Option<&str>,
) -> Result<(), String> {
    let peers = read_peers(server, texts, directory)?;
    let budgets: Vec<f64> = peers.iter().map(|peer| peer.bytes).collect();
    let (found, _) = select(server, facts, texts, &budgets, false)?;
    println!("\n{:<24} {:>8} {:>9} {:>8} {:>9} {:>8}", "peer", "MB", "cost %", "our MB", "our %", "");
    let mut worse = 0;
    for (peer, (chosen, statements)) in peers.iter().zip(&found) {
        let ours = server.total_cost(texts, statements)?;
        let verdict = if ours <= peer.cost { "" } else { "WORSE" };
        worse += usize::from(ours > peer.cost);
        println!(
            "{:<24} {:>8.1} {:>9.2} {:>8.1} {:>9.2} {verdict:>8}",
            peer.name,
            peer.bytes / 1e6,
            100.0 * peer.cost / base,
            chosen.bytes / 1e6,
            100.0 * ours / base
        );
        if let Some(directory) = write {
            let text: String = statements.iter().map(|statement| format!("{statement};\n")).collect();
            std::fs::write(Path::new(directory).join(format!("{}.sql", peer.name)), text).map_err(|error| error.to_string())?;
        }
    }
    println!("{worse} of {} sets beat ours", peers.len());
    Ok(())
}

type Found = Vec<(Chosen, Vec<String>)>;

/// Selects for all budgets (bytes) and says what it took.
fn select(server: &mut Hypopg, facts: &Facts, texts: &[String], budgets: &[f64], say: bool) -> Result<(Found, u64), String> {
    let policy = Policy::default();
    let began = (own_seconds(), server.server_seconds(), server.calls(), Instant::now());
    let context = Context::new(facts, &policy);
    let all: Vec<usize> = (0..texts.len()).collect();
    let mut found = candidates::of(&context, &all, &Shapes::default());
    let after_shapes = own_seconds();
    let wanted: Vec<Candidate> = found.list.iter().map(|one| wanted(facts, one)).collect();
    let known = server.create(&wanted).map_err(|error| error.to_string())?;
    let sizes: Vec<f64> = known.iter().map(|one| one.as_ref().map_or(f64::INFINITY, |one| one.bytes)).collect();
    for (candidate, size) in found.list.iter_mut().zip(&sizes) {
        candidate.bytes = *size;
    }
    let after_sizes = (own_seconds(), server.server_seconds());
    let mut order: Vec<usize> = (0..budgets.len()).collect();
    order.sort_by(|a, b| budgets[*a].total_cmp(&budgets[*b]));
    let limits = order.iter().map(|at| Limits { bytes: budgets[*at], least_saving: 0.0, count: usize::MAX }).collect();
    let mut selection = Selection::new(problem(facts, &found, texts.len(), &sizes), limits);
    let names = Names {
        statements: texts.to_vec(),
        candidates: known.iter().map(|one| one.as_ref().map_or(dbwright_lab::whatif::IndexId(u32::MAX), |one| one.id)).collect(),
        existing: std::collections::BTreeSet::new(),
    };
    let outcome = run(&mut selection, server, &names, None, &Cancel::default()).map_err(|error| error.to_string())?;
    let own = own_seconds() - began.0;
    let served = server.server_seconds() - began.1;
    if say {
        println!(
            "{} candidates; {} EXPLAINs; CPU {own:.2} s here ({:.2} shapes, {:.2} sizes), {served:.2} s server ({:.2} sizes), {:.2} s in all; {:.1} s wall; finished: {}",
            found.list.len(),
            server.calls() - began.2,
            after_shapes - began.0,
            after_sizes.0 - after_shapes,
            after_sizes.1 - began.1,
            own + served,
            began.3.elapsed().as_secs_f64(),
            outcome.finished
        );
        println!("phases: {:?}", selection.effort());
    } else {
        println!("\nfor {} sizes: {} EXPLAINs, {:.2} CPU s", budgets.len(), server.calls() - began.2, own + served);
    }
    for (at, message) in &outcome.refused {
        println!("statement {at} refused: {message}");
    }
    let mut results: Vec<(Chosen, Vec<String>)> = vec![(Chosen::default(), Vec::new()); budgets.len()];
    for (at, chosen) in order.into_iter().zip(selection.results()) {
        let statements = chosen.members.iter().map(|member| definition(&wanted[*member])).collect();
        results[at] = (chosen, statements);
    }
    Ok((results, outcome.questions))
}

fn wanted(facts: &Facts, candidate: &candidates::Candidate) -> Candidate {
    Candidate { table: facts.catalog.collections[candidate.table].name.clone(), index: candidate.index.clone(), pages: None }
}

fn problem(facts: &Facts, all: &Candidates, statements: usize, sizes: &[f64]) -> Problem {
    let asker = |at: usize| Asker { weight: 1.0, relevant: relevance::of(all, at, &facts.catalog.collections, sizes) };
    Problem {
        candidates: all.list.iter().zip(sizes).map(|(one, bytes)| Item { bytes: *bytes, table: one.table }).collect(),
        statements: (0..statements).map(asker).collect(),
        writes: Vec::new(),
    }
}

fn facts(dsn: &str, names: &[String], texts: &[String]) -> Result<Facts, String> {
    let Target::Endpoint(endpoint) = Target::recognise(dsn).map_err(|error| error.to_string())? else {
        return Err("the DSN is a URL".to_owned());
    };
    let driver = driver_for(Engine::Postgresql).ok_or("built without PostgreSQL")?;
    let mut options = CollectOptions::at(Timestamp::from_seconds(0));
    options.explain = false;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    let all = runtime.block_on((driver.collect)(&endpoint, &options)).map_err(|error| error.to_string())?;
    let mut facts = all.into_iter().next().ok_or("no facts")?;
    let statement = |(name, text): (&String, &String)| Statement {
        name: Some(name.clone()),
        text: text.clone(),
        weight: Some(1.0),
        ..Statement::default()
    };
    facts.workload.statements = names.iter().zip(texts).map(statement).collect();
    Ok(facts)
}

fn files(directory: &str) -> Result<Vec<(String, String)>, String> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(|error| format!("{directory}: {error}"))?.flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|ending| ending == "sql") {
            let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
            all.push((path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), text));
        }
    }
    all.sort();
    Ok(all)
}

fn read_statements(directory: &str) -> Result<(Vec<String>, Vec<String>), String> {
    Ok(files(directory)?.into_iter().map(|(name, text)| (name, text.trim().trim_end_matches(';').to_owned())).unzip())
}

fn read_peers(server: &mut Hypopg, texts: &[String], directory: &str) -> Result<Vec<Peer>, String> {
    let mut peers = Vec::new();
    for (name, text) in files(directory)? {
        let statements: Vec<String> = text.split(';').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect();
        let sizes: Option<Vec<f64>> = statements.iter().map(|statement| server.size_of(statement)).collect();
        let bytes = sizes.ok_or_else(|| format!("{name}: an index was refused"))?.iter().sum();
        peers.push(Peer { bytes, cost: server.total_cost(texts, &statements)?, name });
    }
    Ok(peers)
}

/// CPU time that this process has used, seconds.
fn own_seconds() -> f64 {
    let usage = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = usage.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}
