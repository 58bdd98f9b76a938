//! A buffer for canonical bytes that grows seldom and is never cleared. It never holds more than one statement.

use crate::bytes8;

/// A buffer larger than this is given back after the statement that needed it.
const KEPT_BYTES: usize = 4 << 20;

/// Bytes with room behind them, so that a short word is one store of eight.
#[derive(Debug, Default)]
pub(super) struct Canonical {
    bytes: Vec<u8>,
    length: usize,
}

impl Canonical {
    pub(super) fn clear(&mut self) {
        if self.bytes.len() > KEPT_BYTES {
            self.bytes = Vec::new();
        }
        self.length = 0;
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.length
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// The bytes from an offset on.
    #[inline]
    pub(super) fn from(&self, start: usize) -> &[u8] {
        self.as_slice().get(start..).unwrap_or_default()
    }

    #[inline]
    pub(super) fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    /// Makes room for a token of `length` bytes, with all that may stand around it.
    #[inline]
    fn reserve(&mut self, length: usize) {
        if self.length + length + 32 > self.bytes.len() {
            self.grow(length);
        }
    }

    #[cold]
    fn grow(&mut self, length: usize) {
        self.bytes.resize((self.length + length) * 2 + 256, 0);
    }

    #[inline]
    pub(super) fn push_pair(&mut self, pair: [u8; 2]) {
        self.reserve(2);
        if let Some(room) = self.bytes.get_mut(self.length..self.length + 2) {
            room.copy_from_slice(&pair);
            self.length += 2;
        }
    }

    #[inline]
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        let end = self.length + bytes.len();
        if let Some(room) = self.bytes.get_mut(self.length..end) {
            room.copy_from_slice(bytes);
            self.length = end;
        }
    }

    #[inline]
    pub(super) fn push(&mut self, byte: u8) {
        self.extend(&[byte]);
    }

    /// Appends a word of at most seven bytes, which come as a chunk in small letters, and a space.
    #[inline]
    pub(super) fn push_short(&mut self, word: u64, length: usize) {
        self.reserve(8);
        self.store(self.length, word | u64::from(b' ') << (length * 8));
        self.length += length + 1;
    }

    /// Appends `text[start..end]` in small letters and a space.
    #[inline]
    pub(super) fn push_word(&mut self, text: &[u8], start: usize, end: usize) {
        self.reserve(end - start);
        let mut at = start;
        while at < end {
            let chunk = bytes8::lowercase(bytes8::load(text, at));
            self.store(self.length + at - start, chunk);
            at += 8;
        }
        self.length += end - start;
        if let Some(room) = self.bytes.get_mut(self.length) {
            *room = b' ';
        }
        self.length += 1;
    }

    #[inline]
    fn store(&mut self, at: usize, chunk: u64) {
        if let Some(room) = self.bytes.get_mut(at..at + 8) {
            room.copy_from_slice(&chunk.to_le_bytes());
        }
    }
}
