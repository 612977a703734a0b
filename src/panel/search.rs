//! Search.

use axum::{
    extract::State,
    http::Uri,
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};

use crate::{
    desk::{
        id::{CommentId, TicketNumber},
        permission::Scope,
        person::Person,
        query::{Asks, Audience, HELP, Known, KnownMailbox, Meaning, Query as Words},
        tag::Tag,
    },
    panel::{
        Panel,
        error::{PageError, sentence},
        found::Stood,
        highlight::{Marks, excerpt, marked},
        kept::Kept,
        list::PAGE,
        page::{self, Place},
        prose::without_pictures,
        row::{self, Around, RowView},
        tickets::Bulk,
        url::{Query, encoded},
        visitor::{Staff, Visitor},
        words::Choice,
    },
    store::{
        Conn, people,
        queue::{self, QueueRow},
        saved_views,
        search::{self, Asked, Extent, Found, Hit, MOST_LISTED, Order, Shown},
        tags,
    },
};

/// What stands behind the question mark: the query, and what the filters beside it are to make of it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Sought {
    q: String,
    sort: String,
    page: String,
    status: Option<String>,
    priority: Option<String>,
    assignee: Option<String>,
    mailbox: Option<String>,
    tag: Option<String>,
}

impl Sought {
    pub(super) fn q(&self) -> &str {
        self.q.trim()
    }

    pub(super) fn order(&self) -> Order {
        if self.sort == "newest" { Order::Newest } else { Order::Relevance }
    }

    /// Which page, from 0 on.
    fn page(&self) -> usize {
        self.page.parse::<usize>().unwrap_or(1).clamp(1, MOST_LISTED / PAGE) - 1
    }

    /// The query with what the filters say; none: they say nothing.
    fn filtered(&self, query: &Words) -> Option<Words> {
        let filters = [
            ("status", &self.status),
            ("priority", &self.priority),
            ("assignee", &self.assignee),
            ("mailbox", &self.mailbox),
            ("tag", &self.tag),
        ];
        if filters.iter().all(|it| it.1.is_none()) {
            return None;
        }
        let mut query = query.clone();
        for (key, value) in filters {
            if let Some(value) = value {
                query = query.with(key, asks(key, value));
            }
        }
        Some(query)
    }
}

fn asks(key: &str, value: &str) -> Option<Asks> {
    let value = value.replace('"', "");
    let read = Words::read(&format!("{key}:\"{value}\"")).query;
    read.parts.into_iter().next().map(|it| it.asks).filter(|it| it.key() == Some(key))
}

/// A search as an address.
pub(super) fn address(path: &str, query: &str, order: Order, page: usize) -> String {
    let sort = if order == Order::Newest { "&sort=newest" } else { "" };
    let page = if page > 0 { format!("&page={}", page + 1) } else { String::new() };
    format!("{path}?q={}{sort}{page}", encoded(query))
}

#[derive(Serialize)]
struct SearchPage {
    q: String,
    asked: bool,
    /// As HTML.
    rows: String,
    /// How many there are, as far as they were counted.
    total: String,
    first: usize,
    last: usize,
    newer: Option<String>,
    older: Option<String>,
    /// What is not so simple about what is shown.
    note: Option<String>,
    wrong: Vec<String>,
    remarks: Vec<String>,
    help: Vec<Line>,
    suggestions: Vec<String>,
    filters: Filters,
    sort: &'static str,
    here: String,
    /// What can be saved under a name; none: it is saved already, or asks nothing.
    savable: Option<String>,
    saved_now: Option<i64>,
    saved_as: Option<String>,
    /// As HTML.
    bulk: String,
}

/// One line of the help.
#[derive(Serialize)]
pub(super) struct Line {
    examples: Vec<Example>,
    means: &'static str,
}

#[derive(Serialize)]
struct Example {
    text: &'static str,
    href: String,
}

/// The whole of the language, or what customers know of it.
pub(super) fn help(path: &str, audience: Audience) -> Vec<Line> {
    let known = |it: Audience| audience == Audience::Staff || it == Audience::Everybody;
    let example = |text: &'static str| Example { text, href: address(path, text, Order::Relevance, 0) };
    let lines = HELP.iter().filter(|it| known(it.audience));
    lines.map(|it| Line { examples: it.examples.iter().map(|it| example(it)).collect(), means: it.means }).collect()
}

/// What the filters beside the box offer, and what they say now.
#[derive(Serialize)]
struct Filters {
    status: Filter,
    priority: Filter,
    assignee: Filter,
    mailbox: Filter,
    tag: Filter,
}

#[derive(Serialize)]
struct Filter {
    options: Vec<Choice>,
    value: String,
}

/// `GET /search`: by words, or straight to a ticket by its number.
pub(super) async fn search(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Query(sought): Query<Sought>,
    uri: Uri,
) -> Result<Response, PageError> {
    let q = sought.q().to_owned();
    let reading = Words::read(&q);
    let mut wrong: Vec<String> = reading.wrong.iter().map(|it| sentence(it)).collect();
    let query = reading.query;
    if wrong.is_empty() {
        if let Some(number) = query.only_number() {
            return Ok(Redirect::to(&format!("/tickets/{number}")).into_response());
        }
        if let Some(filtered) = sought.filtered(&query) {
            return Ok(Redirect::to(&address("/search", &filtered.to_string(), sought.order(), 0)).into_response());
        }
    }
    let mut conn = panel.desk.store.read().await?;
    let (ever, staff) = (people::all_staff(&mut conn).await?, people::active_staff(&mut conn).await?);
    let tags = tags::all(&mut conn).await?;
    let mailboxes = mailboxes(&panel);
    let zone = panel.zone();
    let known = Known { tags: &tags, staff: &ever, mailboxes: &mailboxes, me: visitor.person.id, now: panel.desk.clock.now(), zone: &zone };
    let meaning = query.meaning(&known).unwrap_or_else(|unknown| {
        wrong.extend(unknown.iter().map(|it| sentence(it)));
        Meaning::default()
    });
    let asked = wrong.is_empty() && !query.parts.is_empty();
    let page = sought.page();
    let found = if asked { find(&panel, &visitor, &mut conn, &meaning, (sought.order(), page)).await? } else { Found::default() };
    let hits: Vec<Hit> = found.hits.iter().skip(page * PAGE).take(PAGE).copied().collect();
    let kept = Kept::Search { q: q.clone(), order: sought.order() }.query();
    let rows = draw(&panel, &visitor, &mut conn, &hits, &query, (&kept, Stood::first_of(&found, page))).await?;
    let saved = saved_views::seen_by(&mut conn, visitor.person.id).await?.into_iter().find(|it| asked && it.query == kept);
    drop(conn);
    let leaf = |to: usize| address("/search", &q, sought.order(), to);
    let rows = row::draw(&panel, &rows)?;
    let result = SearchPage {
        asked,
        total: counted(&found),
        first: page * PAGE + 1,
        last: page * PAGE + hits.len(),
        newer: (page > 0).then(|| leaf(page - 1)),
        older: (found.hits.len() > (page + 1) * PAGE && (page + 1) * PAGE < MOST_LISTED).then(|| leaf(page + 1)),
        note: note(&found, sought.order(), page),
        wrong,
        remarks: reading.remarks.iter().map(|it| sentence(it)).collect(),
        help: help("/search", Audience::Staff),
        suggestions: suggestions(&tags, &staff, &mailboxes),
        filters: filters(&query, &staff, &tags, &mailboxes),
        sort: if sought.order() == Order::Newest { "newest" } else { "" },
        here: uri.path_and_query().map_or("/search", axum::http::uri::PathAndQuery::as_str).to_owned(),
        bulk: Bulk::new(&panel, &staff, &tags, &visitor.person).draw(&panel)?.to_string(),
        savable: (asked && saved.is_none()).then_some(kept),
        saved_now: saved.as_ref().map(|it| it.id.0),
        saved_as: saved.map(|it| it.name),
        q,
        rows,
    };
    page::show(&panel, &visitor, Place::Elsewhere, "search.html", &result).await
}

pub(super) fn mailboxes(panel: &Panel) -> Vec<KnownMailbox> {
    let known =
        |it: &crate::desk::settings::MailboxSettings, id| KnownMailbox { id, name: it.name.clone(), address: it.address.to_string() };
    panel.desk.mailboxes.iter().map(|(id, it)| known(it, id)).collect()
}

/// What there is up to the end of this page, and one more where there is one.
pub(super) async fn find(
    panel: &Panel,
    visitor: &Visitor,
    conn: &mut Conn,
    meaning: &Meaning,
    (order, page): (Order, usize),
) -> Result<Found, PageError> {
    let now = panel.desk.clock.now();
    let scope: Scope = visitor.scope(panel.desk.rules());
    let wanted = (page + 1) * PAGE + 1;
    let asked = Asked { meaning, scope, order, wanted: wanted.min(MOST_LISTED), now, left_before: now };
    Ok(search::find(conn, &asked).await?)
}

async fn draw(
    panel: &Panel,
    visitor: &Visitor,
    conn: &mut Conn,
    hits: &[Hit],
    query: &Words,
    (kept, first): (&str, Stood),
) -> Result<Vec<RowView>, PageError> {
    let numbers: Vec<TicketNumber> = hits.iter().map(|it| it.ticket).collect();
    let found = queue::these(conn, &numbers, visitor.scope(panel.desk.rules())).await?;
    let said: Vec<CommentId> = hits.iter().map(|it| it.comment).collect();
    let shown = search::shown(conn, &said).await?;
    let around = Around::of(conn, &found, visitor.person.id).await?;
    let (texts, names) = (Marks::in_texts(query), Marks::in_names(query));
    let row = |row: &QueueRow| {
        let place = hits.iter().position(|it| it.ticket == row.number);
        let hit = place.and_then(|it| hits.get(it));
        let snippet = hit.and_then(|it| shown.get(&it.comment)).map_or_else(|| without_pictures(&row.snippet), |it| snippet(it, &texts));
        let view = RowView::new(panel, row).around(row, &around);
        let view = view.marked(marked(&row.requester.name, &names), marked(&row.subject, &texts), marked(&snippet, &texts));
        match (hit, place) {
            (Some(hit), Some(place)) => view.found(first.and_further(place).opened_from(kept), hit.comment),
            (_, _) => view,
        }
    };
    Ok(found.iter().map(row).collect())
}

/// Where the words stand: in the text, or else in the names of its files.
pub(super) fn snippet(shown: &Shown, marks: &Marks) -> String {
    let text = without_pictures(&shown.text);
    let files = shown.files.iter().filter(|it| marks.stand_in(it)).cloned().collect::<Vec<_>>().join(", ");
    if files.is_empty() || marks.stand_in(&text) { excerpt(&text, marks) } else { files }
}

fn counted(found: &Found) -> String {
    let n = found.hits.len();
    match found.extent {
        Extent::All => n.to_string(),
        Extent::More | Extent::Newest => format!("{n}+"),
    }
}

fn note(found: &Found, order: Order, page: usize) -> Option<String> {
    let end = (page + 1) * PAGE >= MOST_LISTED.min(found.hits.len());
    match (found.extent, order) {
        (Extent::All, _) => None,
        (Extent::Newest, _) => {
            Some("Very many messages say this. The newest 20,000 of them were looked through; another word, or after: and before:, finds older ones.".to_owned())
        }
        (Extent::More, Order::Relevance) if end => Some("These are the best of the newest; sort by newest to see more, or add a word.".to_owned()),
        (Extent::More, Order::Newest) if end => Some("There are more; another word, or before:, finds older ones.".to_owned()),
        (Extent::More, _) => None,
    }
}

fn quoted(value: &str) -> String {
    if value.contains(char::is_whitespace) { format!("\"{value}\"") } else { value.to_owned() }
}

/// What may be typed next: every key with its values, as far as they can be listed.
fn suggestions(tags: &[Tag], staff: &[Person], mailboxes: &[KnownMailbox]) -> Vec<String> {
    let one_word = HELP.iter().flat_map(|it| it.examples).filter(|it| it.contains(':') && !it.contains([' ', '"']) && !it.starts_with('-'));
    let invented = ["tag:", "assignee:m", "mailbox:", "from:", "to:", "subject:", "file:"];
    let fixed = one_word.filter(|it| !invented.iter().any(|not| it.starts_with(not)) || **it == "assignee:me").map(|it| (*it).to_owned());
    let keys = ["from:", "to:", "subject:", "file:"].into_iter().map(str::to_owned);
    let tags = tags.iter().map(|it| format!("tag:{}", quoted(&it.name)));
    let staff = staff.iter().map(|it| format!("assignee:{}", quoted(&it.name)));
    let mailboxes = mailboxes.iter().map(|it| format!("mailbox:{}", it.name));
    keys.chain(fixed).chain(tags).chain(staff).chain(mailboxes).collect()
}

fn filters(query: &Words, staff: &[Person], tags: &[Tag], mailboxes: &[KnownMailbox]) -> Filters {
    let filter = |key: &str, mut options: Vec<Choice>| {
        let value = query.value(key).unwrap_or_default();
        let of_list = options.iter().find(|it| it.value.to_lowercase() == value.to_lowercase()).map(|it| it.value.clone());
        if of_list.is_none() && !value.is_empty() {
            options.push(Choice::new(&value, &value));
        }
        Filter { options, value: of_list.unwrap_or(value) }
    };
    let helpers = staff.iter().map(|it| Choice::new(&it.name, it.name.clone()));
    Filters {
        status: filter("status", Choice::statuses()),
        priority: filter("priority", Choice::priorities()),
        assignee: filter("assignee", [Choice::new("me", "Me"), Choice::new("none", "Nobody")].into_iter().chain(helpers).collect()),
        mailbox: filter(
            "mailbox",
            if mailboxes.len() > 1 { mailboxes.iter().map(|it| Choice::new(&it.name, it.address.clone())).collect() } else { Vec::new() },
        ),
        tag: filter("tag", tags.iter().map(|it| Choice::new(&it.name, it.name.clone())).collect()),
    }
}
