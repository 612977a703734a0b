//! A ticket's lifecycle: what may follow what, and whose turn it is.

use jiff::Timestamp;

use crate::desk::{
    id::{MailboxId, PersonId, TagId, TicketNumber},
    snooze::Snooze,
};

/// Where a ticket stands (PRODUCT.md, Lifecycle).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Nobody works on it yet.
    Open,
    /// A helper has taken it or answered.
    InProgress,
    /// Staff think it done; an answer opens it again.
    Resolved,
    /// Done.
    Closed,
}

impl Status {
    /// In the order of a ticket's life.
    pub const ALL: [Self; 4] = [Self::Open, Self::InProgress, Self::Resolved, Self::Closed];

    /// As stored and as addresses and forms say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::InProgress => "in-progress",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
        }
    }

    /// The word of [`Status::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// For screens and mail: `In Progress`.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::InProgress => "In Progress",
            Self::Resolved => "Resolved",
            Self::Closed => "Closed",
        }
    }

    /// Open or In Progress: somebody still has to do something.
    #[must_use]
    pub fn is_active(self) -> bool {
        match self {
            Self::Open | Self::InProgress => true,
            Self::Resolved | Self::Closed => false,
        }
    }

    /// The statuses that staff may set from here, for forms.
    #[must_use]
    pub fn staff_may_set(self) -> Vec<Self> {
        Self::ALL.into_iter().filter(|to| *to != self && self.by_staff(*to).is_ok()).collect()
    }

    /// A staff member sets it to `to`.
    ///
    /// # Errors
    /// [`NoSuchStep`] for a transition that PRODUCT.md does not name; it lists those that are allowed.
    pub fn by_staff(self, to: Self) -> Result<Self, NoSuchStep> {
        let allowed = match self {
            Self::Open => [Self::InProgress, Self::Resolved, Self::Closed].as_slice(),
            Self::InProgress => &[Self::Open, Self::Resolved, Self::Closed],
            Self::Resolved => &[Self::Closed, Self::InProgress, Self::Open],
            Self::Closed => &[Self::InProgress, Self::Open],
        };
        if to == self || allowed.contains(&to) { Ok(to) } else { Err(NoSuchStep { from: self, to, allowed: allowed.to_vec() }) }
    }

    /// The customer closes or reopens their own ticket.
    ///
    /// # Errors
    /// [`NoSuchStep`] for anything else.
    pub fn by_customer(self, to: Self, assigned: Assigned) -> Result<Self, NoSuchStep> {
        match (self, to) {
            (Self::Open | Self::InProgress | Self::Resolved, Self::Closed) => Ok(Self::Closed),
            (Self::Resolved | Self::Closed, Self::Open | Self::InProgress) => Ok(assigned.working()),
            (from, to) if from == to => Ok(to),
            (from, to) => Err(NoSuchStep {
                from,
                to,
                allowed: if from.is_active() { vec![Self::Closed] } else { vec![Self::Open, Self::InProgress] },
            }),
        }
    }

    /// What becomes of the status when something happens to the ticket.
    #[must_use]
    pub fn after(self, step: Step, assigned: Assigned) -> Self {
        match (step, self) {
            (Step::StaffReplies | Step::StaffTakes, Self::Open) => Self::InProgress,
            (Step::StaffReplies | Step::StaffTakes, Self::InProgress | Self::Resolved | Self::Closed) => self,
            (Step::CustomerAnswers, Self::Resolved | Self::Closed) => assigned.working(),
            (Step::CustomerAnswers, Self::Open | Self::InProgress) => self,
            (Step::TimePasses, Self::Resolved) => Self::Closed,
            (Step::TimePasses, Self::Open | Self::InProgress | Self::Closed) => self,
        }
    }
}

/// Whether a ticket has somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assigned {
    /// To a helper.
    ToSomebody,
    /// To nobody.
    ToNobody,
}

impl Assigned {
    /// From the assignee itself.
    #[must_use]
    pub fn of(assignee: Option<PersonId>) -> Self {
        if assignee.is_some() { Self::ToSomebody } else { Self::ToNobody }
    }

    /// The status a reopened ticket gets.
    #[must_use]
    pub fn working(self) -> Status {
        match self {
            Self::ToSomebody => Status::InProgress,
            Self::ToNobody => Status::Open,
        }
    }
}

/// What moves a ticket by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Staff write to the customer.
    StaffReplies,
    /// A helper takes it, or is given it.
    StaffTakes,
    /// The customer, or another participant, writes.
    CustomerAnswers,
    /// `close_after` has passed since it was resolved.
    TimePasses,
}

/// A change of status that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a ticket that is {} cannot become {}; it can become {}", from.title(), to.title(), titles(allowed))]
pub struct NoSuchStep {
    /// As it is.
    pub from: Status,
    /// As it was to become.
    pub to: Status,
    /// What is possible instead.
    pub allowed: Vec<Status>,
}

fn titles(of: &[Status]) -> String {
    of.iter().map(|status| status.title()).collect::<Vec<_>>().join(" or ")
}

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// When there is time.
    Low,
    /// As most.
    Normal,
    /// Before others.
    High,
    /// Now.
    Urgent,
}

impl Priority {
    /// Lowest first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Normal, Self::High, Self::Urgent];

    /// As forms and commands say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }

    /// The word of [`Priority::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }

    /// For screens: `Urgent`.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Low => "Low",
            Self::Normal => "Normal",
            Self::High => "High",
            Self::Urgent => "Urgent",
        }
    }

    /// 1 (low) to 4 (urgent): so that a database can sort by it.
    #[must_use]
    pub fn rank(self) -> i64 {
        match self {
            Self::Low => 1,
            Self::Normal => 2,
            Self::High => 3,
            Self::Urgent => 4,
        }
    }

    /// [`Priority::rank`] read back.
    #[must_use]
    pub fn from_rank(rank: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.rank() == rank)
    }
}

/// Whose turn it is: follows from who wrote the last public comment, and is never set by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Turn {
    /// The last public comment is the customer's: it needs an answer.
    Staff,
    /// The last public comment is ours: it waits for the customer.
    Customer,
}

impl Turn {
    /// As stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Staff => "staff",
            Self::Customer => "customer",
        }
    }

    /// The word of [`Turn::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Staff, Self::Customer].into_iter().find(|it| it.as_str() == word)
    }
}

/// One customer request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// As people say it.
    pub number: TicketNumber,
    /// Where it came in, and whose address answers.
    pub mailbox: MailboxId,
    /// Never empty: `(no subject)` where the mail had none.
    pub subject: String,
    /// Where it stands.
    pub status: Status,
    /// How much it matters.
    pub priority: Priority,
    /// The customer who opened it.
    pub requester: PersonId,
    /// At most one helper or admin.
    pub assignee: Option<PersonId>,
    /// Goes up with each change; a change names the one it was made against.
    pub version: i64,
    /// Whose turn it is.
    pub turn: Turn,
    /// How many comments it has.
    pub comments: i64,
    /// The Message-ID of the mail that opened it.
    pub opened_message: Option<String>,
    /// The ticket this one came out of.
    pub linked: Option<TicketNumber>,
    /// The ticket that it was merged into; none: it stands by itself.
    pub merged_into: Option<TicketNumber>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When anything last happened to it.
    pub updated_at: Timestamp,
    /// Since when it has its status.
    pub status_at: Timestamp,
    /// Since when it is whose turn: of the staff's, since the first public comment without an answer.
    pub turn_at: Timestamp,
    /// It is put off; none: it is in its queue.
    pub snooze: Option<Snooze>,
    /// In the order of their ids.
    pub tags: Vec<TagId>,
}

impl Ticket {
    /// A public comment makes it this turn: whoever waits already, waits since then.
    pub fn hand_turn(&mut self, turn: Turn, at: Timestamp) {
        if self.turn != turn || turn == Turn::Customer {
            self.turn_at = at;
        }
        self.turn = turn;
    }
}

/// A subject fit to keep: one line, at most 500 characters, `(no subject)` for nothing; `Re:` and ticket tags kept out.
#[must_use]
pub fn clean_subject(subject: &str) -> String {
    let line = subject.split(|c: char| c.is_whitespace() || c.is_control()).filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" ");
    let bare = crate::desk::matching::without_tags_and_prefixes(&line);
    let kept: String = bare.chars().take(500).collect();
    if kept.is_empty() { "(no subject)".to_owned() } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_of_the_lifecycle_is_allowed_and_no_other() {
        use Status::{Closed, InProgress, Open, Resolved};
        let allowed = [
            (Open, InProgress),
            (Open, Resolved),
            (Open, Closed),
            (InProgress, Open),
            (InProgress, Resolved),
            (InProgress, Closed),
            (Resolved, Closed),
            (Resolved, InProgress),
            (Resolved, Open),
            (Closed, InProgress),
            (Closed, Open),
        ];
        for from in Status::ALL {
            for to in Status::ALL {
                assert_eq!(from.by_staff(to).is_ok(), from == to || allowed.contains(&(from, to)), "{from:?} to {to:?}");
            }
        }
        assert_eq!(
            Closed.by_staff(Resolved).unwrap_err().to_string(),
            "a ticket that is Closed cannot become Resolved; it can become In Progress or Open"
        );
    }

    #[test]
    fn an_answer_reopens_with_whoever_has_it() {
        assert_eq!(Status::Resolved.after(Step::CustomerAnswers, Assigned::ToSomebody), Status::InProgress);
        assert_eq!(Status::Closed.after(Step::CustomerAnswers, Assigned::ToNobody), Status::Open);
        assert_eq!(Status::Open.after(Step::CustomerAnswers, Assigned::ToNobody), Status::Open);
    }

    #[test]
    fn a_first_reply_or_taking_it_puts_it_in_progress() {
        assert_eq!(Status::Open.after(Step::StaffReplies, Assigned::ToNobody), Status::InProgress);
        assert_eq!(Status::Open.after(Step::StaffTakes, Assigned::ToSomebody), Status::InProgress);
        assert_eq!(Status::Resolved.after(Step::StaffReplies, Assigned::ToSomebody), Status::Resolved);
    }

    #[test]
    fn a_customer_may_close_and_reopen_and_nothing_else() {
        assert_eq!(Status::InProgress.by_customer(Status::Closed, Assigned::ToSomebody), Ok(Status::Closed));
        assert_eq!(Status::Closed.by_customer(Status::Open, Assigned::ToSomebody), Ok(Status::InProgress));
        assert!(Status::Open.by_customer(Status::Resolved, Assigned::ToNobody).is_err());
    }
}
