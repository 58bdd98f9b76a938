//! Sets of columns as bits: the left sides of dependencies, agree sets, keys.
//!
//! Never allocates: a set is a few machine words, copied like a number.

use std::cmp::Ordering;
use std::fmt;
use std::ops::{BitAnd, BitOr, Not};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most columns that a table may have here; PostgreSQL allows 1,600, and nobody has yet needed half of these.
pub const MAX_COLUMNS: usize = 512;

/// A set of columns 0 to [`MAX_COLUMNS`] − 1 of one table.
pub type AttributeSet = Bits<8>;

/// A set of small numbers in `W` words of 64 bits. Narrow tables are searched with one word, wide ones with eight.
///
/// The order is that of the ascending lists of members, so {0, 5} < {1, 2}; it has nothing to do with inclusion.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bits<const W: usize>([u64; W]);

impl<const W: usize> Bits<W> {
    /// The set without members.
    pub const EMPTY: Self = Self([0; W]);
    /// How many numbers fit: the largest member is one less.
    pub const CAPACITY: usize = W * 64;

    /// The set of the numbers below `count`; `count` beyond the capacity fills the set.
    pub fn below(count: usize) -> Self {
        let mut set = Self::EMPTY;
        for (index, word) in set.0.iter_mut().enumerate() {
            *word = match count.saturating_sub(index * 64) {
                0 => 0,
                1..64 => (1 << (count - index * 64)) - 1,
                _ => u64::MAX,
            };
        }
        set
    }

    /// The set of one number. Numbers beyond the capacity give the empty set.
    pub fn single(member: usize) -> Self {
        Self::EMPTY.with(member)
    }

    /// Adds a member; numbers beyond the capacity are left out.
    pub fn insert(&mut self, member: usize) {
        if let Some(word) = self.0.get_mut(member / 64) {
            *word |= 1 << (member % 64);
        }
    }

    /// Takes a member out.
    pub fn remove(&mut self, member: usize) {
        if let Some(word) = self.0.get_mut(member / 64) {
            *word &= !(1 << (member % 64));
        }
    }

    /// This set and one member more.
    pub fn with(mut self, member: usize) -> Self {
        self.insert(member);
        self
    }

    /// This set without a member.
    pub fn without(mut self, member: usize) -> Self {
        self.remove(member);
        self
    }

    /// Whether the number is a member.
    #[inline]
    pub fn contains(&self, member: usize) -> bool {
        self.0.get(member / 64).is_some_and(|word| word >> (member % 64) & 1 == 1)
    }

    /// The members of this set that are not in the other.
    #[inline]
    pub fn minus(mut self, other: &Self) -> Self {
        for index in 0..W {
            self.0[index] &= !other.0[index];
        }
        self
    }

    /// Whether every member is also in the other set; equal sets are subsets of each other.
    #[inline]
    pub fn is_subset(&self, other: &Self) -> bool {
        (0..W).all(|index| self.0[index] & !other.0[index] == 0)
    }

    /// Whether the sets share a member.
    #[inline]
    pub fn intersects(&self, other: &Self) -> bool {
        (0..W).any(|index| self.0[index] & other.0[index] != 0)
    }

    /// Whether there are no members.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// The number of members.
    #[inline]
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The smallest member.
    pub fn first(&self) -> Option<usize> {
        self.iter().next()
    }

    /// The members in ascending order.
    pub fn iter(&self) -> Members<W> {
        Members { words: self.0, at: 0 }
    }

    /// The same members in words of another number; what does not fit is dropped.
    pub fn resized<const V: usize>(&self) -> Bits<V> {
        let mut words = [0; V];
        for (to, from) in words.iter_mut().zip(self.0) {
            *to = from;
        }
        Bits(words)
    }

    /// A well mixed hash, for the sets that are kept in open tables.
    pub(crate) fn mixed(&self) -> u64 {
        self.0.iter().fold(0x9e37_79b9_7f4a_7c15, |hash: u64, word| {
            let product = u128::from(hash ^ word) * 0xe703_7ed1_a0b4_28db;
            (product >> 64) as u64 ^ product as u64 ^ hash.rotate_left(23)
        })
    }

    /// Sets members of the low word at once; for inner loops that build a set column by column.
    #[inline]
    pub(crate) fn or_word(&mut self, index: usize, bits: u64) {
        self.0[index] |= bits;
    }
}

/// The members of a set in ascending order.
#[derive(Clone, Debug)]
pub struct Members<const W: usize> {
    words: [u64; W],
    at: usize,
}

impl<const W: usize> Iterator for Members<W> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.at < W {
            let word = self.words[self.at];
            if word != 0 {
                self.words[self.at] = word & (word - 1);
                return Some(self.at * 64 + word.trailing_zeros() as usize);
            }
            self.at += 1;
        }
        None
    }
}

impl<const W: usize> IntoIterator for &Bits<W> {
    type Item = usize;
    type IntoIter = Members<W>;

    fn into_iter(self) -> Members<W> {
        self.iter()
    }
}

impl<const W: usize> FromIterator<usize> for Bits<W> {
    fn from_iter<I: IntoIterator<Item = usize>>(members: I) -> Self {
        members.into_iter().fold(Self::EMPTY, Self::with)
    }
}

impl<const W: usize> Default for Bits<W> {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl<const W: usize> BitAnd for Bits<W> {
    type Output = Self;

    #[inline]
    fn bitand(mut self, other: Self) -> Self {
        for index in 0..W {
            self.0[index] &= other.0[index];
        }
        self
    }
}

impl<const W: usize> BitOr for Bits<W> {
    type Output = Self;

    #[inline]
    fn bitor(mut self, other: Self) -> Self {
        for index in 0..W {
            self.0[index] |= other.0[index];
        }
        self
    }
}

impl<const W: usize> Not for Bits<W> {
    type Output = Self;

    fn not(mut self) -> Self {
        for word in &mut self.0 {
            *word = !*word;
        }
        self
    }
}

impl<const W: usize> Ord for Bits<W> {
    fn cmp(&self, other: &Self) -> Ordering {
        for index in 0..W {
            let differ = self.0[index] ^ other.0[index];
            if differ == 0 {
                continue;
            }
            let lowest = differ & differ.wrapping_neg();
            // The set without the lowest differing member goes on with a larger one, or ends and is the shorter list.
            let (holder, rest) = if self.0[index] & lowest != 0 { (Ordering::Less, other) } else { (Ordering::Greater, self) };
            let goes_on = rest.0[index] & !(lowest | (lowest - 1)) != 0 || rest.0[index + 1..].iter().any(|word| *word != 0);
            return if goes_on { holder } else { holder.reverse() };
        }
        Ordering::Equal
    }
}

impl<const W: usize> PartialOrd for Bits<W> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<const W: usize> fmt::Debug for Bits<W> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.iter()).finish()
    }
}

impl<const W: usize> Serialize for Bits<W> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de, const W: usize> Deserialize<'de> for Bits<W> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = Vec::<usize>::deserialize(deserializer)?;
        match members.iter().find(|member| **member >= Self::CAPACITY) {
            Some(member) => Err(serde::de::Error::custom(format!("column {member} is beyond the limit of {}", Self::CAPACITY))),
            None => Ok(members.into_iter().collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    type Wide = Bits<2>;

    proptest! {
        #[test]
        fn behaves_like_a_set(left in prop::collection::btree_set(0usize..128, 0..12), right in prop::collection::btree_set(0usize..128, 0..12)) {
            let (a, b): (Wide, Wide) = (left.iter().copied().collect(), right.iter().copied().collect());
            let list = |set: Wide| set.iter().collect::<BTreeSet<_>>();
            prop_assert_eq!(list(a & b), &left & &right);
            prop_assert_eq!(list(a | b), &left | &right);
            prop_assert_eq!(list(a.minus(&b)), &left - &right);
            prop_assert_eq!(a.is_subset(&b), left.is_subset(&right));
            prop_assert_eq!(a.intersects(&b), !left.is_disjoint(&right));
            prop_assert_eq!(a.len(), left.len());
            let (lists, others): (Vec<_>, Vec<_>) = (left.into_iter().collect(), right.into_iter().collect());
            prop_assert_eq!(a.cmp(&b), lists.cmp(&others));
        }
    }

    #[test]
    fn the_set_below_a_number_ends_at_it() {
        assert_eq!(Wide::below(0), Wide::EMPTY);
        for count in [1, 63, 64, 65, 127, 128] {
            assert_eq!(Wide::below(count).iter().collect::<Vec<_>>(), (0..count).collect::<Vec<_>>());
        }
    }

    #[test]
    fn sets_travel_as_lists_of_columns() {
        let set: AttributeSet = [3, 511].into_iter().collect();
        let text = serde_json::to_string(&set).unwrap();
        assert_eq!(text, "[3,511]");
        assert_eq!(serde_json::from_str::<AttributeSet>(&text).unwrap(), set);
        assert!(serde_json::from_str::<AttributeSet>("[512]").is_err());
    }
}
