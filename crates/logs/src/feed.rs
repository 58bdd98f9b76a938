//! Blocks of a source, cut where an entry begins, so that each can be read alone. It never holds more than a few of them.

use std::io::Read;

use crate::clock::Clock;
use crate::format::Format;
use crate::open::describe;

/// Bytes of a block.
const BLOCK: usize = 1 << 20;
/// Bytes of a block that holds one entry only: a longer entry is not read.
const LONGEST: usize = 4 << 20;

/// A part of a source.
#[derive(Debug, Default)]
pub struct Block {
    /// Its number, over all sources.
    pub number: u64,
    /// The source's number.
    pub source: usize,
    /// Where it begins in the source.
    pub offset: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// It begins inside of an entry whose beginning was too long.
    pub inside: bool,
}

/// A source from its first byte on.
pub struct Feed {
    /// The source's number.
    pub source: usize,
    /// Its form.
    pub format: Format,
    rest: Box<dyn Read + Send>,
    packing: &'static str,
    carry: Vec<u8>,
    offset: u64,
    inside: bool,
    ended: bool,
    clock: Clock,
    /// What went wrong.
    pub trouble: Option<String>,
}

impl Feed {
    /// A feed of what `head` and then `rest` give.
    pub fn new(source: usize, format: Format, opened: crate::open::Opened, zone_seconds: i32) -> Self {
        let mut carry = opened.head;
        if carry.starts_with(b"\xef\xbb\xbf") {
            carry.drain(..3);
        }
        Self {
            source,
            format,
            rest: opened.rest,
            packing: opened.packing,
            carry,
            offset: 0,
            inside: false,
            ended: opened.trouble.is_some(),
            clock: Clock::new(zone_seconds),
            trouble: opened.trouble,
        }
    }

    /// The next block in the buffer given; `None` when the source has ended. `flush` gives what is there although the next
    /// entry has not begun: a source that grows may go on with the last one.
    pub fn next(&mut self, mut buffer: Vec<u8>, flush: bool) -> Option<Block> {
        buffer.clear();
        std::mem::swap(&mut buffer, &mut self.carry);
        let mut wanted = BLOCK;
        loop {
            let ended = self.fill(&mut buffer, wanted);
            if ended && !flush {
                // What follows may belong to the last entry.
                let Some(cut) = self.format.last_beginning(&buffer, &mut self.clock) else {
                    self.carry = buffer;
                    return None;
                };
                return Some(self.cut(buffer, cut));
            }
            if ended {
                let length = buffer.len();
                return (length > 0).then(|| self.cut(buffer, length));
            }
            if let Some(cut) = self.format.last_beginning(&buffer, &mut self.clock) {
                return Some(self.cut(buffer, cut));
            }
            if buffer.len() >= LONGEST {
                let length = buffer.len();
                let block = self.cut(buffer, length);
                self.inside = true;
                return Some(block);
            }
            wanted = buffer.len() + BLOCK;
        }
    }

    fn cut(&mut self, mut buffer: Vec<u8>, at: usize) -> Block {
        self.carry.clear();
        self.carry.extend_from_slice(&buffer[at..]);
        buffer.truncate(at);
        let block = Block { number: 0, source: self.source, offset: self.offset, inside: std::mem::take(&mut self.inside), bytes: buffer };
        self.offset += block.bytes.len() as u64;
        block
    }

    /// Reads until so many bytes are there; true when the source has ended.
    fn fill(&mut self, buffer: &mut Vec<u8>, wanted: usize) -> bool {
        while buffer.len() < wanted {
            if self.ended {
                return true;
            }
            let missing = (wanted - buffer.len()) as u64;
            match self.rest.by_ref().take(missing).read_to_end(buffer) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => {
                    self.trouble = Some(describe(self.packing, &error));
                    self.ended = true;
                }
            }
        }
        false
    }
}
