//! Small sets of a statement's candidates. It never knows what the members are.

/// Most members that a set can have: the candidates that one statement could use.
pub const MOST_MEMBERS: usize = 256;
const WORDS: usize = MOST_MEMBERS / 64;

/// A set of numbers below [`MOST_MEMBERS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Mask([u64; WORDS]);

impl Mask {
    /// The set without members.
    pub const EMPTY: Self = Self([0; WORDS]);

    /// With this member too.
    #[must_use]
    pub fn with(mut self, member: usize) -> Self {
        self.insert(member);
        self
    }

    /// Without this member.
    #[must_use]
    pub fn without(mut self, member: usize) -> Self {
        self.0[member / 64] &= !(1 << (member % 64));
        self
    }

    /// Adds a member.
    pub fn insert(&mut self, member: usize) {
        self.0[member / 64] |= 1 << (member % 64);
    }

    /// Whether it is a member.
    #[must_use]
    pub fn has(&self, member: usize) -> bool {
        self.0[member / 64] >> (member % 64) & 1 == 1
    }

    /// Whether it has no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0 == [0; WORDS]
    }

    /// How many members it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether all its members are in the other.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(mine, theirs)| mine & !theirs == 0)
    }

    /// The members that both have.
    #[must_use]
    pub fn common(mut self, other: &Self) -> Self {
        self.0.iter_mut().zip(&other.0).for_each(|(mine, theirs)| *mine &= theirs);
        self
    }

    /// The members that either has.
    #[must_use]
    pub fn joined(mut self, other: &Self) -> Self {
        self.0.iter_mut().zip(&other.0).for_each(|(mine, theirs)| *mine |= theirs);
        self
    }

    /// Its members that the other lacks.
    #[must_use]
    pub fn minus(mut self, other: &Self) -> Self {
        self.0.iter_mut().zip(&other.0).for_each(|(mine, theirs)| *mine &= !theirs);
        self
    }

    /// Its members, in order.
    pub fn members(self) -> impl Iterator<Item = usize> {
        (0..WORDS).flat_map(move |word| {
            let mut bits = self.0[word];
            std::iter::from_fn(move || {
                let bit = bits.trailing_zeros() as usize;
                (bit < 64).then(|| {
                    bits &= bits - 1;
                    word * 64 + bit
                })
            })
        })
    }
}

impl FromIterator<usize> for Mask {
    fn from_iter<I: IntoIterator<Item = usize>>(members: I) -> Self {
        members.into_iter().fold(Self::EMPTY, Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_numbers() {
        let set: Mask = [3, 70, 255].into_iter().collect();
        assert_eq!(set.members().collect::<Vec<_>>(), [3, 70, 255]);
        assert!(set.has(70) && !set.has(71) && set.len() == 3);
        assert!(Mask::EMPTY.is_within(&set) && !set.is_within(&Mask::EMPTY));
        assert_eq!(set.minus(&set.without(70)).members().collect::<Vec<_>>(), [70]);
        assert_eq!(set.common(&Mask::EMPTY.with(3).with(4)).joined(&Mask::EMPTY.with(9)).members().collect::<Vec<_>>(), [3, 9]);
        assert!(Mask::EMPTY.is_empty());
    }
}
