//! The only door to the time of day and to randomness.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, Ordering},
};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use data_encoding::BASE32_NOPAD;
use jiff::{SignedDuration, Timestamp};

/// Where "now" comes from: the machine, a test's hand, or the machine and a distance to it.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// Stands still until a test moves it.
    Still(Arc<Mutex<Timestamp>>),
    /// Goes with the machine's clock, so many milliseconds away from it: how `maildesk demo` lives two weeks in seconds.
    Shifted(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `at` until [`Clock::advance`].
    #[must_use]
    pub fn still(at: Timestamp) -> Self {
        Self::Still(Arc::new(Mutex::new(at)))
    }

    /// A clock that shows `at` now and goes on from there.
    #[must_use]
    pub fn showing(at: Timestamp) -> Self {
        Self::Shifted(Arc::new(AtomicI64::new(at.as_millisecond() - Timestamp::now().as_millisecond())))
    }

    /// The time now, in whole milliseconds: what the store can keep.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let now = match self {
            Self::System => Timestamp::now(),
            Self::Still(at) => *at.lock().unwrap_or_else(std::sync::PoisonError::into_inner),
            Self::Shifted(by) => {
                let now = Timestamp::now();
                now.saturating_add(SignedDuration::from_millis(by.load(Ordering::Relaxed))).unwrap_or(now)
            }
        };
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    /// Whether it is the machine's own, which can be held against others.
    #[must_use]
    pub fn is_the_machines(&self) -> bool {
        matches!(self, Self::System)
    }

    /// Moves a clock that can be moved; the machine's own cannot.
    pub fn advance(&self, by: SignedDuration) {
        match self {
            Self::System => {}
            Self::Still(at) => {
                let mut at = at.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                *at = at.saturating_add(by).unwrap_or(*at);
            }
            Self::Shifted(shift) => {
                shift.fetch_add(i64::try_from(by.as_millis()).unwrap_or(0), Ordering::Relaxed);
            }
        }
    }

    /// From here on a shifted clock shows what the machine's does.
    pub fn catch_up(&self) {
        if let Self::Shifted(by) = self {
            by.store(0, Ordering::Relaxed);
        }
    }
}

/// `N` bytes that nobody can guess, from the operating system.
///
/// # Panics
/// When the operating system has no randomness to give: nothing that maildesk does is safe then.
#[must_use]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// 128 random bits as 26 lower-case letters and digits: for links, sessions and Message-IDs.
#[must_use]
pub fn random_token() -> String {
    BASE32_NOPAD.encode(&random_bytes::<16>()).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shifted_clock_goes_on_from_where_it_was_set_until_it_catches_up() {
        let (hour, second) = (SignedDuration::from_hours(1), SignedDuration::from_secs(1));
        let near = |clock: &Clock, at: Timestamp| clock.now().duration_since(at).abs() < second * 10;
        let began = Timestamp::now() - hour * 5;
        let clock = Clock::showing(began);
        assert!(near(&clock, began));
        clock.advance(hour);
        assert!(near(&clock.clone(), began + hour));
        clock.catch_up();
        assert!(near(&clock, Timestamp::now()));
    }
}
