//! A text as lines, each with what it looks like by itself.

use super::attribution;
use crate::mail::html::marks;

/// What a line looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Somebody's words, or nothing.
    Text,
    /// `> quoted`, or the attribution above such lines.
    Quote,
    /// Not a line of the text: where a mail program marked something in its HTML.
    Mark(marks::Mark),
}

/// One line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    /// Without its line break.
    pub text: &'a str,
    pub kind: Kind,
    /// It belongs to an attribution: `On Monday Ann wrote:`.
    pub attribution: bool,
    /// It stands in a block of code and means nothing.
    pub code: bool,
}

impl Line<'_> {
    /// White space only, or a mark.
    pub fn is_empty(&self) -> bool {
        matches!(self.kind, Kind::Mark(_)) || self.text.trim().is_empty()
    }
}

/// Takes a text apart; attributions above quotes are found and belong to the quote.
pub(super) fn read(text: &str) -> Vec<Line<'_>> {
    let mut in_code = false;
    let mut lines: Vec<Line<'_>> = text
        .split('\n')
        .map(|text| {
            let fence = text.trim_start().starts_with("```");
            let line = Line { text, kind: kind(text), attribution: false, code: in_code || fence };
            in_code ^= fence;
            line
        })
        .collect();
    // A fence that is never closed fences nothing.
    if in_code {
        lines.iter_mut().for_each(|it| it.code = false);
    }
    attribution::mark(&mut lines);
    lines
}

fn kind(text: &str) -> Kind {
    if let Some(mark) = marks::Mark::alone_on(text) {
        return Kind::Mark(mark);
    }
    if is_quote(text) { Kind::Quote } else { Kind::Text }
}

/// `>` at the beginning, a little white space before it at most.
pub(super) fn is_quote(text: &str) -> bool {
    let trimmed = text.trim_start_matches([' ', '\t', '\u{a0}']);
    trimmed.starts_with('>') && text.len() - trimmed.len() <= 8
}

/// `Ann> quoted` or `| quoted`, as some programs mark whose words they were; only counts below an attribution.
pub(super) fn is_named_quote(text: &str) -> bool {
    if text.starts_with('|') {
        return text.len() == 1 || !text.trim_end().ends_with('|');
    }
    let name = text.chars().take(16).take_while(|c| c.is_alphanumeric()).count();
    (1..=15).contains(&name) && text.chars().nth(name) == Some('>')
}

/// Lines as text again: no marks, no blank lines around.
pub(super) fn join<'a>(lines: impl Iterator<Item = &'a Line<'a>>) -> String {
    let kept: Vec<&str> = lines.filter(|it| !matches!(it.kind, Kind::Mark(_))).map(|it| it.text).collect();
    let blank = |it: &&str| it.trim().is_empty();
    let start = kept.iter().take_while(|it| blank(it)).count();
    let end = kept.len() - kept[start..].iter().rev().take_while(|it| blank(it)).count();
    without_marks(&kept[start..end].join("\n"))
}

/// A text without the marks.
pub(super) fn without_marks(text: &str) -> String {
    marks::strip(text)
}
