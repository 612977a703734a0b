//! What is said on a ticket. A reply and a note are two types: what builds customer mail cannot be given a note.

use jiff::Timestamp;

use crate::desk::{
    id::{CommentId, PersonId, TicketNumber},
    person::Person,
};

/// The longest comment that is taken, in bytes; a longer mail text is kept whole as its message and cut here.
pub const LONGEST_COMMENT: usize = 1024 * 1024;

/// Text that somebody wrote: not blank, no control characters but line ends and tabs, at most [`LONGEST_COMMENT`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommentText(String);

/// Why a text is not a comment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAComment {
    /// Nothing but white space.
    #[error("the text is empty; write something to send")]
    Empty,
    /// Over the bound.
    #[error("the text has {bytes} bytes; at most {LONGEST_COMMENT} can be sent: attach it as a file")]
    TooLong {
        /// How many it has.
        bytes: usize,
    },
}

impl CommentText {
    /// Takes what a person typed.
    ///
    /// # Errors
    /// [`NotAComment`] when it is blank or too long.
    pub fn parse(text: &str) -> Result<Self, NotAComment> {
        let clean = clean(text);
        if clean.trim().is_empty() {
            return Err(NotAComment::Empty);
        }
        if clean.len() > LONGEST_COMMENT {
            return Err(NotAComment::TooLong { bytes: clean.len() });
        }
        Ok(Self(clean))
    }

    /// Takes what a mail said: never refused. Blank becomes `(no text)`; what is over the bound is cut with a word.
    #[must_use]
    pub fn from_mail(text: &str) -> Self {
        let mut clean = clean(text);
        if clean.trim().is_empty() {
            return Self("(no text)".to_owned());
        }
        if clean.len() > LONGEST_COMMENT {
            let at = (0..=LONGEST_COMMENT).rev().find(|at| clean.is_char_boundary(*at)).unwrap_or(0);
            clean.truncate(at);
            clean.push_str("\n\n(The message is longer; its source has the whole.)");
        }
        Self(clean)
    }

    /// The text, with LF line ends.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// LF line ends, no NUL (PostgreSQL refuses it) and no other control characters, no white space at either end.
fn clean(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let kept: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    kept.trim_end().trim_start_matches('\n').to_owned()
}

/// Who may read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// The customer sees it.
    Public,
    /// Staff only. Never leaves in any mail.
    Internal,
}

impl Visibility {
    /// As stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
        }
    }

    /// The word of [`Visibility::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Public, Self::Internal].into_iter().find(|it| it.as_str() == word)
    }
}

/// Whose voice it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// A customer or another participant.
    Customer,
    /// A helper or admin, with their rights.
    Staff,
    /// A machine: an out-of-office, a report.
    Machine,
}

impl Origin {
    /// As stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Staff => "staff",
            Self::Machine => "machine",
        }
    }

    /// The word of [`Origin::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Customer, Self::Staff, Self::Machine].into_iter().find(|it| it.as_str() == word)
    }
}

/// The way it came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// By mail.
    Mail,
    /// Staff, on the panel.
    Panel,
    /// The customer, on their own pages.
    Portal,
    /// Staff, by a program of theirs.
    Api,
}

impl Via {
    /// As stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Panel => "panel",
            Self::Portal => "portal",
            Self::Api => "api",
        }
    }

    /// The word of [`Via::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Mail, Self::Panel, Self::Portal, Self::Api].into_iter().find(|it| it.as_str() == word)
    }
}

/// How words are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Markup {
    /// As they stand.
    #[default]
    Plain,
    /// With the marks of Markdown: readable as they stand, too.
    Markdown,
}

impl Markup {
    /// As stored and as forms say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Markdown => "markdown",
        }
    }

    /// The word of [`Markup::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Plain, Self::Markdown].into_iter().find(|it| it.as_str() == word)
    }
}

/// What staff should know about how a comment came to be on the ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flag {
    /// Its sender knew the thread but was no participant; sent nothing until staff agree.
    NewParticipant,
    /// From a helper's address, without their signed reply address: it speaks for nobody.
    UnsignedStaff,
    /// A machine wrote it.
    Automatic,
}

impl Flag {
    /// As stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NewParticipant => "new-participant",
            Self::UnsignedStaff => "unsigned-staff",
            Self::Automatic => "automatic",
        }
    }

    /// The word of [`Flag::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::NewParticipant, Self::UnsignedStaff, Self::Automatic].into_iter().find(|it| it.as_str() == word)
    }
}

/// One contribution to a ticket, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// The row.
    pub id: CommentId,
    /// On which ticket.
    pub ticket: TicketNumber,
    /// Who may read it.
    pub visibility: Visibility,
    /// Whose voice it is.
    pub origin: Origin,
    /// Who wrote it.
    pub author: Option<PersonId>,
    /// As they are called.
    pub author_name: Option<String>,
    /// The way it came in.
    pub via: Via,
    /// The words.
    pub text: CommentText,
    /// What words in Markdown come to, sanitised; none for plain ones, and for mail.
    pub rendered: Option<String>,
    /// What stands below it in a mail; empty: nothing.
    pub signature: String,
    /// When it was taken back.
    pub withdrawn_at: Option<Timestamp>,
    /// When it was written.
    pub created_at: Timestamp,
}

impl Comment {
    /// The words of a mail that opens a ticket.
    #[must_use]
    pub fn of_mail(id: CommentId, ticket: TicketNumber, author: &Person, text: CommentText, at: Timestamp) -> Self {
        Self {
            id,
            ticket,
            visibility: Visibility::Public,
            origin: Origin::Customer,
            author: Some(author.id),
            author_name: Some(author.name.clone()),
            via: Via::Mail,
            text,
            rendered: None,
            signature: String::new(),
            withdrawn_at: None,
            created_at: at,
        }
    }
}

/// Words that may leave in a mail. Made from a public comment alone: a note gives none, and there is no other way to
/// make one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicText {
    author: String,
    text: CommentText,
    rendered: Option<String>,
    signature: String,
    written_at: Timestamp,
}

impl PublicText {
    /// None for a note, and for a reply that was taken back.
    #[must_use]
    pub fn of(comment: &Comment) -> Option<Self> {
        match comment.visibility {
            Visibility::Public if comment.withdrawn_at.is_none() => Some(Self {
                author: comment.author_name.clone().unwrap_or_else(|| "Somebody".to_owned()),
                text: comment.text.clone(),
                rendered: comment.rendered.clone(),
                signature: comment.signature.clone(),
                written_at: comment.created_at,
            }),
            Visibility::Public | Visibility::Internal => None,
        }
    }

    /// What nobody said: for mail that shows how a template looks. Words of the program alone, so that no note comes this way.
    #[must_use]
    pub fn invented(author: &'static str, text: &'static str, signature: &'static str, written_at: Timestamp) -> Self {
        Self { author: author.to_owned(), text: CommentText::from_mail(text), rendered: None, signature: signature.to_owned(), written_at }
    }

    /// Whose words.
    #[must_use]
    pub fn author(&self) -> &str {
        &self.author
    }

    /// The words.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text.as_str()
    }

    /// What they come to as HTML, sanitised, where they are Markdown.
    #[must_use]
    pub fn rendered(&self) -> Option<&str> {
        self.rendered.as_deref()
    }

    /// What stands below them; empty: nothing.
    #[must_use]
    pub fn signature(&self) -> &str {
        &self.signature
    }

    /// When they were written.
    #[must_use]
    pub fn written_at(&self) -> Timestamp {
        self.written_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_text_is_refused_and_blank_mail_is_not() {
        assert_eq!(CommentText::parse(" \n\t"), Err(NotAComment::Empty));
        assert_eq!(CommentText::from_mail("\r\n").as_str(), "(no text)");
    }

    #[test]
    fn line_ends_are_one_kind_and_nul_is_gone() {
        assert_eq!(CommentText::parse("a\r\nb\rc\0d").unwrap().as_str(), "a\nb\ncd");
    }

    #[test]
    fn a_mail_text_without_end_is_cut_with_a_word() {
        let cut = CommentText::from_mail(&"ä".repeat(LONGEST_COMMENT));
        assert!(cut.as_str().ends_with("its source has the whole.)") && cut.as_str().len() < LONGEST_COMMENT + 100);
    }
}
