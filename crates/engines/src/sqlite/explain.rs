//! `EXPLAIN QUERY PLAN` as a plan. It never executes the statement.

use std::collections::BTreeMap;

use dbwright_model::ObjectName;
use dbwright_model::catalog::Catalog;
use dbwright_model::plan::{Operation, Plan, PlanNode};
use rusqlite::{Connection, Params};

use super::reader::text;
use super::tokens::{Kind, tokens};

/// Depth beyond which a plan's tree is cut.
const DEPTH: usize = 200;

/// The plan of a statement with these parameters. The catalog gives names and row counts.
///
/// # Errors
/// When the statement can't be prepared.
pub fn explain(connection: &Connection, sql: &str, parameters: impl Params, catalog: &Catalog) -> rusqlite::Result<Plan> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
    let rows: Vec<(i64, i64, String)> =
        statement.query_map(parameters, |row| Ok((row.get(0)?, row.get(1)?, text(row, 3)?)))?.collect::<rusqlite::Result<_>>()?;
    Ok(from_rows(&rows, sql, catalog))
}

/// The plan that these rows of `EXPLAIN QUERY PLAN` describe: identifier, parent's identifier and text of each step.
#[must_use]
pub fn from_rows(rows: &[(i64, i64, String)], sql: &str, catalog: &Catalog) -> Plan {
    let aliases = aliases(sql, catalog);
    let mut children = nodes(rows, 0, &aliases, catalog, 0);
    let root = match children.len() {
        1 => children.remove(0),
        // Tables in one list are joined by nested loops, in this order.
        _ => PlanNode { operation: joined(&children), label: "QUERY PLAN".to_owned(), children, ..PlanNode::default() },
    };
    Plan { root, executed: false, planning_ms: None, execution_ms: None }
}

fn joined(children: &[PlanNode]) -> Operation {
    let reads = children.iter().filter(|child| child.collection.is_some()).count();
    if reads > 1 { Operation::NestedLoop } else { Operation::Other }
}

fn nodes(rows: &[(i64, i64, String)], parent: i64, aliases: &Aliases, catalog: &Catalog, depth: usize) -> Vec<PlanNode> {
    if depth > DEPTH {
        return Vec::new();
    }
    let own = rows.iter().filter(|(id, of, _)| *of == parent && *id != parent);
    own.map(|(id, _, label)| {
        let mut node = node(label, aliases, catalog);
        node.children = nodes(rows, *id, aliases, catalog, depth + 1);
        if node.operation == Operation::Other && joined(&node.children) == Operation::NestedLoop {
            node.operation = Operation::NestedLoop;
        }
        node
    })
    .collect()
}

/// Names used in the statement for tables, in small letters.
type Aliases = BTreeMap<String, String>;

/// Finds `FROM table [AS] alias` and its like: each table of the catalog with the word behind it.
fn aliases(sql: &str, catalog: &Catalog) -> Aliases {
    const NO_ALIAS: [&str; 26] = [
        "ON",
        "WHERE",
        "GROUP",
        "ORDER",
        "LIMIT",
        "JOIN",
        "LEFT",
        "RIGHT",
        "FULL",
        "INNER",
        "CROSS",
        "NATURAL",
        "OUTER",
        "USING",
        "SET",
        "VALUES",
        "UNION",
        "EXCEPT",
        "INTERSECT",
        "SELECT",
        "HAVING",
        "WINDOW",
        "INDEXED",
        "NOT",
        "RETURNING",
        "DEFAULT",
    ];
    let known: BTreeMap<String, &str> =
        catalog.collections.iter().map(|collection| (collection.name.name.to_lowercase(), collection.name.name.as_str())).collect();
    let all = tokens(sql);
    let mut found = Aliases::new();
    for (index, token) in all.iter().enumerate().filter(|(_, token)| matches!(token.kind, Kind::Word | Kind::Quoted)) {
        let Some(table) = known.get(&token.name().to_lowercase()) else { continue };
        found.entry(table.to_lowercase()).or_insert_with(|| (*table).to_owned());
        let mut next = index + 1;
        if all.get(next).is_some_and(|token| token.is("AS")) {
            next += 1;
        }
        let alias = all.get(next).filter(|token| matches!(token.kind, Kind::Word | Kind::Quoted));
        if let Some(alias) = alias.filter(|alias| alias.kind == Kind::Quoted || !NO_ALIAS.iter().any(|word| alias.is(word))) {
            found.insert(alias.name().to_lowercase(), (*table).to_owned());
        }
    }
    found
}

/// Reads one line, e.g. `SEARCH o USING COVERING INDEX i (a=? AND b>?)`.
fn node(label: &str, aliases: &Aliases, catalog: &Catalog) -> PlanNode {
    let mut node = PlanNode { operation: operation(label), label: label.to_owned(), ..PlanNode::default() };
    let Some(rest) = label.strip_prefix("SCAN ").or_else(|| label.strip_prefix("SEARCH ")) else { return node };
    let subject = rest.split(" USING ").next().unwrap_or(rest).split(" VIRTUAL TABLE ").next().unwrap_or(rest);
    let subject = subject.trim_end_matches(" LEFT-JOIN").trim_end_matches(" EXISTS");
    // Older libraries write `TABLE name AS alias`.
    let subject = subject.strip_prefix("TABLE ").unwrap_or(subject);
    let subject = subject.rsplit(" AS ").next().unwrap_or(subject);
    let table = aliases.get(&subject.to_lowercase()).cloned();
    node.collection = table.map(ObjectName::bare);
    if let Some(collection) = node.collection.as_ref().and_then(|name| catalog.find(name)) {
        node.index = collection.indexes.iter().find(|index| names_index(label, &index.name)).map(|index| index.name.clone());
        node.rows_estimated = rows(label, collection, node.index.as_deref());
    }
    if let (Some(open), true) = (label.rfind(" ("), label.ends_with(')')) {
        node.access_condition = label.get(open + 2..label.len() - 1).map(str::to_owned);
    }
    node
}

fn names_index(label: &str, index: &str) -> bool {
    label.split_once(&format!(" INDEX {index}")).is_some_and(|(_, rest)| rest.is_empty() || rest.starts_with(' '))
}

/// Rows that the planner expects of an access, from the statistics it has: all of a scan, rows per value of a prefix.
fn rows(label: &str, collection: &dbwright_model::catalog::Collection, index: Option<&str>) -> Option<f64> {
    let all = collection.rows()?;
    if label.starts_with("SCAN ") {
        return Some(all);
    }
    if label.contains("INTEGER PRIMARY KEY (rowid=?)") {
        return Some(1.0);
    }
    let equalities = label.matches("=?").count();
    let index = collection.indexes.iter().find(|found| Some(found.name.as_str()) == index)?;
    if index.unique && equalities >= index.parts.len() {
        return Some(1.0);
    }
    let distinct = index.prefix_distinct.get(equalities.checked_sub(1)?)?;
    (*distinct > 0.0).then(|| (all / distinct).max(1.0))
}

fn operation(label: &str) -> Operation {
    let has = |part: &str| label.contains(part);
    let begins = |part: &str| label.starts_with(part);
    if has("AUTOMATIC") && has("INDEX") {
        Operation::AutomaticIndex
    } else if begins("SCAN CONSTANT ROW") {
        Operation::Other
    } else if begins("SCAN ") {
        if has("USING COVERING INDEX") || has("USING INDEX") { Operation::FullIndexScan } else { Operation::FullScan }
    } else if begins("SEARCH ") {
        if has("USING COVERING INDEX") { Operation::IndexOnlyScan } else { Operation::IndexScan }
    } else if begins("USE TEMP B-TREE FOR") {
        temporary_tree(label)
    } else if begins("CORRELATED ") {
        Operation::CorrelatedSubquery
    } else if begins("SCALAR SUBQUERY") || begins("LIST SUBQUERY") || begins("CO-ROUTINE") {
        Operation::Subquery
    } else if begins("MATERIALIZE") || begins("REUSE ") || begins("BLOOM FILTER") {
        Operation::Materialize
    } else if begins("MULTI-INDEX OR") {
        Operation::BitmapScan
    } else if begins("COMPOUND QUERY")
        || begins("UNION")
        || begins("MERGE (")
        || begins("INTERSECT")
        || begins("EXCEPT")
        || begins("LEFT-MOST SUBQUERY")
    {
        Operation::Append
    } else {
        Operation::Other
    }
}

fn temporary_tree(label: &str) -> Operation {
    if label.contains("GROUP BY") {
        Operation::Aggregate
    } else if label.contains("DISTINCT") {
        Operation::Distinct
    } else {
        Operation::Sort
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup() -> (Connection, Catalog) {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch(
                "CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, city TEXT);
                 CREATE INDEX \"by name\" ON customer (name);
                 CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INT, total REAL);
                 CREATE INDEX orders_c ON orders (customer_id, total);",
            )
            .unwrap();
        let named = |name: &str, index: &str| dbwright_model::catalog::Collection {
            name: ObjectName::bare(name),
            indexes: vec![dbwright_model::catalog::Index { name: index.to_owned(), ..Default::default() }],
            ..Default::default()
        };
        let collections = vec![named("customer", "by name"), named("orders", "orders_c")];
        (connection, Catalog { collections, ..Catalog::default() })
    }

    fn found(sql: &str) -> Vec<(Operation, Option<String>, Option<String>)> {
        let (connection, catalog) = setup();
        let plan = explain(&connection, sql, [], &catalog).unwrap();
        plan.nodes()
            .into_iter()
            .map(|node| (node.operation, node.collection.as_ref().map(|name| name.name.clone()), node.index.clone()))
            .collect()
    }

    #[test]
    fn scans_searches_and_joins_are_told_apart() {
        let owned = |text: &str| Some(text.to_owned());
        assert_eq!(found("SELECT * FROM customer AS kunde WHERE city = 'x'"), [(Operation::FullScan, owned("customer"), None)]);
        assert_eq!(found("SELECT * FROM customer c WHERE name = 'x'"), [(Operation::IndexScan, owned("customer"), owned("by name"))]);
        assert_eq!(
            found("SELECT total FROM orders WHERE customer_id = 1"),
            [(Operation::IndexOnlyScan, owned("orders"), owned("orders_c"))]
        );
        assert_eq!(
            found("SELECT customer_id FROM orders ORDER BY customer_id")[0],
            (Operation::FullIndexScan, owned("orders"), owned("orders_c"))
        );
        let join = found("SELECT * FROM orders o JOIN customer c ON c.id = o.customer_id ORDER BY c.city");
        assert_eq!(join[0].0, Operation::NestedLoop);
        assert!(join.iter().any(|node| node.0 == Operation::Sort));
    }

    #[test]
    fn temporary_trees_subqueries_and_automatic_indexes_are_named() {
        let has = |sql: &str, operation: Operation| assert!(found(sql).iter().any(|node| node.0 == operation), "{sql}: {:?}", found(sql));
        has("SELECT DISTINCT city FROM customer", Operation::Distinct);
        has("SELECT city, count(*) FROM customer GROUP BY city", Operation::Aggregate);
        has("SELECT (SELECT max(total) FROM orders o WHERE o.customer_id = c.id) FROM customer c", Operation::CorrelatedSubquery);
        has("SELECT * FROM customer WHERE id IN (SELECT customer_id FROM orders)", Operation::Subquery);
        has("SELECT * FROM customer WHERE name = 'a' OR id = 4", Operation::BitmapScan);
        has("SELECT * FROM customer a JOIN customer b ON a.city = b.city", Operation::AutomaticIndex);
        has("SELECT id FROM customer UNION SELECT id FROM orders", Operation::Append);
    }

    #[test]
    fn a_statement_that_does_not_prepare_is_an_error() {
        let (connection, catalog) = setup();
        assert!(explain(&connection, "SELECT nothing FROM nowhere", [], &catalog).is_err());
    }
}
