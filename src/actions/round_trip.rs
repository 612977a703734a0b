//! A mailbox writes to itself, to see whether what is sent to it arrives in the folder that is watched.

use crate::{
    actions::{
        Desk, Result,
        door::{leave, transact},
        own_letter::{OwnLetter, Readers},
    },
    desk::{round_trip::is_due, settings::MailboxSettings},
    mail::compose::Content,
    store::{
        Tx,
        leases::{self, Fence},
        outbox::Automatic,
        round_trips,
    },
};

/// What asking came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A probe is in the outbox.
    Sent,
    /// None is due, or this mailbox sends none.
    NotDue,
}

/// Puts a probe into the outbox where one is due, for whoever reads the mailbox: only who holds `fence` sends. Where none is due, nothing is
/// written.
///
/// # Errors
/// When the database refuses, the lease is lost, or the mail cannot be made: then nothing happened.
pub async fn send_where_due(desk: &Desk, fence: Fence) -> Result<Asked> {
    let Some(settings) = desk.mailboxes.get(fence.mailbox) else { return Ok(Asked::NotDue) };
    let Some(every) = settings.probes() else { return Ok(Asked::NotDue) };
    let (alarm_after, now) = (desk.settings.alarm_after, desk.clock.now());
    let newest = round_trips::newest(&mut *desk.store.read().await?, fence.mailbox).await?;
    if !is_due(newest.as_ref(), every, alarm_after, now) {
        return Ok(Asked::NotDue);
    }
    transact(desk, |mut tx| async move {
        leases::hold(&mut tx, fence).await?;
        let newest = round_trips::newest(&mut tx, fence.mailbox).await?;
        if !is_due(newest.as_ref(), every, alarm_after, now) {
            return Ok(Asked::NotDue);
        }
        post(desk, &mut tx, fence, settings).await?;
        leave(desk, tx).await?;
        Ok(Asked::Sent)
    })
    .await
}

async fn post(desk: &Desk, tx: &mut Tx, fence: Fence, settings: &MailboxSettings) -> Result<()> {
    let now = desk.clock.now();
    let content = Content::Probe { address: settings.address.as_str() };
    // It goes to ourselves, and how often, the configuration bounds.
    let mail = OwnLetter { kind: "probe", content, ticket: None, to: Readers::Itself, automatic: Automatic::No };
    if let Some(id) = mail.post(desk, tx, fence.mailbox, now).await? {
        round_trips::begin(tx, fence.mailbox, &id, now).await?;
    }
    Ok(())
}
