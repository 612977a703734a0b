//! Figures in words: durations, shares, and how they stand to those of the period before.

use jiff::SignedDuration;
use serde::Serialize;

use crate::{
    desk::analytics::{DayFigures, Figures, Share, Spread, Sums, Took},
    panel::words::business,
};

/// One figure above the charts.
#[derive(Debug, Serialize)]
pub(super) struct Stat {
    name: &'static str,
    value: String,
    note: String,
    /// `up` where that is good, `down` where it is not; else nothing.
    class: &'static str,
}

/// Whether more of something is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum More {
    Good,
    Bad,
    Neither,
}

impl Stat {
    pub fn new(name: &'static str, value: String, note: String) -> Self {
        Self { name, value, note, class: "" }
    }

    /// A count, and by how much it differs from before.
    pub fn count(name: &'static str, now: i64, before: i64, more: More) -> Self {
        let note = match (now - before, before) {
            (0, _) => "as before".to_owned(),
            (_, 0) => "none before".to_owned(),
            (change, before) => {
                let per_cent = (change.abs() * 100 + before / 2) / before;
                format!("{per_cent} % {} than before", if change > 0 { "more" } else { "fewer" })
            }
        };
        Self { class: class(now - before, more), ..Self::new(name, now.to_string(), note) }
    }

    /// A median in business hours, and by how much it differs from before.
    pub fn median(name: &'static str, now: &Took, before: &Took) -> Self {
        let value = hours(now.business.median);
        let (Some(this), Some(that)) = (now.business.median, before.business.median) else { return Self::new(name, value, String::new()) };
        let change = this - that;
        if change.abs() < SignedDuration::from_mins(1) {
            return Self::new(name, value, "as before".to_owned());
        }
        let word = if change.is_positive() { "slower" } else { "faster" };
        let sign = if change.is_positive() { 1 } else { -1 };
        Self { class: class(sign, More::Bad), ..Self::new(name, value, format!("{} {word}", business(change.abs()))) }
    }

    /// A share, of how many, and by how many points it differs from before.
    pub fn share(name: &'static str, now: Share, before: Share, of: &str) -> Self {
        let points = now.per_cent().zip(before.per_cent()).map_or(0, |(now, before)| now - before);
        let change = match points {
            0 => String::new(),
            points => format!(", {} {} than before", points.abs(), if points > 0 { "points more" } else { "points fewer" }),
        };
        let note = if now.of == 0 { String::new() } else { format!("{} {of}{change}", now.of) };
        Self { class: class(points, More::Good), ..Self::new(name, per_cent(now), note) }
    }
}

fn class(change: i64, more: More) -> &'static str {
    match (change.signum(), more) {
        (0, _) | (_, More::Neither) => "",
        (1, More::Good) | (-1, More::Bad) => "up",
        (_, More::Good | More::Bad) => "down",
    }
}

/// `94 %`; a dash of nothing.
pub(super) fn per_cent(share: Share) -> String {
    share.per_cent().map_or_else(|| "–".to_owned(), |it| format!("{it} %"))
}

/// Business time; a dash where there is nothing.
pub(super) fn hours(it: Option<SignedDuration>) -> String {
    it.map_or_else(|| "–".to_owned(), business)
}

/// Wall time: `45 s`, `38 min`, `6.4 h`, `2.3 days`; a dash where there is nothing.
pub(super) fn wall(it: Option<SignedDuration>) -> String {
    let Some(it) = it else { return "–".to_owned() };
    let seconds = it.as_secs_f64();
    match it.as_secs() {
        ..60 => format!("{} s", it.as_secs()),
        60..5400 => format!("{:.0} min", seconds / 60.0),
        5400..172_800 => format!("{:.1} h", seconds / 3600.0),
        _ => format!("{:.1} days", seconds / 86_400.0),
    }
}

/// For another program to count on; empty where there is nothing.
pub(super) fn minutes(it: Option<SignedDuration>) -> String {
    it.map_or_else(String::new, |it| format!("{:.1}", it.as_secs_f64() / 60.0))
}

/// `1.8`; a dash of nothing.
pub(super) fn replies(sums: &Sums) -> String {
    sums.replies_per_resolution().map_or_else(|| "–".to_owned(), |it| format!("{it:.1}"))
}

/// Median and ninety of a hundred in business hours, then in wall time.
pub(super) fn four(took: &Took) -> [String; 4] {
    let Spread { median, ninety, .. } = took.business;
    [hours(median), hours(ninety), wall(took.wall.median), wall(took.wall.ninety)]
}

/// `19 Oct 2026 – 17 Nov 2026`.
pub(super) fn span(figures: &Figures) -> String {
    let day = |it: Option<&DayFigures>| it.map_or_else(String::new, |it| it.date.strftime("%-d %b %Y").to_string());
    format!("{} – {}", day(figures.days.first()), day(figures.days.last()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        let said = |seconds| wall(Some(SignedDuration::from_secs(seconds)));
        assert_eq!([said(45), said(38 * 60), said(23_040), said(200_000)], ["45 s", "38 min", "6.4 h", "2.3 days"]);
        assert_eq!(wall(None), "–");
        let said = |minutes| hours(Some(SignedDuration::from_mins(minutes)));
        assert_eq!([said(0), said(38), said(384), said(3120)], ["1 min", "38 min", "6.4 h", "52 h"]);
    }

    #[test]
    fn a_change_says_which_way_and_whether_that_is_good() {
        let count = |now, before| Stat::count("New", now, before, More::Bad);
        let told = |it: Stat| (it.note, it.class);
        assert_eq!(told(count(12, 10)), ("20 % more than before".to_owned(), "down"));
        assert_eq!(told(count(5, 10)), ("50 % fewer than before".to_owned(), "up"));
        assert_eq!(told(count(5, 5)), ("as before".to_owned(), ""));
        assert_eq!(told(count(5, 0)), ("none before".to_owned(), "down"));
        let took = |minutes| {
            let median = Some(SignedDuration::from_mins(minutes));
            Took { business: Spread { count: 1, median, ninety: None }, ..Took::default() }
        };
        assert_eq!(told(Stat::median("First", &took(38), &took(45))), ("7 min faster".to_owned(), "up"));
        assert_eq!(told(Stat::median("First", &took(38), &Took::default())), (String::new(), ""));
        let share = Stat::share("Satisfied", Share { kept: 9, of: 10 }, Share { kept: 8, of: 10 }, "answers");
        assert_eq!((share.value.as_str(), share.note.as_str(), share.class), ("90 %", "10 answers, 10 points more than before", "up"));
    }
}
