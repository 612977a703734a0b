//! A query as it was typed, read.

use jiff::civil::Date;

use super::{Asks, Is, Part, Query, Sense, Unit, When, Who, help::KEYS};
use crate::desk::{
    id::TicketNumber,
    nearest::nearest,
    ticket::{Priority, Status},
};

/// So many characters may a query have.
pub const LONGEST: usize = 500;

/// So many parts may a query have.
pub const MOST_PARTS: usize = 32;

/// What was typed: what is looked for, what is wrong with it, what should be known about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// What could be read; where something is wrong it is not all.
    pub query: Query,
    /// What could not be read.
    pub wrong: Vec<Misread>,
    /// What was read, and may have been meant otherwise.
    pub remarks: Vec<Remark>,
}

/// What cannot be searched as it was typed, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misread {
    /// More than anybody types.
    #[error("a search has at most {LONGEST} characters, and this one has {0}; leave some of it out")]
    TooLong(usize),
    /// More than is worth asking a database.
    #[error("a search has at most {MOST_PARTS} words and keys, and this one has {0}; leave some of them out")]
    TooMany(usize),
    /// There is no such key, and one that is like it.
    #[error(
        "there is no key “{key}:”; did you mean “{meant}:”? To look for the words themselves, put them between quotation marks: \"{typed}\""
    )]
    KeyMeant {
        /// As it was typed.
        key: String,
        /// What it was probably to be.
        meant: &'static str,
        /// With its value.
        typed: String,
    },
    /// There is no such key.
    #[error(
        "there is no key “{key}:”; there are {}. To look for the words themselves, put them between quotation marks: \"{typed}\"",
        keys()
    )]
    NoKey {
        /// As it was typed.
        key: String,
        /// With its value.
        typed: String,
    },
    /// Nothing stands behind the colon.
    #[error("nothing stands behind “{0}:”; write {1} without a space between, such as {0}:{2}")]
    NoValue(&'static str, &'static str, &'static str),
    /// The value is none of those that the key has.
    #[error("“{key}:{value}” is not known; behind “{key}:” may stand {}{}", listed(allowed), meant.map_or_else(String::new, |it| format!("; did you mean {key}:{it}?")))]
    NoSuch {
        /// The key.
        key: &'static str,
        /// What stood behind it.
        value: String,
        /// What may.
        allowed: Vec<&'static str>,
        /// The one that is like it.
        meant: Option<&'static str>,
    },
    /// Held mail is on no ticket.
    #[error("held mail is on no ticket yet, so a search of tickets does not find it; the page Held mail has a search of its own")]
    Held,
    /// It is no day.
    #[error(
        "“{0}:{1}” is no day; write a date such as {0}:2026-11-01, how long ago such as {0}:7d (h, d, w, m, y), {0}:today or {0}:yesterday"
    )]
    NoDay(&'static str, String),
    /// There is no such number.
    #[error("“#{0}” is larger than the number of any ticket; write it as it stands on the ticket, such as #1042")]
    NoNumber(String),
    /// What is looked for has neither letters nor digits.
    #[error("“{0}:{1}” has no letter or digit to look for; write a word behind “{0}:”")]
    NoWord(&'static str, String),
}

/// What whoever searches should know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Remark {
    /// It has neither letters nor digits.
    #[error("“{0}” has no letter or digit and was left out; the search knows words and numbers alone")]
    NoWord(String),
    /// It is a word of other searches' languages.
    #[error(
        "“{0}” is looked for like any other word: whatever you write must all be there; leave it out, or use “-” for what must not be there"
    )]
    NoOperator(String),
    /// The second mark is missing.
    #[error("a quotation mark is missing; everything behind the first one was taken as one phrase")]
    OpenPhrase,
}

fn keys() -> String {
    listed(&KEYS.map(|it| it.0))
}

fn listed(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// What somebody typed instead of a key, who knows it by another name.
const OTHER_NAMES: [(&str, &str); 12] = [
    ("helper", "assignee"),
    ("owner", "assignee"),
    ("agent", "assignee"),
    ("assigned", "assignee"),
    ("sender", "from"),
    ("author", "from"),
    ("requester", "from"),
    ("label", "tag"),
    ("since", "after"),
    ("until", "before"),
    ("filename", "file"),
    ("inbox", "mailbox"),
];

impl Query {
    /// Reads what was typed. Never fails: what it cannot read it tells.
    #[must_use]
    pub fn read(typed: &str) -> Reading {
        let mut reading = Reading::default();
        let length = typed.chars().count();
        if length > LONGEST {
            reading.wrong.push(Misread::TooLong(length));
            return reading;
        }
        let mut rest = typed.trim_start();
        while !rest.is_empty() {
            rest = reading.part(rest).trim_start();
        }
        let parts = reading.query.parts.len();
        if parts > MOST_PARTS {
            reading.wrong.push(Misread::TooMany(parts));
        }
        reading
    }
}

impl Reading {
    /// Reads the part that a text begins with; what stands behind it.
    fn part<'t>(&mut self, text: &'t str) -> &'t str {
        let (sense, text) = match text.strip_prefix('-') {
            Some(rest) if !rest.is_empty() && !rest.starts_with(char::is_whitespace) => (Sense::Without, rest),
            Some(_) | None => (Sense::With, text),
        };
        if let Some(quoted) = text.strip_prefix('"') {
            let (phrase, rest) = self.quoted(quoted);
            self.words(sense, Asks::Phrase(phrase.to_owned()), phrase);
            return rest;
        }
        if let Some((key, value)) = key(text) {
            let (value, rest) = match value.strip_prefix('"') {
                Some(quoted) => self.quoted(quoted),
                None => bare(value),
            };
            match asks(key, value) {
                Ok(asks) => self.query.parts.push(Part { sense, asks }),
                Err(wrong) => self.wrong.push(wrong),
            }
            return rest;
        }
        let (word, rest) = bare(text);
        match word.strip_prefix('#').filter(|it| !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit())) {
            Some(number) => match number.parse() {
                Ok(number) => self.query.parts.push(Part { sense, asks: Asks::Number(TicketNumber(number)) }),
                Err(_) => self.wrong.push(Misread::NoNumber(number.to_owned())),
            },
            None => {
                if matches!(word, "AND" | "OR" | "NOT") {
                    self.remarks.push(Remark::NoOperator(word.to_owned()));
                }
                self.words(sense, Asks::Word(word.to_owned()), word);
            }
        }
        rest
    }

    fn words(&mut self, sense: Sense, asks: Asks, typed: &str) {
        if has_word(typed) {
            self.query.parts.push(Part { sense, asks });
        } else {
            let typed = if typed.trim().is_empty() { "\"\"" } else { typed };
            self.remarks.push(Remark::NoWord(typed.to_owned()));
        }
    }

    /// Up to the next quotation mark, and what stands behind that.
    fn quoted<'t>(&mut self, text: &'t str) -> (&'t str, &'t str) {
        text.split_once('"').unwrap_or_else(|| {
            self.remarks.push(Remark::OpenPhrase);
            (text, "")
        })
    }
}

fn bare(text: &str) -> (&str, &str) {
    text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()))
}

/// A key and what stands behind its colon. An address of the web has a colon and is none, nor has a time of day one.
fn key(text: &str) -> Option<(&str, &str)> {
    let (key, value) = text.split_once(':')?;
    let is_key = key.starts_with(|c: char| c.is_ascii_alphabetic()) && key.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-');
    (is_key && !value.starts_with("//")).then_some((key, value))
}

fn has_word(text: &str) -> bool {
    text.contains(char::is_alphanumeric)
}

fn asks(typed_key: &str, value: &str) -> Result<Asks, Misread> {
    let lower = typed_key.to_ascii_lowercase();
    let Some((key, what, example)) = KEYS.into_iter().find(|it| it.0 == lower) else { return Err(no_key(typed_key, &lower, value)) };
    if value.is_empty() {
        return Err(Misread::NoValue(key, what, example));
    }
    let words = |make: fn(String) -> Asks| match has_word(value) {
        true => Ok(make(value.to_owned())),
        false => Err(Misread::NoWord(key, value.to_owned())),
    };
    let folded = value.to_lowercase();
    match key {
        "from" => words(Asks::From),
        "to" => words(Asks::To),
        "subject" => words(Asks::Subject),
        "file" => words(Asks::File),
        "tag" => words(Asks::Tag),
        "mailbox" => words(Asks::Mailbox),
        "assignee" => match who(value) {
            Who::Named(name) => words(|it| Asks::Assignee(Who::Named(it))).map_err(|_| Misread::NoWord(key, name)),
            known @ (Who::Me | Who::Nobody) => Ok(Asks::Assignee(known)),
        },
        "is" if folded == "held" => Err(Misread::Held),
        "is" => Is::parse(&folded).map(Asks::Is).ok_or_else(|| no_such(key, value, &Is::ALL.map(Is::as_str))),
        "status" => {
            let word = if folded == "in progress" { "in-progress" } else { &folded };
            Status::parse(word).map(Asks::Status).ok_or_else(|| no_such(key, value, &Status::ALL.map(Status::as_str)))
        }
        "priority" => Priority::parse(&folded).map(Asks::Priority).ok_or_else(|| no_such(key, value, &Priority::ALL.map(Priority::as_str))),
        "has" => match folded.as_str() {
            "attachment" | "attachments" | "file" | "files" => Ok(Asks::HasAttachment),
            _ => Err(no_such(key, value, &["attachment"])),
        },
        "before" => when(&folded).map(Asks::Before).ok_or_else(|| Misread::NoDay(key, value.to_owned())),
        _ => when(&folded).map(Asks::After).ok_or_else(|| Misread::NoDay(key, value.to_owned())),
    }
}

fn no_key(typed: &str, lower: &str, value: &str) -> Misread {
    let meant = OTHER_NAMES.iter().find(|it| it.0 == lower).map(|it| it.1).or_else(|| nearest(lower, &KEYS.map(|it| it.0)));
    let (key, typed) = (typed.to_owned(), format!("{typed}:{value}"));
    match meant {
        Some(meant) => Misread::KeyMeant { key, meant, typed },
        None => Misread::NoKey { key, typed },
    }
}

fn no_such(key: &'static str, value: &str, allowed: &[&'static str]) -> Misread {
    Misread::NoSuch { key, value: value.to_owned(), allowed: allowed.to_vec(), meant: nearest(&value.to_lowercase(), allowed) }
}

/// The value of `assignee:`. A name in quotation marks that says the same means the same.
pub(super) fn who(value: &str) -> Who {
    match value.to_lowercase().as_str() {
        "me" => Who::Me,
        "none" | "nobody" => Who::Nobody,
        _ => Who::Named(value.to_owned()),
    }
}

fn when(folded: &str) -> Option<When> {
    match folded {
        "today" => return Some(When::Today),
        "yesterday" => return Some(When::Yesterday),
        _ => {}
    }
    let unit = Unit::ALL.into_iter().find(|it| folded.ends_with(it.letter()));
    if let Some(unit) = unit {
        let number = &folded[..folded.len() - 1];
        let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        return number.parse().ok().filter(|_| digits).map(|n| When::Ago(n, unit));
    }
    // Nothing but the plain form: a time of day or zone behind it would be dropped in silence.
    let plain = folded.len() == 10 && folded.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    folded.parse::<Date>().ok().filter(|_| plain).map(When::Day)
}
