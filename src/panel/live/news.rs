//! What happened since a page was last told, as HTML that takes the place of what it shows.

use std::{collections::HashMap, time::Duration};

use axum::response::sse::Event;
use serde::Serialize;
use tokio::time::Instant;

use crate::{
    desk::id::TicketNumber,
    panel::{
        Panel, assets,
        error::PageError,
        list::Asked,
        live::standing::Known,
        navigation::{Counted, Entry, Navigation, SavedEntry},
        presence::{self as strip, Strip},
        row::{self, Around, RowView, mark},
        ticket, tickets,
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

/// What somebody does themselves loads a new page, and is no news to the one that it takes the place of: told only to pages that are
/// still there by then.
const OWN_AFTER: Duration = Duration::from_secs(3);

/// Versions of tickets that were told; older ones are forgotten, and told once more at worst.
const REMEMBERED: usize = 1000;

/// What a page shows that changes by itself, besides the navigation.
pub(super) enum Open {
    /// A queue.
    List(Box<Asked>),
    /// One ticket, and where its messages stand.
    Ticket(TicketNumber, Box<Known>),
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
    /// Lines of the ticket that were written since the page was made, and told.
    lines: usize,
    /// Those that the viewer wrote and that are not told yet.
    own: usize,
    /// When they are.
    own_at: Option<Instant>,
    /// Whether others wrote any of them.
    others: bool,
    /// Who else is on the ticket, as it was told last; none: nobody knows what was.
    present: Option<Strip>,
    /// The tickets that others wrote on, as it was told last.
    written_on: Vec<TicketNumber>,
}

#[derive(Serialize)]
struct Counts {
    views: Vec<Entry>,
    saved: Vec<SavedEntry>,
    /// How many tickets the list holds; none: there is no list.
    total: Option<i64>,
}

#[derive(Serialize)]
struct Rows {
    /// As HTML.
    rows: String,
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
    /// All of it is the viewer's own.
    own: bool,
}

impl News {
    pub fn new(open: Open, place: Place, begins: Begins) -> Self {
        let present = match begins {
            Begins::WithThePage => Some(Strip::default()),
            Begins::Again => None,
        };
        let (counts, told, written_on) = (String::new(), HashMap::new(), Vec::new());
        Self { open, place, begins, counts, told, lines: 0, own: 0, own_at: None, others: false, present, written_on }
    }

    /// How long until something is to be told that nobody writes; none: nothing is.
    pub fn next(&self) -> Option<Duration> {
        let own = self.own_at.map(|it| it.saturating_duration_since(Instant::now()));
        let standing = match &self.open {
            Open::Ticket(_, known) => known.next,
            Open::List(_) | Open::Elsewhere => None,
        };
        own.into_iter().chain(standing).min()
    }

    /// Empty: nothing that this page shows.
    pub async fn since_then(&mut self, panel: &Panel, visitor: &Visitor) -> Result<Vec<Event>, PageError> {
        let mut conn = panel.desk.store.read().await?;
        let lines = events::since(&mut conn, self.place, LINES).await?;
        let place = lines.iter().map(|it| it.place).max().unwrap_or_default().max(self.place);
        let behind: Vec<Followed> = lines.iter().filter(|it| it.place > self.place).copied().collect();
        let mut told = match &self.open {
            Open::List(_) => self.rows(panel, visitor, &mut conn, &lines).await?,
            Open::Ticket(number, _) => self.ticket(panel, visitor, &mut conn, *number, &behind).await?,
            Open::Elsewhere => Vec::new(),
        };
        let total = match &self.open {
            Open::List(asked) => tickets::how_many(&mut conn, asked, visitor.person.id, visitor.scope(panel.desk.rules())).await?,
            Open::Ticket(..) | Open::Elsewhere => None,
        };
        drop(conn);
        self.place = place;
        let version = panel.desk.store.version().await?;
        let counted = Counted::read(panel, visitor, &version, &mut *panel.desk.store.read().await?).await?;
        let Navigation { views, saved, .. } = counted.navigation(panel, visitor);
        let counts = panel.desk.templates.render("live/counts.html", &Counts { views, saved, total })?;
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
        let opened_from = asked.opened_from(asked.sort(visitor.person.id));
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
                    let drawn = RowView::new(panel, row).around(row, &around).in_list(row, &opened_from);
                    rows.push(if held.iter().any(|it| it.number == number) { drawn } else { drawn.left_the_list() });
                }
                None => gone.push(number.to_string()),
            }
        }
        let mut told = Vec::new();
        mark(panel, visitor, conn, &mut rows).await?;
        if !rows.is_empty() {
            told.push(("rows", panel.desk.templates.render("live/rows.html", &Rows { rows: row::draw(panel, &rows)? })?));
        }
        if !gone.is_empty() {
            told.push(("gone", gone.join(" ")));
        }
        Ok(told)
    }

    /// That something was done on the ticket, who else is there, and what became of its mail.
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
        if let Open::Ticket(_, known) = &mut self.open {
            told.extend(known.news(panel, visitor, conn, number).await?.map(|it| ("swap", it)));
        }
        if self.has_newer(lines.iter().filter(|it| it.ticket == number), visitor) {
            let newer = Newer { v: &assets::VERSION, newer: self.lines, own: !self.others };
            told.push(("swap", panel.desk.templates.render("live/newer.html", &newer)?));
        }
        if told.is_empty() {
            return Ok(told);
        }
        match ticket::enter(panel, visitor, conn, number).await {
            Ok(_) => Ok(told),
            Err(PageError::Missing) => Ok(Vec::new()),
            Err(other) => Err(other),
        }
    }

    /// Counts the lines that are new, and says whether the page is told of more than it was.
    fn has_newer<'a>(&mut self, lines: impl Iterator<Item = &'a Followed>, visitor: &Visitor) -> bool {
        let (own, others): (Vec<&Followed>, Vec<&Followed>) = lines.partition(|it| it.actor == Some(visitor.person.id));
        self.own += own.len();
        if !own.is_empty() {
            self.own_at.get_or_insert_with(|| Instant::now() + OWN_AFTER);
        }
        let due = self.own_at.is_some_and(|it| it <= Instant::now());
        if others.is_empty() && !due {
            return false;
        }
        self.others |= !others.is_empty();
        self.lines += others.len() + std::mem::take(&mut self.own);
        self.own_at = None;
        true
    }
}
