//! What a statement asks of a table: which columns it compares, joins, sorts and reads. It proposes nothing yet.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_model::catalog::{Collection, TypeFamily};
use dbwright_sql::PredicateKind;
use dbwright_sql::shape::{Block, Clause, ColumnRef, Operand, Predicate};

use crate::context::tables::field;
use crate::context::{Context, StatementView};

/// A column of a table, by its place in [`Collection::fields`].
pub type Column = usize;

/// What one block of a statement asks of one table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Interest {
    /// Columns compared by equality with values.
    pub equal: Vec<Column>,
    /// Columns compared by equality with columns of other tables.
    pub joined: Vec<Column>,
    /// Columns compared by order, or by a known beginning.
    pub ranged: Vec<Column>,
    /// Columns in one of several alternatives.
    pub alternative: Vec<Column>,
    /// Columns of ORDER BY, as far as they are of this table from its first on, with whether each runs downwards.
    pub order: Vec<(Column, bool)>,
    /// Columns of GROUP BY or DISTINCT, as far as they are of this table from the first on.
    pub group: Vec<Column>,
    /// Whether a LIMIT stops early.
    pub limited: bool,
    /// Conditions whose value is in the text: the column and the condition as it can stand in a partial index.
    pub constant: Vec<(Column, String)>,
    /// Comparisons of expressions, as text without the table's alias.
    pub expressions: Vec<String>,
    /// Conditions that need another kind of index.
    pub special: Vec<(Column, Special)>,
}

/// A condition that a B-tree does not serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Special {
    /// A pattern without known beginning: trigrams serve it.
    Pattern,
    /// Containment or overlap of arrays and documents.
    Contains,
    /// Text search.
    Search,
}

/// What a statement asks of a table, over all its blocks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TableInterest {
    /// The table, by its place in the catalog.
    pub table: usize,
    /// Per block.
    pub blocks: Vec<Interest>,
    /// All columns that the statement reads of it.
    pub used: BTreeSet<Column>,
    /// Whether it reads all columns (`*`), or no one can tell which.
    pub whole: bool,
}

impl TableInterest {
    /// Columns that can lead an index for this statement.
    #[must_use]
    pub fn leading(&self) -> BTreeSet<Column> {
        let mut columns = BTreeSet::new();
        for block in &self.blocks {
            columns.extend(block.equal.iter().chain(&block.joined).chain(&block.ranged).chain(&block.alternative).chain(&block.group));
            columns.extend(block.order.iter().map(|(column, _)| *column));
        }
        columns
    }
}

/// What a statement asks of each table of the catalog that it reads.
#[must_use]
pub fn of(context: &Context<'_>, view: &StatementView<'_>) -> Vec<TableInterest> {
    let mut tables: BTreeMap<usize, TableInterest> = BTreeMap::new();
    for block in &view.shape.blocks {
        for source in &block.sources {
            let Some(table) = source.table.as_ref().and_then(|name| context.table(name)) else { continue };
            let Some(place) = place(context, table) else { continue };
            let entry = tables.entry(place).or_insert_with(|| TableInterest { table: place, ..TableInterest::default() });
            entry.whole |= block.select.star;
            let interest = interest(context, block, table);
            if interest != Interest::default() && !entry.blocks.contains(&interest) {
                entry.blocks.push(interest);
            }
        }
    }
    for used in &view.shape.columns {
        // A column that the text alone does not tell apart could belong to any table that has one of its name.
        let owners: Vec<(usize, Column)> = match context.column(&used.column) {
            Some((table, _)) => place(context, table).and_then(|at| Some((at, column(table, &used.column)?))).into_iter().collect(),
            None => Vec::new(),
        };
        for (at, column) in owners {
            if let Some(entry) = tables.get_mut(&at) {
                entry.used.insert(column);
            }
        }
    }
    tables.into_values().collect()
}

fn place(context: &Context<'_>, table: &Collection) -> Option<usize> {
    context.facts.catalog.collections.iter().position(|one| std::ptr::eq(one, table))
}

fn column(table: &Collection, column: &ColumnRef) -> Option<Column> {
    let field = field(table, &column.column)?;
    table.fields.iter().position(|one| std::ptr::eq(one, field))
}

fn interest(context: &Context<'_>, block: &Block, table: &Collection) -> Interest {
    let own = |reference: &ColumnRef| -> Option<Column> {
        let found = context.table(reference.table.as_ref()?)?;
        std::ptr::eq(found, table).then(|| column(table, reference))?
    };
    let mut interest = Interest::default();
    for predicate in block.predicates.iter().filter(|predicate| predicate.clause != Clause::Having) {
        if let Some(column) = own(&predicate.column) {
            note(&mut interest, predicate, column, table);
        }
        if let PredicateKind::Join(other, true) = &predicate.kind
            && let Some(column) = own(other)
        {
            add(&mut interest.joined, column);
        }
        if let PredicateKind::Expression(text) = &predicate.kind
            && !predicate.alternative
            && predicate.column.table.as_ref().is_none_or(|name| context.table(name).is_some_and(|found| std::ptr::eq(found, table)))
            && let Some(text) = own_expression(text, block, table)
            && !interest.expressions.contains(&text)
        {
            interest.expressions.push(text);
        }
    }
    interest.order = block.order_by.iter().map_while(|item| Some((own(item.column.as_ref()?)?, item.descending))).collect();
    interest.group = block.group_by.iter().map_while(|item| own(item.column.as_ref()?)).collect();
    interest.limited = block.limit.is_some();
    interest
}

fn note(interest: &mut Interest, predicate: &Predicate, column: Column, table: &Collection) {
    use PredicateKind::{Equality, In, InSubquery, Join, LeadingWildcard, NullTest, Other, Pattern, Prefix, Range};
    if predicate.negated {
        if matches!(predicate.kind, NullTest) && !predicate.alternative {
            interest.constant.push((column, "IS NOT NULL".to_owned()));
        }
        return;
    }
    if predicate.alternative {
        if matches!(predicate.kind, Equality | In(_) | Range(_) | Prefix) {
            add(&mut interest.alternative, column);
        }
        return;
    }
    match &predicate.kind {
        Equality | In(_) | InSubquery => add(&mut interest.equal, column),
        Join(_, true) => add(&mut interest.joined, column),
        Range(_) | Prefix => add(&mut interest.ranged, column),
        NullTest => interest.constant.push((column, "IS NULL".to_owned())),
        LeadingWildcard | Pattern => interest.special.push((column, Special::Pattern)),
        Other(operator) => note_operator(interest, operator, column, table),
        _ => {}
    }
    if let (Equality, Operand::Literal(value)) = (&predicate.kind, &predicate.operand) {
        let condition =
            if value == "true" && table.fields[column].family == TypeFamily::Boolean { String::new() } else { format!("= {value}") };
        interest.constant.push((column, condition));
    }
}

fn note_operator(interest: &mut Interest, operator: &str, column: Column, table: &Collection) {
    let family = table.fields[column].family;
    match operator {
        "@>" | "&&" | "?" | "?|" | "?&" | "@?" if matches!(family, TypeFamily::Array | TypeFamily::Json) => {
            interest.special.push((column, Special::Contains));
        }
        "@@" => interest.special.push((column, Special::Search)),
        "IS FALSE" | "IS TRUE" if family == TypeFamily::Boolean => interest.constant.push((column, operator.to_owned())),
        _ => {}
    }
}

fn add(columns: &mut Vec<Column>, column: Column) {
    if !columns.contains(&column) {
        columns.push(column);
    }
}

/// The expression without the table's alias; none where it speaks of another source, a parameter or the clock.
fn own_expression(text: &str, block: &Block, table: &Collection) -> Option<String> {
    const LONGEST: usize = 200;
    let source =
        block.sources.iter().find(|source| source.table.as_ref().is_some_and(|name| name.name.eq_ignore_ascii_case(&table.name.name)))?;
    let mut own = text.to_owned();
    for prefix in [source.alias.as_str(), table.name.name.as_str()] {
        own = own.replace(&format!("{prefix}."), "");
    }
    let lower = own.to_ascii_lowercase();
    let moving = ["now(", "current_", "random(", "$", "?", "select "].iter().any(|word| lower.contains(word));
    (own.len() <= LONGEST && !own.contains('.') && !moving && own.contains('(')).then_some(own)
}
