//! Text as it is set line by line: marks of quotes before it, space between paragraphs, rows of tables.

use crate::mail::html::marks::Mark;

/// Quotes and lists deeper than this are not drawn deeper.
const DEEPEST: usize = 20;

/// One finished line.
#[derive(Debug, Default)]
struct Line {
    quotes: usize,
    text: String,
    /// Empty lines above it.
    blank: usize,
    mark: Option<Mark>,
}

/// What is to stand between what was written and what comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gap {
    #[default]
    Nothing,
    Break,
    Blank,
}

/// Lines being set.
#[derive(Debug, Default)]
pub(super) struct Lines {
    done: Vec<Line>,
    now: String,
    /// There is something on the line that is seen.
    begun: bool,
    gap: Gap,
    /// Empty lines that were asked for, in preformatted text all of them.
    blank: usize,
    /// White space that was kept at the beginning of a line.
    indented: usize,
    /// Nothing was written yet in this cell, item or quote: no space above its first paragraph.
    fresh: bool,
    pub quotes: usize,
    /// White space before each line of a list, and what marks the next one.
    indents: Vec<usize>,
    marker: Option<String>,
}

impl Lines {
    /// Words; white space in them is kept as it is.
    pub fn write(&mut self, text: &str) {
        if !self.begun {
            self.begin();
        }
        self.now.push_str(text);
    }

    fn begin(&mut self) {
        self.begun = true;
        self.fresh = false;
        let depth = self.indents.len().min(DEEPEST);
        let before: usize = self.indents[..depth.saturating_sub(usize::from(self.marker.is_some()))].iter().sum();
        self.now.extend(std::iter::repeat_n(' ', before + std::mem::take(&mut self.indented).min(80)));
        if let Some(marker) = self.marker.take() {
            self.now.push_str(&marker);
        }
    }

    /// The line holds something, and does not end in a space.
    pub fn wants_space(&self) -> bool {
        self.begun && !self.now.ends_with([' ', '\n'])
    }

    /// Ends the line, with so much before the next.
    pub fn end(&mut self, gap: Gap) {
        self.finish();
        self.gap = self.gap.max(if self.fresh { gap.min(Gap::Break) } else { gap });
    }

    /// An item, a cell or a quote begins: its first paragraph stands right at its top.
    pub fn begin_fresh(&mut self) {
        self.fresh = true;
    }

    /// It ends: no space below its last paragraph.
    pub fn end_tight(&mut self) {
        self.finish();
        self.gap = Gap::Break;
        self.fresh = false;
    }

    /// `<br>`, or a line break of preformatted text: a second one makes an empty line.
    pub fn line_break(&mut self) {
        if self.begun {
            self.finish();
            self.gap = self.gap.max(Gap::Break);
        } else {
            self.indented = 0;
            self.blank += 1;
        }
    }

    /// White space that is kept: before words it indents them, alone it is an empty line.
    pub fn spaces(&mut self, count: usize) {
        if self.begun {
            self.now.extend(std::iter::repeat_n(' ', count));
        } else {
            self.indented += count;
        }
    }

    fn finish(&mut self) {
        if !self.begun {
            self.blank = self.blank.max(usize::from(std::mem::take(&mut self.indented) > 0));
            return;
        }
        let text = std::mem::take(&mut self.now);
        self.begun = false;
        let blank = self.blank.max(usize::from(self.gap == Gap::Blank));
        (self.gap, self.blank) = (Gap::Nothing, 0);
        self.done.push(Line { quotes: self.quotes.min(DEEPEST), text: text.trim_end().to_owned(), blank, mark: None });
    }

    /// A mark on a line of its own; what stands in a quote needs none.
    pub fn mark(&mut self, mark: Mark) {
        self.finish();
        if self.quotes == 0 {
            self.done.push(Line { mark: Some(mark), ..Line::default() });
        }
    }

    /// A list begins or ends.
    pub fn indent(&mut self) {
        self.indents.push(0);
    }

    pub fn outdent(&mut self) {
        self.indents.pop();
    }

    /// The next line begins an item.
    pub fn item(&mut self, marker: String) {
        if let Some(last) = self.indents.last_mut() {
            *last = marker.chars().count();
        }
        self.marker = Some(marker);
    }

    /// An item without words is none.
    pub fn drop_marker(&mut self) {
        self.marker = None;
    }

    /// How many lines there are, the one that is being written among them.
    pub fn count(&mut self) -> usize {
        self.finish();
        self.done.len()
    }

    /// Makes one line of the cells of a row that begin at these lines, where each is one short line.
    pub fn join_row(&mut self, cells: &[usize]) {
        self.finish();
        let Some(first) = cells.first().copied() else { return };
        let row = self.done.get(first..).unwrap_or_default();
        let filled: Vec<usize> = cells.iter().enumerate().map(|(at, from)| cells.get(at + 1).unwrap_or(&self.done.len()) - from).collect();
        let short = row.iter().map(|it| it.text.chars().count()).sum::<usize>() <= 160;
        let plain = row.iter().all(|it| it.mark.is_none() && it.quotes == row[0].quotes);
        if row.len() < 2 || !short || !plain || filled.iter().any(|it| *it > 1) {
            return;
        }
        let mut text = String::new();
        for line in row {
            if !text.is_empty() {
                text.push_str(if text.ends_with(':') { " " } else { "  " });
            }
            text.push_str(line.text.trim_start());
        }
        self.done.truncate(first + 1);
        self.done[first].text = text;
    }

    /// All of it, with at most one empty line in a row.
    pub fn into_text(mut self) -> String {
        self.finish();
        let (mut out, mut quotes) = (String::new(), 0);
        for line in &self.done {
            if line.blank > 0 && !out.is_empty() {
                out.push('\n');
                out.push_str("> ".repeat(quotes.min(line.quotes)).trim_end());
            }
            if !out.is_empty() {
                out.push('\n');
            }
            if let Some(mark) = line.mark {
                out.push(mark.character());
                continue;
            }
            out.push_str(&"> ".repeat(line.quotes));
            out.push_str(&line.text);
            quotes = line.quotes;
        }
        out
    }

    /// Adds to the line that was last written, as an address behind a link that ended its block.
    pub fn append(&mut self, text: &str) {
        if self.begun {
            self.now.push_str(text);
        } else if let Some(line) = self.done.last_mut().filter(|it| it.mark.is_none()) {
            line.text.push_str(text);
        }
    }
}
