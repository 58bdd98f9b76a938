//! What a rule is. A rule lives in one file: a static value and a function; it never reads anything but its context.

use dbwright_model::{Engine, FactKind, Finding, Severity};

use crate::context::Context;

/// A rule of the catalogue.
pub struct Rule {
    /// `family/name` of the catalogue; never renamed.
    pub id: &'static str,
    /// One line that names the problem.
    pub title: &'static str,
    /// Severity unless a finding says otherwise.
    pub severity: Severity,
    /// Engines on which the problem can exist.
    pub engines: &'static [Engine],
    /// Facts without which nothing can be said: missing ones make the rule undecided.
    pub needs: &'static [FactKind],
    /// Its page, with the fixed headings of [`HEADINGS`].
    pub docs: &'static str,
    /// Looks for the problem.
    pub check: fn(&Context<'_>) -> Vec<Finding>,
}

/// The headings of every rule's page, in order.
pub const HEADINGS: [&str; 6] = ["Finds", "Why it matters", "When not to follow", "Fix", "How we verify", "References"];

/// The SQL engines.
pub const SQL: &[Engine] = &[Engine::Sqlite, Engine::Postgresql, Engine::Mysql, Engine::Mariadb];
/// PostgreSQL alone.
pub const POSTGRESQL: &[Engine] = &[Engine::Postgresql];
/// SQLite alone.
pub const SQLITE: &[Engine] = &[Engine::Sqlite];
/// MySQL and MariaDB.
pub const MYSQL_FAMILY: &[Engine] = &[Engine::Mysql, Engine::Mariadb];
/// The SQL engines that are servers.
pub const SQL_SERVERS: &[Engine] = &[Engine::Postgresql, Engine::Mysql, Engine::Mariadb];
/// Redis and Valkey.
pub const REDIS_FAMILY: &[Engine] = &[Engine::Redis, Engine::Valkey];
/// Every engine.
pub const ALL: &[Engine] = &Engine::ALL;
/// Every engine that is a server.
pub const SERVERS: &[Engine] = &[Engine::Postgresql, Engine::Mysql, Engine::Mariadb, Engine::Redis, Engine::Valkey];

impl Rule {
    /// The family, the part of the id before the slash.
    #[must_use]
    pub fn family(&self) -> &'static str {
        self.id.split('/').next().unwrap_or(self.id)
    }

    /// The text below a heading of its page.
    #[must_use]
    pub fn section(&self, heading: &str) -> &'static str {
        let marker = format!("## {heading}\n");
        let Some(start) = self.docs.find(&marker) else { return "" };
        let rest = &self.docs[start + marker.len()..];
        rest.split("\n## ").next().unwrap_or(rest).trim()
    }
}
