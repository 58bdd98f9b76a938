//! One group of related tables as a layered graph whose links all join neighbouring columns: lines that cross a column hold a
//! place in it. Lines from one row of a table share their places, so that they run as one and fork late. It
//! never decides an order.

use std::collections::BTreeMap;

use super::graph::{Graph, ROW, TITLE};
use super::layers::layers;

/// A place in a column: a table, or a line that passes.
pub(super) struct Slot {
    /// The table; none for a passing line.
    pub node: Option<usize>,
    /// Pixels.
    pub height: f64,
}

/// A link between slots of neighbouring columns, with the heights at which it meets them, from their middles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Link {
    pub left: usize,
    pub right: usize,
    pub left_port: f64,
    pub right_port: f64,
}

/// A group laid out in columns.
pub(super) struct Slots {
    pub slots: Vec<Slot>,
    /// Slots of each column from top to bottom.
    pub columns: Vec<Vec<usize>>,
    pub links: Vec<Link>,
    /// Each edge of the group with its links from left to right.
    pub routes: Vec<(usize, Vec<usize>)>,
}

impl Slots {
    /// The group of these nodes.
    pub fn new(graph: &Graph, members: &[usize]) -> Self {
        let places: BTreeMap<usize, usize> = members.iter().enumerate().map(|(at, node)| (*node, at)).collect();
        let edges: Vec<usize> = (0..graph.edges.len())
            .filter(|at| places.contains_key(&graph.edges[*at].child) && graph.edges[*at].child != graph.edges[*at].parent)
            .collect();
        let pairs: Vec<(usize, usize)> =
            edges.iter().map(|at| (places[&graph.edges[*at].parent], places[&graph.edges[*at].child])).collect();
        let (layer, pairs) = layers(members.len(), &pairs);
        let mut slots = Self {
            slots: members.iter().map(|node| Slot { node: Some(*node), height: graph.nodes[*node].height }).collect(),
            columns: vec![Vec::new(); layer.iter().max().map_or(1, |last| last + 1)],
            links: Vec::new(),
            routes: Vec::new(),
        };
        for (slot, layer) in layer.iter().enumerate() {
            slots.columns[*layer].push(slot);
        }
        let mut passing = BTreeMap::new();
        for (edge, (left, right)) in edges.into_iter().zip(pairs) {
            slots.route(graph, edge, (left, right), &layer, &mut passing);
        }
        slots
    }

    fn route(
        &mut self,
        graph: &Graph,
        edge: usize,
        (left, right): (usize, usize),
        layer: &[usize],
        passing: &mut BTreeMap<(usize, i64, usize), usize>,
    ) {
        let ends = &graph.edges[edge];
        let parent_left = self.slots[left].node == Some(ends.parent);
        let (left_row, right_row) = if parent_left { (ends.parent_row, ends.child_row) } else { (ends.child_row, ends.parent_row) };
        let (left_port, right_port) = (port(left_row, self.slots[left].height), port(right_row, self.slots[right].height));
        let mut chain = Vec::new();
        let mut from = (left, left_port);
        for column in layer[left] + 1..layer[right] {
            let key = (left, (left_port * 16.0) as i64, column);
            let slot = *passing.entry(key).or_insert_with(|| {
                self.slots.push(Slot { node: None, height: 2.0 });
                self.columns[column].push(self.slots.len() - 1);
                self.slots.len() - 1
            });
            chain.push(self.link(Link { left: from.0, right: slot, left_port: from.1, right_port: 0.0 }));
            from = (slot, 0.0);
        }
        chain.push(self.link(Link { left: from.0, right, left_port: from.1, right_port }));
        self.routes.push((edge, chain));
    }

    /// The place of a link, made when it is not there yet.
    fn link(&mut self, link: Link) -> usize {
        self.links.iter().position(|there| *there == link).unwrap_or_else(|| {
            self.links.push(link);
            self.links.len() - 1
        })
    }

    /// Links of each slot to the left and to the right.
    pub fn neighbours(&self) -> Neighbours {
        let mut neighbours = Neighbours { left: vec![Vec::new(); self.slots.len()], right: vec![Vec::new(); self.slots.len()] };
        for (at, link) in self.links.iter().enumerate() {
            neighbours.right[link.left].push(at);
            neighbours.left[link.right].push(at);
        }
        neighbours
    }

    /// Once the order is known, links that meet a box at its middle are spread over its side, in the order of their other ends.
    pub fn spread_ports(&mut self) {
        let mut position = vec![0_usize; self.slots.len()];
        for column in &self.columns {
            for (at, slot) in column.iter().enumerate() {
                position[*slot] = at;
            }
        }
        let neighbours = self.neighbours();
        for slot in 0..self.slots.len() {
            if self.slots[slot].node.is_none() {
                continue;
            }
            for leftwards in [true, false] {
                let mut side: Vec<usize> = if leftwards { neighbours.left[slot].clone() } else { neighbours.right[slot].clone() };
                side.retain(|at| if leftwards { self.links[*at].right_port == 0.0 } else { self.links[*at].left_port == 0.0 });
                side.sort_by_key(|at| (position[if leftwards { self.links[*at].left } else { self.links[*at].right }], *at));
                let step = (self.slots[slot].height - 10.0).max(2.0) / side.len().max(1) as f64;
                let step = step.min(7.0);
                for (place, at) in side.iter().enumerate() {
                    let port = (place as f64 - (side.len() as f64 - 1.0) / 2.0) * step;
                    if leftwards { self.links[*at].right_port = port } else { self.links[*at].left_port = port }
                }
            }
        }
    }
}

/// Links of each slot.
pub(super) struct Neighbours {
    pub left: Vec<Vec<usize>>,
    pub right: Vec<Vec<usize>>,
}

/// Height of a row from the middle of its box; 0 where no row is shown.
fn port(row: Option<usize>, height: f64) -> f64 {
    row.map_or(0.0, |row| TITLE + ROW * (row as f64 + 0.5) - height / 2.0)
}
