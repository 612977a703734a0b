//! Lists of tickets: a queue with filters, or a search.

use axum::{Json, extract::State};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api,
    bearer::Caller,
    body::Asked,
    page::{limit, no_cursor},
    problem::Problem,
    views::Ticket,
    words::{Priority, Status, Turn, View, holder},
};
use crate::{
    desk::{
        id::{MailboxId, TagId, TicketNumber},
        query::{Known, KnownMailbox, Query},
        queue::{Filter, Sort},
        sentence::sentence,
        tag::TagName,
    },
    store::{
        Conn, people,
        queue::{self, Key, List, QueueRow, Side},
        search::{self, Asked as Sought, MOST_LISTED, Order},
        tags,
    },
};

/// The order of a list; the last two are for `q`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum SortBy {
    /// The latest activity first.
    Activity,
    /// The one that was opened first, first.
    Oldest,
    /// The most urgent first.
    Priority,
    /// Whose customer has waited longest first.
    Waiting,
    /// What is due next, first.
    Due,
    /// What returns next, first: for `snoozed`.
    Return,
    /// The last said first.
    Newest,
    /// The best match first.
    Relevance,
}

/// Which tickets.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Tickets {
    /// What the list is about: all tickets where nothing is said.
    view: Option<View>,
    /// Of this status.
    status: Option<Status>,
    /// Of this priority.
    priority: Option<Priority>,
    /// Who has them: `me`, `none`, or the id of a helper.
    assignee: Option<String>,
    /// With this tag, by its name.
    tag: Option<String>,
    /// Of this mailbox, by its short name or its address.
    mailbox: Option<String>,
    /// Whose turn it is.
    turn: Option<Turn>,
    /// To which something happened then or later (RFC 3339). Remember when you began to ask: what changes while you leaf is behind
    /// that moment and comes next time. What happened in the two minutes before is told once more, since a change may be seen later than it
    /// was made.
    updated_since: Option<Timestamp>,
    /// The language of the panel’s search instead of view and filters, such as `refund status:open tag:vip`. The first 500 that it finds
    /// can be leafed through.
    q: Option<String>,
    /// `activity` where nothing is said; with `q`, `newest`.
    sort: Option<SortBy>,
    /// Entries of a page: 1 to 100, 50 where nothing is said.
    limit: Option<usize>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

/// A change is dated when somebody begins it, and seen once it is written: a minute later at most.
const SEEN_LATER: SignedDuration = SignedDuration::from_mins(2);

/// A page of tickets.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct TicketPage {
    items: Vec<Ticket>,
    /// What to send as `cursor` for the next page; null: there is none.
    next: Option<String>,
}

/// Tickets: of a queue, filtered and sorted; or of a search.
#[utoipa::path(get, path = "/tickets", tag = "Tickets", operation_id = "listTickets", params(Tickets), responses((status = 200, body = TicketPage)))]
pub(super) async fn list(State(api): State<Api>, caller: Caller, Asked(asked): Asked<Tickets>) -> Result<Json<TicketPage>, Problem> {
    let mut conn = api.desk.store.read().await?;
    let (rows, next) = match &asked.q {
        Some(q) => find(&api, &caller, &mut conn, &asked, q).await?,
        None => filtered(&api, &caller, &mut conn, &asked).await?,
    };
    let tags = tags::all(&mut conn).await?;
    let items = rows.into_iter().map(|it| Ticket::of(&api.desk, it, &tags)).collect();
    Ok(Json(TicketPage { items, next }))
}

type Page = (Vec<QueueRow>, Option<String>);

async fn filtered(api: &Api, caller: &Caller, conn: &mut Conn, asked: &Tickets) -> Result<Page, Problem> {
    let view = asked.view.unwrap_or_default().of(caller.person.id);
    let sort = match asked.sort {
        None => view.sorts()[0],
        Some(sort) => sort.of_queue().filter(|it| view.sorts().contains(it)).ok_or_else(|| {
            let known: Vec<&str> = view.sorts().iter().map(|it| it.as_str()).collect();
            Problem::invalid("sort", format!("this view has no such order; it has {}", known.join(", ")))
        })?,
    };
    let filter = Filter {
        status: asked.status.map(Into::into),
        priority: asked.priority.map(Into::into),
        helper: asked.assignee.as_deref().map(|it| holder(it, caller.person.id).ok_or_else(no_holder)).transpose()?,
        mailbox: asked.mailbox.as_deref().map(|it| mailbox(api, it)).transpose()?,
        tag: match &asked.tag {
            Some(name) => Some(tag(conn, name).await?),
            None => None,
        },
        turn: asked.turn.map(Into::into),
        updated_since: asked.updated_since.map(|it| it.saturating_sub(SEEN_LATER).unwrap_or(Timestamp::MIN)),
    };
    let most = limit(asked.limit)?;
    let beside = asked.cursor.as_deref().map(|it| behind(sort, it).ok_or_else(no_cursor)).transpose()?;
    let wanted = List { view, filter, sort, beside: beside.map(|key| (Side::Behind, key)), limit: most + 1 };
    let mut rows = queue::list(conn, &wanted, caller.scope(api)).await?;
    let more = rows.len() > most;
    rows.truncate(most);
    let next = rows.last().filter(|_| more).map(|it| format!("{}-{}", sort.as_str(), Key::of(sort, it)));
    Ok((rows, next))
}

/// Where a page begins, as the page before said it.
fn behind(sort: Sort, cursor: &str) -> Option<Key> {
    let (of, key) = cursor.split_once('-')?;
    Key::parse(key).filter(|_| of == sort.as_str())
}

fn no_holder() -> Problem {
    Problem::invalid("assignee", "this is nobody; write me, none, or the id of a helper, which /api/v1/desk lists")
}

/// The mailbox of this short name or address.
pub(super) fn mailbox(api: &Api, name: &str) -> Result<MailboxId, Problem> {
    let is = |it: &crate::desk::settings::MailboxSettings| it.name == name || it.address.as_str().eq_ignore_ascii_case(name);
    let found = api.desk.mailboxes.iter().find(|(_, it)| is(it)).map(|(id, _)| id);
    found.ok_or_else(|| {
        let known: Vec<&str> = api.desk.mailboxes.iter().map(|(_, it)| it.name.as_str()).collect();
        Problem::invalid("mailbox", format!("there is no mailbox “{name}”; there are {}", known.join(", ")))
    })
}

/// The tag of this name.
pub(super) async fn tag(conn: &mut Conn, name: &str) -> Result<TagId, Problem> {
    let parsed = TagName::parse(name).map_err(|why| Problem::invalid("tag", why))?;
    let found = tags::named(conn, &parsed).await?;
    found.map(|it| it.id).ok_or_else(|| Problem::invalid("tag", format!("there is no tag “{name}”; /api/v1/desk lists all there are")))
}

async fn find(api: &Api, caller: &Caller, conn: &mut Conn, asked: &Tickets, q: &str) -> Result<Page, Problem> {
    asked.says_nothing_beside_q()?;
    let reading = Query::read(q);
    if let Some(wrong) = reading.wrong.first() {
        return Err(Problem::invalid("q", sentence(wrong)));
    }
    if reading.query.parts.is_empty() {
        return Err(Problem::invalid("q", "nothing is asked for; write words, or leave q out to have all tickets"));
    }
    let (staff, tags) = (people::all_staff(conn).await?, tags::all(conn).await?);
    let known = |(id, it): (MailboxId, &crate::desk::settings::MailboxSettings)| KnownMailbox {
        id,
        name: it.name.clone(),
        address: it.address.to_string(),
    };
    let mailboxes: Vec<KnownMailbox> = api.desk.mailboxes.iter().map(known).collect();
    let (now, zone) = (api.desk.clock.now(), &api.desk.settings.time_zone);
    let known = Known { tags: &tags, staff: &staff, mailboxes: &mailboxes, me: caller.person.id, now, zone };
    let meaning = reading.query.meaning(&known).map_err(|unknown| {
        let why: Vec<String> = unknown.iter().map(|it| sentence(it)).collect();
        Problem::invalid("q", why.join(" "))
    })?;
    let order = if asked.sort == Some(SortBy::Relevance) { Order::Relevance } else { Order::Newest };
    let most = limit(asked.limit)?;
    let skip = match asked.cursor.as_deref() {
        None => 0,
        Some(it) => {
            it.strip_prefix("found-").and_then(|it| it.parse::<usize>().ok()).filter(|it| *it < MOST_LISTED).ok_or_else(no_cursor)?
        }
    };
    let scope = caller.scope(api);
    // As many for each page: another number may make another list.
    let sought = Sought { meaning: &meaning, scope, order, wanted: MOST_LISTED, now, left_before: now };
    let found = search::find(conn, &sought).await?;
    let numbers: Vec<TicketNumber> = found.hits.iter().skip(skip).take(most).map(|it| it.ticket).collect();
    let more = found.hits.len() > skip + most;
    let rows = queue::these(conn, &numbers, scope).await?;
    Ok((rows, more.then(|| format!("found-{}", skip + most))))
}

impl Tickets {
    /// A search says in its own language what filters say.
    fn says_nothing_beside_q(&self) -> Result<(), Problem> {
        let said = [
            ("view", self.view.is_some(), "is:open"),
            ("status", self.status.is_some(), "status:open"),
            ("priority", self.priority.is_some(), "priority:high"),
            ("assignee", self.assignee.is_some(), "assignee:me"),
            ("tag", self.tag.is_some(), "tag:vip"),
            ("mailbox", self.mailbox.is_some(), "mailbox:support"),
            ("turn", self.turn.is_some(), "is:waiting"),
            ("updated_since", self.updated_since.is_some(), "after:2026-11-01"),
        ];
        if let Some((name, _, mend)) = said.into_iter().find(|(_, is, _)| *is) {
            return Err(Problem::invalid(name, format!("with q this is said in q itself, such as {mend}")));
        }
        match self.sort {
            None | Some(SortBy::Newest | SortBy::Relevance) => Ok(()),
            Some(_) => Err(Problem::invalid("sort", "with q the orders are newest and relevance")),
        }
    }
}

impl SortBy {
    fn of_queue(self) -> Option<Sort> {
        match self {
            Self::Activity => Some(Sort::Activity),
            Self::Oldest => Some(Sort::Oldest),
            Self::Priority => Some(Sort::Priority),
            Self::Waiting => Some(Sort::Waiting),
            Self::Due => Some(Sort::Due),
            Self::Return => Some(Sort::Return),
            Self::Newest | Self::Relevance => None,
        }
    }
}
