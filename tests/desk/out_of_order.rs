//! Held mail, corrections and spam marks, undone in another order than they were done.

use maildesk::{
    actions::{
        held,
        merge::merge,
        move_message::{Destination, move_message},
        spam::{self, Sender},
        take_back::take_back,
        undo_correction::undo_correction,
    },
    desk::id::{CommentId, LedgerId, TicketNumber},
    store::{
        comments,
        conversation::{self, Audience},
        corrections, held as rows,
    },
};

use crate::test_desk::{TestDesk, answer, mail};

async fn desk() -> TestDesk {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    desk
}

async fn ticket(desk: &TestDesk, from: &str, says: &str) -> TicketNumber {
    desk.write(from, says, says).await.ticket.unwrap()
}

async fn suspected(desk: &TestDesk) -> LedgerId {
    desk.receive(&mail("Bob <bob@home.test>", "Offer", &["X-Spam-Flag: YES"], "For one ticket.")).await.id
}

async fn comment_of(desk: &TestDesk, id: LedgerId) -> CommentId {
    comments::of_message(&mut desk.desk.store.read().await.unwrap(), id).await.unwrap().unwrap().id
}

async fn row_ticket(desk: &TestDesk, id: LedgerId) -> Option<TicketNumber> {
    rows::get(&mut desk.desk.store.read().await.unwrap(), id).await.unwrap().unwrap().ticket
}

/// Undoes the newest correction that stands on a ticket.
async fn undo_last(desk: &TestDesk, number: TicketNumber) -> Result<(), String> {
    let standing = corrections::standing(&mut desk.desk.store.read().await.unwrap(), number).await.unwrap();
    undo_correction(&desk.desk, &desk.hal, standing.last().unwrap().id, None).await.map(|_| ()).map_err(|it| it.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_moved_since_its_release_is_taken_back_only_when_that_is_undone() {
    let desk = desk().await;
    let (one, two) = (ticket(&desk, "Ann <ann@home.test>", "Printer").await, ticket(&desk, "Cy <cy@home.test>", "Other").await);
    let id = suspected(&desk).await;
    held::join(&desk.desk, &desk.hal, id, one).await.unwrap();
    move_message(&desk.desk, &desk.hal, comment_of(&desk, id).await, None, Destination::Ticket(two)).await.unwrap();
    let refused = take_back(&desk.desk, &desk.hal, id).await.unwrap_err().to_string();
    assert_eq!(refused, format!("it was moved from #{one} to #{two} since; undo that first"));
    undo_last(&desk, two).await.unwrap();
    take_back(&desk.desk, &desk.hal, id).await.unwrap();
    assert_eq!(row_ticket(&desk, id).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_of_its_closed_ticket_leaves_waiting_mail_where_it_waits() {
    let desk = desk().await;
    let one = ticket(&desk, "Ann <ann@home.test>", "Printer").await;
    let id = suspected(&desk).await;
    let opened = held::open(&desk.desk, &desk.hal, id).await.unwrap();
    merge(&desk.desk, &desk.hal, opened, None, one).await.unwrap();
    take_back(&desk.desk, &desk.hal, id).await.expect_err("it is merged");
    undo_last(&desk, one).await.unwrap();
    take_back(&desk.desk, &desk.hal, id).await.unwrap();
    merge(&desk.desk, &desk.hal, opened, None, one).await.unwrap();
    assert_eq!(row_ticket(&desk, id).await, None);
    undo_last(&desk, one).await.unwrap();
    assert_eq!(row_ticket(&desk, id).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_id_used_again_leads_nobody_into_another_ticket() {
    let desk = desk().await;
    desk.receive(&mail("Ann <ann@home.test>", "Printer", &[], "It smokes.")).await;
    let receipt = desk.mail_to("ann@home.test").await.remove(0);
    let second = answer(&receipt, "Ann <ann@home.test>", "Another matter");
    let known = second.lines().find(|it| it.starts_with("Message-ID")).unwrap().to_owned();
    let second = desk.receive(&second).await;
    move_message(&desk.desk, &desk.hal, comment_of(&desk, second.id).await, None, Destination::New).await.unwrap();
    let eve = desk.receive(&mail("Eve <eve@else.test>", "Hi", &[&known], "Hello.")).await;
    let receipt = desk.mail_to("eve@else.test").await.remove(0);
    let answered = desk.receive(&answer(&receipt, "Eve <eve@else.test>", "More of mine")).await;
    assert_eq!(answered.ticket, eve.ticket);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_marked_as_spam_is_neither_merged_nor_marked_again() {
    let desk = desk().await;
    let (one, two) = (ticket(&desk, "Ann <ann@home.test>", "Printer").await, ticket(&desk, "Cy <cy@home.test>", "Other").await);
    merge(&desk.desk, &desk.hal, two, None, one).await.unwrap();
    let three = ticket(&desk, "Bob <bob@home.test>", "Third").await;
    spam::mark(&desk.desk, &desk.hal, one, None, Sender::Stays).await.unwrap();
    let why = format!("#{one} is marked as spam; undo that first");
    let again = spam::mark(&desk.desk, &desk.hal, one, None, Sender::Stays).await.unwrap_err();
    assert_eq!(again.to_string(), why);
    for (from, into) in [(one, three), (three, one)] {
        assert_eq!(merge(&desk.desk, &desk.hal, from, None, into).await.unwrap_err().to_string(), why);
    }
    assert_eq!(undo_last(&desk, one).await.unwrap_err(), why);
    spam::undo(&desk.desk, &desk.hal, one).await.unwrap();
    undo_last(&desk, one).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn words_go_back_to_no_ticket_that_they_came_to_by_a_merge_undone_since() {
    let desk = desk().await;
    let one = desk.write("Ann <ann@home.test>", "One", "One").await;
    let (a, b) = (one.ticket.unwrap(), ticket(&desk, "Bob <bob@home.test>", "Two").await);
    let c = ticket(&desk, "Cy <cy@home.test>", "Three").await;
    merge(&desk.desk, &desk.hal, a, None, b).await.unwrap();
    merge(&desk.desk, &desk.hal, b, None, c).await.unwrap();
    let split = move_message(&desk.desk, &desk.hal, comment_of(&desk, one.id).await, None, Destination::New).await.unwrap().ticket();
    undo_last(&desk, b).await.unwrap();
    undo_last(&desk, a).await.unwrap();
    let refused = undo_last(&desk, split).await.unwrap_err();
    assert_eq!(refused, format!("what brought it to #{c} was undone since; move it by hand to where it belongs"));
    let said = conversation::said(&mut desk.desk.store.read().await.unwrap(), split, Audience::Staff, 10).await.unwrap();
    assert_eq!(said.len(), 1);
}
