//! The lines of a client, and the octets of its messages: bounded, and each with a time limit.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader, BufWriter},
    time::{Instant, timeout, timeout_at},
};

/// Octets of a command, its end with it: RFC 5321 §4.5.3.1.4 asks for 512, and its extensions for some more.
const LONGEST_COMMAND: usize = 4096;
/// A client that goes on for so long without a line's end is no client.
const MOST_OF_A_LINE: usize = 64 * 1024;

/// A line of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A line, without its end.
    Line(Vec<u8>),
    /// One that is longer than a command can be; it was passed over.
    TooLong,
    /// One that ends with LF alone.
    BareLineEnd,
}

/// The octets of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Octets {
    /// All of them, dots taken off, with the end of the last line.
    Whole(Vec<u8>),
    /// More than may be; they were passed over.
    TooLarge,
}

/// Why nothing more is to be heard.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// The client is gone.
    #[error("the client is gone")]
    Gone,
    /// It was silent, or dripped, for too long.
    #[error("the client was silent for too long")]
    TooSlow,
    /// It says something endless.
    #[error("the client sends a line without end")]
    Endless,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broke(io::Error),
}

impl From<io::Error> for Ended {
    fn from(why: io::Error) -> Self {
        Self::Broke(why)
    }
}

/// A connection to a client.
#[derive(Debug)]
pub struct Wire<S> {
    stream: BufReader<BufWriter<S>>,
    /// For each thing that is waited for.
    limit: Duration,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// On a connection; each line and each piece of a message must come within `limit`.
    pub fn new(stream: S, limit: Duration) -> Self {
        Self { stream: BufReader::with_capacity(32 * 1024, BufWriter::new(stream)), limit }
    }

    /// Says lines, each with its end. They leave with the next wait: answers to commands that came together go together.
    ///
    /// # Errors
    /// [`Ended`].
    pub async fn say(&mut self, lines: &str) -> Result<(), Ended> {
        let said = async {
            self.stream.write_all(lines.as_bytes()).await?;
            self.stream.write_all(b"\r\n").await
        };
        Ok(timeout(self.limit, said).await.map_err(|_| Ended::TooSlow)??)
    }

    /// Sends what was said.
    ///
    /// # Errors
    /// [`Ended`].
    pub async fn flush(&mut self) -> Result<(), Ended> {
        Ok(timeout(self.limit, self.stream.flush()).await.map_err(|_| Ended::TooSlow)??)
    }

    /// More octets, not empty; what was said has left before they are waited for.
    async fn fill(&mut self, until: Instant) -> Result<&[u8], Ended> {
        if self.stream.buffer().is_empty() {
            self.flush().await?;
        }
        let read = timeout_at(until, self.stream.fill_buf()).await.map_err(|_| Ended::TooSlow)??;
        if read.is_empty() { Err(Ended::Gone) } else { Ok(read) }
    }

    /// The next line.
    ///
    /// # Errors
    /// [`Ended`].
    pub async fn line(&mut self) -> Result<Heard, Ended> {
        let until = Instant::now() + self.limit;
        let (mut line, mut length) = (Vec::new(), 0_usize);
        loop {
            let read = self.fill(until).await?;
            let end = read.iter().position(|it| *it == b'\n').map(|at| at + 1);
            let taken = end.unwrap_or(read.len());
            length += taken;
            if length <= LONGEST_COMMAND {
                line.extend_from_slice(&read[..taken]);
            }
            self.stream.consume(taken);
            if length > MOST_OF_A_LINE {
                return Err(Ended::Endless);
            }
            if end.is_some() {
                return Ok(match line.strip_suffix(b"\r\n") {
                    _ if length > LONGEST_COMMAND => Heard::TooLong,
                    Some(line) => Heard::Line(line.to_vec()),
                    None => Heard::BareLineEnd,
                });
            }
        }
    }

    /// The octets of a message up to CR LF . CR LF; at most `most` are kept. All of it must come within `whole`.
    ///
    /// # Errors
    /// [`Ended`].
    pub async fn octets(&mut self, most: u64, whole: Duration) -> Result<Octets, Ended> {
        let (limit, last) = (self.limit, Instant::now() + whole);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let (mut place, mut octets, mut large) = (Within::LineStart, Vec::new(), false);
        loop {
            let read = self.fill(last.min(Instant::now() + limit)).await?;
            let mut taken = 0;
            for byte in read {
                taken += 1;
                place = place.next(*byte, &mut octets);
                if place == Within::Over {
                    break;
                }
            }
            self.stream.consume(taken);
            if octets.len() > most {
                large = true;
            }
            if large {
                octets = Vec::new();
            }
            if place == Within::Over {
                return Ok(if large { Octets::TooLarge } else { Octets::Whole(octets) });
            }
        }
    }
}

/// Where in a message a reader stands (RFC 5321 §4.5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    /// Behind CR LF.
    LineStart,
    /// Behind a dot there, which is not the message's.
    Dot,
    /// Behind a dot there and CR.
    DotCr,
    /// Behind CR.
    Cr,
    /// Anywhere else.
    Line,
    /// At the end.
    Over,
}

impl Within {
    fn next(self, byte: u8, octets: &mut Vec<u8>) -> Self {
        match (self, byte) {
            (Self::LineStart, b'.') => return Self::Dot,
            (Self::Dot, b'\r') => return Self::DotCr,
            (Self::DotCr, b'\n') => return Self::Over,
            // The dot of `.CR x` was stuffed; the CR is the message's.
            (Self::DotCr, _) => octets.push(b'\r'),
            (Self::LineStart | Self::Dot | Self::Cr | Self::Line | Self::Over, _) => {}
        }
        octets.push(byte);
        match (self, byte) {
            (Self::Cr, b'\n') => Self::LineStart,
            (_, b'\r') => Self::Cr,
            _ => Self::Line,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(sent: &[u8], most: u64) -> Result<Octets, Ended> {
        let (mut client, server) = tokio::io::duplex(7);
        let mut wire = Wire::new(server, Duration::from_secs(5));
        let sending = async {
            client.write_all(sent).await.ok();
            client.shutdown().await.ok();
        };
        tokio::join!(wire.octets(most, Duration::from_secs(5)), sending).0
    }

    #[tokio::test]
    async fn only_cr_lf_dot_cr_lf_ends_a_message() {
        for (sent, octets) in [
            (&b"a\r\n.\r\n"[..], &b"a\r\n"[..]),
            (b".\r\n", b""),
            (b"..a\r\n.\r\n", b".a\r\n"),
            (b".a\r\n.\r\n", b"a\r\n"),
            (b"a\n.\nb\r\n.\r\n", b"a\n.\nb\r\n"),
            (b"a\n.\r\nb\r\n.\r\n", b"a\n.\r\nb\r\n"),
            (b"a\r\n.\nb\r\n.\r\n", b"a\r\n\nb\r\n"),
            (b"a\r.\r\nb\r\n.\r\n", b"a\r.\r\nb\r\n"),
            (b"a\r\n.\rb\r\n.\r\n", b"a\r\n\rb\r\n"),
            (b"a\r\r\n.\r\n", b"a\r\r\n"),
            (b"a\r\n.\r\r\n.\r\n", b"a\r\n\r\r\n"),
        ] {
            assert_eq!(read(sent, 100).await.unwrap(), Octets::Whole(octets.to_vec()), "{:?}", String::from_utf8_lossy(sent));
        }
        assert!(matches!(read(b"a\r\n.\n", 100).await, Err(Ended::Gone)));
    }

    #[tokio::test]
    async fn what_is_too_large_is_passed_over_to_its_end() {
        let large = [b"x".repeat(50_000), b"\r\n.\r\n".to_vec()].concat();
        assert_eq!(read(&large, 10_000).await.unwrap(), Octets::TooLarge);
        assert!(matches!(read(&large, 50_002).await.unwrap(), Octets::Whole(_)));
    }

    #[tokio::test]
    async fn lines_end_with_cr_lf_and_have_a_bound() {
        let (mut client, server) = tokio::io::duplex(1 << 20);
        let mut wire = Wire::new(server, Duration::from_secs(5));
        client.write_all(b"NOOP\r\nQUIT\nx\r\r\n").await.unwrap();
        client.write_all(&[b"y".repeat(5_000), b"\r\n".to_vec(), b"z".repeat(70_000)].concat()).await.unwrap();
        assert_eq!(wire.line().await.unwrap(), Heard::Line(b"NOOP".to_vec()));
        assert_eq!(wire.line().await.unwrap(), Heard::BareLineEnd);
        assert_eq!(wire.line().await.unwrap(), Heard::Line(b"x\r".to_vec()));
        assert_eq!(wire.line().await.unwrap(), Heard::TooLong);
        assert!(matches!(wire.line().await, Err(Ended::Endless)));
    }
}
