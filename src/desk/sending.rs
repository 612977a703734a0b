//! Whose turn it is in an outbox: what a person waits for never waits behind the rest, and nothing waits for ever.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::desk::{delivery::Trouble, id::DeliveryId};

/// The lines that copies wait in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Line {
    /// Somebody's words, or a link that somebody waits for, not tried yet.
    People,
    /// What the desk wrote by itself, not tried yet.
    Desk,
    /// Put off, or of an unknown fate: old mail.
    Again,
}

impl Line {
    /// Every line.
    pub const ALL: [Self; 3] = [Self::People, Self::Desk, Self::Again];
}

/// A copy that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Its row.
    pub id: DeliveryId,
    /// What stands after its address's @.
    pub domain: String,
    /// Where it waits.
    pub line: Line,
}

/// A copy that is being handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InHand<'a> {
    /// What stands after its address's @.
    pub domain: &'a str,
    /// Where it waited; [`Line::Again`] for a domain that is slow.
    pub line: Line,
    /// For how long.
    pub took: Took,
}

/// Whether a hand-over is still what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Took {
    /// It goes on.
    AMoment,
    /// No answer for so long ([`STUCK_AFTER`]) that it is left to end by itself, and another takes its place.
    TooLong,
}

/// A hand-over without an answer for so long does not count as one of the account's connections any more.
pub const STUCK_AFTER: SignedDuration = SignedDuration::from_secs(10);

/// What an account may do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Connections at one time.
    pub connections: usize,
    /// Messages that it may still take in this minute.
    pub minute: usize,
    /// Of these, kept for what people wrote.
    pub kept_for_people: usize,
    /// Goes up by one each time somebody is chosen: whose turn it is to be asked first.
    pub turn: u32,
}

/// Who is handed over next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// These.
    pub ids: Vec<DeliveryId>,
    /// Domains that have as many in hand as they may, or wait because they are slow: there may be others to choose behind their mail.
    pub full: Vec<String>,
}

/// Chooses among what is due, each line in its order.
///
/// What people wrote is asked first, and one connection is always theirs where there are two. Of four turns one begins with the
/// desk's own mail and one with the old, so that a flood of new mail stops neither. Old mail, and mail to domains that are slow, has
/// half of the connections at most; one domain has all but one.
#[must_use]
pub fn choose(due: &[Due], in_hand: &[InHand<'_>], slow: &dyn Fn(&str) -> bool, room: Room) -> Choice {
    let mut hands = Hands::new(in_hand, room);
    let mut choice = Choice::default();
    let first = match room.turn % 4 {
        2 => Some(Line::Desk),
        3 => Some(Line::Again),
        _ => None,
    };
    if let Some(line) = first {
        hands.take(due.iter().filter(|it| it.line == line), 1, slow, &mut choice);
    }
    for line in Line::ALL {
        hands.take(due.iter().filter(|it| it.line == line), usize::MAX, slow, &mut choice);
    }
    choice
}

/// What is in hand, and how much more may be.
struct Hands {
    free: usize,
    room: Room,
    not_peoples: usize,
    again: usize,
    domains: BTreeMap<String, usize>,
}

impl Hands {
    fn new(in_hand: &[InHand<'_>], room: Room) -> Self {
        let stuck = in_hand.iter().filter(|it| it.took == Took::TooLong).count();
        // Those that are stuck have so many connections besides, and no more.
        let busy = in_hand.len() - stuck.min(room.connections);
        let mut domains = BTreeMap::new();
        for it in in_hand {
            *domains.entry(it.domain.to_owned()).or_default() += 1;
        }
        let going = |it: &&InHand<'_>| it.took == Took::AMoment;
        Self {
            free: room.connections.saturating_sub(busy),
            room,
            not_peoples: in_hand.iter().filter(going).filter(|it| it.line != Line::People).count(),
            again: in_hand.iter().filter(|it| it.line == Line::Again).count(),
            domains,
        }
    }

    fn take<'a>(&mut self, due: impl Iterator<Item = &'a Due>, most: usize, slow: &dyn Fn(&str) -> bool, choice: &mut Choice) {
        let mut left = most;
        for it in due {
            if left == 0 || self.free == 0 || self.room.minute == 0 {
                return;
            }
            if choice.ids.contains(&it.id) {
                continue;
            }
            let slow = slow(&it.domain);
            let counts_as = if slow { Line::Again } else { it.line };
            let of_domain = self.domains.get(&it.domain).copied().unwrap_or(0);
            let full = of_domain >= all_but_one(self.room.connections);
            if full || !self.may_take(counts_as) {
                if (full || slow) && !choice.full.contains(&it.domain) {
                    choice.full.push(it.domain.clone());
                }
                continue;
            }
            *self.domains.entry(it.domain.clone()).or_default() += 1;
            self.free -= 1;
            self.room.minute -= 1;
            self.not_peoples += usize::from(counts_as != Line::People);
            self.again += usize::from(counts_as == Line::Again);
            left -= 1;
            choice.ids.push(it.id);
        }
    }

    fn may_take(&self, line: Line) -> bool {
        let others = self.not_peoples < all_but_one(self.room.connections) && self.room.minute > self.room.kept_for_people;
        match line {
            Line::People => true,
            Line::Desk => others,
            Line::Again => others && self.again < (self.room.connections / 2).max(1),
        }
    }
}

fn all_but_one(connections: usize) -> usize {
    (connections.saturating_sub(1)).max(1)
}

/// For how long an account is left alone after so many troubles in a row, from 1.
///
/// What passes (it is away, or busy: 421) is tried again within a minute, with one message; what lasts (the sign-in is refused, a
/// daily limit is used up) ever more slowly, so that no account is locked. `jitter` is 0 to 255 and shortens it by up to a quarter.
#[must_use]
pub fn account_pause(trouble: Trouble, troubles: u32, jitter: u8) -> SignedDuration {
    let (first, longest) = match trouble {
        Trouble::Passing => (SignedDuration::from_secs(5), SignedDuration::from_secs(45)),
        Trouble::Lasting => (SignedDuration::from_secs(30), SignedDuration::from_mins(15)),
    };
    let pause = (first * (1 << (troubles.clamp(1, 9) - 1))).min(longest);
    pause - pause / 4 * i32::from(jitter) / 255
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(line: Line, domain: &str, ids: std::ops::Range<i64>) -> Vec<Due> {
        ids.map(|id| Due { id: DeliveryId(id), domain: domain.to_owned(), line }).collect()
    }

    fn room(connections: usize, turn: u32) -> Room {
        Room { connections, minute: 100, kept_for_people: 10, turn }
    }

    fn chosen(due: &[Due], in_hand: &[InHand<'_>], room: Room) -> Vec<i64> {
        choose(due, in_hand, &|_| false, room).ids.iter().map(|it| it.0).collect()
    }

    #[test]
    fn what_people_wrote_goes_before_ten_thousand_old_ones() {
        let mut waiting = due(Line::Again, "old.test", 1..10_000);
        waiting.extend(due(Line::Desk, "desk.test", 20_000..21_000));
        waiting.extend(due(Line::People, "new.test", 30_000..30_001));
        for turn in 0..8 {
            for connections in 2..6 {
                assert!(chosen(&waiting, &[], room(connections, turn)).contains(&30_000), "{connections} connections, turn {turn}");
            }
        }
        assert_eq!(chosen(&waiting, &[], room(1, 0)), [30_000]);
    }

    #[test]
    fn old_mail_has_its_turn_in_a_flood_of_new() {
        let mut waiting = due(Line::People, "new.test", 1..1000);
        waiting.extend(due(Line::Again, "old.test", 2000..2001));
        waiting.extend(due(Line::Desk, "desk.test", 3000..3001));
        for (turn, first) in [(0, 1), (1, 1), (2, 3000), (3, 2000)] {
            assert_eq!(chosen(&waiting, &[], room(1, turn)), [first], "turn {turn}");
        }
    }

    #[test]
    fn one_connection_is_kept_for_people() {
        let machines = [due(Line::Desk, "a.test", 1..20), due(Line::Again, "b.test", 20..40)].concat();
        assert_eq!(chosen(&machines, &[], room(4, 0)).len(), 3);
        assert_eq!(chosen(&due(Line::Again, "b.test", 20..40), &[], room(4, 0)).len(), 2, "old mail has half");
        assert_eq!(chosen(&machines, &[], room(1, 0)).len(), 1);
    }

    #[test]
    fn one_dead_domain_never_has_every_connection() {
        let mut waiting = due(Line::People, "dead.test", 1..1000);
        waiting.extend(due(Line::People, "well.test", 2000..2001));
        assert_eq!(chosen(&waiting, &[], room(4, 0)), [1, 2, 3, 2000]);
        let stuck = InHand { domain: "dead.test", line: Line::People, took: Took::TooLong };
        let choice = choose(&due(Line::People, "dead.test", 1..9), &[stuck; 3], &|_| false, room(4, 0));
        assert_eq!((choice.ids.len(), choice.full), (0, vec!["dead.test".to_owned()]), "those that are stuck count for their domain");
        assert_eq!(choose(&waiting, &[], &|it| it == "dead.test", room(4, 0)).ids.len(), 3, "two to the slow one, and the other");
    }

    #[test]
    fn what_is_stuck_does_not_stop_the_others_and_is_bounded_too() {
        let waiting = due(Line::People, "well.test", 1..9);
        let stuck = InHand { domain: "dead.test", line: Line::People, took: Took::TooLong };
        let busy = InHand { took: Took::AMoment, domain: "else.test", line: Line::People };
        assert_eq!(chosen(&waiting, &[stuck, stuck], room(2, 0)), [1], "all but one to one domain");
        assert_eq!(chosen(&waiting, &[stuck, stuck, stuck], room(2, 0)), [1]);
        assert_eq!(chosen(&waiting, &[stuck; 4], room(2, 0)), [0_i64; 0]);
        assert_eq!(chosen(&waiting, &[busy, busy], room(2, 0)), [0_i64; 0]);
    }

    #[test]
    fn the_end_of_a_minute_is_for_people() {
        let few = Room { minute: 10, ..room(4, 0) };
        assert!(chosen(&due(Line::Desk, "a.test", 1..9), &[], few).is_empty());
        assert_eq!(chosen(&due(Line::People, "a.test", 1..9), &[], few).len(), 3);
        assert!(chosen(&due(Line::People, "a.test", 1..9), &[], Room { minute: 0, ..few }).is_empty());
    }

    #[test]
    fn an_account_that_is_away_is_asked_within_a_minute_and_one_that_refuses_more_and_more_slowly() {
        let pauses = |trouble| (1..=10).map(|n| account_pause(trouble, n, 0).as_secs()).collect::<Vec<_>>();
        assert_eq!(pauses(Trouble::Passing), [5, 10, 20, 40, 45, 45, 45, 45, 45, 45]);
        assert_eq!(pauses(Trouble::Lasting), [30, 60, 120, 240, 480, 900, 900, 900, 900, 900]);
        assert_eq!(account_pause(Trouble::Passing, 40, 255), SignedDuration::from_millis(33_750));
    }
}
