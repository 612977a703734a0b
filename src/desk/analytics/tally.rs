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
        let (below, upper, above) = took.select_nth_unstable(count / 2);
        let upper = *upper;
        let median = match (count % 2, below.iter().max()) {
            (0, Some(lower)) => upper - (upper - lower) / 2,
            _ => upper,
        };
        // Nearest rank, counted from the middle on.
        let ninety = match ((count * 9).div_ceil(10) - 1).checked_sub(count / 2 + 1) {
            Some(place) => *above.select_nth_unstable(place).1,
            None => upper,
        };
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

impl Sums {
    /// Adds what is counted; how long things took is worked out at the end.
    fn join(&mut self, other: &Self) {
        let Self { opened, resolved, reopened, replies, assigned, open_now, replies_to_resolution, answers, .. } = other;
        self.opened += opened;
        self.resolved += resolved;
        self.reopened += reopened;
        self.replies += replies;
        self.assigned += assigned;
        self.open_now += open_now;
        self.replies_to_resolution += replies_to_resolution;
        self.answers.good += answers.good;
        self.answers.okay += answers.okay;
        self.answers.bad += answers.bad;
    }
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

    fn join(&mut self, other: Self) {
        self.business.extend(other.business);
        self.wall.extend(other.wall);
        self.within.kept += other.within.kept;
        self.within.of += other.within.of;
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

    /// And what was counted of other tickets.
    pub(super) fn join(&mut self, other: Self) {
        self.sums.join(&other.sums);
        self.first_reply.join(other.first_reply);
        self.resolution.join(other.resolution);
    }

    /// What it comes to.
    #[must_use]
    pub fn sums(mut self) -> Sums {
        Sums { first_reply: self.first_reply.took(), resolution: self.resolution.took(), ..self.sums }
    }

    fn durations(&self) -> usize {
        self.first_reply.wall.len() + self.resolution.wall.len()
    }
}

/// With fewer durations a second thread would cost more than it saves.
const MANY: usize = 20_000;

/// What each comes to, in their order: half of the work in a second thread, for the durations of a long period are many.
#[must_use]
pub(super) fn sums_of(tallies: Vec<Tally>) -> Vec<Sums> {
    if tallies.iter().map(Tally::durations).sum::<usize>() < MANY {
        return tallies.into_iter().map(Tally::sums).collect();
    }
    let mut places: Vec<(usize, Tally)> = tallies.into_iter().enumerate().collect();
    places.sort_by_key(|(_, it)| std::cmp::Reverse(it.durations()));
    let mut halves = [(0, Vec::new()), (0, Vec::new())];
    for (place, tally) in places {
        let [one, other] = &mut halves;
        let half = if one.0 <= other.0 { one } else { other };
        half.0 += tally.durations();
        half.1.push((place, tally));
    }
    let [(_, one), (_, other)] = halves;
    let work = |half: Vec<(usize, Tally)>| half.into_iter().map(|(place, it)| (place, it.sums())).collect::<Vec<_>>();
    let mut sums = std::thread::scope(|scope| {
        let other = scope.spawn(|| work(other));
        let mut sums = work(one);
        // Nothing in it panics: a panic is the caller's.
        sums.extend(other.join().unwrap_or_else(|cause| std::panic::resume_unwind(cause)));
        sums
    });
    sums.sort_unstable_by_key(|(place, _)| *place);
    sums.into_iter().map(|(_, it)| it).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tally(durations: impl IntoIterator<Item = i64>) -> Tally {
        let mut tally = Tally::default();
        for wall in durations {
            tally.first_reply(Lasted { business: wall / 3, wall, goal: Some(500) });
            tally.resolution(Lasted { business: wall, wall: wall * 2, goal: None }, 1);
        }
        tally
    }

    proptest! {
        #[test]
        fn a_spread_is_what_sorting_gives(mut took in proptest::collection::vec(0_i64..50, 1..40)) {
            let of = Spread::of(&mut took);
            took.sort_unstable();
            let (half, last) = (took.len() / 2, took.len() - 1);
            let median = if took.len() % 2 == 0 { took[half] - (took[half] - took[half - 1]) / 2 } else { took[half] };
            prop_assert_eq!(of.median, Some(SignedDuration::from_millis(median)));
            let ninety = (0..=last).find(|it| (it + 1) * 10 >= took.len() * 9).map(|it| SignedDuration::from_millis(took[it]));
            prop_assert_eq!(of.ninety, ninety);
        }
    }

    #[test]
    fn many_durations_come_to_the_same_in_two_threads_and_in_the_same_order() {
        let n = i64::try_from(MANY).unwrap();
        let tallies: Vec<Tally> = [3, n, 0, n / 2, 17].into_iter().map(|n| tally((0..n).map(|it| it * 7919 % 1009))).collect();
        let alone: Vec<Sums> = tallies.iter().cloned().map(Tally::sums).collect();
        assert_eq!(sums_of(tallies), alone);
    }
}
