//! A calendar's parts as people write them and as they are kept.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{DAY, DayHours, Span};

/// More spans a day than anybody works.
const MOST_SPANS: usize = 12;

/// More days off than a desk looks ahead and back.
const MOST_DAYS_OFF: usize = 500;

/// The longest name of a day off; characters.
const LONGEST_NAME: usize = 80;

/// What cannot be taken as hours, or as days off.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongHours {
    /// No time of day.
    #[error("“{0}” is no time of day; write 08:00, or 24:00 for midnight at the end of the day")]
    Time(String),
    /// It ends before it begins.
    #[error("{0} to {1} ends before it begins; hours past midnight belong to the next day")]
    Backwards(String, String),
    /// Half of it is missing.
    #[error("hours need a beginning and an end")]
    Half,
    /// Two at once.
    #[error("{0} and {1} overlap")]
    Overlap(Span, Span),
    /// Too many.
    #[error("a day has at most {MOST_SPANS} spans of hours")]
    TooMany,
    /// No date.
    #[error("“{0}” does not begin with a date; write 2026-12-24 Christmas Eve, one day a line")]
    Date(String),
    /// One date twice.
    #[error("{0} is there twice")]
    Twice(Date),
    /// Too many days off.
    #[error("at most {MOST_DAYS_OFF} days off are kept; take off those that are long past")]
    TooManyDays,
}

impl DayHours {
    /// From pairs of times as a form sends them; a pair of which both are empty is none.
    ///
    /// # Errors
    /// [`WrongHours`] for what is no time, ends before it begins, or overlaps.
    pub fn read<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, WrongHours> {
        let mut spans = Vec::new();
        for (from, to) in pairs.map(|(from, to)| (from.trim(), to.trim())).filter(|(from, to)| !(from.is_empty() && to.is_empty())) {
            if from.is_empty() || to.is_empty() {
                return Err(WrongHours::Half);
            }
            // A browser’s field for times knows no 24:00.
            let end = match minute(to)? {
                0 => DAY,
                end => end,
            };
            spans.push(Span::new(minute(from)?, end).ok_or_else(|| WrongHours::Backwards(from.to_owned(), to.to_owned()))?);
        }
        if spans.len() > MOST_SPANS {
            return Err(WrongHours::TooMany);
        }
        spans.sort_unstable();
        match spans.windows(2).find(|pair| pair[1].from < pair[0].to) {
            Some(pair) => Err(WrongHours::Overlap(pair[0], pair[1])),
            None => Ok(Self::new(spans)),
        }
    }

    /// As it is kept: `480-720,780-1020`; empty: closed.
    #[must_use]
    pub fn kept(&self) -> String {
        self.spans().iter().map(|it| format!("{}-{}", it.from, it.to)).collect::<Vec<_>>().join(",")
    }

    /// [`DayHours::kept`] read back.
    #[must_use]
    pub fn from_kept(kept: &str) -> Option<Self> {
        let span = |it: &str| it.split_once('-').and_then(|(from, to)| Span::new(from.parse().ok()?, to.parse().ok()?));
        kept.split(',').filter(|it| !it.is_empty()).map(span).collect::<Option<Vec<_>>>().map(Self::new)
    }
}

/// `08:00`, `8:00` or `24:00`, in minutes of the day.
fn minute(text: &str) -> Result<u16, WrongHours> {
    let number =
        |it: &str| Some(it).filter(|it| (1..=2).contains(&it.len()) && it.bytes().all(|b| b.is_ascii_digit()))?.parse::<u16>().ok();
    let read = text.split_once(':').and_then(|(hour, minute)| Some((number(hour)?, number(minute).filter(|_| minute.len() == 2)?)));
    match read {
        Some((24, 0)) => Ok(DAY),
        Some((hour @ 0..24, minute @ 0..60)) => Ok(hour * 60 + minute),
        Some(_) | None => Err(WrongHours::Time(text.chars().take(40).collect())),
    }
}

/// Days off as people write them: one a line, the date first, then its name.
///
/// # Errors
/// [`WrongHours`] for a line without a date, or a date that is there twice.
pub fn read_days_off(text: &str) -> Result<BTreeMap<Date, String>, WrongHours> {
    let mut days = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|it| !it.is_empty()) {
        let (date, name) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let plain = date.len() == 10 && date.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let date: Option<Date> = if plain { date.parse().ok() } else { None };
        let date = date.ok_or_else(|| WrongHours::Date(line.chars().take(40).collect()))?;
        let name: String =
            name.split_whitespace().collect::<Vec<_>>().join(" ").chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
        if days.insert(date, name).is_some() {
            return Err(WrongHours::Twice(date));
        }
        if days.len() > MOST_DAYS_OFF {
            return Err(WrongHours::TooManyDays);
        }
    }
    Ok(days)
}

/// [`read_days_off`] written again, in the order of the dates.
#[must_use]
pub fn write_days_off(days: &BTreeMap<Date, String>) -> String {
    days.iter().map(|(date, name)| format!("{date} {name}").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}
