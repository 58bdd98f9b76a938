//! What the end-to-end tests share: projects in temporary directories, and reviews of them.
#![allow(dead_code, reason = "each test program uses its part")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use dbwright_engines::CollectOptions;
use dbwright_lab::measure::Limits;
use dbwright_lab::project::{Options, review_facts};
use dbwright_model::policy::Policy;
use dbwright_model::report::Report;
use dbwright_model::{Facts, Timestamp};

/// The time that every test lives in: 2026-11-24.
pub const NOW: i64 = 1_795_478_400;

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs the program with colours and environment out of the way.
pub fn dbwright(arguments: &[&str], directory: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dbwright"))
        .args(arguments)
        .current_dir(directory)
        .env_remove("DATABASE_URL")
        .env("NO_COLOR", "1")
        .env("LANG", "C.UTF-8")
        .output()
        .expect("the program runs")
}

/// Standard output, standard error and exit code as text.
pub fn texts(output: &Output) -> (String, String, i32) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("the program writes UTF-8");
    (text(&output.stdout), text(&output.stderr), output.status.code().unwrap_or(-1))
}

/// Facts of a project, with few executions of each statement: enough for plans, too few for percentiles.
pub fn quick_facts(project: &Path) -> Result<Facts, String> {
    let limits = Limits { executions: 3, per_statement: Duration::from_millis(200), total: Duration::from_secs(20), ..Limits::default() };
    let options = Options { collect: CollectOptions::at(Timestamp::from_seconds(NOW)), limits, ..Options::default() };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut facts = runtime.block_on(review_facts(project, &options)).map_err(|error| error.to_string())?;
    dbwright_analysis::prepare(&mut facts);
    Ok(facts)
}

/// The review of a project by the default policy.
pub fn quick_review(project: &Path) -> Result<Report, String> {
    quick_facts(project).map(|facts| dbwright_analysis::review(&facts, &Policy::default()))
}
