//! Groups of related tables side by side on shelves; tables without drawn references in rows below. It never lays one
//! over another.

use super::graph::Graph;
use super::place::{Placed, place};
use super::slots::Slots;
use super::{Picture, Spot, order};

/// Room around everything and between groups, pixels.
const MARGIN: f64 = 16.0;
const BETWEEN: f64 = 44.0;
/// Width to height that a page shows well.
const ASPECT: f64 = 1.5;

/// Lays out the whole.
pub(super) fn pack(graph: &Graph) -> Picture {
    let mut groups: Vec<Placed> = Vec::new();
    let mut alone = Vec::new();
    for members in groups_of(graph) {
        if let [node] = members.as_slice() {
            alone.push(*node);
        } else {
            let mut slots = Slots::new(graph, &members);
            order::order(&mut slots);
            slots.spread_ports();
            groups.push(place(graph, &slots));
        }
    }
    groups.sort_by(|a, b| b.height.total_cmp(&a.height).then(b.width.total_cmp(&a.width)).then(a.spots[0].0.cmp(&b.spots[0].0)));
    let area: f64 = groups.iter().map(|group| (group.width + BETWEEN) * (group.height + BETWEEN)).sum();
    let alone_area: f64 = alone.iter().map(|node| (graph.nodes[*node].width + 18.0) * (graph.nodes[*node].height + 18.0)).sum();
    let widest = groups.iter().map(|group| group.width).fold(0.0, f64::max);
    let room = ((area + alone_area) * ASPECT).sqrt().max(widest).max(620.0);
    let mut picture =
        Picture { spots: vec![Spot::default(); graph.nodes.len()], routes: vec![Vec::new(); graph.edges.len()], ..Picture::default() };
    let bottom = shelves(&mut picture, groups, room);
    rows(graph, &mut picture, &mut alone, bottom, room);
    loops(graph, &mut picture);
    let right = |at: usize| picture.spots[at].x + picture.spots[at].width;
    picture.width = (0..graph.nodes.len()).map(right).fold(0.0, f64::max) + MARGIN + 30.0;
    picture.height = (0..graph.nodes.len()).map(|at| picture.spots[at].y + graph.nodes[at].height).fold(0.0, f64::max) + MARGIN;
    picture
}

/// Nodes that hang together by drawn references, each group in order.
fn groups_of(graph: &Graph) -> Vec<Vec<usize>> {
    let mut head: Vec<usize> = (0..graph.nodes.len()).collect();
    fn find(head: &mut [usize], mut at: usize) -> usize {
        while head[at] != at {
            head[at] = head[head[at]];
            at = head[at];
        }
        at
    }
    for edge in &graph.edges {
        let (a, b) = (find(&mut head, edge.child), find(&mut head, edge.parent));
        head[a.max(b)] = a.min(b);
    }
    let mut groups: Vec<Vec<usize>> = vec![Vec::new(); graph.nodes.len()];
    for at in 0..graph.nodes.len() {
        groups[find(&mut head, at)].push(at);
    }
    groups.retain(|group| !group.is_empty());
    groups
}

/// Sets groups side by side, tallest first; within a shelf, smaller ones are stacked where there is room. The height used.
fn shelves(picture: &mut Picture, groups: Vec<Placed>, room: f64) -> f64 {
    let (mut x, mut y, mut shelf) = (MARGIN, MARGIN, 0.0_f64);
    // Column of the shelf being filled: left edge, width, height used.
    let mut stack: Option<(f64, f64, f64)> = None;
    for group in groups {
        if let Some((left, broad, used)) = stack.filter(|(_, broad, used)| group.width <= *broad && used + BETWEEN + group.height <= shelf)
        {
            put(picture, &group, left, y + used + BETWEEN);
            stack = Some((left, broad, used + BETWEEN + group.height));
            continue;
        }
        if x > MARGIN && x + group.width > MARGIN + room {
            (x, y, shelf) = (MARGIN, y + shelf + BETWEEN, 0.0);
        }
        put(picture, &group, x, y);
        stack = Some((x, group.width, group.height));
        x += group.width + BETWEEN;
        shelf = shelf.max(group.height);
    }
    if shelf == 0.0 { MARGIN } else { y + shelf + BETWEEN }
}

fn put(picture: &mut Picture, group: &Placed, x: f64, y: f64) {
    for (node, spot) in &group.spots {
        picture.spots[*node] = Spot { x: spot.x + x, y: spot.y + y, width: spot.width };
    }
    for (edge, points) in &group.routes {
        picture.routes[*edge] = points.iter().map(|point| (point.0 + x, point.1 + y)).collect();
    }
}

/// Tables without drawn references, those that refer to the same hubs together.
fn rows(graph: &Graph, picture: &mut Picture, alone: &mut [usize], top: f64, room: f64) {
    alone.sort_by(|a, b| {
        graph.nodes[*b]
            .tags
            .is_empty()
            .cmp(&graph.nodes[*a].tags.is_empty())
            .reverse()
            .then_with(|| graph.nodes[*a].tags.cmp(&graph.nodes[*b].tags))
            .then(a.cmp(b))
    });
    let (mut x, mut y, mut tallest) = (MARGIN, top, 0.0_f64);
    for at in alone.iter() {
        let node = &graph.nodes[*at];
        if x > MARGIN && x + node.width > MARGIN + room {
            (x, y, tallest) = (MARGIN, y + tallest + 18.0, 0.0);
        }
        picture.spots[*at] = Spot { x, y, width: node.width };
        x += node.width + 18.0;
        tallest = tallest.max(node.height);
    }
}

/// References of a table to itself run round its right side.
fn loops(graph: &Graph, picture: &mut Picture) {
    for (at, edge) in graph.edges.iter().enumerate().filter(|(_, edge)| edge.child == edge.parent) {
        let (spot, node) = (picture.spots[edge.child], &graph.nodes[edge.child]);
        let row = |row: Option<usize>, other: f64| row.map_or(other, |row| super::graph::TITLE + super::graph::ROW * (row as f64 + 0.5));
        let from = spot.y + row(edge.child_row, node.height / 2.0 + 6.0);
        let to = spot.y + row(edge.parent_row, node.height / 2.0 - 6.0);
        picture.routes[at] = vec![(spot.x + spot.width, from), (spot.x + spot.width, to)];
    }
}
