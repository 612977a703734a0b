//! How much lies in a folder, before any of it is taken.

use async_imap::imap_proto::{MailboxDatum, Response};
use jiff::Timestamp;

use super::{ImapError, Session, fetch};

/// What lies in a folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Messages.
    pub there: u32,
    /// Of these, not read by anybody; none where the server will not say.
    pub unread: Option<u32>,
    /// When the first and the last of them came.
    pub first: Option<Timestamp>,
    /// As above.
    pub last: Option<Timestamp>,
}

impl Session {
    /// Counts what lies in the open folder; changes nothing. What the server will not say is left out.
    ///
    /// # Errors
    /// When the server breaks off, or is silent.
    pub async fn survey(&mut self) -> Result<Survey, ImapError> {
        let there = self.folder().exists;
        if there == 0 {
            return Ok(Survey { unread: Some(0), ..Survey::default() });
        }
        let mut unread = None;
        let counted = self.dialog.checked("SEARCH UNSEEN", |response| {
            if let Response::MailboxData(MailboxDatum::Search(found)) = response {
                unread = Some(unread.unwrap_or(0) + u32::try_from(found.len()).unwrap_or(u32::MAX));
            }
        });
        refused_is_unknown(counted.await)?;
        let mut ends: Vec<(u32, Timestamp)> = Vec::new();
        let command = format!("FETCH 1,{there} (INTERNALDATE)");
        let asked = self.dialog.checked(&command, |response| {
            if let Response::Fetch(number, attributes) = response {
                ends.extend(fetch::came(attributes).map(|at| (*number, at)));
            }
        });
        refused_is_unknown(asked.await)?;
        let at = |wanted: u32| ends.iter().find(|(number, _)| *number == wanted).map(|(_, at)| *at);
        Ok(Survey { there, unread, first: at(1), last: at(there) })
    }
}

fn refused_is_unknown(answer: Result<(), ImapError>) -> Result<(), ImapError> {
    match answer {
        Err(ImapError::Refused { .. }) => Ok(()),
        other => other,
    }
}
