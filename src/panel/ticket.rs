//! The page of one ticket.

use std::{collections::BTreeMap, sync::Arc};

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};

use crate::{
    desk::{
        comment::Origin,
        draft::DraftKind,
        event::EventKind,
        id::{CommentId, PersonId, SavedReplyId, TicketNumber},
        permission::{Act, AssignTo, Case, Verdict, may, scope},
        person::Person,
        settings::Mode,
        ticket::Ticket,
    },
    panel::{
        Panel,
        aside::{self, Aside},
        composer::{self, Composer},
        correct::{self, Corrected},
        due::{self, PromiseLine},
        error::PageError,
        history,
        navigation::Counted,
        neighbours::{FormOf, From},
        page::{self, Flash, Place},
        rate,
        row::RowView,
        thread::{
            self, Drawing, Entry,
            delivery::{standing, way},
            parts::{self, Part},
        },
        url::{Path, Query},
        visitor::{Staff, Visitor},
        words::{Choice, Face, StatusWord, When},
    },
    store::{
        Conn,
        conversation::{self, Audience, Line, Said},
        events,
        participants::{self, Participant, Participation},
        people, queue, tags, tickets,
    },
};

/// So many comments are shown at first; all of them on demand.
pub(super) const SHOWN: i64 = 100;

/// So many at most.
const MOST_SHOWN: i64 = 2000;

/// Lines of the history beside the conversation.
const HISTORY: i64 = 200;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Asked {
    /// The comment to show as its own HTML.
    html: Option<i64>,
    /// The half of the composer that is open: `reply` or `note`.
    write: String,
    /// What is written in it is shown as it will be read.
    preview: Option<u8>,
    /// The saved reply that was just put in.
    saved: Option<i64>,
    /// Every comment, not only the latest.
    all: Option<u8>,
    /// The list that it was opened from.
    list: String,
    /// Where it stood in that.
    at: String,
}

/// `GET /tickets/{number}`.
pub(super) async fn show(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path(number): Path<i64>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let kind = DraftKind::parse(&asked.write);
    let saved = asked.saved.map(SavedReplyId);
    let state = composer::State { kind, open: kind.is_some(), preview: asked.preview.is_some(), saved, ..composer::State::default() };
    draw(&panel, &visitor, TicketNumber(number), &asked, state, None).await
}

/// The page again, after something was refused: what changed meanwhile is on it, what was typed is kept.
pub(super) async fn again(
    panel: &Panel,
    visitor: &Visitor,
    number: TicketNumber,
    status: StatusCode,
    composer: composer::State,
    flash: &Flash,
) -> Result<Response, PageError> {
    let From { list, at } = FormOf::list(visitor.form.as_ref(), number);
    let mut response = draw(panel, visitor, number, &Asked { list, at, ..Asked::default() }, composer, Some(flash)).await?;
    *response.status_mut() = status;
    Ok(response)
}

/// The ticket, if the visitor may see the whole of it; to everybody else it does not exist.
pub(super) async fn enter(panel: &Panel, visitor: &Visitor, conn: &mut Conn, number: TicketNumber) -> Result<(Ticket, Case), PageError> {
    let ticket = tickets::get(conn, number).await?.ok_or(PageError::Missing)?;
    let case = participants::case(conn, &ticket, visitor.person.id).await?;
    match may(&visitor.person, Act::SeeInside(case), panel.desk.rules()) {
        Verdict::Allowed => Ok((ticket, case)),
        Verdict::Missing | Verdict::Forbidden => Err(PageError::Missing),
    }
}

#[derive(Serialize)]
struct TicketPage {
    no: i64,
    subject: String,
    version: i64,
    status: StatusWord,
    prio: &'static str,
    opened: When,
    /// Who opened it, where that is somebody else than the requester.
    opened_by: Option<String>,
    requester: Face,
    mailbox: String,
    /// Its mailbox is only tried out: nothing is sent.
    shadow: bool,
    may_resolve: bool,
    may_take: bool,
    earlier: bool,
    /// For the addresses of its other views: whether all of it is shown, and the list that it was opened from.
    kept: String,
    /// What the address of a page below this one says of its list.
    list: String,
    parts: Vec<Part>,
    /// Where its replies stand with those whom they go to: what the page is told about while it is open.
    sent: String,
    seen: i64,
    customer: CustomerBox,
    statuses: Vec<Choice>,
    priorities: Vec<Choice>,
    helpers: Vec<Choice>,
    helper: String,
    people: Vec<PersonRow>,
    others: Vec<RowView>,
    log: Vec<LogLine>,
    promises: Vec<PromiseLine>,
    rated: rate::Said,
    spam: bool,
    #[serde(flatten)]
    corrected: Corrected,
    #[serde(flatten)]
    aside: Aside,
    composer: Composer,
}

#[derive(Serialize)]
struct CustomerBox {
    #[serde(flatten)]
    face: Face,
    email: String,
}

#[derive(Serialize)]
struct PersonRow {
    id: i64,
    name: String,
    email: String,
    is_requester: bool,
    proposed: bool,
}

#[derive(Serialize)]
struct LogLine {
    when: When,
    html: String,
}

/// Everything that was read for one page.
struct Read {
    ticket: Ticket,
    case: Case,
    said: Vec<Said>,
    lines: Vec<Line>,
    people: Vec<Participant>,
    staff: Arc<Vec<Person>>,
    requester: Person,
    assignee: Option<Person>,
    names: BTreeMap<PersonId, String>,
    others: Vec<queue::QueueRow>,
    corrected: Corrected,
    promises: Vec<PromiseLine>,
    rated: rate::Said,
    spam: bool,
}

async fn read(
    panel: &Panel,
    visitor: &Visitor,
    number: TicketNumber,
    asked: &Asked,
    state: composer::State,
) -> Result<(Read, Composer), PageError> {
    let (known, version) = (&panel.known, panel.desk.store.version().await?);
    let mut conn = panel.desk.store.read().await?;
    let (ticket, case) = enter(panel, visitor, &mut conn, number).await?;
    let limit = if asked.all.is_some() { MOST_SHOWN } else { SHOWN };
    let said = conversation::said(&mut conn, number, Audience::Staff, limit).await?;
    let mut lines = conversation::history(&mut conn, number, HISTORY).await?;
    history::plain(&mut lines);
    let scope = scope(&visitor.person, panel.desk.rules());
    history::within_reach(&mut conn, &mut lines, scope).await?;
    let (tags, zone) = (known.tags_ever.of(&version, (), tags::ever(&mut conn)).await?, &panel.zone());
    history::in_words(&mut lines, &tags, |at| When::new(at, panel.desk.clock.now(), zone).full);
    let people = participants::list(&mut conn, number).await?;
    let staff = known.staff.of(&version, (), people::active_staff(&mut conn)).await?;
    let requester = people::get(&mut conn, ticket.requester).await?.ok_or(PageError::Missing)?;
    let assignee = match ticket.assignee {
        Some(id) => people::get(&mut conn, id).await?,
        None => None,
    };
    let names = names(&mut conn, &lines, &staff).await?;
    let mut others = queue::of_requester(&mut conn, ticket.requester, scope, 7).await?;
    others.retain(|it| it.number != number);
    let corrected = correct::corrected(panel, visitor, &mut conn, &ticket, &names).await?;
    let spam = events::marked_as_spam(&mut conn, number).await?.is_some();
    let promises = due::promises(panel, &version, &mut conn, &ticket).await?;
    let rated = rate::Said::read(panel, visitor.scope(panel.desk.rules()), &mut conn, &ticket).await?;
    let around = composer::Around { ticket: &ticket, said: &said, people: &people, staff: &staff };
    let composer = composer::of(panel, visitor, &mut conn, &around, state).await?;
    let read = Read { ticket, case, said, lines, people, staff, requester, assignee, names, others, corrected, promises, rated, spam };
    Ok((read, composer))
}

/// The people whom the history speaks of by their ids.
async fn names(conn: &mut Conn, lines: &[Line], staff: &[Person]) -> Result<BTreeMap<PersonId, String>, PageError> {
    let mut names: BTreeMap<PersonId, String> = staff.iter().map(|it| (it.id, it.name.clone())).collect();
    for line in lines.iter().filter(|it| it.kind == EventKind::Assigned) {
        for id in [&line.old, &line.new].into_iter().flatten().filter_map(|it| it.parse().ok()).map(PersonId) {
            if !names.contains_key(&id)
                && let Some(person) = people::get(conn, id).await?
            {
                names.insert(id, person.name);
            }
        }
    }
    Ok(names)
}

async fn draw(
    panel: &Panel,
    visitor: &Visitor,
    number: TicketNumber,
    asked: &Asked,
    composer: composer::State,
    flash: Option<&Flash>,
) -> Result<Response, PageError> {
    // Beside each other, over two connections: neither waits for the other.
    let (read, counted) = tokio::join!(read(panel, visitor, number, asked, composer), Counted::now(panel, visitor));
    let ((read, composer), counted) = (read?, counted?);
    let aside = aside::read(panel, visitor, &read.ticket, &read.said, &From::of(&asked.list, &asked.at)).await?;
    let drawing = Drawing {
        panel,
        audience: Audience::Staff,
        viewer: visitor.person.id,
        files_at: "/attachments",
        as_html: asked.html.map(CommentId),
    };
    let mut entries = drawing.with_changes(&read.said, &read.lines, &read.names);
    thread::offer_undo(&mut entries, &read.corrected.standing);
    let page = compose(panel, visitor, (read, aside), entries, asked, composer);
    page::show_counted(panel, visitor, Place::Elsewhere, "ticket.html", &page, flash, &counted)
}

fn compose(
    panel: &Panel,
    visitor: &Visitor,
    (mut read, aside): (Read, Aside),
    entries: Vec<Entry>,
    asked: &Asked,
    composer: Composer,
) -> TicketPage {
    let corrected = std::mem::take(&mut read.corrected);
    let promises = std::mem::take(&mut read.promises);
    let rated = std::mem::take(&mut read.rated);
    let read = &read;
    let ticket = &read.ticket;
    let when = |at| When::new(at, panel.desk.clock.now(), &panel.zone());
    let of = (ticket.requester, read.requester.name.as_str());
    let whole = asked.all.is_some() || asked.html.is_some();
    let all = if asked.all.is_some() { "&all=1" } else { "" };
    TicketPage {
        no: ticket.number.0,
        subject: ticket.subject.clone(),
        version: ticket.version,
        status: ticket.status.into(),
        prio: ticket.priority.as_str(),
        opened: when(ticket.opened_at),
        opened_by: history::opened_by(&read.lines, ticket.requester).map(str::to_owned),
        requester: Face::of(&read.requester),
        shadow: panel.desk.mailboxes.get(ticket.mailbox).is_some_and(|it| it.mode == Mode::Shadow),
        mailbox: panel.desk.mailboxes.get(ticket.mailbox).map(|it| it.address.to_string()).unwrap_or_default(),
        may_resolve: ticket.status.is_active(),
        may_take: ticket.assignee != Some(visitor.person.id) && ticket.merged_into.is_none(),
        kept: format!("{all}{}", From::of(&asked.list, &asked.at).and_said()),
        list: From::of(&asked.list, &asked.at).query(),
        earlier: asked.all.is_none() && i64::try_from(read.said.len()).is_ok_and(|shown| shown == SHOWN),
        parts: if whole { parts::all(entries) } else { parts::folded(entries, aside.first_new) },
        sent: standing(read.said.iter().map(|it| way(it, visitor.person.id)), panel.desk.clock.now()),
        seen: read.said.last().map_or(0, |it| it.id.0),
        customer: CustomerBox { face: Face::of(&read.requester), email: read.requester.email.to_string() },
        statuses: statuses(ticket),
        priorities: Choice::priorities(),
        helpers: helpers(panel, visitor, read),
        helper: ticket.assignee.map(|it| it.to_string()).unwrap_or_else(|| "nobody".to_owned()),
        people: read.people.iter().filter(|it| it.state != Participation::Removed).map(|it| row(it, ticket)).collect(),
        others: read.others.iter().map(|it| RowView::new(panel, it)).collect(),
        log: read.lines.iter().rev().map(|it| LogLine { when: when(it.at), html: history::sentence_for(it, &read.names, of) }).collect(),
        promises,
        rated,
        spam: read.spam,
        corrected,
        aside,
        composer,
    }
}

fn row(it: &Participant, ticket: &Ticket) -> PersonRow {
    PersonRow {
        id: it.person.0,
        name: it.name.clone(),
        email: it.email.to_string(),
        is_requester: it.person == ticket.requester,
        proposed: it.state == Participation::Proposed,
    }
}

/// The status it has, and those it can become.
fn statuses(ticket: &Ticket) -> Vec<Choice> {
    let may = ticket.status.staff_may_set();
    Choice::statuses()
        .into_iter()
        .filter(|it| it.value == ticket.status.as_str() || may.iter().any(|status| status.as_str() == it.value))
        .collect()
}

/// Whoever has it, and those whom this visitor may give it to.
fn helpers(panel: &Panel, visitor: &Visitor, read: &Read) -> Vec<Choice> {
    let me = &visitor.person;
    let allowed = |to| may(me, Act::Assign(read.case, to), panel.desk.rules()) == Verdict::Allowed;
    let mut choices = Vec::new();
    if read.ticket.assignee.is_none() || allowed(AssignTo::Nobody) {
        choices.push(Choice::new("nobody", "Nobody"));
    }
    if read.ticket.assignee == Some(me.id) || allowed(AssignTo::Myself) {
        choices.push(Choice::new(me.id, format!("{} (me)", me.name)));
    }
    let others = read.staff.iter().filter(|it| it.id != me.id);
    if allowed(AssignTo::Other) {
        choices.extend(others.map(|it| Choice::new(it.id, it.name.clone())));
    }
    if let Some(assignee) = &read.assignee
        && !choices.iter().any(|it| it.value == assignee.id.to_string())
    {
        choices.push(Choice::new(assignee.id, assignee.name.clone()));
    }
    choices
}

/// What the safety catch tells of: who wrote; and how it begins, of many the last few.
pub(super) async fn newer(panel: &Panel, ids: &[CommentId], number: TicketNumber) -> Result<(String, Vec<composer::Unread>), PageError> {
    const MOST: usize = 3;
    let mut conn = panel.desk.store.read().await?;
    let said = conversation::said(&mut conn, number, Audience::Staff, SHOWN).await?;
    let by = |it: &Said| author_name(it).unwrap_or_else(|| "Somebody".to_owned());
    let mut new: Vec<composer::Unread> =
        said.iter().filter(|it| ids.contains(&it.id)).map(|it| composer::Unread::of(it.id, by(it), &it.body)).collect();
    let mut names: Vec<&str> = Vec::new();
    new.iter().for_each(|it| {
        if !names.contains(&it.by.as_str()) {
            names.push(&it.by)
        }
    });
    let who = if names.is_empty() { "Somebody".to_owned() } else { names.join(" and ") };
    Ok((who, new.split_off(new.len().saturating_sub(MOST))))
}

fn author_name(said: &Said) -> Option<String> {
    let automatic = (said.origin == Origin::Machine).then(|| "A machine".to_owned());
    automatic.or_else(|| said.author.as_ref().map(|it| it.name.clone()))
}
