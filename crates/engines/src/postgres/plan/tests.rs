//! Plans that real servers (15.20 and 17.10) printed, and what is to be read from them. The fixtures were made by
//! EXPLAIN (ANALYZE, BUFFERS, VERBOSE, FORMAT JSON) over customers (2,000 rows) and orders (200,000 rows).

use dbwright_model::plan::{Operation, Plan, PlanNode};

use super::parse_plan;
use crate::error::ErrorKind;

const PARALLEL: [&str; 2] = [include_str!("fixtures/parallel.v15.json"), include_str!("fixtures/parallel.v17.json")];
const CORRELATED: [&str; 2] = [include_str!("fixtures/correlated.v15.json"), include_str!("fixtures/correlated.v17.json")];
const INITPLAN: [&str; 2] = [include_str!("fixtures/initplan.v15.json"), include_str!("fixtures/initplan.v17.json")];
const CTE: [&str; 2] = [include_str!("fixtures/cte.v15.json"), include_str!("fixtures/cte.v17.json")];
const SPILL: [&str; 2] = [include_str!("fixtures/spill.v15.json"), include_str!("fixtures/spill.v17.json")];
const HASHED: [&str; 2] = [include_str!("fixtures/hashed.v15.json"), include_str!("fixtures/hashed.v17.json")];
const LOOPS: [&str; 2] = [include_str!("fixtures/loops.v15.json"), include_str!("fixtures/loops.v17.json")];

fn plan(text: &str) -> Plan {
    parse_plan(&serde_json::from_str(text).unwrap()).unwrap()
}

fn find(plan: &Plan, test: impl Fn(&PlanNode) -> bool) -> PlanNode {
    plan.nodes().into_iter().find(|node| test(node)).cloned().unwrap_or_else(|| panic!("not in {plan:#?}"))
}

#[test]
fn own_times_add_up_to_the_execution() {
    for text in [PARALLEL, CORRELATED, INITPLAN, CTE, SPILL, HASHED, LOOPS].concat() {
        let plan = plan(text);
        let execution = plan.execution_ms.unwrap();
        let sum: f64 = plan.nodes().iter().filter_map(|node| node.self_ms).sum();
        // Rounding of means over many loops, and what the server does around the topmost node, leave a little.
        assert!(sum <= execution * 1.03 && sum >= execution * 0.8, "{sum} of {execution} ms in {plan:#?}");
        assert!(plan.executed);
    }
}

#[test]
fn blocks_are_counted_once() {
    for text in [PARALLEL, CORRELATED, INITPLAN, CTE, HASHED, LOOPS].concat() {
        let json: serde_json::Value = serde_json::from_str(text).unwrap();
        let whole = json[0]["Plan"]["Shared Hit Blocks"].as_f64().unwrap();
        let sum: f64 = plan(text).nodes().iter().filter_map(|node| node.blocks_hit).sum();
        assert!((sum - whole).abs() <= whole * 0.01, "{sum} of {whole}");
    }
}

#[test]
fn divides_the_time_of_workers_that_ran_side_by_side() {
    for text in PARALLEL {
        let plan = plan(text);
        let scan = find(&plan, |node| node.operation == Operation::FullScan);
        assert_eq!(scan.label, "Parallel Seq Scan");
        assert_eq!(scan.loops, Some(3.0));
        assert!(scan.self_ms.unwrap() < plan.execution_ms.unwrap());
        let removed_or_kept = scan.rows_actual.unwrap() * 3.0 + scan.rows_removed.unwrap_or(0.0) * 3.0;
        assert!((removed_or_kept - 200_000.0).abs() < 10.0, "{removed_or_kept}");
        find(&plan, |node| node.operation == Operation::Gather);
    }
}

#[test]
fn multiplies_by_loops() {
    for text in LOOPS {
        let plan = plan(text);
        let inner = find(&plan, |node| node.loops.is_some_and(|loops| loops > 100.0));
        let mean = inner.self_ms.unwrap() / inner.loops.unwrap();
        assert!(mean > 0.0 && mean < 1.0, "{inner:?}");
        find(&plan, |node| node.operation == Operation::NestedLoop);
    }
}

#[test]
fn shows_a_subquery_that_runs_for_each_row() {
    for text in CORRELATED {
        let subquery = find(&plan(text), |node| node.operation == Operation::CorrelatedSubquery);
        assert_eq!((subquery.label.as_str(), subquery.loops), ("SubPlan 1", Some(20.0)));
        assert_eq!(subquery.children.len(), 1);
        assert!(subquery.self_ms.is_none(), "the work is its child's");
    }
}

#[test]
fn a_hashed_subplan_is_not_correlated() {
    for text in HASHED {
        let plan = plan(text);
        assert!(plan.nodes().iter().all(|node| node.operation != Operation::CorrelatedSubquery));
        find(&plan, |node| node.operation == Operation::Subquery);
    }
}

#[test]
fn initial_plans_are_charged_to_who_asked() {
    for text in INITPLAN {
        let plan = plan(text);
        let heap = find(&plan, |node| node.label == "Bitmap Heap Scan");
        let average = find(&plan, |node| node.operation == Operation::FullScan);
        assert!(heap.self_ms.unwrap() < average.self_ms.unwrap(), "{heap:?} against {average:?}");
    }
}

#[test]
fn a_common_table_expression_is_charged_once() {
    for text in CTE {
        let plan = plan(text);
        let scans: f64 = plan.nodes().iter().filter(|node| node.label == "CTE Scan").filter_map(|node| node.self_ms).sum();
        let work = find(&plan, |node| node.operation == Operation::FullScan).self_ms.unwrap();
        assert!(scans < work, "{scans} against {work}");
    }
}

#[test]
fn sees_a_sort_on_disk() {
    for text in SPILL {
        let sort = find(&plan(text), |node| node.operation == Operation::Sort);
        assert!(sort.spilled_bytes.unwrap() > 1e6, "{sort:?}");
        assert_eq!(sort.keys.len(), 2);
    }
}

#[test]
fn names_tables_indexes_and_conditions() {
    let plan = plan(INITPLAN[0]);
    let heap = find(&plan, |node| node.label == "Bitmap Heap Scan");
    assert_eq!(heap.collection.unwrap().to_string(), "public.orders");
    assert_eq!(heap.filter.as_deref(), Some("(orders.total > $0)"));
    assert_eq!(heap.access_condition.as_deref(), Some("(orders.placed = $2)"));
    let index = find(&plan, |node| node.label == "Bitmap Index Scan");
    assert_eq!(index.index.as_deref(), Some("orders_placed_idx"));
}

#[test]
fn reads_what_auto_explain_logs() {
    let json = serde_json::json!({"Query Text": "SELECT 1", "Plan": {"Node Type": "Result", "Total Cost": 0.01, "Plan Rows": 1}});
    let plan = parse_plan(&json).unwrap();
    assert!(!plan.executed);
    assert_eq!(plan.root.cost, Some(0.01));
}

#[test]
fn refuses_what_is_no_plan() {
    let mut deep = serde_json::json!({"Node Type": "Result"});
    for _ in 0..300 {
        deep = serde_json::json!({"Node Type": "Append", "Plans": [deep]});
    }
    for json in [serde_json::json!([]), serde_json::json!({"Plan": {}}), serde_json::json!("x"), serde_json::json!({"Plan": deep})] {
        assert_eq!(parse_plan(&json).unwrap_err().kind, ErrorKind::Protocol);
    }
}
