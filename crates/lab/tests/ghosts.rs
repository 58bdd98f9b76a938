//! Ghosts of real PostgreSQL databases: they plan like their sources, run nothing, and say what they lack.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use dbwright_engines::{CollectOptions, Endpoint, Target, postgres};
use dbwright_lab::ghost::{self, Ghost, fidelity::Fidelity};
use dbwright_lab::scratch::ScratchOptions;
use dbwright_lab::whatif::{Candidate, IndexId, Question};
use dbwright_model::blueprint::{Blueprint, Made};
use dbwright_model::catalog::{Index, IndexPart};
use dbwright_model::plan::Plan;
use dbwright_model::{ObjectName, Timestamp};
use dbwright_testkit::postgres::{Installation, Server, installed};

/// All that a plan may depend on, with rows that are far from even.
const SHOP: &str = r#"
CREATE ROLE reader LOGIN;
CREATE ROLE keeper;
GRANT keeper TO reader;
CREATE SCHEMA shop;
CREATE TYPE shop.state AS ENUM ('new', 'paid', 'sent');
CREATE DOMAIN shop.amount AS numeric(12,2) CHECK (VALUE >= 0);
CREATE FUNCTION shop.short(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT lower(left($1, 3)) $$;
CREATE TABLE shop.customer (id int PRIMARY KEY, name text NOT NULL, city text, region text COLLATE "C", tags text[], active bool);
CREATE TABLE shop.orders (id bigint PRIMARY KEY, customer_id int NOT NULL REFERENCES shop.customer, state shop.state, total shop.amount,
  placed date NOT NULL, note text, doubled numeric GENERATED ALWAYS AS (total * 2) STORED, dropped int);
ALTER TABLE shop.orders DROP COLUMN dropped;
ALTER TABLE shop.orders ADD COLUMN later int;
CREATE TABLE shop.event (at date NOT NULL, kind int NOT NULL, body text) PARTITION BY RANGE (at);
CREATE TABLE shop.event_1 PARTITION OF shop.event FOR VALUES FROM ('2024-01-01') TO ('2024-07-01');
CREATE TABLE shop.event_2 PARTITION OF shop.event FOR VALUES FROM ('2024-07-01') TO ('2025-01-01');
CREATE TABLE shop."odd ""name" ("a b" int CHECK ("a b" > 0), c text);
INSERT INTO shop.customer SELECT i, 'Name ' || i, 'City ' || i % 50, 'R' || i % 50 % 7, ARRAY['t' || i % 9, 'u' || i % 31], i % 10 > 0 FROM generate_series(1, 20000) AS i;
INSERT INTO shop.orders (id, customer_id, state, total, placed, note, later) SELECT i, 1 + (i::bigint * i) % 20000, (ARRAY['new', 'paid', 'sent'])[1 + i % 3]::shop.state, i % 1000, date '2024-01-01' + i % 366,
  CASE WHEN i % 5 = 0 THEN NULL ELSE repeat('x', i % 40) END, i % 17 FROM generate_series(1, 120000) AS i;
INSERT INTO shop.event SELECT date '2024-01-01' + i % 366, i % 200, 'body ' || i FROM generate_series(1, 60000) AS i;
INSERT INTO shop."odd ""name" SELECT i, 'c' || i % 100 FROM generate_series(1, 30000) AS i;
CREATE INDEX ON shop.orders (customer_id);
CREATE INDEX orders_short ON shop.orders (shop.short(note));
CREATE INDEX orders_new ON shop.orders (placed) WHERE state = 'new';
CREATE INDEX ON shop.customer USING gin (tags);
CREATE INDEX ON shop.customer (city, region) INCLUDE (name);
CREATE INDEX event_kind ON shop.event (kind);
CREATE INDEX ON shop."odd ""name" (c DESC);
CREATE STATISTICS shop.together (ndistinct, dependencies) ON city, region FROM shop.customer;
CREATE MATERIALIZED VIEW shop.daily AS SELECT placed, count(*) AS number FROM shop.orders GROUP BY placed;
CREATE VIEW shop.recent AS SELECT * FROM shop.orders WHERE placed > '2024-12-01';
ALTER TABLE shop.customer OWNER TO keeper;
VACUUM ANALYZE;
"#;

const STATEMENTS: [&str; 16] = [
    "SELECT * FROM shop.orders WHERE id = 77",
    "SELECT * FROM shop.orders WHERE customer_id = 5",
    "SELECT c.name, sum(o.total) FROM shop.customer AS c JOIN shop.orders AS o ON o.customer_id = c.id WHERE c.city = 'City 7' GROUP BY c.name",
    "SELECT count(*) FROM shop.customer WHERE city = 'City 7' AND region = 'R0'",
    "SELECT city, region, count(*) FROM shop.customer GROUP BY city, region",
    "SELECT * FROM shop.customer WHERE tags @> ARRAY['t3']",
    "SELECT name FROM shop.customer WHERE city = 'City 7'",
    "SELECT * FROM shop.orders WHERE shop.short(note) = 'xxx'",
    "SELECT * FROM shop.orders WHERE state = 'new' AND placed BETWEEN '2024-03-01' AND '2024-03-04'",
    "SELECT * FROM shop.orders ORDER BY total DESC LIMIT 10",
    "SELECT * FROM shop.event WHERE at BETWEEN '2024-02-01' AND '2024-02-03' AND kind = 3",
    "SELECT kind, count(*) FROM shop.event GROUP BY kind",
    "SELECT * FROM shop.recent WHERE note IS NULL AND later = 3",
    "SELECT * FROM shop.daily WHERE number > 300",
    "SELECT * FROM shop.\"odd \"\"name\" WHERE c > 'c9' ORDER BY c DESC LIMIT 5",
    "SELECT * FROM shop.customer AS a JOIN shop.customer AS b ON a.id = b.id + 1 WHERE a.region = 'R1' AND b.active",
];

struct Source {
    server: Server,
    endpoint: Endpoint,
}

fn source(installation: &Installation) -> Source {
    let server = Server::start(installation, &["random_page_cost=1.7", "work_mem=2MB"]);
    server.sql("postgres", "CREATE DATABASE shop");
    server.sql("shop", SHOP);
    let grants = if installation.major >= 14 {
        "GRANT pg_read_all_data TO reader"
    } else {
        "GRANT USAGE ON SCHEMA shop TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA shop TO reader"
    };
    server.sql("shop", grants);
    let Ok(Target::Endpoint(endpoint)) = Target::recognise(&server.url_as("reader", "shop")) else { panic!("no endpoint") };
    Source { server, endpoint }
}

fn in_runtime<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async { tokio::task::spawn_blocking(work).await.unwrap() })
}

fn options() -> CollectOptions {
    CollectOptions::at(Timestamp(0))
}

fn blueprint(endpoint: &Endpoint) -> Blueprint {
    tokio::runtime::Handle::current().block_on(postgres::blueprint(endpoint, &options())).expect("a blueprint")
}

fn on_source(endpoint: &Endpoint, print: &Blueprint, statements: &[String]) -> Vec<Result<Plan, String>> {
    tokio::runtime::Handle::current()
        .block_on(postgres::plans(endpoint, &options(), &print.settings, statements))
        .expect("plans of the source")
}

fn of(installation: &Installation) -> ScratchOptions {
    ScratchOptions { server_bin: Some(installation.programs.clone()), ..ScratchOptions::default() }
}

fn texts() -> Vec<String> {
    STATEMENTS.iter().map(|text| (*text).to_owned()).collect()
}

fn plans_of(ghost: &mut dyn Ghost) -> Vec<Result<Plan, String>> {
    STATEMENTS.iter().map(|text| ghost.plan(text).map_err(|error| error.message)).collect()
}

#[test]
fn a_ghost_plans_like_its_source() {
    for installation in [15, 17].into_iter().filter_map(installed) {
        in_runtime(move || {
            let source = source(&installation);
            // By way of a file, as behind an air gap.
            let print: Blueprint = serde_json::from_str(&serde_json::to_string(&blueprint(&source.endpoint)).unwrap()).unwrap();
            assert_eq!(print.gaps, [], "a role that may read statistics misses nothing");
            let mut ghost = ghost::build(&print, &of(&installation)).unwrap();
            assert_eq!(ghost.built().gaps, [], "PostgreSQL {}", installation.major);
            let found = Fidelity::of(&texts(), &on_source(&source.endpoint, &print, &texts()), &plans_of(ghost.as_mut()));
            let wrong: Vec<_> = found.statements.iter().filter(|one| one.difference.is_some()).collect();
            assert!(wrong.is_empty(), "PostgreSQL {}: {wrong:#?}", installation.major);
            // The source is not asked to plan what may run a function of users; the ghost is.
            let refused: Vec<&str> = found.unplanned.iter().map(|(_, why)| why.as_str()).collect();
            assert_eq!(refused, ["on the source: planning could run a function of users"]);
            assert!(ghost.plan(STATEMENTS[7]).unwrap().nodes().iter().any(|node| node.index.as_deref() == Some("orders_short")));
            assert_eq!(found.statements.len(), STATEMENTS.len() - 1);
            // The control: without statistics it would not.
            let bare = Blueprint { columns: Vec::new(), extended: Vec::new(), ..print.clone() };
            let mut bare = ghost::build(&bare, &of(&installation)).unwrap();
            let found = Fidelity::of(&texts(), &on_source(&source.endpoint, &print, &texts()), &plans_of(bare.as_mut()));
            assert!(found.same_costs().unwrap() < 0.7, "{:?}", found.same_costs());
        });
    }
}

fn candidate(table: &str, columns: &[&str]) -> Candidate {
    let parts = columns.iter().map(|column| IndexPart { column: Some((*column).to_owned()), ..IndexPart::default() }).collect();
    Candidate { table: ObjectName::new("shop", table), index: Index { parts, ..Index::default() }, pages: None }
}

#[test]
fn candidates_are_seen_only_when_asked_for_and_cost_what_the_real_index_costs() {
    let Some(installation) = installed(15) else { return };
    in_runtime(move || {
        let source = source(&installation);
        let print = blueprint(&source.endpoint);
        let mut ghost = ghost::build(&print, &of(&installation)).unwrap();
        let existing: BTreeSet<IndexId> = ghost.existing().iter().map(|known| known.id).collect();
        let partial = Index { predicate: Some("state = 'paid'".into()), ..candidate("orders", &["total"]).index };
        let nonsense = candidate("orders", &["no_such_column"]);
        let made = ghost
            .create(&[
                candidate("orders", &["later", "placed"]),
                candidate("event", &["body"]),
                nonsense,
                Candidate { index: partial, ..candidate("orders", &[]) },
            ])
            .unwrap();
        assert!(made[2].as_ref().unwrap_err().message.contains("no_such_column"), "{:?}", made[2]);
        let partial = made[3].as_ref().unwrap();
        assert!((35_000.0..45_000.0).contains(&partial.rows), "a third of the rows: {}", partial.rows);

        let by_later = "SELECT * FROM shop.orders WHERE later = 3 AND placed = '2024-05-05'";
        let by_body = "SELECT * FROM shop.event WHERE body = 'body 17'";
        let ask = |ghost: &mut Box<dyn Ghost>, text: &str, more: &[usize]| {
            let ids: BTreeSet<IndexId> = existing.iter().copied().chain(more.iter().map(|at| made[*at].as_ref().unwrap().id)).collect();
            ghost.ask(&Question::new(text, &ids)).unwrap()
        };
        let (before, hidden) = (ask(&mut ghost, by_later, &[]), ask(&mut ghost, by_later, &[1]));
        assert_eq!(before, hidden, "an index on another table changes nothing");
        let with = ask(&mut ghost, by_later, &[0, 1]);
        assert!(with.cost < before.cost / 20.0 && with.used.contains(&made[0].as_ref().unwrap().id), "{with:?} {before:?}");
        assert_eq!(ask(&mut ghost, by_later, &[]), before, "hidden again");
        // Of a partitioned table: one index a partition, asked for as one.
        let partitions = ask(&mut ghost, by_body, &[1]);
        assert!(partitions.cost < ask(&mut ghost, by_body, &[]).cost / 20.0 && partitions.used.len() == 1);

        // The truth: the source with the same indexes really built.
        source.server.sql("shop", "CREATE INDEX real_later ON shop.orders (later, placed); CREATE INDEX real_body ON shop.event (body); VACUUM shop.orders, shop.event");
        let statements = vec![by_later.to_owned(), by_body.to_owned()];
        let real = on_source(&source.endpoint, &print, &statements);
        for (real, own) in real.iter().zip([ask(&mut ghost, by_later, &[0]), partitions]) {
            let real = real.as_ref().unwrap().root.cost.unwrap();
            assert!((real - own.cost).abs() / real < 0.02, "{real} and {}", own.cost);
        }
        let pages: f64 = source.server.sql("shop", "SELECT relpages FROM pg_class WHERE relname = 'real_later'").parse().unwrap();
        let estimated = made[0].as_ref().unwrap().pages as f64;
        assert!((estimated / pages - 1.0).abs() < 0.25, "{estimated} pages estimated, {pages} built");

        // Existing indexes can be taken away, those of constraints can't; settings and generic plans.
        let none = BTreeSet::new();
        let without = ghost.ask(&Question::new("SELECT * FROM shop.orders WHERE customer_id = 5", &none)).unwrap();
        assert!(without.used.is_empty() && without.cost > 1000.0, "{without:?}");
        assert_eq!(ghost.ask(&Question::new("SELECT * FROM shop.orders WHERE id = 5", &none)).unwrap().used.len(), 1);
        let off = Question { settings: &[("enable_indexscan", "off"), ("enable_bitmapscan", "off")], ..Question::new(by_later, &existing) };
        assert!(ghost.ask(&off).unwrap().cost > 1000.0);
        let generic = ghost.ask(&Question::new("SELECT * FROM shop.orders WHERE customer_id = $1", &existing)).unwrap();
        assert!(generic.cost < 300.0 && generic.used.len() == 1, "{generic:?}");
    });
}

static TOUCHED: AtomicUsize = AtomicUsize::new(0);

#[test]
fn a_foreign_blueprint_can_do_no_harm() {
    let Some(installation) = installed(15) else { return };
    in_runtime(move || {
        let witness = PathBuf::from(format!("/tmp/dbwright-witness-{}-{}", std::process::id(), TOUCHED.fetch_add(1, Ordering::Relaxed)));
        let program = format!("COPY (SELECT 1) TO PROGRAM 'touch {}'", witness.display());
        let made = |statement: String| Made { kind: "table".into(), name: "t".into(), statement };
        let mut print = Blueprint::empty(dbwright_model::Engine::Postgresql, "15.1", "x", Timestamp(0));
        print.objects = vec![
            made("CREATE TABLE public.t (a int)".into()),
            made(program.clone()),
            made(format!("CREATE TABLE public.u (a int); {program}")),
            made("ALTER ROLE dbwright_planner SUPERUSER".into()),
            made("DO $$ BEGIN LOOP PERFORM pg_sleep(0); EXIT; END LOOP; END $$".into()),
        ];
        print.settings.insert("work_mem".into(), "'; DROP TABLE t; --".into());
        print.locale.insert("collate".into(), "no_SUCH'".into());
        print.locale.insert("ctype".into(), "C".into());
        print.locale.insert("encoding".into(), "UTF8".into());
        let mut ghost = ghost::build(&print, &of(&installation)).unwrap();
        let lacks: Vec<&str> = ghost.built().gaps.iter().map(|gap| gap.what.as_str()).collect();
        assert_eq!(lacks, ["collation", "setting work_mem", "table t", "table t", "table t"]);
        for text in [program.as_str(), "SELECT pg_read_file('/etc/hostname')", "SELECT 1; SELECT 2", "gibberish ("] {
            let _ = ghost.plan(text);
        }
        assert!(ghost.plan("SELECT 1; DROP TABLE t").is_err() && ghost.plan("gibberish (").is_err());
        assert!(ghost.plan("SELECT a FROM t").is_ok(), "the table is still there");
        assert!(!witness.exists());
    });
}

#[test]
fn what_a_ghost_lacks_is_said() {
    let Some(installation) = installed(15) else { return };
    in_runtime(move || {
        let source = source(&installation);
        source.server.sql("shop", "CREATE EXTENSION citext; CREATE TABLE shop.mail (address citext PRIMARY KEY, at int); INSERT INTO shop.mail SELECT 'a' || i, i FROM generate_series(1, 5000) AS i; ANALYZE shop.mail");
        let mut print = blueprint(&source.endpoint);
        print.extensions.iter_mut().for_each(|one| one.name = "no_such_extension".into());
        print.extension_types.iter_mut().for_each(|(_, extension)| *extension = "no_such_extension".into());
        let mut ghost = ghost::build(&print, &of(&installation)).unwrap();
        let lacks = |ghost: &dyn Ghost, what: &str| ghost.built().gaps.iter().any(|gap| gap.what.contains(what));
        assert!(lacks(ghost.as_ref(), "extension no_such_extension"), "{:?}", ghost.built().gaps);
        let plan = ghost.plan("SELECT * FROM shop.mail WHERE at > 4990").unwrap();
        assert_eq!(plan.root.rows_estimated.map(f64::round), Some(10.0), "the table is there with its statistics");

        // A role that may not read the rows sees no statistics.
        source.server.sql("shop", "REVOKE pg_read_all_data FROM reader; GRANT USAGE ON SCHEMA shop TO reader");
        let blind = blueprint(&source.endpoint);
        assert!(
            blind.gaps.iter().any(|gap| gap.what.starts_with("statistics of") && gap.why.contains("pg_read_all_data")),
            "{:?}",
            blind.gaps
        );

        if let Some(newer) = installed(17) {
            let ghost = ghost::build(&print, &of(&newer)).unwrap();
            let gap = ghost.built().gaps.iter().find(|gap| gap.what == "server version").expect("the version is said");
            assert!(gap.why.contains("15") && gap.why.contains("17"), "{gap:?}");
        }
    });
}

#[test]
fn a_thousand_tables_make_a_ghost() {
    let Some(installation) = installed(15) else { return };
    in_runtime(move || {
        let mut print = Blueprint::empty(dbwright_model::Engine::Postgresql, "15.1", "wide", Timestamp(0));
        for number in 0..1000 {
            let made = |kind: &str, statement: String| Made { kind: kind.into(), name: format!("t{number}"), statement };
            let columns: Vec<String> = (0..20).map(|column| format!("c{column} int")).collect();
            print.objects.push(made("table", format!("CREATE TABLE public.t{number} ({})", columns.join(", "))));
            for column in 0..4 {
                print.objects.push(made("index", format!("CREATE INDEX i{number}_{column} ON public.t{number} (c{column})")));
            }
            let relation = ObjectName::new("public", format!("t{number}"));
            let column = |at: i64| dbwright_model::blueprint::ColumnKnowledge {
                relation: relation.clone(),
                name: format!("c{at}"),
                number: at + 1,
                width: 4,
                distinct: 100.0,
                histogram: Some("{1,50,100}".into()),
                correlation: Some(0.5),
                ..Default::default()
            };
            print.columns.extend((0..20).map(column));
            let size = |name: String, index| dbwright_model::blueprint::RelationSize {
                name: ObjectName::new("public", name),
                index,
                rows: 1e6,
                pages: 10_000,
                blocks: 10_000,
                ..Default::default()
            };
            print.relations.push(size(format!("t{number}"), false));
            print.relations.extend((0..4).map(|column| size(format!("i{number}_{column}"), true)));
        }
        let mut ghost = ghost::build(&print, &of(&installation)).unwrap();
        let built = ghost.built().clone();
        assert_eq!((built.tables, built.indexes, built.columns, built.gaps.len()), (1000, 4000, 20_000, 0));
        println!("1,000 tables: {:.1} s, {:.0} MB", built.elapsed_ms / 1e3, built.bytes as f64 / 1e6);
        let plan = ghost.plan("SELECT * FROM t999 WHERE c1 = 5").unwrap();
        assert!(plan.nodes().iter().any(|node| node.index.as_deref() == Some("i999_1")), "{plan:?}");
        assert!(built.bytes < 500_000_000, "files are sparse: {}", built.bytes);
    });
}

#[test]
fn a_ghost_of_a_sqlite_file_plans_like_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shop.db");
    let file = rusqlite::Connection::open(&path).unwrap();
    file.execute_batch(
        "CREATE TABLE customer (id INTEGER PRIMARY KEY, city TEXT, name TEXT);
         CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INT REFERENCES customer, placed TEXT, total REAL);
         CREATE INDEX orders_customer ON orders (customer_id); CREATE INDEX orders_placed ON orders (placed);
         CREATE INDEX customer_city ON customer (city); CREATE VIEW late AS SELECT * FROM orders WHERE placed > '2024-06';
         CREATE VIRTUAL TABLE words USING fts5 (body);
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO customer SELECT i, 'c' || (i % 4), 'n' || i FROM n;
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000)
         INSERT INTO orders SELECT i, 1 + i % 5000, CASE WHEN i % 100 THEN '2024-01' ELSE '2024-0' || (2 + i % 8) END, i FROM n;
         ANALYZE;",
    )
    .unwrap();
    let statements = [
        "SELECT * FROM orders WHERE customer_id = 5 AND placed = '2024-01'",
        "SELECT * FROM orders WHERE customer_id > 10 AND placed = '2024-04'",
        "SELECT c.name, sum(o.total) FROM customer AS c JOIN orders AS o ON o.customer_id = c.id WHERE c.city = 'c1' GROUP BY c.name",
        "SELECT * FROM late WHERE customer_id = 7",
        "SELECT * FROM words WHERE words MATCH 'x'",
        "SELECT count(*) FROM customer",
    ];
    let print = dbwright_engines::sqlite::blueprint::blueprint(&path, &options(), &Default::default()).unwrap();
    assert!(print.rows.iter().any(|row| row.table == "sqlite_stat4"), "samples are there");
    let mut ghost = ghost::build(&print, &ScratchOptions::default()).unwrap();
    assert_eq!(ghost.built().gaps, []);
    let catalog = dbwright_model::catalog::Catalog::default();
    let labels: Vec<String> = statements.iter().map(|text| (*text).to_owned()).collect();
    let form = |plan: Plan| Plan { root: bare(plan.root), ..plan };
    let source: Vec<_> = statements
        .iter()
        .map(|text| dbwright_engines::sqlite::explain::explain(&file, text, [], &catalog).map(form).map_err(|error| error.to_string()))
        .collect();
    let own: Vec<_> = statements.iter().map(|text| ghost.plan(text).map(form).map_err(|error| error.message)).collect();
    let found = Fidelity::of(&labels, &source, &own);
    assert_eq!((found.same_plans(), found.unplanned.len()), (Some(1.0), 0), "{found:#?}");
    // The control: without the samples the second statement goes another way.
    let mut bare_print = print.clone();
    bare_print.rows.clear();
    let mut without = ghost::build(&bare_print, &ScratchOptions::default()).unwrap();
    let own: Vec<_> = statements.iter().map(|text| without.plan(text).map(form).map_err(|error| error.message)).collect();
    assert!(Fidelity::of(&labels, &source, &own).same_plans() < Some(1.0));

    let existing: BTreeSet<IndexId> = ghost.existing().iter().map(|known| known.id).collect();
    let columns = ["total", "placed"].map(|column| IndexPart { column: Some(column.into()), ..IndexPart::default() });
    let wanted = Candidate { table: ObjectName::bare("orders"), index: Index { parts: columns.to_vec(), ..Index::default() }, pages: None };
    let nonsense = Candidate { table: ObjectName::bare("nowhere"), ..wanted.clone() };
    let made = ghost.create(&[wanted, nonsense]).unwrap();
    assert!(made[1].is_err());
    let id = made[0].as_ref().unwrap().id;
    let text = "SELECT placed FROM orders WHERE total = 7";
    let before = ghost.ask(&Question::new(text, &existing)).unwrap();
    let after = ghost.ask(&Question::new(text, &existing.iter().copied().chain([id]).collect())).unwrap();
    assert!(after.cost < before.cost / 100.0 && after.used == BTreeSet::from([id]) && before.used.is_empty(), "{before:?} {after:?}");
    assert_eq!(ghost.ask(&Question::new(text, &existing)).unwrap(), before);
    let none = ghost.ask(&Question::new("SELECT * FROM orders WHERE customer_id = 5", &BTreeSet::new())).unwrap();
    assert!(none.used.is_empty());
}

/// What EXPLAIN QUERY PLAN itself says, without what our catalogs add.
fn bare(node: dbwright_model::plan::PlanNode) -> dbwright_model::plan::PlanNode {
    let children = node.children.into_iter().map(bare).collect();
    dbwright_model::plan::PlanNode { label: node.label, children, ..Default::default() }
}

#[test]
fn anonymised_values_keep_joins_and_sizes_and_lose_literals() {
    let Some(installation) = installed(15) else { return };
    in_runtime(move || {
        let source = source(&installation);
        let print = blueprint(&source.endpoint);
        let mut hidden = print.clone();
        dbwright_analysis::anonymize::blueprint::anonymize(&mut hidden);
        let text = serde_json::to_string(&hidden.columns).unwrap();
        assert!(!text.contains("City 7") && !text.contains("Name 1") && !text.contains("2024-0"), "a value stayed");
        let mut ghost = ghost::build(&hidden, &of(&installation)).unwrap();
        let lacks: Vec<&str> = ghost.built().gaps.iter().map(|gap| gap.what.as_str()).collect();
        assert!(lacks.contains(&"values are anonymised") && !lacks.iter().any(|what| what.starts_with("statistics of")), "{lacks:?}");
        let found = Fidelity::of(&texts(), &on_source(&source.endpoint, &print, &texts()), &plans_of(ghost.as_mut()));
        let same =
            |at: usize| found.statements.iter().find(|one| one.label == STATEMENTS[at]).is_some_and(|one| one.same_plan && one.same_cost);
        // Key look-ups, groupings and orders do not depend on which values there are; a common value does.
        assert!(same(0) && same(4) && same(9) && same(11), "{found:#?}");
        assert!(!same(6), "a literal fell where it fell before");
        println!("anonymised: same plans {:?}, same plans and costs {:?}", found.same_plans(), found.same_costs());
    });
}
