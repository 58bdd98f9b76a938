//! The healthy catalog: products and their sales, or sessions and a counter. It never holds anything that identifies a person.

use dbwright_model::catalog::{
    Activity, Catalog, Collection, CollectionKind, Extension, Field, FieldStatistics, Index, IndexPart, Key, RecordShape, Reference,
    Schema, Storage, TypeFamily,
};
use dbwright_model::facts::{DataChecks, DependencySearch, KeyCheck, ReferenceCheck};
use dbwright_model::{Engine, ObjectName, Quantity};

use super::TAKEN_AT;

const PRODUCTS: f64 = 500.0;
const SALES: f64 = 4000.0;

pub(super) fn catalog(engine: Engine) -> Catalog {
    if !engine.speaks_sql() {
        let collections = vec![keys("page:{id}", 200), keys("session:{id}", 1000)];
        return Catalog { collections, database_bytes: Some(Quantity::measured(2_000_000.0, "INFO memory")), ..Catalog::default() };
    }
    let mut collections = vec![product(engine), sale(engine)];
    if engine == Engine::Sqlite {
        collections.iter_mut().for_each(row_number);
    }
    Catalog {
        collections,
        extensions: extensions(engine),
        schemas: schema(engine)
            .map(|name| Schema { name, owner: Some("store_owner".to_owned()), grants: Vec::new() })
            .into_iter()
            .collect(),
        database_bytes: Some(Quantity::measured(900_000.0, "size of the database")),
        encoding: Some(match engine {
            Engine::Mysql | Engine::Mariadb => "utf8mb4".to_owned(),
            Engine::Postgresql => "UTF8".to_owned(),
            _ => "UTF-8".to_owned(),
        }),
        ..Catalog::default()
    }
}

pub(super) fn data_checks(engine: Engine) -> DataChecks {
    if !engine.speaks_sql() {
        return DataChecks::default();
    }
    let [product, sale] = [name(engine, "product"), name(engine, "sale")];
    let key = |table: &ObjectName, column: &str| KeyCheck {
        table: table.clone(),
        columns: vec![column.to_owned()],
        complete: true,
        ..KeyCheck::default()
    };
    let searched =
        |table: &ObjectName, rows| DependencySearch { table: table.clone(), rows, complete: true, ..DependencySearch::default() };
    DataChecks {
        references: vec![ReferenceCheck {
            table: sale.clone(),
            columns: vec!["product_id".to_owned()],
            target: product.clone(),
            checked: SALES as u64,
            complete: true,
            ..ReferenceCheck::default()
        }],
        keys: vec![key(&product, "id"), key(&product, "sku"), key(&sale, "id")],
        dependencies: vec![searched(&product, PRODUCTS as u64), searched(&sale, SALES as u64)],
        ..DataChecks::default()
    }
}

fn schema(engine: Engine) -> Option<String> {
    match engine {
        Engine::Postgresql => Some("public".to_owned()),
        Engine::Mysql | Engine::Mariadb => Some("store".to_owned()),
        _ => None,
    }
}

fn name(engine: Engine, table: &str) -> ObjectName {
    ObjectName { schema: schema(engine), name: table.to_owned() }
}

fn product(engine: Engine) -> Collection {
    let fields = vec![
        Field { identity: true, ..number("id", engine, PRODUCTS) },
        text("sku", engine, PRODUCTS, 8.0),
        text("title", engine, PRODUCTS, 24.0),
        instant("added_at", engine, PRODUCTS),
    ];
    let mut table = table(engine, "product", fields, PRODUCTS, 49_152.0);
    table.indexes.push(index("product_sku_key", "sku", Some("product_sku_key"), 2000));
    table.keys.push(Key {
        name: "product_sku_key".into(),
        columns: vec!["sku".into()],
        index: Some("product_sku_key".into()),
        ..Key::default()
    });
    table
}

fn sale(engine: Engine) -> Collection {
    let fields = vec![
        Field { identity: true, ..number("id", engine, SALES) },
        number("product_id", engine, PRODUCTS),
        instant("sold_at", engine, SALES),
        Field { nullable: true, ..text("note", engine, 3000.0, 30.0) },
    ];
    let mut table = table(engine, "sale", fields, SALES, 360_448.0);
    table.indexes.push(index("sale_product_id_idx", "product_id", None, 3000));
    table.references.push(Reference {
        name: "sale_product_id_fkey".into(),
        columns: vec!["product_id".into()],
        target: name(engine, "product"),
        target_columns: vec!["id".into()],
        on_delete: "NO ACTION".into(),
        on_update: "NO ACTION".into(),
        validated: true,
        enforced: true,
        ..Reference::default()
    });
    table
}

fn table(engine: Engine, table: &str, fields: Vec<Field>, rows: f64, bytes: f64) -> Collection {
    let key_index = primary_index(engine, table);
    let key = Key { name: key_index.clone(), columns: vec!["id".into()], primary: true, index: Some(key_index.clone()), ..Key::default() };
    Collection {
        name: name(engine, table),
        owner: (engine == Engine::Postgresql).then(|| "store_owner".to_owned()),
        indexes: vec![index(&key_index, "id", Some(&key_index), 40_000)],
        keys: vec![key],
        fields,
        storage: storage(engine, rows, bytes),
        activity: (engine != Engine::Sqlite).then(|| activity(rows)),
        ..Collection::default()
    }
}

fn primary_index(engine: Engine, table: &str) -> String {
    match engine {
        Engine::Mysql | Engine::Mariadb => "PRIMARY".to_owned(),
        _ => format!("{table}_pkey"),
    }
}

/// In SQLite `INTEGER PRIMARY KEY` is the row number, which has no index.
fn row_number(table: &mut Collection) {
    table.indexes.retain(|index| index.parts.iter().any(|part| part.column.as_deref() != Some("id")));
    for key in &mut table.keys {
        if key.primary {
            key.index = None;
            key.name.clear();
        }
    }
}

fn storage(engine: Engine, rows: f64, bytes: f64) -> Storage {
    Storage {
        rows: Some(Quantity::measured(rows, "count of rows")),
        table_bytes: Some(Quantity::measured(bytes, "size of the table")),
        index_bytes: Some(Quantity::measured(bytes / 4.0, "size of its indexes")),
        dead_rows: Some(Quantity::estimated(rows / 100.0, "statistics")),
        bloat_bytes: Some(Quantity::between(0.0, bytes / 50.0, bytes / 20.0, "mean row width and pages")),
        engine: match engine {
            Engine::Postgresql => Some("heap".to_owned()),
            Engine::Mysql | Engine::Mariadb => Some("InnoDB".to_owned()),
            _ => None,
        },
        all_visible_share: (engine == Engine::Postgresql).then_some(0.98),
        transaction_age: (engine == Engine::Postgresql).then_some(1_200_000),
        ..Storage::default()
    }
}

fn activity(rows: f64) -> Activity {
    let hour_ago = dbwright_model::Timestamp(TAKEN_AT.0 - 3_600_000_000);
    Activity {
        full_scans: 30,
        full_scan_rows: rows as u64 * 30,
        index_scans: 45_000,
        inserts: rows as u64,
        updates: 200,
        hot_updates: 190,
        deletes: 10,
        changed_since_analyze: Some(20),
        last_vacuum: Some(hour_ago),
        last_analyze: Some(hour_ago),
        cache_hit_share: Some(0.999),
    }
}

fn index(name: &str, column: &str, constraint: Option<&str>, scans: u64) -> Index {
    Index {
        name: name.to_owned(),
        method: "btree".to_owned(),
        parts: vec![IndexPart { column: Some(column.to_owned()), ..IndexPart::default() }],
        unique: constraint.is_some(),
        constraint: constraint.map(str::to_owned),
        valid: true,
        bytes: Some(Quantity::measured(32_768.0, "size of the index")),
        bloat_bytes: Some(Quantity::between(0.0, 1000.0, 4000.0, "mean entry width and pages")),
        scans: Some(scans),
        ..Index::default()
    }
}

fn statistics(distinct: f64, mean_bytes: f64) -> Option<FieldStatistics> {
    let source = "column statistics".to_owned();
    Some(FieldStatistics {
        null_share: Some(0.0),
        distinct: Some(distinct),
        mean_bytes: Some(mean_bytes),
        source,
        ..FieldStatistics::default()
    })
}

fn number(name: &str, engine: Engine, distinct: f64) -> Field {
    let type_name = if engine == Engine::Sqlite { "INTEGER" } else { "bigint" };
    Field {
        name: name.to_owned(),
        type_name: type_name.to_owned(),
        family: TypeFamily::Integer,
        type_bytes: Some(8),
        alignment: (engine == Engine::Postgresql).then_some(8),
        statistics: statistics(distinct, 8.0),
        ..Field::default()
    }
}

fn text(name: &str, engine: Engine, distinct: f64, mean_bytes: f64) -> Field {
    let family_of_mysql = matches!(engine, Engine::Mysql | Engine::Mariadb);
    Field {
        name: name.to_owned(),
        type_name: if family_of_mysql { "varchar(100)".to_owned() } else { "text".to_owned() },
        family: TypeFamily::Text,
        length: family_of_mysql.then_some(100),
        charset: family_of_mysql.then(|| "utf8mb4".to_owned()),
        alignment: (engine == Engine::Postgresql).then_some(4),
        statistics: statistics(distinct, mean_bytes),
        ..Field::default()
    }
}

fn instant(name: &str, engine: Engine, distinct: f64) -> Field {
    let (type_name, family, bytes) = match engine {
        Engine::Postgresql => ("timestamp with time zone", TypeFamily::TimestampWithZone, Some(8)),
        Engine::Mysql | Engine::Mariadb => ("timestamp(6)", TypeFamily::TimestampWithZone, Some(7)),
        _ => ("INTEGER", TypeFamily::Integer, Some(8)),
    };
    Field {
        name: name.to_owned(),
        type_name: type_name.to_owned(),
        family,
        type_bytes: bytes,
        alignment: (engine == Engine::Postgresql).then_some(8),
        statistics: statistics(distinct, 8.0),
        ..Field::default()
    }
}

fn extensions(engine: Engine) -> Vec<Extension> {
    if engine != Engine::Postgresql {
        return Vec::new();
    }
    let one = |name: &str, version: &str| Extension {
        name: name.into(),
        version: version.into(),
        schema: Some("ops".into()),
        ..Extension::default()
    };
    vec![one("pg_stat_statements", "1.12"), one("pgaudit", "18.0")]
}

fn keys(pattern: &str, count: u64) -> Collection {
    Collection {
        name: ObjectName::bare(pattern),
        kind: CollectionKind::KeyPattern,
        storage: Storage {
            rows: Some(Quantity::estimated(count as f64, "SCAN")),
            table_bytes: Some(Quantity::estimated(count as f64 * 200.0, "MEMORY USAGE")),
            ..Storage::default()
        },
        records: Some(RecordShape {
            types: [("string".to_owned(), count)].into(),
            encodings: [("embstr".to_owned(), count)].into(),
            sampled: count,
            with_expiry: count,
            bytes: Some([200.0, 240.0, 260.0]),
            idle_seconds: Some([40.0, 600.0, 900.0]),
            ..RecordShape::default()
        }),
        ..Collection::default()
    }
}
