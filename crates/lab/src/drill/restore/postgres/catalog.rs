//! What a PostgreSQL database holds: its objects with owners, grants and definitions, sums of its rows, its sequences; asked
//! with the same statements of source and copy. It never changes anything but the copy's own extension for checking.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use dbwright_engines::EngineError;
use dbwright_engines::postgres::snapshot::{Snapshot, TextRow};
use dbwright_engines::postgres::{Scratch, connect_scratch_as};

use super::super::compare::{Sum, Things};
use super::Sequences;
use crate::scratch::postgres::PORT;

/// Whom to ask.
#[derive(Clone, Copy)]
pub(in super::super) enum Asked<'a> {
    /// A source or copy, in one snapshot.
    Snapshot(&'a Snapshot),
    /// A copy, within whatever transaction is open there.
    Copy(&'a Scratch),
}

impl Asked<'_> {
    async fn ask(self, statement: &str) -> Result<Vec<TextRow>, EngineError> {
        match self {
            Self::Snapshot(snapshot) => snapshot.ask(statement).await,
            Self::Copy(scratch) => {
                let run = |text: &'static str| async move { scratch.execute_script(text).await.map_err(|error| error.error) };
                run("SAVEPOINT ask").await?;
                let answer = scratch.query_rows(statement).await;
                run("ROLLBACK TO SAVEPOINT ask").await?;
                Ok(answer?.rows)
            }
        }
    }
}

/// What is compared.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Contents {
    pub(in super::super) things: Things,
    pub(in super::super) rows: BTreeMap<String, Sum>,
    pub(in super::super) sequences: Sequences,
    /// Tables that a physical restore empties.
    pub(in super::super) unlogged: BTreeSet<String>,
    /// Tables that could not be read, with the reason.
    pub(in super::super) skipped: Vec<String>,
}

impl Contents {
    /// Reads all of it. By text, rows count as equal only when they print alike.
    pub(in super::super) async fn read(snapshot: &Snapshot, by_text: bool) -> Result<Self, EngineError> {
        let asked = Asked::Snapshot(snapshot);
        let mut contents = Self { things: things(asked).await?, sequences: sequences(asked).await?, ..Self::default() };
        for row in asked.ask(TABLES).await? {
            let [Some(name), Some(persistence)] = &row[..] else { continue };
            if persistence == "u" {
                contents.unlogged.insert(name.clone());
            }
            match sum(asked, name, by_text).await {
                Ok(sum) => drop(contents.rows.insert(name.clone(), sum)),
                Err(error) => contents.skipped.push(format!("{name} ({})", error.detail)),
            }
        }
        Ok(contents)
    }

    pub(in super::super) fn is_empty(&self) -> bool {
        self.things.is_empty()
    }

    pub(in super::super) fn count(&self) -> u64 {
        self.rows.values().map(|sum| sum.rows).sum()
    }
}

/// Tables with rows of their own; the names are quoted where they must be, and hold their schema.
const TABLES: &str = "SELECT c.oid::regclass::text, c.relpersistence::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
     WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' ORDER BY 1";

/// The sums of a table's rows: two halves of a 64-bit hash, so that rows that stand twice do not cancel out. Types that
/// have no hash of their own are hashed as text.
pub(in super::super) async fn sum(asked: Asked<'_>, table: &str, by_text: bool) -> Result<Sum, EngineError> {
    let statement = |hash: &str| {
        format!(
            "SELECT count(*)::text, coalesce(sum(h >> 32), 0)::text || '/' || coalesce(sum(h & 4294967295), 0)::text \
             FROM (SELECT {hash} AS h FROM ONLY {table} AS dbwright_row) AS s"
        )
    };
    let text = statement("hashtextextended(dbwright_row::text, 0)");
    let rows = if by_text {
        asked.ask(&text).await?
    } else {
        match asked.ask(&statement("hash_record_extended(dbwright_row, 0)")).await {
            Ok(rows) => rows,
            Err(_) => asked.ask(&text).await?,
        }
    };
    let cell = |at: usize| rows.first().and_then(|row| row.get(at).cloned().flatten()).unwrap_or_default();
    Ok(Sum { rows: cell(0).parse().unwrap_or(0), hash: cell(1) })
}

/// The last values of sequences that have given one.
pub(in super::super) async fn sequences(asked: Asked<'_>) -> Result<Sequences, EngineError> {
    let rows = asked
        .ask("SELECT seqrelid::regclass::text, pg_sequence_last_value(seqrelid)::text, (seqincrement > 0)::text FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid WHERE c.relpersistence <> 't'")
        .await?;
    let parse = |row: TextRow| match &row[..] {
        [Some(name), Some(last), Some(up)] => Some((name.clone(), (last.parse().ok()?, up == "true"))),
        _ => None,
    };
    Ok(rows.into_iter().filter_map(parse).collect())
}

/// All things with their definitions.
pub(in super::super) async fn things(asked: Asked<'_>) -> Result<Things, EngineError> {
    let mut things = Things::new();
    for row in asked.ask(THINGS).await? {
        let mut cells = row.into_iter().map(Option::unwrap_or_default);
        let (kind, name, definition) =
            (cells.next().unwrap_or_default(), cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
        things.insert((kind, name), definition);
    }
    Ok(things)
}

/// One row a thing: kind, name, definition. Functions of objects that vanish meanwhile answer NULL.
const THINGS: &str = r"
WITH own AS (SELECT oid, nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'),
rel AS (SELECT c.* FROM pg_class c JOIN own ON own.oid = c.relnamespace WHERE c.relpersistence <> 't')
SELECT 'schema', nspname::text, pg_get_userbyid(nspowner)::text FROM pg_namespace WHERE oid IN (SELECT oid FROM own)
UNION ALL SELECT 'relation', oid::regclass::text, relkind::text || ' owner ' || pg_get_userbyid(relowner)::text || ' ' || relpersistence::text || ' rls ' || relrowsecurity::text || relforcerowsecurity::text || ' filled ' || relispopulated::text || ' ' || coalesce(reloptions::text, '') FROM rel WHERE relkind NOT IN ('i', 'I', 't', 'c')
UNION ALL SELECT 'column', a.attrelid::regclass::text || '.' || a.attname::text, format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END || a.attidentity::text || a.attgenerated::text || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '') || coalesce(' collate ' || a.attcollation::regcollation::text, '') FROM pg_attribute a JOIN rel ON rel.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE a.attnum > 0 AND NOT a.attisdropped AND rel.relkind NOT IN ('i', 'I', 't')
UNION ALL SELECT 'constraint', conrelid::regclass::text || '.' || conname::text, pg_get_constraintdef(pg_constraint.oid) || ' valid ' || convalidated::text FROM pg_constraint JOIN own ON own.oid = connamespace WHERE conrelid <> 0
UNION ALL SELECT 'index', indexrelid::regclass::text, pg_get_indexdef(indexrelid) || ' valid ' || indisvalid::text FROM pg_index JOIN rel ON rel.oid = indexrelid
UNION ALL SELECT 'trigger', tgrelid::regclass::text || '.' || tgname::text, pg_get_triggerdef(t.oid) || ' ' || tgenabled::text FROM pg_trigger t JOIN rel ON rel.oid = tgrelid WHERE NOT tgisinternal
UNION ALL SELECT 'view', oid::regclass::text, md5(pg_get_viewdef(oid)) FROM rel WHERE relkind IN ('v', 'm')
UNION ALL SELECT 'function', p.oid::regprocedure::text, pg_get_userbyid(proowner)::text || ' ' || CASE WHEN prokind IN ('f', 'p') THEN md5(pg_get_functiondef(p.oid)) ELSE prokind::text END FROM pg_proc p JOIN own ON own.oid = pronamespace
UNION ALL SELECT 'policy', polrelid::regclass::text || '.' || polname::text, polcmd::text || polpermissive::text || coalesce(pg_get_expr(polqual, polrelid), '') || '/' || coalesce(pg_get_expr(polwithcheck, polrelid), '') FROM pg_policy
UNION ALL SELECT 'type', t.oid::regtype::text, typtype::text || ' ' || coalesce((SELECT string_agg(enumlabel::text, ',' ORDER BY enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid), '') FROM pg_type t JOIN own ON own.oid = typnamespace WHERE typtype IN ('e', 'd', 'r')
UNION ALL SELECT 'sequence', seqrelid::regclass::text, seqtypid::regtype::text || ' ' || seqstart || ' ' || seqincrement || ' ' || seqmin || ' ' || seqmax || ' ' || seqcache || seqcycle::text FROM pg_sequence
UNION ALL SELECT 'extension', extname::text, extversion FROM pg_extension
UNION ALL SELECT 'publication', pubname::text, puballtables::text || pubinsert::text || pubupdate::text || pubdelete::text FROM pg_publication
UNION ALL SELECT 'setting', coalesce((SELECT rolname::text FROM pg_roles WHERE oid = setrole), '*') || ' in ' || coalesce((SELECT datname::text FROM pg_database WHERE oid = setdatabase), '*'), setconfig::text FROM pg_db_role_setting WHERE setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
UNION ALL SELECT 'role', rolname::text, rolsuper::text || rolinherit::text || rolcreaterole::text || rolcreatedb::text || rolcanlogin::text || rolreplication::text || rolbypassrls::text FROM pg_roles WHERE rolname NOT LIKE 'pg\_%'
UNION ALL SELECT 'member', pg_get_userbyid(roleid)::text || ' of ' || pg_get_userbyid(member)::text, max(admin_option::int)::text FROM pg_auth_members GROUP BY roleid, member
UNION ALL SELECT 'grant', 'on ' || rel.oid::regclass::text || ' ' || item::text, '' FROM rel, unnest(relacl) AS item
UNION ALL SELECT 'grant', 'on schema ' || nspname::text || ' ' || item::text, '' FROM pg_namespace n, unnest(nspacl) AS item WHERE n.oid IN (SELECT oid FROM own)
UNION ALL SELECT 'grant', 'on function ' || p.oid::regprocedure::text || ' ' || item::text, '' FROM pg_proc p JOIN own ON own.oid = pronamespace, unnest(proacl) AS item
UNION ALL SELECT 'grant', 'on column ' || attrelid::regclass::text || '.' || attname::text || ' ' || item::text, '' FROM pg_attribute a JOIN rel ON rel.oid = a.attrelid, unnest(attacl) AS item
UNION ALL SELECT 'default grant', coalesce(nspname::text, '*') || ' ' || pg_get_userbyid(defaclrole)::text || ' ' || defaclobjtype::text, defaclacl::text FROM pg_default_acl LEFT JOIN pg_namespace n ON n.oid = defaclnamespace
UNION ALL SELECT 'database', datname::text, pg_get_userbyid(datdba)::text || ' ' || pg_encoding_to_char(encoding)::text || ' ' || datcollate::text || ' ' || datctype::text || ' ' || coalesce(datacl::text, '') FROM pg_database WHERE datname = current_database()
UNION ALL SELECT 'comment', coalesce(d.objoid::regclass::text, '') || '.' || d.objsubid, description FROM pg_description d JOIN rel ON rel.oid = d.objoid WHERE d.classoid = 'pg_class'::regclass
UNION ALL SELECT 'large objects', '', count(*)::text FROM pg_largeobject_metadata
";

/// What checking tables and indexes found.
pub(super) enum Sound {
    /// So many were checked.
    Checked { indexes: usize, tables: usize, wrong: Vec<String> },
    /// It can't be done here.
    Unable(String),
}

/// Checks every B-tree index against its table and every table for itself, with amcheck, in the copy.
pub(super) async fn sound(root: &Path, user: &str, database: &str) -> Result<Sound, EngineError> {
    let copy = connect_scratch_as(root, PORT, database, user).await?;
    // Foreign code may stand on any other path.
    let made = copy.execute_script("SET search_path = pg_catalog; SET client_min_messages = error; CREATE SCHEMA dbwright_check; CREATE EXTENSION amcheck SCHEMA dbwright_check").await;
    let schema = match made {
        Ok(()) => "dbwright_check".to_owned(),
        Err(error) => {
            let found = copy.query_rows("SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'amcheck'").await?;
            match found.rows.first().and_then(|row| row.first().cloned().flatten()) {
                Some(schema) => schema,
                None => return Ok(Sound::Unable(format!("amcheck can't be made in the copy: {}", error.error.detail))),
            }
        }
    };
    let (mut wrong, mut counts) = (Vec::new(), [0_usize; 2]);
    let kinds = [
        (
            "SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam WHERE a.amname = 'btree' AND c.relkind = 'i' AND i.indisvalid AND i.indisready AND c.relpersistence <> 't' ORDER BY 1",
            "bt_index_check",
            ", true",
        ),
        (
            "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'm', 't') AND relpersistence = 'p' AND relam = (SELECT oid FROM pg_am WHERE amname = 'heap') ORDER BY 1",
            "verify_heapam",
            "",
        ),
    ];
    for (at, (list, function, more)) in kinds.into_iter().enumerate() {
        for row in copy.query_rows(list).await?.rows {
            let Some(name) = row.into_iter().next().flatten() else { continue };
            let quoted = name.replace('\'', "''");
            match copy.query_rows(&format!("SELECT count(*) FROM {schema}.{function}('{quoted}'::regclass{more}) AS found")).await {
                Ok(answer) => {
                    counts[at] += 1;
                    let found = answer.rows.first().and_then(|row| row.first().cloned().flatten()).unwrap_or_default();
                    if at == 1 && found != "0" {
                        wrong.push(format!("{name}: {found} places in its pages are damaged"));
                    }
                }
                Err(error) => wrong.push(format!("{name}: {}", error.detail)),
            }
        }
    }
    Ok(Sound::Checked { indexes: counts[0], tables: counts[1], wrong })
}
