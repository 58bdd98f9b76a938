//! The entity-relationship diagram as SVG. Tables stand in layers along their references, parents left of children; each group
//! of related tables is laid out alone and the groups are packed side by side. Deterministic. It draws names, never data.

mod draw;
mod graph;
mod layers;
mod order;
mod pack;
mod place;
mod slots;
pub mod texts;

use dbwright_model::catalog::Catalog;

use graph::Graph;

/// Tables up to which columns are shown.
pub(crate) const DETAILED: usize = 30;
/// Tables drawn at the most: beyond it the most referred to are kept.
pub(crate) const MOST_TABLES: usize = 400;

/// A diagram and what must be said of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagram {
    /// The picture; its classes are styled by the page.
    pub svg: String,
    /// Tables drawn.
    pub tables: usize,
    /// Tables left out for lack of room.
    pub left_out: usize,
    /// Tables so often referred to that their references are written into the referring boxes instead of drawn.
    pub hubs: Vec<String>,
}

/// Draws the tables of a catalog; none when there are no tables.
#[must_use]
pub fn diagram(catalog: &Catalog) -> Option<Diagram> {
    let graph = Graph::new(catalog);
    if graph.nodes.is_empty() {
        return None;
    }
    let picture = pack::pack(&graph);
    let svg = draw::svg(&graph, &picture);
    Some(Diagram { svg, tables: graph.nodes.len(), left_out: graph.left_out, hubs: graph.hubs })
}

/// A box's place.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Spot {
    x: f64,
    y: f64,
    width: f64,
}

/// Where everything goes.
#[derive(Debug, Default)]
struct Picture {
    /// One per node.
    spots: Vec<Spot>,
    /// One per edge: corner points from the left end to the right one; a pair of points with equal height is a straight piece.
    routes: Vec<Vec<(f64, f64)>>,
    width: f64,
    height: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use dbwright_model::ObjectName;
    use dbwright_model::catalog::Reference;

    fn boxes(catalog: &Catalog) -> Vec<(f64, f64, f64, f64)> {
        let graph = Graph::new(catalog);
        let picture = pack::pack(&graph);
        graph.nodes.iter().zip(&picture.spots).map(|(node, spot)| (spot.x, spot.y, spot.width, node.height)).collect()
    }

    #[test]
    fn no_two_boxes_overlap_and_all_lie_inside() {
        for count in [1, 2, 10, 30, 31, 200] {
            let catalog = testing::catalog(count);
            let boxes = boxes(&catalog);
            let picture = pack::pack(&Graph::new(&catalog));
            assert_eq!(boxes.len(), count);
            for (at, one) in boxes.iter().enumerate() {
                assert!(one.0 >= 0.0 && one.1 >= 0.0 && one.0 + one.2 <= picture.width && one.1 + one.3 <= picture.height, "{one:?}");
                for other in &boxes[at + 1..] {
                    let apart =
                        one.0 + one.2 <= other.0 || other.0 + other.2 <= one.0 || one.1 + one.3 <= other.1 || other.1 + other.3 <= one.1;
                    assert!(apart, "{one:?} and {other:?} overlap among {count}");
                }
            }
        }
    }

    #[test]
    fn no_line_runs_through_a_box() {
        for count in [10, 60, 200] {
            let catalog = testing::catalog(count);
            let graph = Graph::new(&catalog);
            let picture = pack::pack(&graph);
            for (edge, route) in graph.edges.iter().zip(&picture.routes).filter(|(edge, _)| edge.child != edge.parent) {
                for pair in route.windows(2).filter(|pair| pair[0].1 == pair[1].1) {
                    for (node, spot) in graph.nodes.iter().zip(&picture.spots) {
                        let (middle, y) = ((pair[0].0 + pair[1].0) / 2.0, pair[0].1);
                        let inside = middle > spot.x && middle < spot.x + spot.width && y > spot.y && y < spot.y + node.height;
                        assert!(!inside, "{} runs through {}", edge.title, node.title);
                    }
                }
            }
        }
    }

    #[test]
    fn every_reference_is_drawn_or_written() {
        for count in [10, 200] {
            let catalog = testing::catalog(count);
            let references: usize = catalog.tables().map(|table| table.references.len()).sum();
            let graph = Graph::new(&catalog);
            let written: usize = graph.nodes.iter().map(|node| node.tagged).sum();
            assert_eq!(graph.edges.len() + written, references);
            let svg = diagram(&catalog).map(|diagram| diagram.svg).unwrap_or_default();
            assert_eq!(svg.matches("class=\"e\"").count(), graph.edges.len());
        }
    }

    #[test]
    fn cycles_and_self_references_end() {
        let mut catalog = testing::catalog(3);
        let names: Vec<ObjectName> = catalog.collections.iter().map(|table| table.name.clone()).collect();
        for table in &mut catalog.collections {
            for target in &names {
                table.references.push(Reference { columns: vec!["id".into()], target: target.clone(), ..Reference::default() });
            }
        }
        let references: usize = catalog.tables().map(|table| table.references.len()).sum();
        assert_eq!(diagram(&catalog).map(|diagram| diagram.svg.matches("class=\"e\"").count()), Some(references));
    }

    #[test]
    fn is_the_same_each_time() {
        let catalog = testing::catalog(120);
        assert_eq!(diagram(&catalog), diagram(&catalog));
    }

    #[test]
    fn hostile_names_stay_text() {
        let report = testing::hostile();
        let svg = report.facts.and_then(|facts| diagram(&facts.catalog)).map(|diagram| diagram.svg).unwrap_or_default();
        assert!(!svg.contains("<script") && !svg.contains("<img") && svg.chars().all(|c| !c.is_control()));
    }

    #[test]
    fn ten_thousand_tables_draw_the_most_referred_to() {
        let diagram = diagram(&testing::catalog(2000)).unwrap();
        assert_eq!((diagram.tables, diagram.left_out), (MOST_TABLES, 2000 - MOST_TABLES));
    }
}
