//! `query/large-in-list`.

use dbwright_model::{Evidence, FactKind, Finding, Grade, Severity, Unit};
use dbwright_sql::shape::Predicate;
use dbwright_sql::{PredicateKind, shape};

use crate::context::{Context, StatementView};
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "query/large-in-list",
    title: "IN list of hundreds of values",
    severity: Severity::Info,
    engines: SQL,
    needs: &[FactKind::Workload],
    docs: DOCS,
    check,
};

/// Elements from which a list is worth a word.
const LARGE: usize = 200;
/// Elements from which planning and sending them cost by themselves.
const HUGE: usize = 1000;
/// Samples of a statement that are looked through.
const SAMPLES: usize = 32;

const DOCS: &str = r#"
## Finds
`IN (…)` with 200 literal values or more; a warning from 1,000 on.

```sql quiet
CREATE TABLE member (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
-- workload
SELECT name FROM member WHERE id IN (1, 2, 3, 5, 8, 13);
```

```facts finds postgresql
{"workload": {"statements": [{"text": "SELECT title FROM product WHERE id IN (1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50,51,52,53,54,55,56,57,58,59,60,61,62,63,64,65,66,67,68,69,70,71,72,73,74,75,76,77,78,79,80,81,82,83,84,85,86,87,88,89,90,91,92,93,94,95,96,97,98,99,100,101,102,103,104,105,106,107,108,109,110,111,112,113,114,115,116,117,118,119,120,121,122,123,124,125,126,127,128,129,130,131,132,133,134,135,136,137,138,139,140,141,142,143,144,145,146,147,148,149,150,151,152,153,154,155,156,157,158,159,160,161,162,163,164,165,166,167,168,169,170,171,172,173,174,175,176,177,178,179,180,181,182,183,184,185,186,187,188,189,190,191,192,193,194,195,196,197,198,199,200,201,202,203,204,205,206,207,208,209,210)", "calls": 5, "total_ms": 40}]}}
```

## Why it matters
The text has to be sent, parsed and planned each time, and each length of the list is another statement for plan caches and
statistics. Some drivers and servers refuse it above a limit.

## When not to follow
A list that is made once a day by a job.

## Fix
Send the values as one array parameter (`= ANY ($1)` in PostgreSQL), as a JSON text (`IN (SELECT value FROM json_each(?))` in
SQLite, JSON_TABLE in MySQL), or join with a temporary table. If the values came from the database, join with the query that gave
them.

## How we verify
Counted in the statement's text and its samples.

## References
PostgreSQL manual, Row and Array Comparisons. SQLite manual, Limits; The JSON table-valued functions. MySQL manual,
eq_range_index_dive_limit.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.statements().iter().filter_map(|view| judge(context, view)).collect()
}

fn judge(context: &Context<'_>, view: &StatementView<'_>) -> Option<Finding> {
    let own = view.shape.predicates().filter_map(length).max();
    let samples = view.statement.samples.iter().skip(1).take(SAMPLES);
    let sampled = samples.filter_map(|sample| shape(&sample.text, context.engine()).predicates().filter_map(length).max()).max();
    let most = own.max(sampled).filter(|count| *count >= LARGE)?;
    let message = format!("{} holds an IN list of {most} values: each call sends, parses and plans them all.", view.title());
    let finding =
        view.finding(message).graded(Grade::Inferred).evidence(Evidence::measured("values", most as f64, Unit::Count, "statement"));
    Some(if most >= HUGE { finding.severe(Severity::Warning).risks(0.15) } else { finding.risks(0.05) })
}

fn length(predicate: &Predicate) -> Option<usize> {
    match predicate.kind {
        PredicateKind::In(count) => count,
        _ => None,
    }
}
