//! Commands and their answers, each read to its tagged end.

use std::{io, time::Duration};

use async_imap::{
    extensions::idle::Handle,
    imap_proto::{MailboxDatum, Outcome, RequestId, Response, ResponseCode, Status},
};
use futures_util::Stream;
use tokio::time::{Instant, timeout, timeout_at};

use super::{
    super::bounded::{Struck, words},
    ImapError, Wire,
};

/// A response with the octets that it is made of. async-imap gives the type no public name: it is what an idle handle
/// streams, without the error.
pub(super) type ResponseData = <<Handle<Wire> as Stream>::Item as IntoIterator>::Item;

/// A signed-in connection, and what the server told of the open folder by the way.
#[derive(Debug)]
pub(super) struct Dialog {
    session: async_imap::Session<Wire>,
    server: String,
    limit: Duration,
    pub(super) exists: u32,
    /// Whether messages have come since the folder was last listed.
    pub(super) grown: bool,
    pub(super) uid_validity: Option<u32>,
}

impl Dialog {
    pub(super) fn new(session: async_imap::Session<Wire>, server: String, limit: Duration) -> Self {
        Self { session, server, limit, exists: 0, grown: false, uid_validity: None }
    }

    /// Sends a command and reads to its tagged answer, which must be OK. `each` sees every response, that one too.
    pub(super) async fn checked(&mut self, command: &str, each: impl FnMut(&Response<'_>)) -> Result<(), ImapError> {
        self.checked_within(self.limit, command, each).await
    }

    /// The same, with a limit for the whole of it: a server that drips has no more time than one that is silent.
    pub(super) async fn checked_within(
        &mut self,
        limit: Duration,
        command: &str,
        mut each: impl FnMut(&Response<'_>),
    ) -> Result<(), ImapError> {
        let until = Instant::now() + limit;
        let id = self.send(command).await?;
        loop {
            let response = self.next_until(until).await?;
            each(response.parsed());
            if let Some(ended) = self.ended(&id, response.parsed()) {
                return ended;
            }
        }
    }

    pub(super) async fn send(&mut self, command: &str) -> Result<RequestId, ImapError> {
        let sent = timeout(self.limit, self.session.run_command(command)).await;
        match sent {
            Ok(Ok(id)) => Ok(id),
            Ok(Err(error)) => Err(self.lost(&error.to_string())),
            Err(_) => Err(self.timed_out()),
        }
    }

    /// What goes on with a command: the end of IDLE.
    pub(super) async fn send_more(&mut self, line: &str) -> Result<(), ImapError> {
        let sent = timeout(self.limit, self.session.run_command_untagged(line)).await;
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.lost(&error.to_string())),
            Err(_) => Err(self.timed_out()),
        }
    }

    /// The next response. Safe to give up on: nothing that was read is lost.
    pub(super) async fn next_until(&mut self, until: Instant) -> Result<ResponseData, ImapError> {
        let begun = Instant::now();
        let late = |it: &Self| ImapError::TimedOut { server: it.server.clone(), limit: begun.elapsed().max(it.limit) };
        // A server that never stops talking has an answer ready at each moment, that one too at which its time is over.
        if begun >= until {
            return Err(late(self));
        }
        match timeout_at(until, self.next_whenever()).await {
            Ok(response) => response,
            Err(_) => Err(late(self)),
        }
    }

    /// When an answer that begins to be waited for now is late.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.limit
    }

    /// The next response, however long it takes.
    pub(super) async fn next_whenever(&mut self) -> Result<ResponseData, ImapError> {
        let read = self.session.read_response().await;
        let response = read_response(&self.server, read)?;
        self.observe(response.parsed())?;
        Ok(response)
    }

    /// Whether this is the tagged answer to a command, and what it says.
    pub(super) fn ended(&self, id: &RequestId, response: &Response<'_>) -> Option<Result<(), ImapError>> {
        let Response::Done { tag, status, outcome } = response else { return None };
        if tag != id {
            return None;
        }
        Some(match status {
            Status::Ok => Ok(()),
            Status::No | Status::Bad | Status::PreAuth | Status::Bye => {
                Err(ImapError::Refused { server: self.server.clone(), words: said(outcome) })
            }
        })
    }

    pub(super) fn lost(&self, why: &str) -> ImapError {
        ImapError::Lost { server: self.server.clone(), why: words(why) }
    }

    pub(super) fn refused(&self, why: &str) -> ImapError {
        ImapError::Refused { server: self.server.clone(), words: why.to_owned() }
    }

    pub(super) fn too_late(&self) -> ImapError {
        ImapError::TooLate { server: self.server.clone() }
    }

    fn timed_out(&self) -> ImapError {
        ImapError::TimedOut { server: self.server.clone(), limit: self.limit }
    }

    fn observe(&mut self, response: &Response<'_>) -> Result<(), ImapError> {
        match response {
            Response::MailboxData(MailboxDatum::Exists(many)) => {
                self.grown |= *many > self.exists;
                self.exists = *many;
            }
            Response::Expunge(_) => self.exists = self.exists.saturating_sub(1),
            Response::Data { status: Status::Bye, outcome } => return Err(self.lost(&said(outcome))),
            Response::Data { outcome: Outcome { code: Some(ResponseCode::UidValidity(now)), .. }, .. }
                if self.uid_validity.is_some_and(|it| it != *now) =>
            {
                return Err(self.lost("the folder was numbered anew"));
            }
            _ => (),
        }
        Ok(())
    }
}

/// A response, or why there is none.
pub(super) fn read_response(server: &str, read: io::Result<Option<ResponseData>>) -> Result<ResponseData, ImapError> {
    let lost = |why: &str| Err(ImapError::Lost { server: server.to_owned(), why: words(why) });
    match read {
        Ok(Some(response)) => Ok(response),
        Ok(None) => lost("it closed the connection"),
        Err(error) => match error.get_ref().and_then(|it| it.downcast_ref::<Struck>()) {
            Some(struck) => Err(ImapError::bound(server, *struck)),
            None if error.kind() == io::ErrorKind::UnexpectedEof => lost("it closed the connection in the middle of an answer"),
            None => lost(&error.to_string()),
        },
    }
}

/// The server's words in an answer.
pub(super) fn said(outcome: &Outcome<'_>) -> String {
    let code = outcome.code.as_ref().map(|it| format!("[{it:?}] ")).unwrap_or_default();
    words(&format!("{code}{}", outcome.information.as_deref().unwrap_or("no reason given")))
}
