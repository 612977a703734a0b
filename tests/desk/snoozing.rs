//! Tickets that are put off: out of the queues until their time, or until their customer writes.

use jiff::{SignedDuration, Timestamp};
use maildesk::{
    actions::{ActionError, merge::merge, set_status::set_status, snooze, tag::Done, undo_correction::undo_correction},
    desk::{
        id::TicketNumber,
        permission::Scope,
        queue::{Filter, View},
        ticket::Status,
    },
    store::{
        conversation, corrections,
        queue::{self, List},
        queue_counts,
    },
    workers::housekeeping::{self, Pace},
};
use tokio::time::Instant;

use crate::test_desk::{TestDesk, answer};

async fn numbers(desk: &TestDesk, view: View) -> Vec<i64> {
    let list = List { view, filter: Filter::default(), sort: view.sorts()[0], beside: None, limit: 50 };
    let rows = queue::list(&mut desk.desk.store.read().await.unwrap(), &list, Scope::All).await.unwrap();
    rows.iter().map(|it| it.number.0).collect()
}

/// Open and snoozed, listed and counted.
async fn queues(desk: &TestDesk) -> (Vec<i64>, Vec<i64>) {
    let (open, snoozed) = (numbers(desk, View::Open).await, numbers(desk, View::Snoozed).await);
    let counts = queue_counts::counts(&mut desk.desk.store.read().await.unwrap(), Scope::All, desk.hal.id).await.unwrap();
    assert_eq!((counts.open, counts.snoozed), (open.len() as i64, snoozed.len() as i64));
    (open, snoozed)
}

async fn last_line(desk: &TestDesk, number: TicketNumber) -> (&'static str, Option<String>) {
    let lines = conversation::history(&mut desk.desk.store.read().await.unwrap(), number, 100).await.unwrap();
    lines.last().map(|it| (it.kind.as_str(), it.new.clone())).unwrap()
}

async fn two(desk: &TestDesk) -> (TicketNumber, TicketNumber, Timestamp) {
    desk.mail_does_not_matter();
    let one = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    desk.later(SignedDuration::from_mins(1));
    let two = desk.write("Ben <ben@home.test>", "Scanner", "It hums.").await.ticket.unwrap();
    (one, two, desk.desk.clock.now() + SignedDuration::from_hours(3))
}

#[tokio::test(flavor = "multi_thread")]
async fn it_leaves_the_queues_and_is_back_at_its_time() {
    let desk = TestDesk::new().await;
    let (one, two, until) = two(&desk).await;
    snooze::snooze(&desk.desk, &desk.hal, one, None, until).await.unwrap();
    assert_eq!(queues(&desk).await, (vec![two.0], vec![one.0]));
    assert!(snooze::return_due(&desk.desk).await.unwrap().is_empty());
    let mut pace = Pace::default();
    let begun = Instant::now();
    let left = housekeeping::return_snoozed(&desk.desk, &mut pace, begun).await.unwrap();
    assert!(left >= std::time::Duration::from_secs(10), "{left:?}");
    desk.later(SignedDuration::from_hours(3));
    let then = begun + std::time::Duration::from_secs(3 * 3600);
    housekeeping::return_snoozed(&desk.desk, &mut pace, then).await.unwrap();
    assert_eq!(queues(&desk).await, (vec![one.0, two.0], vec![]), "as the latest that happened");
    assert_eq!(last_line(&desk, one).await, ("returned", Some("time".to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn its_customers_answer_is_not_waited_with() {
    let desk = TestDesk::new().await;
    let (one, two, until) = two(&desk).await;
    maildesk::actions::reply::reply(&desk.desk, &desk.hal, one, &crate::mail_loop::reply_of("Unplug it.")).await.unwrap();
    desk.later(SignedDuration::from_mins(1));
    snooze::snooze(&desk.desk, &desk.hal, one, None, until).await.unwrap();
    let sent = desk.mail_to("ann@home.test").await.pop().unwrap();
    desk.receive(&answer(&sent, "Ann Lee <ann@home.test>", "It is off.")).await;
    assert_eq!(queues(&desk).await, (vec![one.0, two.0], vec![]));
    desk.later(SignedDuration::from_hours(4));
    assert!(snooze::return_due(&desk.desk).await.unwrap().is_empty(), "it was back already");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_is_put_off_no_more() {
    let desk = TestDesk::new().await;
    let (one, two, until) = two(&desk).await;
    snooze::snooze(&desk.desk, &desk.hal, one, None, until).await.unwrap();
    set_status(&desk.desk, &desk.hal, one, None, Status::Resolved).await.unwrap();
    assert_eq!(queues(&desk).await, (vec![two.0], vec![]));
    assert_eq!(desk.ticket(one).await.snooze, None);
    let refused = snooze::snooze(&desk.desk, &desk.hal, one, None, until).await.unwrap_err();
    assert!(refused.to_string().contains("only a ticket that is Open or In Progress"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merged_ticket_lies_as_it_lay_for_the_day_that_the_merge_is_undone() {
    let desk = TestDesk::new().await;
    let (one, two, until) = two(&desk).await;
    snooze::snooze(&desk.desk, &desk.hal, one, None, until).await.unwrap();
    merge(&desk.desk, &desk.hal, one, None, two).await.unwrap();
    assert_eq!(queues(&desk).await, (vec![two.0], vec![]));
    desk.later(SignedDuration::from_hours(4));
    assert!(snooze::return_due(&desk.desk).await.unwrap().is_empty());
    let made = corrections::standing(&mut desk.desk.store.read().await.unwrap(), two).await.unwrap();
    undo_correction(&desk.desk, &desk.hal, made[0].id, None).await.unwrap();
    assert_eq!(queues(&desk).await.1, [one.0]);
    assert_eq!(snooze::return_due(&desk.desk).await.unwrap(), [one]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_is_no_good_is_refused_and_a_stale_page_too() {
    let desk = TestDesk::new().await;
    let (one, _, until) = two(&desk).await;
    let now = desk.desk.clock.now();
    for at in [now, now - SignedDuration::from_secs(1), now + SignedDuration::from_hours(24 * 400), Timestamp::MAX] {
        assert!(matches!(snooze::snooze(&desk.desk, &desk.hal, one, None, at).await, Err(ActionError::Invalid { .. })), "{at}");
    }
    let seen = desk.ticket(one).await.version;
    snooze::snooze(&desk.desk, &desk.hal, one, Some(seen), until).await.unwrap();
    assert!(matches!(snooze::snooze(&desk.desk, &desk.hal, one, Some(seen), until).await, Err(ActionError::Stale)));
    assert!(matches!(snooze::snooze(&desk.desk, &desk.ann, one, None, until).await, Err(ActionError::Forbidden)));
    assert_eq!(snooze::take_back(&desk.desk, &desk.hal, one, None).await.unwrap(), Done::Changed);
    assert_eq!(snooze::take_back(&desk.desk, &desk.hal, one, None).await.unwrap(), Done::AsItWas);
    assert_eq!(last_line(&desk, one).await, ("returned", Some("staff".to_owned())));
}
