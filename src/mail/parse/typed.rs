//! An address as somebody would have typed it, where it was copied from elsewhere.

use std::borrow::Cow;

/// The marks of an address as a keyboard has them: a form wrote them as entities of HTML, or an editor of Asia in full width.
#[must_use]
pub fn as_typed(text: String) -> String {
    let text = if text.contains("&lt;") && !text.contains('<') { text.replace("&lt;", "<").replace("&gt;", ">") } else { text };
    if text.contains('@') { text } else { text.replace(['\u{ff20}', '\u{fe6b}'], "@") }
}

/// Without what takes no room and is no part of an address; it came along when one was copied.
#[must_use]
pub fn without_unseen(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { Cow::Borrowed(text) } else { Cow::Owned(text.chars().filter(|c| !is_unseen(*c)).collect()) }
}

fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
