//! Elements that mean something until they are closed.

use super::{
    Struck, Writer,
    elements::BLOCK,
    lines::Gap,
    link::Link,
    seen::{Seen, Spaces},
};
use crate::mail::html::marks::Mark;

/// As many may be open at once; one that is deeper means nothing.
const DEEPEST: usize = 100;

/// What an open element means until it is closed.
#[derive(Debug)]
pub(super) enum What {
    Quote,
    List {
        ordered: Option<char>,
        next: i64,
    },
    /// What becomes of white space in it.
    Spaces(Spaces),
    Struck,
    Link(Link),
    Signature,
    Seen(Seen),
    Table {
        cells: Vec<usize>,
    },
    /// Only there so that its end is known: a block that is none by its name.
    Block,
}

#[derive(Debug)]
pub(super) struct Open {
    pub(super) name: String,
    /// How many of the same name are open inside.
    pub(super) inside: usize,
    /// It is the same element as the one before.
    pub(super) same: bool,
    pub(super) what: What,
}

impl Writer {
    /// A block ends the paragraph before it, an item or a cell the one before.
    pub(super) fn end_implied(&mut self, name: &str) {
        let implied = |open: &Open| match &*open.name {
            "p" => BLOCK.contains(&name),
            "li" | "td" | "th" | "tr" => open.name == name,
            _ => false,
        };
        while self.open.last().is_some_and(|it| it.inside == 0 && implied(it)) {
            if let Some(open) = self.open.pop() {
                self.leave(open.what);
            }
        }
    }

    pub(super) fn is_seen(&self) -> bool {
        let sized = self.open.iter().rev().find_map(|it| if let What::Seen(seen) = it.what { Some(seen) } else { None });
        self.unseen == 0 && sized != Some(Seen::TooSmall)
    }

    pub(super) fn enter(&mut self, name: &str, what: What) {
        if self.open.len() >= DEEPEST {
            return;
        }
        match what {
            What::Quote => {
                self.gap(Gap::Blank);
                self.lines.quotes += 1;
                self.lines.begin_fresh();
            }
            What::Signature => self.mark(Mark::Signature),
            What::Spaces(spaces) => self.spaces.push(spaces),
            What::Struck if self.struck == Struck::No => self.struck = Struck::FromHere,
            What::Seen(Seen::Never) => self.unseen += 1,
            What::Link(_) => self.links += 1,
            What::List { .. } => self.lines.indent(),
            What::Block => self.gap(Gap::Break),
            What::Seen(_) | What::Struck | What::Table { .. } => (),
        }
        self.open.push(Open { name: name.to_owned(), inside: 0, same: self.entered > 0, what });
        self.entered += 1;
    }

    /// What was opened inside and not closed ends with it; a table ends what is open in it, and nothing around it.
    pub(super) fn close_from(&mut self, at: usize, name: &str) {
        let within_table = self.open[at + 1..].iter().any(|it| it.name == "table") && name != "blockquote";
        if within_table {
            return;
        }
        while self.open.len() > at {
            if let Some(open) = self.open.pop() {
                self.leave(open.what);
            }
        }
    }

    pub(super) fn leave(&mut self, what: What) {
        match what {
            What::Quote => {
                self.lines.end_tight();
                self.lines.quotes = self.lines.quotes.saturating_sub(1);
                self.gap(Gap::Blank);
            }
            What::Signature => self.mark(Mark::EndOfSignature),
            What::Spaces(_) => {
                self.spaces.pop();
            }
            // Struck out within what is struck out: the mark stands at the end of the whole.
            What::Struck if self.open.iter().any(|it| matches!(it.what, What::Struck)) => (),
            What::Struck => {
                if std::mem::take(&mut self.struck) == Struck::Yes {
                    self.lines.append("~~");
                }
            }
            What::Seen(Seen::Never) => self.unseen -= 1,
            What::Seen(_) => (),
            What::Link(link) => {
                self.links -= 1;
                if let Some(address) = link.address(&mut self.addresses) {
                    self.lines.append(&format!(" <{address}>"));
                }
            }
            What::List { .. } => {
                self.lines.drop_marker();
                self.space = false;
                self.lines.end_tight();
                self.lines.outdent();
            }
            What::Table { cells } => {
                self.lines.join_row(&cells);
                self.gap(Gap::Break);
            }
            What::Block => self.gap(Gap::Break),
        }
    }
}
