use super::*;

#[test]
fn comparisons_with_values() {
    predicates_of(Postgresql, "status = 'open'", &["orders.status = 'open'"]);
    predicates_of(Postgresql, "o.status = $1", &["orders.status = ?"]);
    predicates_of(Postgresql, "'open' = status", &["orders.status = 'open'"]);
    predicates_of(Postgresql, "5 < total", &["orders.total > 5"]);
    predicates_of(Postgresql, "total >= -5", &["orders.total >= -5"]);
    predicates_of(Postgresql, "(total) <> 5", &["orders.total notequal 5"]);
    predicates_of(Postgresql, "total = '5'::int", &["orders.total = '5'"]);
    predicates_of(Postgresql, "placed_at > now() - interval '1 day'", &["orders.placed_at > <now() - INTERVAL '1 day'>"]);
    predicates_of(Postgresql, "placed_at >= DATE '2024-01-01'", &["orders.placed_at >= DATE '2024-01-01'"]);
    predicates_of(Postgresql, "total BETWEEN 1 AND 5", &["orders.total BETWEEN 1, 5"]);
    predicates_of(Postgresql, "total NOT BETWEEN $1 AND 5", &["not orders.total BETWEEN ?"]);
    predicates_of(Mysql, "status <=> NULL", &["orders.status = null"]);
    predicates_of(Mysql, "status = \"open\"", &["orders.status = \"open\""]);
    predicates_of(Postgresql, "status IS NOT DISTINCT FROM 'x'", &["orders.status = 'x'"]);
    predicates_of(Sqlite, "status == 'x'", &["orders.status = 'x'"]);
    predicates_of(Postgresql, "id = (SELECT max(order_id) FROM items)", &["orders.id = <query>"]);
}

#[test]
fn placeholders_of_all_styles() {
    for placeholder in ["?", ":x", "@x", "%s", "$1", "%(x)s"] {
        predicates_of(Postgresql, &format!("id = {placeholder} AND total > {placeholder}"), &["orders.id = ?", "orders.total > ?"]);
    }
    for placeholder in ["?", ":x", "%s"] {
        predicates_of(Mysql, &format!("id = {placeholder}"), &["orders.id = ?"]);
    }
    for placeholder in ["?", "?1", ":x", "@x", "$x"] {
        predicates_of(Sqlite, &format!("id = {placeholder}"), &["orders.id = ?"]);
    }
}

#[test]
fn lists_and_null_tests() {
    predicates_of(Postgresql, "id IN (1, 2, 3)", &["orders.id in 3 1, 2, 3"]);
    predicates_of(Postgresql, "id NOT IN ($1, $2)", &["not orders.id in 2 ?"]);
    predicates_of(Postgresql, "id = ANY (ARRAY[1, 2])", &["orders.id in 2 1, 2"]);
    predicates_of(Postgresql, "id = ANY ($1)", &["orders.id in ? ?"]);
    predicates_of(Postgresql, "id <> ALL (ARRAY[1, 2])", &["not orders.id in 2 1, 2"]);
    predicates_of(Postgresql, "note IS NULL", &["orders.note nulltest"]);
    predicates_of(Postgresql, "note IS NOT NULL", &["not orders.note nulltest"]);
    predicates_of(Postgresql, "NOT (note IS NULL)", &["not orders.note nulltest"]);
    predicates_of(Postgresql, "id IN (SELECT order_id FROM items)", &["orders.id insubquery <query>"]);
    predicates_of(Postgresql, "(id, total) = (1, 2)", &["orders.id = 1", "orders.total = 2"]);
    predicates_of(Postgresql, "(placed_at, id) > ($1, $2)", &["orders.placed_at > ?"]);
}

#[test]
fn patterns() {
    predicates_of(Postgresql, "note LIKE 'x%'", &["orders.note prefix 'x%'"]);
    predicates_of(Postgresql, "note LIKE '%x'", &["orders.note leadingwildcard '%x'"]);
    predicates_of(Postgresql, "note NOT LIKE '_x'", &["not orders.note leadingwildcard '_x'"]);
    predicates_of(Postgresql, "note LIKE 'x'", &["orders.note = 'x'"]);
    predicates_of(Postgresql, "note LIKE $1", &["orders.note pattern ?"]);
    predicates_of(Postgresql, "note LIKE '%' || $1 || '%'", &["orders.note leadingwildcard <'%' || $1 || '%'>"]);
    predicates_of(Mysql, "note LIKE concat('%', ?)", &["orders.note leadingwildcard <concat('%', ?)>"]);
    predicates_of(Mysql, "note LIKE concat(?, '%')", &["orders.note pattern <concat(?, '%')>"]);
    predicates_of(Postgresql, "note ILIKE 'x%'", &["orders.note pattern 'x%'"]);
    predicates_of(Postgresql, "note ILIKE '%x'", &["orders.note leadingwildcard '%x'"]);
    predicates_of(Postgresql, "note ~ '^x'", &["orders.note pattern '^x'"]);
    predicates_of(Mysql, "note REGEXP 'x'", &["orders.note pattern 'x'"]);
    predicates_of(Sqlite, "note GLOB '*x'", &["orders.note leadingwildcard '*x'"]);
    predicates_of(Sqlite, "note GLOB 'x*'", &["orders.note prefix 'x*'"]);
    predicates_of(Postgresql, "lower(note) LIKE '%x'", &["orders.note within lower(note) '%x'"]);
}

#[test]
fn wrapped_columns() {
    predicates_of(Postgresql, "lower(status) = 'x'", &["orders.status within lower(status) 'x'"]);
    predicates_of(Postgresql, "total + 1 > 5", &["orders.total within total + 1 5"]);
    predicates_of(Postgresql, "placed_at::date = '2024-01-01'", &["orders.placed_at within placed_at::DATE '2024-01-01'"]);
    predicates_of(Postgresql, "date_trunc('day', placed_at) = $1", &["orders.placed_at within date_trunc('day', placed_at) ?"]);
    predicates_of(
        Postgresql,
        "coalesce(note, status) = 'x'",
        &["orders.note within coalesce(note, status) 'x'", "orders.status within coalesce(note, status) 'x'"],
    );
    predicates_of(Mysql, "YEAR(placed_at) = 2024", &["orders.placed_at within YEAR(placed_at) 2024"]);
    predicates_of(Sqlite, "substr(note, 1, 3) IN ('a', 'b')", &["orders.note within SUBSTR(note, 1, 3) 'a', 'b'"]);
    predicates_of(Postgresql, "note->>'k' = 'v'", &["orders.note within note ->> 'k' 'v'"]);
    predicates_of(Postgresql, "total = total", &["orders.total op = <orders.total>", "orders.total op = <orders.total>"]);
    predicates_of(Postgresql, "total = id + 1", &["orders.total op = <id + 1>", "orders.id within id + 1"]);
    predicates_of(Postgresql, "extract(year FROM placed_at) = 2024", &["orders.placed_at within EXTRACT(YEAR FROM placed_at) 2024"]);
}

#[test]
fn other_operators() {
    predicates_of(Postgresql, "note @> '{}'", &["orders.note op @> '{}'"]);
    predicates_of(Postgresql, "note ? 'key'", &["orders.note op ? 'key'"]);
    predicates_of(Postgresql, "note @@ to_tsquery('x')", &["orders.note op @@ <to_tsquery('x')>"]);
    predicates_of(Postgresql, "note", &["orders.note = true"]);
    predicates_of(Postgresql, "NOT o.note", &["not orders.note = true"]);
    predicates_of(Postgresql, "note IS NOT TRUE", &["orders.note op IS NOT TRUE"]);
}

#[test]
fn connectives() {
    predicates_of(
        Postgresql,
        "status = 'a' AND (total > 1 OR total < 0)",
        &["orders.status = 'a'", "or orders.total > 1", "or orders.total < 0"],
    );
    predicates_of(Postgresql, "NOT (status = 'a' OR total > 1)", &["not orders.status = 'a'", "not orders.total > 1"]);
    predicates_of(Postgresql, "NOT (status = 'a' AND total > 1)", &["or not orders.status = 'a'", "or not orders.total > 1"]);
    predicates_of(Postgresql, "NOT NOT status = 'a'", &["orders.status = 'a'"]);
}

#[test]
fn or_across_columns() {
    let across = |condition: &str| !main_of(&format!("SELECT 1 FROM orders WHERE {condition}")).or_across_columns.is_empty();
    assert!(across("status = 'a' OR total = 1"));
    assert!(across("id > 5 AND (status = 'a' OR total = 1 OR status = 'b')"));
    assert!(!across("status = 'a' OR status = 'b'"));
    assert!(!across("(status = 'a' AND total = 1) OR (status = 'b' AND total = 2)"));
    assert!(!across("status = 'a' AND total = 1"));
    assert!(across("NOT (status <> 'a' AND total <> 1)"));
    assert!(!across("status = 'a' OR $1"));
    assert!(!across("$1 IS NULL OR total = $1"));
}

#[test]
fn null_comparisons() {
    let null = |condition: &str| main_of(&format!("SELECT 1 FROM orders WHERE {condition}")).null_comparisons;
    assert_eq!(null("note = NULL"), ["note = NULL"]);
    assert_eq!(null("id = 1 AND NOT (NULL <> note)"), ["NULL <> note"]);
    assert!(null("note IS NULL").is_empty());
    assert!(parsed("UPDATE orders SET note = NULL", Postgresql).blocks[0].null_comparisons.is_empty());
}

#[test]
fn joins() {
    let join = main_of("SELECT 1 FROM orders o JOIN customers c ON c.id = o.customer_id AND c.name = 'x' WHERE o.total > 5");
    assert_eq!(
        lines(join.predicates.iter()),
        "on customers.id join = orders.customer_id\non orders.customer_id join = customers.id\non customers.name = 'x'\norders.total > 5"
    );
    let unqualified = main_of("SELECT 1 FROM orders, customers WHERE customer_id = customers.id");
    assert_eq!(lines(unqualified.predicates.iter()), "orders.customer_id join = customers.id\ncustomers.id join = orders.customer_id");
    let using = main_of("SELECT 1 FROM orders JOIN items USING (id)");
    assert_eq!(lines(using.predicates.iter()), "on orders.id join = items.id\non items.id join = orders.id");
    let range = main_of("SELECT 1 FROM orders o JOIN items i ON i.id > o.id");
    assert_eq!(lines(range.predicates.iter()), "on items.id join ~ orders.id\non orders.id join ~ items.id");
    let wrapped = main_of("SELECT 1 FROM orders o JOIN customers c ON lower(c.email) = o.note");
    assert_eq!(lines(wrapped.predicates.iter()), "on orders.note = <lower(c.email)>\non customers.email within lower(c.email)");
}

#[test]
fn having_is_told_apart() {
    let block = main_of("SELECT status, count(*) FROM orders GROUP BY status HAVING count(*) > 5 AND status <> 'x' AND sum(total) > 1");
    assert_eq!(lines(block.predicates.iter()), "having orders.status notequal 'x'\nhaving orders.total within sum(total) 1");
    assert_eq!(block.select.aggregates, ["count", "sum"]);
}

#[test]
fn aliases_do_not_hide_schemas() {
    let shape = parsed("SELECT shop.t.a FROM shop.t WHERE shop.t.b = 1 AND t.c = 2", Postgresql);
    assert_eq!(lines(shape.predicates()), "shop.t.b = 1\nshop.t.c = 2");
    let unknown = parsed("SELECT 1 FROM a, b WHERE x = 1", Postgresql);
    assert_eq!(lines(unknown.predicates()), "x = 1");
}
