//! What the family's rules share. It never judges.

use dbwright_model::Engine;

use crate::context::Context;

/// The object of findings on the whole: a server, or the database where there is none.
pub(super) fn server_or_file(context: &Context<'_>) -> &'static str {
    if context.engine() == Engine::Sqlite { "database" } else { "server" }
}
