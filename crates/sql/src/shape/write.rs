//! Walks statements that change rows or definitions. It never takes the target of a change for a table that is read.

use sqlparser::ast::{
    Assignment, AssignmentTarget, CopySource, Delete, FromTable, Insert, Merge, MergeAction, MergeClause, MergeInsertKind, MergeUpdateKind,
    ObjectName, OnConflictAction, OnInsert, Query, SetExpr, Statement, TableFactor, TableObject, TableWithJoins, Update,
    UpdateTableFromKind,
};

use super::analyzer::{Analyzer, Output, Usage};
use super::expression::function_name;
use super::model::{Clause, ColumnRef, Role};
use super::scope::Source;
use super::{InsertShape, StatementKind, TableName};

impl Analyzer<'_> {
    /// Walks a whole statement; gives its kind if it reads or changes rows.
    pub(super) fn top(&mut self, statement: &Statement) -> Option<StatementKind> {
        match statement {
            Statement::Query(query) => {
                self.query(query, Role::Main);
                Some(query_kind(query))
            }
            Statement::Insert(_) | Statement::Update(_) | Statement::Delete(_) | Statement::Merge(_) => {
                self.change(statement, Role::Main);
                change_kind(statement)
            }
            Statement::Explain { statement, .. } => {
                self.top(statement);
                Some(StatementKind::Utility)
            }
            other => {
                self.define(other);
                None
            }
        }
    }

    fn define(&mut self, statement: &Statement) {
        match statement {
            Statement::CreateTable(create) => {
                self.write_named(&create.name);
                if let Some(query) = &create.query {
                    self.query(query, Role::Source);
                }
            }
            Statement::CreateView(create) => {
                self.write_named(&create.name);
                self.query(&create.query, Role::Source);
            }
            Statement::CreateIndex(create) => self.write_named(&create.table_name),
            Statement::AlterTable(alter) => self.write_named(&alter.name),
            Statement::Truncate(truncate) => {
                for table in &truncate.table_names {
                    self.write_named(&table.name);
                }
            }
            Statement::Drop { object_type, names, .. } => {
                use sqlparser::ast::ObjectType::{MaterializedView, Table, View};
                for name in names.iter().filter(|_| matches!(object_type, Table | View | MaterializedView)) {
                    self.write_named(name);
                }
            }
            Statement::Copy { source, to, .. } => self.copy(source, *to),
            Statement::Call(function) => {
                self.call(&function_name(function));
                self.walk(&function.args, Usage::Selected);
            }
            _ => {}
        }
    }

    fn copy(&mut self, source: &CopySource, to: bool) {
        match source {
            CopySource::Table { table_name, .. } if to => {
                if let Some(table) = self.naming.table(table_name) {
                    self.read(&table);
                }
            }
            CopySource::Table { table_name, .. } => self.write_named(table_name),
            CopySource::Query(query) => {
                self.query(query, Role::Main);
            }
        }
    }

    /// Walks a statement that changes rows, also one inside `WITH`.
    pub(super) fn change(&mut self, statement: &Statement, role: Role) -> Output {
        let block = self.new_block(role);
        self.push_scope(block);
        match statement {
            Statement::Insert(insert) => self.insert(insert),
            Statement::Update(update) => self.update(update),
            Statement::Delete(delete) => self.delete(delete),
            Statement::Merge(merge) => self.merge(merge),
            _ => {}
        }
        self.finish_query(None)
    }

    fn insert(&mut self, insert: &Insert) {
        let rows = insert.source.as_ref().map_or(Some(1), |query| values_rows(query));
        if let Some(query) = &insert.source {
            self.query(query, Role::Source);
        }
        let handles_conflict = insert.on.is_some() || insert.or.is_some() || insert.ignore || insert.replace_into;
        let has_column_list = !insert.columns.is_empty() || !insert.assignments.is_empty();
        // An insert inside `WITH` stands for the statement only if there is no other.
        let main = self.block().is_some_and(|block| block.role == Role::Main);
        if main || self.insert.is_none() {
            self.insert = Some(InsertShape { has_column_list, rows, handles_conflict });
        }
        let TableObject::TableName(name) = &insert.table else {
            return;
        };
        let Some(table) = self.naming.table(name) else {
            return;
        };
        self.write(&table);
        self.target(table.clone(), insert.table_alias.as_ref().map(|alias| self.naming.name(&alias.alias)));
        self.note_inserted(insert, &table);
        self.excluded(table);
        self.assignments(&insert.assignments);
        match &insert.on {
            Some(OnInsert::DuplicateKeyUpdate(assignments)) => self.assignments(assignments),
            Some(OnInsert::OnConflict(conflict)) => {
                if let OnConflictAction::DoUpdate(update) = &conflict.action {
                    self.assignments(&update.assignments);
                    if let Some(condition) = &update.selection {
                        self.walk(condition, Usage::Filtered);
                    }
                }
            }
            _ => {}
        }
        self.walk(&insert.returning, Usage::Selected);
    }

    fn note_inserted(&mut self, insert: &Insert, table: &TableName) {
        let listed: Vec<String> = insert.columns.iter().filter_map(|column| self.naming.parts(column).pop()).collect();
        let all = if listed.is_empty() && insert.assignments.is_empty() { (self.columns_of)(table).unwrap_or_default() } else { listed };
        for column in all {
            self.note(&ColumnRef { table: Some(table.clone()), column }, Usage::Written);
        }
    }

    /// Makes the target of a change known by its name, without it being read.
    fn target(&mut self, table: TableName, alias: Option<String>) {
        self.add_table(table, None);
        let Some(alias) = alias else {
            return;
        };
        if let Some(source) = self.scopes.last_mut().and_then(|scope| scope.sources.last_mut()) {
            source.alias.clone_from(&alias);
            source.schema = None;
        }
        if let Some(used) = self.block().and_then(|block| block.sources.last_mut()) {
            used.alias = alias;
        }
    }

    /// `EXCLUDED` and MySQL's row alias give the values that were to be inserted.
    fn excluded(&mut self, table: TableName) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.sources.push(Source {
                alias: "excluded".to_owned(),
                schema: None,
                table: Some(table),
                is_table: false,
                columns: Some(Vec::new()),
                optional: false,
                single_row: true,
            });
        }
    }

    fn assignments(&mut self, assignments: &[Assignment]) {
        for assignment in assignments {
            let targets: Vec<&ObjectName> = match &assignment.target {
                AssignmentTarget::ColumnName(name) => vec![name],
                AssignmentTarget::Tuple(names) => names.iter().collect(),
            };
            for target in targets {
                let parts = self.naming.parts(target);
                let column = self.find(&parts).column;
                if let Some(table) = &column.table {
                    self.write(&table.clone());
                }
                self.note(&column, Usage::Written);
            }
            self.walk(&assignment.value, Usage::Selected);
        }
    }

    fn update(&mut self, update: &Update) {
        self.changed_tables(&update.table);
        if let Some(UpdateTableFromKind::BeforeSet(from) | UpdateTableFromKind::AfterSet(from)) = &update.from {
            self.from(from);
        }
        self.assignments(&update.assignments);
        self.changed_rows(update.selection.as_ref());
        self.order_by(&update.order_by, None);
        self.limit(update.limit.as_ref(), None);
        self.walk(&update.returning, Usage::Selected);
    }

    fn changed_rows(&mut self, condition: Option<&sqlparser::ast::Expr>) {
        let Some(condition) = condition else {
            return;
        };
        if let Some(block) = self.block() {
            block.has_where = true;
        }
        self.predicates(condition, Clause::Where);
    }

    /// The first table is the target; tables that are joined to it are read.
    fn changed_tables(&mut self, tables: &TableWithJoins) {
        if let TableFactor::Table { name, alias, .. } = &tables.relation
            && let Some(table) = self.naming.table(name)
        {
            self.write(&table);
            self.target(table, alias.as_ref().map(|alias| self.naming.name(&alias.name)));
            return self.joined(0, tables);
        }
        self.from(std::slice::from_ref(tables));
    }

    fn delete(&mut self, delete: &Delete) {
        let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
        match (&delete.using, delete.tables.is_empty()) {
            (Some(using), _) if self.naming.dialect != dbwright_model::engine::Engine::Postgresql => {
                self.from(using);
                let names: Vec<&ObjectName> = from.iter().filter_map(|tables| plain_name(&tables.relation)).collect();
                self.written_aliases(&names);
            }
            (using, true) => {
                for tables in from {
                    self.changed_tables(tables);
                }
                self.from(using.as_deref().unwrap_or_default());
            }
            (_, false) => {
                self.from(from);
                self.written_aliases(&delete.tables.iter().collect::<Vec<_>>());
            }
        }
        self.changed_rows(delete.selection.as_ref());
        self.order_by(&delete.order_by, None);
        self.limit(delete.limit.as_ref(), None);
        self.walk(&delete.returning, Usage::Selected);
    }

    /// Marks tables as written that a list names by alias or by name.
    fn written_aliases(&mut self, names: &[&ObjectName]) {
        for name in names {
            let Some(table) = self.naming.table(name) else {
                continue;
            };
            let sources = self.scopes.last().map(|scope| scope.sources.as_slice()).unwrap_or_default();
            let source = sources.iter().find(|source| self.naming.same(&source.alias, &table.name));
            let written = source.and_then(|source| source.table.clone()).unwrap_or(table);
            self.write(&written);
        }
    }

    fn merge(&mut self, merge: &Merge) {
        let target = TableWithJoins { relation: merge.table.clone(), joins: Vec::new() };
        self.changed_tables(&target);
        let source = TableWithJoins { relation: merge.source.clone(), joins: Vec::new() };
        self.from(std::slice::from_ref(&source));
        self.predicates(&merge.on, Clause::On);
        if let Some(block) = self.block() {
            // The comma before the source stands for `USING … ON …`.
            block.joins.clear();
        }
        for clause in &merge.clauses {
            self.merge_clause(clause);
        }
    }

    fn merge_clause(&mut self, clause: &MergeClause) {
        self.walk(&clause.predicate, Usage::Filtered);
        match &clause.action {
            MergeAction::Insert(insert) => {
                for column in &insert.columns {
                    let column = ColumnRef { table: self.first_table(), column: self.naming.parts(column).pop().unwrap_or_default() };
                    self.note(&column, Usage::Written);
                }
                if let MergeInsertKind::Values(values) = &insert.kind {
                    self.walk(&values.rows, Usage::Selected);
                }
            }
            MergeAction::Update(update) => {
                if let MergeUpdateKind::Set(assignments) = &update.kind {
                    self.merge_assignments(assignments);
                }
            }
            MergeAction::Delete { .. } | MergeAction::DoNothing { .. } => {}
        }
    }

    /// A `MERGE` assigns columns of its target, whatever else could have the name.
    fn merge_assignments(&mut self, assignments: &[Assignment]) {
        for assignment in assignments {
            if let AssignmentTarget::ColumnName(name) = &assignment.target {
                let column = ColumnRef { table: self.first_table(), column: self.naming.parts(name).pop().unwrap_or_default() };
                self.note(&column, Usage::Written);
            }
            self.walk(&assignment.value, Usage::Selected);
        }
    }

    fn first_table(&self) -> Option<TableName> {
        self.scopes.last()?.sources.first()?.table.clone()
    }
}

fn plain_name(factor: &TableFactor) -> Option<&ObjectName> {
    match factor {
        TableFactor::Table { name, .. } => Some(name),
        _ => None,
    }
}

/// The rows of a `VALUES`, if the query is one.
fn values_rows(query: &Query) -> Option<usize> {
    match query.body.as_ref() {
        SetExpr::Values(values) => Some(values.rows.len()),
        _ => None,
    }
}

fn query_kind(query: &Query) -> StatementKind {
    match query.body.as_ref() {
        SetExpr::Insert(statement) | SetExpr::Update(statement) | SetExpr::Delete(statement) | SetExpr::Merge(statement) => {
            change_kind(statement).unwrap_or(StatementKind::Other)
        }
        SetExpr::Query(query) => query_kind(query),
        _ => StatementKind::Select,
    }
}

fn change_kind(statement: &Statement) -> Option<StatementKind> {
    match statement {
        Statement::Insert(_) => Some(StatementKind::Insert),
        Statement::Update(_) => Some(StatementKind::Update),
        Statement::Delete(_) => Some(StatementKind::Delete),
        Statement::Merge(_) => Some(StatementKind::Merge),
        _ => None,
    }
}
