//! What rules on tables and indexes share: words in names, what values look like, rates. It never makes a finding.

use dbwright_model::catalog::{Collection, Field, FieldStatistics, Index, TypeFamily, ValueProfile};
use dbwright_model::{Evidence, Exactness, Finding, Unit};

use crate::context::Context;

/// Values that must have been seen before their common form says something about a column.
pub(crate) const FEWEST_VALUES: u64 = 10;

/// Rows up to which rewriting a table is a matter of seconds, so that a change under a strong lock can be proposed.
pub(crate) const QUICKLY_REWRITTEN_ROWS: f64 = 1_000_000.0;

/// One megabyte, bytes.
pub(crate) const MEGABYTE: f64 = 1_048_576.0;

/// The words of a name in lower case: parted by anything but letters and digits, before a capital that follows a small
/// letter, and between letters and digits.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for letter in name.chars() {
        let new_word = letter.is_uppercase() && before.is_lowercase() || letter.is_numeric() != before.is_numeric();
        if new_word || !letter.is_alphanumeric() {
            words.push(String::new());
        }
        if let (true, Some(word)) = (letter.is_alphanumeric(), words.last_mut()) {
            word.extend(letter.to_lowercase());
        }
        before = letter;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether one of the words of a name is in the list.
pub(crate) fn has_word(name: &str, list: &[&str]) -> bool {
    words(name).iter().any(|word| list.contains(&word.as_str()))
}

/// Tables that migration tools keep for themselves.
pub(crate) fn is_bookkeeping(table: &Collection) -> bool {
    const TABLES: &[&str] = &[
        "__diesel_schema_migrations",
        "__efmigrationshistory",
        "_prisma_migrations",
        "_sqlx_migrations",
        "alembic_version",
        "ar_internal_metadata",
        "databasechangelog",
        "databasechangeloglock",
        "django_migrations",
        "flyway_schema_history",
        "goose_db_version",
        "knex_migrations",
        "knex_migrations_lock",
        "refinery_schema_history",
        "schema_migrations",
        "schema_version",
        "sqlite_sequence",
    ];
    TABLES.contains(&table.name.name.to_lowercase().as_str())
}

/// `schema.table(column)`.
pub(crate) fn column_object(table: &Collection, field: &Field) -> String {
    table.name.with_columns(&[&field.name])
}

/// Adds the table's rows as evidence, where known.
pub(crate) fn with_rows(finding: Finding, table: &Collection) -> Finding {
    match &table.storage.rows {
        Some(rows) => finding.evidence(Evidence::of("rows", rows, Unit::Rows)),
        None => finding,
    }
}

/// Whether the table is known to be short enough to be rewritten in seconds.
pub(crate) fn is_quickly_rewritten(table: &Collection) -> bool {
    table.rows().is_some_and(|rows| rows < QUICKLY_REWRITTEN_ROWS)
}

/// Whether a foreign key starts at the column.
pub(crate) fn starts_reference(table: &Collection, field: &Field) -> bool {
    table.references.iter().any(|reference| reference.columns.contains(&field.name))
}

/// Whether the column is part of a primary key or unique constraint.
pub(crate) fn is_key_part(table: &Collection, field: &Field) -> bool {
    table.keys.iter().any(|key| key.columns.contains(&field.name))
        || table.indexes.iter().any(|index| index.unique && index.parts.iter().any(|part| part.column.as_ref() == Some(&field.name)))
}

/// Whether the declared type is text of varying length, or none at all.
pub(crate) fn is_text(field: &Field) -> bool {
    matches!(field.family, TypeFamily::Text | TypeFamily::PaddedText)
}

/// Values that all, as far as seen, have one form.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SameForm {
    /// Values seen: rows where rows were read, else distinct values of the statistics.
    pub seen: f64,
    /// Distinct ones among them, where counted.
    pub distinct: Option<f64>,
    /// Whether rows were read.
    pub from_rows: bool,
    source: String,
}

impl SameForm {
    /// The values as evidence.
    pub(crate) fn evidence(&self, name: &str) -> Evidence {
        let unit = if self.from_rows { Unit::Rows } else { Unit::Count };
        let exactness = if self.from_rows { Exactness::Measured } else { Exactness::Estimated };
        Evidence { exactness, ..Evidence::measured(name, self.seen, unit, self.source.clone()) }
    }
}

/// How a form is recognised: counted while reading rows, or tried on the values that statistics keep.
pub(crate) struct Form {
    /// The counter of the profile.
    pub counted: fn(&ValueProfile) -> u64,
    /// Whether a value has the form.
    pub fits: fn(&str) -> bool,
}

/// Whether every text value seen has the form, at least [`FEWEST_VALUES`] of them.
pub(crate) fn all_of_form(field: &Field, form: &Form) -> Option<SameForm> {
    if let Some(profile) = &field.values {
        let all_texts = profile.texts >= FEWEST_VALUES && profile.integers + profile.floats + profile.blobs == 0;
        return (all_texts && (form.counted)(profile) == profile.texts).then(|| SameForm {
            seen: profile.texts as f64,
            distinct: profile.distinct.map(|distinct| distinct as f64),
            from_rows: true,
            source: if profile.complete { "all rows read".to_owned() } else { "a sample of rows".to_owned() },
        });
    }
    let statistics = field.statistics.as_ref()?;
    let values = known_values(statistics);
    let enough = values.len() as u64 >= FEWEST_VALUES;
    (enough && values.iter().all(|value| (form.fits)(value))).then(|| SameForm {
        seen: values.len() as f64,
        distinct: statistics.distinct,
        from_rows: false,
        source: statistics.source.clone(),
    })
}

/// A UUID of canonical form.
pub(crate) fn is_uuid(value: &str) -> bool {
    let fits = |(place, byte): (usize, u8)| if matches!(place, 8 | 13 | 18 | 23) { byte == b'-' } else { byte.is_ascii_hexdigit() };
    value.len() == 36 && value.bytes().enumerate().all(fits)
}

/// The values that statistics keep.
pub(crate) fn known_values(statistics: &FieldStatistics) -> Vec<&str> {
    statistics.common.iter().map(|common| common.value.as_str()).chain(statistics.histogram.iter().map(String::as_str)).collect()
}

/// Distinct values other than NULL, from rows read or from statistics.
pub(crate) fn distinct(field: &Field) -> Option<f64> {
    let counted = field.values.as_ref().and_then(|values| values.distinct).map(|distinct| distinct as f64);
    counted.or_else(|| field.statistics.as_ref()?.distinct)
}

/// Share of NULLs, from rows read or from statistics.
pub(crate) fn null_share(field: &Field) -> Option<f64> {
    let read = field.values.as_ref().filter(|values| values.rows_read > 0);
    let counted = read.map(|values| values.nulls as f64 / values.rows_read as f64);
    counted.or_else(|| field.statistics.as_ref()?.null_share)
}

/// Mean width of the values other than NULL, bytes.
pub(crate) fn mean_bytes(field: &Field) -> Option<f64> {
    let read = field.values.as_ref().filter(|values| values.rows_read > values.nulls);
    let counted = read.map(|values| values.total_bytes as f64 / (values.rows_read - values.nulls) as f64);
    counted.or_else(|| field.statistics.as_ref()?.mean_bytes)
}

/// Whether the index can answer equality on these columns: usable, whole or without only the NULLs, and its leading
/// columns are these in any order.
pub(crate) fn answers_equality(index: &Index, columns: &[String]) -> bool {
    let usable = index.valid && !index.invisible && matches!(index.method.to_ascii_lowercase().as_str(), "btree" | "" | "hash");
    let leading = index.leading_columns();
    usable
        && predicate_allows(index, columns)
        && leading.len() >= columns.len()
        && leading[..columns.len()].iter().all(|leading| columns.iter().any(|column| column == leading))
}

/// A partial index that leaves out only NULLs of these columns serves equality as a whole one does.
fn predicate_allows(index: &Index, columns: &[String]) -> bool {
    let Some(predicate) = &index.predicate else { return true };
    let plain: String = predicate.chars().filter(|letter| !matches!(letter, '(' | ')' | '"' | '`')).collect();
    columns.iter().any(|column| plain.trim().eq_ignore_ascii_case(&format!("{column} is not null")))
}

/// Whether equality on these columns has an index or a key of the table to go by.
pub(crate) fn has_index_for(table: &Collection, columns: &[String]) -> bool {
    let by_key = |key: &dbwright_model::catalog::Key| {
        key.columns.len() >= columns.len() && key.columns[..columns.len()].iter().all(|column| columns.contains(column))
    };
    table.indexes.iter().any(|index| answers_equality(index, columns))
        || table.primary_key().filter(|key| key.index.is_none() || table.storage.without_rowid).is_some_and(by_key)
}

/// Rows a day by which the table grew since the statistics were reset; none for less than a day.
pub(crate) fn inserts_a_day(context: &Context<'_>, table: &Collection) -> Option<f64> {
    let days = context.statistics_days().filter(|days| *days >= 1.0)?;
    Some(table.activity.as_ref()?.inserts as f64 / days)
}

/// Bytes in words: `3.4 GB`.
pub(crate) fn size(bytes: f64) -> String {
    const UNITS: [&str; 5] = ["bytes", "kB", "MB", "GB", "TB"];
    let (mut value, mut unit) = (bytes, 0);
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{value:.0} {}", UNITS[unit]) } else { format!("{value:.1} {}", UNITS[unit]) }
}

#[cfg(test)]
mod tests {
    use dbwright_model::catalog::IndexPart;

    use super::*;

    #[test]
    fn names_fall_into_words() {
        assert_eq!(words("customerPhone2_no"), ["customer", "phone", "2", "no"]);
        assert_eq!(words("HTTPStatus"), ["httpstatus"]);
        assert!(has_word("unit_price", &["price"]) && !has_word("priceless", &["price"]));
    }

    #[test]
    fn an_index_serves_equality_in_any_order_of_its_leading_columns() {
        let part = |name: &str| IndexPart { column: Some(name.into()), ..IndexPart::default() };
        let mut index = Index { method: "btree".into(), parts: vec![part("b"), part("a"), part("c")], valid: true, ..Index::default() };
        let wanted = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert!(answers_equality(&index, &wanted(&["a", "b"])) && !answers_equality(&index, &wanted(&["a", "c"])));
        index.predicate = Some("b IS NOT NULL".into());
        assert!(answers_equality(&index, &wanted(&["b"])));
        index.predicate = Some("c = 1".into());
        assert!(!answers_equality(&index, &wanted(&["b"])));
    }

    #[test]
    fn one_odd_value_breaks_the_form() {
        let form = Form { counted: |profile| profile.uuid_like, fits: |value| value.len() == 36 };
        let profile = |texts, uuid_like| ValueProfile { texts, uuid_like, ..ValueProfile::default() };
        let field = |values| Field { values: Some(values), ..Field::default() };
        assert!(all_of_form(&field(profile(10, 10)), &form).is_some());
        assert!(all_of_form(&field(profile(10, 9)), &form).is_none());
        assert!(all_of_form(&field(profile(9, 9)), &form).is_none(), "too few");
        assert!(all_of_form(&Field::default(), &form).is_none(), "nothing known");
    }
}
