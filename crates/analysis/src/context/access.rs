//! Which columns and tables a statement's text means, and whether its other conditions already lead to few rows. It
//! never plans: it only knows which indexes could serve.

use dbwright_model::catalog::{Collection, Field};
use dbwright_sql::shape::{Block, Clause, ColumnRef, Operand, Predicate};
use dbwright_sql::{PredicateKind, TableName};

use super::tables::{field, holds_a_key, leads_an_index};
use super::{Context, object_name};

impl<'a> Context<'a> {
    /// The collection that a statement names.
    #[must_use]
    pub fn table(&self, name: &TableName) -> Option<&'a Collection> {
        self.collection(&object_name(name))
    }

    /// The collection and field that a statement's column means.
    #[must_use]
    pub fn column(&self, column: &ColumnRef) -> Option<(&'a Collection, &'a Field)> {
        let table = self.table(column.table.as_ref()?)?;
        Some((table, field(table, &column.column)?))
    }

    /// Whether a column can hold NULL: declared so, and no part of the primary key.
    #[must_use]
    pub fn is_nullable(&self, table: &Collection, field: &Field) -> bool {
        let in_key = table.primary_key().is_some_and(|key| key.columns.iter().any(|name| name.eq_ignore_ascii_case(&field.name)));
        field.nullable && !in_key
    }

    /// Whether the block has a condition on the table that an index serves, other than on `apart`: then what else it
    /// asks is asked of few rows.
    #[must_use]
    pub fn is_narrowed(&self, block: &Block, table: &Collection, apart: Option<&str>) -> bool {
        conditions_on(self, block, table)
            .filter(|predicate| apart.is_none_or(|column| !predicate.column.column.eq_ignore_ascii_case(column)))
            .any(|predicate| is_selective(predicate) && leads_an_index(table, &predicate.column.column))
    }

    /// Whether the block asks for one row of the table, by equality on all columns of a key.
    #[must_use]
    pub fn asks_one_row(&self, block: &Block, table: &Collection) -> bool {
        let equal = |predicate: &&Predicate| {
            !predicate.negated && matches!(predicate.kind, PredicateKind::Equality) && !matches!(predicate.operand, Operand::Null)
        };
        let columns: Vec<&str> =
            conditions_on(self, block, table).filter(equal).map(|predicate| predicate.column.column.as_str()).collect();
        holds_a_key(table, &columns)
    }
}

/// The conditions of the block that every row of the table must meet.
pub fn conditions_on<'b>(context: &'b Context<'_>, block: &'b Block, table: &'b Collection) -> impl Iterator<Item = &'b Predicate> {
    block.predicates.iter().filter(move |predicate| {
        !predicate.alternative
            && predicate.clause != Clause::Having
            && predicate.column.table.as_ref().and_then(|name| context.table(name)).is_some_and(|found| std::ptr::eq(found, table))
    })
}

/// Whether an index on the column could serve the condition and leave few rows.
fn is_selective(predicate: &Predicate) -> bool {
    if predicate.negated {
        return false;
    }
    match &predicate.kind {
        PredicateKind::Equality | PredicateKind::Prefix | PredicateKind::InSubquery | PredicateKind::Range(_) => true,
        PredicateKind::In(_) => true,
        PredicateKind::Join(_, equal) => *equal,
        _ => false,
    }
}
