//! One client: its commands in their order, and what is said to them.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use crate::{
    actions::Desk,
    desk::{address::EmailAddress, id::MailboxId},
    mail::lmtp::{Command, Ended, Heard, Octets, ReturnPath, Wire, delivered, read_command},
    store::messages::Taken,
    workers::{
        WorkerError,
        take_in::{Arrival, hand_over},
    },
};

/// Recipients of one message: more than a desk has mailboxes (RFC 5321 §4.5.3.1.8).
const MOST_RECIPIENTS: usize = 100;
/// Lines that are no command, in one connection.
const MOST_MISTAKES: usize = 20;
/// Commands between two messages.
const MOST_IDLE_COMMANDS: usize = 1_000;
/// A message must have come whole within so long.
const LONGEST_MESSAGE: Duration = Duration::from_secs(30 * 60);

/// A message that is being handed over.
#[derive(Default)]
struct Envelope {
    from: Option<ReturnPath>,
    to: Vec<(EmailAddress, MailboxId)>,
}

struct Session<'a> {
    desk: &'a Desk,
    greeted: bool,
    envelope: Envelope,
    mistakes: usize,
    idle_commands: usize,
}

/// Serves one client until it takes its leave.
///
/// # Errors
/// When it is gone, or too slow.
pub(super) async fn serve<S>(desk: &Desk, wire: &mut Wire<S>, stop: &CancellationToken) -> Result<(), Ended>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut session = Session { desk, greeted: false, envelope: Envelope::default(), mistakes: 0, idle_commands: 0 };
    wire.say(super::GREETING).await?;
    loop {
        let heard = tokio::select! {
            () = stop.cancelled() => return leave(wire, "421 4.3.2 maildesk is stopping; come again later").await,
            heard = wire.line() => heard,
        };
        let line = match heard {
            Ok(Heard::Line(line)) => line,
            Ok(Heard::TooLong) => {
                session.mistake(wire, "500 5.5.2 this line is too long").await?;
                continue;
            }
            // What follows may be the middle of a message that somebody wants to be taken for commands.
            Ok(Heard::BareLineEnd) => return leave(wire, "421 4.5.2 a line ends with CR LF here").await,
            Err(Ended::TooSlow) => return leave(wire, "421 4.4.2 silent for too long").await,
            Err(Ended::Endless) => return leave(wire, "421 4.5.2 a line without end").await,
            Err(ended) => return Err(ended),
        };
        match read_command(&line) {
            Ok(Command::Quit) => return leave(wire, "221 2.0.0 good-bye").await,
            Ok(command) => session.answer(wire, command).await?,
            Err(refused) => session.mistake(wire, refused.0).await?,
        }
        if session.mistakes > MOST_MISTAKES || session.idle_commands > MOST_IDLE_COMMANDS {
            return leave(wire, "421 4.7.0 too much that leads to nothing").await;
        }
    }
}

async fn leave<S: AsyncRead + AsyncWrite + Unpin>(wire: &mut Wire<S>, answer: &str) -> Result<(), Ended> {
    wire.say(answer).await?;
    wire.flush().await
}

impl Session<'_> {
    async fn mistake<S: AsyncRead + AsyncWrite + Unpin>(&mut self, wire: &mut Wire<S>, answer: &str) -> Result<(), Ended> {
        self.mistakes += 1;
        wire.say(answer).await
    }

    async fn answer<S: AsyncRead + AsyncWrite + Unpin>(&mut self, wire: &mut Wire<S>, command: Command) -> Result<(), Ended> {
        self.idle_commands += 1;
        match command {
            Command::Lhlo => {
                (self.greeted, self.envelope) = (true, Envelope::default());
                let most = self.desk.settings.max_message_bytes;
                let can = "250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES";
                wire.say(&format!("250-maildesk\r\n{can}\r\n250 SIZE {most}")).await
            }
            Command::Noop => wire.say("250 2.0.0 ok").await,
            Command::Vrfy => wire.say("252 2.5.2 hand it over and see").await,
            Command::Rset => {
                self.envelope = Envelope::default();
                wire.say("250 2.0.0 forgotten").await
            }
            Command::Mail { from, size } => {
                let answer = self.begin(from, size);
                wire.say(&answer).await
            }
            Command::Rcpt(to) => {
                let answer = self.add(to);
                wire.say(&answer).await
            }
            Command::Data => self.take(wire).await,
            // The caller has taken leave already.
            Command::Quit => Ok(()),
        }
    }

    fn begin(&mut self, from: ReturnPath, size: Option<u64>) -> String {
        let most = self.desk.settings.max_message_bytes;
        if !self.greeted {
            return "503 5.5.1 say LHLO first".to_owned();
        }
        if self.envelope.from.is_some() {
            return "503 5.5.1 a message is being handed over already; RSET forgets it".to_owned();
        }
        if size.is_some_and(|it| it > most) {
            return too_large(most);
        }
        self.envelope.from = Some(from);
        "250 2.1.0 ok".to_owned()
    }

    /// A mailbox answers under its address, and under that with anything behind a plus, as answers to our own mail come.
    fn add(&mut self, to: EmailAddress) -> String {
        if self.envelope.from.is_none() {
            return "503 5.5.1 say MAIL FROM first".to_owned();
        }
        if self.envelope.to.len() >= MOST_RECIPIENTS {
            return format!("452 4.5.3 at most {MOST_RECIPIENTS} recipients at a time");
        }
        let found = self.desk.mailboxes.iter().find(|(_, it)| it.address == to || it.address == to.without_detail());
        match found.map(|(id, _)| id) {
            Some(mailbox) => {
                self.envelope.to.push((to, mailbox));
                "250 2.1.5 ok".to_owned()
            }
            None => format!("550 5.1.1 <{to}> is no mailbox of this desk"),
        }
    }

    /// The octets, and an answer for each recipient (RFC 2033 §4.2).
    async fn take<S: AsyncRead + AsyncWrite + Unpin>(&mut self, wire: &mut Wire<S>) -> Result<(), Ended> {
        if self.envelope.to.is_empty() {
            return wire.say("503 5.5.1 nobody is named to whom this could go").await;
        }
        self.idle_commands = 0;
        let Envelope { from, to } = std::mem::take(&mut self.envelope);
        wire.say("354 go on, and end with a dot on a line of its own").await?;
        let most = self.desk.settings.max_message_bytes;
        let octets = match wire.octets(most, LONGEST_MESSAGE).await? {
            Octets::Whole(octets) => octets,
            Octets::TooLarge => {
                // Its header alone would be a message of which nobody has the rest: who sent it is to hear of it.
                for _ in &to {
                    wire.say(&too_large(most)).await?;
                }
                return Ok(());
            }
        };
        let recipients: Vec<String> = to.iter().map(|(it, _)| it.to_string()).collect();
        let octets = delivered(&from.unwrap_or_default(), &recipients, &octets);
        fail_point!("lmtp-data");
        for (address, mailbox) in to {
            let answer = self.keep(&address, mailbox, &octets).await;
            fail_point!("lmtp-kept");
            wire.say(&answer).await?;
        }
        wire.flush().await?;
        fail_point!("lmtp-answered");
        Ok(())
    }

    /// Keeps it for one recipient. What the same client offers again, and what another recipient of the same message has, is known by
    /// its content and kept once (I3).
    async fn keep(&self, address: &EmailAddress, mailbox: MailboxId, octets: &[u8]) -> String {
        let desk = self.desk;
        let arrival = Arrival { place: None, received_at: desk.clock.now(), size: octets.len() as u64, taken: Taken::Whole, octets };
        match hand_over(desk, mailbox, arrival).await {
            Ok(Some(id)) => format!("250 2.0.0 <{address}> kept as message {id}"),
            Ok(None) => format!("250 2.0.0 <{address}> known already"),
            Err(error) => {
                tracing::error!("a message that was handed over cannot be kept; it is offered again: {error}");
                later(&error, address)
            }
        }
    }
}

/// Our own trouble is never the message's: it is offered again.
fn later(error: &WorkerError, address: &EmailAddress) -> String {
    if error.is_full() {
        format!("452 4.3.1 <{address}> the disk is full here; offer it again")
    } else {
        format!("451 4.3.0 <{address}> it cannot be kept just now; offer it again")
    }
}

fn too_large(most: u64) -> String {
    format!("552 5.3.4 at most {most} octets are taken here")
}
