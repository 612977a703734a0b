//! Where the history begins that is not marked line by line.

use super::{
    Purpose, attribution,
    header::{self, Header, field, is_drawn_header, is_header_block, is_header_line, is_notes_block, is_sure_header},
    lines::{Kind, Line},
    phrases::{self, lower},
};
use crate::mail::html::marks::Mark;

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

impl Found {
    /// The copied mail begins here: history, or what the sender wants to show.
    fn mail(mut self, at: usize, purpose: Purpose) -> Self {
        match purpose {
            Purpose::Forwards => self.forward = Some(at),
            Purpose::Answers | Purpose::Begins => self.cut = Some(at),
        }
        self
    }
}

/// Looks from the top. History needs words above it: a mail that begins with a header block shows it.
pub(super) fn find(lines: &[Line<'_>], purpose: Purpose) -> Found {
    let (mut found, mut words_above, mut below_header, mut prose) = (Found::default(), false, 0, false);
    for (at, line) in lines.iter().enumerate() {
        if begins_forward(lines, at) {
            found.forward = Some(at);
            return found;
        }
        if words_above && is_arrowed(line.text) {
            return found.mail(at, purpose);
        }
        if line.code || line.kind == Kind::Quote {
            words_above |= line.code;
            continue;
        }
        if line.kind == Kind::Text && at >= below_header && (!words_above || header::is_shown(lines, at)) {
            below_header = header::read(lines, at).filter(Header::is_copied).map_or(below_header, |it| it.end);
        }
        if words_above && at >= below_header && begins(lines, at, purpose) {
            return found.mail(with_lead(lines, at), purpose);
        }
        if line.attribution && line.kind == Kind::Text {
            prose = if at > 0 && lines[at - 1].attribution { prose } else { is_prose(lines, at, purpose) };
        }
        if line.attribution && line.kind == Kind::Text && !prose {
            if words_above {
                return found.mail(at, purpose);
            }
            if purpose != Purpose::Forwards {
                found.leading_attribution.push(at);
            }
        } else {
            words_above |= !line.is_empty() && !is_rule(line.text);
        }
    }
    found
}

/// The line that says so, or Apple Mail's, which is a part of the quote that it begins.
fn begins_forward(lines: &[Line<'_>], at: usize) -> bool {
    let line = &lines[at];
    let first = || line.kind == Kind::Text || lines[..at].iter().rev().find(|it| !it.is_empty()).is_none_or(|it| it.kind == Kind::Text);
    !line.code && !line.attribution && matches!(line.kind, Kind::Text | Kind::Quote) && is_forward(line.text) && first()
}

fn begins(lines: &[Line<'_>], at: usize, purpose: Purpose) -> bool {
    match lines[at].kind {
        Kind::Mark(Mark::History) => !forward_follows(lines, at) && (purpose != Purpose::Begins || copied_mail_follows(lines, at)),
        Kind::Mark(Mark::Rule) => purpose != Purpose::Begins && is_drawn_header(lines, at, 3) && !forward_follows(lines, at),
        Kind::Mark(Mark::Attribution | Mark::Signature | Mark::EndOfSignature) | Kind::Quote => false,
        Kind::Text => match purpose {
            Purpose::Answers | Purpose::Forwards => {
                is_rule(lines[at].text) && is_drawn_header(lines, at, 4)
                    || is_separator(lines, at)
                    || is_header_block(lines, at)
                    || is_header_line(lines[at].text)
                    || is_notes_block(lines, at)
            }
            Purpose::Begins => is_original_message(lines[at].text) || is_sure_header(lines, at) || is_header_line(lines[at].text),
        },
    }
}

/// A sentence that reads like an attribution: `As I said, on 5 February at ten your colleague wrote:`.
///
/// It names no address, and it goes on from the line above or in the line below; where nothing says that the mail
/// answers, the missing address is enough, or one without a name and a time of day.
fn is_prose(lines: &[Line<'_>], at: usize, purpose: Purpose) -> bool {
    let end = at + lines[at..].iter().take_while(|it| it.attribution).count();
    if lines[at..end].iter().any(|it| it.text.contains('@')) {
        let whole = |it: &Line<'_>| it.text.contains(['<', '[']) || attribution::has_time(it.text);
        return purpose == Purpose::Begins && !lines[at..end].iter().any(whole);
    }
    let said = |it: &&Line<'_>| !it.is_empty();
    let goes_on = |text: &str| text.trim_start().starts_with(char::is_lowercase);
    let from_above = lines[..at].iter().rev().find(said).is_some_and(|it| it.text.trim_end().ends_with(',')) && goes_on(lines[at].text);
    purpose == Purpose::Begins || from_above || lines[end..].iter().find(said).is_some_and(|it| goes_on(it.text))
}

/// Whether these quoted lines are history that may go: they begin with what says whose they are, or the mail answers. Even where a line
/// announces them: what a helper's program quotes may be a notice to staff.
pub(super) fn is_cited(quote: &[Line<'_>], purpose: Purpose) -> bool {
    let first = quote.iter().position(|it| !it.is_empty());
    match purpose {
        Purpose::Forwards => false,
        Purpose::Answers => true,
        Purpose::Begins => first.is_some_and(|at| quote[at].attribution || is_sure_header(quote, at)),
    }
}

fn forward_follows(lines: &[Line<'_>], at: usize) -> bool {
    lines[at + 1..].iter().filter(|it| !it.is_empty()).take(2).any(|it| is_forward(it.text))
}

/// A line may be drawn above anything: what is below it must say whose words it is.
fn copied_mail_follows(lines: &[Line<'_>], at: usize) -> bool {
    let first = lines[at..].iter().position(|it| !it.is_empty()).map(|it| at + it);
    first.is_some_and(|at| lines[at].attribution || is_sure_header(lines, at) || is_original_message(lines[at].text))
}

/// A line of dashes or underscores right above belongs to what it sets off.
pub(super) fn with_rule(lines: &[Line<'_>], at: usize) -> usize {
    let above = lines[at.saturating_sub(3)..at].iter().rposition(|it| !it.is_empty()).map(|it| it + at.saturating_sub(3));
    match above {
        Some(above) if is_rule(lines[above].text) => above,
        _ => at,
    }
}

/// The same, and what stands above the copied header: whom Foxmail names on a line of its own, what Notes says of it all on one.
pub(super) fn with_lead(lines: &[Line<'_>], at: usize) -> usize {
    let at = with_rule(lines, at);
    let name = header::read(lines, at).and_then(|it| it.from).unwrap_or_default();
    let said = lines[at.saturating_sub(3)..at].iter().rposition(|it| !it.is_empty()).map(|it| it + at.saturating_sub(3));
    let leads = |it: &usize| {
        let text = lines[*it].text.trim();
        let alone = *it > 0 && lines[*it - 1].is_empty();
        let address = attribution::has_address(text) && !text.contains(char::is_whitespace);
        !name.is_empty() && alone && (text == name || address || is_notes_summary(text))
    };
    said.filter(leads).unwrap_or(at)
}

/// `Ann Lee ---05.03.2024 10:12:15---Hello Hal, would it suit …`
fn is_notes_summary(text: &str) -> bool {
    let mut parts = text.splitn(3, "---");
    parts.next().is_some_and(|it| !it.is_empty()) && parts.next().is_some_and(attribution::is_moment) && parts.next().is_some()
}

/// An attribution of any language right above our marker: it ends in a colon and holds an address.
pub(super) fn with_attribution(lines: &[Line<'_>], marker: usize) -> usize {
    let at = with_rule(lines, marker);
    let said = lines[at.saturating_sub(3)..at].iter().rposition(|it| !it.is_empty()).map(|it| it + at.saturating_sub(3));
    said.filter(|it| {
        let text =
            lines[*it].text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'));
        text.len() < 200 && text.ends_with([':', '：']) && text.contains('@') && text.contains(char::is_numeric)
    })
    .unwrap_or(at)
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
    let dated = |it: &str| attribution::is_dated(it) || attribution::has_address(it);
    text.len() < 200 && text.starts_with(">>> ") && text.ends_with(">>>") && dated(text)
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '_' | '=' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{2500}' | '\u{2501}')
}

/// The words between dashes: `-----Original Message-----`.
pub(super) fn between_dashes(text: &str) -> Option<String> {
    inside_dashes(text).map(|it| lower(it).replace('\u{a0}', " "))
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

/// `-----Original Message-----` in a language that is on the list.
fn is_original_message(text: &str) -> bool {
    // `Original` by itself may begin anything else.
    between_dashes(text).is_some_and(|it| phrases::ORIGINAL_MESSAGE.begin(&it) || it == "original")
}

fn is_separator(lines: &[Line<'_>], at: usize) -> bool {
    let Some(inner) = between_dashes(lines[at].text) else { return false };
    if is_original_message(lines[at].text) {
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
    bare.len() < 120 && phrases::FORWARDED.begin(&lower(bare))
}
