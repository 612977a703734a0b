//! What helpers chose to hear once a day goes out as one mail.

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    actions::{
        Desk, Result,
        door::{leave, transact},
        own_letter::{OwnLetter, Readers},
    },
    desk::{
        digest,
        id::PersonId,
        permission::{Act, Verdict, may},
        person::Person,
    },
    mail::compose::{Content, DigestTicket},
    store::{
        Conn, Tx,
        digest_lines::{self, DigestLine},
        looks,
        outbox::Automatic,
        participants, people, tickets,
    },
};

/// So many tickets does one digest tell of, and so much of each: after a flood it is a mail still. The panel shows the rest.
const MOST_TICKETS: usize = 100;
const MOST_LINES: usize = 20;

/// Sends every digest that is due; to how many.
///
/// # Errors
/// The first, when the database fails.
pub async fn send_due(desk: &Desk) -> Result<usize> {
    let now = desk.clock.now();
    let mut due = Vec::new();
    let mut conn = desk.store.read().await?;
    for (person, oldest) in digest_lines::waiting(&mut conn).await? {
        if digest::due_at(oldest, &zone(desk, &mut conn, person).await?) <= now {
            due.push(person);
        }
    }
    drop(conn);
    // Whose digest cannot be written holds up nobody else's.
    let (mut sent, mut failed) = (0, None);
    for person in due {
        match send(desk, person, now).await {
            Ok(told) => sent += usize::from(told),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(sent), Err)
}

/// Where they are.
async fn zone(desk: &Desk, conn: &mut Conn, person: PersonId) -> Result<TimeZone> {
    let own = looks::of(conn, person).await?.1.and_then(|it| TimeZone::get(&it).ok());
    Ok(own.unwrap_or_else(|| desk.settings.time_zone.clone()))
}

/// Whether there was anything to tell: of tickets that they may see still.
async fn send(desk: &Desk, person: PersonId, now: Timestamp) -> Result<bool> {
    transact(desk, |mut tx| async move {
        // Another instance may be at it.
        let Some(who) = people::lock(&mut tx, person).await? else { return Ok(false) };
        let lines = digest_lines::take(&mut tx, person).await?;
        let mut tickets = if who.is_active_staff() { told(desk, &mut tx, &who, &lines).await? } else { Vec::new() };
        let more = tickets.len().saturating_sub(MOST_TICKETS);
        tickets.truncate(MOST_TICKETS);
        let told = match desk.mailboxes.sending().or_else(|| desk.mailboxes.iter().next()) {
            Some((mailbox, _)) if !tickets.is_empty() => {
                let to = Readers::People(std::slice::from_ref(&who));
                let content = Content::Digest { tickets: &tickets, more };
                let mail = OwnLetter { kind: "digest", content, ticket: None, to, automatic: Automatic::No };
                mail.post(desk, &mut tx, mailbox, now).await?.is_some()
            }
            Some(_) | None => false,
        };
        leave(desk, tx).await?;
        Ok(told)
    })
    .await
}

/// Ticket by ticket, in the order in which something happened on each first.
async fn told(desk: &Desk, tx: &mut Tx, who: &Person, lines: &[DigestLine]) -> Result<Vec<DigestTicket>> {
    let zone = zone(desk, tx, who.id).await?;
    let mut told: Vec<DigestTicket> = Vec::new();
    for line in lines {
        let at = line.at.to_zoned(zone.clone()).strftime("%-d %B, %H:%M").to_string();
        if let Some(known) = told.iter_mut().find(|it| it.number == line.ticket) {
            known.say(at, &line.says, MOST_LINES);
            continue;
        }
        let Some(ticket) = tickets::get(tx, line.ticket).await? else { continue };
        let case = participants::case(tx, &ticket, who.id).await?;
        if may(who, Act::SeeInside(case), desk.rules()) != Verdict::Allowed {
            continue;
        }
        let link = desk.url.page(&format!("/tickets/{}", ticket.number));
        let mut new = DigestTicket::of(ticket.number, ticket.subject, ticket.status, link);
        new.say(at, &line.says, MOST_LINES);
        told.push(new);
    }
    Ok(told)
}
