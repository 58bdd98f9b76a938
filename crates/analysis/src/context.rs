//! What a rule may look at: facts, policy, and what was derived from them once for all rules. It never judges.

pub mod access;
mod settings;
mod statements;
pub mod tables;

use dbwright_model::policy::Policy;
use dbwright_model::{Engine, Facts};

pub use statements::{Access, StatementView, object_name, reads_whole, same_table, uses_partial_index};

use tables::Tables;

/// The view that rules get.
pub struct Context<'a> {
    /// The facts.
    pub facts: &'a Facts,
    /// The policy.
    pub policy: &'a Policy,
    tables: Tables<'a>,
    statements: Vec<StatementView<'a>>,
}

impl<'a> Context<'a> {
    /// Derives what rules share.
    #[must_use]
    pub fn new(facts: &'a Facts, policy: &'a Policy) -> Self {
        let tables = Tables::new(facts);
        let statements = statements::views(facts, &tables);
        Self { facts, policy, tables, statements }
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.facts.target.engine
    }

    /// Whether the server's own settings, statistics and copies are the user's: not so in a scratch server that was
    /// started to build a project.
    #[must_use]
    pub fn judges_server(&self) -> bool {
        !self.facts.target.scratch
    }

    /// The limit of a statement's 95th percentile: its own by name or fingerprint, else the standard's, ms.
    #[must_use]
    pub fn limit_ms(&self, view: &StatementView<'_>) -> f64 {
        let limits = &self.policy.statement_sla_ms;
        let own = view.statement.name.as_ref().and_then(|name| limits.get(name)).or_else(|| limits.get(&view.fingerprint));
        own.copied().unwrap_or(self.policy.standards.query_p95_ms)
    }

    /// The workload's statements with what was derived from them, in the order of the facts.
    #[must_use]
    pub fn statements(&self) -> &[StatementView<'a>] {
        &self.statements
    }
}
