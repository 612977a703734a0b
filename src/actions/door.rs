//! The one door out: every change of a ticket leaves here with its history lines and the mail it calls for.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::{
    actions::{ActionError, Desk, Result, due, letters, receive_message::Came, status_notices},
    desk::{
        comment::Comment,
        event::EventKind,
        id::{CommentId, CorrectionId, PersonId, TagId, TicketNumber},
        notification::{Answered, Circle, Happening, who_hears},
        permission::{Act, Case},
        person::{Person, PersonState},
        snooze::Back,
        tag::{MOST_ON_A_TICKET, TagName},
        ticket::{Assigned, Status, Step, Ticket, Turn},
    },
    store::{
        Tx, comments,
        events::{self, NewEvent},
        participants::{self, Participant, Participation},
        people, tags, tickets,
    },
};

/// A ticket being changed, and everything that was done to it.
pub(super) struct Change {
    /// As it will be written.
    pub ticket: Ticket,
    /// Who does it; none: maildesk itself.
    pub actor: Option<PersonId>,
    /// Whether its row is as new as this change, so that nothing of it needs to be written again.
    pub row: TicketRow,
    /// All that there is of a ticket that one mail has just opened; none: it is looked up.
    pub opened_by_mail: Option<OpenedByMail>,
    /// Whether an automatic mail may repeat what a stranger wrote in subject and name.
    pub echo: Echo,
    /// Whether it happens now, or did in mail that is imported.
    pub came: Came,
    /// Who takes part and is sent nothing of this change.
    pub left_out: Vec<PersonId>,
    events: Vec<NewEvent>,
    happenings: Vec<Happening>,
    tagging: Vec<Tagging>,
}

/// A tag put on a ticket that is being changed, or taken off.
#[derive(Clone, Debug)]
pub(super) enum Tagging {
    /// By its name, made where there is none.
    Name(TagName),
    /// By its id; the merge that brings it.
    Put(TagId, Option<CorrectionId>),
    /// Off.
    Take(TagId),
}

/// Whether a receipt repeats the sender's subject and name: only where a server that we trust vouches for the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Echo {
    Allowed,
    Never,
}

/// What the database has of a ticket that is being changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TicketRow {
    Older,
    JustMade,
}

/// What is around a ticket that one mail has just opened.
pub(super) struct OpenedByMail {
    /// Everybody who takes part.
    pub participants: Vec<Participant>,
    /// The only comment.
    pub comment: Comment,
}

impl Change {
    pub fn of(ticket: Ticket, actor: Option<PersonId>) -> Self {
        Self {
            ticket,
            actor,
            row: TicketRow::Older,
            opened_by_mail: None,
            echo: Echo::Never,
            came: Came::Now,
            left_out: Vec::new(),
            events: Vec::new(),
            happenings: Vec::new(),
            tagging: Vec::new(),
        }
    }

    pub fn number(&self) -> TicketNumber {
        self.ticket.number
    }

    /// Whether anything was done to it.
    pub fn is_any(&self) -> bool {
        !(self.events.is_empty() && self.happenings.is_empty() && self.tagging.is_empty())
    }

    /// A line of the history without old and new.
    pub fn note(&mut self, kind: EventKind, comment: Option<CommentId>) {
        self.line(kind, None, None, comment);
    }

    /// A line of the history: from what to what.
    pub fn changed(&mut self, kind: EventKind, old: Option<String>, new: Option<String>) {
        self.line(kind, old, new, None);
    }

    /// The first line of a ticket that staff open: what they wrote follows.
    pub fn note_opened(&mut self, how: &str) {
        self.changed(EventKind::Opened, None, Some(how.to_owned()));
    }

    /// The first line: how it came to be.
    pub fn opened(&mut self, how: &str, comment: CommentId) {
        self.line(EventKind::Opened, None, Some(how.to_owned()), Some(comment));
    }

    /// A line of the history about one comment: from what to what.
    pub fn changed_by(&mut self, kind: EventKind, old: Option<String>, new: Option<String>, comment: CommentId) {
        self.line(kind, old, new, Some(comment));
    }

    fn line(&mut self, kind: EventKind, old: Option<String>, new: Option<String>, comment: Option<CommentId>) {
        self.events.push(self.new_line(kind, old, new, comment));
    }

    fn new_line(&self, kind: EventKind, old: Option<String>, new: Option<String>, comment: Option<CommentId>) -> NewEvent {
        NewEvent { ticket: self.ticket.number, kind, actor: self.actor, old, new, comment }
    }

    /// Something that somebody may have to hear of.
    pub fn happened(&mut self, what: Happening) {
        self.happenings.push(what);
    }

    /// Moves the status, with its line and its notice; nothing when it stays.
    pub fn set_status(&mut self, to: Status, now: Timestamp) {
        let from = self.ticket.status;
        if from != to {
            self.set_status_untold(to, now);
            self.happened(Happening::Status { from, to });
        }
    }

    /// Moves the status with its line alone: what staff put right among themselves is told to nobody.
    pub fn set_status_untold(&mut self, to: Status, now: Timestamp) {
        let from = self.ticket.status;
        if from == to {
            return;
        }
        self.ticket.status = to;
        self.ticket.status_at = now;
        self.changed(EventKind::Status, Some(from.as_str().to_owned()), Some(to.as_str().to_owned()));
    }

    /// Whose turn it is after comments came or went, and since when.
    pub fn turn_is(&mut self, (turn, since): (Turn, Option<Timestamp>)) {
        self.ticket.turn = turn;
        self.ticket.turn_at = since.unwrap_or(self.ticket.opened_at);
    }

    /// A customer wrote: it is the staff's turn, and what was put off is back, unless they wrote it before.
    pub fn customers_word(&mut self, now: Timestamp) {
        self.ticket.hand_turn(Turn::Staff, now);
        match self.came {
            Came::Now => self.back(Back::Answer),
            Came::Before => {}
        }
    }

    /// A tag goes on or off, if that is any change. What a merge brings is not counted.
    pub fn tag(&mut self, tagging: Tagging) -> Result<()> {
        let full = self.ticket.tags.len() + self.tagging.len() >= MOST_ON_A_TICKET;
        if full && matches!(tagging, Tagging::Name(_)) {
            let why = format!("#{} has {MOST_ON_A_TICKET} tags already; remove one first", self.number());
            return Err(ActionError::Invalid { field: "tag", why });
        }
        self.tagging.push(tagging);
        Ok(())
    }

    /// What was put off is back in its queue.
    pub fn back(&mut self, why: Back) {
        if let Some(snooze) = self.ticket.snooze.take() {
            self.changed(EventKind::Returned, Some(snooze.until.as_millisecond().to_string()), Some(why.as_str().to_owned()));
        }
    }

    /// What a helper has just done they may undo for a while, and until then no customer is told. What maildesk or a customer did is told at
    /// once.
    pub fn undo_window(&self, around: &letters::Around<'_>) -> SignedDuration {
        let by_staff = around.staff.iter().any(|it| Some(it.id) == self.actor);
        if by_staff { around.desk.settings.undo_window } else { SignedDuration::ZERO }
    }

    /// What somebody may have to hear of, in its order.
    pub fn happenings(&self) -> &[Happening] {
        &self.happenings
    }

    /// Whether this opens again what was resolved or closed.
    fn wakes(&self) -> bool {
        let first = self.events.iter().find(|it| it.kind == EventKind::Status);
        let was = first.and_then(|it| Status::parse(it.old.as_deref()?));
        was.is_some_and(|it| !it.is_active()) && self.ticket.status.is_active()
    }

    /// It is opened again for nobody: Open, and maildesk itself takes it from whoever had it.
    fn wake_unassigned(&mut self) {
        let had = self.ticket.assignee.take().map(|it| it.to_string());
        self.events.push(NewEvent { actor: None, ..self.new_line(EventKind::Assigned, had, None, None) });
        if self.ticket.status != Status::InProgress {
            return;
        }
        let (was, is) = (self.ticket.status, Status::Open);
        self.ticket.status = is;
        // As if it had never been In Progress.
        let line = self.events.iter_mut().rfind(|it| it.kind == EventKind::Status && it.new.as_deref() == Some(was.as_str()));
        if let Some(line) = line {
            line.new = Some(is.as_str().to_owned());
        }
        for happening in &mut self.happenings {
            if let Happening::Status { to, .. } = happening
                && *to == was
            {
                *to = is;
            }
        }
    }

    /// Lets a step of the lifecycle happen.
    pub fn step(&mut self, step: Step, now: Timestamp) {
        // What somebody wrote before the status was set was known to whoever set it.
        if self.came == Came::Before && now < self.ticket.status_at {
            return;
        }
        let to = self.ticket.status.after(step, Assigned::of(self.ticket.assignee));
        self.set_status(to, now);
    }
}

/// Writes a change: the ticket's row, its history, and a row in the outbox for each mail it calls for.
pub(super) async fn record(desk: &Desk, tx: &mut Tx, mut change: Change, now: Timestamp) -> Result<()> {
    change.ticket.updated_at = match change.came {
        Came::Now => now,
        Came::Before => {
            // It may stand before what was said already.
            change.turn_is(comments::turn(tx, change.number(), comments::Order::Written).await?);
            now.max(change.ticket.updated_at)
        }
    };
    // One that was merged lies as it lay: it stands so again when the merge is undone.
    if !change.ticket.status.is_active() && change.ticket.merged_into.is_none() {
        change.back(Back::Done);
    }
    let_go_of_who_is_gone(tx, &mut change).await?;
    match change.row {
        TicketRow::Older => tickets::update(tx, &change.ticket).await?,
        TicketRow::JustMade => {}
    }
    tag(tx, &mut change, now).await?;
    for event in std::mem::take(&mut change.events) {
        events::insert(tx, event, now);
    }
    due::keep(desk, tx, &change.ticket, now).await?;
    if change.happenings.is_empty() || change.came == Came::Before {
        return Ok(());
    }
    let Some((outbox, mailbox)) = desk.mailboxes.answering(change.ticket.mailbox) else { return Ok(()) };
    let told = status_notices::known_to_customers(tx, &change, &mailbox.notices, now).await?;
    let staff = people::staff_of(tx).await?;
    let (everybody, answered) = match &change.opened_by_mail {
        Some(opened) => (opened.participants.clone(), Answered::NotYet),
        None => (participants::list(tx, change.number()).await?, comments::answered(tx, change.number()).await?),
    };
    let active =
        |it: &&Participant| it.state == Participation::Active && it.account == PersonState::Active && !change.left_out.contains(&it.person);
    let ids: Vec<PersonId> = everybody.iter().filter(active).map(|it| it.person).collect();
    let circle = Circle {
        actor: change.actor,
        participants: &ids,
        requester: change.ticket.requester,
        // Of a ticket in the hands of somebody who hears of nothing, everybody hears as of one that nobody has.
        assignee: change.ticket.assignee.filter(|id| staff.iter().any(|it| it.id == *id)),
        staff: &staff,
        told,
        notices: &mailbox.notices,
        answered,
    };
    let owed = who_hears(&change.happenings, &circle);
    letters::owe(tx, &change, &owed, &letters::Around { desk, now, outbox, mailbox, staff: &staff, participants: &everybody }).await
}

/// A ticket that is opened again in the hands of somebody who cannot work on it, because they were disabled since, is nobody’s.
async fn let_go_of_who_is_gone(tx: &mut Tx, change: &mut Change) -> Result<()> {
    let Some(who) = change.ticket.assignee.filter(|_| change.wakes()) else { return Ok(()) };
    if !people::get(tx, who).await?.is_some_and(|it| it.is_active_staff()) {
        change.wake_unassigned();
    }
    Ok(())
}

/// Puts tags on and takes them off; each that is any change has its line.
async fn tag(tx: &mut Tx, change: &mut Change, now: Timestamp) -> Result<()> {
    let (number, by) = (change.number(), change.actor);
    for tagging in std::mem::take(&mut change.tagging) {
        let (id, with) = match tagging {
            Tagging::Name(name) => (tags::of_name(tx, &name, by, now).await?.id, None),
            Tagging::Put(id, with) => (id, with),
            Tagging::Take(id) => {
                if change.ticket.tags.contains(&id) {
                    change.ticket.tags.retain(|it| *it != id);
                    tags::take(tx, number, id).await?;
                    change.changed(EventKind::Untagged, Some(id.to_string()), None);
                }
                continue;
            }
        };
        if change.ticket.tags.contains(&id) {
            continue;
        }
        change.ticket.tags.push(id);
        tags::put(tx, number, id, by, with, now).await?;
        change.changed(EventKind::Tagged, None, Some(id.to_string()));
    }
    Ok(())
}

/// So often an action is begun when other transactions are in its way.
const MOST_RACES: u32 = 5;

/// The first pause before it is begun again; doubled each time.
const PAUSE: Duration = Duration::from_millis(20);

/// Does `work`, which ends with [`leave`], in a transaction. Where another is in its way and the database gives this one up, or where the
/// connection ends in the middle, nothing of it has happened, and it is begun again: nobody is told of a race that they can win a moment
/// later. A connection that ends at the very end is looked into before ([`Tx::commit`]).
///
/// # Errors
/// What `work` answers; a race that was lost each time; a database that is away for longer than it takes to start again.
pub async fn transact<T, F>(desk: &Desk, work: impl Fn(Tx) -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    for races in 1..MOST_RACES {
        match work(desk.store.begin().await?).await {
            Err(error) if error.is_lost_race() => tracing::info!("a change begins again, another was in its way: {error}"),
            Err(error) if error.is_lost_connection() => tracing::info!("a change begins again, the database went away: {error}"),
            done => return done,
        }
        tokio::time::sleep(PAUSE * (1 << (races - 1))).await;
    }
    work(desk.store.begin().await?).await
}

/// Commits, and tells the senders.
pub(super) async fn leave(desk: &Desk, tx: Tx) -> Result<()> {
    tx.commit().await?;
    desk.outbox_grew.send_modify(|it| *it = it.wrapping_add(1));
    Ok(())
}

/// The ticket, locked, if `who` may see it, and what matters about it to what they may do. One that was merged is changed no more.
pub(super) async fn enter(desk: &Desk, tx: &mut Tx, who: &Person, number: TicketNumber) -> Result<(Ticket, Case)> {
    let (ticket, case) = enter_merged(desk, tx, who, number).await?;
    match ticket.merged_into {
        Some(into) => Err(ActionError::Conflict(format!("#{number} was merged into #{into}; go on there"))),
        None => Ok((ticket, case)),
    }
}

/// [`enter`], whether or not it was merged.
pub(super) async fn enter_merged(desk: &Desk, tx: &mut Tx, who: &Person, number: TicketNumber) -> Result<(Ticket, Case)> {
    let ticket = tickets::lock(tx, number).await?.ok_or(ActionError::Missing("ticket"))?;
    let case = participants::case(tx, &ticket, who.id).await?;
    desk.allow(who, Act::See(case))?;
    Ok((ticket, case))
}

/// Refuses a change that was made against an older version.
pub(super) fn expect_version(ticket: &Ticket, seen: Option<i64>) -> Result<()> {
    match seen {
        Some(seen) if seen != ticket.version => Err(ActionError::Stale),
        Some(_) | None => Ok(()),
    }
}
