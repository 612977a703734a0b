//! A year and more of a desk with everything that makes figures go wrong: replies taken back, tickets opened again, closed by the customer,
//! given away and back, merged or spam and not, changes that are undone, answers that change, and all of it around the nights when clocks change.

use jiff::{SignedDuration, Timestamp};
use maildesk::{
    desk::{
        comment::{CommentText, Origin, Via, Visibility},
        event::EventKind,
        id::{CommentId, MailboxId, PersonId, TicketNumber},
        rating::Rating,
        ticket::{Priority, Status, Turn},
    },
    store::{Tx, comments, events, tickets},
};

pub const NOW: &str = "2026-11-24T15:30:00Z";

/// One line of history as the test knows it.
#[derive(Clone, Debug)]
pub struct Line {
    pub ticket: usize,
    pub at: Timestamp,
    pub kind: EventKind,
    pub actor: Option<PersonId>,
    pub old: Option<String>,
    pub new: Option<String>,
    /// Which reply of the test's own count it is about.
    pub reply: Option<usize>,
    /// Of a change of status, what the test knows of it.
    pub means: Means,
}

/// What a change of status is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// Somebody's work, or the customer's word.
    Work,
    /// A merge, a mark as spam, or the end of it.
    Aside,
    /// It was undone, or undoes one.
    Undone,
}

/// Numbers that look random and are the same each time.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.roll(of.len() as u64)).unwrap()]
    }

    fn seconds(&mut self, most: u64) -> SignedDuration {
        SignedDuration::from_secs(1 + i64::try_from(self.roll(most)).unwrap())
    }
}

/// A ticket as it is at the end.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    pub mailbox: MailboxId,
    pub priority: Priority,
    pub status: Status,
    pub assignee: Option<PersonId>,
}

#[derive(Default)]
pub struct History {
    pub lines: Vec<Line>,
    pub tickets: Vec<Now>,
    replies: usize,
}

/// Who there is.
pub struct Cast<'a> {
    pub staff: &'a [PersonId],
    pub customer: PersonId,
    pub mailboxes: &'a [MailboxId],
}

impl History {
    pub fn of(dice: &mut Dice, cast: &Cast<'_>) -> Self {
        let mut it = Self::default();
        for ticket in 0..250 {
            it.ticket(ticket, dice, cast);
        }
        it.lines.sort_by_key(|line| line.at);
        it
    }

    fn say(&mut self, ticket: usize, at: Timestamp, kind: EventKind, actor: Option<PersonId>, words: (Option<String>, Option<String>)) {
        self.lines.push(Line { ticket, at, kind, actor, old: words.0, new: words.1, reply: None, means: Means::Work });
    }

    fn moves(&mut self, ticket: usize, at: Timestamp, actor: Option<PersonId>, (from, to): (Status, Status), means: Means) {
        if from != to {
            let word = |it: Status| Some(it.as_str().to_owned());
            self.lines.push(Line { ticket, at, kind: EventKind::Status, actor, old: word(from), new: word(to), reply: None, means });
        }
    }

    fn ticket(&mut self, ticket: usize, dice: &mut Dice, cast: &Cast<'_>) {
        let now: Timestamp = NOW.parse().unwrap();
        let mut at = now - dice.seconds(800 * 86_400);
        let (mut status, mut assignee, mut rated) = (Status::Open, None, None);
        let how = dice.one(&["mail", "mail", "portal", "panel", "split"]);
        let opener = if how == "panel" { cast.staff[1] } else { cast.customer };
        self.say(ticket, at, EventKind::Opened, Some(opener), (None, Some(how.to_owned())));
        if how == "panel" {
            self.reply(ticket, at, opener);
        }
        for _ in 0..dice.roll(16) {
            let longest = dice.one(&[3600, 40_000, 9 * 86_400]);
            at += dice.seconds(longest);
            if at >= now {
                break;
            }
            let helper = dice.one(cast.staff);
            match dice.roll(10) {
                0 | 1 => at = self.answer(ticket, at, helper, dice),
                2 => {
                    let new = (dice.roll(4) > 0).then_some(helper);
                    let word = |who: Option<PersonId>| who.map(|it| it.to_string());
                    self.say(ticket, at, EventKind::Assigned, Some(cast.staff[0]), (word(assignee), word(new)));
                    assignee = new;
                }
                3 => self.say(ticket, at, EventKind::Commented, Some(cast.customer), (None, None)),
                4 => self.say(ticket, at, EventKind::Subject, Some(helper), (Some("7".to_owned()), Some("8".to_owned()))),
                5 if !status.is_active() => {
                    let rating = dice.one(&Rating::ALL);
                    if rated != Some(rating) {
                        let word = |it: Rating| it.as_str().to_owned();
                        self.say(ticket, at, EventKind::Rated, Some(cast.customer), (rated.map(word), Some(word(rating))));
                        rated = Some(rating);
                    }
                }
                6 => match self.set_aside(ticket, at, (helper, status), longest, dice) {
                    Some(back) => at = back,
                    None => {
                        status = Status::Closed;
                        break;
                    }
                },
                7 => at = self.undo(ticket, at, (helper, status), dice),
                _ => {
                    let next = dice.one(&status.staff_may_set());
                    let actor = dice.one(&[Some(helper), Some(cast.customer), None]);
                    self.moves(ticket, at, actor, (status, next), Means::Work);
                    rated = rated.filter(|_| !next.is_active() && !status.is_active());
                    status = next;
                }
            }
        }
        let (mailbox, priority) = (dice.one(cast.mailboxes), dice.one(&Priority::ALL));
        self.tickets.push(Now { mailbox, priority, status, assignee });
    }

    /// A reply, which may be taken back; when that was done.
    fn answer(&mut self, ticket: usize, at: Timestamp, helper: PersonId, dice: &mut Dice) -> Timestamp {
        self.reply(ticket, at, helper);
        if dice.roll(3) > 0 {
            return at;
        }
        let at = at + SignedDuration::from_secs(5);
        self.lines.push(Line { at, kind: EventKind::Withdrawn, ..self.lines[self.lines.len() - 1].clone() });
        at
    }

    /// Merged, or marked as spam; when that was undone, if it was.
    fn set_aside(
        &mut self,
        ticket: usize,
        at: Timestamp,
        (helper, status): (PersonId, Status),
        longest: u64,
        dice: &mut Dice,
    ) -> Option<Timestamp> {
        let (gone, back) = dice.one(&[(EventKind::MergedInto, EventKind::CameBack), (EventKind::Spam, EventKind::NotSpam)]);
        self.say(ticket, at, gone, Some(helper), (None, None));
        self.moves(ticket, at, Some(helper), (status, Status::Closed), Means::Aside);
        let at = at + dice.seconds(longest);
        if at >= NOW.parse().unwrap() || dice.roll(3) == 0 {
            return None;
        }
        self.say(ticket, at, back, Some(helper), (None, None));
        self.moves(ticket, at, Some(helper), (Status::Closed, status), Means::Aside);
        Some(at)
    }

    /// A status that is set and taken back; when.
    fn undo(&mut self, ticket: usize, at: Timestamp, (helper, status): (PersonId, Status), dice: &mut Dice) -> Timestamp {
        let next = dice.one(&status.staff_may_set());
        self.moves(ticket, at, Some(helper), (status, next), Means::Undone);
        let at = at + dice.seconds(60);
        self.say(ticket, at, EventKind::Undone, Some(helper), (None, None));
        self.moves(ticket, at, Some(helper), (next, status), Means::Undone);
        at
    }

    fn reply(&mut self, ticket: usize, at: Timestamp, helper: PersonId) {
        self.say(ticket, at, EventKind::Replied, Some(helper), (None, None));
        let last = self.lines.len() - 1;
        self.lines[last].reply = Some(self.replies);
        self.replies += 1;
    }

    /// Into a desk, as if it had lived it; the number that each ticket got.
    pub async fn write(&self, tx: &mut Tx, cast: &Cast<'_>) -> Vec<TicketNumber> {
        let mut numbers: Vec<Option<TicketNumber>> = vec![None; self.tickets.len()];
        let mut comment_of: std::collections::HashMap<usize, CommentId> = std::collections::HashMap::new();
        for line in &self.lines {
            if line.kind == EventKind::Opened {
                numbers[line.ticket] = Some(open(tx, &self.tickets[line.ticket], cast.customer, line.at).await);
            }
            let ticket = numbers[line.ticket].unwrap();
            if line.kind == EventKind::Replied {
                comment_of.insert(line.reply.unwrap(), reply(tx, ticket, line).await);
            }
            let comment = line.reply.map(|it| comment_of[&it]);
            let event =
                events::NewEvent { ticket, kind: line.kind, actor: line.actor, old: line.old.clone(), new: line.new.clone(), comment };
            events::insert(tx, event, line.at);
        }
        for (ticket, number) in numbers.iter().enumerate() {
            let mut row = tickets::get(tx, number.unwrap()).await.unwrap().unwrap();
            (row.status, row.assignee) = (self.tickets[ticket].status, self.tickets[ticket].assignee);
            tickets::update(tx, &row).await.unwrap();
        }
        numbers.into_iter().flatten().collect()
    }
}

async fn open(tx: &mut Tx, ticket: &Now, customer: PersonId, at: Timestamp) -> TicketNumber {
    let new = tickets::NewTicket {
        mailbox: ticket.mailbox,
        subject: "Printer",
        priority: ticket.priority,
        requester: customer,
        assignee: None,
        status: Status::Open,
        turn: Turn::Staff,
        opened_message: None,
        linked: None,
        at,
    };
    tickets::insert(tx, &new).await.unwrap().number
}

async fn reply(tx: &mut Tx, ticket: TicketNumber, line: &Line) -> CommentId {
    let text = CommentText::parse("Try again.").unwrap();
    let new = comments::NewComment {
        ticket,
        visibility: Visibility::Public,
        origin: Origin::Staff,
        author: line.actor,
        via: Via::Panel,
        text: &text,
        quoted: "",
        html: None,
        markup: maildesk::desk::comment::Markup::Plain,
        signature: "",
        remote_images: 0,
        message: None,
        flag: None,
        at: line.at,
    };
    comments::insert(tx, &new).await.unwrap()
}
