//! When statements are due in an open loop. It never looks at a clock: the same rates give the same schedule.

use std::time::Duration;

/// Arrivals that are planned at most.
const MOST: usize = 200_000;

/// A statement that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Arrival {
    /// Time after the start.
    pub after: Duration,
    /// Index of the statement.
    pub statement: usize,
    /// Its how many-th execution, from 0.
    pub number: usize,
}

/// The arrivals of statements with these rates per second, in order: each evenly spaced, begun at a share of its own
/// interval so that they don't all fall together, until every one has `executions` or the time is over.
pub(super) fn arrivals(rates: &[(usize, f64)], executions: usize, total: Duration) -> Vec<Arrival> {
    let mut found = Vec::new();
    for (place, (statement, rate)) in rates.iter().enumerate() {
        let interval = 1.0 / rate.max(1e-9);
        let begin = interval * (place as f64 + 1.0) / (rates.len() as f64 + 1.0);
        for number in 0..executions.min(MOST / rates.len().max(1)) {
            let after = begin + interval * number as f64;
            if after > total.as_secs_f64() {
                break;
            }
            found.push(Arrival { after: Duration::from_secs_f64(after), statement: *statement, number });
        }
    }
    found.sort_by_key(|arrival| (arrival.after, arrival.statement));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_keep_their_rates_and_the_limit() {
        let found = arrivals(&[(0, 10.0), (3, 1.0)], 50, Duration::from_secs(4));
        assert_eq!(found.iter().filter(|arrival| arrival.statement == 0).count(), 40);
        assert_eq!(found.iter().filter(|arrival| arrival.statement == 3).count(), 4);
        assert!(found.windows(2).all(|pair| pair[0].after <= pair[1].after));
        assert_eq!(arrivals(&[(0, 1000.0)], 50, Duration::from_secs(4)).len(), 50);
    }
}
