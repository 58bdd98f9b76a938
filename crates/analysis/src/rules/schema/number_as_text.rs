//! `schema/number-as-text`.

use dbwright_model::catalog::{Collection, Field};
use dbwright_model::change::Change;
use dbwright_model::{Engine, Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::ddl::{Ddl, NewType, quote};
use crate::rule::{ALL, Rule};
use crate::rules::keyspace::{FEWEST_KEYS, Pattern, patterns};
use crate::rules::shared::{
    Form, SameForm, all_of_form, column_object, has_word, is_key_part, is_quickly_rewritten, is_text, starts_reference, with_rows,
};

/// The rule.
pub static RULE: Rule = Rule {
    id: "schema/number-as-text",
    title: "Numbers kept as text",
    severity: Severity::Warning,
    engines: ALL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

/// Digits up to which it is a number that somebody calculates with.
const LONGEST_NUMBER: usize = 18;
/// Words of numbers that are names.
const NAMES: &[&str] = &[
    "account",
    "article",
    "barcode",
    "card",
    "cnpj",
    "code",
    "cpf",
    "ean",
    "extension",
    "external",
    "fax",
    "fingerprint",
    "gtin",
    "hash",
    "iban",
    "id",
    "identifier",
    "imei",
    "isbn",
    "issn",
    "key",
    "license",
    "mobile",
    "mpn",
    "msisdn",
    "nin",
    "no",
    "nr",
    "num",
    "number",
    "order",
    "part",
    "passport",
    "phone",
    "pin",
    "plate",
    "post",
    "postal",
    "postcode",
    "ref",
    "reference",
    "registration",
    "route",
    "serial",
    "sku",
    "ssn",
    "swift",
    "tax",
    "tel",
    "telephone",
    "token",
    "tracking",
    "upc",
    "value",
    "vat",
    "version",
    "vin",
    "zip",
];

/// Words of names of what is counted up.
const COUNTERS: &[&str] = &["clicks", "count", "counter", "counters", "counts", "hits", "likes", "seq", "sequence", "views", "visits"];
/// Bytes of the longest whole number and its sign.
const LONGEST_COUNTER: f64 = 20.0;

const FORM: Form = Form { counted: |profile| profile.number_like, fits: is_number };

const DOCS: &str = r#"
## Finds
Text columns in which all of ten or more values seen are numbers without leading zeros, and whose name is not that of an
identifier: telephone and postal numbers, codes, versions, account numbers are texts. Redis and Valkey: strings named as
counters (`hits`, `views`, `count`, …) of which nine in ten are kept as text and not as whole numbers.

```sql finds
CREATE TABLE coupon (code TEXT PRIMARY KEY, percent TEXT NOT NULL);
INSERT INTO coupon VALUES ('a', '5'), ('b', '10'), ('c', '15'), ('d', '20'), ('e', '5'), ('f', '10'), ('g', '25'), ('h', '30'), ('i', '5'), ('j', '15'), ('k', '10');
```

```sql quiet
CREATE TABLE place (id INTEGER PRIMARY KEY, postal_code TEXT NOT NULL, phone TEXT NOT NULL, seats TEXT NOT NULL);
INSERT INTO place (postal_code, phone, seats) VALUES ('1011', '4711', '01'), ('1012', '4712', '02'), ('1013', '4713', '03'), ('1014', '4714', '04'),
  ('1015', '4715', '05'), ('1016', '4716', '06'), ('1017', '4717', '07'), ('1018', '4718', '08'), ('1019', '4719', '09'), ('1020', '4720', '10');
```

```facts finds redis
{"catalog": {"collections": [{"name": {"name": "views:*"}, "kind": "key-pattern", "storage": {"rows": {"value": 900, "exactness": "measured", "source": "SCAN"}},
  "records": {"types": {"string": 900}, "encodings": {"embstr": 900}, "sampled": 900, "value_bytes": [4, 6, 7]}}]}}
```

```facts quiet redis
{"catalog": {"collections": [{"name": {"name": "views:*"}, "kind": "key-pattern", "storage": {"rows": {"value": 900, "exactness": "measured", "source": "SCAN"}},
  "records": {"types": {"string": 900}, "encodings": {"int": 890, "embstr": 10}, "sampled": 900, "value_bytes": [4, 6, 7]}}]}}
```

## Why it matters
'10' sorts before '9', ranges and sums need a conversion that no index serves, and nothing keeps a word out. A counter kept as text takes more room, and INCR fails on one with a
blank, a leading zero or a point.

## When not to follow
Numbers that are names: nobody adds them, and a leading zero or a letter may come one day.

## Fix
Counters: write them with INCR, INCRBY or SET of a whole number without padding; floats with INCRBYFLOAT stay text. Columns:
change the type to a whole or decimal number; the conversion fails loudly on the first value that is none.

## How we verify
Every value was read, or all values that the statistics of the planner keep were tried; of keys OBJECT ENCODING, no value.

## References
PostgreSQL manual, Numeric Types; SQLite manual, Datatypes, Column Affinity.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if !context.engine().speaks_sql() {
        return patterns(context).filter_map(|pattern| counter(&pattern)).collect();
    }
    let mut findings = Vec::new();
    for table in context.facts.catalog.tables() {
        for field in table.fields.iter().filter(|field| is_text(field)) {
            if let Some(values) = all_of_form(field, &FORM) {
                findings.extend(judge(context, table, field, &values));
            }
        }
    }
    findings
}

fn counter(pattern: &Pattern<'_>) -> Option<Finding> {
    let short = pattern.shape.value_bytes.is_some_and(|[_, _, longest]| longest <= LONGEST_COUNTER);
    let counts = has_word(&pattern.collection.name.name, COUNTERS) && pattern.only_type() == Some("string");
    let texts = pattern.encoded_share(&["embstr", "raw"]);
    if !counts || !short || texts < 0.9 || pattern.shape.sampled < FEWEST_KEYS {
        return None;
    }
    let name = pattern.name();
    let message = format!("{:.0} % of {name} are kept as text, though the name is that of a counter.", texts * 100.0);
    Some(
        Finding::new(name, message)
            .evidence(Evidence::measured("keys sampled", pattern.shape.sampled as f64, Unit::Count, "SCAN"))
            .evidence(Evidence::estimated("kept as text", texts, Unit::Share, "OBJECT ENCODING"))
            .risks(0.2),
    )
}

fn judge(context: &Context<'_>, table: &Collection, field: &Field, values: &SameForm) -> Option<Finding> {
    if has_word(&field.name, NAMES) || is_key_part(table, field) || starts_reference(table, field) {
        return None;
    }
    let message = format!("{} holds nothing but numbers, as {}.", column_object(table, field), field.type_name);
    let finding = Finding::new(column_object(table, field), message).evidence(values.evidence("values seen"));
    Some(with_rows(finding.change_if(change(context, table, field)).risks(0.3), table))
}

fn change(context: &Context<'_>, table: &Collection, field: &Field) -> Option<Change> {
    if context.engine() != Engine::Postgresql || !is_quickly_rewritten(table) || field.default.is_some() {
        return None;
    }
    let name = quote(Engine::Postgresql, &field.name);
    let (using, back) = (format!("{name}::numeric"), format!("{name}::{}", field.type_name));
    let new = NewType { type_name: "numeric", using: Some(&using), using_back: Some(&back), rewrites: true };
    Ddl::of(context.facts).alter_type(table, field, new)
}

/// A decimal number as a calculator would print it: no leading zeros, no blanks, no exponent.
fn is_number(value: &str) -> bool {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    all_digits(whole) && all_digits(fraction) && (whole == "0" || !whole.starts_with('0')) && value.len() <= LONGEST_NUMBER
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_leading_zeros_are_names() {
        assert!(["0", "7", "-12", "3.50"].iter().all(|value| is_number(value)));
        assert!(["007", "", "1e5", "1 000", "12.", "4711-1", "12345678901234567890"].iter().all(|value| !is_number(value)));
    }
}
