//! Moving a message, merging tickets, undoing either: the forms, and what a ticket's page says of it.

use std::collections::BTreeMap;

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Serialize;

use crate::{
    actions::{
        ActionError, Kind,
        merge::merge,
        move_message::{Destination, Moved, move_message},
        undo_correction::{Shown, Undone, undo_correction},
    },
    desk::{
        comment::Comment,
        correction::{Correction, CorrectionKind, may_move},
        id::{CommentId, CorrectionId, PersonId, TicketNumber},
        permission::scope,
        ticket::Ticket,
    },
    panel::{
        Panel,
        error::{PageError, sentence},
        form::Fields,
        neighbours::{FormOf, From},
        page::{self, Flash, Place},
        prose::without_pictures,
        ticket,
        undo::{self, Undoing},
        url::{Path, Query},
        visitor::{Staff, Visitor},
        words::When,
    },
    store::{
        Conn, comments, corrections,
        queue::{self, QueueRow},
        search, tickets,
    },
};

/// So many tickets are offered.
const MOST_CHOICES: usize = 12;

/// So much of the message is shown; characters.
const SHOWN_TEXT: usize = 280;

/// What a ticket's page says of the corrections that stand.
#[derive(Default, Serialize)]
pub(super) struct Corrected {
    /// Where this ticket was merged.
    merged: Option<Merged>,
    /// Those that were merged into it.
    merged_in: Vec<Other>,
    /// The ticket that this one came out of, if it is in reach.
    follows: Option<i64>,
    /// The same, if it can be moved in there with one press.
    may_join: Option<i64>,
    #[serde(skip)]
    pub standing: Vec<Correction>,
}

#[derive(Serialize)]
struct Merged {
    /// None: it is out of reach.
    into: Option<Other>,
    by: String,
    when: When,
    correction: i64,
    /// No merge of somebody: its only message went back where it came from.
    emptied: bool,
}

#[derive(Serialize)]
struct Other {
    no: i64,
    subject: String,
}

/// Reads it. `names`: those of staff.
pub(super) async fn corrected(
    panel: &Panel,
    visitor: &Visitor,
    conn: &mut Conn,
    ticket: &Ticket,
    names: &BTreeMap<PersonId, String>,
) -> Result<Corrected, PageError> {
    let mut standing = corrections::standing(conn, ticket.number).await?;
    let mut emptied = Vec::new();
    for it in standing.iter().filter(|it| it.kind == CorrectionKind::Merge) {
        if corrections::emptied_by_undo(conn, it).await? {
            emptied.push(it.id);
        }
    }
    if ticket.merged_into.is_some() {
        // What it brought elsewhere before is undone after the merge is.
        standing.retain(|it| it.kind == CorrectionKind::Merge);
    }
    let merges = || standing.iter().filter(|it| it.kind == CorrectionKind::Merge);
    let linked = match ticket.linked {
        Some(number) if ticket.merged_into.is_none() => tickets::standing(conn, number).await?.map(|it| it.number),
        Some(_) | None => None,
    };
    let numbers: Vec<TicketNumber> = merges().flat_map(|it| [it.source, it.target]).chain(ticket.linked).chain(linked).collect();
    let seen = queue::these(conn, &numbers, scope(&visitor.person, panel.desk.rules())).await?;
    let other =
        |number: TicketNumber| seen.iter().find(|it| it.number == number).map(|it| Other { no: number.0, subject: it.subject.clone() });
    let by = |who: Option<PersonId>| who.and_then(|it| names.get(&it)).cloned().unwrap_or_else(|| "somebody".to_owned());
    let merged = merges().rfind(|it| Some(it.target) == ticket.merged_into).map(|it| Merged {
        into: other(it.target),
        by: by(it.made_by),
        when: When::new(it.made_at, panel.desk.clock.now(), &panel.zone()),
        correction: it.id.0,
        emptied: emptied.contains(&it.id),
    });
    let merged_in =
        merges().filter(|it| it.target == ticket.number && !emptied.contains(&it.id)).filter_map(|it| other(it.source)).collect();
    let may_join = linked.filter(|it| *it != ticket.number && seen.iter().any(|seen| seen.number == *it)).map(|it| it.0);
    let follows = ticket.linked.filter(|it| seen.iter().any(|seen| seen.number == *it)).map(|it| it.0);
    Ok(Corrected { merged, merged_in, follows, may_join, standing })
}

#[derive(Serialize)]
struct Page {
    heading: &'static str,
    merging: bool,
    no: i64,
    version: i64,
    subject: String,
    action: String,
    back: String,
    from: String,
    when: When,
    excerpt: String,
    may_be_new: bool,
    choices: Vec<Offer>,
    /// `5`, `new` or nothing.
    chosen: String,
    number: String,
    err: Option<String>,
}

/// A ticket that it may be.
#[derive(Serialize)]
struct Offer {
    no: String,
    subject: String,
    who: String,
    status: &'static str,
    why: &'static str,
}

/// What was chosen, and what is wrong with it.
#[derive(Default)]
struct Typed {
    chosen: String,
    number: String,
    err: Option<String>,
    /// The list that the ticket was opened from.
    list: From,
}

/// `GET /tickets/{number}/merge`.
pub(super) async fn merge_form(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path(number): Path<i64>,
    Query(list): Query<From>,
) -> Result<Response, PageError> {
    draw(&panel, &visitor, TicketNumber(number), None, Typed { list, ..Typed::default() }).await
}

/// `GET /tickets/{number}/messages/{id}/move`.
pub(super) async fn move_form(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path((number, id)): Path<(i64, i64)>,
    Query(list): Query<From>,
) -> Result<Response, PageError> {
    draw(&panel, &visitor, TicketNumber(number), Some(CommentId(id)), Typed { list, ..Typed::default() }).await
}

async fn draw(
    panel: &Panel,
    visitor: &Visitor,
    number: TicketNumber,
    message: Option<CommentId>,
    typed: Typed,
) -> Result<Response, PageError> {
    let mut conn = panel.desk.store.read().await?;
    let (ticket, _) = ticket::enter(panel, visitor, &mut conn, number).await?;
    let comment = match message {
        Some(id) => Some(comments::get(&mut conn, id).await?.filter(|it| it.ticket == number).ok_or(PageError::Missing)?),
        None => None,
    };
    let choices = offers(panel, visitor, &mut conn, &ticket, comment.as_ref()).await?;
    drop(conn);
    let refused = comment.as_ref().and_then(|it| may_move(it, &visitor.person).err()).map(|it| sentence(&it));
    let status = if typed.err.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let path = format!("/tickets/{number}");
    let (now, zone) = (panel.desk.clock.now(), &panel.zone());
    let page = Page {
        heading: if comment.is_some() { "Move a message" } else { "Merge this ticket" },
        merging: comment.is_none(),
        no: number.0,
        version: ticket.version,
        action: message.map_or_else(|| format!("{path}/merge"), |id| format!("{path}/messages/{id}/move")),
        back: format!("{path}{}{}", typed.list.query(), message.map(|id| format!("#m{id}")).unwrap_or_default()),
        from: comment.as_ref().and_then(|it| it.author_name.clone()).unwrap_or_else(|| "a machine".to_owned()),
        when: When::new(comment.as_ref().map_or(ticket.opened_at, |it| it.created_at), now, zone),
        excerpt: comment.as_ref().map(|it| without_pictures(it.text.as_str()).chars().take(SHOWN_TEXT).collect()).unwrap_or_default(),
        may_be_new: comment.as_ref().is_some_and(|it| it.author.is_some()) && ticket.comments > 1,
        subject: ticket.subject,
        choices,
        chosen: typed.chosen,
        number: typed.number,
        err: typed.err.or(refused),
    };
    let mut response = page::show(panel, visitor, Place::Elsewhere, "correct.html", &page).await?;
    *response.status_mut() = status;
    Ok(response)
}

/// The tickets it may be: the one it came out of, those of the same customer, those about the same.
async fn offers(
    panel: &Panel,
    visitor: &Visitor,
    conn: &mut Conn,
    ticket: &Ticket,
    comment: Option<&Comment>,
) -> Result<Vec<Offer>, PageError> {
    let scope = scope(&visitor.person, panel.desk.rules());
    let mut found: Vec<(QueueRow, &'static str)> = Vec::new();
    let linked = queue::these(conn, &ticket.linked.into_iter().collect::<Vec<_>>(), scope).await?;
    found.extend(linked.into_iter().map(|it| (it, "This one came out of it")));
    let customer = comment.and_then(|it| it.author).unwrap_or(ticket.requester);
    let own = queue::of_requester(conn, customer, scope, 8).await?;
    found.extend(own.into_iter().map(|it| (it, "Of the same customer")));
    let about = search::with_subject(conn, &ticket.subject, scope, 8, panel.desk.clock.now()).await?;
    found.extend(queue::these(conn, &about, scope).await?.into_iter().map(|it| (it, "With the same subject")));
    let mut offers: Vec<Offer> = Vec::new();
    for (row, why) in found {
        let no = row.number.to_string();
        if row.comments == 0 || row.number == ticket.number || offers.iter().any(|it| it.no == no) || offers.len() >= MOST_CHOICES {
            continue;
        }
        if tickets::get(conn, row.number).await?.is_some_and(|it| it.merged_into.is_none()) {
            offers.push(Offer { no, subject: row.subject, who: row.requester.name, status: row.status.title(), why });
        }
    }
    Ok(offers)
}

/// Where a form says that it goes. A ticket that was chosen and the number of another are too much: neither wins.
fn destination(fields: &Fields) -> Result<Destination, String> {
    let (chosen, written) = (fields.given("to"), fields.given("number"));
    if let (Some(chosen), Some(written)) = (chosen, written)
        && written.strip_prefix('#').unwrap_or(written) != chosen
    {
        let chosen = if chosen == "new" { "a new ticket".to_owned() } else { format!("#{chosen}") };
        return Err(format!(
            "You chose {chosen} and wrote the number “{written}”. The number is kept alone now; empty it to choose again."
        ));
    }
    let typed = written.or(chosen).unwrap_or_default();
    if typed.is_empty() {
        return Err("Choose a ticket, or write its number.".to_owned());
    }
    if typed == "new" {
        return Ok(Destination::New);
    }
    let number = typed.strip_prefix('#').unwrap_or(typed).parse().ok().filter(|it| *it > 0);
    number.map(|it| Destination::Ticket(TicketNumber(it))).ok_or_else(|| format!("“{typed}” is not the number of a ticket."))
}

/// `POST /tickets/{number}/merge`.
pub(super) async fn merge_it(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path(number): Path<i64>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["version", "to", "number"])?;
    let number = TicketNumber(number);
    exists(&panel, &visitor, number).await?;
    let into = match destination(&fields) {
        Ok(Destination::Ticket(into)) => into,
        Ok(Destination::New) => return again(&panel, &visitor, number, None, &fields, "Choose a ticket to merge into.".to_owned()).await,
        Err(why) => return again(&panel, &visitor, number, None, &fields, why).await,
    };
    match merge(&panel.desk, &visitor.person, number, Some(fields.number("version")?), into).await {
        Ok(()) => {
            let undoing = Undoing { merges: undo::of_merge(&panel, number, into).await?, ..Undoing::default() };
            let flash = Flash::done(format!("#{number} is merged into this ticket."));
            let flash = flash.undo(undo::ADDRESS, undoing.fields(&format!("/tickets/{number}")));
            Ok(page::go(&panel, &visitor, &format!("/tickets/{into}"), &flash))
        }
        Err(error) => refused(&panel, &visitor, number, None, &fields, error).await,
    }
}

/// `POST /tickets/{number}/messages/{id}/move`.
pub(super) async fn move_it(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path((number, id)): Path<(i64, i64)>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["version", "to", "number"])?;
    let (number, id) = (TicketNumber(number), CommentId(id));
    exists(&panel, &visitor, number).await?;
    let to = match destination(&fields) {
        Ok(to) => to,
        Err(why) => return again(&panel, &visitor, number, Some(id), &fields, why).await,
    };
    match move_message(&panel.desk, &visitor.person, id, Some(fields.number("version")?), to).await {
        Ok(moved) => {
            let told = match moved {
                Moved::To(_) => format!("The message is moved here from #{number}."),
                Moved::Merged(_) => format!("It was all that #{number} had, so #{number} is merged into this ticket."),
            };
            Ok(page::go(&panel, &visitor, &format!("/tickets/{}#m{id}", moved.ticket()), &Flash::done(told)))
        }
        Err(error) => refused(&panel, &visitor, number, Some(id), &fields, error).await,
    }
}

/// Out of reach is missing, before anything is said of what was chosen.
async fn exists(panel: &Panel, visitor: &Visitor, number: TicketNumber) -> Result<(), PageError> {
    let mut conn = panel.desk.store.read().await?;
    ticket::enter(panel, visitor, &mut conn, number).await.map(|_| ())
}

async fn refused(
    panel: &Panel,
    visitor: &Visitor,
    number: TicketNumber,
    message: Option<CommentId>,
    fields: &Fields,
    error: ActionError,
) -> Result<Response, PageError> {
    match error.kind() {
        Kind::Missing => {
            let why = "There is no such ticket, or it is not yours to see.".to_owned();
            again(panel, visitor, number, message, fields, why).await
        }
        Kind::Conflict | Kind::Invalid => again(panel, visitor, number, message, fields, sentence(&error)).await,
        Kind::Forbidden | Kind::Broken => Err(error.into()),
    }
}

async fn again(
    panel: &Panel,
    visitor: &Visitor,
    number: TicketNumber,
    message: Option<CommentId>,
    fields: &Fields,
    why: String,
) -> Result<Response, PageError> {
    let number_typed = fields.get("number").to_owned();
    // A choice cannot be taken back on the page: beside a number it is left out.
    let chosen = if number_typed.is_empty() { fields.get("to").to_owned() } else { String::new() };
    let list = FormOf::list(visitor.form.as_ref(), number);
    let typed = Typed { chosen, number: number_typed, err: Some(why), list };
    draw(panel, visitor, number, message, typed).await
}

/// `POST /tickets/{number}/undo`: a correction that this ticket's page shows.
pub(super) async fn undo(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path(number): Path<i64>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["version", "correction"])?;
    let number = TicketNumber(number);
    exists(&panel, &visitor, number).await?;
    let shown = Shown { ticket: number, version: fields.number("version")? };
    let flash = match undo_correction(&panel.desk, &visitor.person, CorrectionId(fields.number("correction")?), Some(shown)).await {
        Ok(Undone { made, to, messages }) => Flash::done(match made.kind {
            CorrectionKind::Merge => format!("Undone: #{to} stands by itself again."),
            CorrectionKind::Move | CorrectionKind::Split if messages > 1 => format!("Undone: {messages} messages are on #{to} again."),
            CorrectionKind::Move | CorrectionKind::Split => format!("Undone: the message is on #{to} again."),
        }),
        Err(error) => match error.kind() {
            Kind::Conflict | Kind::Invalid => Flash::refused(format!("Not undone. {}", sentence(&error))),
            Kind::Missing => Flash::refused("Not undone. The other ticket is not yours to see."),
            Kind::Forbidden | Kind::Broken => return Err(error.into()),
        },
    };
    Ok(page::go(&panel, &visitor, &format!("/tickets/{number}"), &flash))
}
