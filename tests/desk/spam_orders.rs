//! Spam marks before, between and after moves, merges and releases: mail is discarded exactly as long as its ticket is marked.

use jiff::SignedDuration;
use maildesk::{
    actions::{
        ActionError, held,
        merge::merge,
        move_message::{Destination, move_message},
        sender_rules::RuleUndone,
        spam::{self, Sender},
        take_back::{TakenBack, take_back},
        undo_correction::undo_correction,
    },
    desk::{
        comment::Origin,
        id::{CommentId, LedgerId, TicketNumber},
    },
    store::corrections,
};

use crate::{
    replay::said,
    rows::Rows,
    test_desk::{TestDesk, mail},
};

/// What somebody does. `Held`: the one message that was held.
#[derive(Clone, Copy, Debug)]
enum Step {
    Mark(i64),
    Unmark(i64),
    Merge(i64, i64),
    /// The newest correction that stands on a ticket.
    Undo(i64),
    /// A ticket's latest message.
    Move(i64, i64),
    Split(i64),
    OpenHeld,
    JoinHeld(i64),
    TakeBackHeld,
}

use Step::{JoinHeld, Mark, Merge, Move, OpenHeld, Split, TakeBackHeld, Undo, Unmark};

const DONE: &str = "";

/// Each step with its refusal. Ann has two messages on #1, Cy two on #2; what is made meanwhile is #3.
const ORDERS: &[&[(Step, &str)]] = &[
    &[
        (Mark(1), DONE),
        (Mark(1), "#1 is marked as spam; undo that first"),
        (Merge(1, 2), "#1 is marked as spam; undo that first"),
        (Merge(2, 1), "#1 is marked as spam; undo that first"),
        (Unmark(1), DONE),
        (Unmark(1), "#1 is not marked as spam"),
        (Merge(1, 2), DONE),
        (Undo(2), DONE),
    ],
    &[
        (Merge(1, 2), DONE),
        (Mark(1), "#1 was merged into #2; go on there"),
        (Mark(2), DONE),
        (Undo(2), "#2 is marked as spam; undo that first"),
        (Unmark(1), "#1 was merged into #2; go on there"),
        (Unmark(2), DONE),
        (Undo(2), DONE),
        (Mark(1), DONE),
        (Unmark(1), DONE),
    ],
    &[
        (Mark(2), DONE),
        (Move(1, 2), "#2 is marked as spam; undo that first"),
        (Move(2, 1), "#2 is marked as spam; undo that first"),
        (Split(2), "#2 is marked as spam; undo that first"),
        (Unmark(2), DONE),
        (Move(1, 2), DONE),
        (Mark(1), DONE),
        (Undo(2), "#1 is marked as spam; undo that first"),
        (Mark(2), DONE),
        (Unmark(1), DONE),
        (Undo(2), "#2 is marked as spam; undo that first"),
        (Unmark(2), DONE),
        (Undo(2), DONE),
    ],
    &[
        (Split(1), DONE),
        (Mark(3), DONE),
        (Undo(3), "#3 is marked as spam; undo that first"),
        (Mark(1), DONE),
        (Unmark(3), DONE),
        (Undo(3), "#1 is marked as spam; undo that first"),
        (Unmark(1), DONE),
        (Undo(3), DONE),
        (Mark(3), "#3 was merged into #1; go on there"),
    ],
    &[
        (OpenHeld, DONE),
        (Mark(3), DONE),
        (OpenHeld, "this message is on #3, which was marked as spam; undo that first"),
        (JoinHeld(1), "this message is on #3, which was marked as spam; undo that first"),
        (TakeBackHeld, DONE),
        (TakeBackHeld, DONE),
        (Mark(3), "nothing on this ticket came in by mail; close it instead"),
        (Mark(1), DONE),
        (JoinHeld(1), "#1 is marked as spam; undo that first"),
        (Unmark(1), DONE),
        (JoinHeld(1), DONE),
        (Mark(1), DONE),
        (Unmark(1), DONE),
        (TakeBackHeld, DONE),
    ],
    &[
        (OpenHeld, DONE),
        (Merge(3, 1), DONE),
        (Mark(1), DONE),
        (TakeBackHeld, DONE),
        (TakeBackHeld, "it was moved from #3 to #1 since; undo that first"),
        (Undo(1), DONE),
        (TakeBackHeld, DONE),
    ],
    &[
        (JoinHeld(2), DONE),
        (Merge(1, 2), DONE),
        (Mark(2), DONE),
        (JoinHeld(1), "#2 is marked as spam; undo that first"),
        (Undo(2), "#2 is marked as spam; undo that first"),
        (TakeBackHeld, DONE),
        (Undo(2), DONE),
        (TakeBackHeld, DONE),
        (Mark(2), DONE),
        (Merge(1, 2), "#2 is marked as spam; undo that first"),
    ],
    &[
        (Merge(1, 2), DONE),
        (Mark(2), DONE),
        (JoinHeld(1), "#2 is marked as spam; undo that first"),
        (OpenHeld, DONE),
        (Merge(3, 1), "#1 was merged into #2; choose #2"),
        (Merge(3, 2), "#2 is marked as spam; undo that first"),
        (Unmark(2), DONE),
        (Merge(3, 2), DONE),
        (Mark(2), DONE),
        (TakeBackHeld, DONE),
        (Undo(2), DONE),
        (Undo(2), DONE),
    ],
];

struct World {
    desk: TestDesk,
    held: LedgerId,
}

async fn world() -> World {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    for (from, number) in [("Ann Lee <ann@home.test>", 1), ("Cy <cy@home.test>", 2)] {
        assert_eq!(desk.write(from, "Printer", "It smokes.").await.ticket, Some(TicketNumber(number)));
        assert_eq!(desk.write(from, &format!("Re: [#{number}] Printer"), "It burns.").await.ticket, Some(TicketNumber(number)));
    }
    let held = desk.receive(&mail("Bob <bob@home.test>", "Offer", &["X-Spam-Flag: YES"], "For one ticket.")).await.id;
    World { desk, held }
}

async fn latest(desk: &TestDesk, number: i64) -> CommentId {
    said(desk, TicketNumber(number)).await.iter().rfind(|it| it.origin == Origin::Customer).unwrap().id
}

async fn take(World { desk, held }: &World, step: Step) -> Result<(), ActionError> {
    let (at, hal) = (&desk.desk, &desk.hal);
    match step {
        Mark(number) => spam::mark(at, hal, TicketNumber(number), None, Sender::Stays).await.map(drop),
        Unmark(number) => spam::undo(at, hal, TicketNumber(number)).await.map(|_| ()),
        Merge(from, into) => merge(at, hal, TicketNumber(from), None, TicketNumber(into)).await,
        Undo(number) => {
            let standing = corrections::standing(&mut at.store.read().await.unwrap(), TicketNumber(number)).await.unwrap();
            undo_correction(at, hal, standing.last().unwrap().id, None).await.map(drop)
        }
        Move(from, into) => {
            let to = Destination::Ticket(TicketNumber(into));
            move_message(at, hal, latest(desk, from).await, None, to).await.map(drop)
        }
        Split(from) => move_message(at, hal, latest(desk, from).await, None, Destination::New).await.map(drop),
        OpenHeld => held::open(at, hal, *held).await.map(drop),
        JoinHeld(number) => held::join(at, hal, *held, TicketNumber(number)).await.map(drop),
        TakeBackHeld => take_back(at, hal, *held).await.map(drop),
    }
}

/// Mails of tickets, by whether they are discarded and whether their ticket is marked as spam.
async fn mails(rows: &Rows, held: &str, marked: &str) -> i64 {
    rows.count(&format!(
        "select count(*) from messages m join comments c on c.message = m.id and c.withdrawn_at is null where m.ticket = c.ticket
            and coalesce(m.held, '') {held} 'discarded' and coalesce((select e.kind from events e where e.ticket = c.ticket
            and e.kind in ('spam', 'not-spam') order by e.id desc limit 1), 'not-spam') {marked} 'spam'"
    ))
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn in_every_order_mail_is_discarded_as_long_as_its_ticket_is_marked_and_every_refusal_names_the_mend() {
    for (n, order) in ORDERS.iter().enumerate() {
        let world = world().await;
        let rows = Rows::of(&world.desk.url).await;
        for (at, (step, refusal)) in order.iter().enumerate() {
            world.desk.later(SignedDuration::from_mins(1));
            let told = take(&world, *step).await.err().map_or(String::new(), |it| it.to_string());
            assert_eq!(told, *refusal, "order {n}, step {at}: {step:?}");
            assert_eq!(mails(&rows, "=", "<>").await, 0, "order {n}, step {at}, {step:?}: discarded on a ticket that stands");
            assert_eq!(mails(&rows, "<>", "=").await, 0, "order {n}, step {at}, {step:?}: not discarded on spam");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forwarded_mail_comes_back_with_the_ticket_its_words_are_on() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let other = desk.write("Cy <cy@home.test>", "Other", "Hello.").await.ticket.unwrap();
    let forward = "Mind this.\n\n---------- Forwarded message ---------\nFrom: Ann Lee <ann@home.test>\nDate: Mon, 2 Nov 2026 at 10:00\n\
        Subject: Printer\nTo: Hal <hal@desk.test>\n\nIt smokes.\n";
    let passes = ["Authentication-Results: mx.desk.test; dmarc=pass header.from=desk.test"];
    let forwarded = desk.receive(&mail("Hal <hal@desk.test>", "Fwd: Printer", &passes, forward)).await;
    let words = latest(&desk, forwarded.ticket.unwrap().0).await;
    move_message(&desk.desk, &desk.hal, words, None, Destination::Ticket(other)).await.unwrap();
    spam::mark(&desk.desk, &desk.hal, other, None, Sender::Stays).await.unwrap();
    assert_eq!(take_back(&desk.desk, &desk.hal, forwarded.id).await.unwrap(), TakenBack::NotSpam(other, RuleUndone::NotThere));
}
