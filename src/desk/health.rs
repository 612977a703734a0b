//! Whether a mailbox is being read, and since when it is not; and what the last round over everything has found.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::desk::{
    id::MailboxId,
    settings::WayIn,
    trouble::{Trouble, TroubleKind},
};

/// What the desk has learnt about reading a mailbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailboxFacts {
    /// How its mail gets here: what is handed over is never looked for.
    pub way_in: WayIn,
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

impl MailboxFacts {
    /// The same for a mailbox whose mail gets here this way now. Where it is handed over, what was known of a folder is of the past.
    #[must_use]
    pub fn by(self, way_in: WayIn) -> Self {
        match way_in {
            WayIn::Folder => Self { way_in, ..self },
            WayIn::HandedOver => Self { way_in, last_mail_at: self.last_mail_at, ..Self::default() },
        }
    }
}

/// How a mailbox stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It is read.
    Well,
    /// Its mail is handed over: there is nothing to look at.
    HandedOver,
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
            Self::Well | Self::HandedOver | Self::NotYet => false,
            Self::Failing { .. } | Self::Silent { .. } => true,
        }
    }
}

/// How a mailbox stands at `now`.
#[must_use]
pub fn condition(facts: &MailboxFacts, now: Timestamp, alarm_after: SignedDuration) -> Condition {
    match (&facts.error, facts.checked_at) {
        _ if facts.way_in == WayIn::HandedOver => Condition::HandedOver,
        (Some(_), _) => Condition::Failing { since: facts.failing_since },
        (None, None) => Condition::NotYet,
        // By a clock that is right again, what one wrote that was far ahead says nothing: that must not pass for well until then.
        (None, Some(at)) if now.duration_since(at).abs() > alarm_after => Condition::Silent { since: at.min(now) },
        (None, Some(_)) => Condition::Well,
    }
}

/// A trouble as pages, `/readyz` and `/metrics` show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// What it is.
    pub trouble: Trouble,
    /// When it was found.
    pub found_at: Timestamp,
}

/// What one round has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// When it was.
    pub at: Timestamp,
    /// What is not well and has lasted long enough to count.
    pub troubles: Vec<Shown>,
    /// What is not well, and may pass within seconds.
    pub passing: Vec<Shown>,
    /// What is known of each mailbox, in the order of the configuration.
    pub mailboxes: Vec<(MailboxId, MailboxFacts)>,
    /// Those of them that nobody has looked into since they were last begun to be read: how they stand is not known.
    pub not_looked_into: Vec<MailboxId>,
}

/// A round that was longer ago says nothing of now.
const ROUNDS_MAY_REST: SignedDuration = SignedDuration::from_secs(60);

/// What the last round of this process has found; all clones are one.
#[derive(Clone, Debug, Default)]
pub struct LastRound(Arc<Mutex<Option<Arc<Round>>>>);

impl LastRound {
    /// A round is over.
    pub fn set(&self, round: Round) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(round));
    }

    /// The last one; none: there was none since the start.
    #[must_use]
    pub fn get(&self) -> Option<Arc<Round>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Everything that counts at `now`; where the rounds themselves have stopped, that too. Before the first round nothing is known.
    #[must_use]
    pub fn troubles(&self, now: Timestamp) -> Vec<Shown> {
        let Some(round) = self.get() else { return Vec::new() };
        let mut troubles = round.troubles.clone();
        if now.duration_since(round.at).abs() > ROUNDS_MAY_REST {
            let says = "the rounds that look after the mailboxes have stopped, so what is shown may be old".to_owned();
            let mend = "look at the daemon’s log, and restart maildesk".to_owned();
            let stopped = Trouble { kind: TroubleKind::Rounds, about: String::new(), since: round.at, says, mend };
            troubles.insert(0, Shown { trouble: stopped, found_at: round.at });
        }
        troubles
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_that_stop_are_a_trouble_of_their_own() {
        let (last, at) = (LastRound::default(), Timestamp::from_second(1_800_000_000).unwrap());
        assert_eq!(last.troubles(at), [], "nothing is known yet");
        last.set(Round { at, troubles: Vec::new(), passing: Vec::new(), mailboxes: Vec::new(), not_looked_into: Vec::new() });
        assert_eq!(last.troubles(at + SignedDuration::from_secs(60)), []);
        assert_eq!(last.troubles(at + SignedDuration::from_secs(61))[0].trouble.kind, TroubleKind::Rounds);
    }

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
            (facts(ago(-365 * 24 * 60), None), Condition::Silent { since: now }),
            (facts(ago(1), Some("no")), Condition::Failing { since: ago(3) }),
            (facts(None, Some("no")), Condition::Failing { since: ago(3) }),
        ] {
            assert_eq!(condition(&facts, now, alarm), expected);
            let handed_over = facts.by(WayIn::HandedOver);
            assert_eq!((condition(&handed_over, now, alarm), handed_over.waiting), (Condition::HandedOver, 0), "of the past");
        }
    }
}
