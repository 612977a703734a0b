//! HTML made harmless (SAFETY.md, "No byte of a mail runs"): what is not on the list is not there.

use std::io::{self, Read};

use html5ever::{Attribute, LocalName, QualName, ns, tendril::StrTendril, tokenizer::Tag};

use super::{
    allowed::{self, CLEANER},
    history::{self, Folds},
    scan::{self, Shape, Visitor},
    text,
};
use crate::desk::message::REMOTE_PICTURE as REMOTE;

/// HTML that a page may show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sanitised {
    /// Without script, style sheets, form, frame; links open elsewhere; pictures only by `cid:`, the addresses of others
    /// in [`REMOTE_PICTURE`](crate::desk::message::REMOTE_PICTURE), where they load nothing.
    pub html: String,
    /// Pictures that would be loaded from somewhere, and are not.
    pub remote_images: usize,
}

/// Never fails; sanitising again changes nothing. What is too deep or too long to be judged comes back as its text.
#[must_use]
pub fn sanitise(html: &str) -> Sanitised {
    bounded(html, &Folds::default())
}

/// The same, with long quoted history folded into `details`.
#[must_use]
pub fn sanitise_folding(html: &str) -> Sanitised {
    bounded(html, &history::find(html))
}

fn bounded(html: &str, folds: &Folds) -> Sanitised {
    let first = Prepared::of(html, folds);
    if first.shape.is_bounded(first.out.len()) {
        // What a parser makes of its own output can differ from it (tables, misnested links): on until it does not.
        let (mut shown, mut made_from) = (clean(&first), first.out);
        let no_folds = Folds::default();
        for _ in 0..8 {
            let again = Prepared::of(&shown, &no_folds);
            // From the same, the same is made.
            let next = (again.out != made_from).then(|| clean(&again)).filter(|it| *it != shown);
            let Some(next) = next else { return Sanitised { html: shown, remote_images: again.remote } };
            (shown, made_from) = (next, again.out);
        }
    }
    Sanitised { html: as_text(html), remote_images: 0 }
}

/// Read piece by piece, since the tokenizer is quadratic in the length of what it is given at once.
fn clean(prepared: &Prepared) -> String {
    CLEANER.clean_from_reader(Pieces(prepared.out.as_bytes())).map(|it| it.to_string()).unwrap_or_default()
}

/// Octets, [`scan::PIECE`] at a time.
struct Pieces<'p>(&'p [u8]);

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(scan::PIECE);
        self.0.read(&mut buffer[..most])
    }
}

/// Nothing but text and line breaks: by the same serialiser, so that this too stays as it is, unless it is too long for a tree;
/// then it comes back here each time.
fn as_text(html: &str) -> String {
    let folds = Folds::default();
    let mut prepared = Prepared::new(html.len(), &folds);
    for line in text::to_text(html).lines() {
        prepared.text(line.trim());
        prepared.line_break();
    }
    if prepared.out.len() > scan::LONGEST { prepared.out } else { clean(&prepared) }
}

/// Text is written out in the time of its length by the characters in it that must be escaped: longer pieces, and those with
/// more such characters than words have, are parted.
const LONGEST_TEXT: usize = 4096;
const MOST_ESCAPED: usize = 256;

/// HTML with each picture's address where it may stay, and no attribute that nobody reads.
struct Prepared<'f> {
    out: String,
    remote: usize,
    /// Octets of text since the last tag, and how many of them the serialiser stops at.
    text: usize,
    escaped: usize,
    folds: &'f Folds,
    /// Start tags so far.
    tags: usize,
    /// Of what was written.
    shape: Shape,
    /// Folds that end with their element: its name, and how many of that name are open inside.
    open: Vec<(String, usize)>,
}

impl<'f> Prepared<'f> {
    fn of(html: &str, folds: &'f Folds) -> Self {
        let mut prepared = Self::new(html.len(), folds);
        scan::visit(html, &mut prepared);
        prepared
    }

    /// Of nothing yet; `octets` are expected.
    fn new(octets: usize, folds: &'f Folds) -> Self {
        let out = String::with_capacity(octets);
        Self { out, remote: 0, text: 0, escaped: 0, folds, tags: 0, shape: Shape::default(), open: Vec::new() }
    }

    fn line_break(&mut self) {
        (self.text, self.escaped) = (0, 0);
        self.out.push_str("<br>");
    }

    fn picture(&mut self, tag: &Tag) {
        let source = scan::attribute(tag, "src").map(str::trim).filter(|it| !it.is_empty());
        let address = if let Some(own) = source.filter(|it| allowed::is_own_part(it)) {
            Some(attribute("src", own))
        } else if let Some(address) = source.or_else(|| scan::attribute(tag, REMOTE)).and_then(address)
            && !is_beacon(tag)
        {
            self.remote += 1;
            Some(attribute(REMOTE, &address))
        } else if scan::attribute(tag, "alt").is_none_or(|it| it.trim().is_empty()) {
            return;
        } else {
            None
        };
        let others = tag.attrs.iter().filter(|it| matches!(&*it.name.local, "alt" | "width" | "height" | "style" | "title"));
        if scan::write_tag("img", address.iter().chain(others), &mut self.out) {
            self.shape.opened("img");
        }
    }
}

fn attribute(name: &str, value: &str) -> Attribute {
    Attribute { name: QualName::new(None, ns!(), LocalName::from(name)), value: StrTendril::from_slice(value) }
}

/// As a browser would ask for it, without the white space that it would leave out.
fn address(source: &str) -> Option<String> {
    let source: String = source.chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect();
    let source = if source.starts_with("//") { format!("https:{source}") } else { source.replace(' ', "%20") };
    allowed::is_remote(&source).then_some(source)
}

/// Nobody looks at a picture of one dot: it is there to be fetched.
fn is_beacon(tag: &Tag) -> bool {
    let is_dot = |name| scan::attribute(tag, name).is_some_and(|it| matches!(it.trim().trim_end_matches("px"), "0" | "1" | "2"));
    is_dot("width") && is_dot("height")
}

impl Visitor for Prepared<'_> {
    fn open(&mut self, tag: &Tag) {
        (self.text, self.escaped) = (0, 0);
        let name = &*tag.name;
        if let Some((_, inside)) = self.open.last_mut().filter(|(it, _)| it == name) {
            *inside += 1;
        }
        if let Some(ends) = self.folds.at(self.tags) {
            match ends {
                history::Ends::WithElement => self.open.push((name.to_owned(), 0)),
                history::Ends::WithParent => (),
            }
            self.out.push_str("<details><summary>Quoted text</summary>");
            self.shape.opened("details");
            self.shape.opened("summary");
            self.shape.closed("summary");
        }
        self.tags += 1;
        if matches!(name, "img" | "image") {
            return self.picture(tag);
        }
        let kept = tag.attrs.iter().filter(|it| allowed::is_attribute(&it.name.local));
        if scan::write_tag(name, kept, &mut self.out) {
            self.shape.opened(name);
        }
    }

    fn close(&mut self, name: &str) {
        (self.text, self.escaped) = (0, 0);
        if scan::write_end_tag(name, &mut self.out) {
            self.shape.closed(name);
        }
        match self.open.last_mut() {
            Some((open, inside)) if open == name && *inside > 0 => *inside -= 1,
            Some((open, _)) if open == name => {
                self.open.pop();
                self.out.push_str("</details>");
                self.shape.closed("details");
            }
            Some(_) | None => (),
        }
    }

    fn text(&mut self, text: &str) {
        // The last: the first octet of a space that must not be broken, and of other characters.
        let stops = |octet: &u8| matches!(octet, b'&' | b'<' | b'>' | 0xc2);
        let escaped = text.bytes().filter(|it| stops(it)).count();
        if self.text + text.len() <= LONGEST_TEXT && self.escaped + escaped <= MOST_ESCAPED {
            (self.text, self.escaped) = (self.text + text.len(), self.escaped + escaped);
            return scan::escape(text, &mut self.out);
        }
        for (at, c) in text.char_indices() {
            if self.text >= LONGEST_TEXT || self.escaped >= MOST_ESCAPED {
                self.out.push_str("<wbr>");
                (self.text, self.escaped) = (0, 0);
            }
            self.text += c.len_utf8();
            self.escaped += usize::from(stops(&text.as_bytes()[at]));
            scan::escape_one(c, &mut self.out);
        }
    }
}

#[cfg(test)]
#[path = "clean_tests.rs"]
mod tests;
