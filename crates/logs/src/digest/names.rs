//! Users, databases and applications by number. Their number is bounded; those beyond it share one.

use dbwright_model::profile::Count;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::Hashed;

/// Different combinations kept.
const MOST: usize = 2000;
/// Longest name kept, bytes.
const LONGEST: usize = 128;

/// Who asked, as the log says: empty where it does not.
#[derive(Debug, Clone, Copy, Default)]
pub struct Who<'a> {
    /// Role or account.
    pub user: &'a [u8],
    /// Database.
    pub database: &'a [u8],
    /// Application.
    pub application: &'a [u8],
    /// Client's address.
    pub host: &'a [u8],
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Name {
    user: String,
    database: String,
    application: String,
    hash: u64,
}

/// All combinations met.
#[derive(Debug, Default)]
pub struct Names {
    names: Vec<Name>,
    index: Hashed<u64, u32>,
    last: (u64, u32),
}

impl Names {
    /// The number of a combination.
    #[inline]
    pub fn intern(&mut self, who: &Who<'_>) -> u32 {
        if who.user.is_empty() && who.database.is_empty() && who.application.is_empty() {
            return u32::MAX;
        }
        let hash = xxh3_64_with_seed(who.application, xxh3_64_with_seed(who.database, xxh3_64(who.user)));
        if self.last.0 == hash {
            return self.last.1;
        }
        let number = match self.index.get(&hash) {
            Some(number) => *number,
            None => self.insert(who, hash),
        };
        self.last = (hash, number);
        number
    }

    #[cold]
    fn insert(&mut self, who: &Who<'_>, hash: u64) -> u32 {
        if self.names.len() >= MOST {
            return u32::MAX - 1;
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST)]).into_owned();
        self.push(Name { user: text(who.user), database: text(who.database), application: text(who.application), hash })
    }

    fn push(&mut self, name: Name) -> u32 {
        let number = self.names.len() as u32;
        self.index.insert(name.hash, number);
        self.names.push(name);
        number
    }

    /// Takes over another's names; gives their numbers here.
    pub fn merge(&mut self, other: &Self) -> Vec<u32> {
        let take = |own: &mut Self, name: &Name| match own.index.get(&name.hash) {
            Some(number) => *number,
            None if own.names.len() >= MOST => u32::MAX - 1,
            None => own.push(name.clone()),
        };
        other.names.iter().map(|name| take(self, name)).collect()
    }

    /// Calls by user, database and application, most first.
    #[must_use]
    pub fn resolve(&self, counts: &[(u32, u64)]) -> [Vec<Count>; 3] {
        let parts: [fn(&Name) -> &str; 3] = [|name| &name.user, |name| &name.database, |name| &name.application];
        parts.map(|part| {
            let mut sums: std::collections::BTreeMap<&str, u64> = std::collections::BTreeMap::new();
            for (number, calls) in counts {
                let text = match self.names.get(*number as usize) {
                    Some(name) => part(name),
                    None if *number == u32::MAX => continue,
                    None => "others",
                };
                if !text.is_empty() {
                    *sums.entry(text).or_default() += calls;
                }
            }
            let mut all: Vec<Count> = sums.into_iter().map(|(name, calls)| Count { name: name.to_owned(), calls }).collect();
            all.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| a.name.cmp(&b.name)));
            all
        })
    }
}
