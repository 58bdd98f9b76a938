//! Collections with their sizes, columns and indexes. It never shows a row.

use dbwright_model::catalog::{Collection, Index};
use dbwright_model::report::Report;
use maud::{Markup, html};

use crate::text::plural;
use crate::{number, sanitise};

/// Collections listed; smaller ones are counted.
const MOST: usize = 500;
/// Collections whose columns and indexes are listed too.
const MOST_DETAILED: usize = 200;
/// Columns listed of one collection.
const MOST_COLUMNS: usize = 200;

/// The section; empty when the report carries no facts.
pub(super) fn section(report: &Report) -> Markup {
    let Some(facts) = &report.facts else { return html! {} };
    let mut rows: Vec<(usize, &Collection)> = facts.catalog.collections.iter().enumerate().collect();
    rows.sort_by(|a, b| {
        b.1.total_bytes().unwrap_or(0.0).total_cmp(&a.1.total_bytes().unwrap_or(0.0)).then_with(|| a.1.name.cmp(&b.1.name))
    });
    let largest = rows.first().and_then(|(_, row)| row.total_bytes()).unwrap_or(0.0);
    let hidden = rows.len().saturating_sub(MOST);
    html! {
        section id="tables" aria-labelledby="tables-h" {
            h2 id="tables-h" { "Tables" }
            @if rows.is_empty() { p.note { "There are none." } } @else {
                p.note { "Largest first. " @if largest > 0.0 { span.key.a { "table" } " " span.key.b { "indexes" } " " span.key.c { "large values apart" } } }
                div.scroll tabindex="0" role="group" aria-label="Tables; scrolls sideways" {
                    table.sizes {
                        thead { tr { th { "name" } th { "kind" } th.r { "rows" } th.r { "table" } th.r { "indexes" } @if largest > 0.0 { th { "size" } } th.r { "columns" } } }
                        tbody { @for (place, (at, row)) in rows.iter().take(MOST).enumerate() { (line(*at, row, largest, place < MOST_DETAILED)) } }
                    }
                }
                @if hidden > 0 { p.note { (number::grouped(hidden as f64)) " smaller ones are not listed." } }
            }
        }
    }
}

fn line(at: usize, row: &Collection, largest: f64, detailed: bool) -> Markup {
    let name = sanitise::line(&row.name.to_string());
    html! {
        tr id={ "table-" (at) } {
            td.name {
                @if detailed && !(row.fields.is_empty() && row.indexes.is_empty()) { details { summary dir="auto" { (name) } (inside(row)) } } @else { span dir="auto" { (name) } }
            }
            td { (row.kind.title()) }
            td.r { (row.storage.rows.as_ref().map(number::quantity).unwrap_or_default()) }
            td.r { (size(row.storage.table_bytes.as_ref())) }
            td.r { (size(row.storage.index_bytes.as_ref())) }
            @if largest > 0.0 { td { (bar(row, largest)) } }
            td.r { (row.fields.len()) }
        }
    }
}

fn size(quantity: Option<&dbwright_model::Quantity>) -> String {
    quantity.map(|quantity| number::bytes(quantity.value)).unwrap_or_default()
}

/// Table, indexes and large values end to end, on the scale of the largest.
fn bar(row: &Collection, largest: f64) -> Markup {
    let parts = [(&row.storage.table_bytes, "a"), (&row.storage.index_bytes, "b"), (&row.storage.large_value_bytes, "c")];
    let mut x = 0.0;
    let mut pieces = Vec::new();
    for (bytes, class) in parts {
        let width = bytes.as_ref().map_or(0.0, |bytes| bytes.value.max(0.0) / largest * 150.0);
        if width > 0.0 {
            pieces.push((format!("{x:.1}"), format!("{:.1}", width.max(0.7)), class));
        }
        x += width;
    }
    html! { svg.bar width="152" height="10" aria-hidden="true" { @for (x, width, class) in pieces { rect class=(class) x=(x) width=(width) height="10" {} } } }
}

fn inside(row: &Collection) -> Markup {
    let keys: Vec<&str> = row.primary_key().map(|key| key.columns.iter().map(String::as_str).collect()).unwrap_or_default();
    html! {
        table.inside {
            tbody { @for field in row.fields.iter().take(MOST_COLUMNS) { tr {
                td dir="auto" { (sanitise::line(&field.name)) }
                td { code { (sanitise::line(&field.type_name)) } }
                td { @if keys.contains(&field.name.as_str()) { "key" } @else if field.nullable { "may be NULL" } }
            } } }
        }
        @if row.fields.len() > MOST_COLUMNS { p.note { (plural(row.fields.len() - MOST_COLUMNS, "more column")) } }
        @if !row.indexes.is_empty() {
            table.inside {
                thead { tr { th { "index" } th { "on" } th.r { "size" } th.r { "scans" } } }
                tbody { @for index in &row.indexes { tr {
                    td dir="auto" { (sanitise::line(&index.name)) }
                    td { code { (parts(index)) } @if index.unique { " unique" } @if !index.valid { " invalid" } @if index.predicate.is_some() { " partial" } }
                    td.r { (size(index.bytes.as_ref())) }
                    td.r { (index.scans.map(|scans| number::grouped(scans as f64)).unwrap_or_default()) }
                } } }
            }
        }
    }
}

fn parts(index: &Index) -> String {
    let parts: Vec<&str> = index.parts.iter().map(|part| part.column.as_deref().or(part.expression.as_deref()).unwrap_or("?")).collect();
    sanitise::line(&format!("{} ({})", index.method, parts.join(", ")))
}
