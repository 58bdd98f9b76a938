//! `dbwright schema diagram`: the tables as a picture, or as text that other tools draw.

use std::collections::BTreeSet;
use std::path::Path;

use dbwright_engines::options::ReadRows;
use dbwright_model::ObjectName;
use dbwright_model::catalog::Catalog;
use dbwright_report::diagram::texts;

use crate::args::schema::{DiagramArgs, DiagramFormat};
use crate::failure::Failure;
use crate::output;
use crate::screen::Screen;
use crate::source;

/// Runs the command.
pub fn run(args: &DiagramArgs, screen: &Screen) -> Result<u8, Failure> {
    let format = match (args.format, &args.output) {
        (Some(format), _) => format,
        (None, Some(path)) => of_ending(path)?,
        (None, None) => DiagramFormat::Svg,
    };
    let catalog = source::with_database(&args.target, Some(ReadRows::Never), screen, |opened| Ok(opened.facts.catalog.clone()))?;
    let catalog = if args.tables.is_empty() { catalog } else { around(&catalog, &args.tables)? };
    let text = match format {
        DiagramFormat::Svg => texts::svg(&catalog).ok_or_else(|| Failure::new("there are no tables to draw"))?,
        DiagramFormat::Mermaid => texts::mermaid(&catalog),
        DiagramFormat::Dbml => texts::dbml(&catalog),
        DiagramFormat::Dot => texts::dot(&catalog),
    };
    match &args.output {
        Some(path) => {
            output::write_whole(path, &text)?;
            screen.say(&format!("wrote {} ({} tables)", path.display(), catalog.tables().count()));
        }
        None => screen.data(&text)?,
    }
    Ok(0)
}

fn of_ending(path: &Path) -> Result<DiagramFormat, Failure> {
    match path.extension().and_then(|ending| ending.to_str()).unwrap_or_default() {
        "svg" => Ok(DiagramFormat::Svg),
        "mmd" | "mermaid" => Ok(DiagramFormat::Mermaid),
        "dbml" => Ok(DiagramFormat::Dbml),
        "dot" | "gv" => Ok(DiagramFormat::Dot),
        _ => Err(Failure::new(format_args!("--output {}: the ending does not name a form", path.display()))
            .hint("Endings are .svg, .mmd, .dbml and .dot; or give --format.")),
    }
}

/// The named tables and those that they refer to.
fn around(catalog: &Catalog, names: &[String]) -> Result<Catalog, Failure> {
    let named = super::tables(catalog, names)?;
    let targets = named.iter().flat_map(|table| &table.references).map(|reference| reference.target.clone());
    let kept: BTreeSet<ObjectName> = named.iter().map(|table| table.name.clone()).chain(targets).collect();
    let collections = catalog.collections.iter().filter(|one| kept.contains(&one.name)).cloned().collect();
    Ok(Catalog { collections, ..Catalog::default() })
}
