//! Work on eight bytes of text at once in a register. It never reads outside the text.

const LOW_SEVEN: u64 = repeat(0x7f);
const HIGH_BITS: u64 = repeat(0x80);

const fn repeat(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// The eight bytes from an offset on, the first one lowest; zeros behind the text's end.
#[inline]
pub(crate) fn load(text: &[u8], at: usize) -> u64 {
    match text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => load_tail(text, at),
    }
}

#[cold]
fn load_tail(text: &[u8], at: usize) -> u64 {
    let mut chunk = [0_u8; 8];
    let tail = text.get(at..).unwrap_or_default();
    if let Some(head) = chunk.get_mut(..tail.len()) {
        head.copy_from_slice(tail);
    }
    u64::from_le_bytes(chunk)
}

/// The high bit of each byte whose lower seven bits are from `low` to `high`.
#[inline]
const fn in_range(heptets: u64, low: u8, high: u8) -> u64 {
    (heptets + repeat(0x80 - low)) & !(heptets + repeat(0x7f - high))
}

/// How many bytes at the start can stand within a word: letters, digits, `_`, `$`, and all beyond ASCII.
#[inline]
pub(crate) const fn word_length(chunk: u64) -> usize {
    let heptets = chunk & LOW_SEVEN;
    let letters = in_range(heptets | repeat(0x20), b'a', b'z');
    let digits = in_range(heptets, b'0', b'9');
    let signs = in_range(heptets, b'_', b'_') | in_range(heptets, b'$', b'$');
    let outside = !(letters | digits | signs | chunk) & HIGH_BITS;
    (outside.trailing_zeros() / 8) as usize
}

/// The place of the first byte of a value that is not zero, or 8.
#[inline]
pub(crate) const fn find(chunk: u64, byte: u8) -> usize {
    let difference = chunk ^ repeat(byte);
    let zeros = difference.wrapping_sub(repeat(1)) & !difference & HIGH_BITS;
    (zeros.trailing_zeros() / 8) as usize
}

/// The bytes with ASCII capitals made small.
#[inline]
pub(crate) const fn lowercase(chunk: u64) -> u64 {
    let capitals = in_range(chunk & LOW_SEVEN, b'A', b'Z') & !chunk & HIGH_BITS;
    chunk | (capitals >> 2)
}

/// The first `length` bytes of a chunk, zeros behind them. A length of eight or more keeps all.
#[inline]
pub(crate) const fn first(chunk: u64, length: usize) -> u64 {
    if length >= 8 { chunk } else { chunk & ((1 << (length * 8)) - 1) }
}

/// A word of at most eight bytes as a chunk, for comparison with [`first`].
pub(crate) const fn key(word: &[u8]) -> u64 {
    let mut chunk = 0;
    let mut index = word.len();
    while index > 0 {
        index -= 1;
        chunk = chunk << 8 | word[index] as u64;
    }
    chunk
}

/// The first eight bytes of a word of any length, for tables.
pub(crate) const fn first_key(word: &[u8]) -> u64 {
    let head = if word.len() > 8 { word.split_at(8).0 } else { word };
    key(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_single_bytes() {
        for byte in 0..=u8::MAX {
            for position in 0..8 {
                let mut bytes = *b"aB3_$z\xc3Q";
                bytes[position] = byte;
                let chunk = load(&bytes, 0);
                let expected =
                    bytes.iter().position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..))).unwrap_or(8);
                assert_eq!(word_length(chunk), expected, "{bytes:?}");
                assert_eq!(lowercase(chunk).to_le_bytes().to_vec(), bytes.to_ascii_lowercase());
            }
        }
    }

    #[test]
    fn finds_the_first() {
        for length in 0..8 {
            let mut bytes = *b"'xxxxxxx";
            bytes.rotate_right(length);
            assert_eq!(find(load(&bytes, 0), b'\''), length);
        }
        assert_eq!(find(load(b"abc", 0), b'\''), 8);
        assert_eq!(find(load(b"\x27\x26\x27", 1), b'\''), 1);
    }

    #[test]
    fn ends_are_zeros() {
        assert_eq!(load(b"abc", 1), key(b"bc"));
        assert_eq!(load(b"abc", 9), 0);
        assert_eq!(first(load(b"selected", 0), 6), key(b"select"));
        assert_eq!(first(load(b"selected", 0), 8), key(b"selected"));
    }
}
