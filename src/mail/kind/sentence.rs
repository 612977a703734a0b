//! Whether a text says of itself that a machine wrote it, and not of something else.

use super::phrases;
use crate::mail::phrases::plain;

/// `This message was generated automatically`: a sentence about a message, in nobody’s quotation marks. An invoice is generated
/// automatically too, and whoever complains about a machine quotes it.
pub(super) fn says_it_is_automatic(text: &str) -> bool {
    text.split("\n\n").map(plain).filter(|it| phrases::AUTOMATIC_TEXTS.within(it)).any(|it| paragraph_says(&it))
}

fn paragraph_says(paragraph: &str) -> bool {
    let mut quoted = false;
    for sentence in sentences(paragraph) {
        let own = phrases::AUTOMATIC_TEXTS.first_at(sentence).is_some_and(|at| quoted == opens_quotation(&sentence[..at]));
        if own && phrases::MESSAGE_WORDS.within(sentence) && !wishes(sentence) {
            return true;
        }
        quoted ^= opens_quotation(sentence);
    }
    false
}

/// Whether an odd number of quotation marks stands in these words, of whatever shape: they open and close in turn.
fn opens_quotation(words: &str) -> bool {
    words.chars().filter(|c| matches!(c, '"' | '“' | '”' | '„' | '«' | '»' | '「' | '」')).count() % 2 == 1
}

/// Parted behind `.`, `!` and `?` at the end of a word.
fn sentences(paragraph: &str) -> impl Iterator<Item = &str> {
    let ends = |text: &str| {
        let end = text.char_indices().find(|(at, c)| match c {
            '.' | '!' | '?' => text[at + 1..].starts_with([' ', '"', '”', '“', '»']),
            '。' | '！' | '？' => true,
            _ => false,
        });
        end.map_or(text.len(), |(at, c)| at + c.len_utf8())
    };
    let mut rest = paragraph;
    std::iter::from_fn(move || {
        let (sentence, behind) = rest.split_at(ends(rest));
        rest = behind;
        (!sentence.is_empty()).then_some(sentence)
    })
}

/// `Do not reply to this message before Monday`: where a machine asks for it, the sentence ends there or gives a reason.
fn wishes(sentence: &str) -> bool {
    let Some(at) = sentence.find("do not reply to this") else { return false };
    let rest = phrases::AUTOMATIC_TEXTS.behind(&sentence[at..]).min_by_key(|it| it.len()).unwrap_or_default();
    let goes_on = [" as ", " because", " since", " directly", " or ", " and ", " - ", " – ", " ("];
    rest.starts_with(' ') && !goes_on.iter().any(|it| rest.starts_with(it))
}

#[cfg(test)]
mod tests {
    use super::says_it_is_automatic;

    #[test]
    fn a_text_says_of_itself_that_it_is_automatic() {
        for (text, expected) in [
            ("We have received your mail.\n\nThis is an automated\nresponse.", true),
            ("Your message \"Printer\" came in. This is an automated reply.", true),
            ("Please do not reply to this email.", true),
            ("Do not reply to this message, as nobody reads it.", true),
            ("This message was automatically generated", true),
            ("Diese Nachricht wurde automatisch erstellt.", true),
            ("I only get \"We have received your message. This is an automated reply.\" Is there a person?", false),
            ("I got: „Dies ist eine automatische Antwort.“", false),
            ("The invoice was automatically generated with a wrong number.", false),
            ("Die Rechnung wurde automatisch erstellt.", false),
            ("Do not reply to this email address, use another.", false),
            ("Please do not reply to this message before Monday.", false),
            ("This is an automated test rig. Your message helped.", false),
        ] {
            assert_eq!(says_it_is_automatic(text), expected, "{text}");
        }
    }
}
