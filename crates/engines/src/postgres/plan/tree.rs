//! The tree of nodes, and which of their times and blocks are their own. It reads no text of a statement.

use dbwright_model::ObjectName;
use dbwright_model::plan::{Operation, PlanNode};
use serde_json::Value;

use super::malformed;
use crate::error::EngineError;

/// Deepest nesting that is followed.
const DEEPEST: usize = 200;
/// Bytes of a block of temporary files.
const BLOCK_BYTES: f64 = 8192.0;

/// What a node used, children included: wall-clock ms, blocks found, blocks read, temporary blocks written.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Used([f64; 4]);

impl Used {
    fn less(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| (self.0[at] - other.0[at]).max(0.0)))
    }
}

/// A node before its own share is known.
struct Raw {
    node: PlanNode,
    used: Used,
    children: Vec<usize>,
    /// Work listed elsewhere that this node did.
    borrowed: Vec<Used>,
    /// Set where the work is done inside another node: the names under which that one asks for it.
    asked_as: Vec<String>,
    /// All conditions as one text, to find who asks.
    conditions: String,
    /// The common table expression that the node scans.
    reads_cte: Option<String>,
}

/// Builds the tree below a node.
pub fn build(top: &Value) -> Result<PlanNode, EngineError> {
    let mut arena = Vec::new();
    let root = add(top, &mut arena, 1.0, 0)?;
    lend(&mut arena, root);
    Ok(finish(&mut arena, root))
}

fn add(json: &Value, arena: &mut Vec<Raw>, processes: f64, depth: usize) -> Result<usize, EngineError> {
    if depth > DEEPEST {
        return Err(malformed("it is nested too deeply"));
    }
    let kind = text(json, "Node Type").ok_or_else(|| malformed("a node has no \"Node Type\""))?;
    let at = arena.len();
    arena.push(raw(json, &kind, processes));
    let plans = json.get("Plans").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let below = if matches!(kind.as_str(), "Gather" | "Gather Merge") { processes * gathered(json, plans) } else { processes };
    for plan in plans {
        // An InitPlan of a Gather runs once, in the leader.
        let processes = if text(plan, "Parent Relationship").as_deref() == Some("InitPlan") { processes } else { below };
        let child = add(plan, arena, processes, depth + 1)?;
        let child = wrap(plan, &arena[at].conditions.clone(), arena, child);
        arena[at].children.push(child);
    }
    Ok(at)
}

/// Processes that ran what is below a Gather: how often its child ran for each time that it ran itself.
fn gathered(gather: &Value, plans: &[Value]) -> f64 {
    let loops = |json: &Value| json.get("Actual Loops").and_then(Value::as_f64);
    let outer = plans.iter().find(|plan| text(plan, "Parent Relationship").as_deref() == Some("Outer"));
    match (loops(gather), outer.and_then(loops)) {
        (Some(own), Some(child)) if own > 0.0 && child >= own => child / own,
        _ => 1.0,
    }
}

/// Puts a node of its own over a subplan, so that the tree shows where one hangs and how often it ran.
fn wrap(json: &Value, conditions: &str, arena: &mut Vec<Raw>, child: usize) -> usize {
    let relation = text(json, "Parent Relationship").unwrap_or_default();
    if relation != "InitPlan" && relation != "SubPlan" {
        return child;
    }
    let label = text(json, "Subplan Name").unwrap_or_else(|| relation.clone());
    let hashed = conditions.contains(&format!("hashed {label}"));
    let operation = if relation == "SubPlan" && !hashed { Operation::CorrelatedSubquery } else { Operation::Subquery };
    let inner = &arena[child];
    let node = PlanNode {
        operation,
        label: label.clone(),
        rows_estimated: inner.node.rows_estimated,
        rows_actual: inner.node.rows_actual,
        loops: inner.node.loops,
        cost: inner.node.cost,
        ..PlanNode::default()
    };
    let used = inner.used;
    let asked_as = if relation == "InitPlan" { names(&label) } else { Vec::new() };
    arena.push(Raw { node, used, children: vec![child], borrowed: Vec::new(), asked_as, conditions: String::new(), reads_cte: None });
    arena.len() - 1
}

/// Under which names the result of an InitPlan is asked for: `CTE x`, `InitPlan 1 (returns $0,$1)`, from 17 on `InitPlan 1`.
fn names(label: &str) -> Vec<String> {
    let mut names: Vec<String> = label
        .split_once("(returns ")
        .map(|(_, rest)| rest.trim_end_matches(')').split(',').map(|name| name.trim().to_owned()).collect())
        .unwrap_or_default();
    names.push(label.split(" (").next().unwrap_or(label).to_owned());
    names
}

/// Finds who did the work of InitPlans and common table expressions, and takes it off there.
fn lend(arena: &mut [Raw], root: usize) {
    let mut order = Vec::with_capacity(arena.len());
    let mut waiting = vec![root];
    while let Some(at) = waiting.pop() {
        order.push(at);
        waiting.extend(arena[at].children.iter().rev());
    }
    for place in 0..order.len() {
        let lister = order[place];
        for child in arena[lister].children.clone() {
            if arena[child].asked_as.is_empty() {
                continue;
            }
            let names = std::mem::take(&mut arena[child].asked_as);
            let work = arena[child].used;
            let inside = below(arena, child);
            let askers: Vec<usize> = order.iter().copied().filter(|at| !inside.contains(at) && asks(&arena[*at], &names)).collect();
            // A node that used far less than the whole can't have done it (the clocks differ a little); of the others, those
            // above repeat what the lowest asks.
            let could = askers.iter().copied().filter(|at| arena[*at].used.0[0] >= work.0[0] * 0.5);
            let payer = could.min_by(|a, b| arena[*a].used.0[0].total_cmp(&arena[*b].used.0[0]));
            let payer = payer.unwrap_or(lister);
            arena[payer].borrowed.push(work);
        }
    }
}

fn below(arena: &[Raw], top: usize) -> Vec<usize> {
    let mut found = Vec::new();
    let mut waiting = vec![top];
    while let Some(at) = waiting.pop() {
        found.push(at);
        waiting.extend(&arena[at].children);
    }
    found
}

fn asks(raw: &Raw, names: &[String]) -> bool {
    names.iter().any(|name| match name.strip_prefix("CTE ") {
        Some(cte) => raw.reads_cte.as_deref() == Some(cte),
        None => mentions(&raw.conditions, name),
    })
}

/// Whether a text has a name in it that does not go on as a longer one (`$1` in `$10`).
fn mentions(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| !text[at + name.len()..].starts_with(|next: char| next.is_ascii_digit()))
}

fn finish(arena: &mut [Raw], at: usize) -> PlanNode {
    let children = std::mem::take(&mut arena[at].children);
    let mut own = arena[at].used;
    for child in &children {
        // What an InitPlan did was taken off where it was asked for.
        let lent = matches!(arena[*child].node.operation, Operation::Subquery) && is_init(&arena[*child]);
        if !lent {
            own = own.less(arena[*child].used);
        }
    }
    for work in std::mem::take(&mut arena[at].borrowed) {
        own = own.less(work);
    }
    let mut node = std::mem::take(&mut arena[at].node);
    if node.self_ms.is_some() {
        node.self_ms = Some(own.0[0]);
    }
    node.blocks_hit = node.blocks_hit.map(|_| own.0[1]);
    node.blocks_read = node.blocks_read.map(|_| own.0[2]);
    let temporary = own.0[3] * BLOCK_BYTES;
    if node.spilled_bytes.is_none() && temporary > 0.0 {
        node.spilled_bytes = Some(temporary);
    }
    node.children = children.into_iter().map(|child| finish(arena, child)).collect();
    node
}

fn is_init(raw: &Raw) -> bool {
    raw.node.label.starts_with("InitPlan") || raw.node.label.starts_with("CTE ")
}

fn raw(json: &Value, kind: &str, processes: f64) -> Raw {
    let number = |name: &str| json.get(name).and_then(Value::as_f64);
    let loops = number("Actual Loops");
    let time = number("Actual Total Time").zip(loops).map(|(mean, loops)| mean * loops / processes.max(1.0));
    let used = Used([
        time.unwrap_or(0.0),
        number("Shared Hit Blocks").unwrap_or(0.0) + number("Local Hit Blocks").unwrap_or(0.0),
        number("Shared Read Blocks").unwrap_or(0.0) + number("Local Read Blocks").unwrap_or(0.0),
        number("Temp Written Blocks").unwrap_or(0.0),
    ]);
    let access = ["Index Cond", "Recheck Cond", "TID Cond", "Hash Cond", "Merge Cond"].iter().find_map(|name| text(json, name));
    let filters: Vec<String> = ["Join Filter", "Filter", "One-Time Filter"].iter().filter_map(|name| text(json, name)).collect();
    let keys = ["Sort Key", "Group Key", "Cache Key"].iter().find_map(|name| list(json, name)).unwrap_or_default();
    let removed = ["Rows Removed by Filter", "Rows Removed by Join Filter", "Rows Removed by Index Recheck"];
    let conditions = conditions(json);
    let node = PlanNode {
        operation: operation(kind, json),
        label: label(kind, json),
        collection: text(json, "Relation Name").map(|name| ObjectName { schema: text(json, "Schema"), name }),
        index: text(json, "Index Name"),
        access_condition: access,
        filter: (!filters.is_empty()).then(|| filters.join(" AND ")),
        keys,
        rows_estimated: number("Plan Rows"),
        rows_actual: number("Actual Rows"),
        rows_removed: removed.iter().filter_map(|name| number(name)).reduce(|a, b| a + b),
        loops,
        cost: number("Total Cost"),
        self_ms: time,
        spilled_bytes: spilled(json),
        blocks_hit: number("Shared Hit Blocks"),
        blocks_read: number("Shared Read Blocks"),
        children: Vec::new(),
    };
    let reads_cte = text(json, "CTE Name");
    Raw { node, used, children: Vec::new(), borrowed: Vec::new(), asked_as: Vec::new(), conditions, reads_cte }
}

/// All texts of a node in which it may ask for the result of another part of the plan.
fn conditions(json: &Value) -> String {
    let Some(fields) = json.as_object() else { return String::new() };
    let mut all = String::new();
    for (name, value) in fields {
        if name == "Plans" || name == "Subplan Name" {
            continue;
        }
        match value {
            Value::String(text) => all.push_str(text),
            Value::Array(list) => list.iter().filter_map(Value::as_str).for_each(|text| all.push_str(text)),
            _ => {}
        }
        all.push('\n');
    }
    all
}

/// Bytes of a sort or aggregation on disk, over all workers.
fn spilled(json: &Value) -> Option<f64> {
    let on_disk = |json: &Value| -> Option<f64> {
        let kilobytes = |name: &str| json.get(name).and_then(Value::as_f64);
        let sort = kilobytes("Sort Space Used").filter(|_| text(json, "Sort Space Type").as_deref() == Some("Disk"));
        sort.or_else(|| kilobytes("Disk Usage").filter(|used| *used > 0.0)).map(|kilobytes| kilobytes * 1024.0)
    };
    let workers = json.get("Workers").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    workers.iter().filter_map(on_disk).chain(on_disk(json)).reduce(|a, b| a + b)
}

fn operation(kind: &str, json: &Value) -> Operation {
    let sought = json.get("Index Cond").is_some() || json.get("Order By").is_some();
    match kind {
        "Seq Scan" | "Sample Scan" => Operation::FullScan,
        "Index Scan" | "Index Only Scan" if !sought => Operation::FullIndexScan,
        "Index Scan" => Operation::IndexScan,
        "Index Only Scan" => Operation::IndexOnlyScan,
        "Bitmap Heap Scan" | "Bitmap Index Scan" => Operation::BitmapScan,
        "Sort" | "Incremental Sort" => Operation::Sort,
        "Aggregate" | "Group" | "WindowAgg" => Operation::Aggregate,
        "Unique" => Operation::Distinct,
        "Nested Loop" => Operation::NestedLoop,
        "Hash Join" => Operation::HashJoin,
        "Merge Join" => Operation::MergeJoin,
        "Limit" => Operation::Limit,
        "Materialize" | "Memoize" | "Hash" => Operation::Materialize,
        "Append" | "Merge Append" | "SetOp" | "Recursive Union" => Operation::Append,
        "Gather" | "Gather Merge" => Operation::Gather,
        "ModifyTable" => Operation::Modify,
        _ => Operation::Other,
    }
}

/// The node's name as the server's text format prints it.
fn label(kind: &str, json: &Value) -> String {
    let join = text(json, "Join Type").filter(|join| join != "Inner");
    let strategy = text(json, "Strategy");
    let name = match (kind, join, strategy.as_deref()) {
        ("Nested Loop", Some(join), _) => format!("Nested Loop {join} Join"),
        ("Hash Join", Some(join), _) => format!("Hash {join} Join"),
        ("Merge Join", Some(join), _) => format!("Merge {join} Join"),
        ("Aggregate", _, Some("Hashed")) => "HashAggregate".to_owned(),
        ("Aggregate", _, Some("Sorted")) => "GroupAggregate".to_owned(),
        ("Aggregate", _, Some("Mixed")) => "MixedAggregate".to_owned(),
        ("ModifyTable", _, _) => text(json, "Operation").unwrap_or_else(|| kind.to_owned()),
        _ => kind.to_owned(),
    };
    let backward = if text(json, "Scan Direction").as_deref() == Some("Backward") { " Backward" } else { "" };
    let partial = text(json, "Partial Mode").filter(|mode| mode != "Simple").map(|mode| format!("{mode} ")).unwrap_or_default();
    let parallel = if json.get("Parallel Aware").and_then(Value::as_bool).unwrap_or(false) { "Parallel " } else { "" };
    format!("{partial}{parallel}{name}{backward}")
}

fn text(json: &Value, name: &str) -> Option<String> {
    json.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn list(json: &Value, name: &str) -> Option<Vec<String>> {
    match json.get(name)? {
        Value::Array(list) => Some(list.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
        Value::String(one) => Some(vec![one.clone()]),
        _ => None,
    }
}
