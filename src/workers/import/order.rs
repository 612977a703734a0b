//! Threads, each from its first message to its last, whatever order the files have them in: an answer is never taken in before what it answers.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{Lies, seal::Seal};

/// A message as a look at its header has it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub source: usize,
    pub nth: u32,
    pub begin: u64,
    pub length: u64,
    pub seal: Seal,
    pub at: Timestamp,
    /// Stands for its Message-ID.
    pub id: Option<u64>,
    /// Stand for those of what it answers, nearest first.
    pub answers: Vec<u64>,
}

/// Threads in the order of their first messages; in each, what is answered before its answers, else by time.
pub(super) fn order(seen: Vec<Seen>) -> Vec<Lies> {
    let by_id: HashMap<u64, usize> = seen.iter().enumerate().rev().filter_map(|(at, it)| Some((it.id?, at))).collect();
    let threads = threads(&seen);
    let parent = |at: usize| seen[at].answers.iter().find_map(|id| by_id.get(id).copied()).filter(|it| *it != at);
    let places = places(&seen, parent);
    let mut first: HashMap<usize, Timestamp> = HashMap::new();
    for (at, thread) in threads.iter().enumerate() {
        let earliest = first.entry(*thread).or_insert(places[at].0);
        *earliest = places[at].0.min(*earliest);
    }
    let mut order: Vec<usize> = (0..seen.len()).collect();
    order.sort_by_key(|at| (first[&threads[*at]], threads[*at], places[*at], *at));
    let lies = |at: usize| {
        let Seen { source, nth, begin, length, seal, .. } = seen[at];
        Lies { source, nth, begin, length, seal, at: places[at].0, thread: threads[at] }
    };
    order.into_iter().map(lies).collect()
}

/// For each message the place of one that stands for its thread: all that name an id of another, or the same one, are of one thread.
fn threads(seen: &[Seen]) -> Vec<usize> {
    let mut of: Vec<usize> = (0..seen.len()).collect();
    let mut who_names: HashMap<u64, usize> = HashMap::new();
    for (at, it) in seen.iter().enumerate() {
        for id in it.id.iter().chain(&it.answers) {
            let other = *who_names.entry(*id).or_insert(at);
            let (one, other) = (root(&mut of, at), root(&mut of, other));
            of[one.max(other)] = one.min(other);
        }
    }
    (0..seen.len()).map(|at| root(&mut of, at)).collect()
}

fn root(of: &mut [usize], mut at: usize) -> usize {
    while of[at] != at {
        of[at] = of[of[at]];
        at = of[at];
    }
    at
}

/// When each message was written, but never before what it answers, and how many stand above it.
fn places(seen: &[Seen], parent: impl Fn(usize) -> Option<usize>) -> Vec<(Timestamp, usize)> {
    let mut places: Vec<Option<(Timestamp, usize)>> = vec![None; seen.len()];
    for at in 0..seen.len() {
        // Up to one whose place is known, or that answers nothing here; then down again. Those that answer each other in a circle begin
        // with whoever is met first.
        let (mut way, mut above) = (vec![at], parent(at));
        while let Some(next) = above.filter(|it| places[*it].is_none() && !way.contains(it) && way.len() < 1000) {
            way.push(next);
            above = parent(next);
        }
        let mut known = above.and_then(|it| places[it]);
        for at in way.into_iter().rev() {
            let place = places[at].unwrap_or_else(|| match known {
                Some((after, depth)) => (seen[at].at.max(after), depth + 1),
                None => (seen[at].at, 0),
            });
            places[at] = Some(place);
            known = Some(place);
        }
    }
    places.into_iter().zip(seen).map(|(place, it)| place.unwrap_or((it.at, 0))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(id: u64, answers: &[u64], second: i64) -> Seen {
        let at = Timestamp::from_second(second).unwrap();
        Seen {
            source: 0,
            nth: u32::try_from(id).unwrap(),
            begin: 0,
            length: 0,
            seal: Seal::of(b""),
            at,
            id: Some(id),
            answers: answers.to_vec(),
        }
    }

    fn ordered(seen: Vec<Seen>) -> Vec<(u32, i64)> {
        order(seen).iter().map(|it| (it.nth, it.at.as_second())).collect()
    }

    #[test]
    fn answers_stand_behind_what_they_answer_and_threads_behind_each_other() {
        // 3 answers 2, 2 answers 1, 4 answers one that is not there, as 5 does.
        let all = vec![seen(3, &[2, 1], 30), seen(4, &[9], 5), seen(2, &[1], 20), seen(1, &[], 10), seen(5, &[9], 40)];
        assert_eq!(ordered(all.clone()), [(4, 5), (5, 40), (1, 10), (2, 20), (3, 30)]);
        assert_eq!(ordered(all.into_iter().rev().collect()), [(4, 5), (5, 40), (1, 10), (2, 20), (3, 30)]);
    }

    #[test]
    fn a_clock_that_goes_behind_puts_no_answer_before_its_question() {
        assert_eq!(ordered(vec![seen(2, &[1], 5), seen(3, &[2], 7), seen(1, &[], 10)]), [(1, 10), (2, 10), (3, 10)]);
    }

    #[test]
    fn those_that_answer_each_other_or_themselves_end() {
        assert_eq!(ordered(vec![seen(1, &[2], 1), seen(2, &[1], 2), seen(3, &[3], 3)]).len(), 3);
        assert_eq!(ordered(vec![seen(7, &[], 2), seen(7, &[], 1)]), [(7, 1), (7, 2)]);
    }

    #[test]
    fn a_long_thread_is_gone_through_in_steps() {
        let all: Vec<Seen> = (1..5000).rev().map(|n| seen(n, &[n - 1], i64::try_from(n).unwrap())).collect();
        let order = ordered(all);
        assert!(order.is_sorted() && order.len() == 4999);
    }
}
