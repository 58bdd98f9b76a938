//! The interval of a median by order statistics: no assumption about the shape of the distribution. It never gives an
//! interval that the number of samples does not carry.

use super::Interval;

/// The median with its two-sided 95 % interval; none with fewer than six samples.
///
/// The number of samples below the true median is binomial (n, ½); the interval runs from the k-th smallest to the k-th
/// largest for the largest k with P(Bin(n, ½) ≤ k − 1) ≤ 0.025. (Conover, Practical Nonparametric Statistics, 3rd ed., 3.2.)
#[must_use]
pub fn of_median(samples: &[f64]) -> Option<Interval> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    let (mut term, mut sum, mut rank) = (0.5_f64.powi(i32::try_from(n).ok()?), 0.0, 0);
    for k in 0..n / 2 {
        sum += term;
        if sum > 0.025 {
            break;
        }
        rank = k + 1;
        term *= (n - k) as f64 / (k + 1) as f64;
    }
    let low = *sorted.get(rank.checked_sub(1)?)?;
    let high = *sorted.get(n - rank)?;
    Some(Interval { low, middle: median(&sorted)?, high })
}

/// The median of sorted samples: the mean of the two in the middle where their number is even.
#[must_use]
pub fn median(sorted: &[f64]) -> Option<f64> {
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = *sorted.get((sorted.len() - 1) / 2)?;
    Some(f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(n: u32) -> Vec<f64> {
        (1..=n).map(f64::from).collect()
    }

    #[test]
    fn six_samples_are_enclosed_by_their_ends() {
        assert_eq!(of_median(&ramp(5)), None);
        assert_eq!(of_median(&ramp(6)), Some(Interval { low: 1.0, middle: 3.5, high: 6.0 }));
        // Tables of the sign test (Conover, table A3): n = 15 gives the 4th, n = 20 the 6th.
        assert_eq!(of_median(&ramp(15)).map(|interval| (interval.low, interval.high)), Some((4.0, 12.0)));
        assert_eq!(of_median(&ramp(20)).map(|interval| (interval.low, interval.high)), Some((6.0, 15.0)));
    }

    #[test]
    fn it_holds_the_median_as_often_as_it_says() {
        let mut state = 7_u64;
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let mut held = 0;
        for _ in 0..2000 {
            let samples: Vec<f64> = (0..15).map(|_| uniform()).collect();
            let interval = of_median(&samples).unwrap();
            held += u32::from(interval.low <= 0.5 && 0.5 <= interval.high);
        }
        assert!(held >= 1900, "{held} of 2000");
    }
}
