//! Clones on which advice is tried: of the target where it is a file or a project, else of what the user names and trusts.

use std::path::{Path, PathBuf};

use dbwright_engines::{Endpoint, Target};
use dbwright_lab::clone::{self, Origin, Trusted};
use dbwright_lab::prove::{Effect, Sameness};
use dbwright_lab::scratch::{ScratchDatabase, ScratchOptions};
use dbwright_model::{Engine, Facts};

use crate::failure::Failure;
use crate::source::Opened;

/// Where advice is tried.
pub struct Attempt {
    /// What the user named for it.
    pub clone: Option<PathBuf>,
    /// Directory of server programs.
    pub server_bin: Option<PathBuf>,
}

impl Attempt {
    /// The scratch database of a project, or a clone of the file or of what was named for it.
    pub fn open(&self, opened: &mut Opened) -> Result<Box<dyn ScratchDatabase>, Failure> {
        let options = ScratchOptions { server_bin: self.server_bin.clone(), cancel: opened.cancel.clone(), ..ScratchOptions::default() };
        let origin = match (&self.clone, opened.endpoint.as_ref()) {
            (Some(path), _) => origin(path, &opened.facts)?,
            (None, _) if opened.scratch.is_some() => return opened.scratch.take().ok_or_else(no_clone),
            (None, Some(Endpoint { engine: Engine::Sqlite, file: Some(file), .. })) => Origin::SqliteFile(file.clone()),
            (None, _) => return Err(no_clone()),
        };
        opened.now("making a clone");
        Ok(clone::open(&origin, &options, &opened.progress())?)
    }
}

fn no_clone() -> Failure {
    Failure::new("there is nothing to make a clone from: dbwright only reads a server")
        .hint("Give --clone a dump of this database (pg_dump), a base backup or a project directory.")
}

fn origin(path: &Path, facts: &Facts) -> Result<Origin, Failure> {
    if path.join("PG_VERSION").is_file() {
        return Ok(Origin::BaseBackup { path: path.to_owned(), database: facts.target.name.clone(), trusted: Trusted::by_the_user() });
    }
    if facts.target.engine == Engine::Postgresql && (path.is_file() || path.join("toc.dat").is_file()) {
        return Ok(Origin::Dump(path.to_owned(), Trusted::by_the_user()));
    }
    match Target::recognise(&path.to_string_lossy())? {
        Target::Project(path) => Ok(Origin::Project(path, Some(facts.target.engine))),
        Target::Endpoint(Endpoint { engine: Engine::Sqlite, file: Some(file), .. }) => Ok(Origin::SqliteFile(file)),
        _ => Err(Failure::new(format_args!("--clone {}: this is no dump, base backup, SQLite file or project", path.display()))),
    }
}

/// What became of a statement's time, in a word.
pub fn effect(effect: &Effect) -> String {
    match effect {
        Effect::Gain => "faster".to_owned(),
        Effect::Loss => "slower".to_owned(),
        Effect::None => "same".to_owned(),
        Effect::Failed(why) => format!("failed: {why}"),
    }
}

/// What became of a statement's answer, in a word.
pub fn answers(sameness: &Sameness) -> String {
    match sameness {
        Sameness::Equal => "equal".to_owned(),
        Sameness::Different(why) => format!("different ({why})"),
        Sameness::Undecided(why) => format!("undecided ({why})"),
    }
}
