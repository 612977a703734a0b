//! `format=flowed` (RFC 3676): lines that a program folded become paragraphs again.

use super::params;

/// The text with soft line breaks undone, if `media` says that there are any.
#[must_use]
pub fn unfold(text: String, media: &params::Value) -> String {
    if !media.param("format").is_some_and(|it| it.eq_ignore_ascii_case("flowed")) {
        return text;
    }
    let delete_space = media.param("delsp").is_some_and(|it| it.eq_ignore_ascii_case("yes"));
    let mut out = String::with_capacity(text.len());
    let mut open: Option<usize> = None;
    for line in text.split('\n') {
        let depth = line.bytes().take_while(|c| *c == b'>').count();
        let content = line[depth..].strip_prefix(' ').unwrap_or(&line[depth..]);
        let is_mark = content == "-- ";
        if open == Some(depth) && !is_mark {
            out.push_str(content);
        } else {
            begin(&mut out, depth, content, open.is_some());
        }
        let soft = content.ends_with(' ') && !is_mark;
        if soft && delete_space {
            out.pop();
        }
        if !soft {
            out.push('\n');
        }
        open = soft.then_some(depth);
    }
    out.pop();
    out
}

fn begin(out: &mut String, depth: usize, content: &str, after_open_line: bool) {
    if after_open_line {
        out.push('\n');
    }
    if depth > 0 {
        out.extend(std::iter::repeat_n('>', depth));
        out.push(' ');
    }
    out.push_str(content);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flowed(text: &str, more: &str) -> String {
        unfold(text.to_owned(), &params::read(format!("text/plain; format=flowed{more}").as_bytes()))
    }

    #[test]
    fn paragraphs_come_back() {
        assert_eq!(flowed("a long \nline\nand another\n", ""), "a long line\nand another\n");
        assert_eq!(flowed("a wo \nrd\n", "; delsp=yes"), "a word\n");
        assert_eq!(flowed("> quoted \n> text\nmine\n", ""), "> quoted text\nmine\n");
        assert_eq!(flowed(">> deep \n> less\n", ""), ">> deep \n> less\n");
        assert_eq!(flowed("text\n-- \nAnn\n", ""), "text\n-- \nAnn\n");
        assert_eq!(flowed(" > no quote\n From here\n", ""), "> no quote\nFrom here\n");
    }
}
