//! The round-trip probe: a mailbox writes to itself, and expects to meet that in its watched folder. This finds what no connection
//! check can: mail that is forwarded away, filtered, or turned off before it gets there.

use jiff::{SignedDuration, Timestamp};

/// Where a probe stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It is in the outbox: why it does not leave is the sender's trouble.
    Waits,
    /// A server took it then.
    HandedOver(Timestamp),
    /// It was met in the watched folder.
    Back,
    /// Nothing more comes of it: it was refused, came back as undeliverable, was called off, or is held back for a person.
    Over,
}

/// The newest probe of a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Newest {
    /// When it was decided on.
    pub sent_at: Timestamp,
    /// What became of it.
    pub stage: Stage,
}

/// A probe that came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trip {
    /// When it was met in the watched folder.
    pub back_at: Timestamp,
    /// From the server that took it to our ledger; never negative.
    pub took: SignedDuration,
}

/// Whether a mailbox writes to itself now. At most one probe is under way, and after however long a time without, one is due: neither a
/// restart nor a clock that leaps makes more.
#[must_use]
pub fn is_due(newest: Option<&Newest>, every: SignedDuration, alarm_after: SignedDuration, now: Timestamp) -> bool {
    let Some(newest) = newest else { return true };
    // A clock that was set back must not hold it off for as long.
    let since = |at: Timestamp| now.duration_since(at).abs();
    match newest.stage {
        Stage::Waits => false,
        Stage::HandedOver(at) if since(at) <= alarm_after => false,
        Stage::HandedOver(_) | Stage::Back | Stage::Over => since(newest.sent_at) >= every,
    }
}

/// What a server took before then and has not come back is lost: the folder was looked at long enough after that. While it cannot be
/// looked at, that is the trouble. None: it was never looked at.
#[must_use]
pub fn lost_before(checked_at: Option<Timestamp>, alarm_after: SignedDuration) -> Option<Timestamp> {
    checked_at?.checked_sub(alarm_after).ok()
}

/// How long it took, from when a server had it (or it was decided on) until it was met; a clock that was set back makes it nothing.
#[must_use]
pub fn took(handed_over_at: Timestamp, back_at: Timestamp) -> SignedDuration {
    back_at.duration_since(handed_over_at).max(SignedDuration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: SignedDuration = SignedDuration::from_mins(1);

    fn at(minute: i32) -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap() + MINUTE * minute
    }

    #[test]
    fn one_is_due_at_a_time() {
        use Stage::{Back, HandedOver, Over, Waits};
        for (stage, minutes, due) in [
            (Back, 59, false),
            (Back, 60, true),
            (Over, 59, false),
            (Over, 60, true),
            // It waits for its server for however long.
            (Waits, 60, false),
            (Waits, 6000, false),
            // It may still come back; from then on it counts as lost, and another one may show that it goes again.
            (HandedOver(at(55)), 60, false),
            (HandedOver(at(55)), 66, true),
            (HandedOver(at(0)), 59, false),
            (HandedOver(at(0)), 60, true),
            // After a year away, one; and a clock that was set back a year holds nothing off.
            (Back, 525_600, true),
            (Back, -525_600, true),
        ] {
            let newest = Newest { sent_at: at(0), stage };
            assert_eq!(is_due(Some(&newest), MINUTE * 60, MINUTE * 10, at(minutes)), due, "{stage:?} after {minutes}");
        }
        assert!(is_due(None, MINUTE * 60, MINUTE * 10, at(0)), "the first one at once");
    }

    #[test]
    fn what_nobody_looked_for_is_not_lost() {
        assert_eq!(lost_before(None, MINUTE * 10), None);
        assert_eq!(lost_before(Some(at(30)), MINUTE * 10), Some(at(20)));
        assert_eq!(lost_before(Some(Timestamp::MIN), MINUTE * 10), None);
    }

    #[test]
    fn a_trip_takes_no_less_than_nothing() {
        assert_eq!(took(at(0), at(2)), MINUTE * 2);
        assert_eq!(took(at(2), at(0)), SignedDuration::ZERO);
    }
}
