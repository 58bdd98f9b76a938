//! Plans in the text form of EXPLAIN, as the JSON form of the same plan, so that one reader makes trees of both. Lines that are
//! not known are passed over; it never fails on one.

use serde_json::{Map, Value, json};

/// Deepest nesting followed.
const DEEPEST: usize = 120;
/// Lines looked at.
const LINES: usize = 4000;

struct Node {
    indent: usize,
    members: Map<String, Value>,
    children: Vec<Value>,
}

/// The plan in a text that may begin with `Query Text:`. `None` when there is no node in it.
#[must_use]
pub fn to_json(text: &str) -> Option<Value> {
    let mut stack: Vec<Node> = Vec::new();
    let mut root = None;
    let mut subplan: Option<(usize, String)> = None;
    for line in text.lines().take(LINES) {
        let indent = line.len() - line.trim_start().len();
        let content = line.trim();
        if let Some((label, numbers)) = content.split_once("  (cost=") {
            if stack.is_empty() && root.is_some() {
                break;
            }
            let label = label.trim_start_matches("->").trim_start();
            close(&mut stack, indent, &mut root);
            if stack.len() >= DEEPEST {
                return None;
            }
            let mut members = node(label);
            read_numbers(numbers, &mut members);
            if let Some((_, name)) = subplan.take() {
                let relation = if name.starts_with("SubPlan") { "SubPlan" } else { "InitPlan" };
                members.insert("Parent Relationship".into(), relation.into());
                members.insert("Subplan Name".into(), name.into());
            } else if !stack.is_empty() {
                let outer = stack.last().is_some_and(|parent| parent.children.is_empty());
                members.insert("Parent Relationship".into(), if outer { "Outer" } else { "Inner" }.into());
            }
            stack.push(Node { indent, members, children: Vec::new() });
        } else if is_subplan(content) {
            close(&mut stack, indent, &mut root);
            subplan = Some((indent, content.to_owned()));
        } else if let Some(node) = stack.last_mut() {
            property(content, &mut node.members);
        }
    }
    close(&mut stack, 0, &mut root);
    root.map(|plan| json!({ "Plan": plan }))
}

/// Ends the nodes that a line at this indentation is not below of.
fn close(stack: &mut Vec<Node>, indent: usize, root: &mut Option<Value>) {
    while stack.last().is_some_and(|node| node.indent >= indent) {
        let Some(mut node) = stack.pop() else { return };
        if !node.children.is_empty() {
            node.members.insert("Plans".into(), Value::Array(node.children));
        }
        match stack.last_mut() {
            Some(parent) => parent.children.push(Value::Object(node.members)),
            None => {
                root.get_or_insert(Value::Object(node.members));
            }
        }
    }
}

fn is_subplan(content: &str) -> bool {
    let named = ["InitPlan ", "SubPlan ", "CTE "].iter().any(|start| content.starts_with(start));
    named && !content.contains(": ") && content.len() < 200
}

/// What a node's words say: `Parallel Seq Scan on public.t x`.
fn node(label: &str) -> Map<String, Value> {
    let mut members = Map::new();
    let mut rest = label;
    for (word, member) in [("Parallel ", "Parallel Aware"), ("Async ", "Async Capable")] {
        if let Some(after) = rest.strip_prefix(word) {
            members.insert(member.into(), true.into());
            rest = after;
        }
    }
    for (word, mode) in [("Partial ", "Partial"), ("Finalize ", "Finalize")] {
        if let Some(after) = rest.strip_prefix(word) {
            members.insert("Partial Mode".into(), mode.into());
            rest = after;
        }
    }
    let (head, object) = match rest.split_once(" on ") {
        Some((head, object)) => (head, Some(object)),
        None => (rest, None),
    };
    let (head, index) = match head.split_once(" using ") {
        Some((head, index)) => (head, Some(index)),
        None => (head, None),
    };
    let head = head.strip_suffix(" Backward").unwrap_or(head);
    let kind = kind(head, &mut members);
    if let Some(index) = index {
        members.insert("Index Name".into(), unquoted(index).into());
    }
    if let Some(object) = object {
        name_object(&kind, object, &mut members);
    }
    members.insert("Node Type".into(), kind.into());
    members
}

fn kind(head: &str, members: &mut Map<String, Value>) -> String {
    let aggregates = [("HashAggregate", "Hashed"), ("GroupAggregate", "Sorted"), ("MixedAggregate", "Mixed"), ("Aggregate", "Plain")];
    if let Some((_, strategy)) = aggregates.iter().find(|(name, _)| *name == head) {
        members.insert("Strategy".into(), (*strategy).into());
        return "Aggregate".to_owned();
    }
    if ["Insert", "Update", "Delete", "Merge"].contains(&head) {
        members.insert("Operation".into(), head.into());
        return "ModifyTable".to_owned();
    }
    for join in ["Left", "Right", "Full", "Semi", "Anti", "Right Semi", "Right Anti"] {
        let word = format!(" {join} Join");
        if let Some(method) = head.strip_suffix(&word) {
            members.insert("Join Type".into(), join.into());
            return if method == "Nested Loop" { method.to_owned() } else { format!("{method} Join") };
        }
    }
    head.to_owned()
}

/// The table of a scan, or the index of a bitmap's.
fn name_object(kind: &str, object: &str, members: &mut Map<String, Value>) {
    if kind == "Bitmap Index Scan" {
        members.insert("Index Name".into(), unquoted(object).into());
        return;
    }
    let (name, alias) = split_name(object);
    let member = match kind {
        "CTE Scan" | "WorkTable Scan" => "CTE Name",
        "Function Scan" | "Table Function Scan" => "Function Name",
        "Subquery Scan" => "Alias",
        _ => "Relation Name",
    };
    if member == "Relation Name" {
        if let Some((schema, name)) = split_schema(name) {
            members.insert("Schema".into(), unquoted(schema).into());
            members.insert(member.into(), unquoted(name).into());
        } else {
            members.insert(member.into(), unquoted(name).into());
        }
    } else {
        members.insert(member.into(), unquoted(name).into());
    }
    if let Some(alias) = alias {
        members.insert("Alias".into(), unquoted(alias).into());
    }
}

/// A name and what stands behind it, blanks in quotes kept together.
fn split_name(text: &str) -> (&str, Option<&str>) {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => return (&text[..at], Some(text[at + 1..].trim())),
            _ => {}
        }
    }
    (text, None)
}

fn split_schema(text: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '.' if !quoted => return Some((&text[..at], &text[at + 1..])),
            _ => {}
        }
    }
    None
}

fn unquoted(text: &str) -> String {
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => text.to_owned(),
    }
}

/// `0.29..8.31 rows=1 width=4) (actual time=0.012..0.013 rows=1 loops=1)`.
fn read_numbers(text: &str, members: &mut Map<String, Value>) {
    let (planned, actual) = text.split_once(')').unwrap_or((text, ""));
    let mut put = |name: &str, text: Option<&str>| {
        if let Some(value) = text.and_then(|text| text.parse::<f64>().ok()).and_then(serde_json::Number::from_f64) {
            members.insert(name.into(), Value::Number(value));
        }
    };
    put("Total Cost", planned.split("..").nth(1).and_then(|rest| rest.split(' ').next()));
    put("Plan Rows", after(planned, "rows="));
    if actual.contains("never executed") {
        put("Actual Loops", Some("0"));
        put("Actual Rows", Some("0"));
        return;
    }
    if let Some(actual) = actual.split_once("(actual ").map(|(_, rest)| rest) {
        put("Actual Total Time", actual.split("..").nth(1).and_then(|rest| rest.split(' ').next()));
        put("Actual Rows", after(actual, "rows="));
        put("Actual Loops", after(actual, "loops="));
    }
}

fn after<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let rest = &text[text.find(name)? + name.len()..];
    Some(&rest[..rest.find([' ', ')', ',']).unwrap_or(rest.len())])
}

/// A line below a node: `Filter: …`, `Sort Method: …`, `Buffers: …`.
fn property(content: &str, members: &mut Map<String, Value>) {
    let Some((name, value)) = content.split_once(": ") else { return };
    match name {
        "Buffers" => buffers(value, members),
        "Sort Method" => {
            let (method, space) = value.split_once("  ").unwrap_or((value, ""));
            members.insert(name.into(), method.trim().into());
            if let Some((kind, size)) = space.trim().split_once(": ") {
                members.insert("Sort Space Type".into(), kind.into());
                if let Ok(size) = size.trim_end_matches("kB").parse::<u64>() {
                    members.insert("Sort Space Used".into(), size.into());
                }
            }
        }
        "Buckets" => {
            if let Some(batches) = after(content, "Batches: ").and_then(|text| text.parse::<u64>().ok()) {
                members.insert("Hash Batches".into(), batches.into());
            }
            if let Some(memory) = after(content, "Memory Usage: ").and_then(|text| text.trim_end_matches("kB").parse::<u64>().ok()) {
                members.insert("Peak Memory Usage".into(), memory.into());
            }
        }
        "Sort Key" | "Group Key" | "Presorted Key" | "Cache Key" => {
            members.insert(name.into(), value.split(", ").map(str::to_owned).collect::<Vec<_>>().into());
        }
        "Workers Planned" | "Workers Launched" | "Heap Fetches" => put_number(name, value, members),
        _ if name.starts_with("Rows Removed by") => put_number(name, value, members),
        "Filter" | "Join Filter" | "Index Cond" | "Recheck Cond" | "Hash Cond" | "Merge Cond" | "TID Cond" | "One-Time Filter"
        | "Order By" => {
            members.insert(name.into(), value.into());
        }
        _ => {}
    }
}

fn put_number(name: &str, value: &str, members: &mut Map<String, Value>) {
    if let Some(number) = value.parse::<f64>().ok().and_then(serde_json::Number::from_f64) {
        members.insert(name.into(), Value::Number(number));
    }
}

/// `shared hit=3 read=5, temp read=1 written=2`.
fn buffers(value: &str, members: &mut Map<String, Value>) {
    for part in value.split(", ") {
        let mut words = part.split(' ');
        let Some(kind) = words.next() else { continue };
        let kind = match kind {
            "shared" => "Shared",
            "local" => "Local",
            "temp" => "Temp",
            _ => continue,
        };
        for word in words {
            let Some((what, count)) = word.split_once('=') else { continue };
            let what = match what {
                "hit" => "Hit",
                "read" => "Read",
                "dirtied" => "Dirtied",
                "written" => "Written",
                _ => continue,
            };
            put_number(&format!("{kind} {what} Blocks"), count, members);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_plan_reads_as_its_json() {
        let text = "Query Text: SELECT 1\nSort  (cost=1.00..2.50 rows=10 width=4) (actual time=0.1..0.9 rows=7 loops=1)\n  Sort Key: t.a, t.b\n  \
                    Sort Method: external merge  Disk: 1234kB\n  Buffers: shared hit=3 read=5, temp read=1 written=2\n  ->  Nested Loop Left Join  \
                    (cost=0.00..2.00 rows=10 width=4) (actual time=0.1..0.5 rows=7 loops=1)\n        Join Filter: (t.a = u.a)\n        ->  Parallel Seq Scan on \
                    public.\"T x\" t  (cost=0.00..1.00 rows=5 width=4) (actual time=0.0..0.2 rows=3 loops=2)\n              Filter: (t.b > 1)\n              Rows Removed by \
                    Filter: 9\n        ->  Index Scan using u_pkey on u  (cost=0.29..0.31 rows=1 width=4) (never executed)\n  InitPlan 1 (returns $0)\n    ->  \
                    Result  (cost=0.00..0.01 rows=1 width=4) (actual time=0.0..0.0 rows=1 loops=1)\n";
        let plan = to_json(text).unwrap();
        let sort = &plan["Plan"];
        assert_eq!(
            (&sort["Node Type"], &sort["Sort Space Used"], &sort["Temp Written Blocks"]),
            (&json!("Sort"), &json!(1234), &json!(2.0))
        );
        let join = &sort["Plans"][0];
        assert_eq!((&join["Node Type"], &join["Join Type"]), (&json!("Nested Loop"), &json!("Left")));
        let scan = &join["Plans"][0];
        assert_eq!((&scan["Relation Name"], &scan["Schema"], &scan["Alias"]), (&json!("T x"), &json!("public"), &json!("t")));
        assert_eq!((&scan["Actual Rows"], &scan["Actual Loops"], &scan["Rows Removed by Filter"]), (&json!(3.0), &json!(2.0), &json!(9.0)));
        assert_eq!((&join["Plans"][1]["Index Name"], &join["Plans"][1]["Actual Loops"]), (&json!("u_pkey"), &json!(0.0)));
        assert_eq!(
            (&sort["Plans"][1]["Parent Relationship"], &sort["Plans"][1]["Subplan Name"]),
            (&json!("InitPlan"), &json!("InitPlan 1 (returns $0)"))
        );
        assert!(to_json("no plan here").is_none());
    }
}
