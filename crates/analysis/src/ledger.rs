//! Plans a drill's writes and judges afterwards what the database kept of them. It never looks at a database or a clock: the
//! same seed plans the same writes, and the same ledger and image give the same judgement.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_model::ledger::{Action, ActionKind, Entry, Held, Image, Outcome, WriteId};

#[cfg(test)]
mod tests;

/// The write that a seed plans under a name: half appends, a quarter updates, a quarter transfers.
#[must_use]
pub fn plan(seed: u64, id: WriteId) -> Action {
    let kind = match id.number % 4 {
        1 | 3 => ActionKind::Append,
        2 => ActionKind::Update,
        _ => ActionKind::Transfer,
    };
    let mixed = mix(seed ^ (u64::from(id.worker) << 32 | u64::from(id.number)));
    // 40 bits: sums of many stay far from the limits of every engine's integers, doubles included.
    let value = i64::try_from(mixed >> 24).unwrap_or(1) + 1;
    Action { id, kind, value }
}

/// SplitMix64's finaliser (Steele, Lea, Flood 2014): neighbouring names get unlike values.
#[must_use]
pub fn mix(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// What the ledger says of each write: its last word, and when it came.
#[derive(Debug, Clone, Default)]
pub struct Attempts(BTreeMap<WriteId, (Option<Outcome>, u64)>);

impl Attempts {
    /// Adds lines in the order in which they were written.
    pub fn add(&mut self, entries: &[Entry]) {
        for entry in entries {
            self.0.insert(entry.id, (entry.outcome, entry.at_us));
        }
    }

    /// The outcome of a write; one that was sent and never answered is unknown. None when it was never attempted.
    #[must_use]
    pub fn outcome(&self, id: WriteId) -> Option<Outcome> {
        self.0.get(&id).map(|(outcome, _)| outcome.unwrap_or(Outcome::Unknown))
    }

    /// When the last word on a write came, µs.
    #[must_use]
    pub fn at_us(&self, id: WriteId) -> Option<u64> {
        self.0.get(&id).map(|(_, at)| *at)
    }

    /// Writes with this outcome.
    #[must_use]
    pub fn count(&self, wanted: Outcome) -> u64 {
        self.0.values().filter(|(outcome, _)| outcome.unwrap_or(Outcome::Unknown) == wanted).count() as u64
    }

    /// Writes attempted.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.len() as u64
    }

    /// Whether nothing was attempted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All writes that were acknowledged: what is lost when a database is gone as a whole.
    #[must_use]
    pub fn acknowledged(&self) -> BTreeSet<WriteId> {
        let done = |(id, (outcome, _)): (&WriteId, &(Option<Outcome>, u64))| (*outcome == Some(Outcome::Acknowledged)).then_some(*id);
        self.0.iter().filter_map(done).collect()
    }
}

/// What the database kept, write by write.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judgement {
    /// Acknowledged and missing.
    pub lost: BTreeSet<WriteId>,
    /// Refused and present all the same.
    pub refused_present: BTreeSet<WriteId>,
    /// Present and never attempted.
    pub never_attempted: BTreeSet<WriteId>,
    /// Transactions of which a part is there; number 0 stands for a writer's balances that no set of whole transfers makes.
    pub torn: BTreeSet<WriteId>,
    /// Present with a value that the write did not have.
    pub phantom: BTreeSet<WriteId>,
    /// Outcome unknown, and present.
    pub unknown_kept: u64,
}

impl Judgement {
    /// What is here and was not in an earlier judgement of the same database: a loss is counted once, at its fault.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let new = |now: &BTreeSet<WriteId>, before: &BTreeSet<WriteId>| now.difference(before).copied().collect();
        Self {
            lost: new(&self.lost, &earlier.lost),
            refused_present: new(&self.refused_present, &earlier.refused_present),
            never_attempted: new(&self.never_attempted, &earlier.never_attempted),
            torn: new(&self.torn, &earlier.torn),
            phantom: new(&self.phantom, &earlier.phantom),
            unknown_kept: self.unknown_kept,
        }
    }

    /// Adds what an earlier judgement found.
    pub fn extend(&mut self, earlier: &Self) {
        self.lost.extend(&earlier.lost);
        self.refused_present.extend(&earlier.refused_present);
        self.never_attempted.extend(&earlier.never_attempted);
        self.torn.extend(&earlier.torn);
        self.phantom.extend(&earlier.phantom);
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        [&self.lost, &self.refused_present, &self.never_attempted, &self.torn, &self.phantom].iter().all(|set| set.is_empty())
    }
}

/// Compares what the database holds with what its writers were told.
#[must_use]
pub fn judge(seed: u64, attempts: &Attempts, image: &Image) -> Judgement {
    let mut judge = Judge { seed, attempts, found: Judgement::default() };
    let appends = judge.rows(&image.appends, ActionKind::Append);
    judge.missing(&appends, ActionKind::Append);
    judge.transfers(image);
    judge.registers(&image.registers);
    judge.balances(image);
    judge.found
}

struct Judge<'a> {
    seed: u64,
    attempts: &'a Attempts,
    found: Judgement,
}

impl Judge<'_> {
    /// Looks at rows that are there; gives their names.
    fn rows(&mut self, rows: &[Held], kind: ActionKind) -> BTreeSet<WriteId> {
        let mut present = BTreeSet::new();
        for row in rows {
            self.present(row, kind);
            if !present.insert(row.id) {
                // A key of its own can be there once only.
                self.found.phantom.insert(row.id);
            }
        }
        present
    }

    fn present(&mut self, row: &Held, kind: ActionKind) {
        let planned = plan(self.seed, row.id);
        if planned.kind != kind || planned.value != row.value {
            self.found.phantom.insert(row.id);
        }
        match self.attempts.outcome(row.id) {
            None => {
                self.found.never_attempted.insert(row.id);
            }
            Some(Outcome::Refused) => {
                self.found.refused_present.insert(row.id);
            }
            Some(Outcome::Unknown) => self.found.unknown_kept += 1,
            Some(Outcome::Acknowledged) => {}
        }
    }

    fn missing(&mut self, present: &BTreeSet<WriteId>, kind: ActionKind) {
        let lost = self.attempts.0.iter().filter(|(id, (outcome, _))| {
            *outcome == Some(Outcome::Acknowledged) && !present.contains(id) && plan(self.seed, **id).kind == kind
        });
        self.found.lost.extend(lost.map(|(id, _)| *id));
    }

    fn transfers(&mut self, image: &Image) {
        let debits: BTreeSet<WriteId> = self.rows(&image.debits, ActionKind::Transfer);
        // The second row of a transfer is judged for its value only, so that no transfer is counted twice.
        let kept = self.found.unknown_kept;
        let credits = self.rows(&image.credits, ActionKind::Transfer);
        self.found.unknown_kept = kept;
        self.found.torn.extend(debits.symmetric_difference(&credits));
        let whole: BTreeSet<WriteId> = debits.union(&credits).copied().collect();
        self.missing(&whole, ActionKind::Transfer);
    }

    /// A register has one writer, so its state tells how far that writer's updates got.
    fn registers(&mut self, registers: &[Held]) {
        let mut reached: BTreeMap<u32, u32> = BTreeMap::new();
        for register in registers {
            if register.id.number > 0 {
                self.present(register, ActionKind::Update);
            }
            let furthest = reached.entry(register.id.worker).or_default();
            *furthest = register.id.number.max(*furthest);
        }
        let lost = self.attempts.0.iter().filter(|(id, (outcome, _))| {
            *outcome == Some(Outcome::Acknowledged)
                && plan(self.seed, **id).kind == ActionKind::Update
                && reached.get(&id.worker).copied().unwrap_or(0) < id.number
        });
        self.found.lost.extend(lost.map(|(id, _)| *id));
    }

    fn balances(&mut self, image: &Image) {
        let sum = |rows: &[Held]| {
            let mut sums: BTreeMap<u32, i64> = BTreeMap::new();
            for row in rows {
                let sum = sums.entry(row.id.worker).or_default();
                *sum = sum.wrapping_add(row.value);
            }
            sums
        };
        let (given, taken) = (sum(&image.debits), sum(&image.credits));
        let held: BTreeMap<u32, (i64, i64)> = image.balances.iter().map(|one| (one.worker, (one.given, one.taken))).collect();
        let workers: BTreeSet<u32> = given.keys().chain(taken.keys()).chain(held.keys()).copied().collect();
        for worker in workers {
            let made = (given.get(&worker).map_or(0, |sum| sum.wrapping_neg()), taken.get(&worker).copied().unwrap_or(0));
            if held.get(&worker).copied().unwrap_or((0, 0)) != made {
                self.found.torn.insert(WriteId { worker, number: 0 });
            }
        }
    }
}
