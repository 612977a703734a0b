//! Files of many messages, each behind a line that begins with `From ` (RFC 4155): mboxo and mboxrd, with either line end.
//!
//! A file is gone through once, line by line, and no more of it is in memory than the header of one message.

use std::io::{self, BufRead};

use jiff::Timestamp;

use super::LONGEST_HEADER;
use crate::mail::parse::date;

/// So much of a line is looked at outside of headers; bytes.
const LONGEST_LINE: usize = 1024;

/// Where a message lies in its file, and how it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it begins, behind its `From ` line; bytes.
    pub at: u64,
    /// Without the empty line that parts it from the next; bytes.
    pub length: u64,
    /// When it was delivered, as its `From ` line says.
    pub noted: Option<Timestamp>,
    /// Its header, at most [`LONGEST_HEADER`].
    pub header: Vec<u8>,
}

/// Whether what begins so can be such a file.
#[must_use]
pub fn begins_as_one(first: &[u8]) -> bool {
    first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first).starts_with(b"From ")
}

/// Gives each message of a file, in their order.
///
/// # Errors
/// When it cannot be read.
pub fn split(from: &mut impl BufRead, mut each: impl FnMut(Found)) -> io::Result<()> {
    let mut lines = Lines { from, at: 0 };
    let mut split = Split::default();
    while let Some(line) = lines.next(split.most())? {
        if let Some(found) = split.take(line) {
            each(found);
        }
    }
    if let Some(found) = split.end(lines.at) {
        each(found);
    }
    Ok(())
}

/// The octets of a message without what the file adds: `>From ` was `From `, `>>From ` was `>From ` (mboxrd; mboxo does the first alone).
#[must_use]
pub fn unquoted(octets: Vec<u8>) -> Vec<u8> {
    let is_quoted = |line: &[u8]| {
        let marks = line.iter().take_while(|it| **it == b'>').count();
        marks > 0 && line[marks..].starts_with(b"From ")
    };
    if !octets.split(|it| *it == b'\n').any(is_quoted) {
        return octets;
    }
    let mut plain = Vec::with_capacity(octets.len());
    for line in octets.split_inclusive(|it| *it == b'\n') {
        plain.extend_from_slice(if is_quoted(line) { &line[1..] } else { line });
    }
    plain
}

/// The beginning of a line, and where it lies.
struct Line {
    start: u64,
    next: u64,
    begin: Vec<u8>,
}

impl Line {
    fn is_blank(&self) -> bool {
        matches!(self.begin.as_slice(), b"\n" | b"\r\n")
    }

    fn begins_a_message(&self) -> bool {
        self.begin.starts_with(b"From ") || self.start == 0 && begins_as_one(&self.begin)
    }

    /// `Name: value`
    fn is_a_field(&self) -> bool {
        let name = self.begin.split(|it| *it == b':').next().unwrap_or_default();
        !name.is_empty() && name.len() < self.begin.len() && name.iter().all(|it| matches!(it, b'!'..=b'9' | b';'..=b'~'))
    }
}

struct Lines<'a, R> {
    from: &'a mut R,
    at: u64,
}

impl<R: BufRead> Lines<'_, R> {
    /// The next line, of which no more than `most` bytes are kept: one without an end is no larger than another.
    fn next(&mut self, most: usize) -> io::Result<Option<Line>> {
        let (start, mut begin) = (self.at, Vec::new());
        loop {
            let there = match self.from.fill_buf() {
                Ok(there) => there,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let end = memchr::memchr(b'\n', there).map(|it| it + 1);
            let length = end.unwrap_or(there.len());
            begin.extend_from_slice(&there[..length.min(most.saturating_sub(begin.len()))]);
            self.from.consume(length);
            self.at += length as u64;
            if end.is_some() || length == 0 {
                return Ok((self.at > start).then_some(Line { start, next: self.at, begin }));
            }
        }
    }
}

/// What is known between two lines.
#[derive(Default)]
struct Split {
    message: Option<Found>,
    in_header: bool,
    /// Where the empty line begins that was the last.
    blank: Option<u64>,
    /// A line that begins a message if the next one is a field: it begins with `From `, and names no time.
    doubtful: Option<(Line, Option<u64>)>,
}

impl Split {
    fn most(&self) -> usize {
        let read = self.message.as_ref().map_or(0, |it| it.header.len());
        if self.in_header || self.doubtful.is_some() { (LONGEST_HEADER - read.min(LONGEST_HEADER)).max(LONGEST_LINE) } else { LONGEST_LINE }
    }

    /// Takes the next line; the message that it ends.
    fn take(&mut self, line: Line) -> Option<Found> {
        let mut ended = None;
        if let Some((from, blank)) = self.doubtful.take()
            && line.is_a_field()
        {
            ended = self.begin(&from, blank);
        }
        let blank = self.blank.take();
        if line.begins_a_message() && (blank.is_some() || line.start == 0) {
            let noted = noted(&line.begin);
            if noted.is_some() || line.start == 0 {
                return self.begin(&line, blank);
            }
            self.doubtful = Some((line, blank));
            return ended;
        }
        if line.is_blank() {
            self.blank = Some(line.start);
            self.in_header = false;
        }
        if let Some(message) = self.message.as_mut().filter(|_| self.in_header) {
            let room = LONGEST_HEADER - message.header.len().min(LONGEST_HEADER);
            message.header.extend_from_slice(&line.begin[..line.begin.len().min(room)]);
        }
        ended
    }

    fn begin(&mut self, line: &Line, blank: Option<u64>) -> Option<Found> {
        let ended = self.message.take().map(|it| up_to(it, blank.unwrap_or(line.start)));
        self.message = Some(Found { at: line.next, length: 0, noted: noted(&line.begin), header: Vec::new() });
        self.in_header = true;
        ended
    }

    fn end(&mut self, at: u64) -> Option<Found> {
        let end = self.blank.unwrap_or(at);
        self.message.take().map(|it| up_to(it, end))
    }
}

fn up_to(message: Found, end: u64) -> Found {
    Found { length: end.saturating_sub(message.at), ..message }
}

/// `From ann@home.test Mon Nov  2 10:00:00 2026`: the time, where it says one.
fn noted(line: &[u8]) -> Option<Timestamp> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let text = String::from_utf8_lossy(line.get(..line.len().min(300))?).into_owned();
    let words: Vec<&str> = text.split_whitespace().skip(1).collect();
    let is_time = |it: &&str| it.contains(':') && it.starts_with(|c: char| c.is_ascii_digit());
    let is_month = |it: &&str| MONTHS.iter().any(|month| it.to_lowercase().starts_with(month)) && it.len() <= 9;
    let is_year = |it: &&str| it.len() == 4 && it.bytes().all(|b| b.is_ascii_digit());
    // Behind the sender, who may be called as a month is.
    let words = &words[words.len().min(1)..];
    let month = words.iter().position(is_month)?;
    if !words.iter().any(is_time) || !words.iter().any(is_year) {
        return None;
    }
    // The day of the week stands before the month, or the day of the month between the two.
    date::read(&words[month.saturating_sub(2)..].join(" ")).map(|(at, _)| at)
}

#[cfg(test)]
mod tests;
