//! One pass over HTML with the tokenizer of browsers: never a tree, so that nesting costs nothing.

use std::cell::{Cell, RefCell};

use html5ever::{
    Attribute,
    tendril::StrTendril,
    tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts, states::RawKind},
};

/// More than this is not made into a tree: that would take the square of the depth, or simply too long.
const DEEPEST: u32 = 256;
pub(super) const LONGEST: usize = 1 << 20;
const MOST_TAGS: u32 = 30_000;
/// An attribute that is longer says nothing that a mail is shown with.
const LONGEST_ATTRIBUTE: usize = 8192;

/// The tokenizer compares each attribute of a tag with all before it: so many comparisons a document, and so many
/// separators without a token, since a tag that does not end is not seen (Word's longest comment has half of them).
/// What lies behind is left out.
const MOST_COMPARED: usize = 20_000_000;
const LONGEST_SILENCE: usize = 15_000;
/// More attributes than any program writes.
const MOST_ATTRIBUTES: usize = 64;

/// So much is given to a tokenizer at once, in octets.
pub(super) const PIECE: usize = 512;

/// What a pass reports.
pub(super) trait Visitor {
    /// A start tag; false for `<br/>`-like ones is not told apart, browsers do not either.
    fn open(&mut self, tag: &Tag);
    /// An end tag.
    fn close(&mut self, name: &str);
    /// Characters, entities undone.
    fn text(&mut self, text: &str);
}

struct Sink<'v, V> {
    visitor: RefCell<&'v mut V>,
    /// Inside of an element whose content nobody reads, named here.
    hidden: RefCell<Option<String>>,
    compared: Cell<usize>,
    silent: Cell<bool>,
}

impl<V: Visitor> TokenSink for Sink<'_, V> {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        if !matches!(token, Token::ParseError(_)) {
            self.silent.set(false);
        }
        match token {
            Token::TagToken(tag) => return self.tag(&tag),
            Token::CharacterTokens(text) => {
                if self.hidden.borrow().is_none() {
                    self.visitor.borrow_mut().text(&text);
                }
            }
            Token::NullCharacterToken | Token::CommentToken(_) | Token::DoctypeToken(_) | Token::EOFToken | Token::ParseError(_) => (),
        }
        TokenSinkResult::Continue
    }
}

impl<V: Visitor> Sink<'_, V> {
    fn tag(&self, tag: &Tag) -> TokenSinkResult<()> {
        let name = &*tag.name;
        self.compared.set(self.compared.get().saturating_add(tag.attrs.len().pow(2)));
        let mut hidden = self.hidden.borrow_mut();
        match tag.kind {
            TagKind::StartTag => {
                if let Some(kind) = raw_text(name) {
                    *hidden = Some(name.to_owned());
                    return TokenSinkResult::RawData(kind);
                }
                if hidden.is_none() {
                    self.visitor.borrow_mut().open(tag);
                }
            }
            TagKind::EndTag if hidden.as_deref() == Some(name) => *hidden = None,
            TagKind::EndTag if hidden.is_none() => self.visitor.borrow_mut().close(name),
            TagKind::EndTag => (),
        }
        TokenSinkResult::Continue
    }
}

/// Elements whose content is not markup, and not for people.
fn raw_text(name: &str) -> Option<RawKind> {
    match name {
        "style" | "xmp" | "iframe" | "noembed" | "noframes" => Some(RawKind::Rawtext),
        "script" => Some(RawKind::ScriptData),
        "title" | "textarea" => Some(RawKind::Rcdata),
        _ => None,
    }
}

/// Passes over `html`.
pub(super) fn visit<V: Visitor>(html: &str, visitor: &mut V) {
    let sink = Sink { visitor: RefCell::new(visitor), hidden: RefCell::new(None), compared: Cell::new(0), silent: Cell::new(true) };
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let queue = BufferQueue::default();
    // In pieces: the tokenizer looks through all that it has for the next tag, again after each `&`.
    let mut silence = 0;
    for piece in pieces(html) {
        queue.push_back(StrTendril::from_slice(piece));
        let _ = tokenizer.feed(&queue);
        let separators = piece.bytes().filter(|c| c.is_ascii_whitespace() || matches!(c, b'/' | b'"' | b'\'')).count();
        silence = if tokenizer.sink.silent.replace(true) { silence + separators } else { 0 };
        if silence > LONGEST_SILENCE || tokenizer.sink.compared.get() > MOST_COMPARED {
            break;
        }
    }
    tokenizer.end();
}

fn pieces(mut html: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let end = (0..=html.len().min(PIECE)).rev().find(|at| html.is_char_boundary(*at))?;
        let (piece, rest) = html.split_at(end);
        html = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

/// Elements that are never open for long: void ones, and those that close each other.
const SHALLOW: &[&str] = &[
    "br", "hr", "img", "input", "meta", "link", "area", "base", "col", "embed", "param", "source", "track", "wbr", "p", "li", "td", "th",
    "tr", "dd", "dt", "option", "thead", "tbody", "tfoot", "colgroup",
];

/// How deep the tags nest that were written, and how many there are.
#[derive(Default)]
pub(super) struct Shape {
    now: u32,
    most: u32,
    tags: u32,
}

impl Shape {
    pub fn opened(&mut self, name: &str) {
        self.tags += 1;
        if !SHALLOW.contains(&name) {
            self.now += 1;
            self.most = self.most.max(self.now);
        }
    }

    pub fn closed(&mut self, name: &str) {
        if !SHALLOW.contains(&name) {
            self.now = self.now.saturating_sub(1);
        }
    }

    /// Whether a tree may be made of HTML of this shape and length in octets.
    pub fn is_bounded(&self, length: usize) -> bool {
        length <= LONGEST && self.most <= DEEPEST && self.tags <= MOST_TAGS
    }
}

/// An attribute's value; `name` in lower case.
pub(super) fn attribute<'t>(tag: &'t Tag, name: &str) -> Option<&'t str> {
    tag.attrs.iter().find(|it| &*it.name.local == name).map(|it| &*it.value)
}

/// Writes a start tag again, with those of its attributes that are kept. False: no element is called so.
pub(super) fn write_tag<'t>(name: &str, attributes: impl Iterator<Item = &'t Attribute>, out: &mut String) -> bool {
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b':' | b'.'));
    if !plain(name) {
        return false;
    }
    out.push('<');
    out.push_str(name);
    for attribute in attributes.take(MOST_ATTRIBUTES).filter(|it| plain(&it.name.local) && it.value.len() <= LONGEST_ATTRIBUTE) {
        out.push(' ');
        out.push_str(&attribute.name.local);
        out.push_str("=\"");
        escape(&attribute.value, out);
        out.push('"');
    }
    out.push('>');
    true
}

/// Writes an end tag. False: no element is called so.
pub(super) fn write_end_tag(name: &str, out: &mut String) -> bool {
    let plain = name.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b':'));
    if plain {
        out.push_str("</");
        out.push_str(name);
        out.push('>');
    }
    plain
}

/// Text as HTML.
pub(super) fn escape(text: &str, out: &mut String) {
    let mut from = 0;
    for (at, found) in text.match_indices(['&', '<', '>', '"', '\u{a0}']) {
        out.push_str(&text[from..at]);
        found.chars().for_each(|c| escape_one(c, out));
        from = at + found.len();
    }
    out.push_str(&text[from..]);
}

/// One character as HTML.
pub(super) fn escape_one(c: char, out: &mut String) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        '\u{a0}' => out.push_str("&nbsp;"),
        c => out.push(c),
    }
}
