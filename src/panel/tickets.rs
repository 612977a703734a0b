//! The queues.

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::Serialize;

use crate::{
    desk::{
        id::{PersonId, TicketNumber},
        permission::Scope,
        person::Person,
        settings::{MailboxSettings, Mode},
        tag::Tag,
    },
    panel::{
        Panel, assets,
        error::PageError,
        list::{Asked, PAGE},
        list_filters::{Filters, Offered},
        navigation::Counted,
        page::{self, Place},
        row::{self, Around, RowView, mark},
        snooze,
        unchanged::AsOf,
        url::Query,
        visitor::Staff,
        words::Choice,
    },
    store::{
        Conn, people,
        queue::{self, Key, QueueRow, Side, View},
        queue_counts::{self, Counts},
        tags, visits,
    },
    templates::TemplateError,
};

/// What the bulk bar offers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub(super) struct Bulk {
    assignable: Vec<Choice>,
    /// Where there is more than one.
    mailboxes: Vec<Choice>,
    all_tags: Vec<Choice>,
    snoozes: Vec<Choice>,
}

impl Bulk {
    pub(super) fn new(panel: &Panel, staff: &[Person], tags: &[Tag], me: &Person) -> Self {
        let (assignable, mailboxes) = (assignable(staff, me), mailboxes(panel));
        Self { assignable, mailboxes, all_tags: tag_choices(tags), snoozes: snooze::choices(panel) }
    }

    /// As HTML.
    pub(super) fn draw(&self, panel: &Panel) -> Result<Arc<str>, TemplateError> {
        #[derive(Serialize)]
        struct Values<'a> {
            v: &'a str,
            #[serde(flatten)]
            bulk: &'a Bulk,
        }
        let templates = &panel.desk.templates;
        let draw = |bulk: &Self| templates.render("parts/bulk.html", &Values { v: &assets::VERSION, bulk });
        panel.pieces.bulks.of(templates, self, draw)
    }
}

pub(super) fn tag_choices<'a>(tags: impl IntoIterator<Item = &'a Tag>) -> Vec<Choice> {
    tags.into_iter().map(|it| Choice::new(it.id, it.name.clone())).collect()
}

#[derive(Serialize)]
struct ListPage<'a> {
    heading: String,
    total: Option<i64>,
    /// As HTML.
    rows: String,
    shown: usize,
    /// As HTML.
    filters: &'a str,
    here: String,
    /// The same with the place in it: what the page is told about while it is open.
    here_now: String,
    newest: Option<String>,
    newer: Option<String>,
    older: Option<String>,
    /// What can be saved under a name; none: it is the view itself, or saved already.
    savable: Option<String>,
    saved_now: Option<i64>,
    empty: Option<Empty>,
    /// As HTML.
    bulk: &'a str,
}

#[derive(Serialize)]
struct Empty {
    head: &'static str,
    text: String,
    button: Option<(&'static str, &'static str)>,
}

/// `GET /tickets`.
pub(super) async fn list(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Query(asked): Query<Asked>,
    as_of: Option<Extension<AsOf>>,
) -> Result<Response, PageError> {
    let me = &visitor.person;
    let scope = visitor.scope(panel.desk.rules());
    let page = asked.page(me.id);
    let version = match as_of {
        Some(Extension(AsOf(version))) => version,
        None => panel.desk.store.version().await?,
    };
    let mut conn = panel.desk.store.read().await?;
    let found = panel.known.lists.of(&version, (scope, page), queue::list(&mut conn, &page, scope)).await?;
    if found.is_empty() && page.beside.is_some() {
        // Whatever was there is elsewhere since.
        return Ok(Redirect::to(&asked.address()).into_response());
    }
    let more = found.len() > PAGE;
    let ahead = page.beside.is_some_and(|(side, _)| side == Side::Ahead);
    let found = found.iter().take(PAGE);
    let found: Vec<&QueueRow> = if ahead { found.rev().collect() } else { found.collect() };
    let counted = Counted::read(&panel, &visitor, &version, &mut conn).await?;
    let counts = counted.counts;
    let total = match asked.is_filtered() {
        true => how_many(&mut conn, &asked, me.id, scope).await?,
        false => Some(total(page.view, counts)),
    };
    let staff = panel.known.staff.of(&version, (), people::active_staff(&mut conn)).await?;
    let all_tags = panel.known.tags.of(&version, (), tags::all(&mut conn)).await?;
    let numbers: Vec<TicketNumber> = found.iter().map(|it| it.number).collect();
    let around = Around { unread: visits::unread(&mut conn, me.id, &numbers).await?, tags: all_tags };
    let opened_from = asked.opened_from(page.sort);
    let mut rows: Vec<RowView> =
        found.iter().map(|row| RowView::new(&panel, row).around(row, &around).in_list(row, &opened_from)).collect();
    mark(&panel, &visitor, &mut conn, &mut rows).await?;
    drop(conn);
    let (_, place, heading) = asked.view(me.id);
    let saved = counted.own.saved.iter().find(|it| it.query == asked.query());
    let at = |row: Option<&QueueRow>, side| row.map(|row| asked.beside(side, Key::of(page.sort, row)));
    let (newer, older) = (if ahead { more } else { page.beside.is_some() }, if ahead { true } else { more });
    let place = if saved.is_some() { Place::Elsewhere } else { place };
    let bulk = Bulk::new(&panel, &staff, &around.tags, me);
    let savable = (saved.is_none() && (asked.is_filtered() || page.sort != page.view.sorts()[0])).then(|| asked.query());
    let offered = Offered { others: others(&staff, me).collect(), mailboxes: bulk.mailboxes.clone(), all_tags: bulk.all_tags.clone() };
    let filters = Filters::of(&asked, me.id, offered, savable.is_some()).draw(&panel)?;
    let list = ListPage {
        heading: saved.map_or_else(|| heading.to_owned(), |it| it.name.clone()),
        total,
        rows: row::draw(&panel, &rows)?,
        shown: rows.len(),
        filters: &filters,
        here: asked.address(),
        here_now: page.beside.map_or_else(|| asked.address(), |(side, key)| asked.beside(side, key)),
        newest: page.beside.is_some().then(|| asked.address()),
        newer: if newer { at(found.first().copied(), Side::Ahead) } else { None },
        older: if older { at(found.last().copied(), Side::Behind) } else { None },
        savable,
        saved_now: saved.map(|it| it.id.0),
        empty: found.is_empty().then(|| empty(&asked, page.view, counts)),
        bulk: &bulk.draw(&panel)?,
    };
    page::show_counted(&panel, &visitor, place, "tickets.html", &list, None, &counted)
}

/// How many tickets a list holds, on all of its pages.
pub(super) async fn how_many(conn: &mut Conn, asked: &Asked, me: PersonId, scope: Scope) -> Result<Option<i64>, PageError> {
    if asked.is_filtered() {
        let list = asked.whole(me);
        return Ok(queue_counts::of_lists(conn, &[(list.view, list.filter)], scope).await?.first().copied());
    }
    Ok(Some(total(asked.view(me).0, queue_counts::counts(conn, scope, me).await?)))
}

fn others<'a>(staff: &'a [Person], me: &'a Person) -> impl Iterator<Item = Choice> + 'a {
    staff.iter().filter(|it| it.id != me.id).map(|it| Choice::new(it.id, it.name.clone()))
}

/// Whom selected tickets can be given to; who may not is told for each ticket.
fn assignable(staff: &[Person], me: &Person) -> Vec<Choice> {
    let myself = Choice::new("me", format!("Me ({})", me.name));
    [myself].into_iter().chain(others(staff, me)).chain([Choice::new("nobody", "Nobody")]).collect()
}

/// The mailboxes of the configuration, where there is more than one to choose from.
pub(super) fn mailboxes(panel: &Panel) -> Vec<Choice> {
    let all: Vec<Choice> = panel.desk.mailboxes.iter().map(|(id, it)| Choice::new(id, choice_of(it))).collect();
    if all.len() > 1 { all } else { Vec::new() }
}

/// What a mailbox is called where it is chosen: one that is only tried out would keep what is written.
pub(super) fn choice_of(mailbox: &MailboxSettings) -> String {
    match mailbox.mode {
        Mode::Live => mailbox.address.to_string(),
        Mode::Shadow => format!("{} (sends nothing yet)", mailbox.address),
    }
}

fn total(view: View, counts: Counts) -> i64 {
    match view {
        View::Unassigned => counts.unassigned,
        View::Mine(_) => counts.mine,
        View::Open => counts.open,
        View::Waiting => counts.waiting,
        View::Resolved => counts.resolved,
        View::Closed => counts.closed,
        View::Snoozed => counts.snoozed,
        View::All => counts.open + counts.resolved + counts.closed + counts.snoozed,
    }
}

fn empty(asked: &Asked, view: View, counts: Counts) -> Empty {
    if asked.is_filtered() {
        return Empty { head: "No ticket is like that", text: "Nothing in this queue passes the filters.".to_owned(), button: None };
    }
    let to_unassigned = (counts.unassigned > 0).then_some(("Open Unassigned", "/tickets?view=unassigned"));
    let waiting = match counts.unassigned {
        0 => "No ticket is without a helper.".to_owned(),
        1 => "One ticket in Unassigned has no helper yet.".to_owned(),
        n => format!("{n} tickets in Unassigned have no helper yet."),
    };
    match view {
        View::Mine(_) => {
            Empty { head: "Nothing waits for you", text: format!("Every ticket assigned to you is done. {waiting}"), button: to_unassigned }
        }
        View::Unassigned => Empty { head: "Every ticket has somebody", text: "New mail shows up here by itself.".to_owned(), button: None },
        View::Open => Empty { head: "Nothing is open", text: "New mail shows up here by itself.".to_owned(), button: None },
        View::Waiting => Empty {
            head: "No customer owes an answer",
            text: "A ticket is here after your reply, until they write.".to_owned(),
            button: None,
        },
        View::Resolved => {
            Empty { head: "Nothing is resolved", text: "Resolved tickets close by themselves after a while.".to_owned(), button: None }
        }
        View::Closed => Empty { head: "Nothing is closed", text: "What is done ends up here.".to_owned(), button: None },
        View::Snoozed => Empty {
            head: "Nothing is snoozed",
            text: "What you put off waits here until its time, or until its customer writes.".to_owned(),
            button: None,
        },
        View::All => Empty { head: "There is no ticket yet", text: "New mail shows up here by itself.".to_owned(), button: None },
    }
}
