//! Originals that expire: how long the octets of a message are kept at least, and what is said once they are gone.

use jiff::SignedDuration;

/// Why the original of a message cannot be had any more.
pub const EXPIRED: &str =
    "its original expired (keep_raw in the configuration); its words, its files and why it was decided as it was are kept";

/// Nothing expires sooner, whatever is asked for.
const LEAST: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The shortest time that can be asked for: a ticket that may still come back to life by itself has its mail.
#[must_use]
pub fn least(close_after: SignedDuration, reopen_within: SignedDuration) -> SignedDuration {
    close_after.saturating_add(reopen_within).max(LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_outlives_the_ticket_that_may_open_again() {
        let days = |n: i64| SignedDuration::from_hours(24 * n);
        assert_eq!(least(days(7), days(30)), days(37));
        assert_eq!(least(days(1), SignedDuration::ZERO), days(30));
    }
}
