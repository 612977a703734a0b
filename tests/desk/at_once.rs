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
    store::{comments, corrections, messages::Taken},
    workers::take_in::{Arrival, take_in},
};
use sqlx::{Connection, PgConnection};

use crate::{
    mail_loop::reply_of,
    test_desk::{TestDesk, mail},
};

const TIMES: usize = 25;

async fn two_tickets() -> (TestDesk, TicketNumber, TicketNumber) {
    two_tickets_of(TestDesk::new().await).await
}

async fn two_tickets_of(desk: TestDesk) -> (TestDesk, TicketNumber, TicketNumber) {
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

/// Somebody with a ticket locked, who waits for another.
struct InTheWay(PgConnection);

impl InTheWay {
    async fn has(desk: &TestDesk, number: TicketNumber) -> Self {
        let mut other = PgConnection::connect(&desk.url).await.unwrap();
        // PostgreSQL gives up whoever finds first, after so long, that the two wait for each other.
        sqlx::raw_sql("set deadlock_timeout = '10s'; begin").execute(&mut other).await.unwrap();
        let mut it = Self(other);
        it.lock(number).await.unwrap();
        it
    }

    async fn lock(&mut self, number: TicketNumber) -> sqlx::Result<()> {
        sqlx::query("select number from tickets where number = $1 for update").bind(number.0).execute(&mut self.0).await.map(|_| ())
    }

    /// Until somebody waits for what this one has.
    async fn is_waited_for(&mut self) {
        let sql = "select exists (select 1 from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid)))";
        while !sqlx::query_scalar::<_, bool>(sql).fetch_one(&mut self.0).await.unwrap() {
            tokio::task::yield_now().await;
        }
    }

    /// Asks for what whoever waits has: one of the two is given up, and it is not this one.
    async fn wins(mut self, number: TicketNumber) {
        self.is_waited_for().await;
        self.lock(number).await.expect("asked a second too late: the other had looked for a deadlock before there was one");
        self.0.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_whose_change_loses_a_deadlock_has_it_made_a_moment_later() {
    let (desk, one, two) = two_tickets_of(TestDesk::on_postgres().await).await;
    let other = InTheWay::has(&desk, two).await;
    let (merged, ()) = tokio::join!(merge(&desk.desk, &desk.hal, one, None, two), other.wins(one));
    merged.unwrap();
    assert_eq!(desk.ticket(one).await.merged_into, Some(two));
    assert_eq!(desk.ticket(two).await.comments, 2, "made once");
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_that_loses_a_deadlock_is_decided_a_moment_later() {
    let (desk, one, two) = two_tickets_of(TestDesk::on_postgres().await).await;
    let mails = [("Ann <ann@home.test>", one), ("Cy <cy@home.test>", two)]
        .map(|(from, number)| mail(from, &format!("[#{number}] More"), &[], "And more.").replace('\n', "\r\n"));
    let received_at = desk.desk.clock.now();
    let arrivals =
        mails.each_ref().map(|it| Arrival { place: None, received_at, size: it.len() as u64, taken: Taken::Whole, octets: it.as_bytes() });
    let other = InTheWay::has(&desk, two).await;
    let (outcomes, ()) = tokio::join!(take_in(&desk.desk, desk.mailbox, &arrivals), other.wins(one));
    let tickets: Vec<_> = outcomes.unwrap().into_iter().map(|it| it.ticket).collect();
    assert_eq!(tickets, [Some(one), Some(two)]);
    for number in [one, two] {
        assert_eq!(desk.ticket(number).await.comments, 2, "joined once");
    }
}
