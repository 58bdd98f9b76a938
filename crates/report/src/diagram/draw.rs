//! The picture as SVG text. Colours come from the page's style sheet; every line and box has a title.
//! It never places anything.

use std::fmt::Write as _;

use super::Picture;
use super::Spot;
use super::graph::{Edge, Graph, Node, ROW, TAG, TITLE};
use crate::sanitise;

/// Draws.
pub(super) fn svg(graph: &Graph, picture: &Picture) -> String {
    let (width, height) = (picture.width.ceil(), picture.height.ceil());
    let mut out = format!(
        "<svg class=\"er\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"group\" aria-label=\"Entity-relationship diagram: {} tables, {} references\">",
        graph.nodes.len(),
        graph.edges.len() + graph.nodes.iter().map(|node| node.tagged).sum::<usize>()
    );
    for (edge, route) in graph.edges.iter().zip(&picture.routes) {
        line(graph, edge, route, &mut out);
    }
    for (node, spot) in graph.nodes.iter().zip(&picture.spots) {
        table(node, *spot, &mut out);
    }
    for (edge, route) in graph.edges.iter().zip(&picture.routes) {
        ends(edge, route, picture.spots[edge.child], &mut out);
    }
    out.push_str("</svg>");
    out
}

fn table(node: &Node, spot: Spot, out: &mut String) {
    let Spot { x, y, width } = spot;
    let (name, title) = (xml(&node.name), xml(&node.title));
    let _ = write!(out, "<a class=\"t\" href=\"#table-{0}\" data-t=\"{0}\"><title>{name}</title>", node.at);
    let _ = write!(out, "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{:.1}\" rx=\"5\"/>", node.height);
    let _ = write!(out, "<text class=\"n\" x=\"{:.1}\" y=\"{:.1}\">{title}</text>", x + 10.0, y + 18.0);
    for (at, tag) in node.tags.iter().enumerate() {
        let _ = write!(out, "<text class=\"g\" x=\"{:.1}\" y=\"{:.1}\">→ {}</text>", x + 10.0, y + TITLE + 6.0 + TAG * at as f64, xml(tag));
    }
    if !node.rows.is_empty() {
        let _ = write!(out, "<path class=\"r\" d=\"M{x:.1} {:.1}h{width:.1}\"/>", y + TITLE - 1.0);
    }
    for (at, row) in node.rows.iter().enumerate() {
        let baseline = y + TITLE + ROW * at as f64 + 13.5;
        if !row.mark.is_empty() {
            let _ = write!(out, "<text class=\"m\" x=\"{:.1}\" y=\"{baseline:.1}\">{}</text>", x + 10.0, row.mark);
        }
        let class = if row.key { "c p" } else { "c" };
        let _ = write!(out, "<text class=\"{class}\" x=\"{:.1}\" y=\"{baseline:.1}\">{}</text>", x + 29.0, xml(&row.name));
        let _ = write!(out, "<text class=\"k\" x=\"{:.1}\" y=\"{baseline:.1}\">{}</text>", x + width - 9.0, xml(&row.kind));
    }
    out.push_str("</a>");
}

/// Curves between columns, straight pieces across them.
fn line(graph: &Graph, edge: &Edge, route: &[(f64, f64)], out: &mut String) {
    let Some(first) = route.first() else { return };
    let mut path = format!("M{:.1} {:.1}", first.0, first.1);
    if edge.child == edge.parent {
        let to = route.last().unwrap_or(first);
        let _ = write!(path, "C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}", first.0 + 34.0, first.1 + 4.0, to.0 + 34.0, to.1 - 4.0, to.0, to.1);
    } else {
        for (at, pair) in route.windows(2).enumerate() {
            let (from, to) = (pair[0], pair[1]);
            if at % 2 == 1 || (from.1 - to.1).abs() < 0.05 {
                let _ = write!(path, "H{:.1}", to.0);
            } else {
                let bend = (to.0 - from.0) * 0.5;
                let _ = write!(path, "C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}", from.0 + bend, from.1, to.0 - bend, to.1, to.0, to.1);
            }
        }
    }
    let (child, parent) = (graph.nodes[edge.child].at, graph.nodes[edge.parent].at);
    let _ = write!(out, "<path class=\"e\" data-a=\"{child}\" data-b=\"{parent}\" d=\"{path}\"><title>{}</title></path>", xml(&edge.title));
}

/// A crow's foot where many refer, a bar where one does; a ring where the reference may be empty; a bar at the table referred to.
fn ends(edge: &Edge, route: &[(f64, f64)], child: Spot, out: &mut String) {
    let (Some(&left), Some(&right)) = (route.first(), route.last()) else { return };
    let looped = edge.child == edge.parent;
    let child_left = looped || (left.0 - child.x - child.width).abs() < 0.5;
    let (foot, bar) = if child_left { (left, right) } else { (right, left) };
    let foot_side = if child_left { 1.0 } else { -1.0 };
    let bar_side = if looped { 1.0 } else { -foot_side };
    let tip = foot.0 + foot_side * 9.0;
    if edge.single {
        let _ = write!(out, "<path class=\"f\" d=\"M{:.1} {:.1}v9\"/>", foot.0 + foot_side * 5.0, foot.1 - 4.5);
    } else {
        let _ = write!(
            out,
            "<path class=\"f\" d=\"M{0:.1} {1:.1}L{tip:.1} {2:.1}L{0:.1} {3:.1}\"/>",
            foot.0,
            foot.1 - 4.5,
            foot.1,
            foot.1 + 4.5
        );
    }
    if edge.optional {
        let _ = write!(out, "<circle class=\"o\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\"/>", tip + foot_side * 3.0, foot.1);
    }
    let _ = write!(out, "<path class=\"f\" d=\"M{:.1} {:.1}v8\"/>", bar.0 + bar_side * 5.0, bar.1 - 4.0);
}

/// Text for SVG.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    sanitise::html_into(text, &mut out);
    out
}
