//! Rows of `participants`: whose mail may join a ticket, and who is sent what is public.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    desk::{
        address::EmailAddress,
        id::{CorrectionId, PersonId, TicketNumber},
        permission::{Case, TakingPart},
        person::{Person, PersonState, Role},
        ticket::Ticket,
    },
    store::{Conn, Result, StoreError, Tx, at, events, ms, on, word},
};

/// How a person stands to a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Participation {
    /// Sent what is public, may join by mail.
    Active,
    /// Sent nothing until staff agree.
    Proposed,
    /// Taken off by staff.
    Removed,
}

impl Participation {
    /// As stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Proposed => "proposed",
            Self::Removed => "removed",
        }
    }

    /// The word of [`Participation::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Active, Self::Proposed, Self::Removed].into_iter().find(|it| it.as_str() == word)
    }
}

/// What about the ticket matters to who may do what with it.
///
/// # Errors
/// When the database refuses.
pub async fn case(conn: &mut Conn, ticket: &Ticket, who: PersonId) -> Result<Case> {
    let state = of(conn, ticket.number, who).await?;
    let taking_part = if state == Some(Participation::Active) { TakingPart::Yes } else { TakingPart::No };
    Ok(Case { requester: ticket.requester, assignee: ticket.assignee, taking_part })
}

/// How `who` stands to the ticket; none: not at all.
///
/// # Errors
/// When the database refuses.
pub async fn of(conn: &mut Conn, number: TicketNumber, who: PersonId) -> Result<Option<Participation>> {
    let sql = "select state from participants where ticket = $1 and person = $2";
    let state: Option<(String,)> = on!(conn, c => sqlx::query_as(sql).bind(number.0).bind(who.0).fetch_optional(c).await)?;
    state.map(|(state,)| word("participants", "state", &state, Participation::parse)).transpose()
}

/// Sets how `who` stands to the ticket.
///
/// # Errors
/// When the database refuses.
pub async fn set(tx: &mut Tx, number: TicketNumber, who: PersonId, state: Participation, now: Timestamp) -> Result<()> {
    // Since when they hear: whoever was only proposed, or taken off, has not heard what was said meanwhile.
    let sql = "insert into participants (ticket, person, state, added_at) values ($1, $2, $3, $4)
        on conflict (ticket, person) do update set state = excluded.state,
            added_at = case when participants.state <> 'active' and excluded.state = 'active' then excluded.added_at else participants.added_at end";
    on!(tx, c => sqlx::query(sql).bind(number.0).bind(who.0).bind(state.as_str()).bind(ms(now)).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Who takes part, each since when.
///
/// # Errors
/// When the database refuses.
pub async fn active_since(conn: &mut Conn, number: TicketNumber) -> Result<BTreeMap<PersonId, Timestamp>> {
    let sql = "select person, added_at from participants where ticket = $1 and state = 'active'";
    let rows: Vec<(i64, i64)> = on!(conn, c => sqlx::query_as(sql).bind(number.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(person, since)| (PersonId(person), at(since))).collect())
}

/// Puts `who` back to how they stood to the ticket before; none: not at all.
///
/// # Errors
/// When the database refuses.
pub async fn put_back(tx: &mut Tx, number: TicketNumber, who: PersonId, was: Option<Participation>, now: Timestamp) -> Result<()> {
    if let Some(was) = was {
        return set(tx, number, who, was, now).await;
    }
    let sql = "delete from participants where ticket = $1 and person = $2";
    on!(tx, c => sqlx::query(sql).bind(number.0).bind(who.0).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// [`set`] by a correction, so that undoing it can put them back to what they were.
///
/// # Errors
/// When the database refuses.
pub async fn bring(
    tx: &mut Tx,
    number: TicketNumber,
    who: PersonId,
    state: Participation,
    with: CorrectionId,
    now: Timestamp,
) -> Result<()> {
    let was = of(tx, number, who).await?;
    set(tx, number, who, state, now).await?;
    let sql = "update participants set came_with = $3, was = $4 where ticket = $1 and person = $2";
    on!(tx, c => sqlx::query(sql)
        .bind(number.0).bind(who.0).bind(with.0).bind(was.map(Participation::as_str)).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Whom this correction brought to a ticket, and how they stand to it.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn brought_by(conn: &mut Conn, number: TicketNumber, with: CorrectionId) -> Result<Vec<(PersonId, Participation)>> {
    let sql = "select person, state from participants where ticket = $1 and came_with = $2 order by person";
    let rows: Vec<(i64, String)> = on!(conn, c => sqlx::query_as(sql).bind(number.0).bind(with.0).fetch_all(c).await)?;
    rows.into_iter().map(|(id, state)| Ok((PersonId(id), word("participants", "state", &state, Participation::parse)?))).collect()
}

/// Another correction brings them too: they stay with that, as `state`.
///
/// # Errors
/// When the database refuses.
pub async fn hand_on(tx: &mut Tx, number: TicketNumber, who: PersonId, state: Participation, to: CorrectionId) -> Result<()> {
    let sql = "update participants set state = $3, came_with = $4 where ticket = $1 and person = $2";
    on!(tx, c => sqlx::query(sql).bind(number.0).bind(who.0).bind(state.as_str()).bind(to.0).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Puts everybody whom a correction that is undone brought back to what they were before; those who were not there leave. Whoever's
/// words another correction brought, which stands, stays with that.
///
/// # Errors
/// When the database refuses.
pub async fn send_back(tx: &mut Tx, number: TicketNumber, with: CorrectionId) -> Result<()> {
    for sql in [
        "update participants set came_with = coalesce((select k.id from comments c join moves v on v.comment = c.id and v.target = c.ticket
                join corrections k on k.id = v.correction and k.undone_at is null
            where c.ticket = $1 and c.author = participants.person and c.origin = 'customer' and c.visibility = 'public'
                and c.withdrawn_at is null and v.how = 'moved'
            order by v.id limit 1), came_with) where ticket = $1 and came_with = $2",
        "delete from participants where ticket = $1 and came_with = $2 and was is null",
        "update participants set state = was, came_with = null, was = null where ticket = $1 and came_with = $2",
    ] {
        on!(tx, c => sqlx::query(sql).bind(number.0).bind(with.0).execute(c).await.map(|_| ()))?;
    }
    Ok(())
}

/// Takes off somebody who was only proposed, when nothing of theirs is left on the ticket.
///
/// # Errors
/// When the database refuses.
pub async fn drop_proposal(tx: &mut Tx, number: TicketNumber, who: PersonId) -> Result<()> {
    let sql = "delete from participants where ticket = $1 and person = $2 and state = 'proposed'
        and not exists (select 1 from comments c where c.ticket = $1 and c.author = $2)";
    on!(tx, c => sqlx::query(sql).bind(number.0).bind(who.0).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// One participant of a ticket.
#[derive(Clone, Debug)]
pub struct Participant {
    /// Who.
    pub person: PersonId,
    /// As they are called.
    pub name: String,
    /// Where they are written to.
    pub email: EmailAddress,
    /// Their role at the desk.
    pub role: Role,
    /// Whether they may sign in; a disabled one is sent nothing.
    pub account: PersonState,
    /// How they stand to the ticket.
    pub state: Participation,
}

impl Participant {
    /// Somebody who takes part from now on.
    #[must_use]
    pub fn active(person: &Person) -> Self {
        let Person { id, role, state, name, email, .. } = person.clone();
        Self { person: id, name, email, role, account: state, state: Participation::Active }
    }
}

/// Everybody who is or was to take part, the first first.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn list(conn: &mut Conn, number: TicketNumber) -> Result<Vec<Participant>> {
    let sql = "select p.id, p.name, p.email, p.role, p.state, t.state from participants t join people p on p.id = t.person
        where t.ticket = $1 order by t.added_at, p.id";
    type Row = (i64, String, String, String, String, String);
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sql).bind(number.0).fetch_all(c).await)?;
    rows.into_iter().map(participant).collect()
}

fn participant((id, name, email, role, account, state): (i64, String, String, String, String, String)) -> Result<Participant> {
    Ok(Participant {
        person: PersonId(id),
        name,
        email: email.parse().map_err(|_| StoreError::Unreadable { table: "people", column: "email", value: email })?,
        role: word("people", "role", &role, Role::parse)?,
        account: word("people", "state", &account, PersonState::parse)?,
        state: word("participants", "state", &state, Participation::parse)?,
    })
}

/// Whether customers know nothing of a ticket from this desk: what they were to be sent was written in shadow mode and never left, or it was
/// imported and nothing was written since.
///
/// # Errors
/// When the database refuses.
pub async fn heard_nothing(tx: &mut Tx, ticket: TicketNumber) -> Result<bool> {
    let sql = "select count(*) filter (where d.state = 'withheld'), count(*) filter (where d.state <> 'withheld')
        from outbox o join deliveries d on d.outbox = o.id join people p on p.id = d.person where o.ticket = $1 and p.role = 'customer'";
    let (withheld, others): (i64, i64) = on!(tx, c => sqlx::query_as(sql).bind(ticket.0).fetch_one(c).await)?;
    let unheard = others == 0 && !tx.later.mails.iter().any(|it| it.ticket == Some(ticket.0));
    Ok(unheard && (withheld > 0 || events::is_of_an_import(tx, ticket).await?))
}
