//! One ticket on its way through its course.

use jiff::{Timestamp, tz::TimeZone};

use super::fold::Facts;
use crate::desk::{
    course::{Standing, Way},
    id::PersonId,
    rating::Rating,
};

/// One ticket on its way.
pub(super) struct Walk<'a> {
    pub facts: &'a Facts<'a>,
    pub opened_at: i64,
    pub way: Way,
    pub standing: Standing,
    pub status_since: i64,
    /// Business time in which it was at work and our turn.
    pub worked: i64,
    pub replies: i64,
    /// The last resolution, while it holds.
    pub resolved: Option<Resolved>,
    /// Who resolved it last, whether or not that holds.
    pub resolver: Option<PersonId>,
    /// To whom it was given in each of the two periods.
    pub given: [Vec<PersonId>; 2],
    /// When, what, and who had resolved it.
    pub answers: Vec<(i64, Rating, Option<PersonId>)>,
}

#[derive(Clone, Copy)]
pub(super) struct Resolved {
    pub at: i64,
    pub by: Option<PersonId>,
    pub worked: i64,
    pub replies: i64,
}

impl<'a> Walk<'a> {
    pub fn new(opened_at: i64, facts: &'a Facts<'a>) -> Self {
        Self {
            facts,
            opened_at,
            way: Way::Other,
            standing: Standing::default(),
            status_since: opened_at,
            worked: 0,
            replies: 0,
            resolved: None,
            resolver: None,
            given: Default::default(),
            answers: Vec::new(),
        }
    }

    /// An answer, or another in the place of one that was given before.
    pub fn answered(&mut self, at: i64, before: Option<Rating>, rating: Rating) {
        let resolver = self.resolver;
        let replaced = before.and_then(|before| self.answers.iter_mut().rev().find(|(_, it, _)| *it == before));
        match replaced {
            Some(answer) => (answer.0, answer.1) = (at, rating),
            None => self.answers.push((at, rating, resolver)),
        }
    }
}

/// The weekday and hour that clocks show, remembered from one instant to the next of the same hour.
#[derive(Clone, Debug, Default)]
pub(super) struct ShownHour {
    last: Option<(i64, (usize, usize))>,
}

impl ShownHour {
    pub fn of(&mut self, at: i64, zone: &TimeZone) -> (usize, usize) {
        // Every zone is so many quarters of an hour from UTC.
        let quarter = at.div_euclid(900_000);
        if let Some((last, shown)) = self.last
            && last == quarter
        {
            return shown;
        }
        let local = zone.to_datetime(time(at));
        let weekday = usize::from(local.date().weekday().to_monday_zero_offset().unsigned_abs());
        let shown = (weekday.min(6), usize::from(local.hour().unsigned_abs()).min(23));
        self.last = Some((quarter, shown));
        shown
    }
}

pub(super) fn time(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(if ms < 0 { Timestamp::MIN } else { Timestamp::MAX })
}
