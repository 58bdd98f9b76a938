//! Builds a project in a scratch database, file by file, statement by statement. The first failure ends it, with the
//! place to blame. It never skips a statement silently.

use std::collections::BTreeSet;

use dbwright_model::Engine;
use dbwright_sql::{Piece, PieceKind, quote_identifier};

use super::Progress;
use super::commands;
use super::csv;
use super::layout::Layout;
use super::origins::Origins;
use super::source::SourceFile;
use crate::error::{LabError, LabErrorKind};
use crate::scratch::{ScratchDatabase, StatementError};

/// Roles that are made because scripts name them.
const MOST_ROLES: usize = 200;

/// Applies schema and data, then makes planner statistics.
///
/// # Errors
/// The first statement that fails, with file, line and column.
pub(super) fn build(layout: &Layout, scratch: &mut dyn ScratchDatabase, progress: &Progress) -> Result<Origins, LabError> {
    let mut builder = Builder { scratch, origins: Origins::default(), roles: BTreeSet::new() };
    for file in &layout.schema {
        progress(&format!("building {}", file.name));
        builder.origins.file(file);
        builder.script(file, true)?;
    }
    for file in &layout.data {
        progress(&format!("loading {}", file.name));
        builder.script(file, false)?;
    }
    builder.tables(&layout.tables, progress)?;
    progress("making planner statistics");
    builder.scratch.analyze().map_err(|error| LabError::new(kind(&error), format!("making planner statistics: {}", error.message)))?;
    Ok(builder.origins)
}

struct Builder<'a> {
    scratch: &'a mut dyn ScratchDatabase,
    origins: Origins,
    roles: BTreeSet<String>,
}

impl Builder<'_> {
    fn script(&mut self, file: &SourceFile, defines: bool) -> Result<(), LabError> {
        let engine = self.scratch.engine();
        if !engine.speaks_sql() {
            return self.commands(file);
        }
        for piece in dbwright_sql::split(&file.text, engine) {
            if piece.kind == PieceKind::ClientCommand {
                client_command(file, &piece)?;
                continue;
            }
            self.statement(file, &piece)?;
            if defines {
                self.origins.statement(file, &piece, engine);
            }
        }
        Ok(())
    }

    /// A file of commands, one a line; what writes a key defines it.
    fn commands(&mut self, file: &SourceFile) -> Result<(), LabError> {
        for command in commands::split(&file.text) {
            let words = commands::words_of(file, &command)?;
            self.scratch.execute(command.text).map_err(|error| {
                let offset = command.offset + error.offset.unwrap_or(0);
                LabError::new(kind(&error), error.message.clone()).hint(error.hint.clone()).at(file.place(offset))
            })?;
            if let Some(key) = words.get(1) {
                self.origins.key(file, &String::from_utf8_lossy(key), command.line);
            }
        }
        Ok(())
    }

    fn statement(&mut self, file: &SourceFile, piece: &Piece<'_>) -> Result<(), LabError> {
        if let Some(data) = piece.copy_data.clone() {
            let content = file.text.get(data).unwrap_or_default().replace("\r\n", "\n");
            return self.scratch.copy(piece.text, content).map_err(|error| source_error(file, piece, &error));
        }
        loop {
            let error = match self.scratch.execute(piece.text) {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            // Dumps name owners and grantees that a fresh server doesn't have.
            let role = missing_role(&error.message).filter(|_| self.scratch.engine() == Engine::Postgresql);
            let Some(role) = role.filter(|role| self.roles.len() < MOST_ROLES && self.roles.insert(role.clone())) else {
                return Err(source_error(file, piece, &error));
            };
            let made = self.scratch.execute(&format!("CREATE ROLE {}", quote_identifier(&role, Engine::Postgresql)));
            made.map_err(|_| source_error(file, piece, &error))?;
        }
    }

    /// Loads CSV files in the order of their names. One that fails, since it refers to another, is tried again after it.
    fn tables(&mut self, files: &[SourceFile], progress: &Progress) -> Result<(), LabError> {
        let mut waiting = Vec::new();
        for file in files {
            waiting.push((file, csv::read(file)?));
        }
        while !waiting.is_empty() {
            let before = waiting.len();
            let (mut left, mut first) = (Vec::new(), None);
            for (file, table) in waiting {
                progress(&format!("loading {}", file.name));
                if let Err(error) = self.scratch.insert(&table_name(&file.name), &table.columns, &table.rows) {
                    first.get_or_insert_with(|| table_error(file, &error));
                    left.push((file, table));
                }
            }
            if let Some(error) = first.filter(|_| left.len() == before) {
                return Err(error);
            }
            waiting = left;
        }
        Ok(())
    }
}

/// `data/orders.csv` holds the table `orders`; `data/shop.orders.csv` holds `shop.orders`. A leading number only orders:
/// `data/01_orders.csv`.
fn table_name(file: &str) -> String {
    let stem = file.rsplit('/').next().unwrap_or(file);
    let stem = stem.get(..stem.len().saturating_sub(4)).unwrap_or(stem);
    let digits = stem.trim_start_matches(|letter: char| letter.is_ascii_digit());
    match digits.strip_prefix(['_', '-']) {
        Some(name) if digits.len() < stem.len() && !name.is_empty() => name.to_owned(),
        _ => stem.to_owned(),
    }
}

fn table_error(file: &SourceFile, error: &StatementError) -> LabError {
    LabError::new(kind(error), format!("loading {}: {}", file.name, error.message))
        .hint("The first line names the columns, the file name the table.")
        .at(file.place(0))
}

fn kind(error: &StatementError) -> LabErrorKind {
    match (error.lost, error.message.as_str()) {
        (_, "interrupted") => LabErrorKind::Interrupted,
        (true, _) => LabErrorKind::Server,
        (false, _) => LabErrorKind::Source,
    }
}

fn source_error(file: &SourceFile, piece: &Piece<'_>, error: &StatementError) -> LabError {
    let offset = piece.span.start + error.offset.unwrap_or(0).min(piece.text.len());
    let mut found = LabError::new(kind(error), error.message.clone()).hint(error.hint.clone()).at(file.place(offset));
    if piece.truncated && error.offset.is_none_or(|offset| offset >= piece.text.len()) {
        found = found.hint("A string, comment or body that begins in this statement is never closed.");
    }
    found
}

/// Commands of clients that do nothing to a database are passed over; others can't be done here.
fn client_command(file: &SourceFile, piece: &Piece<'_>) -> Result<(), LabError> {
    const HARMLESS: [&str; 22] = [
        "\\restrict",
        "\\unrestrict",
        "\\set",
        "\\unset",
        "\\timing",
        "\\pset",
        "\\echo",
        "\\encoding",
        "\\qecho",
        "\\x",
        "\\q",
        "delimiter",
        ".mode",
        ".headers",
        ".header",
        ".echo",
        ".timer",
        ".print",
        ".bail",
        ".width",
        ".quit",
        ".exit",
    ];
    let command = piece.text.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    if HARMLESS.contains(&command.as_str()) {
        return Ok(());
    }
    Err(LabError::new(LabErrorKind::Source, format!("{command} is a command of a client program, not SQL"))
        .hint("Put what it reads or does into the file itself.")
        .at(file.place(piece.span.start)))
}

/// The role that a message says is missing.
fn missing_role(message: &str) -> Option<String> {
    let (name, _) = message.strip_prefix("role \"")?.rsplit_once("\" does not exist")?;
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_name_their_tables() {
        assert_eq!(table_name("data/orders.csv"), "orders");
        assert_eq!(table_name("data/02_order_line.CSV"), "order_line");
        assert_eq!(table_name("data/shop.orders.csv"), "shop.orders");
        assert_eq!(table_name("data/2024.csv"), "2024");
    }

    #[test]
    fn missing_roles_are_read_from_messages() {
        assert_eq!(missing_role("role \"a \"b\" does not exist (42704)").as_deref(), Some("a \"b"));
        assert_eq!(missing_role("relation \"a\" does not exist"), None);
    }
}
