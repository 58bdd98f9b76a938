//! How far a ghost plans like its source: the workload's plans and costs side by side, the share that is equal, and what
//! differs. It compares what it is given and asks no server.

use dbwright_model::plan::{Plan, PlanNode};

/// Relative difference of costs below which they count as equal: what is left when the server prints hundredths.
const TOLERANCE: f64 = 1e-4;

/// A statement on source and ghost.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// What people call it.
    pub label: String,
    /// Total cost on the source.
    pub source_cost: Option<f64>,
    /// Total cost on the ghost.
    pub ghost_cost: Option<f64>,
    /// Whether both choose the same operations on the same tables and indexes in the same order.
    pub same_plan: bool,
    /// Whether the costs are equal too.
    pub same_cost: bool,
    /// What differs, in words; none when nothing does.
    pub difference: Option<String>,
}

/// All statements on source and ghost.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fidelity {
    /// One entry a statement that both could plan.
    pub statements: Vec<Compared>,
    /// Statements that one or both could not plan, with what was said.
    pub unplanned: Vec<(String, String)>,
}

impl Fidelity {
    /// Compares the plans of labelled statements.
    #[must_use]
    pub fn of(labels: &[String], source: &[Result<Plan, String>], ghost: &[Result<Plan, String>]) -> Self {
        let mut found = Self::default();
        for ((label, source), ghost) in labels.iter().zip(source).zip(ghost) {
            match (source, ghost) {
                (Ok(source), Ok(ghost)) => found.statements.push(compare(label, source, ghost)),
                (Err(why), _) => found.unplanned.push((label.clone(), format!("on the source: {why}"))),
                (_, Err(why)) => found.unplanned.push((label.clone(), format!("on the ghost: {why}"))),
            }
        }
        found
    }

    /// Share of statements with the same plan, of those that the source could plan; none without any.
    #[must_use]
    pub fn same_plans(&self) -> Option<f64> {
        self.share(|compared| compared.same_plan)
    }

    /// Share of statements with the same plan at the same cost.
    #[must_use]
    pub fn same_costs(&self) -> Option<f64> {
        self.share(|compared| compared.same_plan && compared.same_cost)
    }

    fn share(&self, good: impl Fn(&Compared) -> bool) -> Option<f64> {
        let refused = self.unplanned.iter().filter(|(_, why)| why.starts_with("on the ghost")).count();
        let all = self.statements.len() + refused;
        (all > 0).then(|| self.statements.iter().filter(|compared| good(compared)).count() as f64 / all as f64)
    }
}

fn compare(label: &str, source: &Plan, ghost: &Plan) -> Compared {
    let different = first_difference(&source.root, &ghost.root);
    let (source_cost, ghost_cost) = (source.root.cost, ghost.root.cost);
    let same_cost = source_cost.zip(ghost_cost).is_none_or(|(a, b)| (a - b).abs() <= TOLERANCE * a.abs().max(b.abs()).max(1.0));
    let difference = different.clone().or_else(|| (!same_cost).then(|| other_estimates(&source.root, &ghost.root)));
    Compared { label: label.to_owned(), source_cost, ghost_cost, same_plan: different.is_none(), same_cost, difference }
}

fn describe(node: &PlanNode) -> String {
    let on = node.collection.as_ref().map(|name| format!(" on {name}")).unwrap_or_default();
    let using = node.index.as_ref().map(|name| format!(" using {name}")).unwrap_or_default();
    format!("{}{on}{using}", node.label)
}

/// The topmost pair of nodes that do different things.
fn first_difference(source: &PlanNode, ghost: &PlanNode) -> Option<String> {
    let same = source.operation == ghost.operation
        && source.label == ghost.label
        && source.collection == ghost.collection
        && source.index == ghost.index
        && source.keys == ghost.keys;
    if !same || source.children.len() != ghost.children.len() {
        return Some(format!("source: {}; ghost: {}", describe(source), describe(ghost)));
    }
    source.children.iter().zip(&ghost.children).find_map(|(source, ghost)| first_difference(source, ghost))
}

/// Of plans of one form, the lowest node whose rows or cost differ.
fn other_estimates(source: &PlanNode, ghost: &PlanNode) -> String {
    let below = source
        .children
        .iter()
        .zip(&ghost.children)
        .find(|(source, ghost)| source.cost != ghost.cost || source.rows_estimated != ghost.rows_estimated);
    if let Some((source, ghost)) = below {
        return other_estimates(source, ghost);
    }
    let number = |value: Option<f64>| value.map_or_else(|| "?".to_owned(), |value| format!("{value}"));
    format!(
        "same plan; at {}: rows {} and {}, cost {} and {}",
        describe(source),
        number(source.rows_estimated),
        number(ghost.rows_estimated),
        number(source.cost),
        number(ghost.cost)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(label: &str, index: Option<&str>, cost: f64) -> Plan {
        let child = PlanNode { label: "Scan".into(), index: index.map(str::to_owned), cost: Some(cost), ..PlanNode::default() };
        let root = PlanNode { label: label.into(), cost: Some(cost + 1.0), children: vec![child], ..PlanNode::default() };
        Plan { root, executed: false, planning_ms: None, execution_ms: None }
    }

    #[test]
    fn tells_other_plans_from_other_costs() {
        let source = [Ok(plan("Join", None, 10.0)), Ok(plan("Join", None, 10.0)), Ok(plan("Join", None, 10.0)), Err("no".to_owned())];
        let ghost =
            [Ok(plan("Join", None, 10.0)), Ok(plan("Join", Some("i"), 10.0)), Ok(plan("Join", None, 12.0)), Ok(plan("Join", None, 1.0))];
        let labels: Vec<String> = (1..=4).map(|number| number.to_string()).collect();
        let found = Fidelity::of(&labels, &source, &ghost);
        let same: Vec<(bool, bool)> = found.statements.iter().map(|one| (one.same_plan, one.same_cost)).collect();
        assert_eq!(same, [(true, true), (false, true), (true, false)]);
        assert!(found.statements[1].difference.as_ref().is_some_and(|text| text.contains("using i")));
        assert!(found.statements[2].difference.as_ref().is_some_and(|text| text.contains("10 and 12")));
        assert_eq!((found.same_plans(), found.unplanned.len()), (Some(2.0 / 3.0), 1));
    }

    #[test]
    fn what_a_ghost_refuses_counts_against_it() {
        let found = Fidelity::of(
            &["1".into(), "2".into()],
            &[Ok(plan("A", None, 1.0)), Ok(plan("A", None, 1.0))],
            &[Ok(plan("A", None, 1.0)), Err("no".into())],
        );
        assert_eq!(found.same_plans(), Some(0.5));
        assert_eq!(Fidelity::default().same_plans(), None);
    }
}
