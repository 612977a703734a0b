//! How many tickets are open at the end of each day: each stretch of time in which one is, is entered where it begins and where it ends, and
//! the days add up.

use jiff::Timestamp;

use crate::desk::{
    analytics::DayFigures,
    period::{Day, place_of},
    ticket::Status,
};

const DAY: i64 = 86_400_000;

/// How old an open ticket is: its name, and from how many days on; each up to the next.
pub const AGES: [(&str, i64); 5] = [("under a day", 0), ("1–3 days", 1), ("3–7 days", 3), ("7–30 days", 7), ("over 30 days", 30)];

/// What changes from day to day.
#[derive(Clone, Copy, Debug, Default)]
struct Change {
    open: i64,
    in_progress: i64,
    ages: [i64; AGES.len()],
}

/// The days of a period, and one behind them.
#[derive(Clone, Debug)]
pub(super) struct Backlog {
    changes: Vec<Change>,
    /// When the period began.
    from: i64,
    /// Until when anything is known.
    now: i64,
    before: i64,
}

impl Backlog {
    pub fn over(days: &[Day], now: Timestamp) -> Self {
        let from = days.first().map_or(0, |it| it.start.as_millisecond());
        Self { changes: vec![Change::default(); days.len() + 1], from, now: now.as_millisecond(), before: 0 }
    }

    /// A ticket, opened then, has had this status from one instant to before another; none: it has it still.
    pub fn stretch(&mut self, days: &[Day], opened_at: i64, status: Status, from: i64, until: Option<i64>) {
        let which: fn(&mut Change) -> &mut i64 = match status {
            Status::Open => |it| &mut it.open,
            Status::InProgress => |it| &mut it.in_progress,
            Status::Resolved | Status::Closed => return,
        };
        let until = until.unwrap_or(i64::MAX);
        if until <= self.from && self.from > 0 {
            return;
        }
        self.before += i64::from(from < self.from);
        self.enter(days, from, until, which);
        for (age, (_, after)) in AGES.iter().enumerate() {
            let to = AGES.get(age + 1).map_or(i64::MAX, |(_, next)| opened_at + next * DAY);
            // How old it will be by the end of today is not how it stands.
            let (begins, ends) = (from.max(opened_at + after * DAY), until.min(if to > self.now { i64::MAX } else { to }));
            if begins < ends && begins <= self.now {
                self.enter(days, begins, ends, |it| &mut it.ages[age]);
            }
        }
    }

    fn enter(&mut self, days: &[Day], from: i64, until: i64, which: impl Fn(&mut Change) -> &mut i64) {
        *which(&mut self.changes[place_of(days, from)]) += 1;
        *which(&mut self.changes[place_of(days, until)]) -= 1;
    }

    /// And that of other tickets, over the same days.
    pub fn join(&mut self, other: &Self) {
        self.before += other.before;
        for (change, it) in self.changes.iter_mut().zip(&other.changes) {
            change.open += it.open;
            change.in_progress += it.in_progress;
            change.ages.iter_mut().zip(it.ages).for_each(|(age, it)| *age += it);
        }
    }

    /// Open or In Progress when the period began.
    pub fn before(&self) -> i64 {
        self.before
    }

    /// How it stands at the end of each day.
    pub fn add_up(&self, days: &mut [DayFigures]) {
        let mut now = Change::default();
        for (day, change) in days.iter_mut().zip(&self.changes) {
            now.open += change.open;
            now.in_progress += change.in_progress;
            for (sum, it) in now.ages.iter_mut().zip(change.ages) {
                *sum += it;
            }
            (day.open, day.in_progress, day.ages) = (now.open, now.in_progress, now.ages);
        }
    }
}
