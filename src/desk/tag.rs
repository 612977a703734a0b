//! Tags: short names that staff give to tickets. A customer never sees one.

use std::fmt;

use crate::desk::id::TagId;

/// So many characters may a tag have: more does not fit a row of a list.
pub const LONGEST: usize = 40;

/// So many tags may a ticket have.
pub const MOST_ON_A_TICKET: usize = 20;

/// A tag's name as it is shown: one line, 1 to [`LONGEST`] characters, no comma.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagName(String);

/// Why a name is none, in a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoTagName {
    /// Nothing is left of it.
    #[error("a tag needs a name; write a word, such as “billing”")]
    Empty,
    /// It does not fit.
    #[error("a tag has at most {LONGEST} characters; write a shorter one")]
    Long,
    /// Commas are what tags are parted by.
    #[error("a tag has no comma; add one tag after the other")]
    Comma,
}

impl TagName {
    /// What somebody typed, without a `#` in front and with single spaces.
    ///
    /// # Errors
    /// When nothing is left, or it does not fit.
    pub fn parse(typed: &str) -> Result<Self, NoTagName> {
        let words = typed.split(|c: char| c.is_whitespace() || c.is_control() || is_invisible(c)).filter(|it| !it.is_empty());
        let line = words.collect::<Vec<_>>().join(" ");
        let name = line.trim_start_matches('#').trim_start();
        match name {
            "" => Err(NoTagName::Empty),
            _ if name.contains(',') => Err(NoTagName::Comma),
            _ if name.chars().count() > LONGEST => Err(NoTagName::Long),
            _ => Ok(Self(name.to_owned())),
        }
    }

    /// As it is shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What makes two names the same tag.
    #[must_use]
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

impl fmt::Display for TagName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Marks that would let two tags look the same, or turn the text around them.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// A tag of the desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its row.
    pub id: TagId,
    /// As it is shown.
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_the_same_however_it_is_typed() {
        for typed in ["Billing", " billing ", "#BILLING", "bil\u{200b}ling".replace('\u{200b}', "").as_str()] {
            assert_eq!(TagName::parse(typed).unwrap().folded(), "billing", "{typed:?}");
        }
        assert_eq!(TagName::parse("needs\t a \n part").unwrap().as_str(), "needs a part");
        assert_eq!(TagName::parse("ÄRGER").unwrap().folded(), "ärger");
    }

    #[test]
    fn what_is_no_tag_is_refused_with_the_mend() {
        for (typed, why) in [("", NoTagName::Empty), (" # ", NoTagName::Empty), ("\u{202e}", NoTagName::Empty), ("a, b", NoTagName::Comma)]
        {
            assert_eq!(TagName::parse(typed), Err(why), "{typed:?}");
        }
        assert!(TagName::parse(&"ö".repeat(LONGEST)).is_ok());
        assert_eq!(TagName::parse(&"ö".repeat(LONGEST + 1)), Err(NoTagName::Long));
    }
}
