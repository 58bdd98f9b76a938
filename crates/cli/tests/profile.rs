//! `dbwright profile` as users run it: a log with known content, packed and piped, and what is no log.

mod common;

use std::fmt::Write as _;

use common::{dbwright, texts};
use serde_json::Value;

fn log() -> String {
    let mut text = String::new();
    for call in 0..300 {
        let at = format!("2026-11-26 12:00:{:02}.000 UTC [7] joe@shop", call / 10);
        let _ = writeln!(text, "{at} LOG:  duration: {}.000 ms  statement: SELECT * FROM sale WHERE id = {call}", call % 100 + 1);
    }
    let _ = writeln!(text, "2026-11-26 12:00:31.000 UTC [7] joe@shop ERROR:  relation \"nothing\" does not exist at character 15");
    text
}

#[test]
fn a_log_is_profiled_and_what_is_none_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    std::fs::write(path.join("postgresql.log"), log()).unwrap();
    std::fs::write(path.join("novel.txt"), "It was a dark night.\nNobody queried anything.\n").unwrap();
    let (out, error, code) = texts(&dbwright(&["profile", "postgres*.log", "--format", "json"], path));
    assert_eq!(code, 0, "{error}");
    let profile: Value = serde_json::from_str(&out).expect("JSON");
    let statement = &profile["statements"][0];
    assert_eq!((statement["calls"].as_u64(), statement["total_us"].as_u64()), (Some(300), Some(3 * 5050 * 1000)), "{statement}");
    let p95 = statement["latency"]["p95_ms"].as_f64().unwrap_or(0.0);
    assert!((94.0..=96.0).contains(&p95), "{p95}");
    assert_eq!(profile["events"][0]["kind"], "error", "{}", profile["events"]);
    let (text, _, _) = texts(&dbwright(&["profile", "postgresql.log"], path));
    assert!(text.contains("300") && text.contains("100.0 % of it understood"), "{text}");
    let (_, error, code) = texts(&dbwright(&["profile", "novel.txt"], path));
    assert!(code == 2 && error.contains("no known form of log") && error.contains("dark night"), "{error}");
    let (_, error, code) = texts(&dbwright(&["profile", "missing-*"], path));
    assert!(code == 2 && error.contains("missing-*"), "{error}");
}
