//! Checks on the tree as text. It never changes a file.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Lines past which a file is two things.
const LONGEST_FILE: usize = 800;

/// All complaints about the tree below `root`.
pub fn run(root: &Path) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for path in tracked(root)? {
        let Ok(text) = std::fs::read_to_string(root.join(&path)) else { continue };
        let name = path.display().to_string();
        if name.ends_with(".rs") {
            rust_file(&name, &text, &mut complaints);
        }
    }
    for document in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"] {
        if !root.join(document).is_file() {
            complaints.push(format!("{document} is missing"));
        }
    }
    dependencies(root, &mut complaints)?;
    Ok(complaints)
}

fn tracked(root: &Path) -> Result<Vec<PathBuf>> {
    let output = Command::new("git").args(["ls-files", "-co", "--exclude-standard"]).current_dir(root).output().context("running git")?;
    ensure!(output.status.success(), "git ls-files failed");
    Ok(String::from_utf8(output.stdout)?.lines().map(PathBuf::from).filter(|path| root.join(path).is_file()).collect())
}

fn rust_file(name: &str, text: &str, complaints: &mut Vec<String>) {
    let development = ["xtask/", "/tests/", "/benches/", "crates/testkit/", "fuzz/"].iter().any(|part| name.contains(part));
    let lines = text.lines().count();
    if lines > LONGEST_FILE {
        complaints.push(format!("{name}: {lines} lines; more than {LONGEST_FILE} are two things"));
    }
    let tests = name.ends_with("/tests.rs") || name.contains("/tests/");
    if !tests && !text.starts_with("//!") {
        complaints.push(format!("{name}:1: the file does not open with a //! line that says what it is for"));
    }
    for (index, line) in text.lines().enumerate() {
        let place = || format!("{name}:{}", index + 1);
        let code = line.trim_start();
        if !development && !name.ends_with("screen.rs") && prints(code) {
            complaints.push(format!("{}: printing outside the screen module", place()));
        }
        if marks().iter().any(|mark| code.contains(mark.as_str())) && !name.ends_with("tidy.rs") {
            complaints.push(format!("{}: an unfinished mark", place()));
        }
    }
}

fn prints(code: &str) -> bool {
    !code.starts_with("//") && ["println!(", "print!(", "eprintln!(", "eprint!("].iter().any(|word| code.contains(word))
}

fn marks() -> Vec<String> {
    ["todo!(", "unimplemented!(", "dbg!(", "#[ignore", "FIX", "XX"]
        .iter()
        .map(|mark| match *mark {
            "FIX" => "FIXME".to_owned(),
            "XX" => "XXX".to_owned(),
            mark => mark.to_owned(),
        })
        .collect()
}

/// Each dependency of the workspace has a line of reason in ARCHITECTURE.md.
fn dependencies(root: &Path, complaints: &mut Vec<String>) -> Result<()> {
    let manifest: toml::Table = std::fs::read_to_string(root.join("Cargo.toml"))?.parse()?;
    let reasons = std::fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap_or_default();
    let table = manifest.get("workspace").and_then(|w| w.get("dependencies")).and_then(toml::Value::as_table);
    for name in table.context("the workspace lists its dependencies")?.keys() {
        if !name.starts_with("dbwright") && !reasons.contains(&format!("`{name}`")) {
            complaints.push(format!("ARCHITECTURE.md gives no reason for the dependency `{name}`"));
        }
    }
    Ok(())
}
