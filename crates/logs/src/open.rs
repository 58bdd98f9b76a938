//! Opening sources: plain, packed with gzip, zstd, bzip2 or xz, told by their first bytes and not by their names. It never
//! reads a source whole.

use std::fs::File;
use std::io::{self, BufReader, Read};

use crate::place::Place;

/// Bytes of which the form of a source is told.
pub const HEAD: usize = 256 << 10;

/// A source that is being read: its first bytes, and the rest.
pub struct Opened {
    /// The first bytes, unpacked: at most [`HEAD`], fewer only when the source is shorter.
    pub head: Vec<u8>,
    /// What follows.
    pub rest: Box<dyn Read + Send>,
    /// How it is packed; empty when it is not.
    pub packing: &'static str,
    /// What went wrong while the head was read.
    pub trouble: Option<String>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Opened").field("head", &self.head.len()).field("packing", &self.packing).finish_non_exhaustive()
    }
}

/// Opens a place and reads its head.
///
/// # Errors
/// When it can't be opened, or nothing at all can be read for an error.
pub fn open(place: &Place) -> io::Result<Opened> {
    match place {
        Place::Standard => from_reader(Box::new(io::stdin())),
        Place::File(path) => {
            if path.is_dir() {
                return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory"));
            }
            from_reader(Box::new(File::open(path)?))
        }
    }
}

/// Unpacks what a reader gives, and reads the head.
///
/// # Errors
/// When nothing at all can be read for an error.
pub fn from_reader(mut raw: Box<dyn Read + Send>) -> io::Result<Opened> {
    let mut magic = Vec::new();
    raw.by_ref().take(6).read_to_end(&mut magic)?;
    let all: Box<dyn Read + Send> = Box::new(io::Cursor::new(magic.clone()).chain(raw));
    let (packing, mut rest): (&str, Box<dyn Read + Send>) = match magic[..] {
        [0x1f, 0x8b, ..] => ("gzip", Box::new(flate2::bufread::MultiGzDecoder::new(BufReader::with_capacity(128 << 10, all)))),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => ("zstd", Box::new(Zstd { source: Some(BufReader::with_capacity(128 << 10, all)), frame: None })),
        [b'B', b'Z', b'h', ..] => ("bzip2", Box::new(bzip2::read::MultiBzDecoder::new(BufReader::with_capacity(128 << 10, all)))),
        [0xfd, b'7', b'z', b'X', b'Z', 0] => {
            ("xz", Box::new(liblzma::bufread::XzDecoder::new_multi_decoder(BufReader::with_capacity(128 << 10, all))))
        }
        _ => ("", all),
    };
    let mut head = Vec::new();
    let trouble = rest.by_ref().take(HEAD as u64).read_to_end(&mut head).err();
    match trouble {
        Some(error) if head.is_empty() => Err(error),
        trouble => Ok(Opened { head, rest, packing, trouble: trouble.map(|error| describe(packing, &error)) }),
    }
}

/// A reader's error as a sentence.
#[must_use]
pub fn describe(packing: &str, error: &io::Error) -> String {
    match (packing, error.kind()) {
        ("", _) => format!("Reading stopped: {error}."),
        (packing, io::ErrorKind::UnexpectedEof) => format!("The {packing} data are cut short; what came before was read."),
        (packing, _) => format!("The {packing} data are damaged ({error}); what came before was read."),
    }
}

type Source = BufReader<Box<dyn Read + Send>>;

/// Frames of zstd one after the other: a decoder of one frame ends with it.
struct Zstd {
    source: Option<Source>,
    frame: Option<ruzstd::decoding::StreamingDecoder<Source, ruzstd::decoding::FrameDecoder>>,
}

impl Read for Zstd {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(frame) = &mut self.frame {
                let count = frame.read(buffer)?;
                if count > 0 || buffer.is_empty() {
                    return Ok(count);
                }
                self.source = self.frame.take().map(ruzstd::decoding::StreamingDecoder::into_inner);
            }
            let Some(mut source) = self.source.take() else { return Ok(0) };
            if io::BufRead::fill_buf(&mut source)?.is_empty() {
                return Ok(0);
            }
            let frame = ruzstd::decoding::StreamingDecoder::new(source);
            self.frame = Some(frame.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn all(bytes: Vec<u8>) -> (Vec<u8>, &'static str, Option<String>) {
        let mut opened = from_reader(Box::new(io::Cursor::new(bytes))).unwrap();
        let mut whole = opened.head;
        let error = opened.rest.read_to_end(&mut whole).err();
        (whole, opened.packing, opened.trouble.or(error.map(|error| describe(opened.packing, &error))))
    }

    fn text() -> Vec<u8> {
        (0..60_000).flat_map(|number| format!("line {number}\n").into_bytes()).collect()
    }

    #[test]
    fn unpacks_by_the_first_bytes() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&text()).unwrap();
        let gzip = gzip.finish().unwrap();
        assert_eq!(all([gzip.clone(), gzip.clone()].concat()).0.len(), 2 * text().len(), "members follow each other");
        let (part, packing, trouble) = all(gzip[..gzip.len() / 2].to_vec());
        assert_eq!(packing, "gzip");
        assert!(text().starts_with(&part) && part.len() > 1000);
        assert!(trouble.unwrap().contains("cut short"));
        let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        bzip2.write_all(&text()).unwrap();
        assert_eq!(all(bzip2.finish().unwrap()), (text(), "bzip2", None));
        let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
        xz.write_all(&text()).unwrap();
        assert_eq!(all(xz.finish().unwrap()), (text(), "xz", None));
        let zstd = ruzstd::encoding::compress_to_vec(&text()[..], ruzstd::encoding::CompressionLevel::Fastest);
        assert_eq!(all([zstd.clone(), zstd].concat()), ([text(), text()].concat(), "zstd", None));
        assert_eq!(all(text()), (text(), "", None));
    }
}
