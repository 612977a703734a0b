//! SMTP: a reply has an end (lettre reads a line until there is one), and we know whether the message was handed over.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::super::tls::{Link, Socket};

/// Octets of one reply; a reply line has 512 (RFC 5321 §4.5.3.1.5), and an EHLO reply some dozen lines.
const MOST_OCTETS: usize = 64 * 1024;
/// How lettre ends a message: in a write of its own.
const FINAL_DOT: &[u8] = b"\r\n.\r\n";

/// Whether the dot that ends a message has begun to leave: from then on the message may be the server's.
#[derive(Clone, Debug, Default)]
pub(in crate::mail) struct FinalDot(Arc<AtomicBool>);

impl FinalDot {
    pub(in crate::mail) fn has_left(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    pub(in crate::mail) fn forget(&self) {
        self.0.store(false, Ordering::Release);
    }
}

/// A stream on which no reply is longer than it may be.
#[derive(Debug)]
pub(in crate::mail) struct ReplyBound {
    stream: Box<dyn Socket>,
    peer: SocketAddr,
    /// Read before anything of the stream: the greeting that a server does not repeat after STARTTLS.
    first: &'static [u8],
    heard: usize,
    dot: FinalDot,
}

impl ReplyBound {
    pub(in crate::mail) fn new(link: Link) -> Self {
        let first: &[u8] = if link.greeted { b"220 greeted before TLS\r\n" } else { b"" };
        Self { stream: link.stream, peer: link.peer, first, heard: 0, dot: FinalDot::default() }
    }

    pub(in crate::mail) fn dot(&self) -> FinalDot {
        self.dot.clone()
    }
}

impl AsyncTokioStream for ReplyBound {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

impl AsyncRead for ReplyBound {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.first.is_empty() {
            let many = self.first.len().min(buf.remaining());
            buf.put_slice(&self.first[..many]);
            self.first = &self.first[many..];
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.heard += buf.filled().len() - before;
        if self.heard > MOST_OCTETS {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "the server’s reply has no end")));
        }
        read
    }
}

impl AsyncWrite for ReplyBound {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.heard = 0;
        if buf == FINAL_DOT {
            self.dot.0.store(true, Ordering::Release);
        }
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        if buf == FINAL_DOT && written.is_ready() {
            fail_point!("smtp-dot");
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
