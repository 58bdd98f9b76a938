//! Plans of the costliest statements of the workload, by EXPLAIN without ANALYZE: nothing is executed.
//!
//! The texts come from a statistics view and are foreign. Only single SELECTs get through, by words that none of the others
//! can do without; no statement that calls a function of users, since planning may run functions that claim to be immutable;
//! and all of it by the extended protocol in the read-only transaction, each plan behind a savepoint that frees its locks.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use dbwright_model::plan::Plan;
use dbwright_model::{FactKind, Facts, Reading};
use tokio_postgres::types::Type;

use super::plan::parse_plan;
use super::queries::{self, quote};
use super::row::Cells;
use super::scratch::Json;
use super::session::ReadOnly;
use crate::coverage::{Book, tolerate};
use crate::error::{EngineError, ErrorKind};
use crate::options::CollectOptions;

/// Most statements that are planned, those with the most time first.
const MOST_STATEMENTS: usize = 50;
/// Most parameters of a statement that is planned.
const MOST_PARAMETERS: usize = 1000;
/// Limit for all planning together.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// Where the server looks for names unless told otherwise.
const USUAL_PATH: &str = "\"$user\", public";

/// Plans the costliest statements into the facts.
///
/// # Errors
/// When the connection is gone.
pub(super) async fn read(session: &ReadOnly, options: &CollectOptions, facts: &mut Facts, book: &mut Book) -> Result<(), EngineError> {
    if !options.explain {
        book.missing(FactKind::Plans, "planning was switched off", "");
        return Ok(());
    }
    let candidates: Vec<usize> = (0..facts.workload.statements.len())
        .filter(|at| !facts.workload.statements[*at].truncated && is_plain_select(&facts.workload.statements[*at].text))
        .take(MOST_STATEMENTS)
        .collect();
    if candidates.is_empty() {
        book.missing(FactKind::Plans, "the workload holds no statement that could be planned", "");
        return Ok(());
    }
    let rows = tolerate(session.rows(&queries::planning()).await, book, &[FactKind::Plans], Reading::Missing)?;
    let Some(row) = rows.as_ref().and_then(|rows| rows.first()) else { return Ok(()) };
    let functions: BTreeSet<String> = row.texts("functions")?.into_iter().collect();
    let usual = row.texts("paths")?.first().and_then(|setting| setting.strip_prefix("search_path=").map(str::to_owned));
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for at in candidates {
        let path = search_path(facts, facts.workload.statements[at].user.as_deref(), usual.as_deref());
        groups.entry(path).or_default().push(at);
    }
    book.read(FactKind::Plans, "EXPLAIN of the costliest statements");
    let tally = plan_groups(session, facts, &groups, &functions).await?;
    judge(&tally, facts, book);
    Ok(())
}

#[derive(Default)]
struct Tally {
    planned: u64,
    forbidden: u64,
    failed: u64,
    out_of_time: u64,
}

async fn plan_groups(
    session: &ReadOnly,
    facts: &mut Facts,
    groups: &BTreeMap<String, Vec<usize>>,
    functions: &BTreeSet<String>,
) -> Result<Tally, EngineError> {
    let started = Instant::now();
    let mut tally = Tally::default();
    for (path, members) in groups {
        if enter(session, path).await.is_err() {
            tally.failed += members.len() as u64;
            continue;
        }
        for at in members {
            if started.elapsed() > TIME_LIMIT {
                tally.out_of_time += 1;
                continue;
            }
            let statement = &mut facts.workload.statements[*at];
            if let Some(function) = called(&statement.text).into_iter().find(|name| functions.contains(name)) {
                statement.failure = Some(format!("not planned: it calls {function}, and planning could run a function of users"));
                tally.failed += 1;
                continue;
            }
            match plan(session, &statement.text).await {
                Ok(plan) => {
                    statement.plan = Some(plan);
                    tally.planned += 1;
                }
                Err(error) if matches!(error.kind, ErrorKind::Lost | ErrorKind::Unreachable) => return Err(error),
                Err(error) => {
                    tally.forbidden += u64::from(error.kind == ErrorKind::Privilege);
                    tally.failed += u64::from(error.kind != ErrorKind::Privilege);
                    statement.failure = Some(format!("not planned: {}", error.detail));
                }
            }
        }
        session.quietly("ROLLBACK TO SAVEPOINT facts").await?;
    }
    Ok(tally)
}

/// Sets the search path of those who run the statements, behind a savepoint.
async fn enter(session: &ReadOnly, path: &str) -> Result<(), EngineError> {
    let sql = "SELECT pg_catalog.set_config('search_path', $1, true), pg_catalog.set_config('plan_cache_mode', 'force_generic_plan', true)";
    let outcome = session.ask_quietly(sql, &[(&path, Type::TEXT)]).await;
    if let Err(error) = outcome {
        session.quietly("ROLLBACK TO SAVEPOINT facts").await?;
        return Err(error);
    }
    session.quietly("SAVEPOINT plan").await
}

async fn plan(session: &ReadOnly, text: &str) -> Result<Plan, EngineError> {
    let text = text.trim().trim_end_matches(';');
    let parameters = parameters(text);
    let outcome = if parameters > MOST_PARAMETERS {
        Err(EngineError::new(ErrorKind::Unsupported, "planning a statement", format!("it has {parameters} parameters")))
    } else if parameters == 0 {
        answer(session, &format!("EXPLAIN (VERBOSE, FORMAT JSON) {text}")).await
    } else {
        by_preparing(session, text, parameters).await
    };
    session.explained();
    session.quietly("ROLLBACK TO SAVEPOINT plan").await?;
    outcome
}

/// A text with open parameters is planned by preparing it, with generic plans forced. EXPLAIN (GENERIC_PLAN) of version 16
/// would need a value for each parameter by the extended protocol, and plans for that value (seen on 17.10); the simple
/// protocol, which needs none, is not for texts that we did not write.
async fn by_preparing(session: &ReadOnly, text: &str, parameters: usize) -> Result<Plan, EngineError> {
    session.quietly(&format!("PREPARE dbwright_statement AS {text}")).await?;
    let nulls = vec!["NULL"; parameters].join(", ");
    let outcome = answer(session, &format!("EXPLAIN (VERBOSE, FORMAT JSON) EXECUTE dbwright_statement({nulls})")).await;
    // What is prepared outlives a rollback. After a failure nothing runs but the rollback, so go back before.
    if outcome.is_err() {
        session.quietly("ROLLBACK TO SAVEPOINT plan").await?;
    }
    session.quietly("DEALLOCATE dbwright_statement").await?;
    outcome
}

async fn answer(session: &ReadOnly, sql: &str) -> Result<Plan, EngineError> {
    let rows = session.ask_quietly(sql, &[]).await?;
    let text = rows.first().and_then(|row| row.try_get::<_, Json>(0).ok()).map(|json| json.0).unwrap_or_default();
    let malformed = |error: serde_json::Error| EngineError::new(ErrorKind::Protocol, "reading an execution plan", error.to_string());
    parse_plan(&serde_json::from_str(&text).map_err(malformed)?)
}

fn judge(tally: &Tally, facts: &Facts, book: &mut Book) {
    let all = tally.planned + tally.forbidden + tally.failed + tally.out_of_time;
    if tally.forbidden > 0 {
        let role = quote(facts.security.collected_as.as_deref().unwrap_or_default());
        let hint = if facts.major_version() >= 14 {
            format!("GRANT pg_read_all_data TO {role};")
        } else {
            format!("GRANT SELECT ON ALL TABLES IN SCHEMA … TO {role};")
        };
        let detail = format!("{} of {all} statements read tables that this role may not", tally.forbidden);
        if tally.planned == 0 { book.missing(FactKind::Plans, &detail, &hint) } else { book.partial(FactKind::Plans, &detail, &hint) }
    }
    let others = tally.failed + tally.out_of_time;
    if others > 0 {
        let detail = format!("{others} of {all} statements could not be planned");
        if tally.planned == 0 { book.missing(FactKind::Plans, &detail, "") } else { book.partial(FactKind::Plans, &detail, "") }
    }
}

/// Where a statement of this role looks for names, with pg_catalog before all.
fn search_path(facts: &Facts, user: Option<&str>, usual: Option<&str>) -> String {
    let user = user.unwrap_or_default();
    let own = facts.security.roles.iter().find(|role| role.name == user);
    let own = own.and_then(|role| role.settings.iter().find_map(|setting| setting.strip_prefix("search_path=")));
    let path = own.or(usual).unwrap_or(USUAL_PATH);
    let path = path.replace("\"$user\"", &quote(user)).replace("$user", &quote(user));
    format!("pg_catalog, {path}").trim_end_matches([',', ' ']).to_owned()
}

/// Whether a text may be planned on a user's server: why not.
pub(super) fn may_be_planned(text: &str, functions: &BTreeSet<String>) -> Result<(), &'static str> {
    match is_plain_select(text) {
        false => Err("only single SELECTs are planned on the source"),
        true if called(text).iter().any(|name| functions.contains(name)) => Err("planning could run a function of users"),
        true => Ok(()),
    }
}

/// Whether a text is one SELECT that changes, locks and makes nothing. It rather refuses one too many.
fn is_plain_select(text: &str) -> bool {
    const REFUSED: [&str; 9] = ["insert", "update", "delete", "merge", "into", "share", "lock", "truncate", "copy"];
    let body = without_leading_comments(text).trim_end().trim_end_matches(';');
    let first = words(body).next().unwrap_or_default();
    matches!(first.as_str(), "select" | "with") && !body.contains(';') && !words(body).any(|word| REFUSED.contains(&word.as_str()))
}

fn without_leading_comments(text: &str) -> &str {
    let mut rest = text.trim_start();
    loop {
        let next = if let Some(comment) = rest.strip_prefix("--") {
            comment.split_once('\n').map_or("", |(_, after)| after)
        } else if let Some(comment) = rest.strip_prefix("/*") {
            comment.split_once("*/").map_or("", |(_, after)| after)
        } else {
            rest.trim_start_matches('(')
        };
        let next = next.trim_start();
        if next.len() == rest.len() {
            return rest;
        }
        rest = next;
    }
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|character: char| !character.is_alphanumeric() && character != '_' && character != '$')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

/// Names that stand before a parenthesis, in lower case: functions, and some words that are none.
fn called(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in text.match_indices('(') {
        let before = text[..at].trim_end();
        let name = match before.strip_suffix('"') {
            Some(quoted) => quoted.rsplit('"').next().unwrap_or_default(),
            None => before
                .rsplit(|character: char| !character.is_alphanumeric() && character != '_' && character != '$')
                .next()
                .unwrap_or_default(),
        };
        if !name.is_empty() {
            names.push(name.to_lowercase());
        }
    }
    names
}

/// The highest number of a parameter `$n` in a text.
fn parameters(text: &str) -> usize {
    let number = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0);
    text.match_indices('$').map(|(at, _)| number(&text[at + 1..])).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lets_only_plain_selects_through() {
        for text in ["SELECT * FROM a WHERE id = $1", "-- x\n/* y */ with t as (select 1) select * from t;", "(select 1) union (select 2)"]
        {
            assert!(is_plain_select(text), "{text}");
        }
        let refused = [
            "SELECT * FROM a FOR UPDATE",
            "SELECT * FROM a FOR NO KEY UPDATE",
            "SELECT 1 FOR KEY SHARE",
            "WITH x AS (DELETE FROM a RETURNING *) SELECT * FROM x",
            "SELECT 1; DROP TABLE a",
            "SELECT * INTO b FROM a",
            "UPDATE a SET b = 1",
            "EXPLAIN ANALYZE SELECT 1",
            "EXECUTE p",
            "/* SELECT */ CALL f()",
            "",
        ];
        for text in refused {
            assert!(!is_plain_select(text), "{text}");
        }
    }

    #[test]
    fn sees_calls() {
        assert_eq!(called("SELECT app.F_x (1), \"Odd name\"(2), count(*)"), ["f_x", "odd name", "count"]);
    }

    #[test]
    fn counts_parameters() {
        assert_eq!(parameters("a = $1 AND b = $12 OR c = '$x'"), 12);
        assert_eq!(parameters("SELECT 1"), 0);
    }
}
