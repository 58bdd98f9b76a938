//! Building a ghost: schema empty, statistics written, files made as long as the source's. Nothing of it is durable.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use dbwright_engines::CollectOptions;
use dbwright_engines::driver_for;
use dbwright_model::blueprint::{Blueprint, ColumnKnowledge, Gap, Made, RelationSize};
use dbwright_model::catalog::CollectionKind;
use dbwright_model::{Engine, Facts, ObjectName, Timestamp};
use dbwright_sql::{quote_identifier, quote_literal};
use serde_json::json;
use tokio::runtime::Handle;

use super::size::{self, Origin, Part};
use super::{Built, DATABASE, Kept, Place, PostgresGhost, QUESTION_LIMIT, ROLE, extended, files};
use crate::error::{LabError, LabErrorKind};
use crate::scratch::directory::ScratchDirectory;
use crate::scratch::postgres::{Programs, endpoint_of, engine_failure, wait_ready};
use crate::scratch::server::ScratchServer;
use crate::scratch::{ScratchOptions, StatementError};
use crate::whatif::KnownIndex;

const STATISTICS: &str = include_str!("statistics.sql");
const SIZES: &str = include_str!("sizes.sql");
const RELATIONS: &str = include_str!("relations.sql");
/// Columns whose statistics are written by one statement.
const COLUMNS_AT_A_TIME: usize = 500;
/// How often objects are tried again that need others.
const MOST_PASSES: usize = 12;
/// Failures of one kind that are named one by one.
const MOST_NAMED: usize = 50;

const SERVER_SETTINGS: [&str; 4] =
    ["allow_system_table_mods=on", "shared_buffers=16MB", "max_connections=10", "max_parallel_maintenance_workers=0"];

pub(super) fn build(print: &Blueprint, options: &ScratchOptions) -> Result<PostgresGhost, LabError> {
    let started = Instant::now();
    let programs = Programs::find_version(options.server_bin.as_deref(), Some(print.major_version()))?;
    let runtime = Handle::try_current().map_err(|_| LabError::new(LabErrorKind::Server, "a ghost can only be used within a runtime"))?;
    let directory = ScratchDirectory::create()?;
    programs.prepare(directory.path())?;
    let command = programs.command(directory.path(), &SERVER_SETTINGS);
    let mut server = ScratchServer::start("PostgreSQL", command, directory)?;
    wait_ready(&mut server, &options.cancel)?;
    let mut built = Built {
        source_version: print.version.clone(),
        version: programs.major().to_string(),
        gaps: print.gaps.clone(),
        ..Built::default()
    };
    if programs.major() != print.major_version() {
        let why = format!(
            "the source is PostgreSQL {}, the server on this machine {}: its planner is another one, and plans are only likely to be equal",
            print.major_version(),
            programs.major()
        );
        built.gaps.push(Gap { what: "server version".to_owned(), why });
    }
    let mut ghost = PostgresGhost {
        admin: None,
        planner: None,
        runtime,
        cancel: options.cancel.clone(),
        tables: BTreeMap::new(),
        leaves: BTreeMap::new(),
        indexes: BTreeMap::new(),
        by_name: BTreeMap::new(),
        next: 0,
        visible: BTreeSet::new(),
        settings: BTreeMap::new(),
        calls: 0,
        built,
        server,
    };
    let filled = fill(&mut ghost, print);
    filled.map_err(|error| {
        if options.cancel.is_cancelled() {
            LabError::interrupted()
        } else {
            ghost.server.failure(&format!("could not become a ghost: {}", error.message))
        }
    })?;
    ghost.built.bytes = crate::scratch::bytes_below(ghost.root(), 6);
    ghost.built.elapsed_ms = started.elapsed().as_secs_f64() * 1e3;
    Ok(ghost)
}

fn fill(ghost: &mut PostgresGhost, print: &Blueprint) -> Result<(), StatementError> {
    make_database(ghost, print)?;
    make_extensions(ghost, print)?;
    make_objects(ghost, &print.objects)?;
    write_statistics(ghost, &print.columns)?;
    write_extended(ghost, print)?;
    write_sizes(ghost, &print.relations)?;
    stretch(ghost, &print.relations)?;
    ghost.planner = Some(ghost.connect(DATABASE, ROLE)?);
    take_catalog(ghost)
}

fn gap(ghost: &mut PostgresGhost, what: String, why: impl Into<String>) {
    ghost.built.gaps.push(Gap { what, why: why.into() });
}

/// A database with the source's locale where this machine has it, owned by a role without rights.
fn make_database(ghost: &mut PostgresGhost, print: &Blueprint) -> Result<(), StatementError> {
    ghost.admin = Some(ghost.connect("postgres", "postgres")?);
    ghost.administer(&format!("CREATE ROLE {ROLE} LOGIN"))?;
    ghost.administer(&format!("GRANT pg_read_all_settings TO {ROLE}"))?;
    let literal = |name: &str| print.locale.get(name).map(|value| quote_literal(value, Engine::Postgresql));
    let mut options = format!("CREATE DATABASE {DATABASE} OWNER {ROLE} TEMPLATE template0");
    if let (Some(encoding), Some(collate), Some(ctype)) = (literal("encoding"), literal("collate"), literal("ctype")) {
        options.push_str(&format!(" ENCODING {encoding} LC_COLLATE {collate} LC_CTYPE {ctype}"));
        let version = ghost.built.version.parse::<u32>().unwrap_or(0);
        match (print.locale.get("provider").map(String::as_str), literal("locale")) {
            (Some("i"), Some(locale)) if version >= 15 => options.push_str(&format!(" LOCALE_PROVIDER icu ICU_LOCALE {locale}")),
            (Some("b"), Some(locale)) if version >= 17 => options.push_str(&format!(" LOCALE_PROVIDER builtin BUILTIN_LOCALE {locale}")),
            _ => {}
        }
    }
    if let Err(error) = ghost.administer(&options) {
        let why = format!(
            "this machine does not have the source's ({}): texts are ordered otherwise, which moves estimates of ranges",
            error.message
        );
        gap(ghost, "collation".to_owned(), why);
        ghost.administer(&format!("CREATE DATABASE {DATABASE} OWNER {ROLE}"))?;
    }
    for (name, value) in &print.settings {
        let name_quoted = quote_identifier(name, Engine::Postgresql);
        // A list of names is no single literal.
        let value_quoted = match name.as_str() {
            "search_path" => {
                value.split(',').map(|part| quote_literal(part.trim().trim_matches('"'), Engine::Postgresql)).collect::<Vec<_>>().join(", ")
            }
            _ => quote_literal(value, Engine::Postgresql),
        };
        if let Err(error) = ghost.administer(&format!("ALTER ROLE {ROLE} SET {name_quoted} = {value_quoted}")) {
            gap(ghost, format!("setting {name}"), format!("the ghost's server does not take it: {}", error.message));
        }
    }
    ghost.admin = Some(ghost.connect(DATABASE, "postgres")?);
    Ok(())
}

/// Extensions that this machine has; the types of others as stubs, so that at least their tables can be made.
fn make_extensions(ghost: &mut PostgresGhost, print: &Blueprint) -> Result<(), StatementError> {
    let quoted = |name: &str| quote_identifier(name, Engine::Postgresql);
    let mut missing = BTreeSet::new();
    for extension in &print.extensions {
        let schema = extension.schema.as_deref().unwrap_or("public");
        if schema != "public" && schema != "pg_catalog" {
            ghost.administer(&format!("CREATE SCHEMA IF NOT EXISTS {} AUTHORIZATION {ROLE}", quoted(schema)))?;
        }
        if ghost
            .administer(&format!("CREATE EXTENSION IF NOT EXISTS {} SCHEMA {} CASCADE", quoted(&extension.name), quoted(schema)))
            .is_err()
        {
            let why =
                "this machine does not have it: its types are stubs, and statements that call its functions or operators are not planned";
            gap(ghost, format!("extension {}", extension.name), why);
            missing.insert(extension.name.clone());
        }
    }
    for (name, _) in print.extension_types.iter().filter(|(_, extension)| missing.contains(extension)) {
        let schema = quoted(name.schema.as_deref().unwrap_or("public"));
        let of = |suffix: &str| format!("{schema}.{}", quoted(&format!("{}{suffix}", name.name)));
        let (own, input, output) = (of(""), of("_ghost_in"), of("_ghost_out"));
        let made = ghost.administer(&format!(
            "CREATE TYPE {own}; CREATE FUNCTION {input}(cstring) RETURNS {own} LANGUAGE internal IMMUTABLE STRICT AS 'textin'; \
             CREATE FUNCTION {output}({own}) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout'; \
             CREATE TYPE {own} (INPUT = {input}, OUTPUT = {output}, STORAGE = extended)"
        ));
        if let Err(error) = made {
            gap(ghost, format!("type {name}"), error.message);
        }
    }
    Ok(())
}

/// Makes the objects as the role without rights, each statement by itself. Those that fail are tried again after the others,
/// until none of them gets through any more.
fn make_objects(ghost: &mut PostgresGhost, objects: &[Made]) -> Result<(), StatementError> {
    let maker = ghost.connect(DATABASE, ROLE)?;
    ghost
        .wait(QUESTION_LIMIT, maker.execute_script("SET check_function_bodies = off; SET search_path = pg_catalog"))?
        .map_err(|error| engine_failure(&error.error))?;
    let mut waiting: Vec<(&Made, String)> = objects.iter().map(|made| (made, String::new())).collect();
    for _ in 0..MOST_PASSES {
        let texts: Vec<&str> = waiting.iter().map(|(made, _)| made.statement.as_str()).collect();
        let limit = QUESTION_LIMIT + Duration::from_millis(20) * u32::try_from(texts.len()).unwrap_or(u32::MAX);
        let outcomes = ghost.wait(limit, maker.execute_each(&texts))?;
        let before = waiting.len();
        let mut left = Vec::new();
        for ((made, _), outcome) in waiting.into_iter().zip(outcomes) {
            match outcome {
                Ok(()) => count(&mut ghost.built, made),
                Err(error) => left.push((made, error.detail)),
            }
        }
        waiting = left;
        if waiting.is_empty() || waiting.len() == before {
            break;
        }
    }
    let failed = waiting.len();
    for (made, why) in waiting.into_iter().take(MOST_NAMED) {
        gap(ghost, format!("{} {}", made.kind, made.name), format!("it could not be made: {why}"));
    }
    if failed > MOST_NAMED {
        gap(ghost, format!("{} further objects", failed - MOST_NAMED), "they could not be made");
    }
    Ok(())
}

fn count(built: &mut Built, made: &Made) {
    match made.kind.as_str() {
        "table" => built.tables += 1,
        "index" | "constraint" => built.indexes += 1,
        _ => {}
    }
}

fn column_json(column: &ColumnKnowledge) -> serde_json::Value {
    json!({
        "schema": column.relation.schema, "relation": column.relation.name, "name": column.name, "number": column.number,
        "inherited": column.inherited, "null_share": column.null_share, "width": column.width, "distinct": column.distinct,
        "common": column.common, "shares": column.shares, "histogram": column.histogram, "correlation": column.correlation,
        "elements": column.elements, "element_shares": column.element_shares, "element_counts": column.element_counts,
        "range_lengths": column.range_lengths, "range_empty": column.range_empty, "range_bounds": column.range_bounds,
    })
}

fn with_json(ghost: &PostgresGhost, statement: &str, values: Vec<serde_json::Value>) -> Result<(), StatementError> {
    let text = serde_json::Value::Array(values).to_string();
    ghost.wait(QUESTION_LIMIT * 4, ghost.admin()?.query_with(statement, &[&text]))?.map(|_| ()).map_err(|error| engine_failure(&error))
}

/// Many columns by one statement; where one of them is refused, one by one.
fn write_statistics(ghost: &mut PostgresGhost, columns: &[ColumnKnowledge]) -> Result<(), StatementError> {
    let mut refused = Vec::new();
    for some in columns.chunks(COLUMNS_AT_A_TIME) {
        match with_json(ghost, STATISTICS, some.iter().map(column_json).collect()) {
            Ok(()) => ghost.built.columns += some.len(),
            Err(error) if error.lost => return Err(error),
            Err(_) => {
                for column in some {
                    match with_json(ghost, STATISTICS, vec![column_json(column)]) {
                        Ok(()) => ghost.built.columns += 1,
                        Err(error) => refused.push((column, error.message)),
                    }
                }
            }
        }
    }
    for (column, why) in refused.into_iter().take(MOST_NAMED) {
        gap(ghost, format!("statistics of {}({})", column.relation, column.name), format!("they could not be written: {why}"));
    }
    Ok(())
}

/// Statistics over several columns. The server reads their types from no text, so they are written as bytes, for which a
/// cast is made here.
fn write_extended(ghost: &mut PostgresGhost, print: &Blueprint) -> Result<(), StatementError> {
    if print.extended.is_empty() {
        return Ok(());
    }
    ghost.administer("CREATE CAST (bytea AS pg_ndistinct) WITHOUT FUNCTION; CREATE CAST (bytea AS pg_dependencies) WITHOUT FUNCTION")?;
    let version = ghost.built.version.parse::<u32>().unwrap_or(0);
    for knowledge in &print.extended {
        let name = format!(
            "{}.{}",
            quote_identifier(knowledge.name.schema.as_deref().unwrap_or("public"), Engine::Postgresql),
            quote_identifier(&knowledge.name.name, Engine::Postgresql)
        );
        let numbers = extended::column_numbers(knowledge.distinct.as_deref(), knowledge.dependencies.as_deref());
        let own = ghost.wait(
            QUESTION_LIMIT,
            ghost.admin()?.query_with(
                "SELECT a.attnum::int8 FROM pg_statistic_ext AS s JOIN pg_namespace AS n ON n.oid = s.stxnamespace, \
                 unnest(s.stxkeys::int2[]) WITH ORDINALITY AS k (number, place) JOIN pg_attribute AS a ON true \
                 WHERE format('%I.%I', n.nspname, s.stxname) = format('%I.%I', $1, $2) AND a.attrelid = s.stxrelid AND a.attnum = k.number ORDER BY k.place",
                &[knowledge.name.schema.as_deref().unwrap_or("public"), &knowledge.name.name],
            ),
        )?;
        let own: Vec<i64> = own.map(|rows| rows.iter().filter_map(|row| row.try_get(0).ok()).collect()).unwrap_or_default();
        if own.len() != knowledge.columns.len() || (!numbers.is_empty() && numbers.len() != own.len()) {
            gap(ghost, format!("extended statistics {}", knowledge.name), "its columns are not told apart on the ghost: left out");
            continue;
        }
        let map: BTreeMap<i64, i64> = numbers.into_iter().zip(own).collect();
        let hex = |bytes: Option<Vec<u8>>| bytes.map_or_else(|| "NULL".to_owned(), |bytes| format!("'\\x{}'::bytea", hexadecimal(&bytes)));
        let distinct = hex(knowledge.distinct.as_deref().and_then(|text| extended::distinct(text, &map)));
        let dependencies = hex(knowledge.dependencies.as_deref().and_then(|text| extended::dependencies(text, &map)));
        let (column, inherited) = if version >= 15 { (", stxdinherit", format!(", {}", knowledge.inherited)) } else { ("", String::new()) };
        let written = ghost.administer(&format!(
            "INSERT INTO pg_statistic_ext_data (stxoid{column}, stxdndistinct, stxddependencies) \
             SELECT s.oid{inherited}, {distinct}::pg_ndistinct, {dependencies}::pg_dependencies FROM pg_statistic_ext AS s \
             JOIN pg_namespace AS n ON n.oid = s.stxnamespace WHERE format('%I.%I', n.nspname, s.stxname) = {}",
            quote_literal(&name_as_format(&knowledge.name), Engine::Postgresql)
        ));
        if let Err(error) = written {
            gap(ghost, format!("extended statistics {name}"), format!("they could not be written: {}", error.message));
        }
        if !knowledge.common.is_empty() {
            let why =
                "its most common combinations are not part of a ghost: conditions on several of its columns are estimated by the others"
                    .to_owned();
            gap(ghost, format!("extended statistics {}", knowledge.name), why);
        }
    }
    Ok(())
}

/// As PostgreSQL's format('%I.%I') writes a name: quoted only where it must be.
fn name_as_format(name: &ObjectName) -> String {
    let plain = |part: &str| {
        let mut letters = part.chars();
        letters.next().is_some_and(|letter| letter.is_ascii_lowercase() || letter == '_')
            && letters.all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
    };
    let part = |part: &str| if plain(part) { part.to_owned() } else { format!("\"{}\"", part.replace('"', "\"\"")) };
    format!("{}.{}", part(name.schema.as_deref().unwrap_or("public")), part(&name.name))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn size_json(name: &ObjectName, pages: u64, rows: f64, visible_pages: u64) -> serde_json::Value {
    let whole = |value: u64| i64::try_from(value).unwrap_or(i64::MAX).min(i64::from(i32::MAX));
    json!({ "schema": name.schema, "name": name.name, "pages": whole(pages), "rows": rows, "visible_pages": whole(visible_pages) })
}

pub(super) fn write_sizes(ghost: &mut PostgresGhost, relations: &[RelationSize]) -> Result<(), StatementError> {
    let version = ghost.built.version.parse::<u32>().unwrap_or(0);
    for some in relations.chunks(2000) {
        // Before version 14 a table that was never counted had no rows and no pages; later it has -1 rows.
        let rows = |relation: &RelationSize| if version < 14 { relation.rows.max(0.0) } else { relation.rows };
        let values =
            some.iter().map(|relation| size_json(&relation.name, relation.pages, rows(relation), relation.visible_pages)).collect();
        with_json(ghost, SIZES, values)?;
    }
    Ok(())
}

/// Rewrites the sizes of tables, which making an index on an empty table has set to nothing.
pub(super) fn restore_sizes(ghost: &PostgresGhost, names: &BTreeSet<ObjectName>) -> Result<(), StatementError> {
    let values = names.iter().filter_map(|name| Some((name, ghost.tables.get(name)?)));
    with_json(ghost, SIZES, values.map(|(name, place)| size_json(name, place.pages, place.rows, place.visible_pages)).collect())
}

/// A relation of the ghost's catalog.
pub(super) struct Relation {
    pub oid: u32,
    pub name: ObjectName,
    pub kind: String,
    pub path: String,
    pub method: String,
    pub table: u32,
    pub unique: bool,
    pub fixed: bool,
    pub parts: Vec<Part>,
}

/// Relations whose names are like a pattern; all for an empty one.
pub(super) fn relations(ghost: &PostgresGhost, like: &str) -> Result<Vec<Relation>, StatementError> {
    let rows = ghost.wait(QUESTION_LIMIT * 4, ghost.admin()?.query_with(RELATIONS, &[like]))?.map_err(|error| engine_failure(&error))?;
    let oid = |row: &dbwright_engines::postgres::Row, name: &str| {
        row.try_get::<_, i64>(name).ok().and_then(|oid| u32::try_from(oid).ok()).unwrap_or(0)
    };
    let text = |row: &dbwright_engines::postgres::Row, name: &str| row.try_get::<_, String>(name).unwrap_or_default();
    let flag = |row: &dbwright_engines::postgres::Row, name: &str| row.try_get::<_, bool>(name).unwrap_or(false);
    let found = rows.iter().map(|row| Relation {
        oid: oid(row, "oid"),
        name: ObjectName::new(text(row, "schema"), text(row, "name")),
        kind: text(row, "kind"),
        path: text(row, "path"),
        method: text(row, "method"),
        table: oid(row, "relation"),
        unique: flag(row, "is_unique"),
        fixed: flag(row, "fixed"),
        parts: serde_json::from_str(&text(row, "columns")).unwrap_or_default(),
    });
    Ok(found.collect())
}

/// Makes each relation's file as long as the source's, and gives B-trees their height.
fn stretch(ghost: &mut PostgresGhost, sizes: &[RelationSize]) -> Result<(), StatementError> {
    ghost.administer("CHECKPOINT")?;
    let data = ghost.root().join("data");
    let by_name: BTreeMap<&ObjectName, &RelationSize> = sizes.iter().map(|size| (&size.name, size)).collect();
    let failed = |name: &ObjectName, error: std::io::Error| StatementError::new(format!("stretching the file of {name}: {error}"));
    let mut moved = Vec::new();
    for relation in relations(ghost, "")? {
        let Some(size) = by_name.get(&relation.name).filter(|_| !relation.path.is_empty()) else { continue };
        let path = data.join(&relation.path);
        let levels = (relation.method == "btree")
            .then(|| size.levels.unwrap_or_else(|| size::levels_of_pages(size.blocks as f64, &relation.parts, origin(&relation))));
        let placed = stretch_file(&path, relation.oid, size.blocks, levels).map_err(|error| failed(&relation.name, error))?;
        moved.extend(placed.then_some(relation.oid));
        if relation.kind == "r" {
            let place = Place {
                oid: relation.oid,
                path,
                blocks: size.blocks,
                rows: size.rows,
                pages: size.pages,
                visible_pages: size.visible_pages,
            };
            ghost.tables.insert(relation.name, place);
        }
    }
    use_files_with_height(ghost, &moved)
}

fn origin(relation: &Relation) -> Origin {
    if relation.fixed { Origin::Grown } else { Origin::Built }
}

/// Makes a file so long; a B-tree of some pages gets a height, and with it a file of its own: then true.
pub(super) fn stretch_file(path: &Path, oid: u32, blocks: u64, levels: Option<u32>) -> std::io::Result<bool> {
    match levels.filter(|levels| blocks > u64::from(*levels) + 1) {
        Some(levels) => files::resize(&files::give_height(path, oid, levels)?, blocks).map(|()| true),
        None => files::resize(path, blocks).map(|()| false),
    }
}

/// Tells the server which files take the place of its own.
pub(super) fn use_files_with_height(ghost: &PostgresGhost, oids: &[u32]) -> Result<(), StatementError> {
    for some in oids.chunks(1000) {
        let values: Vec<String> = some.iter().map(|oid| format!("({oid}, {})", files::number_with_height(*oid))).collect();
        ghost.administer(&format!(
            "UPDATE pg_class AS c SET relfilenode = x.number FROM (VALUES {}) AS x (oid, number) WHERE c.oid = x.oid::oid",
            values.join(", ")
        ))?;
    }
    Ok(())
}

/// What indexes there are, from the ghost's own catalog as the driver reads it.
fn take_catalog(ghost: &mut PostgresGhost) -> Result<(), StatementError> {
    let facts = collect(ghost)?;
    let found = relations(ghost, "")?;
    let by_name: BTreeMap<&ObjectName, &Relation> = found.iter().map(|relation| (&relation.name, relation)).collect();
    for collection in &facts.catalog.collections {
        if let Some(parent) = collection.partitioning.as_ref().and_then(|partitioning| partitioning.parent.as_ref())
            && collection.kind == CollectionKind::Partition
        {
            ghost.leaves.entry(parent.clone()).or_default().push(collection.name.clone());
        }
        for index in collection.indexes.iter().filter(|index| index.valid && !index.partitioned) {
            let name = ObjectName { schema: collection.name.schema.clone(), name: index.name.clone() };
            let Some(relation) = by_name.get(&name) else { continue };
            let bytes = index.bytes.as_ref().map_or(0.0, |bytes| bytes.value);
            let pages = (bytes / size::PAGE) as u64;
            let levels = (relation.method == "btree").then(|| size::levels_of_pages(pages as f64, &relation.parts, origin(relation)));
            let id = ghost.next_id();
            let known = KnownIndex {
                id,
                table: collection.name.clone(),
                index: index.clone(),
                bytes,
                pages,
                levels,
                rows: collection.rows().unwrap_or(0.0),
                fixed: relation.fixed,
            };
            ghost.keep(Kept { known, members: vec![relation.oid], tables: vec![relation.table] }, [index.name.clone()]);
            if !relation.fixed {
                ghost.visible.insert(id);
            }
        }
    }
    let parents: Vec<ObjectName> = ghost.leaves.keys().cloned().collect();
    for parent in parents {
        flatten(ghost, &facts, &parent);
    }
    Ok(())
}

/// A partition that is partitioned itself stands for its own leaves.
fn flatten(ghost: &mut PostgresGhost, facts: &Facts, parent: &ObjectName) {
    let mut waiting = vec![parent.clone()];
    let mut leaves = Vec::new();
    for _ in 0..100_000 {
        let Some(next) = waiting.pop() else { break };
        for collection in &facts.catalog.collections {
            let own = collection.partitioning.as_ref().and_then(|partitioning| partitioning.parent.as_ref()) == Some(&next);
            match collection.kind {
                CollectionKind::Partition if own => leaves.push(collection.name.clone()),
                CollectionKind::PartitionedTable if own => waiting.push(collection.name.clone()),
                _ => {}
            }
        }
    }
    ghost.leaves.insert(parent.clone(), leaves);
}

fn collect(ghost: &PostgresGhost) -> Result<Facts, StatementError> {
    let driver = driver_for(Engine::Postgresql).ok_or_else(|| StatementError::new("this dbwright was built without PostgreSQL"))?;
    let options = CollectOptions { explain: false, statement_timeout: QUESTION_LIMIT, ..CollectOptions::at(Timestamp(0)) };
    let endpoint = endpoint_of(ghost.root(), DATABASE);
    let found = ghost.wait(QUESTION_LIMIT * 4, (driver.collect)(&endpoint, &options))?.map_err(|error| engine_failure(&error))?;
    found.into_iter().next().ok_or_else(|| StatementError::new("the ghost has no database"))
}
