//! What went wrong, as people are told it on a page and programs in a problem document.

/// An error's text as a sentence: a capital and a full stop.
pub fn sentence(error: &dyn std::fmt::Display) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first: String = letters.next().map(|it| it.to_uppercase().collect()).unwrap_or_default();
    let stop = if text.ends_with(['.', '?', ':']) { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_errors_text_is_a_sentence_on_a_page() {
        assert_eq!(sentence(&"a ticket that is Closed cannot become Resolved"), "A ticket that is Closed cannot become Resolved.");
        assert_eq!(sentence(&"What now?"), "What now?");
        assert_eq!(sentence(&""), ".");
    }
}
