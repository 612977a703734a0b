//! Figures as the chart macros take them: labelled rows, and a scale of round numbers.

use jiff::{SignedDuration, civil::Date};
use serde::Serialize;

use crate::desk::{
    analytics::{DayFigures, Times},
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

    /// Open tickets at the end of each day.
    pub(super) fn backlog(days: &[DayFigures]) -> Self {
        Self::new(days.iter().map(|day| (label(day.date, Step::Day), Some(day.open as f64), None)).collect(), "")
    }

    /// Median and ninety of a hundred, step by step, in the unit that suits the largest.
    pub(super) fn times(times: &Times, step: Step) -> Self {
        let longest = times.steps.iter().filter_map(|(_, it)| it.ninety).max().unwrap_or_default();
        let (unit, seconds) = match longest.as_secs() {
            ..10_800 => ("min", 60.0),
            10_800..259_200 => ("h", 3600.0),
            _ => ("d", 86_400.0),
        };
        let value = |it: Option<SignedDuration>| it.map(|it| (it.as_secs_f64() / seconds * 10.0).round() / 10.0);
        Self::new(times.steps.iter().map(|(first, it)| (label(*first, step), value(it.median), value(it.ninety))).collect(), unit)
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

/// `45 s`, `38 min`, `6.4 h`, `2.3 days`; a dash where there is nothing.
pub(super) fn duration(it: Option<SignedDuration>) -> String {
    let Some(it) = it else { return "–".to_owned() };
    let seconds = it.as_secs_f64();
    match it.as_secs() {
        ..60 => format!("{} s", it.as_secs()),
        60..5400 => format!("{:.0} min", seconds / 60.0),
        5400..172_800 => format!("{:.1} h", seconds / 3600.0),
        _ => format!("{:.1} days", seconds / 86_400.0),
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

    #[test]
    fn durations_are_short() {
        let said = |seconds| duration(Some(SignedDuration::from_secs(seconds)));
        assert_eq!([said(45), said(38 * 60), said(23_040), said(200_000)], ["45 s", "38 min", "6.4 h", "2.3 days"]);
        assert_eq!(duration(None), "–");
    }
}
