//! Waiting for new mail (RFC 2177).

use std::time::Duration;

use async_imap::imap_proto::Response;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{ImapError, Session};

/// Why the waiting is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// Messages came.
    NewMail,
    /// Nothing came in the time that was given.
    TimedOut,
    /// Somebody wants us to stop.
    Stopped,
}

impl Session {
    /// Waits until the server tells of new mail, `longest` is over, or `stop` is called.
    ///
    /// `longest` has to stay below the 29 minutes of RFC 2177 §3. It counts from the beginning: a server that says
    /// `* OK Still here` does not stretch it. Messages that were told of since the folder was last listed count as new.
    ///
    /// # Errors
    /// When the server refuses to idle (it has to be asked in turns then), breaks off, or is silent where it must not be.
    pub async fn idle(&mut self, longest: Duration, stop: &CancellationToken) -> Result<Woken, ImapError> {
        if self.dialog.grown {
            return Ok(Woken::NewMail);
        }
        let until = Instant::now() + longest;
        let answered = self.dialog.deadline();
        let id = self.dialog.send("IDLE").await?;
        loop {
            let response = self.dialog.next_until(answered).await?;
            if let Response::Continue(_) = response.parsed() {
                break;
            }
            if let Some(ended) = self.dialog.ended(&id, response.parsed()) {
                ended?;
                return Err(self.dialog.refused("it ends IDLE before it has begun"));
            }
        }
        let woken = loop {
            if self.dialog.grown {
                break Woken::NewMail;
            }
            tokio::select! {
                () = stop.cancelled() => break Woken::Stopped,
                () = tokio::time::sleep_until(until) => break Woken::TimedOut,
                response = self.dialog.next_whenever() => {
                    let response = response?;
                    if let Some(ended) = self.dialog.ended(&id, response.parsed()) {
                        ended?;
                        return Ok(Woken::TimedOut);
                    }
                }
            }
        };
        let answered = self.dialog.deadline();
        self.dialog.send_more("DONE").await?;
        loop {
            let response = self.dialog.next_until(answered).await?;
            if let Some(ended) = self.dialog.ended(&id, response.parsed()) {
                ended?;
                return Ok(woken);
            }
        }
    }
}
