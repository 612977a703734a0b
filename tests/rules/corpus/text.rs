//! Texts made comparable.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

/// NFC, no invisible characters, every run of white space one space.
pub fn squash(text: &str) -> String {
    let visible: String = text.nfc().filter(|c| !is_invisible(*c)).collect();
    visible.split(is_space).filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" ")
}

/// What the corpus's own judge takes for white space.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// The same, less the emphasis and link marks that some programs add.
pub fn plain(text: &str) -> String {
    let text: String = text.chars().filter(|c| !"*_`\\".contains(*c)).collect();
    let link = regex::Regex::new(r"\[([^\]]*)\]\([^)]*\)").unwrap();
    squash(&link.replace_all(&text, "$1"))
}

/// Words in lower case; each character of a script without spaces is a word of its own.
pub fn words(text: &str) -> Vec<String> {
    let folded = text.chars().filter(|c| !is_invisible(*c)).nfkc().collect::<String>().to_lowercase();
    let alone =
        |c: char| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{0e00}'..='\u{0e7f}');
    let mut words = Vec::new();
    for run in folded.split(|c: char| !c.is_alphanumeric()) {
        let mut word = String::new();
        for c in run.chars() {
            if alone(c) {
                words.push(std::mem::take(&mut word));
                words.push(c.to_string());
            } else {
                word.push(c);
            }
        }
        words.push(word);
    }
    words.retain(|it| !it.is_empty());
    words
}

/// How many of the expected words are there.
pub fn word_recall(expected: &[String], got: &[String]) -> f64 {
    let mut left: HashMap<&str, usize> = HashMap::new();
    got.iter().for_each(|it| *left.entry(it).or_default() += 1);
    let found = expected
        .iter()
        .filter(|it| left.get_mut(it.as_str()).is_some_and(|count| count.checked_sub(1).map(|rest| *count = rest).is_some()))
        .count();
    f64::from(u32::try_from(found).unwrap()) / f64::from(u32::try_from(expected.len().max(1)).unwrap())
}
