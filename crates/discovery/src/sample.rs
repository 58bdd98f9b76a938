//! Chooses pairs of rows that probably agree in much: neighbours within clusters of rows that agree in something.
//!
//! Never random: the same table gives the same pairs.

use crate::agree::{AgreeSets, View};
use crate::attributes::Bits;
use crate::partition::Partition;

/// Pairs taken from one column's partition.
const PAIRS_PER_COLUMN: usize = 50_000;

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
    let mut sample = Sample { pairs: chosen.len() as u64, ..Sample::default() };
    let mut sets: Vec<Bits<W>> = Vec::new();
    for batch in chosen.chunks(4096) {
        sets.clear();
        view.compare(batch, &mut sets);
        for set in &sets {
            sample.agree.insert(*set);
        }
    }
    sample
}
