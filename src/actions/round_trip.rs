//! A mailbox writes to itself, to see whether what is sent to it arrives in the folder that is watched.

use crate::{
    actions::{
        Desk, Result,
        door::{leave, transact},
    },
    clock::random_token,
    desk::{round_trip::is_due, settings::MailboxSettings, token},
    mail::compose::{self, Author, Content, Letterhead, Outgoing},
    store::{
        Tx,
        leases::{self, Fence},
        outbox::{self, Automatic, Leaves, NewMail, Recipient},
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
    let url = desk.url.to_string();
    let head = Letterhead { desk: &desk.settings.name, url: &url, number: None, subject: "", greeting: "" };
    let written = compose::write(&desk.templates, &head, &Content::Probe { address: settings.address.as_str() })?;
    let sign = |text: &str| desk.sign(text);
    let id = token::message_id(None, None, &random_token(), settings.address.domain(), &sign);
    let bytes = compose::compose(&Outgoing {
        from: &settings.named(),
        to: &[settings.named()],
        reply_to: None,
        subject: &written.subject,
        message_id: &id,
        in_reply_to: None,
        references: &[],
        date: now,
        author: Author::Desk,
        loop_mark: &token::loop_mark(&random_token(), &sign),
        text: &written.text,
        html: &written.html,
        files: &[],
    })?;
    let sha256 = desk.store.blobs().put_later(tx, &bytes, now).await?;
    let new = NewMail {
        mailbox: fence.mailbox,
        kind: "probe",
        ticket: None,
        comment: None,
        author: None,
        message_id: &id,
        // A report that it cannot be delivered is wanted.
        envelope_from: Some(&settings.address),
        sha256: &sha256,
        subject: &written.subject,
        // It goes to ourselves, and how often, the configuration bounds.
        automatic: Automatic::No,
        leaves: Leaves::Yes,
    };
    outbox::insert(tx, &new, &[Recipient { address: settings.address.clone(), person: None }], now, now);
    round_trips::begin(tx, fence.mailbox, &id, now).await?;
    Ok(())
}
