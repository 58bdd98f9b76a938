//! `config/memory-undersized`.

use dbwright_model::{Engine, Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SERVERS};

/// The rule.
pub static RULE: Rule = Rule {
    id: "config/memory-undersized",
    title: "Too little memory for the data in use",
    severity: Severity::Warning,
    engines: SERVERS,
    needs: &[FactKind::Settings, FactKind::Health],
    docs: DOCS,
    check,
};

/// Cache hit share of PostgreSQL below which reads leave the shared buffers often.
const POSTGRESQL_HITS: f64 = 0.95;
/// Cache hit share of InnoDB, counted per page request, below which the pool is too small.
const INNODB_HITS: f64 = 0.99;
/// Share of lookups that a cache answers below which evicted keys are missed.
const KEY_HITS: f64 = 0.8;
/// Keys evicted, and lookups, below which a share says nothing.
const FEWEST_LOOKUPS: f64 = 10_000.0;
/// Blocks read below which a share says nothing (1 GB of 8 kB pages).
const FEWEST_BLOCKS: f64 = 131_072.0;
/// Bytes of temporary files a day from which work_mem is worth raising.
const TEMPORARY_BYTES_A_DAY: f64 = 1_073_741_824.0;

const DOCS: &str = r#"
## Finds
PostgreSQL: less than 95 % of block reads are answered from `shared_buffers`, which hold less than a quarter of the
database, over at least 1 GB of reads where that is counted; or sessions write more than 1 GB of temporary files a day
with `work_mem` at 4 MB or less. MySQL and MariaDB: less than 99 % of page requests are answered from a buffer pool that
is smaller than the data. Redis and Valkey: 10,000 keys and more were evicted, and less than 80 % of lookups find their key.

```facts finds postgresql
{"health": {"cache_hit_share": {"value": 0.81, "exactness": "measured", "source": "pg_stat_database"}},
 "settings": {"shared_buffers": {"value": "16384", "unit": "8kB", "origin": "default"}},
 "catalog": {"database_bytes": {"value": 64000000000, "exactness": "measured", "source": "pg_database_size"}}}
```

```facts finds postgresql
{"taken_at": "2026-11-24T00:00:00Z", "health": {"statistics_since": "2026-11-14T00:00:00Z", "temporary_bytes": 90000000000},
 "settings": {"work_mem": {"value": "4096", "unit": "kB", "origin": "default"}}}
```

```facts quiet postgresql
{"health": {"cache_hit_share": {"value": 0.81, "exactness": "measured", "source": "pg_stat_database"}, "temporary_bytes": 0},
 "settings": {"shared_buffers": {"value": "131072", "unit": "8kB", "origin": "configuration file"}},
 "catalog": {"database_bytes": {"value": 1200000000, "exactness": "measured", "source": "pg_database_size"}}}
```

```facts finds mysql
{"health": {"cache_hit_share": {"value": 0.93, "exactness": "measured", "source": "Innodb_buffer_pool_reads"}},
 "settings": {"innodb_buffer_pool_size": {"value": "134217728"}},
 "catalog": {"database_bytes": {"value": 64000000000, "exactness": "measured", "source": "information_schema.tables"}}}
```

```facts finds redis
{"health": {"cache_hit_share": {"value": 0.55, "exactness": "measured", "source": "INFO"}, "counters": {"evicted_keys": 900000, "keyspace_hits": 5500000, "keyspace_misses": 4500000}}}
```

```facts quiet redis
{"health": {"cache_hit_share": {"value": 0.55, "exactness": "measured", "source": "INFO"}, "counters": {"evicted_keys": 0, "keyspace_hits": 5500000, "keyspace_misses": 4500000}}}
```

## Why it matters
A page that is not in memory is fetched from the operating system or the disk, a hundred to a thousand times slower; a
sort that does not fit `work_mem` goes through temporary files.

## When not to follow
Where nearly all reads are of old rows that nobody reads twice: no cache helps. Where the file cache of the operating
system holds the data, a miss costs little; look at the read times (`track_io_timing`).

## Fix
Give the server about a quarter of the machine's memory as `shared_buffers` (a restart), InnoDB up to three quarters as
`innodb_buffer_pool_size` (online). Raise `work_mem` for the role or the statement that spills. No size is proposed here
that was not derived from what the server says of its memory.

## How we verify
Read from the counters of pg_stat_database or the InnoDB status and the settings; after the change the share is taken
again over a day.

## References
PostgreSQL manual, Resource Consumption, Memory. MySQL manual, Configuring InnoDB Buffer Pool Size.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if !context.judges_server() {
        return Vec::new();
    }
    if context.engine() == Engine::Postgresql {
        return [shared_buffers(context), work_memory(context)].into_iter().flatten().collect();
    }
    if !context.engine().speaks_sql() {
        return evictions(context).into_iter().collect();
    }
    buffer_pool(context).into_iter().collect()
}

/// A cache that evicts what is asked for again.
fn evictions(context: &Context<'_>) -> Option<Finding> {
    let evicted = context.counter("evicted_keys").filter(|keys| *keys >= FEWEST_LOOKUPS)?;
    let share = context.facts.health.cache_hit_share.as_ref().filter(|share| share.value < KEY_HITS)?;
    let lookups = context.counter("keyspace_hits").unwrap_or(0.0) + context.counter("keyspace_misses").unwrap_or(0.0);
    if lookups < FEWEST_LOOKUPS {
        return None;
    }
    let message = format!("{evicted:.0} keys were evicted, and {:.0} % of lookups do not find their key.", (1.0 - share.value) * 100.0);
    Some(
        Finding::new("maxmemory", message)
            .evidence(Evidence::of("lookups that find their key", share, Unit::Share))
            .evidence(Evidence::measured("keys evicted", evicted, Unit::Count, "INFO evicted_keys"))
            .risks(0.3),
    )
}

/// Whether the share rests on enough reads, as far as their number is known.
fn enough_reads(context: &Context<'_>, counters: &[&str]) -> bool {
    counters.iter().find_map(|name| context.counter(name)).is_none_or(|blocks| blocks >= FEWEST_BLOCKS)
}

fn shared_buffers(context: &Context<'_>) -> Option<Finding> {
    let share = context.facts.health.cache_hit_share.as_ref()?;
    let buffers = context.setting_bytes("shared_buffers")?;
    let database = context.facts.catalog.database_bytes.as_ref()?;
    let crowded = buffers * 4.0 < database.value;
    if share.value >= POSTGRESQL_HITS || !crowded || !enough_reads(context, &["blks_read", "blocks_read"]) {
        return None;
    }
    let message = format!(
        "{:.1} % of block reads miss shared_buffers, which hold {:.0} MB of a database of {:.1} GB.",
        (1.0 - share.value) * 100.0,
        buffers / 1_048_576.0,
        database.value / 1_073_741_824.0
    );
    let finding = Finding::new("shared_buffers", message)
        .evidence(Evidence::of("cache hits", share, Unit::Share))
        .evidence(Evidence::measured("shared_buffers", buffers, Unit::Bytes, "pg_settings"))
        .evidence(Evidence::of("database", database, Unit::Bytes))
        .risks(0.3);
    Some(finding.change_if(larger_buffers(context, buffers)))
}

/// A third of `effective_cache_size`, where somebody set that: buffers and file cache together, so it is there.
fn larger_buffers(context: &Context<'_>, buffers: f64) -> Option<dbwright_model::change::Change> {
    let told = context.setting("effective_cache_size")?.origin.as_deref()? != "default";
    let megabytes = (context.setting_bytes("effective_cache_size")? / 3.0 / 1_048_576.0).floor();
    if !told || megabytes * 1_048_576.0 < buffers * 1.5 {
        return None;
    }
    let summary = format!("Raise shared_buffers to {megabytes:.0} MB, a third of effective_cache_size");
    context.change_setting_at_start("shared_buffers", &format!("'{megabytes:.0}MB'"), &summary)
}

fn work_memory(context: &Context<'_>) -> Option<Finding> {
    let bytes = context.facts.health.temporary_bytes?;
    let days = context.statistics_days()?.max(1.0);
    let work = context.setting_bytes("work_mem")?;
    if bytes / days < TEMPORARY_BYTES_A_DAY || work > 4_194_304.0 {
        return None;
    }
    let message = format!(
        "Sorts and hashes write {:.1} GB of temporary files a day; work_mem is {:.0} MB.",
        bytes / days / 1_073_741_824.0,
        work / 1_048_576.0
    );
    let finding = Finding::new("work_mem", message)
        .evidence(Evidence::measured("temporary files", bytes, Unit::Bytes, "pg_stat_database.temp_bytes"))
        .evidence(Evidence::measured("statistics cover", days, Unit::Days, "pg_stat_database.stats_reset"))
        .evidence(Evidence::measured("work_mem", work, Unit::Bytes, "pg_settings"))
        .risks(0.3);
    let room = context.facts.health.connections.zip(context.setting_bytes("effective_cache_size"));
    let wanted = work * 4.0;
    if !room.is_some_and(|(connections, cache)| connections.limit * wanted <= cache / 2.0) {
        return Some(finding);
    }
    let megabytes = wanted / 1_048_576.0;
    let summary =
        format!("Raise work_mem to {megabytes:.0} MB; with every connection sorting that is half of effective_cache_size at most");
    Some(finding.change_if(context.change_setting("work_mem", &format!("'{megabytes:.0}MB'"), &summary)))
}

fn buffer_pool(context: &Context<'_>) -> Option<Finding> {
    let share = context.facts.health.cache_hit_share.as_ref()?;
    let pool = context.setting_bytes("innodb_buffer_pool_size")?;
    let database = context.facts.catalog.database_bytes.as_ref()?;
    if share.value >= INNODB_HITS || pool >= database.value || !enough_reads(context, &["innodb_buffer_pool_reads"]) {
        return None;
    }
    let message = format!(
        "{:.1} % of page requests miss the buffer pool, which holds {:.0} MB of {:.1} GB of data.",
        (1.0 - share.value) * 100.0,
        pool / 1_048_576.0,
        database.value / 1_073_741_824.0
    );
    Some(
        Finding::new("innodb_buffer_pool_size", message)
            .evidence(Evidence::of("cache hits", share, Unit::Share))
            .evidence(Evidence::measured("buffer pool", pool, Unit::Bytes, "global variables"))
            .evidence(Evidence::of("database", database, Unit::Bytes))
            .risks(0.4),
    )
}
