//! What stopped a held message, for lists to be narrowed by.

use super::{ANSWERS_SPAM, SENDER_RULE, STAFF_ANSWER, Trace, code::SERVICE_CODE};

/// The question that a rule of the desk answers, which is asked last.
pub const DESK_RULE: &str = "A rule of this desk?";

/// What stopped it, from the question that decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldFor {
    /// The block list.
    Blocked,
    /// A spam mark, a failed check of its sender, a code of another service.
    Suspected,
    /// The ticket that it answers was marked as spam.
    AnswersSpam,
    /// Automatic, list or bulk mail.
    Automatic,
    /// A delivery report about nothing of ours.
    DeliveryReport,
    /// Too many of them at once.
    TooMany,
    /// An answer to a notice that may not be a helper's.
    DoubtfulAnswer,
    /// Nobody could be answered.
    NoSender,
    /// It cannot be read or decided, or only its header is here.
    Unreadable,
    /// A rule of the desk.
    Rule,
    /// A person put it there.
    ByHand,
}

impl HeldFor {
    /// In the order of the questions.
    pub const ALL: [Self; 11] = [
        Self::Blocked,
        Self::Suspected,
        Self::AnswersSpam,
        Self::Automatic,
        Self::DeliveryReport,
        Self::TooMany,
        Self::DoubtfulAnswer,
        Self::NoSender,
        Self::Unreadable,
        Self::Rule,
        Self::ByHand,
    ];

    /// From the last question of the trace that a machine asked and that decided; stored traces may ask it in older words.
    #[must_use]
    pub fn of(trace: &Trace) -> Self {
        match trace.0.iter().rfind(|it| it.decides && it.question != super::BY_HAND).map(|it| it.question.as_str()) {
            Some(SENDER_RULE | "On the block list?") => Self::Blocked,
            Some("Suspected?" | SERVICE_CODE) => Self::Suspected,
            Some(ANSWERS_SPAM) => Self::AnswersSpam,
            Some("Written by a machine?") => Self::Automatic,
            Some("A delivery report?") => Self::DeliveryReport,
            Some("Too many?") => Self::TooMany,
            Some(STAFF_ANSWER | "A helper\u{27}s answer to a notice?") => Self::DoubtfulAnswer,
            Some("A new ticket?") => Self::NoSender,
            Some(DESK_RULE) => Self::Rule,
            Some(_) => Self::Unreadable,
            None => Self::ByHand,
        }
    }

    /// As stored and as addresses say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Suspected => "suspected",
            Self::AnswersSpam => "answers-spam",
            Self::Automatic => "automatic",
            Self::DeliveryReport => "delivery-report",
            Self::TooMany => "too-many",
            Self::DoubtfulAnswer => "doubtful-answer",
            Self::NoSender => "no-sender",
            Self::Unreadable => "unreadable",
            Self::Rule => "rule",
            Self::ByHand => "by-hand",
        }
    }

    /// The word of [`HeldFor::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }

    /// For screens, in a word or two.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Blocked => "Blocked",
            Self::Suspected => "Suspected",
            Self::AnswersSpam => "Answers spam",
            Self::Automatic => "Automatic",
            Self::DeliveryReport => "Delivery report",
            Self::TooMany => "Too many",
            Self::DoubtfulAnswer => "Doubtful answer",
            Self::NoSender => "No sender",
            Self::Unreadable => "Not readable",
            Self::Rule => "By a rule",
            Self::ByHand => "By hand",
        }
    }
}
