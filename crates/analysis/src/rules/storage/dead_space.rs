//! `storage/dead-space`.

use dbwright_model::catalog::{Collection, CollectionKind};
use dbwright_model::change::Change;
use dbwright_model::{Engine, Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::ddl::Ddl;
use crate::rule::{ALL, Rule};
use crate::rules::shared::{MEGABYTE, is_quickly_rewritten, size};

/// The rule.
pub static RULE: Rule = Rule {
    id: "storage/dead-space",
    title: "Room that holds nothing",
    severity: Severity::Warning,
    engines: ALL,
    needs: &[FactKind::Catalog, FactKind::Bloat],
    docs: DOCS,
    check,
};

/// Bytes below which a rebuild of a table is not worth its locks.
const LEAST_BYTES: f64 = 50.0 * MEGABYTE;
/// Bytes below which writing a SQLite file anew is not worth it.
const LEAST_BYTES_OF_FILE: f64 = 10.0 * MEGABYTE;
/// Bytes of memory below which fragmentation is no matter.
const LEAST_BYTES_OF_MEMORY: f64 = 100.0 * MEGABYTE;
/// Memory taken over memory used from which a third of it holds nothing.
const LEAST_RATIO: f64 = 1.5;
/// Share that must be empty.
const LEAST_SHARE: f64 = 0.3;

const DOCS: &str = r#"
## Finds
Tables of which a rebuild would give back at least 30 % and 50 MB, by the lower end of the estimate; SQLite files of
which free pages take at least 30 % and 10 MB. Redis and Valkey: servers that take half as much memory again as they use,
100 MB or more.

```facts finds postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "event"}, "kind": "table",
  "fields": [{"name": "id", "type_name": "bigint", "family": "integer", "type_bytes": 8, "alignment": 8, "nullable": false}],
  "keys": [{"name": "event_pkey", "columns": ["id"], "primary": true}],
  "storage": {"rows": {"value": 5000000, "exactness": "estimated", "source": "pg_class.reltuples"}, "table_bytes": {"value": 1000000000, "exactness": "measured", "source": "pg_relation_size"}, "bloat_bytes": {"value": 600000000, "low": 500000000, "high": 700000000, "exactness": "estimated", "source": "tuple widths"}}}]}}
```

```facts finds sqlite
{"health": {"counters": {"free_bytes": 60000000}}, "catalog": {"database_bytes": {"value": 100000000, "exactness": "measured", "source": "page_count"}}}
```

```facts quiet postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "event"}, "kind": "table",
  "fields": [{"name": "id", "type_name": "bigint", "family": "integer", "type_bytes": 8, "alignment": 8, "nullable": false}],
  "keys": [{"name": "event_pkey", "columns": ["id"], "primary": true}],
  "storage": {"rows": {"value": 5000000, "exactness": "estimated", "source": "pg_class.reltuples"}, "table_bytes": {"value": 1000000000, "exactness": "measured", "source": "pg_relation_size"}, "bloat_bytes": {"value": 600000000, "low": 20000000, "high": 900000000, "exactness": "estimated", "source": "tuple widths"}}}]}}
```

```facts finds redis
{"health": {"memory": {"used": 900000000, "limit": 0}, "counters": {"used_memory_rss": 1900000000}, "notes": {"mem_allocator": "jemalloc-5.2.1"}}, "settings": {"activedefrag": {"value": "no"}}}
```

```facts quiet redis
{"health": {"memory": {"used": 900000000, "limit": 0}, "counters": {"used_memory_rss": 1000000000}}}
```

## Why it matters
Scans read the empty pages too, they push others out of the cache, and backups and copies carry them.

## When not to follow
Tables that shrink and grow again in a rhythm: the room will be used.

## Fix
Find out first why it came about: a mass delete, a long transaction, vacuum that came too late. PostgreSQL: pg_repack or
pg_squeeze rebuild a table while it is used; VACUUM FULL and CLUSTER lock it until they are done. MySQL: OPTIMIZE TABLE.
SQLite: VACUUM. Redis with jemalloc: `activedefrag`, which moves values a little at a time; else a restart.

## How we verify
Rows times their width, from statistics, against the size, with an interval of which the lower end counts; SQLite: free
pages as the file's header counts them.

## References
PostgreSQL manual, Recovering Disk Space; SQLite manual, VACUUM; MySQL manual, OPTIMIZE TABLE.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if !context.engine().speaks_sql() {
        return fragmented(context).into_iter().collect();
    }
    let held =
        |table: &&Collection| table.kind.is_table() || matches!(table.kind, CollectionKind::Partition | CollectionKind::MaterializedView);
    let tables = context.facts.catalog.collections.iter().filter(held);
    tables.filter_map(|table| judge(context, table)).chain(free_pages(context)).collect()
}

fn judge(context: &Context<'_>, table: &Collection) -> Option<Finding> {
    let (bloat, bytes) = table.storage.bloat_bytes.as_ref().zip(table.storage.table_bytes.as_ref())?;
    let sure = bloat.low.unwrap_or(0.0);
    if sure < LEAST_BYTES || sure < bytes.value * LEAST_SHARE {
        return None;
    }
    let message = format!("{} is {}, of which a rebuild gives back {} or more.", table.name, size(bytes.value), size(sure));
    let finding = Finding::new(table.name.to_string(), message)
        .evidence(Evidence::of("size", bytes, Unit::Bytes))
        .evidence(Evidence::estimated("given back at least", sure, Unit::Bytes, bloat.source.clone()));
    let rebuild = (matches!(context.engine(), Engine::Mysql | Engine::Mariadb) && is_quickly_rewritten(table)).then(|| {
        Change::new("Rebuild the table in place")
            .step(format!("ALTER TABLE {} FORCE, ALGORITHM=INPLACE, LOCK=NONE", Ddl::of(context.facts).object(&table.name)), "")
            .locking(format!("LOCK=NONE on {}: reads and writes go on, but for a moment at start and end", table.name))
            .rewriting()
    });
    Some(finding.change_if(rebuild).costs_bytes(sure).risks(0.2))
}

/// Memory that the allocator holds beyond what is in use.
fn fragmented(context: &Context<'_>) -> Option<Finding> {
    let used = context.facts.health.memory.map(|memory| memory.used).filter(|_| context.judges_server())?;
    let resident = context.counter("used_memory_rss")?;
    let empty = resident - used;
    if empty < LEAST_BYTES_OF_MEMORY || resident < used * LEAST_RATIO {
        return None;
    }
    let message = format!("The server takes {} of memory and uses {}: the rest holds nothing.", size(resident), size(used));
    let moves = context.facts.health.notes.get("mem_allocator").is_some_and(|name| name.starts_with("jemalloc"));
    let off = context.setting_on("activedefrag") == Some(false);
    let change =
        (moves && off).then(|| context.change_setting("activedefrag", "yes", "Move values together, a little at a time")).flatten();
    Some(
        Finding::new("server", message)
            .evidence(Evidence::measured("taken", resident, Unit::Bytes, "INFO used_memory_rss"))
            .evidence(Evidence::measured("used", used, Unit::Bytes, "INFO used_memory"))
            .change_if(change)
            .costs_bytes(empty)
            .risks(0.2),
    )
}

/// Of a SQLite file, whose tables share their free pages.
fn free_pages(context: &Context<'_>) -> Option<Finding> {
    let free = context.counter("free_bytes").filter(|_| context.engine() == Engine::Sqlite)?;
    let whole = context.facts.catalog.database_bytes.as_ref()?;
    if free < LEAST_BYTES_OF_FILE || free < whole.value * LEAST_SHARE {
        return None;
    }
    let message = format!("{} of {} in the file are free pages.", size(free), size(whole.value));
    let change = Change::new("Write the file anew without free pages")
        .step("VACUUM", "")
        .locking("exclusive on the database until it is written anew: reads and writes wait")
        .rewriting();
    let finding = Finding::new("database", message).evidence(Evidence::of("size", whole, Unit::Bytes)).evidence(Evidence::measured(
        "free",
        free,
        Unit::Bytes,
        "free pages of the file header",
    ));
    Some(finding.change(change).costs_bytes(free).risks(0.15))
}
