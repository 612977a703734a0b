//! What becomes of a message that is handed to a mail server: what its answer means, when to try again, when to stop.

use jiff::SignedDuration;

/// What one server said to one message for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandOver {
    /// The server took it: from here it is the server's to deliver.
    Accepted {
        /// The server's own words: `250 2.0.0 Ok: queued as 4F1`.
        words: String,
    },
    /// Refused for good, for this recipient or this message (RFC 5321 §4.2.1, 5yz). Not to be tried again.
    Refused {
        /// The three digits, 500 to 599.
        code: u16,
        /// The server's own words.
        words: String,
    },
    /// Not now: the server put it off (4yz), or could not be reached, before it had the whole message. To be tried again.
    Deferred {
        /// The server's own words, or what stood in the way.
        words: String,
    },
    /// The server had the whole message and its answer never came: it may or may not deliver it.
    Unknown {
        /// What happened instead of an answer.
        words: String,
    },
    /// The account or its server is the fault, not the message: it is away, it wants nothing of us now (421), the sign-in is
    /// refused, a limit is used up. The account waits, and nothing is counted against the message.
    AccountTrouble {
        /// Whether it is to be expected to pass soon.
        trouble: Trouble,
        /// The server's own words, and the mend where there is one.
        words: String,
    },
    /// Stopped by us before the server had the message: it is to be tried again as if nothing had been.
    Stopped {
        /// Why.
        words: String,
    },
}

/// What ails an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It cannot be reached, is busy, or wants another access token, which is being seen to: it is asked again within a minute.
    Passing,
    /// It refuses the password, or says that a limit is used up: asking often makes it worse.
    Lasting,
}

impl HandOver {
    /// In a word, for figures.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Accepted { .. } => "accepted",
            Self::Refused { .. } => "refused",
            Self::Deferred { .. } => "deferred",
            Self::Unknown { .. } => "unknown",
            Self::AccountTrouble { .. } => "account-trouble",
            Self::Stopped { .. } => "stopped",
        }
    }

    /// The words of whichever it was.
    #[must_use]
    pub fn words(&self) -> &str {
        match self {
            Self::Accepted { words }
            | Self::Refused { words, .. }
            | Self::Deferred { words }
            | Self::Unknown { words }
            | Self::AccountTrouble { words, .. }
            | Self::Stopped { words } => words,
        }
    }
}

/// Where one recipient's copy of a mail stands (PRODUCT.md, Delivery state). Never "delivered": nobody can know that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// In the undo window or the outbox.
    Waiting,
    /// A mail server took it.
    Sent,
    /// Put off by the server; it is tried again.
    Delayed,
    /// Refused for good.
    Refused,
    /// A delivery report came back.
    Bounced,
    /// The connection broke after the message was handed over and before the answer; it is tried again.
    Unknown,
    /// A person called it off.
    Cancelled,
    /// Its mailbox was in shadow mode: it would have been sent, and never is.
    Withheld,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 8] =
        [Self::Waiting, Self::Sent, Self::Delayed, Self::Refused, Self::Bounced, Self::Unknown, Self::Cancelled, Self::Withheld];

    /// As stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Delayed => "delayed",
            Self::Refused => "refused",
            Self::Bounced => "bounced",
            Self::Unknown => "unknown",
            Self::Cancelled => "cancelled",
            Self::Withheld => "withheld",
        }
    }

    /// The word of [`DeliveryState::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }

    /// Whether a mail server may have it, so that a report of its failing can be true.
    #[must_use]
    pub fn may_have_left(self) -> bool {
        match self {
            Self::Sent | Self::Unknown => true,
            Self::Waiting | Self::Delayed | Self::Refused | Self::Bounced | Self::Cancelled | Self::Withheld => false,
        }
    }

    /// Whether a sender will still try it.
    #[must_use]
    pub fn is_open(self) -> bool {
        match self {
            Self::Waiting | Self::Delayed | Self::Unknown => true,
            Self::Sent | Self::Refused | Self::Bounced | Self::Cancelled | Self::Withheld => false,
        }
    }
}

/// For how long a mail is tried before it is given up (RFC 5321 §4.5.4.1: at least four to five days is usual for relays;
/// a person waits for this one, and is told after three).
pub const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_hours(3 * 24);

/// And never before so many attempts: a clock that jumps by a year, or a desk that stood still for a week, gives nothing up.
const LEAST_ATTEMPTS: i64 = 9;

const FIRST_PAUSE: SignedDuration = SignedDuration::from_mins(1);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(4);

/// How long to wait before the next attempt: 1 min, doubling to 4 h, for three days since the first. None: give up.
///
/// `jitter` is 0 to 255 from the clock's randomness and shortens the pause by up to a quarter, so that what was put off
/// together does not come back together.
#[must_use]
pub fn pause_before_next(attempts: i64, since_first: SignedDuration, jitter: u8) -> Option<SignedDuration> {
    if since_first >= GIVE_UP_AFTER && attempts >= LEAST_ATTEMPTS {
        return None;
    }
    let doublings = attempts.clamp(1, 10) - 1;
    let pause = (FIRST_PAUSE * (1 << doublings)).min(LONGEST_PAUSE);
    Some(pause - pause / 4 * i32::from(jitter) / 255)
}

/// What the answer of a server means for one delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It stands so for good.
    Finally(DeliveryState),
    /// It stands so, and is tried again after this pause.
    Again(DeliveryState, SignedDuration),
    /// As it was before: this attempt does not count.
    Untried,
}

/// What becomes of a delivery after this answer to its `attempts`-th attempt.
#[must_use]
pub fn after(answer: &HandOver, attempts: i64, since_first: SignedDuration, jitter: u8) -> Settled {
    let again = |state| match pause_before_next(attempts, since_first, jitter) {
        Some(pause) => Settled::Again(state, pause),
        None => Settled::Finally(DeliveryState::Refused),
    };
    match answer {
        HandOver::Accepted { .. } => Settled::Finally(DeliveryState::Sent),
        HandOver::Refused { .. } => Settled::Finally(DeliveryState::Refused),
        HandOver::Deferred { .. } => again(DeliveryState::Delayed),
        HandOver::Unknown { .. } => again(DeliveryState::Unknown),
        HandOver::AccountTrouble { .. } | HandOver::Stopped { .. } => Settled::Untried,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_to_four_hours_and_end_after_three_days() {
        let mut waited = SignedDuration::ZERO;
        let mut pauses = Vec::new();
        for attempt in 1.. {
            let Some(pause) = pause_before_next(attempt, waited, 0) else { break };
            pauses.push(pause.as_mins());
            waited += pause;
        }
        assert_eq!(pauses[..9], [1, 2, 4, 8, 16, 32, 64, 128, 240]);
        assert!(
            waited >= GIVE_UP_AFTER && waited < GIVE_UP_AFTER + LONGEST_PAUSE && pauses.len() == 25,
            "{} tries, {waited:?}",
            pauses.len()
        );
    }

    #[test]
    fn jitter_only_ever_shortens_by_a_quarter() {
        for jitter in 0..=255 {
            let pause = pause_before_next(3, SignedDuration::ZERO, jitter).unwrap();
            assert!(pause >= SignedDuration::from_mins(3) && pause <= SignedDuration::from_mins(4));
        }
    }

    #[test]
    fn what_is_the_accounts_fault_is_never_counted_against_the_mail() {
        for trouble in [Trouble::Passing, Trouble::Lasting] {
            let trouble = HandOver::AccountTrouble { trouble, words: "535 no".to_owned() };
            assert_eq!(after(&trouble, 40, GIVE_UP_AFTER * 2, 0), Settled::Untried);
        }
    }

    #[test]
    fn a_refusal_is_final_and_silence_is_given_up_after_three_days() {
        let refused = HandOver::Refused { code: 550, words: String::new() };
        assert_eq!(after(&refused, 1, SignedDuration::ZERO, 0), Settled::Finally(DeliveryState::Refused));
        let unknown = HandOver::Unknown { words: String::new() };
        assert_eq!(after(&unknown, 25, GIVE_UP_AFTER, 0), Settled::Finally(DeliveryState::Refused));
        let year = SignedDuration::from_hours(365 * 24);
        assert_eq!(
            after(&unknown, 2, year, 0),
            Settled::Again(DeliveryState::Unknown, SignedDuration::from_mins(2)),
            "the clock jumped, or nobody tried"
        );
    }
}
