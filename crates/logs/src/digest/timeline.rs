//! Load over time in slots that widen as the time covered grows. It never holds more slots than a chart can show.

use dbwright_model::profile::{Slot, Timeline, TimelineSlot, Week};
use dbwright_model::time::Timestamp;

use crate::clock::weekday_hour;

/// Widths of slots, seconds; each divides the next, so that slots merge exactly.
const WIDTHS: [u32; 10] = [1, 10, 60, 300, 900, 3600, 21_600, 86_400, 604_800, 2_419_200];
/// Slots of the whole.
const SLOTS: usize = 720;
/// Slots of a statement.
const STATEMENT_SLOTS: usize = 48;
/// Buckets of a slot's durations: eight an octave up to 2^37 µs.
const BUCKETS: usize = 288;

fn slot_of(at_us: i64, width: u32) -> i64 {
    at_us.div_euclid(i64::from(width) * 1_000_000)
}

fn beginning(slot: i64, width: u32) -> Timestamp {
    Timestamp(slot.saturating_mul(i64::from(width) * 1_000_000))
}

/// Calls of a statement over time.
#[derive(Debug, Clone, Default)]
pub struct Slots {
    level: usize,
    slots: Vec<(i64, u64, u64)>,
    last: usize,
}

impl Slots {
    /// Counts calls.
    #[inline]
    pub fn add(&mut self, at_us: i64, calls: u64, total_us: u64) {
        let slot = slot_of(at_us, WIDTHS[self.level]);
        match self.slots.get_mut(self.last).filter(|(own, _, _)| *own == slot) {
            Some((_, count, sum)) => {
                *count += calls;
                *sum += total_us;
            }
            None => self.add_elsewhere(slot, calls, total_us),
        }
    }

    fn add_elsewhere(&mut self, slot: i64, calls: u64, total_us: u64) {
        match self.slots.binary_search_by_key(&slot, |(own, _, _)| *own) {
            Ok(at) => {
                self.slots[at].1 += calls;
                self.slots[at].2 += total_us;
                self.last = at;
            }
            Err(at) => {
                self.slots.insert(at, (slot, calls, total_us));
                self.last = at;
                if self.slots.len() > STATEMENT_SLOTS && self.level + 1 < WIDTHS.len() {
                    self.widen();
                }
                // Beyond the widest level the oldest slots go: a year of a statement is not a chart any more.
                if self.slots.len() > 4 * STATEMENT_SLOTS {
                    self.slots.remove(0);
                    self.last = 0;
                }
            }
        }
    }

    fn widen(&mut self) {
        let ratio = i64::from(WIDTHS[self.level + 1] / WIDTHS[self.level]);
        self.level += 1;
        for (slot, calls, total) in std::mem::take(&mut self.slots) {
            let slot = slot.div_euclid(ratio);
            match self.slots.last_mut().filter(|(own, _, _)| *own == slot) {
                Some((_, count, sum)) => {
                    *count += calls;
                    *sum += total;
                }
                None => self.slots.push((slot, calls, total)),
            }
        }
        self.last = 0;
        if self.slots.len() > STATEMENT_SLOTS && self.level + 1 < WIDTHS.len() {
            self.widen();
        }
    }

    /// Adds another's.
    pub fn merge(&mut self, other: &Self) {
        while self.level < other.level {
            self.widen();
        }
        for (slot, calls, total) in &other.slots {
            // The beginning of a slot lies in the wider slot that holds it.
            self.add(beginning(*slot, WIDTHS[other.level]).0, *calls, *total);
        }
    }

    /// Width in seconds, and the slots.
    #[must_use]
    pub fn finish(&self) -> (u32, Vec<Slot>) {
        let width = WIDTHS[self.level];
        let slots = self.slots.iter().map(|(slot, calls, total)| Slot { at: beginning(*slot, width), calls: *calls, total_us: *total });
        (width, slots.collect())
    }
}

#[derive(Debug, Clone)]
struct Cell {
    slot: i64,
    calls: u64,
    writes: u64,
    total_us: u64,
    max_us: u64,
    errors: u64,
    connections: u64,
    durations: Box<[u32; BUCKETS]>,
}

impl Cell {
    fn new(slot: i64) -> Self {
        Self { slot, calls: 0, writes: 0, total_us: 0, max_us: 0, errors: 0, connections: 0, durations: Box::new([0; BUCKETS]) }
    }

    fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        self.writes += other.writes;
        self.total_us += other.total_us;
        self.max_us = self.max_us.max(other.max_us);
        self.errors += other.errors;
        self.connections += other.connections;
        for (own, its) in self.durations.iter_mut().zip(other.durations.iter()) {
            *own = own.saturating_add(*its);
        }
    }

    /// The 95th percentile of durations: the upper bound of its bucket.
    fn p95_us(&self) -> Option<u64> {
        let total: u64 = self.durations.iter().map(|count| u64::from(*count)).sum();
        let rank = (total * 95).div_ceil(100);
        let mut seen = 0;
        let bucket = self.durations.iter().position(|count| {
            seen += u64::from(*count);
            seen >= rank
        });
        bucket.filter(|_| total > 0).map(|bucket| upper(bucket).min(self.max_us))
    }
}

#[inline]
fn bucket(value: u64) -> usize {
    if value < 8 {
        return value as usize;
    }
    let shift = 60 - value.leading_zeros() as u64;
    (((shift << 3) + (value >> shift)) as usize).min(BUCKETS - 1)
}

fn upper(bucket: usize) -> u64 {
    if bucket < 16 {
        return bucket as u64;
    }
    let shift = (bucket as u64 >> 3) - 1;
    ((bucket as u64 - (shift << 3) + 1) << shift) - 1
}

/// Load over time.
#[derive(Debug, Clone, Default)]
pub struct Timelines {
    level: usize,
    cells: Vec<Cell>,
    last: usize,
}

impl Timelines {
    /// Counts a call that ended at a time.
    #[inline]
    pub fn call(&mut self, at_us: i64, duration_us: Option<u64>, writes: bool) {
        let cell = self.cell(at_us);
        cell.calls += 1;
        cell.writes += u64::from(writes);
        if let Some(duration) = duration_us {
            cell.add_duration(duration);
        }
    }

    /// Adds a duration that belongs to a call counted already.
    pub fn late(&mut self, at_us: i64, duration_us: u64) {
        self.cell(at_us).add_duration(duration_us);
    }

    /// Counts an error.
    pub fn error(&mut self, at_us: i64) {
        self.cell(at_us).errors += 1;
    }

    /// Counts a connection.
    pub fn connection(&mut self, at_us: i64) {
        self.cell(at_us).connections += 1;
    }

    #[inline]
    fn cell(&mut self, at_us: i64) -> &mut Cell {
        let slot = slot_of(at_us, WIDTHS[self.level]);
        if self.cells.get(self.last).is_none_or(|cell| cell.slot != slot) {
            self.seek(slot, at_us);
        }
        &mut self.cells[self.last]
    }

    fn seek(&mut self, slot: i64, at_us: i64) {
        match self.cells.binary_search_by_key(&slot, |cell| cell.slot) {
            Ok(at) => self.last = at,
            Err(at) if self.cells.len() < SLOTS => {
                self.cells.insert(at, Cell::new(slot));
                self.last = at;
            }
            Err(_) if self.level + 1 < WIDTHS.len() => {
                self.widen();
                self.seek(slot_of(at_us, WIDTHS[self.level]), at_us);
            }
            // At the widest level what lies outside is counted in the nearest slot.
            Err(at) => self.last = at.min(self.cells.len() - 1),
        }
    }

    fn widen(&mut self) {
        let ratio = i64::from(WIDTHS[self.level + 1] / WIDTHS[self.level]);
        self.level += 1;
        for mut cell in std::mem::take(&mut self.cells) {
            cell.slot = cell.slot.div_euclid(ratio);
            match self.cells.last_mut().filter(|last| last.slot == cell.slot) {
                Some(last) => last.merge(&cell),
                None => self.cells.push(cell),
            }
        }
        self.last = 0;
    }

    /// Adds another's.
    pub fn merge(&mut self, other: &Self) {
        while self.level < other.level {
            self.widen();
        }
        for cell in &other.cells {
            self.cell(beginning(cell.slot, WIDTHS[other.level]).0).merge(cell);
        }
    }

    /// The timeline as a value.
    #[must_use]
    pub fn finish(&self) -> Timeline {
        let width = WIDTHS[self.level];
        let slot = |cell: &Cell| TimelineSlot {
            at: beginning(cell.slot, width),
            calls: cell.calls,
            writes: cell.writes,
            total_us: cell.total_us,
            max_us: cell.max_us,
            p95_us: cell.p95_us(),
            errors: cell.errors,
            connections: cell.connections,
        };
        Timeline { slot_seconds: width, slots: self.cells.iter().map(slot).collect() }
    }
}

impl Cell {
    #[inline]
    fn add_duration(&mut self, duration_us: u64) {
        self.total_us += duration_us;
        self.max_us = self.max_us.max(duration_us);
        let count = &mut self.durations[bucket(duration_us)];
        *count = count.saturating_add(1);
    }
}

/// Load by hour of the week.
#[derive(Debug, Clone, Copy, Default)]
pub struct WeekCounts {
    week: Week,
}

impl WeekCounts {
    /// Counts a call.
    #[inline]
    pub fn add(&mut self, at_us: i64, duration_us: u64, writes: bool) {
        let (day, hour) = weekday_hour(at_us);
        let counts = if writes { &mut self.week.writes } else { &mut self.week.reads };
        counts[day][hour] += 1;
        self.week.total_us[day][hour] += duration_us;
    }

    /// Adds a duration that belongs to a call counted already.
    pub fn late(&mut self, at_us: i64, duration_us: u64) {
        let (day, hour) = weekday_hour(at_us);
        self.week.total_us[day][hour] += duration_us;
    }

    /// Adds another's.
    pub fn merge(&mut self, other: &Self) {
        let pairs = [
            (&mut self.week.reads, &other.week.reads),
            (&mut self.week.writes, &other.week.writes),
            (&mut self.week.total_us, &other.week.total_us),
        ];
        for (own, its) in pairs {
            for (own, its) in own.iter_mut().flatten().zip(its.iter().flatten()) {
                *own += its;
            }
        }
    }

    /// The week as a value.
    #[must_use]
    pub fn finish(&self) -> Week {
        self.week
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn buckets_follow_each_other() {
        for number in 0..200 {
            assert_eq!(bucket(upper(number)), number);
            assert_eq!(bucket(upper(number) + 1), number + 1);
        }
    }

    proptest! {
        #[test]
        fn merging_parts_is_counting_the_whole(times in prop::collection::vec(0_i64..40_000_000_000_000, 1..400), cut in 0_usize..400) {
            let count = |times: &[i64]| {
                let (mut whole, mut slots) = (Timelines::default(), Slots::default());
                for time in times {
                    whole.call(*time, Some(7), false);
                    slots.add(*time, 1, 7);
                }
                (whole, slots)
            };
            let cut = cut.min(times.len());
            let (mut whole, mut slots) = count(&times[..cut]);
            let (other, others) = count(&times[cut..]);
            whole.merge(&other);
            slots.merge(&others);
            let calls: u64 = whole.finish().slots.iter().map(|slot| slot.calls).sum();
            prop_assert_eq!(calls, times.len() as u64);
            prop_assert!(whole.finish().slots.len() <= SLOTS);
            prop_assert!(whole.finish().slots.is_sorted_by_key(|slot| slot.at));
            prop_assert_eq!(slots.finish().1.iter().map(|slot| slot.calls).sum::<u64>(), times.len() as u64);
        }
    }
}
