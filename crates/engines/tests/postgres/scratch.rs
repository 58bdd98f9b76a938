//! The connection that can change things, and the servers that it refuses.

use dbwright_engines::ErrorKind;
use dbwright_engines::postgres::{SCRATCH_MARKER, connect_scratch};
use dbwright_model::plan::Operation;

use crate::on_each;

#[tokio::test]
async fn only_marked_servers_are_changed() {
    on_each(&[], async |server| {
        let error = connect_scratch(&server.socket, server.port, "postgres").await.err().expect("it is not marked");
        assert_eq!(error.kind, ErrorKind::Privilege, "{error:?}");
        std::fs::write(server.data.parent().unwrap().join(SCRATCH_MARKER), "").unwrap();
        let scratch = connect_scratch(&server.socket, server.port, "postgres").await.unwrap();
        scratch.execute_script("CREATE TABLE a (id int, t text); CREATE INDEX ON a (id);").await.unwrap();
        assert_eq!(scratch.copy_in("COPY a FROM STDIN", "1\tone\n2\t\\N\n").await.unwrap(), 2);
        let answer = scratch.query_rows("SELECT id, t FROM a ORDER BY id").await.unwrap();
        assert_eq!(answer.columns, ["id", "t"]);
        assert_eq!(answer.rows, [[Some("1".to_owned()), Some("one".to_owned())], [Some("2".to_owned()), None]]);
        assert_eq!(scratch.run("SELECT * FROM a").await.unwrap().0, 2);
        let plan = scratch.explain_analyze("SELECT * FROM a WHERE t = 'one'").await.unwrap();
        assert!(plan.executed && plan.root.operation == Operation::FullScan && plan.root.rows_actual == Some(1.0));
        assert!(!scratch.explain("SELECT * FROM a").await.unwrap().executed);
        let script = "CREATE TABLE b (id int);\nSELEC 1;\n";
        let error = scratch.execute_script(script).await.unwrap_err();
        assert_eq!(error.position, script.find("SELEC"));
        assert!(error.error.detail.contains("42601"), "{error:?}");
        assert!(scratch.query_rows("SELECT 'b'::regclass").await.is_err(), "a script that fails leaves nothing");
    })
    .await;
}
