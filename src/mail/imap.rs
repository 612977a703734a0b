//! One session on one folder: what is there, the octets of it, and filing it away (RFC 3501).
//!
//! async-imap frames and parses. The rest is ours, because its own commands take a refusal or a broken connection for
//! an empty answer: every command here is read to its tagged end, every wait has a limit, and nothing a server sends
//! is larger than it may be.

#![expect(clippy::wildcard_enum_match_arm, reason = "async-imap's enums grow; what was not asked for is passed over")]

mod dialog;
mod error;
mod fetch;
mod filing;
mod folder_name;
mod idle;
mod look;
mod sign_in;
mod survey;

use std::time::Duration;

use async_imap::imap_proto::{Capability, MailboxDatum, Response, ResponseCode, Status};
use jiff::Timestamp;
use tokio::io::BufStream;

use self::dialog::Dialog;
pub use self::{
    error::ImapError,
    fetch::{Batch, Fetched, Fetching, NotYet, Octets, Short},
    filing::{Filed, Filing},
    idle::Woken,
    survey::Survey,
};
use super::{
    bounded::ImapBound,
    tls::{self, Protocol, Socket},
};
use crate::desk::mailbox::ImapAccount;

/// What a session reads from and writes to.
type Wire = ImapBound<BufStream<Box<dyn Socket>>>;

/// Octets that are read from the system at one time.
const READ_AT_ONCE: usize = 64 * 1024;
/// Messages that one listing gives at most; there may be more behind the last.
pub const LISTED_AT_ONCE: usize = 10_000;

/// How long and how much.
#[derive(Clone, Copy, Debug)]
pub struct ImapLimits {
    /// To connect, and again to agree on TLS.
    pub connect: Duration,
    /// For each thing that is waited for: a line, a literal, a tagged answer.
    pub answer: Duration,
    /// IDLE is renewed after so long (RFC 2177 §3 allows 29 minutes), and everything is listed again: servers forget.
    pub idle: Duration,
    /// Octets of the largest message that is fetched whole.
    pub largest_message: u64,
    /// Octets of messages that are asked for at one time; at least one message is.
    pub batch_octets: u64,
    /// Messages that are asked for at one time.
    pub batch_messages: usize,
}

impl Default for ImapLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            answer: Duration::from_secs(50),
            idle: Duration::from_secs(5 * 60),
            largest_message: 50 * 1024 * 1024,
            batch_octets: 2 * 1024 * 1024,
            batch_messages: 50,
        }
    }
}

/// The folder as the server gave it, and as it has changed since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FolderState {
    /// UIDs mean something together with this alone (RFC 3501 §2.3.1.1).
    pub uid_validity: u32,
    /// The UID that the next message will have or exceed, when the folder was opened; some servers do not say.
    pub uid_next: Option<u32>,
    /// How many messages there are.
    pub exists: u32,
    /// Nothing can be flagged or moved.
    pub read_only: bool,
}

/// What the server can do beyond RFC 3501.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Tells of new mail by itself (RFC 2177).
    pub idle: bool,
    /// Moves messages (RFC 6851).
    pub moves: bool,
    /// Expunges single messages (RFC 4315).
    pub uid_plus: bool,
}

/// A message in the folder, as the server lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its number under the folder's UIDVALIDITY.
    pub uid: u32,
    /// Its octets as the server counts them (RFC822.SIZE); some only guess.
    pub size: u32,
    /// When it came, where the server gives a date that can be read.
    pub internal_date: Option<Timestamp>,
}

/// A signed-in session with the account's folder open.
#[derive(Debug)]
pub struct Session {
    dialog: Dialog,
    limits: ImapLimits,
    capabilities: Capabilities,
    folder: FolderState,
}

impl Session {
    /// Connects, signs in and opens the folder.
    ///
    /// # Errors
    /// Each way in which that fails, with its mend.
    pub async fn open(account: &ImapAccount, limits: ImapLimits) -> Result<Self, ImapError> {
        Self::open_for(account, limits, Opening::Working).await
    }

    async fn open_for(account: &ImapAccount, limits: ImapLimits, opening: Opening) -> Result<Self, ImapError> {
        let link = tls::connect(&account.server, Protocol::Imap, limits.connect).await?;
        let stream = BufStream::with_capacity(READ_AT_ONCE, 8 * 1024, link.stream);
        let wire = ImapBound::new(stream, limits.largest_message.saturating_add(1024 * 1024));
        let mut dialog = sign_in::sign_in(wire, link.greeted, account, limits.answer).await?;
        let capabilities = capabilities(&mut dialog).await?;
        let folder = select(&mut dialog, account, opening).await?;
        Ok(Self { dialog, limits, capabilities, folder })
    }

    /// Opens the account's folder again: it may be open for reading only no more.
    ///
    /// # Errors
    /// When the server refuses, breaks off, or is silent; when the folder was numbered anew.
    pub async fn select_again(&mut self, account: &ImapAccount) -> Result<(), ImapError> {
        self.folder = select(&mut self.dialog, account, Opening::Working).await?;
        Ok(())
    }

    /// The folder as it is known now.
    #[must_use]
    pub fn folder(&self) -> FolderState {
        FolderState { exists: self.dialog.exists, ..self.folder }
    }

    /// What the server can do.
    #[must_use]
    pub fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    /// The messages from a UID on, ascending; at most [`LISTED_AT_ONCE`], so ask again behind the last until none come.
    ///
    /// # Errors
    /// When the server refuses, breaks off, or is silent.
    pub async fn list_from(&mut self, uid: u32) -> Result<Vec<Listed>, ImapError> {
        if self.dialog.exists == 0 {
            // Some servers refuse `n:*` in an empty folder; ask whether it still is.
            self.noop().await?;
        }
        self.dialog.grown = false;
        if self.dialog.exists == 0 {
            return Ok(Vec::new());
        }
        let mut listed = Vec::new();
        let command = format!("UID FETCH {}:* (UID RFC822.SIZE INTERNALDATE)", uid.max(1));
        // A thousand lines a second at the very least; a server that claims to hold thousands of millions has no days for them.
        let limit = self.limits.answer + Duration::from_millis(self.dialog.exists.into()).min(self.limits.answer * 10);
        self.dialog
            .checked_within(limit, &command, |response| {
                // `n:*` always names the last message, even where its UID is below n.
                if let Some(one) = fetch::listed(response).filter(|it| it.uid >= uid) {
                    listed.push(one);
                    if listed.len() >= 2 * LISTED_AT_ONCE {
                        keep_first(&mut listed);
                    }
                }
            })
            .await?;
        keep_first(&mut listed);
        Ok(listed)
    }

    /// The messages that nobody has read (`\Seen` not set), ascending.
    ///
    /// # Errors
    /// When the server refuses, breaks off, or is silent.
    pub async fn list_unseen(&mut self) -> Result<Vec<Listed>, ImapError> {
        let mut unseen = Vec::new();
        self.dialog
            .checked("UID SEARCH UNSEEN", |response| {
                if let Response::MailboxData(MailboxDatum::Search(uids)) = response {
                    unseen.extend_from_slice(uids);
                }
            })
            .await?;
        unseen.sort_unstable();
        let Some(first) = unseen.first().copied() else { return Ok(Vec::new()) };
        let mut listed = Vec::new();
        let mut from = first;
        loop {
            let page = self.list_from(from).await?;
            let (n, last) = (page.len(), page.last().map(|it| it.uid));
            listed.extend(page.into_iter().filter(|it| unseen.binary_search(&it.uid).is_ok()));
            match last {
                Some(last) if n >= LISTED_AT_ONCE => from = last.saturating_add(1),
                Some(_) | None => return Ok(listed),
            }
        }
    }

    /// Asks whether the server is still there, and hears what it has to tell.
    ///
    /// # Errors
    /// When it refuses, broke off, or is silent.
    pub async fn noop(&mut self) -> Result<(), ImapError> {
        self.dialog.checked("NOOP", |_| ()).await
    }

    /// Takes leave; what comes of it does not matter.
    pub async fn logout(mut self) {
        tokio::time::timeout(Duration::from_secs(5), self.dialog.checked("LOGOUT", |_| ())).await.ok();
    }
}

/// What `maildesk check` found out about a mailbox; nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImapFindings {
    /// The folder, which is there.
    pub folder: FolderState,
    /// What the server can do.
    pub capabilities: Capabilities,
    /// What lies in it.
    pub survey: Survey,
    /// Whether the folder that messages go to is there; none when none is named.
    pub done_folder: Option<DoneFolder>,
}

/// The folder that messages go to once they are taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoneFolder {
    /// It is there.
    Found,
    /// It will be made when first needed.
    Missing,
}

/// Connects, signs in, opens the folder, looks for the other one, and takes leave.
///
/// # Errors
/// What stands in the way, and its mend.
pub async fn probe(account: &ImapAccount, limits: ImapLimits) -> Result<ImapFindings, ImapError> {
    let mut session = Session::open(account, limits).await?;
    let done_folder = match &account.done_folder {
        None => None,
        Some(name) => Some(match session.dialog.checked(&format!("STATUS {} (MESSAGES)", folder_name::quoted(name)?), |_| ()).await {
            Ok(()) => DoneFolder::Found,
            Err(ImapError::Refused { .. }) => DoneFolder::Missing,
            Err(other) => return Err(other),
        }),
    };
    let survey = session.survey().await?;
    let findings = ImapFindings { survey, folder: session.folder(), capabilities: session.capabilities, done_folder };
    session.logout().await;
    Ok(findings)
}

fn keep_first(listed: &mut Vec<Listed>) {
    listed.sort_unstable_by_key(|it| it.uid);
    listed.dedup_by_key(|it| it.uid);
    listed.truncate(LISTED_AT_ONCE);
}

async fn capabilities(dialog: &mut Dialog) -> Result<Capabilities, ImapError> {
    let mut found = Capabilities::default();
    dialog
        .checked("CAPABILITY", |response| {
            let Response::Capabilities(all) = response else { return };
            let has = |name: &str| all.iter().any(|it| matches!(it, Capability::Atom(it) if it.eq_ignore_ascii_case(name)));
            found = Capabilities { idle: has("IDLE"), moves: has("MOVE"), uid_plus: has("UIDPLUS") };
        })
        .await?;
    Ok(found)
}

/// What a folder is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opening {
    /// To take in what comes and file it away.
    Working,
    /// To look and change nothing.
    Looking,
}

async fn select(dialog: &mut Dialog, account: &ImapAccount, opening: Opening) -> Result<FolderState, ImapError> {
    let (mut uid_validity, mut uid_next, mut exists, mut read_only) = (None, None, 0, false);
    let word = match opening {
        Opening::Working => "SELECT",
        Opening::Looking => "EXAMINE",
    };
    let command = format!("{word} {}", folder_name::quoted(&account.folder)?);
    let selected = dialog
        .checked(&command, |response| match response {
            Response::MailboxData(MailboxDatum::Exists(many)) => exists = *many,
            Response::Data { status: Status::Ok, outcome } | Response::Done { status: Status::Ok, outcome, .. } => match outcome.code {
                Some(ResponseCode::UidValidity(validity)) => uid_validity = Some(validity),
                Some(ResponseCode::UidNext(next)) => uid_next = Some(next),
                Some(ResponseCode::ReadOnly) => read_only = true,
                Some(_) | None => (),
            },
            _ => (),
        })
        .await;
    match selected {
        Ok(()) => (),
        Err(ImapError::Refused { server, words }) => {
            return Err(ImapError::FolderMissing { server, folder: account.folder.clone(), words });
        }
        Err(other) => return Err(other),
    }
    // RFC 3501 §9: it is never 0.
    let Some(uid_validity) = uid_validity.filter(|it| *it > 0) else {
        return Err(dialog.lost("it gives no UIDVALIDITY for the folder, without which no message can be told from another"));
    };
    (dialog.uid_validity, dialog.exists) = (Some(uid_validity), exists);
    Ok(FolderState { uid_validity, uid_next, exists, read_only })
}
