//! How likely a dependency is meant, and not a coincidence of the rows that happen to be there.
//!
//! # The probability of a coincidence
//! Let X → A hold, and let b be a column of X. Without b there are groups G of rows that agree on X∖{b}; within each, b makes
//! smaller groups g, and A is constant in each of them. Were b without meaning for A, the values of A in G would be dealt to
//! its rows at random. With frequencies n_v in G of size n, a given group of s rows then gets one value only with probability
//!
//! q(s) = Σ_v n_v (n_v − 1) … (n_v − s + 1) / n (n − 1) … (n − s + 1),
//!
//! the chance that s draws without replacement are alike. Taking the groups as independent (dealing without replacement
//! links them, weakly as long as they are small beside G), b was of no use with probability P_b = Π_G Π_g q(|g|). The least
//! convincing column decides: P = max_b P_b. For a single column on the left, G is the whole table. Since C(w − 1, |X|) left
//! sides of that size were tried for A among w columns, the expected number of such coincidences is C(w − 1, |X|) · P (the
//! union bound); [`Ranked::accidental_probability`] is that, at most 1.
//!
//! Never calls anything a fault: a dependency that may be a coincidence is a question to somebody who knows the data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::attributes::AttributeSet;
use crate::evidence::{Redundancy, partition_of, redundancy};
use crate::fd::Fd;
use crate::limits::Cancel;
use crate::pool::Pool;
use crate::table::Table;

mod names;

use names::Names;

/// Above this probability of a coincidence a dependency is only a question.
const ACCIDENTAL: f64 = 0.05;
/// Below this one it is taken as meant: one in a million.
const MEANT: f64 = 1e-6;
/// Evidence, in bits, that counts as full.
const FULL_EVIDENCE_BITS: f64 = 40.0;

/// What a dependency probably is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Likelihood {
    /// The rows leave next to no room for chance.
    Meant,
    /// Chance is unlikely, but not ruled out.
    Possible,
    /// Chance would do: a question, not a finding.
    Accidental,
    /// The left side is unique in the rows, so it determines every column whatever they mean.
    FollowsFromKey,
    /// The left side is empty: the column has one value.
    Constant,
}

/// A dependency with what speaks for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    /// The dependency.
    pub fd: Fd,
    /// What it probably is.
    pub likelihood: Likelihood,
    /// From 0 to 1, for sorting: evidence, times a mean of 0.4 for having any, 0.25 for the share of rows that repeat, 0.2 for
    /// a short left side and 0.15 for names that belong together. The weights are chosen by judgement, not learned.
    pub score: f64,
    /// The expected number of such coincidences, at most 1; see the module.
    pub accidental_probability: f64,
    /// The share of rows in groups of two and more: the rows that could have contradicted.
    pub coverage: f64,
    /// Groups that the left side makes over rows, 1 for a key.
    pub key_ness: f64,
    /// Distinct values of the right side.
    pub distinct_right: usize,
    /// How far the names of the sides belong together, 0 to 1.
    pub name_similarity: f64,
    /// What is stored more often than needed because of it.
    pub redundancy: Redundancy,
}

/// How much may be spent on ranking.
#[derive(Clone, Debug)]
pub struct RankOptions {
    /// Left sides to read rows for, short ones first; the dependencies of the others are left out.
    pub max_left_sides: usize,
    /// Threads; 0 means one for each processor.
    pub threads: usize,
    /// Stops the ranking from outside.
    pub cancel: Cancel,
}

impl Default for RankOptions {
    fn default() -> Self {
        Self { max_left_sides: 2000, threads: 1, cancel: Cancel::never() }
    }
}

/// Dependencies with those most likely meant first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ranking {
    /// By likelihood, then score, then dependency.
    pub ranked: Vec<Ranked>,
    /// Dependencies left out because of the limit or because it was cancelled.
    pub left_out: usize,
}

/// Ranks dependencies that hold on the table.
pub fn rank(table: &Table, fds: &[Fd], options: &RankOptions) -> Ranking {
    let mut by_left: BTreeMap<(usize, AttributeSet), AttributeSet> = BTreeMap::new();
    let inside = |fd: &&Fd| (fd.right as usize) < table.width() && fd.left.is_subset(&table.attributes());
    for fd in fds.iter().filter(inside) {
        by_left.entry((fd.left.len(), fd.left)).or_default().insert(fd.right as usize);
    }
    let chosen: Vec<(AttributeSet, AttributeSet)> =
        by_left.into_iter().take(options.max_left_sides).map(|((_, left), right)| (left, right)).collect();
    let judge = Judge { table, names: Names::of(table), log_factorials: log_factorials(table.rows()) };
    let ranked = Pool::new(options.threads).map(
        &chosen,
        |(left, right)| {
            if options.cancel.is_set() { Vec::new() } else { judge.left_side(left, right) }
        },
    );
    let mut ranked: Vec<Ranked> = ranked.into_iter().flatten().collect();
    ranked.sort_by(|a, b| {
        let ties = || (a.fd.left.len(), a.fd.left, a.fd.right).cmp(&(b.fd.left.len(), b.fd.left, b.fd.right));
        a.likelihood.cmp(&b.likelihood).then(b.score.total_cmp(&a.score)).then_with(ties)
    });
    Ranking { left_out: fds.len() - ranked.len(), ranked }
}

/// ln n! for all n up to the number of rows.
fn log_factorials(rows: usize) -> Vec<f64> {
    let mut sum = 0.0;
    let steps = (1..=rows).map(|number| {
        sum += (number as f64).ln();
        sum
    });
    std::iter::once(0.0).chain(steps).collect()
}

struct Judge<'a> {
    table: &'a Table,
    names: Names,
    log_factorials: Vec<f64>,
}

impl Judge<'_> {
    fn left_side(&self, left: &AttributeSet, rights: &AttributeSet) -> Vec<Ranked> {
        let rows = self.table.rows().max(1) as f64;
        let partition = partition_of(self.table, left);
        let coverage = partition.len() as f64 / rows;
        let key_ness = (self.table.rows() - partition.len() + partition.cluster_count()) as f64 / rows;
        let one = |right: usize| {
            let redundancy =
                if coverage > 0.0 { redundancy(self.table, left, &AttributeSet::single(right)) } else { Redundancy::default() };
            let accidental_probability = if coverage > 0.0 { self.accidental_probability(left, right) } else { 1.0 };
            let name_similarity = self.names.similarity(left, right);
            let bits = (-accidental_probability.log2()).clamp(0.0, FULL_EVIDENCE_BITS) / FULL_EVIDENCE_BITS;
            let repeats = redundancy.repeating_rows as f64 / rows;
            let score = bits * (0.4 + 0.25 * repeats + 0.2 / left.len().max(1) as f64 + 0.15 * name_similarity);
            let likelihood = match accidental_probability {
                _ if left.is_empty() => Likelihood::Constant,
                _ if partition.cluster_count() == 0 => Likelihood::FollowsFromKey,
                probability if probability > ACCIDENTAL => Likelihood::Accidental,
                probability if probability > MEANT => Likelihood::Possible,
                _ => Likelihood::Meant,
            };
            let distinct_right = self.table.columns()[right].distinct();
            let fd = Fd { left: *left, right: right as u16 };
            Ranked { fd, likelihood, score, accidental_probability, coverage, key_ness, distinct_right, name_similarity, redundancy }
        };
        rights.iter().map(one).collect()
    }

    fn accidental_probability(&self, left: &AttributeSet, right: usize) -> f64 {
        let logs = left.iter().map(|column| self.log_probability(&left.without(column), column, right));
        let least_convincing = logs.fold(f64::NEG_INFINITY, f64::max).min(0.0);
        let tried = self.log_binomial(self.table.width().saturating_sub(1), left.len());
        (least_convincing + tried).exp().min(1.0)
    }

    /// ln of P_b: the column splits the groups of the others, and the right side is dealt at random within each.
    fn log_probability(&self, others: &AttributeSet, column: usize, right: usize) -> f64 {
        let (splits, values) = (self.table.columns()[column].codes(), self.table.columns()[right].codes());
        let mut sum = 0.0;
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        for group in partition_of(self.table, others).clusters() {
            let value = values[group[0] as usize];
            if group.iter().all(|row| values[*row as usize] == value) {
                continue;
            }
            pairs.clear();
            pairs.extend(group.iter().map(|row| (splits[*row as usize], values[*row as usize])));
            pairs.sort_unstable();
            let sizes = counts(pairs.chunk_by(|a, b| a.0 == b.0).map(<[_]>::len).filter(|size| *size > 1));
            pairs.sort_unstable_by_key(|pair| pair.1);
            let frequencies = counts(pairs.chunk_by(|a, b| a.1 == b.1).map(<[_]>::len));
            for (size, times) in sizes {
                sum += times as f64 * self.log_alike(size, group.len(), &frequencies);
            }
        }
        sum
    }

    /// ln q(s) in a group of n rows, with how many values have each frequency.
    fn log_alike(&self, size: usize, rows: usize, frequencies: &BTreeMap<usize, usize>) -> f64 {
        let falling = |number: usize| self.log_factorials[number] - self.log_factorials[number - size];
        let possible = || frequencies.range(size..).map(|(frequency, values)| falling(*frequency) + (*values as f64).ln());
        let largest = possible().fold(f64::NEG_INFINITY, f64::max);
        if largest == f64::NEG_INFINITY {
            return largest;
        }
        largest + possible().map(|term| (term - largest).exp()).sum::<f64>().ln() - falling(rows)
    }

    fn log_binomial(&self, of: usize, choose: usize) -> f64 {
        (0..choose.min(of)).map(|index| ((of - index) as f64 / (index + 1) as f64).ln()).sum()
    }
}

/// How often each number occurs.
fn counts(numbers: impl Iterator<Item = usize>) -> BTreeMap<usize, usize> {
    let mut counts = BTreeMap::new();
    for number in numbers {
        *counts.entry(number).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests;
