//! A text whose HTML form marks its history: the same marks, set in the text between the same words.
//!
//! Letters and digits alone are compared: white space, signs, the marks of lists and the targets of links differ between
//! the two forms of a mail. In doubt no mark is set.

use super::{
    Place, Purpose,
    lines::{self, Kind, Line},
    places,
};
use crate::mail::html::marks::Mark;

/// So many letters are looked for where the forms differ, and so many must agree then.
const REACH: usize = 80;
const SURE: usize = 12;
/// Places where the forms may differ.
const MOST_GAPS: usize = 8;
/// Letters of the history that must agree, if it has as many.
const PROOF: usize = 40;

/// `text` with marks where `html`, the marked text of its HTML form, has history, or a signature if the text was found to
/// be `unsigned`. None: there are none, or they stand within a line, or the two forms say different things.
pub(super) fn marked(text: &str, html: &str, purpose: Purpose, unsigned: bool) -> Option<String> {
    let mut lines = lines::read(super::whole_lines(html, super::MOST_OCTETS));
    let places = places(&mut lines, purpose, false);
    let said = letters(lines.iter().map(|it| if matches!(it.kind, Kind::Mark(_)) { "" } else { it.text }));
    let from_line = |line: usize| said.partition_point(|it| it.line < line);
    let history = history_begins(&lines, &places)?.map(from_line);
    let signature = signature_begins(&lines, &places).map(from_line);
    // One below the history is a part of it.
    let signature = signature.filter(|it| unsigned && history.is_none_or(|history| *it < history));
    let beside = letters(super::whole_lines(text, super::MOST_OCTETS).split('\n'));
    let last = history.or(signature)?;
    let until = if history.is_some() { said.len().min(last + PROOF) } else { said.len() };
    let found = aligned(&said, &beside, until)?;
    let agree = found[last..].iter().flatten().count();
    if agree == 0 || agree * 4 < (until - last) * 3 || history.is_none() && found.last() != Some(&beside.len().checked_sub(1)) {
        return None;
    }
    let line = |letter: usize| begins_line(&beside, *found[letter..].iter().flatten().next()?);
    let history = match history {
        Some(history) => Some(line(history)?),
        None => None,
    };
    set(text, signature.and_then(line), history)
}

/// The first line of history, where nothing but history follows. None: words follow that are none.
fn history_begins(lines: &[Line<'_>], places: &[Place]) -> Option<Option<usize>> {
    let Some(first) = places.iter().position(|it| *it == Place::Quoted) else { return Some(None) };
    let is_reply = |(line, place): (&Line<'_>, &Place)| *place == Place::Reply && !line.is_empty();
    let above = lines[..first].iter().zip(places).any(is_reply);
    let below = lines[first..].iter().zip(&places[first..]).any(is_reply);
    (above && !below).then_some(Some(first))
}

/// The first line of a signature below which stand no words before the history.
fn signature_begins(lines: &[Line<'_>], places: &[Place]) -> Option<usize> {
    let first = places.iter().position(|it| *it == Place::Signature)?;
    let mut below = lines[first..].iter().zip(&places[first..]).take_while(|(_, it)| **it != Place::Quoted);
    below.all(|(line, place)| *place == Place::Signature || line.is_empty()).then_some(first)
}

/// One letter or digit, in small form, and the line that it stands on.
#[derive(Clone, Copy, Debug)]
struct Letter {
    is: char,
    line: usize,
}

fn letters<'t>(lines: impl Iterator<Item = &'t str>) -> Vec<Letter> {
    let mut all = Vec::new();
    for (line, text) in lines.enumerate() {
        let letters = without_targets(text).flat_map(str::chars).filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase);
        all.extend(letters.map(|is| Letter { is, line }));
    }
    all
}

/// A line without `<http://x.test>`, `<ann@x.test>`, `[cid:1]` and the like, in pieces.
fn without_targets(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let opening = rest.match_indices(['<', '[', '(']).find_map(|(at, it)| Some((at, at + target(&rest[at..], it)?)));
        let (end, next) = opening.unwrap_or((rest.len(), rest.len()));
        let piece = &rest[..end];
        rest = &rest[next..];
        Some(piece)
    })
}

/// How long the bracketed target is with which this begins.
fn target(text: &str, bracket: &str) -> Option<usize> {
    let close = match bracket {
        "<" => '>',
        "[" => ']',
        _ => ')',
    };
    let end = text.find(close)?;
    let inner = &text[1..end];
    let is_target = ["://", "mailto:", "cid:", "image:", "tel:"].iter().any(|it| inner.contains(it));
    (is_target || bracket == "<" && inner.contains('@')).then_some(end + 1)
}

/// Where each of the letters `said`, up to `until`, stands among those `beside`. None: they differ in too many places.
fn aligned(said: &[Letter], beside: &[Letter], until: usize) -> Option<Vec<Option<usize>>> {
    let (mut found, mut at, mut gaps) = (Vec::with_capacity(until), 0, 0);
    while found.len() < until {
        let (rest, rest_beside) = (&said[found.len()..], beside.get(at..)?);
        if rest_beside.first().is_some_and(|it| it.is == rest[0].is) {
            found.push(Some(at));
            at += 1;
            continue;
        }
        gaps += 1;
        let agree = |one: &[Letter], other: &[Letter]| {
            one.len() >= SURE && one.iter().zip(other).take(SURE).filter(|(one, other)| one.is == other.is).count() == SURE
        };
        let skipped = (1..=REACH).find_map(|n| {
            let left = rest.get(n..).is_some_and(|it| agree(it, rest_beside)).then_some((n, 0));
            left.or_else(|| rest_beside.get(n..).is_some_and(|it| agree(it, rest)).then_some((0, n)))
        });
        let (left, left_beside) = skipped.filter(|_| gaps <= MOST_GAPS)?;
        found.extend(std::iter::repeat_n(None, left.min(until - found.len())));
        at += left_beside;
    }
    Some(found)
}

/// The line of a letter, if it is the first on it and not the first of all.
fn begins_line(letters: &[Letter], at: usize) -> Option<usize> {
    let before = letters[..at].last()?;
    (before.line < letters[at].line).then_some(letters[at].line)
}

/// The text with marks above these lines. None: there is none to set.
fn set(text: &str, signature: Option<usize>, history: Option<usize>) -> Option<String> {
    let ends = history.map(|line| (line, Mark::EndOfSignature)).filter(|_| signature.is_some());
    let marks = [signature.map(|line| (line, Mark::Signature)), ends, history.map(|line| (line, Mark::History))];
    let mut out = String::with_capacity(text.len() + 16);
    for (at, line) in text.split('\n').enumerate() {
        out.push_str(if at > 0 { "\n" } else { "" });
        for (_, mark) in marks.iter().flatten().filter(|(line, _)| *line == at) {
            out.push(mark.character());
            out.push('\n');
        }
        out.push_str(line);
    }
    (signature.is_some() || history.is_some()).then_some(out)
}

#[cfg(test)]
mod tests;
