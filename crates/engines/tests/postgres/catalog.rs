//! Every kind of object, as the model wants it.

use dbwright_model::FactKind;
use dbwright_model::catalog::{CollectionKind, TypeFamily};

use crate::{assert_read, collect, index, on_each, table};
use dbwright_testkit::postgres::{Server, installed};

const SCHEMA: &str = r#"
CREATE EXTENSION pg_trgm;
CREATE SCHEMA app;
CREATE TYPE app.mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN app.positive AS int NOT NULL CHECK (VALUE > 0);
CREATE TYPE app.pair AS (a int, b text);
CREATE ROLE reader; CREATE ROLE writer;
GRANT USAGE ON SCHEMA app TO reader;
CREATE TABLE app.customers (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  code varchar(12) NOT NULL UNIQUE,
  name text COLLATE "C" NOT NULL,
  mood app.mood DEFAULT 'ok',
  stars app.positive,
  born date, seen timestamptz, local timestamp, price numeric(10,2), share real, cash money, padded char(3), yes boolean,
  doc jsonb, tags text[], address inet, place point, span tstzrange, raw bytea, ident uuid, words tsvector,
  shout text GENERATED ALWAYS AS (upper(code)) STORED,
  CONSTRAINT sane CHECK (price >= 0)
);
COMMENT ON TABLE app.customers IS 'who buys';
COMMENT ON COLUMN app.customers.code IS 'printed on the card';
GRANT SELECT, INSERT ON app.customers TO reader;
GRANT UPDATE ON app.customers TO writer WITH GRANT OPTION;
CREATE TABLE app.orders (
  id bigserial PRIMARY KEY,
  customer_id int NOT NULL REFERENCES app.customers ON DELETE CASCADE ON UPDATE SET NULL DEFERRABLE,
  other int, total numeric, note text
) WITH (fillfactor = 70);
ALTER TABLE app.orders ADD CONSTRAINT later FOREIGN KEY (other) REFERENCES app.customers (id) NOT VALID;
ALTER TABLE app.orders ADD CONSTRAINT later_check CHECK (total > 0) NOT VALID;
CREATE INDEX orders_customer ON app.orders (customer_id, total DESC NULLS LAST, id DESC) INCLUDE (note);
CREATE INDEX orders_expression ON app.orders (lower(note), (total + 1)) WHERE total > 10;
CREATE INDEX orders_trigrams ON app.orders USING gin (note gin_trgm_ops);
CREATE INDEX orders_brin ON app.orders USING brin (id);
CREATE INDEX orders_hash ON app.orders USING hash (customer_id);
CREATE UNIQUE INDEX orders_nulls ON app.orders (id, other) NULLS NOT DISTINCT;
CREATE TABLE app.bookings (room int, during tstzrange, EXCLUDE USING gist (during WITH &&));
CREATE UNLOGGED TABLE app.cache (k text PRIMARY KEY, v text);
CREATE TABLE app.parent (a int); CREATE TABLE app.heir (b int) INHERITS (app.parent);
CREATE TABLE app.events (id bigint, made date NOT NULL, kind text, PRIMARY KEY (id, made)) PARTITION BY RANGE (made);
CREATE TABLE app.events_2024 PARTITION OF app.events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE app.events_rest PARTITION OF app.events DEFAULT;
CREATE INDEX events_kind ON app.events (kind);
CREATE TABLE app.refers (event bigint, made date, FOREIGN KEY (event, made) REFERENCES app.events);
CREATE TABLE app.hashed (a int, b text) PARTITION BY RANGE (lower(b), a);
"#;
const MORE: &str = r#"
CREATE VIEW app.rich AS SELECT * FROM app.customers WHERE price > 100;
CREATE MATERIALIZED VIEW app.totals AS SELECT customer_id, sum(total) AS total FROM app.orders GROUP BY 1;
CREATE UNIQUE INDEX ON app.totals (customer_id);
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN NEW; END';
CREATE FUNCTION app.safe(int) RETURNS int LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS 'SELECT $1';
REVOKE EXECUTE ON FUNCTION app.safe(int) FROM PUBLIC;
CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON app.orders FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE TRIGGER asleep AFTER DELETE ON app.orders FOR EACH STATEMENT EXECUTE FUNCTION app.touch();
ALTER TABLE app.orders DISABLE TRIGGER asleep;
ALTER TABLE app.orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON app.orders AS RESTRICTIVE FOR SELECT TO reader USING (total < 1000);
CREATE SEQUENCE app.spare AS smallint INCREMENT 5 MAXVALUE 500 CYCLE;
SELECT nextval('app.spare'), nextval('app.spare');
INSERT INTO app.customers (code, name, price, stars) SELECT 'c' || i, 'n' || i % 10, i, 1 FROM generate_series(1, 500) i;
INSERT INTO app.orders (customer_id, other, total, note) SELECT i % 500 + 1, i % 500 + 1, i, CASE WHEN i % 4 = 0 THEN NULL ELSE 'same' END FROM generate_series(1, 2000) i;
INSERT INTO app.events SELECT i, date '2024-01-01' + i % 700, 'k' FROM generate_series(1, 300) i;
CREATE STATISTICS app.together (ndistinct) ON customer_id, note FROM app.orders;
UPDATE app.orders SET total = total + 1 WHERE id <= 100;
ANALYZE;
SET enable_seqscan = off; SET enable_bitmapscan = off;
SELECT * FROM app.orders WHERE id = 5;

"#;

#[tokio::test]
async fn reads_every_kind_of_object() {
    on_each(&[], async |server| {
        server.sql("postgres", SCHEMA);
        server.sql("postgres", MORE);
        let facts = collect(&server.url("postgres")).await;
        assert_eq!(facts.major_version(), server.major);
        assert_eq!(facts.target.name, "postgres");
        assert!(facts.target.identity.as_ref().is_some_and(|identity| identity.parse::<u64>().is_ok()));
        assert_read(&facts, &[FactKind::Catalog, FactKind::Sizes, FactKind::ColumnStatistics, FactKind::Activity]);
        assert!(facts.effort.queries <= 40, "{:?}", facts.effort);
        columns(&facts);
        constraints(&facts);
        indexes(&facts);
        partitions(&facts);
        others(&facts);
        statistics(&facts);
        let names: Vec<_> = facts.catalog.collections.iter().map(|collection| &collection.name).collect();
        assert!(names.is_sorted(), "{names:?}");
    })
    .await;
}

fn columns(facts: &dbwright_model::Facts) {
    let customers = table(facts, "app", "customers");
    assert_eq!((customers.kind, customers.comment.as_deref()), (CollectionKind::Table, Some("who buys")));
    assert_eq!(customers.owner.as_deref(), Some("postgres"));
    let family = |name: &str| customers.field(name).unwrap_or_else(|| panic!("{name}")).family;
    use TypeFamily as T;
    let expected = [
        ("id", T::Integer),
        ("code", T::Text),
        ("mood", T::Enum),
        ("stars", T::Integer),
        ("born", T::Date),
        ("seen", T::TimestampWithZone),
        ("local", T::Timestamp),
        ("price", T::Decimal),
        ("share", T::Float),
        ("cash", T::Money),
        ("padded", T::PaddedText),
        ("yes", T::Boolean),
        ("doc", T::Json),
        ("tags", T::Array),
        ("address", T::Network),
        ("place", T::Geometry),
        ("span", T::Range),
        ("raw", T::Binary),
        ("ident", T::Uuid),
        ("words", T::TextSearch),
    ];
    for (name, wanted) in expected {
        assert_eq!(family(name), wanted, "{name}");
    }
    let code = customers.field("code").unwrap();
    assert_eq!((code.type_name.as_str(), code.length, code.nullable), ("character varying(12)", Some(12), false));
    assert_eq!((code.comment.as_deref(), code.type_bytes, code.alignment), (Some("printed on the card"), None, Some(4)));
    let id = customers.field("id").unwrap();
    assert!(id.identity && !id.nullable);
    assert_eq!((id.type_bytes, id.alignment), (Some(4), Some(4)));
    assert_eq!(customers.field("name").unwrap().collation.as_deref(), Some("C"));
    assert_eq!(customers.field("mood").unwrap().default.as_deref(), Some("'ok'::app.mood"));
    assert_eq!(customers.field("shout").unwrap().generated.as_deref(), Some("upper((code)::text)"));
    assert!(customers.field("shout").unwrap().default.is_none());
    assert!(!customers.field("stars").unwrap().nullable, "the domain forbids NULL");
    let grants: Vec<_> =
        customers.grants.iter().map(|grant| (grant.grantee.as_str(), grant.privileges.join(" "), grant.grantable)).collect();
    assert!(grants.contains(&("reader", "INSERT SELECT".to_owned(), false)), "{grants:?}");
    assert!(grants.contains(&("writer", "UPDATE".to_owned(), true)), "{grants:?}");
}

fn constraints(facts: &dbwright_model::Facts) {
    let customers = table(facts, "app", "customers");
    let primary = customers.primary_key().unwrap();
    assert_eq!((primary.columns.as_slice(), primary.index.as_deref()), (&["id".to_owned()][..], Some("customers_pkey")));
    assert!(customers.keys.iter().any(|key| !key.primary && key.columns == ["code"]));
    assert!(customers.checks.iter().any(|check| check.name == "sane" && check.expression == "(price >= (0)::numeric)" && check.validated));
    let orders = table(facts, "app", "orders");
    let reference = |name: &str| orders.references.iter().find(|reference| reference.name == name).unwrap_or_else(|| panic!("{name}"));
    let first = reference("orders_customer_id_fkey");
    assert_eq!((first.target.to_string().as_str(), first.target_columns.as_slice()), ("app.customers", &["id".to_owned()][..]));
    assert_eq!((first.on_delete.as_str(), first.on_update.as_str()), ("CASCADE", "SET NULL"));
    assert!(first.deferrable && first.validated && first.enforced);
    assert!(!reference("later").validated && reference("later").enforced);
    assert!(orders.checks.iter().any(|check| check.name == "later_check" && !check.validated));
    assert!(table(facts, "app", "bookings").checks.iter().any(|check| check.exclusion && check.expression.contains("EXCLUDE")));
    let refers = table(facts, "app", "refers");
    assert_eq!(refers.references.len(), 1, "one entry, not one a partition: {:?}", refers.references);
}

fn indexes(facts: &dbwright_model::Facts) {
    let orders = table(facts, "app", "orders");
    let plain = index(orders, "orders_customer");
    assert_eq!(plain.columns().unwrap(), ["customer_id", "total", "id"]);
    assert_eq!(plain.included, ["note"]);
    assert_eq!(plain.parts.iter().map(|part| part.descending).collect::<Vec<_>>(), [false, true, true]);
    assert!(plain.definition.as_ref().unwrap().starts_with("CREATE INDEX orders_customer ON app.orders USING btree"));
    assert!(plain.valid && !plain.unique && plain.bytes.as_ref().unwrap().value > 0.0 && plain.scans.is_some());
    let expression = index(orders, "orders_expression");
    assert_eq!(
        expression.parts.iter().map(|part| part.expression.as_deref().unwrap()).collect::<Vec<_>>(),
        ["lower(note)", "(total + 1::numeric)"]
    );
    assert_eq!(expression.predicate.as_deref(), Some("(total > (10)::numeric)"));
    let methods: Vec<_> =
        ["orders_trigrams", "orders_brin", "orders_hash"].iter().map(|name| index(orders, name).method.as_str()).collect();
    assert_eq!(methods, ["gin", "brin", "hash"]);
    assert_eq!(index(orders, "orders_trigrams").parts[0].operator_class.as_deref(), Some("gin_trgm_ops"));
    assert!(plain.parts.iter().all(|part| part.operator_class.is_none() && part.collation.is_none()));
    let nulls = index(orders, "orders_nulls");
    assert!(nulls.unique && nulls.nulls_equal && nulls.constraint.is_none());
    assert_eq!(index(orders, "orders_pkey").constraint.as_deref(), Some("orders_pkey"));
    assert!(orders.indexes.iter().filter_map(|index| index.scans).sum::<u64>() >= 1);
}

fn partitions(facts: &dbwright_model::Facts) {
    let events = table(facts, "app", "events");
    assert_eq!(events.kind, CollectionKind::PartitionedTable);
    let partitioning = events.partitioning.as_ref().unwrap();
    assert_eq!((partitioning.strategy.as_deref(), partitioning.key.as_slice()), (Some("range"), &["made".to_owned()][..]));
    assert_eq!(events.rows(), Some(300.0), "the sum over the partitions");
    assert!(index(events, "events_kind").partitioned);
    let part = table(facts, "app", "events_2024");
    assert_eq!(part.kind, CollectionKind::Partition);
    let place = part.partitioning.as_ref().unwrap();
    assert_eq!(place.parent.as_ref().unwrap().to_string(), "app.events");
    assert!(place.bound.as_ref().unwrap().contains("2024-01-01"));
    assert_eq!(index(part, "events_2024_kind_idx").parent.as_deref(), Some("events_kind"));
    assert!(table(facts, "app", "events_rest").partitioning.as_ref().unwrap().default_partition);
    assert_eq!(table(facts, "app", "hashed").partitioning.as_ref().unwrap().key, ["lower(b)", "a"]);
    assert_eq!(table(facts, "app", "heir").inherits[0].to_string(), "app.parent");
}

fn others(facts: &dbwright_model::Facts) {
    let catalog = &facts.catalog;
    assert!(table(facts, "app", "rich").definition.as_ref().unwrap().contains("FROM app.customers"));
    assert_eq!(table(facts, "app", "rich").kind, CollectionKind::View);
    assert_eq!(table(facts, "app", "totals").kind, CollectionKind::MaterializedView);
    assert!(table(facts, "app", "cache").storage.unlogged);
    assert_eq!(table(facts, "app", "orders").storage.fill_factor, Some(70));
    let sequence = |name: &str| catalog.sequences.iter().find(|sequence| sequence.name.name == name).unwrap_or_else(|| panic!("{name}"));
    let spare = sequence("spare");
    assert_eq!((spare.last, spare.limit, spare.increment, spare.cycle), (Some(6.0), 500.0, 5.0, true));
    let fed = sequence("orders_id_seq");
    assert_eq!(fed.owned_by.as_ref().map(|(table, column)| format!("{table}.{column}")).as_deref(), Some("app.orders.id"));
    assert_eq!(fed.last, Some(2000.0));
    let counter = table(facts, "app", "customers").storage.counter.as_ref().unwrap();
    assert_eq!((counter.last, counter.limit, counter.column.as_str()), (500.0, f64::from(i32::MAX), "id"));
    assert!(table(facts, "app", "orders").field("id").unwrap().identity);
    let routine = |name: &str| catalog.routines.iter().find(|routine| routine.name.name == name).unwrap();
    assert!(routine("touch").security_definer && !routine("touch").fixed_search_path && routine("touch").public_execute);
    assert!(routine("safe").fixed_search_path && !routine("safe").public_execute);
    assert_eq!((routine("safe").volatility.as_str(), routine("safe").arguments.as_str()), ("stable", "integer"));
    assert!(catalog.routines.iter().all(|routine| routine.name.name != "similarity"), "an extension's functions are its own");
    let orders = table(facts, "app", "orders");
    let trigger = |name: &str| orders.triggers.iter().find(|trigger| trigger.name == name).unwrap();
    assert_eq!(trigger("touch").event, "BEFORE INSERT OR UPDATE FOR EACH ROW");
    assert!(trigger("touch").enabled && !trigger("asleep").enabled);
    assert_eq!(orders.triggers.len(), 2, "those of foreign keys are the server's own");
    let security = orders.row_security.as_ref().unwrap();
    assert!(security.enabled && !security.forced);
    let policy = &security.policies[0];
    assert_eq!((policy.command.as_str(), policy.permissive, policy.roles.as_slice()), ("SELECT", false, &["reader".to_owned()][..]));
    assert_eq!(policy.using.as_deref(), Some("(total < (1000)::numeric)"));
    let kinds: Vec<_> =
        catalog.types.iter().map(|found| (found.name.name.as_str(), found.kind.as_str(), found.members.join("|"))).collect();
    assert!(kinds.contains(&("mood", "enum", "sad|ok|happy".to_owned())), "{kinds:?}");
    assert!(kinds.contains(&("pair", "composite", "a integer|b text".to_owned())), "{kinds:?}");
    assert!(kinds.contains(&("positive", "domain", "integer".to_owned())), "{kinds:?}");
    assert!(catalog.extensions.iter().any(|extension| extension.name == "pg_trgm" && extension.available.is_none()));
    let app = catalog.schemas.iter().find(|schema| schema.name == "app").unwrap();
    assert!(app.grants.iter().any(|grant| grant.grantee == "reader" && grant.privileges == ["USAGE"]));
    assert!(catalog.grants.iter().any(|grant| grant.grantee == "PUBLIC" && grant.privileges.contains(&"CONNECT".to_owned())));
    assert_eq!((catalog.encoding.as_deref(), catalog.collation.as_deref()), (Some("UTF8"), Some("C.UTF-8")));
    assert!(catalog.database_bytes.as_ref().unwrap().value > 1e6);
}

fn statistics(facts: &dbwright_model::Facts) {
    let orders = table(facts, "app", "orders");
    let note = orders.field("note").unwrap().statistics.as_ref().unwrap();
    assert_eq!((note.null_share, note.distinct), (Some(0.25), Some(1.0)));
    assert_eq!((note.common[0].value.as_str(), note.common[0].share), ("same", 0.75));
    let id = orders.field("id").unwrap().statistics.as_ref().unwrap();
    assert_eq!(id.distinct, Some(2000.0));
    assert!(id.histogram.len() >= 20 && id.histogram.len() <= 26, "{}", id.histogram.len());
    let storage = &orders.storage;
    assert!(storage.rows.as_ref().is_some_and(|rows| (rows.value - 2000.0).abs() < 100.0), "{storage:?}");
    assert!(storage.table_bytes.as_ref().unwrap().value >= 8192.0 && storage.index_bytes.as_ref().unwrap().value >= 8192.0 * 6.0);
    assert!(storage.transaction_age.is_some() && storage.engine.as_deref() == Some("heap"));
    let activity = orders.activity.as_ref().unwrap();
    assert_eq!((activity.inserts, activity.updates), (2000, 100));
    assert!(activity.last_analyze.is_some() && activity.index_scans >= 1);
    assert!(storage.dead_rows.as_ref().unwrap().value >= 1.0);
    assert!(
        facts.health.notes.iter().any(|(name, words)| name.contains("app.together") && words.contains("customer_id")),
        "{:?}",
        facts.health.notes
    );
}

#[tokio::test]
async fn a_reference_whose_triggers_are_off_is_not_enforced() {
    on_each(&[], async |server| {
        server.sql(
            "postgres",
            "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a int REFERENCES a); ALTER TABLE b DISABLE TRIGGER ALL;",
        );
        let facts = collect(&server.url("postgres")).await;
        assert!(!table(&facts, "public", "b").references[0].enforced);
    })
    .await;
}

#[tokio::test]
async fn an_invalid_index_is_told() {
    on_each(&[], async |server| {
        server.sql("postgres", "CREATE TABLE a (id int); INSERT INTO a VALUES (1), (1);");
        assert!(server.try_sql("postgres", "CREATE UNIQUE INDEX CONCURRENTLY broken ON a (id)").is_err());
        let facts = collect(&server.url("postgres")).await;
        assert!(!index(table(&facts, "public", "a"), "broken").valid);
    })
    .await;
}

#[tokio::test]
async fn reads_what_only_version_18_has() {
    let Some(installation) = installed(18) else { return };
    let server = Server::start(&installation, &["shared_preload_libraries=pg_stat_statements"]);
    server.sql(
        "postgres",
        "CREATE EXTENSION pg_stat_statements; CREATE TABLE a (id serial PRIMARY KEY); INSERT INTO a DEFAULT VALUES;
         CREATE TABLE b (a int, c int, \"order\" int, FOREIGN KEY (a) REFERENCES a NOT ENFORCED, CONSTRAINT k CHECK (c > 0) NOT ENFORCED);
         ALTER TABLE b ADD CONSTRAINT n NOT NULL \"order\" NOT VALID; SELECT count(*) FROM a;",
    );
    let facts = collect(&server.url("postgres")).await;
    let b = table(&facts, "public", "b");
    assert!(!b.references[0].enforced);
    assert!(b.checks.iter().any(|check| check.name == "k" && !check.enforced));
    assert!(b.checks.iter().any(|check| check.name == "n" && !check.validated && check.expression == "\"order\" IS NOT NULL"));
    assert_eq!(facts.catalog.sequences[0].last, Some(1.0));
    assert_read(&facts, &[FactKind::Catalog, FactKind::Workload, FactKind::Health, FactKind::Topology]);
    assert!(facts.workload.statements.iter().any(|statement| statement.plan.is_some()));
}

#[tokio::test]
async fn an_empty_database_is_read_too() {
    on_each(&[], async |server| {
        server.sql("postgres", "CREATE DATABASE nothing");
        let facts = collect(&server.url("nothing")).await;
        assert!(facts.catalog.collections.is_empty());
        assert_read(&facts, &[FactKind::Catalog, FactKind::Settings, FactKind::Roles]);
    })
    .await;
}

#[tokio::test]
async fn bloat_lies_between_its_bounds() {
    on_each(&["autovacuum=off"], async |server| {
        server.sql(
            "postgres",
            "CREATE TABLE swollen (id int PRIMARY KEY, kind smallint, name text, made timestamptz, amount bigint);
             INSERT INTO swollen SELECT i, i % 7, 'name ' || repeat('x', i % 20), now(), i FROM generate_series(1, 100000) i;
             CREATE INDEX swollen_kind ON swollen (kind); CREATE INDEX swollen_name ON swollen (name);
             CREATE TABLE tight AS SELECT * FROM swollen;
             DELETE FROM swollen WHERE id % 3 <> 0;",
        );
        server.sql("postgres", "VACUUM (ANALYZE) swollen");
        server.sql("postgres", "VACUUM (ANALYZE) tight");
        let before = collect(&server.url("postgres")).await;
        server.sql("postgres", "VACUUM FULL swollen");
        let after = collect(&server.url("postgres")).await;
        let (old, new) = (table(&before, "public", "swollen"), table(&after, "public", "swollen"));
        let given = |old: &Option<dbwright_model::Quantity>, new: &Option<dbwright_model::Quantity>| {
            old.as_ref().unwrap().value - new.as_ref().unwrap().value
        };
        let check = |what: &str, truth: f64, size: f64, estimate: &dbwright_model::Quantity| {
            let (low, high) = (estimate.low.unwrap(), estimate.high.unwrap());
            assert!(low - size * 0.02 <= truth && truth <= high + size * 0.02, "{what}: {truth} is not within {low} and {high}");
            assert!((estimate.value - truth).abs() < size * 0.08, "{what}: {} against {truth} of {size}", estimate.value);
        };
        let size = old.storage.table_bytes.as_ref().unwrap().value;
        check("table", given(&old.storage.table_bytes, &new.storage.table_bytes), size, old.storage.bloat_bytes.as_ref().unwrap());
        for name in ["swollen_pkey", "swollen_kind", "swollen_name"] {
            let (old, new) = (index(old, name), index(new, name));
            check(name, given(&old.bytes, &new.bytes), old.bytes.as_ref().unwrap().value, old.bloat_bytes.as_ref().unwrap());
        }
        let tight = &table(&before, "public", "tight").storage;
        let share = tight.bloat_bytes.as_ref().unwrap().value / tight.table_bytes.as_ref().unwrap().value;
        assert!(share < 0.03, "a table without waste shows {share}");
    })
    .await;
}

/// Every version that the queries are written for, where it is installed: each query must at least be understood.
#[tokio::test]
async fn reads_every_version_that_is_installed() {
    for (major, installation) in dbwright_testkit::postgres::installations() {
        let server = Server::start(&installation, &["shared_preload_libraries=pg_stat_statements", "wal_level=logical"]);
        server.sql(
            "postgres",
            "CREATE EXTENSION pg_stat_statements;
             CREATE TABLE a (id serial PRIMARY KEY, t text COLLATE \"C\", n numeric CHECK (n > 0), g int GENERATED ALWAYS AS (1) STORED);
             CREATE INDEX part ON a (lower(t), n DESC) INCLUDE (g) WHERE n > 5; CREATE TABLE b (a int REFERENCES a ON DELETE CASCADE);
             CREATE VIEW v AS SELECT * FROM a; ALTER TABLE a ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON a USING (n > 1);
             CREATE TABLE r (d date) PARTITION BY RANGE (d); CREATE TABLE r1 PARTITION OF r DEFAULT;
             INSERT INTO a (t, n) SELECT 'x' || i, i FROM generate_series(1, 500) i; CREATE STATISTICS s ON t, n FROM a; ANALYZE;
             SELECT pg_create_physical_replication_slot('s', true); CREATE PUBLICATION p FOR TABLE a; SELECT count(*) FROM a WHERE n > 3;",
        );
        let facts = collect(&server.url("postgres")).await;
        assert_eq!(facts.major_version(), major);
        let kinds = [
            FactKind::Catalog,
            FactKind::Sizes,
            FactKind::ColumnStatistics,
            FactKind::Activity,
            FactKind::Bloat,
            FactKind::Workload,
            FactKind::Settings,
            FactKind::Health,
            FactKind::Topology,
            FactKind::Roles,
            FactKind::Admission,
            FactKind::Transport,
            FactKind::Archiving,
        ];
        assert_read(&facts, &kinds);
        let a = table(&facts, "public", "a");
        assert_eq!((a.rows(), a.storage.counter.as_ref().map(|counter| counter.last)), (Some(500.0), Some(500.0)), "{major}");
        assert_eq!(index(a, "part").included, ["g"]);
        assert_eq!(facts.topology.slots.len(), 1);
        assert!(
            facts.workload.statements.iter().any(|statement| statement.text.contains("count(*)") && statement.plan.is_some()),
            "{major}"
        );
        assert!(facts.effort.queries <= 40);
    }
}
