//! The date at the beginning of an attribution, word by word: each of its parts once.

use super::words::{Kind, Number, Word};

/// What was taken so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Date {
    /// It stands behind `On`, `Dne` and the like.
    is_opened: bool,
    pub time: bool,
    year: bool,
    /// `03.03.2026`.
    full: bool,
    /// `3`, and the month where it is a number of its own.
    small: usize,
    weekdays: usize,
    months: usize,
    /// `mar`, which is one or the other.
    either: usize,
    begun: bool,
}

/// Whether a word is the date's next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Fits,
    /// No word of dates.
    IsNone,
    /// A second weekday, month, year, time.
    Again,
}

impl Date {
    /// Nothing of it yet, but what opens it.
    pub fn opened(is_opened: bool) -> Self {
        Self { is_opened, ..Self::default() }
    }

    /// Takes the next word, if it fits.
    pub fn take(&mut self, word: &Word) -> Taken {
        let mut with = self.clone();
        match word.kind {
            Kind::Name | Kind::Verb | Kind::Address => return Taken::IsNone,
            Kind::Opener if self.begun => return Taken::Again,
            Kind::Opener | Kind::Link => with.begun = true,
            Kind::Number(number) if self.repeats(number) => return Taken::Again,
            Kind::Number(_) | Kind::Weekday | Kind::Month | Kind::WeekdayOrMonth => with.add(word),
        }
        if with.weekdays > 1 || with.months > 1 || with.weekdays + with.months + with.either > 2 || with.has_days() > 1 {
            return Taken::Again;
        }
        *self = with;
        Taken::Fits
    }

    /// Adds what a word says.
    pub fn add(&mut self, word: &Word) {
        self.begun = true;
        match word.kind {
            Kind::Weekday => self.weekdays += 1,
            Kind::Month => self.months += 1,
            Kind::WeekdayOrMonth => self.either += 1,
            Kind::Number(number) => {
                let as_time = number.time || number.dotted && self.is_whole() || number.full && !number.year && self.small > 0;
                self.time |= as_time;
                self.year |= number.year;
                self.full |= number.full && !as_time;
                self.small += number.small;
            }
            Kind::Opener | Kind::Link | Kind::Name | Kind::Verb | Kind::Address => (),
        }
    }

    fn repeats(&self, number: Number) -> bool {
        number.year && (self.year || self.full) || number.time && self.time || number.full && self.full
    }

    /// How many days its small numbers are, less the number of a month.
    fn has_days(&self) -> usize {
        let named = self.full || self.months > 0 || self.either + self.weekdays > 1;
        let is_three = self.is_opened && !self.year && self.small == 3;
        match (self.full, named) {
            (true, _) => self.small * 2,
            (_, true) => self.small,
            (false, false) => {
                if is_three {
                    1
                } else {
                    self.small.saturating_sub(1)
                }
            }
        }
    }

    /// `03.03.2026` was taken.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// A day and its year.
    pub fn is_whole(&self) -> bool {
        self.full || self.year && self.small > 0 || self.is_opened && self.small == 3
    }
}
