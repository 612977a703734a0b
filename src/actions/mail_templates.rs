//! Mail in the desk's own words: written, tried, put back to what is shipped.

use crate::{
    actions::{
        ActionError, Desk, Result,
        audit::{self, Line},
        settings, transact,
    },
    auth::keys::hashed,
    desk::{audit::AuditKind, id::MailboxId, mail_kind::MailKind, permission::Act, person::Person},
    mail::compose::{self, Written},
    store::mail_templates::{self, New},
    templates::own::{OwnMail, Part, check},
};

/// SHA-256 of a mail as it is shipped: tells whether that has changed since somebody wrote over it.
#[must_use]
pub fn shipped_hash(desk: &Desk, kind: MailKind) -> String {
    let OwnMail { subject, text, html } = desk.templates.shipped_mail(kind);
    hashed(&[subject, text, html].join("\u{0}"))
}

/// What is wrong with a mail before it is sent to anybody: of each part the first fault, in words; nothing where it can be used. It is
/// filled in as well, with what nobody has written.
///
/// # Errors
/// When the program's own templates are wrong.
pub fn faults(desk: &Desk, kind: MailKind, own: &OwnMail) -> Result<Vec<(Part, String)>> {
    let found: Vec<(Part, String)> =
        Part::ALL.into_iter().filter_map(|it| check(kind, own, it).err()).map(|it| (it.part, it.why)).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    Ok(preview(desk, kind, own).err().into_iter().collect())
}

/// The mail as it would be, about a ticket that nobody has opened.
///
/// # Errors
/// Which part cannot be used, and why.
pub fn preview(desk: &Desk, kind: MailKind, own: &OwnMail) -> std::result::Result<Written, (Part, String)> {
    for part in Part::ALL {
        check(kind, own, part).map_err(|it| (it.part, it.why))?;
    }
    compose::sample(&desk.templates, &desk.settings.name, &desk.url.to_string(), kind, own).map_err(|it| (it.part, it.why))
}

/// Sends these words from now on: from one mailbox, or from all that have none of their own.
///
/// # Errors
/// [`ActionError::Invalid`] with the part and why; what [`ActionError`] lists.
pub async fn write(desk: &Desk, actor: &Person, kind: MailKind, mailbox: Option<MailboxId>, own: &OwnMail) -> Result<()> {
    desk.allow(actor, Act::Manage)?;
    if let Some((part, why)) = faults(desk, kind, own)?.into_iter().next() {
        return Err(ActionError::Invalid { field: part.field(), why });
    }
    let (now, shipped) = (desk.clock.now(), &shipped_hash(desk, kind));
    let was = desk.templates.own_mail(kind, mailbox).unwrap_or_else(|| desk.templates.shipped_mail(kind));
    let (was, about) = (&was, &about(desk, kind, mailbox)?);
    transact(desk, |mut tx| async move {
        let new = New { kind, mailbox, parts: [&own.subject, &own.text, &own.html], shipped, by: actor.id };
        mail_templates::put(&mut tx, &new, now).await?;
        let line = |part: Part, what| Line::of(AuditKind::Template, about, what).from(was.part(part)).to(own.part(part));
        audit::note(&mut tx, actor, Line::of(AuditKind::Template, about, "written"), now).await?;
        audit::note(&mut tx, actor, line(Part::Subject, "changed the subject"), now).await?;
        audit::note(&mut tx, actor, line(Part::Text, "changed the text"), now).await?;
        audit::note(&mut tx, actor, line(Part::Html, "changed the HTML"), now).await?;
        Ok(tx.commit().await?)
    })
    .await?;
    settings::reload(desk).await
}

/// Sends what is shipped again; for a mailbox, what all others send.
///
/// # Errors
/// What [`ActionError`] lists; conflict when that is so already.
pub async fn put_back(desk: &Desk, actor: &Person, kind: MailKind, mailbox: Option<MailboxId>) -> Result<()> {
    desk.allow(actor, Act::Manage)?;
    let about = &about(desk, kind, mailbox)?;
    transact(desk, |mut tx| async move {
        if !mail_templates::forget(&mut tx, kind, mailbox).await? {
            return Err(ActionError::Conflict(format!("{about} is as it is shipped already")));
        }
        audit::note(&mut tx, actor, Line::of(AuditKind::Template, about, "put back to what is shipped"), desk.clock.now()).await?;
        Ok(tx.commit().await?)
    })
    .await?;
    settings::reload(desk).await
}

fn about(desk: &Desk, kind: MailKind, mailbox: Option<MailboxId>) -> Result<String> {
    let (title, ..) = kind.title();
    match mailbox {
        None => Ok(title.to_owned()),
        Some(id) if desk.mailboxes.iter().any(|(it, _)| it == id) => Ok(format!("{title} of {}", desk.name_of(id))),
        Some(_) => Err(ActionError::Missing("mailbox")),
    }
}
