//! Which table a name belongs to. It never guesses: a name that two sources could have belongs to none.

use std::collections::BTreeSet;

use dbwright_model::engine::Engine;
use sqlparser::ast::{Ident, ObjectName};

use super::{ColumnRef, TableName};

/// Something in `FROM`.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub alias: String,
    /// The schema, if the block calls it by its table's own name.
    pub schema: Option<String>,
    /// The table that its columns belong to, as far as one does.
    pub table: Option<TableName>,
    /// It is that table and no query over it.
    pub is_table: bool,
    /// Its columns, where they are known, each with what it stands for.
    pub columns: Option<Vec<(String, Option<ColumnRef>)>>,
    /// An outer join may leave it empty.
    pub optional: bool,
    /// It has one row at most, so that a product with it is none.
    pub single_row: bool,
}

/// The names that a block sees.
#[derive(Debug, Default)]
pub(super) struct Scope {
    pub block: usize,
    pub sources: Vec<Source>,
    /// The select list's own names, each with what it stands for and its text.
    pub aliases: Vec<(String, Option<ColumnRef>, String)>,
    /// The sources that names have led to, in order.
    pub touched: Vec<usize>,
    /// Sources that a condition ties together.
    pub links: Vec<Vec<usize>>,
    /// Sources with the constants that a column of theirs has to equal.
    pub constants: Vec<(String, usize)>,
    /// Columns of sources on which `WHERE` demands a value.
    pub demands: Vec<(usize, ColumnRef)>,
    /// The columns that `GROUP BY` names, by themselves or in an expression.
    pub grouped: BTreeSet<ColumnRef>,
    /// A condition has a name that could belong to several sources.
    pub uncertain: bool,
}

/// Where a name leads.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub column: ColumnRef,
    /// The scope, as an index of the stack, and the source in it.
    pub place: Option<(usize, usize)>,
}

/// How a dialect compares names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Naming {
    pub dialect: Engine,
}

impl Naming {
    /// The name as the catalog spells it, as far as the text tells.
    pub(super) fn name(self, ident: &Ident) -> String {
        if self.dialect == Engine::Postgresql && ident.quote_style.is_none() {
            return ident.value.to_ascii_lowercase();
        }
        ident.value.clone()
    }

    pub(super) fn same(self, one: &str, other: &str) -> bool {
        if self.dialect == Engine::Postgresql { one == other } else { one.eq_ignore_ascii_case(other) }
    }

    /// Whether the table is MySQL's `DUAL`, which has no rows to read.
    pub(super) fn is_dual(self, table: &TableName) -> bool {
        let mysql = matches!(self.dialect, Engine::Mysql | Engine::Mariadb);
        mysql && table.schema.is_none() && table.name.eq_ignore_ascii_case("dual")
    }

    /// The names of a dotted name, in order.
    pub(super) fn parts(self, name: &ObjectName) -> Vec<String> {
        name.0.iter().filter_map(|part| part.as_ident()).map(|ident| self.name(ident)).collect()
    }

    pub(super) fn table(self, name: &ObjectName) -> Option<TableName> {
        let mut parts = self.parts(name);
        let name = parts.pop()?;
        let schema = if parts.is_empty() { None } else { Some(parts.join(".")) };
        Some(TableName { schema, name })
    }
}

impl Source {
    /// The column of that name: `Some(None)` if it is there and stands for an expression.
    fn column(&self, naming: Naming, name: &str) -> Option<Option<ColumnRef>> {
        let columns = self.columns.as_ref()?;
        columns.iter().find(|(own, _)| naming.same(own, name)).map(|(_, column)| column.clone())
    }

    fn of_table(&self, name: &str) -> ColumnRef {
        ColumnRef { table: self.table.clone(), column: name.to_owned() }
    }

    fn is_called(&self, naming: Naming, qualifier: &str, schema: Option<&str>) -> bool {
        let schema_fits = match (schema, &self.schema) {
            (None, _) => true,
            (Some(wanted), Some(own)) => naming.same(own, wanted),
            (Some(_), None) => false,
        };
        naming.same(&self.alias, qualifier) && schema_fits
    }
}

/// Follows a name from the innermost scope outward.
pub(super) fn resolve(scopes: &[Scope], naming: Naming, parts: &[String]) -> Found {
    let Some((name, qualifiers)) = parts.split_last() else {
        return unknown("");
    };
    match qualifiers.split_last() {
        Some((qualifier, schemas)) => qualified(scopes, naming, qualifier, schemas.last().map(String::as_str), name),
        None => unqualified(scopes, naming, name),
    }
}

fn unknown(name: &str) -> Found {
    Found { column: ColumnRef { table: None, column: name.to_owned() }, place: None }
}

fn qualified(scopes: &[Scope], naming: Naming, qualifier: &str, schema: Option<&str>, name: &str) -> Found {
    for (level, scope) in scopes.iter().enumerate().rev() {
        for (index, source) in scope.sources.iter().enumerate() {
            if !source.is_called(naming, qualifier, schema) {
                continue;
            }
            let column = match source.column(naming, name) {
                Some(Some(column)) => column,
                Some(None) => ColumnRef { table: None, column: name.to_owned() },
                None => source.of_table(name),
            };
            return Found { column, place: Some((level, index)) };
        }
    }
    unknown(name)
}

fn unqualified(scopes: &[Scope], naming: Naming, name: &str) -> Found {
    for (level, scope) in scopes.iter().enumerate().rev() {
        for (index, source) in scope.sources.iter().enumerate() {
            if let Some(column) = source.column(naming, name) {
                let column = column.unwrap_or_else(|| ColumnRef { table: None, column: name.to_owned() });
                return Found { column, place: Some((level, index)) };
            }
        }
        let mut open = scope.sources.iter().enumerate().filter(|(_, source)| source.columns.is_none());
        match (open.next(), open.next()) {
            (Some((index, source)), None) => {
                return Found { column: source.of_table(name), place: Some((level, index)) };
            }
            (Some(_), Some(_)) => return unknown(name),
            (None, _) => {}
        }
    }
    // Every source is known and none has it: a catalog that is behind, or a system column.
    match scopes.last().map(|scope| scope.sources.as_slice()) {
        Some([source]) => Found { column: source.of_table(name), place: Some((scopes.len() - 1, 0)) },
        _ => unknown(name),
    }
}
