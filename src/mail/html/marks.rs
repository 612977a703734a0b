//! Where mail programs say in their HTML what is quoted, as marks in the text made of it.
//!
//! A mark is one character of a private use area alone on its line. The same characters in a mail are left out
//! before, so that no sender can set one.

/// What a mark says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// From here on it is history.
    History,
    /// An attribution and a quote follow.
    Attribution,
    /// A signature begins.
    Signature,
    /// It ends.
    EndOfSignature,
    /// A line is drawn here, as above a copied header.
    Rule,
}

const HISTORY: char = '\u{f8f0}';
const ATTRIBUTION: char = '\u{f8f1}';
const SIGNATURE: char = '\u{f8f2}';
const END_OF_SIGNATURE: char = '\u{f8f3}';
const RULE: char = '\u{f8f4}';

impl Mark {
    /// It alone on a line is the mark.
    pub(crate) fn character(self) -> char {
        match self {
            Self::History => HISTORY,
            Self::Attribution => ATTRIBUTION,
            Self::Signature => SIGNATURE,
            Self::EndOfSignature => END_OF_SIGNATURE,
            Self::Rule => RULE,
        }
    }

    /// The mark that this line is, if it is one.
    pub(crate) fn alone_on(line: &str) -> Option<Self> {
        let mut characters = line.trim().chars();
        let mark = match characters.next()? {
            HISTORY => Self::History,
            ATTRIBUTION => Self::Attribution,
            SIGNATURE => Self::Signature,
            END_OF_SIGNATURE => Self::EndOfSignature,
            RULE => Self::Rule,
            _ => return None,
        };
        characters.next().is_none().then_some(mark)
    }
}

pub(super) fn is_mark(c: char) -> bool {
    (HISTORY..=RULE).contains(&c)
}

/// The first octet of each mark is rare in writing, and found fast.
fn holds_mark(text: &str) -> bool {
    text.as_bytes().contains(&0xef) && text.contains(is_mark)
}

/// A text without marks and without the lines that held nothing else.
pub(crate) fn strip(text: &str) -> String {
    if !holds_mark(text) {
        return text.to_owned();
    }
    let kept = |line: &&str| {
        let bare = line.trim_matches(|c: char| c == '>' || c.is_whitespace());
        bare.is_empty() || !bare.chars().all(is_mark)
    };
    text.split('\n').filter(kept).map(|line| line.replace(is_mark, "")).collect::<Vec<_>>().join("\n")
}

/// Plain text as a sender wrote it, in which marks mean nothing.
pub(crate) fn unmarked(text: String) -> String {
    if holds_mark(&text) { text.replace(is_mark, "") } else { text }
}
