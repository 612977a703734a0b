//! A mail's header, copied into a text: `From:`, `Sent:`, `To:` and `Subject:` in many languages.

use super::{
    attribution,
    lines::{Kind, Line},
    phrases::{self, lower},
};
use crate::mail::phrases::Phrases;

/// What a line of a copied header names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    From,
    Sent,
    /// When, in a word that forms have as well.
    Date,
    To,
    Cc,
    Subject,
    Other,
}

/// `From:`, `*Von:*`, `Betreff :` and what stands behind it.
pub(super) fn field(text: &str) -> Option<(Named, &str)> {
    let text = text.trim().trim_start_matches(['*', '_', '|', '>', ' ']);
    let (name, value) = text.split_once([':', '：'])?;
    if name.len() > 60 {
        return None;
    }
    let name = name.trim().trim_matches(['*', '_']).trim().to_lowercase();
    let is = |list: &Phrases| list.are(&name);
    let named = if is(&phrases::FROM) {
        Named::From
    } else if is(&phrases::DATES) {
        Named::Date
    } else if is(&phrases::SENT) {
        Named::Sent
    } else if is(&phrases::TO) {
        Named::To
    } else if is(&phrases::CC) {
        Named::Cc
    } else if is(&phrases::SUBJECT) {
        Named::Subject
    } else if is(&phrases::OTHER_FIELDS) {
        Named::Other
    } else {
        return None;
    };
    Some((named, value))
}

/// The fields of a copied header.
pub(super) struct Header<'a> {
    seen: Vec<Named>,
    /// The value of From, and whether it is an address.
    pub from: Option<&'a str>,
    address: bool,
    /// Whether one that it went to is.
    to_address: bool,
    moment: bool,
    /// The line below the last field.
    pub end: usize,
}

impl Header<'_> {
    /// From whom, with a subject and one more field that tells of mail, or with a recipient, a time and an address: a journey, a parcel
    /// and a transfer have From, To and Date too.
    pub fn is_copied(&self) -> bool {
        let has = |named| self.seen.contains(&named);
        let named = self.from.is_some_and(|it| it.contains(char::is_alphabetic));
        let when = has(Named::Sent) || has(Named::Date);
        let told = self.address || self.moment || when && has(Named::To);
        has(Named::From)
            && (named && has(Named::Subject) && self.seen.len() >= 3 && told || (self.address || self.to_address) && when && has(Named::To))
    }

    /// From whom, when, to whom and about what, in whatever words.
    fn has_everything(&self) -> bool {
        let has = |named| self.seen.contains(&named);
        has(Named::From) && (has(Named::Sent) || has(Named::Date)) && has(Named::To) && (has(Named::Subject) || self.address)
    }

    /// All that a mail program copies, and nothing that a form or a log asks for as well.
    fn is_whole(&self) -> bool {
        let has = |named| self.seen.contains(&named);
        let named = self.from.is_some_and(|it| it.contains(char::is_alphabetic));
        named && (self.address || self.moment) && has(Named::Sent) && has(Named::To) && has(Named::Subject)
    }
}

/// The fields from this line on, which must be one of them.
pub(super) fn read<'a>(lines: &[Line<'a>], at: usize) -> Option<Header<'a>> {
    let (first, _) = field(lines.get(at)?.text)?;
    if first == Named::Other || first == Named::Cc {
        return None;
    }
    let nothing = Header { seen: Vec::new(), from: None, address: false, to_address: false, moment: false, end: at };
    let (mut found, mut gap) = (nothing, 0);
    for (number, line) in lines.iter().enumerate().skip(at).take(24) {
        match field(line.text) {
            Some((named, value)) => {
                if named == Named::From {
                    found.address |= is_address(value);
                    found.from = found.from.or(Some(value.trim()));
                }
                found.to_address |= named == Named::To && is_address(value);
                found.moment |= matches!(named, Named::Sent | Named::Date) && attribution::is_moment(value);
                if !found.seen.contains(&named) {
                    found.seen.push(named);
                }
                (gap, found.end) = (0, number + 1);
            }
            None if matches!(line.kind, Kind::Mark(_)) => (),
            None => gap += 1,
        }
        if gap > 2 {
            break;
        }
    }
    Some(found)
}

/// `Ann <ann@x.test>`, and not the `*@x.test` of a rule.
fn is_address(value: &str) -> bool {
    attribution::has_address(value) || value.contains("mailto")
}

/// A rule or a form that somebody explains: a line above announces it, and it lacks something. A whole header is never that: `It is as
/// follows:` may end an answer, and below it stands what must not leave again.
pub(super) fn is_shown(lines: &[Line<'_>], at: usize) -> bool {
    let Some((Named::From | Named::Sent | Named::Date | Named::To | Named::Subject, _)) = field(lines[at].text) else { return false };
    is_announced(lines, at) && !read(lines, at).is_some_and(|it| it.has_everything())
}

/// A line right above ends in a colon, and is no part of a header itself.
fn is_announced(lines: &[Line<'_>], at: usize) -> bool {
    let above = lines[..at].iter().rev().find(|it| !it.is_empty());
    above
        .is_some_and(|it| it.kind == Kind::Text && !it.attribution && it.text.trim_end().ends_with([':', '：']) && field(it.text).is_none())
}

/// A mail's header, copied.
pub(super) fn is_header_block(lines: &[Line<'_>], at: usize) -> bool {
    read(lines, at).is_some_and(|it| it.is_copied())
}

/// One that can be nothing else, and that no line above announces, as a form does.
pub(super) fn is_sure_header(lines: &[Line<'_>], at: usize) -> bool {
    read(lines, at).is_some_and(|it| it.is_whole()) && !is_announced(lines, at)
}

/// `From: Ann <ann@x.test> Sent: Monday 10:00 To: Hal Subject: Help`, all on one line.
pub(super) fn is_header_line(text: &str) -> bool {
    let Some((Named::From, value)) = field(text).filter(|(_, value)| value.len() < 600 && value.contains('@')) else { return false };
    let named = |list: &Phrases| value.split_whitespace().any(|word| word.strip_suffix(':').is_some_and(|it| list.are(&lower(it))));
    named(&phrases::SENT) && named(&phrases::TO) && named(&phrases::SUBJECT) && attribution::is_moment(value)
}

/// Lotus Notes names sender and moment, and below them its fields, each alone on its line: `To`, `cc`, `Subject`.
pub(super) fn is_notes_block(lines: &[Line<'_>], at: usize) -> bool {
    let mut said = lines[at..].iter().filter(|it| !it.is_empty()).take(10).map(|it| it.text.trim());
    let Some(sender) = said.next().filter(|it| it.len() < 100 && (it.contains('@') || it.contains('/'))) else { return false };
    let first = |text: &str| text.split("  ").next().unwrap_or_default().trim_matches(['*', ' ']).to_lowercase();
    let names = |text: &str, list: &Phrases| list.are(&first(text));
    let dated = |text: &str| text.len() < 60 && attribution::is_moment(text);
    let rest: Vec<&str> = said.collect();
    let from = if dated(sender) { 0 } else { 1 };
    (from == 0 || rest.first().is_some_and(|it| dated(it)))
        && rest.iter().skip(from).take(2).any(|it| names(it, &phrases::TO))
        && rest.iter().any(|it| names(it, &phrases::SUBJECT))
}

/// Below a line that was drawn: so many fields of any language, with an address and a moment among them.
pub(super) fn is_drawn_header(lines: &[Line<'_>], at: usize, fewest: usize) -> bool {
    let pair = |text: &str| text.split_once([':', '：']).map(|(name, value)| (name.trim().chars().count(), value.trim().to_owned()));
    let fields: Vec<String> = lines[at + 1..]
        .iter()
        .take(24)
        .filter(|it| !it.is_empty())
        .map_while(|it| pair(it.text).filter(|(name, value)| (1..=25).contains(name) && !value.is_empty()).map(|(_, value)| value))
        .collect();
    let tells = fields.iter().any(|it| it.contains('@')) && fields.iter().any(|it| attribution::is_moment(it));
    fields.len() >= fewest && tells
}
