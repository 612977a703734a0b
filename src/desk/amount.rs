//! Amounts as people write them in the configuration and in forms: `10m`, `7d`, `50MiB`. Whoever refuses one goes on from its text.

use std::{fmt, ops::RangeInclusive, str::FromStr};

use jiff::SignedDuration;

const DURATIONS: &[(&str, u64)] = &[("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)];
const SIZES: &[(&str, u64)] =
    &[("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("kB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000)];

/// `10s`, `10m`, `12h`, `7d`: from `least` to `most`, written alike.
///
/// # Errors
/// The sentence goes on from the text: `is not a duration …`.
pub fn duration(text: &str, least: &str, most: &str) -> Result<SignedDuration, String> {
    let seconds = with_unit(text, DURATIONS).ok_or_else(|| "is not a duration such as \"10s\", \"10m\", \"12h\" or \"7d\"".to_owned())?;
    within(seconds, least, most, DURATIONS)?;
    Ok(SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX)))
}

/// `50MiB`, in bytes: from `least` to `most`, written alike.
///
/// # Errors
/// As [`duration`].
pub fn size(text: &str, least: &str, most: &str) -> Result<u64, String> {
    let bytes = with_unit(text, SIZES).ok_or_else(|| "is not a size such as \"50MiB\" or \"500KiB\"".to_owned())?;
    within(bytes, least, most, SIZES)?;
    Ok(bytes)
}

/// A whole number within bounds.
///
/// # Errors
/// As [`duration`].
pub fn whole<T: FromStr + PartialOrd + fmt::Display>(text: &str, bounds: &RangeInclusive<T>) -> Result<T, String> {
    let outside = || format!("is not a whole number from {} to {}", bounds.start(), bounds.end());
    text.trim().parse().ok().filter(|it| bounds.contains(it)).ok_or_else(outside)
}

/// A duration as [`duration`] reads it: in the largest unit that says it exactly.
#[must_use]
pub fn of_duration(it: SignedDuration) -> String {
    written(it.as_secs().unsigned_abs(), &[("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)])
}

/// A size as [`size`] reads it.
#[must_use]
pub fn of_size(bytes: u64) -> String {
    written(bytes.div_ceil(1 << 10) << 10, &[("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)])
}

fn written(amount: u64, units: &[(&str, u64)]) -> String {
    let fits = units.iter().find(|(_, size)| amount >= *size && amount.is_multiple_of(*size)).or(units.last());
    fits.map_or_else(|| amount.to_string(), |(unit, size)| format!("{}{unit}", amount / size))
}

fn with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let (_, size) = units.iter().find(|(name, _)| *name == unit.trim())?;
    number.parse::<u64>().ok()?.checked_mul(*size)
}

fn within(amount: u64, least: &str, most: &str, units: &[(&str, u64)]) -> Result<(), String> {
    let bound = |text| with_unit(text, units).expect("the bounds are well formed");
    if amount < bound(least) {
        return Err(format!("is less than {least}"));
    }
    if amount > bound(most) { Err(format!("is more than {most}")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_written_as_it_is_read() {
        for text in ["0s", "10s", "90s", "15m", "12h", "7d", "36500d"] {
            assert_eq!(of_duration(duration(text, "0s", "36500d").unwrap()), text);
        }
        for text in ["64KiB", "50MiB", "1GiB"] {
            assert_eq!(of_size(size(text, "1KiB", "1GiB").unwrap()), text);
        }
    }
}
