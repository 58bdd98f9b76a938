//! From arguments and files to the policy in force.

use std::path::{Path, PathBuf};

use dbwright_analysis::{approval, policy as reading};
use dbwright_model::Severity;
use dbwright_model::policy::{Approval, Policy};
use dbwright_model::report::Report;

use crate::args::{PolicyArgs, SeverityArg};
use crate::failure::Failure;

/// The texts that a policy is made of. They are read before any database is touched, so that a bad policy fails at once.
pub struct Sources {
    persona: Option<String>,
    config: Option<(PathBuf, String)>,
    settings: Vec<(String, String)>,
    baseline: Option<Vec<String>>,
    approval: Option<(PathBuf, String)>,
    allowed_signers: Option<String>,
}

impl Sources {
    /// Reads the files that the arguments name. Without `--config`, `dbwright.toml` of a project target is taken, else of
    /// this directory, if there is one.
    pub fn read(args: &PolicyArgs, target: Option<&str>) -> Result<Self, Failure> {
        let sources = Self {
            persona: args.persona.as_deref().map(read).transpose()?,
            config: config(args, target)?,
            settings: settings(args)?,
            baseline: args.baseline.as_deref().map(read_baseline).transpose()?,
            allowed_signers: None,
            approval: beside(args.approval.as_deref(), target, approval::FILE)?,
        };
        let sources =
            Self { allowed_signers: allowed_signers(args, sources.approval.as_ref().map(|(path, _)| path.as_path()))?, ..sources };
        sources.policy()?;
        Ok(sources)
    }

    /// Layers them: defaults < persona < file < environment < flags.
    pub fn policy(&self) -> Result<Policy, Failure> {
        let mut policy = Policy::default();
        if let Some(text) = &self.persona {
            policy = reading::persona::read(text)
                .map_err(|error| Failure::new(format_args!("reading the persona document: {error}")).hint(error.hint))?;
        }
        if let Some((path, text)) = &self.config {
            reading::apply(&mut policy, text).map_err(|error| in_file(path, text, &error))?;
        }
        for (key, value) in &self.settings {
            reading::set(&mut policy, key, value).map_err(|error| Failure::new(format_args!("setting {key}: {error}")).hint(error.hint))?;
        }
        policy.baseline.clone_from(&self.baseline);
        self.approve(&mut policy);
        Ok(policy)
    }
}

impl Sources {
    /// A signed approval takes the place of one in the policy; one that does not count is said, not passed over.
    fn approve(&self, policy: &mut Policy) {
        let Some((path, text)) = &self.approval else { return };
        let found = match &self.allowed_signers {
            Some(signers) => approval::verify(text, signers).map_err(|error| error.to_string()),
            None => Err(format!("there is no list of allowed signers ({} beside it, or --allowed-signers)", approval::SIGNERS)),
        };
        match found {
            Ok(found) => {
                policy.ignores.extend(approval::ignores(text).unwrap_or_default());
                policy.approval = Some(found);
            }
            Err(problem) => {
                policy.approval = Some(Approval { problem: format!("{}: {problem}", path.display()), ..Approval::default() });
            }
        }
    }
}

/// The list named, else the one beside the approval.
fn allowed_signers(args: &PolicyArgs, approval: Option<&Path>) -> Result<Option<String>, Failure> {
    if let Some(path) = &args.allowed_signers {
        return read(path).map(Some);
    }
    let path = approval.map(|path| path.with_file_name(approval::SIGNERS)).filter(|path| path.is_file());
    path.as_deref().map(read).transpose()
}

/// The baseline that a report makes: fingerprints of its findings.
pub fn baseline(report: &Report) -> String {
    reading::baseline::write(report)
}

/// The severity meant.
pub fn severity(severity: SeverityArg) -> Severity {
    match severity {
        SeverityArg::Info => Severity::Info,
        SeverityArg::Warning => Severity::Warning,
        SeverityArg::Error => Severity::Error,
    }
}

fn config(args: &PolicyArgs, target: Option<&str>) -> Result<Option<(PathBuf, String)>, Failure> {
    beside(args.config.as_deref(), target, "dbwright.toml")
}

/// The file named, else the one of this name in the project or in this directory, if there is one.
fn beside(given: Option<&Path>, target: Option<&str>, name: &str) -> Result<Option<(PathBuf, String)>, Failure> {
    if let Some(path) = given {
        return Ok(Some((path.to_owned(), read(path)?)));
    }
    let path = directory_of(target).join(name);
    if path.is_file() { Ok(Some((path.clone(), read(&path)?))) } else { Ok(None) }
}

/// The project's directory, else this one.
pub fn directory_of(target: Option<&str>) -> PathBuf {
    target.map(Path::new).filter(|path| path.is_dir()).unwrap_or(Path::new("")).to_owned()
}

/// Keys set by the environment (`DBWRIGHT_` and the key in capitals with `_` for `.`), then by `--set`, then by their own flags.
fn settings(args: &PolicyArgs) -> Result<Vec<(String, String)>, Failure> {
    let mut settings = Vec::new();
    for key in reading::KEYS {
        if let Ok(value) = std::env::var(key.environment) {
            settings.push((key.name.to_owned(), value));
        }
    }
    for text in &args.settings {
        let (key, value) = text.split_once('=').ok_or_else(|| Failure::new(format_args!("--set takes KEY=VALUE, not {text:?}")))?;
        settings.push((key.trim().to_owned(), value.trim().to_owned()));
    }
    settings.extend(args.keys.settings.iter().cloned());
    Ok(settings)
}

fn in_file(path: &Path, text: &str, error: &reading::PolicyError) -> Failure {
    let line = text.lines().nth(error.line.saturating_sub(1)).unwrap_or_default();
    let caret = format!("{:>5} | {line}\n      | {}^", error.line, " ".repeat(error.column.saturating_sub(1)));
    Failure::new(format_args!("{}:{}:{}: {error}", path.display(), error.line, error.column)).excerpt(caret).hint(error.hint.clone())
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::file("reading", path, &error))
}

fn read_baseline(path: &Path) -> Result<Vec<String>, Failure> {
    reading::baseline::read(&read(path)?).map_err(|error| {
        Failure::new(format_args!("reading the baseline {}: {error}", path.display()))
            .hint("`dbwright review --write-baseline FILE` makes one.")
    })
}
