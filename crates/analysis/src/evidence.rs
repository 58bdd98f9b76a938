//! The evidence file: records of drills, one JSON object a line, each with the hash of the one before. It finds records
//! that were changed, removed, inserted or moved; it never claims to find a file that was written anew as a whole, for
//! the chain has no key.

use dbwright_model::drill::DrillRecord;
use serde_json::Value;

/// Longest line that is read, bytes.
const LONGEST_LINE: usize = 8 << 20;
/// Most records of a file that are kept, newest of all; older ones are verified and let go.
const MOST_RECORDS: usize = 10_000;

/// A file as it was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chain {
    /// Records up to the first break, oldest first.
    pub records: Vec<DrillRecord>,
    /// Hash of the last record; what the next one names as previous.
    pub last: String,
    /// Bytes of whole lines up to the first break.
    pub length: usize,
    /// Where the chain breaks; none when it holds.
    pub broken: Option<Break>,
    /// Whether the file ends within a line: its writer was interrupted, and the record was never confirmed.
    pub unfinished: bool,
}

/// A line at which a chain breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

impl std::fmt::Display for Break {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "line {}: {}", self.line, self.reason)
    }
}

/// Reads a file's text and verifies its chain.
#[must_use]
pub fn read(text: &str) -> Chain {
    let mut chain = Chain::default();
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let Some(whole) = line.strip_suffix('\n') else {
            chain.unfinished = true;
            break;
        };
        if !whole.trim().is_empty() {
            match verify(whole, &chain.last) {
                Ok(record) => chain.take(record),
                Err(reason) => {
                    chain.broken = Some(Break { line: index + 1, reason });
                    break;
                }
            }
        }
        chain.length += line.len();
    }
    chain
}

impl Chain {
    fn take(&mut self, record: DrillRecord) {
        self.last.clone_from(&record.hash);
        self.records.push(record);
        if self.records.len() > MOST_RECORDS {
            self.records.remove(0);
        }
    }
}

fn verify(line: &str, previous: &str) -> Result<DrillRecord, String> {
    if line.len() > LONGEST_LINE {
        return Err(format!("it is longer than {LONGEST_LINE} bytes"));
    }
    let mut value: Value = serde_json::from_str(line).map_err(|error| format!("it is no JSON: {error}"))?;
    let record: DrillRecord = serde_json::from_value(value.clone()).map_err(|error| format!("it is no record of a drill: {error}"))?;
    if record.previous != previous {
        return Err("it does not follow the record before it: one was removed, inserted or moved".to_owned());
    }
    if let Some(hash) = value.get_mut("hash") {
        *hash = Value::from("");
    }
    if record.hash.is_empty() || hash(&value) != record.hash {
        return Err("its hash does not fit its content: it was changed after it was written".to_owned());
    }
    Ok(record)
}

/// Chains a record to the one before and gives its line, without the newline.
///
/// # Errors
/// Never for records that JSON can hold: numbers that are not finite are refused.
pub fn seal(record: &mut DrillRecord, previous: &str) -> Result<String, serde_json::Error> {
    previous.clone_into(&mut record.previous);
    record.hash.clear();
    // Through the text and back, so that the hash is over the numbers as a reader will see them.
    let value: Value = serde_json::from_str(&serde_json::to_string(record)?)?;
    record.hash = hash(&value);
    serde_json::to_string(record)
}

fn hash(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

/// JSON with sorted keys and no blanks, whatever order the parser keeps.
fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| name.as_str());
            out.push('{');
            for (place, (name, value)) in members.into_iter().enumerate() {
                out.push_str(if place == 0 { "" } else { "," });
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (place, item) in items.iter().enumerate() {
                out.push_str(if place == 0 { "" } else { "," });
                write(item, out);
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use dbwright_model::Timestamp;

    use super::*;

    fn file(count: u64) -> String {
        let (mut text, mut last) = (String::new(), String::new());
        for number in 0..count {
            let mut record = DrillRecord {
                drill: "crash".into(),
                at: Timestamp(1_000_000 * number.cast_signed()),
                recovery_seconds: Some(0.1 + number as f64 / 3.0),
                faults: number,
                ..DrillRecord::default()
            };
            text += &seal(&mut record, &last).unwrap();
            text.push('\n');
            last = record.hash;
        }
        text
    }

    #[test]
    fn a_chain_holds_and_goes_on() {
        let chain = read(&file(50));
        assert_eq!((chain.records.len(), chain.broken, chain.unfinished), (50, None, false));
        assert_eq!(chain.last, chain.records[49].hash);
        assert_eq!(chain.length, file(50).len());
        assert_eq!(read("").records.len(), 0);
    }

    #[test]
    fn changed_removed_inserted_and_moved_lines_are_found() {
        let text = file(5);
        let lines: Vec<&str> = text.lines().collect();
        let broken = |lines: &[&str]| read(&(lines.join("\n") + "\n")).broken.map(|at| at.line);
        let changed = lines[2].replace("\"faults\":2", "\"faults\":3");
        assert_ne!(changed, lines[2]);
        assert_eq!(broken(&[lines[0], lines[1], &changed, lines[3], lines[4]]), Some(3));
        assert_eq!(broken(&[lines[0], lines[2], lines[3]]), Some(2));
        assert_eq!(broken(&[lines[0], lines[1], lines[1], lines[2]]), Some(3));
        assert_eq!(broken(&[lines[1], lines[0]]), Some(1));
        assert_eq!(broken(&[lines[0], "{}"]), Some(2));
        assert_eq!(broken(&[lines[0], "not JSON"]), Some(2));
        assert_eq!(broken(&lines), None);
    }

    #[test]
    fn a_member_that_a_later_version_added_is_hashed_too() {
        let text = file(1);
        let mut value: Value = serde_json::from_str(text.trim()).unwrap();
        value["added_later"] = Value::from(7);
        assert!(read(&format!("{value}\n")).broken.is_some());
        value["hash"] = Value::from("");
        value["hash"] = Value::from(hash(&value));
        assert!(read(&format!("{value}\n")).broken.is_none());
    }

    #[test]
    fn an_unfinished_line_is_no_record() {
        let text = file(3);
        let cut = &text[..text.len() - 10];
        let chain = read(cut);
        assert_eq!((chain.records.len(), chain.broken, chain.unfinished), (2, None, true));
        assert_eq!(&text[..chain.length], text.lines().take(2).map(|line| format!("{line}\n")).collect::<String>());
    }
}
