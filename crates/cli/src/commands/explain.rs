//! `dbwright explain RULE`: one rule's page, or the keys of the policy. It never makes up a text that documents lack.

use dbwright_analysis::{policy, rules};

use crate::args::ExplainArgs;
use crate::failure::Failure;
use crate::output;
use crate::policy_flags::flag;
use crate::screen::Screen;

/// Runs the command.
pub fn run(args: &ExplainArgs, screen: &Screen) -> Result<u8, Failure> {
    if args.rule == "policy" {
        screen.data(&keys())?;
        return Ok(0);
    }
    let catalogue = output::catalogue();
    let Some(page) = catalogue.rules.iter().find(|page| page.id == args.rule) else {
        let near = rules::nearest(&args.rule).map(|id| format!("Did you mean {id}? ")).unwrap_or_default();
        return Err(Failure::new(format_args!("there is no rule {:?}", args.rule)).hint(format_args!("{near}`dbwright rules` lists them.")));
    };
    screen.data(&dbwright_report::list::rule_page(page, &output::terminal(screen, true)))?;
    Ok(0)
}

/// Each key with its value, its flag and its variable.
fn keys() -> String {
    let mut text = String::from(
        "Keys of dbwright.toml. Each may also be set by its flag, by --set KEY=VALUE, or by its environment variable;\n\
         flags outweigh --set, which outweighs the environment, the file, and the persona document.\n",
    );
    for key in policy::KEYS {
        let repeatable = if key.repeatable { "; may be repeated" } else { "" };
        text.push_str(&format!(
            "\n{} = {}\n    {}{repeatable}.\n    --{} · {}\n",
            key.name,
            key.value,
            key.description,
            flag(key),
            key.environment
        ));
    }
    text
}
