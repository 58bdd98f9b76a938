//! What a rule may look at: facts, policy, and what was derived from them once for all rules.

use dbwright_model::policy::Policy;
use dbwright_model::{Engine, Facts};

/// The view that rules get.
pub struct Context<'a> {
    /// The facts.
    pub facts: &'a Facts,
    /// The policy.
    pub policy: &'a Policy,
}

impl<'a> Context<'a> {
    /// Derives what rules share.
    #[must_use]
    pub fn new(facts: &'a Facts, policy: &'a Policy) -> Self {
        Self { facts, policy }
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.facts.target.engine
    }
}
