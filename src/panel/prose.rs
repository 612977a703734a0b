//! What people wrote, as HTML: plain text with its paragraphs and links.

use crate::panel::highlight::escape_into;

/// Plain text as HTML, escaped: blank lines part paragraphs, `http://` and `https://` become links.
#[must_use]
pub fn from_text(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + 64);
    for paragraph in text.split("\n\n").map(|it| it.trim_matches('\n')).filter(|it| !it.trim().is_empty()) {
        html.push_str("<p>");
        for (at, line) in paragraph.lines().enumerate() {
            if at > 0 {
                html.push_str("<br>");
            }
            linked(&mut html, line);
        }
        html.push_str("</p>");
    }
    html
}

/// What is folded away below the new words, as far as the text itself tells: a signature behind its mark (RFC 3676 §4.3), quoted
/// lines (§4.5), or both.
#[must_use]
pub fn fold_title(text: &str) -> &'static str {
    let lines = || text.lines().map(str::trim_end).filter(|it| !it.is_empty());
    let quoted = |it: &str| it.starts_with('>');
    if lines().next() == Some("--") && !lines().any(quoted) {
        "Signature"
    } else if lines().any(quoted) && lines().skip_while(|it| !quoted(it)).all(quoted) {
        "Quoted text"
    } else {
        "Quoted text and signature"
    }
}

fn linked(html: &mut String, line: &str) {
    let mut rest = line;
    while let Some(at) = [rest.find("https://"), rest.find("http://")].into_iter().flatten().min() {
        let (before, link) = rest.split_at(at);
        let end =
            link.find(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '`' | '\\')).unwrap_or(link.len());
        let address = link[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '}', '\'']);
        escape_into(html, before);
        if address.ends_with("//") {
            escape_into(html, &link[..end]);
            rest = &link[end..];
            continue;
        }
        html.push_str("<a href=\"");
        escape_into(html, address);
        html.push_str("\" rel=\"noopener noreferrer nofollow\" target=\"_blank\">");
        escape_into(html, address);
        html.push_str("</a>");
        rest = &link[address.len()..];
    }
    escape_into(html, rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fold_is_called_by_what_is_in_it() {
        for (folded, title) in [
            ("-- \nAnn Lee\nHome", "Signature"),
            ("On Monday, Ann wrote:\n> It smokes.\n>\n> Ann", "Quoted text"),
            ("> It smokes.\n\n-- \nAnn Lee", "Quoted text and signature"),
            ("From: Ann\nSent: Monday\n\nIt smokes.", "Quoted text and signature"),
        ] {
            assert_eq!(fold_title(folded), title, "{folded}");
        }
    }

    #[test]
    fn text_keeps_its_paragraphs_and_its_links_and_nothing_runs() {
        for (text, html) in [
            ("a\nb\n\n\nc <b>", "<p>a<br>b</p><p>c &lt;b&gt;</p>"),
            (
                "see https://x.test/a?b=1&c=\"2 (http://y.test).",
                "<p>see <a href=\"https://x.test/a?b=1&amp;c=\" rel=\"noopener noreferrer nofollow\" target=\"_blank\">https://x.test/a?b=1&amp;c=</a>&quot;2 (<a href=\"http://y.test\" rel=\"noopener noreferrer nofollow\" target=\"_blank\">http://y.test</a>).</p>",
            ),
            ("https:// javascript:alert(1)", "<p>https:// javascript:alert(1)</p>"),
            ("", ""),
        ] {
            assert_eq!(from_text(text), html);
        }
    }
}
