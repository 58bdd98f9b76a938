//! Which candidates a statement could use, and which of them serve it in the same way. It never prices them.

use std::collections::BTreeMap;

use dbwright_model::catalog::Collection;

use super::candidates::{Candidate, Candidates};
use super::interest::TableInterest;
use super::mask::MOST_MEMBERS;
use super::problem::Relevant;

/// What a candidate is to a statement: two of the same use serve it alike, the smaller one at less cost.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Use {
    /// Leading columns that matter to the statement, and whether it holds all that is read.
    Keys { table: usize, leading: Vec<String>, covering: bool, predicate: Option<String> },
    /// Only for the statements that asked for it.
    Own(usize),
}

/// The candidates that a statement could use; `sizes` are their bytes.
#[must_use]
pub fn of(all: &Candidates, statement: usize, tables: &[Collection], sizes: &[f64]) -> Vec<Relevant> {
    let mut uses: BTreeMap<Use, Vec<usize>> = BTreeMap::new();
    for interest in &all.interests[statement] {
        for (at, candidate) in all.list.iter().enumerate().filter(|(_, candidate)| candidate.table == interest.table) {
            if let Some(found) = use_of(candidate, at, statement, interest, &tables[interest.table]) {
                uses.entry(found).or_default().push(at);
            }
        }
    }
    let mut groups: Vec<Vec<usize>> = uses.into_values().collect();
    for group in &mut groups {
        group.sort_by(|a, b| sizes[*a].total_cmp(&sizes[*b]).then(a.cmp(b)));
    }
    // Those that stand for others come first, so that the limit cuts only doubles.
    groups.sort_by_key(|group| !all.list[group[0]].asked_by.contains(&statement));
    let mut relevant: Vec<Relevant> = Vec::new();
    for group in &groups {
        if relevant.len() < MOST_MEMBERS {
            relevant.push(Relevant { candidate: group[0], stands_for: relevant.len() });
        }
    }
    for (place, group) in groups.iter().enumerate().take(relevant.len()) {
        for candidate in &group[1..] {
            if relevant.len() < MOST_MEMBERS {
                relevant.push(Relevant { candidate: *candidate, stands_for: place });
            }
        }
    }
    relevant
}

fn use_of(candidate: &Candidate, at: usize, statement: usize, interest: &TableInterest, table: &Collection) -> Option<Use> {
    let index = &candidate.index;
    let plain = index.method == "btree" && index.parts.iter().all(|part| part.column.is_some());
    if !plain || index.predicate.is_some() {
        return candidate.asked_by.contains(&statement).then_some(Use::Own(at));
    }
    let leads = interest.leading();
    let matters = |name: &str| table.fields.iter().position(|field| field.name == name).is_some_and(|column| leads.contains(&column));
    let spelt = |part: &dbwright_model::catalog::IndexPart| {
        let name = part.column.clone().unwrap_or_default();
        if part.descending { format!("{name} DESC") } else { name }
    };
    let leading: Vec<String> = index.parts.iter().take_while(|part| part.column.as_deref().is_some_and(matters)).map(spelt).collect();
    let holds =
        |name: &str| index.included.iter().any(|one| one == name) || index.parts.iter().any(|part| part.column.as_deref() == Some(name));
    let covering = !interest.whole && !interest.used.is_empty() && interest.used.iter().all(|column| holds(&table.fields[*column].name));
    (covering || !leading.is_empty()).then_some(Use::Keys { table: interest.table, leading, covering, predicate: None })
}
