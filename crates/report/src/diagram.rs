//! The entity-relationship diagram as SVG: tables in layers along their references, crossings reduced, crow's feet.
//! Deterministic; tables without references stand in rows below. It draws names, never data.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use dbwright_model::ObjectName;
use dbwright_model::catalog::{Catalog, Collection};

use crate::sanitise;
use crate::text::{cut, width};

/// Columns shown in a box while the diagram is small.
const COLUMNS_SHOWN: usize = 9;
/// Tables up to which columns are shown.
const SMALL: usize = 40;
/// Tables up to which a diagram is drawn at all.
const MOST_TABLES: usize = 400;

const CHARACTER: f64 = 6.9;
const LINE: f64 = 16.0;
const GAP_X: f64 = 74.0;
const GAP_Y: f64 = 22.0;

/// A box of the diagram.
struct Box<'a> {
    table: &'a Collection,
    rows: Vec<String>,
    width: f64,
    height: f64,
    x: f64,
    y: f64,
}

/// Draws the tables of a catalog; none when there are no tables or far too many.
#[must_use]
pub fn svg(catalog: &Catalog) -> Option<String> {
    let tables: Vec<&Collection> = catalog.tables().collect();
    if tables.is_empty() || tables.len() > MOST_TABLES {
        return None;
    }
    let mut boxes: Vec<Box<'_>> = tables.iter().map(|table| new_box(table, tables.len() <= SMALL)).collect();
    let edges = edges(&tables);
    place(&mut boxes, &edges);
    Some(draw(&boxes, &edges))
}

fn new_box(table: &Collection, columns: bool) -> Box<'_> {
    let keys: Vec<&str> = table.primary_key().map(|key| key.columns.iter().map(String::as_str).collect()).unwrap_or_default();
    let refers = |name: &str| table.references.iter().any(|reference| reference.columns.iter().any(|column| column == name));
    let mut rows = Vec::new();
    if columns {
        for field in table.fields.iter().take(COLUMNS_SHOWN) {
            let sign = if keys.contains(&field.name.as_str()) {
                "◆"
            } else if refers(&field.name) {
                "→"
            } else {
                " "
            };
            rows.push(format!("{sign} {}", cut(&sanitise::line(&field.name), 26)));
        }
        if table.fields.len() > COLUMNS_SHOWN {
            rows.push(format!("  … {} more", table.fields.len() - COLUMNS_SHOWN));
        }
    }
    let title = cut(&sanitise::line(&table.name.name), 30);
    let longest = rows.iter().map(|row| width(row)).chain([width(&title) + 1]).max().unwrap_or(8) as f64;
    Box { table, width: longest * CHARACTER + 22.0, height: LINE * (rows.len() as f64 + 1.0) + 14.0, rows, x: 0.0, y: 0.0 }
}

/// An edge: from the referring table to the one referred to, by place; `optional` when the column may be NULL.
struct Edge {
    from: usize,
    to: usize,
    optional: bool,
    title: String,
}

fn edges(tables: &[&Collection]) -> Vec<Edge> {
    let places: BTreeMap<&ObjectName, usize> = tables.iter().enumerate().map(|(at, table)| (&table.name, at)).collect();
    let mut edges = Vec::new();
    for (from, table) in tables.iter().enumerate() {
        for reference in &table.references {
            let Some(&to) = places.get(&reference.target) else { continue };
            let optional = reference.columns.iter().any(|name| table.field(name).is_some_and(|field| field.nullable));
            let title =
                format!("{} → {}", table.name.with_columns(&reference.columns), reference.target.with_columns(&reference.target_columns));
            edges.push(Edge { from, to, optional, title: sanitise::line(&title) });
        }
    }
    edges
}

/// Layers by longest path to a table that refers to nothing; cycles are cut at the edge that closes them.
fn layers(count: usize, edges: &[Edge]) -> Vec<usize> {
    let mut layer = vec![0_usize; count];
    // Longest paths settle after at most `count` rounds; in a cycle they never would, so the bound also cuts cycles.
    let rounds = count.min(24);
    for _ in 0..rounds {
        let mut changed = false;
        for edge in edges.iter().filter(|edge| edge.from != edge.to) {
            let wanted = layer[edge.to] + 1;
            if layer[edge.from] < wanted && wanted <= rounds {
                layer[edge.from] = wanted;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    layer
}

fn place(boxes: &mut [Box<'_>], edges: &[Edge]) {
    let linked: Vec<bool> =
        (0..boxes.len()).map(|at| edges.iter().any(|edge| edge.from != edge.to && (edge.from == at || edge.to == at))).collect();
    let layer = layers(boxes.len(), edges);
    let mut columns: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for at in (0..boxes.len()).filter(|at| linked[*at]) {
        columns.entry(layer[at]).or_default().push(at);
    }
    let mut columns: Vec<Vec<usize>> = columns.into_values().flat_map(|column| split(column, boxes.len())).collect();
    reduce_crossings(&mut columns, edges, boxes.len());
    let bottom = set_columns(boxes, &columns);
    let alone: Vec<usize> = (0..boxes.len()).filter(|at| !linked[*at]).collect();
    set_rows(boxes, &alone, bottom);
}

/// A layer far taller than the diagram is broad is parted into several columns.
fn split(column: Vec<usize>, tables: usize) -> Vec<Vec<usize>> {
    let tallest = ((tables as f64).sqrt() * 1.6).ceil() as usize;
    column.chunks(tallest.max(6)).map(<[usize]>::to_vec).collect()
}

/// Barycentre ordering, a few sweeps both ways (Sugiyama's method).
fn reduce_crossings(columns: &mut [Vec<usize>], edges: &[Edge], count: usize) {
    let mut position = vec![0.0_f64; count];
    let note = |columns: &[Vec<usize>], position: &mut Vec<f64>| {
        for column in columns {
            for (at, member) in column.iter().enumerate() {
                position[*member] = (at as f64 + 0.5) / column.len() as f64;
            }
        }
    };
    note(columns, &mut position);
    for sweep in 0..8 {
        let order: Vec<usize> = if sweep % 2 == 0 { (0..columns.len()).collect() } else { (0..columns.len()).rev().collect() };
        for column in order {
            let middle = |member: usize| {
                let near: Vec<f64> = edges
                    .iter()
                    .filter_map(|edge| match (edge.from == member, edge.to == member) {
                        (true, false) => Some(position[edge.to]),
                        (false, true) => Some(position[edge.from]),
                        _ => None,
                    })
                    .collect();
                if near.is_empty() { position[member] } else { near.iter().sum::<f64>() / near.len() as f64 }
            };
            let mut keyed: Vec<(f64, usize)> = columns[column].iter().map(|member| (middle(*member), *member)).collect();
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            columns[column] = keyed.into_iter().map(|(_, member)| member).collect();
            note(columns, &mut position);
        }
    }
}

/// Sets the columns side by side, each centred on the tallest; the height used.
fn set_columns(boxes: &mut [Box<'_>], columns: &[Vec<usize>]) -> f64 {
    let height = |column: &Vec<usize>, boxes: &[Box<'_>]| column.iter().map(|at| boxes[*at].height + GAP_Y).sum::<f64>();
    let tallest = columns.iter().map(|column| height(column, boxes)).fold(0.0, f64::max);
    let mut x = 16.0;
    for column in columns {
        let mut y = 16.0 + (tallest - height(column, boxes)) / 2.0;
        let broadest = column.iter().map(|at| boxes[*at].width).fold(0.0, f64::max);
        for at in column {
            boxes[*at].x = x;
            boxes[*at].y = y;
            y += boxes[*at].height + GAP_Y;
        }
        x += broadest + GAP_X;
    }
    if columns.is_empty() { 0.0 } else { tallest + 16.0 }
}

/// Sets tables without references in rows below.
fn set_rows(boxes: &mut [Box<'_>], alone: &[usize], top: f64) {
    let right = boxes.iter().map(|entry| entry.x + entry.width).fold(900.0, f64::max);
    let (mut x, mut y, mut tallest) = (16.0, top + 16.0, 0.0_f64);
    for at in alone {
        if x > 16.0 && x + boxes[*at].width > right {
            (x, y, tallest) = (16.0, y + tallest + GAP_Y, 0.0);
        }
        boxes[*at].x = x;
        boxes[*at].y = y;
        x += boxes[*at].width + GAP_Y;
        tallest = tallest.max(boxes[*at].height);
    }
}

fn draw(boxes: &[Box<'_>], edges: &[Edge]) -> String {
    let right = boxes.iter().map(|entry| entry.x + entry.width).fold(0.0, f64::max) + 16.0;
    let bottom = boxes.iter().map(|entry| entry.y + entry.height).fold(0.0, f64::max) + 16.0;
    let mut out = format!(
        "<svg class=\"er\" viewBox=\"0 0 {right:.0} {bottom:.0}\" width=\"{right:.0}\" height=\"{bottom:.0}\" role=\"img\" aria-label=\"Entity-relationship diagram of {} tables and {} references\">",
        boxes.len(),
        edges.len()
    );
    for (number, edge) in edges.iter().enumerate() {
        draw_edge(edge, number, boxes, &mut out);
    }
    for entry in boxes {
        draw_box(entry, &mut out);
    }
    out.push_str("</svg>");
    out
}

fn draw_box(entry: &Box<'_>, out: &mut String) {
    let Box { x, y, width, height, .. } = entry;
    let full = xml(&sanitise::line(&entry.table.name.to_string()));
    let title = xml(&cut(&sanitise::line(&entry.table.name.name), 30));
    let _ = write!(
        out,
        "<g class=\"t\"><title>{full}</title><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"5\"/>"
    );
    let _ = write!(out, "<text class=\"n\" x=\"{:.1}\" y=\"{:.1}\">{title}</text>", x + 10.0, y + 19.0);
    if !entry.rows.is_empty() {
        let _ = write!(out, "<path class=\"r\" d=\"M{:.1} {:.1}h{:.1}\"/>", x, y + 26.0, width);
    }
    for (at, row) in entry.rows.iter().enumerate() {
        let _ =
            write!(out, "<text x=\"{:.1}\" y=\"{:.1}\" xml:space=\"preserve\">{}</text>", x + 10.0, y + 41.0 + LINE * at as f64, xml(row));
    }
    out.push_str("</g>");
}

/// A curve from the referring side (crow's foot, a ring when the reference is optional) to the side referred to (a bar).
fn draw_edge(edge: &Edge, number: usize, boxes: &[Box<'_>], out: &mut String) {
    let (from, to) = (&boxes[edge.from], &boxes[edge.to]);
    let spread = ((number % 5) as f64 - 2.0) * 5.0;
    if edge.from == edge.to {
        let (x, y) = (from.x + from.width, from.y + from.height / 2.0);
        let _ = write!(out, "<path class=\"e\" d=\"M{x:.1} {:.1}c34 -6 34 26 0 20\"><title>{}</title></path>", y - 10.0, xml(&edge.title));
        return;
    }
    let leftwards = to.x + to.width / 2.0 <= from.x + from.width / 2.0;
    let (start, end, side) = if leftwards { (from.x, to.x + to.width, -1.0) } else { (from.x + from.width, to.x, 1.0) };
    let y1 = from.y + from.height / 2.0 + spread;
    let y2 = to.y + to.height / 2.0 + spread;
    let bend = ((end - start).abs() / 2.0).max(36.0);
    let same_column = (from.x - to.x).abs() < 1.0;
    let (end, bend_end) = if same_column { (to.x, -side * -1.0 * bend) } else { (end, -side * bend) };
    let _ = write!(
        out,
        "<path class=\"e\" d=\"M{start:.1} {y1:.1}C{:.1} {y1:.1} {:.1} {y2:.1} {end:.1} {y2:.1}\"><title>{}</title></path>",
        start + side * bend,
        if same_column { end + side * bend } else { end + bend_end },
        xml(&edge.title)
    );
    let foot = start + side * 9.0;
    let _ = write!(out, "<path class=\"f\" d=\"M{start:.1} {:.1}L{foot:.1} {y1:.1}L{start:.1} {:.1}\"/>", y1 - 5.0, y1 + 5.0);
    if edge.optional {
        let _ = write!(out, "<circle class=\"o\" cx=\"{:.1}\" cy=\"{y1:.1}\" r=\"3.5\"/>", foot + side * 4.0);
    }
    let bar = if same_column { end + side * 6.0 } else { end - side * 6.0 };
    let _ = write!(out, "<path class=\"f\" d=\"M{bar:.1} {:.1}v10\"/>", y2 - 5.0);
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use dbwright_model::catalog::Reference;

    fn catalog(count: usize) -> Catalog {
        let table = |at: usize| Collection {
            name: ObjectName::bare(format!("t{at}")),
            references: (at > 0)
                .then(|| Reference {
                    columns: vec!["a".into()],
                    target: ObjectName::bare(format!("t{}", at / 3)),
                    target_columns: vec!["id".into()],
                    ..Reference::default()
                })
                .into_iter()
                .collect(),
            ..Collection::default()
        };
        Catalog { collections: (0..count).map(table).collect(), ..Catalog::default() }
    }

    #[test]
    fn no_two_boxes_overlap() {
        for count in [1, 10, 200] {
            let catalog = catalog(count);
            let tables: Vec<&Collection> = catalog.tables().collect();
            let mut boxes: Vec<Box<'_>> = tables.iter().map(|table| new_box(table, count <= SMALL)).collect();
            let edges = edges(&tables);
            place(&mut boxes, &edges);
            for (at, one) in boxes.iter().enumerate() {
                for other in &boxes[at + 1..] {
                    let apart = one.x + one.width <= other.x
                        || other.x + other.width <= one.x
                        || one.y + one.height <= other.y
                        || other.y + other.height <= one.y;
                    assert!(apart, "{} and {} overlap", one.table.name, other.table.name);
                }
            }
        }
    }

    #[test]
    fn cycles_and_self_references_end() {
        let mut catalog = catalog(3);
        for (from, to) in [(0, 2), (1, 1)] {
            let target = ObjectName::bare(format!("t{to}"));
            catalog.collections[from].references.push(Reference { columns: vec!["b".into()], target, ..Reference::default() });
        }
        assert!(svg(&catalog).is_some_and(|picture| picture.matches("class=\"e\"").count() == 4));
    }

    #[test]
    fn hostile_names_stay_text() {
        let mut catalog = catalog(1);
        catalog.collections[0].name = ObjectName::bare("<script>alert(1)</script>");
        assert!(!svg(&catalog).unwrap_or_default().contains("<script"));
    }
}
