//! Stripped partitions (position list indexes): the rows that agree on some columns, in clusters of two and more.
//!
//! Never keeps a row that agrees with no other: as columns are added, partitions only shrink.

/// Marks a code that occurs once in a cluster.
const ALONE: u32 = u32::MAX;

/// Clusters of rows that agree.
#[derive(Clone, Debug, Default)]
pub(crate) struct Partition {
    rows: Vec<u32>,
    /// Where each cluster ends.
    ends: Vec<u32>,
}

/// Room to count codes, reused by every refinement.
#[derive(Debug)]
pub(crate) struct Scratch {
    /// A number per code, 0 between two uses.
    pub(crate) slots: Vec<u32>,
    pub(crate) touched: Vec<u32>,
}

impl Scratch {
    /// Room for columns of at most so many codes.
    pub(crate) fn new(cardinality: usize) -> Self {
        Self { slots: vec![0; cardinality], touched: Vec::new() }
    }
}

impl Partition {
    /// All rows in one cluster: what agrees on no columns.
    pub(crate) fn whole(rows: usize) -> Self {
        if rows < 2 {
            return Self::default();
        }
        Self { rows: (0..rows as u32).collect(), ends: vec![rows as u32] }
    }

    /// The partition of one column.
    pub(crate) fn of_column(codes: &[u32], cardinality: usize) -> Self {
        let mut places = vec![0u32; cardinality];
        for code in codes {
            places[*code as usize] += 1;
        }
        let mut next = 0;
        let mut ends = Vec::new();
        for place in &mut places {
            let count = *place;
            *place = if count < 2 { ALONE } else { next };
            if count >= 2 {
                next += count;
                ends.push(next);
            }
        }
        let mut rows = vec![0; next as usize];
        for (row, code) in codes.iter().enumerate() {
            let place = &mut places[*code as usize];
            if *place != ALONE {
                rows[*place as usize] = row as u32;
                *place += 1;
            }
        }
        Self { rows, ends }
    }

    /// Rows that agree with another.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The number of clusters.
    pub(crate) fn cluster_count(&self) -> usize {
        self.ends.len()
    }

    /// One cluster; its rows ascend.
    #[inline]
    pub(crate) fn cluster(&self, index: usize) -> &[u32] {
        let begin = if index == 0 { 0 } else { self.ends[index - 1] as usize };
        &self.rows[begin..self.ends[index] as usize]
    }

    /// The clusters.
    pub(crate) fn clusters(&self) -> impl Iterator<Item = &[u32]> {
        (0..self.ends.len()).map(|index| self.cluster(index))
    }

    pub(crate) fn clear(&mut self) {
        self.rows.clear();
        self.ends.clear();
    }

    /// Writes the refinement of this partition by a column to `to`.
    pub(crate) fn refine(&self, codes: &[u32], scratch: &mut Scratch, to: &mut Self) {
        to.clear();
        for cluster in self.clusters() {
            to.append_refined(cluster, codes, scratch);
        }
    }

    /// Appends the clusters that a column makes of the rows of one cluster.
    pub(crate) fn append_refined(&mut self, cluster: &[u32], codes: &[u32], scratch: &mut Scratch) {
        if let [first, second] = cluster {
            if codes[*first as usize] == codes[*second as usize] {
                self.rows.extend_from_slice(cluster);
                self.ends.push(self.rows.len() as u32);
            }
            return;
        }
        let Scratch { slots, touched } = scratch;
        touched.clear();
        for row in cluster {
            let code = codes[*row as usize];
            let slot = &mut slots[code as usize];
            if *slot == 0 {
                touched.push(code);
            }
            *slot += 1;
        }
        let mut next = self.rows.len() as u32;
        for code in touched.iter() {
            let slot = &mut slots[*code as usize];
            let count = std::mem::replace(slot, if *slot < 2 { ALONE } else { next });
            if count >= 2 {
                next += count;
                self.ends.push(next);
            }
        }
        self.rows.resize(next as usize, 0);
        for row in cluster {
            let slot = &mut slots[codes[*row as usize] as usize];
            if *slot != ALONE {
                self.rows[*slot as usize] = *row;
                *slot += 1;
            }
        }
        for code in touched.iter() {
            slots[*code as usize] = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    fn expected(columns: &[&[u32]]) -> BTreeSet<Vec<u32>> {
        let mut groups: BTreeMap<Vec<u32>, Vec<u32>> = BTreeMap::new();
        for row in 0..columns[0].len() {
            groups.entry(columns.iter().map(|codes| codes[row]).collect()).or_default().push(row as u32);
        }
        groups.into_values().filter(|rows| rows.len() > 1).collect()
    }

    fn list(partition: &Partition) -> BTreeSet<Vec<u32>> {
        partition.clusters().map(<[u32]>::to_vec).collect()
    }

    proptest! {
        #[test]
        fn clusters_are_the_rows_that_agree(pairs in prop::collection::vec((0u32..9, 0u32..5), 0..60)) {
            let (first, second): (Vec<u32>, Vec<u32>) = pairs.into_iter().unzip();
            let partition = Partition::of_column(&first, 9);
            prop_assert_eq!(list(&partition), expected(&[&first]));
            let mut refined = Partition::default();
            partition.refine(&second, &mut Scratch::new(5), &mut refined);
            prop_assert_eq!(list(&refined), expected(&[&first, &second]));
            prop_assert_eq!(refined.len(), list(&refined).iter().map(Vec::len).sum::<usize>());
            let mut from_all = Partition::default();
            Partition::whole(first.len()).refine(&first, &mut Scratch::new(9), &mut from_all);
            prop_assert_eq!(list(&from_all), expected(&[&first]));
        }
    }
}
