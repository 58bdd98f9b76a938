//! `schema/entity-attribute-value`.

use dbwright_model::catalog::{Collection, Field, TypeFamily};
use dbwright_model::{FactKind, Finding, Severity};

use crate::context::Context;
use crate::rule::{Rule, SQL};
use crate::rules::shared::{is_text, starts_reference, with_rows, words};

/// The rule.
pub static RULE: Rule = Rule {
    id: "schema/entity-attribute-value",
    title: "Attributes kept as rows",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

/// Columns up to which there is room for little else: number, thing, attribute, value, type, two times of day.
const MOST_COLUMNS: usize = 7;

const DOCS: &str = r"
## Finds
Small tables that hold a reference to a thing, the name of an attribute and its value as text.

```sql finds
CREATE TABLE product (id INTEGER PRIMARY KEY, sku TEXT NOT NULL UNIQUE);
CREATE TABLE product_attribute (product_id INTEGER NOT NULL REFERENCES product (id), attribute TEXT NOT NULL, value TEXT,
  PRIMARY KEY (product_id, attribute));
```

```sql quiet
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE product (id INTEGER PRIMARY KEY, sku TEXT NOT NULL UNIQUE);
CREATE TABLE product_text (product_id INTEGER NOT NULL REFERENCES product (id), language TEXT NOT NULL, title TEXT NOT NULL,
  PRIMARY KEY (product_id, language));
CREATE TABLE reading (id INTEGER PRIMARY KEY, product_id INTEGER NOT NULL REFERENCES product (id), value REAL NOT NULL);
CREATE INDEX reading_product ON reading (product_id);
```

## Why it matters
No type, no NOT NULL, no check and no foreign key can be declared for an attribute; asking for rows with three
attributes takes three joins; and the planner's statistics mix all attributes in one column.

## When not to follow
Attributes that users invent at run time. A JSON column holds those too, one row a thing.

## Fix
Columns for the attributes that are known; for the rest a JSON column with a check, or a table for each kind of thing.

## How we verify
Read from the catalog: a reference, a column named like an attribute, a text column named like a value, few others.

## References
B. Karwin, SQL Antipatterns, 2010, chapter 6; M. Fowler, Patterns of Enterprise Application Architecture, Serialized
LOB.
";

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.facts.catalog.tables().filter_map(judge).collect()
}

fn judge(table: &Collection) -> Option<Finding> {
    let attribute = table.fields.iter().find(|field| is_attribute(field))?;
    let value = table.fields.iter().find(|field| is_value(field))?;
    let thing = table.fields.iter().find(|field| is_thing(table, field, attribute))?;
    if table.fields.len() > MOST_COLUMNS {
        return None;
    }
    let message = format!(
        "{} keeps attributes as rows: {} names the thing, {} the attribute, {} its value.",
        table.name, thing.name, attribute.name, value.name
    );
    Some(with_rows(Finding::new(table.name.to_string(), message).risks(0.35), table))
}

fn is_attribute(field: &Field) -> bool {
    let words = words(&field.name);
    let last = words.last().map_or("", String::as_str);
    let names = ["attribute", "attr", "property", "prop", "param", "parameter", "key", "field", "name", "meta"];
    let by_reference = last == "id" && words.iter().any(|word| ["attribute", "attr", "property", "field"].contains(&word.as_str()));
    by_reference || is_text(field) && names.contains(&last)
}

fn is_value(field: &Field) -> bool {
    let holds_anything = is_text(field) || matches!(field.family, TypeFamily::Other | TypeFamily::Json | TypeFamily::Binary);
    holds_anything && words(&field.name).last().is_some_and(|word| matches!(word.as_str(), "value" | "val"))
}

/// A reference, or a column named like one, that is neither the row's own number nor the attribute.
fn is_thing(table: &Collection, field: &Field, attribute: &Field) -> bool {
    let refers =
        starts_reference(table, field) || words(&field.name).last().is_some_and(|word| word == "id") && words(&field.name).len() > 1;
    let own = table.primary_key().is_some_and(|key| key.columns == [field.name.clone()]);
    refers && !own && field.name != attribute.name
}
