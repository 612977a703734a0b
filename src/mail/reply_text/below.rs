//! Words above a copied mail that point down to answers within it: `See my answers below in red`.

use super::{
    lines::{Kind, Line},
    phrases::{self, lower},
};

/// Whether these lines point to what follows them; then all of it stays, since the answers stand among it.
pub(super) fn points_down(above: &[Line<'_>]) -> bool {
    let said = above.iter().filter(|it| it.kind == Kind::Text && !it.code).map(|it| it.text.trim());
    let said = lower(&said.collect::<Vec<_>>().join(" "));
    let clauses = || said.split(['.', ',', ';', '!', '?', '。', '，', '、', '！', '？']);
    has_word(&said, &phrases::SEE_BELOW) || clauses().any(|it| phrases::ANSWERS.within(it) && has_word(it, &phrases::BELOW))
}

/// A line in lower case that may point down, whatever to.
pub(super) fn speaks_of_below(lower: &str) -> bool {
    has_word(lower, &phrases::BELOW)
}

/// One of the list, and not as a part of a longer word.
fn has_word(lower: &str, list: &crate::mail::phrases::Phrases) -> bool {
    let apart = |c: Option<char>| c.is_none_or(|c| !c.is_lowercase());
    list.within(lower)
        && list.iter().any(|it| {
            lower.match_indices(it).any(|(at, _)| apart(lower[..at].chars().next_back()) && apart(lower[at + it.len()..].chars().next()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_point_to_answers_below_are_known() {
        let points = |text: &str| points_down(&super::super::lines::read(text));
        for text in [
            "See my answers below in red.",
            "Hello,\n\nplease find my\nanswers below.",
            "Hallo, siehe meine Antworten unten im Text.",
            "My comments are inline.",
            "Mes réponses ci-dessous.",
            "Siehe unten.",
            "S. unten.",
            "回答在下面",
        ] {
            assert!(points(text), "{text}");
        }
        for text in [
            "It works, thank you for your answer.",
            "The temperature is below five. I await your answer.",
            "Danke für die Antwort, das Gerät steht unten im Keller.",
            "Risposta alla domanda: funziona.",
            "Gracias por la respuesta y el trabajo.",
            "Thanks.\n> see my answers below",
            "",
        ] {
            assert!(!points(text), "{text}");
        }
    }
}
