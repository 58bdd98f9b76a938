//! Reads `FROM`: sources, joins, and what a join may leave empty. It never resolves a name before its source is there.

use sqlparser::ast::{Expr, JoinConstraint, JoinOperator, ObjectName, TableAlias, TableFactor, TableWithJoins};

use super::analyzer::{Analyzer, Output, UNKNOWN_SOURCE, Usage};
use super::model::{Clause, Join, JoinKind, Role, SourceUse};
use super::scope::Source;
use super::{ColumnRef, TableName};

impl Analyzer<'_> {
    /// Adds all sources of a `FROM` clause to the innermost scope.
    pub(super) fn from(&mut self, from: &[TableWithJoins]) {
        for tables in from {
            let first = self.source_count();
            self.source(&tables.relation);
            if first > 0 {
                self.add_join(JoinKind::Comma, first, false);
            }
            self.joined(first, tables);
        }
    }

    /// The joins of a table that is in the scope already.
    pub(super) fn joined(&mut self, first: usize, tables: &TableWithJoins) {
        for join in &tables.joins {
            let right = self.source_count();
            self.source(&join.relation);
            let (kind, constraint) = operator(&join.join_operator);
            let conditional = constraint.is_some_and(|constraint| !matches!(constraint, JoinConstraint::None));
            self.mark_optional(kind, first, right);
            self.add_join(kind, right, conditional);
            match constraint {
                Some(JoinConstraint::On(condition)) => self.join_condition(condition, right),
                Some(JoinConstraint::Using(columns)) => self.using(columns, right),
                Some(JoinConstraint::Natural) => self.link(vec![first, right]),
                Some(JoinConstraint::None) | None => {}
            }
        }
    }

    fn source_count(&self) -> usize {
        self.scopes.last().map_or(0, |scope| scope.sources.len())
    }

    fn link(&mut self, sources: Vec<usize>) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.links.push(sources);
        }
    }

    /// `ON` ties the new source to others by what it compares; `ON true` is meant as a product.
    fn join_condition(&mut self, condition: &Expr, right: usize) {
        let before = self.scopes.last().map_or(0, |scope| scope.touched.len());
        self.predicates(condition, Clause::On);
        let untouched = self.scopes.last().is_some_and(|scope| scope.touched.len() == before);
        if untouched {
            self.link(vec![0, right]);
        }
    }

    fn mark_optional(&mut self, kind: JoinKind, first: usize, right: usize) {
        let Some(scope) = self.scopes.last_mut() else {
            return;
        };
        for (index, source) in scope.sources.iter_mut().enumerate().skip(first) {
            source.optional |= match kind {
                JoinKind::Left => index >= right,
                JoinKind::Right => index < right,
                JoinKind::Full => true,
                _ => false,
            };
        }
    }

    fn add_join(&mut self, kind: JoinKind, right: usize, has_condition: bool) {
        let Some(alias) = self.scopes.last().and_then(|scope| scope.sources.get(right)).map(|source| source.alias.clone()) else {
            return;
        };
        if let Some(block) = self.block() {
            block.joins.push(Join { kind, right: alias, has_condition });
        }
    }

    /// `USING (a)` is an equality between the new source and one before it.
    fn using(&mut self, columns: &[ObjectName], right: usize) {
        for column in columns {
            let Some(name) = self.naming.parts(column).pop() else {
                continue;
            };
            let Some(scope) = self.scopes.last() else {
                return;
            };
            let left = scope.sources.iter().take(right).position(|source| has_column(source, &name)).unwrap_or(0);
            let pair = [left, right].map(|index| {
                let source = scope.sources.get(index);
                ColumnRef { table: source.and_then(|source| source.table.clone()), column: name.clone() }
            });
            self.link(vec![left, right]);
            for column in &pair {
                self.note(column, Usage::Joined);
            }
            let [left, right] = pair;
            self.add_join_predicates(left, right, true, Clause::On);
        }
    }

    fn source(&mut self, factor: &TableFactor) {
        match factor {
            TableFactor::Table { name, alias, args: None, .. } => self.table_source(name, alias.as_ref()),
            TableFactor::Table { name, alias, args: Some(args), .. } => {
                self.walk(args, Usage::Selected);
                self.function_source(name, alias.as_ref());
            }
            TableFactor::Function { name, args, alias, .. } => {
                self.walk(args, Usage::Selected);
                self.function_source(name, alias.as_ref());
            }
            TableFactor::Derived { subquery, alias, .. } => {
                let before = self.scopes.last().map_or(0, |scope| scope.touched.len());
                let output = self.query(subquery, Role::Derived);
                self.derived_source(output, alias.as_ref());
                self.tie_lateral(before);
            }
            TableFactor::NestedJoin { table_with_joins, .. } => {
                let first = self.source_count();
                self.source(&table_with_joins.relation);
                self.joined(first, table_with_joins);
            }
            other => {
                self.walk(other, Usage::Selected);
                let alias = alias_of(other);
                self.derived_source(Output { columns: Some(Vec::new()), single_row: true, ..Output::default() }, alias);
            }
        }
    }

    /// A lateral query is tied to the sources that it refers to.
    fn tie_lateral(&mut self, before: usize) {
        let Some(scope) = self.scopes.last_mut() else {
            return;
        };
        let own = scope.sources.len().saturating_sub(1);
        let touched = scope.touched.get(before..).unwrap_or_default();
        let mut tied: Vec<usize> = touched.iter().copied().filter(|source| *source != UNKNOWN_SOURCE).collect();
        if !tied.is_empty() {
            tied.push(own);
            scope.links.push(tied);
        }
    }

    fn function_source(&mut self, name: &ObjectName, alias: Option<&TableAlias>) {
        let function = self.naming.parts(name).pop().unwrap_or_default();
        self.call(&function.to_ascii_lowercase());
        let alias_name = alias.map_or(function, |alias| self.naming.name(&alias.name));
        let columns = alias.map(|alias| alias.columns.iter().map(|column| (self.naming.name(&column.name), None)).collect());
        self.add_source(Source {
            alias: alias_name,
            schema: None,
            table: None,
            is_table: false,
            columns: Some(columns.unwrap_or_default()),
            optional: false,
            // The arguments tie it to its neighbours, or it is a small constant.
            single_row: true,
        });
    }

    fn derived_source(&mut self, output: Output, alias: Option<&TableAlias>) {
        let alias_name = alias.map(|alias| self.naming.name(&alias.name)).unwrap_or_default();
        let columns = output.columns.map(|columns| self.renamed(columns, alias));
        self.add_source(Source {
            alias: alias_name,
            schema: None,
            table: output.table,
            is_table: false,
            columns,
            optional: false,
            single_row: output.single_row,
        });
    }

    /// The columns under the names that an alias gives them.
    pub(super) fn renamed(
        &self,
        mut columns: Vec<(String, Option<ColumnRef>)>,
        alias: Option<&TableAlias>,
    ) -> Vec<(String, Option<ColumnRef>)> {
        for (column, own) in columns.iter_mut().zip(alias.map(|alias| alias.columns.as_slice()).unwrap_or_default()) {
            column.0 = self.naming.name(&own.name);
        }
        columns
    }

    fn table_source(&mut self, name: &ObjectName, alias: Option<&TableAlias>) {
        let Some(table) = self.naming.table(name) else {
            return;
        };
        if self.naming.is_dual(&table) {
            return;
        }
        if table.schema.is_none()
            && let Some(output) = self.common_table(&table.name)
        {
            let own = alias.map_or(table.name, |alias| self.naming.name(&alias.name));
            self.derived_source(output, alias);
            self.rename_last(own);
            return;
        }
        self.read(&table);
        self.add_table(table, alias);
    }

    /// Adds a table to the scope without noting that it is read.
    pub(super) fn add_table(&mut self, table: TableName, alias: Option<&TableAlias>) {
        let columns = (self.columns_of)(&table).map(|names| {
            let column = |name: String| (name.clone(), Some(ColumnRef { table: Some(table.clone()), column: name }));
            names.into_iter().map(column).collect::<Vec<_>>()
        });
        let columns = columns.map(|columns| self.renamed(columns, alias));
        let source = Source {
            alias: alias.map_or_else(|| table.name.clone(), |alias| self.naming.name(&alias.name)),
            schema: if alias.is_none() { table.schema.clone() } else { None },
            table: Some(table),
            is_table: true,
            columns,
            optional: false,
            single_row: false,
        };
        self.add_source(source);
    }

    fn common_table(&self, name: &str) -> Option<Output> {
        let known = self.common_tables.iter().rev().find(|known| self.naming.same(&known.name, name));
        known.map(|known| known.output.clone())
    }

    fn rename_last(&mut self, alias: String) {
        if let Some(source) = self.scopes.last_mut().and_then(|scope| scope.sources.last_mut()) {
            source.alias.clone_from(&alias);
        }
        if let Some(used) = self.block().and_then(|block| block.sources.last_mut()) {
            used.alias = alias;
        }
    }

    fn add_source(&mut self, source: Source) {
        let table = if source.is_table { source.table.clone() } else { None };
        let used = SourceUse { alias: source.alias.clone(), table };
        if let Some(block) = self.block() {
            block.sources.push(used);
        }
        if let Some(scope) = self.scopes.last_mut() {
            scope.sources.push(source);
        }
    }
}

fn has_column(source: &Source, name: &str) -> bool {
    source.columns.as_ref().is_some_and(|columns| columns.iter().any(|(own, _)| own.eq_ignore_ascii_case(name)))
}

fn alias_of(factor: &TableFactor) -> Option<&TableAlias> {
    match factor {
        TableFactor::UNNEST { alias, .. }
        | TableFactor::TableFunction { alias, .. }
        | TableFactor::JsonTable { alias, .. }
        | TableFactor::OpenJsonTable { alias, .. }
        | TableFactor::XmlTable { alias, .. } => alias.as_ref(),
        _ => None,
    }
}

fn operator(operator: &JoinOperator) -> (JoinKind, Option<&JoinConstraint>) {
    match operator {
        JoinOperator::Join(constraint) | JoinOperator::Inner(constraint) | JoinOperator::StraightJoin(constraint) => {
            (JoinKind::Inner, Some(constraint))
        }
        JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => (JoinKind::Left, Some(constraint)),
        JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint) => (JoinKind::Right, Some(constraint)),
        JoinOperator::FullOuter(constraint) => (JoinKind::Full, Some(constraint)),
        JoinOperator::CrossJoin(constraint) => (JoinKind::Cross, Some(constraint)),
        JoinOperator::Semi(constraint)
        | JoinOperator::LeftSemi(constraint)
        | JoinOperator::RightSemi(constraint)
        | JoinOperator::Anti(constraint)
        | JoinOperator::LeftAnti(constraint)
        | JoinOperator::RightAnti(constraint)
        | JoinOperator::AsOf { constraint, .. } => (JoinKind::Other, Some(constraint)),
        _ => (JoinKind::Other, None),
    }
}
