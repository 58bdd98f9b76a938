//! A file of a project with its text, and places in it. It never changes the file.

use std::path::Path;

use crate::error::{LabError, LabErrorKind, Place};

/// Longest file that is read, bytes.
const MOST_BYTES: u64 = 1 << 30;

/// A text file of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Path relative to the project directory, with `/`.
    pub name: String,
    /// Its text; parts that must not run are blanked, so that places stay.
    pub text: String,
}

impl SourceFile {
    /// A file of this name and text.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// Reads a file below a directory.
    ///
    /// # Errors
    /// When it can't be read, is too long, or is no UTF-8 text: with the line of the first wrong byte.
    pub fn read(directory: &Path, path: &Path) -> Result<Self, LabError> {
        let name = relative(directory, path);
        let failed = |what: String| LabError::new(LabErrorKind::File, format!("reading {name}: {what}"));
        let length = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
        if length > MOST_BYTES {
            return Err(failed(format!("it has {length} bytes, more than the {MOST_BYTES} that are taken")));
        }
        let bytes = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self { name, text }),
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                let file = Self { name, text };
                Err(LabError::new(LabErrorKind::Source, "the file is no UTF-8 text").at(file.place(valid)).hint("Save it as UTF-8."))
            }
        }
    }

    /// The place of a byte offset.
    #[must_use]
    pub fn place(&self, offset: usize) -> Place {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let (before, after) = self.text.split_at(offset);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = after.find('\n').map_or(self.text.len(), |newline| offset + newline);
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Place {
            file: self.name.clone(),
            line: number(before.bytes().filter(|byte| *byte == b'\n').count() + 1),
            column: number(before[line_start..].chars().count() + 1),
            source_line: self.text[line_start..line_end].trim_end_matches('\r').to_owned(),
        }
    }

    /// The offset of a part of this very text.
    #[must_use]
    pub fn offset_of(&self, part: &str) -> Option<usize> {
        let offset = (part.as_ptr() as usize).checked_sub(self.text.as_ptr() as usize)?;
        (offset + part.len() <= self.text.len()).then_some(offset)
    }
}

/// A path below a directory, with `/`.
pub(super) fn relative(directory: &Path, path: &Path) -> String {
    let inner = path.strip_prefix(directory).unwrap_or(path);
    inner.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// The text with everything but line ends in a range turned to blanks.
pub(super) fn blank(text: &str, range: std::ops::Range<usize>) -> String {
    let mut result = String::with_capacity(text.len());
    result.push_str(text.get(..range.start).unwrap_or_default());
    result.extend(text.get(range.clone()).unwrap_or_default().chars().map(|letter| if letter == '\n' { '\n' } else { ' ' }));
    result.push_str(text.get(range.end..).unwrap_or_default());
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_and_lines() {
        let file = SourceFile::new("a.sql", "äö\r\nx é;\n");
        let place = file.place(file.text.find(';').unwrap());
        assert_eq!((place.line, place.column, place.source_line.as_str()), (2, 4, "x é;"));
        assert_eq!(file.place(0).source_line, "äö");
        assert_eq!(file.place(9999).line, 3);
        assert_eq!(file.offset_of(&file.text[2..4]), Some(2));
        assert_eq!(file.offset_of("x"), None);
    }
}
