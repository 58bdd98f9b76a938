//! `dbwright gate`: the same judgement for CI, by exit code: 0 good, 1 failed, 3 undecided.

use dbwright_analysis::{gates, review};
use dbwright_model::Gate;

use crate::args::{FormatArg, GateArgs};
use crate::drilled;
use crate::failure::Failure;
use crate::judge;
use crate::output;
use crate::screen::Screen;
use crate::source;

/// Runs the command.
pub fn run(args: &GateArgs, screen: &Screen) -> Result<u8, Failure> {
    output::check(&args.output)?;
    let only = only(&args.only)?;
    let early = judge::Sources::read(&args.policy, args.target.target.as_deref())?;
    let mut all = source::facts(&args.target, screen)?;
    drilled::attach(&mut all, &args.policy.evidence, args.target.target.as_deref())?;
    let mut codes = Vec::new();
    for facts in &all {
        let policy = early.policy()?;
        let mut report = review(facts, &policy);
        report.gates.retain(|verdict| only.contains(&verdict.gate));
        match args.output.format {
            FormatArg::Terminal => screen.data(&dbwright_report::gates(&report, &output::terminal(screen, false)))?,
            format => output::show(&report, format, false, screen)?,
        }
        output::write(&report, &args.output.output, screen)?;
        codes.push(gates::exit_code(&report, &only, args.fail_on.map(judge::severity)));
    }
    // A failure outweighs missing evidence, which outweighs success.
    Ok([1, 3].into_iter().find(|code| codes.contains(code)).unwrap_or(0))
}

fn only(names: &[String]) -> Result<Vec<Gate>, Failure> {
    if names.is_empty() {
        return Ok(Gate::ALL.to_vec());
    }
    let known = Gate::ALL.map(Gate::id).join(", ");
    names
        .iter()
        .map(|name| {
            Gate::from_id(name)
                .ok_or_else(|| Failure::new(format_args!("--only: {name:?} is no gate")).hint(format_args!("Gates are {known}.")))
        })
        .collect()
}
