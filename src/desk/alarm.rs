//! When a trouble begins, when it is over, and what the admins are told: once each, and never in a flood.

use jiff::{SignedDuration, Timestamp};

use crate::desk::{id::MailboxId, trouble::Trouble};

/// A trouble that nobody was told of is over when it was not found for so long; one that was told, when it has been
/// [`calm`] for longer.
const SETTLES: SignedDuration = SignedDuration::from_mins(2);

/// After the first telling within a day; doubled by each further one, so that what comes and goes grows quiet.
const CALM: SignedDuration = SignedDuration::from_mins(5);
const LONGEST_CALM: SignedDuration = SignedDuration::from_hours(4);

/// One mail about troubles follows another no sooner.
pub const BETWEEN_MAILS: SignedDuration = SignedDuration::from_mins(5);

/// A row that is found is written again at most so often.
const RENEWED: SignedDuration = SignedDuration::from_mins(10);

/// A row that its own instance has not renewed for so long is nobody's any more.
const ORPHANED: SignedDuration = SignedDuration::from_hours(1);

/// A trouble as the desk remembers it while it is not over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its row.
    pub id: i64,
    /// What it is.
    pub trouble: Trouble,
    /// When it was found; after a gap in the rounds it counts anew while nobody was told.
    pub found_at: Timestamp,
    /// When it was found last, to ten minutes.
    pub seen_at: Timestamp,
    /// Not found since; none: it is there.
    pub well_since: Option<Timestamp>,
    /// The mail that told of it.
    pub said_in: Option<String>,
    /// How often troubles of this kind about the same were told within a day.
    pub told_lately: i64,
}

/// How the rounds go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Going {
    /// One after the other.
    Steadily,
    /// The last one was long ago, or the clock has leapt: what is known is old, and is looked at anew before anybody is told.
    AfterAGap,
}

/// How the rounds go, from when the last one was.
#[must_use]
pub fn going(last: Option<Timestamp>, now: Timestamp) -> Going {
    let steadily = last.is_some_and(|at| now >= at && now.duration_since(at) <= SignedDuration::from_mins(2));
    if steadily { Going::Steadily } else { Going::AfterAGap }
}

/// What one round changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Began(Trouble),
    /// It is still there: in these words, or seen again.
    Goes(i64, Trouble),
    /// It was thought to have gone.
    Back(i64),
    /// Nobody was told of it yet: how long it is there counts from now.
    Anew(i64),
    /// It is not found any more.
    Well(i64),
    /// It has stayed well.
    Over(i64),
}

/// What is different now, from what was remembered and what was found. Only what `is_mine` can be judged: another instance has
/// other mailboxes, and a disk of its own.
#[must_use]
pub fn changes(rows: &[Standing], found: &[Trouble], is_mine: &dyn Fn(&Trouble) -> bool, going: Going, now: Timestamp) -> Vec<Change> {
    let mut changes = Vec::new();
    for row in rows {
        let age = now.duration_since(row.seen_at);
        match found.iter().find(|it| it.is_the_same_as(&row.trouble)) {
            Some(found) => {
                if row.well_since.is_some() {
                    changes.push(Change::Back(row.id));
                }
                if going == Going::AfterAGap && row.said_in.is_none() {
                    changes.push(Change::Anew(row.id));
                }
                let worded_anew = found.says != row.trouble.says && age.abs() > SignedDuration::from_mins(1);
                if worded_anew || age.abs() > RENEWED {
                    changes.push(Change::Goes(row.id, found.clone()));
                }
            }
            None if !is_mine(&row.trouble) && age < ORPHANED => {}
            None => changes.extend(gone(row, now)),
        }
    }
    let new = found.iter().filter(|it| !rows.iter().any(|row| row.trouble.is_the_same_as(it)));
    changes.extend(new.cloned().map(Change::Began));
    changes
}

fn gone(row: &Standing, now: Timestamp) -> Option<Change> {
    let Some(since) = row.well_since else { return Some(Change::Well(row.id)) };
    let settles = if row.said_in.is_some() { calm(row.told_lately) } else { SETTLES };
    // A clock that was set back must not hold it open.
    let settled = now.duration_since(since).abs() >= settles;
    settled.then_some(Change::Over(row.id))
}

/// How long a trouble that was told has to be away before it is over, by how often it was told within a day.
fn calm(told_lately: i64) -> SignedDuration {
    let doublings = i32::try_from((told_lately - 1).clamp(0, 10)).unwrap_or(0);
    (CALM * (1 << doublings)).min(LONGEST_CALM)
}

/// Which of these the admins are to be told of now.
#[must_use]
pub fn to_tell(rows: &[Standing], alarm_after: SignedDuration, now: Timestamp) -> Vec<&Standing> {
    let due = |it: &&Standing| {
        it.said_in.is_none() && it.well_since.is_none() && now.duration_since(it.found_at) >= it.trouble.kind.told_after(alarm_after)
    };
    rows.iter().filter(due).collect()
}

/// A mail about troubles that is in the outbox and has not left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsent {
    /// Its Message-ID.
    pub message_id: String,
    /// Whose server it waits for.
    pub mailbox: MailboxId,
    /// When it was decided on.
    pub since: Timestamp,
    /// Whether nobody can have it yet, and no sender has it in hand: it may be taken back.
    pub nobody_has_it: bool,
}

/// The way out of one mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WayOut {
    /// Which.
    pub mailbox: MailboxId,
    /// Whether its server takes mail, as far as is known.
    pub works: bool,
}

/// The mailbox whose server is most likely to take an alarm.
#[must_use]
pub fn best_way(ways: &[WayOut]) -> Option<MailboxId> {
    ways.iter().find(|it| it.works).or(ways.first()).map(|it| it.mailbox)
}

/// Whether a mail that has not left is to be replaced by one that is true now, through a server that works.
#[must_use]
pub fn is_stuck(unsent: &Unsent, ways: &[WayOut], now: Timestamp) -> bool {
    let works = |mailbox: MailboxId| ways.iter().any(|it| it.mailbox == mailbox && it.works);
    let other = best_way(ways).is_some_and(|it| it != unsent.mailbox && works(it));
    let waited = now.duration_since(unsent.since).abs() >= SignedDuration::from_mins(1);
    unsent.nobody_has_it && waited && other && !works(unsent.mailbox)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::trouble::TroubleKind;

    const MINUTE: SignedDuration = SignedDuration::from_mins(1);

    fn at(minute: i32) -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap() + MINUTE * minute
    }

    fn trouble(says: &str) -> Trouble {
        Trouble { kind: TroubleKind::Mailbox, about: "support".to_owned(), since: at(0), says: says.to_owned(), mend: String::new() }
    }

    fn row() -> Standing {
        let (found_at, seen_at) = (at(0), at(0));
        Standing { id: 1, trouble: trouble("no"), found_at, seen_at, well_since: None, said_in: None, told_lately: 0 }
    }

    fn told(times: i64) -> Standing {
        Standing { said_in: Some("a@b".to_owned()), told_lately: times, ..row() }
    }

    fn after(row: Standing, found: &[Trouble], minute: i32) -> Vec<Change> {
        changes(&[row], found, &|_| true, Going::Steadily, at(minute))
    }

    #[test]
    fn a_trouble_begins_goes_on_and_is_over_when_it_has_stayed_well() {
        let no = [trouble("no")];
        assert_eq!(changes(&[], &no, &|_| true, Going::Steadily, at(0)), [Change::Began(trouble("no"))]);
        assert_eq!(after(row(), &no, 9), []);
        assert_eq!(after(row(), &no, 11), [Change::Goes(1, trouble("no"))]);
        assert_eq!(after(row(), &[trouble("other words")], 2), [Change::Goes(1, trouble("other words"))]);
        assert_eq!(after(row(), &[], 1), [Change::Well(1)]);
        let well = Standing { well_since: Some(at(1)), ..row() };
        assert_eq!(after(well.clone(), &no, 2), [Change::Back(1)]);
        assert_eq!(after(well.clone(), &[], 2), []);
        assert_eq!(after(well, &[], 3), [Change::Over(1)]);
    }

    #[test]
    fn what_comes_and_goes_grows_quiet() {
        for (times, minutes) in [(1, 5), (2, 10), (3, 20), (6, 160), (9, 240), (500, 240)] {
            let well = Standing { well_since: Some(at(0)), ..told(times) };
            assert_eq!(after(well.clone(), &[], minutes - 1), [], "{times}");
            assert_eq!(after(well, &[], minutes), [Change::Over(1)], "{times}");
        }
    }

    #[test]
    fn nobody_is_told_twice_nor_of_what_passes() {
        let due = |row: Standing, minute| to_tell(&[row], MINUTE * 10, at(minute)).len();
        assert_eq!((due(row(), 9), due(row(), 10), due(told(1), 10)), (0, 1, 0));
        assert_eq!(due(Standing { well_since: Some(at(9)), ..row() }, 10), 0);
    }

    #[test]
    fn after_a_gap_what_nobody_was_told_of_is_looked_at_anew() {
        let no = [trouble("no")];
        let went = |row| changes(&[row], &no, &|_| true, Going::AfterAGap, at(1));
        assert_eq!(went(row()), [Change::Anew(1)]);
        assert_eq!(went(told(1)), []);
        for (last, expected) in
            [(None, Going::AfterAGap), (Some(at(9)), Going::Steadily), (Some(at(7)), Going::AfterAGap), (Some(at(11)), Going::AfterAGap)]
        {
            assert_eq!(going(last, at(10)), expected, "{last:?}");
        }
    }

    #[test]
    fn another_instances_trouble_is_left_to_it_until_nobody_keeps_it() {
        let theirs = |minute| changes(&[row()], &[], &|_| false, Going::Steadily, at(minute));
        assert_eq!(theirs(59), []);
        assert_eq!(theirs(60), [Change::Well(1)]);
    }

    #[test]
    fn an_alarm_takes_another_way_out_where_its_own_is_barred() {
        let ways = |one, two| [WayOut { mailbox: MailboxId(1), works: one }, WayOut { mailbox: MailboxId(2), works: two }];
        assert_eq!(best_way(&ways(true, true)), Some(MailboxId(1)));
        assert_eq!(best_way(&ways(false, true)), Some(MailboxId(2)));
        assert_eq!(best_way(&ways(false, false)), Some(MailboxId(1)));
        let unsent = Unsent { message_id: "a@b".to_owned(), mailbox: MailboxId(1), since: at(0), nobody_has_it: true };
        assert!(is_stuck(&unsent, &ways(false, true), at(1)));
        assert!(!is_stuck(&unsent, &ways(false, true), at(0)), "it may be leaving just now");
        assert!(!is_stuck(&unsent, &ways(false, false), at(1)), "there is no better way");
        assert!(!is_stuck(&unsent, &ways(true, true), at(1)));
        assert!(!is_stuck(&Unsent { nobody_has_it: false, ..unsent }, &ways(false, true), at(1)), "somebody may have it");
    }
}
