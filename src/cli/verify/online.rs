//! `maildesk verify --online`: what the servers list, held against the ledger (MAIL.md, I1). Every folder is opened for reading only.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{
    clock::Clock,
    config::{Config, Mailbox},
    desk::{id::MailboxId, mailbox::ImapAccount},
    mail::{
        content_key::content_keys,
        imap::{ImapError, ImapLimits, LISTED_AT_ONCE, Listed, Session, Short},
        parse,
    },
    store::{
        Store, StoreError,
        mailboxes::MailboxState,
        sightings,
        verify::{Finding, server},
    },
};

/// A person waits for the answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// The rules, each with what is so where it is broken.
const NOT_TAKEN: (&str, &str) =
    ("not-taken", "a message lies in a watched folder and is not in the ledger; maildesk serve takes it in when it reads that folder");
const NOT_KNOWN: (&str, &str) = (
    "not-known",
    "a message lies among those taken in and is not in the ledger; unless a person put it there, move it back to the watched folder",
);
const NOT_FILED: (&str, &str) = (
    "not-filed",
    "a message was decided and still lies unfiled in the watched folder; the panel’s page of mailboxes says what stands in the way",
);
const RENUMBERED: (&str, &str) =
    ("renumbered", "a folder was numbered anew (UIDVALIDITY) and not read since; maildesk serve knows its messages again by their content");

/// What came of all mailboxes.
pub(super) struct Online {
    /// What is wrong, for all mailboxes together.
    pub findings: Vec<Finding>,
    /// Mailboxes that could not be looked at, each with the reason: `support: …`.
    pub unreached: Vec<String>,
    /// Mailboxes that have no folder to look at.
    pub handed_over: Vec<String>,
    /// Messages that the servers listed.
    pub listed: usize,
}

/// Why a mailbox cannot be compared.
#[derive(Debug, thiserror::Error)]
enum CannotLook {
    #[error(transparent)]
    Imap(#[from] ImapError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Compares every mailbox of the configuration; what came within `grace` may still be on its way into the ledger.
///
/// # Errors
/// When the database fails; a server that cannot be reached is no error here, and is named.
pub(super) async fn look(config: &Config, store: &Store, grace: SignedDuration) -> Result<Online, StoreError> {
    let findings = [NOT_TAKEN, NOT_KNOWN, NOT_FILED, RENUMBERED].map(|(rule, says)| Finding::new(rule, says)).into();
    let mut online = Online { findings, unreached: Vec::new(), handed_over: Vec::new(), listed: 0 };
    let limits =
        ImapLimits { connect: PATIENCE, answer: PATIENCE, largest_message: config.desk.max_message_bytes, ..ImapLimits::default() };
    let before = Clock::System.now() - grace;
    for mailbox in &config.mailboxes {
        let Some(folder) = &mailbox.imap else {
            online.handed_over.push(mailbox.settings.name.clone());
            continue;
        };
        let compared = Comparison { store, mailbox, account: &folder.account, limits, before, online: &mut online }.compare().await;
        match compared {
            Ok(()) => {}
            Err(CannotLook::Imap(error)) => online.unreached.push(format!("{}: {error}", mailbox.settings.name)),
            Err(CannotLook::Store(error)) => return Err(error),
        }
    }
    online.findings.retain(|it| it.count > 0);
    Ok(online)
}

impl Online {
    /// What stands before the sum: who could not be asked, and how much was listed.
    pub fn page(&self) -> String {
        let unreached: String = self.unreached.iter().map(|it| format!("cannot be looked at: {it}\n")).collect();
        let handed_over: String = self
            .handed_over
            .iter()
            .map(|it| format!("{it}: a mail server hands its mail over, so there is no folder to compare\n"))
            .collect();
        format!("{unreached}{handed_over}{} messages listed on the servers, ", self.listed)
    }

    /// The same for scripts.
    pub fn object(&self) -> Value {
        json!({ "listed": self.listed, "unreached": self.unreached, "handed_over": self.handed_over })
    }
}

struct Comparison<'a> {
    store: &'a Store,
    mailbox: &'a Mailbox,
    account: &'a ImapAccount,
    limits: ImapLimits,
    /// What is younger is left out.
    before: Timestamp,
    online: &'a mut Online,
}

impl Comparison<'_> {
    async fn compare(&mut self) -> Result<(), CannotLook> {
        let account = self.account;
        let mut session = Session::examine(account, self.limits).await?;
        let known = server::watched(&mut *self.store.read().await?, &self.mailbox.settings.name).await?;
        // Of a folder that was never met nothing is ours yet: its first meeting says from where on.
        let Some((id, state @ MailboxState { met_at: Some(met_at), .. })) = known else {
            session.logout().await;
            return Ok(());
        };
        self.watched_folder(&mut session, id, &state, met_at).await?;
        session.logout().await;
        match &account.done_folder {
            Some(folder) => self.done_folder(&ImapAccount { folder: folder.clone(), ..account.clone() }, met_at).await,
            None => Ok(()),
        }
    }

    async fn watched_folder(
        &mut self,
        session: &mut Session,
        id: MailboxId,
        state: &MailboxState,
        met_at: Timestamp,
    ) -> Result<(), CannotLook> {
        let (folder, uid_validity) = (&self.account.folder, session.folder().uid_validity);
        if state.uid_validity != Some(uid_validity) {
            let was = state.uid_validity.map_or("none".to_owned(), |it| it.to_string());
            self.add(RENUMBERED.0, format!("{}: {folder} has UIDVALIDITY {uid_validity}, and had {was}", self.name()));
            let mut listed = self.list(session, 1).await?;
            listed.retain(|it| it.internal_date.is_none_or(|at| is_since(at, met_at) && at < self.before));
            return self.by_content(session, folder, &listed, NOT_TAKEN.0).await;
        }
        let mut listed = self.list(session, state.floor_uid).await?;
        for uid in server::not_filed(&mut *self.store.read().await?, id, uid_validity, self.before).await? {
            if listed.binary_search_by_key(&uid, |it| it.uid).is_ok() {
                self.add(NOT_FILED.0, format!("{}: UID {uid} of {folder}", self.name()));
            }
        }
        // The ledger is read after the server was asked: what was taken in meanwhile is in it.
        let sighted = sightings::sighted(&mut *self.store.read().await?, id, uid_validity, state.floor_uid).await?;
        listed.retain(|it| {
            sighted.binary_search_by_key(&it.uid, |(uid, _)| *uid).is_err() && it.internal_date.is_none_or(|at| at < self.before)
        });
        self.by_content(session, folder, &listed, NOT_TAKEN.0).await
    }

    /// What was put away is known by its Message-ID, or where that says nothing by its content. A folder that is not there is empty.
    async fn done_folder(&mut self, account: &ImapAccount, met_at: Timestamp) -> Result<(), CannotLook> {
        let mut session = match Session::examine(account, self.limits).await {
            Err(ImapError::FolderMissing { .. }) => return Ok(()),
            opened => opened?,
        };
        let mut listed = self.list(&mut session, 1).await?;
        listed.retain(|it| it.internal_date.is_some_and(|at| is_since(at, met_at) && at < self.before));
        let ids = session.message_ids(&listed.iter().map(|it| it.uid).collect::<Vec<_>>()).await?;
        let mut unknown = Vec::new();
        let mut conn = self.store.read().await?;
        for it in listed {
            let known = match ids.get(&it.uid) {
                Some(id) => server::has_message_id(&mut conn, id).await?,
                None => false,
            };
            if !known {
                unknown.push(it);
            }
        }
        drop(conn);
        self.by_content(&mut session, &account.folder, &unknown, NOT_KNOWN.0).await?;
        session.logout().await;
        Ok(())
    }

    async fn list(&mut self, session: &mut Session, mut from: u32) -> Result<Vec<Listed>, CannotLook> {
        let mut all = Vec::new();
        loop {
            let page = session.list_from(from).await?;
            let more = page.len() >= LISTED_AT_ONCE;
            all.extend(page);
            match all.last() {
                Some(last) if more => from = last.uid.saturating_add(1),
                Some(_) | None => break,
            }
        }
        self.online.listed += all.len();
        Ok(all)
    }

    /// Names those whose content the ledger does not have: a message met again under another UID is the same message.
    async fn by_content(&mut self, session: &mut Session, folder: &str, listed: &[Listed], rule: &str) -> Result<(), CannotLook> {
        let (whole, large): (Vec<Listed>, Vec<Listed>) = listed.iter().partition(|it| u64::from(it.size) <= self.limits.largest_message);
        for it in large {
            if let Some(header) = session.fetch_header(it.uid).await? {
                self.name_unknown(folder, it.uid, &header, rule).await?;
            }
        }
        let mut fetching = session.fetch(&whole, Short::IsTaken);
        while let Some(batch) = fetching.next_batch().await? {
            for it in batch.messages {
                self.name_unknown(folder, it.uid, &it.octets, rule).await?;
            }
            for it in batch.not_yet.iter().filter(|it| it.octets.is_some()) {
                self.add(rule, format!("{}: UID {} of {folder}, which the server lists and does not give", self.name(), it.uid));
            }
        }
        Ok(())
    }

    async fn name_unknown(&mut self, folder: &str, uid: u32, octets: &[u8], rule: &str) -> Result<(), CannotLook> {
        let keys = content_keys(octets);
        for key in keys.earlier.iter().chain([&keys.key]) {
            if server::has_content(&mut *self.store.read().await?, key).await? {
                return Ok(());
            }
        }
        let message = tokio::task::block_in_place(|| parse::read(octets));
        let sender = message.author().map_or_else(|| "nobody".to_owned(), |it| it.address.to_string());
        self.add(rule, format!("{}: UID {uid} of {folder}, from {sender}: {}", self.name(), message.subject));
        Ok(())
    }

    fn name(&self) -> &str {
        &self.mailbox.settings.name
    }

    fn add(&mut self, rule: &str, place: String) {
        if let Some(it) = self.online.findings.iter_mut().find(|it| it.rule == rule) {
            it.add(place);
        }
    }
}

/// A server's dates have no parts of a second.
fn is_since(internal_date: Timestamp, met_at: Timestamp) -> bool {
    internal_date.as_second() >= met_at.as_second()
}
