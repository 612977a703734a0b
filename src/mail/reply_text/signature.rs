//! Where a signature begins, in the last stretch of text.

use super::{
    history,
    lines::{Kind, Line},
    phrases,
};
use crate::mail::html::marks::Mark;

/// What stands below a signature's mark is at most this many lines; more is somebody's words.
const LONGEST: usize = 30;

/// The line where a signature begins; `lines` is the last stretch of text. `at_top`: nothing stands above it.
pub(super) fn start(lines: &[Line<'_>], at_top: bool) -> Option<usize> {
    let said = |from: usize| lines[from..].iter().filter(|it| !it.is_empty()).count();
    let above = |at: usize| !at_top || lines[..at].iter().any(|it| !it.is_empty());
    let from = lines.iter().position(|line| !line.code && !line.attribution && is_delimiter(line));
    let delimited = from.filter(|at| above(*at) && said(*at + 1) <= LONGEST);
    let footer = lines.iter().rposition(|it| history::is_rule(it.text)).filter(|at| above(*at) && is_footer(&lines[*at..]));
    let device =
        lines.iter().position(|it| !it.code && is_device_line(it.text)).filter(|at| said(*at + 1) <= 3 && only_devices(&lines[*at..]));
    [delimited, footer, device].into_iter().flatten().min()
}

/// `-- ` (RFC 3676 §4.3), as programs and people write it, or a mail program's own mark.
fn is_delimiter(line: &Line<'_>) -> bool {
    match line.kind {
        Kind::Mark(mark) => mark == Mark::Signature,
        Kind::Text => matches!(line.text.trim(), "--" | "\u{2014}" | "\u{2013}\u{2013}" | "-- \u{a0}" | "*--*"),
        Kind::Quote => false,
    }
}

/// What a list or a company puts below every mail: a line of underscores, or of dashes with the words for it.
fn is_footer(lines: &[Line<'_>]) -> bool {
    let rule = lines[0].text.trim();
    let said: Vec<String> = lines[1..].iter().filter(|it| !it.is_empty()).map(|it| it.text.to_lowercase()).collect();
    if rule.chars().count() < 20 || said.is_empty() || said.len() > 15 {
        return false;
    }
    let spoken = said.iter().any(|line| phrases::FOOTER.iter().any(|it| line.contains(it)));
    spoken || (rule.starts_with('_') && said.len() <= 6)
}

/// `Sent from my iPhone`, in short and in any of many languages.
fn is_device_line(text: &str) -> bool {
    let lower = text.trim().trim_matches(['*', '_', '[', ']', '(', ')', '<', '>', ' ']).to_lowercase();
    let short = lower.chars().count() <= 70 && !lower.ends_with(['?', '!']);
    short
        && (phrases::SENT_FROM.iter().any(|it| lower.starts_with(it))
            || phrases::SENT_FROM_LAST.iter().any(|it| lower.ends_with(it.trim_end())))
}

/// Below it stand a link or another such line, and no words.
fn only_devices(lines: &[Line<'_>]) -> bool {
    lines[1..].iter().filter(|it| !it.is_empty()).all(|it| {
        let text = it.text.trim();
        text.len() < 90 && (text.contains("://") || is_device_line(text) || text.split_whitespace().count() <= 4)
    })
}
