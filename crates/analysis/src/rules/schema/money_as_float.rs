//! `schema/money-as-float`.

use dbwright_model::catalog::{Collection, Field, TypeFamily};
use dbwright_model::{Engine, FactKind, Finding, Severity};

use crate::context::Context;
use crate::ddl::{Ddl, NewType, quote};
use crate::rule::{Rule, SQL};
use crate::rules::shared::{column_object, has_word, is_quickly_rewritten, with_rows};

/// The rule.
pub static RULE: Rule = Rule {
    id: "schema/money-as-float",
    title: "Money as binary floating point",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

/// Words of amounts of money.
const AMOUNTS: &[&str] = &[
    "amount",
    "balance",
    "bill",
    "budget",
    "charge",
    "cost",
    "costs",
    "credit",
    "debit",
    "deposit",
    "discount",
    "earnings",
    "fee",
    "fees",
    "income",
    "invoice",
    "money",
    "paid",
    "payment",
    "payout",
    "price",
    "prices",
    "profit",
    "refund",
    "revenue",
    "salary",
    "spend",
    "subtotal",
    "surcharge",
    "tax",
    "total",
    "turnover",
    "vat",
    "wage",
    "wages",
];
/// Words that make it something else.
const NO_AMOUNTS: &[&str] = &[
    "area",
    "average",
    "avg",
    "bytes",
    "change",
    "count",
    "days",
    "distance",
    "duration",
    "elasticity",
    "energy",
    "factor",
    "forecast",
    "grams",
    "height",
    "hours",
    "index",
    "kg",
    "km",
    "kwh",
    "length",
    "level",
    "liters",
    "litres",
    "m2",
    "mass",
    "mean",
    "mg",
    "minutes",
    "ml",
    "ms",
    "multiplier",
    "pct",
    "percent",
    "percentage",
    "probability",
    "quantity",
    "rate",
    "ratio",
    "risk",
    "score",
    "seconds",
    "share",
    "size",
    "stddev",
    "time",
    "volume",
    "weight",
    "width",
];

const DOCS: &str = r"
## Finds
Floating point columns named like an amount of money. Rates, weights, scores and shares are no amounts.

```sql finds
CREATE TABLE invoice (id INTEGER PRIMARY KEY, total_price REAL NOT NULL);
```

```sql quiet
CREATE TABLE invoice (id INTEGER PRIMARY KEY, total_cents INTEGER NOT NULL, tax_rate REAL NOT NULL, price_factor REAL NOT NULL,
  total_weight REAL NOT NULL);
```

## Why it matters
0.1 has no exact binary form: sums differ by the order of rows, comparisons with = fail, and cents are lost or made.
Books that don't balance are found months later.

## When not to follow
Estimates and statistics about money that nobody adds up or compares.

## Fix
Whole cents as integers, or an exact decimal type (numeric(12,2), DECIMAL(12,2)). Look at rounding while converting.

## How we verify
Read from the catalog: type and name. After the change the type is exact.

## References
PostgreSQL manual, Numeric Types; MySQL manual, Problems with Floating-Point Values; D. Goldberg, What Every Computer
Scientist Should Know About Floating-Point Arithmetic, 1991.
";

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in context.facts.catalog.tables() {
        let floats = table.fields.iter().filter(|field| field.family == TypeFamily::Float && is_amount(&field.name));
        findings.extend(floats.filter(|field| !holds_other_things(field)).map(|field| finding(context, table, field)));
    }
    findings
}

fn is_amount(name: &str) -> bool {
    has_word(name, AMOUNTS) && !has_word(name, NO_AMOUNTS)
}

/// SQLite stores whole numbers of a REAL column as integers only in other columns: text values say that it is no number.
fn holds_other_things(field: &Field) -> bool {
    field.values.as_ref().is_some_and(|values| values.texts + values.blobs > values.floats + values.integers)
}

fn finding(context: &Context<'_>, table: &Collection, field: &Field) -> Finding {
    let message = format!("{} keeps money as {}, which can't hold most cents exactly.", column_object(table, field), field.type_name);
    let change = (context.engine() == Engine::Postgresql && is_quickly_rewritten(table)).then(|| {
        let name = quote(Engine::Postgresql, &field.name);
        let (using, back) = (format!("{name}::numeric"), format!("{name}::{}", field.type_name));
        let new = NewType { type_name: "numeric", using: Some(&using), using_back: Some(&back), rewrites: true };
        Ddl::of(context.facts).alter_type(table, field, new)
    });
    with_rows(Finding::new(column_object(table, field), message).change_if(change.flatten()).risks(0.4), table)
}
