//! Showing where the words of a search stand.

use crate::store::search::{Query, words};

/// How many characters of a comment are shown around the first word found.
const AROUND: usize = 160;

/// A text as HTML, escaped, with every word that the query names in `<mark>`.
#[must_use]
pub fn marked(text: &str, query: &Query) -> String {
    let mut html = String::with_capacity(text.len() + 64);
    for piece in pieces(text) {
        if is_asked(piece, query) {
            html.push_str("<mark>");
            escape_into(&mut html, piece);
            html.push_str("</mark>");
        } else {
            escape_into(&mut html, piece);
        }
    }
    html
}

/// The part of a longer text where the first word of the query stands, on one line.
#[must_use]
pub fn excerpt(text: &str, query: &Query) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut before = 0;
    for piece in pieces(&line) {
        if is_asked(piece, query) {
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

fn is_asked(piece: &str, query: &Query) -> bool {
    let folded = words(piece);
    folded.split(' ').any(|word| !word.is_empty() && query.words().any(|asked| word.starts_with(asked)))
}

/// The text as words and what stands between them; a sign of a script without spaces is a piece of its own.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let alone = crate::store::search::stands_alone(first);
        let same = |c: char| !alone && c.is_alphanumeric() == first.is_alphanumeric() && !crate::store::search::stands_alone(c);
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

    #[test]
    fn the_words_asked_for_are_marked_and_everything_is_escaped() {
        for (text, asked, html) in [
            ("Größe & Éclair", "gro ecl", "<mark>Größe</mark> &amp; <mark>Éclair</mark>"),
            ("<script>alert(1)</script>", "script", "&lt;<mark>script</mark>&gt;alert(1)&lt;/<mark>script</mark>&gt;"),
            ("山田 花子", "花", "山田 <mark>花</mark>子"),
            ("nothing", "x", "nothing"),
        ] {
            assert_eq!(marked(text, &Query::parse(asked).unwrap()), html);
        }
    }

    #[test]
    fn an_excerpt_begins_a_little_before_the_first_word_found() {
        let text = format!("{} needle {}", "hay ".repeat(100), "straw ".repeat(100));
        let cut = excerpt(&text, &Query::parse("needle").unwrap());
        assert!(cut.starts_with('…') && cut.ends_with('…') && cut.contains("needle"), "{cut}");
        assert_eq!(excerpt("short needle", &Query::parse("needle").unwrap()), "short needle");
    }
}
