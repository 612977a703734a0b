//! Somebody new: by an invitation that they accept, or with a password that an admin gives them.

use crate::{
    actions::{
        ActionError, Desk, Result,
        audit::{self, Line, named},
        door::{leave, transact},
        people::{By, MadeLink, mail_link, make_link, typed_name},
    },
    auth::link::Purpose,
    desk::{
        address::EmailAddress,
        audit::AuditKind,
        id::PersonId,
        person::{Person, PersonState, Role},
    },
    mail::compose::LinkPurpose,
    store::{
        Tx,
        people::{self, NewPerson},
        sessions,
    },
};

/// Who is to be added.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// As typed.
    pub name: String,
    /// Where they are written to; may be a customer's already, who then becomes what is asked.
    pub email: EmailAddress,
    /// What they are to be.
    pub role: Role,
    /// How they come to sign in.
    pub start: Start,
}

/// How somebody new comes to sign in.
#[derive(Clone, Debug)]
pub enum Start {
    /// By a link that is mailed to them, three days long.
    InvitationByMail,
    /// By a link that whoever adds them hands on.
    InvitationLink,
    /// With this password: Argon2id, as a PHC string.
    Password(String),
}

/// Adds somebody. The link, where they are invited.
///
/// # Errors
/// Invalid without a name, or when the address is a helper's or admin's already.
pub async fn add(desk: &Desk, by: By<'_>, new: &NewUser) -> Result<(PersonId, Option<MadeLink>)> {
    by.allow(desk)?;
    let now = desk.clock.now();
    let name = &typed_name(&new.name, &new.email)?;
    if desk.mailboxes.is_ours(&new.email) {
        return Err(invalid_email(format!("{} is this desk’s own address; write the person’s", new.email)));
    }
    transact(desk, |mut tx| async move {
        let person = account(&mut tx, new, name, now).await?;
        let link = match &new.start {
            Start::Password(hash) => {
                sessions::set_password(&mut tx, person.id, hash).await?;
                None
            }
            Start::InvitationLink => Some(make_link(desk, &mut tx, &person, Purpose::Invitation, now).await?),
            Start::InvitationByMail => {
                let link = make_link(desk, &mut tx, &person, Purpose::Invitation, now).await?;
                mail_link(desk, &mut tx, by, &person, LinkPurpose::Invitation, &link, now).await?;
                Some(link)
            }
        };
        let what = match new.start {
            Start::Password(_) => "was added with a password",
            Start::InvitationByMail | Start::InvitationLink => "was added and invited",
        };
        audit::note(&mut tx, by, Line::of(AuditKind::User, named(&person), what).to(new.role.title()), now).await?;
        leave(desk, tx).await?;
        tracing::info!(person = %person.id, role = new.role.as_str(), "added {}", person.id);
        Ok((person.id, link))
    })
    .await
}

/// The row: a new one, or the customer's who wrote in before.
async fn account(tx: &mut Tx, new: &NewUser, name: &str, now: jiff::Timestamp) -> Result<Person> {
    let id = match people::by_email(tx, &new.email).await? {
        Some(known) => {
            refuse_known(tx, &known, new).await?;
            sessions::end_all(tx, known.id).await?;
            sessions::promote(tx, known.id, new.role, name).await?;
            known.id
        }
        None => {
            let row = NewPerson { role: new.role, name, email: &new.email, password_hash: None, at: now };
            people::insert(tx, &row).await?
        }
    };
    people::get(tx, id).await?.ok_or(ActionError::Missing("person"))
}

/// A customer who wrote in has an account without knowing it; everybody else is changed on their own page.
async fn refuse_known(tx: &mut Tx, known: &Person, new: &NewUser) -> Result<()> {
    if known.role.is_staff() {
        return Err(invalid_email(format!("{} is {} already; change them on their own page", new.email, known.name)));
    }
    if known.state == PersonState::Disabled {
        return Err(invalid_email(format!("{} is disabled; enable them on their own page first", new.email)));
    }
    let signs_in = sessions::credentials(tx, &new.email).await?.is_some_and(|it| it.password_hash.is_some());
    if new.role == Role::Customer && signs_in {
        return Err(invalid_email(format!("{} can sign in already; send a new password from their own page", new.email)));
    }
    Ok(())
}

fn invalid_email(why: String) -> ActionError {
    ActionError::Invalid { field: "email", why }
}
