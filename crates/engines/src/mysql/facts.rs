//! All facts about one database or server: the order of questions, and what becomes of a refusal. It never writes.

use std::time::Instant;

use dbwright_model::{Engine, FactKind, Facts, Reading};

use super::ask::Record;
use super::connect::{Session, connect};
use super::settings::Settings;
use super::{access, catalog, indexes, server, workload};
use crate::coverage::{Book, tolerate};
use crate::credentials::Environment;
use crate::error::EngineError;
use crate::options::CollectOptions;
use crate::target::Endpoint;

/// Tables up to which the server is asked for numbers that it opens each table for.
const OPENED: f64 = 2_000.0;
/// The hint that closes most gaps.
pub(super) const GRANTS: &str = "`dbwright grants mysql` prints the rights that suffice.";

/// Reads one database, or all that the account sees where the URL names none.
///
/// # Errors
/// When no connection can be made or kept, or not even the catalog can be read.
pub(super) async fn collect(endpoint: &Endpoint, options: &CollectOptions) -> Result<Vec<Facts>, EngineError> {
    let settings = Settings::resolve(endpoint, &Environment::of_process())?;
    let all = endpoint.options.get("all_databases").is_some_and(|value| matches!(value.as_str(), "1" | "on" | "true"));
    let mut session = connect(&settings, options).await?;
    if !all {
        let facts = Reader::new(&mut session, settings.database.clone(), options).run().await?;
        session.finish().await;
        return Ok(vec![facts]);
    }
    let names: Vec<String> = session.rows(include_str!("queries/schemata.sql")).await?.iter().map(|row| row.text("name")).collect();
    let mut found = Vec::new();
    for name in names {
        found.push(Reader::new(&mut session, Some(name), options).run().await?);
    }
    session.finish().await;
    Ok(found)
}

/// Facts under construction.
pub(super) struct Reader<'a> {
    pub(super) session: &'a mut Session,
    /// The database; none reads all.
    pub(super) database: Option<String>,
    pub(super) facts: Facts,
    pub(super) book: Book,
    started: Instant,
    queries_before: u64,
}

impl<'a> Reader<'a> {
    fn new(session: &'a mut Session, database: Option<String>, options: &'a CollectOptions) -> Self {
        let name = database.clone().unwrap_or_else(|| "all databases".to_owned());
        let facts = Facts::empty(session.engine, &session.version_text, &name, options.now);
        let queries_before = session.queries;
        Self { session, database, facts, book: Book::default(), started: Instant::now(), queries_before }
    }

    async fn run(mut self) -> Result<Facts, EngineError> {
        self.catalog().await?;
        server::read(&mut self).await?;
        access::read(&mut self).await?;
        workload::read(&mut self).await?;
        self.out_of_reach();
        self.facts.effort.queries = self.session.queries - self.queries_before;
        self.facts.effort.connections = 1;
        self.facts.effort.elapsed_ms = self.started.elapsed().as_secs_f64() * 1e3;
        self.facts.coverage = self.book.entries();
        Ok(self.facts)
    }

    /// One of our queries, with its conditions filled in; a refusal is a gap of these kinds.
    pub(super) async fn ask(&mut self, query: &str, kinds: &[FactKind], state: Reading) -> Result<Vec<Record>, EngineError> {
        let query = self.fill(query);
        let result = self.session.rows(&query).await;
        Ok(tolerate(result, &mut self.book, kinds, state)?.unwrap_or_default())
    }

    /// Puts the condition on the schema in for each column that may hold it.
    fn fill(&self, query: &str) -> String {
        let columns = [
            ("{schemas}", "TABLE_SCHEMA"),
            ("{constraint_schemas}", "CONSTRAINT_SCHEMA"),
            ("{c_constraint_schemas}", "c.CONSTRAINT_SCHEMA"),
            ("{event_schemas}", "EVENT_OBJECT_SCHEMA"),
            ("{routine_schemas}", "ROUTINE_SCHEMA"),
            ("{object_schemas}", "OBJECT_SCHEMA"),
            ("{schema_name}", "SCHEMA_NAME"),
        ];
        columns.iter().fold(query.to_owned(), |text, (mark, column)| text.replace(mark, &self.condition(column)))
    }

    fn condition(&self, column: &str) -> String {
        match &self.database {
            Some(name) => format!("{column} = '{}'", name.replace('\\', "\\\\").replace('\'', "''")),
            None => format!("{column} NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys')"),
        }
    }

    pub(super) fn is_mariadb(&self) -> bool {
        self.session.engine == Engine::Mariadb
    }

    /// Whether this is MySQL of the 8 series or newer.
    pub(super) fn is_mysql8(&self) -> bool {
        self.session.engine == Engine::Mysql && self.session.version >= (8, 0)
    }

    async fn catalog(&mut self) -> Result<(), EngineError> {
        let whole = [FactKind::Catalog];
        let partly = Reading::Partial;
        self.book.read(FactKind::Catalog, "information_schema");
        self.book.read(FactKind::Sizes, "information_schema.TABLES, InnoDB's persistent statistics");
        let schemas = self.session.rows(include_str!("queries/schemata.sql")).await?;
        catalog::schemas(self, &schemas);
        let count = self.ask(include_str!("queries/table_count.sql"), &whole, Reading::Missing).await?;
        let many = count.first().and_then(|row| row.number("count")).is_some_and(|count| count > OPENED) && !self.is_mysql8();
        let mut tables = catalog::Tables::new(self.database.is_some());
        if many {
            let detail =
                "rows and sizes are InnoDB's statistics, counters of AUTO_INCREMENT were not read: this server opens every table for them";
            self.book.partial(FactKind::Sizes, detail, "");
            tables.take_tables(&self.ask(include_str!("queries/tables_shallow.sql"), &whole, Reading::Missing).await?);
        } else {
            tables.take_tables(&self.ask(include_str!("queries/tables.sql"), &whole, Reading::Missing).await?);
        }
        let columns =
            if self.session.version < (5, 7) { include_str!("queries/columns.v56.sql") } else { include_str!("queries/columns.sql") };
        let rows = self.ask(columns, &whole, Reading::Missing).await?;
        tables.take_columns(&rows, self.is_mariadb());
        let page = self
            .session
            .rows("SELECT @@innodb_page_size AS page")
            .await
            .ok()
            .and_then(|rows| rows.first()?.number("page"))
            .unwrap_or(16384.0);
        let statistics = self.ask(include_str!("queries/table_statistics.sql"), &[FactKind::ColumnStatistics], partly).await?;
        tables.take_statistics(&statistics, page, many);
        self.indexes(&mut tables, page).await?;
        let rows = self.ask(include_str!("queries/references.sql"), &whole, partly).await?;
        let actions = self.ask(include_str!("queries/reference_actions.sql"), &whole, partly).await?;
        tables.take_references(&rows, &actions);
        if self.is_mariadb() {
            tables.take_checks(&self.ask(include_str!("queries/checks.mariadb.sql"), &whole, partly).await?);
        } else if self.is_mysql8() {
            tables.take_checks(&self.ask(include_str!("queries/checks.v8.sql"), &whole, partly).await?);
        }
        tables.take_views(&self.ask(include_str!("queries/views.sql"), &whole, partly).await?);
        tables.take_triggers(&self.ask(include_str!("queries/triggers.sql"), &whole, partly).await?);
        if tables.any_partitions {
            tables.take_partitions(&self.ask(include_str!("queries/partitions.sql"), &whole, partly).await?);
        }
        let routines = self.ask(include_str!("queries/routines.sql"), &whole, partly).await?;
        self.facts.catalog.routines = catalog::routines(&routines, self.database.is_some());
        self.facts.catalog.collections = tables.finish();
        catalog::sum(&mut self.facts);
        Ok(())
    }

    async fn indexes(&mut self, tables: &mut catalog::Tables, page: f64) -> Result<(), EngineError> {
        let query = match (self.is_mariadb(), self.is_mysql8()) {
            (true, _) if self.session.version >= (10, 6) => include_str!("queries/indexes.mariadb.sql"),
            (_, true) => include_str!("queries/indexes.v8.sql"),
            _ => include_str!("queries/indexes.sql"),
        };
        let rows = self.ask(query, &[FactKind::Catalog], Reading::Missing).await?;
        indexes::take(&rows, tables);
        self.book.read(FactKind::ColumnStatistics, "InnoDB's persistent statistics of index prefixes; histograms are not read");
        self.book.partial(FactKind::ColumnStatistics, "only columns that lead an index have a count of values", "");
        let rows = self.ask(include_str!("queries/index_statistics.sql"), &[FactKind::ColumnStatistics], Reading::Missing).await?;
        indexes::take_statistics(&rows, tables, page);
        self.book.read(FactKind::Bloat, "DATA_FREE");
        self.book.partial(FactKind::Bloat, "space inside pages is not measured", "");
        let watched =
            self.session.rows("SELECT @@performance_schema AS watched").await.ok().and_then(|rows| Some(rows.first()?.flag("watched")));
        if watched == Some(true) {
            self.book.read(FactKind::Activity, "performance_schema, since the server's start");
            let rows = self.ask(include_str!("queries/index_use.sql"), &[FactKind::Activity], Reading::Missing).await?;
            indexes::take_use(&rows, tables);
        } else {
            let hint = "Set performance_schema = ON in the server's configuration and restart it.";
            self.book.missing(FactKind::Activity, "performance_schema is off: no use of tables and indexes is counted", hint);
        }
        Ok(())
    }

    /// What no SQL connection can tell, or this driver does not read.
    fn out_of_reach(&mut self) {
        let gaps = [
            (FactKind::Values, "values are not looked at by this driver", ""),
            (FactKind::DataChecks, "rows are not checked by this driver: it reads no values", ""),
            (FactKind::Plans, "plans are not read by this driver", ""),
            (FactKind::Files, "files are seen on the server's own machine only", "Run dbwright there."),
            (FactKind::Backups, "backups lie outside of the server", "Name the backup directory in dbwright.toml."),
            (
                FactKind::Drills,
                "no drill records are known",
                "Restore a backup elsewhere, compare, and keep the record under backups.drills.",
            ),
        ];
        for (kind, detail, hint) in gaps {
            self.book.missing(kind, detail, hint);
        }
    }
}
