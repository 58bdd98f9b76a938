//! Takes conditions apart into predicates on single columns. It never says whether an index exists.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Query, UnaryOperator, Value, Visit, Visitor};

use super::analyzer::{Analyzer, UNKNOWN_SOURCE, Usage};
use super::expression::{function_name, operand, unnested};
use super::model::{Clause, ColumnRef, Operand, Predicate, PredicateKind};
use super::scope::Found;

/// Where a condition stands.
#[derive(Debug, Clone, Copy)]
struct Context {
    clause: Clause,
    negated: bool,
    alternative: bool,
}

impl Context {
    fn negated_if(self, negated: bool) -> Self {
        Self { negated: self.negated != negated, ..self }
    }
}

impl Analyzer<'_> {
    /// Notes all predicates of a condition, for the innermost block.
    pub(super) fn predicates(&mut self, condition: &Expr, clause: Clause) {
        self.condition(condition, Context { clause, negated: false, alternative: false });
    }

    fn condition(&mut self, expr: &Expr, context: Context) {
        match unnested(expr) {
            Expr::BinaryOp { op: op @ (BinaryOperator::And | BinaryOperator::Or), .. } => {
                let terms = terms(unnested(expr), op);
                if (*op == BinaryOperator::Or) != context.negated {
                    self.alternatives(&terms, context);
                } else {
                    for term in terms {
                        self.condition(term, context);
                    }
                }
            }
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => self.condition(expr, context.negated_if(true)),
            leaf => self.leaf(leaf, context),
        }
    }

    fn alternatives(&mut self, terms: &[&Expr], context: Context) {
        let mut branches: Vec<BTreeSet<ColumnRef>> = Vec::new();
        for term in terms {
            let before = self.block().map_or(0, |block| block.predicates.len());
            self.condition(term, Context { alternative: true, ..context });
            let new = self.block().map(|block| block.predicates.iter().skip(before));
            branches.push(new.into_iter().flatten().map(|predicate| predicate.column.clone()).collect());
        }
        if !context.alternative && branches.iter().all(|branch| !branch.is_empty()) {
            self.note_alternatives(&branches);
        }
    }

    fn note_alternatives(&mut self, branches: &[BTreeSet<ColumnRef>]) {
        let in_every = |column: &&ColumnRef| branches.iter().all(|branch| branch.contains(*column));
        if branches.first().is_none_or(|first| first.iter().any(|column| in_every(&column))) {
            return;
        }
        let all: BTreeSet<ColumnRef> = branches.iter().flatten().cloned().collect();
        if let Some(block) = self.block() {
            block.or_across_columns.push(all.into_iter().collect());
        }
    }

    fn leaf(&mut self, expr: &Expr, context: Context) {
        let before = self.scopes.last().map_or(0, |scope| scope.touched.len());
        let usage = if self.is_join(expr) { Usage::Joined } else { Usage::Filtered };
        let content = self.walk(expr, usage);
        self.tie(before);
        if let Some(block) = self.block() {
            block.select.aggregates.extend(content.aggregates);
        }
        self.classify(expr, context);
    }

    /// Whether columns of two sources are compared.
    fn is_join(&self, expr: &Expr) -> bool {
        let Expr::BinaryOp { left, right, op } = expr else {
            return false;
        };
        let (Some(left), Some(right)) = (self.column_parts(left), self.column_parts(right)) else {
            return false;
        };
        comparison(op).is_some() && !same_place(&self.find(&left), &self.find(&right))
    }

    /// Ties the sources that a condition has touched.
    fn tie(&mut self, before: usize) {
        let Some(scope) = self.scopes.last_mut() else {
            return;
        };
        let mut touched: BTreeSet<usize> = scope.touched.get(before..).unwrap_or_default().iter().copied().collect();
        scope.uncertain |= touched.remove(&UNKNOWN_SOURCE);
        if touched.len() > 1 {
            scope.links.push(touched.into_iter().collect());
        }
    }

    fn classify(&mut self, expr: &Expr, context: Context) {
        match unnested(expr) {
            Expr::BinaryOp { left, op, right } => self.binary(expr, left, op, right, context),
            Expr::IsNotDistinctFrom(left, right) => self.compare(left, right, &PredicateKind::Equality, context),
            Expr::IsDistinctFrom(left, right) => self.compare(left, right, &PredicateKind::NotEqual, context),
            Expr::Between { expr, negated, low, high } => {
                let bounds = operands([low.as_ref(), high.as_ref()].into_iter());
                self.one_sided(expr, &PredicateKind::Range("BETWEEN".to_owned()), bounds, context.negated_if(*negated));
            }
            Expr::InList { expr, list, negated } => {
                self.one_sided(expr, &PredicateKind::In(Some(list.len())), operands(list.iter()), context.negated_if(*negated));
            }
            Expr::InSubquery { expr, negated, .. } => {
                self.one_sided(expr, &PredicateKind::InSubquery, Operand::Subquery, context.negated_if(*negated));
            }
            Expr::IsNull(expr) => self.one_sided(expr, &PredicateKind::NullTest, Operand::None, context),
            Expr::IsNotNull(expr) => self.one_sided(expr, &PredicateKind::NullTest, Operand::None, context.negated_if(true)),
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => {
                self.one_sided(expr, &PredicateKind::Equality, Operand::Literal("true".to_owned()), context);
            }
            Expr::Exists { .. } | Expr::Subquery(_) | Expr::Value(_) => {}
            other => self.classify_pattern(other, context),
        }
    }

    fn classify_pattern(&mut self, expr: &Expr, context: Context) {
        match expr {
            Expr::Like { negated, expr, pattern, .. } => {
                self.one_sided(expr, &like_kind(pattern, true), operand(pattern), context.negated_if(*negated));
            }
            Expr::ILike { negated, expr, pattern, .. } => {
                self.one_sided(expr, &like_kind(pattern, false), operand(pattern), context.negated_if(*negated));
            }
            Expr::SimilarTo { negated, expr, pattern, .. } | Expr::RLike { negated, expr, pattern, .. } => {
                self.one_sided(expr, &PredicateKind::Pattern, operand(pattern), context.negated_if(*negated));
            }
            Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } => self.membership(left, right, context),
            Expr::AllOp { left, compare_op: BinaryOperator::NotEq, right } => self.membership(left, right, context.negated_if(true)),
            Expr::IsTrue(inner) | Expr::IsNotTrue(inner) | Expr::IsFalse(inner) | Expr::IsNotFalse(inner) => {
                if matches!(unnested(inner), Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
                    let test = expr.to_string();
                    let from = test.find(" IS ").map_or(0, |place| place + 1);
                    self.one_sided(inner, &PredicateKind::Other(test[from..].to_owned()), Operand::None, context);
                } else {
                    self.wrapped(expr, &Operand::None, context);
                }
            }
            other => self.wrapped(other, &Operand::None, context),
        }
    }

    fn membership(&mut self, left: &Expr, right: &Expr, context: Context) {
        let (kind, operand) = match unnested(right) {
            Expr::Subquery(_) => (PredicateKind::InSubquery, Operand::Subquery),
            Expr::Array(array) => (PredicateKind::In(Some(array.elem.len())), operands(array.elem.iter())),
            other => (PredicateKind::In(None), operand(other)),
        };
        self.one_sided(left, &kind, operand, context);
    }

    fn binary(&mut self, whole: &Expr, left: &Expr, op: &BinaryOperator, right: &Expr, context: Context) {
        if let Some(kind) = comparison(op) {
            let null = operand(left) == Operand::Null || operand(right) == Operand::Null;
            if null && *op != BinaryOperator::Spaceship {
                if let Some(block) = self.block() {
                    block.null_comparisons.push(whole.to_string());
                }
                return;
            }
            return self.compare(left, right, &kind, context);
        }
        match op {
            BinaryOperator::PGLikeMatch => self.one_sided(left, &like_kind(right, true), operand(right), context),
            BinaryOperator::PGNotLikeMatch => self.one_sided(left, &like_kind(right, true), operand(right), context.negated_if(true)),
            BinaryOperator::PGStartsWith => self.one_sided(left, &PredicateKind::Prefix, operand(right), context),
            BinaryOperator::Glob => self.one_sided(left, &glob_kind(right), operand(right), context),
            BinaryOperator::Regexp | BinaryOperator::PGRegexMatch | BinaryOperator::PGRegexIMatch | BinaryOperator::PGILikeMatch => {
                self.one_sided(left, &PredicateKind::Pattern, operand(right), context)
            }
            other => self.other_operator(left, &other.to_string(), right, context),
        }
    }

    fn other_operator(&mut self, left: &Expr, op: &str, right: &Expr, context: Context) {
        let kind = PredicateKind::Other(op.to_owned());
        match (self.column_parts(left), self.column_parts(right)) {
            (Some(parts), None) => self.push(&parts, &kind, operand(right), context),
            (None, Some(parts)) => self.push(&parts, &kind, operand(left), context),
            _ => {
                self.wrapped(left, &Operand::None, context);
                self.wrapped(right, &Operand::None, context);
            }
        }
    }

    /// A comparison of two sides.
    fn compare(&mut self, left: &Expr, right: &Expr, kind: &PredicateKind, context: Context) {
        match (self.column_parts(left), self.column_parts(right)) {
            (Some(left), Some(right)) => self.compare_columns(&left, &right, kind, context),
            (Some(column), None) => self.compare_column(&column, right, kind, context),
            (None, Some(column)) => self.compare_column(&column, left, &mirrored(kind), context),
            (None, None) => match (unnested(left), unnested(right)) {
                (Expr::Tuple(lefts), Expr::Tuple(rights)) => {
                    let compared = if matches!(kind, PredicateKind::Equality) { lefts.len() } else { 1 };
                    for (left, right) in lefts.iter().zip(rights).take(compared) {
                        self.compare(left, right, kind, context);
                    }
                }
                _ => {
                    self.wrapped(left, &self.other_side(right), context);
                    self.wrapped(right, &self.other_side(left), context);
                }
            },
        }
    }

    fn compare_columns(&mut self, left: &[String], right: &[String], kind: &PredicateKind, context: Context) {
        let (one, other) = (self.find(left), self.find(right));
        if same_place(&one, &other) {
            let kind = PredicateKind::Other(operator_text(kind));
            self.push(left, &kind, Operand::Expression(other.column.to_string()), context);
            return self.push(right, &kind, Operand::Expression(one.column.to_string()), context);
        }
        let equality = matches!(kind, PredicateKind::Equality);
        self.push(left, &PredicateKind::Join(other.column, equality), Operand::None, context);
        self.push(right, &PredicateKind::Join(one.column, equality), Operand::None, context);
    }

    /// A column compared with an expression: the column can be looked up unless the expression is about its own row.
    fn compare_column(&mut self, column: &[String], other: &Expr, kind: &PredicateKind, context: Context) {
        let place = self.find(column).place;
        let own_row = self.columns_within(other).iter().any(|found| found.place.is_some() && found.place == place);
        let kind = if own_row { &PredicateKind::Other(operator_text(kind)) } else { kind };
        self.push(column, kind, operand(other), context);
        if !matches!(unnested(other), Expr::Subquery(_)) {
            self.wrapped(other, &Operand::None, context);
        }
        if let (PredicateKind::Equality, Some((level, source)), false) = (kind, place, context.alternative || context.negated) {
            let text = unnested(other).to_string();
            if let (true, Some(scope)) = (text != "?" && text != "$0", self.scopes.get_mut(level)) {
                scope.constants.push((text, source));
            }
        }
    }

    fn other_side(&self, expr: &Expr) -> Operand {
        if self.columns_within(expr).is_empty() { operand(expr) } else { Operand::Expression(expr.to_string()) }
    }

    fn one_sided(&mut self, expr: &Expr, kind: &PredicateKind, operand: Operand, context: Context) {
        if let Some(parts) = self.column_parts(expr) {
            return self.push(&parts, kind, operand, context);
        }
        if let Expr::Tuple(elements) = unnested(expr) {
            for element in elements {
                self.one_sided(element, kind, operand.clone(), context);
            }
            return;
        }
        self.wrapped(expr, &operand, context);
    }

    /// The columns inside an expression that no plain index helps.
    fn wrapped(&mut self, expr: &Expr, operand: &Operand, context: Context) {
        let found = self.columns_within(expr);
        let columns: BTreeSet<ColumnRef> = found.into_iter().map(|found| found.column).collect();
        let kind = PredicateKind::Expression(unnested(expr).to_string());
        for column in columns {
            self.push_predicate(column, kind.clone(), operand.clone(), context);
        }
    }

    fn push(&mut self, parts: &[String], kind: &PredicateKind, operand: Operand, context: Context) {
        let found = self.find(parts);
        self.demand(&found, kind, context);
        self.push_predicate(found.column, kind.clone(), operand, context);
    }

    fn push_predicate(&mut self, column: ColumnRef, kind: PredicateKind, operand: Operand, context: Context) {
        let Context { clause, negated, alternative } = context;
        if let Some(block) = self.block() {
            block.predicates.push(Predicate { column, kind, negated, alternative, clause, operand });
        }
    }

    /// Notes that `WHERE` lets no row pass in which this column is null.
    fn demand(&mut self, found: &Found, kind: &PredicateKind, context: Context) {
        let rejects_null = match kind {
            PredicateKind::NullTest => context.negated,
            PredicateKind::Other(text) => !text.starts_with("IS "),
            PredicateKind::Expression(_) => false,
            _ => true,
        };
        let here = self.scopes.len().wrapping_sub(1);
        let Some((level, source)) = found.place else {
            return;
        };
        if rejects_null
            && context.clause == Clause::Where
            && !context.alternative
            && level == here
            && let Some(scope) = self.scopes.last_mut()
        {
            scope.demands.push((source, found.column.clone()));
        }
    }

    /// Two predicates for the columns of a `USING`.
    pub(super) fn add_join_predicates(&mut self, left: ColumnRef, right: ColumnRef, equality: bool, clause: Clause) {
        let context = Context { clause, negated: false, alternative: false };
        self.push_predicate(left.clone(), PredicateKind::Join(right.clone(), equality), Operand::None, context);
        self.push_predicate(right, PredicateKind::Join(left, equality), Operand::None, context);
    }

    /// The columns of an expression outside nested queries, without noting them.
    fn columns_within(&self, expr: &Expr) -> Vec<Found> {
        let mut collector = Collector { analyzer: self, queries: 0, found: Vec::new() };
        let _: ControlFlow<()> = expr.visit(&mut collector);
        collector.found
    }
}

struct Collector<'a, 'c> {
    analyzer: &'a Analyzer<'c>,
    queries: usize,
    found: Vec<Found>,
}

impl Visitor for Collector<'_, '_> {
    type Break = ();

    fn pre_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
        self.queries += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
        self.queries = self.queries.saturating_sub(1);
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        let is_column = self.queries == 0 && matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
        if let Some(parts) = self.analyzer.column_parts(expr).filter(|_| is_column) {
            self.found.push(self.analyzer.find(&parts));
        }
        ControlFlow::Continue(())
    }
}

/// The terms of a chain of `AND`s or `OR`s, however long.
fn terms<'e>(expr: &'e Expr, chain: &BinaryOperator) -> Vec<&'e Expr> {
    let mut terms = Vec::new();
    let mut rest = expr;
    while let Expr::BinaryOp { left, op, right } = rest {
        if op != chain {
            break;
        }
        terms.push(right.as_ref());
        rest = left;
    }
    terms.push(rest);
    terms.reverse();
    terms
}

fn same_place(one: &Found, other: &Found) -> bool {
    one.place.is_some() && one.place == other.place
}

fn comparison(op: &BinaryOperator) -> Option<PredicateKind> {
    match op {
        BinaryOperator::Eq | BinaryOperator::Spaceship => Some(PredicateKind::Equality),
        BinaryOperator::NotEq => Some(PredicateKind::NotEqual),
        BinaryOperator::Lt | BinaryOperator::LtEq | BinaryOperator::Gt | BinaryOperator::GtEq => Some(PredicateKind::Range(op.to_string())),
        BinaryOperator::Custom(text) if text == "==" => Some(PredicateKind::Equality),
        _ => None,
    }
}

/// The same comparison with its sides exchanged.
fn mirrored(kind: &PredicateKind) -> PredicateKind {
    let PredicateKind::Range(op) = kind else {
        return kind.clone();
    };
    let other = match op.as_str() {
        "<" => ">",
        "<=" => ">=",
        ">" => "<",
        ">=" => "<=",
        same => same,
    };
    PredicateKind::Range(other.to_owned())
}

fn operator_text(kind: &PredicateKind) -> String {
    match kind {
        PredicateKind::Equality => "=".to_owned(),
        PredicateKind::NotEqual => "<>".to_owned(),
        PredicateKind::Range(op) => op.clone(),
        other => format!("{other:?}"),
    }
}

/// Several values as one operand: literal if all are.
fn operands<'e>(values: impl Iterator<Item = &'e Expr>) -> Operand {
    let mut texts = Vec::new();
    let mut parameter = false;
    let mut all_literal = true;
    for value in values {
        match operand(value) {
            Operand::Literal(text) => texts.push(text),
            Operand::Parameter => parameter = true,
            _ => all_literal = false,
        }
    }
    match (all_literal, parameter) {
        (true, false) => Operand::Literal(texts.join(", ")),
        (true, true) => Operand::Parameter,
        _ => Operand::Expression(String::new()),
    }
}

fn like_kind(pattern: &Expr, exact_case: bool) -> PredicateKind {
    let Some(start) = leading_text(pattern) else {
        return PredicateKind::Pattern;
    };
    let whole = matches!(unnested(pattern), Expr::Value(_));
    if start.starts_with(['%', '_']) {
        PredicateKind::LeadingWildcard
    } else if !exact_case || (start.is_empty() && !whole) {
        PredicateKind::Pattern
    } else if whole && !start.contains(['%', '_']) {
        PredicateKind::Equality
    } else {
        PredicateKind::Prefix
    }
}

fn glob_kind(pattern: &Expr) -> PredicateKind {
    match leading_text(pattern) {
        Some(start) if start.starts_with(['*', '?', '[']) => PredicateKind::LeadingWildcard,
        Some(start) if !start.is_empty() => PredicateKind::Prefix,
        _ => PredicateKind::Pattern,
    }
}

/// The literal text with which a string expression begins, also in `'%' || $1` and `concat('%', ?)`.
fn leading_text(expr: &Expr) -> Option<String> {
    match unnested(expr) {
        Expr::Value(value) if !matches!(value.value, Value::Placeholder(_) | Value::Null) => value.value.clone().into_string(),
        Expr::BinaryOp { left, op: BinaryOperator::StringConcat, .. } => leading_text(left),
        Expr::Cast { expr, .. } | Expr::Collate { expr, .. } => leading_text(expr),
        Expr::Function(function) if function_name(function) == "concat" => match &function.args {
            FunctionArguments::List(list) => match list.args.first() {
                Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(first))) => leading_text(first),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}
