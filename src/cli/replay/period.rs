//! A moment as an operator types it.

use jiff::{SignedDuration, Timestamp, ToSpan as _, civil, tz::TimeZone};

/// Whether a day stands for its begin or its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Its first instant.
    Begin,
    /// The first instant of the next.
    End,
}

const HOW: &str = "give a day (2026-11-01), a moment (2026-11-01T09:00:00Z) or how long ago (36h, 7d, 2w)";

/// The moment that is meant.
///
/// # Errors
/// What can be given instead.
pub fn moment(text: &str, edge: Edge, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    let text = text.trim();
    if let Some(ago) = ago(text) {
        return now.checked_sub(ago).map_err(|_| format!("nothing is that old; {HOW}"));
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    let local = if text.contains(['T', ' ', ':']) { text.parse::<civil::DateTime>() } else { day(text, edge) };
    local.and_then(|it| it.to_zoned(zone.clone())).map(|it| it.timestamp()).map_err(|_| format!("this is no moment; {HOW}"))
}

fn day(text: &str, edge: Edge) -> Result<civil::DateTime, jiff::Error> {
    let day: civil::Date = text.parse()?;
    let midnight = day.to_datetime(civil::Time::midnight());
    match edge {
        Edge::Begin => Ok(midnight),
        Edge::End => midnight.checked_add(1.day()),
    }
}

/// `36h`, `7d`, `2w`.
fn ago(text: &str) -> Option<SignedDuration> {
    let unit = text.chars().last()?;
    let hours: i64 = match unit {
        'h' => 1,
        'd' => 24,
        'w' => 24 * 7,
        _ => return None,
    };
    let n: i64 = text[..text.len() - 1].parse().ok().filter(|it| (0..=1_000_000).contains(it))?;
    Some(SignedDuration::from_hours(n * hours))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_a_moment_and_a_span_are_understood() {
        let (now, zone) = ("2026-11-25T12:00:00Z".parse().unwrap(), TimeZone::get("Europe/Berlin").unwrap());
        for (text, edge, expected) in [
            ("2026-11-01", Edge::Begin, "2026-10-31T23:00:00Z"),
            ("2026-11-01", Edge::End, "2026-11-01T23:00:00Z"),
            ("2026-11-01T09:00:00Z", Edge::End, "2026-11-01T09:00:00Z"),
            ("2026-11-01T09:00:00+02:00", Edge::Begin, "2026-11-01T07:00:00Z"),
            ("2026-11-01 09:00", Edge::Begin, "2026-11-01T08:00:00Z"),
            ("36h", Edge::Begin, "2026-11-24T00:00:00Z"),
            ("2w", Edge::Begin, "2026-11-11T12:00:00Z"),
        ] {
            assert_eq!(moment(text, edge, now, &zone), Ok(expected.parse().unwrap()), "{text}");
        }
        for text in ["yesterday", "2026-13-01", "-1d", "d", "", "7", "99999999999999999d"] {
            assert!(moment(text, Edge::Begin, now, &zone).unwrap_err().contains("give a day"), "{text}");
        }
    }
}
