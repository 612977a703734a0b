//! What each element does to the text.

use html5ever::tokenizer::Tag;

use super::{
    Writer,
    lines::Gap,
    link::Link,
    open::What,
    roles::{self, Role},
    seen::{Seen, Spaces, Style},
};
use crate::mail::html::{
    marks::Mark,
    scan::{self, Visitor},
};

impl Writer {
    pub(super) fn element(&mut self, name: &str, tag: &Tag, style: &Style) {
        match roles::of(tag, style) {
            Role::Quotes => return self.enter(name, What::Quote),
            Role::Sets(Mark::Signature) => self.enter(name, What::Signature),
            Role::Sets(mark) => self.mark(mark),
            Role::Plain => (),
        }
        match name {
            "br" => self.line_break(),
            "img" => self.picture(tag),
            "a" => self.link(tag),
            "p" => {
                self.tight = style.has_no_margin() || is_tight(tag);
                self.gap(if self.tight { Gap::Break } else { Gap::Blank });
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "hr" | "dl" => self.gap(Gap::Blank),
            "ul" | "ol" | "menu" | "dir" => self.list(name, tag),
            "li" => self.item(tag),
            "pre" | "listing" => {
                self.gap(Gap::Blank);
                self.enter(name, What::Spaces(Spaces::Kept));
            }
            "sup" => self.raised = true,
            "table" => {
                self.gap(Gap::Break);
                self.enter(name, What::Table { cells: Vec::new() });
            }
            "tr" => self.row(),
            "td" | "th" => self.cell(),
            "template" | "svg" | "select" | "datalist" | "head" | "object" | "video" | "audio" => self.enter(name, What::Seen(Seen::Never)),
            _ if BLOCK.contains(&name) => self.gap(Gap::Break),
            _ if style.is_block() => self.enter(name, What::Block),
            _ => (),
        }
        if matches!(name, "del" | "s" | "strike") || style.is_struck() && !VOID.contains(&name) {
            self.enter(name, What::Struck);
        }
        if let Some(spaces) = style.spaces().filter(|_| !VOID.contains(&name)) {
            self.enter(name, What::Spaces(spaces));
        }
    }

    fn link(&mut self, tag: &Tag) {
        // A link in a link ends the one around it, as in browsers.
        if let Some(at) = self.open.iter().rposition(|it| matches!(it.what, What::Link(_))) {
            let removed = self.open.remove(at);
            if let Some(next) = self.open.get_mut(at).filter(|_| !removed.same) {
                next.same = false;
            }
            self.leave(removed.what);
        }
        if let Some(link) = scan::attribute(tag, "href").and_then(Link::to) {
            self.enter("a", What::Link(link));
        }
    }

    fn list(&mut self, name: &str, tag: &Tag) {
        self.gap(Gap::Break);
        let kind = scan::attribute(tag, "type").and_then(|it| it.chars().next()).unwrap_or('1');
        let start = scan::attribute(tag, "start").and_then(|it| it.parse().ok()).unwrap_or(1);
        self.enter(name, What::List { ordered: (name == "ol").then_some(kind), next: start });
    }

    fn item(&mut self, tag: &Tag) {
        self.space = false;
        self.lines.end_tight();
        let value = scan::attribute(tag, "value").and_then(|it| it.parse().ok());
        let list = self
            .open
            .iter_mut()
            .rev()
            .find_map(|it| if let What::List { ordered, next } = &mut it.what { Some((ordered, next)) } else { None });
        let marker = match list {
            Some((Some(kind), next)) => {
                let number = value.unwrap_or(*next);
                *next = number.saturating_add(1);
                ordinal(*kind, number)
            }
            _ => "* ".to_owned(),
        };
        self.lines.item(marker);
        self.lines.begin_fresh();
    }

    fn table(&mut self) -> Option<&mut Vec<usize>> {
        self.open.iter_mut().rev().find_map(|it| if let What::Table { cells } = &mut it.what { Some(cells) } else { None })
    }

    fn row(&mut self) {
        let cells = self.table().map(std::mem::take).unwrap_or_default();
        self.lines.join_row(&cells);
        self.gap(Gap::Break);
    }

    fn cell(&mut self) {
        self.lines.end_tight();
        let from = self.lines.count();
        if let Some(cells) = self.table() {
            cells.push(from);
        }
        self.space = false;
        self.lines.begin_fresh();
    }

    /// A picture says what its alternative text says, if it is one that is seen.
    fn picture(&mut self, tag: &Tag) {
        let tiny =
            |name: &str| scan::attribute(tag, name).and_then(|it| it.trim_end_matches("px").parse::<u32>().ok()).is_some_and(|it| it <= 2);
        let said = scan::attribute(tag, "alt").map(str::trim).filter(|it| !it.is_empty() && it.len() < 300);
        if let Some(said) = said.filter(|_| !tiny("width") && !tiny("height")) {
            self.text(said);
        }
    }
}

/// `3. `, `c. `, `C. `.
fn ordinal(kind: char, number: i64) -> String {
    let letter = u8::try_from(number - 1).ok().filter(|it| *it < 26);
    match (kind, letter) {
        ('a', Some(at)) => format!("{}. ", char::from(b'a' + at)),
        ('A', Some(at)) => format!("{}. ", char::from(b'A' + at)),
        _ => format!("{number}. "),
    }
}

/// Word's paragraphs have no space between them.
fn is_tight(tag: &Tag) -> bool {
    let classes = scan::attribute(tag, "class").unwrap_or_default();
    ["MsoNormal", "MsoPlainText", "MsoListParagraph", "MsoNoSpacing"].iter().any(|it| classes.contains(it))
}

pub(super) const VOID: &[&str] =
    &["br", "hr", "img", "input", "meta", "link", "area", "base", "col", "embed", "param", "source", "track", "wbr"];

/// Elements that stand on lines of their own.
pub(super) const BLOCK: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "button",
    "caption",
    "center",
    "dd",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "legend",
    "li",
    "main",
    "menu",
    "nav",
    "noscript",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "td",
    "th",
    "tr",
    "ul",
];
