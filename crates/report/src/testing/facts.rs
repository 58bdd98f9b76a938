//! Facts of the sample shop. It never describes a real database.

use dbwright_model::catalog::{
    Activity, Catalog, Collection, CollectionKind, Field, Index, IndexPart, Key, Reference, Storage, TypeFamily,
};
use dbwright_model::plan::{Operation, Plan, PlanNode};
use dbwright_model::workload::{Latency, Origin, Statement, Workload, WorkloadSource};
use dbwright_model::{Engine, FactKind, Facts, ObjectName, Quantity, Reading, Timestamp};

use super::coverage;

/// When the sample was taken.
#[must_use]
pub fn taken_at() -> Timestamp {
    Timestamp::from_seconds(1_790_000_000)
}

/// The shop: twelve tables, a view, ten statements.
#[must_use]
pub fn facts() -> Facts {
    let mut facts = Facts::empty(Engine::Postgresql, "15.18", "shop", taken_at());
    facts.collected_by = "0.1.0".to_owned();
    facts.catalog = Catalog { collections: collections(), database_bytes: Some(measured(3.1e9)), ..Catalog::default() };
    facts.workload = Workload {
        source: WorkloadSource::Statistics,
        since: Some(Timestamp(taken_at().0 - 9 * 86_400_000_000)),
        statements: statements(),
        ..Workload::default()
    };
    facts.coverage = vec![
        coverage(FactKind::Catalog, Reading::Read, "13 collections, 71 columns, 22 indexes", None),
        coverage(FactKind::Sizes, Reading::Read, "pg_class, pg_relation_size", None),
        coverage(FactKind::ColumnStatistics, Reading::Read, "pg_stats", None),
        coverage(FactKind::Workload, Reading::Read, "pg_stat_statements over 9 days, 10 of 10 statements", None),
        coverage(FactKind::Latency, Reading::Partial, "7 of 10 statements have samples", Some("Give a log with durations: --log FILE.")),
        coverage(FactKind::Settings, Reading::Read, "pg_settings", None),
        coverage(FactKind::Bloat, Reading::Missing, "pgstattuple is not installed", Some("CREATE EXTENSION pgstattuple;")),
        coverage(
            FactKind::AtRest,
            Reading::Missing,
            "a connection can't see the disk's encryption",
            Some("State it: [attest] at-rest = \"…\" in dbwright.toml."),
        ),
        coverage(FactKind::Backups, Reading::Missing, "no repository was named", Some("Keep the record of a restore drill.")),
        coverage(FactKind::Files, Reading::NotApplicable, "the server is elsewhere", None),
    ];
    facts
}

fn measured(value: f64) -> Quantity {
    Quantity::measured(value, "pg_relation_size")
}

/// Name, rows, bytes of table and of indexes, columns (`*` key, `?` nullable, `>table` reference).
type Sketch = (&'static str, f64, f64, f64, &'static [&'static str]);

const TABLES: [Sketch; 12] = [
    ("customers", 120_000.0, 31e6, 9e6, &["*id bigint", "email text", "name text", "?phone text", "created_at timestamp"]),
    ("addresses", 180_000.0, 28e6, 8e6, &["*id bigint", "customer_id bigint >customers", "street text", "city text", "?postcode char(10)"]),
    (
        "orders",
        2_000_000.0,
        410e6,
        96e6,
        &[
            "*id bigint",
            "customer_id bigint >customers",
            "?address_id bigint >addresses",
            "status text",
            "total double precision",
            "placed_at timestamptz",
        ],
    ),
    (
        "order_items",
        6_800_000.0,
        980e6,
        310e6,
        &["*order_id bigint >orders", "*line integer", "product_id bigint >products", "quantity integer", "price numeric(12,2)"],
    ),
    (
        "products",
        48_000.0,
        22e6,
        6e6,
        &["*id bigint", "category_id bigint >categories", "?supplier_id bigint >suppliers", "sku text", "name text", "tags text"],
    ),
    ("categories", 320.0, 65_536.0, 32_768.0, &["*id bigint", "?parent_id bigint >categories", "name text"]),
    ("suppliers", 900.0, 180_000.0, 65_536.0, &["*id bigint", "name text", "?vat text"]),
    ("stock", 96_000.0, 8e6, 4e6, &["*product_id bigint >products", "*warehouse_id bigint >warehouses", "on_hand integer"]),
    ("warehouses", 14.0, 8192.0, 16_384.0, &["*id bigint", "name text", "city text"]),
    (
        "payments",
        1_950_000.0,
        240e6,
        88e6,
        &["*id bigint", "order_id bigint >orders", "method text", "amount numeric(12,2)", "paid_at timestamptz"],
    ),
    (
        "reviews",
        310_000.0,
        140e6,
        21e6,
        &["*id bigint", "product_id bigint >products", "?customer_id bigint >customers", "stars smallint", "?body text"],
    ),
    ("audit_log", 9_400_000.0, 590e6, 0.0, &["at timestamptz", "actor text", "action text", "?detail jsonb"]),
];

fn collections() -> Vec<Collection> {
    let mut all: Vec<Collection> = TABLES.iter().map(table).collect();
    all.push(Collection {
        name: ObjectName::new("public", "daily_revenue"),
        kind: CollectionKind::View,
        definition: Some("SELECT placed_at::date, sum(total) FROM orders GROUP BY 1".to_owned()),
        ..Collection::default()
    });
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

fn table(sketch: &Sketch) -> Collection {
    let (name, rows, table_bytes, index_bytes, columns) = *sketch;
    let mut table = Collection {
        name: ObjectName::new("public", name),
        storage: Storage {
            rows: Some(Quantity::estimated(rows, "pg_class.reltuples")),
            table_bytes: Some(measured(table_bytes)),
            index_bytes: Some(measured(index_bytes)),
            ..Storage::default()
        },
        activity: Some(Activity { full_scans: 41, index_scans: 90_210, inserts: rows as u64, ..Activity::default() }),
        ..Collection::default()
    };
    for column in columns {
        add_column(&mut table, column);
    }
    let key: Vec<String> = columns
        .iter()
        .filter(|column| column.starts_with('*'))
        .filter_map(|column| column[1..].split(' ').next())
        .map(str::to_owned)
        .collect();
    if !key.is_empty() {
        table.indexes.push(index(&format!("{name}_pkey"), &key, index_bytes, true));
        table.keys.push(Key {
            name: format!("{name}_pkey"),
            columns: key,
            primary: true,
            index: Some(format!("{name}_pkey")),
            ..Key::default()
        });
    }
    table
}

fn add_column(table: &mut Collection, column: &str) {
    let nullable = column.starts_with('?');
    let (column, target) =
        column.trim_start_matches(['*', '?']).split_once(" >").map_or((column.trim_start_matches(['*', '?']), None), |(a, b)| (a, Some(b)));
    let (name, type_name) = column.split_once(' ').unwrap_or((column, ""));
    let family = if type_name.ends_with("int") { TypeFamily::Integer } else { TypeFamily::Text };
    table.fields.push(Field { name: name.to_owned(), type_name: type_name.to_owned(), family, nullable, ..Field::default() });
    if let Some(target) = target {
        table.references.push(Reference {
            name: format!("{}_{name}_fkey", table.name.name),
            columns: vec![name.to_owned()],
            target: ObjectName::new("public", target),
            target_columns: vec!["id".to_owned()],
            on_delete: "NO ACTION".to_owned(),
            validated: true,
            enforced: true,
            ..Reference::default()
        });
    }
}

fn index(name: &str, columns: &[String], bytes: f64, unique: bool) -> Index {
    Index {
        name: name.to_owned(),
        method: "btree".to_owned(),
        parts: columns.iter().map(|column| IndexPart { column: Some(column.clone()), ..IndexPart::default() }).collect(),
        unique,
        valid: true,
        constraint: unique.then(|| name.to_owned()),
        bytes: Some(measured(bytes)),
        scans: Some(90_210),
        ..Index::default()
    }
}

/// Name, text, calls, mean ms, median ms (0 for no samples).
const STATEMENTS: [(&str, &str, f64, f64, f64); 10] = [
    (
        "orders of a customer",
        "SELECT id, status, total FROM orders WHERE customer_id = $1 ORDER BY placed_at DESC",
        412_000.0,
        212.0,
        188.0,
    ),
    (
        "open basket",
        "SELECT o.id, sum(i.quantity * i.price) FROM orders o JOIN order_items i ON i.order_id = o.id WHERE o.status = $1 AND o.customer_id = $2 GROUP BY o.id",
        96_000.0,
        340.0,
        301.0,
    ),
    ("search products", "SELECT id, name FROM products WHERE name ILIKE $1 LIMIT 50", 210_000.0, 61.0, 55.0),
    ("product page", "SELECT * FROM products p LEFT JOIN reviews r ON r.product_id = p.id WHERE p.id = $1", 1_900_000.0, 4.1, 3.2),
    (
        "place order",
        "INSERT INTO orders (customer_id, address_id, status, total, placed_at) VALUES ($1, $2, $3, $4, now()) RETURNING id",
        51_000.0,
        2.9,
        2.4,
    ),
    ("add line", "INSERT INTO order_items VALUES ($1, $2, $3, $4, $5)", 171_000.0, 0.8, 0.6),
    ("stock level", "SELECT on_hand FROM stock WHERE product_id = $1", 2_400_000.0, 0.12, 0.09),
    ("revenue by day", "SELECT * FROM daily_revenue", 288.0, 4900.0, 0.0),
    ("pay", "INSERT INTO payments (order_id, method, amount, paid_at) VALUES ($1, $2, $3, now())", 50_000.0, 1.4, 0.0),
    ("log", "INSERT INTO audit_log VALUES (now(), $1, $2, $3)", 3_000_000.0, 0.05, 0.0),
];

fn statements() -> Vec<Statement> {
    let mut all: Vec<Statement> = STATEMENTS
        .iter()
        .enumerate()
        .map(|(at, (name, text, calls, mean, median))| Statement {
            fingerprint: format!("{:032x}", 0xa1b2_c3d4_u64 * (at as u64 + 7)),
            name: Some((*name).to_owned()),
            text: (*text).to_owned(),
            calls: Some(*calls),
            total_ms: Some(calls * mean),
            rows: Some(calls * 3.0),
            latency: (*median > 0.0).then(|| latency(*median)),
            plan: (at == 0 || at == 1).then(|| plan(at == 1)),
            origin: Some(Origin { file: "workload.sql".to_owned(), line: 4 + 6 * at as u32 }),
            ..Statement::default()
        })
        .collect();
    all.sort_by(|a, b| b.total_ms.unwrap_or_default().total_cmp(&a.total_ms.unwrap_or_default()));
    all
}

fn latency(median: f64) -> Latency {
    let buckets = [(0.5, 40), (0.75, 210), (1.0, 560), (1.5, 480), (2.0, 190), (3.0, 84), (4.0, 30), (8.0, 6)];
    Latency {
        samples: 1600,
        p50_ms: median,
        p95_ms: median * 2.4,
        p95_low_ms: Some(median * 2.1),
        p95_high_ms: Some(median * 2.8),
        p99_ms: median * 4.0,
        max_ms: median * 8.0,
        method: "log".to_owned(),
        buckets: buckets.map(|(factor, count)| (median * factor, count)).to_vec(),
    }
}

fn plan(join: bool) -> Plan {
    let scan = PlanNode {
        operation: Operation::FullScan,
        label: "Seq Scan".to_owned(),
        collection: Some(ObjectName::new("public", "orders")),
        filter: Some("(customer_id = 4711)".to_owned()),
        rows_estimated: Some(17.0),
        rows_actual: Some(19.0),
        rows_removed: Some(1_999_981.0),
        loops: Some(1.0),
        cost: Some(41_200.0),
        self_ms: Some(186.0),
        ..PlanNode::default()
    };
    let root = if join { join_plan(scan) } else { sort(scan, 188.4) };
    Plan { root, executed: true, planning_ms: Some(0.3), execution_ms: Some(if join { 301.0 } else { 188.4 }) }
}

fn sort(input: PlanNode, _total: f64) -> PlanNode {
    PlanNode {
        operation: Operation::Sort,
        label: "Sort".to_owned(),
        keys: vec!["placed_at DESC".to_owned()],
        rows_estimated: Some(17.0),
        rows_actual: Some(19.0),
        loops: Some(1.0),
        cost: Some(41_201.0),
        self_ms: Some(2.4),
        children: vec![input],
        ..PlanNode::default()
    }
}

fn join_plan(outer: PlanNode) -> PlanNode {
    let inner = PlanNode {
        operation: Operation::IndexScan,
        label: "Index Scan".to_owned(),
        collection: Some(ObjectName::new("public", "order_items")),
        index: Some("order_items_pkey".to_owned()),
        access_condition: Some("(order_id = o.id)".to_owned()),
        rows_estimated: Some(3.0),
        rows_actual: Some(340.0),
        loops: Some(19.0),
        cost: Some(120.0),
        self_ms: Some(96.0),
        spilled_bytes: Some(24e6),
        ..PlanNode::default()
    };
    PlanNode {
        operation: Operation::NestedLoop,
        label: "Nested Loop".to_owned(),
        rows_estimated: Some(51.0),
        rows_actual: Some(6460.0),
        loops: Some(1.0),
        cost: Some(43_800.0),
        self_ms: Some(19.0),
        children: vec![outer, inner],
        ..PlanNode::default()
    }
}
