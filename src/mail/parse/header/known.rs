//! Fields by which a header is known to go on behind a line that is none: what an antivirus, a form or a careless program
//! put there is rubbish, and not yet the body.

use std::ops::Range;

use super::{Header, blank, is_folded, line, split};

/// So far is looked ahead, in octets, and past so many lines that are no fields.
const NEAR: usize = 8192;
const MOST_WORDS: usize = 20;
/// A line that is longer is not looked through for carriage returns.
const LONGEST_LINE: usize = 1 << 14;

/// What servers add, each of them again.
const TRACES: &[&str] = &["received", "received-spf", "delivered-to", "dkim-signature", "domainkey-signature", "authentication-results"];
const TRACES_BEGIN: &[&str] = &["x-", "arc-", "list-", "resent-"];

/// What hardly any mail is without, and what nobody writes in a sentence. A second one is part of what somebody copied.
const ONCE: &[&str] = &[
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    "content-language",
    "return-path",
    "reply-to",
    "references",
    "in-reply-to",
    "user-agent",
    "thread-topic",
    "thread-index",
    "auto-submitted",
    "disposition-notification-to",
    "accept-language",
    "errors-to",
    "mailing-list",
    "feedback-id",
];

/// Words that a letter may hold too: only right behind such a line.
const WORDS: &[&str] = &["cc", "bcc", "sender", "importance", "priority", "precedence", "organization", "comments", "keywords"];

/// Where the header goes on that has a line at `from` that is no field; none where that line begins the body. The header of a
/// part, which begins at `start`, is known by the fields of parts alone.
pub(super) fn goes_on(raw: &[u8], start: usize, from: usize, header: &Header<'_>, stop: impl Fn(&[u8]) -> bool) -> Option<usize> {
    let (_, next) = line(raw, from);
    let (mut at, mut words) = (next, 0);
    while at < raw.len() && at - next <= NEAR && words <= MOST_WORDS {
        let (end, behind) = line(raw, at);
        let content = &raw[at..end];
        if blank(content) || stop(content) {
            return None;
        }
        let field = split(content).map(|(name, _)| name.to_ascii_lowercase());
        if field.as_ref().is_some_and(|it| tells(it, start > 0, at == next, header)) {
            return Some(at);
        }
        // Without a field above it, only the very first line can be rubbish.
        if header.fields.is_empty() {
            return None;
        }
        words += usize::from(field.is_none() && !is_folded(content));
        at = behind;
    }
    None
}

fn tells(name: &str, in_part: bool, right_behind: bool, header: &Header<'_>) -> bool {
    let is_new = || header.first(name).is_none();
    if in_part {
        return name.starts_with("x-") || name.starts_with("content-") && is_new();
    }
    TRACES.contains(&name)
        || TRACES_BEGIN.iter().any(|it| name.starts_with(it))
        || ONCE.contains(&name) && is_new()
        || right_behind && WORDS.contains(&name) && is_new()
}

/// Whether a field that mail programs know begins in this line.
pub(super) fn is_field(content: &[u8]) -> bool {
    split(content).is_some_and(|(name, _)| tells(&name.to_ascii_lowercase(), false, true, &Header::default()))
}

/// Where a carriage return alone ends a field within this line, in that a field begins behind it.
pub(super) fn carriage_return(raw: &[u8], line: Range<usize>) -> Option<usize> {
    // The end of the line is looked for again behind each.
    let content = Some(&raw[line.clone()]).filter(|it| it.len() <= LONGEST_LINE)?;
    memchr::memchr_iter(b'\r', content).find(|at| *at > 0 && is_field(&content[at + 1..])).map(|at| line.start + at)
}
