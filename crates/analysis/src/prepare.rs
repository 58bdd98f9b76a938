//! What every reader of facts needs and no driver can know: canonical fingerprints of the statements. It changes nothing else.

use dbwright_model::Facts;

/// Fills in the fingerprint of each statement that has none, for engines that are asked in SQL; elsewhere the text is its name.
pub fn prepare(facts: &mut Facts) {
    let engine = facts.target.engine;
    for statement in facts.workload.statements.iter_mut().filter(|statement| statement.fingerprint.is_empty()) {
        statement.fingerprint = if engine.speaks_sql() {
            dbwright_sql::fingerprint(&statement.text, engine).to_string()
        } else {
            statement.text.to_lowercase()
        };
    }
}
