//! Where reports go: one to standard output, any number to files.

use std::path::{Path, PathBuf};

use dbwright_analysis::rules;
use dbwright_model::report::Report;
use dbwright_report::{Catalogue, Format, Options, RulePage};

use crate::args::{FormatArg, OutputArgs};
use crate::failure::Failure;
use crate::screen::Screen;

/// Renders to standard output in the form asked for.
pub fn show(report: &Report, format: FormatArg, verbose: bool, screen: &Screen) -> Result<(), Failure> {
    screen.data(&dbwright_report::render(form(format), report, &catalogue(), &terminal(screen, verbose)))
}

/// How to render for this screen.
pub fn terminal(screen: &Screen, verbose: bool) -> Options {
    Options { width: screen.width(), color: screen.colors(), verbose, unicode: screen.unicode() }
}

/// Writes the files asked for; each is whole or not there.
pub fn write(report: &Report, files: &[PathBuf], screen: &Screen) -> Result<(), Failure> {
    for path in files {
        write_one(report, path)?;
        screen.say(&format!("wrote {}", path.display()));
    }
    Ok(())
}

/// Checks before any work is done that every file's ending names a form.
pub fn check(output: &OutputArgs) -> Result<(), Failure> {
    output.output.iter().try_for_each(|path| form_of(path).map(|_| ()))
}

/// The catalogue as renderers want it.
pub fn catalogue() -> Catalogue {
    let page = |rule: &'static dbwright_analysis::Rule| RulePage {
        id: rule.id.to_owned(),
        title: rule.title.to_owned(),
        severity: rule.severity,
        docs: rule.docs.to_owned(),
    };
    Catalogue { rules: rules::all().into_iter().map(page).collect() }
}

/// Writes a file so that it is either whole or not there: beside it first, then renamed.
pub fn write_whole(path: &Path, text: &str) -> Result<(), Failure> {
    let beside = path.with_extension(format!("{}.part", std::process::id()));
    let written = std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, path));
    written.map_err(|error| {
        // The partial file is ours; that it can't be removed either adds nothing to the message.
        let _ = std::fs::remove_file(&beside);
        Failure::file("writing", path, &error)
    })
}

fn write_one(report: &Report, path: &Path) -> Result<(), Failure> {
    let options = Options { verbose: true, color: false, ..Options::default() };
    write_whole(path, &dbwright_report::render(form_of(path)?, report, &catalogue(), &options))
}

fn form_of(path: &Path) -> Result<Format, Failure> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    Format::from_extension(ending).ok_or_else(|| {
        Failure::new(format_args!("--output {}: the ending does not name a form", path.display()))
            .hint("Endings are .txt, .json, .html, .sarif, .xml (JUnit) and .md.")
    })
}

fn form(format: FormatArg) -> Format {
    match format {
        FormatArg::Terminal => Format::Terminal,
        FormatArg::Json => Format::Json,
        FormatArg::Html => Format::Html,
        FormatArg::Sarif => Format::Sarif,
        FormatArg::Junit => Format::Junit,
        FormatArg::Markdown => Format::Markdown,
    }
}
