//! A span of whole days of the desk: what figures are counted over. Days begin and end at the desk's own midnight,
//! so that one of 23 or 25 hours, when clocks change, is one day.

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, Weekday},
    tz::TimeZone,
};

/// How far back figures go; each ends today.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Period {
    /// Today and the six days before.
    Days7,
    /// Today and the 29 days before.
    #[default]
    Days30,
    /// Today and the 89 days before.
    Days90,
    /// This calendar month and the eleven before.
    Months12,
}

impl Period {
    /// Shortest first.
    pub const ALL: [Self; 4] = [Self::Days7, Self::Days30, Self::Days90, Self::Months12];

    /// As addresses and forms say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Days7 => "7d",
            Self::Days30 => "30d",
            Self::Days90 => "90d",
            Self::Months12 => "12m",
        }
    }

    /// The word of [`Period::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }

    /// For screens: `Last 30 days`.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Days7 => "Last 7 days",
            Self::Days30 => "Last 30 days",
            Self::Days90 => "Last 90 days",
            Self::Months12 => "Last 12 months",
        }
    }

    /// What a median is taken over: long enough that it says something, short enough to see it move.
    #[must_use]
    pub fn step(self) -> Step {
        match self {
            Self::Days7 => Step::Day,
            Self::Days30 | Self::Days90 => Step::Week,
            Self::Months12 => Step::Month,
        }
    }

    /// Where the period before begins, of one whose days these are: it has as many.
    #[must_use]
    pub fn before(days: &[Day], zone: &TimeZone) -> Timestamp {
        let Some(first) = days.first() else { return Timestamp::MIN };
        let many = i32::try_from(days.len()).unwrap_or(i32::MAX);
        midnight(first.date.saturating_sub(many.days()), zone)
    }

    /// The days of the period that ends with the day of `now`, oldest first; never empty.
    #[must_use]
    pub fn days(self, now: Timestamp, zone: &TimeZone) -> Vec<Day> {
        let today = zone.to_datetime(now).date();
        let back = |days: i32| today.saturating_sub(days.days());
        let first = match self {
            Self::Days7 => back(6),
            Self::Days30 => back(29),
            Self::Days90 => back(89),
            Self::Months12 => today.first_of_month().saturating_sub(11.months()),
        };
        first.series(1.day()).take_while(|date| *date <= today).map(|date| Day::of(date, zone)).collect()
    }
}

/// Days taken together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// One by one.
    Day,
    /// Monday to Sunday (ISO 8601).
    Week,
    /// A calendar month.
    Month,
}

impl Step {
    /// The first day of the step that `date` is in; it may lie before the period.
    #[must_use]
    pub fn start(self, date: Date) -> Date {
        match self {
            Self::Day => date,
            Self::Week => date.saturating_sub(i32::from(date.weekday().since(Weekday::Monday)).days()),
            Self::Month => date.first_of_month(),
        }
    }

    /// For screens: `day`, `week`, `month`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }
}

/// One day of the desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// Its date in the desk's time zone.
    pub date: Date,
    /// Its first instant.
    pub start: Timestamp,
    /// The first instant of the next.
    pub end: Timestamp,
}

impl Day {
    fn of(date: Date, zone: &TimeZone) -> Self {
        Self { date, start: midnight(date, zone), end: midnight(date.saturating_add(1.day()), zone) }
    }
}

/// The first instant of a date; where clocks skip midnight, the instant they skip to.
fn midnight(date: Date, zone: &TimeZone) -> Timestamp {
    date.to_zoned(zone.clone()).map_or(Timestamp::MAX, |it| it.timestamp())
}

/// The day that `at`, in milliseconds since 1970, is in; none outside of the period.
#[must_use]
pub fn day_of(days: &[Day], at: i64) -> Option<usize> {
    let index = place_of(days, at);
    (days.get(index)?.start.as_millisecond() <= at).then_some(index)
}

/// How many days of the period are over at `at`, in milliseconds since 1970. Days are about as long as each other: the place is
/// guessed, and put right.
#[must_use]
pub fn place_of(days: &[Day], at: i64) -> usize {
    let Some(first) = days.first() else { return 0 };
    let guess = at.saturating_sub(first.start.as_millisecond()) / 86_400_000;
    let mut place = usize::try_from(guess).unwrap_or(0).min(days.len());
    while place > 0 && days[place - 1].end.as_millisecond() > at {
        place -= 1;
    }
    while place < days.len() && days[place].end.as_millisecond() <= at {
        place += 1;
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn hours(day: &Day) -> f64 {
        day.end.duration_since(day.start).as_secs_f64() / 3600.0
    }

    #[test]
    fn a_day_has_23_or_25_hours_when_clocks_change() {
        let stockholm = TimeZone::get("Europe/Stockholm").unwrap();
        let days = Period::Days7.days(at("2026-10-25T12:00:00Z"), &stockholm);
        assert_eq!(days.len(), 7);
        assert_eq!((days[0].date, hours(&days[0])), (Date::constant(2026, 10, 19), 24.0));
        assert_eq!((days[6].date, hours(&days[6])), (Date::constant(2026, 10, 25), 25.0));
        let spring = Period::Days7.days(at("2026-03-29T12:00:00Z"), &stockholm);
        assert_eq!(hours(&spring[6]), 23.0);
        assert!(days.windows(2).all(|pair| pair[0].end == pair[1].start), "no gap and no overlap");
    }

    #[test]
    fn a_midnight_that_clocks_skip_begins_the_day_later() {
        let beirut = TimeZone::get("Asia/Beirut").unwrap();
        let days = Period::Days7.days(at("2026-03-29T12:00:00Z"), &beirut);
        assert_eq!((days[6].date, hours(&days[6])), (Date::constant(2026, 3, 29), 23.0));
    }

    #[test]
    fn today_is_the_desks_today() {
        let auckland = TimeZone::get("Pacific/Auckland").unwrap();
        assert_eq!(Period::Days7.days(at("2026-11-24T20:00:00Z"), &auckland)[6].date, Date::constant(2026, 11, 25));
        assert_eq!(Period::Days7.days(at("2026-11-24T20:00:00Z"), &TimeZone::UTC)[6].date, Date::constant(2026, 11, 24));
    }

    #[test]
    fn twelve_months_are_calendar_months() {
        let days = Period::Months12.days(at("2026-11-24T20:00:00Z"), &TimeZone::UTC);
        assert_eq!(days[0].date, Date::constant(2025, 12, 1));
        assert_eq!(days.len(), 359);
        assert_eq!(Period::Days30.days(at("2026-11-24T20:00:00Z"), &TimeZone::UTC).len(), 30);
        assert_eq!(Period::Days90.days(at("2026-11-24T20:00:00Z"), &TimeZone::UTC).len(), 90);
    }

    #[test]
    fn the_period_before_has_as_many_days() {
        let stockholm = TimeZone::get("Europe/Stockholm").unwrap();
        let days = Period::Days7.days(at("2026-10-27T12:00:00Z"), &stockholm);
        assert_eq!(Period::before(&days, &stockholm), at("2026-10-13T22:00:00Z"));
    }

    #[test]
    fn an_instant_is_in_one_day() {
        let days = Period::Days7.days(at("2026-11-24T20:00:00Z"), &TimeZone::UTC);
        assert_eq!(day_of(&days, at("2026-11-18T00:00:00Z").as_millisecond()), Some(0));
        assert_eq!(day_of(&days, at("2026-11-17T23:59:59.999Z").as_millisecond()), None);
        assert_eq!(day_of(&days, at("2026-11-24T23:59:59.999Z").as_millisecond()), Some(6));
        assert_eq!(day_of(&days, at("2026-11-25T00:00:00Z").as_millisecond()), None);
    }

    #[test]
    fn weeks_begin_on_monday() {
        assert_eq!(Step::Week.start(Date::constant(2026, 11, 29)), Date::constant(2026, 11, 23));
        assert_eq!(Step::Week.start(Date::constant(2026, 11, 23)), Date::constant(2026, 11, 23));
        assert_eq!(Step::Month.start(Date::constant(2026, 11, 29)), Date::constant(2026, 11, 1));
    }
}
