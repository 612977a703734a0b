//! `On Monday Ann wrote:` in the languages and shapes of mail programs.

use super::{
    lines::{self, Kind, Line},
    phrases, wrapped,
};
use crate::mail::{html::marks::Mark, phrases::head};

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

/// Characters; no verb on the list has more.
const LONGEST_VERB: usize = 32;

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
    if last.kind == Kind::Text && !last.code {
        if is_dashed(last.text) && ends_in_verb(tail) {
            return Some(end);
        }
        if let Some(before) = goes_on(last.text) {
            return Some(with_beginning(lines, end, end, before.to_owned()));
        }
    }
    let wrapped = tail.trim_start().starts_with('>') && lines::is_quote(last.text);
    let is_rest = || wrapped && (ends_in_verb(tail) || end > 0 && is_open_address(&lines[end - 1]));
    if last.is_empty() || last.code || !can_end(tail) || last.kind != Kind::Text && !is_rest() {
        return None;
    }
    let next = lines[end + 1..].iter().find(|it| !it.is_empty());
    if next.is_some_and(|it| it.kind == Kind::Quote && can_end(bare(it.text)) && ends_in_verb(bare(it.text)) && it.text.len() < 40) {
        return None;
    }
    let below = match next {
        Some(it) if it.kind == Kind::Quote || lines::is_named_quote(it.text) => Below::Quote,
        _ if lines.get(end + 1).is_none_or(Line::is_empty) => Below::Blank,
        _ => Below::Text,
    };
    first_line(lines, end, below)
}

/// `Ann Lee <ann@x.test`: its `>` stands on the next line, which is no quote.
fn is_open_address(line: &Line<'_>) -> bool {
    line.kind == Kind::Text && line.text.rsplit_once('<').is_some_and(|(_, rest)| !rest.contains('>') && has_address(rest))
}

/// What stands right below a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Below {
    Quote,
    Blank,
    Text,
}

/// Where an attribution begins: at the shortest text up to `end` that says enough, or at its beginning above that.
fn first_line(lines: &[Line<'_>], end: usize, below: Below) -> Option<usize> {
    let (mut start, mut text) = (end + 1, String::new());
    let tells = |text: &str| below == Below::Quote || text.contains(|c: char| c.is_numeric() || c == '@');
    let enough =
        |text: &str, start: usize| Says::of(text, below, start == end).enough(below) && (below == Below::Quote || is_sure(text, below));
    while !tells(&text) || !enough(&text, start) {
        if end + 1 - start == MOST_LINES || text.len() > MOST_OCTETS {
            return None;
        }
        let above = step_up(lines, start, &text)?;
        let line = bare(lines[above].text);
        if !text.is_empty() && wrapped::ends_sentence(line) {
            return None;
        }
        text = joined(line, &text);
        start = above;
    }
    Some(with_beginning(lines, start, end, text))
}

/// Nothing below is marked as a quote, so that a sentence or a line of a log must not be taken for one.
fn is_sure(text: &str, below: Below) -> bool {
    let logged = below == Below::Text && text.starts_with(|c: char| c.is_ascii_digit()) && !text.contains(['<', ',', '"']);
    !logged && wrapped::says_no_more(text)
}

/// The first of the lines above that belong to the attribution which the lines from `start` to `end` say enough of.
fn with_beginning(lines: &[Line<'_>], mut start: usize, end: usize, mut text: String) -> usize {
    let (mut at, mut open) = (start, String::new());
    while end + 1 - at < MOST_LINES && open.len() + text.len() < MOST_OCTETS {
        let Some(above) = step_up(lines, at, &joined(&open, &text)) else { break };
        at = above;
        open = joined(bare(lines[at].text), &open);
        if wrapped::is_beginning(&open, &text) {
            text = joined(&open, &text);
            (start, open) = (at, String::new());
        }
    }
    start
}

fn joined(above: &str, below: &str) -> String {
    if above.is_empty() || below.is_empty() { format!("{above}{below}") } else { format!("{above} {below}") }
}

/// Without marks of direction, emphasis and dashes around: `---- On Monday Ann wrote ----`.
fn bare(text: &str) -> &str {
    let dressing = |c: char| {
        c.is_whitespace()
            || matches!(c, '*' | '_' | '-' | '=' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.trim_matches(dressing)
}

/// `---- Ann Lee wrote ----`
fn is_dashed(text: &str) -> bool {
    let text = text.trim();
    text.len() < 200 && ["--", "=="].iter().any(|it| text.starts_with(it) && text.ends_with(it))
}

/// What stands before the verb in `On Monday Ann <ann@x.test> wrote: and here it goes on`, as Yahoo sends it.
fn goes_on(text: &str) -> Option<&str> {
    let (before, after) = text.split_once('>').filter(|(before, _)| before.len() < 250 && before.contains('<'))?;
    let after = head(after.trim_start(), 30).to_lowercase();
    let lower = plain(bare(before));
    let verb_first = || after.starts_with(':') && phrases::WROTE.within(&lower);
    if !phrases::WROTE.behind(&after).any(|it| it.trim_start().starts_with(':')) && !verb_first() {
        return None;
    }
    (begins(&lower) && has_year(&lower) && has_time(&lower) && has_address(&lower)).then_some(before)
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
    let tail = tail.trim_end_matches([':', '：', ' ', '\u{a0}', '\u{202f}', ',']);
    if !phrases::WROTE.may_end(tail) {
        return false;
    }
    let from = tail.char_indices().nth_back(LONGEST_VERB).map_or(0, |(at, _)| at);
    phrases::WROTE.end(&tail[from..].to_lowercase())
}

/// Lower case, digits of all scripts as `0` to `9`, no marks of direction.
pub(super) fn plain(text: &str) -> String {
    let digit = |c: char| match c {
        '\u{660}'..='\u{669}' => char::from_digit(u32::from(c) - 0x660, 10),
        '\u{6f0}'..='\u{6f9}' => char::from_digit(u32::from(c) - 0x6f0, 10),
        '\u{ff10}'..='\u{ff19}' => char::from_digit(u32::from(c) - 0xff10, 10),
        '\u{a0}' | '\u{202f}' => Some(' '),
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => None,
        c => Some(c),
    };
    text.chars().filter_map(digit).collect::<String>().to_lowercase()
}

/// Whether the text begins as attributions do: `On` and a date, a weekday and a date, a date.
fn begins(lower: &str) -> bool {
    let lower = lower.trim_start_matches(['"', '\'', ' ', '(']);
    let first: String = lower.chars().take_while(|c| !c.is_whitespace()).collect();
    let date_first = first.starts_with(|c: char| c.is_ascii_digit()) && (has_date(lower) || has_time(lower));
    let word = |rest: &&str| !rest.starts_with(char::is_alphanumeric);
    let digit_soon = |rest: &str, most: usize| rest.chars().take(most).any(|c| c.is_ascii_digit());
    date_first
        || phrases::OPENERS.behind(lower).filter(word).any(|rest| digit_soon(rest, 32))
        || phrases::WEEKDAYS
            .behind(lower)
            .filter(word)
            .any(|rest| rest.trim_start_matches(['.', ',', ' ', '\u{a0}']).starts_with(|c: char| c.is_ascii_digit()))
        || phrases::QUOTING.begin(lower)
        || phrases::OPENERS_CJK.begin(lower) && digit_soon(lower, 8)
}

/// What a text that may be an attribution says.
struct Says {
    lower: String,
    begins: bool,
    verb: bool,
    date: bool,
    address: bool,
    colon: bool,
    /// `Ann Lee wrote …`: somebody's name and the verb come first.
    named: bool,
    /// It is one line, and some word has a capital letter or is of a script that has none.
    capital: bool,
}

impl Says {
    fn of(text: &str, below: Below, one_line: bool) -> Self {
        let lower = plain(text);
        let verb = phrases::WROTE.first_at(&lower);
        let names = verb.and_then(|at| text.get(..at)).unwrap_or_default();
        let capital = |word: &str| !word.starts_with(char::is_lowercase) && word.contains(char::is_alphabetic);
        let is_verb = |word: &str| phrases::WROTE.within(&plain(word));
        Self {
            begins: begins(&lower),
            verb: verb.is_some() || phrases::QUOTING.begin(&lower),
            date: has_date(&lower) || has_time(&lower),
            address: has_address(&lower),
            colon: lower.ends_with([':', '：']),
            named: (1..=4).contains(&names.split_whitespace().count()) && names.split_whitespace().all(capital),
            capital: one_line
                && below == Below::Quote
                && text.len() < 120
                && text.split_whitespace().any(|word| capital(word) && !is_verb(word)),
            lower,
        }
    }

    fn enough(&self, below: Below) -> bool {
        let lower = &*self.lower;
        let address_last =
            lower.trim_end_matches([':', '：', ' ', '>', ')', ']']).rsplit(char::is_whitespace).next().is_some_and(has_address);
        if below == Below::Quote {
            return self.enough_above_quote(address_last);
        }
        // Nothing below is marked as a quote: only a line that can hardly be anything else.
        let moment = has_year(lower) && has_time(lower);
        let sure = has_year(lower) || (has_date(lower) && has_time(lower));
        let opened = self.begins || self.address;
        let (verb, colon) = (self.verb, self.colon);
        verb && colon && self.named && moment && lower.len() < 120
            || opened
                && (verb && colon && (sure || self.address) && (self.date || self.address)
                    || colon && self.date && self.address && address_last && below == Below::Blank
                    || !colon && ends_in_verb(lower) && sure && self.begins)
    }

    fn enough_above_quote(&self, address_last: bool) -> bool {
        let lower = &*self.lower;
        let verb = self.verb || phrases::SAID.within(lower);
        let short = verb && lower.len() < 120 && self.capital;
        let dated_address = self.date && self.address && (self.colon || address_last && self.begins);
        let bracketed = lower.trim_end_matches([':', '：', ' ']).ends_with(['>', ']']) && address_last;
        self.colon && verb && (self.date || self.address || short)
            || dated_address
            || self.colon && bracketed && lower.split_whitespace().count() <= 8
            || self.colon && lower.ends_with("]:") && has_year(lower) && has_time(lower)
            || ends_in_verb(lower) && self.date
    }
}

pub(super) fn has_address(lower: &str) -> bool {
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

/// A date or a time of day.
pub(super) fn is_dated(text: &str) -> bool {
    has_date(text) || has_time(text)
}

/// A year of this century or the last.
fn has_year(lower: &str) -> bool {
    numbers(lower).any(|(number, _)| number.len() == 4 && (number.starts_with("19") || number.starts_with("20")))
}

/// `10:32`, `10.32`, `10h32`.
pub(super) fn has_time(lower: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_verb_is_longer_than_what_is_looked_at() {
        assert!(phrases::WROTE.iter().all(|it| it.chars().count() <= LONGEST_VERB));
    }
}
