//! Which changes of a ticket’s status are nobody’s work: what the line of the history before them says.

use super::{Step, What};
use crate::desk::{event::EventKind, ticket::Status};

/// Why a status changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It was merged into another, or marked as spam.
    Aside,
    /// One of these was undone.
    Return,
    /// The last change of its status was undone, or the held mail that had changed it was put back.
    Undo,
}

impl Cause {
    /// Of a line of the history; none: it says nothing of the next one.
    #[must_use]
    pub fn of(kind: EventKind) -> Option<Self> {
        [(Self::Aside, ASIDE), (Self::Return, RETURN), (Self::Undo, UNDO)].into_iter().find(|(_, of)| of.contains(&kind)).map(|it| it.0)
    }
}

const ASIDE: [EventKind; 2] = [EventKind::MergedInto, EventKind::Spam];
const RETURN: [EventKind; 2] = [EventKind::CameBack, EventKind::NotSpam];
const UNDO: [EventKind; 2] = [EventKind::Undone, EventKind::PutBack];

/// Makes of each [`What::Cause`], behind `first`, and the change of status that follows it at the same moment what they are: a ticket
/// that is set aside, or returns from there; or a change that was undone, which is left out with what it undid.
pub fn leave_out_what_is_no_work(steps: &mut Vec<Step>, first: usize) {
    let mut cause = None;
    for step in steps.split_off(first) {
        match (step.what, cause.take()) {
            (What::Cause(is), _) => cause = Some((step.at, is)),
            (What::Status { from, to }, Some((at, cause))) if at == step.at => {
                let aside = Step { what: What::SetAside { from, to }, ..step };
                match cause {
                    Cause::Aside if to == Status::Closed => steps.push(aside),
                    Cause::Return if is_set_aside(&steps[first..]) => steps.push(aside),
                    Cause::Undo => undo(steps, first, aside, to),
                    Cause::Aside | Cause::Return => steps.push(step),
                }
            }
            _ => steps.push(step),
        }
    }
}

/// Whether the last change of status set the ticket aside.
fn is_set_aside(steps: &[Step]) -> bool {
    let moves = |it: &&Step| matches!(it.what, What::Status { .. } | What::SetAside { .. });
    steps.iter().rfind(moves).is_some_and(|it| matches!(it.what, What::SetAside { to: Status::Closed, .. }))
}

/// Takes out the last changes of status, back to the one from which `to` was left; where there is none, the ticket is set aside.
fn undo(steps: &mut Vec<Step>, first: usize, aside: Step, to: Status) {
    let mut undone = Vec::new();
    for at in (first..steps.len()).rev() {
        match steps[at].what {
            What::Status { from, .. } => {
                undone.push(at);
                if from == to {
                    for at in undone {
                        steps.remove(at);
                    }
                    return;
                }
            }
            What::SetAside { .. } => break,
            What::Opened(_) | What::Replied { .. } | What::Withdrawn { .. } | What::Commented => {}
            What::Cause(_) | What::Assigned(_) | What::Rated { .. } => {}
        }
    }
    steps.push(aside);
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Standing, Way, read},
        *,
    };
    use crate::desk::id::PersonId;

    fn steps(course: &str) -> Vec<Step> {
        let mut steps = Vec::new();
        read(course, 1000, &mut steps).unwrap();
        steps
    }

    #[test]
    fn a_change_of_status_that_was_undone_was_never_there() {
        let left: Vec<What> = steps("o0.5.0;a10.7.7;s10.7.12;s20.7.23;x25.7.3;s25.7.32;").into_iter().map(|it| it.what).collect();
        let (open, taken) = (What::Opened(Way::Customer), What::Assigned(Some(PersonId(7))));
        assert_eq!(left, [open, taken, What::Status { from: Status::Open, to: Status::InProgress }]);
        // Two steps at once; and a customer’s word that was put back among held mail had opened it again.
        assert_eq!(steps("o0.5.0;s10.7.12;s10.7.23;x25.7.3;s25.7.31;").len(), 1);
        assert_eq!(steps("o0.5.0;s10.7.14;s20.0.41;x25.7.3;s25.7.14;").len(), 2);
        // What the undone step itself undid stays: resolved, opened again, and that undone.
        assert_eq!(steps("o0.5.0;s10.7.13;s20.7.31;x25.7.3;s25.7.13;").last().unwrap().at, 1010);
    }

    #[test]
    fn a_ticket_that_is_merged_or_spam_is_set_aside_until_that_is_undone() {
        let of = |course| -> Vec<What> { steps(course).into_iter().skip(1).map(|it| it.what).collect() };
        let (gone, back) =
            (What::SetAside { from: Status::Open, to: Status::Closed }, What::SetAside { from: Status::Closed, to: Status::Open });
        assert_eq!(of("o0.5.0;x20.7.1;s20.7.14;x30.7.2;s30.7.41;"), [gone, back]);
        // A message that came back says nothing of what staff do at the same moment; nor does one of which the ticket was closed before.
        let closed = What::Status { from: Status::Open, to: Status::Closed };
        assert_eq!(of("o0.5.0;x20.7.2;s20.7.14;"), [closed]);
        let opened = What::Status { from: Status::Closed, to: Status::Open };
        assert_eq!(of("o0.5.0;s10.7.14;x20.7.1;x30.7.2;s30.7.41;"), [closed, opened]);
        // A ticket that was opened from held mail, which was put back.
        assert_eq!(of("o0.5.0;x20.7.3;s20.7.14;"), [gone]);
    }

    #[test]
    fn a_ticket_that_returns_stands_as_it_stood() {
        let mut standing = Standing::default();
        let course = steps("o0.5.0;x20.7.1;s20.7.14;x40.7.2;s40.7.41;");
        let worked: Vec<_> = course.iter().filter_map(|it| standing.take(it)).collect();
        assert_eq!((worked, standing.running_since()), (vec![(1000, 1020)], Some(1040)));
        assert_eq!((standing.waiting_since, standing.begun_at, standing.done_before), (Some(1000), 1000, false));
    }
}
