//! Text as the words that are looked for: the same for what is indexed, what is asked and what is marked, on both databases.

use std::{cell::RefCell, collections::HashMap};

use rust_stemmers::{Algorithm, Stemmer};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Of one text, so much is folded; bytes of the outcome.
const MOST_FOLDED: usize = 200_000;

/// A longer word is none: the databases would refuse it.
const LONGEST_WORD: usize = 200;

/// A text as its words: lower case, no accents, one space between two.
#[must_use]
pub fn words(text: &str) -> String {
    let mut words = String::with_capacity(text.len().min(MOST_FOLDED) + 1);
    if text.is_ascii() {
        fold_into(&mut words, text.chars().map(|c| c.to_ascii_lowercase()));
    } else {
        fold_into(&mut words, text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase));
    }
    words.truncate(words.trim_end().len());
    words
}

fn fold_into(words: &mut String, text: impl Iterator<Item = char>) {
    for c in text {
        if words.len() >= MOST_FOLDED {
            break;
        }
        if !c.is_alphanumeric() {
            separate(words);
        } else if stands_alone(c) {
            separate(words);
            words.push(c);
            words.push(' ');
        } else {
            words.push(c);
        }
    }
}

fn separate(words: &mut String) {
    if !words.is_empty() && !words.ends_with(' ') {
        words.push(' ');
    }
}

/// Whether a character is of a script written without spaces: each is a word of its own, and a query is a phrase of them.
#[must_use]
pub fn stands_alone(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// The words of a folded text, without those that are none.
pub fn each(words: &str) -> impl Iterator<Item = &str> {
    words.split(' ').filter(|it| !it.is_empty() && it.len() <= LONGEST_WORD)
}

/// Takes the endings off words: those of English, of words in plain Latin letters. Others are found by how they begin.
pub struct Stems(Stemmer);

impl Default for Stems {
    fn default() -> Self {
        Self(Stemmer::create(Algorithm::English))
    }
}

/// So many words are remembered with their stems by each thread: some 100 bytes each. People use few words for nearly all they say, and
/// looking one up takes a tenth of the time that working it out does.
const MOST_REMEMBERED: usize = 8192;

thread_local! {
    static REMEMBERED: RefCell<HashMap<Box<str>, Box<str>>> = RefCell::default();
}

impl Stems {
    /// Without its ending.
    #[must_use]
    pub fn of(&self, word: &str) -> String {
        self.with(word, str::to_owned)
    }

    /// Hands it on without its ending.
    pub fn with<T>(&self, word: &str, take: impl FnOnce(&str) -> T) -> T {
        let plain = (3..=40).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_lowercase());
        if !plain {
            return take(word);
        }
        REMEMBERED.with_borrow_mut(|remembered| {
            if let Some(stem) = remembered.get(word) {
                return take(stem);
            }
            let stem = self.0.stem(word);
            let done = take(&stem);
            if remembered.len() >= MOST_REMEMBERED {
                remembered.clear();
            }
            remembered.insert(word.into(), stem.into());
            done
        })
    }
}

/// A word that is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Folded.
    pub word: String,
    /// And without its ending: as it stands in the index.
    pub stem: String,
}

/// Shorter words are not taken for the beginning of others: too many begin so.
const SHORTEST_BEGINNING: usize = 3;

impl Token {
    /// Those of a text, in their order.
    #[must_use]
    pub fn all(text: &str) -> Vec<Self> {
        let stems = Stems::default();
        each(&words(text)).map(|it| Self { word: it.to_owned(), stem: stems.of(it) }).collect()
    }

    /// Whether it may be the beginning of a longer word.
    #[must_use]
    pub fn may_go_on(&self) -> bool {
        self.word.chars().count() >= SHORTEST_BEGINNING
    }

    /// How well a folded word of a text fits it.
    #[must_use]
    pub fn fits(&self, word: &str, stems: &Stems) -> Fit {
        if word == self.word {
            Fit::Same
        } else if stems.with(word, |it| it == self.stem) {
            Fit::Stem
        } else if self.may_go_on() && word.starts_with(&self.word) {
            Fit::Begins
        } else {
            Fit::Not
        }
    }
}

/// How well a word fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// It is another.
    Not,
    /// It begins so.
    Begins,
    /// But for its ending.
    Stem,
    /// It is the word.
    Same,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lose_case_accents_and_signs() {
        for (text, expected) in [
            ("Größe: Çırağan—É", "große cıragan e"),
            ("SK-20471-C, m.okafor@brightfield.example", "sk 20471 c m okafor brightfield example"),
            ("山田 花子さん", "山 田 花 子 さ ん"),
            ("x'); drop table search; -- \"*^", "x drop table search"),
            ("  ", ""),
        ] {
            assert_eq!(words(text), expected);
        }
        assert!(words(&"ä ".repeat(MOST_FOLDED)).len() <= MOST_FOLDED);
    }

    #[test]
    fn a_word_fits_whatever_its_ending_and_a_longer_one_that_begins_so() {
        let stems = Stems::default();
        let fit = |asked: &str, word: &str| Token::all(asked)[0].fits(&words(word), &stems);
        for (asked, word, expected) in [
            ("Invoice", "invoice", Fit::Same),
            ("invoice", "Invoiced", Fit::Stem),
            ("refunds", "refund", Fit::Stem),
            ("rechn", "Rechnungen", Fit::Begins),
            ("re", "rechnung", Fit::Not),
            ("märz", "Marz", Fit::Same),
            ("router", "offline", Fit::Not),
        ] {
            assert_eq!(fit(asked, word), expected, "{asked} {word}");
        }
    }
}
