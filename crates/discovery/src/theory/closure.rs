//! What a set of columns determines, and the smallest dependencies that say the same.
//!
//! Never adds a dependency that does not follow.

use std::collections::BTreeMap;

use crate::attributes::{AttributeSet, MAX_COLUMNS};
use crate::fd::Fd;

/// Dependencies prepared for closures. A closure takes time linear in their total size (Beeri and Bernstein, TODS 4, 1979).
#[derive(Clone, Debug)]
pub struct Closure {
    /// Left sides with all that they determine directly.
    rules: Vec<(AttributeSet, AttributeSet)>,
    /// For each column the rules that wait for it.
    waiting: Vec<Vec<u32>>,
}

impl Closure {
    /// Prepares dependencies.
    pub fn new<'a>(fds: impl IntoIterator<Item = &'a Fd>) -> Self {
        let mut rights: BTreeMap<AttributeSet, AttributeSet> = BTreeMap::new();
        for fd in fds {
            rights.entry(fd.left).or_default().insert(fd.right as usize);
        }
        let rules: Vec<(AttributeSet, AttributeSet)> = rights.into_iter().collect();
        let mut waiting = vec![Vec::new(); MAX_COLUMNS];
        for (rule, (left, _)) in rules.iter().enumerate() {
            for column in left {
                waiting[column].push(rule as u32);
            }
        }
        Self { rules, waiting }
    }

    /// All columns that the set determines, itself included.
    pub fn of(&self, set: &AttributeSet) -> AttributeSet {
        let mut missing: Vec<u32> = self.rules.iter().map(|(left, _)| left.len() as u32).collect();
        let mut closure = *set;
        for (left, right) in &self.rules {
            if left.is_empty() {
                closure = closure | *right;
            }
        }
        let mut news: Vec<usize> = closure.iter().collect();
        while let Some(column) = news.pop() {
            for rule in &self.waiting[column] {
                let count = &mut missing[*rule as usize];
                *count -= 1;
                if *count == 0 {
                    let fresh = self.rules[*rule as usize].1.minus(&closure);
                    closure = closure | fresh;
                    news.extend(&fresh);
                }
            }
        }
        closure
    }

    /// Whether the dependency follows.
    pub fn implies(&self, fd: &Fd) -> bool {
        self.of(&fd.left).contains(fd.right as usize)
    }

    /// Left sides with what they determine directly.
    pub(crate) fn rules(&self) -> &[(AttributeSet, AttributeSet)] {
        &self.rules
    }
}

/// A smallest equivalent set: no superfluous column on a left side, no superfluous dependency.
///
/// Quadratic in the number of dependencies: meant for the tens or hundreds that a design has. Of several minimal covers the
/// one is given that keeps short left sides, then early ones.
pub fn minimal_cover(fds: &[Fd]) -> Vec<Fd> {
    let all = Closure::new(fds);
    let mut cover: Vec<Fd> = fds.iter().filter(|fd| !fd.left.contains(fd.right as usize)).map(|fd| reduce_left(*fd, &all)).collect();
    cover.sort_unstable_by_key(|fd| (fd.left.len(), fd.left, fd.right));
    cover.dedup();
    let mut kept = vec![true; cover.len()];
    for index in (0..cover.len()).rev() {
        kept[index] = false;
        let others = Closure::new(cover.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(fd, _)| fd));
        kept[index] = !others.implies(&cover[index]);
    }
    cover.into_iter().zip(kept).filter(|(_, kept)| *kept).map(|(fd, _)| fd).collect()
}

fn reduce_left(mut fd: Fd, all: &Closure) -> Fd {
    for column in &fd.left {
        let smaller = Fd { left: fd.left.without(column), right: fd.right };
        if all.implies(&smaller) {
            fd = smaller;
        }
    }
    fd
}
