//! The world's SMTP server (RFC 5321): takes submission and delivery alike, and is strict about line ends.
//!
//! Written by hand, because mailin knows no null return path, no SIZE and no AUTH that may be left out.

mod command;
mod report;

use std::io;

use data_encoding::BASE64;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use self::command::{Command, Mechanism, Path};
use super::{
    faults::Shared,
    post::{Destination, Post, Treatment},
};
use crate::clock::random_token;

/// The largest message taken, in octets; announced as SIZE (RFC 1870).
pub(super) const LARGEST: usize = 60 * 1024 * 1024;
/// A longer line is no command.
const LONGEST_LINE: usize = 64 * 1024;
const NAME: &str = "mail.world.test";

/// Serves one connection to its end.
pub(super) async fn serve(stream: TcpStream, post: Post, faults: Shared) {
    let (read, write) = stream.into_split();
    let session = Session { read: BufReader::new(read), write, post, faults, hello: None, user: None, envelope: None };
    // A client that goes away in the middle is no news.
    session.run().await.ok();
}

struct Session {
    read: BufReader<OwnedReadHalf>,
    write: OwnedWriteHalf,
    post: Post,
    faults: Shared,
    hello: Option<Hello>,
    user: Option<String>,
    envelope: Option<Envelope>,
}

struct Hello {
    domain: String,
    extended: bool,
}

#[derive(Default)]
struct Envelope {
    from: String,
    to: Vec<Recipient>,
}

struct Recipient {
    address: String,
    destination: Destination,
}

/// What to do after a line was dealt with.
enum Next {
    Line,
    End,
}

/// 421 closes the connection (RFC 5321 §3.8).
fn after(code: u16) -> Next {
    if code == 421 { Next::End } else { Next::Line }
}

impl Session {
    async fn run(mut self) -> io::Result<()> {
        if let Some((code, text)) = self.faults.now().smtp_greeting {
            return self.say(code, &text).await;
        }
        self.say(220, &format!("{NAME} ESMTP maildesk world")).await?;
        loop {
            let Some(line) = self.line(LONGEST_LINE).await? else { return Ok(()) };
            match self.obey(Command::parse(&line)).await? {
                Next::Line => (),
                Next::End => return Ok(()),
            }
        }
    }

    async fn obey(&mut self, command: Command) -> io::Result<Next> {
        match command {
            Command::Hello { domain, extended } => self.greet(domain, extended).await?,
            Command::Auth(mechanism, initial) => self.authenticate(mechanism, initial).await?,
            Command::Mail(path) => return self.mail_from(path).await,
            Command::Recipient(path) => return self.recipient(path).await,
            Command::Data => return self.data().await,
            Command::Reset => {
                self.envelope = None;
                self.say(250, "2.0.0 forgotten").await?;
            }
            Command::Noop => self.say(250, "2.0.0 here").await?,
            Command::Verify => self.say(252, "2.5.0 send it and see").await?,
            Command::Quit => {
                self.say(221, "2.0.0 goodbye").await?;
                return Ok(Next::End);
            }
            Command::Malformed(why) => self.say(501, &format!("5.5.4 {why}")).await?,
            Command::Unknown => self.say(500, "5.5.2 not a command here").await?,
        }
        Ok(Next::Line)
    }

    async fn greet(&mut self, domain: String, extended: bool) -> io::Result<()> {
        self.hello = Some(Hello { domain, extended });
        self.envelope = None;
        if !extended {
            return self.say(250, NAME).await;
        }
        let size = format!("SIZE {LARGEST}");
        let lines = [NAME, "PIPELINING", &size, "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "AUTH PLAIN LOGIN"];
        let mut answer = String::new();
        for (at, line) in lines.iter().enumerate() {
            answer.push_str(&format!("250{}{line}\r\n", if at + 1 == lines.len() { ' ' } else { '-' }));
        }
        self.write.write_all(answer.as_bytes()).await
    }

    async fn authenticate(&mut self, mechanism: Mechanism, initial: Option<String>) -> io::Result<()> {
        if self.user.is_some() || self.envelope.is_some() {
            return self.say(503, "5.5.1 not now").await;
        }
        let credentials = match mechanism {
            Mechanism::Plain => {
                let answer = match initial {
                    Some(initial) => decode(&initial),
                    None => self.ask("").await?,
                };
                let mut fields = answer.split(|it| *it == 0).map(|it| String::from_utf8_lossy(it).into_owned()).skip(1);
                (fields.next().unwrap_or_default(), fields.next().unwrap_or_default())
            }
            Mechanism::Login => {
                let user = match initial {
                    Some(initial) => decode(&initial),
                    None => self.ask("Username:").await?,
                };
                let password = self.ask("Password:").await?;
                (String::from_utf8_lossy(&user).into_owned(), String::from_utf8_lossy(&password).into_owned())
            }
            Mechanism::Other => return self.say(504, "5.5.4 PLAIN or LOGIN").await,
        };
        let refused = self.faults.now().refuse_smtp_sign_in;
        self.user = self.post.sign_in(&credentials.0, &credentials.1).filter(|_| !refused);
        match self.user {
            Some(_) => self.say(235, "2.7.0 signed in").await,
            None => self.say(535, "5.7.8 wrong user or password").await,
        }
    }

    async fn mail_from(&mut self, path: Path) -> io::Result<Next> {
        if let Some((code, text)) = self.faults.now().smtp_at_mail {
            self.say(code, &text).await?;
            return Ok(after(code));
        }
        self.begin(path).await?;
        Ok(Next::Line)
    }

    async fn begin(&mut self, path: Path) -> io::Result<()> {
        if self.hello.is_none() {
            return self.say(503, "5.5.1 say EHLO first").await;
        }
        if self.envelope.is_some() {
            return self.say(503, "5.5.1 one message at a time").await;
        }
        if self.user.is_none() && self.faults.now().smtp_needs_sign_in {
            return self.say(530, "5.7.0 sign in first").await;
        }
        if path.size.is_some_and(|size| size > LARGEST) {
            return self.say(552, "5.3.4 too large").await;
        }
        self.envelope = Some(Envelope { from: path.address, to: Vec::new() });
        self.say(250, "2.1.0 sender ok").await
    }

    async fn recipient(&mut self, path: Path) -> io::Result<Next> {
        if self.envelope.is_none() {
            self.say(503, "5.5.1 say MAIL first").await?;
            return Ok(Next::Line);
        }
        let destination = self.post.destination(&path.address);
        match &destination {
            Destination::Unknown => self.say(550, &format!("5.1.1 <{}>: no such mailbox here", path.address)).await?,
            Destination::Special(Treatment::AtRecipient(code, text)) => {
                self.say(*code, text).await?;
                return Ok(after(*code));
            }
            Destination::Special(Treatment::Hang) => {
                self.listen_in_silence().await?;
                return Ok(Next::End);
            }
            Destination::Mailbox(_)
            | Destination::Special(Treatment::AtData(..) | Treatment::SilentAfterData | Treatment::CutAfterData | Treatment::Bounce(_)) => {
                if let Some(envelope) = &mut self.envelope {
                    envelope.to.push(Recipient { address: path.address, destination });
                }
                self.say(250, "2.1.5 recipient ok").await?;
            }
        }
        Ok(Next::Line)
    }

    async fn data(&mut self) -> io::Result<Next> {
        let Some(envelope) = self.envelope.take_if(|it| !it.to.is_empty()) else {
            self.say(503, "5.5.1 say RCPT first").await?;
            return Ok(Next::Line);
        };
        self.say(354, "end with <CRLF>.<CRLF>").await?;
        let content = match self.content().await? {
            None => return Ok(Next::End),
            Some(Err((code, words))) => {
                self.say(code, words).await?;
                return Ok(Next::Line);
            }
            Some(Ok(content)) => content,
        };
        let told = |wanted: fn(&Treatment) -> bool| {
            envelope.to.iter().find_map(|it| match &it.destination {
                Destination::Special(treatment) if wanted(treatment) => Some(treatment.clone()),
                Destination::Special(_) | Destination::Mailbox(_) | Destination::Unknown => None,
            })
        };
        if let Some(Treatment::AtData(code, text)) = told(|it| matches!(it, Treatment::AtData(..))) {
            self.say(code, &text).await?;
            return Ok(Next::Line);
        }
        let id = random_token();
        self.put_in_mailboxes(&envelope, &content, &id);
        if told(|it| *it == Treatment::CutAfterData).is_some() {
            return Ok(Next::End);
        }
        if told(|it| *it == Treatment::SilentAfterData).is_some() {
            self.listen_in_silence().await?;
            return Ok(Next::End);
        }
        self.say(250, &format!("2.0.0 taken as {id}")).await?;
        Ok(Next::Line)
    }

    fn put_in_mailboxes(&self, envelope: &Envelope, content: &[u8], id: &str) {
        for recipient in &envelope.to {
            let mut raw = self.trace(envelope, &recipient.address, id).into_bytes();
            raw.extend_from_slice(content);
            let mailbox = match &recipient.destination {
                Destination::Special(Treatment::Bounce(why)) => {
                    if !envelope.from.is_empty() {
                        let report = report::undeliverable(NAME, &recipient.address, &envelope.from, why, content, self.post.clock.now());
                        if let Destination::Mailbox(sender) = self.post.destination(&envelope.from) {
                            self.post.deliver(&sender, "INBOX", &report, Vec::new(), None);
                        }
                    }
                    continue;
                }
                Destination::Mailbox(mailbox) => mailbox.clone(),
                Destination::Special(_) | Destination::Unknown => recipient.address.clone(),
            };
            self.post.deliver(&mailbox, "INBOX", &raw, Vec::new(), None);
        }
    }

    /// What delivery puts on top of a message (RFC 5321 §4.4).
    fn trace(&self, envelope: &Envelope, to: &str, id: &str) -> String {
        let (domain, extended) = self.hello.as_ref().map_or(("unknown", true), |it| (it.domain.as_str(), it.extended));
        let protocol = match (extended, self.user.is_some()) {
            (false, _) => "SMTP",
            (true, false) => "ESMTP",
            (true, true) => "ESMTPA",
        };
        format!(
            "Return-Path: <{}>\r\nDelivered-To: {to}\r\nReceived: from {domain} (localhost [127.0.0.1])\r\n\tby {NAME} with {protocol} id {id}\r\n\tfor <{to}>; {}\r\n",
            envelope.from,
            report::date(self.post.clock.now()),
        )
    }

    /// The octets between DATA and the lone dot, dots unstuffed (RFC 5321 §4.5.2); none: the client went away.
    ///
    /// Whatever its faults, it is read to its end, so that what follows is not taken for commands.
    async fn content(&mut self) -> io::Result<Option<Result<Vec<u8>, (u16, &'static str)>>> {
        let (mut content, mut fault, mut line) = (Vec::new(), None, Vec::new());
        loop {
            line.clear();
            if (&mut self.read).take(LARGEST as u64 + 1).read_until(b'\n', &mut line).await? == 0 {
                return Ok(None);
            }
            let Some(text) = line.strip_suffix(b"\r\n") else {
                if !line.ends_with(b"\n") && line.len() <= LARGEST {
                    return Ok(None);
                }
                fault = Some((554, "5.6.0 a line feed without a carriage return"));
                continue;
            };
            if text == b"." {
                return Ok(Some(fault.map_or(Ok(content), Err)));
            }
            if text.contains(&b'\r') {
                fault = Some((554, "5.6.0 a carriage return without a line feed"));
            }
            if content.len() + line.len() > LARGEST {
                fault = Some((552, "5.3.4 too large"));
            }
            if fault.is_none() {
                content.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            }
        }
    }

    /// One line without its end; none: the client went away, or the line has no end.
    async fn line(&mut self, longest: usize) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        (&mut self.read).take(longest as u64).read_until(b'\n', &mut line).await?;
        if !line.ends_with(b"\n") {
            return Ok(None);
        }
        Ok(Some(String::from_utf8_lossy(line.trim_ascii_end()).into_owned()))
    }

    async fn ask(&mut self, question: &str) -> io::Result<Vec<u8>> {
        self.say(334, &BASE64.encode(question.as_bytes())).await?;
        Ok(self.line(LONGEST_LINE).await?.map(|it| decode(&it)).unwrap_or_default())
    }

    async fn say(&mut self, code: u16, text: &str) -> io::Result<()> {
        let late = self.faults.now().smtp_answers_after;
        if !late.is_zero() {
            tokio::time::sleep(late).await;
        }
        self.write.write_all(format!("{code} {text}\r\n").as_bytes()).await
    }

    /// Reads until the client gives up.
    async fn listen_in_silence(&mut self) -> io::Result<()> {
        let mut buffer = [0; 4096];
        while self.read.read(&mut buffer).await? > 0 {}
        Ok(())
    }
}

fn decode(text: &str) -> Vec<u8> {
    BASE64.decode(text.trim().as_bytes()).unwrap_or_default()
}
