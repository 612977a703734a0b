//! What mail programs call their quotes and signatures: names, classes, styles.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use html5ever::tokenizer::Tag;

use super::seen::Style;
use crate::mail::html::{marks::Mark, scan};

/// What an element is in a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Plain,
    /// Somebody else's words.
    Quotes,
    Sets(Mark),
}

const HISTORY: &[&str] = &[
    "yahoo_quoted",
    "zmail_extra",
    "OutlookMessageHeader",
    "ms-outlook-mobile-reference-message",
    "mail-editor-reference-message-container",
    "gmail_quote_forward",
    "divRplyFwdMsg",
    "RplyFwdMsg",
    "appendonsend",
    "stopSpelling",
    "zwchr",
    "OLK_SRC_BODY_SECTION",
    "isReplyContent",
    "replyBlockquoteHeader",
    "_MailOriginal",
];
const ATTRIBUTION: &[&str] = &[
    "gmail_attr",
    "moz-cite-prefix",
    "replyHeader",
    "reply-intro",
    "airmail_on",
    "edo-reply",
    "messageReplySection",
    "aqm-original",
    "quote",
];
const SIGNATURE: &[&str] = &["Zm-_Id_-Sgn", "_rc_sig", "bloop_sign", "cm_sign", "CanarySig", "mobile_sig", "edo-sig"];

/// What programs set before a name when they quote or store it.
const PREFIXES: &[&str] = &["x_", "ecx", "m_", "ydp", "yiv"];

/// Whether HTML may hold what is made a mark or a quote of: a fast look at its octets. A rule alone is not counted.
pub(crate) fn may_mark(html: &str) -> bool {
    static NAMES: LazyLock<AhoCorasick> = LazyLock::new(|| {
        let parts = ["blockquote", "signature", "quote", "border-top", "__SIG"];
        let all = HISTORY.iter().chain(ATTRIBUTION).chain(SIGNATURE).chain(&parts);
        AhoCorasick::builder().ascii_case_insensitive(true).build(all).expect("some thirty names fit an automaton")
    });
    NAMES.is_match(html)
}

/// Judged by names first, then by how it is drawn.
pub(super) fn of(tag: &Tag, style: &Style) -> Role {
    let names = || {
        let classes = scan::attribute(tag, "class").unwrap_or_default().split_whitespace().take(20);
        classes.chain(["id", "name"].into_iter().filter_map(|it| scan::attribute(tag, it)))
    };
    let is = |list: &[&str]| names().any(|name| list.iter().any(|it| is_called(name, it)));
    if &*tag.name == "blockquote" {
        return quotation(tag, style, names().next().is_some());
    }
    if matches!(&*tag.name, "br" | "img" | "input" | "meta" | "link") {
        return Role::Plain;
    }
    if &*tag.name == "div" && scan::attribute(tag, "name") == Some("quote") && style.has_line_at_left() {
        return Role::Quotes;
    }
    if &*tag.name == "signature" || is(SIGNATURE) || names().any(says_signature) || is_marked_signature(tag) {
        return Role::Sets(Mark::Signature);
    }
    let quoted = scan::attribute(tag, "data-marker") == Some("__QUOTED_TEXT__");
    if is(HISTORY) || quoted || names().any(|it| it.contains("yahoo_quoted")) || &*tag.name == "div" && style.begins_outlook_header() {
        return Role::Sets(Mark::History);
    }
    if is(ATTRIBUTION) || names().any(says_quote) {
        return Role::Sets(Mark::Attribution);
    }
    if &*tag.name == "hr" || matches!(&*tag.name, "div" | "td" | "table") && style.draws_a_line() {
        return Role::Sets(Mark::Rule);
    }
    Role::Plain
}

fn is_called(name: &str, it: &str) -> bool {
    name.strip_suffix(it).is_some_and(|before| before.is_empty() || PREFIXES.iter().any(|prefix| before.starts_with(prefix)))
}

/// `gmail_signature`, `AppleMailSignature`, `moz-signature`; not the break that Apple sets before one, nor a field of a form.
fn says_signature(name: &str) -> bool {
    let lower = name.to_lowercase();
    let Some((_, behind)) = lower.split_once("signature").filter(|_| name.len() < 60 && !name.contains("BeginningOf")) else {
        return false;
    };
    let part = behind.trim_start_matches(['_', '-']);
    ["block", "section", "container", "wrapper", "prefix", "text"].iter().any(|it| part.starts_with(it))
        || !part.contains(char::is_alphabetic)
}

fn says_quote(name: &str) -> bool {
    let lower = name.to_lowercase();
    name.len() < 60 && ["_quote", "-quote", "quote_", "quotedreply", "fairemail_quote"].iter().any(|it| lower.contains(it))
}

fn is_marked_signature(tag: &Tag) -> bool {
    let attribute = |name: &str| scan::attribute(tag, name);
    attribute("data-smartmail") == Some("gmail_signature")
        || attribute("data-signatureblock") == Some("true")
        || attribute("data-signature-widget") == Some("container")
        || attribute("data-marker").is_some_and(|it| it.starts_with("__SIG"))
}

/// `<blockquote style="margin:0 0 0 40px;border:none">` is how Gmail and others indent.
fn quotation(tag: &Tag, style: &Style, named: bool) -> Role {
    let cited = scan::attribute(tag, "type") == Some("cite") || scan::attribute(tag, "cite").is_some() || named;
    if !cited && style.has_no_border() { Role::Plain } else { Role::Quotes }
}
