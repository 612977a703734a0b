//! From a mail system's words to a status code (RFC 3463).

use std::sync::LazyLock;

use super::status;
use crate::mail::phrases::{Phrases, plain};

static REASONS: LazyLock<Vec<(&str, &str)>> = LazyLock::new(|| {
    let lines = include_str!("reasons.txt").lines().filter(|it| !it.starts_with('#'));
    lines.filter_map(|it| it.split_once(' ')).collect()
});

static TOLD: LazyLock<Phrases> = LazyLock::new(|| Phrases::of(REASONS.iter().map(|(_, reason)| *reason).collect()));

/// The status that these words give or mean: an enhanced code in them, else the reason they tell, else the reply code.
pub(super) fn status(words: &str) -> Option<String> {
    status::failure_code(words).or_else(|| meant(words)).or_else(|| by_reply(words))
}

/// The status that these words mean, by the list of reasons.
pub(super) fn meant(words: &str) -> Option<String> {
    let (code, _) = REASONS[TOLD.first_listed(&plain(words))?];
    let class = reply_code(words).and_then(|it| it.get(..1)).unwrap_or(&code[..1]);
    Some(format!("{class}{}", &code[1..]))
}

/// Whether these words tell a reason.
pub(super) fn tells(words: &str) -> bool {
    TOLD.within(&plain(words))
}

/// What RFC 5321 §4.2.3 lets be read from the reply code alone.
fn by_reply(words: &str) -> Option<String> {
    Some(match reply_code(words)? {
        "551" => "5.1.6".to_owned(),
        "552" => "5.2.2".to_owned(),
        "553" => "5.1.3".to_owned(),
        "452" => "4.3.1".to_owned(),
        code => format!("{}.0.0", &code[..1]),
    })
}

/// `550` and the like, standing by itself: no piece of an address, a number or a year.
pub(super) fn reply_code(line: &str) -> Option<&str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '.' && c != '@')
        .map(|it| it.trim_end_matches('.'))
        .find(|word| matches!(word.as_bytes(), [b'4' | b'5', b'0'..=b'7', b'0'..=b'9']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_codes() {
        for (words, code) in [
            ("550 5.1.10 RESOLVER.ADR.RecipientNotFound", Some("5.1.10")),
            ("550 sorry, no mailbox here by that name", Some("5.1.1")),
            ("452 Mailbox full", Some("4.2.2")),
            ("mailbox is full: retry timeout exceeded", Some("5.2.2")),
            ("retry timeout exceeded", Some("4.4.7")),
            ("all relevant MX records point to non-existent hosts", Some("5.1.2")),
            ("Der Empfängername wurde nicht erkannt.", Some("5.1.1")),
            ("User\n  unknown", Some("5.1.1")),
            ("The recipient\u{2019}s inbox is out of storage space", Some("5.2.2")),
            ("Host or domain name not found. Name service error for name=x.test", Some("5.1.2")),
            ("552 refused", Some("5.2.2")),
            ("554 refused", Some("5.0.0")),
            ("retry timeout exceeded", Some("4.4.7")),
            ("good morning", None),
            ("at 192.0.2.550", None),
        ] {
            assert_eq!(status(words).as_deref(), code, "{words}");
        }
    }

    #[test]
    fn every_line_of_the_list_is_a_code_and_lower_case_words() {
        assert!(REASONS.len() > 200);
        for (code, words) in REASONS.iter() {
            assert_eq!(status::code(code).as_deref(), Some(*code));
            assert_eq!(words.to_lowercase(), *words);
        }
    }
}
