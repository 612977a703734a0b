//! One ticket.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Api,
    bearer::Caller,
    body::At,
    problem::Problem,
    views::{PersonRef, Ticket},
};
use crate::{
    desk::{
        id::TicketNumber,
        permission::{Act, Verdict, may},
        ticket::Ticket as Kept,
    },
    store::{
        Conn,
        conversation::{self, Audience},
        participants::{self, Participation},
        queue, tags, ticket_links, tickets,
    },
};

/// A ticket with who takes part in it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct WholeTicket {
    #[serde(flatten)]
    ticket: Ticket,
    /// Who takes part: each is sent what is public.
    participants: Vec<PersonRef>,
    /// Its last comment: send it as `seen` with a reply, to be refused where somebody has written since.
    last_comment: Option<i64>,
    /// It was merged into this ticket, where that is in reach, and is changed no more.
    merged_into: Option<i64>,
    /// The ticket that it follows, where that is in reach.
    linked: Option<i64>,
    /// The tickets in reach that staff said have to do with it.
    links: Vec<i64>,
}

/// The ticket, if whoever asks may see the whole of it; to everybody else it does not exist.
pub(super) async fn enter(api: &Api, caller: &Caller, conn: &mut Conn, number: TicketNumber) -> Result<Kept, Problem> {
    let ticket = tickets::get(conn, number).await?.ok_or_else(|| Problem::missing("ticket"))?;
    let case = participants::case(conn, &ticket, caller.person.id).await?;
    match may(&caller.person, Act::SeeInside(case), api.desk.rules()) {
        Verdict::Allowed => Ok(ticket),
        Verdict::Missing | Verdict::Forbidden => Err(Problem::missing("ticket")),
    }
}

/// The whole of it, as [`enter`] finds it.
pub(super) async fn whole(api: &Api, caller: &Caller, conn: &mut Conn, number: TicketNumber) -> Result<WholeTicket, Problem> {
    let kept = enter(api, caller, conn, number).await?;
    let row = queue::these(conn, &[number], caller.scope(api)).await?.pop().ok_or_else(|| Problem::missing("ticket"))?;
    let tags = tags::all(conn).await?;
    let people = participants::list(conn, number).await?;
    let takes_part = people.into_iter().filter(|it| it.state == Participation::Active);
    let last = conversation::said(conn, number, Audience::Staff, 1).await?.pop();
    let links = ticket_links::of(conn, number).await?;
    let others: Vec<TicketNumber> = links.iter().copied().chain(kept.linked).chain(kept.merged_into).collect();
    let seen: Vec<TicketNumber> = queue::these(conn, &others, caller.scope(api)).await?.iter().map(|it| it.number).collect();
    Ok(WholeTicket {
        ticket: Ticket::of(&api.desk, row, &tags),
        participants: takes_part.map(|it| PersonRef { id: it.person.0, name: it.name, email: it.email.to_string() }).collect(),
        last_comment: last.map(|it| it.id.0),
        merged_into: kept.merged_into.filter(|it| seen.contains(it)).map(|it| it.0),
        linked: kept.linked.filter(|it| seen.contains(it)).map(|it| it.0),
        links: links.iter().filter(|it| seen.contains(it)).map(|it| it.0).collect(),
    })
}

/// The ticket, where it is still in reach of whoever has just changed it.
pub(super) async fn left(api: &Api, caller: &Caller, number: TicketNumber) -> Result<Option<WholeTicket>, Problem> {
    let mut conn = api.desk.store.read().await?;
    let ticket = tickets::get(&mut conn, number).await?.ok_or_else(|| Problem::missing("ticket"))?;
    let case = participants::case(&mut conn, &ticket, caller.person.id).await?;
    match may(&caller.person, Act::SeeInside(case), api.desk.rules()) {
        Verdict::Allowed => whole(api, caller, &mut conn, number).await.map(Some),
        Verdict::Missing | Verdict::Forbidden => Ok(None),
    }
}

/// One ticket, by its number.
#[utoipa::path(get, path = "/tickets/{number}", tag = "Tickets", operation_id = "getTicket", params(("number" = i64, Path, description = "As people say it.")),
    responses((status = 200, body = WholeTicket)))]
pub(super) async fn show(State(api): State<Api>, caller: Caller, At(number): At<i64>) -> Result<Json<WholeTicket>, Problem> {
    let mut conn = api.desk.store.read().await?;
    Ok(Json(whole(&api, &caller, &mut conn, TicketNumber(number)).await?))
}
