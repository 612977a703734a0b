//! From what is written to what is meant: durations, sizes, words, numbers.

use std::{fmt, ops::RangeInclusive, str::FromStr};

use jiff::SignedDuration;

use super::{section::Refusal, source::Value};
use crate::desk::amount;
pub(super) use crate::desk::knob::quoted;

/// Text that says something.
pub(super) fn text(value: &Value) -> Result<String, Refusal> {
    let text = text_or_empty(value)?;
    if text.trim().is_empty() { Err("is empty".to_owned()) } else { Ok(text) }
}

/// Text, where saying nothing has a meaning too.
pub(super) fn text_or_empty(value: &Value) -> Result<String, Refusal> {
    match value {
        Value::Text(text) if text.chars().any(char::is_control) => Err("holds a control character".to_owned()),
        Value::Text(text) => Ok(text.clone()),
        Value::Whole(_) | Value::List(_) | Value::Table(_) | Value::Other(_) => Err("is not text; put it in quotes".to_owned()),
    }
}

/// A name for people: at most 100 characters on one line.
pub(super) fn name(value: &Value) -> Result<String, Refusal> {
    let name = text(value)?.trim().to_owned();
    if name.chars().count() > 100 { Err("is longer than 100 characters".to_owned()) } else { Ok(name) }
}

/// Whatever reads itself from text and says why it does not.
pub(super) fn parsed<T: FromStr<Err: fmt::Display>>(value: &Value) -> Result<T, Refusal> {
    text(value)?.trim().parse().map_err(|why| format!("cannot be used: {why}"))
}

/// One of the words of a closed set.
pub(super) fn word<T: Copy>(words: &'static [(&'static str, T)]) -> impl Fn(&Value) -> Result<T, Refusal> {
    move |value| {
        let found = match value {
            Value::Text(text) => words.iter().find(|(word, _)| word == text),
            Value::Whole(_) | Value::List(_) | Value::Table(_) | Value::Other(_) => None,
        };
        found.map(|(_, it)| *it).ok_or_else(|| format!("is not one of {}", quoted(words)))
    }
}

/// Any number of values, each read by `one`; in the environment they stand between commas.
pub(super) fn list<T>(one: impl Fn(&Value) -> Result<T, Refusal>) -> impl Fn(&Value) -> Result<Vec<T>, Refusal> {
    move |value| {
        let name = |value: &Value, why: Refusal| format!("cannot be used: {value} {why}");
        match value {
            Value::List(items) => items.iter().map(|it| one(&it.value).map_err(|why| name(&it.value, why))).collect(),
            Value::Text(text) => {
                let items = text.split(',').map(str::trim).filter(|it| !it.is_empty()).map(|it| Value::Text(it.to_owned()));
                items.map(|it| one(&it).map_err(|why| name(&it, why))).collect()
            }
            Value::Whole(_) | Value::Table(_) | Value::Other(_) => Err("is not a list; write it in square brackets".to_owned()),
        }
    }
}

/// A whole number within bounds.
pub(super) fn whole<T>(bounds: RangeInclusive<T>) -> impl Fn(&Value) -> Result<T, Refusal>
where
    T: TryFrom<i64> + FromStr + PartialOrd + fmt::Display,
{
    move |value| {
        let number = match value {
            Value::Whole(number) => T::try_from(*number).ok(),
            Value::Text(text) => text.trim().parse().ok(),
            Value::List(_) | Value::Table(_) | Value::Other(_) => None,
        };
        let outside = || format!("is not a whole number from {} to {}", bounds.start(), bounds.end());
        number.filter(|it| bounds.contains(it)).ok_or_else(outside)
    }
}

/// `"10s"`, `"10m"`, `"12h"`, `"7d"`: from `least` to `most`, written alike.
pub(super) fn duration(least: &'static str, most: &'static str) -> impl Fn(&Value) -> Result<SignedDuration, Refusal> {
    move |value| match value {
        Value::Text(text) => amount::duration(text, least, most),
        // Refused as what is no duration.
        Value::Whole(_) | Value::List(_) | Value::Table(_) | Value::Other(_) => amount::duration("", least, most),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_are_a_number_and_a_unit() {
        let long = duration("0s", "400d");
        for (text, seconds) in [("10s", 10), ("0s", 0), ("10m", 600), ("12h", 43_200), ("7d", 604_800), (" 7 d ", 604_800)] {
            assert_eq!(long(&Value::Text(text.to_owned())).unwrap().as_secs(), seconds, "{text}");
        }
        assert_eq!(amount::size("50MiB", "1KiB", "1GiB").unwrap(), 52_428_800);
        assert_eq!(amount::size("25 MB", "1KiB", "1GiB").unwrap(), 25_000_000);
    }

    #[test]
    fn what_is_no_duration_or_out_of_bounds_says_so() {
        let short = duration("1s", "5m");
        for (value, why) in [
            (Value::Text("10".to_owned()), "not a duration"),
            (Value::Text("1w".to_owned()), "not a duration"),
            (Value::Text("-1s".to_owned()), "not a duration"),
            (Value::Text("99999999999999999999d".to_owned()), "not a duration"),
            (Value::Whole(10), "not a duration"),
            (Value::Text("0s".to_owned()), "less than 1s"),
            (Value::Text("1h".to_owned()), "more than 5m"),
        ] {
            assert!(short(&value).unwrap_err().contains(why), "{value}");
        }
    }
}
