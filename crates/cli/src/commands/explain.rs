//! `dbwright explain RULE`: one rule's page.

use dbwright_analysis::rules;

use crate::args::ExplainArgs;
use crate::failure::Failure;
use crate::output;
use crate::screen::Screen;

/// Runs the command.
pub fn run(args: &ExplainArgs, screen: &Screen) -> Result<u8, Failure> {
    let catalogue = output::catalogue();
    let Some(page) = catalogue.rules.iter().find(|page| page.id == args.rule) else {
        let near = rules::nearest(&args.rule).map(|id| format!("Did you mean {id}? ")).unwrap_or_default();
        return Err(Failure::new(format_args!("there is no rule {:?}", args.rule)).hint(format_args!("{near}`dbwright rules` lists them.")));
    };
    screen.data(&dbwright_report::list::rule_page(page, &output::terminal(screen, true)))?;
    Ok(0)
}
