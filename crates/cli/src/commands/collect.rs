//! `dbwright collect`: Facts to a file.

use dbwright_model::Facts;

use crate::args::CollectArgs;
use crate::failure::Failure;
use crate::output;
use crate::screen::Screen;
use crate::source;

/// Runs the command.
pub fn run(args: &CollectArgs, screen: &Screen) -> Result<u8, Failure> {
    // With it a ghost can be built from the file, where the database itself is out of reach.
    let all = source::facts_with(&args.target, screen, |options| options.blueprint = true)?;
    let several = all.len() > 1;
    for mut facts in all {
        if args.anonymize {
            dbwright_analysis::anonymize(&mut facts);
        }
        let text = json(&facts)?;
        match &args.output {
            None => screen.data(&text)?,
            Some(path) if several => {
                let path = path.with_file_name(format!("{}-{}", facts.target.name.replace(['/', '\0'], "_"), file_name(path)));
                output::write_whole(&path, &text)?;
                screen.say(&format!("wrote {}", path.display()));
            }
            Some(path) => {
                output::write_whole(path, &text)?;
                screen.say(&format!("wrote {}", path.display()));
            }
        }
    }
    Ok(0)
}

fn file_name(path: &std::path::Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn json(facts: &Facts) -> Result<String, Failure> {
    serde_json::to_string(facts).map(|text| text + "\n").map_err(|error| Failure::new(format_args!("writing facts as JSON: {error}")))
}
