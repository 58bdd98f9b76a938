//! The order of each column from top to bottom, so that few lines cross: median sweeps both ways and exchange of neighbours
//! (Gansner, Koutsofios, North and Vo, "A technique for drawing directed graphs", 1993, section 3). The best order seen wins. It
//! never moves a table to another column.

use super::slots::{Neighbours, Slots};

/// Sweeps over all columns.
const SWEEPS: usize = 14;

/// Orders the columns.
pub(super) fn order(slots: &mut Slots) {
    let neighbours = slots.neighbours();
    let mut best = slots.columns.clone();
    let mut fewest = crossings(slots, &neighbours);
    for sweep in 0..SWEEPS {
        if fewest == 0 {
            break;
        }
        by_medians(slots, &neighbours, sweep % 2 == 0);
        exchange(slots, &neighbours);
        let now = crossings(slots, &neighbours);
        if now < fewest {
            fewest = now;
            best.clone_from(&slots.columns);
        }
    }
    slots.columns = best;
}

fn positions(slots: &Slots) -> Vec<usize> {
    let mut position = vec![0; slots.slots.len()];
    for column in &slots.columns {
        for (at, slot) in column.iter().enumerate() {
            position[*slot] = at;
        }
    }
    position
}

fn by_medians(slots: &mut Slots, neighbours: &Neighbours, rightwards: bool) {
    let mut position = positions(slots);
    let count = slots.columns.len();
    for step in 1..count {
        let column = if rightwards { step } else { count - 1 - step };
        let median = |slot: usize| {
            let mut near: Vec<usize> = if rightwards {
                neighbours.left[slot].iter().map(|at| position[slots.links[*at].left]).collect()
            } else {
                neighbours.right[slot].iter().map(|at| position[slots.links[*at].right]).collect()
            };
            near.sort_unstable();
            match near.len() {
                0 => position[slot] as f64,
                length if length % 2 == 1 => near[length / 2] as f64,
                length => (near[length / 2 - 1] + near[length / 2]) as f64 / 2.0,
            }
        };
        let mut keyed: Vec<(f64, usize, usize)> =
            slots.columns[column].iter().map(|slot| (median(*slot), position[*slot], *slot)).collect();
        keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        slots.columns[column] = keyed.into_iter().map(|(_, _, slot)| slot).collect();
        for (at, slot) in slots.columns[column].iter().enumerate() {
            position[*slot] = at;
        }
    }
}

/// Exchanges neighbours in a column while that removes crossings; a few rounds.
fn exchange(slots: &mut Slots, neighbours: &Neighbours) {
    let mut position = positions(slots);
    for _ in 0..4 {
        let mut changed = false;
        for column in 0..slots.columns.len() {
            for at in 1..slots.columns[column].len() {
                let (upper, lower) = (slots.columns[column][at - 1], slots.columns[column][at]);
                let now = pair(slots, neighbours, &position, upper, lower);
                let then = pair(slots, neighbours, &position, lower, upper);
                if then < now {
                    slots.columns[column].swap(at - 1, at);
                    position.swap(upper, lower);
                    changed = true;
                }
            }
        }
        if !changed {
            break;
        }
    }
}

/// Crossings among the lines of two slots when one stands above the other.
fn pair(slots: &Slots, neighbours: &Neighbours, position: &[usize], upper: usize, lower: usize) -> usize {
    let count = |ends: &dyn Fn(usize) -> Vec<usize>| {
        let (above, below) = (ends(upper), ends(lower));
        above.iter().map(|a| below.iter().filter(|b| **b < *a).count()).sum::<usize>()
    };
    count(&|slot| neighbours.left[slot].iter().map(|at| position[slots.links[*at].left]).collect())
        + count(&|slot| neighbours.right[slot].iter().map(|at| position[slots.links[*at].right]).collect())
}

fn crossings(slots: &Slots, neighbours: &Neighbours) -> usize {
    let position = positions(slots);
    let mut total = 0;
    for column in &slots.columns {
        let mut ends: Vec<(usize, usize)> = Vec::new();
        for slot in column {
            ends.extend(neighbours.right[*slot].iter().map(|at| (position[*slot], position[slots.links[*at].right])));
        }
        for (at, one) in ends.iter().enumerate() {
            total +=
                ends[at + 1..].iter().filter(|other| (one.0 < other.0 && one.1 > other.1) || (one.0 > other.0 && one.1 < other.1)).count();
        }
    }
    total
}
