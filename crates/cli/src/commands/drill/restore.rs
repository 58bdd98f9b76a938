//! `dbwright drill restore`: the target is read, a copy of it is what is worked on.

use dbwright_engines::Target;
use dbwright_lab::drill::restore::{Method, RestoreOptions, run as restore};
use dbwright_model::Engine;

use super::{about, drill};
use crate::args::drill::{MethodArg, RestoreArgs};
use crate::failure::Failure;
use crate::screen::Screen;
use crate::source;

/// Runs the command.
pub fn run(args: &RestoreArgs, screen: &Screen) -> Result<u8, Failure> {
    let text = args.target.target.as_deref().filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| {
        Failure::new("no source was given and DATABASE_URL is not set")
            .hint("Give the URL or file whose restore is drilled; it names the record, also where --backup is restored.")
    })?;
    let Target::Endpoint(endpoint) = Target::recognise(text)? else {
        return Err(Failure::new(format_args!("{text} is no server or database file")).hint("Give a URL or a SQLite file."));
    };
    if !matches!(endpoint.engine, Engine::Postgresql | Engine::Sqlite) {
        return Err(
            Failure::new(format_args!("restores of {} can't be drilled yet", endpoint.engine.title())).hint("PostgreSQL and SQLite can.")
        );
    }
    if let Some(backup) = &args.backup {
        std::fs::metadata(backup).map_err(|error| Failure::file("reading", backup, &error))?;
    }
    let facts = source::facts(&args.target, screen)?;
    let facts = facts.first().ok_or_else(|| Failure::new("nothing was read of the source"))?;
    let (about, source_bytes) = (about(facts), facts.catalog.database_bytes.as_ref().map(|bytes| bytes.value));
    let (backup, log, controls) = (args.backup.clone(), args.wal.clone(), !args.no_controls);
    let method = if args.method == MethodArg::Dump { Method::Dump } else { Method::BaseBackup };
    drill(&args.common, args.target.server_bin.clone(), screen, move |options| {
        let mut record = restore(&RestoreOptions { drill: options, about, source: Some(endpoint), backup, log, method, controls })?;
        record.source_bytes = source_bytes;
        Ok(record)
    })
}
