//! A bounded sample of the keys by SCAN, whose order is that of a hash and so close to random. The server's time that it
//! takes is held under a share of the elapsed time by pausing between batches. It reads no values.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use dbwright_model::catalog::{Collection, CollectionKind, RecordShape, Storage};
use dbwright_model::{ObjectName, Quantity};
use redis::Value;

use super::connect::Connection;
use super::facts::text_of;
use super::patterns;
use crate::error::EngineError;

/// Keys looked at closely per batch.
const BATCH: usize = 40;
/// Names asked for per SCAN.
const SCAN_COUNT: &str = "400";
/// Share of the elapsed time that the server may spend on us.
const SHARE: f64 = 0.006;
/// Longest pause between two batches.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// Share of the time for the names; the rest is for looking at some of them closely.
const TIME_FOR_NAMES: f64 = 0.5;
/// Longest name of a key that is looked at closely, bytes.
const LONGEST_NAME: usize = 4_096;
/// Bytes of a longer name that are kept.
const KEPT_OF_NAME: usize = 256;

/// How much is asked of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// Names read at the most.
    pub(super) names: usize,
    /// Keys looked at closely at the most.
    pub(super) details: usize,
    /// Whether pauses keep the server's time under its share.
    pub(super) paced: bool,
}

impl Limits {
    /// Of a server that others use.
    pub(super) const SHARED: Self = Self { names: 20_000, details: 2_000, paced: true };
    /// Of a server that is there for us alone.
    pub(super) const OWN: Self = Self { names: 2_000_000, details: 20_000, paced: false };
}

/// What a sample showed of one database.
pub(super) struct Sampled {
    /// Key patterns as collections.
    pub(super) collections: Vec<Collection>,
    /// Names read.
    pub(super) names: usize,
    /// Keys looked at closely.
    pub(super) looked_at: usize,
    /// Whether every name was seen.
    pub(super) complete: bool,
}

/// The name of a key.
struct Name {
    /// As text, shortened when it is long.
    text: String,
    /// As it is; none when it is too long to be asked for.
    bytes: Option<Vec<u8>>,
}

/// One key looked at closely.
#[derive(Default)]
struct Detail {
    kind: String,
    encoding: Option<String>,
    expires: bool,
    bytes: Option<f64>,
    idle_seconds: Option<f64>,
    frequency: Option<f64>,
    /// Elements of an aggregate, bytes of a string.
    length: Option<f64>,
}

/// How a database is sampled.
pub(super) struct Plan {
    /// Its number.
    pub(super) database: i64,
    /// Keys that it holds.
    pub(super) keys: u64,
    /// Time of an empty command and its answer.
    pub(super) round_trip: Duration,
    /// When to stop.
    pub(super) deadline: Instant,
    /// How much to ask.
    pub(super) limits: Limits,
    /// Whether the server counts how often keys are used (an LFU policy) in place of how long they were not.
    pub(super) counts_use: bool,
}

/// Samples the selected database: names first, then of each pattern some keys closely, so that rare ones are seen too.
pub(super) async fn sample(connection: &mut Connection, plan: &Plan) -> Result<Sampled, EngineError> {
    let (names, complete) = scan(connection, plan).await?;
    let texts: Vec<String> = names.iter().map(|name| name.text.clone()).collect();
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, pattern) in patterns::of(&texts).into_iter().enumerate() {
        groups.entry(pattern).or_default().push(at);
    }
    let (mut details, mut cost): (BTreeMap<usize, Detail>, _) = (BTreeMap::new(), Cost(f64::MAX));
    for batch in choose(&groups, plan.limits.details).chunks(BATCH) {
        if Instant::now() >= plan.deadline && !details.is_empty() {
            break;
        }
        let before = connection.busy;
        let (places, keys): (Vec<usize>, Vec<&[u8]>) = batch.iter().filter_map(|at| Some((*at, names[*at].bytes.as_deref()?))).unzip();
        let seen = look(connection, &keys, plan.counts_use).await?;
        // A key that went in the meantime has no type.
        details.extend(places.into_iter().zip(seen).filter(|(_, detail)| !matches!(detail.kind.as_str(), "none" | "")));
        let spent = cost.of((connection.busy - before).saturating_sub(plan.round_trip * 2), batch.len());
        pause(plan, spent, plan.deadline).await;
    }
    let looked_at = details.len();
    Ok(Sampled { collections: collections(plan, &texts, &groups, &details, complete), names: names.len(), looked_at, complete })
}

/// Names by SCAN, and whether these are all.
async fn scan(connection: &mut Connection, plan: &Plan) -> Result<(Vec<Name>, bool), EngineError> {
    let started = Instant::now();
    let end = started + plan.deadline.saturating_duration_since(started).mul_f64(TIME_FOR_NAMES);
    let (mut names, mut cursor, mut cost) = (Vec::new(), "0".to_owned(), Cost(f64::MAX));
    loop {
        let before = connection.busy;
        let answer = connection.ask(&["SCAN", &cursor, "COUNT", SCAN_COUNT]).await?;
        let (next, found) = scanned(&answer);
        let spent = cost.of((connection.busy - before).saturating_sub(plan.round_trip), found.len());
        names.extend(found.into_iter().map(Name::new));
        cursor = next;
        if cursor == "0" {
            return Ok((names, true));
        }
        if names.len() >= plan.limits.names || Instant::now() >= end {
            return Ok((names, false));
        }
        pause(plan, spent, end).await;
    }
}

impl Name {
    fn new(bytes: Vec<u8>) -> Self {
        let text = readable(bytes.get(..KEPT_OF_NAME).unwrap_or(&bytes));
        Self { text, bytes: Some(bytes).filter(|bytes| bytes.len() <= LONGEST_NAME) }
    }
}

/// Which keys to look at: as many of each pattern, small ones whole; of larger ones evenly over the order of SCAN. Patterns
/// take turns, so that an early end leaves none out.
fn choose(groups: &BTreeMap<String, Vec<usize>>, most: usize) -> Vec<usize> {
    let mut sizes: Vec<usize> = groups.values().map(Vec::len).collect();
    sizes.sort_unstable();
    let (mut left, mut share) = (most, 0);
    for (at, size) in sizes.iter().enumerate() {
        share = left / (sizes.len() - at);
        left -= share.min(*size);
    }
    let of_group = |members: &Vec<usize>| {
        let count = members.len().min(share.max(1));
        (0..count).map(|turn| (turn, members[turn * members.len() / count])).collect::<Vec<_>>()
    };
    let mut chosen: Vec<(usize, usize)> = groups.values().flat_map(of_group).collect();
    chosen.sort_unstable();
    chosen.into_iter().map(|(_, at)| at).take(most).collect()
}

/// What a key costs the server: the least seen so far, since whatever is seen from here beyond it was waiting of ours, of the
/// network or behind other clients.
struct Cost(f64);

impl Cost {
    /// Notes a batch and gives the server's time for it.
    fn of(&mut self, busy: Duration, keys: usize) -> Duration {
        let keys = keys.max(1) as f64;
        self.0 = self.0.min(busy.as_secs_f64() / keys);
        Duration::from_secs_f64(self.0 * keys)
    }
}

/// Waits so long that the server's time stays under its share of the whole.
async fn pause(plan: &Plan, busy: Duration, end: Instant) {
    if !plan.limits.paced {
        return;
    }
    let wanted = busy.mul_f64(1.0 / SHARE - 1.0).min(LONGEST_PAUSE);
    tokio::time::sleep(wanted.min(end.saturating_duration_since(Instant::now()))).await;
}

fn scanned(answer: &Value) -> (String, Vec<Vec<u8>>) {
    let Value::Array(parts) = answer else { return ("0".to_owned(), Vec::new()) };
    let cursor = parts.first().and_then(text_of).unwrap_or_else(|| "0".to_owned());
    let Some(Value::Array(keys)) = parts.get(1) else { return (cursor, Vec::new()) };
    let keys = keys.iter().filter_map(|key| if let Value::BulkString(bytes) = key { Some(bytes.clone()) } else { None }).collect();
    (cursor, keys)
}

/// Looks closely at keys: type, encoding, expiry, size, idle time; then the number of elements, which needs the type.
async fn look(connection: &mut Connection, keys: &[&[u8]], counts_use: bool) -> Result<Vec<Detail>, EngineError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let usage = if counts_use { "FREQ" } else { "IDLETIME" };
    let mut first = redis::pipe();
    first.ignore_errors();
    for key in keys {
        first.cmd("TYPE").arg(*key).cmd("OBJECT").arg("ENCODING").arg(*key).cmd("PTTL").arg(*key);
        first.cmd("MEMORY").arg("USAGE").arg(*key).arg("SAMPLES").arg(5).cmd("OBJECT").arg(usage).arg(*key);
    }
    let answers = connection.batch(&first, keys.len() as u64 * 5).await?;
    let mut details: Vec<Detail> = answers.chunks(5).map(|answers| detail(answers, counts_use)).collect();
    let counted: Vec<(usize, &'static str)> =
        details.iter().enumerate().filter_map(|(at, detail)| Some((at, length_command(&detail.kind)?))).collect();
    if counted.is_empty() {
        return Ok(details);
    }
    let mut second = redis::pipe();
    second.ignore_errors();
    for (at, command) in &counted {
        second.cmd(command).arg(keys[*at]);
    }
    let lengths = connection.batch(&second, counted.len() as u64).await?;
    for ((at, _), length) in counted.iter().zip(&lengths) {
        details[*at].length = number(length);
    }
    Ok(details)
}

fn detail(answers: &[Value], counts_use: bool) -> Detail {
    let at = |place: usize| answers.get(place).unwrap_or(&Value::Nil);
    Detail {
        kind: text_of(at(0)).unwrap_or_default(),
        encoding: text_of(at(1)),
        expires: number(at(2)).is_some_and(|left| left >= 0.0),
        bytes: number(at(3)),
        idle_seconds: number(at(4)).filter(|_| !counts_use),
        frequency: number(at(4)).filter(|_| counts_use),
        length: None,
    }
}

fn length_command(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "list" => "LLEN",
        "hash" => "HLEN",
        "set" => "SCARD",
        "zset" => "ZCARD",
        "stream" => "XLEN",
        "string" => "STRLEN",
        _ => return None,
    })
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(number) => Some(*number as f64),
        _ => None,
    }
}

/// A name as text: what is no UTF-8 is written `\xNN`.
fn readable(name: &[u8]) -> String {
    let mut text = String::new();
    for chunk in name.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

fn collections(
    plan: &Plan,
    names: &[String],
    groups: &BTreeMap<String, Vec<usize>>,
    details: &BTreeMap<usize, Detail>,
    complete: bool,
) -> Vec<Collection> {
    let prefix = if plan.database == 0 { None } else { Some(format!("db{}", plan.database)) };
    let collection = |(pattern, members): (&String, &Vec<usize>)| {
        let seen: Vec<(&str, &Detail)> = members.iter().filter_map(|at| Some((names[*at].as_str(), details.get(at)?))).collect();
        let rows = rows(members.len(), names.len(), plan.keys, complete);
        let storage = Storage { table_bytes: bytes(&seen, &rows), rows: Some(rows), ..Storage::default() };
        let name = ObjectName { schema: prefix.clone(), name: pattern.clone() };
        Collection { name, kind: CollectionKind::KeyPattern, storage, records: Some(shape(&seen)), ..Collection::default() }
    };
    groups.iter().map(collection).collect()
}

/// Keys of a pattern: counted, or estimated from its share of the names with the 95 % interval of a binomial share (Wilson).
fn rows(members: usize, names: usize, keys: u64, complete: bool) -> Quantity {
    if complete {
        return Quantity::measured(members as f64, "SCAN of all keys");
    }
    let (n, share, z) = (names as f64, members as f64 / names as f64, 1.96_f64);
    let middle = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let keys = keys as f64;
    let source = format!("share of {names} names that SCAN gave");
    Quantity::between(((middle - half) * keys).max(members as f64).floor(), (share * keys).round(), ((middle + half) * keys).ceil(), source)
}

fn bytes(seen: &[(&str, &Detail)], rows: &Quantity) -> Option<Quantity> {
    let sizes: Vec<f64> = seen.iter().filter_map(|(_, detail)| detail.bytes).collect();
    if sizes.is_empty() {
        return None;
    }
    let mean = sizes.iter().sum::<f64>() / sizes.len() as f64;
    let variance = sizes.iter().map(|size| (size - mean).powi(2)).sum::<f64>() / sizes.len() as f64;
    let half = 1.96 * (variance / sizes.len() as f64).sqrt();
    let source = format!("MEMORY USAGE of {} keys", sizes.len());
    let (low, high) = (rows.low.unwrap_or(rows.value), rows.high.unwrap_or(rows.value));
    Some(Quantity::between(((mean - half).max(0.0) * low).floor(), (mean * rows.value).round(), ((mean + half) * high).ceil(), source))
}

fn shape(seen: &[(&str, &Detail)]) -> RecordShape {
    let mut shape = RecordShape { sampled: seen.len() as u64, ..RecordShape::default() };
    for (name, detail) in seen {
        *shape.types.entry(detail.kind.clone()).or_default() += 1;
        shape.examples.entry(detail.kind.clone()).or_insert_with(|| (*name).to_owned());
        if let Some(encoding) = &detail.encoding {
            *shape.encodings.entry(encoding.clone()).or_default() += 1;
        }
        shape.with_expiry += u64::from(detail.expires);
    }
    let column = |pick: &dyn Fn(&Detail) -> Option<f64>| spread(seen.iter().filter_map(|(_, detail)| pick(detail)).collect());
    shape.bytes = column(&|detail| detail.bytes);
    shape.elements = column(&|detail| detail.length.filter(|_| detail.kind != "string"));
    shape.value_bytes = column(&|detail| detail.length.filter(|_| detail.kind == "string"));
    shape.idle_seconds = column(&|detail| detail.idle_seconds);
    shape.frequency = column(&|detail| detail.frequency);
    shape.largest = most(seen, &|detail| detail.bytes);
    shape.hottest = most(seen, &|detail| detail.frequency);
    let lasts = |(_, detail): &&(&str, &Detail)| !detail.expires;
    shape.lasting = seen.iter().find(lasts).filter(|_| shape.with_expiry > 0).map(|(name, _)| (*name).to_owned());
    shape
}

/// The name with the largest value, the first of equals.
fn most(seen: &[(&str, &Detail)], pick: &dyn Fn(&Detail) -> Option<f64>) -> Option<String> {
    let mut best: Option<(f64, &str)> = None;
    for (name, detail) in seen {
        let Some(value) = pick(detail) else { continue };
        if best.is_none_or(|(most, _)| value > most) {
            best = Some((value, name));
        }
    }
    best.map(|(_, name)| name.to_owned())
}

/// Median, 99th percentile and largest.
fn spread(mut values: Vec<f64>) -> Option<[f64; 3]> {
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let at = |share: f64| values[((values.len() as f64 * share).ceil() as usize).saturating_sub(1).min(last)];
    Some([at(0.5), at(0.99), values[last]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_share_holds_the_share() {
        let found = rows(50, 1000, 1_000_000, false);
        assert_eq!(found.value, 50_000.0);
        assert!(found.low.unwrap() < 50_000.0 && found.low.unwrap() > 35_000.0);
        assert!(found.high.unwrap() > 50_000.0 && found.high.unwrap() < 70_000.0);
        assert_eq!(rows(50, 1000, 1000, true).low, None);
    }

    #[test]
    fn waiting_is_not_taken_for_work() {
        let mut cost = Cost(f64::MAX);
        assert_eq!(cost.of(Duration::from_millis(4), 400), Duration::from_millis(4));
        assert_eq!(cost.of(Duration::from_millis(2), 400), Duration::from_millis(2));
        assert_eq!(cost.of(Duration::from_millis(90), 200), Duration::from_millis(1));
    }

    #[test]
    fn every_pattern_is_looked_at() {
        let groups: BTreeMap<String, Vec<usize>> =
            [("a".to_owned(), vec![0]), ("b".to_owned(), (1..11).collect()), ("c".to_owned(), (11..10_011).collect())].into();
        let chosen = choose(&groups, 100);
        assert!(chosen.len() <= 100 && chosen.len() >= 98, "{}", chosen.len());
        assert!((0..11).all(|at| chosen.contains(&at)));
        assert!(chosen.iter().any(|at| *at > 9_000), "evenly over the order of SCAN");
        assert_eq!(choose(&groups, 3).len(), 3);
        assert!(choose(&BTreeMap::new(), 10).is_empty());
    }

    #[test]
    fn a_long_name_is_shortened_and_not_asked_for() {
        let name = Name::new(vec![b'k'; 5000]);
        assert_eq!((name.text.len(), name.bytes), (256, None));
        assert_eq!(Name::new(b"k:1".to_vec()).bytes.as_deref(), Some(&b"k:1"[..]));
    }

    #[test]
    fn binary_names_stay_apart() {
        assert_ne!(readable(b"a\xff"), readable(b"a\xfe"));
        assert_eq!(readable("k\u{fc}".as_bytes()), "k\u{fc}");
    }

    #[test]
    fn spread_of_one() {
        assert_eq!(spread(vec![3.0]), Some([3.0, 3.0, 3.0]));
        assert_eq!(spread(Vec::new()), None);
    }
}
