//! Mistakes taken back by people: which message may go to another ticket, which ticket may be merged into which, what can be undone.

use jiff::Timestamp;

use crate::desk::{
    comment::{Comment, Origin, Visibility},
    id::{CorrectionId, PersonId, TicketNumber},
    person::{Person, Role},
    ticket::{Status, Ticket},
};

/// What a person corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CorrectionKind {
    /// A message went to a ticket that was there.
    Move,
    /// A message went to a ticket that was made for it.
    Split,
    /// Everything on a ticket went to another, which stands for both.
    Merge,
}

impl CorrectionKind {
    /// As stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Move => "move",
            Self::Split => "split",
            Self::Merge => "merge",
        }
    }

    /// The word of [`CorrectionKind::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Move, Self::Split, Self::Merge].into_iter().find(|it| it.as_str() == word)
    }
}

/// A correction that a person made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Correction {
    /// Its row.
    pub id: CorrectionId,
    /// What was done.
    pub kind: CorrectionKind,
    /// Where the messages were.
    pub source: TicketNumber,
    /// Where they went.
    pub target: TicketNumber,
    /// The source's status before.
    pub status: Status,
    /// Who did it.
    pub made_by: Option<PersonId>,
    /// When.
    pub made_at: Timestamp,
    /// When it was undone; none: it stands.
    pub undone_at: Option<Timestamp>,
}

/// Why something is not corrected so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotCorrect {
    /// A ticket is to be merged into itself.
    #[error("this is #{0} itself; choose another ticket")]
    Itself(TicketNumber),
    /// A message is to go where it is.
    #[error("it is on #{0} already; choose another ticket")]
    SameTicket(TicketNumber),
    /// The source stands no longer by itself.
    #[error("#{ticket} was merged into #{into}; undo that first")]
    SourceMerged {
        /// Which.
        ticket: TicketNumber,
        /// Where it went.
        into: TicketNumber,
    },
    /// The target stands no longer by itself.
    #[error("#{ticket} was merged into #{into}; choose #{into}")]
    TargetMerged {
        /// Which.
        ticket: TicketNumber,
        /// Where it went.
        into: TicketNumber,
    },
    /// It left under its ticket's number: an answer to it comes back there.
    #[error("a reply stays where it was sent from; merge the tickets to bring them together")]
    Reply,
    /// It is shown no more.
    #[error("this reply was taken back; there is nothing to move")]
    Withdrawn,
    /// A note of somebody else.
    #[error("a note is moved by whoever wrote it, or by an admin")]
    NotYourNote,
    /// A note cannot open a ticket.
    #[error("a note has no customer to open a ticket for; move it to a ticket that is there")]
    NoteAlone,
    /// Nobody could be answered.
    #[error("this message has no sender who could be answered; move it to a ticket that is there")]
    NoSender,
    /// The message is all that its ticket is.
    #[error("it is the only message of #{0}, which is a ticket of its own already")]
    OnlyMessage(TicketNumber),
    /// It was undone before.
    #[error("this was undone already")]
    Undone,
    /// A later correction stands about all that this one brought.
    #[error("it was moved on since, and is on #{0}; undo that first, or move it from there")]
    MovedOn(TicketNumber),
    /// Its mail is discarded as long as it is so marked.
    #[error("#{0} is marked as spam; undo that first")]
    Spam(TicketNumber),
}

/// Whether everything on `source` may go to `target`. A merged ticket is neither, so that no circle can come to be.
///
/// # Errors
/// [`CannotCorrect`], in one sentence.
pub fn may_join(source: &Ticket, target: &Ticket) -> Result<(), CannotCorrect> {
    if source.number == target.number {
        return Err(CannotCorrect::Itself(source.number));
    }
    if let Some(into) = source.merged_into {
        return Err(CannotCorrect::SourceMerged { ticket: source.number, into });
    }
    match target.merged_into {
        Some(into) => Err(CannotCorrect::TargetMerged { ticket: target.number, into }),
        None => Ok(()),
    }
}

/// Whether `who` may move this comment: a customer's or a machine's words, and a note by whoever wrote it or an admin.
///
/// # Errors
/// [`CannotCorrect`], in one sentence.
pub fn may_move(comment: &Comment, who: &Person) -> Result<(), CannotCorrect> {
    if comment.withdrawn_at.is_some() {
        return Err(CannotCorrect::Withdrawn);
    }
    match (comment.origin, comment.visibility) {
        (Origin::Customer | Origin::Machine, _) => Ok(()),
        (Origin::Staff, Visibility::Public) => Err(CannotCorrect::Reply),
        (Origin::Staff, Visibility::Internal) if comment.author == Some(who.id) || who.role == Role::Admin => Ok(()),
        (Origin::Staff, Visibility::Internal) => Err(CannotCorrect::NotYourNote),
    }
}

/// Whether a correction can be undone while its tickets are like this. `back`: those to which something would go back; of a merge,
/// its source among them.
///
/// # Errors
/// [`CannotCorrect`], in one sentence.
pub fn may_undo<'a>(correction: &Correction, target: &Ticket, back: impl IntoIterator<Item = &'a Ticket>) -> Result<(), CannotCorrect> {
    if correction.undone_at.is_some() {
        return Err(CannotCorrect::Undone);
    }
    if let Some(into) = target.merged_into {
        return Err(CannotCorrect::SourceMerged { ticket: target.number, into });
    }
    for ticket in back {
        let stands_again = correction.kind == CorrectionKind::Merge && ticket.number == correction.source;
        match ticket.merged_into {
            Some(into) if stands_again && into == target.number => {}
            _ if stands_again => return Err(CannotCorrect::Undone),
            Some(into) => return Err(CannotCorrect::SourceMerged { ticket: ticket.number, into }),
            None => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::{
        comment::{CommentText, Via},
        id::{CommentId, MailboxId},
        person::{Arrived, Notices, Notify, PersonState},
        ticket::{Priority, Turn},
    };

    fn ticket(number: i64, merged_into: Option<i64>) -> Ticket {
        Ticket {
            number: TicketNumber(number),
            mailbox: MailboxId(1),
            subject: "Printer".to_owned(),
            status: Status::Open,
            priority: Priority::Normal,
            requester: PersonId(1),
            assignee: None,
            version: 1,
            turn: Turn::Staff,
            comments: 1,
            opened_message: None,
            linked: None,
            merged_into: merged_into.map(TicketNumber),
            opened_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            status_at: Timestamp::UNIX_EPOCH,
            turn_at: Timestamp::UNIX_EPOCH,
            snooze: None,
            tags: Vec::new(),
        }
    }

    fn person(id: i64, role: Role) -> Person {
        let (state, email) = (PersonState::Active, "hal@desk.test".parse().unwrap());
        Person { id: PersonId(id), role, state, arrived: Arrived::Yes, name: "Hal".to_owned(), email, notices: Notices::all(Notify::Never) }
    }

    fn said(origin: Origin, visibility: Visibility) -> Comment {
        Comment {
            id: CommentId(1),
            ticket: TicketNumber(1),
            visibility,
            origin,
            author: Some(PersonId(7)),
            author_name: None,
            via: Via::Mail,
            text: CommentText::from_mail("Hello"),
            rendered: None,
            signature: String::new(),
            withdrawn_at: None,
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn made(kind: CorrectionKind) -> Correction {
        Correction {
            id: CorrectionId(1),
            kind,
            source: TicketNumber(3),
            target: TicketNumber(5),
            status: Status::Open,
            made_by: None,
            made_at: Timestamp::UNIX_EPOCH,
            undone_at: None,
        }
    }

    #[test]
    fn a_ticket_is_merged_into_another_that_stands_and_never_in_a_circle() {
        for (source, target, said) in [
            (ticket(3, None), ticket(5, None), ""),
            (ticket(3, None), ticket(3, None), "this is #3 itself; choose another ticket"),
            (ticket(3, Some(5)), ticket(7, None), "#3 was merged into #5; undo that first"),
            (ticket(5, None), ticket(3, Some(5)), "#3 was merged into #5; choose #5"),
        ] {
            assert_eq!(may_join(&source, &target).err().map_or(String::new(), |it| it.to_string()), said);
        }
    }

    #[test]
    fn customers_and_machines_words_move_replies_stay_and_a_note_is_its_writers() {
        use Origin::{Customer, Machine, Staff};
        use Visibility::{Internal, Public};
        let (writer, other, admin) = (person(7, Role::Helper), person(8, Role::Helper), person(9, Role::Admin));
        for (origin, visibility, who, answer) in [
            (Customer, Public, &other, Ok(())),
            (Machine, Internal, &other, Ok(())),
            (Staff, Public, &writer, Err(CannotCorrect::Reply)),
            (Staff, Public, &admin, Err(CannotCorrect::Reply)),
            (Staff, Internal, &writer, Ok(())),
            (Staff, Internal, &admin, Ok(())),
            (Staff, Internal, &other, Err(CannotCorrect::NotYourNote)),
        ] {
            assert_eq!(may_move(&said(origin, visibility), who), answer, "{origin:?} {visibility:?}");
        }
        let gone = Comment { withdrawn_at: Some(Timestamp::UNIX_EPOCH), ..said(Customer, Public) };
        assert_eq!(may_move(&gone, &writer), Err(CannotCorrect::Withdrawn));
    }

    #[test]
    fn a_correction_is_undone_once_and_in_the_order_that_they_were_made() {
        use CorrectionKind::{Merge, Move};
        for (correction, source, target, said) in [
            (made(Merge), ticket(3, Some(5)), ticket(5, None), ""),
            (made(Move), ticket(3, None), ticket(5, None), ""),
            (made(Merge), ticket(3, None), ticket(5, None), "this was undone already"),
            (made(Merge), ticket(3, Some(5)), ticket(5, Some(9)), "#5 was merged into #9; undo that first"),
            (made(Move), ticket(3, Some(9)), ticket(5, None), "#3 was merged into #9; undo that first"),
            (
                Correction { undone_at: Some(Timestamp::UNIX_EPOCH), ..made(Move) },
                ticket(3, None),
                ticket(5, None),
                "this was undone already",
            ),
        ] {
            assert_eq!(may_undo(&correction, &target, [&source]).err().map_or(String::new(), |it| it.to_string()), said);
        }
    }
}
