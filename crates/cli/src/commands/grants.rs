//! `dbwright grants`: the script that makes a least-privilege role for collecting.

use dbwright_engines::{Target, driver_for};
use dbwright_model::Engine;

use crate::args::GrantsArgs;
use crate::failure::Failure;
use crate::screen::Screen;

/// Runs the command.
pub fn run(args: &GrantsArgs, screen: &Screen) -> Result<u8, Failure> {
    let (engine, from_url) = engine(&args.engine)?;
    let driver = driver_for(engine).ok_or_else(|| Failure::new(format_args!("this dbwright was built without {engine}")))?;
    let database = args.database.clone().or(from_url).unwrap_or_else(|| "DATABASE".to_owned());
    match (driver.grants)(&args.role, &database) {
        Some(script) => screen.data(&script)?,
        None => screen.say(&format!("{engine} has no roles; who can read the file can review it.")),
    }
    Ok(0)
}

fn engine(text: &str) -> Result<(Engine, Option<String>), Failure> {
    if let Some(engine) = Engine::from_id(text).or_else(|| (text == "postgres").then_some(Engine::Postgresql)) {
        return Ok((engine, None));
    }
    match Target::recognise(text)? {
        Target::Endpoint(endpoint) => Ok((endpoint.engine, endpoint.database)),
        Target::Facts(_) | Target::Project(_) => Err(Failure::new("grants takes an engine or the URL of a server")),
    }
}
