//! Reads workload.sql: statements with name, weight, rate and samples of parameters. It never runs them.

use std::collections::BTreeMap;

use dbwright_model::Engine;
use dbwright_model::workload::{Origin, Sample, Statement};
use dbwright_sql::{Fingerprinter, Piece, PieceKind};

use crate::error::{LabError, LabErrorKind, Place};
use crate::project::commands;
use crate::project::source::SourceFile;

/// Samples that are kept of one statement.
const MOST_SAMPLES: usize = 1000;

/// A statement of the workload.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// What is known of it before it was run.
    pub statement: Statement,
    /// Executions per second given by `-- rate:`.
    pub rate_per_second: Option<f64>,
}

/// The statements of a workload file, one a fingerprint, in the order of their first appearance.
///
/// # Errors
/// When an annotation can't be understood.
pub fn parse(file: &SourceFile, engine: Engine) -> Result<Vec<Planned>, LabError> {
    if !engine.speaks_sql() {
        return parse_commands(file, engine);
    }
    let mut fingerprinter = Fingerprinter::new(engine);
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut planned: Vec<Planned> = Vec::new();
    for piece in dbwright_sql::split(&file.text, engine).into_iter().filter(|piece| piece.kind == PieceKind::Statement) {
        let fingerprint = fingerprinter.digest(piece.text).fingerprint.to_string();
        let samples = samples(file, &piece, engine)?;
        let at = *places.entry(fingerprint.clone()).or_insert(planned.len());
        if at == planned.len() {
            planned.push(Planned { statement: begin(file, &piece, fingerprint), rate_per_second: None });
        }
        let entry = &mut planned[at];
        add(file, &piece, entry)?;
        for sample in samples {
            if entry.statement.samples.len() < MOST_SAMPLES && !entry.statement.samples.contains(&sample) {
                entry.statement.samples.push(sample);
            }
        }
    }
    Ok(planned)
}

/// The commands of a workload of keys, one entry a command and pattern of its first key; `# name:`, `# weight:`, `# rate:`.
fn parse_commands(file: &SourceFile, engine: Engine) -> Result<Vec<Planned>, LabError> {
    let mut fingerprinter = Fingerprinter::new(engine);
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut planned: Vec<Planned> = Vec::new();
    for command in commands::split(&file.text) {
        let shape = commands::shape(&commands::words_of(file, &command)?);
        let fingerprint = fingerprinter.digest(&shape).fingerprint.to_string();
        let at = *places.entry(fingerprint.clone()).or_insert(planned.len());
        if at == planned.len() {
            let origin = Origin { file: file.name.clone(), line: command.line };
            let statement = Statement { fingerprint, text: command.text.to_owned(), origin: Some(origin), ..Statement::default() };
            planned.push(Planned { statement, rate_per_second: None });
        }
        let entry = &mut planned[at];
        if entry.statement.name.is_none() {
            entry.statement.name = command.annotation("name").map(|(name, _)| name).filter(|name| !name.is_empty()).map(str::to_owned);
        }
        entry.statement.weight = entry.statement.weight.or(command_number(file, &command, "weight")?);
        entry.rate_per_second = entry.rate_per_second.or(command_number(file, &command, "rate")?);
        let sample = Sample { text: command.text.to_owned(), parameters: Vec::new() };
        if entry.statement.samples.len() < MOST_SAMPLES && !entry.statement.samples.contains(&sample) {
            entry.statement.samples.push(sample);
        }
    }
    Ok(planned)
}

fn command_number(file: &SourceFile, command: &commands::Command<'_>, key: &str) -> Result<Option<f64>, LabError> {
    let Some((text, offset)) = command.annotation(key) else { return Ok(None) };
    above_zero(text).map(Some).ok_or_else(|| {
        LabError::new(LabErrorKind::Source, format!("`# {key}:` takes a number above 0, not {text:?}")).at(file.place(offset))
    })
}

fn above_zero(text: &str) -> Option<f64> {
    let digits = text.split(['/', ' ']).next().unwrap_or(text);
    digits.parse::<f64>().ok().filter(|value| value.is_finite() && *value > 0.0)
}

fn begin(file: &SourceFile, piece: &Piece<'_>, fingerprint: String) -> Statement {
    let origin = Origin { file: file.name.clone(), line: u32::try_from(piece.line).unwrap_or(u32::MAX) };
    Statement { fingerprint, text: piece.text.to_owned(), origin: Some(origin), ..Statement::default() }
}

/// Takes name, weight and rate from where they are given first.
fn add(file: &SourceFile, piece: &Piece<'_>, entry: &mut Planned) -> Result<(), LabError> {
    if entry.statement.name.is_none() {
        entry.statement.name = piece.annotation("name").filter(|name| !name.is_empty()).map(str::to_owned);
    }
    if let Some(weight) = number(file, piece, "weight")? {
        entry.statement.weight.get_or_insert(weight);
    }
    if let Some(rate) = number(file, piece, "rate")? {
        entry.rate_per_second.get_or_insert(rate);
    }
    Ok(())
}

fn number(file: &SourceFile, piece: &Piece<'_>, key: &str) -> Result<Option<f64>, LabError> {
    let Some(text) = piece.annotation(key) else { return Ok(None) };
    above_zero(text)
        .map(Some)
        .ok_or_else(|| annotation_error(file, piece, text, &format!("`-- {key}:` takes a number above 0, not {text:?}")))
}

fn annotation_error(file: &SourceFile, piece: &Piece<'_>, value: &str, message: &str) -> LabError {
    // The annotation stands in a comment before the statement.
    let found = piece.comments.iter().find_map(|comment| Some(file.offset_of(comment)? + comment.find(value)?));
    let place: Place = file.place(found.unwrap_or(piece.span.start));
    LabError::new(LabErrorKind::Source, message).at(place)
}

fn samples(file: &SourceFile, piece: &Piece<'_>, engine: Engine) -> Result<Vec<Sample>, LabError> {
    let given: Vec<&str> = piece.annotations("params").collect();
    if given.is_empty() {
        return Ok(vec![Sample { text: piece.text.to_owned(), parameters: Vec::new() }]);
    }
    let mut samples = Vec::new();
    for line in given {
        let wrong = |message: String| annotation_error(file, piece, line, &message);
        let sets = parameters(line, engine).ok_or_else(|| {
            wrong("`-- params:` takes literals parted by commas, several sets as (…), (…), or a JSON list of values".to_owned())
        })?;
        for set in sets {
            let values: Vec<&str> = set.iter().map(String::as_str).collect();
            let text = dbwright_sql::bind(piece.text, engine, &values).map_err(|error| wrong(error.to_string()))?;
            let taken = dbwright_sql::placeholders(piece.text, engine).iter().map(|found| found.index + 1).max().unwrap_or(0);
            if taken < set.len() {
                return Err(wrong(format!("`-- params:` gives {} values, but the statement takes {taken}", set.len())));
            }
            samples.push(Sample { text, parameters: set });
        }
    }
    Ok(samples)
}

/// The sets of values of a `-- params:` line.
fn parameters(line: &str, engine: Engine) -> Option<Vec<Vec<String>>> {
    if !line.starts_with('[') {
        return dbwright_sql::parameter_sets(line, engine);
    }
    let values: Vec<serde_json::Value> = serde_json::from_str(line).ok()?;
    Some(vec![values.iter().map(|value| json_literal(value, engine)).collect()])
}

fn json_literal(value: &serde_json::Value, engine: Engine) -> String {
    use serde_json::Value;
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(value) => if *value { "TRUE" } else { "FALSE" }.to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => dbwright_sql::quote_literal(text, engine),
        Value::Array(_) | Value::Object(_) => dbwright_sql::quote_literal(&value.to_string(), engine),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Planned>, LabError> {
        parse(&SourceFile::new("workload.sql", text), Engine::Sqlite)
    }

    #[test]
    fn statements_of_one_shape_are_samples_of_one() {
        let found = read(
            "-- name: look up\n-- weight: 900\nSELECT a FROM t WHERE b = 'x';\nselect a from t where b = 'it''s';\n\n\
             -- name: other\n-- rate: 2.5/s\nSELECT a FROM t WHERE c = 1; -- trailing\nSELECT a FROM t WHERE b = 'x'",
        )
        .unwrap();
        assert_eq!(found.len(), 2);
        let first = &found[0].statement;
        assert_eq!((first.name.as_deref(), first.weight, first.samples.len()), (Some("look up"), Some(900.0), 2));
        assert_eq!(first.origin, Some(Origin { file: "workload.sql".into(), line: 3 }));
        assert_eq!(first.fingerprint.len(), 32);
        assert_eq!((found[1].rate_per_second, found[1].statement.weight), (Some(2.5), None));
    }

    #[test]
    fn parameters_are_put_in_their_places() {
        let found = read("-- params: 'a, b', 2\n-- params: [null, \"it's\"]\nSELECT * FROM t WHERE a = ? AND b = ?;").unwrap();
        let texts: Vec<&str> = found[0].statement.samples.iter().map(|sample| sample.text.as_str()).collect();
        assert_eq!(texts, ["SELECT * FROM t WHERE a = 'a, b' AND b = 2", "SELECT * FROM t WHERE a = NULL AND b = 'it''s'"]);
        assert_eq!(found[0].statement.samples[1].parameters, ["NULL", "'it''s'"]);
        let pairs = read("-- params: (1, 'a'), (2, 'b')\nSELECT * FROM t WHERE a = :a AND b = :b;").unwrap();
        assert_eq!(pairs[0].statement.samples.len(), 2);
    }

    #[test]
    fn wrong_annotations_are_shown_in_their_place() {
        for (text, words) in [
            ("-- weight: many\nSELECT 1;", "above 0"),
            ("SELECT 2;\n-- params: 1, 2\nSELECT ?;", "takes 1"),
            ("-- params: 1\nSELECT ? + ?;", "value 2"),
            ("-- params: 'a\nSELECT ?;", "takes literals"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.message.contains(words), "{error}");
            assert!(error.place.unwrap().source_line.starts_with("--"), "{text}");
        }
    }

    #[test]
    fn nothing_is_a_workload_too() {
        assert_eq!(read("-- nothing yet\n").unwrap(), []);
    }

    #[test]
    fn commands_of_one_kind_are_samples_of_one() {
        let text = "# name: cart\n# weight: 9\nHGETALL cart:1\nhgetall cart:22\nSET page:1 \"a b\" EX 60\n";
        let found = parse(&SourceFile::new("workload.redis", text), Engine::Redis).unwrap();
        assert_eq!(found.len(), 2);
        let first = &found[0].statement;
        assert_eq!((first.name.as_deref(), first.weight, first.samples.len()), (Some("cart"), Some(9.0), 2));
        assert_eq!(first.origin, Some(Origin { file: "workload.redis".into(), line: 3 }));
        let wrong = parse(&SourceFile::new("workload.redis", "# rate: often\nGET a\n"), Engine::Redis).unwrap_err();
        assert_eq!((wrong.place.unwrap().line, wrong.message.contains("above 0")), (1, true));
        let open = parse(&SourceFile::new("workload.redis", "GET \"a\n"), Engine::Redis).unwrap_err();
        assert_eq!(open.place.unwrap().column, 5);
    }
}
