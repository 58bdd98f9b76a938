//! Statements written anew where the meaning is certain: `NOT EXISTS` for `NOT IN`, `IS NULL` for `= NULL`, an inner join
//! for an outer one that its WHERE nullifies, `UNION ALL` for `UNION`. It never touches a statement that changes data, and
//! gives nothing where the text has a form that it does not know.

use dbwright_model::change::Change;
use dbwright_sql::StatementKind;
use dbwright_sql::lexer::{Kind, Lexer, Token};
use dbwright_sql::shape::{Block, Role};

use crate::context::{Context, StatementView};

/// A statement's tokens without comments, for looking and replacing.
struct Text<'t> {
    text: &'t str,
    tokens: Vec<Token>,
}

impl<'t> Text<'t> {
    /// The text of a query; none for other statements and for texts that are cut.
    fn of(context: &Context<'_>, view: &'t StatementView<'_>) -> Option<Self> {
        if view.shape.kind != StatementKind::Select || !view.shape.parsed || view.statement.truncated {
            return None;
        }
        let text = view.text().trim().trim_end_matches(';').trim_end();
        let tokens = Lexer::new(text, context.engine()).filter(|token| !token.kind.is_comment()).collect();
        Some(Self { text, tokens })
    }

    fn at(&self, index: usize) -> &'t str {
        self.tokens.get(index).and_then(|token| self.text.get(token.start..token.end)).unwrap_or_default()
    }

    fn is(&self, index: usize, word: &str) -> bool {
        self.at(index).eq_ignore_ascii_case(word)
    }

    /// Where the words stand one after the other.
    fn places(&self, words: &[&str]) -> Vec<usize> {
        let here = |start: &usize| words.iter().enumerate().all(|(offset, word)| self.is(start + offset, word));
        (0..self.tokens.len()).filter(here).collect()
    }

    /// The text from one token to another, both included.
    fn between(&self, first: usize, last: usize) -> &'t str {
        match (self.tokens.get(first), self.tokens.get(last)) {
            (Some(first), Some(last)) if first.start <= last.end => self.text.get(first.start..last.end).unwrap_or_default(),
            _ => "",
        }
    }

    /// The whole text with the tokens from `first` to `last` replaced.
    fn replaced(&self, first: usize, last: usize, with: &str) -> Option<String> {
        let (start, end) = (self.tokens.get(first)?.start, self.tokens.get(last)?.end);
        Some(format!("{}{with}{}", self.text.get(..start)?, self.text.get(end..)?))
    }

    /// The token that closes the parenthesis opened at `open`.
    fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for (index, token) in self.tokens.iter().enumerate().skip(open) {
            match token.kind {
                Kind::OpenParenthesis => depth += 1,
                Kind::CloseParenthesis if depth == 1 => return Some(index),
                Kind::CloseParenthesis => depth = depth.checked_sub(1)?,
                _ => {}
            }
        }
        None
    }

    fn is_name(&self, index: usize) -> bool {
        const CLAUSES: [&str; 12] =
            ["where", "group", "order", "limit", "union", "except", "intersect", "having", "join", "left", "inner", "for"];
        let named = self.tokens.get(index).is_some_and(|token| matches!(token.kind, Kind::Word | Kind::QuotedIdentifier));
        named && !CLAUSES.iter().any(|word| self.is(index, word))
    }

    fn change(&self, summary: &str, new: String) -> Change {
        Change::new(summary).step(new, self.text)
    }
}

/// `NOT EXISTS` for `NOT IN`, where the compared column can't be NULL itself: then both mean the same for rows without
/// NULL in the subquery, and `NOT EXISTS` means what was wanted for rows with it.
#[must_use]
pub fn not_exists(context: &Context<'_>, view: &StatementView<'_>, block: &Block) -> Option<Change> {
    let Role::In { negated: true, column: Some(outer), .. } = &block.role else { return None };
    let (table, field) = context.column(outer)?;
    let parent = view.shape.blocks.get(block.parent?)?;
    let alias = parent.sources.iter().find(|source| source.table == outer.table)?.alias.clone();
    if context.is_nullable(table, field) || parent.sources.iter().filter(|source| source.table == outer.table).count() != 1 {
        return None;
    }
    let text = Text::of(context, view)?;
    let places = text.places(&["NOT", "IN", "(", "SELECT"]);
    let [place] = places.as_slice() else { return None };
    let (open, close) = (place + 2, text.closing(place + 2)?);
    let inner = Inner::read(&text, open, close)?;
    let compared = compared_before(&text, *place)?;
    if inner.alias.eq_ignore_ascii_case(&alias) {
        return None;
    }
    let qualified = if text.at(compared.1).is_empty() { return None } else { format!("{alias}.{}", text.at(compared.1)) };
    let condition = inner.condition.map(|condition| format!(" AND ({condition})")).unwrap_or_default();
    let exists = format!("NOT EXISTS (SELECT 1 FROM {} WHERE {}.{} = {qualified}{condition})", inner.source, inner.alias, inner.column);
    let new = text.replaced(compared.0, close, &exists)?;
    Some(text.change("Ask NOT EXISTS, which NULL does not turn into nothing", new))
}

/// The subquery of the only `NOT IN` with a condition that keeps NULL out of it: right for every compared value.
#[must_use]
pub fn without_nulls(context: &Context<'_>, view: &StatementView<'_>, block: &Block) -> Option<Change> {
    if !matches!(block.role, Role::In { negated: true, .. }) {
        return None;
    }
    let text = Text::of(context, view)?;
    let places = text.places(&["NOT", "IN", "(", "SELECT"]);
    let [place] = places.as_slice() else { return None };
    let (open, close) = (place + 2, text.closing(place + 2)?);
    let inner = Inner::read(&text, open, close)?;
    let condition = inner.condition.map(|condition| format!(" AND ({condition})")).unwrap_or_default();
    let subquery = format!("(SELECT {0}.{1} FROM {2} WHERE {0}.{1} IS NOT NULL{condition})", inner.alias, inner.column, inner.source);
    let new = text.replaced(open, close, &subquery)?;
    Some(text.change("Keep NULL out of the subquery", new))
}

/// The tokens of the column before `NOT IN`: first and last.
fn compared_before(text: &Text<'_>, place: usize) -> Option<(usize, usize)> {
    let last = place.checked_sub(1).filter(|index| text.is_name(*index))?;
    let qualified = last >= 2 && text.at(last - 1) == "." && text.is_name(last - 2);
    let first = if qualified { last - 2 } else { last };
    let free = first == 0 || text.at(first - 1) != "." && !text.at(first - 1).starts_with(['+', '-', '*', '/', '|']);
    free.then_some((first, last))
}

/// `SELECT column FROM table [AS alias] [WHERE condition]`.
struct Inner<'t> {
    column: &'t str,
    source: &'t str,
    alias: &'t str,
    condition: Option<&'t str>,
}

impl<'t> Inner<'t> {
    fn read(text: &Text<'t>, open: usize, close: usize) -> Option<Self> {
        let mut at = open + 2;
        at += if text.at(at + 1) == "." { 2 } else { 0 };
        let column = text.is_name(at).then(|| text.at(at))?;
        let from = at + 1;
        if !text.is(from, "FROM") || !text.is_name(from + 1) {
            return None;
        }
        let mut table = from + 1;
        table += if text.at(table + 1) == "." { 2 } else { 0 };
        let mut end = table;
        if text.is(end + 1, "AS") {
            end += 2;
        } else if end + 1 < close && text.is_name(end + 1) {
            end += 1;
        }
        let (source, alias) = (text.between(from + 1, end), text.at(end));
        let condition = if end + 1 == close {
            None
        } else if text.is(end + 1, "WHERE") && end + 2 < close {
            Some(text.between(end + 2, close - 1))
        } else {
            return None;
        };
        let plain = ["group", "order", "limit", "union", "having", "except", "intersect", "offset", "fetch", "window"];
        let words = (end + 1)..close;
        let simple = !words.into_iter().any(|index| plain.iter().any(|word| text.is(index, word)));
        simple.then_some(Self { column, source, alias, condition })
    }
}

/// `IS NULL` for `= NULL` and `IS NOT NULL` for `<> NULL`, wherever the text has them.
#[must_use]
pub fn null_tests(context: &Context<'_>, view: &StatementView<'_>) -> Option<Change> {
    let text = Text::of(context, view)?;
    let mut new = text.text.to_owned();
    let mut found = false;
    for index in (1..text.tokens.len()).rev() {
        let test = match text.at(index - 1) {
            "=" | "==" => "IS NULL",
            "<>" | "!=" => "IS NOT NULL",
            _ => continue,
        };
        let (operator, null) = (text.tokens[index - 1], text.tokens[index]);
        if text.is(index, "NULL") && null.kind == Kind::Word {
            new.replace_range(operator.start..null.end, test);
            found = true;
        }
    }
    found.then(|| text.change("Test for NULL", new))
}

/// An inner join for the statement's only left join.
#[must_use]
pub fn inner_join(context: &Context<'_>, view: &StatementView<'_>) -> Option<Change> {
    let text = Text::of(context, view)?;
    let (short, long) = (text.places(&["LEFT", "JOIN"]), text.places(&["LEFT", "OUTER", "JOIN"]));
    let (first, last) = match (short.as_slice(), long.as_slice()) {
        ([one], []) => (*one, one + 1),
        ([], [one]) => (*one, one + 2),
        _ => return None,
    };
    let new = text.replaced(first, last, "JOIN")?;
    Some(text.change("Write the inner join that it is", new))
}

/// `UNION ALL` for the statement's only `UNION`.
#[must_use]
pub fn union_all(context: &Context<'_>, view: &StatementView<'_>) -> Option<Change> {
    let text = Text::of(context, view)?;
    let places = text.places(&["UNION"]);
    let [place] = places.as_slice() else { return None };
    if text.is(place + 1, "ALL") {
        return None;
    }
    let last = if text.is(place + 1, "DISTINCT") { place + 1 } else { *place };
    let new = text.replaced(*place, last, "UNION ALL")?;
    Some(text.change("Keep what can't hold duplicates as it is", new))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dbwright_model::policy::Policy;
    use dbwright_model::workload::Statement;
    use dbwright_model::{Engine, Facts, Timestamp};

    fn rewritten(text: &str, rewrite: fn(&Context<'_>, &StatementView<'_>) -> Option<Change>) -> Option<String> {
        let mut facts = Facts::empty(Engine::Sqlite, "3.51", "x", Timestamp::default());
        facts.catalog = serde_json::from_str(
            r#"{"collections": [
                {"name": {"name": "customer"}, "fields": [{"name": "id"}, {"name": "name"}], "keys": [{"columns": ["id"], "primary": true}]},
                {"name": {"name": "review"}, "fields": [{"name": "id"}, {"name": "customer_id", "nullable": true}, {"name": "stars"}]}]}"#,
        )
        .unwrap();
        facts.workload.statements.push(Statement { text: text.to_owned(), ..Statement::default() });
        let policy = Policy::default();
        let context = Context::new(&facts, &policy);
        rewrite(&context, &context.statements()[0]).map(|change| change.apply[0].clone())
    }

    fn anti(context: &Context<'_>, view: &StatementView<'_>) -> Option<Change> {
        view.shape.blocks.iter().find_map(|block| not_exists(context, view, block))
    }

    #[test]
    fn not_in_becomes_not_exists() {
        assert_eq!(
            rewritten("SELECT count(*) FROM customer WHERE id NOT IN (SELECT customer_id FROM review WHERE stars = 1 OR stars = 2);", anti)
                .unwrap(),
            "SELECT count(*) FROM customer WHERE NOT EXISTS (SELECT 1 FROM review WHERE review.customer_id = customer.id AND (stars = 1 OR stars = 2))"
        );
        assert_eq!(
            rewritten("SELECT c.name FROM customer AS c WHERE c.id NOT IN (SELECT r.customer_id FROM review r)", anti).unwrap(),
            "SELECT c.name FROM customer AS c WHERE NOT EXISTS (SELECT 1 FROM review r WHERE r.customer_id = c.id)"
        );
    }

    #[test]
    fn null_is_kept_out_where_not_exists_can_t_be_written() {
        let rewrite = |context: &Context<'_>, view: &StatementView<'_>| {
            view.shape.blocks.iter().find_map(|block| without_nulls(context, view, block))
        };
        assert_eq!(
            rewritten("SELECT id FROM review WHERE id NOT IN (SELECT customer_id FROM review WHERE stars = 1)", rewrite).unwrap(),
            "SELECT id FROM review WHERE id NOT IN (SELECT review.customer_id FROM review WHERE review.customer_id IS NOT NULL AND (stars = 1))"
        );
    }

    #[test]
    fn unknown_forms_are_left_alone() {
        for text in [
            "SELECT 1 FROM customer WHERE id NOT IN (SELECT customer_id FROM review LIMIT 5)",
            "SELECT 1 FROM review WHERE customer_id NOT IN (SELECT id FROM customer)",
            "DELETE FROM customer WHERE id NOT IN (SELECT customer_id FROM review)",
            "SELECT 1 FROM customer WHERE id + 1 NOT IN (SELECT customer_id FROM review)",
        ] {
            assert_eq!(rewritten(text, anti), None, "{text}");
        }
    }

    #[test]
    fn small_rewrites() {
        assert_eq!(rewritten("SELECT 1 FROM review WHERE stars = NULL", null_tests).unwrap(), "SELECT 1 FROM review WHERE stars IS NULL");
        assert_eq!(
            rewritten("SELECT id FROM customer UNION SELECT id FROM review", union_all).unwrap(),
            "SELECT id FROM customer UNION ALL SELECT id FROM review"
        );
        assert_eq!(
            rewritten("SELECT c.id FROM customer c LEFT OUTER JOIN review r ON r.customer_id = c.id WHERE r.stars > 1", inner_join)
                .unwrap(),
            "SELECT c.id FROM customer c JOIN review r ON r.customer_id = c.id WHERE r.stars > 1"
        );
        assert_eq!(rewritten("UPDATE review SET stars = NULL WHERE customer_id = NULL", null_tests), None);
    }
}
