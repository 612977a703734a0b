//! After a desk came back from a backup: mail that the server got since then lies where it was filed, and the ledger lacks it.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::{
    actions::Desk,
    desk::mailbox::ImapAccount,
    mail::imap::{ImapError, ImapLimits, LISTED_AT_ONCE, Listed, Session, Short},
    store::{messages::Taken, restored},
    workers::{
        Result, WorkerError,
        intake::Watched,
        take_in::{Arrival, take_in},
    },
};

/// Clocks of a server and of ours may differ, and a message may have been filed before the backup began: what the ledger has already is
/// known by its content.
const SLACK: SignedDuration = SignedDuration::from_hours(24);

/// So long before it is tried again.
const PAUSE: Duration = Duration::from_secs(60);

/// What one look came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looked {
    /// The ledger lacks nothing of this mailbox.
    NothingMissing,
    /// So many messages were looked at; those that were missing are in the ledger again.
    Again(usize),
}

/// Takes in what was filed since the moment that the desk went back to. Nothing is answered by itself (`desk/triage`), and nothing on the
/// server changes: it is filed already. Where messages stay in the watched folder, intake meets them by itself.
///
/// # Errors
/// When the server or the database fails; what is in the ledger stays, and it is looked again.
pub async fn step(desk: &Desk, watched: &Watched) -> Result<Looked> {
    let Some(since) = restored::look_again_since(&mut *desk.store.read().await?, watched.mailbox).await? else {
        return Ok(Looked::NothingMissing);
    };
    let looked = match &watched.account.done_folder {
        None => 0,
        Some(folder) => look(desk, watched, folder, since).await?,
    };
    let mut tx = desk.store.begin().await?;
    restored::looked_again(&mut tx, watched.mailbox).await?;
    tx.commit().await?;
    let name = &watched.name;
    tracing::info!(mailbox = %name, "mailbox {name}: {looked} messages that were filed since the backup were looked at again");
    Ok(Looked::Again(looked))
}

async fn look(desk: &Desk, watched: &Watched, folder: &str, since: Timestamp) -> Result<usize> {
    let account = ImapAccount { folder: folder.to_owned(), done_folder: None, ..watched.account.clone() };
    let limits = ImapLimits { largest_message: desk.settings.max_message_bytes, ..ImapLimits::default() };
    let mut session = match Session::examine(&account, limits).await {
        Ok(session) => session,
        // Nothing was ever filed.
        Err(ImapError::FolderMissing { .. }) => return Ok(0),
        Err(other) => return Err(other.into()),
    };
    let (mut from, mut looked) = (1, 0);
    loop {
        let page = session.list_from(from).await?;
        let later: Vec<Listed> = page.iter().filter(|it| it.internal_date.is_none_or(|at| at >= since - SLACK)).copied().collect();
        looked += take(desk, watched, &mut session, &later).await?;
        match page.last() {
            Some(last) if page.len() >= LISTED_AT_ONCE => from = last.uid.saturating_add(1),
            Some(_) | None => break,
        }
    }
    session.logout().await;
    Ok(looked)
}

async fn take(desk: &Desk, watched: &Watched, session: &mut Session, listed: &[Listed]) -> Result<usize> {
    let (whole, too_large): (Vec<Listed>, Vec<Listed>) =
        listed.iter().partition(|it| u64::from(it.size) <= desk.settings.max_message_bytes);
    let mut taken = 0;
    let mut fetching = session.fetch(&whole, Short::IsTaken);
    while let Some(batch) = fetching.next_batch().await? {
        let now = desk.clock.now();
        let arrivals: Vec<Arrival<'_>> = batch
            .messages
            .iter()
            .map(|it| arrival(it.internal_date.unwrap_or(now), it.octets.len() as u64, Taken::Whole, &it.octets))
            .collect();
        taken += arrivals.len();
        take_in(desk, watched.mailbox, &arrivals).await?;
    }
    for one in too_large {
        let Some(header) = session.fetch_header(one.uid).await? else { continue };
        let received_at = one.internal_date.unwrap_or(desk.clock.now());
        take_in(desk, watched.mailbox, &[arrival(received_at, u64::from(one.size), Taken::HeaderOnly, &header)]).await?;
        taken += 1;
    }
    Ok(taken)
}

/// It is filed already, so that its place on the server does not matter.
fn arrival(received_at: Timestamp, size: u64, taken: Taken, octets: &[u8]) -> Arrival<'_> {
    Arrival { place: None, received_at, size, taken, octets }
}

/// Looks until it has been everywhere, or is told to stop.
pub async fn run(desk: Arc<Desk>, watched: Watched, stop: CancellationToken) {
    loop {
        let looked = tokio::select! {
            () = stop.cancelled() => return,
            looked = step(&desk, &watched) => looked,
        };
        match looked {
            Ok(Looked::NothingMissing | Looked::Again(_)) => return,
            Err(error) => tell(&watched, &error),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

fn tell(watched: &Watched, error: &WorkerError) {
    let name = &watched.name;
    tracing::warn!(mailbox = %name, "mailbox {name}: mail from since the backup cannot be looked for yet: {error}");
}
