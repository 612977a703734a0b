//! The line of a helpdesk above which the answer is written: our own, and those of others.

use super::{lines::Line, phrases};
use crate::desk::message::REPLY_MARKER;

/// The first such line.
pub(super) fn find(lines: &[Line<'_>]) -> Option<usize> {
    lines.iter().position(|it| it.text.contains(REPLY_MARKER) || is_foreign(it))
}

/// `##- Please type your reply above this line -##`: nothing else on its line but what draws it.
fn is_foreign(line: &Line<'_>) -> bool {
    let text = line.text.trim_matches(|c: char| !c.is_alphanumeric());
    if text.is_empty() || text.len() > 200 || line.code {
        return false;
    }
    let lower = text.to_lowercase();
    phrases::MARKERS.iter().any(|it| lower.strip_prefix(it).is_some_and(|rest| rest.chars().count() <= 40))
}
