//! Who hears about what (PRODUCT.md, "What is sent, and when"). Nobody is notified of what they did themselves; nobody gets
//! two mails where one says it all.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::desk::{
    id::{CommentId, PersonId},
    person::{NoticeKind, Notify, Person, Role},
    settings::StatusNotice,
    target::Promise,
    ticket::Status,
    triage::Answer,
};

/// Something that was done to a ticket, as far as anybody is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A ticket was opened; the comment it opened with.
    Opened {
        /// What the customer wrote, or what staff wrote to them.
        comment: CommentId,
        /// Whether the requester is told its number.
        receipt: Answer,
    },
    /// Staff wrote to the customer.
    Replied {
        /// What.
        comment: CommentId,
    },
    /// The customer, or another participant, wrote.
    Commented {
        /// What.
        comment: CommentId,
    },
    /// Somebody wrote who takes no part yet: staff alone hear of it.
    StrangerCommented {
        /// What.
        comment: CommentId,
    },
    /// The status changed.
    Status {
        /// What it was.
        from: Status,
        /// What it is.
        to: Status,
    },
    /// The ticket was given to somebody.
    Assigned {
        /// To whom.
        to: PersonId,
    },
    /// A note names a colleague who may see the ticket.
    Named {
        /// Whom.
        who: PersonId,
    },
}

/// Everybody who may have to hear.
#[derive(Clone, Debug)]
pub struct Circle<'a> {
    /// Who did it; none: maildesk itself.
    pub actor: Option<PersonId>,
    /// The requester and the other active participants, those disabled left out.
    pub participants: &'a [PersonId],
    /// The customer who opened it.
    pub requester: PersonId,
    /// Who has it now.
    pub assignee: Option<PersonId>,
    /// Active helpers and admins.
    pub staff: &'a [Person],
    /// Which changes of status this mailbox tells customers.
    pub notices: &'a BTreeSet<StatusNotice>,
    /// Whether somebody at the desk has written to them yet.
    pub answered: Answered,
    /// The status that customers know the ticket to have had, where a notice of what came after it was called off; none: what the
    /// happenings say.
    pub told: Option<Status>,
}

/// Whether staff have answered on a ticket. Until then nobody at the desk vouches for it, and a stranger's words are not mailed on
/// to those whom the stranger named: twenty addresses in a Cc would be twenty victims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// At least one reply stands.
    ByStaff,
    /// None.
    NotYet,
}

/// A mail that is owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owed {
    /// The number of a new ticket, to the requester.
    Receipt {
        /// To whom.
        to: PersonId,
    },
    /// A comment, to everybody who takes part: one mail, so that each sees who else has it.
    Comment {
        /// What was written.
        comment: CommentId,
        /// To whom; never empty.
        to: Vec<PersonId>,
        /// The status it leaves the ticket in, where that changed.
        status: Option<Status>,
        /// Whose words they are.
        voice: Voice,
    },
    /// A change of status, to everybody who takes part.
    Status {
        /// Which.
        notice: StatusNotice,
        /// To whom; never empty.
        to: Vec<PersonId>,
    },
    /// To one helper.
    Staff {
        /// To whom.
        to: PersonId,
        /// About what.
        about: StaffNotice,
        /// How soon; not never.
        notify: Notify,
    },
}

/// Whose words a comment's mail carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// Staff answer the customer.
    Staff,
    /// One participant's words go to the others.
    Participant,
}

/// What a helper is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaffNotice {
    /// They were given the ticket.
    Assigned,
    /// A note names them.
    Named,
    /// A new ticket that nobody has.
    NewTicket {
        /// What the customer wrote.
        comment: CommentId,
    },
    /// The customer wrote on it.
    Commented {
        /// What.
        comment: CommentId,
    },
    /// Somebody else answered on their ticket.
    Replied {
        /// What.
        comment: CommentId,
    },
    /// Somebody else changed its status.
    Status {
        /// What it is now.
        to: Status,
    },
    /// A response target is about to be missed, or was.
    Due {
        /// Which.
        promise: Promise,
        /// By when.
        at: Timestamp,
    },
}

/// Who hears that a response target is about to be missed, or was, and how soon: whoever has the ticket, and the admins, at once; never the
/// customer.
#[must_use]
pub fn who_hears_of_due(assignee: Option<PersonId>, staff: &[Person]) -> Vec<(PersonId, Notify)> {
    let notify = |it: &Person| match it.role {
        Role::Admin => Notify::AtOnce,
        Role::Helper | Role::Customer if assignee == Some(it.id) => it.notices.of(NoticeKind::Due),
        Role::Helper | Role::Customer => Notify::Never,
    };
    let heard = staff.iter().filter(|it| it.is_active_staff()).map(|it| (it.id, notify(it)));
    heard.filter(|it| it.1 != Notify::Never).collect()
}

/// Every mail that these happenings call for, customers first.
#[must_use]
pub fn who_hears(happenings: &[Happening], circle: &Circle<'_>) -> Vec<Owed> {
    let mut owed = to_participants(happenings, circle);
    owed.extend(to_staff(happenings, circle));
    owed
}

fn to_participants(happenings: &[Happening], circle: &Circle<'_>) -> Vec<Owed> {
    let others: Vec<PersonId> = circle.participants.iter().copied().filter(|it| Some(*it) != circle.actor).collect();
    let status = whole_way(happenings, circle.told);
    let mut owed = Vec::new();
    let mut said = false;
    for happening in happenings {
        match *happening {
            Happening::Opened { receipt: Answer::Allowed, .. } => {
                owed.push(Owed::Receipt { to: circle.requester });
                said = true;
            }
            Happening::Replied { comment } if !others.is_empty() => {
                owed.push(Owed::Comment { comment, to: others.clone(), status: status.map(|(_, to)| to), voice: Voice::Staff });
                said = true;
            }
            Happening::Commented { comment } if circle.answered == Answered::ByStaff => {
                // Relayed to the other participants; staff among them hear as staff.
                let to: Vec<PersonId> = others.iter().copied().filter(|it| !circle.staff.iter().any(|staff| staff.id == *it)).collect();
                if !to.is_empty() {
                    owed.push(Owed::Comment { comment, to, status: None, voice: Voice::Participant });
                }
            }
            Happening::Opened { .. }
            | Happening::Replied { .. }
            | Happening::Commented { .. }
            | Happening::StrangerCommented { .. }
            | Happening::Status { .. }
            | Happening::Assigned { .. }
            | Happening::Named { .. } => {}
        }
    }
    let notice = status.and_then(|(from, to)| notice_of(from, to)).filter(|it| circle.notices.contains(it));
    match notice {
        Some(notice) if !said && !others.is_empty() => owed.push(Owed::Status { notice, to: others }),
        Some(_) | None => {}
    }
    owed
}

/// From where it was, or is known to have been, to where it is, whatever lay between.
fn whole_way(happenings: &[Happening], told: Option<Status>) -> Option<(Status, Status)> {
    let steps: Vec<(Status, Status)> = happenings.iter().filter_map(|it| status_of(*it)).collect();
    let (from, to) = (told.unwrap_or(steps.first()?.0), steps.last()?.1);
    (from != to).then_some((from, to))
}

fn status_of(happening: Happening) -> Option<(Status, Status)> {
    match happening {
        Happening::Status { from, to } => Some((from, to)),
        Happening::Opened { .. }
        | Happening::Replied { .. }
        | Happening::Commented { .. }
        | Happening::StrangerCommented { .. }
        | Happening::Assigned { .. }
        | Happening::Named { .. } => None,
    }
}

/// The notice that a change of status calls for; handing a ticket back says nothing to the customer.
fn notice_of(from: Status, to: Status) -> Option<StatusNotice> {
    match (from, to) {
        (Status::Resolved | Status::Closed, Status::Open | Status::InProgress) => Some(StatusNotice::Reopened),
        (Status::Open, Status::InProgress) => Some(StatusNotice::InProgress),
        (_, Status::Resolved) => Some(StatusNotice::Resolved),
        (_, Status::Closed) => Some(StatusNotice::Closed),
        (Status::Open | Status::InProgress, Status::Open | Status::InProgress) => None,
    }
}

/// At most one mail to each helper, the weightiest of those that they hear of soonest.
fn to_staff(happenings: &[Happening], circle: &Circle<'_>) -> Vec<Owed> {
    circle
        .staff
        .iter()
        .filter(|person| person.is_active_staff() && Some(person.id) != circle.actor)
        .filter_map(|person| {
            let mut called_for: Vec<_> = happenings.iter().filter_map(|it| staff_notice(*it, person, circle)).collect();
            // The status that comes with a ticket that is given to somebody is told by that.
            if called_for.iter().any(|it| it.0 == StaffNotice::Assigned) {
                called_for.retain(|it| !matches!(it.0, StaffNotice::Status { .. }));
            }
            let (about, notify) = called_for.into_iter().min_by_key(|(about, notify)| (*notify != Notify::AtOnce, weight(*about)))?;
            Some(Owed::Staff { to: person.id, about, notify })
        })
        .collect()
}

fn staff_notice(happening: Happening, person: &Person, circle: &Circle<'_>) -> Option<(StaffNotice, Notify)> {
    let of_own = |kind| if circle.assignee == Some(person.id) { person.notices.of(kind) } else { Notify::Never };
    let nobodys = if circle.assignee.is_none() { person.notices.of(NoticeKind::Nobodys) } else { Notify::Never };
    let told = match happening {
        Happening::Assigned { to } if to == person.id => (StaffNotice::Assigned, of_own(NoticeKind::Assigned)),
        Happening::Opened { comment, .. } => (StaffNotice::NewTicket { comment }, nobodys),
        Happening::Commented { comment } | Happening::StrangerCommented { comment } => {
            let notify = if circle.assignee.is_none() { nobodys } else { of_own(NoticeKind::Answered) };
            (StaffNotice::Commented { comment }, notify)
        }
        Happening::Replied { comment } => (StaffNotice::Replied { comment }, of_own(NoticeKind::Colleagues)),
        // A customer's answer that reopens is told by the answer itself; what closes by itself is no news.
        Happening::Status { to, .. } if circle.actor.is_some() => (StaffNotice::Status { to }, of_own(NoticeKind::Colleagues)),
        Happening::Named { who } if who == person.id => (StaffNotice::Named, person.notices.of(NoticeKind::Named)),
        Happening::Assigned { .. } | Happening::Status { .. } | Happening::Named { .. } => return None,
    };
    Some(told).filter(|it| it.1 != Notify::Never)
}

fn weight(notice: StaffNotice) -> u8 {
    match notice {
        StaffNotice::Named => 0,
        StaffNotice::Assigned => 1,
        StaffNotice::NewTicket { .. } => 2,
        StaffNotice::Commented { .. } => 3,
        StaffNotice::Replied { .. } => 4,
        StaffNotice::Status { .. } => 5,
        StaffNotice::Due { .. } => 6,
    }
}

#[cfg(test)]
mod tests;
