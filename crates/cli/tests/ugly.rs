//! Ugly input: a clear message, the right exit code, nothing left behind, no password anywhere.

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::{dbwright, texts};
use dbwright_testkit::postgres::{Server, installations};
use dbwright_testkit::skip;
use tempfile::TempDir;

/// What a directory holds: names, sizes.
fn listing(directory: &Path) -> Vec<(String, u64)> {
    let mut names: Vec<(String, u64)> = fs::read_dir(directory)
        .expect("a directory")
        .map(|entry| entry.expect("an entry"))
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.metadata().expect("its data").len()))
        .collect();
    names.sort();
    names
}

/// Runs, expects exit code 2 and a message with these words, and nothing new in the directory.
fn fails(directory: &Path, arguments: &[&str], words: &[&str]) {
    let before = listing(directory);
    let (out, error, code) = texts(&dbwright(arguments, directory));
    assert_eq!(code, 2, "{arguments:?}: {out}{error}");
    for word in words {
        assert!(error.contains(word), "{arguments:?} should say {word:?}:\n{error}");
    }
    assert!(error.starts_with("error: "), "{error}");
    assert!(!error.contains("panicked"), "{error}");
    assert_eq!(listing(directory), before, "{arguments:?} left something behind");
}

fn sqlite(path: &Path, script: &str) {
    let connection = rusqlite::Connection::open(path).expect("a database");
    connection.execute_batch(script).expect("the script runs");
}

#[test]
fn files_that_are_no_database() {
    let directory = TempDir::new().expect("a directory");
    let at = |name: &str| directory.path().join(name);
    fs::write(at("notes.txt"), "dear diary, this is no database at all, and it never was one\n".repeat(40)).expect("written");
    sqlite(&at("whole.db"), "CREATE TABLE t (a); INSERT INTO t SELECT value FROM json_each('[1,2,3]'); CREATE INDEX i ON t (a);");
    let bytes = fs::read(at("whole.db")).expect("read");
    fs::write(at("cut.db"), &bytes[..bytes.len() / 2 + 100]).expect("written");
    fs::create_dir(at("empty")).expect("made");
    fs::write(at("facts.json"), "{\"schema\":\"other/1\"}").expect("written");
    fails(directory.path(), &["review", "notes.txt"], &["notes.txt", "not a SQLite database"]);
    fails(directory.path(), &["review", "missing.db"], &["missing.db", "hint: "]);
    fails(directory.path(), &["review", "empty"], &["empty", "hint: "]);
    fails(directory.path(), &["review", "facts.json"], &["facts.json", "not a Facts file"]);
    fails(directory.path(), &["review", "sqlite:empty"], &["empty"]);
    let (out, error, code) = texts(&dbwright(&["review", "cut.db", "--no-html"], directory.path()));
    assert!(
        code == 2 || (code == 0 && out.contains("integrity/corrupt-page")),
        "a truncated file is a failure or a finding: {code}\n{out}{error}"
    );
}

#[test]
fn words_that_are_wrong() {
    let directory = TempDir::new().expect("a directory");
    fs::write(directory.path().join("schema.sql"), "CREATE TABLE t (id INTEGER PRIMARY KEY);\n").expect("written");
    fails(directory.path(), &["review"], &["no target", "DATABASE_URL"]);
    fails(directory.path(), &["review", "oracle://x/y"], &["oracle", "hint: "]);
    fails(directory.path(), &["review", "postgres://u:c4nary@h:port/d"], &["port"]);
    fails(directory.path(), &["explain", "schema/missing-primary-keys"], &["schema/missing-primary-key"]);
    fails(directory.path(), &["gate", ".", "--only", "speed"], &["speed", "performance"]);
    fails(directory.path(), &["review", ".", "-o", "report.doc"], &["report.doc", ".html"]);
    fs::write(directory.path().join("dbwright.toml"), "[standards]\nquery_p95 = 50\n").expect("written");
    fails(directory.path(), &["review", "."], &["dbwright.toml:2", "query_p95_ms", "^"]);
    fs::write(directory.path().join("dbwright.toml"), "[[ignore]]\nrule = \"schema/no-primary-key\"\nobject = \"*\"\nreason = \"x\"\n")
        .expect("written");
    fails(directory.path(), &["review", "."], &["schema/no-primary-key", "dbwright.toml:2"]);
}

#[test]
fn a_syntax_error_has_file_line_and_caret() {
    let directory = TempDir::new().expect("a directory");
    fs::write(directory.path().join("schema.sql"), "CREATE TABLE a (id INTEGER PRIMARY KEY);\n\nCREATE TABEL b (id INTEGER);\n")
        .expect("written");
    fails(directory.path(), &["review", "."], &["schema.sql:3", "CREATE TABEL b", "^"]);
}

#[test]
fn hostile_names_go_through_every_form_harmlessly() {
    let directory = TempDir::new().expect("a directory");
    let names = [
        "a\"b",
        "line\nbreak",
        "\u{1b}[31mred\u{1b}[0m",
        "<script>alert(1)</script>",
        "\u{202e}right to left",
        "🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂",
        "x'); DROP TABLE t;--",
        "| pipe ``` fence",
    ];
    let script: String = names
        .iter()
        .map(|name| format!("CREATE TABLE \"{}\" (\"{}\" TEXT);", name.replace('"', "\"\""), name.replace('"', "\"\"")))
        .collect();
    sqlite(&directory.path().join("hostile.db"), &format!("{script} CREATE TABLE big (a TEXT /* {} */);", "x".repeat(1_000_000)));
    let forms = ["r.html", "r.json", "r.sarif", "r.xml", "r.md", "r.txt"];
    let mut arguments = vec!["review", "hostile.db", "--verbose"];
    forms.iter().for_each(|form| arguments.extend(["-o", form]));
    let (out, error, code) = texts(&dbwright(&arguments, directory.path()));
    assert_eq!(code, 0, "{error}");
    for form in forms {
        let text = fs::read_to_string(directory.path().join(form)).expect("written");
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{form}");
        assert!(["json", "sarif", "txt"].iter().any(|plain| form.ends_with(plain)) || !text.contains("<script>alert"), "{form}");
    }
    assert!(!out.contains('\u{1b}'), "NO_COLOR is set, so every escape would be the database's");
    let json: serde_json::Value = serde_json::from_str(&fs::read_to_string(directory.path().join("r.json")).expect("read")).expect("JSON");
    assert_eq!(json["schema"], "dbwright.report/1");
}

#[test]
fn a_password_is_in_no_output() {
    let directory = TempDir::new().expect("a directory");
    let Some(server) = server() else { return };
    server.sql("postgres", "CREATE ROLE reader LOGIN PASSWORD 'c4nary'; GRANT pg_monitor TO reader;");
    let url = format!("postgres://reader:c4nary@{}", server.url("postgres").split_once('@').expect("a login in the URL").1);
    let forms = ["r.html", "r.json", "r.sarif", "r.xml", "r.md", "r.txt"];
    let mut arguments = vec!["review", url.as_str(), "--verbose"];
    forms.iter().for_each(|form| arguments.extend(["-o", form]));
    let (out, error, code) = texts(&dbwright(&arguments, directory.path()));
    assert_eq!(code, 0, "{out}{error}");
    let (facts, _, code) = texts(&dbwright(&["collect", &url], directory.path()));
    assert_eq!(code, 0);
    let mut all = vec![out, error, facts];
    all.extend(forms.iter().map(|form| fs::read_to_string(directory.path().join(form)).expect("written")));
    let wrong = url.replace("reader:", "nobody:");
    let (out, error, code) = texts(&dbwright(&["review", &wrong], directory.path()));
    all.extend([out, error]);
    assert!(code == 0 || code == 2);
    assert!(all.iter().all(|text| !text.contains("c4nary")));
}

#[test]
fn servers_that_are_not_there() {
    let directory = TempDir::new().expect("a directory");
    fails(directory.path(), &["review", "postgres://127.0.0.1:1/shop", "--connect-timeout", "3"], &["127.0.0.1:1", "hint: "]);
    fails(directory.path(), &["review", "redis://127.0.0.1:1", "--connect-timeout", "3"], &["127.0.0.1:1", "hint: "]);
    let Some(server) = server() else { return };
    let url = server.url("no_such_database");
    fails(directory.path(), &["review", &url], &["no_such_database"]);
}

#[test]
fn ctrl_c_ends_a_project_build_and_leaves_nothing() {
    let directory = TempDir::new().expect("a directory");
    let scratch = TempDir::new().expect("a directory");
    fs::write(directory.path().join("schema.sql"), "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);\n").expect("written");
    let slow =
        "INSERT INTO t (a) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000000) SELECT hex(i) FROM n;\n";
    fs::write(directory.path().join("data.sql"), slow).expect("written");
    let mut child = Command::new(env!("CARGO_BIN_EXE_dbwright"))
        .args(["review", "."])
        .current_dir(directory.path())
        .env("TMPDIR", scratch.path())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program runs");
    let limit = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while listing(scratch.path()).is_empty() {
        assert!(std::time::Instant::now() < limit, "no scratch directory appeared");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("signalled");
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(2));
    assert_eq!(listing(scratch.path()), [], "the scratch directory is gone");
    assert!(!directory.path().join("report.html").exists());
}

fn server() -> Option<Server> {
    let Some((_, installation)) = installations().into_iter().next() else {
        skip("postgres15", "no PostgreSQL is installed");
        return None;
    };
    Some(Server::start(&installation, &[]))
}
