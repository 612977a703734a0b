//! Where the history begins that is not marked line by line.

use super::{
    Purpose, attribution,
    lines::{Kind, Line},
    phrases,
};
use crate::mail::{html::marks::Mark, phrases::Phrases};

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// From this line on everything is history.
    pub cut: Option<usize>,
    /// From this line on everything is a forwarded mail, which stays.
    pub forward: Option<usize>,
    /// Lines of an attribution at the top, with nothing quoted below it.
    pub leading_attribution: Vec<usize>,
}

/// Looks from the top. History needs words above it: a mail that begins with a header block shows it.
pub(super) fn find(lines: &[Line<'_>], purpose: Purpose) -> Found {
    let (mut found, mut words_above) = (Found::default(), false);
    for (at, line) in lines.iter().enumerate() {
        if words_above && is_arrowed(line.text) {
            found.cut = Some(at);
            return found;
        }
        if line.code || line.kind == Kind::Quote {
            words_above |= line.code;
            continue;
        }
        if line.kind == Kind::Text && is_forward(line.text) {
            found.forward = Some(at);
            return found;
        }
        if purpose == Purpose::Writes && words_above && begins(lines, at) {
            found.cut = Some(with_rule(lines, at));
            return found;
        }
        if line.attribution && line.kind == Kind::Text {
            if words_above {
                found.cut = Some(at);
                return found;
            }
            found.leading_attribution.push(at);
        } else {
            words_above |= !line.is_empty() && !is_rule(line.text);
        }
    }
    found
}

fn begins(lines: &[Line<'_>], at: usize) -> bool {
    match lines[at].kind {
        Kind::Mark(Mark::History) => !forward_follows(lines, at),
        Kind::Mark(Mark::Rule) => is_drawn_header(lines, at) && !forward_follows(lines, at),
        Kind::Mark(Mark::Attribution | Mark::Signature | Mark::EndOfSignature) | Kind::Quote => false,
        Kind::Text => is_separator(lines, at) || is_header_block(lines, at) || is_notes_block(lines, at),
    }
}

fn forward_follows(lines: &[Line<'_>], at: usize) -> bool {
    lines[at + 1..].iter().filter(|it| !it.is_empty()).take(2).any(|it| is_forward(it.text))
}

/// A line of dashes or underscores right above belongs to what it sets off.
pub(super) fn with_rule(lines: &[Line<'_>], at: usize) -> usize {
    let above = lines[at.saturating_sub(3)..at].iter().rposition(|it| !it.is_empty()).map(|it| it + at.saturating_sub(3));
    match above {
        Some(above) if is_rule(lines[above].text) => above,
        _ => at,
    }
}

/// `______`, `------`, `======`: nothing but one mark, five times or more.
pub(super) fn is_rule(text: &str) -> bool {
    let text = text.trim();
    let first = text.chars().next();
    let drawn = first.is_some_and(|c| is_dash(c) || matches!(c, '*' | '~')) && text.chars().all(|c| Some(c) == first);
    drawn && text.chars().count() >= 5
}

/// GroupWise's `>>> Ann Lee <ann@x.test> 05.02.2018 10:12 >>>`, with nothing marked below it.
fn is_arrowed(text: &str) -> bool {
    let text = text.trim();
    text.len() < 200 && text.starts_with(">>> ") && text.ends_with(">>>") && text.chars().any(|c| c.is_ascii_digit())
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '_' | '=' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{2500}' | '\u{2501}')
}

/// The words between dashes: `-----Original Message-----`.
pub(super) fn between_dashes(text: &str) -> Option<String> {
    inside_dashes(text).map(|it| it.to_lowercase().replace('\u{a0}', " "))
}

fn is_between_dashes(text: &str) -> bool {
    inside_dashes(text).is_some()
}

fn inside_dashes(text: &str) -> Option<&str> {
    let text = text.trim().trim_matches(['*', '>', '|', '#', ' ', '\u{a0}']);
    if text.len() >= 200 {
        return None;
    }
    let inner = text.trim_matches(|c: char| is_dash(c) || matches!(c, '*' | '#' | ' ' | '\u{a0}'));
    let dressed = text.starts_with(is_dash) && inner.len() < text.len() || inner.starts_with("Begin ") && inner.ends_with(':');
    dressed.then_some(inner)
}

fn is_separator(lines: &[Line<'_>], at: usize) -> bool {
    let Some(inner) = between_dashes(lines[at].text) else { return false };
    if phrases::ORIGINAL_MESSAGE.begin(&inner) {
        return true;
    }
    // In a language that is not on the list: words between dashes and a header right below.
    let dashes = lines[at].text.trim().chars().take_while(|c| *c == '-').count();
    dashes >= 3
        && inner.chars().any(char::is_alphabetic)
        && lines[at + 1..].iter().filter(|it| !it.is_empty()).take(1).any(|it| field(it.text).is_some())
}

/// `---------- Forwarded message ---------`, `Begin forwarded message:`.
pub(super) fn is_forward(text: &str) -> bool {
    let dressed = text.trim_end().ends_with([':', '：']) || text.trim_start().starts_with("Begin ") || is_between_dashes(text);
    if !dressed {
        return false;
    }
    let bare = text.trim().trim_matches(|c: char| "-_=*> \u{a0}\u{2014}".contains(c)).trim_end_matches([':', '：']);
    bare.len() < 120 && phrases::FORWARDED.begin(&bare.to_lowercase())
}

/// What a line of a copied header names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    From,
    Sent,
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

/// From, with a subject and one more field, or with a recipient and an address or a moment: a mail's header, copied.
pub(super) fn is_header_block(lines: &[Line<'_>], at: usize) -> bool {
    let Some((first, _)) = field(lines[at].text) else { return false };
    if first == Named::Other || first == Named::Cc {
        return false;
    }
    let (mut seen, mut address, mut moment, mut gap) = (Vec::new(), false, false, 0);
    for line in lines[at..].iter().take(24) {
        match field(line.text) {
            Some((named, value)) => {
                address |= named == Named::From && (value.contains('@') || value.contains("mailto"));
                moment |= named == Named::Sent && attribution::is_moment(value);
                if !seen.contains(&named) {
                    seen.push(named);
                }
                gap = 0;
            }
            None if matches!(line.kind, Kind::Mark(_)) => (),
            None => gap += 1,
        }
        if gap > 2 {
            break;
        }
    }
    let has = |named| seen.contains(&named);
    has(Named::From) && (has(Named::Subject) && seen.len() >= 3 || (address || moment) && has(Named::Sent) && has(Named::To))
}

/// Lotus Notes names sender and moment, and below them its fields, each alone on its line: `To`, `cc`, `Subject`.
fn is_notes_block(lines: &[Line<'_>], at: usize) -> bool {
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

/// Below a line that was drawn: fields of any language, with an address or a moment among them.
fn is_drawn_header(lines: &[Line<'_>], at: usize) -> bool {
    let pair = |text: &str| text.split_once([':', '：']).map(|(name, value)| (name.trim().chars().count(), value.trim().to_owned()));
    let fields: Vec<String> = lines[at + 1..]
        .iter()
        .take(24)
        .filter(|it| !it.is_empty())
        .map_while(|it| pair(it.text).filter(|(name, value)| (1..=25).contains(name) && !value.is_empty()).map(|(_, value)| value))
        .collect();
    let tells = fields.iter().any(|it| it.contains('@')) && fields.iter().any(|it| attribution::is_moment(it));
    fields.len() >= 3 && tells
}
