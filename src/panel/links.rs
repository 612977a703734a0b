//! The tickets that have to do with one: those it came out of, those that came out of it, those that staff linked.

use axum::{extract::State, response::Response};
use serde::Serialize;

use crate::{
    actions::{
        ActionError, Kind,
        link_tickets::{link, unlink},
        tag::Done,
    },
    desk::{id::TicketNumber, permission::scope, ticket::Ticket},
    panel::{
        Panel,
        change::refused,
        error::PageError,
        form::Fields,
        page::{self, Flash},
        row::RowView,
        ticket,
        url::Path,
        visitor::{Staff, Visitor},
    },
    store::{Conn, queue, ticket_links},
};

/// So many that came out of one are shown, the newest.
const MOST_CAME_OUT: i64 = 10;

/// One of them.
#[derive(Serialize)]
pub(super) struct LinkedRow {
    #[serde(flatten)]
    row: RowView,
    /// Which came out of which; empty: staff linked them, and may unlink them.
    how: &'static str,
}

/// Those that the visitor may see.
pub(super) async fn of(panel: &Panel, visitor: &Visitor, conn: &mut Conn, ticket: &Ticket) -> Result<Vec<LinkedRow>, PageError> {
    let before = ticket.linked.filter(|it| *it != ticket.number);
    let mut all: Vec<(TicketNumber, &'static str)> = before.into_iter().map(|it| (it, "This one came out of it")).collect();
    let after = ticket_links::came_out_of(conn, ticket.number, MOST_CAME_OUT).await?;
    all.extend(after.into_iter().map(|it| (it, "It came out of this one")));
    all.extend(ticket_links::of(conn, ticket.number).await?.into_iter().map(|it| (it, "")));
    let numbers: Vec<TicketNumber> = all.iter().map(|it| it.0).collect();
    let rows = queue::these(conn, &numbers, scope(&visitor.person, panel.desk.rules())).await?;
    let seen = |(number, how): (TicketNumber, &'static str)| {
        rows.iter().find(|it| it.number == number).map(|it| LinkedRow { row: RowView::new(panel, it), how })
    };
    Ok(all.into_iter().filter_map(seen).collect())
}

/// `POST /tickets/{number}/links`: links another ticket, or unlinks it.
pub(super) async fn change(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path(number): Path<i64>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["add", "remove"])?;
    let (number, me, desk) = (TicketNumber(number), &visitor.person, &panel.desk);
    ticket::enter(&panel, &visitor, &mut *panel.desk.store.read().await?, number).await?;
    let removing = fields.given("remove").is_some();
    let typed = fields.given("remove").or(fields.given("add")).unwrap_or_default();
    let invalid = |why: String| ActionError::Invalid { field: "link", why };
    let Some(other) = typed.strip_prefix('#').unwrap_or(typed).parse().ok().filter(|it| *it > 0).map(TicketNumber) else {
        let why = format!("“{typed}” is not the number of a ticket; write one as it stands behind a subject, like #123");
        return refused(&panel, &visitor, number, invalid(why)).await;
    };
    let done = if removing { unlink(desk, me, number, other).await } else { link(desk, me, number, other).await };
    let flash = match done {
        Ok(Done::Changed) if removing => Flash::done(format!("#{other} is linked no more.")),
        Ok(Done::Changed) => Flash::done(format!("#{other} is linked; its page leads here, too.")),
        Ok(Done::AsItWas) if removing => Flash::done(format!("#{other} was linked no more already.")),
        Ok(Done::AsItWas) => Flash::done(format!("#{other} was linked already.")),
        Err(error) if error.kind() == Kind::Missing => {
            let why = format!("there is no #{other}, or it is out of your reach");
            return refused(&panel, &visitor, number, invalid(why)).await;
        }
        Err(error) => return refused(&panel, &visitor, number, error).await,
    };
    Ok(page::go(&panel, &visitor, &format!("/tickets/{number}"), &flash))
}
