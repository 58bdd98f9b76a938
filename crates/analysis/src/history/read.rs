//! Reads a history from its JSON lines. It never guesses: a line that it can't read is an error with its number.

use std::collections::BTreeMap;

use dbwright_model::history::{Event, Function, HISTORY_SCHEMA, Header, Moment};

/// What is wrong with a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryError {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

impl std::fmt::Display for HistoryError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "line {}: {}", self.line, self.what)
    }
}

impl std::error::Error for HistoryError {}

/// Events that are read at most.
const MOST_EVENTS: usize = 10_000_000;

/// Header and events of a history.
///
/// # Errors
/// When a line is not what `model::history` describes, or a process has two operations under way.
pub fn read(text: &str) -> Result<(Header, Vec<Event>), HistoryError> {
    let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line)).filter(|(_, line)| !line.trim().is_empty());
    let wrong = |line: usize, what: String| HistoryError { line, what };
    let (first, line) = lines.next().ok_or_else(|| wrong(1, "it is empty".to_owned()))?;
    let header: Header = serde_json::from_str(line).map_err(|error| wrong(first, format!("it is no header of a history: {error}")))?;
    if header.schema != HISTORY_SCHEMA {
        return Err(wrong(first, format!("its schema is {:?}, not {HISTORY_SCHEMA:?}", header.schema)));
    }
    let mut events: Vec<Event> = Vec::new();
    let mut open: BTreeMap<u32, (Function, u32)> = BTreeMap::new();
    for (number, line) in lines.take(MOST_EVENTS) {
        let event: Event = serde_json::from_str(line).map_err(|error| wrong(number, error.to_string()))?;
        if events.last().is_some_and(|last| last.at_us > event.at_us) {
            return Err(wrong(number, "it is earlier than the line before".to_owned()));
        }
        follow(&mut open, &event).map_err(|what| wrong(number, what))?;
        events.push(event);
    }
    Ok((header, events))
}

fn follow(open: &mut BTreeMap<u32, (Function, u32)>, event: &Event) -> Result<(), String> {
    let process = event.process;
    let saw = if event.function == Function::Read { event.value } else { event.read };
    if event.moment == Moment::Invoke {
        if event.value.is_none() && event.function == Function::Write {
            return Err("a write without value".to_owned());
        }
        return match open.insert(process, (event.function, event.key)) {
            None => Ok(()),
            Some(_) => Err(format!("process {process} has an operation under way")),
        };
    }
    if open.remove(&process) != Some((event.function, event.key)) {
        return Err(format!("process {process} has no such operation under way"));
    }
    if event.moment == Moment::Ok && event.function != Function::Write && saw.is_none() {
        return Err("it was done, but does not say which value it saw".to_owned());
    }
    if event.moment == Moment::Ok && event.function == Function::Update && event.value.is_none() {
        return Err("an update was done, but does not say which value it wrote".to_owned());
    }
    Ok(())
}
