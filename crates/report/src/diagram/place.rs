//! Heights within columns: each slot as near as possible to the slots it is linked with, none overlapping. Given the order this
//! is least squares under separations, which pooling adjacent violators solves exactly (Ayer et al., 1955). It never changes the order.

use super::Spot;
use super::graph::Graph;
use super::slots::{Neighbours, Slots};

/// Least distance between boxes, between a box and a line, between lines; pixels.
const GAPS: [f64; 3] = [20.0, 12.0, 8.0];
/// Sweeps over all columns.
const SWEEPS: usize = 12;

/// A group with its places.
pub(super) struct Placed {
    /// Node and place.
    pub spots: Vec<(usize, Spot)>,
    /// Edge and corner points.
    pub routes: Vec<(usize, Vec<(f64, f64)>)>,
    pub width: f64,
    pub height: f64,
}

/// Places an ordered group, its upper left corner at 0, 0.
pub(super) fn place(graph: &Graph, slots: &Slots) -> Placed {
    let neighbours = slots.neighbours();
    let mut y = stacked(slots);
    for sweep in 0..SWEEPS {
        let both = sweep + 2 >= SWEEPS;
        for step in 0..slots.columns.len() {
            let column = if sweep % 2 == 0 { step } else { slots.columns.len() - 1 - step };
            settle(slots, &neighbours, &mut y, column, if both { None } else { Some(sweep % 2 == 0) });
        }
    }
    let top = slots.slots.iter().enumerate().map(|(at, slot)| y[at] - slot.height / 2.0).fold(f64::INFINITY, f64::min);
    y.iter_mut().for_each(|y| *y -= top);
    let height = slots.slots.iter().enumerate().map(|(at, slot)| y[at] + slot.height / 2.0).fold(0.0, f64::max);
    let (columns, width) = across(graph, slots);
    let mut column_of = vec![0; slots.slots.len()];
    let mut spots = Vec::new();
    for (at, column) in slots.columns.iter().enumerate() {
        for slot in column {
            column_of[*slot] = at;
            if let Some(node) = slots.slots[*slot].node {
                spots.push((node, Spot { x: columns[at].0, y: y[*slot] - slots.slots[*slot].height / 2.0, width: columns[at].1 }));
            }
        }
    }
    let routes = slots.routes.iter().map(|(edge, chain)| (*edge, corners(slots, chain, &columns, &column_of, &y))).collect();
    Placed { spots, routes, width, height }
}

fn stacked(slots: &Slots) -> Vec<f64> {
    let mut y = vec![0.0; slots.slots.len()];
    for column in &slots.columns {
        let mut at = 0.0;
        for (place, slot) in column.iter().enumerate() {
            if place > 0 {
                at += apart(slots, column[place - 1], *slot);
            }
            y[*slot] = at;
        }
    }
    y
}

/// Least distance between the middles of two slots.
fn apart(slots: &Slots, upper: usize, lower: usize) -> f64 {
    let (upper, lower) = (&slots.slots[upper], &slots.slots[lower]);
    let lines = usize::from(upper.node.is_none()) + usize::from(lower.node.is_none());
    (upper.height + lower.height) / 2.0 + GAPS[lines]
}

/// Moves a column's slots towards their neighbours on one side, or on both.
fn settle(slots: &Slots, neighbours: &Neighbours, y: &mut [f64], column: usize, leftwards: Option<bool>) {
    let members = &slots.columns[column];
    let mut offset = 0.0;
    let mut pools: Vec<(f64, f64, usize)> = Vec::new();
    let mut offsets = Vec::with_capacity(members.len());
    for (place, slot) in members.iter().enumerate() {
        if place > 0 {
            offset += apart(slots, members[place - 1], *slot);
        }
        offsets.push(offset);
        let (wanted, weight) = wish(slots, neighbours, y, *slot, leftwards);
        pools.push((wanted - offset, weight, 1));
        while let [.., above, below] = pools.as_slice() {
            if above.0 <= below.0 {
                break;
            }
            let weight = above.1 + below.1;
            let merged = ((above.0 * above.1 + below.0 * below.1) / weight, weight, above.2 + below.2);
            pools.truncate(pools.len() - 2);
            pools.push(merged);
        }
    }
    let mut at = 0;
    for (value, _, count) in pools {
        for _ in 0..count {
            y[members[at]] = value + offsets[at];
            at += 1;
        }
    }
}

/// Where a slot would like to be, and how much. Passing lines want to be straight more than boxes do.
fn wish(slots: &Slots, neighbours: &Neighbours, y: &[f64], slot: usize, leftwards: Option<bool>) -> (f64, f64) {
    let (mut sum, mut weight) = (0.0, 0.0);
    for side in [true, false] {
        let other = if side { &neighbours.right[slot] } else { &neighbours.left[slot] };
        if leftwards.is_some_and(|leftwards| leftwards != side) && !other.is_empty() {
            continue;
        }
        for at in if side { &neighbours.left[slot] } else { &neighbours.right[slot] } {
            let link = slots.links[*at];
            let (end, own, far) =
                if side { (link.left, link.right_port, link.left_port) } else { (link.right, link.left_port, link.right_port) };
            let line = slots.slots[slot].node.is_none() || slots.slots[end].node.is_none();
            let share = if line { 3.0 } else { 1.0 };
            sum += (y[end] + far - own) * share;
            weight += share;
        }
    }
    if weight == 0.0 { (y[slot], 0.1) } else { (sum / weight, weight) }
}

/// Left edge and width of each column, and the width of all.
fn across(graph: &Graph, slots: &Slots) -> (Vec<(f64, f64)>, f64) {
    let mut columns = Vec::new();
    let mut x = 0.0;
    for (at, column) in slots.columns.iter().enumerate() {
        let width = column.iter().filter_map(|slot| slots.slots[*slot].node).map(|node| graph.nodes[node].width).fold(0.0, f64::max);
        columns.push((x, width));
        let lines = slots.links.iter().filter(|link| column.contains(&link.left)).count() as f64;
        x += width + if at + 1 == slots.columns.len() { 0.0 } else { 54.0 + (lines * 2.0).min(60.0) };
    }
    (columns, x)
}

fn corners(slots: &Slots, chain: &[usize], columns: &[(f64, f64)], column_of: &[usize], y: &[f64]) -> Vec<(f64, f64)> {
    let mut points = Vec::with_capacity(chain.len() * 2);
    for at in chain {
        let link = slots.links[*at];
        let (left, right) = (columns[column_of[link.left]], columns[column_of[link.right]]);
        points.push((left.0 + left.1, y[link.left] + link.left_port));
        points.push((right.0, y[link.right] + link.right_port));
    }
    points
}
