//! `On Monday Ann wrote:` in the languages and shapes of mail programs.

use super::{
    lines::{self, Kind, Line},
    phrases,
};
use crate::mail::html::marks::Mark;

/// An attribution runs over at most this many lines.
const MOST_LINES: usize = 5;
const MOST_OCTETS: usize = 600;

/// Marks each line of an attribution; one above a quote becomes a part of it.
pub(super) fn mark(lines: &mut [Line<'_>]) {
    let mut at = 0;
    while at < lines.len() {
        if let Some(start) = ends_at(lines, at) {
            lines[start..=at].iter_mut().for_each(|it| it.attribution = true);
            below(lines, start, at);
        }
        if lines[at].kind == Kind::Mark(Mark::Attribution) {
            marked(lines, at);
        }
        at += 1;
    }
}

/// What follows an attribution: quotes make it one of them, `Ann> …` lines become quotes.
fn below(lines: &mut [Line<'_>], start: usize, end: usize) {
    let next = end + 1 + lines[end + 1..].iter().take_while(|it| it.is_empty()).count();
    let named = lines[next.min(lines.len())..].iter().take_while(|it| lines::is_named_quote(it.text)).count();
    lines[next..next + named].iter_mut().for_each(|it| it.kind = Kind::Quote);
    if lines.get(next).is_some_and(|it| it.kind == Kind::Quote) {
        for line in &mut lines[start..=end] {
            if line.kind == Kind::Text {
                line.kind = Kind::Quote;
            }
        }
    }
}

/// A mail program said in its HTML that its attribution begins here: it ends where the quote does begin.
fn marked(lines: &mut [Line<'_>], at: usize) {
    let rest = &mut lines[at + 1..];
    let Some(quote) = rest.iter().take(12).position(|it| it.kind == Kind::Quote) else { return };
    let said = rest[..quote].iter().filter(|it| !it.is_empty()).count();
    if said <= MOST_LINES && !rest[..quote].iter().any(|it| super::history::is_forward(it.text)) {
        for line in rest[..quote].iter_mut().filter(|it| it.kind == Kind::Text && !it.text.trim().is_empty()) {
            (line.attribution, line.kind) = (true, Kind::Quote);
        }
    }
}

/// The first line of the attribution whose last line is `end`, if there is one.
fn ends_at(lines: &[Line<'_>], end: usize) -> Option<usize> {
    let last = &lines[end];
    let tail = bare(last.text);
    let wrapped = tail.trim_start().starts_with('>') && lines::is_quote(last.text);
    if last.is_empty() || last.code || (last.kind != Kind::Text && !(wrapped && ends_in_verb(tail))) || !can_end(tail) {
        return None;
    }
    let next = lines[end + 1..].iter().find(|it| !it.is_empty());
    if next.is_some_and(|it| it.kind == Kind::Quote && can_end(bare(it.text)) && ends_in_verb(bare(it.text)) && it.text.len() < 40) {
        return None;
    }
    let quoted_below = next.is_some_and(|it| it.kind == Kind::Quote || lines::is_named_quote(it.text));
    let (mut text, mut start, mut found) = (String::new(), end + 1, None);
    for _ in 0..MOST_LINES {
        let Some(above) = step_up(lines, start, &text) else { break };
        start = above;
        text = if text.is_empty() { tail.to_owned() } else { format!("{} {text}", bare(lines[start].text)) };
        if text.len() > MOST_OCTETS {
            break;
        }
        // The shortest that says enough, or a longer one that begins as attributions do.
        let is = says_who_and_when(&text, quoted_below);
        if is && (found.is_none() || begins(&text)) {
            found = Some(start);
        }
    }
    found
}

/// Without marks of direction, emphasis and dashes around: `---- On Monday Ann wrote ----`.
fn bare(text: &str) -> &str {
    let dressing = |c: char| {
        c.is_whitespace() || matches!(c, '*' | '_' | '-' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.trim_matches(dressing)
}

/// The line above; an empty one is stepped over only where a broken address goes on below it.
fn step_up(lines: &[Line<'_>], start: usize, text: &str) -> Option<usize> {
    let mut at = start.checked_sub(1)?;
    let broken = text.starts_with('<') || text.starts_with("mailto:") || text.starts_with('>');
    if !text.is_empty() && broken {
        while lines[at].is_empty() {
            at = at.checked_sub(1).filter(|it| start - it <= 3)?;
        }
    }
    let line = &lines[at];
    let usable = text.is_empty() || (!line.is_empty() && !line.attribution && (line.kind == Kind::Text || broken));
    usable.then_some(at)
}

fn can_end(tail: &str) -> bool {
    tail.ends_with([':', '：', '>']) || ends_in_verb(tail)
}

fn ends_in_verb(tail: &str) -> bool {
    let lower = tail.trim_end_matches([':', '：', ' ']).to_lowercase();
    phrases::WROTE.iter().any(|verb| lower.ends_with(verb))
}

/// Whether the text begins as attributions do: `On` and a date, a weekday and a date, a date.
fn begins(text: &str) -> bool {
    let lower = text.trim_start_matches(['"', '\'', ' ']).to_lowercase();
    let first: String = lower.chars().take_while(|c| !c.is_whitespace()).collect();
    let date_first = first.starts_with(|c: char| c.is_ascii_digit()) && (has_date(&lower) || has_time(&lower));
    let after = |it: &&str| lower.strip_prefix(*it).filter(|rest| !rest.starts_with(char::is_alphanumeric));
    let digit_soon = |rest: &str, most: usize| rest.chars().take(most).any(|c| c.is_ascii_digit());
    date_first
        || phrases::OPENERS.iter().filter_map(&after).any(|rest| digit_soon(rest, 32))
        || phrases::WEEKDAYS
            .iter()
            .filter_map(after)
            .any(|rest| rest.trim_start_matches(['.', ',', ' ', '\u{a0}']).starts_with(|c: char| c.is_ascii_digit()))
        || phrases::QUOTING.iter().any(|it| lower.starts_with(it))
        || phrases::OPENERS_CJK.iter().any(|it| lower.starts_with(it) && digit_soon(&lower, 8))
}

fn says_who_and_when(text: &str, quoted_below: bool) -> bool {
    let lower = text.to_lowercase();
    let colon = lower.ends_with([':', '：']);
    let verb = phrases::WROTE.iter().any(|it| lower.contains(it)) || phrases::QUOTING.iter().any(|it| lower.starts_with(it));
    let (date, address) = (has_date(&lower) || has_time(&lower), has_address(&lower));
    let address_last = lower.trim_end_matches([':', '：', ' ', '>', ')', ']']).rsplit(char::is_whitespace).next().is_some_and(has_address);
    if quoted_below {
        let plain = verb && lower.len() < 120;
        let dated_address = date && address && (colon || address_last && begins(text));
        return colon && verb && (date || address || plain) || dated_address || ends_in_verb(&lower) && date;
    }
    // Nothing below is marked as a quote: only a line that can hardly be anything else.
    let sure = has_year(&lower) || (has_date(&lower) && has_time(&lower));
    let opened = begins(text) || address;
    opened
        && (verb && colon && (sure || address) && (date || address)
            || colon && date && address && address_last
            || !colon && ends_in_verb(&lower) && sure && begins(text))
}

fn has_address(lower: &str) -> bool {
    lower.match_indices('@').any(|(at, _)| {
        let before = lower[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || "._-+=".contains(c));
        let domain: String = lower[at + 1..].chars().take_while(|c| c.is_alphanumeric() || ".-".contains(*c)).collect();
        before && domain.len() >= 3
    })
}

/// A day with its year, and a time of day.
pub(super) fn is_moment(text: &str) -> bool {
    let plain: String = text.chars().filter(|c| !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')).collect();
    has_year(&plain) && has_time(&plain)
}

/// A year of this century or the last.
fn has_year(lower: &str) -> bool {
    numbers(lower).any(|(number, _)| number.len() == 4 && (number.starts_with("19") || number.starts_with("20")))
}

/// `10:32`, `10.32`, `10h32`.
fn has_time(lower: &str) -> bool {
    let list: Vec<(&str, &str)> = numbers(lower).collect();
    list.windows(2).any(|pair| {
        let ((hour, between), (minute, _)) = (pair[0], pair[1]);
        hour.len() <= 2 && minute.len() == 2 && matches!(between, ":" | "h" | "." | "：" | "時" | "点" | "시 ")
    })
}

/// A year, `12/03/11`, `12.03.`.
fn has_date(lower: &str) -> bool {
    let list: Vec<(&str, &str)> = numbers(lower).collect();
    has_year(lower)
        || list.windows(3).any(|it| {
            it.iter().all(|(number, _)| number.len() <= 4) && it[..2].iter().all(|(_, between)| matches!(*between, "/" | "." | "-" | ". "))
        })
}

/// Each run of digits with what stands between it and the next.
fn numbers(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let starts = |from: usize| text[from..].find(|c: char| c.is_ascii_digit()).map(|at| from + at);
    let mut at = starts(0);
    std::iter::from_fn(move || {
        let start = at?;
        let end = text[start..].find(|c: char| !c.is_ascii_digit()).map_or(text.len(), |it| start + it);
        at = starts(end);
        Some((&text[start..end], &text[end..at.unwrap_or(text.len())]))
    })
}
