//! The line of a helpdesk above which the answer is written: our own, and those of others.

use std::sync::LazyLock;

use super::{
    Purpose,
    lines::{Kind, Line},
    phrases,
};
use crate::{desk::message::REPLY_MARKER, mail::phrases::Phrases};

static OWN: LazyLock<Phrases> = LazyLock::new(|| Phrases::of(vec![REPLY_MARKER]));

/// The first such line that is not quoted: below a quoted one, an answer may stand between the quotes.
///
/// Who forwards the mail of another helpdesk wants what stands below its marker to be read.
pub(super) fn find(lines: &[Line<'_>], purpose: Purpose) -> Option<usize> {
    lines.iter().position(|it| it.kind != Kind::Quote && (is_own(it) || purpose != Purpose::Forwards && is_foreign(it)))
}

/// Our own marker, which is nobody's words.
pub(super) fn is_own(line: &Line<'_>) -> bool {
    OWN.within(line.text)
}

/// `##- Please type your reply above this line -##`: nothing else on its line but what draws it.
fn is_foreign(line: &Line<'_>) -> bool {
    let text = line.text.trim_matches(|c: char| !c.is_alphanumeric());
    if text.is_empty() || text.len() > 200 || line.code || !phrases::MARKERS.may_begin(text) {
        return false;
    }
    phrases::MARKERS.behind(&text.to_lowercase()).any(|rest| rest.chars().count() <= 40)
}
