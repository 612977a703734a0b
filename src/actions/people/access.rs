//! How somebody gets in: a new password, a link to choose one, and every session ended.

use crate::{
    actions::{
        ActionError, Desk, Result,
        audit::{self, Line, named},
        door::{leave, transact},
        people::{By, MadeLink, mail_link, make_link, person},
    },
    auth::link::Purpose,
    desk::{audit::AuditKind, id::PersonId, person::PersonState},
    mail::compose::LinkPurpose,
    store::{sessions, two_factor},
};

/// Mails somebody a link to choose a password; to one who never had any, the invitation again. What they have still works until
/// they use it. The link.
///
/// # Errors
/// What [`ActionError`] lists; conflict for somebody who is disabled.
pub async fn reset_password(desk: &Desk, by: By<'_>, id: PersonId) -> Result<MadeLink> {
    by.allow(desk)?;
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let to = person(&mut tx, id).await?;
        if to.state == PersonState::Disabled {
            return Err(ActionError::Conflict(format!("{} is disabled; enable them first", to.name)));
        }
        let has_password = sessions::credentials(&mut tx, &to.email).await?.is_some_and(|it| it.password_hash.is_some());
        let (purpose, mailed) =
            if has_password { (Purpose::Reset, LinkPurpose::Reset) } else { (Purpose::Invitation, LinkPurpose::Invitation) };
        let link = make_link(desk, &mut tx, &to, purpose, now).await?;
        mail_link(desk, &mut tx, by, &to, mailed, &link, now).await?;
        let what = if has_password { "was mailed a link to choose a password" } else { "was mailed an invitation" };
        audit::note(&mut tx, by, Line::of(AuditKind::Access, named(&to), what), now).await?;
        leave(desk, tx).await?;
        Ok(link)
    })
    .await
}

/// Gives somebody a password; their sessions end. `hash`: Argon2id, as a PHC string.
///
/// # Errors
/// What [`ActionError`] lists.
pub async fn set_password(desk: &Desk, by: By<'_>, id: PersonId, hash: &str) -> Result<()> {
    by.allow(desk)?;
    transact(desk, |mut tx| async move {
        let who = person(&mut tx, id).await?;
        sessions::set_password(&mut tx, who.id, hash).await?;
        sessions::end_all(&mut tx, who.id).await?;
        audit::note(
            &mut tx,
            by,
            Line::of(AuditKind::Access, named(&who), "was given a password and signed out everywhere"),
            desk.clock.now(),
        )
        .await?;
        leave(desk, tx).await
    })
    .await
}

/// Ends every session of somebody, on every device, at once.
///
/// # Errors
/// What [`ActionError`] lists.
pub async fn sign_out_everywhere(desk: &Desk, by: By<'_>, id: PersonId) -> Result<()> {
    by.allow(desk)?;
    transact(desk, |mut tx| async move {
        let who = person(&mut tx, id).await?;
        sessions::end_all(&mut tx, who.id).await?;
        audit::note(&mut tx, by, Line::of(AuditKind::Access, named(&who), "was signed out everywhere"), desk.clock.now()).await?;
        leave(desk, tx).await
    })
    .await
}

/// Lets somebody sign in without a code who has lost their authenticator app and its recovery codes; their sessions end.
///
/// # Errors
/// What [`ActionError`] lists; conflict where two-factor sign-in is off already.
pub async fn reset_two_factor(desk: &Desk, by: By<'_>, id: PersonId) -> Result<()> {
    by.allow(desk)?;
    transact(desk, |mut tx| async move {
        let who = person(&mut tx, id).await?;
        if !two_factor::remove(&mut tx, who.id).await? {
            return Err(ActionError::Conflict(format!("two-factor sign-in of {} is off already", who.name)));
        }
        sessions::end_all(&mut tx, who.id).await?;
        let what = "had two-factor sign-in reset and was signed out everywhere";
        audit::note(&mut tx, by, Line::of(AuditKind::Access, named(&who), what), desk.clock.now()).await?;
        leave(desk, tx).await
    })
    .await
}
