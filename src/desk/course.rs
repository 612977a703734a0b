//! The course of a ticket: its history as far as times and figures are made from it, short enough to be kept beside it.
//!
//! One step for each line of the history that counts, `r3600000.7.99;`: what, how many milliseconds after the opening, by whom
//! (0: maildesk itself), and one number more: a reply's comment, a person, statuses. The database writes the steps as lines of the
//! history come (migrations 0017 and 0028), and `maildesk verify` holds them against the history.
//!
//! Two things are no work, and are read so ([`leave_out_what_is_no_work`]): a ticket that is merged into another or marked as spam, and
//! comes back, is only set aside; and a change of its status that was undone was never there.

use crate::desk::{
    id::PersonId,
    rating::Rating,
    ticket::{Status, Turn},
};

mod work;

pub use work::{Cause, leave_out_what_is_no_work};

/// How a ticket came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A customer wrote, by mail or on their pages.
    Customer,
    /// Staff opened it.
    Staff,
    /// Out of a message of another ticket.
    Other,
    /// Out of mail that another program had kept: nothing was promised on it here.
    Imported,
}

impl Way {
    /// From what the history says of the opening.
    #[must_use]
    pub fn of(how: &str) -> Self {
        match how {
            "mail" | "portal" => Self::Customer,
            "panel" => Self::Staff,
            "import" => Self::Imported,
            _ => Self::Other,
        }
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// It came to be.
    Opened(Way),
    /// Staff wrote to the customer.
    Replied {
        /// The reply's row.
        comment: i64,
    },
    /// A reply was taken back.
    Withdrawn {
        /// The reply's row.
        comment: i64,
    },
    /// The customer, or another participant, wrote.
    Commented,
    /// The status changed.
    Status {
        /// What it was.
        from: Status,
        /// What it is.
        to: Status,
    },
    /// It was merged, marked as spam or put back among held mail, or that was undone: its status changed, and nobody’s work is in it.
    SetAside {
        /// What it was.
        from: Status,
        /// What it is.
        to: Status,
    },
    /// What the change of status that follows at once is. None is left in a course that was read.
    Cause(Cause),
    /// It was given to somebody, or to nobody.
    Assigned(Option<PersonId>),
    /// The customer said how it was.
    Rated {
        /// What they had said before of the same resolution.
        before: Option<Rating>,
        /// What they say.
        rating: Rating,
    },
}

/// One line of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// When; milliseconds since 1970 UTC.
    pub at: i64,
    /// Who; none: maildesk itself.
    pub by: Option<PersonId>,
    /// What.
    pub what: What,
}

/// A course that nobody wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no course of a ticket")]
pub struct Unreadable;

/// Reads a course, of a ticket that was opened then, behind what is in `into` already. Replies that were taken back are left out,
/// and their taking back; so are changes of status that were undone.
///
/// # Errors
/// [`Unreadable`] for what was written by somebody else.
pub fn read(course: &str, opened_at: i64, into: &mut Vec<Step>) -> Result<(), Unreadable> {
    let (first, mut withdrawn, mut caused) = (into.len(), false, false);
    let mut bytes = course.as_bytes();
    while let Some((step, rest)) = step(bytes, opened_at)? {
        withdrawn |= matches!(step.what, What::Withdrawn { .. });
        caused |= matches!(step.what, What::Cause(_));
        into.push(step);
        bytes = rest;
    }
    if withdrawn {
        leave_out_withdrawn(into, first);
    }
    if caused {
        leave_out_what_is_no_work(into, first);
    }
    Ok(())
}

/// Leaves out, behind `first`, the replies that were taken back, and their taking back.
pub fn leave_out_withdrawn(steps: &mut Vec<Step>, first: usize) {
    let back: Vec<i64> =
        steps[first..].iter().filter_map(|it| if let What::Withdrawn { comment } = it.what { Some(comment) } else { None }).collect();
    if back.is_empty() {
        return;
    }
    let mut at = 0;
    steps.retain(|step| {
        at += 1;
        let gone = match step.what {
            What::Withdrawn { .. } => true,
            What::Replied { comment } => back.contains(&comment),
            What::Opened(_) | What::Commented | What::Status { .. } | What::SetAside { .. } => false,
            What::Cause(_) | What::Assigned(_) | What::Rated { .. } => false,
        };
        at <= first || !gone
    });
}

fn step(bytes: &[u8], opened_at: i64) -> Result<Option<(Step, &[u8])>, Unreadable> {
    let Some((letter, rest)) = bytes.split_first() else { return Ok(None) };
    let (after, rest) = number(rest, b'.')?;
    let (by, rest) = number(rest, b'.')?;
    let (more, rest) = number(rest, b';')?;
    let what = match char::from(*letter) {
        'o' => What::Opened(match more {
            0 => Way::Customer,
            1 => Way::Staff,
            3 => Way::Imported,
            _ => Way::Other,
        }),
        'r' => What::Replied { comment: more },
        'w' => What::Withdrawn { comment: more },
        'c' => What::Commented,
        's' => What::Status { from: status(more / 10)?, to: status(more % 10)? },
        'x' => What::Cause(match more {
            1 => Cause::Aside,
            2 => Cause::Return,
            3 => Cause::Undo,
            _ => return Err(Unreadable),
        }),
        'a' => What::Assigned((more > 0).then_some(PersonId(more))),
        'g' => What::Rated { before: rating(more / 10), rating: rating(more % 10).ok_or(Unreadable)? },
        _ => return Err(Unreadable),
    };
    Ok(Some((Step { at: opened_at + after, by: (by > 0).then_some(PersonId(by)), what }, rest)))
}

/// A whole number up to its end, and what is behind that.
///
/// # Errors
/// [`Unreadable`] for anything else.
pub fn number(bytes: &[u8], end: u8) -> Result<(i64, &[u8]), Unreadable> {
    let (minus, bytes) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        all => (false, all),
    };
    let mut value = 0_i64;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'0'..=b'9' => value = value.wrapping_mul(10).wrapping_add(i64::from(byte - b'0')),
            byte if *byte == end && (1..19).contains(&at) => return Ok((if minus { -value } else { value }, &bytes[at + 1..])),
            _ => return Err(Unreadable),
        }
    }
    Err(Unreadable)
}

fn status(digit: i64) -> Result<Status, Unreadable> {
    match digit {
        1 => Ok(Status::Open),
        2 => Ok(Status::InProgress),
        3 => Ok(Status::Resolved),
        4 => Ok(Status::Closed),
        _ => Err(Unreadable),
    }
}

fn rating(digit: i64) -> Option<Rating> {
    usize::try_from(digit).ok()?.checked_sub(1).and_then(|it| Rating::ALL.get(it)).copied()
}

/// How a ticket stands between two steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Its status; none: it is yet to be opened.
    pub status: Option<Status>,
    /// Since when somebody waits for our words: since the first that nobody has answered. None: nobody does.
    pub waiting_since: Option<i64>,
    /// Since when it was last at work without a break by its status: since it was opened, or opened again.
    pub begun_at: i64,
    /// Whether staff have written.
    pub answered: bool,
    /// Whether it was done before.
    pub done_before: bool,
    /// Whose turn it is.
    turn: Option<Turn>,
    /// Since when it is at work and our turn; none: it is not.
    running_since: Option<i64>,
}

impl Standing {
    /// Goes on with a step. The stretch of time that it ends in which the ticket was at work and our turn, which is what counts towards
    /// its resolution; none: it ends none.
    pub fn take(&mut self, step: &Step) -> Option<(i64, i64)> {
        match step.what {
            What::Opened(_) => {
                (self.status, self.turn) = (Some(Status::Open), Some(Turn::Staff));
                (self.waiting_since, self.begun_at) = (Some(step.at), step.at);
            }
            What::Replied { .. } => {
                (self.turn, self.waiting_since, self.answered) = (Some(Turn::Customer), None, true);
            }
            What::Commented => {
                self.turn = Some(Turn::Staff);
                self.waiting_since = self.waiting_since.or(Some(step.at));
            }
            What::Status { to, .. } => self.becomes(to, step.at),
            // It is done no more than before, and when it returns it stands as it stood.
            What::SetAside { to, .. } => self.status = Some(to),
            What::Withdrawn { .. } | What::Cause(_) | What::Assigned(_) | What::Rated { .. } => {}
        }
        self.run(step.at)
    }

    fn becomes(&mut self, to: Status, at: i64) {
        let was_active = self.is_active();
        self.status = Some(to);
        match (was_active, to.is_active()) {
            (true, false) => (self.waiting_since, self.done_before) = (None, true),
            (false, true) => self.begun_at = at,
            (true, true) | (false, false) => {}
        }
    }

    /// Sets whose turn it is, where the ticket's row knows better: a message that was moved is no line of this history.
    pub fn turn_is(&mut self, turn: Turn, at: i64) -> Option<(i64, i64)> {
        self.turn = Some(turn);
        self.waiting_since = match turn {
            Turn::Customer => None,
            Turn::Staff => self.waiting_since.or(Some(at)),
        };
        self.run(at)
    }

    fn run(&mut self, at: i64) -> Option<(i64, i64)> {
        let runs = self.is_active() && self.turn == Some(Turn::Staff);
        match (self.running_since, runs) {
            (None, true) => {
                self.running_since = Some(at);
                None
            }
            (Some(since), false) => {
                self.running_since = None;
                Some((since, at))
            }
            (None, false) | (Some(_), true) => None,
        }
    }

    /// Open or In Progress.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.status.is_some_and(Status::is_active)
    }

    /// Since when it is at work and our turn; none: it is not.
    #[must_use]
    pub fn running_since(&self) -> Option<i64> {
        self.running_since
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(course: &str) -> Vec<Step> {
        let mut steps = Vec::new();
        read(course, 1000, &mut steps).unwrap();
        steps
    }

    #[test]
    fn a_course_is_read_step_by_step() {
        let by = Some(PersonId(7));
        let step = |at, by, what| Step { at, by, what };
        assert_eq!(
            steps("o0.5.0;a10.7.7;s10.7.12;r20.7.99;c30.5.0;s-40.0.23;g50.5.1;g60.5.13;a70.7.0;"),
            [
                step(1000, Some(PersonId(5)), What::Opened(Way::Customer)),
                step(1010, by, What::Assigned(by)),
                step(1010, by, What::Status { from: Status::Open, to: Status::InProgress }),
                step(1020, by, What::Replied { comment: 99 }),
                step(1030, Some(PersonId(5)), What::Commented),
                step(960, None, What::Status { from: Status::InProgress, to: Status::Resolved }),
                step(1050, Some(PersonId(5)), What::Rated { before: None, rating: Rating::Good }),
                step(1060, Some(PersonId(5)), What::Rated { before: Some(Rating::Good), rating: Rating::Bad }),
                step(1070, by, What::Assigned(None)),
            ]
        );
    }

    #[test]
    fn a_reply_that_was_taken_back_was_never_there() {
        let left: Vec<What> = steps("o0.5.0;r20.7.99;w25.7.99;r30.7.100;").into_iter().map(|it| it.what).collect();
        assert_eq!(left, [What::Opened(Way::Customer), What::Replied { comment: 100 }]);
    }

    #[test]
    fn what_is_no_course_is_refused() {
        for wrong in [
            "x0.0.0;",
            "o0.0.0",
            "o0.0;",
            "o.0.0;",
            "oa.0.0;",
            "s0.0.15;",
            "s0.0.0;",
            "g0.0.4;",
            "x0.0.4;",
            "o9999999999999999999.0.0;",
            "o0.0.0;?",
        ] {
            assert_eq!(read(wrong, 0, &mut Vec::new()), Err(Unreadable), "{wrong}");
        }
    }

    #[test]
    fn time_counts_while_it_is_at_work_and_our_turn() {
        let mut standing = Standing::default();
        let mut worked = Vec::new();
        // Opened; answered; the customer writes; resolved; opened again by the customer's words.
        for step in steps("o0.5.0;r20.7.99;s20.7.12;c50.5.0;s60.7.23;c90.5.0;s90.5.32;") {
            worked.extend(standing.take(&step));
        }
        assert_eq!(worked, [(1000, 1020), (1050, 1060)]);
        assert_eq!((standing.running_since(), standing.waiting_since, standing.begun_at), (Some(1090), Some(1090), 1090));
        assert!(standing.answered && standing.done_before);
        assert_eq!(standing.turn_is(Turn::Customer, 1100), Some((1090, 1100)));
        assert_eq!(standing.waiting_since, None);
    }
}
