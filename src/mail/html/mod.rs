//! HTML of a mail: made harmless for display, and as text.

mod allowed;
mod clean;
mod history;
pub(crate) mod marks;
mod scan;
mod style;
mod text;

pub(crate) use allowed::Url;
pub use clean::{Sanitised, sanitise, sanitise_folding};
pub use text::to_text;
pub(crate) use text::{may_mark, to_marked_text};

/// Plain text as HTML: escaped, with its line breaks.
#[must_use]
pub fn from_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 32);
    out.push_str("<div>");
    for line in text.trim_end().lines() {
        scan::escape(line, &mut out);
        out.push_str("<br>");
    }
    out.push_str("</div>");
    out
}
