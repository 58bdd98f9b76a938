//! The examples in a rule's page: fenced blocks that say `finds` or `quiet`. It never runs them.

use dbwright_model::Engine;

use crate::rule::Rule;

/// What an example consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A schema with rows and, behind `-- workload`, statements: built in a scratch database.
    Sql,
    /// A JSON merge patch to the healthy facts of its engine.
    Facts,
}

/// An example of a rule's page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// What it consists of.
    pub kind: Kind,
    /// Whether the rule must speak (else it must stay quiet).
    pub finds: bool,
    /// The engine it is for; SQLite unless the fence names another.
    pub engine: Engine,
    /// The text between the fences.
    pub text: &'static str,
}

/// The examples of a rule, in order.
///
/// # Errors
/// The fence line of a block that is not closed, or whose words say nothing known.
pub fn examples(rule: &Rule) -> Result<Vec<Example>, String> {
    let mut found = Vec::new();
    let mut rest = rule.docs;
    while let Some(start) = rest.find("\n```") {
        let (fence, body) = rest[start + 4..].split_once('\n').unwrap_or(("", ""));
        let (text, after) = body.split_once("\n```").ok_or_else(|| fence.to_owned())?;
        found.push(example(fence, text).ok_or_else(|| fence.to_owned())?);
        rest = after;
    }
    Ok(found)
}

fn example(fence: &str, text: &'static str) -> Option<Example> {
    let mut words = fence.split_whitespace();
    let kind = match words.next()? {
        "sql" => Kind::Sql,
        "facts" => Kind::Facts,
        _ => return None,
    };
    let finds = match words.next()? {
        "finds" => true,
        "quiet" => false,
        _ => return None,
    };
    let engine = match words.next() {
        Some(id) => Engine::from_id(id)?,
        None if kind == Kind::Sql => Engine::Sqlite,
        None => return None,
    };
    words.next().is_none().then_some(Example { kind, finds, engine, text })
}
