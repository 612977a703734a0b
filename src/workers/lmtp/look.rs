//! The door from outside, and the way through it: whether somebody answers there, and whether mail to a mailbox arrives.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::{TcpStream, UnixStream},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    actions::{
        Desk,
        round_trip::{self, Asked},
    },
    desk::{id::MailboxId, lmtp::LmtpPlace},
    workers::{Result, instance::Instance, lease::Lease},
};

/// An open door greets at once.
const PATIENCE: Duration = Duration::from_secs(10);

/// Octets of a greeting.
const LONGEST_GREETING: u64 = 1024;

/// How often it is seen whether a mailbox is to write to itself.
const EVERY: Duration = Duration::from_secs(30);

/// What greets at a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Greeting {
    /// We do.
    Ours,
    /// We do, and turn away: too many are there, or this address may not come.
    TurnedAway,
    /// Somebody else does.
    AnotherProgram,
}

/// Who greets at a door; says nothing but good-bye.
///
/// # Errors
/// When nobody does.
pub async fn greeting(at: &LmtpPlace) -> io::Result<Greeting> {
    let heard = async {
        match at {
            LmtpPlace::Tcp(at) => hear(TcpStream::connect(at).await?).await,
            LmtpPlace::Unix(path, _) => hear(UnixStream::connect(path).await?).await,
        }
    };
    timeout(PATIENCE, heard).await.unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "it is silent")))
}

async fn hear(stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<Greeting> {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    (&mut stream).take(LONGEST_GREETING).read_until(b'\n', &mut line).await?;
    if line.is_empty() {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it hangs up"));
    }
    // Whoever is turned away is not listened to.
    stream.get_mut().write_all(b"QUIT\r\n").await.ok();
    Ok(match line.as_slice() {
        it if it.starts_with(super::GREETING.as_bytes()) => Greeting::Ours,
        it if it.starts_with(super::TOO_MANY.as_bytes()) || it.starts_with(super::NOT_YOU.as_bytes()) => Greeting::TurnedAway,
        _ => Greeting::AnotherProgram,
    })
}

/// Lets a mailbox whose mail is handed over write to itself where that is due, until it is told to stop. Of several instances, one does.
pub async fn write_to_itself(desk: Arc<Desk>, mailbox: MailboxId, instance: Arc<Instance>, stop: CancellationToken) {
    if desk.mailboxes.get(mailbox).is_none_or(|it| it.probes().is_none()) {
        return;
    }
    while !stop.is_cancelled() {
        match probe(&desk, mailbox, &instance).await {
            Ok(Asked::Sent) => tracing::info!(%mailbox, "mailbox {mailbox} writes to itself"),
            Ok(Asked::NotDue) => {}
            Err(error) => tracing::warn!(%mailbox, "mailbox {mailbox} cannot write to itself: {error}"),
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Writes to itself where that is due, under the mailbox's lease.
///
/// # Errors
/// When the database refuses, or the mail cannot be made.
pub async fn probe(desk: &Desk, mailbox: MailboxId, instance: &Arc<Instance>) -> Result<Asked> {
    let Some(lease) = Lease::take(desk, instance, mailbox).await? else { return Ok(Asked::NotDue) };
    let asked = round_trip::send_where_due(desk, lease.fence()).await;
    lease.give_back(desk).await?;
    Ok(asked?)
}
