//! The only door to the time of day and to randomness.

use std::sync::{Arc, Mutex};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use data_encoding::BASE32_NOPAD;
use jiff::{SignedDuration, Timestamp};

/// Where "now" comes from: the machine, or a test's hand.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// Stands still until a test moves it.
    Still(Arc<Mutex<Timestamp>>),
}

impl Clock {
    /// A clock that stands at `at` until [`Clock::advance`].
    #[must_use]
    pub fn still(at: Timestamp) -> Self {
        Self::Still(Arc::new(Mutex::new(at)))
    }

    /// The time now, in whole milliseconds: what the store can keep.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let now = match self {
            Self::System => Timestamp::now(),
            Self::Still(at) => *at.lock().unwrap_or_else(std::sync::PoisonError::into_inner),
        };
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    /// Moves a still clock; the machine's clock moves by itself.
    pub fn advance(&self, by: SignedDuration) {
        if let Self::Still(at) = self {
            let mut at = at.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            *at = at.saturating_add(by).unwrap_or(*at);
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
