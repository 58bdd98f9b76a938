//! Agree sets: the columns in which two rows are equal. Each one refutes every dependency from them to a column outside.
//!
//! Never guesses: an agree set always comes from two real rows.

use crate::attributes::Bits;

/// Pairs of rows compared column by column at a time.
const BATCH: usize = 2048;

/// Columns of codes, in the order in which a search numbers them.
#[derive(Clone, Debug)]
pub(crate) struct View<'a> {
    pub(crate) columns: Vec<&'a [u32]>,
    pub(crate) cardinality: Vec<usize>,
    pub(crate) rows: usize,
}

impl View<'_> {
    /// Appends the agree set of each pair.
    pub(crate) fn compare<const W: usize>(&self, pairs: &[(u32, u32)], sets: &mut Vec<Bits<W>>) {
        for batch in pairs.chunks(BATCH) {
            let begin = sets.len();
            sets.resize(begin + batch.len(), Bits::EMPTY);
            let sets = &mut sets[begin..];
            for (index, codes) in self.columns.iter().enumerate() {
                for (set, (left, right)) in sets.iter_mut().zip(batch) {
                    let equal = u64::from(codes[*left as usize] == codes[*right as usize]);
                    set.or_word(index / 64, equal << (index % 64));
                }
            }
        }
    }

    /// The agree sets of one row with all later ones.
    pub(crate) fn compare_with_later<const W: usize>(&self, row: usize, sets: &mut Vec<Bits<W>>) {
        sets.clear();
        sets.resize(self.rows - row - 1, Bits::EMPTY);
        for (index, codes) in self.columns.iter().enumerate() {
            let own = codes[row];
            for (set, code) in sets.iter_mut().zip(&codes[row + 1..]) {
                set.or_word(index / 64, u64::from(own == *code) << (index % 64));
            }
        }
    }
}

/// Different agree sets in the order of their discovery.
#[derive(Debug, Default)]
pub(crate) struct AgreeSets<const W: usize> {
    list: Vec<Bits<W>>,
    /// Places in the list plus one, by hash; 0 is free.
    slots: Vec<u32>,
}

impl<const W: usize> AgreeSets<W> {
    pub(crate) fn as_slice(&self) -> &[Bits<W>] {
        &self.list
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// Adds a set; false if it is known.
    pub(crate) fn insert(&mut self, set: Bits<W>) -> bool {
        if self.list.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let mut place = self.home(&set);
        loop {
            match self.slots[place] {
                0 => break,
                index if self.list[index as usize - 1] == set => return false,
                _ => place = (place + 1) & (self.slots.len() - 1),
            }
        }
        self.list.push(set);
        self.slots[place] = self.list.len() as u32;
        true
    }

    fn home(&self, set: &Bits<W>) -> usize {
        set.mixed() as usize & (self.slots.len() - 1)
    }

    fn grow(&mut self) {
        self.slots = vec![0; (self.slots.len() * 2).max(64)];
        for index in 0..self.list.len() {
            let mut place = self.home(&self.list[index]);
            while self.slots[place] != 0 {
                place = (place + 1) & (self.slots.len() - 1);
            }
            self.slots[place] = index as u32 + 1;
        }
    }
}

/// What a left side has to explain: one column, or the difference of any two rows (which makes it unique).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    Column(u16),
    Row,
}

/// For one target the smallest sets of columns of which each left side must contain one: what two rows that differ in the
/// target differ in besides.
#[derive(Debug)]
pub(crate) struct Family<const W: usize> {
    pub(crate) target: Target,
    pub(crate) edges: Vec<Bits<W>>,
}

impl<const W: usize> Family<W> {
    pub(crate) fn new(target: Target) -> Self {
        Self { target, edges: Vec::new() }
    }

    /// Takes in what agree sets refute; true if that changes which left sides are possible.
    ///
    /// `sets` should come with the large ones first: then few edges are taken in and thrown out again.
    pub(crate) fn learn(&mut self, sets: &[Bits<W>], universe: &Bits<W>) -> bool {
        let mut changed = false;
        for set in sets {
            let edge = match self.target {
                Target::Column(column) if set.contains(column as usize) => continue,
                Target::Column(column) => universe.minus(set).without(column as usize),
                Target::Row => universe.minus(set),
            };
            if let Some(place) = self.edges.iter().position(|known| known.is_subset(&edge)) {
                // An edge that makes others superfluous will do so again: let it be found sooner.
                self.edges.swap(place, place / 2);
                continue;
            }
            self.edges.retain(|known| !edge.is_subset(known));
            self.edges.push(edge);
            changed = true;
        }
        changed
    }
}

/// Sorts agree sets so that the large ones come first.
pub(crate) fn largest_first<const W: usize>(sets: &mut [Bits<W>]) {
    sets.sort_unstable_by_key(|set| (std::cmp::Reverse(set.len()), *set));
}
