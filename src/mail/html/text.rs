//! HTML as text that a person would have typed: one pass over its tags, never a tree.

mod elements;
mod lines;
mod link;
mod open;
mod roles;
mod seen;

use std::collections::HashSet;

use html5ever::tokenizer::Tag;

pub(crate) use self::roles::may_mark;
use self::{
    elements::{BLOCK, VOID},
    lines::{Gap, Lines},
    open::{Open, What},
    seen::{Seen, Spaces, Style},
};
use super::{
    marks::{self, Mark},
    scan::{self, Visitor},
};

/// The visible text: blocks on lines of their own, quotations with `> `, list items with a mark, rows of short cells
/// on one line, the address behind a link that does not say it.
#[must_use]
pub fn to_text(html: &str) -> String {
    marks::strip(&to_marked_text(html))
}

/// The same, with marks where a mail program said what is quoted or a signature.
pub(crate) fn to_marked_text(html: &str) -> String {
    let mut writer = Writer::default();
    scan::visit(html, &mut writer);
    while let Some(open) = writer.open.pop() {
        writer.leave(open.what);
    }
    writer.lines.into_text()
}

#[derive(Debug, Default)]
struct Writer {
    lines: Lines,
    open: Vec<Open>,
    /// White space was met, and stands for one space if words follow on the line.
    space: bool,
    addresses: HashSet<String>,
    /// Of the elements that are open, the innermost last.
    spaces: Vec<Spaces>,
    /// Counted, so that each word does not look through all that is open.
    unseen: usize,
    links: usize,
    /// What the element that is being opened was found to mean so far.
    entered: usize,
    /// The paragraph that is open has no space around it.
    tight: bool,
    /// A mark was met that keeps two letters of a word apart, if the word goes on.
    parts: bool,
    /// What is raised was begun: a power, if a digit comes.
    raised: bool,
    struck: Struck,
}

/// Whether what is being written was struck out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Struck {
    #[default]
    No,
    /// It will be, from the next word on.
    FromHere,
    Yes,
}

impl Visitor for Writer {
    fn open(&mut self, tag: &Tag) {
        let name = &*tag.name;
        self.end_implied(name);
        self.entered = 0;
        let style = Style::of(tag);
        let seen = style.seen(tag);
        let is_void = VOID.contains(&name);
        if is_void && seen == Seen::Never {
            return;
        }
        if !is_void && seen != Seen::AsBefore {
            self.enter(name, What::Seen(seen));
        }
        if self.unseen == 0 {
            self.element(name, tag, &style);
        }
        let nearest = self.open.iter_mut().rev().find(|it| it.name == name && !it.same);
        if let Some(open) = nearest.filter(|_| self.entered == 0) {
            open.inside += 1;
        }
    }

    fn close(&mut self, name: &str) {
        if let Some(mut at) = self.open.iter().rposition(|it| it.name == name) {
            while self.open[at].same && at > 0 {
                at -= 1;
            }
            if self.open[at].inside > 0 {
                self.open[at].inside -= 1;
            } else {
                self.close_from(at, name);
            }
        }
        match name {
            "sup" => self.raised = false,
            "p" => self.gap(if self.tight { Gap::Break } else { Gap::Blank }),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "dl" | "pre" => self.gap(Gap::Blank),
            "li" | "td" | "th" => self.lines.end_tight(),
            _ if BLOCK.contains(&name) => self.gap(Gap::Break),
            _ => (),
        }
    }

    fn text(&mut self, text: &str) {
        if !self.is_seen() {
            return;
        }
        match self.spaces.last() {
            Some(Spaces::Kept) => self.preformatted_text(text),
            Some(Spaces::Lines) => {
                for (at, line) in text.split('\n').enumerate() {
                    if at > 0 {
                        self.line_break();
                    }
                    self.words(line);
                }
            }
            Some(Spaces::Collapse) | None => self.words(text),
        }
    }
}

impl Writer {
    fn words(&mut self, text: &str) {
        for word in text.split_inclusive([' ', '\t', '\n', '\r', '\u{c}']) {
            let bare = word.trim_end_matches([' ', '\t', '\n', '\r', '\u{c}']);
            self.word(bare);
            self.space |= bare.len() < word.len();
        }
    }

    fn gap(&mut self, gap: Gap) {
        self.space = false;
        if self.unseen == 0 {
            self.lines.end(gap);
        }
    }

    fn mark(&mut self, mark: Mark) {
        self.space = false;
        self.lines.mark(mark);
    }

    fn line_break(&mut self) {
        self.space = false;
        if self.is_seen() || self.unseen == 0 {
            self.lines.line_break();
        }
    }

    /// A word without white space but for what may not be broken, or nothing.
    fn word(&mut self, word: &str) {
        let word: String = word.chars().filter(|c| !is_nothing(*c)).map(|c| if c == '\u{a0}' { ' ' } else { c }).collect();
        if word.is_empty() {
            return;
        }
        let within_word = !self.space && self.lines.wants_space();
        if word.chars().all(|c| c == ' ' || c == NON_JOINER) {
            let spaces = word.bytes().filter(|c| *c == b' ').count();
            self.parts = spaces == 0 && within_word;
            // Space that is kept: within a line as it is, alone as an empty line.
            return self.lines.spaces(spaces);
        }
        if std::mem::take(&mut self.parts) && within_word {
            self.lines.write(NON_JOINER.encode_utf8(&mut [0; 4]));
        }
        if self.space && self.lines.wants_space() {
            self.lines.write(" ");
        }
        self.link_says(&word);
        // `10<sup>6</sup>` is no 106; `1<sup>st</sup>` is read as it stands.
        if std::mem::take(&mut self.raised)
            && !self.space
            && self.lines.wants_space()
            && word.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '\u{2212}'))
        {
            self.lines.write("^");
        }
        self.space = false;
        self.strike();
        self.lines.write(&word);
    }

    fn link_says(&mut self, words: &str) {
        let links = if self.links > 0 { &mut self.open[..] } else { &mut [] };
        for open in links {
            if let What::Link(link) = &mut open.what {
                link.says(if self.space { " " } else { "" });
                link.says(words);
            }
        }
    }

    /// Before the first of the words that are struck out.
    fn strike(&mut self) {
        if self.struck == Struck::FromHere {
            self.lines.write("~~");
            self.struck = Struck::Yes;
        }
    }

    fn preformatted_text(&mut self, text: &str) {
        for (at, line) in text.split('\n').enumerate() {
            if at > 0 {
                self.lines.line_break();
            }
            let line: String =
                line.chars().filter(|c| !is_nothing(*c) && *c != '\r').map(|c| if c == '\u{a0}' { ' ' } else { c }).collect();
            if line.bytes().all(|c| c == b' ') {
                self.lines.spaces(line.len());
            } else {
                self.link_says(&line);
                if std::mem::take(&mut self.space) && self.lines.wants_space() {
                    self.lines.write(" ");
                }
                self.strike();
                self.lines.write(&line);
            }
        }
    }
}

/// It stands within the words of Persian, and between the spaces with which newsletters fill their preview.
const NON_JOINER: char = '\u{200c}';

/// Marks that a sender must not set, and what takes no room.
fn is_nothing(c: char) -> bool {
    marks::is_mark(c) || matches!(c, '\u{200b}' | '\u{feff}' | '\u{ad}' | '\u{2060}' | '\u{34f}')
}

#[cfg(test)]
mod tests;
