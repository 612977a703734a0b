//! Asking for TLS in words (RFC 3501 §6.2.1, RFC 3207), and believing nothing that was said before it.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{ConnectError, Protocol};
use crate::desk::mailbox::MailServer;

/// Everything a server may say before TLS.
const MOST_OCTETS: usize = 64 * 1024;

/// The same stream, at the very octet where the handshake begins.
pub(super) async fn ask(server: &MailServer, protocol: Protocol, tcp: TcpStream) -> Result<TcpStream, ConnectError> {
    let mut talk = Talk { server, tcp, heard: Vec::new(), read: 0 };
    match protocol {
        Protocol::Imap => talk.imap().await?,
        Protocol::Smtp => talk.smtp().await?,
        Protocol::Http => return Err(talk.refused("HTTP has no STARTTLS")),
    }
    if talk.read < talk.heard.len() {
        // Somebody put plain words behind the answer, to be taken for protected ones (CVE-2011-0411).
        return Err(talk.refused("it spoke on in plain words after it had agreed to TLS"));
    }
    Ok(talk.tcp)
}

struct Talk<'a> {
    server: &'a MailServer,
    tcp: TcpStream,
    heard: Vec<u8>,
    read: usize,
}

impl Talk<'_> {
    async fn imap(&mut self) -> Result<(), ConnectError> {
        let greeting = self.line().await?;
        // PREAUTH would have us begin signed in, on a connection that anybody can have forged.
        if !starts_with(&greeting, "* OK") {
            return Err(self.refused(&greeting));
        }
        self.say("t1 CAPABILITY").await?;
        let mut offered = false;
        loop {
            let line = self.line().await?;
            if starts_with(&line, "* CAPABILITY") {
                offered |= line.split_whitespace().any(|it| it.eq_ignore_ascii_case("STARTTLS"));
            } else if starts_with(&line, "* BYE") {
                return Err(self.refused(&line));
            } else if starts_with(&line, "t1 ") {
                break;
            }
        }
        self.must_be(offered)?;
        self.say("t2 STARTTLS").await?;
        loop {
            let line = self.line().await?;
            if starts_with(&line, "t2 OK") {
                return Ok(());
            }
            if starts_with(&line, "t2 ") || starts_with(&line, "* BYE") {
                return Err(self.refused(&line));
            }
        }
    }

    async fn smtp(&mut self) -> Result<(), ConnectError> {
        self.reply("220").await?;
        self.say("EHLO localhost").await?;
        let offers = self.reply("250").await?;
        self.must_be(offers.iter().any(|it| it.get(4..).is_some_and(|it| it.trim().eq_ignore_ascii_case("STARTTLS"))))?;
        self.say("STARTTLS").await?;
        self.reply("220").await.map(|_| ())
    }

    /// The lines of an SMTP reply, which must have this code.
    async fn reply(&mut self, code: &str) -> Result<Vec<String>, ConnectError> {
        let mut lines = Vec::new();
        loop {
            let line = self.line().await?;
            if !line.starts_with(code) {
                return Err(self.refused(&line));
            }
            let last = line.as_bytes().get(3) != Some(&b'-');
            lines.push(line);
            if last {
                return Ok(lines);
            }
        }
    }

    async fn line(&mut self) -> Result<String, ConnectError> {
        loop {
            let waiting = &self.heard[self.read..];
            if let Some(end) = waiting.iter().position(|it| *it == b'\n') {
                let line = String::from_utf8_lossy(waiting[..end].trim_ascii_end()).into_owned();
                self.read += end + 1;
                return Ok(line);
            }
            if self.heard.len() > MOST_OCTETS {
                return Err(self.refused("it talks without end"));
            }
            let mut some = [0; 4096];
            match self.tcp.read(&mut some).await {
                Ok(0) => return Err(self.refused("it closed the connection")),
                Ok(many) => self.heard.extend_from_slice(&some[..many]),
                Err(why) => return Err(ConnectError::Unreachable { server: self.server.to_string(), why }),
            }
        }
    }

    async fn say(&mut self, line: &str) -> Result<(), ConnectError> {
        let said = self.tcp.write_all(format!("{line}\r\n").as_bytes()).await;
        said.map_err(|why| ConnectError::Unreachable { server: self.server.to_string(), why })
    }

    fn must_be(&self, offered: bool) -> Result<(), ConnectError> {
        if offered { Ok(()) } else { Err(ConnectError::NoStartTls { server: self.server.to_string() }) }
    }

    fn refused(&self, words: &str) -> ConnectError {
        ConnectError::Refused { server: self.server.to_string(), words: super::super::bounded::words(words) }
    }
}

fn starts_with(line: &str, start: &str) -> bool {
    line.get(..start.len()).is_some_and(|it| it.eq_ignore_ascii_case(start))
}
