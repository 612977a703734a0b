//! Showing where the words of a search stand.

use crate::{
    desk::query::{Asks, Query, Sense},
    store::search::fold::{Fit, Stems, Token, each, stands_alone, words},
};

/// How many characters of a comment are shown around the first word found.
const AROUND: usize = 160;

/// The words that are marked.
pub struct Marks {
    tokens: Vec<Token>,
    stems: Stems,
}

impl Marks {
    /// In what is said: subjects, texts, names of files.
    #[must_use]
    pub fn in_texts(query: &Query) -> Self {
        Self::of(query, |asks| match asks {
            Asks::Word(it) | Asks::Phrase(it) | Asks::Subject(it) | Asks::File(it) => Some(it),
            Asks::From(_) | Asks::To(_) | Asks::Is(_) | Asks::Status(_) | Asks::Assignee(_) | Asks::Tag(_) | Asks::Priority(_) => None,
            Asks::Mailbox(_) | Asks::HasAttachment | Asks::Before(_) | Asks::After(_) | Asks::Number(_) => None,
        })
    }

    /// In names of people.
    #[must_use]
    pub fn in_names(query: &Query) -> Self {
        Self::of(query, |asks| match asks {
            Asks::Word(it) | Asks::Phrase(it) | Asks::From(it) => Some(it),
            Asks::Subject(_) | Asks::File(_) | Asks::To(_) | Asks::Is(_) | Asks::Status(_) | Asks::Assignee(_) | Asks::Tag(_) => None,
            Asks::Priority(_) | Asks::Mailbox(_) | Asks::HasAttachment | Asks::Before(_) | Asks::After(_) | Asks::Number(_) => None,
        })
    }

    fn of(query: &Query, words: impl Fn(&Asks) -> Option<&String>) -> Self {
        let asked = query.parts.iter().filter(|it| it.sense == Sense::With).filter_map(|it| words(&it.asks));
        Self { tokens: asked.flat_map(|it| Token::all(it)).collect(), stems: Stems::default() }
    }

    /// Whether one of the words stands there.
    #[must_use]
    pub fn stand_in(&self, text: &str) -> bool {
        pieces(text).any(|it| self.marks(it))
    }

    fn marks(&self, piece: &str) -> bool {
        let folded = words(piece);
        each(&folded).any(|word| self.tokens.iter().any(|it| it.fits(word, &self.stems) != Fit::Not))
    }
}

/// A text as HTML, escaped, with every word that is looked for in `<mark>`.
#[must_use]
pub fn marked(text: &str, marks: &Marks) -> String {
    let mut html = String::with_capacity(text.len() + 64);
    for piece in pieces(text) {
        if marks.marks(piece) {
            html.push_str("<mark>");
            escape_into(&mut html, piece);
            html.push_str("</mark>");
        } else {
            escape_into(&mut html, piece);
        }
    }
    html
}

/// The part of a longer text where the first word that is looked for stands, on one line.
#[must_use]
pub fn excerpt(text: &str, marks: &Marks) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut before = 0;
    for piece in pieces(&line) {
        if marks.marks(piece) {
            break;
        }
        before += piece.chars().count();
    }
    let length = line.chars().count();
    let from = if before >= length || before < AROUND / 3 { 0 } else { before - AROUND / 3 };
    // From the next whole word on.
    let from =
        if from == 0 { 0 } else { line.chars().skip(from).position(char::is_whitespace).map_or(from, |it| (from + it + 1).min(before)) };
    let cut: String = line.chars().skip(from).take(AROUND).collect();
    let (head, tail) = (if from > 0 { "…" } else { "" }, if from + AROUND < length { "…" } else { "" });
    format!("{head}{cut}{tail}")
}

/// The text as words and what stands between them; a sign of a script without spaces is a piece of its own.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let alone = stands_alone(first);
        let same = |c: char| !alone && c.is_alphanumeric() == first.is_alphanumeric() && !stands_alone(c);
        let end = rest.char_indices().skip(1).find(|(_, c)| !same(*c)).map_or(rest.len(), |(at, _)| at);
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}

/// Text as HTML.
pub fn escape_into(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(asked: &str) -> Marks {
        Marks::in_texts(&Query::read(asked).query)
    }

    #[test]
    fn the_words_asked_for_are_marked_and_everything_is_escaped() {
        for (text, asked, html) in [
            ("Größe & Éclair", "gro ecl", "<mark>Größe</mark> &amp; <mark>Éclair</mark>"),
            ("<script>alert(1)</script>", "script", "&lt;<mark>script</mark>&gt;alert(1)&lt;/<mark>script</mark>&gt;"),
            ("山田 花子", "花", "山田 <mark>花</mark>子"),
            ("Invoiced twice", "invoices -twice", "<mark>Invoiced</mark> twice"),
            ("two words", "\"two words\" from:words", "<mark>two</mark> <mark>words</mark>"),
            ("nothing", "x tag:nothing", "nothing"),
        ] {
            assert_eq!(marked(text, &marks(asked)), html);
        }
        assert_eq!(marked("Anna B.", &Marks::in_names(&Query::read("offline from:anna@x.test").query)), "<mark>Anna</mark> B.");
    }

    #[test]
    fn an_excerpt_begins_a_little_before_the_first_word_found() {
        let text = format!("{} needle {}", "hay ".repeat(100), "straw ".repeat(100));
        let cut = excerpt(&text, &marks("needle"));
        assert!(cut.starts_with('…') && cut.ends_with('…') && cut.contains("needle"), "{cut}");
        assert_eq!(excerpt("short needle", &marks("needle")), "short needle");
    }
}
