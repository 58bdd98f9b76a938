//! Rows of tables on their way out, under one snapshot. It keeps none.

use super::connect::connect;
use super::settings::Settings;
use crate::credentials::Environment;
use crate::error::{EngineError, ErrorKind};
use crate::options::CollectOptions;
use crate::rows::{RowSink, Wanted};
use crate::target::Endpoint;

/// Reads the rows of some tables; one that can't be read is told to the sink.
///
/// # Errors
/// When no connection can be made or kept.
pub(super) async fn stream(
    endpoint: &Endpoint,
    options: &CollectOptions,
    wanted: &[Wanted],
    sink: &mut (dyn RowSink + '_),
) -> Result<(), EngineError> {
    let settings = Settings::resolve(endpoint, &Environment::of_process())?;
    let mut session = connect(&settings, options).await?;
    for (place, table) in wanted.iter().enumerate() {
        sink.begin(place);
        if table.columns.is_empty() {
            continue;
        }
        let columns: Vec<String> = table.columns.iter().map(|name| quote(name)).collect();
        let name = match &table.table.schema {
            Some(schema) => format!("{}.{}", quote(schema), quote(&table.table.name)),
            None => quote(&table.table.name),
        };
        let outcome = session.each(&format!("SELECT {} FROM {name}", columns.join(", ")), |row| sink.row(&row.cells())).await;
        match outcome {
            Err(error) if matches!(error.kind, ErrorKind::Lost | ErrorKind::Unreachable | ErrorKind::Interrupted) => return Err(error),
            Err(error) => sink.failed(&error),
            Ok(()) => {}
        }
    }
    session.finish().await;
    Ok(())
}

fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
