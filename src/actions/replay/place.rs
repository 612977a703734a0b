//! Where a message would be today, and where it was put.

use crate::{
    actions::{
        Desk, Result,
        receive_message::Incoming,
        replay::{Run, Threading, then},
    },
    desk::{
        comment::Origin,
        id::TicketNumber,
        replay::{Place, Was, mend, place_of},
        triage::{self, Decision, HeldFor, Trace},
    },
    store::{
        Conn,
        as_of::{self, Opened, Then},
        replay::{Said, Stored},
        tickets,
    },
};

/// What deciding it anew, with what was known then, would make another. None: nothing, or it is not decided anew: our own mail,
/// a helper's answer, what was imported, what was held because there was too much of it.
pub(super) async fn compare(
    desk: &Desk,
    conn: &mut Conn,
    stored: &Stored,
    said: Option<&Said>,
    incoming: &Incoming,
    run: &Run,
) -> Result<Option<Threading>> {
    let Some(mailbox) = desk.mailboxes.get(stored.row.mailbox).filter(|_| may_be_decided(stored, said)) else { return Ok(None) };
    let Some(mut was) = was(conn, stored, said).await? else { return Ok(None) };
    let then = Then { row: stored.row.id, at: stored.decided_at };
    let facts = then::gather(desk, conn, incoming, mailbox, then, run).await?;
    let (decision, trace) = triage::decide(&facts);
    let decision = standing(conn, decision, &mut was).await?;
    let Some(mend) = mend(&was, &decision) else { return Ok(None) };
    Ok(Some(Threading { was: was.place, would: place_of(&decision), reason: trace.reason().to_owned(), mend, moved: None }))
}

fn may_be_decided(stored: &Stored, said: Option<&Said>) -> bool {
    let trace = serde_json::from_str::<Trace>(&stored.trace).ok();
    if trace.as_ref().is_some_and(Trace::is_of_an_import) {
        return false;
    }
    let held_for = trace.map_or(HeldFor::Unreadable, |it| HeldFor::of(&it));
    let by_then = match held_for {
        HeldFor::TooMany | HeldFor::DoubtfulAnswer | HeldFor::Blocked | HeldFor::Rule | HeldFor::ByHand => stored.decision != "hold",
        HeldFor::Suspected
        | HeldFor::AnswersSpam
        | HeldFor::Automatic
        | HeldFor::DeliveryReport
        | HeldFor::NoSender
        | HeldFor::Unreadable => true,
    };
    by_then && stored.decision != "ignore" && said.is_none_or(|it| it.origin != Origin::Staff)
}

/// What became of it. None: it says nothing that can be compared.
async fn was(conn: &mut Conn, stored: &Stored, said: Option<&Said>) -> Result<Option<Was>> {
    let settled_by = stored.settled_by.clone();
    let (ticket, voice) = (stored.ticket, said.map(|it| it.origin));
    let was = |place, settled_by| Was { place, ticket, voice, settled_by, worked_on_by: None };
    match (stored.decision.as_str(), said, ticket) {
        ("hold", None, _) => Ok(Some(was(Place::Held, settled_by))),
        ("record-bounce", None, _) => Ok(Some(was(Place::Bounce, settled_by))),
        (_, Some(said), Some(number)) => {
            let put = as_of::put(conn, said.id, number).await?;
            let place = match put.opened {
                Opened::Yes => Place::Own,
                Opened::No => Place::Ticket(put.ticket),
            };
            let worked_on_by = as_of::worked_on_by(conn, number).await?;
            Ok(Some(Was { worked_on_by, ..was(place, settled_by.or(put.moved_by)) }))
        }
        _ => Ok(None),
    }
}

/// The ticket that it would join as it is called now, after merges since; where the message is on that already, nothing differs.
async fn standing(conn: &mut Conn, decision: Decision, was: &mut Was) -> Result<Decision> {
    let Decision::Join { ticket, voice } = decision else { return Ok(decision) };
    if was.place == Place::Ticket(ticket) {
        return Ok(decision);
    }
    let number: TicketNumber = tickets::standing(conn, ticket).await?.map_or(ticket, |it| it.number);
    if was.ticket == Some(number) {
        was.place = Place::Ticket(number);
    }
    Ok(Decision::Join { ticket: number, voice })
}
