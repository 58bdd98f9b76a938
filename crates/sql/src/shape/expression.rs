//! Walks expressions: notes columns and functions, hands nested queries over. It never looks at comparisons.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Function, Query, UnaryOperator, Value, Visit, Visitor};

use super::Operand;
use super::analyzer::{Analyzer, Usage};
use super::model::{ColumnRef, Role};

/// What an expression holds outside nested queries.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// Its columns, in order.
    pub columns: Vec<ColumnRef>,
    /// Those that stand in no aggregate.
    pub bare: Vec<ColumnRef>,
    /// The aggregates that it calls.
    pub aggregates: Vec<String>,
    /// It calls a window function.
    pub window: bool,
}

struct Walk<'w, 'c> {
    analyzer: &'w mut Analyzer<'c>,
    usage: Usage,
    /// How many queries are open around the present node.
    queries: usize,
    /// How many aggregates are.
    aggregates: usize,
    content: Content,
}

impl Analyzer<'_> {
    /// Walks a part of the tree and notes what it holds.
    pub(super) fn walk(&mut self, part: &impl Visit, usage: Usage) -> Content {
        let mut walk = Walk { analyzer: self, usage, queries: 0, aggregates: 0, content: Content::default() };
        let _: ControlFlow<()> = part.visit(&mut walk);
        walk.content
    }

    /// The column that an expression is, through parentheses, without noting it.
    pub(super) fn as_column(&self, expr: &Expr) -> Option<ColumnRef> {
        Some(self.find(&self.column_parts(expr)?).column)
    }

    /// The names of the column that an expression is, through parentheses.
    pub(super) fn column_parts(&self, expr: &Expr) -> Option<Vec<String>> {
        match expr {
            Expr::Identifier(ident) if !is_bare_function(&ident.value, ident.quote_style) => Some(vec![self.naming.name(ident)]),
            Expr::CompoundIdentifier(idents) => Some(idents.iter().map(|ident| self.naming.name(ident)).collect()),
            Expr::Nested(inner) => self.column_parts(inner),
            _ => None,
        }
    }
}

/// The expression without the parentheses around it.
pub(super) fn unnested(mut expr: &Expr) -> &Expr {
    while let Expr::Nested(inner) = expr {
        expr = inner;
    }
    expr
}

/// What an expression without columns is as the other side of a comparison.
pub(super) fn operand(expr: &Expr) -> Operand {
    match unnested(expr) {
        Expr::Value(value) => match &value.value {
            Value::Null => Operand::Null,
            Value::Placeholder(_) => Operand::Parameter,
            _ => Operand::Literal(value.to_string()),
        },
        Expr::TypedString(typed) => Operand::Literal(typed.to_string()),
        Expr::Interval(interval) if matches!(unnested(&interval.value), Expr::Value(_)) => Operand::Literal(interval.to_string()),
        Expr::Cast { expr: inner, .. } | Expr::Prefixed { value: inner, .. } => operand(inner),
        Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr: inner } => match operand(inner) {
            Operand::Literal(_) => Operand::Literal(expr.to_string().replace("- ", "-")),
            other => other,
        },
        Expr::Subquery(_) => Operand::Subquery,
        other => Operand::Expression(other.to_string()),
    }
}

/// Functions that are called without parentheses, which a grammar may take for columns.
fn is_bare_function(name: &str, quote: Option<char>) -> bool {
    const NAMES: [&str; 10] = [
        "current_date",
        "current_time",
        "current_timestamp",
        "current_user",
        "current_role",
        "current_schema",
        "session_user",
        "localtime",
        "localtimestamp",
        "current_catalog",
    ];
    quote.is_none() && NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// The name of a function in small letters, without schema.
pub(super) fn function_name(function: &Function) -> String {
    let last = function.name.0.last().and_then(|part| part.as_ident());
    last.map(|ident| ident.value.to_ascii_lowercase()).unwrap_or_default()
}

/// Whether a function makes one row of many.
pub(super) fn is_aggregate(name: &str) -> bool {
    const NAMES: [&str; 37] = [
        "any_value",
        "array_agg",
        "avg",
        "bit_and",
        "bit_or",
        "bit_xor",
        "bool_and",
        "bool_or",
        "corr",
        "count",
        "covar_pop",
        "covar_samp",
        "every",
        "group_concat",
        "json_agg",
        "json_arrayagg",
        "json_group_array",
        "json_group_object",
        "json_object_agg",
        "json_objectagg",
        "jsonb_agg",
        "jsonb_object_agg",
        "max",
        "min",
        "mode",
        "percentile_cont",
        "percentile_disc",
        "range_agg",
        "std",
        "stddev",
        "stddev_pop",
        "stddev_samp",
        "string_agg",
        "sum",
        "total",
        "variance",
        "xmlagg",
    ];
    NAMES.binary_search(&name).is_ok() || name.starts_with("var_") || name.starts_with("regr_")
}

impl Walk<'_, '_> {
    fn column(&mut self, parts: &[String]) {
        if parts.len() == 1 && self.is_whole_row(&parts[0]) {
            return;
        }
        let column = self.analyzer.meet(parts, self.usage).column;
        if self.aggregates == 0 {
            self.content.bare.push(column.clone());
        }
        self.content.columns.push(column);
    }

    /// `SELECT t FROM t` and `count(t)` name a row and no column.
    fn is_whole_row(&self, name: &str) -> bool {
        let naming = self.analyzer.naming;
        let Some(scope) = self.analyzer.scopes.last() else {
            return false;
        };
        let names_source = scope.sources.iter().any(|source| naming.same(&source.alias, name));
        let names_column =
            scope.sources.iter().filter_map(|source| source.columns.as_ref()).flatten().any(|(own, _)| naming.same(own, name));
        names_source && !names_column
    }

    fn function(&mut self, function: &Function) {
        let name = function_name(function);
        self.analyzer.call(&name);
        if function.over.is_some() {
            self.content.window = true;
        } else if is_aggregate(&name) && !is_scalar_extreme(&name, function) {
            self.content.aggregates.push(name);
            self.aggregates += 1;
        }
    }

    /// Notes the role of a query that this expression holds.
    fn announce(&mut self, expr: &Expr) {
        let (query, role) = match expr {
            Expr::InSubquery { expr, subquery, negated } => (subquery, self.membership(expr, *negated)),
            Expr::Exists { subquery, negated } => (subquery, Role::Exists { negated: *negated }),
            Expr::AnyOp { left, right, .. } => match unnested(right) {
                Expr::Subquery(query) => (query, self.membership(left, false)),
                _ => return,
            },
            Expr::AllOp { left, right, .. } => match unnested(right) {
                Expr::Subquery(query) => (query, self.membership(left, true)),
                _ => return,
            },
            _ => return,
        };
        self.analyzer.roles.push((address(query), role));
    }

    fn membership(&self, expr: &Expr, negated: bool) -> Role {
        Role::In { negated, column: self.analyzer.as_column(expr), selected: None }
    }
}

/// SQLite's `min(a, b)` and `max(a, b)` compare values of one row.
fn is_scalar_extreme(name: &str, function: &Function) -> bool {
    use sqlparser::ast::FunctionArguments::List;
    matches!(name, "min" | "max") && matches!(&function.args, List(list) if list.args.len() > 1)
}

/// The place of a query in memory, which tells it from all others while the tree lives.
pub(super) fn address(query: &Query) -> usize {
    std::ptr::from_ref(query).addr()
}

impl Visitor for Walk<'_, '_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if self.queries == 0 {
            let place = address(query);
            let announced = self.analyzer.roles.iter().position(|(known, _)| *known == place);
            let role = announced.map_or(Role::Scalar, |index| self.analyzer.roles.swap_remove(index).1);
            let output = self.analyzer.query(query, role);
            self.analyzer.note_selected(&output);
        }
        self.queries += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
        self.queries = self.queries.saturating_sub(1);
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if self.queries > 0 {
            return ControlFlow::Continue(());
        }
        match expr {
            Expr::Function(function) => self.function(function),
            Expr::MatchAgainst { columns, .. } => {
                for column in columns {
                    let parts = self.analyzer.naming.parts(column);
                    self.column(&parts);
                }
            }
            Expr::Identifier(ident) if is_bare_function(&ident.value, ident.quote_style) => {
                self.analyzer.call(&ident.value.to_ascii_lowercase());
            }
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => {
                if let Some(parts) = self.analyzer.column_parts(expr) {
                    self.column(&parts);
                }
            }
            _ => self.announce(expr),
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::Function(function) = expr {
            let name = function_name(function);
            if self.queries == 0 && function.over.is_none() && is_aggregate(&name) && !is_scalar_extreme(&name, function) {
                self.aggregates = self.aggregates.saturating_sub(1);
            }
        }
        ControlFlow::Continue(())
    }
}
