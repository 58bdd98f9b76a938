//! Whether two answers are the same, as far as the statement says what is asked for. It never calls an answer wrong that
//! the statement leaves open.

use dbwright_model::Engine;
use dbwright_sql::shape::OrderItem;
use dbwright_sql::{StatementKind, shape, unquote_identifier};

use super::{Effect, Interval, Sameness};
use crate::scratch::digest::{Digest, OrderKey};

/// What a statement says of its answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Promise {
    /// Keys of the outermost ORDER BY.
    pub order: Vec<OrderKey>,
    /// Whether only so many rows are asked for.
    pub cut: bool,
    /// Whether it only reads.
    pub reads: bool,
}

/// Reads a statement's promise.
#[must_use]
pub fn promise(text: &str, engine: Engine) -> Promise {
    let shape = shape(text, engine);
    let reads = shape.kind == StatementKind::Select;
    let Some(block) = shape.main().filter(|_| reads) else { return Promise { reads, ..Promise::default() } };
    Promise { order: block.order_by.iter().map(|item| order_key(item, block.select.star)).collect(), cut: block.limit.is_some(), reads }
}

/// The place in the answer where it is known; else a bare name, behind a star the last part of a dotted one.
fn order_key(item: &OrderItem, star: bool) -> OrderKey {
    if let Some(position) = item.output {
        return OrderKey::Position(position);
    }
    let text = item.text.trim();
    let last = text.rsplit('.').next().unwrap_or(text);
    let plain = |part: &str| !part.is_empty() && part.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    match unquote_identifier(last) {
        _ if !star => OrderKey::Expression,
        Some(name) => OrderKey::Name(name),
        None if text.split('.').all(plain) => OrderKey::Name(last.to_owned()),
        None => OrderKey::Expression,
    }
}

/// Compares answers: of the unchanged copy, of the same once more, of the changed one.
#[must_use]
pub fn compare(promise: &Promise, before: &Digest, again: &Digest, after: &Digest) -> Sameness {
    if before.same_rows(after) && before.same_order(after) {
        return Sameness::Equal;
    }
    if !before.same_rows(again) || !before.same_order(again) {
        return Sameness::Undecided("it does not answer the same twice on the unchanged copy".to_owned());
    }
    if before.rows != after.rows {
        return Sameness::Different(format!("{} rows without the change, {} with it", before.rows, after.rows));
    }
    if promise.cut && before.same_order(after) {
        return Sameness::Undecided("LIMIT cuts among rows that ORDER BY does not tell apart".to_owned());
    }
    if before.same_rows(after) {
        return Sameness::Different("the same rows in an order that ORDER BY forbids".to_owned());
    }
    Sameness::Different(format!("{} rows on both sides, but not the same ones", before.rows))
}

/// What an interval of the ratio after ÷ before says.
#[must_use]
pub fn effect(ratio: Option<Interval>) -> Effect {
    match ratio {
        Some(ratio) if ratio.high < 1.0 => Effect::Gain,
        Some(ratio) if ratio.low > 1.0 => Effect::Loss,
        _ => Effect::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::digest::{Cell, Digester};

    fn answer(order: &[OrderKey], values: &[(i64, i64)]) -> Digest {
        let mut digester = Digester::new(&["k", "v"], order);
        for (key, value) in values {
            digester.row(&[Cell::Integer(*key), Cell::Integer(*value)]);
        }
        digester.finish()
    }

    #[test]
    fn reads_what_is_asked_for() {
        let order = |text: &str| promise(text, Engine::Postgresql).order;
        let found = promise("SELECT k, v FROM t ORDER BY 2 DESC, t.k, v + 1 LIMIT 5", Engine::Postgresql);
        assert_eq!(found.order, [OrderKey::Position(2), OrderKey::Position(1), OrderKey::Expression]);
        assert_eq!(order("SELECT a AS b, b AS a FROM t ORDER BY a, 1"), [OrderKey::Position(2), OrderKey::Position(1)]);
        assert_eq!(order("SELECT * FROM t ORDER BY t.k, \"V\""), [OrderKey::Name("k".into()), OrderKey::Name("V".into())]);
        assert_eq!(order("SELECT k AS v FROM t ORDER BY t.v"), [OrderKey::Expression]);
        assert!(found.cut && found.reads);
        assert!(!promise("UPDATE t SET v = 1", Engine::Postgresql).reads);
    }

    #[test]
    fn what_is_left_open_is_not_wrong() {
        let ordered = promise("SELECT k, v FROM t ORDER BY k LIMIT 2", Engine::Sqlite);
        let before = answer(&ordered.order, &[(1, 1), (2, 1)]);
        assert_eq!(compare(&ordered, &before, &before, &before.clone()), Sameness::Equal);
        let tie = answer(&ordered.order, &[(1, 1), (2, 9)]);
        assert!(matches!(compare(&ordered, &before, &before, &tie), Sameness::Undecided(_)));
        let wrong_order = answer(&ordered.order, &[(2, 1), (1, 1)]);
        assert!(matches!(compare(&ordered, &before, &before, &wrong_order), Sameness::Different(_)));
        assert!(matches!(compare(&ordered, &before, &tie, &wrong_order), Sameness::Undecided(_)));
        let free = promise("SELECT k, v FROM t", Engine::Sqlite);
        let (one, two) = (answer(&[], &[(1, 1), (2, 1)]), answer(&[], &[(2, 1), (1, 1)]));
        assert_eq!(compare(&free, &one, &one, &two), Sameness::Equal);
        assert!(matches!(compare(&free, &one, &one, &answer(&[], &[(1, 1), (1, 1)])), Sameness::Different(_)));
    }

    #[test]
    fn an_interval_that_holds_one_is_no_effect() {
        let ratio = |low, high| Some(Interval { low, middle: 0.9, high });
        assert_eq!(effect(ratio(0.5, 0.99)), Effect::Gain);
        assert_eq!(effect(ratio(0.5, 1.01)), Effect::None);
        assert_eq!(effect(ratio(1.01, 2.0)), Effect::Loss);
        assert_eq!(effect(None), Effect::None);
    }
}
