//! Which indexes could help: per statement and table complete multi-column ones, then near-duplicates merged. It never
//! prices them.
//!
//! Key columns come in the order that a B-tree can use: those compared by equality, then one range, or the columns of a
//! join before or behind them, or the order wanted. A candidate is complete from the start; none grows later.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_model::Engine;
use dbwright_model::catalog::{Collection, Index, IndexPart, TypeFamily};

use super::interest::{self, Column, Interest, Special, TableInterest};
use super::size;
use crate::context::{Context, StatementView};

/// What the candidates may be like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shapes {
    /// Rows below which a table gets no index.
    pub least_rows: f64,
    /// Key columns at most.
    pub most_keys: usize,
    /// Columns carried along at most; none when 0.
    pub most_included: usize,
    /// Candidates at most.
    pub most: usize,
}

impl Default for Shapes {
    fn default() -> Self {
        Self { least_rows: crate::context::tables::SMALL_TABLE_ROWS, most_keys: 4, most_included: 6, most: 4000 }
    }
}

/// An index that could help.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Its table, by its place in the catalog.
    pub table: usize,
    /// What it would be; without name.
    pub index: Index,
    /// Bytes on disk, estimated.
    pub bytes: f64,
    /// The statements that asked for it, by their place in the workload.
    pub asked_by: BTreeSet<usize>,
}

/// All candidates, and what each statement asks.
#[derive(Debug, Clone, Default)]
pub struct Candidates {
    /// The candidates, in a stable order.
    pub list: Vec<Candidate>,
    /// Per statement: what it asks of each table.
    pub interests: Vec<Vec<TableInterest>>,
    /// Candidates left out since there were too many.
    pub left_out: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    table: usize,
    method: &'static str,
    parts: Vec<(Option<Column>, String, bool)>,
    included: Vec<Column>,
    predicate: Option<String>,
}

/// The candidates of these statements (places in the workload), most important first.
#[must_use]
pub fn of(context: &Context<'_>, statements: &[usize], shapes: &Shapes) -> Candidates {
    let mut found: BTreeMap<Key, (BTreeSet<usize>, usize)> = BTreeMap::new();
    let mut all = Candidates::default();
    for (at, place) in statements.iter().enumerate() {
        let view: &StatementView<'_> = &context.statements()[*place];
        let interests = interest::of(context, view);
        for table in &interests {
            let collection = &context.facts.catalog.collections[table.table];
            if collection.kind.is_table() && context.rows_of(collection).is_some_and(|rows| rows >= shapes.least_rows) {
                for key in
                    (Maker { engine: context.engine(), collection, interest: table, shapes, extensions: &extensions(context) }).keys()
                {
                    let order = found.len();
                    found.entry(key).or_insert_with(|| (BTreeSet::new(), order)).0.insert(at);
                }
            }
        }
        all.interests.push(interests);
    }
    let mut list: Vec<(usize, Candidate)> = found
        .into_iter()
        .filter(|(key, _)| !exists(&context.facts.catalog.collections[key.table], key))
        .map(|(key, (asked_by, order))| (order, candidate(context, key, asked_by)))
        .collect();
    if list.len() > shapes.most {
        list.sort_by_key(|(order, _)| *order);
        all.left_out = list.len() - shapes.most;
        list.truncate(shapes.most);
    }
    all.list = list.into_iter().map(|(_, candidate)| candidate).collect();
    all
}

fn extensions(context: &Context<'_>) -> BTreeSet<String> {
    context.facts.catalog.extensions.iter().map(|one| one.name.clone()).collect()
}

fn candidate(context: &Context<'_>, key: Key, asked_by: BTreeSet<usize>) -> Candidate {
    let table = &context.facts.catalog.collections[key.table];
    let name = |column: Column| table.fields[column].name.clone();
    let part = |(column, text, descending): &(Option<Column>, String, bool)| IndexPart {
        column: column.map(name),
        expression: column.is_none().then(|| text.clone()),
        operator_class: (column.is_some() && !text.is_empty()).then(|| text.clone()),
        descending: *descending,
        nulls_first: false,
        ..IndexPart::default()
    };
    let index = Index {
        method: key.method.to_owned(),
        parts: key.parts.iter().map(part).collect(),
        included: key.included.iter().map(|column| name(*column)).collect(),
        predicate: key.predicate.clone(),
        valid: true,
        ..Index::default()
    };
    let share = key.predicate.as_deref().map_or(1.0, |predicate| share_of(table, predicate));
    Candidate { table: key.table, bytes: size::bytes(context.engine(), table, &index, share), index, asked_by }
}

/// Share of the rows that a condition `column = value` or `column IS [NOT] NULL` leaves, from statistics; 1 when unknown.
fn share_of(table: &Collection, predicate: &str) -> f64 {
    let known = table.fields.iter().find_map(|field| {
        let quoted = super::quoted(&field.name);
        let rest = predicate.strip_prefix(quoted.as_str())?;
        let statistics = field.statistics.as_ref()?;
        let nulls = statistics.null_share.unwrap_or(0.0);
        match rest.trim_start() {
            "IS NULL" => Some(nulls),
            "IS NOT NULL" => Some(1.0 - nulls),
            rest => {
                let value = rest.trim_start_matches("= ").trim_matches('\'');
                let value = if rest.is_empty() || rest == "IS TRUE" { "t" } else { value };
                statistics.common.iter().find(|one| one.value == value).map(|one| one.share)
            }
        }
    });
    known.unwrap_or(1.0)
}

/// Whether an index of the table begins with just these parts, so that the candidate would bring nothing.
fn exists(table: &Collection, key: &Key) -> bool {
    let same_part = |part: &IndexPart, wanted: &(Option<Column>, String, bool)| match wanted.0 {
        Some(column) => part.column.as_deref() == Some(&table.fields[column].name) && part.descending == wanted.2,
        None => part.expression.as_deref() == Some(&wanted.1),
    };
    table.indexes.iter().filter(|index| index.valid && !index.invisible && index.predicate == key.predicate).any(|index| {
        let method = if index.method.is_empty() { "btree" } else { &index.method };
        method.eq_ignore_ascii_case(key.method)
            && index.parts.len() >= key.parts.len()
            && index.parts.iter().zip(&key.parts).all(|(part, wanted)| same_part(part, wanted))
            && key.included.iter().all(|column| holds(index, &table.fields[*column].name))
    })
}

fn holds(index: &Index, name: &str) -> bool {
    index.included.iter().any(|one| one == name) || index.parts.iter().any(|part| part.column.as_deref() == Some(name))
}

/// Makes the candidates of one statement on one table.
struct Maker<'a> {
    engine: Engine,
    collection: &'a Collection,
    interest: &'a TableInterest,
    shapes: &'a Shapes,
    extensions: &'a BTreeSet<String>,
}

impl Maker<'_> {
    fn keys(&self) -> Vec<Key> {
        let mut lists: Vec<Vec<(Column, bool)>> = Vec::new();
        for block in &self.interest.blocks {
            lists.extend(self.lists(block));
        }
        let mut keys: Vec<Key> = Vec::new();
        for list in &lists {
            let mut short = list.clone();
            short.truncate(self.shapes.most_keys);
            if !short.is_empty() && short.iter().all(|(column, _)| self.is_sortable(*column)) {
                push(&mut keys, self.btree(&short, Vec::new(), None));
            }
        }
        for block in &self.interest.blocks {
            self.cover(block, &mut keys);
            self.partial(block, &mut keys);
            self.others(block, &mut keys);
        }
        keys
    }

    /// Lists of key columns of a block.
    fn lists(&self, block: &Interest) -> Vec<Vec<(Column, bool)>> {
        let mut lists: Vec<Vec<Column>> = Vec::new();
        let equal = self.by_selectivity(&block.equal);
        let joined = self.by_selectivity(&block.joined);
        let base: Vec<Column> = unique(equal.iter().chain(&joined).chain(&block.ranged).chain(&block.alternative).copied());
        lists.extend(base.iter().map(|column| vec![*column]));
        // Two columns in both orders: which of them leads decides what others can share.
        for first in unique(equal.iter().chain(&joined).copied()) {
            lists.extend(base.iter().filter(|second| **second != first).map(|second| vec![first, *second]));
        }
        let with = |parts: &[&[Column]]| unique(parts.iter().flat_map(|part| part.iter().copied()));
        lists.push(equal.clone());
        lists.push(joined.clone());
        lists.push(with(&[&joined, &equal]));
        lists.push(with(&[&equal, &joined]));
        for range in &block.ranged {
            lists.push(with(&[&equal, &[*range]]));
            lists.push(with(&[&joined, &[*range]]));
            lists.push(with(&[&equal, &joined, &[*range]]));
            for join in &joined {
                lists.push(with(&[&[*join], &equal, &[*range]]));
            }
        }
        for join in &joined {
            lists.push(with(&[&equal, &[*join]]));
            lists.push(with(&[&[*join], &equal]));
        }
        for group in [&block.group].into_iter().filter(|group| !group.is_empty()) {
            lists.push(group.clone());
            lists.push(vec![group[0]]);
            lists.push(with(&[&equal, group]));
        }
        let mut lists: Vec<Vec<(Column, bool)>> =
            lists.into_iter().map(|list| list.into_iter().map(|column| (column, false)).collect()).collect();
        self.ordered(block, &equal, &mut lists);
        lists
    }

    /// Keys in the order of ORDER BY, alone and behind the columns that are held fast. A tree is read both ways, so only
    /// mixed directions are written.
    fn ordered(&self, block: &Interest, equal: &[Column], lists: &mut Vec<Vec<(Column, bool)>>) {
        if block.order.is_empty() {
            return;
        }
        let free: Vec<(Column, bool)> = block.order.iter().filter(|(column, _)| !equal.contains(column)).copied().collect();
        let mixed = free.iter().any(|(_, down)| *down != free[0].1);
        let order: Vec<(Column, bool)> = free.into_iter().map(|(column, down)| (column, mixed && down)).collect();
        lists.push(order.clone());
        lists.push(equal.iter().map(|column| (*column, false)).chain(order.iter().copied()).collect());
        if let Some(first) = order.first() {
            lists.push(vec![*first]);
        }
    }

    /// Adds what the statement reads besides, so that the table need not be visited.
    fn cover(&self, block: &Interest, keys: &mut Vec<Key>) {
        let visible = self.engine != Engine::Postgresql || self.collection.storage.all_visible_share.unwrap_or(0.0) > 0.2;
        if self.interest.whole || !visible || self.shapes.most_included == 0 || self.interest.used.is_empty() {
            return;
        }
        let equal = self.by_selectivity(&block.equal);
        let joined = self.by_selectivity(&block.joined);
        let mut leads: Vec<Vec<Column>> = vec![unique(equal.iter().copied().chain(block.ranged.first().copied()))];
        leads.extend(joined.iter().map(|join| vec![*join]));
        leads.push(unique(equal.iter().chain(&joined).copied()));
        leads.extend(joined.iter().map(|join| unique([*join].into_iter().chain(equal.iter().copied()))));
        leads.extend(block.ranged.iter().map(|range| vec![*range]));
        for mut lead in leads {
            lead.truncate(self.shapes.most_keys);
            let rest: Vec<Column> = self.interest.used.iter().copied().filter(|column| !lead.contains(column)).collect();
            let sortable = lead.iter().all(|column| self.is_sortable(*column));
            if !lead.is_empty() && sortable && !rest.is_empty() && rest.len() <= self.shapes.most_included && self.is_narrow(&lead, &rest) {
                let lead: Vec<(Column, bool)> = lead.into_iter().map(|column| (column, false)).collect();
                push(keys, self.covering(&lead, rest));
            }
        }
    }

    /// Columns carried along: as INCLUDE where the engine has it, else as last key columns.
    fn covering(&self, lead: &[(Column, bool)], rest: Vec<Column>) -> Key {
        if self.engine == Engine::Postgresql {
            return self.btree(lead, rest, None);
        }
        let all: Vec<(Column, bool)> = lead.iter().copied().chain(rest.into_iter().map(|column| (column, false))).collect();
        self.btree(&all, Vec::new(), None)
    }

    /// Whether the columns together are much narrower than the table's rows.
    fn is_narrow(&self, lead: &[Column], rest: &[Column]) -> bool {
        let width = |column: &Column| size::width(&self.collection.fields[*column]);
        let taken: f64 = lead.iter().chain(rest).map(width).sum();
        let whole: f64 = self.collection.fields.iter().map(size::width).sum();
        taken <= whole * 0.6
    }

    /// Indexes over the rows that a constant condition leaves, where few are left.
    fn partial(&self, block: &Interest, keys: &mut Vec<Key>) {
        if !matches!(self.engine, Engine::Postgresql | Engine::Sqlite) {
            return;
        }
        for (column, condition) in &block.constant {
            let field = &self.collection.fields[*column];
            let predicate = format!("{} {condition}", super::quoted(&field.name)).trim_end().to_owned();
            let share = share_of(self.collection, &predicate);
            if share > 0.5 || (share <= 0.0 && condition.starts_with('=')) {
                continue;
            }
            let equal: Vec<Column> = self.by_selectivity(&block.equal).into_iter().filter(|one| one != column).collect();
            let mut lists: Vec<Vec<(Column, bool)>> = Vec::new();
            let rest = unique(equal.iter().chain(&block.joined).copied().chain(block.ranged.first().copied()));
            lists.push(rest.into_iter().map(|column| (column, false)).collect());
            self.ordered(block, &equal, &mut lists);
            if lists.iter().all(Vec::is_empty) {
                lists.push(vec![(*column, false)]);
            }
            for mut list in lists.into_iter().filter(|list| !list.is_empty()) {
                list.truncate(self.shapes.most_keys);
                if list.iter().all(|(column, _)| self.is_sortable(*column)) {
                    push(keys, self.btree(&list, Vec::new(), Some(predicate.clone())));
                }
            }
        }
    }

    /// Expressions, and other kinds of indexes where the operator asks for one.
    fn others(&self, block: &Interest, keys: &mut Vec<Key>) {
        let key = |method, parts| Key { table: self.interest.table, method, parts, included: Vec::new(), predicate: None };
        if matches!(self.engine, Engine::Postgresql | Engine::Sqlite) {
            for text in &block.expressions {
                push(keys, key("btree", vec![(None, text.clone(), false)]));
            }
        }
        if self.engine != Engine::Postgresql {
            return;
        }
        for (column, special) in &block.special {
            let class = match (special, self.collection.fields[*column].family) {
                (Special::Pattern, TypeFamily::Text | TypeFamily::PaddedText) if self.extensions.contains("pg_trgm") => "gin_trgm_ops",
                (Special::Contains | Special::Search, _) => "",
                _ => continue,
            };
            push(keys, key("gin", vec![(Some(*column), class.to_owned(), false)]));
        }
        let rows = self.collection.rows().unwrap_or(0.0);
        for column in &block.ranged {
            let correlation = self.collection.fields[*column].statistics.as_ref().and_then(|statistics| statistics.correlation);
            if rows >= 100_000.0 && correlation.is_some_and(|value| value.abs() > 0.95) {
                push(keys, key("brin", vec![(Some(*column), String::new(), false)]));
            }
        }
        for column in &block.equal {
            if size::width(&self.collection.fields[*column]) > 64.0 {
                push(keys, key("hash", vec![(Some(*column), String::new(), false)]));
            }
        }
    }

    fn btree(&self, parts: &[(Column, bool)], included: Vec<Column>, predicate: Option<String>) -> Key {
        let parts = parts.iter().map(|(column, down)| (Some(*column), String::new(), *down)).collect();
        Key { table: self.interest.table, method: "btree", parts, included, predicate }
    }

    /// Most distinct values first.
    fn by_selectivity(&self, columns: &[Column]) -> Vec<Column> {
        let distinct = |column: Column| self.collection.fields[column].statistics.as_ref().and_then(|one| one.distinct).unwrap_or(0.0);
        let mut sorted = columns.to_vec();
        sorted.sort_by(|a, b| distinct(*b).total_cmp(&distinct(*a)).then(a.cmp(b)));
        sorted
    }

    /// Whether a B-tree can hold the column: its type has an order and its values are short enough for a page.
    fn is_sortable(&self, column: Column) -> bool {
        let field = &self.collection.fields[column];
        let ordered = !matches!(field.family, TypeFamily::Json | TypeFamily::Geometry | TypeFamily::TextSearch | TypeFamily::Vector);
        ordered && size::width(field) < 1500.0
    }
}

fn push(keys: &mut Vec<Key>, key: Key) {
    if !keys.contains(&key) {
        keys.push(key);
    }
}

fn unique(columns: impl Iterator<Item = Column>) -> Vec<Column> {
    let mut list = Vec::new();
    for column in columns {
        if !list.contains(&column) {
            list.push(column);
        }
    }
    list
}
