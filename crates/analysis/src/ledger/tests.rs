use dbwright_model::ledger::Balance;

use super::*;

const SEED: u64 = 7;

fn id(number: u32) -> WriteId {
    WriteId { worker: 1, number }
}

fn held(number: u32) -> Held {
    Held { id: id(number), value: plan(SEED, id(number)).value }
}

/// Eight writes, two transfers (4 and 8), two updates (2 and 6), all acknowledged unless said otherwise.
fn attempts(others: &[(u32, Option<Outcome>)]) -> Attempts {
    let mut attempts = Attempts::default();
    for number in 1..=8 {
        let outcome = others.iter().find(|(other, _)| *other == number).map_or(Some(Outcome::Acknowledged), |(_, outcome)| *outcome);
        let entry = Entry { id: id(number), outcome: None, at_us: u64::from(number) };
        attempts.add(&[entry, Entry { outcome, at_us: u64::from(number) + 1, ..entry }]);
    }
    attempts
}

fn image() -> Image {
    let moved = held(4).value + held(8).value;
    Image {
        appends: [1, 3, 5, 7].map(held).to_vec(),
        registers: vec![held(6)],
        debits: vec![held(4), held(8)],
        credits: vec![held(8), held(4)],
        balances: vec![Balance { worker: 1, given: -moved, taken: moved }],
    }
}

#[test]
fn a_database_that_kept_all_is_clean() {
    assert_eq!(judge(SEED, &attempts(&[]), &image()), Judgement::default());
    assert_eq!(judge(SEED, &Attempts::default(), &Image::default()), Judgement::default());
}

#[test]
fn each_kind_of_loss_is_seen() {
    let lost = |image: Image| judge(SEED, &attempts(&[]), &image).lost.iter().map(|id| id.number).collect::<Vec<_>>();
    let mut without_row = image();
    without_row.appends.remove(1);
    assert_eq!(lost(without_row), [3]);
    let mut register_back = image();
    register_back.registers = vec![held(2)];
    assert_eq!(lost(register_back), [6]);
    let mut no_register = image();
    no_register.registers.clear();
    assert_eq!(lost(no_register), [2, 6]);
    let mut transfer_gone = image();
    transfer_gone.debits.pop();
    transfer_gone.credits.remove(0);
    transfer_gone.balances = vec![Balance { worker: 1, given: -held(4).value, taken: held(4).value }];
    let judged = judge(SEED, &attempts(&[]), &transfer_gone);
    assert_eq!((judged.lost.len(), judged.torn.len()), (1, 0));
    assert_eq!(lost(Image::default()), [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn unknown_outcomes_are_neither_lost_nor_kept() {
    let unanswered = attempts(&[(3, Some(Outcome::Unknown)), (7, None)]);
    let mut without = image();
    without.appends.retain(|row| row.id.number != 3);
    let judged = judge(SEED, &unanswered, &without);
    assert!(judged.is_clean());
    assert_eq!(judged.unknown_kept, 1);
}

#[test]
fn what_was_refused_or_never_attempted_must_not_be_there() {
    let refused = judge(SEED, &attempts(&[(5, Some(Outcome::Refused))]), &image());
    assert_eq!(refused.refused_present, BTreeSet::from([id(5)]));
    let mut more = image();
    more.appends.push(held(9));
    assert_eq!(judge(SEED, &attempts(&[]), &more).never_attempted, BTreeSet::from([id(9)]));
}

#[test]
fn torn_transactions_and_phantom_values_are_seen() {
    let mut half = image();
    half.credits.pop();
    let judged = judge(SEED, &attempts(&[]), &half);
    assert_eq!(judged.torn, BTreeSet::from([id(0), id(4)]), "the row is missing, and the balance does not fit the rows");
    assert!(judged.lost.is_empty(), "a torn transfer is not counted as lost too");
    let mut unbalanced = image();
    unbalanced.balances[0].taken += 1;
    assert_eq!(judge(SEED, &attempts(&[]), &unbalanced).torn, BTreeSet::from([id(0)]));
    let mut changed = image();
    changed.appends[0].value += 1;
    assert_eq!(judge(SEED, &attempts(&[]), &changed).phantom, BTreeSet::from([id(1)]));
    let mut twice = image();
    twice.appends.push(held(1));
    assert_eq!(judge(SEED, &attempts(&[]), &twice).phantom, BTreeSet::from([id(1)]));
    let mut of_another_kind = image();
    of_another_kind.registers = vec![held(7)];
    assert_eq!(judge(SEED, &attempts(&[]), &of_another_kind).phantom, BTreeSet::from([id(7)]));
}

#[test]
fn a_loss_is_counted_at_its_fault_only() {
    let mut without = image();
    without.appends.remove(0);
    let first = judge(SEED, &attempts(&[]), &without);
    assert!(judge(SEED, &attempts(&[]), &without).since(&first).is_clean());
    without.appends.remove(0);
    assert_eq!(judge(SEED, &attempts(&[]), &without).since(&first).lost, BTreeSet::from([id(3)]));
}

#[test]
fn plans_repeat_and_differ() {
    assert_eq!(plan(1, id(5)), plan(1, id(5)));
    assert_ne!(plan(1, id(5)).value, plan(2, id(5)).value);
    let values: BTreeSet<i64> = (1..10_000).map(|number| plan(1, id(number)).value).collect();
    assert!(values.len() > 9_990 && values.iter().all(|value| (1..=1 << 40).contains(value)));
}
