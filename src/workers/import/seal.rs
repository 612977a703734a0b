//! How the second way through the files knows that a message still lies where the first found it: a mail program that takes a message out
//! of a file, or notes something in one, moves all that stand behind it.

use std::hash::{DefaultHasher, Hasher as _};

/// Stands for how a message begins: its header, as far as it was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seal {
    length: usize,
    sum: u64,
}

impl Seal {
    /// Of a message that begins so.
    pub fn of(begin: &[u8]) -> Self {
        let mut sum = DefaultHasher::new();
        sum.write(begin);
        Self { length: begin.len(), sum: sum.finish() }
    }

    /// Whether these octets begin so too.
    pub fn is_on(self, octets: &[u8]) -> bool {
        octets.get(..self.length).is_some_and(|begin| Self::of(begin) == self)
    }
}
