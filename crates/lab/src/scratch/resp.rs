//! A connection to a scratch server in the Redis protocol. It never reads an answer without bound.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Bytes of one answer that are kept; a longer one ends the connection.
const MOST_BYTES: usize = 1 << 28;
/// Elements of one answer, over all its parts.
const MOST_ELEMENTS: usize = 20_000_000;
/// Answers within answers.
const DEEPEST: usize = 32;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    /// A status, or bytes.
    Bytes(Vec<u8>),
    /// The server refuses.
    Error(String),
    /// A number.
    Number(i64),
    /// Nothing.
    Nil,
    /// Several.
    Many(Vec<Self>),
}

impl Reply {
    /// Elements, at least one unless there is nothing.
    pub(super) fn rows(&self) -> u64 {
        match self {
            Self::Many(parts) => parts.len() as u64,
            Self::Nil | Self::Error(_) => 0,
            _ => 1,
        }
    }

    /// The text of a status or bytes.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            _ => None,
        }
    }
}

/// An open connection.
pub(super) struct Client(BufReader<UnixStream>);

impl Client {
    /// Connects to a socket.
    pub(super) fn connect(socket: &Path) -> std::io::Result<Self> {
        UnixStream::connect(socket).map(|stream| Self(BufReader::new(stream)))
    }

    /// Sends a command and waits for its answer for as long as given. After an error the connection is of no more use.
    pub(super) fn ask(&mut self, words: &[Vec<u8>], limit: Duration) -> std::io::Result<Reply> {
        let stream = self.0.get_mut();
        stream.set_read_timeout(Some(limit.max(Duration::from_millis(1))))?;
        stream.set_write_timeout(Some(limit.max(Duration::from_millis(1))))?;
        let mut request = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            request.extend(format!("${}\r\n", word.len()).bytes());
            request.extend(word);
            request.extend(b"\r\n");
        }
        stream.write_all(&request)?;
        let mut room = (MOST_BYTES, MOST_ELEMENTS);
        self.read(0, &mut room)
    }

    fn read(&mut self, depth: usize, room: &mut (usize, usize)) -> std::io::Result<Reply> {
        let line = self.line()?;
        let (kind, rest) = line.split_at_checked(1).ok_or_else(|| strange("an empty line"))?;
        let length = || rest.parse::<i64>().map_err(|_| strange("a number that is none"));
        match kind {
            "+" => Ok(Reply::Bytes(rest.as_bytes().to_vec())),
            "-" => Ok(Reply::Error(rest.to_owned())),
            ":" => Ok(Reply::Number(length()?)),
            "$" => match usize::try_from(length()?) {
                Err(_) => Ok(Reply::Nil),
                Ok(bytes) => self.bytes(bytes, room),
            },
            "*" => match usize::try_from(length()?) {
                Err(_) => Ok(Reply::Nil),
                Ok(_) if depth >= DEEPEST => Err(strange("an answer within too many others")),
                Ok(count) => {
                    room.1 = room.1.checked_sub(count).ok_or_else(|| strange("an answer of too many elements"))?;
                    (0..count).map(|_| self.read(depth + 1, room)).collect::<std::io::Result<_>>().map(Reply::Many)
                }
            },
            _ => Err(strange("an answer of another protocol")),
        }
    }

    fn line(&mut self) -> std::io::Result<String> {
        let mut line = Vec::new();
        (&mut self.0).take(1 << 20).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        Ok(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned())
    }

    fn bytes(&mut self, count: usize, room: &mut (usize, usize)) -> std::io::Result<Reply> {
        room.0 = room.0.checked_sub(count).ok_or_else(|| strange("an answer of too many bytes"))?;
        let mut bytes = vec![0; count + 2];
        self.0.read_exact(&mut bytes)?;
        bytes.truncate(count);
        Ok(Reply::Bytes(bytes))
    }
}

fn strange(what: &str) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, format!("the server sent {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(bytes: &[u8]) -> std::io::Result<Reply> {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        theirs.write_all(bytes).unwrap();
        theirs.shutdown(std::net::Shutdown::Write).unwrap();
        Client(BufReader::new(ours)).ask(&[b"PING".to_vec()], Duration::from_secs(5))
    }

    #[test]
    fn answers_of_every_kind() {
        assert_eq!(answer(b"+OK\r\n").unwrap(), Reply::Bytes(b"OK".to_vec()));
        assert_eq!(answer(b"-ERR no\r\n").unwrap(), Reply::Error("ERR no".to_owned()));
        assert_eq!(answer(b"$-1\r\n").unwrap(), Reply::Nil);
        assert_eq!(answer(b"$2\r\n\r\n\r\n").unwrap(), Reply::Bytes(b"\r\n".to_vec()));
        assert_eq!(answer(b"*2\r\n:7\r\n*0\r\n").unwrap(), Reply::Many(vec![Reply::Number(7), Reply::Many(Vec::new())]));
    }

    #[test]
    fn hostile_answers_end_the_connection() {
        for bytes in [&b""[..], b"\r\n", b"$99999999999999\r\n", b"*9999999999\r\n", b"$5\r\nab", b"%1\r\n", b":x\r\n"] {
            assert!(answer(bytes).is_err(), "{bytes:?}");
        }
        assert!(answer(&b"*1\r\n".repeat(1000)).is_err());
    }
}
