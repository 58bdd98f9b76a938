//! What is drawn: boxes and references of a catalog. It knows nothing of places.

use std::collections::BTreeMap;

use dbwright_model::ObjectName;
use dbwright_model::catalog::{Catalog, Collection};

use super::{DETAILED, MOST_TABLES};
use crate::sanitise;
use crate::text::{cut, width};

/// Columns shown in a box.
const ROWS: usize = 12;
/// Height of a box's title, pixels.
pub(super) const TITLE: f64 = 27.0;
/// Height of a row, pixels.
pub(super) const ROW: f64 = 18.0;
/// Height of a line of tags, pixels.
pub(super) const TAG: f64 = 15.0;
/// Width of a character of the title and of rows, pixels, for a monospaced 12 pixel font.
const CHARACTER: f64 = 7.3;
/// References to one table from which on, in a crowd, they are written rather than drawn.
const HUB: usize = 10;

/// A box.
pub(super) struct Node {
    /// Place in the catalog's collections.
    pub at: usize,
    /// Full name.
    pub name: String,
    /// Name shown.
    pub title: String,
    /// Columns shown.
    pub rows: Vec<Row>,
    /// Tables referred to without a line.
    pub tags: Vec<String>,
    /// References that `tags` stand for.
    pub tagged: usize,
    /// Pixels.
    pub width: f64,
    /// Pixels.
    pub height: f64,
}

/// A column in a box.
pub(super) struct Row {
    /// `pk`, `fk` or nothing.
    pub mark: &'static str,
    /// Part of the primary key.
    pub key: bool,
    /// Name shown.
    pub name: String,
    /// Type shown, with `?` when it may be NULL.
    pub kind: String,
}

/// A reference.
pub(super) struct Edge {
    /// The referring box.
    pub child: usize,
    /// The box referred to.
    pub parent: usize,
    /// Row of the child at which the line ends.
    pub child_row: Option<usize>,
    /// Row of the parent at which the line ends.
    pub parent_row: Option<usize>,
    /// Whether the reference may be empty.
    pub optional: bool,
    /// Whether a parent has one child at the most.
    pub single: bool,
    /// The reference in words.
    pub title: String,
}

/// Boxes and references.
pub(super) struct Graph {
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
    pub left_out: usize,
    pub hubs: Vec<String>,
}

impl Graph {
    /// From a catalog.
    pub fn new(catalog: &Catalog) -> Self {
        let all: Vec<(usize, &Collection)> = catalog.collections.iter().enumerate().filter(|(_, table)| table.kind.is_table()).collect();
        let shown = most_linked(&all);
        let detailed = shown.len() <= DETAILED;
        let places: BTreeMap<&ObjectName, usize> = shown.iter().enumerate().map(|(at, (_, table))| (&table.name, at)).collect();
        let mut referred = vec![0_usize; shown.len()];
        let references =
            || shown.iter().enumerate().flat_map(|(child, (_, table))| table.references.iter().map(move |reference| (child, reference)));
        for (child, reference) in references() {
            if let Some(&parent) = places.get(&reference.target).filter(|parent| **parent != child) {
                referred[parent] += 1;
            }
        }
        let hub = |at: usize| !detailed && referred[at] >= HUB;
        let mut graph = Self {
            nodes: shown.iter().map(|(at, table)| node(*at, table, detailed)).collect(),
            edges: Vec::new(),
            left_out: all.len() - shown.len(),
            hubs: (0..shown.len()).filter(|at| hub(*at)).map(|at| sanitise::line(&shown[at].1.name.to_string())).collect(),
        };
        for (child, reference) in references() {
            let Some(&parent) = places.get(&reference.target) else { continue };
            if hub(parent) && parent != child {
                let title = graph.nodes[parent].title.clone();
                graph.nodes[child].tag(title);
            } else {
                let edge = edge(&graph, &shown, (child, parent), reference);
                graph.edges.push(edge);
            }
        }
        graph
    }
}

impl Node {
    fn tag(&mut self, title: String) {
        self.tagged += 1;
        if self.tags.contains(&title) {
            return;
        }
        self.width = self.width.max((width(&title) as f64 + 2.0) * CHARACTER * 0.92 + 22.0);
        self.height += TAG;
        self.tags.push(title);
    }
}

/// All tables, or the most referred to and referring where there are too many, in the catalog's order.
fn most_linked<'c>(all: &[(usize, &'c Collection)]) -> Vec<(usize, &'c Collection)> {
    if all.len() <= MOST_TABLES {
        return all.to_vec();
    }
    let mut links: BTreeMap<&ObjectName, usize> = BTreeMap::new();
    for reference in all.iter().flat_map(|(_, table)| &table.references) {
        *links.entry(&reference.target).or_default() += 1;
    }
    let degree = |table: &Collection| links.get(&table.name).copied().unwrap_or(0) + table.references.len();
    let mut ranked = all.to_vec();
    ranked.sort_by_key(|(at, table)| (std::cmp::Reverse(degree(table)), *at));
    ranked.truncate(MOST_TABLES);
    ranked.sort_by_key(|(at, _)| *at);
    ranked
}

fn node(at: usize, table: &Collection, detailed: bool) -> Node {
    let rows = if detailed { rows(table) } else { Vec::new() };
    let title = cut(&sanitise::line(&table.name.name), 28);
    let broadest = rows.iter().map(|row| width(&row.name) + width(&row.kind) + 5).max().unwrap_or(0).max(width(&title) + 1) as f64;
    let height = if rows.is_empty() { TITLE } else { TITLE + ROW * rows.len() as f64 + 7.0 };
    Node {
        at,
        name: sanitise::line(&table.name.to_string()),
        title,
        rows,
        tags: Vec::new(),
        tagged: 0,
        width: (broadest * CHARACTER + 20.0).max(96.0),
        height,
    }
}

/// Keys and references always, others as far as there is room, in the catalog's order.
fn rows(table: &Collection) -> Vec<Row> {
    let key = |name: &str| table.primary_key().is_some_and(|key| key.columns.iter().any(|column| column == name));
    let refers = |name: &str| table.references.iter().any(|reference| reference.columns.iter().any(|column| column == name));
    let linked = table.fields.iter().filter(|field| key(&field.name) || refers(&field.name)).count();
    let mut room = ROWS.saturating_sub(linked);
    let mut rows = Vec::new();
    for field in &table.fields {
        let (key, refers) = (key(&field.name), refers(&field.name));
        if !key && !refers {
            if room == 0 {
                continue;
            }
            room -= 1;
        }
        let empty = if field.nullable && !key { "?" } else { "" };
        rows.push(Row {
            mark: if refers {
                "fk"
            } else if key {
                "pk"
            } else {
                ""
            },
            key,
            name: cut(&sanitise::line(&field.name), 24),
            kind: format!("{}{empty}", cut(&sanitise::line(&field.type_name), 14)),
        });
    }
    if rows.len() < table.fields.len() {
        rows.push(Row { mark: "", key: false, name: format!("… {} more", table.fields.len() - rows.len()), kind: String::new() });
    }
    rows
}

fn edge(
    graph: &Graph,
    shown: &[(usize, &Collection)],
    (child, parent): (usize, usize),
    reference: &dbwright_model::catalog::Reference,
) -> Edge {
    let (from, to) = (shown[child].1, shown[parent].1);
    let row = |at: usize, column: Option<&String>| {
        let name = cut(&sanitise::line(column?), 24);
        graph.nodes[at].rows.iter().position(|row| row.name == name)
    };
    let alone = |columns: &[String]| columns == reference.columns.as_slice();
    let title = format!("{} → {}", from.name.with_columns(&reference.columns), reference.target.with_columns(&reference.target_columns));
    let target = reference.target_columns.first().or_else(|| to.primary_key().and_then(|key| key.columns.first()));
    Edge {
        child,
        parent,
        child_row: row(child, reference.columns.first()),
        parent_row: row(parent, target),
        optional: reference.columns.iter().any(|name| from.field(name).is_some_and(|field| field.nullable)),
        single: from.keys.iter().any(|key| alone(&key.columns)),
        title: sanitise::line(&title),
    }
}
