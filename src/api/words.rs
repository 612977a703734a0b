//! The words of the desk as requests and answers say them: the same as everywhere, and described with all that there are.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::desk::{
    api_token, comment, delivery, period, person,
    queue::{self, HeldBy},
    target, ticket,
};

/// A closed set of the desk, both ways.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident as $desk:ty { $($one:ident),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "kebab-case")]
        pub(super) enum $name { $($one),+ }

        impl From<$desk> for $name {
            fn from(it: $desk) -> Self {
                type Desk = $desk;
                match it { $(Desk::$one => Self::$one),+ }
            }
        }

        impl From<$name> for $desk {
            fn from(it: $name) -> Self {
                type Desk = $desk;
                match it { $($name::$one => Desk::$one),+ }
            }
        }
    )+};
}

words! {
    /// Where a ticket stands.
    Status as ticket::Status { Open, InProgress, Resolved, Closed }
    /// How much it matters.
    Priority as ticket::Priority { Low, Normal, High, Urgent }
    /// Whose turn it is: `staff` where an answer is owed.
    Turn as ticket::Turn { Staff, Customer }
    /// What is promised to be done next.
    Promise as target::Promise { FirstReply, NextReply, Resolution }
    /// Who may read a comment: `internal` is a note, which never leaves.
    Visibility as comment::Visibility { Public, Internal }
    /// Whose voice a comment is.
    Origin as comment::Origin { Customer, Staff, Machine }
    /// The way a comment came in.
    Via as comment::Via { Mail, Panel, Portal, Api }
    /// How words are written.
    Markup as comment::Markup { Plain, Markdown }
    /// Where one recipient’s copy stands. Never “delivered”: nobody can know that.
    Delivery as delivery::DeliveryState { Waiting, Sent, Delayed, Refused, Bounced, Unknown, Cancelled, Withheld }
    /// What a person is at this desk.
    Role as person::Role { Customer, Helper, Admin }
    /// Whether a person may sign in.
    Account as person::PersonState { Active, Disabled }
    /// Whether a token changes anything.
    Access as api_token::Access { Read, Write }
    /// What medians step by step are taken over.
    Step as period::Step { Day, Week, Month }
}

/// How far back figures go; each ends today.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(super) enum Range {
    /// Today and the six days before.
    #[serde(rename = "7d")]
    Days7,
    /// Today and the 29 days before.
    #[default]
    #[serde(rename = "30d")]
    Days30,
    /// Today and the 89 days before.
    #[serde(rename = "90d")]
    Days90,
    /// This calendar month and the eleven before.
    #[serde(rename = "12m")]
    Months12,
}

impl From<Range> for period::Period {
    fn from(it: Range) -> Self {
        match it {
            Range::Days7 => Self::Days7,
            Range::Days30 => Self::Days30,
            Range::Days90 => Self::Days90,
            Range::Months12 => Self::Months12,
        }
    }
}

/// What a list is about: the queues of the panel, and `all`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum View {
    /// Every ticket, whatever its status, put off or not, but for those that were merged into another.
    #[default]
    All,
    /// Open or in progress, and nobody has it.
    Unassigned,
    /// Open or in progress, and whoever made the token has it.
    Mine,
    /// Open or in progress.
    Open,
    /// Open or in progress, and the customer’s turn.
    Waiting,
    /// Resolved.
    Resolved,
    /// Closed.
    Closed,
    /// Put off until a time.
    Snoozed,
}

impl View {
    /// For somebody.
    pub fn of(self, me: crate::desk::id::PersonId) -> queue::View {
        match self {
            Self::All => queue::View::All,
            Self::Unassigned => queue::View::Unassigned,
            Self::Mine => queue::View::Mine(me),
            Self::Open => queue::View::Open,
            Self::Waiting => queue::View::Waiting,
            Self::Resolved => queue::View::Resolved,
            Self::Closed => queue::View::Closed,
            Self::Snoozed => queue::View::Snoozed,
        }
    }
}

/// Who has a ticket, as a parameter says it: `me`, `none`, or the id of a helper.
pub(super) fn holder(asked: &str, me: crate::desk::id::PersonId) -> Option<HeldBy> {
    match asked {
        "me" => Some(HeldBy::Person(me)),
        "none" => Some(HeldBy::Nobody),
        id => id.parse().ok().map(|id| HeldBy::Person(crate::desk::id::PersonId(id))),
    }
}

/// A duration as figures say it: whole milliseconds would promise more than a clock of mail keeps.
pub(super) fn minutes(it: Option<jiff::SignedDuration>) -> Option<f64> {
    it.map(|it| (it.as_secs_f64() / 6.0).round() / 10.0)
}
