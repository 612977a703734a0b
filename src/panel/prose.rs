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
