//! Counting, and what a list of durations comes to.

use jiff::SignedDuration;

use super::{Answers, Sums, Took};
use crate::desk::rating::Rating;

/// Where the middle lies, and where nearly all do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    /// How many tickets.
    pub count: usize,
    /// Half took no longer; with an even number the mean of the two in the middle. None: no ticket.
    pub median: Option<SignedDuration>,
    /// Nine in ten took no longer: the smallest value of which that is true (nearest rank).
    pub ninety: Option<SignedDuration>,
}

impl Spread {
    /// Of durations in any order, in milliseconds.
    #[must_use]
    pub fn of(took: &mut [i64]) -> Self {
        let count = took.len();
        if count == 0 {
            return Self::default();
        }
        let (below, upper, _) = took.select_nth_unstable(count / 2);
        let upper = *upper;
        let median = match (count % 2, below.iter().max()) {
            (0, Some(lower)) => upper - (upper - lower) / 2,
            _ => upper,
        };
        let ninety = *took.select_nth_unstable((count * 9).div_ceil(10) - 1).1;
        Self { count, median: Some(SignedDuration::from_millis(median)), ninety: Some(SignedDuration::from_millis(ninety)) }
    }
}

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// So many.
    pub kept: i64,
    /// Of so many.
    pub of: i64,
}

impl Share {
    /// In whole per cent, halves up; none of nothing.
    #[must_use]
    pub fn per_cent(self) -> Option<i64> {
        (self.kept * 100 + self.of / 2).checked_div(self.of)
    }
}

/// How long one ticket took, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lasted {
    /// In business hours.
    pub business: i64,
    /// With nights and holidays.
    pub wall: i64,
    /// What is promised, in business hours; none: nothing.
    pub goal: Option<i64>,
}

/// What is being counted.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub(super) sums: Sums,
    first_reply: Durations,
    resolution: Durations,
}

#[derive(Clone, Debug, Default)]
struct Durations {
    business: Vec<i64>,
    wall: Vec<i64>,
    within: Share,
}

impl Durations {
    fn add(&mut self, it: Lasted) {
        self.business.push(it.business);
        self.wall.push(it.wall);
        if let Some(goal) = it.goal {
            self.within.of += 1;
            self.within.kept += i64::from(it.business <= goal);
        }
    }

    fn took(&mut self) -> Took {
        Took { business: Spread::of(&mut self.business), wall: Spread::of(&mut self.wall), within: self.within }
    }
}

impl Tally {
    pub(super) fn first_reply(&mut self, it: Lasted) {
        self.first_reply.add(it);
    }

    pub(super) fn resolution(&mut self, it: Lasted, replies: i64) {
        self.resolution.add(it);
        self.sums.replies_to_resolution += replies;
    }

    pub(super) fn answer(&mut self, rating: Rating) {
        let Answers { good, okay, bad } = &mut self.sums.answers;
        match rating {
            Rating::Good => *good += 1,
            Rating::Okay => *okay += 1,
            Rating::Bad => *bad += 1,
        }
    }

    /// What it comes to.
    #[must_use]
    pub fn sums(mut self) -> Sums {
        Sums { first_reply: self.first_reply.took(), resolution: self.resolution.took(), ..self.sums }
    }
}
