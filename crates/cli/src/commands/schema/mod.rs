//! `dbwright schema`: one file for each kind of work.

pub mod clones;
mod dependencies;
mod diagram;
mod diff;
mod normal_forms;

use dbwright_model::catalog::{Catalog, Collection};

use crate::args::schema::{SchemaArgs, SchemaWork};
use crate::failure::Failure;
use crate::screen::Screen;

/// Runs the command.
pub fn run(args: &SchemaArgs, screen: &Screen) -> Result<u8, Failure> {
    match &args.work {
        SchemaWork::Dependencies(args) => dependencies::run(args, screen),
        SchemaWork::NormalForms(args) => normal_forms::run(args, screen),
        SchemaWork::Diagram(args) => diagram::run(args, screen),
        SchemaWork::Diff(args) => diff::run(args, screen),
    }
}

/// The tables of these names, with or without schema; all when none is named.
fn tables<'a>(catalog: &'a Catalog, names: &[String]) -> Result<Vec<&'a Collection>, Failure> {
    if names.is_empty() {
        return Ok(catalog.tables().collect());
    }
    names.iter().map(|name| table(catalog, name)).collect()
}

fn table<'a>(catalog: &'a Catalog, name: &str) -> Result<&'a Collection, Failure> {
    let same: Vec<&Collection> = catalog.tables().filter(|table| table.name.to_string() == name || table.name.name == name).collect();
    match same.as_slice() {
        [one] => Ok(one),
        [] => {
            let known: Vec<String> = catalog.tables().take(20).map(|table| table.name.to_string()).collect();
            Err(Failure::new(format_args!("there is no table {name}")).hint(format_args!("Tables are {}.", known.join(", "))))
        }
        several => {
            let names: Vec<String> = several.iter().map(|table| table.name.to_string()).collect();
            Err(Failure::new(format_args!("{name} can be {}", names.join(" or "))).hint("Give the schema too."))
        }
    }
}
