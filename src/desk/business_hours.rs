//! Business hours: when the desk is at work, and how much of that lies between two instants.
//!
//! A minute counts when the clock on the wall shows a time within the day's hours and the date is no day off. So where clocks
//! leap ahead, what they skip does not count; where they go back, an hour that they show twice counts twice; and `00:00–24:00` is
//! the whole day, of 23, 24 or 25 hours.

use std::{collections::BTreeMap, fmt};

use jiff::{
    SignedDuration, Timestamp, ToSpan,
    civil::{Date, Time},
    tz::{Offset, TimeZone},
};

mod written;

pub use written::{WrongHours, read_days_off, write_days_off};

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// So far ahead an instant is looked for: whoever is at work on no day of so many never is.
const HORIZON_DAYS: i32 = 3 * 366;

/// A part of a day: from a minute to before another, `00:00` to `24:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    from: u16,
    to: u16,
}

impl Span {
    /// None unless it is at least a minute long and ends by midnight; both in minutes of the day.
    #[must_use]
    pub fn new(from: u16, to: u16) -> Option<Self> {
        (from < to && to <= DAY).then_some(Self { from, to })
    }

    /// The whole day.
    #[must_use]
    pub fn whole_day() -> Self {
        Self { from: 0, to: DAY }
    }

    /// Its first minute.
    #[must_use]
    pub fn from(self) -> u16 {
        self.from
    }

    /// The minute after its last: 1440 is midnight.
    #[must_use]
    pub fn to(self) -> u16 {
        self.to
    }
}

/// `08:00–17:00`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}–{:02}:{:02}", self.from / 60, self.from % 60, self.to / 60, self.to % 60)
    }
}

/// The hours of one day: in order, none touching another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DayHours(Vec<Span>);

impl DayHours {
    /// Spans in any order; those that meet or overlap become one.
    #[must_use]
    pub fn new(mut spans: Vec<Span>) -> Self {
        spans.sort_unstable();
        let mut hours: Vec<Span> = Vec::with_capacity(spans.len());
        for span in spans {
            match hours.last_mut() {
                Some(last) if span.from <= last.to => last.to = last.to.max(span.to),
                Some(_) | None => hours.push(span),
            }
        }
        Self(hours)
    }

    /// In order; empty: closed.
    #[must_use]
    pub fn spans(&self) -> &[Span] {
        &self.0
    }
}

/// When somebody is at work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Whose clock its hours are told by.
    pub zone: TimeZone,
    /// Monday to Sunday.
    pub week: [DayHours; 7],
    /// Dates on which nobody is, each with its name, which may be empty.
    pub days_off: BTreeMap<Date, String>,
}

impl Calendar {
    /// Every hour of every day.
    #[must_use]
    pub fn around_the_clock(zone: TimeZone) -> Self {
        Self { zone, week: std::array::from_fn(|_| DayHours::new(vec![Span::whole_day()])), days_off: BTreeMap::new() }
    }

    /// Whether each day of its week is a whole one.
    #[must_use]
    pub fn is_around_the_clock(&self) -> bool {
        self.week.iter().all(|day| day.spans() == [Span::whole_day()])
    }

    /// How much business time lies between two instants; none when `until` is not after `from`.
    #[must_use]
    pub fn between(&self, from: Timestamp, until: Timestamp) -> SignedDuration {
        if until <= from {
            return SignedDuration::ZERO;
        }
        if self.days_off.is_empty() && self.is_around_the_clock() {
            return until.duration_since(from);
        }
        self.open(from, until).fold(SignedDuration::ZERO, |sum, (start, end)| sum + end.duration_since(start))
    }

    /// The instant by which so much business time has passed since `from`: the earliest. None: never, or not for years.
    #[must_use]
    pub fn after(&self, from: Timestamp, business: SignedDuration) -> Option<Timestamp> {
        if !business.is_positive() {
            return Some(from);
        }
        let until = from.checked_add(SignedDuration::from_hours(24) * HORIZON_DAYS).ok()?;
        let mut left = business;
        for (start, end) in self.open(from, until) {
            let open = end.duration_since(start);
            if open >= left {
                return start.checked_add(left).ok();
            }
            left -= open;
        }
        None
    }

    /// The instants between which somebody is at work, in order, as far as they lie within the two.
    fn open(&self, from: Timestamp, until: Timestamp) -> impl Iterator<Item = (Timestamp, Timestamp)> + '_ {
        pieces(&self.zone, from, until).flat_map(move |piece| self.open_in(piece))
    }

    /// Of a piece of time in which clocks do not change, the spans of each date, cut to the piece.
    fn open_in(&self, piece: Piece) -> impl Iterator<Item = (Timestamp, Timestamp)> + '_ {
        let first = piece.offset.to_datetime(piece.start).date();
        let last = piece.offset.to_datetime(piece.end).date();
        first.series(1.day()).take_while(move |date| *date <= last).flat_map(move |date| {
            self.of(date).iter().filter_map(move |span| {
                let start = instant(date, span.from, piece.offset)?.max(piece.start);
                let end = instant(date, span.to, piece.offset)?.min(piece.end);
                (start < end).then_some((start, end))
            })
        })
    }

    /// The hours of a date.
    fn of(&self, date: Date) -> &[Span] {
        if self.days_off.contains_key(&date) {
            return &[];
        }
        self.week.get(usize::from(date.weekday().to_monday_zero_offset().unsigned_abs())).map_or(&[], DayHours::spans)
    }
}

/// The hours of a calendar over some years, laid out once: what lies between two instants is then a matter of looking twice.
#[derive(Clone, Debug)]
pub struct Hours {
    /// Start, end, and the milliseconds open before the start; in order.
    open: Vec<(i64, i64, i64)>,
    /// No days but whole ones: everything counts, within what was laid out or not.
    always: bool,
}

impl Hours {
    /// Over the time between two instants; what lies outside of them does not count.
    #[must_use]
    pub fn of(calendar: &Calendar, from: Timestamp, until: Timestamp) -> Self {
        let always = calendar.days_off.is_empty() && calendar.is_around_the_clock();
        let mut before = 0;
        let mut lay = |(start, end): (Timestamp, Timestamp)| {
            let (start, end) = (start.as_millisecond(), end.as_millisecond());
            let laid = (start, end, before);
            before += end - start;
            laid
        };
        Self { open: if always { Vec::new() } else { calendar.open(from, until).map(&mut lay).collect() }, always }
    }

    /// [`Calendar::between`], in milliseconds, of instants in milliseconds.
    #[must_use]
    pub fn between(&self, from: i64, until: i64) -> i64 {
        match (until <= from, self.always) {
            (true, _) => 0,
            (false, true) => until - from,
            (false, false) => self.before(until) - self.before(from),
        }
    }

    /// The business time before an instant.
    fn before(&self, at: i64) -> i64 {
        let next = self.open.partition_point(|(start, ..)| *start < at);
        let Some((start, end, before)) = next.checked_sub(1).and_then(|it| self.open.get(it)) else { return 0 };
        before + at.min(*end) - start
    }
}

/// Time in which clocks do not change.
#[derive(Clone, Copy)]
struct Piece {
    start: Timestamp,
    end: Timestamp,
    offset: Offset,
}

fn pieces(zone: &TimeZone, from: Timestamp, until: Timestamp) -> impl Iterator<Item = Piece> {
    let zone = zone.clone();
    let mut next = Some(from);
    std::iter::from_fn(move || {
        let start = next.filter(|it| *it < until)?;
        let end = zone.following(start).next().map_or(until, |it| it.timestamp().min(until));
        next = Some(end);
        Some(Piece { start, end, offset: zone.to_offset(start) })
    })
}

/// The instant at which clocks show a minute of a date, if they are so far from UTC; 1440 is the next date's midnight.
fn instant(date: Date, minute: u16, offset: Offset) -> Option<Timestamp> {
    let (date, minute) = if minute == DAY { (date.checked_add(1.day()).ok()?, 0) } else { (date, minute) };
    let time = Time::new(i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?, 0, 0).ok()?;
    offset.to_timestamp(date.to_datetime(time)).ok()
}

#[cfg(test)]
mod tests;
