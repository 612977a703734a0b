//! A person at a terminal: says a line, reads what comes back. Speaks any line protocol, rightly or wrongly.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(10);

/// A connection, read line by line.
pub struct LineClient(BufReader<TcpStream>);

impl LineClient {
    /// Connects and reads the greeting.
    pub async fn connect(to: SocketAddr) -> (Self, String) {
        let mut client = Self(BufReader::new(TcpStream::connect(to).await.unwrap()));
        let greeting = client.line().await;
        (client, greeting)
    }

    /// The next line without its end; empty when the server has closed.
    pub async fn line(&mut self) -> String {
        let mut line = Vec::new();
        timeout(PATIENCE, self.0.read_until(b'\n', &mut line)).await.expect("a line within ten seconds").unwrap();
        String::from_utf8_lossy(line.trim_ascii_end()).into_owned()
    }

    /// Sends octets as they are.
    pub async fn raw(&mut self, octets: &[u8]) {
        self.0.write_all(octets).await.unwrap();
    }

    /// Sends a line and reads one back.
    pub async fn ask(&mut self, line: &str) -> String {
        self.raw(format!("{line}\r\n").as_bytes()).await;
        self.line().await
    }

    /// Sends an IMAP command and reads to its tagged answer, literals included.
    pub async fn command(&mut self, tag: &str, command: &str) -> String {
        self.raw(format!("{tag} {command}\r\n").as_bytes()).await;
        self.until(&format!("{tag} ")).await
    }

    /// Everything up to and with the line that begins so.
    pub async fn until(&mut self, start: &str) -> String {
        let mut all = String::new();
        loop {
            let line = self.line().await;
            all.push_str(&line);
            all.push('\n');
            if line.starts_with(start) || line.is_empty() && self.0.buffer().is_empty() {
                return all;
            }
        }
    }
}
