//! Quoted history in a mail's own HTML that is worth folding: long, or at the end. An answer between two quotations stays
//! where it is, and so does what somebody forwards.

use std::{collections::BTreeMap, sync::LazyLock};

use aho_corasick::AhoCorasick;
use html5ever::tokenizer::Tag;

use super::scan::{self, Visitor};

/// Characters that a person skims rather than folds.
const LONG: usize = 1000;

/// The start tags before which a fold begins, by their number in the document.
#[derive(Debug, Default)]
pub(super) struct Folds(BTreeMap<usize, Ends>);

/// Where a fold ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// With the element that begins it.
    WithElement,
    /// With the element around it: what begins it is a rule or a copied header, and the history follows.
    WithParent,
}

impl Folds {
    pub(super) fn at(&self, tag: usize) -> Option<Ends> {
        self.0.get(&tag).copied()
    }
}

/// What may be folded in this HTML.
pub(super) fn find(html: &str) -> Folds {
    if !MARKS.is_match(html) {
        return Folds::default();
    }
    let mut finder = Finder::default();
    scan::visit(html, &mut finder);
    let total = finder.text;
    let worth = |it: &&Quote| {
        let (own, after) = (it.to.unwrap_or(total) - it.from, total - it.to.unwrap_or(total));
        !it.forwarded && own > 0 && own < total && (after == 0 || own > LONG)
    };
    Folds(finder.quotes.iter().filter(worth).map(|it| (it.tag, it.ends)).collect())
}

struct Quote {
    tag: usize,
    ends: Ends,
    /// Visible characters before it, and up to its end.
    from: usize,
    to: Option<usize>,
    forwarded: bool,
    /// The element, and how many of that name are open inside.
    name: String,
    inside: usize,
    /// What it says first, until it is known whether it was forwarded.
    begins: String,
}

#[derive(Default)]
struct Finder {
    tags: usize,
    text: usize,
    quotes: Vec<Quote>,
}

impl Finder {
    /// The quotation that is open.
    fn open_quote(&mut self) -> Option<&mut Quote> {
        self.quotes.last_mut().filter(|it| it.to.is_none())
    }
}

impl Visitor for Finder {
    fn open(&mut self, tag: &Tag) {
        let (number, from, name) = (self.tags, self.text, &*tag.name);
        self.tags += 1;
        if let Some(quote) = self.open_quote() {
            quote.inside += usize::from(quote.name == name);
        } else if let Some(ends) = begins_history(tag)
            && self.quotes.len() < 100
        {
            let (to, name) = (None, name.to_owned());
            self.quotes.push(Quote { tag: number, ends, from, to, forwarded: false, name, inside: 0, begins: String::new() });
        }
    }

    fn close(&mut self, name: &str) {
        let text = self.text;
        let Some(quote) = self.open_quote().filter(|it| it.name == name && it.ends == Ends::WithElement) else { return };
        match quote.inside.checked_sub(1) {
            Some(inside) => quote.inside = inside,
            None => quote.to = Some(text),
        }
    }

    fn text(&mut self, text: &str) {
        let visible =
            text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '\u{200b}'..='\u{200d}' | '\u{feff}' | '\u{ad}' | '\u{34f}'));
        let count = visible.clone().count();
        if let Some(quote) = self.open_quote()
            && quote.begins.len() < 10
        {
            quote.begins.extend(visible.take(10));
            // Gmail's line above what it forwards, in every language.
            quote.forwarded = quote.begins.starts_with("----------");
        }
        self.text += count;
    }
}

/// What programs put around the mail that they answer.
const AROUND: &[&str] =
    &["gmail_quote", "gmail_quote_container", "protonmail_quote", "tutanota_quote", "yahoo_quoted", "zmail_extra", "email_quote"];
const AROUND_IDS: &[&str] = &["yahoo_quoted", "OLK_SRC_BODY_SECTION", "mail-editor-reference-message-container", "isReplyContent"];
/// What they put before it.
const BEFORE_IDS: &[&str] = &["divRplyFwdMsg", "appendonsend", "replyBlockquoteHeader", "zwchr"];

/// HTML without any of these holds no history: names, and what else [`begins_history`] looks for.
static MARKS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let others = ["__QUOTED_TEXT__", "cite", "border-top"];
    let all = AROUND.iter().chain(AROUND_IDS).chain(BEFORE_IDS).chain(&others);
    AhoCorasick::builder().ascii_case_insensitive(true).build(all).expect("some twenty names fit an automaton")
});

fn begins_history(tag: &Tag) -> Option<Ends> {
    let has_class = |of: &[&str]| scan::attribute(tag, "class").unwrap_or_default().split_whitespace().take(20).any(|it| of.contains(&it));
    let id = scan::attribute(tag, "id").unwrap_or_default().trim_start_matches("x_");
    let name = &*tag.name;
    let cited = name == "blockquote" && (scan::attribute(tag, "type") == Some("cite") || scan::attribute(tag, "cite").is_some());
    if cited || has_class(AROUND) || AROUND_IDS.contains(&id) || scan::attribute(tag, "data-marker") == Some("__QUOTED_TEXT__") {
        return Some(Ends::WithElement);
    }
    (BEFORE_IDS.contains(&id) || is_outlook_rule(tag)).then_some(Ends::WithParent)
}

/// Outlook sets the copied header off with a thin line above it.
fn is_outlook_rule(tag: &Tag) -> bool {
    let style: String = scan::attribute(tag, "style").unwrap_or_default().to_lowercase().split_whitespace().collect();
    &*tag.name == "div" && style.contains("border-top:solid") && style.contains("padding:3.0pt0")
}

#[cfg(test)]
mod tests {
    use crate::mail::html::{sanitise, sanitise_folding};

    /// The folded parts, as text without tags.
    fn folded(html: &str) -> Vec<String> {
        let clean = sanitise_folding(html).html;
        assert_eq!(sanitise(&clean).html, clean, "not stable");
        let bare = |it: &str| it.split('<').map(|it| it.split_once('>').map_or(it, |(_, text)| text)).collect::<String>();
        clean.split("<details><summary>Quoted text</summary>").skip(1).map(|it| bare(it.split("</details>").next().unwrap())).collect()
    }

    #[test]
    fn history_is_folded_where_it_is_long_or_last_and_never_where_it_is_the_matter() {
        let long = "word ".repeat(400);
        for (html, folds) in [
            (
                "Yes.<div class=gmail_quote><div class=gmail_attr>On Monday Ann wrote:</div><blockquote class=gmail_quote>Can you?</blockquote></div>",
                vec!["On Monday Ann wrote:Can you?"],
            ),
            ("<p>Yes.</p><div id=divRplyFwdMsg>From: Ann</div><div>Can you?</div>", vec!["From: AnnCan you?"]),
            (
                "<div>Yes.<div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'>From: Ann</div><p>Can you?</p></div>",
                vec!["From: AnnCan you?"],
            ),
            ("<blockquote type=cite>Can you?</blockquote>Yes.<blockquote type=cite>And this?</blockquote>No.", vec![]),
            ("FYI<div class=gmail_quote>---------- Forwarded message ---------<br>Can you?</div>", vec![]),
            ("<blockquote type=cite>Only this</blockquote>", vec![]),
            ("<blockquote>Somebody indents</blockquote>Yes.", vec![]),
            ("Yes.<blockquote type=cite>a<blockquote type=cite>b</blockquote>c</blockquote>", vec!["abc"]),
        ] {
            assert_eq!(folded(html), folds, "{html}");
        }
        let below = folded(&format!("<blockquote type=cite>{long}</blockquote>Yes."));
        assert_eq!(below.len(), 1, "a long one above the answer");
    }
}
