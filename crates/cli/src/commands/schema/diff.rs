//! `dbwright schema diff`: what differs between two schemas.

use dbwright_analysis::schema_diff::{self, NOT_PORTABLE};
use dbwright_analysis::{approval, schema_hash};
use dbwright_engines::options::ReadRows;
use dbwright_model::Engine;
use dbwright_model::catalog::Catalog;
use dbwright_report::schema::{self as shown, Changed, Differences};

use crate::args::TargetArgs;
use crate::args::schema::{DiffArgs, DiffFormat};
use crate::failure::Failure;
use crate::output;
use crate::screen::Screen;
use crate::source;

/// Runs the command.
pub fn run(args: &DiffArgs, screen: &Screen) -> Result<u8, Failure> {
    let other = args.other.as_deref().ok_or_else(|| {
        Failure::new("two schemas are needed to say what differs")
            .hint("As in `dbwright schema diff migrations/ postgres://user@host/database`.")
    })?;
    let before = Side::read(&args.target, args.target.target.as_deref().unwrap_or_default(), screen)?;
    let after = Side::read(&args.target, other, screen)?;
    let found = compare(&before, &after)?;
    let text = match args.format {
        DiffFormat::Json => shown::json(&found),
        DiffFormat::Markdown => shown::differences_markdown(&found),
        DiffFormat::Terminal => shown::terminal::differences(&found, &output::terminal(screen, args.verbose)),
    };
    screen.data(&text)?;
    Ok(u8::from(!found.differences.is_empty()))
}

/// One of the two.
struct Side {
    name: String,
    schema: Schema,
}

enum Schema {
    Catalog(Engine, Box<Catalog>),
    Records(Vec<schema_hash::Record>),
}

impl Side {
    fn read(args: &TargetArgs, text: &str, screen: &Screen) -> Result<Self, Failure> {
        if let Some(records) = approved(text)? {
            return Ok(Self { name: text.to_owned(), schema: Schema::Records(records) });
        }
        let args = TargetArgs {
            target: Some(text.to_owned()),
            all_databases: false,
            read_rows: None,
            statement_timeout: args.statement_timeout,
            connect_timeout: args.connect_timeout,
            server_bin: args.server_bin.clone(),
            now: args.now.clone(),
        };
        let (engine, catalog, target) = source::with_database(&args, Some(ReadRows::Never), screen, |opened| {
            Ok((opened.facts.target.engine, opened.facts.catalog.clone(), opened.facts.target.name.clone()))
        })?;
        // A URL may hold a password; what the driver calls the target does not.
        let name = if text.contains("://") { format!("{target} ({engine})") } else { format!("{text} ({engine})") };
        Ok(Self { name, schema: Schema::Catalog(engine, Box::new(catalog)) })
    }
}

/// The schema in an approval, if the path names one.
fn approved(text: &str) -> Result<Option<Vec<schema_hash::Record>>, Failure> {
    let path = std::path::Path::new(text);
    if !text.ends_with(".approval") || !path.is_file() {
        return Ok(None);
    }
    let content = std::fs::read_to_string(path).map_err(|error| Failure::file("reading", path, &error))?;
    let statement = approval::read(&content).map_err(|error| Failure::new(format_args!("reading {text}: {error}")))?;
    Ok(Some(statement.schema))
}

fn compare(before: &Side, after: &Side) -> Result<Differences, Failure> {
    let portable = |catalog: &Catalog| schema_hash::records(&schema_diff::portable(catalog));
    let (differences, not_compared) = match (&before.schema, &after.schema) {
        (Schema::Catalog(one, a), Schema::Catalog(other, b)) if one != other => {
            (schema_diff::between(&portable(a), &portable(b)), NOT_PORTABLE.to_owned())
        }
        (a, b) => (schema_diff::between(&records(a), &records(b)), String::new()),
    };
    let changed = |one: schema_diff::Difference| Changed { object: one.object, part: one.part, before: one.before, after: one.after };
    Ok(Differences {
        before: before.name.clone(),
        after: after.name.clone(),
        not_compared,
        differences: differences.into_iter().map(changed).collect(),
    })
}

fn records(schema: &Schema) -> Vec<schema_hash::Record> {
    match schema {
        Schema::Catalog(_, catalog) => schema_hash::records(catalog),
        Schema::Records(records) => records.clone(),
    }
}
