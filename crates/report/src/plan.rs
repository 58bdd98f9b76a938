//! A plan as a readable tree, for terminals and for pages. It never judges: remarks name what a node says of itself.

use anstyle::{AnsiColor, Effects, Style};
use dbwright_model::plan::{Operation, Plan, PlanNode};

use crate::text::{cut, paint, width};
use crate::{Options, number, sanitise};

const FAINT: Style = Style::new().effects(Effects::DIMMED);
const YELLOW: Style = AnsiColor::Yellow.on_default();

/// A line of the tree.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanLine {
    /// Branches in front.
    pub lead: String,
    /// What the node does and on what.
    pub text: String,
    /// Rows, loops, the node's own time, the blocks that it touched itself.
    pub numbers: String,
    /// Share of the plan's time, or of its cost, that the node takes itself.
    pub share: Option<f64>,
    /// What deserves attention: a full scan, a misestimate, a spill.
    pub remark: Option<String>,
}

/// The plan as lines, parents first.
#[must_use]
pub fn lines(plan: &Plan) -> Vec<PlanLine> {
    let total = plan.execution_ms.or(plan.root.cost).filter(|total| *total > 0.0);
    let mut lines = Vec::new();
    add(&plan.root, plan.executed, total, "", "", &mut lines);
    lines
}

/// The plan as text.
#[must_use]
pub fn text(plan: &Plan) -> String {
    let mut out = String::new();
    for line in lines(plan) {
        let remark = line.remark.map(|remark| format!("  ← {remark}")).unwrap_or_default();
        let numbers = if line.numbers.is_empty() { String::new() } else { format!("  ({})", line.numbers) };
        out.push_str(&format!("{}{}{numbers}{remark}\n", line.lead, line.text));
    }
    out
}

/// The plan for a terminal: a node a line, its numbers below where they don't fit.
#[must_use]
pub fn terminal(plan: &Plan, options: &Options) -> String {
    let mut out = String::new();
    for line in lines(plan) {
        let safe = |text: &str| if options.unicode { text.to_owned() } else { sanitise::ascii(text) };
        let lead = safe(&line.lead);
        let text = cut(&safe(&line.text), options.width.saturating_sub(width(&lead)));
        let share = line.share.filter(|share| *share >= 0.01).map(|share| format!("{:.0} %", share * 100.0));
        let numbers =
            [Some(line.numbers).filter(|numbers| !numbers.is_empty()), share].into_iter().flatten().collect::<Vec<_>>().join(", ");
        let (numbers, remark) = (safe(&numbers), safe(&line.remark.unwrap_or_default()));
        let beside = width(&lead) + width(&text) + 2 + width(&numbers) + 2 + width(&remark) <= options.width;
        let painted = [paint(&numbers, FAINT, options.color), paint(&remark, YELLOW, options.color)].join("  ");
        let gap = if beside { "  ".to_owned() } else { format!("\n{}", " ".repeat(width(&lead) + 2)) };
        let text = if options.unicode { text } else { text.replace('…', "...") };
        out.push_str(format!("{}{text}{gap}{painted}", paint(&lead, FAINT, options.color)).trim_end());
        out.push('\n');
    }
    out
}

fn add(node: &PlanNode, executed: bool, total: Option<f64>, lead: &str, below: &str, lines: &mut Vec<PlanLine>) {
    let own = if executed { node.self_ms } else { own_cost(node) };
    lines.push(PlanLine {
        lead: lead.to_owned(),
        text: title(node),
        numbers: numbers(node, executed),
        share: own.zip(total).map(|(own, total)| (own / total).clamp(0.0, 1.0)),
        remark: remark(node, executed),
    });
    for (at, child) in node.children.iter().enumerate() {
        let last = at + 1 == node.children.len();
        let (branch, further) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        add(child, executed, total, &format!("{below}{branch}"), &format!("{below}{further}"), lines);
    }
}

fn own_cost(node: &PlanNode) -> Option<f64> {
    let children: f64 = node.children.iter().filter_map(|child| child.cost).sum();
    node.cost.map(|cost| (cost - children).max(0.0))
}

fn title(node: &PlanNode) -> String {
    let mut text = sanitise::line(&node.label);
    if let Some(collection) =
        node.collection.as_ref().map(|name| sanitise::line(&name.to_string())).filter(|name| !text.contains(name.as_str()))
    {
        text.push_str(&format!(" on {collection}"));
    }
    if let Some(index) = node.index.as_deref().map(sanitise::line).filter(|name| !text.contains(name.as_str())) {
        text.push_str(&format!(" using {index}"));
    }
    for (word, condition) in [("by", &node.access_condition), ("filter", &node.filter)] {
        if let Some(condition) = condition {
            text.push_str(&format!(" · {word} {}", crate::text::cut(&sanitise::line(condition), 90)));
        }
    }
    if !node.keys.is_empty() {
        text.push_str(&format!(" · {}", crate::text::cut(&sanitise::line(&node.keys.join(", ")), 90)));
    }
    text
}

fn numbers(node: &PlanNode, executed: bool) -> String {
    let mut parts = Vec::new();
    match (node.rows_estimated, node.rows_actual) {
        (_, Some(actual)) => parts.push(format!("{} rows", number::grouped(actual.round()))),
        (Some(estimated), None) => parts.push(format!("≈ {} rows", number::grouped(estimated.round()))),
        (None, None) => {}
    }
    if let Some(loops) = node.loops.filter(|loops| *loops != 1.0 && executed) {
        parts.push(if loops == 0.0 { "never run".to_owned() } else { format!("{} times", number::grouped(loops)) });
    }
    if let Some(time) = node.self_ms.filter(|_| executed) {
        parts.push(number::milliseconds(time));
    }
    if let Some(hit) = node.blocks_hit.filter(|_| executed && node.loops != Some(0.0)) {
        let read = node.blocks_read.unwrap_or(0.0);
        let touched = hit + read;
        if touched > 0.0 {
            let from_outside = if read > 0.0 { format!(" ({} read)", number::grouped(read)) } else { String::new() };
            parts.push(format!("{} blocks{from_outside}", number::grouped(touched)));
        }
    }
    parts.join(", ")
}

/// A misestimate counts from a factor of ten and a hundred rows on.
fn remark(node: &PlanNode, executed: bool) -> Option<String> {
    if let Some(bytes) = node.spilled_bytes.filter(|bytes| *bytes > 0.0) {
        return Some(format!("spilled {} to disk", number::bytes(bytes)));
    }
    if let (true, Some(estimated), Some(actual)) = (executed && node.loops != Some(0.0), node.rows_estimated, node.rows_actual) {
        let (low, high) = (estimated.min(actual).max(1.0), estimated.max(actual));
        if high / low >= 10.0 && high >= 100.0 {
            let factor = number::grouped((high / low).round());
            let came = if actual > estimated { format!("{factor} times as many") } else { format!("one in {factor}") };
            return Some(format!("{} rows expected, {came} came", number::grouped(estimated.round())));
        }
    }
    match node.operation {
        Operation::FullScan => Some("reads the whole table".to_owned()),
        Operation::AutomaticIndex => Some("builds an index for this run".to_owned()),
        Operation::CorrelatedSubquery => Some("runs once per row".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(label: &str, cost: f64, children: Vec<PlanNode>) -> PlanNode {
        PlanNode { label: label.to_owned(), cost: Some(cost), rows_estimated: Some(10.0), children, ..PlanNode::default() }
    }

    #[test]
    fn draws_branches_and_shares() {
        let root = node("Join", 100.0, vec![node("Left", 30.0, vec![node("Deep", 10.0, vec![])]), node("Right", 50.0, vec![])]);
        let lines = lines(&Plan { root, executed: false, planning_ms: None, execution_ms: None });
        let leads: Vec<&str> = lines.iter().map(|line| line.lead.as_str()).collect();
        assert_eq!(leads, ["", "├─ ", "│  └─ ", "└─ "]);
        assert_eq!(lines[0].share, Some(0.2));
    }

    #[test]
    fn a_terminal_shows_each_node_with_its_numbers() {
        let facts = crate::testing::facts();
        let plans: Vec<&Plan> = facts.workload.statements.iter().filter_map(|statement| statement.plan.as_ref()).collect();
        let text = terminal(plans[1], &Options::default());
        assert_eq!(
            text,
            "Nested Loop  6,460 rows, 19 ms, 6 %  51 rows expected, 127 times as many came\n\
             ├─ Seq Scan on public.orders · filter (customer_id = 4711)\n     19 rows, 186 ms, 62 %  reads the whole table\n\
             └─ Index Scan on public.order_items using order_items_pkey · by (order_id = o.i…\n     340 rows, 19 times, 96 ms, 32 %  spilled 24 MB to disk\n"
        );
        let ascii = terminal(plans[1], &Options { unicode: false, ..Options::default() });
        assert!(ascii.is_ascii() && ascii.contains("`- Index Scan"));
    }

    #[test]
    fn blocks_count_where_they_were_touched() {
        let mut read = node("Scan", 1.0, vec![]);
        (read.blocks_hit, read.blocks_read, read.rows_actual, read.loops) = (Some(1200.0), Some(34.0), Some(5.0), Some(1.0));
        assert_eq!(numbers(&read, true), "5 rows, 1,234 blocks (34 read)");
        assert_eq!(numbers(&PlanNode { rows_actual: None, ..read }, false), "≈ 10 rows");
    }

    #[test]
    fn a_misestimate_is_named_only_when_it_was_run() {
        let mut wrong = node("Scan", 1.0, vec![]);
        wrong.rows_actual = Some(5000.0);
        wrong.loops = Some(1.0);
        assert_eq!(remark(&wrong, true).as_deref(), Some("10 rows expected, 500 times as many came"));
        (wrong.rows_estimated, wrong.rows_actual) = (Some(5000.0), Some(0.0));
        assert_eq!(remark(&wrong, true).as_deref(), Some("5,000 rows expected, one in 5,000 came"));
        (wrong.rows_estimated, wrong.rows_actual) = (Some(10.0), Some(5000.0));
        assert_eq!(remark(&wrong, false), None);
    }
}
