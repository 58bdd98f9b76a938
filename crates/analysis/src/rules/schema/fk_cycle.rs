//! `schema/fk-cycle`.

use std::collections::BTreeMap;

use dbwright_model::catalog::{Collection, Reference};
use dbwright_model::{FactKind, Finding, ObjectName, Severity};

use crate::context::Context;
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "schema/fk-cycle",
    title: "Tables that refer to each other in a circle",
    severity: Severity::Info,
    engines: SQL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Tables that refer to each other in a circle. Where every reference of the circle is required and checked at once, no
first row can be inserted: that is a warning. A table that refers to itself is a tree and no circle.

```sql finds
CREATE TABLE team (id INTEGER PRIMARY KEY, leader_id INTEGER NOT NULL REFERENCES person (id));
CREATE TABLE person (id INTEGER PRIMARY KEY, team_id INTEGER NOT NULL REFERENCES team (id));
```

```sql quiet
CREATE TABLE team (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES team (id));
CREATE TABLE person (id INTEGER PRIMARY KEY, team_id INTEGER NOT NULL REFERENCES team (id));
```

## Why it matters
Rows can be inserted, deleted, copied and restored in no simple order; dumps and fixtures need constraints switched off,
and that is how orphans come about.

## When not to follow
A circle with a nullable or deferrable reference works; it is mentioned because tools stumble over it.

## Fix
Move one of the references to a table of its own ("leader of team"), or make it nullable or DEFERRABLE INITIALLY
DEFERRED.

## How we verify
Read from the catalog: strongly connected tables over the foreign keys.

## References
PostgreSQL manual, CREATE TABLE, DEFERRABLE; R. Tarjan, Depth-First Search and Linear Graph Algorithms, 1972.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let tables: Vec<&Collection> = context.facts.catalog.tables().collect();
    let places: BTreeMap<&ObjectName, usize> = tables.iter().enumerate().map(|(place, table)| (&table.name, place)).collect();
    let edges = |wanted: &dyn Fn(&Collection, &Reference) -> bool| -> Vec<Vec<usize>> {
        let targets = |place: usize| {
            let table = tables[place];
            let references = table.references.iter().filter(|reference| wanted(table, reference));
            references.filter_map(|reference| places.get(&reference.target).copied()).filter(|target| *target != place).collect()
        };
        (0..tables.len()).map(targets).collect()
    };
    let rigid: Vec<Vec<usize>> = circles(&edges(&|table, reference| is_rigid(table, reference)));
    let mut findings: Vec<Finding> = rigid.iter().map(|circle| finding(&tables, circle, true)).collect();
    let known = |circle: &Vec<usize>| rigid.iter().any(|one| one.iter().all(|place| circle.contains(place)));
    findings.extend(circles(&edges(&|_, _| true)).iter().filter(|circle| !known(circle)).map(|circle| finding(&tables, circle, false)));
    findings
}

/// Whether the reference must be satisfied at the moment of the insert.
fn is_rigid(table: &Collection, reference: &Reference) -> bool {
    let required = |name: &String| table.field(name).is_some_and(|field| !field.nullable);
    !reference.deferrable && reference.enforced && reference.columns.iter().all(required)
}

/// Sets of two or more places that reach each other, each set in order. Kosaraju's two passes, without recursion.
fn circles(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut reversed = vec![Vec::new(); edges.len()];
    for (from, targets) in edges.iter().enumerate() {
        for to in targets {
            reversed[*to].push(from);
        }
    }
    let mut order = Vec::new();
    let mut seen = vec![false; edges.len()];
    for start in 0..edges.len() {
        walk(edges, start, &mut seen, &mut order);
    }
    let mut seen = vec![false; edges.len()];
    let mut found = Vec::new();
    for start in order.into_iter().rev() {
        let mut members = Vec::new();
        walk(&reversed, start, &mut seen, &mut members);
        if members.len() > 1 {
            members.sort_unstable();
            found.push(members);
        }
    }
    found.sort();
    found
}

/// Adds what is reached from here and was not seen before, each place after all that it reaches.
fn walk(edges: &[Vec<usize>], start: usize, seen: &mut [bool], done: &mut Vec<usize>) {
    if std::mem::replace(&mut seen[start], true) {
        return;
    }
    let mut waiting = vec![(start, 0)];
    while let Some((place, next)) = waiting.pop() {
        match edges[place].get(next) {
            Some(&target) => {
                waiting.push((place, next + 1));
                if !std::mem::replace(&mut seen[target], true) {
                    waiting.push((target, 0));
                }
            }
            None => done.push(place),
        }
    }
}

fn finding(tables: &[&Collection], circle: &[usize], rigid: bool) -> Finding {
    let names: Vec<String> = circle.iter().map(|place| tables[*place].name.to_string()).collect();
    let names_text = names.join(", ");
    let first = names.into_iter().next().unwrap_or_default();
    if rigid {
        let message = format!("{names_text} refer to each other in a circle of required references: no first row can be inserted.");
        return Finding::new(first, message).severe(Severity::Warning).risks(0.5);
    }
    Finding::new(first, format!("{names_text} refer to each other in a circle.")).risks(0.15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_each_circle_once() {
        let edges = vec![vec![1], vec![2], vec![0], vec![0, 4], vec![5], vec![4], vec![]];
        assert_eq!(circles(&edges), [vec![0, 1, 2], vec![4, 5]]);
    }
}
