//! Collects a shape while walking a syntax tree. It never walks a part twice, so that nothing is counted twice.

use std::collections::{BTreeMap, BTreeSet};

use sqlparser::ast::{ObjectName, Statement};

use super::model::{Block, Role, Uses};
use super::scope::{Found, Naming, Scope, resolve};
use super::{ColumnRef, ColumnUse, InsertShape, Shape, StatementKind, TableName, TableUse};
use crate::lexer::Options;

/// Stands in [`Scope::touched`] for a name that could belong to several sources.
pub(super) const UNKNOWN_SOURCE: usize = usize::MAX;

/// What a query gives to those that read it.
#[derive(Debug, Clone, Default)]
pub(super) struct Output {
    /// The block that it became.
    pub block: Option<usize>,
    /// Its columns, unless a star hides them.
    pub columns: Option<Vec<(String, Option<ColumnRef>)>>,
    /// The one table that its star passes on.
    pub table: Option<TableName>,
    pub single_row: bool,
}

/// The role of a column where it is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Usage {
    Selected,
    Filtered,
    Joined,
    Grouped,
    Sorted,
    Written,
}

pub(super) struct CommonTable {
    pub name: String,
    pub output: Output,
}

pub(super) struct Analyzer<'c> {
    pub naming: Naming,
    pub columns_of: &'c dyn Fn(&TableName) -> Option<Vec<String>>,
    pub scopes: Vec<Scope>,
    pub common_tables: Vec<CommonTable>,
    pub common_table_count: usize,
    pub blocks: Vec<Block>,
    /// Roles of queries that an expression has announced, by the query's address.
    pub roles: Vec<(usize, Role)>,
    pub insert: Option<InsertShape>,
    tables: BTreeMap<TableName, (bool, bool)>,
    columns: BTreeMap<ColumnRef, Uses>,
    functions: BTreeSet<String>,
}

impl<'c> Analyzer<'c> {
    pub(super) fn new(options: Options, columns_of: &'c dyn Fn(&TableName) -> Option<Vec<String>>) -> Self {
        Self {
            naming: Naming { dialect: options.dialect },
            columns_of,
            scopes: Vec::new(),
            common_tables: Vec::new(),
            common_table_count: 0,
            blocks: Vec::new(),
            roles: Vec::new(),
            insert: None,
            tables: BTreeMap::new(),
            columns: BTreeMap::new(),
            functions: BTreeSet::new(),
        }
    }

    /// The shape of a statement, whose first words say its kind if its rows do not.
    pub(super) fn statement(mut self, statement: &Statement, by_words: StatementKind) -> Shape {
        let kind = self.top(statement).unwrap_or(by_words);
        self.finish(kind)
    }

    fn finish(self, kind: StatementKind) -> Shape {
        Shape {
            kind,
            parsed: true,
            tables: self.tables.into_iter().map(|(table, (read, written))| TableUse { table, read, written }).collect(),
            columns: self.columns.into_iter().map(|(column, uses)| ColumnUse { column, uses }).collect(),
            blocks: self.blocks,
            common_tables: self.common_table_count,
            functions: self.functions.into_iter().collect(),
            insert: self.insert,
        }
    }

    pub(super) fn new_block(&mut self, role: Role) -> usize {
        let parent = self.scopes.last().map(|scope| scope.block);
        self.blocks.push(Block::new(role, parent));
        self.blocks.len() - 1
    }

    pub(super) fn push_scope(&mut self, block: usize) {
        self.scopes.push(Scope { block, ..Scope::default() });
    }

    /// The block of the innermost scope.
    pub(super) fn block(&mut self) -> Option<&mut Block> {
        let block = self.scopes.last()?.block;
        self.blocks.get_mut(block)
    }

    pub(super) fn read(&mut self, table: &TableName) {
        self.tables.entry(table.clone()).or_default().0 = true;
    }

    pub(super) fn write(&mut self, table: &TableName) {
        self.tables.entry(table.clone()).or_default().1 = true;
    }

    pub(super) fn write_named(&mut self, name: &ObjectName) {
        if let Some(table) = self.naming.table(name) {
            self.write(&table);
        }
    }

    pub(super) fn call(&mut self, function: &str) {
        self.functions.insert(function.to_owned());
    }

    /// Follows a name without a trace.
    pub(super) fn find(&self, parts: &[String]) -> Found {
        resolve(&self.scopes, self.naming, parts)
    }

    /// Follows a name, and notes the column, the sources it leads to, and the blocks that it correlates.
    pub(super) fn meet(&mut self, parts: &[String], usage: Usage) -> Found {
        let found = self.find(parts);
        match found.place {
            Some((level, source)) => self.touch(level, source),
            None => {
                if let Some(scope) = self.scopes.last_mut().filter(|scope| scope.sources.len() > 1) {
                    scope.touched.push(UNKNOWN_SOURCE);
                }
            }
        }
        self.note(&found.column, usage);
        found
    }

    fn touch(&mut self, level: usize, source: usize) {
        if let Some(scope) = self.scopes.get_mut(level) {
            scope.touched.push(source);
        }
        for scope in self.scopes.get(level + 1..).unwrap_or_default() {
            if let Some(block) = self.blocks.get_mut(scope.block) {
                block.correlated = true;
            }
        }
    }

    pub(super) fn note(&mut self, column: &ColumnRef, usage: Usage) {
        let uses = self.columns.entry(column.clone()).or_default();
        match usage {
            Usage::Selected => uses.selected = true,
            Usage::Filtered => uses.filtered = true,
            Usage::Joined => uses.joined = true,
            Usage::Grouped => uses.grouped = true,
            Usage::Sorted => uses.sorted = true,
            Usage::Written => uses.written = true,
        }
    }
}
