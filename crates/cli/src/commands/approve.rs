//! `dbwright approve`: a named architect's approval of a schema, signed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use dbwright_analysis::approval::{self, Accepted, Statement};
use dbwright_analysis::{review, rules, schema_diff, schema_hash};
use dbwright_engines::options::ReadRows;
use dbwright_model::policy::Policy;
use dbwright_model::{Facts, Gate};
use dbwright_report::text::plural;
use ssh_key::PrivateKey;

use crate::args::schema::ApproveArgs;
use crate::failure::Failure;
use crate::judge;
use crate::output;
use crate::screen::Screen;
use crate::source;

/// Differences to the approval before that are shown.
const SHOWN: usize = 20;

/// Runs the command.
pub fn run(args: &ApproveArgs, screen: &Screen) -> Result<u8, Failure> {
    let accepted = args.accept.iter().map(|text| accept(text)).collect::<Result<Vec<Accepted>, Failure>>()?;
    let signer = Signer::find(args.key.as_deref())?;
    let path = args.output.clone().unwrap_or_else(|| judge::directory_of(args.target.target.as_deref()).join(approval::FILE));
    let facts = source::with_database(&args.target, Some(ReadRows::All), screen, |opened| Ok(opened.facts.clone()))?;
    let statement = Statement {
        by: args.by.trim().to_owned(),
        on: facts.taken_at.to_string().chars().take(10).collect(),
        database: format!("{} ({})", facts.target.name, facts.target.engine),
        reason: args.reason.clone(),
        accepted,
        schema: schema_hash::records(&facts.catalog),
    };
    if statement.by.is_empty() || statement.by.contains(char::is_whitespace) {
        return Err(Failure::new("--by takes the name in the list of allowed signers, usually an address, without blanks"));
    }
    let text = approval::write(&statement);
    say_before(&statement, &facts, &path, screen);
    let signed = signer.sign(&text)?;
    let signers = args.allowed_signers.clone().unwrap_or_else(|| path.with_file_name(approval::SIGNERS));
    output::write_whole(&path, &signed)?;
    screen.data(&format!("wrote {}: {} approved schema {}\n", path.display(), statement.by, schema_hash::of_records(&statement.schema)))?;
    verify(&signed, &signers, &statement.by, &signer)
}

/// The file counts only once the key is in the list: said at once, with the line to add.
fn verify(signed: &str, signers: &Path, by: &str, signer: &Signer) -> Result<u8, Failure> {
    let list = std::fs::read_to_string(signers).unwrap_or_default();
    approval::verify(signed, &list).map(|_| 0).map_err(|error| {
        let line = signer.public().map(|public| format!("{by} namespaces=\"{}\" {public}", approval::NAMESPACE));
        Failure::new(format_args!("the approval was written but does not count yet: {error}")).hint(format_args!(
            "Whoever may decide who approves adds this line to {}: {}",
            signers.display(),
            line.unwrap_or_else(|| format!("{by} namespaces=\"{}\" PUBLIC-KEY", approval::NAMESPACE))
        ))
    })
}

/// What is approved: the change since the approval before, and what the schema gate has against it.
fn say_before(statement: &Statement, facts: &Facts, path: &Path, screen: &Screen) {
    let tables = facts.catalog.tables().count();
    screen.say(&format!("{}: {}", statement.database, plural(tables, "table")));
    if let Ok(before) = std::fs::read_to_string(path).map_err(|_| ()).and_then(|text| approval::read(&text).map_err(|_| ())) {
        let differences = schema_diff::between(&before.schema, &statement.schema);
        screen.say(&format!("since {} approved it on {}: {}", before.by, before.on, plural(differences.len(), "difference")));
        for one in differences.iter().take(SHOWN) {
            screen.say(&dbwright_report::sanitise::line(&format!("  {one}")));
        }
        if differences.len() > SHOWN {
            screen.say(&format!("  and {} more; `dbwright schema diff {} TARGET` shows them", differences.len() - SHOWN, path.display()));
        }
    }
    let report = review(facts, &Policy::default());
    let gate = report.gates.iter().find(|gate| gate.gate == Gate::Schema);
    for criterion in gate.iter().flat_map(|gate| &gate.criteria).filter(|one| one.verdict == dbwright_model::Verdict::Fail) {
        screen.say(&dbwright_report::sanitise::line(&format!("  open: {}: {}", criterion.criterion, criterion.detail)));
    }
}

fn accept(text: &str) -> Result<Accepted, Failure> {
    let bad = || Failure::new(format_args!("--accept {text:?}: this is not `RULE OBJECT because REASON`"));
    let (what, reason) = text.split_once(" because ").ok_or_else(bad)?;
    let (rule, object) = what.trim().split_once(char::is_whitespace).ok_or_else(bad)?;
    if rules::find(rule).is_none() {
        return Err(Failure::new(format_args!("--accept: there is no rule {rule:?}")).hint("`dbwright rules` lists them."));
    }
    Ok(Accepted { rule: rule.to_owned(), object: object.trim().to_owned(), reason: reason.trim().to_owned() })
}

/// How the signature is made.
enum Signer {
    /// By ourselves, with a key without passphrase.
    Key(Box<PrivateKey>),
    /// By ssh-keygen, which asks for the passphrase or the agent.
    Program(PathBuf),
}

impl Signer {
    fn find(given: Option<&Path>) -> Result<Self, Failure> {
        let path = match given {
            Some(path) => path.to_owned(),
            None => usual_key().ok_or_else(|| {
                Failure::new("no SSH key was found to sign with").hint("Give one with --key; `ssh-keygen -t ed25519` makes one.")
            })?,
        };
        let text = std::fs::read_to_string(&path).map_err(|error| Failure::file("reading the key", &path, &error))?;
        if !text.starts_with("-----BEGIN") {
            return Ok(Self::Program(path));
        }
        match PrivateKey::from_openssh(&text) {
            Ok(key) if !key.is_encrypted() => Ok(Self::Key(Box::new(key))),
            _ => Ok(Self::Program(path)),
        }
    }

    fn sign(&self, text: &str) -> Result<String, Failure> {
        match self {
            Self::Key(key) => approval::sign(text, key).map_err(|error| Failure::new(format_args!("signing: {error}"))),
            Self::Program(path) => ssh_keygen(path, text).map(|signature| approval::signed(text, &signature)),
        }
    }

    fn public(&self) -> Option<String> {
        let text = match self {
            Self::Key(key) => key.public_key().to_openssh().ok()?,
            Self::Program(path) if path.extension().is_some_and(|ending| ending == "pub") => std::fs::read_to_string(path).ok()?,
            Self::Program(path) => std::fs::read_to_string(format!("{}.pub", path.display())).ok()?,
        };
        Some(text.trim().to_owned())
    }
}

fn usual_key() -> Option<PathBuf> {
    let directory = PathBuf::from(std::env::var_os("HOME")?).join(".ssh");
    ["id_ed25519", "id_ecdsa", "id_rsa"].iter().map(|name| directory.join(name)).find(|path| path.is_file())
}

/// `ssh-keygen -Y sign` reads the text from its standard input and writes the signature to its output.
fn ssh_keygen(key: &Path, text: &str) -> Result<String, Failure> {
    use std::io::Write as _;
    let failed = |what: String| {
        Failure::new(format_args!("signing with {} by ssh-keygen: {what}", key.display()))
            .hint("The key must be a private key, or the public half of one that the SSH agent holds.")
    };
    let mut child = Command::new("ssh-keygen")
        .args(["-Y", "sign", "-n", approval::NAMESPACE, "-f"])
        .arg(key)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let written = child.stdin.take().map(|mut input| input.write_all(text.as_bytes()));
    let output = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or("it failed").to_owned()));
    }
    written.transpose().map_err(|error| failed(error.to_string()))?;
    String::from_utf8(output.stdout).map_err(|error| failed(error.to_string()))
}
