//! `schema/undeclared-fk`.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_model::catalog::{Collection, Field};
use dbwright_model::facts::Inclusion;
use dbwright_model::{Evidence, FactKind, Finding, Grade, ObjectName, Severity, Unit};

use crate::context::Context;
use crate::ddl::Ddl;
use crate::rule::{Rule, SQL};
use crate::rules::shared::{column_object, starts_reference, words};

/// The rule.
pub static RULE: Rule = Rule {
    id: "schema/undeclared-fk",
    title: "Reference that nobody declared",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Catalog, FactKind::DataChecks],
    docs: DOCS,
    check,
};

/// Distinct values below which an inclusion may be chance.
const FEWEST_DISTINCT: u64 = 10;
/// Share of rows without partner above which it is no reference.
const MOST_STRAY: f64 = 0.05;

const DOCS: &str = r"
## Finds
Columns whose name points at the key of another table and whose values occur there, all or but for a few, without a
foreign key that says so. The rows without partner are counted. Columns named like the key of another table whose rows
were not read are only mentioned.

```sql finds
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO customer (name) VALUES ('a'), ('b'), ('c'), ('d'), ('e'), ('f'), ('g'), ('h'), ('i'), ('j'), ('k'), ('l');
CREATE TABLE invoice (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL);
INSERT INTO invoice (customer_id) SELECT id FROM customer;
INSERT INTO invoice (customer_id) SELECT id FROM customer;
CREATE INDEX invoice_customer ON invoice (customer_id);
```

```sql quiet
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO customer (name) VALUES ('a'), ('b'), ('c'), ('d'), ('e'), ('f'), ('g'), ('h'), ('i'), ('j'), ('k'), ('l');
CREATE TABLE invoice (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customer (id), quantity INTEGER NOT NULL);
INSERT INTO invoice (customer_id, quantity) SELECT id, 1 + id % 3 FROM customer;
CREATE INDEX invoice_customer ON invoice (customer_id);
```

## Why it matters
What the database does not know it can't keep: rows are left behind that point nowhere, and joins lose or invent lines
without an error.

## When not to follow
References to another database, to archived rows, or in tables that take events before the thing they speak of.

## Fix
Mend or remove the rows without partner, then declare the foreign key: NOT VALID first and VALIDATE after, where the
engine has that.

## How we verify
The values were looked up in the key of the other table; rows without partner were counted. After the change the
reference is in the catalog and validated.

## References
PostgreSQL manual, ALTER TABLE, ADD CONSTRAINT NOT VALID; F. De Marchi and others, Unary and n-ary inclusion dependency
discovery, 2009.
";

fn check(context: &Context<'_>) -> Vec<Finding> {
    let ddl = Ddl::of(context.facts);
    let mut findings: Vec<Finding> = best(context).into_iter().filter_map(|inclusion| held(context, &ddl, inclusion)).collect();
    let tables = by_words(context);
    let looked_up: BTreeSet<(&ObjectName, &str)> =
        context.facts.data.inclusions.iter().map(|inclusion| (&inclusion.table, inclusion.column.as_str())).collect();
    for table in context.facts.catalog.tables() {
        let unread = table.fields.iter().filter(|field| may_refer(table, field) && !is_looked_up(&looked_up, table, field));
        findings.extend(unread.filter_map(|field| named(&tables, table, field)));
    }
    findings
}

/// Of several targets for one column the one with the fewest rows without partner.
fn best<'a>(context: &Context<'a>) -> Vec<&'a Inclusion> {
    let mut best: BTreeMap<(&ObjectName, &str), &'a Inclusion> = BTreeMap::new();
    for inclusion in &context.facts.data.inclusions {
        let place = best.entry((&inclusion.table, &inclusion.column)).or_insert(inclusion);
        if inclusion.orphans < place.orphans {
            *place = inclusion;
        }
    }
    best.into_values().collect()
}

fn held(context: &Context<'_>, ddl: &Ddl<'_>, inclusion: &Inclusion) -> Option<Finding> {
    let table = context.collection(&inclusion.table)?;
    let field = table.field(&inclusion.column)?;
    let stray = inclusion.orphans as f64 / (inclusion.checked as f64).max(1.0);
    if inclusion.distinct < FEWEST_DISTINCT || stray > MOST_STRAY || starts_reference(table, field) {
        return None;
    }
    let there = inclusion.target.with_columns(&[&inclusion.target_column]);
    let (message, change) = if inclusion.orphans == 0 {
        let change = ddl.add_foreign_key(table, &[&inclusion.column], &inclusion.target, &[&inclusion.target_column]);
        (format!("Every value of {} occurs in {there}, but no foreign key says so.", column_object(table, field)), change)
    } else {
        let message = format!(
            "{} refers to {there} without a foreign key, and {} of {} rows point nowhere.",
            column_object(table, field),
            inclusion.orphans,
            inclusion.checked
        );
        (message, None)
    };
    let finding = Finding::new(column_object(table, field), message)
        .evidence(Evidence::measured("rows checked", inclusion.checked as f64, Unit::Rows, "values looked up in the key"))
        .evidence(Evidence::measured("rows without partner", inclusion.orphans as f64, Unit::Rows, "values looked up in the key"))
        .evidence(Evidence::measured("distinct values", inclusion.distinct as f64, Unit::Count, "values looked up in the key"));
    Some(finding.change_if(change).risks(if inclusion.orphans == 0 { 0.35 } else { 0.6 }))
}

fn may_refer(table: &Collection, field: &Field) -> bool {
    let key = table.primary_key().is_some_and(|key| key.columns == [field.name.clone()]);
    !key && !starts_reference(table, field) && words(&field.name).last().is_some_and(|word| word == "id") && words(&field.name).len() > 1
}

fn is_looked_up(looked_up: &BTreeSet<(&ObjectName, &str)>, table: &Collection, field: &Field) -> bool {
    field.values.is_some() || looked_up.contains(&(&table.name, field.name.as_str()))
}

/// Tables by the words of their names.
fn by_words<'a>(context: &Context<'a>) -> BTreeMap<(Option<&'a str>, String), &'a Collection> {
    let key = |table: &'a Collection| (table.name.schema.as_deref(), words(&table.name.name).join("_"));
    context.facts.catalog.tables().map(|table| (key(table), table)).collect()
}

/// By name and type alone: `customer_id` where a table `customer` or `customers` has one key column of that type.
fn named(tables: &BTreeMap<(Option<&str>, String), &Collection>, table: &Collection, field: &Field) -> Option<Finding> {
    let mut stem = words(&field.name);
    stem.pop();
    let stem = stem.join("_");
    let mut forms = vec![stem.clone(), format!("{stem}s"), format!("{stem}es")];
    forms.extend(stem.strip_suffix('y').map(|stem| format!("{stem}ies")));
    let schema = table.name.schema.as_deref();
    let target = forms.into_iter().find_map(|form| tables.get(&(schema, form))).filter(|target| target.name != table.name)?;
    let [key] = target.primary_key()?.columns.as_slice() else { return None };
    let same_type = target.field(key).is_some_and(|key| key.family == field.family);
    let message = format!(
        "{} is named and typed like a reference to {}, but none is declared; its rows were not read.",
        column_object(table, field),
        target.name.with_columns(&[key])
    );
    same_type.then(|| Finding::new(column_object(table, field), message).graded(Grade::Inferred).severe(Severity::Info).risks(0.2))
}
