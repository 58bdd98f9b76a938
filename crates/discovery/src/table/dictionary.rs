//! Values by code, and codes by value: the interning that turns a column of texts into a column of numbers.
//!
//! Never keeps a value twice, and never the whole of a very long one.

use xxhash_rust::xxh3::xxh3_64;

/// Values longer than this are kept as a prefix, a length and a 256-bit digest: a column of large texts stays small, and
/// two different values have the same digest with probability 2^-256 a pair (BLAKE3).
pub const LONG_VALUE_BYTES: usize = 1024;
const PREFIX_BYTES: usize = 64;
const DIGEST_BYTES: usize = 32;
const STUB_BYTES: usize = PREFIX_BYTES + 8 + DIGEST_BYTES;

/// One value of a dictionary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// The whole value.
    Whole(&'a [u8]),
    /// The beginning of a value that was too long to be kept.
    Long {
        /// Its first bytes.
        prefix: &'a [u8],
        /// Its length in bytes.
        bytes: u64,
    },
}

impl Value<'_> {
    /// The value's length in bytes.
    pub fn bytes(&self) -> u64 {
        match self {
            Value::Whole(bytes) => bytes.len() as u64,
            Value::Long { bytes, .. } => *bytes,
        }
    }

    /// The value for people: bytes that are not UTF-8 are replaced, a long value ends in `…`.
    pub fn to_text(&self) -> String {
        match self {
            Value::Whole(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Value::Long { prefix, bytes } => format!("{}… ({bytes} bytes)", String::from_utf8_lossy(prefix)),
        }
    }
}

/// The different values of a column; a value's code is its place in the order of first appearance.
#[derive(Clone, Debug, Default)]
pub struct Dictionary {
    bytes: Vec<u8>,
    /// Where each value ends in `bytes`.
    ends: Vec<u64>,
    /// Codes of stubs, ascending.
    long: Vec<u32>,
}

impl Dictionary {
    /// The number of values.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The value of a code, if the code has one.
    pub fn value(&self, code: u32) -> Option<Value<'_>> {
        let stored = self.stored(code)?;
        if self.long.binary_search(&code).is_err() {
            return Some(Value::Whole(stored));
        }
        let (prefix, rest) = stored.split_at_checked(PREFIX_BYTES)?;
        let length = rest.first_chunk::<8>()?;
        Some(Value::Long { prefix, bytes: u64::from_le_bytes(*length) })
    }

    /// The bytes that stand for a value: equal values have equal bytes, also between columns.
    pub(crate) fn stored(&self, code: u32) -> Option<&[u8]> {
        let code = code as usize;
        let begin = if code == 0 { 0 } else { *self.ends.get(code - 1)? };
        self.bytes.get(begin as usize..*self.ends.get(code)? as usize)
    }

    /// Whether the code's bytes are a stub, which never equals a whole value.
    pub(crate) fn is_long(&self, code: u32) -> bool {
        self.long.binary_search(&code).is_ok()
    }

    pub(crate) fn memory_bytes(&self) -> u64 {
        (self.bytes.capacity() + 8 * self.ends.capacity() + 4 * self.long.capacity()) as u64
    }

    /// Takes over a value of another dictionary that this one does not have yet.
    pub(crate) fn copy(&mut self, from: &Self, code: u32) -> u32 {
        self.push(from.stored(code).unwrap_or_default(), from.is_long(code))
    }

    fn push(&mut self, stored: &[u8], long: bool) -> u32 {
        let code = self.ends.len() as u32;
        self.bytes.extend_from_slice(stored);
        self.ends.push(self.bytes.len() as u64);
        if long {
            self.long.push(code);
        }
        code
    }
}

/// A dictionary that is being filled. Slots are found by the upper half of a 64-bit hash, so that growing needs no value.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    dictionary: Dictionary,
    /// Upper half: the hash's upper half. Lower half: the code plus one; 0 marks a free slot.
    slots: Vec<u64>,
    /// 32 minus the logarithm of the number of slots.
    shift: u32,
}

/// A value that may be the one looked for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Located {
    begin: u64,
    length: u32,
    /// 0 when there is none.
    code_and_one: u32,
    first: u8,
}

impl Interner {
    /// The hash that [`Self::intern`] wants for a value.
    #[inline]
    pub(crate) fn hash(value: &[u8]) -> u32 {
        let (head, tail) = match (value.first_chunk::<8>(), value.last_chunk::<8>()) {
            (Some(head), Some(tail)) if value.len() <= 16 => (u64::from_le_bytes(*head), u64::from_le_bytes(*tail)),
            (Some(_), _) => return (xxh3_64(value) >> 32) as u32,
            _ => short_words(value),
        };
        // A folded multiplication of both ends, as wyhash does; the length tells apart what overlaps.
        let product = u128::from(head ^ 0x9e37_79b9_7f4a_7c15 ^ value.len() as u64) * u128::from(tail ^ 0xe703_7ed1_a0b4_28db);
        let folded = (product >> 64) as u64 ^ product as u64;
        (folded.wrapping_mul(0x9fb2_1c65_1e98_df25) >> 32) as u32
    }

    /// What the first slot of a hash holds: reading many slots first and comparing later lets the memory work ahead.
    #[inline]
    pub(crate) fn peek(&self, hash: u32) -> u64 {
        self.slots.get((hash >> self.shift) as usize).copied().unwrap_or(0)
    }

    /// Where the value of a peeked slot is, if it may be the one with the hash. Its first byte is read to bring it near.
    #[inline]
    pub(crate) fn locate(&self, hash: u32, peeked: u64) -> Located {
        if (peeked >> 32) as u32 != hash || peeked == 0 {
            return Located::default();
        }
        let code = peeked as u32 - 1;
        let ends = &self.dictionary.ends;
        let begin = if code == 0 { 0 } else { ends.get(code as usize - 1).copied().unwrap_or(0) };
        let end = ends.get(code as usize).copied().unwrap_or(0);
        Located {
            begin,
            length: (end - begin) as u32,
            code_and_one: code + 1,
            first: self.dictionary.bytes.get(begin as usize).copied().unwrap_or(0),
        }
    }

    /// The code of a value, new or known; `located` is what [`Self::locate`] said for the hash at any time before.
    #[inline]
    pub(crate) fn intern(&mut self, value: &[u8], hash: u32, located: Located) -> u32 {
        if located.code_and_one != 0
            && value.len() == located.length as usize
            && value.first().copied().unwrap_or(located.first) == located.first
        {
            let begin = located.begin as usize;
            let code = located.code_and_one - 1;
            let known = self.dictionary.bytes.get(begin..begin + value.len());
            if known.is_some_and(|known| same(known, value)) && !self.may_be_stub(code) {
                return code;
            }
        }
        self.search(value, hash)
    }

    fn may_be_stub(&self, code: u32) -> bool {
        !self.dictionary.long.is_empty() && self.dictionary.is_long(code)
    }

    fn search(&mut self, value: &[u8], hash: u32) -> u32 {
        if value.len() > LONG_VALUE_BYTES {
            let stub = stub(value);
            return self.search_stored(&stub, Self::hash(&stub), true);
        }
        self.search_stored(value, hash, false)
    }

    fn search_stored(&mut self, stored: &[u8], hash: u32, long: bool) -> u32 {
        if self.dictionary.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let mut place = (hash >> self.shift) as usize;
        loop {
            let slot = self.slots[place];
            if slot == 0 {
                let code = self.dictionary.push(stored, long);
                self.slots[place] = u64::from(hash) << 32 | u64::from(code + 1);
                return code;
            }
            let code = slot as u32 - 1;
            if (slot >> 32) as u32 == hash && self.dictionary.stored(code) == Some(stored) && self.may_be_stub(code) == long {
                return code;
            }
            place = (place + 1) & (self.slots.len() - 1);
        }
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(16);
        let old = std::mem::replace(&mut self.slots, vec![0; size]);
        self.shift = 32 - size.trailing_zeros();
        for slot in old.into_iter().filter(|slot| *slot != 0) {
            let mut place = ((slot >> 32) as u32 >> self.shift) as usize;
            while self.slots[place] != 0 {
                place = (place + 1) & (size - 1);
            }
            self.slots[place] = slot;
        }
    }

    pub(crate) fn memory_bytes(&self) -> u64 {
        self.dictionary.memory_bytes() + 8 * self.slots.len() as u64
    }

    pub(crate) fn finish(mut self) -> Dictionary {
        self.slots = Vec::new();
        self.dictionary.bytes.shrink_to_fit();
        self.dictionary.ends.shrink_to_fit();
        self.dictionary
    }
}

/// Two words that hold all bytes of a value of fewer than eight.
#[inline]
fn short_words(value: &[u8]) -> (u64, u64) {
    match (value.first_chunk::<4>(), value.last_chunk::<4>(), value) {
        (Some(head), Some(tail), _) => (u64::from(u32::from_le_bytes(*head)), u64::from(u32::from_le_bytes(*tail))),
        (.., [first, .., last]) => (u64::from(*first), u64::from(value[value.len() / 2]) << 8 | u64::from(*last)),
        (.., [only]) => (u64::from(*only), 0),
        _ => (0, 0),
    }
}

/// Equality of short byte strings without a call.
#[inline]
fn same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    match (left.first_chunk::<8>(), right.first_chunk::<8>(), left.last_chunk::<8>(), right.last_chunk::<8>()) {
        (Some(a), Some(b), Some(c), Some(d)) if left.len() <= 16 => a == b && c == d,
        (None, ..) => short_words(left) == short_words(right),
        _ => left == right,
    }
}

fn stub(value: &[u8]) -> [u8; STUB_BYTES] {
    let mut stub = [0; STUB_BYTES];
    let (prefix, rest) = stub.split_at_mut(PREFIX_BYTES);
    let (length, digest) = rest.split_at_mut(8);
    prefix.copy_from_slice(&value[..PREFIX_BYTES]);
    length.copy_from_slice(&(value.len() as u64).to_le_bytes());
    digest.copy_from_slice(blake3::hash(value).as_bytes());
    stub
}
