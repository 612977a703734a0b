//! Response targets: how soon a ticket is to be answered and resolved, and what of that is due next. All times are business time
//! ([`crate::desk::business_hours`]).
//!
//! - *First reply*: from opening to the first public words of staff.
//! - *Next reply*: from the customer's first words that nobody has answered, once staff had written before or the ticket was done.
//! - *Resolution*: from opening until it is resolved. Time that waits for the customer does not count, nor does time in which it was
//!   resolved or closed; so while it waits for the customer, nothing is due.
//!
//! On a ticket that was imported nothing was promised, and nothing is due.
//!
//! A snooze is the desk's own business and stops no clock.

use std::{collections::BTreeMap, fmt};

use jiff::{SignedDuration, Timestamp};

use crate::desk::{
    business_hours::Calendar,
    course::{Standing, Step, Way, What},
    id::MailboxId,
    ticket::{Priority, Turn},
};

/// A day of a target, in business time.
const DAY: i64 = 8 * 60;

/// More is not asked of anybody; days.
const MOST_DAYS: u32 = 365;

/// What is to be done in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Promise {
    /// The first public words of staff.
    FirstReply,
    /// An answer to what the customer wrote since.
    NextReply,
    /// That it is resolved.
    Resolution,
}

impl Promise {
    /// In the order of a ticket's life.
    pub const ALL: [Self; 3] = [Self::FirstReply, Self::NextReply, Self::Resolution];

    /// As stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstReply => "first-reply",
            Self::NextReply => "next-reply",
            Self::Resolution => "resolution",
        }
    }

    /// The word of [`Promise::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }

    /// For screens and mail: `First reply`.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::FirstReply => "First reply",
            Self::NextReply => "Next reply",
            Self::Resolution => "Resolution",
        }
    }
}

/// So much business time, as somebody wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Goal {
    amount: u32,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Minutes,
    Hours,
    Days,
}

/// No time that anybody could promise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no time to promise; write 30 min, 4 h or 2 days, at most {MOST_DAYS} days, or leave it empty")]
pub struct NoGoal(String);

impl Goal {
    /// From `30 min`, `4 h`, `2 days`.
    ///
    /// # Errors
    /// [`NoGoal`] for anything else.
    pub fn parse(text: &str) -> Result<Self, NoGoal> {
        let wrong = || NoGoal(text.trim().chars().take(40).collect());
        let plain = text.trim();
        let at = plain.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (amount, unit) = plain.split_at(at);
        let amount = Some(amount).filter(|it| (1..=6).contains(&it.len())).and_then(|it| it.parse().ok()).ok_or_else(wrong)?;
        let unit = match unit.trim().to_lowercase().as_str() {
            "min" | "m" | "minute" | "minutes" => Unit::Minutes,
            "h" | "hour" | "hours" => Unit::Hours,
            "d" | "day" | "days" => Unit::Days,
            _ => return Err(wrong()),
        };
        let goal = Self { amount, unit };
        let most = SignedDuration::from_mins(i64::from(MOST_DAYS) * DAY);
        if goal.time().is_zero() || goal.time() > most { Err(wrong()) } else { Ok(goal) }
    }

    /// How long that is.
    #[must_use]
    pub fn time(self) -> SignedDuration {
        let amount = i64::from(self.amount);
        SignedDuration::from_mins(match self.unit {
            Unit::Minutes => amount,
            Unit::Hours => amount * 60,
            Unit::Days => amount * DAY,
        })
    }
}

/// As [`Goal::parse`] reads it.
impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.unit, self.amount) {
            (Unit::Minutes, amount) => write!(f, "{amount} min"),
            (Unit::Hours, amount) => write!(f, "{amount} h"),
            (Unit::Days, 1) => f.write_str("1 day"),
            (Unit::Days, amount) => write!(f, "{amount} days"),
        }
    }
}

/// What is promised for one priority; none: nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// To the first reply.
    pub first_reply: Option<Goal>,
    /// To each later one.
    pub next_reply: Option<Goal>,
    /// To the resolution.
    pub resolution: Option<Goal>,
}

impl Target {
    /// What is promised of this.
    #[must_use]
    pub fn of(&self, promise: Promise) -> Option<Goal> {
        match promise {
            Promise::FirstReply => self.first_reply,
            Promise::NextReply => self.next_reply,
            Promise::Resolution => self.resolution,
        }
    }
}

/// What is promised for each priority.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Targets([Target; 4]);

impl Targets {
    /// For a priority.
    #[must_use]
    pub fn of(&self, priority: Priority) -> &Target {
        &self.0[Self::place(priority)]
    }

    /// Sets what is promised for a priority.
    pub fn set(&mut self, priority: Priority, target: Target) {
        self.0[Self::place(priority)] = target;
    }

    /// Whether anything is promised at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn place(priority: Priority) -> usize {
        match priority {
            Priority::Low => 0,
            Priority::Normal => 1,
            Priority::High => 2,
            Priority::Urgent => 3,
        }
    }
}

/// What is promised, and by whose hours.
#[derive(Clone, Debug)]
pub struct Terms {
    /// For each priority.
    pub targets: Targets,
    /// Of the desk, and of the mailboxes that have hours of their own.
    pub calendars: Calendars,
}

/// When the desk is at work, and when a mailbox is that has hours of its own.
#[derive(Clone, Debug)]
pub struct Calendars {
    /// The desk's.
    pub desk: Calendar,
    /// Those that differ.
    pub own: BTreeMap<MailboxId, Calendar>,
}

impl Calendars {
    /// The hours that count for a mailbox.
    #[must_use]
    pub fn of(&self, mailbox: MailboxId) -> &Calendar {
        self.own.get(&mailbox).unwrap_or(&self.desk)
    }
}

/// A promise whose clock runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    /// Which.
    pub promise: Promise,
    /// What it counts from: the same promise made again counts from another instant.
    pub since: Timestamp,
    /// When three quarters of its time are over.
    pub soon_at: Timestamp,
    /// When all of it is.
    pub due_at: Timestamp,
}

/// What runs on a ticket that has come this far, whose row says whose turn it is and since when; the one that is due next first.
#[must_use]
pub fn running(course: &[Step], (turn, turn_at): (Turn, Timestamp), target: &Target, calendar: &Calendar) -> Vec<Running> {
    let (mut standing, mut worked) = (Standing::default(), SignedDuration::ZERO);
    for step in course {
        if let Some((from, until)) = standing.take(step) {
            worked += calendar.between(time(from), time(until));
        }
    }
    // What was moved or merged into it is no step of its course, but may have made it somebody else's turn since.
    let last = course.last().map_or(0, |it| it.at).max(turn_at.as_millisecond());
    if let Some((from, until)) = standing.turn_is(turn, last) {
        worked += calendar.between(time(from), time(until));
    }
    let imported = course.first().is_some_and(|it| it.what == What::Opened(Way::Imported));
    if !standing.is_active() || imported {
        return Vec::new();
    }
    let reply = standing.waiting_since.map(|since| {
        let promise = if standing.answered || standing.done_before { Promise::NextReply } else { Promise::FirstReply };
        Clock { promise, since, from: since, used: SignedDuration::ZERO }
    });
    let resolution =
        standing.running_since().map(|from| Clock { promise: Promise::Resolution, since: standing.begun_at, from, used: worked });
    let mut running: Vec<Running> = [reply, resolution].into_iter().flatten().filter_map(|it| it.runs(target, calendar)).collect();
    running.sort_by_key(|it| (it.due_at, it.promise));
    running
}

/// A clock as it was when it last began to run.
struct Clock {
    promise: Promise,
    since: i64,
    from: i64,
    /// Before it began to run.
    used: SignedDuration,
}

impl Clock {
    fn runs(&self, target: &Target, calendar: &Calendar) -> Option<Running> {
        let goal = target.of(self.promise)?.time();
        let at = |all: SignedDuration| calendar.after(time(self.from), (all - self.used).max(SignedDuration::ZERO));
        Some(Running { promise: self.promise, since: time(self.since), soon_at: at(goal * 3 / 4)?, due_at: at(goal)? })
    }
}

/// A promise that was kept, or not, and is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Over {
    /// Business time that it took.
    pub took: SignedDuration,
    /// Business time that it was to take.
    pub goal: Goal,
}

impl Over {
    /// Whether it was kept.
    #[must_use]
    pub fn is_kept(self) -> bool {
        self.took <= self.goal.time()
    }
}

/// How the first reply went; none: there was none yet, or nothing was promised, or staff opened the ticket with their own words.
#[must_use]
pub fn first_reply(course: &[Step], target: &Target, calendar: &Calendar) -> Option<Over> {
    let (opened, replied) = (course.first()?, course.iter().find(|it| matches!(it.what, What::Replied { .. }))?);
    let goal = target.first_reply.filter(|_| replied.at > opened.at)?;
    Some(Over { took: calendar.between(time(opened.at), time(replied.at)), goal })
}

/// How the resolution went; none: it is at work, or nothing was promised.
#[must_use]
pub fn resolution(course: &[Step], target: &Target, calendar: &Calendar) -> Option<Over> {
    let (mut standing, mut worked) = (Standing::default(), SignedDuration::ZERO);
    for step in course {
        if let Some((from, until)) = standing.take(step) {
            worked += calendar.between(time(from), time(until));
        }
    }
    let goal = target.resolution.filter(|_| !standing.is_active())?;
    Some(Over { took: worked, goal })
}

fn time(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(if ms < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

#[cfg(test)]
mod tests;
