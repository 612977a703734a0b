//! An admin says what is taken of the mail that lay in a mailbox when it was first met.

use crate::{
    actions::{
        ActionError, Desk, Result,
        audit::{self, Line},
        door::transact,
        people::By,
    },
    desk::{audit::AuditKind, id::MailboxId, settings::TakeExisting},
    store::mailboxes,
};

/// Says it; the daemon that watches the mailbox does it within seconds.
///
/// # Errors
/// Conflict when nothing is asked: it was never met, nothing lay there, or it was said already.
pub async fn settle(desk: &Desk, by: By<'_>, mailbox: MailboxId, take: TakeExisting) -> Result<()> {
    by.allow(desk)?;
    transact(desk, |mut tx| async move {
        if !mailboxes::give_word(&mut tx, mailbox, take, by.id()).await? {
            let why = "nothing is asked about this mailbox: it was not met yet, or what is taken of the mail in it is settled";
            return Err(ActionError::Conflict(why.to_owned()));
        }
        let line = Line::of(AuditKind::Mailbox, desk.name_of(mailbox), "said what is taken of the mail that lay there").to(take.as_str());
        audit::note(&mut tx, by, line, desk.clock.now()).await?;
        Ok(tx.commit().await?)
    })
    .await
}
