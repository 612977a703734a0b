//! The allow-list: elements, attributes and their values. What is not on it is not there.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

pub use ammonia::Url;
use ammonia::{Builder, UrlRelative};

use super::style;
use crate::desk::message::REMOTE_PICTURE as REMOTE;

/// Elements that are kept. Of all others the content stays, unless they are in [`WITH_CONTENT`].
#[rustfmt::skip]
pub(super) const KEPT: &[&str] = &[
    "a", "abbr", "address", "b", "bdi", "bdo", "big", "blockquote", "br", "caption", "center", "cite", "code", "col", "colgroup", "dd",
    "del", "details", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img",
    "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "summary", "sup", "table",
    "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var", "wbr",
];

/// Elements that go with everything in them.
#[rustfmt::skip]
const WITH_CONTENT: &[&str] = &[
    "script", "style", "title", "textarea", "noscript", "template", "svg", "math", "iframe", "object", "embed", "applet", "xmp", "noembed",
    "noframes", "plaintext", "select", "audio", "video", "canvas", "frameset", "head",
];

/// Whether an attribute of this name is kept on anything at all.
pub(super) fn is_attribute(name: &str) -> bool {
    GENERIC.contains(&name) || ATTRIBUTES.iter().any(|(_, of)| of.contains(&name))
}

const GENERIC: &[&str] = &["dir", "lang", "title", "style"];
const CELL: &[&str] = &["align", "valign", "colspan", "rowspan", "bgcolor", "width", "height"];

const ATTRIBUTES: &[(&str, &[&str])] = &[
    ("a", &["href"]),
    ("img", &["src", REMOTE, "alt", "width", "height"]),
    ("font", &["color", "size", "face"]),
    ("ol", &["start", "type"]),
    ("table", &["align", "bgcolor", "border", "cellpadding", "cellspacing", "width"]),
    ("col", &["width"]),
    ("tr", &["align", "valign", "bgcolor"]),
    ("td", CELL),
    ("th", CELL),
    ("p", &["align"]),
    ("div", &["align"]),
    ("h1", &["align"]),
    ("h2", &["align"]),
    ("h3", &["align"]),
];

pub(super) static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .tags(KEPT.iter().copied().collect())
        .clean_content_tags(WITH_CONTENT.iter().copied().collect())
        .generic_attributes(GENERIC.iter().copied().collect())
        .tag_attributes(ATTRIBUTES.iter().map(|(name, of)| (*name, of.iter().copied().collect())).collect())
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel", "cid"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"))
        .set_tag_attribute_values(HashMap::from([("a", HashMap::from([("target", "_blank")]))]))
        .strip_comments(true)
        .attribute_filter(value);
    builder
});

/// A value as it may stand, or none. `cid:` is for pictures and for nothing else, and pictures are for `cid:`.
fn value<'u>(element: &str, attribute: &str, value: &'u str) -> Option<Cow<'u, str>> {
    let kept = match (element, attribute) {
        (_, "style") => {
            let style = style::filter(value);
            return (!style.is_empty()).then_some(Cow::Owned(style));
        }
        ("img", "src") => is_own_part(value.trim()),
        ("img", REMOTE) => is_remote(value),
        ("a", "href") => !is_own_part(value.trim()),
        // Shown where a link leads, it could say anything.
        ("a", "title") => false,
        (_, "width" | "height") => is_number(value.strip_suffix('%').unwrap_or(value), 2000),
        (_, "border") => is_number(value, 20),
        (_, "cellpadding" | "cellspacing" | "colspan" | "rowspan") => is_number(value, 100),
        (_, "start") => is_number(value.trim_start_matches('-'), 100_000),
        (_, "size") => is_number(value.trim_start_matches(['+', '-']), 7),
        (_, "align") => ["left", "right", "center", "justify"].iter().any(|it| value.eq_ignore_ascii_case(it)),
        (_, "valign") => ["top", "middle", "bottom", "baseline"].iter().any(|it| value.eq_ignore_ascii_case(it)),
        (_, "dir") => ["ltr", "rtl", "auto"].iter().any(|it| value.eq_ignore_ascii_case(it)),
        (_, "lang") => value.len() <= 35 && value.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-'),
        (_, "type") => ["1", "a", "A", "i", "I"].contains(&value),
        (_, "color" | "bgcolor" | "face") => value.len() <= 60 && value.chars().all(|c| c.is_alphanumeric() || "# ,-".contains(c)),
        (_, "alt" | "title") => value.len() <= 1000,
        _ => true,
    };
    kept.then_some(Cow::Borrowed(value))
}

fn is_number(value: &str, most: u32) -> bool {
    value.bytes().all(|c| c.is_ascii_digit()) && value.parse::<u32>().is_ok_and(|it| it <= most)
}

/// A picture that came with the mail (RFC 2392).
pub(super) fn is_own_part(source: &str) -> bool {
    source.get(..4).is_some_and(|it| it.eq_ignore_ascii_case("cid:"))
}

/// An address as the tokenizer gives it that a picture could be fetched from.
pub(super) fn is_remote(source: &str) -> bool {
    let begins = |with: &str| source.get(..with.len()).is_some_and(|it| it.eq_ignore_ascii_case(with));
    (begins("https://") || begins("http://")) && source.len() <= 4096 && !source.contains(|c: char| c.is_whitespace() || c.is_control())
}
