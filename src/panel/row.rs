//! A row of a list of tickets, as pages draw it.

use std::{
    collections::BTreeSet,
    fmt::Write,
    hash::{Hash, Hasher},
    sync::Arc,
};

use serde::Serialize;

use crate::{
    desk::{
        id::{CommentId, PersonId, TicketNumber},
        presence::Doing,
        tag::Tag,
    },
    panel::{
        Panel, assets,
        due::Due,
        error::PageError,
        list::OpenedFrom,
        prose::without_pictures,
        visitor::Visitor,
        words::{Coming, Face, StatusWord, When},
    },
    store::{Conn, drafts, presence, queue::QueueRow, tags, visits},
    templates::TemplateError,
};

/// Tags that a row shows; of more it says how many.
const TAGS_SHOWN: usize = 3;

/// A row as `parts/ticket_row.html` draws it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct RowView {
    id: i64,
    version: i64,
    status: StatusWord,
    who: String,
    n: i64,
    subject: String,
    snip: String,
    who_html: Option<String>,
    subject_html: Option<String>,
    snip_html: Option<String>,
    file: bool,
    tags: Vec<String>,
    more_tags: usize,
    prio: &'static str,
    helper: Option<Face>,
    /// Who else writes on it now.
    pres: Option<String>,
    /// Whether the viewer has begun to write on it.
    draft: bool,
    when: When,
    /// What is due next.
    due: Option<Due>,
    /// When it is back.
    snoozed: Option<Coming>,
    /// Somebody wrote on it since whoever looks last read it.
    unread: bool,
    /// It was in this list and is in it no more.
    elsewhere: bool,
    /// What its address says about the list.
    from: String,
}

/// By what tells one row from nearly every other: all of it would take longer.
impl Hash for RowView {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.id, self.version, self.unread, self.draft).hash(state);
        self.from.hash(state);
    }
}

/// What rows are drawn with, besides themselves.
#[derive(Default)]
pub(super) struct Around {
    pub tags: Arc<Vec<Tag>>,
    pub unread: BTreeSet<TicketNumber>,
}

impl Around {
    /// For these rows and whoever looks at them.
    pub async fn of(conn: &mut Conn, rows: &[QueueRow], me: PersonId) -> Result<Self, PageError> {
        let numbers: Vec<TicketNumber> = rows.iter().map(|it| it.number).collect();
        let unread = visits::unread(conn, me, &numbers).await?;
        let tags = if rows.iter().all(|it| it.tags.is_empty()) { Vec::new() } else { tags::all(conn).await? };
        Ok(Self { tags: Arc::new(tags), unread })
    }
}

impl RowView {
    pub(super) fn new(panel: &Panel, row: &QueueRow) -> Self {
        let (now, zone) = (panel.desk.clock.now(), &panel.zone());
        Self {
            id: row.number.0,
            version: row.version,
            status: row.status.into(),
            who: row.requester.name.clone(),
            n: row.comments,
            subject: row.subject.clone(),
            snip: without_pictures(&row.snippet),
            who_html: None,
            subject_html: None,
            snip_html: None,
            file: row.has_files,
            tags: Vec::new(),
            more_tags: 0,
            prio: row.priority.as_str(),
            helper: row.assignee.as_ref().map(|it| Face::new(&it.name, &it.email.folded())),
            pres: None,
            draft: false,
            when: When::new(row.updated_at, now, zone),
            due: row.due.map(|(promise, at)| Due::new(promise, at, now, zone)),
            snoozed: row.snoozed_until.map(|it| Coming::new(it, now, zone)),
            unread: false,
            elsewhere: false,
            from: String::new(),
        }
    }

    /// With its tags, and whether it is read.
    pub(super) fn around(self, row: &QueueRow, around: &Around) -> Self {
        let mut tags: Vec<String> =
            row.tags.iter().filter_map(|id| around.tags.iter().find(|it| it.id == *id)).map(|it| it.name.clone()).collect();
        let more_tags = tags.len().saturating_sub(TAGS_SHOWN);
        tags.truncate(TAGS_SHOWN);
        Self { tags, more_tags, unread: around.unread.contains(&row.number), ..self }
    }

    /// With the words that were looked for marked in it.
    pub(super) fn marked(self, who: String, subject: String, snippet: String) -> Self {
        Self { who_html: Some(who), subject_html: Some(subject), snip_html: Some(snippet), ..self }
    }

    /// Found by a comment, to which its link leads; `from` is what its address says about the search.
    pub(super) fn found(self, from: String, comment: CommentId) -> Self {
        Self { from: format!("{from}#m{comment}"), ..self }
    }

    /// In a list, which the page of the ticket leads back to.
    pub(super) fn in_list(self, row: &QueueRow, list: &OpenedFrom) -> Self {
        Self { from: list.at(row), ..self }
    }

    /// Of a ticket that a page shows, and that has left its list since.
    pub(super) fn left_the_list(self) -> Self {
        Self { elsewhere: true, ..self }
    }
}

/// Marks the rows on which somebody else writes now, and those with a draft of the viewer.
pub(super) async fn mark(panel: &Panel, visitor: &Visitor, conn: &mut Conn, rows: &mut [RowView]) -> Result<(), PageError> {
    let numbers: Vec<TicketNumber> = rows.iter().map(|it| TicketNumber(it.id)).collect();
    let others = presence::others_on(conn, &numbers, visitor.person.id, panel.desk.clock.now()).await?;
    let drafts = drafts::begun_on(conn, visitor.person.id, &numbers).await?;
    for row in rows {
        row.pres = others.iter().find(|it| it.ticket.0 == row.id && it.doing != Doing::Reads).map(|it| it.name.clone());
        row.draft = drafts.contains(&TicketNumber(row.id));
    }
    Ok(())
}

#[derive(Serialize)]
struct Piece<'a> {
    v: &'a str,
    t: &'a RowView,
}

/// The rows as the page has them.
pub(super) fn draw(panel: &Panel, rows: &[RowView]) -> Result<String, TemplateError> {
    let templates = &panel.desk.templates;
    let piece = |row: &RowView| templates.render("parts/ticket_row.html", &Piece { v: &assets::VERSION, t: row });
    let mut drawn = String::new();
    for row in rows {
        let row = panel.pieces.rows.of(templates, row, piece)?;
        // Text goes into a string.
        let _ = writeln!(drawn, "{row}");
    }
    Ok(drawn)
}
