//! What each figure means, and how it is made from the courses of the tickets.
//!
//! Filters pick tickets, by what these are now: a mailbox, who has them, a priority, a tag. Every figure is counted over the tickets that
//! were picked.
//!
//! - *New*: tickets opened.
//! - *Resolved*: moves from Open or In Progress to Resolved or Closed. A ticket that is opened again and resolved again
//!   counts twice: it was work twice. Closing what is resolved counts for nothing. Nor does closing because the ticket was merged into
//!   another, marked as spam, or opened from held mail that was put back.
//! - *Reopened*: moves from Resolved or Closed back to Open or In Progress, but not because a merge or a mark as spam was undone.
//! - A move that was undone (*Undo*) was never there: it is neither, and the time between counts as if it had not been.
//! - *Backlog*: tickets that are Open, and that are In Progress, at the end of each day, for today now; by how long ago they were opened.
//! - *First reply*: from opening to the first reply by staff that was not taken back, over the tickets whose first reply fell in the period;
//!   those left out that staff opened with words of their own.
//! - *Resolution*: from opening to the last time the ticket was resolved, over the tickets that are resolved and were so in the period. While
//!   a ticket is open again it has none; it counts anew when it is resolved again. In business hours, the time that waited for the
//!   customer does not count, nor that in which it was resolved before; in wall time everything counts.
//! - *Within target*: of these, the share that took no more business time than is promised for the priority that the ticket has, as
//!   promises and hours are now; of those that were imported none was promised anything.
//! - *Replies per resolution*: replies on the tickets whose resolution counts, up to it, divided by their number.
//! - *Busiest hours*: what customers wrote, new tickets and comments, by weekday and hour of the desk’s clock.
//! - *Satisfaction*: the last answer to each question that was answered in the period. Satisfied: Good or Okay.
//! - *Of a helper*: tickets given to or taken by them (each once), replies they wrote and did not take back, tickets they resolved,
//!   those of them that were opened again, the two times over the tickets that they first answered, or resolved, and what customers said
//!   of these.
//! - *The period before*: as many days just before.

use jiff::civil::Date;

use crate::desk::{
    id::{MailboxId, PersonId, TagId},
    period::Step,
    rating::Rating,
    ticket::Priority,
};

mod backlog;
mod fold;
mod tally;
mod walk;

pub use backlog::AGES;
pub use fold::{Facts, Fold, Frame, Wanted};
pub use tally::{Share, Spread, Tally};

/// One day's figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayFigures {
    /// In the desk's time zone.
    pub date: Date,
    /// Tickets opened.
    pub opened: i64,
    /// Tickets that came back.
    pub reopened: i64,
    /// Tickets that were done.
    pub resolved: i64,
    /// Open at its end; for today: now.
    pub open: i64,
    /// In Progress at its end.
    pub in_progress: i64,
    /// Open or In Progress at its end, by how long ago they were opened ([`AGES`]).
    pub ages: [i64; AGES.len()],
}

impl DayFigures {
    /// Open or In Progress at its end.
    #[must_use]
    pub fn backlog(&self) -> i64 {
        self.open + self.in_progress
    }
}

/// How long it took, in business hours and in wall time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Took {
    /// In business hours.
    pub business: Spread,
    /// With nights and holidays.
    pub wall: Spread,
    /// Within what is promised; of those for which something is.
    pub within: Share,
}

/// What customers said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// How often it was good.
    pub good: i64,
    /// How often it would do.
    pub okay: i64,
    /// How often it was not good.
    pub bad: i64,
}

impl Answers {
    /// How many there are.
    #[must_use]
    pub fn all(self) -> i64 {
        self.good + self.okay + self.bad
    }

    /// Good or Okay, of all.
    #[must_use]
    pub fn satisfied(self) -> Share {
        Share { kept: self.good + self.okay, of: self.all() }
    }

    /// How many of one kind.
    #[must_use]
    pub fn of(self, rating: Rating) -> i64 {
        match rating {
            Rating::Good => self.good,
            Rating::Okay => self.okay,
            Rating::Bad => self.bad,
        }
    }
}

/// What was done over a period, by all, by one helper, or on the tickets of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    /// Tickets opened.
    pub opened: i64,
    /// Tickets that were done.
    pub resolved: i64,
    /// Tickets that came back.
    pub reopened: i64,
    /// Replies not taken back.
    pub replies: i64,
    /// Tickets given to somebody, each once for each of them.
    pub assigned: i64,
    /// Open or In Progress now.
    pub open_now: i64,
    /// Replies on the tickets whose resolution counts, up to it.
    pub replies_to_resolution: i64,
    /// To the first reply.
    pub first_reply: Took,
    /// To the resolution.
    pub resolution: Took,
    /// What customers said.
    pub answers: Answers,
}

impl Sums {
    /// Whether there is anything to tell.
    #[must_use]
    pub fn is_something(&self) -> bool {
        let counts = [self.opened, self.resolved, self.reopened, self.replies, self.assigned, self.open_now, self.answers.all()];
        counts.iter().any(|it| *it != 0) || self.first_reply.wall.count + self.resolution.wall.count > 0
    }

    /// Replies per resolution; none: nothing was resolved.
    #[must_use]
    pub fn replies_per_resolution(&self) -> Option<f64> {
        (self.resolution.wall.count > 0).then(|| self.replies_to_resolution as f64 / self.resolution.wall.count as f64)
    }
}

/// Figures step by step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepFigures {
    /// Its first day within the period.
    pub first: Date,
    /// To the first reply.
    pub first_reply: Took,
    /// To the resolution.
    pub resolution: Took,
}

/// So long a resolution took, in business hours: up to so many minutes; the last has no bound.
pub const LENGTHS: [(&str, i64); 7] =
    [("under 1 h", 60), ("1–4 h", 240), ("4–8 h", 480), ("8–24 h", 1440), ("24–48 h", 2880), ("48–120 h", 7200), ("over 120 h", i64::MAX)];

/// All figures of a period.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// Day by day, oldest first.
    pub days: Vec<DayFigures>,
    /// Over the period.
    pub all: Sums,
    /// Over the period before.
    pub before: Sums,
    /// Open or In Progress when the period began.
    pub backlog_before: i64,
    /// Step by step, oldest first; with nothing in it too.
    pub steps: Vec<StepFigures>,
    /// What customers wrote, by weekday from Monday and hour.
    pub busiest: [[i64; 24]; 7],
    /// How many resolutions took so long ([`LENGTHS`]).
    pub lengths: [i64; LENGTHS.len()],
    /// Each member of staff in the order given, over the period and over the one before; with nothing done too.
    pub helpers: Vec<(PersonId, Sums, Sums)>,
    /// Each mailbox in which something happened.
    pub mailboxes: Vec<(MailboxId, Sums)>,
    /// Each priority, lowest first.
    pub priorities: Vec<(Priority, Sums)>,
    /// Each tag on a ticket to which something happened.
    pub tags: Vec<(TagId, Sums)>,
}

impl Figures {
    /// What one of the staff did, and no sum of others.
    #[must_use]
    pub fn of_one(self, who: PersonId) -> Self {
        let own = self.helpers.into_iter().find(|it| it.0 == who);
        let (all, before) = own.map_or_else(Default::default, |(_, this, before)| (this, before));
        Self { helpers: vec![(who, all, before)], all, before, mailboxes: Vec::new(), priorities: Vec::new(), tags: Vec::new(), ..self }
    }
}

/// The step of a period that each day belongs to, and the first day of each.
fn steps_of(days: &[crate::desk::period::Day], step: Step) -> (Vec<usize>, Vec<Date>) {
    let (mut of_day, mut firsts): (Vec<usize>, Vec<Date>) = (Vec::with_capacity(days.len()), Vec::new());
    for day in days {
        if firsts.last().is_none_or(|first| step.start(*first) != step.start(day.date)) {
            firsts.push(day.date);
        }
        of_day.push(firsts.len() - 1);
    }
    (of_day, firsts)
}

#[cfg(test)]
mod tests;
