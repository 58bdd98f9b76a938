use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::attributes::AttributeSet;
use crate::fd::Fd;
use crate::fd::tests::table;
use crate::table::NullSemantics;

fn set(columns: &[usize]) -> AttributeSet {
    columns.iter().copied().collect()
}

fn some_fds(width: usize) -> impl Strategy<Value = Vec<Fd>> {
    let fd = (prop::collection::btree_set(0..width, 0..4), 0..width).prop_map(|(left, right)| Fd::new(left, right));
    prop::collection::vec(fd, 0..9)
}

fn naive_closure(fds: &[Fd], set: AttributeSet) -> AttributeSet {
    let mut closure = set;
    for _ in 0..=fds.len() {
        for fd in fds.iter().filter(|fd| fd.left.is_subset(&closure)).collect::<Vec<_>>() {
            closure.insert(fd.right as usize);
        }
    }
    closure
}

fn subsets(width: usize) -> impl Iterator<Item = AttributeSet> {
    (0..1usize << width).map(move |number| (0..width).filter(|column| number >> column & 1 == 1).collect())
}

fn naive_keys(fds: &[Fd], width: usize) -> BTreeSet<AttributeSet> {
    let superkeys: Vec<AttributeSet> = subsets(width).filter(|set| naive_closure(fds, *set).len() == width).collect();
    let minimal = |key: &&AttributeSet| !superkeys.iter().any(|other| other != *key && other.is_subset(key));
    superkeys.iter().filter(minimal).copied().collect()
}

/// The highest normal form by the definitions, over all subsets.
fn naive_form(fds: &[Fd], width: usize) -> NormalForm {
    let keys = naive_keys(fds, width);
    let prime = keys.iter().fold(AttributeSet::EMPTY, |all, key| all | *key);
    let mut highest = NormalForm::BoyceCodd;
    for left in subsets(width) {
        let closure = naive_closure(fds, left);
        if closure.len() == width {
            continue;
        }
        let fresh = closure.minus(&left);
        if fresh.intersects(&prime) {
            highest = highest.min(NormalForm::Third);
        }
        if !fresh.is_subset(&prime) {
            let partial = keys.iter().any(|key| left.is_subset(key) && left != *key);
            highest = highest.min(if partial { NormalForm::First } else { NormalForm::Second });
        }
    }
    highest
}

fn is_bcnf(fds: &[Fd], relation: AttributeSet) -> bool {
    subsets(7).filter(|left| left.is_subset(&relation)).all(|left| {
        let determined = naive_closure(fds, left) & relation;
        determined == left || determined == relation
    })
}

fn is_3nf(fds: &[Fd], relation: AttributeSet) -> bool {
    let inside = |set: &AttributeSet| set.is_subset(&relation);
    let superkeys: Vec<AttributeSet> = subsets(7).filter(inside).filter(|set| relation.is_subset(&naive_closure(fds, *set))).collect();
    let minimal = superkeys.iter().filter(|key| !superkeys.iter().any(|other| other != *key && other.is_subset(key)));
    let prime = minimal.fold(AttributeSet::EMPTY, |all, key| all | *key);
    subsets(7).filter(inside).all(|left| {
        let determined = naive_closure(fds, left) & relation;
        determined == relation || determined.minus(&left).is_subset(&prime)
    })
}

proptest! {
    #[test]
    fn closures_covers_and_keys_follow_the_definitions(fds in some_fds(7), number in 0usize..128) {
        let closure = Closure::new(&fds);
        let start: AttributeSet = (0..7).filter(|column| number >> column & 1 == 1).collect();
        prop_assert_eq!(closure.of(&start), naive_closure(&fds, start));
        let cover = minimal_cover(&fds);
        for left in subsets(7) {
            prop_assert_eq!(naive_closure(&cover, left), naive_closure(&fds, left));
        }
        for index in 0..cover.len() {
            let mut fewer = cover.clone();
            let fd = fewer.remove(index);
            prop_assert!(!Closure::new(&fewer).implies(&fd));
            for column in &fd.left {
                let reduced = Fd { left: fd.left.without(column), right: fd.right };
                prop_assert!(!closure.implies(&reduced));
            }
        }
        let keys = candidate_keys(&closure, &AttributeSet::below(7), 1000);
        prop_assert!(keys.complete);
        prop_assert_eq!(keys.keys.iter().copied().collect::<BTreeSet<_>>(), naive_keys(&fds, 7));
    }

    #[test]
    fn the_normal_form_is_that_of_the_definitions(fds in some_fds(6)) {
        let assessment = assess(&fds, &AttributeSet::below(6), 1000);
        prop_assert_eq!(assessment.highest, naive_form(&fds, 6));
        let closure = Closure::new(&fds);
        for violation in &assessment.violations {
            prop_assert!(violation.right.is_subset(&closure.of(&violation.left)) && !violation.right.intersects(&violation.left));
            prop_assert!(closure.of(&violation.left).len() < 6);
        }
    }

    #[test]
    fn decompositions_are_lossless_and_in_their_normal_form(fds in some_fds(7)) {
        let universe = AttributeSet::below(7);
        for (decomposition, in_form) in [
            (synthesize_3nf(&fds, &universe), is_3nf as fn(&[Fd], AttributeSet) -> bool),
            (decompose_bcnf(&fds, &universe), is_bcnf),
        ] {
            prop_assert!(decomposition.lossless);
            let together = decomposition.relations.iter().fold(AttributeSet::EMPTY, |all, relation| all | relation.attributes);
            prop_assert_eq!(together, universe);
            for relation in &decomposition.relations {
                prop_assert!(in_form(&fds, relation.attributes), "{:?}", decomposition);
                prop_assert!(relation.attributes.is_subset(&naive_closure(&fds, relation.key)));
            }
        }
        prop_assert_eq!(synthesize_3nf(&fds, &universe).lost, []);
    }

    #[test]
    fn the_chase_agrees_with_joining_rows(
        rows in prop::collection::vec(prop::collection::vec(1u8..4, 5), 1..12), fds in some_fds(5),
        cut in prop::collection::vec(prop::collection::btree_set(0usize..5, 1..5), 1..4)
    ) {
        let tables: Vec<AttributeSet> = cut.into_iter().map(|columns| columns.into_iter().collect()).collect();
        let obeys = fds.iter().all(|fd| rows.iter().all(|a| rows.iter().all(|b| {
            !fd.left.iter().all(|column| a[column] == b[column]) || a[fd.right as usize] == b[fd.right as usize]
        })));
        let universe = AttributeSet::below(5);
        if obeys && is_lossless(&universe, &tables, &fds) {
            let original: BTreeSet<Vec<u8>> = rows.iter().cloned().collect();
            let fits = |row: &Vec<u8>| tables.iter().all(|table| original.iter().any(|known| table.iter().all(|column| known[column] == row[column])));
            for number in 0..3usize.pow(5) {
                let row: Vec<u8> = (0..5).map(|column| (number / 3usize.pow(column)) as u8 % 3 + 1).collect();
                prop_assert_eq!(fits(&row), original.contains(&row));
            }
        }
    }
}

#[test]
fn the_textbook_cases() {
    // Orders with items: (order, product) is the key, the customer depends on the order, the city on the customer.
    let [order, product, quantity, customer, city] = [0, 1, 2, 3, 4];
    let fds = [Fd::new([order, product], quantity), Fd::new([order], customer), Fd::new([customer], city)];
    let universe = AttributeSet::below(5);
    let assessment = assess(&fds, &universe, 100);
    assert_eq!((assessment.highest, assessment.keys.keys.as_slice()), (NormalForm::First, [set(&[order, product])].as_slice()));
    let breaks: Vec<(AttributeSet, AttributeSet, NormalForm)> =
        assessment.violations.iter().map(|violation| (violation.left, violation.right, violation.breaks)).collect();
    let expected = [(set(&[order]), set(&[customer, city]), NormalForm::Second), (set(&[customer]), set(&[city]), NormalForm::Third)];
    assert_eq!(breaks, expected);
    let tables: Vec<AttributeSet> = synthesize_3nf(&fds, &universe).relations.iter().map(|relation| relation.attributes).collect();
    assert_eq!(tables, [set(&[order, product, quantity]), set(&[order, customer]), set(&[customer, city])]);
    assert!(decompose_bcnf(&fds, &universe).lost.is_empty());
    // Street, town → postcode and postcode → town: third normal form, and BCNF only without the first dependency.
    let [street, town, postcode] = [0, 1, 2];
    let fds = [Fd::new([street, town], postcode), Fd::new([postcode], town)];
    let universe = AttributeSet::below(3);
    assert_eq!(assess(&fds, &universe, 100).highest, NormalForm::Third);
    let split = decompose_bcnf(&fds, &universe);
    assert_eq!((split.lossless, split.lost), (true, vec![Fd::new([street, town], postcode)]));
}

#[test]
fn a_cut_without_a_common_key_is_not_lossless() {
    let universe = AttributeSet::below(3);
    assert!(!is_lossless(&universe, &[set(&[0, 1]), set(&[1, 2])], &[]));
    assert!(is_lossless(&universe, &[set(&[0, 1]), set(&[1, 2])], &[Fd::new([1], 2)]));
}

#[test]
fn the_number_of_keys_is_bounded() {
    // Each column of a pair determines the other: 2^10 keys.
    let fds: Vec<Fd> = (0..10).flat_map(|pair| [Fd::new([2 * pair], 2 * pair + 1), Fd::new([2 * pair + 1], 2 * pair)]).collect();
    let keys = candidate_keys(&Closure::new(&fds), &AttributeSet::below(20), 50);
    assert!(!keys.complete && keys.keys.len() == 50);
    let all = candidate_keys(&Closure::new(&fds), &AttributeSet::below(20), 2000);
    assert!(all.complete && all.keys.len() == 1024);
}

#[test]
fn multivalued_dependencies_are_found_and_checked() {
    // Course, teacher, book: every teacher of a course uses every book of it.
    let mut rows = Vec::new();
    for (course, teachers, books) in [(1, vec![1, 2], vec![1, 2, 3]), (2, vec![2], vec![1]), (3, vec![1, 3], vec![3, 4])] {
        for teacher in &teachers {
            for book in &books {
                rows.push(vec![course, *teacher, *book]);
            }
        }
    }
    let mvd = Mvd { left: set(&[0]), right: set(&[1]) };
    let whole = table(&rows, 3, NullSemantics::Equal);
    let check = check_mvd(&whole, &mvd);
    assert_eq!((check.holds, check.groups, check.meaningful), (true, 3, 2));
    assert_eq!(discover_mvds(&whole, 1000), [mvd]);
    rows.remove(0);
    let broken = table(&rows, 3, NullSemantics::Equal);
    let check = check_mvd(&broken, &mvd);
    assert!(!check.holds);
    let (first, second) = check.witness.unwrap();
    assert_eq!((rows[first][1], rows[second][2]), (1, 1));
    assert_eq!(discover_mvds(&broken, 1000), []);
}
