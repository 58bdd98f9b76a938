//! Durations by size with a bounded relative error: 64 buckets an octave, so that a value is known within 0.8 %. Merging
//! two is exact. It never keeps single durations.

use dbwright_model::workload::Latency;

/// Bits of a value that tell its bucket within its octave.
const PRECISION: u32 = 6;
/// Buckets an octave.
const BUCKETS: u64 = 1 << PRECISION;

/// Counts of durations in µs. Room is taken for the span between the smallest and largest only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Number of the first bucket of `counts`.
    first: usize,
    counts: Vec<u64>,
    total: u64,
}

/// The bucket of a value.
#[inline]
fn bucket(value: u64) -> usize {
    if value < BUCKETS {
        return value as usize;
    }
    let shift = 63 - value.leading_zeros() - PRECISION;
    ((u64::from(shift) << PRECISION) + (value >> shift)) as usize
}

/// The smallest value of a bucket and the largest.
fn bounds(bucket: usize) -> (u64, u64) {
    let bucket = bucket as u64;
    if bucket < 2 * BUCKETS {
        return (bucket, bucket);
    }
    let shift = (bucket >> PRECISION) - 1;
    let low = (bucket - (shift << PRECISION)) << shift;
    (low, low + ((1 << shift) - 1))
}

impl Histogram {
    /// Counts a duration.
    #[inline]
    pub fn add(&mut self, value: u64) {
        let bucket = bucket(value);
        self.total += 1;
        match bucket.checked_sub(self.first).and_then(|at| self.counts.get_mut(at)) {
            Some(count) => *count += 1,
            None => self.add_outside(bucket, 1),
        }
    }

    #[cold]
    fn add_outside(&mut self, bucket: usize, count: u64) {
        if self.counts.is_empty() {
            self.first = bucket;
        }
        if bucket < self.first {
            let more = self.first - bucket;
            self.counts.splice(0..0, std::iter::repeat_n(0, more));
            self.first = bucket;
        }
        let at = bucket - self.first;
        if at >= self.counts.len() {
            self.counts.resize(at + 1, 0);
        }
        self.counts[at] += count;
    }

    /// Adds all that another one counted.
    pub fn merge(&mut self, other: &Self) {
        for (at, count) in other.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            self.total += count;
            let bucket = other.first + at;
            match bucket.checked_sub(self.first).and_then(|at| self.counts.get_mut(at)) {
                Some(own) => *own += count,
                None => self.add_outside(bucket, *count),
            }
        }
    }

    /// Durations counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The value at a rank, from 1: the middle of its bucket.
    #[must_use]
    pub fn at_rank(&self, rank: u64) -> u64 {
        let mut seen = 0;
        for (at, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank && *count > 0 {
                let (low, high) = bounds(self.first + at);
                return low + (high - low) / 2;
            }
        }
        0
    }

    /// The value below which a share of the durations lies (nearest rank).
    #[must_use]
    pub fn quantile(&self, share: f64) -> u64 {
        self.at_rank(((self.total as f64 * share).ceil() as u64).clamp(1, self.total.max(1)))
    }

    /// Counts by upper bound in µs, four buckets an octave: for charts.
    #[must_use]
    pub fn coarse(&self) -> Vec<(u64, u64)> {
        let mut coarse: Vec<(u64, u64)> = Vec::new();
        for (at, count) in self.counts.iter().enumerate() {
            let bucket = self.first + at;
            let bound = bounds(bucket | 15).1;
            match coarse.last_mut().filter(|(last, _)| *last == bound) {
                Some((_, sum)) => *sum += count,
                None => coarse.push((bound, *count)),
            }
        }
        coarse
    }

    /// Percentiles with their 95 % confidence interval by order statistics (normal approximation of the ranks); `None` when
    /// nothing was counted. `max_us` bounds what the middle of a bucket could overstate.
    #[must_use]
    pub fn latency(&self, max_us: u64, method: &str) -> Option<Latency> {
        if self.total == 0 {
            return None;
        }
        let ms = |value: u64| value.min(max_us) as f64 / 1000.0;
        let n = self.total as f64;
        let spread = 1.96 * (n * 0.95 * 0.05).sqrt();
        let low_rank = (n * 0.95 - spread).floor().max(1.0) as u64;
        let high_rank = (n * 0.95 + spread).ceil() as u64 + 1;
        Some(Latency {
            samples: self.total,
            p50_ms: ms(self.quantile(0.5)),
            p95_ms: ms(self.quantile(0.95)),
            p95_low_ms: Some(ms(self.at_rank(low_rank))),
            p95_high_ms: (self.total >= 59).then(|| ms(self.at_rank(high_rank.min(self.total)))),
            p99_ms: ms(self.quantile(0.99)),
            max_ms: max_us as f64 / 1000.0,
            method: method.to_owned(),
            buckets: self.coarse().into_iter().map(|(bound, count)| (bound as f64 / 1000.0, count)).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn buckets_follow_each_other_without_gap() {
        let mut next = 0;
        for number in 0..3000 {
            let (low, high) = bounds(number);
            assert_eq!(low, next, "bucket {number}");
            assert_eq!((bucket(low), bucket(high)), (number, number));
            next = high + 1;
        }
    }

    proptest! {
        #[test]
        fn a_rank_is_within_the_error(mut values in prop::collection::vec(0_u64..10_000_000_000, 1..300), share in 0.01_f64..1.0) {
            let mut histogram = Histogram::default();
            values.iter().for_each(|value| histogram.add(*value));
            values.sort_unstable();
            let rank = ((values.len() as f64 * share).ceil() as usize).clamp(1, values.len());
            let (truth, found) = (values[rank - 1] as f64, histogram.quantile(share) as f64);
            prop_assert!((truth - found).abs() <= truth / 128.0 + 0.5, "{truth} {found}");
        }

        #[test]
        fn merging_is_counting_together(a in prop::collection::vec(0_u64..1_000_000, 0..100), b in prop::collection::vec(0_u64..1_000_000_000, 0..100)) {
            let count = |values: &[u64]| { let mut h = Histogram::default(); values.iter().for_each(|value| h.add(*value)); h };
            let mut merged = count(&a);
            merged.merge(&count(&b));
            let together = count(&[a, b].concat());
            prop_assert_eq!(merged, together);
        }
    }
}
