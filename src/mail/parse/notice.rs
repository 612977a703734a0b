//! A plain form that stands in place of the words, such as `Your mail program does not show HTML`.

use std::collections::HashSet;

use crate::mail::html;

/// A notice is no longer; octets.
const LONGEST: usize = 300;
/// So much of the HTML is looked at, in octets.
const LOOK: usize = 1 << 16;

/// Whether the plain form of a body says nothing of what its HTML form says. In doubt it does.
#[must_use]
pub fn says_nothing(plain: &str, html: &str) -> bool {
    let plain = plain.trim();
    if plain.len() > LONGEST || plain.lines().filter(|it| !it.trim().is_empty()).count() > 4 {
        return false;
    }
    let lower = plain.to_lowercase();
    if is_advice(&lower) {
        return true;
    }
    let own = words(&without_links(&lower));
    let html = &html[..html.floor_char_boundary(LOOK)];
    // Most forms of a body say the same: then there is nothing to be made into text.
    let near = html.to_lowercase();
    if !own.is_empty() && own.iter().filter(|it| near.contains(it.as_str())).count() * 4 > own.len() {
        return false;
    }
    let shown = words(&without_links(&html::to_text(html).to_lowercase()));
    if own.is_empty() {
        return shown.len() >= 3;
    }
    let known: HashSet<&String> = shown.iter().collect();
    let shared = own.iter().filter(|it| known.contains(it)).count();
    if speaks_of_itself(&lower) {
        shared * 4 <= own.len() && shown.len() >= 3
    } else {
        shared * 10 <= own.len() && shown.len() >= 25.max(own.len() * 4)
    }
}

/// What mail programs and makers of newsletters write; small letters.
fn is_advice(lower: &str) -> bool {
    let about = ["html", "mime"].iter().any(|it| lower.contains(it));
    let advice = [
        "view",
        "viewer",
        "client",
        "reader",
        "compatible",
        "support",
        "display",
        "browser",
        "anzeigen",
        "unterstützt",
        "afficher",
        "mostrar",
        "visualizzare",
    ];
    lower.len() < 250 && !lower.contains('?') && about && advice.iter().any(|it| lower.contains(it))
}

/// It is about the form of the message, in whatever language.
fn speaks_of_itself(lower: &str) -> bool {
    ["html", "mime", "browser", "online", "plain text", "text version", "navigat", "webbläsare", "selain"]
        .iter()
        .any(|it| lower.contains(it))
}

/// Without addresses, and what stands in the place of pictures: `[image: logo]`, `[cid:1@x]`, `<https://x.test>`.
fn without_links(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['[', '<']) {
        let (before, mark) = rest.split_at(at);
        out.push_str(before);
        let closing = if mark.starts_with('[') { ']' } else { '>' };
        let picture = ["[image", "[cid:", "[logo", "[http", "<http", "<mailto:"].iter().any(|it| mark.starts_with(it));
        let end = if picture { mark.char_indices().take(500).find(|(_, c)| *c == closing).map(|(at, _)| at + 1) } else { None };
        rest = &mark[end.unwrap_or(1)..];
        out.push(' ');
    }
    out.push_str(rest);
    let is_link = |word: &&str| word.contains("://") || word.starts_with("www.");
    out.split_whitespace().filter(|it| !is_link(it)).collect::<Vec<_>>().join(" ")
}

/// Words of four letters or more, of shorter ones where there are no others; of writing without spaces, each two letters.
fn words(text: &str) -> Vec<String> {
    let all = || text.split(|c: char| !c.is_alphanumeric()).filter(|it| !it.is_empty());
    let mut found = Vec::new();
    for word in all() {
        if word.chars().any(has_no_spaces) {
            let letters: Vec<char> = word.chars().collect();
            found.extend(letters.windows(2.min(letters.len())).map(|it| it.iter().collect::<String>()));
        } else if word.chars().count() >= 4 {
            found.push(word.to_owned());
        }
    }
    if found.is_empty() { all().map(str::to_owned).collect() } else { found }
}

/// Chinese, Japanese, Thai, Lao, Burmese and Khmer.
fn has_no_spaces(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTML: &str = "<p>The printer smokes, please come and help us at once.</p>";

    #[test]
    fn a_notice_says_nothing() {
        for plain in [
            "This is an HTML message. Please use an HTML capable mail program to read this message.",
            "Your email client does not support HTML messages",
            "Diese E-Mail wird nur im HTML-Format angezeigt.",
            "This message is in MIME format.",
            "[image: logo]",
            "https://x.test/view?id=12",
            "Ce message est au format HTML.",
            "Este mensaje contiene HTML",
            "View this email in your browser",
            "View this email in your browser <https://x.test/1>",
            "Zur Online-Ansicht",
            "HTML version only",
            "Deze e-mail is in HTML",
            "Plain text not available",
            "このメールはHTML形式です。",
            "此邮件为HTML格式",
            "Для просмотра используйте HTML",
        ] {
            assert!(says_nothing(plain, HTML), "{plain}");
        }
        let long = "<p>The printer on the second floor smokes whenever somebody prints more than three pages, and the paper comes out brown. \
                    We switched it off, opened every door, cleaned both rollers with a cloth, waited an hour, then tried once more.</p>";
        assert!(says_nothing("Viestin sisältö näkyy vain uudemmissa ohjelmissa", long));
    }

    #[test]
    fn a_plain_form_that_says_something_stays() {
        let quoted =
            format!("<p>Yes, thanks</p><blockquote>{}</blockquote>", "<p>The whole conversation so far, in many words.</p>".repeat(20));
        let picture = "<img src=cid:1>";
        for (plain, html) in [
            ("The printer smokes, please come and help us at once.", HTML),
            ("The printer smokes", HTML),
            ("Yes, thanks", quoted.as_str()),
            ("Ok", "<p>Ok</p>"),
            ("https://x.test/a", "<a href='https://x.test/a'>https://x.test/a</a>"),
            ("The HTML of your page is broken.", "<p>The <b>HTML</b> of your page is broken.</p>"),
            ("See the online shop, it fails", picture),
            ("Please look at this", picture),
            ("打印机坏了，请帮忙", "<p>打印机坏了，请帮忙</p>"),
            ("Gr\u{fc}\u{df}e aus K\u{f6}ln", "<p>Gr&uuml;&szlig;e aus K&ouml;ln</p>"),
            ("Two lines that were shortened", "<p>Something else that was written here</p>"),
        ] {
            assert!(!says_nothing(plain, html), "{plain}");
        }
    }
}
