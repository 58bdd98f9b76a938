//! From what was counted to a profile: sums in order, percentiles, trees of plans, limits in words. It never changes a count.

use dbwright_model::profile::{Example, KeySkew, Profile, StatementProfile, Totals};
use dbwright_model::time::Timestamp;
use dbwright_sql::{Fingerprinter, StatementKind, shape};

use crate::digest::entry::{Entry, Kept, Timing};
use crate::digest::keys::parameters;
use crate::digest::sequence::COUNTED_SESSIONS;
use crate::digest::{Digest, Sums};
use crate::plans::Reader;
use crate::read::{Options, Order};
use crate::sink::Stats;

/// Heaviest values shown of a place.
const HEAVIEST: usize = 20;
/// Method named with percentiles.
const METHOD: &str = "log";

/// The profile, without sources.
pub(crate) fn profile(digest: &Digest, order: &Order, reader: Reader) -> Profile {
    let engine = digest.engine();
    let mut profile = Profile::empty(engine);
    let mut sums = digest.sums;
    sums.timed += order.sequences.late_sums.timed;
    sums.total_us += order.sequences.late_sums.total_us;
    let name_of = |low: u64| digest.entries.iter().find(|entry| entry.fingerprint as u64 == low).map(|entry| hex(entry.fingerprint));
    let names: std::collections::HashMap<u64, String> =
        digest.entries.iter().map(|entry| (entry.fingerprint as u64, hex(entry.fingerprint))).collect();
    let name = |low: u64| names.get(&low).cloned().or_else(|| name_of(low));
    let mut writer = Fingerprinter::new(engine);
    for entry in digest.entries.iter().filter(|entry| entry.calls > 0 || entry.planned.count > 0) {
        let (value, planned) = statement(entry, digest, order, reader, &mut writer, &name);
        if planned {
            add(&mut sums, &entry.planned);
        }
        profile.keys.extend(keys(entry, &value));
        profile.statements.push(value);
    }
    rank(&mut profile.statements, sums.total_us);
    profile.keys.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| (&a.fingerprint, a.place).cmp(&(&b.fingerprint, b.place))));
    profile.totals = Totals {
        calls: sums.calls,
        timed_calls: sums.timed,
        total_us: sums.total_us,
        errors: digest.errors,
        statements: profile.statements.len() as u64,
        calls_without_room: digest.without_room.calls,
        us_without_room: digest.without_room.total_us,
        sessions: order.sequences.sessions(),
    };
    let (mut timelines, mut week) = (digest.timelines.clone(), digest.week);
    timelines.merge(&order.timelines);
    week.merge(&order.week);
    profile.timeline = timelines.finish();
    profile.week = week.finish();
    profile.events = digest.events.finish();
    profile.transactions = order.sequences.transactions(&name);
    profile.transactions.retain(|shape| !shape.phrases.is_empty() && shape.phrases.iter().all(|phrase| !phrase.fingerprint.is_empty()));
    profile.limits = limits(digest, order);
    profile
}

fn add(sums: &mut Sums, timing: &Timing) {
    sums.calls += timing.count;
    sums.timed += timing.count;
    sums.total_us += timing.total_us;
}

fn hex(fingerprint: u128) -> String {
    format!("{fingerprint:032x}")
}

/// A statement as a value; true with it when it is known by its plans only.
fn statement(
    entry: &Entry,
    digest: &Digest,
    order: &Order,
    reader: Reader,
    writer: &mut Fingerprinter,
    name: &dyn Fn(u64) -> Option<String>,
) -> (StatementProfile, bool) {
    let engine = digest.engine();
    let planned = entry.calls == 0 && entry.planned.count > 0;
    let mut timing = if planned { entry.planned.clone() } else { entry.timing.clone() };
    if let Some(late) = order.sequences.late.get(&(entry.fingerprint as u64)) {
        timing.merge(late);
    }
    let raw = String::from_utf8_lossy(&entry.text);
    let text = if engine.speaks_sql() { writer.normalize(raw.as_ref()) } else { raw.clone().into_owned() };
    let (kind, tables) = if engine.speaks_sql() { look(&raw, engine) } else { redis_look(&raw) };
    let (slot_seconds, slots) = if entry.calls == 0 {
        (0, Vec::new())
    } else {
        let (seconds, slots) = entry.slots.finish();
        (seconds, slots)
    };
    let [users, databases, applications] = digest.names.resolve(&entry.who);
    let timed = timing.count > 0;
    let value = StatementProfile {
        fingerprint: hex(entry.fingerprint),
        text,
        truncated: entry.truncated,
        kind,
        tables,
        calls: if planned { timing.count } else { entry.calls },
        timed_calls: timing.count,
        total_us: timing.total_us,
        min_us: timed.then_some(timing.min_us),
        max_us: timed.then_some(timing.max_us),
        deviation_us: timing.deviation_us(),
        latency: timing.histogram.latency(timing.max_us, METHOD),
        preparing_us: entry.preparing_us,
        rows: entry.extras.rows,
        rows_examined: entry.extras.rows_examined,
        lock_us: entry.extras.lock_us,
        temporary_bytes: entry.extras.temporary_bytes,
        calls_without_index: entry.extras.full_scans,
        errors: entry.errors,
        first: entry.span.map(|(first, _)| Timestamp(first)),
        last: entry.span.map(|(_, last)| Timestamp(last)),
        slots,
        slot_seconds,
        examples: examples(entry),
        plans: entry.plans.finish(reader),
        repetition: order.sequences.repetition(entry.fingerprint as u64, name),
        users,
        databases,
        applications,
        calls_missing_at_most: entry.missing_at_most,
        engine_id: entry.extras.engine_id.map(|id| id.to_string()),
        ..StatementProfile::default()
    };
    (value, planned)
}

fn look(text: &str, engine: dbwright_model::engine::Engine) -> (String, Vec<String>) {
    let shape = shape(text, engine);
    let kind = match shape.kind {
        StatementKind::Select => "select",
        StatementKind::Insert => "insert",
        StatementKind::Update => "update",
        StatementKind::Delete => "delete",
        StatementKind::Merge => "merge",
        StatementKind::Ddl => "ddl",
        StatementKind::Transaction => "transaction",
        StatementKind::Utility => "utility",
        StatementKind::Other => "other",
    };
    (kind.to_owned(), shape.tables.iter().map(|used| used.table.to_string()).collect())
}

/// Command and key pattern of Redis: whether it writes, and the pattern as its table.
fn redis_look(text: &str) -> (String, Vec<String>) {
    let mut words = text.split(' ');
    let name = words.next().unwrap_or_default();
    let reads =
        ["GET", "MGET", "EXISTS", "TTL", "PTTL", "TYPE", "STRLEN", "GETRANGE", "SCAN", "KEYS", "INFO", "PING", "LLEN", "LRANGE", "LINDEX"];
    let reading = reads.contains(&name)
        || [
            "HGET",
            "HMGET",
            "HGETALL",
            "HKEYS",
            "HVALS",
            "HLEN",
            "HEXISTS",
            "HSCAN",
            "SMEMBERS",
            "SISMEMBER",
            "SCARD",
            "SSCAN",
            "ZRANGE",
            "ZSCORE",
        ]
        .iter()
        .any(|read| name.starts_with(read))
        || ["ZCARD", "ZCOUNT", "ZREVRANGE", "ZRANK", "XRANGE", "XREAD", "XLEN", "BITCOUNT", "PFCOUNT"].contains(&name);
    (if reading { "select" } else { "update" }.to_owned(), words.next().map(str::to_owned).into_iter().collect())
}

fn examples(entry: &Entry) -> Vec<Example> {
    let kept = entry.examples.slowest.iter().map(|(_, kept)| kept);
    let mut all: Vec<Example> = kept.map(example).collect();
    if let Some((_, typical)) = &entry.examples.typical {
        let typical = example(typical);
        if !all.contains(&typical) {
            all.push(typical);
        }
    }
    all
}

fn example(kept: &Kept) -> Example {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let name = |bytes: &[u8]| (!bytes.is_empty()).then(|| text(bytes));
    let parameters: Vec<String> = parameters(&kept.parameters).take(200).map(|(_, value)| text(value)).collect();
    let parameters = if parameters.is_empty() && !kept.parameters.is_empty() { vec![text(&kept.parameters)] } else { parameters };
    Example {
        text: text(&kept.text).replace("\n\t", "\n"),
        parameters,
        duration_us: kept.duration_us,
        at: kept.at.map(Timestamp),
        user: name(&kept.user),
        database: name(&kept.database),
    }
}

/// The places of a statement whose values were watched. A column without table belongs to the only table, if it is one.
fn keys(entry: &Entry, value: &StatementProfile) -> Vec<KeySkew> {
    let skew = |place: &crate::digest::keys::Place| {
        let fitted = place.sketch.zipf();
        KeySkew {
            fingerprint: value.fingerprint.clone(),
            place: place.number,
            table: place.table.clone().or_else(|| match &value.tables[..] {
                [only] => Some(only.clone()),
                _ => None,
            }),
            column: Some(place.column.clone()),
            samples: place.sketch.samples,
            calls: value.calls,
            heaviest: place.sketch.heaviest(HEAVIEST),
            distinct: place.sketch.distinct(),
            unlisted_at_most: place.sketch.unlisted_at_most(),
            exponent: fitted.map(|(exponent, _)| exponent),
            exponent_interval: fitted.map(|(_, interval)| interval),
        }
    };
    entry.keys.places().iter().filter(|place| place.sketch.samples > 0).map(skew).collect()
}

/// Sorts by total time and fills shares in. Where no durations are known the most frequent come first.
pub fn rank(statements: &mut [StatementProfile], total_us: u64) {
    statements.sort_by(|a, b| b.total_us.cmp(&a.total_us).then(b.calls.cmp(&a.calls)).then_with(|| a.fingerprint.cmp(&b.fingerprint)));
    let mut before = 0_u64;
    for statement in statements {
        before += statement.total_us;
        if total_us > 0 {
            statement.share = statement.total_us as f64 / total_us as f64;
            statement.cumulative_share = before as f64 / total_us as f64;
        }
    }
}

fn limits(digest: &Digest, order: &Order) -> Vec<String> {
    let mut limits = Vec::new();
    let sequences = &order.sequences;
    if digest.sums.calls > 0
        && digest.sums.timed + sequences.late_sums.timed == 0
        && digest.entries.iter().all(|entry| entry.planned.count == 0)
    {
        limits.push("This source tells no durations: statements are ranked by calls, and no percentile is known.".to_owned());
    }
    if digest.evicted.0 > 0 {
        limits.push(format!(
            "{} statements lost their room; their {} calls are in the sums and in no statement. A listed one can lack at most {} calls.",
            digest.evicted.0, digest.without_room.calls, digest.evicted.1
        ));
    }
    if sequences.lost_durations > 0 {
        limits.push(format!("{} durations belong to statements that are not in the log; they are in no sum.", sequences.lost_durations));
    }
    if sequences.crowded {
        limits.push("More sessions were open at a time than are followed: runs and transactions of some are missing.".to_owned());
    }
    if sequences.sessions() >= COUNTED_SESSIONS as u64 {
        limits.push(format!("Sessions were counted up to {COUNTED_SESSIONS}; there are more."));
    }
    if sequences.transactions_not_kept > 0 {
        limits.push(format!(
            "{} transactions are longer or rarer than is kept; their shapes are cut or missing.",
            sequences.transactions_not_kept
        ));
    }
    limits
}

/// What only is known when the sources are: the span, the engine's brand, and how far the log may be incomplete.
pub(crate) fn complete(profile: &mut Profile, stats: &[Stats], options: &Options) {
    if stats.iter().any(|stats| stats.mariadb) {
        profile.engine = dbwright_model::engine::Engine::Mariadb;
    }
    profile.since = profile.sources.iter().filter_map(|source| source.since).min().max(options.since);
    profile.until = profile.sources.iter().filter_map(|source| source.until).max();
    if let (Some(until), Some(asked)) = (profile.until, options.until) {
        profile.until = Some(until.min(asked));
    }
    if profile.since.is_none() {
        profile.since = profile.sources.iter().filter_map(|source| source.since).min();
    }
    if options.sampling > 0 && !profile.keys.is_empty() {
        profile
            .limits
            .push(format!("Values asked for were looked at in one of {} calls, chosen by place in the log.", 1_u64 << options.sampling));
    }
    if profile.totals.timed_calls > 0 {
        profile.limits.push("Percentiles come from histograms of single durations and are within 0.8 %.".to_owned());
    }
}
