//! Signing in by a mailed link, without a password.

use crate::{
    actions::{
        ActionError, Desk, Result,
        door::{leave, transact},
        people::{By, mail_link, make_link},
    },
    auth::link::Purpose,
    desk::{address::EmailAddress, id::PersonId, loop_guard::nobody_reads, person::PersonState},
    mail::compose::LinkPurpose,
    store::{erasures, links, people},
};

/// Mails whoever has this address a link to sign in; one of before opens nothing any more. Nothing happens, and nothing is said of it,
/// where nobody has it, or where they may not sign in. `next`: the own path that they wanted, which the link leads on to.
///
/// # Errors
/// Conflict where the desk can send no mail.
pub async fn send_sign_in_link(desk: &Desk, email: &EmailAddress, next: Option<&str>) -> Result<()> {
    if desk.mailboxes.is_ours(email) || nobody_reads(email) {
        return Ok(());
    }
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let Some(who) = people::by_email_held(&mut tx, email).await?.filter(|it| it.state == PersonState::Active) else { return Ok(()) };
        if erasures::of(&mut tx, who.id).await?.is_some() {
            return Ok(());
        }
        let mut link = make_link(desk, &mut tx, &who, Purpose::SignIn, now).await?;
        if let Some(next) = next {
            link.0 += &format!("?next={}", escaped(next));
        }
        mail_link(desk, &mut tx, By::Shell, &who, LinkPurpose::SignIn, &link, now).await?;
        leave(desk, tx).await
    })
    .await
}

fn escaped(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'/');
    path.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// Uses a link up: whom it lets in.
///
/// # Errors
/// Conflict when it was used or has expired, or its person may not sign in.
pub async fn follow_sign_in_link(desk: &Desk, token_hash: &str) -> Result<PersonId> {
    let now = desk.clock.now();
    let over = || ActionError::Conflict("this link was used already, or it has expired; ask for a new one where you sign in".to_owned());
    transact(desk, |mut tx| async move {
        let link = links::get(&mut tx, token_hash).await?.ok_or_else(over)?;
        let signs_in = Purpose::parse(&link.purpose) == Some(Purpose::SignIn);
        if !signs_in || now >= link.expires_at || !links::use_up(&mut tx, token_hash, now).await? {
            return Err(over());
        }
        let who = people::get(&mut tx, link.person).await?.filter(|it| it.state == PersonState::Active).ok_or_else(over)?;
        tx.commit().await?;
        Ok(who.id)
    })
    .await
}
