//! `schema/multi-valued-column`.

use dbwright_model::catalog::{Collection, Field};
use dbwright_model::{Evidence, FactKind, Finding, Grade, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SQL};
use crate::rules::shared::{FEWEST_VALUES, column_object, has_word, is_text, known_values, words};

/// The rule.
pub static RULE: Rule = Rule {
    id: "schema/multi-valued-column",
    title: "Several values in one column",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

/// Share of lists from which a column is one of lists.
const MOSTLY: f64 = 0.5;
/// Words of columns in which a comma means something else.
const NO_LISTS: &[&str] =
    &["name", "coordinates", "latlng", "latlon", "location", "point", "geo", "price", "amount", "path", "cron", "useragent", "agent"];

const DOCS: &str = r"
## Finds
Text columns of which most values are lists: two or more items parted by a comma, semicolon or bar, without blanks. At
least ten values must have been seen. Where none were, text columns named like a list of keys (`tag_ids`) are mentioned.

```sql finds
CREATE TABLE article (id INTEGER PRIMARY KEY, title TEXT NOT NULL UNIQUE, tags TEXT);
INSERT INTO article (title, tags) VALUES ('a', 'red,oak'), ('b', 'blue,pine'), ('c', 'red,pine,new'), ('d', 'oak,new'), ('e', 'red,new'),
  ('f', 'pine,old'), ('g', 'oak,old'), ('h', 'red,old,oak'), ('i', 'blue,new'), ('j', 'blue,oak'), ('k', 'oak,pine'), ('l', 'new,oak');
```

```sql quiet
CREATE TABLE article (id INTEGER PRIMARY KEY, title TEXT NOT NULL UNIQUE, summary TEXT);
INSERT INTO article (title, summary) VALUES ('a', 'Red, and old'), ('b', 'Blue, of pine'), ('c', 'One'), ('d', 'Two, or three'), ('e', 'Four'),
  ('f', 'Five'), ('g', 'Six, at most'), ('h', 'Seven'), ('i', 'Eight, in all'), ('j', 'Nine'), ('k', 'Ten, perhaps'), ('l', 'Eleven');
```

## Why it matters
No index finds the rows that hold one of the items, no foreign key keeps the items right, and counting or renaming one
means taking texts apart.

## When not to follow
Lists that the database never looks into and that are always read and written as a whole.

## Fix
A table with one row an item, keyed by the row it belongs to and the item; PostgreSQL: an array with a GIN index, where
no reference is needed.

## How we verify
The form of the values was counted while reading rows, or tried on the values that the planner's statistics keep.

## References
C. J. Date, An Introduction to Database Systems, first normal form; B. Karwin, SQL Antipatterns, 2010, chapter 2.
";

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in context.facts.catalog.tables() {
        for field in table.fields.iter().filter(|field| is_text(field) && !has_word(&field.name, NO_LISTS)) {
            findings.extend(by_values(table, field).or_else(|| by_name(table, field)));
        }
    }
    findings
}

fn by_values(table: &Collection, field: &Field) -> Option<Finding> {
    let (lists, seen, evidence) = match &field.values {
        Some(profile) => {
            let evidence = |name: &str, count: u64| Evidence::measured(name, count as f64, Unit::Rows, "rows read");
            (profile.list_like, profile.texts, [evidence("texts read", profile.texts), evidence("lists among them", profile.list_like)])
        }
        None => {
            let statistics = field.statistics.as_ref()?;
            let values = known_values(statistics);
            let lists = values.iter().filter(|value| is_list(value)).count();
            let evidence = |name: &str, count: usize| Evidence::estimated(name, count as f64, Unit::Count, statistics.source.clone());
            (lists as u64, values.len() as u64, [evidence("values known", values.len()), evidence("lists among them", lists)])
        }
    };
    let share = lists as f64 / (seen as f64).max(1.0);
    if seen < FEWEST_VALUES || share < MOSTLY {
        return None;
    }
    let message = format!("{} holds lists in {:.0} % of its texts.", column_object(table, field), share * 100.0);
    let [first, second] = evidence;
    Some(Finding::new(column_object(table, field), message).evidence(first).evidence(second).risks(0.35))
}

/// A text of two or more items parted by one mark, without blanks, that is no number and no pair of numbers.
fn is_list(value: &str) -> bool {
    let Some(mark) = [',', ';', '|'].into_iter().find(|mark| value.contains(*mark)) else { return false };
    let items: Vec<&str> = value.split(mark).map(str::trim).collect();
    let pair_of_numbers = items.len() == 2 && items.iter().all(|item| item.parse::<f64>().is_ok());
    !value.starts_with(['{', '[']) && !pair_of_numbers && items.iter().all(|item| !item.is_empty() && !item.contains(char::is_whitespace))
}

fn by_name(table: &Collection, field: &Field) -> Option<Finding> {
    let seen = field.values.as_ref().is_some_and(|values| values.texts > 0)
        || field.statistics.as_ref().is_some_and(|one| !known_values(one).is_empty());
    let words = words(&field.name);
    let list = words.len() > 1 && matches!(words.last()?.as_str(), "ids" | "csv");
    let message = format!("{} is a text named like a list of keys.", column_object(table, field));
    (list && !seen).then(|| Finding::new(column_object(table, field), message).graded(Grade::Inferred).severe(Severity::Info).risks(0.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_lists_from_sentences_and_numbers() {
        assert!(["a,b", "1;2;3", "x|y"].iter().all(|value| is_list(value)));
        assert!(["a, and b", "59.9,10.7", "{a,b}", "plain", "a,,b", "1,5"].iter().all(|value| !is_list(value)));
    }
}
