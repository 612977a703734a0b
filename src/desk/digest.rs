//! When a digest goes out: once a day, in the morning of whoever reads it.

use jiff::{Timestamp, ToSpan, civil::Time, tz::TimeZone};

/// At this hour of their own zone.
pub const HOUR: i8 = 8;

/// When the digest is due whose oldest line is from then: the first morning after it. An hour that the clocks leave out is the next that
/// there is.
#[must_use]
pub fn due_at(oldest: Timestamp, zone: &TimeZone) -> Timestamp {
    let here = oldest.to_zoned(zone.clone());
    let morning = |days: i64| {
        let day = here.date().checked_add(days.days()).ok()?;
        day.to_datetime(Time::constant(HOUR, 0, 0, 0)).to_zoned(zone.clone()).ok().map(|it| it.timestamp())
    };
    [morning(0), morning(1)].into_iter().flatten().find(|it| *it > oldest).unwrap_or(oldest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_due_at_the_first_morning_after_what_it_tells() {
        for (oldest, zone, due) in [
            ("2026-11-02T06:59:00Z", "Europe/Prague", "2026-11-02T07:00:00Z"),
            ("2026-11-02T07:00:00Z", "Europe/Prague", "2026-11-03T07:00:00Z"),
            ("2026-03-28T12:00:00Z", "Europe/Prague", "2026-03-29T06:00:00Z"),
            ("2026-11-02T12:00:00Z", "Asia/Tokyo", "2026-11-02T23:00:00Z"),
            ("2026-11-02T12:00:00Z", "America/Los_Angeles", "2026-11-02T16:00:00Z"),
        ] {
            let due_at = due_at(oldest.parse().unwrap(), &TimeZone::get(zone).unwrap());
            assert_eq!(due_at.to_string(), due, "{oldest} in {zone}");
        }
    }
}
