//! Chooses pairs of rows that probably agree in much: neighbours within clusters of rows that agree in something.
//!
//! Never random: the same table gives the same pairs.

use crate::agree::{AgreeSets, View};
use crate::attributes::Bits;
use crate::partition::Partition;

/// Pairs taken from one column's partition at most.
const PAIRS_PER_COLUMN: usize = 50_000;
/// Pairs compared between two looks at what they brought.
const BATCH: usize = 2048;
/// Sampling a column goes on while a batch brings at least so many new agree sets. What is missed is found by validation,
/// at the price of a cluster or two.
const WORTHWHILE: usize = 100;

/// Agree sets of sampled pairs.
#[derive(Debug, Default)]
pub(crate) struct Sample<const W: usize> {
    pub(crate) agree: AgreeSets<W>,
    pub(crate) pairs: u64,
}

/// Compares each row of a cluster with the next one; of large partitions only every n-th pair.
pub(crate) fn neighbours<const W: usize>(view: &View<'_>, partition: &Partition) -> Sample<W> {
    let pairs = partition.len() - partition.cluster_count();
    let step = pairs.div_ceil(PAIRS_PER_COLUMN).max(1);
    let all = partition.clusters().flat_map(|cluster| cluster.windows(2));
    let chosen: Vec<(u32, u32)> = all.step_by(step).map(|pair| (pair[0], pair[1])).collect();
    let mut sample = Sample::default();
    let mut sets: Vec<Bits<W>> = Vec::new();
    for batch in spread(&chosen) {
        sets.clear();
        view.compare(&batch, &mut sets);
        sample.pairs += batch.len() as u64;
        let fresh = sets.iter().filter(|set| sample.agree.insert(**set)).count();
        if fresh < WORTHWHILE {
            break;
        }
    }
    sample
}

/// Batches that each range over all pairs, so that the first already sees every part of the partition.
fn spread(pairs: &[(u32, u32)]) -> impl Iterator<Item = Vec<(u32, u32)>> + '_ {
    let batches = pairs.len().div_ceil(BATCH);
    (0..batches).map(move |first| pairs.iter().skip(first).step_by(batches).copied().collect())
}
