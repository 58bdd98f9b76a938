//! Blueprints without people's data: each value of the statistics is replaced by another of its type, so that order and
//! equality of a column's values stay, and with them frequencies, numbers of distinct values and widths. It never keeps a
//! value of a type that it does not know.
//!
//! What it costs: literals of statements no longer fall where they fell. Ranges and prefixes are estimated by chance;
//! equality with a common value is estimated as with a rare one. Joins, groupings and sizes stay as they were.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_model::Timestamp;
use dbwright_model::blueprint::{Blueprint, ColumnKnowledge, Gap};

/// Takes data out of a blueprint, and says so in it.
pub fn anonymize(print: &mut Blueprint) {
    let enums: BTreeSet<String> = print
        .objects
        .iter()
        .filter(|made| made.kind == "type" && made.statement.contains(" AS ENUM "))
        .map(|made| made.name.clone())
        .collect();
    let mut dropped = 0_u64;
    for column in &mut print.columns {
        dropped += u64::from(!replace(column, enums.contains(&column.type_name)));
    }
    for extended in &mut print.extended {
        extended.common.clear();
        extended.shares.clear();
        extended.base_shares.clear();
    }
    let samples = print.rows.len();
    print.rows.retain(|row| row.table == "sqlite_stat1");
    if dropped > 0 {
        let why = "their type has no values that could stand for others: their distribution is left out".to_owned();
        print.gaps.push(Gap { what: format!("values of {dropped} columns"), why });
    }
    if samples > print.rows.len() {
        let why = "rows with values of the data are left out: ranges are estimated by defaults".to_owned();
        print.gaps.push(Gap { what: "samples of statistics tables".to_owned(), why });
    }
    let why = "literals of statements do not fall where they fell on the source: conditions on ranges, prefixes and common values are estimated otherwise".to_owned();
    print.gaps.push(Gap { what: "values are anonymised".to_owned(), why });
    print.anonymized = true;
}

/// How values of a type are compared, and made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Number,
    Text,
    Date,
    Timestamp,
    Uuid,
    /// Two or a few values that the schema names itself.
    Open,
}

fn family(type_name: &str, is_enum: bool) -> Option<Family> {
    let plain = type_name.split('(').next().unwrap_or(type_name).trim();
    Some(match plain {
        _ if is_enum => Family::Open,
        "boolean" => Family::Open,
        "smallint" | "integer" | "bigint" | "numeric" | "real" | "double precision" | "oid" => Family::Number,
        "text" | "character varying" | "character" | "name" | "bpchar" => Family::Text,
        "date" => Family::Date,
        "uuid" => Family::Uuid,
        _ if plain.starts_with("timestamp") => Family::Timestamp,
        _ => return None,
    })
}

/// Replaces a column's values; tells whether all of them could be.
fn replace(column: &mut ColumnKnowledge, is_enum: bool) -> bool {
    let element = column.type_name.strip_suffix("[]").map(str::to_owned);
    let elements_known = match (&column.elements, element.as_deref().and_then(|name| family(name, false))) {
        (None, _) => true,
        (Some(text), Some(family)) => {
            column.elements = map_lists(family, &[text])[0].clone();
            true
        }
        (Some(_), None) => {
            (column.elements, column.element_shares, column.element_counts) = (None, Vec::new(), Vec::new());
            false
        }
    };
    (column.range_lengths, column.range_bounds, column.range_empty) = (None, None, None);
    let Some(family) = family(&column.type_name, is_enum) else {
        let had = column.common.is_some() || column.histogram.is_some();
        (column.common, column.histogram) = (None, None);
        column.shares.clear();
        return !had && elements_known;
    };
    if family != Family::Open {
        let lists = [column.common.take().unwrap_or_default(), column.histogram.take().unwrap_or_default()];
        let mut mapped = map_lists(family, &[&lists[0], &lists[1]]).into_iter();
        (column.common, column.histogram) = (mapped.next().flatten(), mapped.next().flatten());
    }
    elements_known
}

/// Replaces the values of lists together: equal ones by equal ones, greater ones by greater ones.
fn map_lists(family: Family, lists: &[&str]) -> Vec<Option<String>> {
    let values: Vec<Vec<String>> = lists.iter().map(|list| elements(list)).collect();
    let mut all: Vec<&String> = values.iter().flatten().collect();
    match family {
        Family::Number => all.sort_by(|a, b| number(a).total_cmp(&number(b))),
        _ => all.sort(),
    }
    all.dedup();
    let ranks: BTreeMap<&str, usize> = all.iter().enumerate().map(|(rank, value)| (value.as_str(), rank)).collect();
    let replaced = |value: &String| made_up(family, ranks.get(value.as_str()).copied().unwrap_or(0), value.chars().count());
    let list = |values: &Vec<String>| {
        let parts: Vec<String> = values.iter().map(|value| format!("\"{}\"", replaced(value))).collect();
        (!parts.is_empty()).then(|| format!("{{{}}}", parts.join(",")))
    };
    values.iter().map(list).collect()
}

fn number(text: &str) -> f64 {
    text.parse().unwrap_or(f64::INFINITY)
}

/// The value of a rank; texts get the length that they had, but room for the rank.
fn made_up(family: Family, rank: usize, length: usize) -> String {
    let day = |rank: usize| Timestamp(i64::try_from(rank + 10_957).unwrap_or(0) * 86_400_000_000).date();
    match family {
        Family::Number => rank.to_string(),
        Family::Date => day(rank),
        Family::Timestamp => format!("{} 00:00:00", day(rank)),
        Family::Uuid => format!("{rank:08x}-0000-4000-8000-000000000000"),
        Family::Text | Family::Open => {
            let letter = |place: u32| char::from(b'a' + u8::try_from(rank / 26_usize.pow(place) % 26).unwrap_or(0));
            let code: String = (0..4).rev().map(letter).collect();
            format!("{code}{}", "x".repeat(length.saturating_sub(code.len())))
        }
    }
}

/// Elements of an array as PostgreSQL prints it, `{a,"b c"}`.
fn elements(text: &str) -> Vec<String> {
    let Some(body) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).filter(|body| !body.is_empty()) else {
        return Vec::new();
    };
    let (mut found, mut quoted, mut escaped) = (vec![String::new()], false, false);
    for letter in body.chars() {
        let Some(current) = found.last_mut() else { break };
        match letter {
            _ if escaped => {
                current.push(letter);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => found.push(String::new()),
            _ => current.push(letter),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use dbwright_model::Engine;
    use dbwright_model::blueprint::{ExtendedKnowledge, StatisticsRow};

    fn column(type_name: &str, common: &str, histogram: &str) -> ColumnKnowledge {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        ColumnKnowledge {
            type_name: type_name.into(),
            common: text(common),
            histogram: text(histogram),
            shares: vec![0.5],
            ..Default::default()
        }
    }

    fn replaced(type_name: &str, common: &str, histogram: &str) -> (Option<String>, Option<String>) {
        let mut print = Blueprint::empty(Engine::Postgresql, "15", "x", Timestamp(0));
        print.columns.push(column(type_name, common, histogram));
        anonymize(&mut print);
        let column = print.columns.remove(0);
        (column.common, column.histogram)
    }

    #[test]
    fn order_and_equality_stay() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(replaced("integer", "{70,9}", "{-5,9,100}"), (some("{\"2\",\"1\"}"), some("{\"0\",\"1\",\"3\"}")));
        let (common, histogram) = replaced("text", "{\"c4nary, with \\\" quote\"}", "{a,c4nary,zz}");
        assert!(!format!("{common:?}{histogram:?}").contains("c4nary"));
        assert_eq!(histogram, some("{\"aaaa\",\"aaabxx\",\"aaad\"}"));
        assert_eq!(common.unwrap().len(), "c4nary, with \" quote".len() + 4);
        assert_eq!(replaced("date", "", "{1987-05-05,1990-01-01}").1, some("{\"2000-01-01\",\"2000-01-02\"}"));
    }

    #[test]
    fn what_is_not_known_goes() {
        assert_eq!(replaced("inet", "{10.0.0.1}", "{10.0.0.2}"), (None, None));
        assert_eq!(replaced("boolean", "{t}", "").0.as_deref(), Some("{t}"));
        let mut print = Blueprint::empty(Engine::Postgresql, "15", "x", Timestamp(0));
        print.extended.push(ExtendedKnowledge { common: vec![vec![Some("c4nary".into())]], ..Default::default() });
        print.rows.push(StatisticsRow { table: "sqlite_stat4".into(), values: [("sample".to_owned(), Some("c4nary".to_owned()))].into() });
        print.columns.push(ColumnKnowledge { elements: Some("{c4nary}".into()), ..column("jsonb[]", "", "") });
        print.columns.push(ColumnKnowledge { range_bounds: Some("{c4nary}".into()), ..column("text", "{c4nary}", "") });
        anonymize(&mut print);
        assert!(!serde_json::to_string(&print).unwrap().contains("c4nary"));
        assert!(print.anonymized && print.gaps.len() == 3);
    }
}
