//! When a message that another program has kept was written or came.

use jiff::{SignedDuration, Timestamp};

/// Nothing was kept in files like these before 1990: what says so is a clock that was never set.
const FIRST: Timestamp = Timestamp::constant(631_152_000, 0);

/// A message is on its way for less. One that says more was written long before it came to this mailbox, which is what counts.
const LONGEST_WAY: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What says when; each may be missing or wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clues {
    /// Its Date, which its sender’s clock says.
    pub written: Option<Timestamp>,
    /// When the last server got it: the topmost Received.
    pub received: Option<Timestamp>,
    /// What the program that kept it says: a `From ` line, the name of a file.
    pub noted: Option<Timestamp>,
    /// When its file was last written.
    pub file: Option<Timestamp>,
}

/// The moment: its Date, but never later than it came, and never in the future.
#[must_use]
pub fn moment(clues: Clues, now: Timestamp) -> Timestamp {
    let likely = |at: Option<Timestamp>| at.filter(|it| *it >= FIRST);
    let Clues { written, received, noted, file } = clues;
    let came = likely(received).or(likely(noted)).or(likely(file)).unwrap_or(now).min(now);
    let earliest = likely(received).map_or(FIRST, |it| it - LONGEST_WAY);
    let at = written.filter(|it| *it >= earliest).map_or(came, |it| it.min(came));
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_counts_as_far_as_it_can_be_true() {
        let day = |n: i64| Some(FIRST + SignedDuration::from_hours(24 * n));
        let now = day(100).unwrap();
        let clues = |written, received, noted, file| Clues { written, received, noted, file };
        let table = [
            (clues(day(50), None, None, day(90)), 50, "a file that was copied later"),
            (clues(day(50), day(51), day(80), None), 50, "an ordinary mail"),
            (clues(day(60), day(51), None, None), 51, "a clock that goes ahead"),
            (clues(day(10), day(51), None, None), 51, "sent on after weeks"),
            (clues(day(-10), None, day(51), None), 51, "a clock that was never set"),
            (clues(day(900), None, None, None), 100, "a year ahead of us"),
            (clues(day(900), None, day(-400), day(70)), 70, "a year ahead of its file"),
            (clues(None, None, None, day(70)), 70, "no Date"),
            (clues(None, None, None, None), 100, "nothing at all"),
            (clues(None, day(120), None, None), 100, "a server ahead of us"),
        ];
        for (clues, is, what) in table {
            assert_eq!(Some(moment(clues, now)), day(is), "{what}");
        }
    }
}
