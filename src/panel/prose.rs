//! What people wrote, as HTML: plain text with its paragraphs and links.

use crate::{
    desk::mention::is_part as is_part_of_a_name,
    panel::{highlight::escape_into, mail_html::is_part},
};

/// A picture that came with a mail, and where whoever reads gets it.
pub struct Picture {
    /// Without angle brackets (RFC 2392).
    pub content_id: String,
    /// Its address: `/attachments/7`.
    pub src: String,
    /// The name of its file.
    pub name: String,
}

/// Whether a file of this type is one that is shown: see `files.rs`.
#[must_use]
pub fn is_picture(content_type: &str) -> bool {
    matches!(content_type, "image/png" | "image/jpeg" | "image/jpg" | "image/gif" | "image/webp")
}

/// Plain text as HTML, escaped: blank lines part paragraphs, `http://` and `https://` become links, and where Outlook writes
/// `[cid:…]` for a picture of the mail it is shown.
#[must_use]
pub fn from_text(text: &str, pictures: &[Picture]) -> String {
    let mut html = String::with_capacity(text.len() + 64);
    for paragraph in text.split("\n\n").map(|it| it.trim_matches('\n')).filter(|it| !it.trim().is_empty()) {
        html.push_str("<p>");
        for (at, line) in paragraph.lines().enumerate() {
            if at > 0 {
                html.push_str("<br>");
            }
            let mut rest = line;
            while let Some((before, id, after)) = picture_mark(rest) {
                linked(&mut html, before);
                draw(&mut html, id, pictures);
                rest = after;
            }
            linked(&mut html, rest);
        }
        html.push_str("</p>");
    }
    html
}

/// HTML of a note with the colleagues whom it names marked. `names`: as they are written, without the `@`; what stands in a tag stays.
#[must_use]
pub fn mark_names(html: &str, names: &[String]) -> String {
    let mut marked = String::with_capacity(html.len() + 64);
    let mut rest = html;
    while let Some(at) = rest.find(['@', '<']) {
        let (before, here) = rest.split_at(at);
        marked.push_str(before);
        if here.starts_with('<') {
            let end = here.find('>').map_or(here.len(), |it| it + 1);
            marked.push_str(&here[..end]);
            rest = &here[end..];
            continue;
        }
        let in_a_word = before.chars().next_back().is_some_and(is_part_of_a_name);
        let fits = |name: &&String| {
            here[1..].strip_prefix(name.as_str()).is_some_and(|after| !after.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        };
        let name = names.iter().filter(fits).max_by_key(|it| it.len()).filter(|_| !in_a_word);
        let end = 1 + name.map_or(0, |it| it.len());
        match name {
            Some(_) => marked.push_str(&format!("<span class=\"named\">{}</span>", &here[..end])),
            None => marked.push('@'),
        }
        rest = &here[end..];
    }
    marked.push_str(rest);
    marked
}

/// The start of a text, for a list: without the marks that Outlook leaves for pictures, of which the last may be cut off.
#[must_use]
pub fn without_pictures(text: &str) -> String {
    if !text.contains(MARK) {
        return text.to_owned();
    }
    let mut words = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, _, after)) = picture_mark(rest) {
        words.push_str(before);
        rest = after;
    }
    words.push_str(rest.split_once(MARK).map_or(rest, |(before, _)| before));
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

const MARK: &str = "[cid:";

/// The first mark of a picture: what stands before it, its Content-ID, what stands behind.
fn picture_mark(text: &str) -> Option<(&str, &str, &str)> {
    let (before, marked) = text.split_once(MARK)?;
    let (id, after) = marked.split_once(']')?;
    Some((before, id, after))
}

fn draw(html: &mut String, id: &str, pictures: &[Picture]) {
    if let Some(picture) = pictures.iter().find(|it| is_part(&it.content_id, id)) {
        html.push_str("<img class=\"inpic\" src=\"");
        escape_into(html, &picture.src);
        html.push_str("\" alt=\"");
        escape_into(html, &picture.name);
        html.push_str("\" loading=\"lazy\">");
        return;
    }
    html.push_str("[picture");
    if let Some(name) = id.split('@').next().filter(|it| it.contains('.')) {
        html.push_str(": ");
        escape_into(html, name);
    }
    html.push(']');
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
            assert_eq!(from_text(text, &[]), html);
        }
    }

    #[test]
    fn whom_a_note_names_is_marked_where_it_is_words() {
        let names = ["maya".to_owned(), "maya.l".to_owned()];
        assert_eq!(
            mark_names("<p>@maya, @maya.l @mayab x@maya <a href=\"https://x.test/@maya\">@maya</a></p>", &names),
            "<p><span class=\"named\">@maya</span>, <span class=\"named\">@maya.l</span> @mayab x@maya <a href=\"https://x.test/@maya\"><span class=\"named\">@maya</span></a></p>"
        );
    }

    #[test]
    fn a_mark_for_a_picture_is_the_picture_or_its_name_and_in_a_list_nothing() {
        let came = Picture { content_id: "a.png@01D".to_owned(), src: "/attachments/7".to_owned(), name: "<a>.png".to_owned() };
        let text = "See [cid:a.png@01D], [cid:gone.png@01D] and [cid:4f0e]. [cid:cut";
        assert_eq!(
            from_text(text, &[came]),
            "<p>See <img class=\"inpic\" src=\"/attachments/7\" alt=\"&lt;a&gt;.png\" loading=\"lazy\">, [picture: gone.png] and [picture]. [cid:cut</p>"
        );
        assert_eq!(without_pictures("[cid:a@x] See [cid:b@x] this [cid:c"), "See this");
        assert_eq!(without_pictures("As  it is"), "As  it is");
    }
}
