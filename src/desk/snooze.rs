//! Putting a ticket off: it leaves the active queues until a time, or until its customer writes, whichever is first.

use jiff::{
    SignedDuration, Span, Timestamp, Zoned,
    civil::{Date, DateTime, Time, Weekday},
    tz::TimeZone,
};

use crate::desk::id::PersonId;

/// A ticket lies no longer than that: what is put off for longer is forgotten.
const LONGEST_DAYS: i64 = 366;

/// The same in hours.
const LONGEST_HOURS: i64 = 24 * LONGEST_DAYS;

/// When a working day begins, for what returns “in the morning”.
const MORNING: Time = Time::constant(9, 0, 0, 0);

/// A ticket is put off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snooze {
    /// Until when.
    pub until: Timestamp,
    /// By whom.
    pub by: PersonId,
}

/// Why a ticket is back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Back {
    /// The time has come.
    Time,
    /// Its customer wrote.
    Answer,
    /// Staff took it back.
    Staff,
    /// It was resolved or closed meanwhile.
    Done,
}

impl Back {
    /// As a line of the history says it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Answer => "answer",
            Self::Staff => "staff",
            Self::Done => "done",
        }
    }

    /// The word of [`Back::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Time, Self::Answer, Self::Staff, Self::Done].into_iter().find(|it| it.as_str() == word)
    }
}

/// A time that is one key away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// In three hours, on the quarter.
    LaterToday,
    /// Tomorrow at nine.
    Tomorrow,
    /// The next Monday at nine.
    Monday,
}

impl Preset {
    /// The nearest first.
    pub const ALL: [Self; 3] = [Self::LaterToday, Self::Tomorrow, Self::Monday];

    /// As forms say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LaterToday => "later",
            Self::Tomorrow => "tomorrow",
            Self::Monday => "monday",
        }
    }

    /// The word of [`Preset::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }

    /// For screens.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::LaterToday => "Later today",
            Self::Tomorrow => "Tomorrow morning",
            Self::Monday => "Next Monday",
        }
    }

    /// When that is; none: today is nearly over.
    #[must_use]
    pub fn at(self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let here = now.to_zoned(zone.clone());
        match self {
            Self::LaterToday => later_today(&here),
            Self::Tomorrow => morning_after(&here, 1),
            Self::Monday => {
                let days = i64::from(here.weekday().until(Weekday::Monday));
                morning_after(&here, if days == 0 { 7 } else { days })
            }
        }
    }
}

fn later_today(here: &Zoned) -> Option<Timestamp> {
    const QUARTER: i64 = 15 * 60;
    let soon = (here.timestamp() + SignedDuration::from_hours(3)).as_second();
    let at = Timestamp::from_second(soon + (QUARTER - soon.rem_euclid(QUARTER)) % QUARTER).ok()?;
    (at.to_zoned(here.time_zone().clone()).date() == here.date()).then_some(at)
}

fn morning_after(here: &Zoned, days: i64) -> Option<Timestamp> {
    let date = here.date().checked_add(Span::new().try_days(days).ok()?).ok()?;
    Some(date.to_datetime(MORNING).to_zoned(here.time_zone().clone()).ok()?.timestamp())
}

/// Why a ticket cannot be put off until then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotSnooze {
    /// No time at all.
    #[error("this is no date and time; write it as 2026-11-30 09:00")]
    NoTime,
    /// It would be back already.
    #[error("this time is over; choose one that is to come")]
    Past,
    /// It would be forgotten.
    #[error("a ticket can be snoozed for a year at most; choose an earlier time")]
    TooLong,
    /// Nothing is to be done about it anyway.
    #[error("only a ticket that is Open or In Progress can be snoozed; set its status first")]
    NotActive,
}

/// `2026-11-30T09:00` as a browser sends it, or with a space, in the zone of whoever typed it.
///
/// # Errors
/// [`CannotSnooze::NoTime`].
pub fn typed(text: &str, zone: &TimeZone) -> Result<Timestamp, CannotSnooze> {
    let local: DateTime = text.trim().replace(' ', "T").parse().map_err(|_| CannotSnooze::NoTime)?;
    local.to_zoned(zone.clone()).map(|it| it.timestamp()).map_err(|_| CannotSnooze::NoTime)
}

/// `2h`, `3d`, `1w`, `later`, `tomorrow`, `monday`, `2026-11-30` or `2026-11-30 14:00`, as a line of mail says it. Days and weeks are
/// over in the morning.
///
/// # Errors
/// [`CannotSnooze::NoTime`] or [`CannotSnooze::TooLong`].
pub fn said(words: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, CannotSnooze> {
    let words = words.trim().to_lowercase();
    if let Some(preset) = Preset::parse(&words) {
        return preset.at(now, zone).ok_or(CannotSnooze::NoTime);
    }
    let counted = words.strip_suffix(['h', 'd', 'w']).and_then(|it| it.trim_end().parse::<i64>().ok()).filter(|it| *it > 0);
    if let Some(n) = counted {
        let days = if words.ends_with('w') { n.saturating_mul(7) } else { n };
        return match (words.ends_with('h'), days) {
            (_, LONGEST_HOURS..) => Err(CannotSnooze::TooLong),
            (true, hours) => Ok(now + SignedDuration::from_hours(hours)),
            (false, days) => morning_after(&now.to_zoned(zone.clone()), days).ok_or(CannotSnooze::TooLong),
        };
    }
    let date: Option<Date> = words.parse().ok().filter(|_| words.len() == "2026-11-30".len());
    match date {
        Some(date) => date.to_datetime(MORNING).to_zoned(zone.clone()).map(|it| it.timestamp()).map_err(|_| CannotSnooze::NoTime),
        None => typed(&words.to_uppercase(), zone),
    }
}

/// A time that a ticket can be put off until.
///
/// # Errors
/// [`CannotSnooze::Past`] or [`CannotSnooze::TooLong`].
pub fn until(now: Timestamp, at: Timestamp) -> Result<Timestamp, CannotSnooze> {
    if at <= now {
        return Err(CannotSnooze::Past);
    }
    if at > now + SignedDuration::from_hours(LONGEST_HOURS) {
        return Err(CannotSnooze::TooLong);
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stockholm() -> TimeZone {
        TimeZone::get("Europe/Stockholm").unwrap()
    }

    #[test]
    fn a_preset_is_a_time_of_ones_own_clock() {
        for (now, preset, at) in [
            ("2026-11-24T13:02:00Z", Preset::LaterToday, Some("2026-11-24T16:15:00Z")),
            ("2026-11-24T13:00:00Z", Preset::LaterToday, Some("2026-11-24T16:00:00Z")),
            ("2026-11-24T20:30:00Z", Preset::LaterToday, None),
            ("2026-11-24T13:02:00Z", Preset::Tomorrow, Some("2026-11-25T08:00:00Z")),
            ("2026-11-24T23:30:00Z", Preset::Tomorrow, Some("2026-11-26T08:00:00Z")),
            ("2026-11-24T13:02:00Z", Preset::Monday, Some("2026-11-30T08:00:00Z")),
            ("2026-11-30T05:00:00Z", Preset::Monday, Some("2026-12-07T08:00:00Z")),
            // Over the night in which the clocks go forward.
            ("2027-03-27T13:00:00Z", Preset::Tomorrow, Some("2027-03-28T07:00:00Z")),
        ] {
            let found = preset.at(now.parse().unwrap(), &stockholm());
            assert_eq!(found, at.map(|it| it.parse().unwrap()), "{now} {preset:?}");
        }
    }

    #[test]
    fn a_time_of_ones_own_is_read_in_ones_own_zone() {
        for text in ["2026-11-30T09:00", " 2026-11-30 09:00 ", "2026-11-30T09:00:00"] {
            assert_eq!(typed(text, &stockholm()), Ok("2026-11-30T08:00:00Z".parse().unwrap()), "{text}");
        }
        for text in ["", "tomorrow", "2026-13-01T09:00", "2026-11-31 09:00", "9999999999999999999"] {
            assert_eq!(typed(text, &stockholm()), Err(CannotSnooze::NoTime), "{text}");
        }
    }

    #[test]
    fn a_line_of_mail_says_when() {
        let now: Timestamp = "2026-11-24T13:02:00Z".parse().unwrap();
        for (words, at) in [
            ("2h", "2026-11-24T15:02:00Z"),
            ("3d", "2026-11-27T08:00:00Z"),
            ("1W", "2026-12-01T08:00:00Z"),
            ("Tomorrow", "2026-11-25T08:00:00Z"),
            ("monday", "2026-11-30T08:00:00Z"),
            ("2026-12-24", "2026-12-24T08:00:00Z"),
            ("2026-12-24 14:00", "2026-12-24T13:00:00Z"),
            ("2026-12-24T14:00", "2026-12-24T13:00:00Z"),
        ] {
            assert_eq!(said(words, now, &stockholm()), Ok(at.parse().unwrap()), "{words}");
        }
        for words in ["", "d", "0d", "-1d", "soon", "3", "3 months", "2026-13-01", "ü", "1ü"] {
            assert_eq!(said(words, now, &stockholm()), Err(CannotSnooze::NoTime), "{words}");
        }
        for words in ["9999d", "9223372036854775807w", "9223372036854775807h"] {
            assert_eq!(said(words, now, &stockholm()), Err(CannotSnooze::TooLong), "{words}");
        }
    }

    #[test]
    fn what_is_over_or_far_away_is_refused() {
        let now: Timestamp = "2026-11-24T13:00:00Z".parse().unwrap();
        assert_eq!(until(now, now), Err(CannotSnooze::Past));
        assert!(until(now, now + SignedDuration::from_secs(1)).is_ok());
        assert_eq!(until(now, "2027-11-26T13:00:00Z".parse().unwrap()), Err(CannotSnooze::TooLong));
    }
}
