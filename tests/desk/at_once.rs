//! Two people at the same messages at the same moment: one of them may be told that it is no longer so, but the database never has
//! to choose between them. On PostgreSQL they do meet; SQLite lets one write at a time.

use maildesk::{
    actions::{
        ActionError, Result, held,
        merge::merge,
        move_message::{Destination, move_message},
        reply::reply,
        take_back::take_back,
        undo_correction::undo_correction,
        withdraw_reply::withdraw_reply,
    },
    desk::id::TicketNumber,
    store::{comments, corrections},
};

use crate::{
    mail_loop::reply_of,
    test_desk::{TestDesk, mail},
};

const TIMES: usize = 25;

async fn two_tickets() -> (TestDesk, TicketNumber, TicketNumber) {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let one = desk.write("Ann <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    let two = desk.write("Cy <cy@home.test>", "Scanner", "It hums.").await.ticket.unwrap();
    (desk, one, two)
}

fn only_told<T>(done: &Result<T>) {
    if let Err(error) = done {
        assert!(!matches!(error, ActionError::Store(_)), "{error:?}");
    }
}

/// Undoes the newest correction that stands on a ticket.
async fn undo_last(desk: &TestDesk, number: TicketNumber) -> Result<()> {
    let standing = corrections::standing(&mut desk.desk.store.read().await.unwrap(), number).await.unwrap();
    undo_correction(&desk.desk, &desk.hal, standing.last().unwrap().id, None).await.map(|_| ())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_released_message_is_taken_back_while_somebody_moves_it() {
    let (desk, one, two) = two_tickets().await;
    let id = desk.receive(&mail("Bob <bob@home.test>", "Offer", &["X-Spam-Flag: YES"], "For one ticket.")).await.id;
    for _ in 0..TIMES {
        held::join(&desk.desk, &desk.hal, id, one).await.unwrap();
        let said = comments::of_message(&mut desk.desk.store.read().await.unwrap(), id).await.unwrap().unwrap();
        let (back, moved) = tokio::join!(
            take_back(&desk.desk, &desk.hal, id),
            move_message(&desk.desk, &desk.ada, said.id, None, Destination::Ticket(two))
        );
        only_told(&back);
        only_told(&moved);
        assert_ne!(back.is_ok(), moved.is_ok(), "{back:?} {moved:?}");
        if moved.is_ok() {
            undo_last(&desk, two).await.unwrap();
            take_back(&desk.desk, &desk.hal, id).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn held_mail_is_joined_to_a_ticket_while_somebody_merges_it() {
    let (desk, one, two) = two_tickets().await;
    let id = desk.receive(&mail("Bob <bob@home.test>", "Offer", &["X-Spam-Flag: YES"], "For one ticket.")).await.id;
    for _ in 0..TIMES {
        let (joined, merged) = tokio::join!(held::join(&desk.desk, &desk.hal, id, two), merge(&desk.desk, &desk.ada, two, None, one));
        only_told(&joined);
        merged.unwrap();
        undo_last(&desk, two).await.unwrap();
        if joined.is_ok() {
            take_back(&desk.desk, &desk.hal, id).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_is_taken_back_while_somebody_undoes_the_merge_that_brought_it() {
    let (desk, one, two) = two_tickets().await;
    for _ in 0..TIMES {
        let sent = reply(&desk.desk, &desk.hal, one, &reply_of("Unplug it.")).await.unwrap();
        merge(&desk.desk, &desk.ada, one, None, two).await.unwrap();
        let (taken, undone) = tokio::join!(withdraw_reply(&desk.desk, &desk.hal, sent), undo_last(&desk, one));
        only_told(&taken);
        undone.unwrap();
    }
}
