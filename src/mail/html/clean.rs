//! HTML made harmless (SAFETY.md, "No byte of a mail runs"): what is not on the list is not there.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use ammonia::{Builder, UrlRelative};
use html5ever::tokenizer::Tag;

use super::{
    scan::{self, Visitor},
    text,
};

/// HTML that a page may show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sanitised {
    /// Without script, style, form, frame; links open elsewhere; pictures only by `cid:`.
    pub html: String,
    /// Pictures that would have been loaded from somewhere, and were left out.
    pub remote_images: usize,
}

/// Never fails; sanitising again changes nothing. What is too deep or too long to be judged comes back as its text.
#[must_use]
pub fn sanitise(html: &str) -> Sanitised {
    let first = Prepared::of(html);
    let remote_images = first.remote;
    if !scan::is_bounded(&first.out) {
        return Sanitised { html: as_text(html), remote_images };
    }
    // What a parser makes of its own output can differ from it (tables, misnested links): on until it does not.
    let mut shown = clean(&first);
    for _ in 0..8 {
        let again = clean(&Prepared::of(&shown));
        if again == shown {
            return Sanitised { html: shown, remote_images };
        }
        shown = again;
    }
    Sanitised { html: as_text(html), remote_images }
}

/// Read piece by piece, since the tokenizer is quadratic in the length of what it is given at once.
fn clean(prepared: &Prepared) -> String {
    CLEANER.clean_from_reader(prepared.out.as_bytes()).map(|it| it.to_string()).unwrap_or_default()
}

fn as_text(html: &str) -> String {
    let mut out = String::new();
    for line in text::to_text(html).lines() {
        scan::escape(line.trim(), &mut out);
        out.push_str("<br>");
    }
    // By the same serialiser, so that this too stays as it is.
    clean(&Prepared::of(&out))
}

/// Writing text out is quadratic in the length of a piece of text with many `&` in it: longer ones are parted.
const LONGEST_TEXT: usize = 4096;

/// HTML without the pictures that are not parts of the mail, which are counted where they lie elsewhere.
#[derive(Default)]
struct Prepared {
    out: String,
    remote: usize,
    /// Octets of text since the last tag.
    text: usize,
}

impl Prepared {
    fn of(html: &str) -> Self {
        let mut prepared = Self::default();
        scan::visit(html, &mut prepared);
        prepared
    }
}

impl Visitor for Prepared {
    fn open(&mut self, tag: &Tag) {
        let is_picture = matches!(&*tag.name, "img" | "image");
        let source = scan::attribute(tag, "src").map(str::trim).unwrap_or_default();
        if is_picture && !is_own_part(source) {
            self.remote += usize::from(!source.is_empty() && !source.starts_with("data:"));
            return;
        }
        self.text = 0;
        scan::write_tag(&tag.name, tag, &mut self.out);
    }

    fn close(&mut self, name: &str) {
        self.text = 0;
        scan::write_end_tag(name, &mut self.out);
    }

    fn text(&mut self, text: &str) {
        for c in text.chars() {
            if self.text >= LONGEST_TEXT {
                self.out.push_str("<wbr>");
                self.text = 0;
            }
            self.text += c.len_utf8();
            scan::escape_one(c, &mut self.out);
        }
    }
}

fn is_own_part(source: &str) -> bool {
    source.get(..4).is_some_and(|it| it.eq_ignore_ascii_case("cid:"))
}

/// Elements that are kept. Of all others the content stays, unless they are in [`WITH_CONTENT`].
const KEPT: &[&str] = &[
    "a",
    "abbr",
    "address",
    "b",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "wbr",
];

/// Elements that go with everything in them.
const WITH_CONTENT: &[&str] = &[
    "script",
    "style",
    "title",
    "textarea",
    "noscript",
    "template",
    "svg",
    "math",
    "iframe",
    "object",
    "embed",
    "applet",
    "xmp",
    "noembed",
    "noframes",
    "plaintext",
    "select",
    "audio",
    "video",
    "canvas",
    "frameset",
    "head",
];

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .tags(KEPT.iter().copied().collect())
        .clean_content_tags(WITH_CONTENT.iter().copied().collect())
        .generic_attributes(HashSet::from(["dir", "lang", "title"]))
        .tag_attributes(attributes())
        .url_schemes(HashSet::from(["http", "https", "mailto", "cid"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"))
        .set_tag_attribute_values(HashMap::from([("a", HashMap::from([("target", "_blank")]))]))
        .strip_comments(true)
        .attribute_filter(filter);
    builder
});

fn attributes() -> HashMap<&'static str, HashSet<&'static str>> {
    let cell = HashSet::from(["align", "valign", "colspan", "rowspan", "bgcolor", "width", "height"]);
    HashMap::from([
        ("a", HashSet::from(["href"])),
        ("img", HashSet::from(["src", "alt", "width", "height"])),
        ("font", HashSet::from(["color", "size", "face"])),
        ("ol", HashSet::from(["start", "type"])),
        ("table", HashSet::from(["align", "bgcolor", "border", "cellpadding", "cellspacing", "width"])),
        ("tr", HashSet::from(["align", "valign", "bgcolor"])),
        ("td", cell.clone()),
        ("th", cell),
        ("p", HashSet::from(["align"])),
        ("div", HashSet::from(["align"])),
    ])
}

/// `cid:` is for pictures and for nothing else, and pictures are for `cid:`.
fn filter<'u>(element: &str, attribute: &str, value: &'u str) -> Option<Cow<'u, str>> {
    match (element, attribute) {
        ("img", "src") => is_own_part(value.trim()).then_some(Cow::Borrowed(value)),
        ("a", "href") if is_own_part(value.trim()) => None,
        (_, "width" | "height" | "border" | "cellpadding" | "cellspacing" | "colspan" | "rowspan" | "start" | "size") => {
            let number = value.len() <= 5 && value.trim_start_matches(['+', '-']).trim_end_matches('%').bytes().all(|c| c.is_ascii_digit());
            number.then_some(Cow::Borrowed(value))
        }
        (_, "color" | "bgcolor" | "face") => {
            let plain = value.len() <= 60 && value.chars().all(|c| c.is_alphanumeric() || "# ,-".contains(c));
            plain.then_some(Cow::Borrowed(value))
        }
        _ => Some(Cow::Borrowed(value)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_could_run_or_load_is_gone() {
        for (html, clean) in [
            ("<p onclick=x()>hi<script>x()</script></p>", "<p>hi</p>"),
            ("<a href='javascript:x()'>l</a>", "<a target=\"_blank\" rel=\"noopener noreferrer nofollow\">l</a>"),
            ("<img src=http://t.test/p.gif>a", "a"),
            ("<img src=cid:1 onerror=x()>", "<img src=\"cid:1\">"),
            ("<svg><style><img src=x onerror=x()></style></svg>b", "b"),
            ("<math><mtext><table><mglyph><style><img src onerror=x()>", ""),
            ("<div style='color:red' class=a id=b>t</div>", "<div>t</div>"),
            ("<form action=x><input name=q><button>go</button></form>", "go"),
            ("<iframe src=x>no</iframe><base href=x><meta http-equiv=refresh content=0>y", "y"),
            ("<noscript><p title=\"</noscript><img src=x onerror=x()>\"></noscript>z", "z"),
            ("<a href=cid:1>x</a><td background=http://t.test/>", "<a target=\"_blank\" rel=\"noopener noreferrer nofollow\">x</a>"),
        ] {
            assert_eq!(sanitise(html).html, clean, "{html}");
        }
        assert_eq!(sanitise("<img src=https://a.test/1><img src='//b.test/2'><img src=cid:x><img>").remote_images, 2);
    }

    #[test]
    fn long_text_and_long_attributes_take_no_longer_than_short_ones() {
        let clean = sanitise(&format!("{}<p title='{}'>x", "&amp;".repeat(20_000), "&lt;".repeat(20_000))).html;
        assert_eq!(clean.matches("&amp;").count(), 20_000);
        assert_eq!(sanitise(&clean).html, clean);
    }

    #[test]
    fn a_depth_bomb_is_shown_as_text_and_costs_little() {
        let clean = sanitise(&format!("{}boo<b>", "<div>".repeat(40_000)));
        assert_eq!(clean.html, "boo<br>");
    }

    fn piece() -> impl Strategy<Value = String> {
        let tags = "<table>|<td>|</td>|<tr>|<a href='http://x.test/'>|</a>|<a>|<p>|</p>|<div>|</div>|<b>|</b>|<i>|<svg>|</svg>|<math>|<mtext>|<style>|</style>|<script>|</script>|<title>|</title>|<noscript>|<textarea>|<img src=cid:1>|<img src=x onerror=y>|<li>|<ul>|</ul>|<blockquote>|<select>|<option>|<template>|</template>|<form>|<!--|-->|<![CDATA[|&lt;script&gt;|&#x0;|<pre>\n|<caption>|<col>|<font color=red>|</font>|<nobr>|<h1>|<body>|<head>|<frameset>|<plaintext>|text";
        prop_oneof![4 => prop::sample::select(tags.split('|').map(str::to_owned).collect::<Vec<_>>()), 1 => "\\PC{0,6}"]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(600))]

        #[test]
        fn sanitising_again_changes_nothing(pieces in prop::collection::vec(piece(), 0..30)) {
            let once = sanitise(&pieces.concat()).html;
            prop_assert_eq!(&sanitise(&once).html, &once);
        }

        #[test]
        fn no_script_and_no_handler_survives(pieces in prop::collection::vec(piece(), 0..30)) {
            let clean = sanitise(&pieces.concat()).html;
            let mut watch = Watch::default();
            scan::visit(&clean, &mut watch);
            prop_assert!(watch.bad.is_empty(), "{:?} in {}", watch.bad, clean);
        }
    }

    #[derive(Default)]
    struct Watch {
        bad: Vec<String>,
    }

    impl Visitor for Watch {
        fn open(&mut self, tag: &Tag) {
            if !KEPT.contains(&&*tag.name) {
                self.bad.push(tag.name.to_string());
            }
            for it in &tag.attrs {
                let name = &*it.name.local;
                if name.starts_with("on")
                    || matches!(name, "style" | "class" | "id" | "srcset")
                    || it.value.trim_start().to_lowercase().starts_with("javascript")
                {
                    self.bad.push(format!("{name}={}", it.value));
                }
            }
        }

        fn close(&mut self, _: &str) {}

        fn text(&mut self, _: &str) {}
    }
}
