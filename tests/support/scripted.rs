//! A server that plays what a test wrote down, rightly or wrongly, to each who connects.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
    task::JoinHandle,
};

/// Anything that can be read and written.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// The server's side of one connection.
pub struct Line {
    stream: BufReader<Box<dyn Duplex>>,
    ended: bool,
}

impl Line {
    /// Speaks over this from now on.
    pub fn over(stream: impl Duplex + 'static) -> Self {
        Self { stream: BufReader::new(Box::new(stream)), ended: false }
    }

    /// The stream itself, to go on in another way.
    pub fn into_stream(self) -> Box<dyn Duplex> {
        self.stream.into_inner()
    }

    /// Says octets as they are; a client that has gone does not matter.
    pub async fn say(&mut self, octets: impl AsRef<[u8]>) {
        self.stream.write_all(octets.as_ref()).await.ok();
        self.stream.flush().await.ok();
    }

    /// The next line without its end; empty when the client has gone.
    pub async fn hear(&mut self) -> String {
        let mut line = Vec::new();
        self.ended = !self.stream.read_until(b'\n', &mut line).await.is_ok_and(|many| many > 0);
        String::from_utf8_lossy(line.trim_ascii_end()).into_owned()
    }

    /// Hears lines until one begins so, or the client has gone; that one.
    pub async fn hear_until(&mut self, start: &str) -> String {
        loop {
            let line = self.hear().await;
            if line.starts_with(start) || self.ended {
                return line;
            }
        }
    }

    /// Hears an IMAP command and says whatever lines, with its tag for each `TAG`.
    pub async fn answer(&mut self, lines: &str) -> String {
        let command = self.hear().await;
        let tag = command.split(' ').next().unwrap_or_default().to_owned();
        self.say(lines.replace("TAG", &tag)).await;
        command
    }

    /// Reads until the client gives up.
    pub async fn be_silent(&mut self) {
        let mut some = [0; 4096];
        while self.stream.read(&mut some).await.is_ok_and(|many| many > 0) {}
    }
}

/// A listening server; ends when it is dropped.
pub struct Scripted {
    /// Where it listens.
    pub addr: SocketAddr,
    task: JoinHandle<()>,
}

impl Scripted {
    /// Plays `script` to every connection.
    pub async fn play<F: Future<Output = ()> + Send + 'static>(script: impl Fn(Line) -> F + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(script(Line::over(stream)));
            }
        });
        Self { addr, task }
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// As long as a test waits for anything.
pub const PATIENCE: Duration = Duration::from_secs(20);
