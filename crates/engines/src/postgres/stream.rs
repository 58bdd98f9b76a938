//! The byte stream to a server: TCP or a socket of this machine, watched while logging in.
//! It never lets a password go out in a form that a listener on a network could use.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::settings::Address;

/// Said when the server wants the password in clear text or as MD5 over an unencrypted network.
pub(super) const REFUSED: &str = "the server asked for the password in a form that a listener on the network could use";

/// Both directions of a connection.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A connection, perhaps watched.
pub(super) struct Stream {
    inner: Box<dyn Duplex>,
    watch: Option<Watch>,
}

impl Stream {
    /// Connects within a time limit; `watched` when nothing will encrypt the way over a network.
    pub async fn dial(address: &Address, limit: Duration, watched: bool) -> io::Result<Self> {
        let inner: Box<dyn Duplex> = tokio::time::timeout(limit, open(address))
            .await
            .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", limit.as_secs_f64())))??;
        Ok(Self { inner, watch: watched.then(Watch::default) })
    }
}

async fn open(address: &Address) -> io::Result<Box<dyn Duplex>> {
    #[cfg(unix)]
    if let Some(path) = address.socket() {
        return Ok(Box::new(tokio::net::UnixStream::connect(path).await?));
    }
    let stream = tokio::net::TcpStream::connect((address.dial.as_deref().unwrap_or(&address.host), address.port)).await?;
    stream.set_nodelay(true)?;
    Ok(Box::new(stream))
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let this = &mut *self;
        let outcome = Pin::new(&mut this.inner).poll_read(context, buffer);
        if let (Poll::Ready(Ok(())), Some(watch)) = (&outcome, &mut this.watch) {
            match watch.see(&buffer.filled()[before..]) {
                Seen::More => {}
                Seen::Done => this.watch = None,
                Seen::Weak => return Poll::Ready(Err(io::Error::new(io::ErrorKind::PermissionDenied, REFUSED))),
            }
        }
        outcome
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

/// Follows the server's messages until it has accepted or refused us. Message form: a type byte, then a length of four
/// bytes that counts itself, then the body (PostgreSQL manual, "Message Formats").
#[derive(Default)]
struct Watch {
    head: Vec<u8>,
    skip: usize,
}

#[derive(Debug, PartialEq, Eq)]
enum Seen {
    More,
    Done,
    Weak,
}

impl Watch {
    const AUTHENTICATION: u8 = b'R';
    const CLEAR_TEXT: u32 = 3;
    const MD5: u32 = 5;

    fn see(&mut self, bytes: &[u8]) -> Seen {
        for byte in bytes {
            if self.skip > 0 {
                self.skip -= 1;
                continue;
            }
            self.head.push(*byte);
            if self.head.first().is_some_and(|kind| !matches!(*kind, Self::AUTHENTICATION | b'v' | b'N')) {
                return Seen::Done;
            }
            let number = |at: usize| self.head.get(at..at + 4).and_then(|four| <[u8; 4]>::try_from(four).ok()).map(u32::from_be_bytes);
            let (Some(length), Some(code)) = (number(1), number(5)) else { continue };
            let authentication = self.head[0] == Self::AUTHENTICATION;
            match code {
                0 if authentication => return Seen::Done,
                Self::CLEAR_TEXT | Self::MD5 if authentication => return Seen::Weak,
                _ => {}
            }
            self.skip = (length as usize).saturating_sub(8);
            self.head.clear();
        }
        Seen::More
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, code: u32, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(8 + body.len()).unwrap();
        [&[kind][..], &length.to_be_bytes(), &code.to_be_bytes(), body].concat()
    }

    #[test]
    fn refuses_clear_text_and_md5_however_the_bytes_arrive() {
        for code in [3, 5] {
            let bytes = [message(b'v', 196_608, b"abcd"), message(b'R', code, b"salt")].concat();
            let mut watch = Watch::default();
            assert!(bytes.iter().map(|byte| watch.see(&[*byte])).any(|seen| seen == Seen::Weak), "byte by byte, {code}");
            assert_eq!(Watch::default().see(&bytes), Seen::Weak, "at once, {code}");
        }
    }

    #[test]
    fn lets_scram_and_errors_pass() {
        let mut watch = Watch::default();
        assert_eq!(watch.see(&message(b'R', 10, b"SCRAM-SHA-256\0\0")), Seen::More);
        assert_eq!(watch.see(&message(b'R', 11, b"r=abc")), Seen::More);
        assert_eq!(watch.see(&message(b'R', 0, b"")), Seen::Done);
        assert_eq!(Watch::default().see(b"E\0\0\0\x05x"), Seen::Done);
    }
}
