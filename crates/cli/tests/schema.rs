//! `dbwright schema` and `dbwright approve` as users run them: on CSV files, SQLite files, projects and real PostgreSQL servers.

mod common;

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{dbwright, texts};
use dbwright_testkit::postgres::{Server, installed};
use serde_json::Value;

/// Output and exit code.
fn run(arguments: &[&str], directory: &Path) -> (String, String, i32) {
    texts(&dbwright(arguments, directory))
}

fn json(arguments: &[&str], directory: &Path) -> (Value, i32) {
    let (out, error, code) = run(&[arguments, &["--format", "json"]].concat(), directory);
    (serde_json::from_str(&out).unwrap_or_else(|_| panic!("{arguments:?}: {out}{error}")), code)
}

fn names(value: &Value) -> String {
    value.as_array().map(|all| all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("+")).unwrap_or_default()
}

/// `left -> right` of all dependencies of one likelihood.
fn dependencies(table: &Value, likelihood: &str) -> Vec<String> {
    let all = table["dependencies"].as_array().expect("a list");
    let of_kind = all.iter().filter(|one| one["likelihood"] == likelihood);
    of_kind.map(|one| format!("{} -> {}", names(&one["left"]), one["right"].as_str().unwrap_or_default())).collect()
}

fn write(directory: &Path, name: &str, content: impl AsRef<[u8]>) -> String {
    std::fs::write(directory.join(name), content).expect("a temporary file");
    name.to_owned()
}

/// Addresses whose city follows from the zip code, but for `wrong` of them.
fn addresses(rows: usize, wrong: usize) -> String {
    let mut text = String::from("id,zip,city\n");
    for row in 0..rows {
        let zip = row * 7919 % 97;
        let city = if row < wrong { "Nowhere".to_owned() } else { format!("\"City, {}\"", zip % 31) };
        let _ = writeln!(text, "{row},{zip:05},{city}");
    }
    text
}

const SHOP: &str = "
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE address (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, zip TEXT NOT NULL, city TEXT);
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) INSERT INTO customer SELECT i, 'name ' || i FROM n;
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
INSERT INTO address SELECT i, i * 7919 % 900 + 1, printf('%05d', i * 7907 % 211), 'City ' || (i * 7907 % 211 % 53) FROM n;
";

fn sqlite(directory: &Path, name: &str, script: &str) -> String {
    rusqlite::Connection::open(directory.join(name)).expect("a file").execute_batch(script).expect("a script that runs");
    name.to_owned()
}

#[test]
fn csv_files_show_what_holds_and_what_nearly_does() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let file = write(path, "a.csv", [b"\xEF\xBB\xBF".as_slice(), addresses(2000, 4).as_bytes()].concat());
    let (found, code) = json(&["schema", "dependencies", &file], path);
    let table = &found["tables"][0];
    assert_eq!((code, table["rows"].as_u64(), names(&table["columns"])), (0, Some(2000), "id+zip+city".into()));
    assert_eq!(names(&table["keys"][0]), "id");
    assert!(!dependencies(table, "meant").contains(&"zip -> city".to_owned()));
    let miss = &table["near_misses"][0];
    assert_eq!((names(&miss["left"]).as_str(), miss["violating_rows"].as_u64()), ("zip", Some(4)), "{miss}");
    assert_eq!(miss["contradictions"][0][1]["values"][1], "Nowhere");
    let (text, _, _) = run(&["schema", "dependencies", &file], path);
    assert!(text.contains("nearly") && text.contains("4 rows contradict"), "{text}");
    let exact = write(path, "b.csv", addresses(2000, 0));
    let (found, _) = json(&["schema", "dependencies", &exact, "--error", "0"], path);
    assert!(dependencies(&found["tables"][0], "meant").contains(&"zip -> city".to_owned()));
    let (found, _) = json(&["schema", "dependencies", &exact, "--no-header"], path);
    assert_eq!(
        (found["tables"][0]["rows"].as_u64(), names(&found["tables"][0]["columns"])),
        (Some(2001), "column 1+column 2+column 3".into())
    );
}

#[test]
fn nulls_compare_as_asked() {
    let directory = tempfile::tempdir().unwrap();
    let file = write(directory.path(), "n.csv", "a,b\n,1\n,2\nx,3\n");
    let keys = |rule: &str| {
        let (found, _) = json(&["schema", "dependencies", &file, "--nulls", rule], directory.path());
        found["tables"][0]["keys"].as_array().expect("a list").iter().map(names).collect::<Vec<_>>()
    };
    assert_eq!((keys("equal"), keys("distinct")), (vec!["b".to_owned()], vec!["a".to_owned(), "b".to_owned()]));
}

#[test]
fn odd_csv_files_are_taken_or_refused_with_the_place() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let ragged = write(path, "ragged.csv", "a,b,c\n1,2,3\n4,5\n");
    let (_, error, code) = run(&["schema", "dependencies", &ragged], path);
    assert!(code == 2 && error.contains("ragged.csv") && error.contains('3') && error.contains("--ragged"), "{error}");
    assert_eq!(json(&["schema", "dependencies", &ragged, "--ragged"], path).1, 0);
    let (_, error, code) = run(&["schema", "dependencies", &write(path, "empty.csv", "")], path);
    assert!(code == 2 && error.contains("empty.csv"), "{error}");
    let (_, error, code) = run(&["schema", "dependencies", "missing.csv"], path);
    assert!(code == 2 && error.contains("missing.csv"), "{error}");
    for (name, content, rows) in [
        ("header.csv", b"a,b\n".to_vec(), 0),
        ("one.csv", b"a,b\n1,2\n".to_vec(), 1),
        ("nulls.csv", b"a,b,c\n,,\n,,\n,,\n".to_vec(), 3),
        ("latin.csv", b"a,b\nZ\xFCrich,1\nGen\xE8ve,2\n".to_vec(), 2),
        ("quotes.csv", b"a;b\r\n\"x;\r\n\"\"y\";1\r\n'z;2\r\n".to_vec(), 2),
    ] {
        let file = write(path, name, content);
        let (found, code) = json(&["schema", "dependencies", &file], path);
        assert_eq!((code, found["tables"][0]["rows"].as_u64()), (0, Some(rows)), "{name}: {found}");
    }
    let header: Vec<String> = (0..500).map(|column| format!("c{column}")).collect();
    let row = |seed: usize| (0..500).map(|column| (column * seed % 7).to_string()).collect::<Vec<_>>().join(",");
    let wide = [header.join(","), row(3), row(5), row(11), row(13)].join("\n");
    let file = write(path, "wide.csv", wide);
    let (found, code) = json(&["schema", "dependencies", &file, "--max-lhs", "1"], path);
    assert_eq!((code, found["tables"][0]["columns"].as_array().map(Vec::len)), (0, Some(500)));
}

#[test]
fn what_does_not_fit_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    // Long texts are kept by their hashes: 8 MB of them fit into little memory; many different short ones do not.
    let script = "CREATE TABLE long (id INTEGER PRIMARY KEY, body TEXT); CREATE TABLE many (id INTEGER PRIMARY KEY, body TEXT);
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400) INSERT INTO long SELECT i, i || hex(zeroblob(10000)) FROM n;
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 90000) INSERT INTO many SELECT i, i || ' and more' FROM n;";
    let file = sqlite(path, "long.db", script);
    let (found, _) = json(&["schema", "dependencies", &file, "long", "--memory", "4MB"], path);
    assert_eq!((&found["tables"][0]["complete"], found["tables"][0]["rows"].as_u64()), (&Value::Bool(true), Some(400)), "{found}");
    let (found, code) = json(&["schema", "dependencies", &file, "many", "--memory", "4MB"], path);
    let table = &found["tables"][0];
    assert_eq!((code, &table["complete"]), (0, &Value::Bool(false)), "{table}");
    assert!(table["gap"].as_str().is_some_and(|gap| gap.contains("only the first") && gap.contains("--memory")), "{table}");
    let (_, error, code) = run(&["schema", "dependencies", &file, "--memory", "lots"], path);
    assert!(code == 2 && error.contains("512MB"), "{error}");
    let (_, error, code) = run(&["schema", "dependencies", &file, "nothing"], path);
    assert!(code == 2 && error.contains("no table nothing") && error.contains("long"), "{error}");
}

#[test]
fn tables_of_a_file_have_inclusions_and_normal_forms_tried_on_a_clone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let file = sqlite(path, "shop.db", SHOP);
    let original = std::fs::read(path.join(&file)).unwrap();
    let (found, _) = json(&["schema", "dependencies", &file], path);
    let inclusion = found["inclusions"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|one| one["from"] == "address.customer_id" && one["to"] == "customer.id");
    let inclusion = inclusion.unwrap_or_else(|| panic!("{found}"));
    assert_eq!(
        (inclusion["declared"].as_bool(), inclusion["named"].as_bool(), inclusion["orphans"].as_u64()),
        (Some(false), Some(true), Some(0))
    );
    let (found, code) = json(&["schema", "normal-forms", &file, "--try"], path);
    assert_eq!(code, 1, "{found}");
    let table = found["tables"].as_array().expect("a list").iter().find(|one| one["table"] == "address").expect("address");
    let breach = &table["breaches"][0];
    assert_eq!((table["highest"].as_str(), breach["breaks"].as_str(), names(&breach["right"])), (Some("2NF"), Some("3NF"), "city".into()));
    assert_eq!((breach["lossless"].as_bool(), breach["preserving"].as_bool()), (Some(true), Some(true)));
    assert_eq!(breach["witnesses"].as_array().map(Vec::len), Some(2));
    let trial = &breach["trial"];
    assert_eq!(
        (trial["round_trip"].as_str(), trial["undone"].as_str(), trial["refused"].as_str()),
        (Some("equal"), Some(""), None),
        "{trial}"
    );
    assert_eq!(table["boyce_codd"]["lossless"], Value::Bool(true));
    let (_, error, code) = run(&["schema", "normal-forms", &file, "customer"], path);
    assert_eq!((code, error.as_str()), (0, ""));
    assert_eq!(std::fs::read(path.join(&file)).unwrap(), original, "the file is only read");
}

#[test]
fn diagrams_have_four_forms() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let script = "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE \"b <x>\" (a INTEGER NOT NULL REFERENCES a (id));";
    let file = sqlite(path, "d.db", script);
    for (name, start, has) in [
        ("d.svg", "<svg class=\"er\" xmlns=", "b &lt;x&gt;"),
        ("d.mmd", "erDiagram", "a ||--o{ b_x : \"a\""),
        ("d.dbml", "Table \"a\" {", "Ref: \"b <x>\".\"a\" > \"a\".\"id\""),
        ("d.dot", "digraph schema {", "a:c0 -> b_x:c0;"),
    ] {
        let (_, error, code) = run(&["schema", "diagram", &file, "-o", name], path);
        assert_eq!(code, 0, "{error}");
        let text = std::fs::read_to_string(path.join(name)).unwrap();
        assert!(text.starts_with(start) && text.contains(has), "{name}: {text}");
    }
    let (_, error, code) = run(&["schema", "diagram", &file, "-o", "d.png"], path);
    assert!(code == 2 && error.contains(".svg"), "{error}");
}

#[test]
fn differences_are_named_and_decide_the_exit_code() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let before = sqlite(path, "before.db", SHOP);
    let after = sqlite(path, "after.db", &format!("{SHOP} ALTER TABLE customer ADD COLUMN born TEXT; DROP TABLE address;"));
    assert_eq!(run(&["schema", "diff", &before, &before], path).2, 0);
    let (text, _, code) = run(&["schema", "diff", &before, &after], path);
    assert!(code == 1 && text.contains("+ column born TEXT") && text.contains("- table address"), "{text}");
    let (found, _) = json(&["schema", "diff", &before, &after], path);
    assert_eq!(found["differences"].as_array().map(Vec::len), Some(2), "{found}");
    let (text, _, _) = run(&["schema", "diff", &before, &after, "--format", "markdown"], path);
    assert!(text.contains("| table customer | column born | – | TEXT |"), "{text}");
    let (_, error, code) = run(&["schema", "diff", &before], path);
    assert!(code == 2 && error.contains("two schemas"), "{error}");
}

#[test]
fn postgresql_is_searched_compared_and_tried_on_a_dump() {
    let Some(installation) = installed(15) else { return };
    let server = Server::start(&installation, &[]);
    server.sql("postgres", "CREATE DATABASE shop");
    server.sql(
        "shop",
        "CREATE TABLE customer (id integer PRIMARY KEY, name text NOT NULL);
         CREATE TABLE address (id integer PRIMARY KEY, customer_id integer NOT NULL, zip text NOT NULL, city text);
         INSERT INTO customer SELECT i, 'name ' || i FROM generate_series(1, 900) i;
         INSERT INTO address SELECT i, i * 7919 % 900 + 1, lpad((i * 7907 % 211)::text, 5, '0'), 'City ' || (i * 7907 % 211 % 53) FROM generate_series(1, 3000) i;",
    );
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let url = server.url("shop");
    let (found, code) = json(&["schema", "dependencies", &url, "address"], path);
    assert_eq!((code, found["tables"].as_array().map(Vec::len)), (0, Some(1)));
    assert!(dependencies(&found["tables"][0], "meant").contains(&"zip -> city".to_owned()), "{found}");

    let dump = path.join("shop.dump").display().to_string();
    let output = Command::new(installation.programs.join("pg_dump")).args(["-d", &url, "-f", &dump]).output().expect("pg_dump runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (_, error, code) = run(&["schema", "normal-forms", &url, "--try"], path);
    assert!(code == 2 && error.contains("--clone"), "{error}");
    let programs = installation.programs.display().to_string();
    let (found, code) = json(&["schema", "normal-forms", &url, "address", "--try", "--clone", &dump, "--server-bin", &programs], path);
    let trial = &found["tables"][0]["breaches"][0]["trial"];
    assert_eq!((code, trial["round_trip"].as_str(), trial["undone"].as_str()), (1, Some("equal"), Some("")), "{found}");
    assert_eq!(server.sql("shop", "SELECT count(*) FROM information_schema.columns WHERE table_name = 'address'").trim(), "4");

    let file = sqlite(path, "shop.db", SHOP);
    let (text, _, code) = run(&["schema", "diff", &file, &url], path);
    assert!(code == 0 && text.contains("no differences") && text.contains("Between two systems"), "{text}");
    server.sql("shop", "CREATE INDEX ON address (zip)");
    let (text, _, code) = run(&["schema", "diff", &file, &url], path);
    assert!(code == 1 && text.contains("+ index (zip)"), "{text}");
}

/// An SSH key pair, as ssh-keygen makes it: the file's name.
fn ssh_key(directory: &Path, name: &str) -> Option<String> {
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", name]).current_dir(directory).status();
    match made {
        Ok(status) => {
            assert!(status.success());
            Some(name.to_owned())
        }
        Err(error) => {
            dbwright_testkit::skip("ssh", &format!("ssh-keygen can't be run: {error}"));
            None
        }
    }
}

fn allow(directory: &Path, who: &str, key: &str) {
    let public = std::fs::read_to_string(directory.join(format!("{key}.pub"))).unwrap();
    write(directory, "allowed_signers", format!("{who} namespaces=\"dbwright-schema\" {public}"));
}

/// The approval's criterion of the schema gate.
fn approval(directory: &Path) -> (String, String) {
    let (out, error, _) = run(&["gate", "shop.db", "--only", "schema", "--format", "json", "--read-rows", "all"], directory);
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{error}"));
    let criteria =
        report["gates"].as_array().expect("gates").iter().find(|gate| gate["gate"] == "schema").expect("schema")["criteria"].clone();
    let one = criteria
        .as_array()
        .expect("criteria")
        .iter()
        .find(|one| one["criterion"] == "An architect approved this schema")
        .cloned()
        .expect("approval");
    (one["verdict"].as_str().unwrap_or_default().to_owned(), one["detail"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn an_approval_is_signed_verified_and_ends_with_the_schema() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let Some(key) = ssh_key(path, "ada") else { return };
    sqlite(path, "shop.db", SHOP);
    assert_eq!(approval(path).0, "undecided");
    let approve = ["approve", "shop.db", "--by", "ada@example.org", "--key", &key, "--reason", "Reviewed on Monday"];
    let (_, error, code) = run(&approve, path);
    assert!(code == 2 && error.contains("does not count yet") && error.contains("allowed_signers: ada@example.org namespaces="), "{error}");
    let (verdict, detail) = approval(path);
    assert!(verdict == "fail" && detail.contains("no list of allowed signers"), "{detail}");
    allow(path, "ada@example.org", &key);
    let (out, error, code) = run(&approve, path);
    assert!(code == 0 && out.contains("ada@example.org approved schema"), "{error}");
    let (verdict, detail) = approval(path);
    assert!(verdict == "pass" && detail.contains("ada@example.org") && detail.contains("SHA256:"), "{detail}");
    ssh_keygen_agrees(path);

    let text = std::fs::read_to_string(path.join("schema.approval")).unwrap();
    write(path, "schema.approval", text.replace("Monday", "Sunday"));
    let (verdict, detail) = approval(path);
    assert!(verdict == "fail" && detail.contains("altered after it was signed"), "{detail}");
    write(path, "schema.approval", &text);

    rusqlite::Connection::open(path.join("shop.db")).unwrap().execute_batch("ALTER TABLE customer ADD COLUMN phone TEXT").unwrap();
    let (verdict, detail) = approval(path);
    assert!(verdict == "fail" && detail.contains("column phone of table customer added"), "{detail}");
    let (out, _, code) = run(&["schema", "diff", "schema.approval", "shop.db"], path);
    assert!(code == 1 && out.contains("+ column phone TEXT"), "{out}");
    let (_, said, code) = run(&approve, path);
    assert!(code == 0 && said.contains("1 difference\n") && said.contains("phone"), "{said}");
    assert_eq!(approval(path).0, "pass");

    let eve = ssh_key(path, "eve").expect("ssh-keygen is there");
    let (_, error, code) = run(&["approve", "shop.db", "--by", "ada@example.org", "--key", &eve], path);
    assert!(code == 2 && error.contains("another key for that name"), "{error}");
    assert_eq!(approval(path).0, "fail");
}

/// The signature is one that ssh-keygen itself verifies.
fn ssh_keygen_agrees(path: &Path) {
    let text = std::fs::read_to_string(path.join("schema.approval")).unwrap();
    let at = text.find("-----BEGIN SSH SIGNATURE").expect("a signature");
    write(path, "signature", &text[at..]);
    write(path, "message", &text[..at]);
    let message = std::fs::File::open(path.join("message")).unwrap();
    let arguments = ["-Y", "verify", "-f", "allowed_signers", "-I", "ada@example.org", "-n", "dbwright-schema", "-s", "signature"];
    let output = Command::new("ssh-keygen").args(arguments).current_dir(path).stdin(Stdio::from(message)).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn deliberate_denormalisation_is_accepted_with_a_reason() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let Some(key) = ssh_key(path, "ada") else { return };
    allow(path, "ada@example.org", &key);
    sqlite(path, "shop.db", SHOP);
    let findings = || {
        let (out, ..) = run(&["review", "shop.db", "--format", "json", "--read-rows", "all", "--no-html"], path);
        let report: Value = serde_json::from_str(&out).unwrap();
        let all = report["findings"].as_array().expect("findings").clone();
        all.into_iter().find(|one| one["rule"] == "schema/not-third-normal-form").expect("the breach")
    };
    assert!(findings()["waived"].is_null(), "{}", findings());
    let accept = "schema/not-third-normal-form address* because cities are frozen at the time of sale";
    let (_, error, code) = run(&["approve", "shop.db", "--by", "ada@example.org", "--key", &key, "--accept", accept], path);
    assert_eq!(code, 0, "{error}");
    let waiver = findings()["waived"].clone();
    assert!(
        waiver["reason"].as_str().is_some_and(|reason| reason.starts_with("cities are frozen")) && waiver["by"] == "ada@example.org",
        "{waiver}"
    );
    let (_, error, code) =
        run(&["approve", "shop.db", "--by", "ada@example.org", "--key", &key, "--accept", "schema/nothing x because y"], path);
    assert!(code == 2 && error.contains("no rule"), "{error}");
}
