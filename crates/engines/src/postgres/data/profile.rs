//! What the texts of a table look like, counted by patterns on the server. Only counts come back.

use dbwright_model::catalog::{Collection, Field, TypeFamily, ValueProfile};
use dbwright_model::{FactKind, Facts};
use tokio_postgres::Row;

use super::super::queries::quote;
use super::super::row::Cells;
use super::super::session::ReadOnly;
use super::{one, source};
use crate::coverage::Book;
use crate::error::EngineError;
use crate::options::ReadRows;

/// Most columns that one query counts over.
const MOST_COLUMNS: usize = 40;

/// Conditions on a text `v`, in the order of the answer. What they mean is said at [`ValueProfile`].
const SHAPES: [&str; 7] = [
    "v ~ '^-?(0|[1-9][0-9]*)(\\.[0-9]+)?$'",
    "v ~ '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-6][0-9](\\.[0-9]+)?)?([Zz]|[+-][0-9:]+)?)?$' \
     OR v ~ '^([01][0-9]|2[0-3]):[0-5][0-9](:[0-6][0-9](\\.[0-9]+)?)?$'",
    "v ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'",
    "pg_catalog.lower(v) IN ('true', 'false', 'yes', 'no', 't', 'f', 'y', 'n', '0', '1')",
    "{json}",
    "(v ~ '^[^,\\s]+(,[^,\\s]+)+$' AND v !~ '^-?[0-9]{1,3}(,[0-9]{3})+(\\.[0-9]+)?$' OR v ~ '^[^;\\s]+(;[^;\\s]+)+$' OR v ~ '^[^|\\s]+(\\|[^|\\s]+)+$') \
     AND v !~ '^[{\\[]' AND v !~ '://'",
    "v ~ '^[A-Za-z0-9._%+-]+@[A-Za-z0-9._%+-]+\\.[A-Za-z0-9_%+-]+$'",
];
/// Before version 16 nothing tells whether a text is JSON without failing on one that is not: its look must do.
const LOOKS_LIKE_JSON: &str = "v ~ '^\\s*(\\{(\\s*\\}|\\s*\".*:.*\\})|\\[.*\\])\\s*$'";
const IS_JSON: &str = "v ~ '^\\s*[{\\[].*[}\\]]\\s*$' AND pg_catalog.pg_input_is_valid(v, 'json')";

/// Profiles the text columns of all tables.
pub(super) async fn read(session: &ReadOnly, rows: ReadRows, facts: &mut Facts, book: &mut Book) -> Result<(), EngineError> {
    for table in facts.catalog.collections.iter_mut().filter(|table| table.kind.is_table()) {
        let columns: Vec<usize> = (0..table.fields.len()).filter(|at| is_text(&table.fields[*at])).collect();
        for columns in columns.chunks(MOST_COLUMNS) {
            let sql = statement(table, columns, rows, session.version);
            let Some(row) = one(session, &sql, &table.name, "facts", FactKind::Values, book).await? else { continue };
            for (place, at) in columns.iter().enumerate() {
                table.fields[*at].values = Some(profile(&row, place, rows)?);
            }
        }
    }
    session.execute("ROLLBACK TO SAVEPOINT facts").await
}

fn is_text(field: &Field) -> bool {
    matches!(field.family, TypeFamily::Text | TypeFamily::PaddedText) && field.generated.is_none()
}

fn statement(table: &Collection, columns: &[usize], rows: ReadRows, version: u32) -> String {
    let json = if version >= 16 { IS_JSON } else { LOOKS_LIKE_JSON };
    let counts: Vec<String> = (0..columns.len())
        .map(|place| {
            let shapes: Vec<String> = SHAPES
                .iter()
                .map(|shape| format!("pg_catalog.count(*) FILTER (WHERE {})", with_column(&shape.replace("{json}", json), place)))
                .collect();
            format!(
                "ARRAY[pg_catalog.count(c{place}), {}, COALESCE(pg_catalog.max(pg_catalog.octet_length(c{place})), 0), \
                 COALESCE(pg_catalog.sum(pg_catalog.octet_length(c{place})), 0)]::pg_catalog.int8[] AS p{place}",
                shapes.join(", ")
            )
        })
        .collect();
    let sources: Vec<String> =
        columns.iter().enumerate().map(|(place, at)| format!("{}::pg_catalog.text AS c{place}", quote(&table.fields[*at].name))).collect();
    let limit = match rows {
        ReadRows::Sample(limit) => format!(" LIMIT {limit}"),
        _ => String::new(),
    };
    format!(
        "SELECT pg_catalog.count(*) AS rows_read, {} FROM (SELECT {} FROM {}{limit}) AS r",
        counts.join(", "),
        sources.join(", "),
        source(table)
    )
}

/// The condition for column `c<place>`: `v` stands alone wherever it means the value.
fn with_column(shape: &str, place: usize) -> String {
    let mut text = String::with_capacity(shape.len() + 16);
    let mut quoted = false;
    let mut before = ' ';
    let mut letters = shape.chars().peekable();
    while let Some(letter) = letters.next() {
        quoted ^= letter == '\'';
        let alone =
            !before.is_alphanumeric() && !before.eq(&'_') && !letters.peek().is_some_and(|next| next.is_alphanumeric() || *next == '_');
        if letter == 'v' && !quoted && alone {
            text.push_str(&format!("c{place}"));
        } else {
            text.push(letter);
        }
        before = letter;
    }
    text
}

fn profile(row: &Row, place: usize, rows: ReadRows) -> Result<ValueProfile, EngineError> {
    let rows_read = row.count("rows_read")?;
    let counts: Vec<u64> = row.ints(&format!("p{place}"))?.into_iter().map(|count| u64::try_from(count).unwrap_or(0)).collect();
    let count = |at: usize| counts.get(at).copied().unwrap_or(0);
    let complete = match rows {
        ReadRows::Sample(limit) => rows_read < limit,
        _ => true,
    };
    Ok(ValueProfile {
        rows_read,
        complete,
        nulls: rows_read.saturating_sub(count(0)),
        texts: count(0),
        number_like: count(1),
        date_like: count(2),
        uuid_like: count(3),
        boolean_like: count(4),
        json_like: count(5),
        list_like: count(6),
        email_like: count(7),
        longest_bytes: count(8),
        total_bytes: count(9),
        ..ValueProfile::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn puts_the_column_where_the_value_stands() {
        assert_eq!(with_column("v ~ '^v$' AND pg_catalog.lower(v) IN ('v')", 3), "c3 ~ '^v$' AND pg_catalog.lower(c3) IN ('v')");
    }
}
