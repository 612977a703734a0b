//! HTML as text that a person can read.

use html5ever::tokenizer::Tag;

use super::{
    marks,
    scan::{self, Visitor},
};

/// Wide enough that no line is folded.
const WIDTH: usize = 100_000;

/// The visible text: blocks on lines of their own, quotations with `> `, list items with a mark.
#[must_use]
pub fn to_text(html: &str) -> String {
    marks::strip(&to_marked_text(html))
}

/// The same, with marks where a mail program said what is quoted or a signature.
pub(crate) fn to_marked_text(html: &str) -> String {
    let marked = marks::set(html);
    let rendered = if scan::is_bounded(&marked) { render(&marked) } else { None };
    tidy(&rendered.unwrap_or_else(|| flat(&marked)))
}

fn render(html: &str) -> Option<String> {
    let config = html2text::config::plain_no_decorate().raw_mode(true).no_table_borders().no_link_wrapping().allow_width_overflow();
    config.string_from_read(html.as_bytes(), WIDTH).ok()
}

/// No white space at line ends, at most one empty line in a row, none around.
fn tidy(text: &str) -> String {
    let (mut out, mut blank) = (String::with_capacity(text.len()), 0_usize);
    for line in text.lines() {
        let line = line.trim_end();
        if line.is_empty() {
            blank += 1;
            continue;
        }
        if !out.is_empty() {
            out.push_str(if blank > 0 { "\n\n" } else { "\n" });
        }
        blank = 0;
        out.push_str(line);
    }
    out
}

/// For what is too deep or too long: text with a line break at each block.
fn flat(html: &str) -> String {
    let mut flat = Flat::default();
    scan::visit(html, &mut flat);
    flat.out
}

#[derive(Default)]
struct Flat {
    out: String,
}

impl Flat {
    fn end_line(&mut self) {
        if !self.out.ends_with('\n') {
            self.out.push('\n');
        }
    }
}

impl Visitor for Flat {
    fn open(&mut self, tag: &Tag) {
        if !marks::INLINE.contains(&&*tag.name) {
            self.end_line();
        }
    }

    fn close(&mut self, name: &str) {
        if !marks::INLINE.contains(&name) {
            self.end_line();
        }
    }

    fn text(&mut self, text: &str) {
        for word in text.split_inclusive(char::is_whitespace) {
            let bare = word.trim_end();
            self.out.push_str(bare);
            let spaced = self.out.is_empty() || self.out.ends_with([' ', '\n']);
            if bare.len() < word.len() && !spaced {
                self.out.push(' ');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_reads_like_text() {
        for (html, text) in [
            ("<p>one</p><p>two<br>three</p>", "one\n\ntwo\nthree"),
            ("<div>a</div><div>b</div>", "a\nb"),
            ("a <b>bold</b> <i>word</i>", "a bold word"),
            ("<ul><li>x<li>y</ul>", "* x\n* y"),
            ("<blockquote type=cite>q<br>r</blockquote>mine", "> q\n> r\n\nmine"),
            ("<style>p{}</style><title>t</title><script>x</script>see", "see"),
            ("<a href='http://x.test/'>here</a>", "here"),
            ("<img src=x alt='a cat'>", "a cat"),
            ("caf&eacute; &amp; &lt;tag&gt;", "café & <tag>"),
            ("<blockquote style='margin:0 0 0 40px; border: none'>indented</blockquote>", "indented"),
        ] {
            assert_eq!(to_text(html), text, "{html}");
        }
    }

    #[test]
    fn entities_without_tags_take_no_longer_than_words() {
        assert_eq!(to_text(&"&amp;".repeat(20_000)), "&".repeat(20_000));
    }

    #[test]
    fn a_depth_bomb_reads_the_same() {
        assert_eq!(to_text(&format!("{}boo", "<div>".repeat(50_000))), "boo");
    }
}
