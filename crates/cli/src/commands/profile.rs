//! `dbwright profile`: where database time went, from logs.

use dbwright_logs::{LogError, Options, prefix::Prefix};
use dbwright_model::Timestamp;

use crate::args::profile::ProfileArgs;
use crate::args::schema::TextOrJson;
use crate::failure::Failure;
use crate::output;
use crate::screen::Screen;
use crate::source;

/// Runs the command.
pub fn run(args: &ProfileArgs, screen: &Screen) -> Result<u8, Failure> {
    let time = |flag: &str, text: &Option<String>| -> Result<Option<Timestamp>, Failure> {
        text.as_deref().map(|text| Timestamp::parse(text).map_err(|error| Failure::new(format_args!("{flag}: {error}")))).transpose()
    };
    let options = Options {
        prefix: args.log_line_prefix.as_deref().map(Prefix::new).transpose().map_err(|error| failure(&error))?,
        format: args.log_format.clone(),
        since: time("--since", &args.since)?,
        until: time("--until", &args.until)?,
        ..Options::default()
    };
    let places = dbwright_logs::expand(&args.sources).map_err(|error| failure(&error))?;
    let profiles =
        source::interruptible("reading logs", screen, move |_, _| dbwright_logs::read(&places, &options).map_err(|error| failure(&error)))?;
    for profile in &profiles {
        let text = match args.format {
            TextOrJson::Json => dbwright_report::schema::json(profile),
            TextOrJson::Terminal => dbwright_report::profile::terminal(profile, args.top, &output::terminal(screen, args.verbose)),
        };
        screen.data(&text)?;
    }
    Ok(0)
}

fn failure(error: &LogError) -> Failure {
    let failure = Failure::new(error).hint(error.hint());
    if error.first_lines().is_empty() { failure } else { failure.excerpt(error.first_lines().join("\n")) }
}
