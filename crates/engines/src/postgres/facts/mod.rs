//! Reads the facts of one database: catalog, statistics, workload, settings, health, access. One transaction, one snapshot,
//! a fixed number of queries whatever the number of tables. It never judges, and a fact that can't be read is a gap.

mod access;
mod bloat;
mod indexes;
mod objects;
mod relations;
mod server;
mod text;
mod types;
mod use_and_values;
mod workload;

use dbwright_model::{Engine, FactKind, Facts, Quantity, Reading};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

pub(super) use self::objects::extensions;

use self::relations::Relations;
use super::queries::{self, Query, quote};
use super::row::Cells;
use super::session::{Parameter, ReadOnly};
use crate::coverage::{Book, tolerate};
use crate::error::{EngineError, ErrorKind};
use crate::options::CollectOptions;

/// Who we are and what we may read.
struct Identity {
    role: String,
    superuser: bool,
    reads_statistics: bool,
    reads_settings: bool,
    reads_passwords: bool,
    reads_admission: bool,
    standby: bool,
}

/// Reads the facts of the database that the session is in.
///
/// # Errors
/// When the connection breaks, or not even the catalog can be read.
pub(super) async fn read(session: &mut ReadOnly, options: &CollectOptions) -> Result<Facts, EngineError> {
    let mut reader = Reader::begin(session, options).await?;
    reader.catalog().await?;
    reader.server().await?;
    reader.access().await?;
    workload::read(reader.session, &mut reader.facts, &mut reader.book, &reader.identity.role).await?;
    super::explain::read(reader.session, options, &mut reader.facts, &mut reader.book).await?;
    reader.out_of_reach();
    reader.collections();
    super::data::read(reader.session, options.read_rows, &mut reader.facts, &mut reader.book).await?;
    Ok(reader.finish())
}

struct Reader<'a> {
    session: &'a ReadOnly,
    facts: Facts,
    book: Book,
    identity: Identity,
    relations: Relations,
}

impl<'a> Reader<'a> {
    async fn begin(session: &'a mut ReadOnly, options: &CollectOptions) -> Result<Self, EngineError> {
        session.begin(options).await?;
        let session: &ReadOnly = session;
        let rows = session.rows(&queries::identity()).await?;
        let row = rows.first().ok_or_else(|| EngineError::new(ErrorKind::Protocol, "asking who we are", "the server did not say"))?;
        session.execute("SAVEPOINT facts").await?;
        let mut facts = Facts::empty(Engine::Postgresql, &session.version_text, &row.text("database")?, options.now);
        facts.target.identity = row.maybe_text("system_identifier")?;
        facts.catalog.encoding = row.maybe_text("encoding")?;
        facts.catalog.collation = row.maybe_text("collation")?;
        facts.catalog.database_bytes = row.cell::<i64>("database_bytes")?.map(|bytes| Quantity::measured(bytes as f64, "pg_database_size"));
        let encrypted = row.flag("encrypted")?;
        facts.security.connection = session.security.clone();
        facts.security.connection.tls = if encrypted { row.maybe_text("tls_version")? } else { None };
        facts.security.connection.verified &= encrypted;
        facts.security.certificate_expires = session.tls.as_ref().filter(|_| encrypted).and_then(|tls| tls.certificate_expires());
        let identity = Identity {
            role: row.text("role")?,
            superuser: row.flag("superuser")?,
            reads_statistics: row.flag("reads_statistics")?,
            reads_settings: row.flag("reads_settings")?,
            reads_passwords: row.flag("reads_passwords")?,
            reads_admission: row.flag("reads_admission")?,
            standby: row.flag("standby")?,
        };
        facts.security.collected_as = Some(identity.role.clone());
        Ok(Self { session, facts, book: Book::default(), identity, relations: Relations::default() })
    }

    /// Asks for a range of relations at a time, so that the time limit holds whatever the number of tables. The range is in the
    /// server's own type, so that its indexes serve and all pages together cost what one would.
    async fn ask_in_pages(&mut self, query: &Query, state: Reading) -> Result<Vec<Row>, EngineError> {
        let mut all = Vec::new();
        for (first, last) in self.relations.pages() {
            let parameters: [Parameter<'_>; 2] = [(&first, Type::OID), (&last, Type::OID)];
            let mut rows = Vec::new();
            let result = self
                .session
                .each(query, &parameters, |row| {
                    rows.push(row);
                    Ok(())
                })
                .await;
            tolerate(result, &mut self.book, &[FactKind::Catalog], state)?;
            all.append(&mut rows);
        }
        Ok(all)
    }

    async fn ask(&mut self, query: &Query, facts: &[FactKind], state: Reading) -> Result<Vec<Row>, EngineError> {
        let result = self.session.rows(query).await;
        Ok(tolerate(result, &mut self.book, facts, state)?.unwrap_or_default())
    }

    async fn catalog(&mut self) -> Result<(), EngineError> {
        self.book.read(FactKind::Catalog, "pg_catalog");
        self.book.read(FactKind::Sizes, "pg_relation_size");
        let version = self.session.version;
        let whole = [FactKind::Catalog, FactKind::Sizes];
        let rows = self.ask(&queries::schemas(), &whole, Reading::Missing).await?;
        self.facts.catalog.schemas = objects::schemas(&rows, &mut self.relations)?;
        let mut partition_keys = Vec::new();
        for row in self.ask(&queries::relations(), &whole, Reading::Missing).await? {
            self.relations.take(&row)?;
            let numbers = row.ints("partition_columns")?;
            if !numbers.is_empty() {
                partition_keys.push((row.int("oid")?, numbers, row.maybe_text("partition_expressions")?));
            }
        }
        if self.relations.locked > 0 {
            let detail = format!("{} locked tables were not measured", self.relations.locked);
            self.book.partial(FactKind::Sizes, &detail, "Collect again when no migration is running.");
            let detail = format!("expressions of {} locked tables were left out", self.relations.locked);
            self.book.partial(FactKind::Catalog, &detail, "Collect again when no migration is running.");
        }
        for (first, last) in self.relations.pages() {
            let parameters: [Parameter<'_>; 2] = [(&first, Type::OID), (&last, Type::OID)];
            let relations = &mut self.relations;
            let result = self.session.each(&queries::sizes(), &parameters, |row| relations.take_size(&row)).await;
            tolerate(result, &mut self.book, &whole[1..], Reading::Partial)?;
            let result = self.session.each(&queries::columns(version), &parameters, |row| relations.take_column(&row)).await;
            tolerate(result, &mut self.book, &whole[..1], Reading::Missing)?;
        }
        self.relations.link(&partition_keys);
        for row in self.ask_in_pages(&queries::defaults(), Reading::Partial).await? {
            self.relations.take_default(&row)?;
        }
        self.keys_and_indexes(version).await?;
        self.objects(version).await?;
        self.activity_and_statistics(version).await
    }

    async fn keys_and_indexes(&mut self, version: u32) -> Result<(), EngineError> {
        let rows = self.ask_in_pages(&queries::indexes(version), Reading::Missing).await?;
        let names = indexes::names(&rows)?;
        let found = indexes::read(&rows, &self.relations)?;
        drop(rows);
        indexes::attach(found, &mut self.relations);
        for row in self.ask_in_pages(&queries::constraints(version), Reading::Missing).await? {
            self.relations.take_constraint(&row, &names)?;
        }
        Ok(())
    }

    async fn objects(&mut self, version: u32) -> Result<(), EngineError> {
        let partly = (&[FactKind::Catalog][..], Reading::Partial);
        let rows = self.ask(&queries::sequences(), partly.0, partly.1).await?;
        if !rows.is_empty() {
            let values = self.ask(&queries::sequence_values(version), partly.0, partly.1).await?;
            // Reading sequences locks each of them until here.
            self.session.execute("ROLLBACK TO SAVEPOINT facts").await?;
            let values = objects::last_values(&values)?;
            self.facts.catalog.sequences = objects::sequences(&rows, &values, &mut self.relations)?;
        }
        for row in self.ask(&queries::views(), partly.0, partly.1).await? {
            objects::take_view(&row, &mut self.relations)?;
        }
        if self.relations.any_triggers {
            for row in self.ask(&queries::triggers(), partly.0, partly.1).await? {
                objects::take_trigger(&row, &mut self.relations)?;
            }
        }
        for row in self.ask(&queries::policies(), partly.0, partly.1).await? {
            objects::take_policy(&row, &mut self.relations)?;
        }
        let rows = self.ask(&queries::routines(), partly.0, partly.1).await?;
        self.facts.catalog.routines = objects::routines(&rows)?;
        let rows = self.ask(&queries::types(), partly.0, partly.1).await?;
        self.facts.catalog.types = objects::types(&rows)?;
        let rows = self.ask(&queries::extensions(), partly.0, partly.1).await?;
        self.facts.catalog.extensions = objects::extensions(&rows)?;
        Ok(())
    }

    async fn activity_and_statistics(&mut self, version: u32) -> Result<(), EngineError> {
        self.book.read(FactKind::Activity, "pg_stat counters");
        self.relations.sum_partitions();
        let mut live = use_and_values::LiveRows::new();
        for row in self.ask(&queries::activity(), &[FactKind::Activity], Reading::Missing).await? {
            use_and_values::take_activity(&row, &mut self.relations, &mut live)?;
        }
        self.statistics().await?;
        use_and_values::count_prefixes(&mut self.relations);
        let unknown = use_and_values::estimate_bloat(&mut self.relations, &live, version);
        self.book.read(FactKind::Bloat, "estimated from pg_stats and sizes");
        if unknown > 0 {
            let detail = format!("{unknown} tables have no complete column statistics");
            self.book.partial(FactKind::Bloat, &detail, "Run ANALYZE; and let this role read column statistics.");
        }
        Ok(())
    }

    async fn statistics(&mut self) -> Result<(), EngineError> {
        let places = use_and_values::by_name(&self.relations);
        let mut known = 0_u64;
        self.book.read(FactKind::ColumnStatistics, "pg_stats");
        for (first, end) in self.relations.name_pages() {
            let parameters: [Parameter<'_>; 2] = [(&first, Type::NAME), (&end, Type::NAME)];
            let relations = &mut self.relations;
            let take = |row: Row| {
                known += u64::from(use_and_values::take_statistics(&row, relations, &places)?);
                Ok(())
            };
            let result = self.session.each(&queries::statistics(), &parameters, take).await;
            tolerate(result, &mut self.book, &[FactKind::ColumnStatistics], Reading::Partial)?;
        }
        self.judge_statistics(known);
        for row in self.ask(&queries::extended_statistics(), &[FactKind::ColumnStatistics], Reading::Partial).await? {
            let words = format!(
                "on {}({}): n_distinct {}, dependencies {}",
                row.text("relation")?,
                row.texts("columns")?.join(", "),
                row.text("n_distinct")?,
                row.text("dependencies")?
            );
            self.facts.health.notes.insert(format!("extended statistics {}", row.text("name")?), words);
        }
        Ok(())
    }

    /// Tables with rows whose statistics we did not see were never analysed, or may not be read by this role.
    fn judge_statistics(&mut self, known: u64) {
        let filled = |c: &&dbwright_model::catalog::Collection| c.kind.is_table() && c.rows().is_some_and(|rows| rows > 0.0);
        let with_rows = self.relations.collections.iter().filter(filled).count();
        let without = self.relations.collections.iter().filter(filled).filter(|c| c.fields.iter().all(|f| f.statistics.is_none())).count();
        if without == 0 {
            return;
        }
        let role = quote(&self.identity.role);
        let (detail, hint) = if self.identity.superuser {
            (format!("{without} tables with rows were never analysed"), "Run ANALYZE;".to_owned())
        } else {
            let hint = match self.session.version {
                14.. => format!("GRANT pg_read_all_data TO {role};"),
                _ => format!("GRANT SELECT ON ALL TABLES IN SCHEMA … TO {role};"),
            };
            (format!("{without} of {with_rows} tables with rows show no statistics: not readable by this role, or never analysed"), hint)
        };
        if known == 0 {
            self.book.missing(FactKind::ColumnStatistics, &detail, &hint);
        } else {
            self.book.partial(FactKind::ColumnStatistics, &detail, &hint);
        }
    }

    async fn server(&mut self) -> Result<(), EngineError> {
        let version = self.session.version;
        let role = quote(&self.identity.role);
        self.book.read(FactKind::Settings, "pg_settings");
        let rows = self.ask(&queries::settings(), &[FactKind::Settings], Reading::Missing).await?;
        let fixed = server::fixed_settings(&rows)?;
        self.facts.settings = server::settings(&rows, &fixed)?;
        if !fixed.is_empty() {
            let detail = format!("what other roles get for {} is hidden behind this role's own settings", fixed.join(", "));
            self.book.partial(FactKind::Settings, &detail, "Collect by a role without settings of its own.");
        }
        if !self.identity.reads_settings {
            self.book.partial(
                FactKind::Settings,
                "some settings are hidden from this role",
                &format!("GRANT pg_read_all_settings TO {role};"),
            );
        }
        server::derive_from_settings(&mut self.facts);
        self.book.read(FactKind::Health, "pg_stat_database, pg_stat_activity");
        self.book.read(FactKind::Archiving, "pg_stat_archiver");
        let kinds = [FactKind::Health, FactKind::Archiving];
        if let Some(row) = self.ask(&queries::health(version), &kinds, Reading::Missing).await?.first() {
            server::take_health(row, &mut self.facts)?;
        }
        self.book.read(FactKind::Transport, "pg_stat_ssl, settings, handshake");
        if let Some(row) = self.ask(&queries::sessions(), &[FactKind::Health, FactKind::Transport], Reading::Partial).await?.first() {
            server::take_sessions(row, &mut self.facts)?;
        }
        let rows = self.ask(&queries::hazards(version), &[FactKind::Health], Reading::Partial).await?;
        server::take_hazards(&rows, &mut self.facts)?;
        self.book.read(FactKind::Topology, "pg_stat_replication, pg_replication_slots");
        let rows = self.ask(&queries::replication(version), &[FactKind::Topology], Reading::Partial).await?;
        server::take_replication(&rows, self.identity.standby, &mut self.facts)?;
        if !self.identity.reads_statistics {
            let hint = format!("GRANT pg_monitor TO {role};");
            self.facts.security.plaintext_sessions = None;
            for kind in [FactKind::Health, FactKind::Transport, FactKind::Topology] {
                self.book.partial(kind, "sessions of other roles are hidden from this role", &hint);
            }
        }
        Ok(())
    }

    async fn access(&mut self) -> Result<(), EngineError> {
        let role = quote(&self.identity.role);
        self.book.read(FactKind::Roles, "pg_roles");
        let rows = self.ask(&queries::roles(self.identity.reads_passwords), &[FactKind::Roles], Reading::Missing).await?;
        self.facts.security.roles = access::roles(&rows)?;
        if !self.identity.reads_passwords {
            let hint = format!("Collect as superuser, or GRANT SELECT ON pg_catalog.pg_authid TO {role}; (it holds password hashes)");
            self.book.partial(FactKind::Roles, "how passwords are stored is hidden from this role", &hint);
        }
        if self.identity.reads_admission {
            self.book.read(FactKind::Admission, "pg_hba_file_rules");
            let rows = self.ask(&queries::admission(), &[FactKind::Admission], Reading::Missing).await?;
            self.facts.security.admission = access::admission(&rows)?;
        } else {
            let hint = format!(
                "GRANT SELECT ON pg_catalog.pg_hba_file_rules TO {role}; GRANT EXECUTE ON FUNCTION pg_catalog.pg_hba_file_rules() TO {role};"
            );
            self.book.missing(FactKind::Admission, "pg_hba.conf can't be read by this role", &hint);
        }
        self.facts.security.plaintext_refused = access::plaintext_refused(&self.facts, self.identity.reads_admission);
        if self.facts.security.plaintext_refused.is_none() {
            self.book.partial(FactKind::Transport, "whether plaintext is refused stands in pg_hba.conf, which can't be read", "");
        }
        access::note_dangerous_extensions(&mut self.facts);
        self.facts.target.service = access::service(&self.facts);
        self.book.read(FactKind::Audit, "settings log_statement, pgaudit.log");
        if self.facts.settings.is_empty() {
            self.book.missing(FactKind::Audit, "the settings were not read", "");
        }
        Ok(())
    }

    /// What no SQL connection can tell.
    fn out_of_reach(&mut self) {
        let gaps = [
            (FactKind::AtRest, "the server does not know whether its disk is encrypted", "Attest it in dbwright.toml."),
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

    /// Puts what was built into the catalog, in order.
    fn collections(&mut self) {
        let mut collections = std::mem::take(&mut self.relations.collections);
        collections.sort_by(|a, b| a.name.cmp(&b.name));
        self.facts.catalog.collections = collections;
        self.facts.catalog.sequences.sort_by(|a, b| a.name.cmp(&b.name));
        self.facts.catalog.routines.sort_by(|a, b| (&a.name, &a.arguments).cmp(&(&b.name, &b.arguments)));
        self.facts.catalog.types.sort_by(|a, b| a.name.cmp(&b.name));
    }

    fn finish(mut self) -> Facts {
        self.facts.coverage = self.book.entries();
        self.facts
    }
}
