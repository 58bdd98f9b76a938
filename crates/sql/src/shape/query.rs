//! Walks queries: common tables, select lists, set operations, and what stands behind them. It never reads `FROM`
//! or conditions itself.

use dbwright_model::engine::Engine;
use sqlparser::ast::{
    Distinct, Expr, Fetch, GroupByExpr, Ident, LimitClause, OrderByExpr, OrderByKind, OrderBySort, Query, Select, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, SetOperator, SetQuantifier, Top, TopQuantity, Value, Values, With,
};

use super::analyzer::{Analyzer, CommonTable, Output, Usage};
use super::expression::{Content, unnested};
use super::model::{Clause, ColumnRef, GroupItem, OrderItem, Role, SetKind, SetOperation};
use super::scope::Source;

type Columns = Vec<(String, Option<ColumnRef>)>;

impl Analyzer<'_> {
    /// Walks a query and tells what it gives.
    pub(super) fn query(&mut self, query: &Query, role: Role) -> Output {
        let outside = self.common_tables.len();
        if let Some(with) = &query.with {
            self.with(with);
        }
        let output = self.body(&query.body, Some(query), role);
        self.common_tables.truncate(outside);
        output
    }

    /// Completes the role of a query behind `IN` by the column that it gives.
    pub(super) fn note_selected(&mut self, output: &Output) {
        let given = output.columns.as_ref().and_then(|columns| columns.first()).and_then(|(_, column)| column.clone());
        let block = output.block.and_then(|block| self.blocks.get_mut(block));
        if let Some(Role::In { selected, .. }) = block.map(|block| &mut block.role) {
            *selected = given;
        }
    }

    pub(super) fn with(&mut self, with: &With) {
        for table in &with.cte_tables {
            self.common_table_count += 1;
            let name = self.naming.name(&table.alias.name);
            if with.recursive {
                let columns = table.alias.columns.iter().map(|column| (self.naming.name(&column.name), None)).collect();
                let output = Output { columns: Some(columns), ..Output::default() };
                self.common_tables.push(CommonTable { name: name.clone(), output });
            }
            let mut output = self.query(&table.query, Role::CommonTable(name.clone()));
            output.columns = output.columns.map(|columns| self.renamed(columns, Some(&table.alias)));
            self.common_tables.push(CommonTable { name, output });
        }
    }

    fn body(&mut self, body: &SetExpr, tail: Option<&Query>, role: Role) -> Output {
        match body {
            SetExpr::Select(select) => self.select(select, tail, role),
            SetExpr::Query(query) => {
                let output = self.query(query, role);
                self.outer_tail(tail, &output);
                output
            }
            SetExpr::SetOperation { .. } => self.set_operation(body, tail, role),
            SetExpr::Values(values) => self.values(values, tail, role),
            SetExpr::Insert(statement) | SetExpr::Update(statement) | SetExpr::Delete(statement) | SetExpr::Merge(statement) => {
                self.change(statement, role)
            }
            SetExpr::Table(table) => {
                let block = self.new_block(role);
                self.push_scope(block);
                if let Some(name) = &table.table_name {
                    let table = super::TableName { schema: table.schema_name.clone(), name: name.clone() };
                    self.read(&table);
                    self.add_table(table, None);
                }
                if let Some(block) = self.block() {
                    block.select.star = true;
                    block.select.items = 1;
                }
                self.finish_query(tail)
            }
        }
    }

    /// The tail of a query around a query in parentheses.
    fn outer_tail(&mut self, tail: Option<&Query>, output: &Output) {
        let (Some(tail), Some(block)) = (tail, output.block) else {
            return;
        };
        if tail.order_by.is_none() && tail.limit_clause.is_none() && tail.fetch.is_none() {
            return;
        }
        self.push_scope(block);
        self.offer(output);
        self.tail(tail);
        self.scopes.pop();
    }

    /// Makes a query's columns known as aliases, for the `ORDER BY` behind it.
    fn offer(&mut self, output: &Output) {
        if let Some(scope) = self.scopes.last_mut() {
            let columns = output.columns.iter().flatten();
            scope.aliases = columns.map(|(name, column)| (name.clone(), column.clone(), name.clone())).collect();
        }
    }

    fn set_operation(&mut self, body: &SetExpr, tail: Option<&Query>, role: Role) -> Output {
        let block = self.new_block(role);
        self.push_scope(block);
        let (first, rest) = operands(body);
        let output = self.body(first, None, Role::SetOperand);
        for (operation, operand) in rest {
            if let Some(block) = self.block() {
                block.set_operations.push(operation);
            }
            self.body(operand, None, Role::SetOperand);
        }
        let columns = output.columns.map(|columns| columns.into_iter().map(|(name, _)| (name, None)).collect());
        let output = Output { block: Some(block), columns, ..Output::default() };
        self.offer(&output);
        if let Some(tail) = tail {
            self.tail(tail);
        }
        self.scopes.pop();
        output
    }

    fn values(&mut self, values: &Values, tail: Option<&Query>, role: Role) -> Output {
        let block = self.new_block(role);
        self.push_scope(block);
        let single_row = values.rows.len() <= 1;
        let width = values.rows.first().map_or(0, |row| row.len());
        self.walk(&values.rows, Usage::Selected);
        if let Some(tail) = tail {
            self.tail(tail);
        }
        self.scopes.pop();
        let columns = (1..=width).map(|number| (format!("column{number}"), None)).collect();
        Output { block: Some(block), columns: Some(columns), table: None, single_row }
    }

    fn select(&mut self, select: &Select, tail: Option<&Query>, role: Role) -> Output {
        let block = self.new_block(role);
        self.push_scope(block);
        self.into(select);
        self.from(&select.from);
        let contents = self.select_list(select);
        if let Some(condition) = &select.selection {
            if let Some(block) = self.block() {
                block.has_where = true;
            }
            self.predicates(condition, Clause::Where);
        }
        self.group_by(&select.group_by, select);
        if let Some(condition) = &select.having {
            self.predicates(condition, Clause::Having);
        }
        for clause in [&select.qualify, &select.prewhere].into_iter().flatten() {
            self.walk(clause, Usage::Filtered);
        }
        self.walk(&select.named_window, Usage::Sorted);
        if let (Some(top), Some(block)) = (&select.top, self.block()) {
            block.limit = top_text(top);
        }
        self.note_ungrouped(select, &contents);
        let columns = self.output_columns(select);
        let table = self.starred_table(select);
        let mut output = self.finish_query(tail);
        output.columns = columns;
        output.table = table;
        output
    }

    /// `SELECT … INTO t` makes a table in PostgreSQL; elsewhere it fills variables.
    fn into(&mut self, select: &Select) {
        if self.naming.dialect != Engine::Postgresql {
            return;
        }
        for target in select.into.iter().flat_map(|into| &into.targets) {
            let parts = self.column_parts(target).unwrap_or_default();
            if let Some((name, schema)) = parts.split_last() {
                let schema = if schema.is_empty() { None } else { Some(schema.join(".")) };
                self.write(&super::TableName { schema, name: name.clone() });
            }
        }
    }

    /// Ends the innermost block: what stands behind it, and what only the whole of it tells.
    pub(super) fn finish_query(&mut self, tail: Option<&Query>) -> Output {
        if let Some(tail) = tail {
            self.tail(tail);
        }
        self.judge();
        let block = self.scopes.pop().map(|scope| scope.block);
        let single_row = block.and_then(|block| self.blocks.get(block)).is_some_and(|block| block.is_single_row());
        Output { block, columns: None, table: None, single_row }
    }

    fn select_list(&mut self, select: &Select) -> Vec<(Content, String)> {
        let mut contents = Vec::new();
        let mut aliases = Vec::new();
        for item in &select.projection {
            let (expr, alias) = match item {
                SelectItem::UnnamedExpr(expr) => (expr, None),
                SelectItem::ExprWithAlias { expr, alias } => (expr, Some(self.naming.name(alias))),
                SelectItem::ExprWithAliases { expr, .. } => (expr, None),
                SelectItem::QualifiedWildcard(..) | SelectItem::Wildcard(_) => {
                    if let Some(block) = self.block() {
                        block.select.star = true;
                    }
                    self.note_starred(item);
                    continue;
                }
            };
            let content = self.walk(expr, Usage::Selected);
            if let Some(alias) = &alias {
                aliases.push((alias.clone(), self.as_column(expr), unnested(expr).to_string()));
            }
            contents.push((content, unnested(expr).to_string()));
        }
        self.note_select_list(select, &contents);
        if let Some(scope) = self.scopes.last_mut() {
            scope.aliases = aliases;
        }
        contents
    }

    fn note_select_list(&mut self, select: &Select, contents: &[(Content, String)]) {
        let distinct_on = match &select.distinct {
            Some(Distinct::On(columns)) => {
                self.walk(columns, Usage::Grouped);
                true
            }
            _ => false,
        };
        let Some(block) = self.block() else {
            return;
        };
        block.select.items = select.projection.len();
        block.select.distinct = matches!(select.distinct, Some(Distinct::Distinct));
        block.select.distinct_on = distinct_on;
        block.select.window = contents.iter().any(|(content, _)| content.window);
        let aggregates = contents.iter().flat_map(|(content, _)| content.aggregates.iter().cloned());
        block.select.aggregates.extend(aggregates);
    }

    /// Notes the columns of a star, where they are known.
    fn note_starred(&mut self, item: &SelectItem) {
        let columns: Vec<ColumnRef> = self
            .star_sources(item)
            .iter()
            .flat_map(|source| source.columns.iter().flatten())
            .filter_map(|(_, column)| column.clone())
            .collect();
        for column in &columns {
            self.note(column, Usage::Selected);
        }
    }

    /// The sources whose columns a star stands for.
    fn star_sources(&self, item: &SelectItem) -> Vec<Source> {
        let sources = self.scopes.last().map(|scope| scope.sources.as_slice()).unwrap_or_default();
        let wanted = match item {
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => self.naming.parts(name).pop(),
            SelectItem::Wildcard(_) => None,
            _ => return Vec::new(),
        };
        let fits = |source: &&Source| wanted.as_ref().is_none_or(|wanted| self.naming.same(&source.alias, wanted));
        sources.iter().filter(fits).cloned().collect()
    }

    /// The columns that the innermost block gives, unless a star hides them.
    fn output_columns(&self, select: &Select) -> Option<Columns> {
        let mut columns = Columns::new();
        for item in &select.projection {
            match item {
                SelectItem::UnnamedExpr(expr) => {
                    let name = self.column_parts(expr).and_then(|mut parts| parts.pop());
                    columns.push((name.unwrap_or_default(), self.base_column(expr)));
                }
                SelectItem::ExprWithAlias { expr, alias } => columns.push((self.naming.name(alias), self.base_column(expr))),
                SelectItem::ExprWithAliases { .. } => return None,
                star => {
                    for source in self.star_sources(star) {
                        columns.extend(source.columns?);
                    }
                }
            }
        }
        Some(columns)
    }

    fn base_column(&self, expr: &Expr) -> Option<ColumnRef> {
        self.as_column(expr).filter(|column| column.table.is_some())
    }

    /// The table that `SELECT *` from one source passes on.
    fn starred_table(&self, select: &Select) -> Option<super::TableName> {
        let sources = self.scopes.last().map(|scope| scope.sources.as_slice())?;
        match (select.projection.as_slice(), sources) {
            ([SelectItem::Wildcard(_)], [source]) => source.table.clone(),
            _ => None,
        }
    }

    fn group_by(&mut self, group_by: &GroupByExpr, select: &Select) {
        let GroupByExpr::Expressions(expressions, _) = group_by else {
            return;
        };
        for expr in expressions {
            match expr {
                Expr::Rollup(sets) | Expr::Cube(sets) | Expr::GroupingSets(sets) => {
                    for element in sets.iter().flatten() {
                        self.group_item(element, select);
                    }
                }
                element => self.group_item(element, select),
            }
        }
    }

    fn group_item(&mut self, expr: &Expr, select: &Select) {
        let (column, text) = self.listed(expr, select, Usage::Grouped);
        let within = self.walk(expr, Usage::Grouped).columns;
        if let Some(scope) = self.scopes.last_mut() {
            scope.grouped.extend(within);
            scope.grouped.extend(column.clone());
        }
        if let Some(block) = self.block() {
            block.group_by.push(GroupItem { column, text });
        }
    }

    /// What an element of `GROUP BY` or `ORDER BY` is: a column, an alias, a position or an expression.
    fn listed(&mut self, expr: &Expr, select: &Select, usage: Usage) -> (Option<ColumnRef>, String) {
        if let Some(item) = position(expr).and_then(|position| select.projection.get(position - 1))
            && let SelectItem::UnnamedExpr(own) | SelectItem::ExprWithAlias { expr: own, .. } = item
        {
            return self.noted(own, usage);
        }
        if let Some(known) = self.alias(expr).filter(|_| usage == Usage::Sorted || !self.is_own_column(expr)) {
            return self.noted_alias(known, usage);
        }
        self.walk(expr, usage);
        (self.as_column(expr), unnested(expr).to_string())
    }

    fn noted(&mut self, expr: &Expr, usage: Usage) -> (Option<ColumnRef>, String) {
        let column = self.as_column(expr);
        if let Some(column) = &column {
            self.note(column, usage);
        }
        (column, unnested(expr).to_string())
    }

    fn noted_alias(&mut self, (column, text): (Option<ColumnRef>, String), usage: Usage) -> (Option<ColumnRef>, String) {
        if let Some(column) = &column {
            self.note(column, usage);
        }
        (column, text)
    }

    fn alias(&self, expr: &Expr) -> Option<(Option<ColumnRef>, String)> {
        let Expr::Identifier(ident) = unnested(expr) else {
            return None;
        };
        let name = self.naming.name(ident);
        let aliases = &self.scopes.last()?.aliases;
        let known = aliases.iter().find(|(alias, ..)| self.naming.same(alias, &name));
        known.map(|(_, column, text)| (column.clone(), text.clone()))
    }

    /// Whether a source is known to have a column of that name, which `GROUP BY` prefers to an alias.
    fn is_own_column(&self, expr: &Expr) -> bool {
        let Expr::Identifier(ident) = unnested(expr) else {
            return false;
        };
        let name = self.naming.name(ident);
        let sources = self.scopes.last().map(|scope| scope.sources.as_slice()).unwrap_or_default();
        let mut columns = sources.iter().filter_map(|source| source.columns.as_ref()).flatten();
        columns.any(|(own, _)| self.naming.same(own, &name))
    }

    /// `ORDER BY`, `LIMIT` and locks behind a query, for the innermost block.
    pub(super) fn tail(&mut self, query: &Query) {
        if let Some(OrderByKind::Expressions(expressions)) = query.order_by.as_ref().map(|order_by| &order_by.kind) {
            let select = match query.body.as_ref() {
                SetExpr::Select(select) => Some(select.as_ref()),
                _ => None,
            };
            self.order_by(expressions, select);
        }
        match &query.limit_clause {
            Some(LimitClause::LimitOffset { limit, offset, .. }) => {
                self.limit(limit.as_ref(), offset.as_ref().map(|offset| &offset.value));
            }
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => self.limit(Some(limit), Some(offset)),
            None => {}
        }
        if let Some(Fetch { quantity, percent: false, .. }) = &query.fetch {
            let text = quantity.as_ref().map_or_else(|| "1".to_owned(), ToString::to_string);
            if let Some(block) = self.block() {
                block.limit = Some(text);
            }
        }
        if let (false, Some(block)) = (query.locks.is_empty(), self.block()) {
            block.locks_rows = true;
        }
    }

    pub(super) fn order_by(&mut self, expressions: &[OrderByExpr], select: Option<&Select>) {
        for item in expressions {
            let (column, text) = match select {
                Some(select) => self.listed(&item.expr, select, Usage::Sorted),
                None => self.listed_outside(&item.expr),
            };
            let random = is_random(&item.expr);
            let output = position(&item.expr).or_else(|| self.output(&item.expr, select?));
            if let Some(block) = self.block() {
                block.order_by_random |= random;
                block.order_by.push(OrderItem {
                    column,
                    text,
                    output,
                    descending: matches!(item.options.sort, Some(OrderBySort::Desc)),
                    nulls_first: item.options.nulls_first,
                });
            }
        }
    }

    /// The item of the select list that an expression is, from 1: by alias, else by what it says.
    fn output(&self, expr: &Expr, select: &Select) -> Option<usize> {
        let plain = |item: &SelectItem| matches!(item, SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. });
        if !select.projection.iter().all(plain) {
            return None;
        }
        let same = |left: &Ident, right: &Ident| self.naming.same(&self.naming.name(left), &self.naming.name(right));
        let aliased = |item: &SelectItem| match (item, unnested(expr)) {
            (SelectItem::ExprWithAlias { alias, .. }, Expr::Identifier(name)) => same(alias, name),
            _ => false,
        };
        let column = self.as_column(expr);
        let said = |item: &SelectItem| match item {
            SelectItem::UnnamedExpr(own) | SelectItem::ExprWithAlias { expr: own, .. } => {
                unnested(own) == unnested(expr) || column.is_some() && self.as_column(own) == column
            }
            _ => false,
        };
        let found = select.projection.iter().position(aliased).or_else(|| select.projection.iter().position(said));
        found.map(|index| index + 1)
    }

    /// An element of `ORDER BY` without a select list of its own.
    fn listed_outside(&mut self, expr: &Expr) -> (Option<ColumnRef>, String) {
        let by_position = position(expr).and_then(|position| self.scopes.last()?.aliases.get(position - 1).cloned());
        if let Some((_, column, text)) = by_position {
            return self.noted_alias((column, text), Usage::Sorted);
        }
        if let Some(known) = self.alias(expr) {
            return self.noted_alias(known, Usage::Sorted);
        }
        self.walk(expr, Usage::Sorted);
        (self.as_column(expr), unnested(expr).to_string())
    }

    pub(super) fn limit(&mut self, limit: Option<&Expr>, offset: Option<&Expr>) {
        for expr in [limit, offset].into_iter().flatten() {
            self.walk(expr, Usage::Selected);
        }
        if let Some(block) = self.block() {
            block.limit = limit.map(ToString::to_string);
            block.offset = offset.map(ToString::to_string);
        }
    }
}

/// The position in the select list that a number names, from 1.
pub(super) fn position(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) => digits.parse().ok().filter(|position| *position > 0),
            _ => None,
        },
        _ => None,
    }
}

fn is_random(expr: &Expr) -> bool {
    let Expr::Function(function) = unnested(expr) else {
        return false;
    };
    matches!(super::expression::function_name(function).as_str(), "random" | "rand" | "newid" | "gen_random_uuid" | "uuid")
}

fn top_text(top: &Top) -> Option<String> {
    match top.quantity.as_ref()? {
        TopQuantity::Expr(expr) => Some(expr.to_string()),
        TopQuantity::Constant(count) => Some(count.to_string()),
    }
}

/// The first operand of a chain of set operations, and the others with their operators, however many.
fn operands(body: &SetExpr) -> (&SetExpr, Vec<(SetOperation, &SetExpr)>) {
    let mut rest = Vec::new();
    let mut first = body;
    while let SetExpr::SetOperation { left, op, set_quantifier, right } = first {
        let kind = match op {
            SetOperator::Union => SetKind::Union,
            SetOperator::Intersect => SetKind::Intersect,
            SetOperator::Except | SetOperator::Minus => SetKind::Except,
        };
        let all = matches!(set_quantifier, SetQuantifier::All | SetQuantifier::AllByName);
        rest.push((SetOperation { kind, all }, right.as_ref()));
        first = left;
    }
    rest.reverse();
    (first, rest)
}
