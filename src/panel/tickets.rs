//! The queues, and search.

use axum::{
    extract::State,
    http::Uri,
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};

use crate::{
    desk::{
        id::{MailboxId, PersonId, TicketNumber},
        person::Person,
        ticket::{Priority, Status},
    },
    panel::{
        Panel,
        due::Due,
        error::PageError,
        highlight::{excerpt, marked},
        page::{self, Place},
        prose::without_pictures,
        url::Query,
        visitor::{Staff, Visitor},
        words::{Choice, Face, StatusWord, When},
    },
    store::{
        conversation, people,
        queue::{self, Filter, HeldBy, Key, List, QueueRow, Side, Sort, View},
        queue_counts::{self, Counts},
        search::{self, Query as Words},
    },
};

/// Rows on a page.
const PAGE: usize = 50;

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Asked {
    view: String,
    status: String,
    priority: String,
    helper: String,
    mailbox: String,
    before: String,
}

impl Asked {
    fn view(&self, me: PersonId) -> (View, Place, &'static str) {
        match self.view.as_str() {
            "unassigned" => (View::Unassigned, Place::Unassigned, "Unassigned"),
            "mine" => (View::Mine(me), Place::Mine, "Mine"),
            "waiting" => (View::Waiting, Place::Waiting, "Waiting on customer"),
            "resolved" => (View::Resolved, Place::Resolved, "Resolved"),
            "closed" => (View::Closed, Place::Closed, "Closed"),
            _ => (View::Open, Place::Open, "All open"),
        }
    }

    /// What a filter does not know is no filter.
    fn list(&self, me: PersonId) -> List {
        let helper = match self.helper.as_str() {
            "me" => Some(HeldBy::Person(me)),
            "nobody" => Some(HeldBy::Nobody),
            id => id.parse().ok().map(|id| HeldBy::Person(PersonId(id))),
        };
        let filter = Filter {
            status: Status::parse(&self.status),
            priority: Priority::parse(&self.priority),
            helper,
            mailbox: self.mailbox.parse().ok().map(MailboxId),
            tag: None,
            turn: None,
        };
        let beside = Key::parse(&self.before).map(|key| (Side::Behind, key));
        List { view: self.view(me).0, filter, sort: Sort::Activity, beside, limit: PAGE + 1 }
    }

    /// What the list holds, on whichever page.
    pub(super) fn whole_list(&self, me: PersonId) -> List {
        List { beside: None, limit: usize::MAX, ..self.list(me) }
    }

    fn is_filtered(&self) -> bool {
        [&self.status, &self.priority, &self.helper, &self.mailbox].into_iter().any(|it| !it.is_empty())
    }

    /// This list as an address, from another place in it.
    fn address(&self, before: Option<&str>) -> String {
        let fields = [
            ("view", &self.view),
            ("status", &self.status),
            ("priority", &self.priority),
            ("helper", &self.helper),
            ("mailbox", &self.mailbox),
        ];
        let plain = |value: &str| value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let mut query: Vec<String> =
            fields.iter().filter(|(_, value)| !value.is_empty() && plain(value)).map(|(name, value)| format!("{name}={value}")).collect();
        query.extend(before.map(|it| format!("before={it}")));
        if query.is_empty() { "/tickets".to_owned() } else { format!("/tickets?{}", query.join("&")) }
    }
}

/// A row as `parts/ticket_row.html` draws it.
#[derive(Serialize)]
pub(super) struct RowView {
    id: i64,
    version: i64,
    status: StatusWord,
    who: String,
    n: i64,
    subject: String,
    snip: String,
    subject_html: Option<String>,
    snip_html: Option<String>,
    file: bool,
    prio: &'static str,
    helper: Option<Face>,
    when: When,
    /// What is due next.
    due: Option<Due>,
    /// It was in this list and is in it no more.
    elsewhere: bool,
}

impl RowView {
    pub(super) fn new(panel: &Panel, row: &QueueRow) -> Self {
        Self {
            id: row.number.0,
            version: row.version,
            status: row.status.into(),
            who: row.requester.name.clone(),
            n: row.comments,
            subject: row.subject.clone(),
            snip: without_pictures(&row.snippet),
            subject_html: None,
            snip_html: None,
            file: row.has_files,
            prio: row.priority.as_str(),
            helper: row.assignee.as_ref().map(|it| Face::new(&it.name, &it.email.folded())),
            when: When::new(row.updated_at, panel.desk.clock.now(), &panel.desk.settings.time_zone),
            due: row.due.map(|(promise, at)| Due::new(promise, at, panel.desk.clock.now(), &panel.desk.settings.time_zone)),
            elsewhere: false,
        }
    }

    /// Of a ticket that a page shows, and that has left its list since.
    pub(super) fn left_the_list(self) -> Self {
        Self { elsewhere: true, ..self }
    }
}

#[derive(Serialize)]
struct ListPage<'a> {
    heading: &'static str,
    total: Option<i64>,
    rows: Vec<RowView>,
    asked: &'a Asked,
    filtered: bool,
    here: String,
    /// The same with the place in it: what the page is told about while it is open.
    here_now: String,
    clear: String,
    newest: Option<String>,
    older: Option<String>,
    statuses: Vec<Choice>,
    priorities: Vec<Choice>,
    helpers: Vec<Choice>,
    assignable: Vec<Choice>,
    mailboxes: Vec<Choice>,
    empty: Option<Empty>,
}

#[derive(Serialize)]
struct Empty {
    head: &'static str,
    text: String,
    button: Option<(&'static str, &'static str)>,
}

/// `GET /tickets`.
pub(super) async fn list(State(panel): State<Panel>, Staff(visitor): Staff, Query(asked): Query<Asked>) -> Result<Response, PageError> {
    let me = &visitor.person;
    let scope = visitor.scope(panel.desk.rules());
    let mut conn = panel.desk.store.read().await?;
    let mut found = queue::list(&mut conn, &asked.list(me.id), scope).await?;
    let counts = queue_counts::counts(&mut conn, scope, me.id).await?;
    let staff = people::active_staff(&mut conn).await?;
    drop(conn);
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let (view, place, heading) = asked.view(me.id);
    let older = more.then(|| found.last().map(|last| asked.address(Some(&Key::of(Sort::Activity, last).to_string())))).flatten();
    let list = ListPage {
        heading,
        total: (!asked.is_filtered()).then(|| total(view, counts)).flatten(),
        rows: found.iter().map(|row| RowView::new(&panel, row)).collect(),
        filtered: asked.is_filtered(),
        here: asked.address(None),
        here_now: asked.address(Some(asked.before.as_str()).filter(|it| Key::parse(it).is_some())),
        clear: Asked { view: asked.view.clone(), ..Asked::default() }.address(None),
        newest: (!asked.before.is_empty()).then(|| asked.address(None)),
        older,
        statuses: of_view(view),
        priorities: Choice::priorities().into_iter().rev().collect(),
        helpers: [Choice::new("me", "Me"), Choice::new("nobody", "Nobody")].into_iter().chain(others(&staff, me)).collect(),
        assignable: assignable(&staff, me),
        mailboxes: mailboxes(&panel),
        empty: found.is_empty().then(|| empty(&asked, view, counts)),
        asked: &asked,
    };
    page::show(&panel, &visitor, place, "tickets.html", &list).await
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
fn mailboxes(panel: &Panel) -> Vec<Choice> {
    let all: Vec<Choice> = panel.desk.mailboxes.iter().map(|(id, it)| Choice::new(id, it.address.to_string())).collect();
    if all.len() > 1 { all } else { Vec::new() }
}

/// The statuses that a view can be narrowed to.
fn of_view(view: View) -> Vec<Choice> {
    match view {
        View::Unassigned | View::Mine(_) | View::Open | View::Waiting | View::Snoozed => {
            Choice::statuses().into_iter().filter(|it| Status::parse(&it.value).is_some_and(Status::is_active)).collect()
        }
        View::Resolved | View::Closed => Vec::new(),
    }
}

fn total(view: View, counts: Counts) -> Option<i64> {
    match view {
        View::Unassigned => Some(counts.unassigned),
        View::Mine(_) => Some(counts.mine),
        View::Open => Some(counts.open),
        View::Waiting => Some(counts.waiting),
        View::Resolved => Some(counts.resolved),
        View::Closed => Some(counts.closed),
        View::Snoozed => Some(counts.snoozed),
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
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Sought {
    q: String,
}

#[derive(Serialize)]
struct SearchPage {
    q: String,
    rows: Vec<RowView>,
    more: bool,
    asked: bool,
    here: String,
    assignable: Vec<Choice>,
}

/// `GET /search`: by words, or straight to a ticket by its number.
pub(super) async fn search(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Query(sought): Query<Sought>,
    uri: Uri,
) -> Result<Response, PageError> {
    let q: String = sought.q.trim().chars().take(200).collect();
    if let Some(number) = q.strip_prefix('#').and_then(|it| it.parse::<i64>().ok()) {
        return Ok(Redirect::to(&format!("/tickets/{number}")).into_response());
    }
    let (rows, more) = match Words::parse(&q) {
        Some(words) => find(&panel, &visitor, &words).await?,
        None => (Vec::new(), false),
    };
    let mut conn = panel.desk.store.read().await?;
    let staff = people::active_staff(&mut conn).await?;
    drop(conn);
    let here = uri.path_and_query().map_or("/search", axum::http::uri::PathAndQuery::as_str).to_owned();
    let result = SearchPage { asked: Words::parse(&q).is_some(), q, rows, more, here, assignable: assignable(&staff, &visitor.person) };
    page::show(&panel, &visitor, Place::Elsewhere, "search.html", &result).await
}

async fn find(panel: &Panel, visitor: &Visitor, words: &Words) -> Result<(Vec<RowView>, bool), PageError> {
    let scope = visitor.scope(panel.desk.rules());
    let mut conn = panel.desk.store.read().await?;
    let mut hits = search::find(&mut conn, words, scope, PAGE + 1).await?;
    let more = hits.len() > PAGE;
    hits.truncate(PAGE);
    let numbers: Vec<TicketNumber> = hits.iter().map(|it| it.ticket).collect();
    let mut found = queue::these(&mut conn, &numbers, scope).await?;
    found.sort_by_key(|row| std::cmp::Reverse((row.updated_at, row.number)));
    let said: Vec<_> = hits.iter().filter_map(|it| it.comment).collect();
    let texts = conversation::texts(&mut conn, &said).await?;
    let row = |row: &QueueRow| {
        let comment = hits.iter().find(|it| it.ticket == row.number).and_then(|it| it.comment);
        let text = comment.and_then(|it| texts.get(&it)).map(|it| excerpt(&without_pictures(it), words));
        let snippet = text.unwrap_or_else(|| without_pictures(&row.snippet));
        let (subject_html, snip_html) = (Some(marked(&row.subject, words)), Some(marked(&snippet, words)));
        RowView { subject_html, snip_html, ..RowView::new(panel, row) }
    };
    Ok((found.iter().map(row).collect(), more))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lists_address_holds_what_was_asked_and_nothing_odd() {
        let asked = Asked { view: "mine".to_owned(), priority: "urgent".to_owned(), helper: "\"><x".to_owned(), ..Asked::default() };
        assert_eq!(asked.address(Some("17-4")), "/tickets?view=mine&priority=urgent&before=17-4");
        assert_eq!(Asked::default().address(None), "/tickets");
    }
}
