//! What stands below replies: each person's own, and each mailbox's for those who have none.

use crate::{
    actions::{
        ActionError, Desk, Result,
        audit::{self, Line},
        door::transact,
    },
    desk::{
        audit::AuditKind,
        id::MailboxId,
        permission::Act,
        person::Person,
        placeholder::{self, Placeholder},
        settings::MailboxSettings,
    },
    store::signatures,
};

/// Characters of a signature, at most.
const LONGEST: usize = 1000;

/// Lines, at most.
const MOST_LINES: usize = 12;

/// Sets one's own; empty: what the mailbox says.
///
/// # Errors
/// [`ActionError::Invalid`] names what is wrong with it.
pub async fn set_own(desk: &Desk, actor: &Person, text: &str) -> Result<()> {
    if !actor.is_active_staff() {
        return Err(ActionError::Forbidden);
    }
    let text = &valid(text)?;
    transact(desk, |mut tx| async move {
        signatures::set_own(&mut tx, actor.id, text).await?;
        Ok(tx.commit().await?)
    })
    .await
}

/// Sets a mailbox's; empty: none.
///
/// # Errors
/// As [`set_own`].
pub async fn set_of_mailbox(desk: &Desk, actor: &Person, mailbox: MailboxId, text: &str) -> Result<()> {
    desk.allow(actor, Act::Manage)?;
    if !desk.mailboxes.iter().any(|(it, _)| it == mailbox) {
        return Err(ActionError::Missing("mailbox"));
    }
    let (text, now) = (&valid(text)?, desk.clock.now());
    let name = desk.mailboxes.get(mailbox).map_or("a mailbox", |it| it.name.as_str());
    transact(desk, |mut tx| async move {
        let was = signatures::of_mailbox(&mut tx, mailbox).await?;
        audit::note(&mut tx, actor, Line::of(AuditKind::Mailbox, name, "changed the signature").from(was).to(text), now).await?;
        signatures::set_of_mailbox(&mut tx, mailbox, text).await?;
        Ok(tx.commit().await?)
    })
    .await
}

fn valid(text: &str) -> Result<String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text: String = text.chars().filter(|c| !c.is_control() || *c == '\n').collect();
    let text = text.trim();
    let invalid = |why: String| ActionError::Invalid { field: "signature", why };
    if text.chars().count() > LONGEST || text.lines().count() > MOST_LINES {
        return Err(invalid(format!("the signature is too long; at most {MOST_LINES} lines and {LONGEST} characters")));
    }
    placeholder::check(text).map_err(|error| invalid(error.to_string()))?;
    Ok(text.to_owned())
}

/// A text as it would stand below a reply of `who` from a mailbox, to a customer made up for it.
#[must_use]
pub fn sample(desk: &Desk, who: &Person, mailbox: &MailboxSettings, text: &str) -> String {
    placeholder::fill(text, |it| match it {
        Placeholder::CustomerName => "Ann Lee".to_owned(),
        Placeholder::CustomerFirstName => "Ann".to_owned(),
        Placeholder::CustomerEmail => "ann@example.com".to_owned(),
        Placeholder::TicketNumber => "1042".to_owned(),
        Placeholder::TicketSubject => "Printer smokes".to_owned(),
        Placeholder::HelperName => who.name.clone(),
        Placeholder::HelperFirstName => placeholder::first_name(&who.name).to_owned(),
        Placeholder::MailboxName => mailbox.display_name.clone(),
        Placeholder::MailboxAddress => mailbox.address.to_string(),
        Placeholder::Company => desk.settings.name.clone(),
    })
}
