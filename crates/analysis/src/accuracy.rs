//! How well each rule did on the planted faults and look-alikes of the project's cases: from a file that the case test keeps
//! true, never typed in by hand.

/// What the cases showed of one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accuracy {
    /// Faults planted for it.
    pub planted: u32,
    /// Faults that it found.
    pub found: u32,
    /// Findings that no fault explains.
    pub false_alarms: u32,
    /// Cases in which it was judged.
    pub cases: u32,
}

const TABLE: &str = include_str!("accuracy.tsv");

/// The figures of a rule; none where the cases plant nothing for it and it stayed silent.
#[must_use]
pub fn of(rule: &str) -> Option<Accuracy> {
    TABLE.lines().find_map(|line| {
        let mut cells = line.split('\t');
        if cells.next() != Some(rule) {
            return None;
        }
        let mut number = || cells.next()?.parse().ok();
        Some(Accuracy { planted: number()?, found: number()?, false_alarms: number()?, cases: number()? })
    })
}
