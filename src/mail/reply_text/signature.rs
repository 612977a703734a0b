//! Where a signature begins, in the last stretch of text.

use std::ops::Range;

use super::{
    device,
    lines::{Kind, Line},
    phrases,
};
use crate::mail::html::marks::Mark;

/// What stands below a signature's mark is at most this many lines; more is somebody's words.
const LONGEST: usize = 30;

/// What a mail program put between the marks of a signature, wherever that is.
pub(super) fn marked<'l>(lines: &'l [Line<'_>]) -> impl Iterator<Item = Range<usize>> + 'l {
    let begins = lines.iter().enumerate().filter(|(_, it)| it.kind == Kind::Mark(Mark::Signature)).map(|(at, _)| at);
    begins.filter_map(|at| Some(at..at + end_of_mark(&lines[at..])?))
}

/// How many lines below its mark a signature ends, if that is marked too, and near.
fn end_of_mark(lines: &[Line<'_>]) -> Option<usize> {
    lines.iter().take(LONGEST * 3).position(|it| it.kind == Kind::Mark(Mark::EndOfSignature))
}

/// The line where a signature begins; `lines` is the last stretch of text. `at_top`: nothing stands above it.
pub(super) fn start(lines: &[Line<'_>], at_top: bool) -> Option<usize> {
    let said = |from: usize| lines[from..].iter().filter(|it| !it.is_empty()).count();
    let above = |at: usize| !at_top || lines[..at].iter().any(|it| !it.is_empty());
    // Several dashes part choices or thoughts; a list or a company may still add its own below one.
    let dashes = |at: usize| !is_strict(lines[at].text) && is_bare_dashes(lines[at].text);
    let many = (0..lines.len()).filter(|at| dashes(*at)).take(2).count() > 1;
    let parts = |at: usize| many && dashes(at) && !lines[at + 1..].iter().find(|it| !it.is_empty()).is_some_and(|it| is_notice(it.text));
    let delimits = |at: &usize| !lines[*at].code && !lines[*at].attribution && is_delimiter(lines, *at) && !parts(*at);
    let from = (0..lines.len()).find(delimits);
    let delimited = from.filter(|at| above(*at) && said(*at + 1) <= LONGEST);
    let footer = lines
        .iter()
        .rposition(|it| it.text.trim().len() >= 3 && is_short_rule(it.text))
        .filter(|at| above(*at) && is_footer(&lines[*at..]));
    let device =
        (0..lines.len()).find(|at| device::stands_at(lines, *at)).filter(|at| said(*at + 1) <= 3 && device::only_devices(&lines[*at..]));
    let ruled = lines.iter().rposition(|it| !it.code && is_short_rule(it.text)).filter(|at| above(*at) && is_name_below(lines, *at));
    [delimited, footer, device, ruled].into_iter().flatten().min()
}

/// `-- ` (RFC 3676 §4.3) or a mail program's own mark; as people and other programs write it, where a signature follows.
fn is_delimiter(lines: &[Line<'_>], at: usize) -> bool {
    match lines[at].kind {
        Kind::Mark(mark) => mark == Mark::Signature && end_of_mark(&lines[at..]).is_none(),
        Kind::Text => match lines[at].text.trim_end_matches('\r') {
            text if is_strict(text) => true,
            text => is_bare_dashes(text) && !is_announced(lines, at) && signature_follows(&lines[at + 1..]),
        },
        Kind::Quote => false,
    }
}

fn is_strict(text: &str) -> bool {
    matches!(text, "-- " | "-- \u{a0}" | "--\u{a0}")
}

fn is_bare_dashes(text: &str) -> bool {
    matches!(text.trim(), "--" | "\u{2013}" | "\u{2014}" | "\u{2013}\u{2013}" | "*--*")
}

/// `I see this:` stands above: what follows is shown.
fn is_announced(lines: &[Line<'_>], at: usize) -> bool {
    let said = lines[..at].iter().rev().find(|it| !it.is_empty());
    said.is_some_and(|it| it.text.trim_end().ends_with([':', '：']))
}

/// Below dashes that may part anything: it begins as a signature does, is short, and has no sentences unless with them
/// stands how to reach somebody.
fn signature_follows(lines: &[Line<'_>]) -> bool {
    let said: Vec<&str> = lines.iter().filter(|it| !it.is_empty()).take(LONGEST).map(|it| it.text.trim()).collect();
    let small_words = |it: &str| it.split_whitespace().filter(|it| it.starts_with(char::is_lowercase)).count();
    let sentence = |it: &&str| it.ends_with(['.', '?', '!', ':', '。', '？', '！']) && small_words(it) >= 4 && !device::is_line(it);
    let reachable = || said.iter().any(|it| reaches(it) || is_notice(it));
    said.first().is_some_and(|it| begins_signature(it)) && (!said.iter().any(sentence) || reachable())
}

/// A name, a greeting, an address or a notice, and not a sentence.
fn begins_signature(first: &str) -> bool {
    let words = first.split_whitespace().filter(|it| it.contains(char::is_alphabetic));
    let (count, capital) = (words.clone().count(), words.filter(|it| !it.starts_with(char::is_lowercase)).count());
    let sentence = first.ends_with(['.', '?', '!', ':', ';', '{']) || count > 2 && first.starts_with(char::is_lowercase);
    // `Hal Smith, Desk Ltd.`
    let names = count <= 10 && capital * 3 >= count * 2 && !first.contains(['?', '!', ':', ';']);
    count <= 7 && !sentence || names || reaches(first) && count <= 8 || is_notice(first) || device::is_line(first)
}

/// Whether lines without any mark are somebody's name and how to reach them, or a notice: nobody's answer.
pub(super) fn signs(said: &[&str]) -> bool {
    let Some((first, rest)) = said.split_first().map(|(first, rest)| (first.trim(), rest)) else { return false };
    let sentence = |it: &&str| it.trim().ends_with(['.', '?', '!', ':', ',', ';', '。', '？', '！']);
    let named =
        |it: &str| (1..=5).contains(&it.split_whitespace().count()) && it.split_whitespace().all(|it| it.starts_with(char::is_uppercase));
    let full_name = first.contains(' ') && named(first) && !said.iter().any(sentence);
    let signed_off =
        phrases::SIGN_OFFS.are(&phrases::lower(first.trim_end_matches([',', '.', '!']))) && rest.iter().all(|it| named(it.trim()));
    said.iter().any(|it| is_notice(it)) || device::is_line(first) || full_name || signed_off || said.iter().all(|it| reaches(it))
}

/// An address, a link or a number to call.
pub(super) fn reaches(text: &str) -> bool {
    text.contains('@') || text.contains("://") || text.contains("www.") || text.chars().filter(char::is_ascii_digit).count() >= 6
}

/// Whether what stands where a signature does is a sentence, and nobody's name, device or way to be reached.
pub(super) fn speaks(text: &str) -> bool {
    let said: Vec<&str> = text.lines().map(str::trim).filter(|it| !it.is_empty() && !device::is_line(it)).collect();
    let small = |it: &str| it.split_whitespace().filter(|it| it.starts_with(char::is_lowercase)).count();
    let sentence = said.first().is_some_and(|it| small(it) >= 3 || small(it) >= 1 && it.ends_with(['.', '?', '!']));
    sentence && !said.iter().any(|it| reaches(it) || is_notice(it))
}

/// What companies, lists and scanners write below every mail.
fn is_notice(text: &str) -> bool {
    phrases::NOTICES.within(&phrases::lower(text))
}

/// `---`, `____`, `***`: a rule that may set off a name.
fn is_short_rule(text: &str) -> bool {
    let text = text.trim();
    let first = text.chars().next();
    let drawn = first.is_some_and(|c| "-_=*~#\u{2014}\u{2013}".contains(c)) && text.chars().all(|c| Some(c) == first);
    drawn && text.chars().count() >= 2
}

/// A rule with an empty line above, and below it a name or greeting and a few short lines to the end.
fn is_name_below(lines: &[Line<'_>], at: usize) -> bool {
    let set_off = at > 0 && lines[at - 1].is_empty() && !is_announced(lines, at);
    // Rules that part choices or steps are several.
    let alone = lines.iter().filter(|it| is_short_rule(it.text)).take(2).count() == 1;
    let said: Vec<&str> = lines[at + 1..].iter().filter(|it| !it.is_empty()).map(|it| it.text.trim()).collect();
    let name = said.first().is_some_and(|it| {
        let plain = it.split_whitespace().count() <= 5 && !it.ends_with(['.', '?', ':', ';']) && !it.contains(|c: char| c.is_ascii_digit());
        plain && it.chars().next().is_some_and(char::is_uppercase)
    });
    let reachable = |it: &&str| reaches(it);
    let titles = |it: &&&str| it.chars().count() <= 40 && !it.ends_with(['.', '?', '!', ':', ',']);
    let named = said.first().is_some_and(|it| it.split_whitespace().all(|word| word.starts_with(char::is_uppercase)));
    let signed =
        said.len() == 1 && named || said.iter().skip(1).any(reachable) || named && said.len() <= 4 && said.iter().all(|it| titles(&it));
    set_off && alone && name && signed && said.len() <= 8 && said.iter().all(|it| it.chars().count() <= 70)
}

/// What a list or a company puts below every mail: a line of underscores, or of dashes with the words for it.
fn is_footer(lines: &[Line<'_>]) -> bool {
    let rule = lines[0].text.trim();
    let said: Vec<String> = lines[1..].iter().filter(|it| !it.is_empty()).map(|it| it.text.to_lowercase()).collect();
    if said.is_empty() || said.len() > 15 {
        return false;
    }
    if rule.chars().count() < 20 {
        return said.len() <= 4 && phrases::SCANNED.within(&said[0]);
    }
    let spoken = said.iter().any(|line| phrases::FOOTER.within(line));
    // A line of underscores may also part questions, or a form that was filled in.
    let asks = said.iter().any(|it| it.trim_end().ends_with(['?', '？']));
    let fields = said.iter().filter(|it| is_field(it)).count() > 1;
    spoken || rule.starts_with('_') && said.len() <= 6 && !asks && !fields
}

/// `Order: 1042`
fn is_field(text: &str) -> bool {
    let field = text.split_once(": ").map(|(name, value)| (name.split_whitespace().count(), value.trim()));
    field.is_some_and(|(words, value)| (1..=4).contains(&words) && !value.is_empty() && !reaches(value))
}
