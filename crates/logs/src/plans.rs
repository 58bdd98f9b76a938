//! Plans that logs have: grouped by what they do, the slowest of each kept as text. They are read into trees once, at the end;
//! it never runs anything.

use dbwright_model::plan::Plan;
use dbwright_model::profile::PlanGroup;
use dbwright_model::time::Timestamp;
use memchr::{memchr_iter, memmem};
use xxhash_rust::xxh3::xxh3_64_with_seed;

pub mod text;

/// Plans told apart for a statement.
const MOST: usize = 5;
/// Bytes kept of a plan; a longer one is counted and not kept.
const LONGEST: usize = 24 << 10;

/// Makes a tree of a plan in the JSON of EXPLAIN.
pub type Reader = fn(&serde_json::Value) -> Option<Plan>;

#[derive(Debug, Clone)]
struct Group {
    shape: u64,
    calls: u64,
    total_us: u64,
    max_us: u64,
    span: Option<(i64, i64)>,
    slowest: Box<[u8]>,
    json: bool,
}

/// The plans of one statement.
#[derive(Debug, Clone, Default)]
pub struct Plans {
    groups: Vec<Group>,
}

impl Plans {
    /// Counts a plan.
    pub fn add(&mut self, plan: &[u8], json: bool, at: Option<i64>, duration_us: u64) {
        let shape = shape(plan, json);
        let kept = if plan.len() <= LONGEST { plan } else { b"" };
        let span = at.map(|at| (at, at));
        self.take(Group { shape, calls: 1, total_us: duration_us, max_us: duration_us, span, slowest: kept.into(), json });
    }

    fn take(&mut self, other: Group) {
        let room = self.groups.len() < MOST;
        match self.groups.iter_mut().find(|group| group.shape == other.shape) {
            Some(own) => own.merge(other),
            None if room => self.groups.push(other),
            None => {}
        }
    }

    /// Adds another's.
    pub fn merge(&mut self, other: Self) {
        other.groups.into_iter().for_each(|group| self.take(group));
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The plans as trees, most frequent first.
    #[must_use]
    pub fn finish(&self, reader: Reader) -> Vec<PlanGroup> {
        let mut all: Vec<PlanGroup> = self.groups.iter().filter_map(|group| group.finish(reader)).collect();
        all.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| a.shape.cmp(&b.shape)));
        all
    }
}

impl Group {
    fn merge(&mut self, other: Self) {
        self.calls += other.calls;
        self.total_us += other.total_us;
        self.span = match (self.span, other.span) {
            (Some(own), Some(its)) => Some((own.0.min(its.0), own.1.max(its.1))),
            (own, its) => own.or(its),
        };
        if (other.max_us, &other.slowest) > (self.max_us, &self.slowest) {
            self.max_us = other.max_us;
            self.slowest = other.slowest;
            self.json = other.json;
        }
    }

    fn finish(&self, reader: Reader) -> Option<PlanGroup> {
        let source = String::from_utf8_lossy(&self.slowest);
        let json = if self.json { serde_json::from_str(&source).ok()? } else { text::to_json(&source.replace("\n\t", "\n"))? };
        let mut plan = reader(&json)?;
        if plan.execution_ms.is_none() && plan.executed {
            plan.execution_ms = Some(self.max_us as f64 / 1000.0);
        }
        Some(PlanGroup {
            shape: format!("{:016x}", self.shape),
            calls: self.calls,
            total_us: self.total_us,
            max_us: self.max_us,
            first: self.span.map(|(first, _)| Timestamp(first)),
            last: self.span.map(|(_, last)| Timestamp(last)),
            plan,
        })
    }
}

/// A number that is equal for plans of equal nodes, tables and indexes, whatever the costs, rows and conditions.
fn shape(plan: &[u8], json: bool) -> u64 {
    let mut hash = 0;
    let mut from = 0;
    for end in memchr_iter(b'\n', plan).chain([plan.len()]) {
        let line = &plan[from.min(end)..end];
        from = end + 1;
        let part = if json { json_part(line) } else { memmem::find(line, b"  (cost=").map(|at| line[..at].trim_ascii()) };
        if let Some(part) = part {
            hash = xxh3_64_with_seed(part, hash);
        }
    }
    hash
}

/// The value of a member that names what a node does, of JSON with one member a line.
fn json_part(line: &[u8]) -> Option<&[u8]> {
    let line = line.trim_ascii();
    let told = ["\"Node Type\":", "\"Relation Name\":", "\"Index Name\":", "\"Join Type\":", "\"Plans\":"];
    told.iter().any(|name| line.starts_with(name.as_bytes())).then_some(line)
}
