//! Findings of the sample shop, worst first. It never takes its texts from the rules: they may change, these stay.

use std::collections::BTreeMap;

use dbwright_model::change::Change;
use dbwright_model::finding::{Proof, Waiver};
use dbwright_model::workload::Origin;
use dbwright_model::{Evidence, Finding, Grade, Severity, Unit};

/// Fourteen findings over six families.
#[must_use]
pub fn findings() -> Vec<Finding> {
    let mut all = errors();
    all.extend(warnings());
    all.extend(infos());
    for (at, finding) in all.iter_mut().enumerate() {
        finding.fingerprint = format!("{:016x}", 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(at as u64 + 1));
    }
    all
}

/// The accepted one's reason.
#[must_use]
pub fn waived() -> Waiver {
    Waiver {
        reason: "Append-only log, partitioned next quarter.".to_owned(),
        by: Some("dba@example.org".to_owned()),
        until: Some("2027-01-31".to_owned()),
    }
}

fn finding(rule: &str, severity: Severity, object: &str, message: &str) -> Finding {
    let mut finding = Finding::new(object, message).severe(severity);
    finding.rule = rule.to_owned();
    finding
}

fn errors() -> Vec<Finding> {
    let mut missing = finding(
        "schema/fk-without-index",
        Severity::Error,
        "public.orders(customer_id)",
        "orders.customer_id refers to customers and has no index; each customer's orders are found by reading 2,000,000 rows.",
    )
    .costs_time(0.42)
    .risks(0.6)
    .evidence(Evidence::estimated("rows", 2e6, Unit::Rows, "pg_class.reltuples"))
    .evidence(Evidence::measured("time of statements", 0.42, Unit::Share, "pg_stat_statements.total_exec_time"))
    .evidence(Evidence::measured("p95 of the worst", 451.2, Unit::Ms, "log, 1600 samples"))
    .evidence(Evidence::text(
        "statement",
        "SELECT id, status, total FROM orders WHERE customer_id = $1 ORDER BY placed_at DESC",
        "pg_stat_statements",
    ))
    .change(
        Change::new("Build the index without blocking writes")
            .step(
                "CREATE INDEX CONCURRENTLY orders_customer_id_idx ON public.orders (customer_id, placed_at DESC)",
                "DROP INDEX CONCURRENTLY public.orders_customer_id_idx",
            )
            .locking("SHARE UPDATE EXCLUSIVE on public.orders: reads and writes go on; other DDL and VACUUM wait"),
    );
    missing.grade = Grade::Proved;
    missing.proof = Some(Proof {
        grade: Grade::Proved,
        before: BTreeMap::from([("p95_ms".to_owned(), 451.2), ("rows_read".to_owned(), 2e6)]),
        after: BTreeMap::from([("p95_ms".to_owned(), 1.9), ("rows_read".to_owned(), 19.0)]),
        results_equal: Some(true),
        method: "clone of 2,000,000 rows, A B A B, 400 runs each".to_owned(),
    });
    let orphans = finding(
        "integrity/orphan-rows",
        Severity::Error,
        "public.reviews(product_id)",
        "1,204 of 310,000 reviews name a product that does not exist; the reference was added without checking old rows.",
    )
    .risks(0.8)
    .evidence(Evidence::measured("orphans", 1204.0, Unit::Rows, "anti-join, all rows"))
    .evidence(Evidence::measured("checked", 310_000.0, Unit::Rows, "anti-join, all rows"));
    let superuser = finding(
        "security/application-is-superuser",
        Severity::Error,
        "shop_app",
        "The application's role shop_app is a superuser: one injected statement owns the server.",
    )
    .risks(0.9)
    .evidence(Evidence::measured("sessions", 24.0, Unit::Count, "pg_stat_activity"))
    .change(
        Change::new("Take superuser away and grant what the application uses")
            .step(
                "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO shop_app",
                "REVOKE SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public FROM shop_app",
            )
            .step("ALTER ROLE shop_app NOSUPERUSER", "ALTER ROLE shop_app SUPERUSER")
            .locking("none on tables"),
    );
    vec![missing, orphans, superuser]
}

fn warnings() -> Vec<Finding> {
    let sla = finding(
        "query/over-sla",
        Severity::Warning,
        "00000004b7a1c2d3 orders",
        "open basket takes 722 ms at its 95th percentile, 7 times the goal of 100 ms.",
    )
    .costs_time(0.16)
    .evidence(Evidence::measured("p95", 722.4, Unit::Ms, "log, 1600 samples"))
    .evidence(Evidence::measured("goal", 100.0, Unit::Ms, "policy"));
    let mut money = finding(
        "schema/money-as-float",
        Severity::Warning,
        "public.orders(total)",
        "orders.total holds amounts as double precision; sums lose cents.",
    )
    .risks(0.5)
    .evidence(Evidence::text("type", "double precision", "pg_attribute"))
    .change(
        Change::new("Store exact decimals")
            .step(
                "ALTER TABLE public.orders ALTER COLUMN total TYPE numeric(12,2)",
                "ALTER TABLE public.orders ALTER COLUMN total TYPE double precision",
            )
            .locking("ACCESS EXCLUSIVE on public.orders: nobody reads or writes while 410 MB are rewritten")
            .rewriting(),
    );
    money.origin = Some(Origin { file: "migrations/0004_orders.sql".to_owned(), line: 17 });
    let mut list = finding(
        "schema/multi-valued-column",
        Severity::Warning,
        "public.products(tags)",
        "products.tags holds lists parted by commas; a single tag can't be found by index or checked.",
    )
    .risks(0.3);
    list.evidence.push(Evidence::estimated("values that are lists", 0.83, Unit::Share, "sample of 10,000 rows"));
    list.origin = Some(Origin { file: "migrations/0001_catalog.sql".to_owned(), line: 31 });
    let unused = finding(
        "index/unused",
        Severity::Warning,
        "public.payments(method) payments_method_idx",
        "payments_method_idx was never used in 212 days and costs 88 MB and a write per payment.",
    )
    .costs_bytes(88e6)
    .evidence(Evidence::measured("scans", 0.0, Unit::Count, "pg_stat_user_indexes.idx_scan"))
    .evidence(Evidence::measured("size", 88e6, Unit::Bytes, "pg_relation_size"))
    .change(
        Change::new("Drop it")
            .step(
                "DROP INDEX CONCURRENTLY public.payments_method_idx",
                "CREATE INDEX CONCURRENTLY payments_method_idx ON public.payments (method)",
            )
            .locking("SHARE UPDATE EXCLUSIVE: reads and writes go on"),
    );
    let mut known = finding(
        "query/leading-wildcard",
        Severity::Warning,
        "00000005c8d9eaf0 products",
        "search products matches a pattern that starts with a wildcard; no b-tree serves it.",
    )
    .costs_time(0.078);
    known.in_baseline = true;
    let mut accepted = finding(
        "schema/missing-primary-key",
        Severity::Warning,
        "public.audit_log",
        "audit_log has no primary key, so its rows can't be told apart.",
    )
    .risks(0.4);
    accepted.waived = Some(waived());
    let zone = finding(
        "schema/timestamp-without-time-zone",
        Severity::Warning,
        "public.customers(created_at)",
        "customers.created_at has no time zone; what instant it means depends on each session.",
    )
    .risks(0.2);
    vec![sla, money, list, unused, known, zone, accepted]
}

fn infos() -> Vec<Finding> {
    vec![
        finding(
            "schema/padded-char",
            Severity::Info,
            "public.addresses(postcode)",
            "addresses.postcode is char(10): shorter codes are stored with blanks.",
        )
        .costs_bytes(0.9e6),
        finding("query/select-star", Severity::Info, "00000006dbecfd0e products", "product page asks for all columns and uses 6 of 11.")
            .costs_time(0.05),
        finding(
            "config/statement-timeout-missing",
            Severity::Info,
            "statement_timeout",
            "No statement is ever timed out: one runaway query can hold its locks for days.",
        )
        .risks(0.2),
        finding(
            "storage/column-padding",
            Severity::Info,
            "public.order_items",
            "24 bytes a row are padding; another column order saves 163 MB.",
        )
        .costs_bytes(163e6),
    ]
}
