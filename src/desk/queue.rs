//! Lists of tickets: what a list is about, what narrows it, in which order it is.

use jiff::Timestamp;

use crate::desk::{
    id::{MailboxId, PersonId, TagId},
    ticket::{Priority, Status, Turn},
};

/// What a list is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum View {
    /// Active, and nobody has it.
    Unassigned,
    /// Active, and this person has it.
    Mine(PersonId),
    /// Active.
    Open,
    /// Active, and the customer's turn.
    Waiting,
    /// Thought to be done.
    Resolved,
    /// Done.
    Closed,
    /// Put off until a time.
    Snoozed,
    /// Every ticket, whatever its status, put off or not.
    All,
}

impl View {
    /// Whether a ticket of this status can be in it.
    #[must_use]
    pub fn takes(self, status: Status) -> bool {
        match self {
            Self::Unassigned | Self::Mine(_) | Self::Open | Self::Waiting | Self::Snoozed => status.is_active(),
            Self::Resolved => status == Status::Resolved,
            Self::Closed => status == Status::Closed,
            Self::All => true,
        }
    }

    /// Whose turn it can be in it.
    #[must_use]
    pub fn turns(self) -> &'static [Turn] {
        match self {
            Self::Waiting => &[Turn::Customer],
            Self::Unassigned | Self::Mine(_) | Self::Open | Self::Resolved | Self::Closed | Self::Snoozed | Self::All => {
                &[Turn::Staff, Turn::Customer]
            }
        }
    }

    /// Who has all of it; none: anybody.
    #[must_use]
    pub fn holder(self) -> Option<HeldBy> {
        match self {
            Self::Unassigned => Some(HeldBy::Nobody),
            Self::Mine(who) => Some(HeldBy::Person(who)),
            Self::Open | Self::Waiting | Self::Resolved | Self::Closed | Self::Snoozed | Self::All => None,
        }
    }

    /// The orders that it can be shown in; the first where nothing else is asked for.
    #[must_use]
    pub fn sorts(self) -> &'static [Sort] {
        match self {
            Self::Unassigned | Self::Mine(_) | Self::Open => &[Sort::Activity, Sort::Due, Sort::Oldest, Sort::Priority, Sort::Waiting],
            Self::Waiting | Self::Resolved | Self::Closed | Self::All => &[Sort::Activity, Sort::Oldest, Sort::Priority],
            Self::Snoozed => &[Sort::Return, Sort::Activity, Sort::Oldest, Sort::Priority],
        }
    }
}

/// Who has the tickets of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HeldBy {
    /// Nobody.
    Nobody,
    /// This person.
    Person(PersonId),
}

/// What a list is narrowed by; none: by nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    /// Of this status.
    pub status: Option<Status>,
    /// Of this priority.
    pub priority: Option<Priority>,
    /// Had by.
    pub helper: Option<HeldBy>,
    /// Of this mailbox.
    pub mailbox: Option<MailboxId>,
    /// With this tag.
    pub tag: Option<TagId>,
    /// Whose turn it is.
    pub turn: Option<Turn>,
    /// To which something happened then or later; how many a list holds is not counted by it.
    pub updated_since: Option<Timestamp>,
}

/// The order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sort {
    /// The latest activity first.
    Activity,
    /// The one that was opened first, first.
    Oldest,
    /// The most urgent first, and of these the latest activity.
    Priority,
    /// Whose customer has waited longest for an answer; behind them those that wait for their customer.
    Waiting,
    /// What is due next, first; behind it that on which nothing is.
    Due,
    /// What returns next, first: for what is put off.
    Return,
}

impl Sort {
    /// Every order there is.
    pub const ALL: [Self; 6] = [Self::Activity, Self::Oldest, Self::Priority, Self::Waiting, Self::Due, Self::Return];

    /// As addresses say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Activity => "activity",
            Self::Oldest => "oldest",
            Self::Priority => "priority",
            Self::Waiting => "waiting",
            Self::Due => "due",
            Self::Return => "return",
        }
    }

    /// The word of [`Sort::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }

    /// For screens.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Activity => "Latest activity",
            Self::Oldest => "Oldest first",
            Self::Priority => "Priority",
            Self::Waiting => "Waiting longest",
            Self::Due => "Due first",
            Self::Return => "Back soonest",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_is_offered_somewhere_and_is_found_by_its_word() {
        let views = [View::Unassigned, View::Mine(PersonId(1)), View::Open, View::Waiting, View::Resolved, View::Closed, View::Snoozed];
        for sort in Sort::ALL {
            assert_eq!(Sort::parse(sort.as_str()), Some(sort));
            assert!(views.iter().any(|it| it.sorts().contains(&sort)), "{sort:?}");
        }
        assert_eq!(Sort::parse("size"), None);
    }

    #[test]
    fn what_is_snoozed_is_still_to_be_done() {
        for status in Status::ALL {
            assert_eq!(View::Snoozed.takes(status), View::Open.takes(status), "{status:?}");
        }
    }
}
