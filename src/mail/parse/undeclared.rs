//! HTML that was sent as plain text.

use std::collections::HashMap;

/// So many tags are looked at.
const MOST: usize = 20_000;

/// Elements that mail programs write. Whoever asks about another shows it in a sentence, or it is XML.
#[rustfmt::skip]
const WRITTEN: &[&str] = &[
    "a", "b", "big", "blockquote", "body", "br", "center", "div", "em", "font", "h1", "h2", "h3", "h4", "h5", "h6", "head", "hr", "html", "i",
    "img", "li", "meta", "o:p", "ol", "p", "pre", "s", "small", "span", "strong", "style", "sub", "sup", "table", "tbody", "td", "tfoot", "th",
    "thead", "title", "tr", "u", "ul",
];
const VOID: &[&str] = &["br", "hr", "img", "meta"];
/// Their ends are often left out.
const OPEN_ENDED: &[&str] = &["p", "li", "td", "th", "tr", "body", "html"];

/// Whether a text is HTML: it says so where it begins, or it begins and ends with tags of those that mails have, and each that
/// is opened is closed. Somebody’s words about HTML have words before or behind it.
#[must_use]
pub fn is_html(text: &str) -> bool {
    let text = text.trim();
    let begins = text.get(..14).unwrap_or(text).to_ascii_lowercase();
    if begins.starts_with("<html") || begins.starts_with("<!doctype html") {
        return text.contains("</");
    }
    text.starts_with('<') && text.ends_with('>') && is_balanced(text)
}

fn is_balanced(text: &str) -> bool {
    let (mut open, mut closed, mut words) = (HashMap::<String, usize>::new(), 0, false);
    let mut tags = text.split('<').skip(1);
    for tag in tags.by_ref().take(MOST) {
        let Some((inside, behind)) = tag.split_once('>') else { return false };
        words |= behind.contains(char::is_alphanumeric);
        let (ends, inside) = inside.strip_prefix('/').map_or((false, inside), |it| (true, it));
        let name = inside.split(|c: char| c.is_whitespace() || c == '/').next().unwrap_or_default().to_ascii_lowercase();
        if inside.len() > 2000 || !WRITTEN.contains(&name.as_str()) {
            return false;
        }
        if VOID.contains(&name.as_str()) {
            continue;
        }
        let count = open.entry(name).or_default();
        if !ends {
            *count += 1;
        } else if *count > 0 {
            (*count, closed) = (*count - 1, closed + 1);
        } else {
            return false;
        }
    }
    let is_closed = |(name, count): (&String, &usize)| *count == 0 || OPEN_ENDED.contains(&name.as_str());
    tags.next().is_none() && words && closed > 0 && open.iter().all(is_closed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_told_from_words_about_one() {
        for html in [
            "<html><body>x</body></html>",
            "<!DOCTYPE html><p>x</p>",
            "<div dir=\"ltr\">Hello <b>you</b></div><br>\n",
            "<p>Hello&nbsp;you</p><p>Bye</p>",
            "\n<TABLE><TR><TD>x</TABLE>",
        ] {
            assert!(is_html(html), "{html}");
        }
        for words in [
            "",
            "Hello <b>you</b>",
            "<p>Hello</p> shows wrongly",
            "<p> is not closed on your page, use <p>",
            "<ann@example.test>",
            "<https://example.test/a>",
            "<invoice><number>7</number></invoice>",
            "<br>",
            "<div></div>",
            "<script>run()</script>",
            "<b>one</i></b>",
            "< 5 and > 3 <b>x</b>",
        ] {
            assert!(!is_html(words), "{words}");
        }
    }
}
