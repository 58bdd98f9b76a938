//! What the records of drills add up to. It never counts a record of another database.

use dbwright_model::Facts;
use dbwright_model::drill::DrillRecord;

/// Whether a record is about this database: by identity where both have one, else by what its subject names.
#[must_use]
pub fn concerns(record: &DrillRecord, facts: &Facts) -> bool {
    let target = &facts.target;
    if record.engine.is_some_and(|engine| engine != target.engine) {
        return false;
    }
    match (&record.identity, &target.identity) {
        (Some(drilled), Some(own)) => drilled == own,
        _ => {
            let name = target.identity.as_deref().unwrap_or(&target.name);
            record.subject.is_empty()
                || record.subject.contains(name)
                || (record.identity.is_some() && record.subject.contains(&target.name))
        }
    }
}

/// Records whose subject is this database, newest first.
pub fn of(facts: &Facts) -> impl Iterator<Item = &DrillRecord> {
    let mut records: Vec<&DrillRecord> = facts.backups.drills.iter().filter(|one| concerns(one, facts)).collect();
    records.sort_by_key(|record| std::cmp::Reverse(record.at));
    records.into_iter()
}

/// The newest record of one of these drills.
#[must_use]
pub fn latest<'a>(facts: &'a Facts, drills: &[&str]) -> Option<&'a DrillRecord> {
    of(facts).find(|record| drills.contains(&record.drill.as_str()))
}

/// How long recovery takes, as measured.
#[derive(Debug, Clone, PartialEq)]
pub struct RecoveryTime {
    /// Drills that it rests on.
    pub runs: usize,
    /// The longest, seconds.
    pub longest: f64,
    /// Upper end: what the next one will stay below with 95 %, seconds.
    pub high: f64,
    /// How the upper end was found.
    pub method: &'static str,
}

/// One machine repeats a run within a factor of two: the spread that stands in while there are too few runs to see one.
const SPREAD_OF_FEW: f64 = 2.0;

/// Student's t, one-sided 95 %, for 2 to 10 degrees of freedom; beyond that the last one is on the safe side.
const T_95: [f64; 9] = [2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812];

/// Time to recover over restores that passed within so many days; none when there is no such drill.
///
/// From three runs on the upper end is that of a prediction interval, mean + t · s · √(1 + 1/n); before, twice the longest.
#[must_use]
pub fn recovery_time(facts: &Facts, within_days: f64) -> Option<RecoveryTime> {
    let counts = |record: &&DrillRecord| {
        ["restore", "point-in-time"].contains(&record.drill.as_str())
            && record.passed
            && facts.taken_at.days_since(record.at) <= within_days
    };
    let seconds: Vec<f64> = of(facts).filter(counts).filter_map(|record| record.recovery_seconds).collect();
    let longest = seconds.iter().copied().reduce(f64::max)?;
    let runs = seconds.len();
    if runs < 3 {
        return Some(RecoveryTime {
            runs,
            longest,
            high: longest * SPREAD_OF_FEW,
            method: "twice the longest, as few runs show no spread",
        });
    }
    let count = runs as f64;
    let mean = seconds.iter().sum::<f64>() / count;
    let variance = seconds.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let t = T_95[(runs - 3).min(T_95.len() - 1)];
    let high = (mean + t * variance.sqrt() * (1.0 + 1.0 / count).sqrt()).max(longest);
    Some(RecoveryTime { runs, longest, high, method: "95 % prediction interval" })
}

/// Acknowledged writes over faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ledger {
    /// Writes acknowledged.
    pub acknowledged: u64,
    /// Those of them that were gone afterwards.
    pub lost: u64,
    /// Faults injected.
    pub faults: u64,
}

/// Sum over the newest record of each drill that counts acknowledged writes, within so many days; none without one.
#[must_use]
pub fn ledger(facts: &Facts, within_days: f64) -> Option<Ledger> {
    let mut ledger: Option<Ledger> = None;
    for drill in ["crash", "failover", "point-in-time", "restore"] {
        let newest = of(facts).find(|record| record.drill == drill && record.acknowledged.is_some());
        let Some(record) = newest.filter(|record| facts.taken_at.days_since(record.at) <= within_days) else { continue };
        let (acknowledged, lost) = record.acknowledged.unwrap_or_default();
        let sum = ledger.get_or_insert_default();
        sum.acknowledged += acknowledged;
        sum.lost += lost;
        sum.faults += record.faults;
    }
    ledger
}

#[cfg(test)]
mod tests {
    use dbwright_model::{Engine, Timestamp};

    use super::*;

    fn facts(drills: Vec<DrillRecord>) -> Facts {
        let mut facts = Facts::empty(Engine::Postgresql, "18.7", "shop", Timestamp::from_date("2026-11-24").unwrap());
        facts.backups.drills = drills;
        facts
    }

    fn restore(day: &str, seconds: f64) -> DrillRecord {
        let at = Timestamp::from_date(day).unwrap();
        DrillRecord {
            drill: "restore".into(),
            at,
            subject: "postgresql shop".into(),
            passed: true,
            recovery_seconds: Some(seconds),
            ..DrillRecord::default()
        }
    }

    #[test]
    fn the_upper_end_narrows_with_runs() {
        let two = recovery_time(&facts(vec![restore("2026-11-20", 40.0), restore("2026-11-21", 50.0)]), 30.0).unwrap();
        assert!((two.high - 100.0).abs() < 1e-9);
        let runs = vec![restore("2026-11-20", 40.0), restore("2026-11-21", 50.0), restore("2026-11-22", 45.0)];
        let three = recovery_time(&facts(runs), 30.0).unwrap();
        // mean 45, s 5, t 2.920 at two degrees of freedom: 45 + 2.920 * 5 * sqrt(4/3).
        assert!((three.high - 61.858).abs() < 0.001, "{}", three.high);
    }

    #[test]
    fn failed_old_and_foreign_drills_do_not_count() {
        let failed = DrillRecord { passed: false, ..restore("2026-11-20", 1.0) };
        let foreign = DrillRecord { subject: "postgresql wiki".into(), ..restore("2026-11-20", 1.0) };
        assert!(recovery_time(&facts(vec![failed, foreign, restore("2026-01-01", 1.0)]), 30.0).is_none());
    }

    #[test]
    fn the_newest_of_each_drill_counts_in_the_ledger() {
        let crash =
            |day: &str, lost| DrillRecord { drill: "crash".into(), acknowledged: Some((100, lost)), faults: 10, ..restore(day, 1.0) };
        let failover = DrillRecord { drill: "failover".into(), ..crash("2026-11-19", 1) };
        let ledger = ledger(&facts(vec![crash("2026-11-10", 7), crash("2026-11-20", 0), failover]), 30.0).unwrap();
        assert_eq!(ledger, Ledger { acknowledged: 200, lost: 1, faults: 20 });
    }
}
