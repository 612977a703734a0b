//! Header fields that a signature covers (RFC 9788, and `protected-headers="v1"` before it).

use super::structure::{Part, Tree};

/// The subject within, where the one outside only stands in its place.
#[must_use]
pub fn subject(tree: &Tree<'_>, outside: &str) -> Option<String> {
    let root = &tree.parts[0];
    let covered = if root.media.main == "multipart/signed" { root.children.first().map(|it| &tree.parts[*it]) } else { None };
    let covered = covered.filter(|it| is_protected(it) && is_placeholder(outside))?;
    covered.header.text("subject").filter(|it| !it.is_empty())
}

fn is_protected(part: &Part<'_>) -> bool {
    let says =
        |name: &str, values: &[&str]| part.media.param(name).is_some_and(|it| values.iter().any(|value| it.eq_ignore_ascii_case(value)));
    says("protected-headers", &["v1"]) || says("hp", &["clear", "cipher"])
}

/// What mail programs write outside (RFC 9788 §9.2 has `[...]`), with or without a prefix of answers.
fn is_placeholder(subject: &str) -> bool {
    let bare = subject.rsplit(':').next().unwrap_or(subject).trim();
    bare.is_empty()
        || matches!(bare, "..." | "\u{2026}" | "[...]" | "[\u{2026}]" | "Encrypted Message" | "Encrypted message" | "p≡p" | "pEp")
}
