//! Percentiles and their confidence bounds by order statistics: no assumption about the shape of the distribution.
//! It never gives a bound that the number of samples does not carry.
//!
//! The number of samples below the true quantile q of probability p is binomial (n, p), so the u-th smallest sample is
//! at least q with probability P(Bin(n, p) ≤ u - 1). (Conover, Practical Nonparametric Statistics, 3rd ed., 3.2.)

/// Confidence of each bound by itself: one-sided 95 %.
pub const CONFIDENCE: f64 = 0.95;

/// The sample at a probability, by nearest rank: the smallest with at least that share of samples at or below it.
/// `sorted` is in ascending order; none when it is empty.
#[must_use]
pub fn percentile(sorted: &[f64], probability: f64) -> Option<f64> {
    let rank = (probability * sorted.len() as f64 - 1e-9).ceil().max(1.0) as usize;
    sorted.get(rank.min(sorted.len()).checked_sub(1)?).copied()
}

/// The value that the quantile of a probability does not exceed with [`CONFIDENCE`]; none with too few samples: for the
/// 95th percentile fewer than 59, since 0.95^59 < 0.05.
#[must_use]
pub fn upper_bound(sorted: &[f64], probability: f64) -> Option<f64> {
    let n = sorted.len();
    // P(Bin(n, p) ≤ u - 1) = P(more than n - u samples lie above): counted from the top, where the terms are large.
    let mut above = Tail::new(n, 1.0 - probability);
    let mut enough = None;
    for rank in (1..=n).rev() {
        let failure = above.cumulative(n - rank);
        if failure > 1.0 - CONFIDENCE {
            break;
        }
        enough = Some(rank);
    }
    enough.and_then(|rank| sorted.get(rank - 1)).copied()
}

/// The value that the quantile of a probability reaches with [`CONFIDENCE`]; none with too few samples.
#[must_use]
pub fn lower_bound(sorted: &[f64], probability: f64) -> Option<f64> {
    let n = sorted.len();
    let mut above = Tail::new(n, 1.0 - probability);
    // P(Bin(n, p) ≥ l) = P(at most n - l samples lie above).
    (1..=n).rev().find(|rank| above.cumulative(n - rank) >= CONFIDENCE).and_then(|rank| sorted.get(rank - 1)).copied()
}

/// Cumulative binomial probabilities, P(Bin(n, p) ≤ k), for growing k: summed in logarithms, so large n do no harm.
struct Tail {
    n: usize,
    odds: f64,
    next: usize,
    log_term: f64,
    sum: f64,
}

impl Tail {
    fn new(n: usize, p: f64) -> Self {
        Self { n, odds: (p / (1.0 - p)).ln(), next: 0, log_term: n as f64 * (1.0 - p).ln(), sum: 0.0 }
    }

    /// `k` must not be smaller than in the call before.
    fn cumulative(&mut self, k: usize) -> f64 {
        while self.next <= k && self.next <= self.n {
            self.sum += self.log_term.exp();
            let done = self.next as f64;
            self.log_term += ((self.n as f64 - done) / (done + 1.0)).ln() + self.odds;
            self.next += 1;
        }
        self.sum.min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// P(Bin(n, p) ≤ k) by exact rational arithmetic for p = 19/20 in u128-sized parts: sums of C(n, i) 19^i / 20^n in
    /// f64 with compensated terms would do, but for n ≤ 28 integers are exact.
    fn exact(n: u32, k: u32) -> f64 {
        let choose = |n: u32, k: u32| (0..k).fold(1_u128, |value, i| value * u128::from(n - i) / u128::from(i + 1));
        let sum: u128 = (0..=k).map(|i| choose(n, i) * 19_u128.pow(i)).sum();
        sum as f64 / 20_f64.powi(i32::try_from(n).unwrap())
    }

    fn ramp(n: usize) -> Vec<f64> {
        (1..=n).map(|value| value as f64).collect()
    }

    #[test]
    fn bounds_agree_with_exact_binomial_probabilities() {
        for n in 1..=28_u32 {
            let samples = ramp(n as usize);
            let lower = (1..=n).rev().find(|l| 1.0 - if *l == 0 { 0.0 } else { exact(n, l - 1) } >= CONFIDENCE).map(f64::from);
            assert_eq!(lower_bound(&samples, 0.95), lower, "n = {n}");
            assert_eq!(upper_bound(&samples, 0.95), None, "n = {n} carries no upper bound");
        }
        // The median of 28: bounds by the same formula with p = 1/2.
        let half =
            |k: u32| (0..=k).map(|i| (0..i).fold(1_f64, |v, j| v * f64::from(28 - j) / f64::from(j + 1))).sum::<f64>() / 2_f64.powi(28);
        let upper = (1..=28).find(|u| half(u - 1) >= CONFIDENCE).map(f64::from);
        assert_eq!(upper_bound(&ramp(28), 0.5), upper);
    }

    #[test]
    fn the_upper_bound_needs_59_samples() {
        assert_eq!(upper_bound(&ramp(58), 0.95), None);
        assert_eq!(upper_bound(&ramp(59), 0.95), Some(59.0));
        // n = 93 is the first at which the second largest suffices: 0.95^93 + 93·0.05·0.95^92 < 0.05.
        assert_eq!(upper_bound(&ramp(92), 0.95), Some(92.0));
        assert_eq!(upper_bound(&ramp(93), 0.95), Some(92.0));
    }

    #[test]
    fn many_samples_do_not_underflow() {
        let samples = ramp(200_000);
        let (low, high) = (lower_bound(&samples, 0.95).unwrap(), upper_bound(&samples, 0.95).unwrap());
        // Normal approximation: 190000 ± 1.645 · sqrt(n p q) = ± 160.3.
        assert!((low - (190_000.0 - 160.0)).abs() < 3.0 && (high - (190_000.0 + 161.0)).abs() < 3.0, "{low} {high}");
    }

    #[test]
    fn bounds_hold_as_often_as_they_say() {
        // A fixed linear congruential generator: uniform samples, whose 95th percentile is 0.95.
        let mut state = 42_u64;
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let mut covered = 0;
        for _ in 0..2000 {
            let mut samples: Vec<f64> = (0..200).map(|_| uniform()).collect();
            samples.sort_by(f64::total_cmp);
            covered += u32::from(upper_bound(&samples, 0.95).unwrap() >= 0.95);
        }
        assert!(covered >= 1880, "{covered} of 2000");
    }

    #[test]
    fn percentiles_are_samples() {
        assert_eq!(percentile(&[], 0.5), None);
        assert_eq!(percentile(&[7.0], 0.99), Some(7.0));
        assert_eq!(percentile(&ramp(100), 0.95), Some(95.0));
        assert_eq!(percentile(&ramp(10), 0.5), Some(5.0));
    }
}
