//! What two copies of a database must have in common, and how they differ. It never keeps a row's value.

use std::collections::BTreeMap;

/// Things by kind and name, each with its definition.
pub(super) type Things = BTreeMap<(String, String), String>;

/// Kinds of which a copy may hold more than its source.
const MAY_BE_MORE: [&str; 1] = ["role"];

/// How a copy's things differ from the source's.
pub(super) fn things(source: &Things, copy: &Things) -> Vec<String> {
    let mut found = Vec::new();
    for ((kind, name), definition) in source {
        match copy.get(&(kind.clone(), name.clone())) {
            None => found.push(format!("{kind} {name} is missing")),
            Some(other) if other != definition => found.push(format!("{kind} {name} is {}, not {}", short(other), short(definition))),
            Some(_) => {}
        }
    }
    let more = copy.keys().filter(|key| !source.contains_key(*key) && !MAY_BE_MORE.contains(&key.0.as_str()));
    found.extend(more.map(|(kind, name)| format!("{kind} {name} is not in the source")));
    found
}

fn short(text: &str) -> String {
    const LONGEST: usize = 120;
    let text = text.replace('\n', " ");
    if text.chars().count() <= LONGEST { text } else { text.chars().take(LONGEST).chain("…".chars()).collect() }
}

/// Rows of a table: how many, and sums of their hashes that do not depend on their order and notice what stands twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) rows: u64,
    pub(super) hash: String,
}

/// How a copy's rows differ.
pub(super) fn rows(source: &BTreeMap<String, Sum>, copy: &BTreeMap<String, Sum>) -> Vec<String> {
    let mut found = Vec::new();
    for (table, sum) in source {
        match copy.get(table) {
            None => found.push(format!("the rows of {table} can't be read in the copy")),
            Some(other) if other.rows != sum.rows => found.push(format!("{table} has {} rows, not {}", other.rows, sum.rows)),
            Some(other) if other != sum => found.push(format!("rows of {table} differ, {} of them in both", sum.rows)),
            Some(_) => {}
        }
    }
    found
}

/// Sequences that stand before the source's: the next values would be given out again. A copy may stand ahead.
pub(super) fn sequences(source: &BTreeMap<String, (i64, bool)>, copy: &BTreeMap<String, (i64, bool)>) -> Vec<String> {
    let behind = |(name, (last, ascending)): (&String, &(i64, bool))| match copy.get(name) {
        None => Some(format!("sequence {name} never gave a value, and the source's stands at {last}")),
        Some((other, _)) if (*ascending && other < last) || (!ascending && other > last) => {
            Some(format!("sequence {name} stands at {other}, the source's at {last}: values would be given out twice"))
        }
        Some(_) => None,
    };
    source.iter().filter_map(behind).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_difference_is_seen() {
        let key = |kind: &str, name: &str| (kind.to_owned(), name.to_owned());
        let source = Things::from([(key("index", "a"), "x".into()), (key("grant", "b"), "y".into())]);
        assert!(things(&source, &source).is_empty());
        let copy =
            Things::from([(key("index", "a"), "z".into()), (key("role", "extra"), String::new()), (key("table", "t"), String::new())]);
        assert_eq!(things(&source, &copy), ["grant b is missing", "index a is z, not x", "table t is not in the source"]);
        let sum = |rows, hash: &str| BTreeMap::from([("t".to_owned(), Sum { rows, hash: hash.to_owned() })]);
        assert_eq!(rows(&sum(2, "a"), &sum(2, "a")).len(), 0);
        assert_eq!(rows(&sum(2, "a"), &sum(3, "a")), ["t has 3 rows, not 2"]);
        assert_eq!(rows(&sum(2, "a"), &sum(2, "b")).len(), 1);
        assert_eq!(rows(&sum(2, "a"), &BTreeMap::new()).len(), 1);
        let at = |last, ascending| BTreeMap::from([("s".to_owned(), (last, ascending))]);
        assert!(sequences(&at(10, true), &at(42, true)).is_empty() && sequences(&at(10, true), &at(9, true)).len() == 1);
        assert!(sequences(&at(-5, false), &at(-9, false)).is_empty() && sequences(&at(-5, false), &at(-4, false)).len() == 1);
    }
}
