use super::*;
use crate::fd::{FdOptions, discover_fds};
use crate::table::CsvOptions;

fn read(text: &str) -> Table {
    Table::from_csv(text.as_bytes(), &CsvOptions::default()).unwrap()
}

/// Orders with the customer's city written out, and a column of few values that means nothing.
fn orders(rows: u64) -> Table {
    let mut text = "order_id,customer_id,customer_city,weight,color\n".to_owned();
    for number in 0..rows {
        let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        let customer = mixed % 40;
        text += &format!("{number},{customer},city {},{},{}\n", customer * customer % 11, mixed / 40 % 9973, mixed / 7 % 5);
    }
    read(&text)
}

#[test]
fn what_is_meant_comes_before_what_follows_from_keys() {
    let table = orders(400);
    let fds = discover_fds(&table, &FdOptions::default()).dependencies;
    let ranking = rank(&table, &fds, &RankOptions { threads: 2, ..Default::default() });
    let first = &ranking.ranked[0];
    assert_eq!((first.fd, first.likelihood), (Fd::new([1], 2), Likelihood::Meant));
    assert!(first.accidental_probability < 1e-9 && first.score > 0.8 && first.coverage > 0.99);
    assert_eq!((first.distinct_right, first.redundancy.repeating_rows), (6, 360));
    let key = ranking.ranked.iter().find(|one| one.fd.left == AttributeSet::single(0)).unwrap();
    assert_eq!((key.likelihood, key.score), (Likelihood::FollowsFromKey, 0.0));
    assert_eq!(ranking.ranked.len(), fds.len());
}

#[test]
fn few_rows_leave_it_a_question() {
    let table = read("a,b,c\n1,x,1\n1,x,2\n2,y,3\n3,y,4\n");
    let ranking = rank(&table, &[Fd::new([0], 1)], &RankOptions::default());
    // One group of two rows; two values twice each: q(2) = 2 · (2 · 1) / (4 · 3) = 1/3, and two columns could have been tried.
    assert_eq!(ranking.ranked[0].likelihood, Likelihood::Accidental);
    assert!((ranking.ranked[0].accidental_probability - 2.0 / 3.0).abs() < 1e-9);
}

#[test]
fn a_column_that_only_helps_out_by_chance_convinces_nobody() {
    // a determines c but for one group, which d happens to split: {a, d} → c holds and is minimal, and d means nothing.
    let mut text = "a,c,d\n".to_owned();
    for number in 0..200 {
        let group = number / 4;
        text += &format!("{group},{},{}\n", if number == 7 { 99 } else { group % 5 }, u8::from(number % 4 == 3));
    }
    let table = read(&text);
    let fd = Fd::new([0, 2], 1);
    assert!(discover_fds(&table, &FdOptions::default()).dependencies.contains(&fd));
    let ranked = &rank(&table, &[fd], &RankOptions::default()).ranked[0];
    // Three of four rows alike, one not: the odd one is the one set apart in one of four deals.
    assert!((ranked.accidental_probability - 0.25).abs() < 1e-9, "{}", ranked.accidental_probability);
    assert_eq!(ranked.likelihood, Likelihood::Accidental);
}

/// The formula against dealing: the share of random permutations of the right column for which the dependency holds.
#[test]
fn the_probability_is_that_of_dealing_at_random() {
    let table = read("a,b\n1,x\n1,x\n2,y\n2,y\n3,x\n4,x\n5,y\n6,z\n");
    let ranked = &rank(&table, &[Fd::new([0], 1)], &RankOptions::default()).ranked[0];
    let (left, right) = (table.columns()[0].codes(), table.columns()[1].codes());
    let mut state = 7u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % below
    };
    let deals = 40_000;
    let mut dealt = right.to_vec();
    let mut held = 0;
    for _ in 0..deals {
        for index in (1..dealt.len()).rev() {
            dealt.swap(index, next(index + 1));
        }
        held += usize::from((0..8).all(|a| (0..8).all(|b| left[a] != left[b] || dealt[a] == dealt[b])));
    }
    let simulated = held as f64 / deals as f64;
    // Two groups dealt from one pack are not quite independent: 168/1680 by counting all deals, (18/56)² by the formula.
    assert!((ranked.accidental_probability - (18.0f64 / 56.0).powi(2)).abs() < 1e-9);
    assert!((simulated - 0.1).abs() < 0.005, "{simulated}");
}

#[test]
fn the_limit_leaves_out_long_left_sides() {
    let table = orders(100);
    let fds = [Fd::new([1], 2), Fd::new([0], 1), Fd::new([1, 3], 4)];
    let ranking = rank(&table, &fds, &RankOptions { max_left_sides: 2, ..Default::default() });
    assert_eq!((ranking.ranked.len(), ranking.left_out), (2, 1));
    let options = RankOptions::default();
    options.cancel.set();
    assert_eq!(rank(&table, &fds, &options).left_out, 3);
}
