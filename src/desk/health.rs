//! Whether a mailbox is being read, and since when it is not.

use jiff::{SignedDuration, Timestamp};

/// What the desk has learnt about reading a mailbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailboxFacts {
    /// None: not connected.
    pub connected_since: Option<Timestamp>,
    /// When the server last answered what is new.
    pub checked_at: Option<Timestamp>,
    /// When the last message was taken in.
    pub last_mail_at: Option<Timestamp>,
    /// Listed on the server and not yet in the ledger.
    pub waiting: i64,
    /// What is wrong, in plain words; none: nothing.
    pub error: Option<String>,
    /// Since when.
    pub failing_since: Option<Timestamp>,
}

/// How a mailbox stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It is read.
    Well,
    /// It was never looked at: the daemon has only begun.
    NotYet,
    /// The server refuses, or is not there.
    Failing {
        /// Since this first went wrong.
        since: Option<Timestamp>,
    },
    /// No error, and yet it was not checked for longer than the alarm allows.
    Silent {
        /// When it was last checked.
        since: Timestamp,
    },
}

impl Condition {
    /// Whether somebody should look.
    #[must_use]
    pub fn needs_attention(self) -> bool {
        match self {
            Self::Well | Self::NotYet => false,
            Self::Failing { .. } | Self::Silent { .. } => true,
        }
    }
}

/// How a mailbox stands at `now`.
#[must_use]
pub fn condition(facts: &MailboxFacts, now: Timestamp, alarm_after: SignedDuration) -> Condition {
    match (&facts.error, facts.checked_at) {
        (Some(_), _) => Condition::Failing { since: facts.failing_since },
        (None, None) => Condition::NotYet,
        (None, Some(at)) if now.duration_since(at) > alarm_after => Condition::Silent { since: at },
        (None, Some(_)) => Condition::Well,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_needs_attention_when_it_fails_or_falls_silent() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let ago = |minutes| Some(now - SignedDuration::from_mins(minutes));
        let alarm = SignedDuration::from_mins(10);
        let facts = |checked_at, error: Option<&str>| MailboxFacts {
            checked_at,
            error: error.map(str::to_owned),
            failing_since: error.and(ago(3)),
            ..MailboxFacts::default()
        };
        for (facts, expected) in [
            (facts(None, None), Condition::NotYet),
            (facts(ago(10), None), Condition::Well),
            (facts(ago(11), None), Condition::Silent { since: now - SignedDuration::from_mins(11) }),
            (facts(ago(1), Some("no")), Condition::Failing { since: ago(3) }),
            (facts(None, Some("no")), Condition::Failing { since: ago(3) }),
        ] {
            assert_eq!(condition(&facts, now, alarm), expected);
        }
    }
}
