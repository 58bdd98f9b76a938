//! What the values of each column look like, in counts, from one scan a table. It never keeps a value but the most
//! common ones of columns with few, as a planner's statistics would.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

use dbwright_model::catalog::{Collection, CommonValue, FieldStatistics, TypeFamily, ValueProfile};
use rusqlite::types::ValueRef;

use super::reader::{Reader, damaged, interrupted, quoted};
use super::shapes;
use crate::options::ReadRows;

/// Distinct values of a column that are told apart in memory; above it SQLite counts them.
const DISTINCT_IN_MEMORY: usize = 200_000;
/// Columns with no more distinct values than this get their common values listed.
const FEW: usize = 200;
/// Common values listed at most.
const COMMON: usize = 20;
/// Longest value that is listed, bytes.
const LISTED_BYTES: usize = 64;

struct Watched {
    profile: ValueProfile,
    seen: HashMap<u64, u64>,
    overflown: bool,
    few: HashMap<String, u64>,
    many: bool,
}

/// Reads the profiles of all columns of a table.
///
/// # Errors
/// When the scan fails or runs out of time; profiles are then left out rather than half counted. Of a table with
/// generated columns that only the application can compute, the others are still there.
pub(super) fn read(reader: &Reader, collection: &mut Collection, rows: ReadRows) -> rusqlite::Result<()> {
    let limit = match rows {
        ReadRows::Never => return Ok(()),
        ReadRows::Sample(limit) => limit,
        ReadRows::All => u64::MAX,
    };
    let all: Vec<usize> = (0..collection.fields.len()).collect();
    let Err(error) = scan(reader, collection, &all, limit) else { return Ok(()) };
    let own: Vec<usize> = all.iter().copied().filter(|at| collection.fields[*at].generated.is_none()).collect();
    if own.len() < all.len() && !interrupted(&error) && !damaged(&error) {
        scan(reader, collection, &own, limit)?;
    }
    Err(error)
}

/// Reads the profiles of these columns.
fn scan(reader: &Reader, collection: &mut Collection, fields: &[usize], limit: u64) -> rusqlite::Result<()> {
    if fields.is_empty() {
        return Ok(());
    }
    let columns: Vec<String> = fields.iter().map(|at| quoted(&collection.fields[*at].name)).collect();
    let table = quoted(&collection.name.name);
    let hasher = RandomState::new();
    let mut watched: Vec<Watched> = columns.iter().map(|_| Watched::new()).collect();
    let (mut read, mut complete) = (0_u64, true);
    reader.each(&format!("SELECT {} FROM {table} NOT INDEXED", columns.join(", ")), [], |row| {
        if read >= limit {
            complete = false;
            return Ok(false);
        }
        read += 1;
        for (index, column) in watched.iter_mut().enumerate() {
            column.take(row.get_ref(index)?, &hasher);
        }
        Ok(true)
    })?;
    for (at, mut column) in fields.iter().zip(watched) {
        let field = &mut collection.fields[*at];
        column.profile.rows_read = read;
        column.profile.complete = complete;
        column.profile.distinct = Some(column.seen.len() as u64).filter(|_| !column.overflown);
        if column.overflown && complete {
            column.profile.distinct = reader.count(&format!("SELECT count(DISTINCT {}) FROM {table}", quoted(&field.name))).ok();
        }
        if complete && read > 0 {
            field.statistics = Some(column.statistics(field.statistics.take(), read));
        }
        field.values = Some(column.profile);
    }
    Ok(())
}

impl Watched {
    fn new() -> Self {
        Self { profile: ValueProfile::default(), seen: HashMap::new(), overflown: false, few: HashMap::new(), many: false }
    }

    fn take(&mut self, value: ValueRef<'_>, hasher: &RandomState) {
        let profile = &mut self.profile;
        let mut hash = hasher.build_hasher();
        let bytes = match value {
            ValueRef::Null => {
                profile.nulls += 1;
                return;
            }
            ValueRef::Integer(number) => {
                profile.integers += 1;
                profile.zero_or_one += u64::from(number == 0 || number == 1);
                let (low, high) = profile.integer_range.unwrap_or((number, number));
                profile.integer_range = Some((low.min(number), high.max(number)));
                hash.write_i64(number);
                integer_bytes(number)
            }
            ValueRef::Real(number) => {
                profile.floats += 1;
                // SQLite compares 1.0 equal to 1.
                if number.fract() == 0.0 && number.abs() < 9e15 {
                    hash.write_i64(number as i64)
                } else {
                    hash.write_u64(number.to_bits())
                }
                8
            }
            ValueRef::Text(text) => {
                profile.texts += 1;
                shape(profile, text);
                hash.write(text);
                hash.write_u8(0xfe);
                text.len() as u64
            }
            ValueRef::Blob(blob) => {
                profile.blobs += 1;
                hash.write(blob);
                hash.write_u8(0xfd);
                blob.len() as u64
            }
        };
        profile.longest_bytes = profile.longest_bytes.max(bytes);
        profile.total_bytes += bytes;
        self.count(value, hash.finish());
    }

    fn count(&mut self, value: ValueRef<'_>, hash: u64) {
        if !self.overflown {
            *self.seen.entry(hash).or_default() += 1;
            if self.seen.len() > DISTINCT_IN_MEMORY {
                self.overflown = true;
                self.seen = HashMap::new();
            }
        }
        if self.many {
            return;
        }
        if self.seen.len() > FEW || self.overflown {
            self.many = true;
            self.few = HashMap::new();
        } else if let Some(text) = listed(value) {
            *self.few.entry(text).or_default() += 1;
        }
    }

    fn statistics(&self, known: Option<FieldStatistics>, rows: u64) -> FieldStatistics {
        let present = rows - self.profile.nulls;
        let mut common: Vec<(&String, &u64)> = self.few.iter().collect();
        common.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        let share = |count: u64| count as f64 / rows as f64;
        FieldStatistics {
            null_share: Some(share(self.profile.nulls)),
            distinct: self.profile.distinct.map(|distinct| distinct as f64),
            mean_bytes: (present > 0).then(|| self.profile.total_bytes as f64 / present as f64),
            common: common
                .into_iter()
                .take(COMMON)
                .map(|(value, count)| CommonValue { value: value.clone(), share: share(*count) })
                .collect(),
            histogram: known.map(|known| known.histogram).unwrap_or_default(),
            correlation: None,
            source: "all rows read".to_owned(),
        }
    }
}

/// The value as text, when it is short enough to be listed.
fn listed(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(text) if text.len() <= LISTED_BYTES => std::str::from_utf8(text).ok().map(str::to_owned),
        _ => None,
    }
}

/// Bytes that SQLite stores for an integer (Database File Format, serial types).
fn integer_bytes(number: i64) -> u64 {
    match number {
        0 | 1 => 0,
        -128..=127 => 1,
        -32_768..=32_767 => 2,
        -8_388_608..=8_388_607 => 3,
        -2_147_483_648..=2_147_483_647 => 4,
        -140_737_488_355_328..=140_737_488_355_327 => 6,
        _ => 8,
    }
}

fn shape(profile: &mut ValueProfile, bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Some(first) = text.bytes().next() else { return };
    profile.number_like += u64::from((first.is_ascii_digit() || first == b'-') && shapes::number(text));
    profile.date_like += u64::from(first.is_ascii_digit() && shapes::date(text));
    profile.uuid_like += u64::from(shapes::uuid(text));
    profile.boolean_like += u64::from(text.len() <= 5 && shapes::boolean(text));
    profile.json_like += u64::from(shapes::json(text));
    profile.list_like += u64::from(shapes::list(text));
    profile.email_like += u64::from(shapes::email(text));
}

/// Values whose storage class contradicts the declared type; only tables that are not STRICT can hold them.
pub(super) fn misfits(family: TypeFamily, profile: &ValueProfile) -> u64 {
    match family {
        TypeFamily::Integer | TypeFamily::Decimal | TypeFamily::Float | TypeFamily::Money => profile.texts + profile.blobs,
        TypeFamily::Text => profile.blobs,
        TypeFamily::Boolean => profile.texts - profile.boolean_like.min(profile.texts) + profile.blobs,
        _ => 0,
    }
}
