//! Where the history begins that is not marked line by line.

use super::{
    Purpose, attribution,
    lines::{Kind, Line},
    phrases::{self, lower},
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
        if !words_above && line.kind == Kind::Text {
            below_header = header(lines, at).filter(Header::is_copied).map_or(0, |it| it.end);
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
        Kind::Mark(Mark::Rule) => purpose != Purpose::Begins && is_drawn_header(lines, at) && !forward_follows(lines, at),
        Kind::Mark(Mark::Attribution | Mark::Signature | Mark::EndOfSignature) | Kind::Quote => false,
        Kind::Text => match purpose {
            Purpose::Answers | Purpose::Forwards => {
                is_separator(lines, at) || is_header_block(lines, at) || is_header_line(lines[at].text) || is_notes_block(lines, at)
            }
            Purpose::Begins => is_original_message(lines[at].text) || is_sure_header(lines, at) || is_header_line(lines[at].text),
        },
    }
}

/// A sentence that reads like an attribution: `As I said, on 5 February at ten your colleague wrote:`.
///
/// It names no address, and it goes on from the line above or in the line below; where nothing says that the mail
/// answers, the missing address is enough.
fn is_prose(lines: &[Line<'_>], at: usize, purpose: Purpose) -> bool {
    let end = at + lines[at..].iter().take_while(|it| it.attribution).count();
    if lines[at..end].iter().any(|it| it.text.contains('@')) {
        return false;
    }
    let said = |it: &&Line<'_>| !it.is_empty();
    let goes_on = |text: &str| text.trim_start().starts_with(char::is_lowercase);
    let from_above = lines[..at].iter().rev().find(said).is_some_and(|it| it.text.trim_end().ends_with(',')) && goes_on(lines[at].text);
    purpose == Purpose::Begins || from_above || lines[end..].iter().find(said).is_some_and(|it| goes_on(it.text))
}

/// Whether quoted lines are history that may go; they begin with what says whose they are, or the mail answers.
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

/// The same, and whom Foxmail names on a line of its own above the copied header.
pub(super) fn with_lead(lines: &[Line<'_>], at: usize) -> usize {
    let at = with_rule(lines, at);
    let name = header(lines, at).and_then(|it| it.from).unwrap_or_default();
    let said = lines[at.saturating_sub(3)..at].iter().rposition(|it| !it.is_empty()).map(|it| it + at.saturating_sub(3));
    said.filter(|it| !name.is_empty() && lines[*it].text.trim() == name && *it > 0 && lines[*it - 1].is_empty()).unwrap_or(at)
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
    text.len() < 200 && text.starts_with(">>> ") && text.ends_with(">>>") && text.chars().any(|c| c.is_ascii_digit())
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
    between_dashes(text).is_some_and(|it| phrases::ORIGINAL_MESSAGE.begin(&it))
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
struct Header<'a> {
    seen: Vec<Named>,
    /// The value of From, and whether it is an address.
    from: Option<&'a str>,
    address: bool,
    moment: bool,
    /// The line below the last field.
    end: usize,
}

impl Header<'_> {
    /// From, with a subject and one more field, or with a recipient and an address or a moment.
    fn is_copied(&self) -> bool {
        let has = |named| self.seen.contains(&named);
        let when = has(Named::Sent) || has(Named::Date);
        has(Named::From) && (has(Named::Subject) && self.seen.len() >= 3 || (self.address || self.moment) && when && has(Named::To))
    }

    /// All that a mail program copies, and nothing that a form or a log asks for as well.
    fn is_whole(&self) -> bool {
        let has = |named| self.seen.contains(&named);
        let named = self.from.is_some_and(|it| it.contains(char::is_alphabetic));
        named && (self.address || self.moment) && has(Named::Sent) && has(Named::To) && has(Named::Subject)
    }
}

/// The fields from this line on, which must be one of them.
fn header<'a>(lines: &[Line<'a>], at: usize) -> Option<Header<'a>> {
    let (first, _) = field(lines.get(at)?.text)?;
    if first == Named::Other || first == Named::Cc {
        return None;
    }
    let (mut found, mut gap) = (Header { seen: Vec::new(), from: None, address: false, moment: false, end: at }, 0);
    for (number, line) in lines.iter().enumerate().skip(at).take(24) {
        match field(line.text) {
            Some((named, value)) => {
                if named == Named::From {
                    found.address |= value.contains('@') || value.contains("mailto");
                    found.from = found.from.or(Some(value.trim()));
                }
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

/// A mail's header, copied.
pub(super) fn is_header_block(lines: &[Line<'_>], at: usize) -> bool {
    header(lines, at).is_some_and(|it| it.is_copied())
}

/// One that can be nothing else, and that no line above announces, as a form does.
fn is_sure_header(lines: &[Line<'_>], at: usize) -> bool {
    let announced = || lines[..at].iter().rev().find(|it| !it.is_empty()).is_some_and(|it| it.text.trim_end().ends_with([':', '：']));
    header(lines, at).is_some_and(|it| it.is_whole()) && !announced()
}

/// `From: Ann <ann@x.test> Sent: Monday 10:00 To: Hal Subject: Help`, all on one line.
fn is_header_line(text: &str) -> bool {
    let Some((Named::From, value)) = field(text).filter(|(_, value)| value.len() < 600 && value.contains('@')) else { return false };
    let named = |list: &Phrases| value.split_whitespace().any(|word| word.strip_suffix(':').is_some_and(|it| list.are(&lower(it))));
    named(&phrases::SENT) && named(&phrases::TO) && named(&phrases::SUBJECT) && attribution::is_moment(value)
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
