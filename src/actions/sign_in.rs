//! Entering and leaving the desk: sessions, the first admin, invitations, one's own password.

use std::net::IpAddr;

use jiff::Timestamp;

use crate::{
    actions::{
        ActionError, Desk, Result,
        audit::{self, Line, named},
        transact,
    },
    auth::{keys::hashed, link::Purpose},
    clock::random_token,
    desk::{
        address::EmailAddress,
        audit::AuditKind,
        id::PersonId,
        person::{Person, PersonState, Role, clean_name},
    },
    store::{
        Tx, links,
        people::{self, NewPerson},
        sessions::{self, Session},
    },
};

/// Where somebody signs in from.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The browser's own words, at most 200 characters.
    pub agent: String,
    /// The network address.
    pub address: IpAddr,
}

/// A session that has begun.
#[derive(Clone)]
pub struct Started {
    /// Its random id, for the cookie alone: the store keeps a hash.
    pub id: String,
    /// The person's epoch.
    pub epoch: i64,
    /// The absolute limit.
    pub expires_at: Timestamp,
}

/// Begins a session for somebody whose password was right; sessions that are over are forgotten on the way.
///
/// # Errors
/// Missing when there is no such active person.
pub async fn sign_in(desk: &Desk, person: PersonId, new: NewSession) -> Result<Started> {
    let now = desk.clock.now();
    let (limits, new) = (desk.settings.sessions, &new);
    transact(desk, |mut tx| async move {
        active(&mut tx, person).await?;
        let epoch = sessions::epoch(&mut tx, person).await?.ok_or(ActionError::Missing("person"))?;
        let id = random_token();
        let expires_at = now.saturating_add(limits.absolute).unwrap_or(Timestamp::MAX);
        let session = Session {
            id: hashed(&id),
            person,
            created_at: now,
            seen_at: now,
            expires_at,
            agent: new.agent.clone(),
            address: new.address.to_string(),
        };
        sessions::prune(&mut tx, now, now.saturating_sub(limits.idle).unwrap_or(Timestamp::MIN)).await?;
        sessions::insert(&mut tx, &session).await?;
        sessions::seen(&mut tx, person, now).await?;
        tx.commit().await?;
        Ok(Started { id, epoch, expires_at })
    })
    .await
}

async fn active(tx: &mut Tx, person: PersonId) -> Result<Person> {
    people::get(tx, person).await?.filter(|it| it.state == PersonState::Active).ok_or(ActionError::Missing("person"))
}

/// Ends one of one's own sessions, by the hash of its id.
///
/// # Errors
/// When the database refuses.
pub async fn sign_out(desk: &Desk, who: &Person, session: &str) -> Result<()> {
    transact(desk, |mut tx| async move {
        sessions::delete(&mut tx, who.id, session).await?;
        tx.commit().await?;
        Ok(())
    })
    .await
}

/// Ends all of one's own sessions but this one.
///
/// # Errors
/// When the database refuses.
pub async fn sign_out_elsewhere(desk: &Desk, who: &Person, this: &str) -> Result<()> {
    transact(desk, |mut tx| async move {
        sessions::delete_others(&mut tx, who.id, this).await?;
        audit::note(&mut tx, who, Line::of(AuditKind::Access, named(who), "signed out everywhere else"), desk.clock.now()).await?;
        tx.commit().await?;
        Ok(())
    })
    .await
}

/// Notes that a session was used now.
///
/// # Errors
/// When the database refuses.
pub async fn note_use(desk: &Desk, session: &str) -> Result<()> {
    transact(desk, |mut tx| async move {
        sessions::touch(&mut tx, session, desk.clock.now()).await?;
        tx.commit().await?;
        Ok(())
    })
    .await
}

/// Who is to be the first admin.
#[derive(Clone, Debug)]
pub struct FirstAdmin {
    /// As typed.
    pub name: String,
    /// Where they are written to; may be a customer's already.
    pub email: EmailAddress,
    /// Argon2id, as a PHC string.
    pub password_hash: String,
}

/// Makes the first admin of a desk that has none.
///
/// # Errors
/// Conflict when there is one; invalid without a name.
pub async fn make_first_admin(desk: &Desk, new: FirstAdmin) -> Result<PersonId> {
    let name = &typed_name(&new.name, &new.email)?;
    let new = &new;
    transact(desk, |mut tx| async move {
        if sessions::has_admin(&mut tx).await? {
            return Err(ActionError::Conflict("this desk has an admin already; sign in, or ask them".to_owned()));
        }
        let person = match people::by_email(&mut tx, &new.email).await? {
            Some(known) => {
                sessions::promote(&mut tx, known.id, Role::Admin, name).await?;
                sessions::set_password(&mut tx, known.id, &new.password_hash).await?;
                known.id
            }
            None => {
                let admin =
                    NewPerson { role: Role::Admin, name, email: &new.email, password_hash: Some(&new.password_hash), at: desk.clock.now() };
                people::insert(&mut tx, &admin).await?
            }
        };
        let made = active(&mut tx, person).await?;
        audit::note(
            &mut tx,
            &made,
            Line::of(AuditKind::User, named(&made), "made the first admin").to(Role::Admin.title()),
            desk.clock.now(),
        )
        .await?;
        tx.commit().await?;
        tracing::info!(person = %person, "made the first admin");
        Ok(person)
    })
    .await
}

fn typed_name(name: &str, email: &EmailAddress) -> Result<String> {
    if name.trim().is_empty() {
        return Err(ActionError::Invalid { field: "name", why: "a name is missing; write it as people know it".to_owned() });
    }
    Ok(clean_name(name, email))
}

/// Somebody who accepts an invitation, or chooses a new password by a link.
#[derive(Clone, Debug)]
pub struct Invited {
    /// SHA-256 of the link's token.
    pub token_hash: String,
    /// As typed.
    pub name: String,
    /// Argon2id, as a PHC string.
    pub password_hash: String,
}

/// Uses a link up: name and password are set, every session of before is over.
///
/// # Errors
/// Conflict when the link was used or has expired; invalid without a name.
pub async fn accept_invitation(desk: &Desk, invited: Invited) -> Result<PersonId> {
    let now = desk.clock.now();
    let invited = &invited;
    let over = || ActionError::Conflict("this link was used already, or it has expired; an admin can send a new one".to_owned());
    transact(desk, |mut tx| async move {
        let link = links::get(&mut tx, &invited.token_hash).await?.ok_or_else(over)?;
        let sets_a_password = matches!(Purpose::parse(&link.purpose), Some(Purpose::Invitation | Purpose::Reset));
        if !sets_a_password || now >= link.expires_at || !links::use_up(&mut tx, &invited.token_hash, now).await? {
            return Err(over());
        }
        let person = active(&mut tx, link.person).await?;
        let name = typed_name(&invited.name, &person.email)?;
        sessions::rename(&mut tx, person.id, &name).await?;
        sessions::set_password(&mut tx, person.id, &invited.password_hash).await?;
        sessions::end_all(&mut tx, person.id).await?;
        audit::note(&mut tx, &person, Line::of(AuditKind::Access, named(&person), "chose a password by a link"), now).await?;
        tx.commit().await?;
        Ok(person.id)
    })
    .await
}

/// Sets one's own password, once the old one was right: every session ends, also the one that asks.
///
/// # Errors
/// When the database refuses.
pub async fn change_password(desk: &Desk, who: &Person, password_hash: &str) -> Result<()> {
    transact(desk, |mut tx| async move {
        sessions::set_password(&mut tx, who.id, password_hash).await?;
        sessions::end_all(&mut tx, who.id).await?;
        audit::note(&mut tx, who, Line::of(AuditKind::Access, named(who), "chose a new password"), desk.clock.now()).await?;
        tx.commit().await?;
        Ok(())
    })
    .await
}
