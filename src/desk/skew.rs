//! Whether this machine's clock is that of the mail servers: their own times of arrival say it.

use jiff::{SignedDuration, Timestamp};

/// A message that came in while its folder was being watched, so that it was taken in soon after it arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// When the server got it, by the server's clock (INTERNALDATE, RFC 9051 §2.3.3).
    pub received_at: Timestamp,
    /// When it was taken in, by ours.
    pub stored_at: Timestamp,
}

/// One message proves nothing: another mail program may have put an old one there, or a server has its own idea of a date.
const ENOUGH: usize = 3;

/// By so much the servers may be ahead of us.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// How far this clock is from that of the mail servers: positive, it is ahead of them. `rests`: a folder is looked at at least so
/// often, so that by so much a message may be older. None: the same, as far as can be told.
#[must_use]
pub fn apart(arrivals: &[Arrival], rests: SignedDuration) -> Option<SignedDuration> {
    if arrivals.len() < ENOUGH {
        return None;
    }
    let late = || arrivals.iter().map(|it| it.stored_at.duration_since(it.received_at));
    let (least, most) = (late().min()?, late().max()?);
    if most < -AHEAD {
        Some(most)
    } else if least > rests + AHEAD {
        Some(least)
    } else {
        None
    }
}

/// How far a clock is from another, in words: `3 minutes ahead of`, `27 days behind`.
#[must_use]
pub fn said(apart: SignedDuration) -> String {
    let seconds = apart.as_secs().unsigned_abs();
    let (n, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    let many = if n == 1 { "" } else { "s" };
    let way = if apart.is_negative() { "behind" } else { "ahead of" };
    format!("{n} {unit}{many} {way}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_apart_when_every_message_says_so() {
        let at = Timestamp::from_second(1_800_000_000).unwrap();
        let minutes = SignedDuration::from_mins;
        for (late, expected) in [
            (&[-90, -95, -91][..], Some(-90)),
            (&[-90, -95], None),
            (&[-90, -95, 0], None),
            (&[-4, -4, -4], None),
            (&[60, 61, 70], Some(60)),
            (&[60, 61, 0], None),
            (&[9, 9, 10], None),
        ] {
            let arrivals: Vec<Arrival> = late.iter().map(|late| Arrival { received_at: at, stored_at: at + minutes(*late) }).collect();
            assert_eq!(apart(&arrivals, minutes(5)), expected.map(minutes), "{late:?}");
        }
    }

    #[test]
    fn what_is_said_can_be_read() {
        for (seconds, words) in
            [(61, "61 seconds ahead of"), (-180, "3 minutes behind"), (7_200, "2 hours ahead of"), (-2_350_423, "27 days behind")]
        {
            assert_eq!(said(SignedDuration::from_secs(seconds)), words);
        }
    }
}
