//! Figures as the chart macros take them: labelled rows, and a scale of round numbers.

use jiff::{SignedDuration, civil::Date};
use serde::Serialize;

use crate::desk::{
    analytics::{AGES, DayFigures, Figures, LENGTHS, StepFigures, Took},
    period::Step,
};

/// One or two series over the same labels.
#[derive(Debug, Serialize)]
pub(super) struct Chart {
    /// Each a label, then its values; none: nothing to draw there.
    rows: Vec<(String, Option<f64>, Option<f64>)>,
    /// The value at the top.
    max: f64,
    /// Values with a line and a number, from 0 to the top.
    ticks: Vec<f64>,
    /// Each how many rows have their label drawn.
    every: usize,
    /// Of the values: empty for plain counts.
    unit: &'static str,
}

impl Chart {
    fn new(rows: Vec<(String, Option<f64>, Option<f64>)>, unit: &'static str) -> Self {
        let top = rows.iter().flat_map(|(_, a, b)| [*a, *b]).flatten().fold(0.0, f64::max);
        let step = round_step(top / 4.0);
        let steps = (1..=8).find(|it| f64::from(*it) * step >= top).unwrap_or(8);
        let ticks: Vec<f64> = (0..=steps).map(|it| f64::from(it) * step).collect();
        let every = rows.len().div_ceil(9).max(1);
        Self { rows, max: f64::from(steps) * step, ticks, every, unit }
    }

    /// New and resolved tickets, by day, or by week where days would be too many to see.
    pub(super) fn volume(days: &[DayFigures]) -> Self {
        let step = if days.len() > 100 { Step::Week } else { Step::Day };
        let mut rows: Vec<(Date, i64, i64)> = Vec::new();
        for day in days {
            match rows.last_mut() {
                Some((first, opened, resolved)) if step.start(*first) == step.start(day.date) => {
                    *opened += day.opened;
                    *resolved += day.resolved;
                }
                _ => rows.push((day.date, day.opened, day.resolved)),
            }
        }
        Self::new(rows.into_iter().map(|(date, a, b)| (label(date, Step::Day), Some(a as f64), Some(b as f64))).collect(), "")
    }

    /// Median and ninety of a hundred, step by step, in the unit that suits the largest.
    pub(super) fn times(figures: &Figures, step: Step, of: impl Fn(&StepFigures) -> Took) -> Self {
        let longest = figures.steps.iter().filter_map(|it| of(it).business.ninety).max().unwrap_or_default();
        let (unit, seconds) = if longest.as_secs() < 10_800 { ("min", 60.0) } else { ("h", 3600.0) };
        let value = |it: Option<SignedDuration>| it.map(|it| (it.as_secs_f64() / seconds * 10.0).round() / 10.0);
        let row = |it: &StepFigures| (label(it.first, step), value(of(it).business.median), value(of(it).business.ninety));
        Self::new(figures.steps.iter().map(row).collect(), unit)
    }

    /// How many resolutions took how long.
    pub(super) fn lengths(figures: &Figures) -> Self {
        let rows = LENGTHS.iter().zip(figures.lengths).map(|((name, _), n)| ((*name).to_owned(), Some(n as f64), None));
        Self { every: 1, ..Self::new(rows.collect(), "") }
    }
}

/// Several series on top of each other.
#[derive(Debug, Serialize)]
pub(super) struct Stacked {
    /// Each a label, and the sums up to each series.
    rows: Vec<(String, Vec<f64>)>,
    /// How it stands at the last, in words.
    now: String,
    /// Each a name and its class.
    series: Vec<(&'static str, &'static str)>,
    max: f64,
    ticks: Vec<f64>,
    every: usize,
}

impl Stacked {
    fn new(days: &[DayFigures], series: Vec<(&'static str, &'static str)>, values: impl Fn(&DayFigures) -> Vec<i64>) -> Self {
        // The last day of a week stands for it where days would be too many to see.
        let shown = days.iter().enumerate().filter(|(at, day)| {
            days.len() <= 100 || *at + 1 == days.len() || Step::Week.start(day.date) != Step::Week.start(days[at + 1].date)
        });
        let row = |(_, day): (usize, &DayFigures)| {
            let sums = values(day).into_iter().scan(0, |sum, it| {
                *sum += it;
                Some(*sum as f64)
            });
            (label(day.date, Step::Day), sums.collect())
        };
        let rows: Vec<(String, Vec<f64>)> = shown.map(row).collect();
        let parts = |day| values(day).into_iter().zip(&series).map(|(n, (name, _))| format!("{n} {}", name.to_lowercase())).collect();
        let now = days.last().map_or_else(Vec::new, parts).join(", ");
        let scale = Chart::new(rows.iter().map(|(label, sums)| (label.clone(), sums.last().copied(), None)).collect(), "");
        Self { rows, now, series, max: scale.max, ticks: scale.ticks, every: scale.every }
    }

    /// Open, and In Progress, at the end of each day.
    pub(super) fn by_status(days: &[DayFigures]) -> Self {
        Self::new(days, vec![("In Progress", "m"), ("Open", "a")], |day| vec![day.in_progress, day.open])
    }

    /// By how long ago they were opened, the oldest below.
    pub(super) fn by_age(days: &[DayFigures]) -> Self {
        let classes = ["h0", "h1", "h2", "h3", "h4"];
        let series = AGES.iter().zip(classes).rev().map(|((name, _), class)| (*name, class));
        Self::new(days, series.collect(), |day| day.ages.iter().rev().copied().collect())
    }
}

/// 1, 2 or 5 times a power of ten, not less than `at_least`; at least 1.
fn round_step(at_least: f64) -> f64 {
    let power = 10_f64.powf(at_least.max(1.0).log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|it| it * power).find(|it| *it >= at_least).unwrap_or(1.0)
}

/// `19 Oct`, or `Oct 26` for a month.
pub(super) fn label(date: Date, step: Step) -> String {
    match step {
        Step::Day | Step::Week => date.strftime("%-d %b").to_string(),
        Step::Month => date.strftime("%b %y").to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_has_round_numbers_and_holds_the_largest() {
        for (top, max, lines) in [(0.0, 1.0, 2), (3.0, 3.0, 4), (7.0, 8.0, 5), (36.0, 40.0, 5), (43.0, 60.0, 4), (612.0, 800.0, 5)] {
            let chart = Chart::new(vec![("a".to_owned(), Some(top), None)], "");
            assert_eq!((chart.max, chart.ticks.len()), (max, lines), "{top}");
        }
    }
}
