//! What each figure means, and how it is made from what the history counted.
//!
//! - *New*: tickets opened.
//! - *Resolved*: moves from Open or In Progress to Resolved or Closed. A ticket that is opened again and resolved again
//!   counts twice: it was work twice. Closing what is resolved counts for nothing.
//! - *Reopened*: moves from Resolved or Closed back to Open or In Progress.
//! - *Open at the end of a day*: yesterday's, and new, and reopened, less resolved.
//! - *Time to first reply*: from opening to the first reply by staff that was not taken back, over the tickets whose
//!   first reply fell in the period.
//! - *Time to resolution*: from opening to the last time the ticket was resolved, over the tickets that are resolved
//!   and were so in the period. While a ticket is open again it has none; it counts anew when it is resolved again.
//! - *Of a helper*: tickets given to or taken by them (each once), replies they wrote and did not take back, tickets they
//!   resolved, and the two times over the tickets that they first answered, or resolved.
//!
//! All times are wall time: nights and holidays count.

use jiff::{SignedDuration, Timestamp, civil::Date};

use crate::desk::{
    id::PersonId,
    period::{Day, Period, Step, day_of},
};

/// Changes counted within one slot of time: a span of `slot_width` that begins at `slot * slot_width`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotCount {
    /// Which.
    pub slot: i64,
    /// Tickets opened.
    pub opened: i64,
    /// Tickets that came back.
    pub reopened: i64,
    /// Tickets that were done.
    pub resolved: i64,
}

/// What changed from the start of a period until now, and how it stands now.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// In any order; slots in which nothing changed may be left out.
    pub slots: Vec<SlotCount>,
    /// Tickets that are Open or In Progress now.
    pub open_now: i64,
}

/// How long one ticket took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// When it was answered, or resolved.
    pub at: Timestamp,
    /// By whom; none: maildesk itself.
    pub by: Option<PersonId>,
    /// Since it was opened.
    pub took: SignedDuration,
}

/// What one member of staff did, as counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelperCount {
    /// Who.
    pub who: PersonId,
    /// As they are called.
    pub name: String,
    /// Their address: what their colour on the panel comes from.
    pub email: String,
    /// Tickets given to them or taken by them, each once.
    pub assigned: i64,
    /// Replies not taken back.
    pub replies: i64,
    /// Tickets they resolved.
    pub resolved: i64,
    /// Theirs now, Open or In Progress.
    pub open_now: i64,
}

/// One day's figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct DayFigures {
    /// In the desk's time zone.
    pub date: Date,
    /// Tickets opened.
    pub opened: i64,
    /// Tickets that came back.
    pub reopened: i64,
    /// Tickets that were done.
    pub resolved: i64,
    /// Open or In Progress at its end; for today: now.
    pub open: i64,
}

/// Where the middle lies, and where nearly all do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Spread {
    /// How many tickets.
    pub count: usize,
    /// Half took no longer; with an even number the mean of the two in the middle. None: no ticket.
    pub median: Option<SignedDuration>,
    /// Nine in ten took no longer: the smallest value of which that is true (nearest rank).
    pub ninety: Option<SignedDuration>,
}

impl Spread {
    /// Of durations in any order.
    #[must_use]
    pub fn of(mut took: Vec<SignedDuration>) -> Self {
        took.sort_unstable();
        let count = took.len();
        let median = match (took.get(count / 2), count % 2) {
            (Some(upper), 0) => Some(*upper - (*upper - took[count / 2 - 1]) / 2),
            (middle, _) => middle.copied(),
        };
        Self { count, median, ninety: (count * 9).div_ceil(10).checked_sub(1).and_then(|rank| took.get(rank).copied()) }
    }
}

/// How long it took, over the whole period and step by step.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Times {
    /// Over the period.
    pub all: Spread,
    /// Each step of the period by its first day within it, oldest first; with nothing in it too.
    pub steps: Vec<(Date, Spread)>,
}

/// One member of staff's figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelperFigures {
    /// What they did.
    pub counts: HelperCount,
    /// Of tickets they were first to answer.
    pub first_reply: Spread,
    /// Of tickets they resolved.
    pub resolution: Spread,
}

/// All figures of a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Day by day, oldest first.
    pub days: Vec<DayFigures>,
    /// Time to first reply.
    pub first_reply: Times,
    /// Time to resolution.
    pub resolution: Times,
    /// Those who did anything, in the order given.
    pub helpers: Vec<HelperFigures>,
}

/// What was counted, before it is folded into days.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// Changes.
    pub counts: Counts,
    /// First replies within the period.
    pub first_replies: Vec<Timing>,
    /// Resolutions within the period.
    pub resolutions: Vec<Timing>,
    /// Staff, in the order they are to be shown.
    pub helpers: Vec<HelperCount>,
}

/// The figures of `period`, whose days are `days` and whose slots are `width` milliseconds wide.
#[must_use]
pub fn fold(period: Period, days: &[Day], width: i64, counted: Counted) -> Figures {
    let helpers = counted.helpers.into_iter().map(|counts| {
        let of = |timings: &[Timing]| Spread::of(timings.iter().filter(|it| it.by == Some(counts.who)).map(|it| it.took).collect());
        let (first_reply, resolution) = (of(&counted.first_replies), of(&counted.resolutions));
        HelperFigures { counts, first_reply, resolution }
    });
    Figures {
        helpers: helpers.filter(HelperFigures::is_something).collect(),
        days: fold_days(days, width, &counted.counts),
        first_reply: fold_times(days, period.step(), &counted.first_replies),
        resolution: fold_times(days, period.step(), &counted.resolutions),
    }
}

impl HelperFigures {
    fn is_something(&self) -> bool {
        let HelperCount { assigned, replies, resolved, open_now, .. } = self.counts;
        [assigned, replies, resolved, open_now].iter().any(|n| *n != 0) || self.first_reply.count + self.resolution.count > 0
    }
}

fn fold_days(days: &[Day], width: i64, counts: &Counts) -> Vec<DayFigures> {
    let mut figures: Vec<DayFigures> =
        days.iter().map(|day| DayFigures { date: day.date, opened: 0, reopened: 0, resolved: 0, open: 0 }).collect();
    let mut open = counts.open_now;
    for it in &counts.slots {
        let at = Timestamp::from_millisecond(it.slot.saturating_mul(width)).unwrap_or(Timestamp::MAX);
        match day_of(days, at) {
            Some(index) => {
                figures[index].opened += it.opened;
                figures[index].reopened += it.reopened;
                figures[index].resolved += it.resolved;
            }
            // After the period: taken back from what is open now to find how it stood at the period's end.
            None if days.last().is_some_and(|day| day.end <= at) => open -= it.opened + it.reopened - it.resolved,
            None => {}
        }
    }
    for day in figures.iter_mut().rev() {
        day.open = open;
        open -= day.opened + day.reopened - day.resolved;
    }
    figures
}

fn fold_times(days: &[Day], step: Step, timings: &[Timing]) -> Times {
    let mut steps: Vec<(Date, Vec<SignedDuration>)> = Vec::new();
    let mut step_of_day = Vec::with_capacity(days.len());
    for day in days {
        if steps.last().is_none_or(|(first, _)| step.start(*first) != step.start(day.date)) {
            steps.push((day.date, Vec::new()));
        }
        step_of_day.push(steps.len() - 1);
    }
    for timing in timings {
        if let Some(day) = day_of(days, timing.at) {
            steps[step_of_day[day]].1.push(timing.took);
        }
    }
    Times {
        all: Spread::of(steps.iter().flat_map(|(_, took)| took).copied().collect()),
        steps: steps.into_iter().map(|(first, took)| (first, Spread::of(took))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::desk::period::slot_width;

    fn minutes(of: &[i64]) -> Vec<SignedDuration> {
        of.iter().map(|it| SignedDuration::from_mins(*it)).collect()
    }

    #[test]
    fn the_median_is_the_middle_and_nine_in_ten_is_a_rank() {
        for (took, median, ninety) in [
            (vec![5], 5, 5),
            (vec![20, 10], 15, 20),
            (vec![3, 1, 2], 2, 3),
            (vec![1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 5, 9),
            (vec![11, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 6, 10),
        ] {
            let spread = Spread::of(minutes(&took));
            assert_eq!(spread.median.unwrap().as_mins(), median, "{took:?}");
            assert_eq!(spread.ninety.unwrap().as_mins(), ninety, "{took:?}");
            assert_eq!(spread.count, took.len());
        }
        assert_eq!(Spread::of(Vec::new()), Spread::default());
    }

    #[test]
    fn days_add_up_backwards_from_what_is_open_now() {
        let now: Timestamp = "2026-10-26T12:00:00Z".parse().unwrap();
        let days = Period::Days7.days(now, &TimeZone::get("Europe/Stockholm").unwrap());
        let width = slot_width(&days);
        let slot = |at: &str| at.parse::<Timestamp>().unwrap().as_millisecond() / width;
        let slots = vec![
            // 23:00Z on the 24th is the 25th in Stockholm; 22:59Z on the 25th still is, for that day has 25 hours.
            SlotCount { slot: slot("2026-10-24T23:00:00Z"), opened: 3, reopened: 0, resolved: 0 },
            SlotCount { slot: slot("2026-10-25T22:59:00Z"), opened: 1, reopened: 1, resolved: 2 },
            SlotCount { slot: slot("2026-10-26T08:00:00Z"), opened: 0, reopened: 0, resolved: 4 },
        ];
        let figures = fold_days(&days, width, &Counts { slots, open_now: 10 });
        let seen: Vec<(i64, i64, i64, i64)> = figures.iter().map(|it| (it.opened, it.reopened, it.resolved, it.open)).collect();
        assert_eq!(seen[4..], [(0, 0, 0, 11), (4, 1, 2, 14), (0, 0, 4, 10)]);
    }

    #[test]
    fn times_are_gathered_by_the_step_they_end_in() {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let days = Period::Days30.days(now, &TimeZone::UTC);
        let timing = |at: &str, took| Timing { at: at.parse().unwrap(), by: None, took: SignedDuration::from_mins(took) };
        let times = fold_times(
            &days,
            Step::Week,
            &[timing("2026-11-23T00:00:00Z", 10), timing("2026-11-22T23:59:00Z", 30), timing("2026-10-01T00:00:00Z", 99)],
        );
        assert_eq!(
            times.steps.iter().map(|(first, spread)| (first.to_string(), spread.count)).collect::<Vec<_>>(),
            [
                ("2026-10-26".to_owned(), 0),
                ("2026-11-02".to_owned(), 0),
                ("2026-11-09".to_owned(), 0),
                ("2026-11-16".to_owned(), 1),
                ("2026-11-23".to_owned(), 1),
            ]
        );
        assert_eq!(times.all.median, Some(SignedDuration::from_mins(20)), "what is outside of the period does not count");
    }
}
