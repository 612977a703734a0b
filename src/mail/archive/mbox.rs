//! Files of many messages, each behind a line that begins with `From ` (RFC 4155): mboxo and mboxrd, with either line end.
//!
//! A file is gone through line by line, and no more of it is in memory than the headers of two messages. Some programs leave out the
//! empty line before a `From ` line, and some do not quote such a line within a text: a file is of the first kind where more of its
//! messages begin so than end with an empty line.

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

/// What parts the messages of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parted {
    /// An empty line before each `From ` line (RFC 4155).
    ByEmptyLines,
    /// Such lines, and `From ` lines without one that name a sender and a time, and behind which the header of a message stands.
    ByFromLines,
}

/// How the messages of a file stand behind each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seams {
    /// Messages that end with an empty line.
    pub empty_lines: u64,
    /// `From ` lines without one that may begin a message all the same, as [`Parted::ByFromLines`] says.
    pub bare: u64,
    /// Where the first of those lies; bytes.
    pub first_bare: u64,
}

impl Seams {
    /// What its program parts messages by.
    #[must_use]
    pub fn parted(&self) -> Parted {
        if self.bare > self.empty_lines { Parted::ByFromLines } else { Parted::ByEmptyLines }
    }
}

/// Whether what begins so can be such a file.
#[must_use]
pub fn begins_as_one(first: &[u8]) -> bool {
    first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first).starts_with(b"From ")
}

/// Gives each message of a file, in their order, parted so.
///
/// # Errors
/// When it cannot be read.
pub fn split(from: &mut impl BufRead, parted: Parted, mut each: impl FnMut(Found)) -> io::Result<Seams> {
    let mut lines = Lines { from, at: 0 };
    let mut split = Split { parted, message: None, in_header: false, blank: None, doubtful: None, bare: None, seams: Seams::default() };
    while let Some(line) = lines.next(split.most())? {
        if let Some(found) = split.take(line) {
            each(found);
        }
    }
    if let Some(found) = split.end(lines.at) {
        each(found);
    }
    Ok(split.seams)
}

/// How many messages these octets are, taken as such a file; 1 where they do not begin as one.
#[must_use]
pub fn count(octets: &[u8]) -> u64 {
    if !begins_as_one(octets) {
        return 1;
    }
    let counted = |parted| {
        let mut messages = 0;
        split(&mut &*octets, parted, |_| messages += 1).map(|seams| (messages, seams.parted()))
    };
    match counted(Parted::ByEmptyLines) {
        Ok((_, Parted::ByFromLines)) => counted(Parted::ByFromLines).map_or(1, |(messages, _)| messages),
        Ok((messages, Parted::ByEmptyLines)) => messages,
        Err(_) => 1,
    }
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

    /// The name in `Name: value`.
    fn field(&self) -> Option<&[u8]> {
        let name = self.begin.split(|it| *it == b':').next().unwrap_or_default();
        let is_name = !name.is_empty() && name.len() < self.begin.len() && name.iter().all(|it| matches!(it, b'!'..=b'9' | b';'..=b'~'));
        is_name.then_some(name)
    }

    fn is_folded(&self) -> bool {
        matches!(self.begin.first(), Some(b' ' | b'\t'))
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

/// Fields of which a header has one at least.
const TELLING: [&str; 7] = ["from", "date", "subject", "to", "message-id", "received", "return-path"];

/// A `From ` line without an empty line before it: it begins a message if a header stands behind it.
struct Bare {
    line: Line,
    header: Vec<u8>,
    tells: bool,
}

impl Bare {
    /// Takes the next line, which is not empty; none where it is of no header.
    fn and(mut self, line: &Line) -> Option<Self> {
        match line.field() {
            Some(name) => self.tells |= TELLING.iter().any(|it| name.eq_ignore_ascii_case(it.as_bytes())),
            None if line.is_folded() && !self.header.is_empty() => {}
            None => return None,
        }
        append(&mut self.header, line);
        Some(self)
    }
}

fn append(header: &mut Vec<u8>, line: &Line) {
    let room = LONGEST_HEADER - header.len().min(LONGEST_HEADER);
    header.extend_from_slice(&line.begin[..line.begin.len().min(room)]);
}

/// What is known between two lines.
struct Split {
    parted: Parted,
    message: Option<Found>,
    in_header: bool,
    /// Where the empty line begins that was the last.
    blank: Option<u64>,
    /// A line that begins a message if the next one is a field: it begins with `From `, and names no time.
    doubtful: Option<(Line, Option<u64>)>,
    bare: Option<Bare>,
    seams: Seams,
}

impl Split {
    fn most(&self) -> usize {
        // Behind a line that may begin a message the header is that one's.
        let of_message = if self.doubtful.is_some() { None } else { self.message.as_ref().map(|it| it.header.len()) };
        let read = self.bare.as_ref().map(|it| it.header.len()).or(of_message).unwrap_or(0);
        let in_header = self.in_header || self.doubtful.is_some() || self.bare.is_some();
        if in_header { (LONGEST_HEADER - read.min(LONGEST_HEADER)).max(LONGEST_LINE) } else { LONGEST_LINE }
    }

    /// Takes the next line; the message that it ends.
    fn take(&mut self, line: Line) -> Option<Found> {
        let mut ended = self.take_bare(&line);
        if let Some((from, blank)) = self.doubtful.take()
            && line.field().is_some()
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
        if self.in_header {
            self.message.iter_mut().for_each(|it| append(&mut it.header, &line));
        } else if line.begins_a_message() && noted(&line.begin).is_some() {
            self.bare = Some(Bare { line, header: Vec::new(), tells: false });
        }
        ended
    }

    /// Looks whether a header stands behind a bare line; the message that it ends.
    fn take_bare(&mut self, line: &Line) -> Option<Found> {
        let bare = self.bare.take()?;
        if !line.is_blank() {
            self.bare = bare.and(line);
            return None;
        }
        if !bare.tells {
            return None;
        }
        if self.seams.bare == 0 {
            self.seams.first_bare = bare.line.start;
        }
        self.seams.bare += 1;
        match self.parted {
            Parted::ByEmptyLines => None,
            Parted::ByFromLines => {
                let ended = self.begin(&bare.line, None);
                self.message.iter_mut().for_each(|it| it.header.clone_from(&bare.header));
                ended
            }
        }
    }

    fn begin(&mut self, line: &Line, blank: Option<u64>) -> Option<Found> {
        let ended = self.message.take().map(|it| up_to(it, blank.unwrap_or(line.start)));
        self.seams.empty_lines += u64::from(ended.is_some() && blank.is_some());
        self.message = Some(Found { at: line.next, length: 0, noted: noted(&line.begin), header: Vec::new() });
        self.in_header = true;
        ended
    }

    fn end(&mut self, at: u64) -> Option<Found> {
        let end = self.blank.unwrap_or(at);
        self.seams.empty_lines += u64::from(self.message.is_some() && self.blank.is_some());
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
