//! Plain texts that show no history, and what their HTML forms say of it.

use proptest::prelude::*;

use super::super::{
    Parts, Purpose, split, split_beside,
    tests::{are_its_lines, line},
};
use crate::mail::html;

fn beside(text: &str, markup: &str) -> Parts {
    split_beside(text, || Some(html::to_marked_text(markup)), Purpose::Answers)
}

/// As programs mark what they quote.
const MARKS: &[&str] = &[
    "<div class=gmail_quote><div class=gmail_attr>Gwelwyd</div><blockquote class=gmail_quote>@</blockquote></div>",
    "<div class=gmail_quote><blockquote class=gmail_quote>Gwelwyd<br>@</blockquote></div>",
    "<blockquote type=cite>Gwelwyd<br>@</blockquote>",
    "<div id=appendonsend></div><hr><div id=divRplyFwdMsg>Gwelwyd</div><div>@</div>",
    "<div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p>Gwelwyd</p></div><p>@</p>",
    "<div class=yahoo_quoted><div>Gwelwyd</div>@</div>",
    "<div class=protonmail_quote>Gwelwyd<blockquote>@</blockquote></div>",
    "<hr id=zwchr><div>Gwelwyd</div><div>@</div>",
    "<div class=moz-cite-prefix>Gwelwyd<br></div><blockquote type=cite>@</blockquote>",
    "<div id=mail-editor-reference-message-container>Gwelwyd<div>@</div></div>",
    "<div><br><blockquote type=cite><div>Gwelwyd</div>@</blockquote></div>",
];

const OLD: &str = "It does not print since Monday.\nCan you see why, please?\nAnn";

#[test]
fn history_that_the_html_marks_is_taken_from_the_plain_text() {
    for mark in MARKS {
        for (words, markup) in [
            ("Fine.", "<div>Fine.</div>"),
            ("Yes, it is the\n*cable*.\nHal", "<div>Yes, it is the <b>cable</b>.</div><div>Hal</div>"),
            ("See the page<https://x.test/c>.", "<p>See <a href='https://x.test/c'>the page</a>.</p>"),
            ("See the page.", "<p>See <a href='https://x.test/c'>the page</a>.</p>"),
            ("Look:\n[cid:a@x]\nSo it is.", "<p>Look:<br><img src=cid:a alt='A picture of it'><br>So it is, as I said.</p>"),
            ("Look:\n[image: A picture of it]\nSo it is.", "<p>Look:<br><img src=cid:a alt='A picture of it'><br>So it is.</p>"),
            ("   - one\n   - two", "<ul><li>one<li>two</ul>"),
            ("Danke,\nSchöne Grüße", "<p>Danke,</p><p>Sch&ouml;ne Gr&uuml;&szlig;e</p>"),
            ("好的，我明天再\n试一次。", "<p>好的，我明天再试一次。</p>"),
        ] {
            let words = words.replace("So it is.", "So it is, as I said.");
            let html = format!("{}{}", markup.replace("So it is.", "So it is, as I said."), mark.replace('@', &OLD.replace('\n', "<br>")));
            let text = format!("{words}\n\nGwelwyd\n\n{OLD}\n");
            let parts = beside(&text, &html);
            assert_eq!(parts.reply, words, "{html}");
            assert_eq!(parts.quoted, format!("Gwelwyd\n\n{OLD}"), "{html}");
        }
    }
}

#[test]
fn a_signature_that_the_html_marks_is_taken_too() {
    for mark in [
        "<div class=gmail_signature>@</div>",
        "<div id=Signature>@</div>",
        "<div class=moz-signature>@</div>",
        "<div id=AppleMailSignature>@</div>",
    ] {
        let html = format!("<div>Fine.</div>{}", mark.replace('@', "Hal Smith<br>Desk Ltd"));
        let parts = beside("Fine.\n\nHal Smith\nDesk Ltd\n", &html);
        assert_eq!((&*parts.reply, &*parts.signature), ("Fine.", "Hal Smith\nDesk Ltd"), "{html}");
        let with_history = format!("{html}<div class=gmail_quote>Gwelwyd<blockquote>{OLD}</blockquote></div>");
        let parts = beside(&format!("Fine.\n\nHal Smith\nDesk Ltd\n\nGwelwyd\n{OLD}"), &with_history);
        assert_eq!((&*parts.reply, &*parts.signature), ("Fine.", "Hal Smith\nDesk Ltd"), "{with_history}");
        assert_eq!(parts.quoted, format!("Gwelwyd\n{OLD}"), "{with_history}");
    }
}

#[test]
fn in_doubt_all_of_the_plain_text_stays() {
    let quote = |words: &str| format!("<div>{words}</div><blockquote type=cite>{OLD}</blockquote>");
    for (text, html, why) in [
        (format!("Fine. {OLD}"), quote("Fine."), "the mark stands within a line"),
        (format!("Quite other words.\n\n{OLD}"), quote("Fine."), "the words above differ"),
        ("Fine.\n\nIt works since noon, and nobody knows why.".to_owned(), quote("Fine."), "what is below differs"),
        ("Fine.".to_owned(), quote("Fine."), "there is nothing below"),
        (OLD.to_owned(), format!("<blockquote type=cite>{OLD}</blockquote>"), "nothing stands above"),
        (format!("Fine.\n{OLD}\nBut why?"), format!("{}<div>But why?</div>", quote("Fine.")), "an answer follows"),
        (format!("Fine.\n{OLD}"), format!("<div>Fine.</div><div>{OLD}</div>"), "nothing is marked"),
        (
            format!("Look.\n{OLD}"),
            format!("<div>Look.</div><div class=gmail_quote>---------- Forwarded message ---------<br>{OLD}</div>"),
            "it is a forward",
        ),
        (
            "Fine.\nHal\nP.S. Call me.".to_owned(),
            "<div>Fine.</div><div class=gmail_signature>Hal</div>".to_owned(),
            "words stand below the signature",
        ),
    ] {
        assert_eq!(beside(&text, &html), split(&text, Purpose::Answers), "{why}");
    }
    let text = format!("Look.\n{OLD}");
    let forwards = split_beside(&text, || Some(html::to_marked_text(&quote("Look."))), Purpose::Forwards);
    assert_eq!(forwards.reply, text);
}

#[test]
fn a_signature_below_the_history_is_none_above_it() {
    let old = "It does not print since Monday, and nobody here can see why that is.";
    let html = format!(
        "<p>Fine.</p><div class=gmail_quote>Gwelwyd<blockquote>{old}</blockquote></div><div class=gmail_signature>Hal Smith, Desk Ltd.</div>"
    );
    let parts = beside(&format!("Fine.\n\nGwelwyd\n{old}\n\nHal Smith, Desk Ltd.\n"), &html);
    assert_eq!((parts.reply.as_str(), parts.signature.as_str()), ("Fine.", ""));
    assert!(parts.quoted.starts_with("Gwelwyd\n"), "{parts:?}");
}

#[test]
fn the_html_form_is_asked_only_where_the_plain_text_shows_no_history() {
    for text in ["Fine.\n\nOn 5 Feb 2018, Ann wrote:\n> Can you?", "Fine.\n\n-----Original Message-----\nFrom: Ann\n\nCan you?"] {
        let parts = split_beside(text, || panic!("{text}"), Purpose::Answers);
        assert_eq!(parts.reply, "Fine.");
    }
}

#[test]
fn two_long_forms_are_compared_in_time() {
    for (one, other) in [("word ", "word "), ("a", "ab"), ("ab", "a"), ("same old words ", "same new words "), ("<", "&lt;")] {
        let (text, words) = (one.repeat(60_000), other.repeat(60_000));
        let parts = beside(&format!("{text}\nold\n"), &format!("<div>{words}</div><blockquote type=cite>old</blockquote>"));
        assert!(parts.reply.len() + parts.quoted.len() >= text.trim().len());
    }
}

/// Lines of a text as HTML, with marks between them.
fn markup() -> impl Strategy<Value = String> {
    let tags =
        "<div class=gmail_quote>|</div>|<blockquote type=cite>|</blockquote>|<div class=gmail_signature>|<hr>|<div id=divRplyFwdMsg>|<br>";
    prop::sample::select(tags.split('|').map(str::to_owned).collect::<Vec<_>>())
}

proptest! {
    #[test]
    fn lines_are_only_ever_taken_away(
        lines in prop::collection::vec((line(), prop::option::of(markup()), any::<bool>(), any::<bool>()), 0..25)
    ) {
        let text: Vec<&str> = lines.iter().filter(|it| it.2).map(|it| &*it.0).collect();
        let text = html::marks::unmarked(text.join("\n"));
        let html: String = lines.iter().filter(|it| it.3 || it.2).map(|(line, tag, ..)| {
            format!("{}<div>{}</div>", tag.as_deref().unwrap_or_default(), line.replace('<', "&lt;"))
        }).collect();
        are_its_lines(&beside(&text, &html), &text)?;
    }
}
