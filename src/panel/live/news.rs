//! What happened since a page was last told, as HTML that takes the place of what it shows.

use std::collections::HashMap;

use axum::response::sse::Event;
use serde::Serialize;

use crate::{
    desk::id::TicketNumber,
    panel::{
        Panel, assets,
        error::PageError,
        list::Asked,
        page::{self, Entry, SavedEntry},
        presence::{self as strip, Strip},
        row::{Around, RowView, mark},
        ticket,
        visitor::Visitor,
    },
    store::{
        Conn,
        events::{self, Followed, Place},
        presence, queue,
    },
};

/// Lines of the history that are looked at at one time; what is more comes next.
const LINES: i64 = 500;

/// Versions of tickets that were told; older ones are forgotten, and told once more at worst.
const REMEMBERED: usize = 1000;

/// What a page shows that changes by itself, besides the navigation.
pub(super) enum Open {
    /// A queue.
    List(Box<Asked>),
    /// One ticket.
    Ticket(TicketNumber),
    /// Nothing.
    Elsewhere,
}

/// What the page shows of those who come and go, when its stream begins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Begins {
    /// What there was when it was made, a moment ago.
    WithThePage,
    /// What a stream told that has broken off since.
    Again,
}

/// What a page knows already.
pub(super) struct News {
    open: Open,
    place: Place,
    begins: Begins,
    /// The navigation as it was told last.
    counts: String,
    /// The version of each ticket as it was told last; none: that it is gone.
    told: HashMap<TicketNumber, Option<i64>>,
    /// Lines of the ticket that others wrote since the page was made.
    lines: usize,
    /// Who else is on the ticket, as it was told last; none: nobody knows what was.
    present: Option<Strip>,
    /// The tickets that others wrote on, as it was told last.
    written_on: Vec<TicketNumber>,
}

#[derive(Serialize)]
struct Counts {
    views: Vec<Entry>,
    saved: Vec<SavedEntry>,
}

#[derive(Serialize)]
struct Rows<'a> {
    v: &'a str,
    rows: Vec<RowView>,
}

#[derive(Serialize)]
struct Present<'a> {
    v: &'a str,
    present: &'a Strip,
}

#[derive(Serialize)]
struct Newer<'a> {
    v: &'a str,
    newer: usize,
}

impl News {
    pub fn new(open: Open, place: Place, begins: Begins) -> Self {
        let present = match begins {
            Begins::WithThePage => Some(Strip::default()),
            Begins::Again => None,
        };
        Self { open, place, begins, counts: String::new(), told: HashMap::new(), lines: 0, present, written_on: Vec::new() }
    }

    /// Empty: nothing that this page shows.
    pub async fn since_then(&mut self, panel: &Panel, visitor: &Visitor) -> Result<Vec<Event>, PageError> {
        let mut conn = panel.desk.store.read().await?;
        let lines = events::since(&mut conn, self.place, LINES).await?;
        let place = lines.iter().map(|it| it.place).max().unwrap_or_default().max(self.place);
        let behind: Vec<Followed> = lines.iter().filter(|it| it.place > self.place).copied().collect();
        let mut told = match &self.open {
            Open::List(_) => self.rows(panel, visitor, &mut conn, &lines).await?,
            Open::Ticket(number) => self.ticket(panel, visitor, &mut conn, *number, &behind).await?,
            Open::Elsewhere => Vec::new(),
        };
        drop(conn);
        self.place = place;
        let page::Navigation { views, saved, .. } = page::navigation(panel, visitor).await?;
        let counts = panel.desk.templates.render("live/counts.html", &Counts { views, saved })?;
        if counts != self.counts {
            told.push(("swap", counts.clone()));
            self.counts = counts;
        }
        // A carriage return would end the line, and axum will not have it.
        let event = |(name, data): (&str, String)| Event::default().event(name).id(self.place.0.to_string()).data(data.replace('\r', " "));
        Ok(told.into_iter().map(event).collect())
    }

    /// Rows that the list holds, as they are now; and those that the viewer may no longer see.
    async fn rows(
        &mut self,
        panel: &Panel,
        visitor: &Visitor,
        conn: &mut Conn,
        lines: &[Followed],
    ) -> Result<Vec<(&'static str, String)>, PageError> {
        let Open::List(asked) = &self.open else { return Ok(Vec::new()) };
        let written_on = presence::written_on(conn, visitor.person.id, panel.desk.clock.now()).await?;
        let moved: Vec<TicketNumber> = {
            let differs =
                |one: &[TicketNumber], other: &[TicketNumber]| one.iter().filter(|it| !other.contains(it)).copied().collect::<Vec<_>>();
            [differs(&written_on, &self.written_on), differs(&self.written_on, &written_on)].concat()
        };
        let moved = match std::mem::replace(&mut self.begins, Begins::WithThePage) {
            Begins::WithThePage => moved,
            // Nobody knows any more who was said to write on the rows that are there.
            Begins::Again => queue::list(conn, &asked.page(visitor.person.id), visitor.scope(panel.desk.rules()))
                .await?
                .iter()
                .map(|it| it.number)
                .collect(),
        };
        self.written_on = written_on;
        let mut numbers: Vec<TicketNumber> = lines.iter().map(|it| it.ticket).chain(moved.iter().copied()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let scope = visitor.scope(panel.desk.rules());
        let held = queue::among(conn, &numbers, &asked.whole(visitor.person.id), scope).await?;
        // Whoever looks at a list sees what became of a row that left it, as far as it is theirs to see.
        let seen = queue::these(conn, &numbers, scope).await?;
        let around = Around::of(conn, &seen, visitor.person.id).await?;
        if self.told.len() > REMEMBERED {
            self.told.clear();
        }
        let mut rows = Vec::new();
        let mut gone = Vec::new();
        for number in numbers {
            let now = seen.iter().find(|it| it.number == number);
            let version = now.map(|it| it.version);
            if self.told.insert(number, version) == Some(version) && !moved.contains(&number) {
                continue;
            }
            match now {
                Some(row) => {
                    let drawn = RowView::new(panel, row).around(row, &around).in_list(row, asked, visitor.person.id);
                    rows.push(if held.iter().any(|it| it.number == number) { drawn } else { drawn.left_the_list() });
                }
                None => gone.push(number.to_string()),
            }
        }
        let mut told = Vec::new();
        mark(panel, visitor, conn, &mut rows).await?;
        if !rows.is_empty() {
            told.push(("rows", panel.desk.templates.render("live/rows.html", &Rows { v: &assets::VERSION, rows })?));
        }
        if !gone.is_empty() {
            told.push(("gone", gone.join(" ")));
        }
        Ok(told)
    }

    /// That others did something on the ticket, and who else is there.
    async fn ticket(
        &mut self,
        panel: &Panel,
        visitor: &Visitor,
        conn: &mut Conn,
        number: TicketNumber,
        lines: &[Followed],
    ) -> Result<Vec<(&'static str, String)>, PageError> {
        let mut told = Vec::new();
        let present = strip::strip(panel, visitor, conn, number).await?;
        if self.present.as_ref() != Some(&present) {
            told.push(("swap", panel.desk.templates.render("live/presence.html", &Present { v: &assets::VERSION, present: &present })?));
            self.present = Some(present);
        }
        let by_others = lines.iter().filter(|it| it.ticket == number && it.actor != Some(visitor.person.id)).count();
        if by_others == 0 && told.is_empty() {
            return Ok(Vec::new());
        }
        match ticket::enter(panel, visitor, conn, number).await {
            Ok(_) => {}
            Err(PageError::Missing) => return Ok(Vec::new()),
            Err(other) => return Err(other),
        }
        if by_others == 0 {
            return Ok(told);
        }
        self.lines += by_others;
        told.push(("swap", panel.desk.templates.render("live/newer.html", &Newer { v: &assets::VERSION, newer: self.lines })?));
        Ok(told)
    }
}
