//! A customer is erased: what is personal goes, what figures are counted from stays, and it is written down that it was done.

use jiff::Timestamp;

use crate::{
    actions::{
        ActionError, Desk, Result,
        audit::{self, Line},
        door::{leave, transact},
        people::By,
    },
    desk::{
        audit::AuditKind,
        erasure::Counts,
        id::{DeliveryId, PersonId, TicketNumber},
        person::{Person, Role},
    },
    store::{
        Tx, addresses,
        erasures::{self, Found, StillToLeave},
        ms, people, tickets,
    },
};

/// What erasing somebody came to.
#[derive(Debug)]
pub struct Erased {
    /// How much.
    pub counts: Counts,
    /// Whether it is also out of files, free pages and the write-ahead log.
    pub swept: Swept,
}

/// Whether nothing is left below the rows.
#[derive(Debug)]
pub enum Swept {
    /// Nothing.
    Done,
    /// Not yet, for this reason: the daemon tries again every minute.
    NotYet(String),
}

/// How much erasing a customer would take. Changes nothing.
///
/// # Errors
/// What [`ActionError`] lists; conflict for somebody who is no customer.
pub async fn would_erase(desk: &Desk, by: By<'_>, id: PersonId) -> Result<(Person, Counts)> {
    by.allow(desk)?;
    // Not committed: nothing is written.
    transact(desk, |mut tx| async move {
        let who = customer(&mut tx, id).await?;
        let found = erasures::find(&mut tx, &who).await?;
        let called_off = erasures::still_to_leave(&mut tx, &found).await?.len();
        let files = erasures::files_of(&mut tx, &found).await?;
        Ok((who, found.counts(called_off, files)))
    })
    .await
}

/// Erases a customer: their tickets’ subjects and words, their words anywhere else, their mail and its files, mail to them, their
/// name, address, sessions and links, and rules about them. Mail that waits to leave to them is called off. `typed`: their address,
/// as whoever asks for it repeats it.
///
/// # Errors
/// What [`ActionError`] lists; conflict for somebody who is no customer, and while mail is being decided or handed over; invalid when
/// `typed` is not their address.
pub async fn erase(desk: &Desk, by: By<'_>, id: PersonId, typed: &str) -> Result<Erased> {
    by.allow(desk)?;
    let now = desk.clock.now();
    let counts = transact(desk, |mut tx| async move {
        let who = customer(&mut tx, id).await?;
        if typed.trim().to_lowercase() != who.email.folded() {
            let why = "this is not their address; nothing was erased. Type it as it stands on this page".to_owned();
            return Err(ActionError::Invalid { field: "email", why });
        }
        if erasures::undecided(&mut tx).await? > 0 {
            return Err(ActionError::Conflict(
                "mail is being decided that may be theirs; nothing was erased. Try again in a minute".to_owned(),
            ));
        }
        let found = erasures::find(&mut tx, &who).await?;
        tickets::lock_all(&mut tx, found.tickets.iter().copied().map(TicketNumber)).await?;
        let called_off = call_off(&mut tx, &who, &found, now).await?;
        let counts = erasures::erase(&mut tx, &who, &found, by.id(), called_off, now).await?;
        // By number: their name is what was erased.
        let line = Line::of(AuditKind::Erasure, format!("customer {id}"), "erased").to(counts.in_words());
        audit::note(&mut tx, by, line, now).await?;
        leave(desk, tx).await?;
        Ok(counts)
    })
    .await?;
    tracing::info!(person = %id, "erased customer {id}: {}", counts.in_words());
    let swept = match desk.store.sweep().await {
        Ok(()) => Swept::Done,
        Err(error) => {
            tracing::warn!(person = %id, "what erasing customer {id} left behind is not removed yet: {error}");
            Swept::NotYet(error.to_string())
        }
    };
    Ok(Erased { counts, swept })
}

/// The customer, locked until the transaction ends.
async fn customer(tx: &mut Tx, id: PersonId) -> Result<Person> {
    if erasures::of(tx, id).await?.is_some() {
        return Err(ActionError::Conflict("this customer was erased already".to_owned()));
    }
    let who = people::lock(tx, id).await?.ok_or(ActionError::Missing("person"))?;
    match who.role {
        Role::Customer => Ok(who),
        Role::Admin | Role::Helper => {
            let why = format!("{} is staff; only customers are erased. What they wrote is the desk’s; disable them instead", who.name);
            Err(ActionError::Conflict(why))
        }
    }
}

/// Every copy that is still to leave; refused where another customer waits for it, or where it is leaving this moment. How many.
async fn call_off(tx: &mut Tx, who: &Person, found: &Found, now: Timestamp) -> Result<usize> {
    let all = erasures::still_to_leave(tx, found).await?;
    if all.iter().any(|it| it.lease_until.is_some_and(|until| until > ms(now))) {
        return Err(ActionError::Conflict(
            "mail to them is being handed over just now; nothing was erased. Try again in a minute".to_owned(),
        ));
    }
    let mut own = addresses::former(tx, who.id).await?;
    own.push(who.email.folded());
    let others = |it: &&StillToLeave| !own.contains(&it.address) && !matches!(it.role.as_deref(), Some("admin" | "helper"));
    if let Some(waits) = all.iter().find(others) {
        let about = waits.ticket.map(|it| format!(" about #{it}")).unwrap_or_default();
        let why = format!(
            "mail{about} that names them is still to leave to somebody else; nothing was erased. Let it leave, or call it off first"
        );
        return Err(ActionError::Conflict(why));
    }
    for it in &all {
        erasures::call_off(tx, DeliveryId(it.id), now).await?;
    }
    Ok(all.len())
}
