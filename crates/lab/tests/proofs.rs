//! Changes tried on real clones: of a SQLite file, a project, a dump, a base backup. Gains, losses, other answers, undoing.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use dbwright_lab::cancel::Cancel;
use dbwright_lab::clone::{self, Origin, Trusted};
use dbwright_lab::prove::{Effect, ProofOptions, ProofRun, Sameness, StatementProof, Trial, prove};
use dbwright_lab::scratch::{ScratchDatabase, ScratchOptions};
use dbwright_lab::{LabError, LabErrorKind};
use dbwright_model::Grade;
use dbwright_model::change::Change;
use dbwright_testkit::postgres::{Server, installed};

fn in_runtime<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async { tokio::task::spawn_blocking(work).await.unwrap() })
}

fn quick() -> ProofOptions {
    ProofOptions { pairs: 8, total: Duration::from_secs(3), ..ProofOptions::default() }
}

fn open(origin: &Origin) -> Result<Box<dyn ScratchDatabase>, LabError> {
    clone::open(origin, &ScratchOptions::default(), &(Arc::new(|_: &str| {}) as _))
}

fn trial(label: &str, before: &[&str]) -> Trial {
    Trial { label: label.into(), before: before.iter().map(|text| (*text).to_owned()).collect(), after: Vec::new(), weight: 1.0 }
}

fn run(clone: &mut dyn ScratchDatabase, change: &Change, trials: &[Trial]) -> ProofRun {
    prove(clone, change, trials, &quick(), &Cancel::default(), &(Arc::new(|_: &str| {}) as _)).unwrap()
}

/// Whether the plan with the change uses an index that the plan without it does not.
fn uses(statement: &StatementProof, index: &str) -> bool {
    let names = |side: usize| {
        let nodes = statement.plans[side].as_ref().map(|plan| plan.nodes()).unwrap_or_default();
        nodes.iter().any(|node| node.index.as_deref() == Some(index) || node.label.contains(index))
    };
    names(1) && !names(0)
}

const TABLE: &str = "CREATE TABLE item (id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, word TEXT, price REAL);";

fn sqlite_file(directory: &Path) -> std::path::PathBuf {
    let path = directory.join("shop.db");
    let script = format!(
        "{TABLE} WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
         INSERT INTO item SELECT i, i % 3000, 'w' || (i % 11), i / 7.0 FROM n;"
    );
    rusqlite::Connection::open(&path).unwrap().execute_batch(&script).unwrap();
    path
}

fn index() -> Change {
    Change::new("Index item(kind)").step("CREATE INDEX item_kind ON item (kind)", "DROP INDEX item_kind")
}

#[test]
fn an_index_on_a_copied_file_is_proved_and_the_file_stays() {
    let directory = tempfile::tempdir().unwrap();
    let path = sqlite_file(directory.path());
    let original = std::fs::read(&path).unwrap();
    let mut clone = in_runtime({
        let path = path.clone();
        move || open(&Origin::SqliteFile(path)).unwrap()
    });
    let trials = [
        trial("by kind", &["SELECT * FROM item WHERE kind = 7 ORDER BY price", "SELECT * FROM item WHERE kind = 9 ORDER BY price"]),
        trial("by key", &["SELECT word FROM item WHERE id = 5"]),
        trial("random", &["SELECT random()"]),
        trial("broken", &["SELECT missing FROM nowhere"]),
        trial("writes", &["UPDATE item SET kind = kind + 1 WHERE id < 200"]),
    ];
    let found = run(clone.as_mut(), &index(), &trials);
    let effects: Vec<&Effect> = found.statements.iter().map(|one| &one.effect).collect();
    // How long anything took is the machine's affair; that times were taken and which plan ran is not.
    assert!(uses(&found.statements[0], "item_kind") && !matches!(effects[0], Effect::Failed(_)), "{:?}", found.statements[0]);
    assert!(matches!(effects[3], Effect::Failed(why) if why.contains("nowhere")), "{effects:?}");
    let gain = &found.statements[0];
    assert!(gain.ratio.is_some_and(|ratio| ratio.low <= ratio.middle && ratio.middle <= ratio.high) && gain.cold_ms.is_some(), "{gain:?}");
    assert_eq!(gain.sameness, Sameness::Equal);
    assert!(matches!(found.statements[2].sameness, Sameness::Undecided(_)));
    assert_eq!(found.statements[4].sameness, Sameness::Equal, "as many rows were changed");
    assert_eq!((found.proof.grade, found.reverted.clone()), (Grade::Proved, Some(Ok(()))));
    assert!(found.growth_bytes.unwrap() > 100_000.0 && found.apply_ms.len() == 1);
    assert!(found.proof.before["workload_ms"] > 0.0 && found.proof.after["workload_ms"] > 0.0, "{:?}", found.proof);
    assert_eq!(std::fs::read(&path).unwrap(), original);
}

#[test]
fn a_change_of_answers_an_undoing_that_fails_and_a_refusal_are_no_proof() {
    let directory = tempfile::tempdir().unwrap();
    let path = sqlite_file(directory.path());
    in_runtime(move || {
        let mut clone = open(&Origin::SqliteFile(path)).unwrap();
        let trials = [
            trial("count", &["SELECT count(*), sum(price) FROM item"]),
            trial("ordered", &["SELECT kind FROM item WHERE id < 9 ORDER BY kind"]),
        ];
        let loses = Change::new("Lose rows").step("DELETE FROM item WHERE id % 1000 = 3", "");
        let found = run(clone.as_mut(), &loses, &trials);
        assert!(matches!(found.statements[0].sameness, Sameness::Different(_)), "{found:?}");
        assert_eq!((found.proof.results_equal, found.proof.grade), (Some(false), Grade::Inferred));

        let half = Change::new("Index").step("CREATE INDEX item_kind ON item (kind)", "DROP INDEX no_such_index");
        let found = run(clone.as_mut(), &half, &trials);
        assert!(matches!(&found.reverted, Some(Err(why)) if why.contains("no_such_index")), "{:?}", found.reverted);
        assert_eq!(found.proof.grade, Grade::Inferred);
        let left = Change { revert: vec!["SELECT 1".into()], ..index() };
        let found = run(clone.as_mut(), &left, &trials);
        assert!(matches!(&found.reverted, Some(Err(why)) if why.contains("schema")), "{:?}", found.reverted);

        let refused = Change::new("Index").step("CREATE UNIQUE INDEX item_kind ON item (kind)", "DROP INDEX item_kind");
        let found = run(clone.as_mut(), &refused, &trials);
        assert!(found.refused.as_ref().is_some_and(|why| why.contains("UNIQUE")), "{found:?}");
        assert!(found.statements.is_empty() && found.proof.grade == Grade::Inferred);

        // A rewritten statement stands for the old one: a decomposition.
        let split = Change::new("Split")
            .step("CREATE TABLE kinds AS SELECT DISTINCT kind, word FROM item WHERE id <= 33000", "DROP TABLE kinds")
            .step("CREATE INDEX kinds_kind ON kinds (kind)", "");
        let rewritten = Trial {
            after: vec!["SELECT DISTINCT word FROM kinds WHERE kind = 5".into()],
            ..trial("word", &["SELECT DISTINCT word FROM item WHERE kind = 5"])
        };
        let found = run(clone.as_mut(), &split, &[rewritten]);
        assert_eq!(found.statements[0].sameness, Sameness::Equal, "{found:?}");
        assert!(uses(&found.statements[0], "kinds_kind"), "{found:?}");
        assert_eq!(found.reverted, Some(Ok(())));
    });
}

const ORDERS: &str = "CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL, total float8, note text);
INSERT INTO orders SELECT i, i % 2000, i / 3.0, repeat('x', 50) FROM generate_series(1, 60000) AS i;";

#[test]
fn postgresql_clones_of_dumps_and_backups_prove_an_index() {
    let Some(installation) = installed(15) else { return };
    in_runtime(move || {
        let server = Server::start(&installation, &["wal_level=replica", "max_wal_senders=3"]);
        server.sql("postgres", "CREATE DATABASE shop");
        server.sql("shop", ORDERS);
        // Set only in the source's own configuration: a clone must not take it over.
        server.sql("shop", "ALTER SYSTEM SET archive_command = 'touch /tmp/dbwright-archived; false'");
        let directory = tempfile::tempdir().unwrap();
        let tool = |program: &str, arguments: &[&str]| {
            let mut command = Command::new(installation.programs.join(program));
            command.args(["-h", &server.socket.display().to_string(), "-p", &server.port.to_string(), "-U", "postgres"]).args(arguments);
            let output = command.output().unwrap();
            assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        };
        let at = |name: &str| directory.path().join(name).display().to_string();
        tool("pg_dump", &["-f", &at("plain.sql"), "shop"]);
        tool("pg_dump", &["-Fc", "-f", &at("custom.dump"), "shop"]);
        tool("pg_basebackup", &["-D", &at("base"), "-X", "fetch", "-c", "fast"]);
        let trusted = Trusted::by_the_user();
        let origins = [
            Origin::Dump(at("plain.sql").into(), trusted),
            Origin::Dump(at("custom.dump").into(), trusted),
            Origin::BaseBackup { path: at("base").into(), database: "shop".into(), trusted },
        ];
        let change = Change::new("Index")
            .step("CREATE INDEX CONCURRENTLY orders_customer ON orders (customer)", "DROP INDEX CONCURRENTLY orders_customer");
        let trials = [
            trial(
                "by customer",
                &[
                    "SELECT id, total FROM orders WHERE customer = 4 ORDER BY id",
                    "SELECT id, total FROM orders WHERE customer = 1999 ORDER BY id",
                ],
            ),
            trial("sum", &["SELECT customer, sum(total) FROM orders GROUP BY customer"]),
        ];
        let options = ScratchOptions { server_bin: Some(installation.programs.clone()), ..ScratchOptions::default() };
        for origin in &origins {
            let mut clone = clone::open(origin, &options, &(Arc::new(|_: &str| {}) as _)).unwrap();
            if matches!(origin, Origin::Dump(path, _) if path.ends_with("plain.sql")) {
                assert_eq!(clone.run("SELECT * FROM orders WHERE total > 10", Duration::from_secs(9)).unwrap().rows, 59_970);
                continue;
            }
            let found = run(clone.as_mut(), &change, &trials);
            assert_eq!(found.proof.grade, Grade::Proved, "{origin:?}: {:?}", found.proof);
            assert_eq!((&found.statements[0].sameness, found.proof.results_equal), (&Sameness::Equal, Some(true)), "{origin:?}");
            let (before, after) = found.statements[0].blocks.unwrap();
            assert!(after < before / 5.0 && found.statements[0].cold_ms.is_some(), "{before} {after}");
            assert!(uses(&found.statements[0], "orders_customer"));
        }
        assert!(!Path::new("/tmp/dbwright-archived").exists());
        let no_room = ScratchOptions { disk_limit: Some(1 << 20), ..options.clone() };
        let Err(error) = clone::open(&origins[2], &no_room, &(Arc::new(|_: &str| {}) as _)) else { panic!("1 MB is enough?") };
        assert!(error.message.contains("free for it") && !error.hint.is_empty(), "{error}");
        std::fs::write(directory.path().join("base/PG_VERSION"), "11\n").unwrap();
        let Err(error) = clone::open(&origins[2], &options, &(Arc::new(|_: &str| {}) as _)) else { panic!("version 11 was started") };
        assert_eq!(error.kind, LabErrorKind::ServerMissing);
    });
}
