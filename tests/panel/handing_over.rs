//! A ticket that is given away: it is said to whom, and whoever gave it takes it back, also out of their reach.

use jiff::SignedDuration;
use maildesk::{
    actions::{ActionError, assign::assign, edit::set_priority, hand_back::hand_back},
    desk::{
        id::TicketNumber,
        person::{Person, Role},
        ticket::{Priority, Status},
    },
};

use crate::{
    browser::{Browser, Page},
    lists::some_tickets,
    queue::undo,
    test_desk::TestDesk,
};

const ONE: TicketNumber = TicketNumber(1);

/// A desk where helpers see what is theirs or nobody's, and ticket 1 is Hal’s.
async fn desk() -> (TestDesk, Person) {
    let desk = TestDesk::new().await;
    some_tickets(&desk, 2).await;
    assign(&desk.desk, &desk.hal, ONE, None, Some(desk.hal.id)).await.unwrap();
    let zoe = desk.add(Role::Helper, "Zoe Park", "zoe@desk.test").await;
    (desk, zoe)
}

/// Hal gives it away, with whatever else; the page that follows.
async fn give(hal: &mut Browser, to: &Person, also: &[(&str, &str)]) -> Page {
    let page = hal.get("/tickets/1").await;
    let (version, to) = (page.field("version"), to.id.to_string());
    let given = hal.post("/tickets/1", &[&[("version", version.as_str()), ("helper", to.as_str())], also].concat()).await;
    let list = given.location().to_owned();
    hal.get(&list).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_away_by_mistake_is_taken_back_with_all_that_was_changed() {
    let (desk, zoe) = desk().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let told = give(&mut hal, &zoe, &[("status", "resolved"), ("priority", "high")]).await;
    assert!(told.says("helper Zoe Park. #1 is out of your reach from now on."), "{}", told.text());
    assert_eq!(desk.ticket(ONE).await.assignee, Some(zoe.id));
    let told = undo(&mut hal, &told).await;
    assert!(told.says("Taken back: 1 ticket."), "{}", told.text());
    let ticket = desk.ticket(ONE).await;
    assert_eq!((ticket.assignee, ticket.status, ticket.priority), (Some(desk.hal.id), Status::InProgress, Priority::Normal));
    assert_eq!(desk.verify().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_had_is_nobodys_again() {
    let (desk, zoe) = desk().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    assign(&desk.desk, &desk.hal, ONE, None, None).await.unwrap();
    assign(&desk.desk, &desk.ada, ONE, None, Some(zoe.id)).await.unwrap();
    let version = desk.ticket(ONE).await.version;
    assert!(matches!(hand_back(&desk.desk, &desk.hal, ONE, version, None).await, Err(ActionError::Missing(_))), "Ada gave it");
    assign(&desk.desk, &desk.ada, ONE, None, Some(desk.hal.id)).await.unwrap();
    let told = give(&mut hal, &zoe, &[]).await;
    assert!(undo(&mut hal, &told).await.says("Taken back: 1 ticket."));
    assert_eq!(desk.ticket(ONE).await.assignee, Some(desk.hal.id));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_taken_back_that_somebody_else_has_begun_on_or_that_was_not_given() {
    let (desk, zoe) = desk().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let late = give(&mut hal, &zoe, &[]).await;
    desk.later(SignedDuration::from_mins(11));
    assert!(undo(&mut hal, &late).await.says("#1: it is out of your reach now"), "too late");
    assign(&desk.desk, &desk.ada, ONE, None, Some(desk.hal.id)).await.unwrap();
    let told = give(&mut hal, &zoe, &[]).await;
    set_priority(&desk.desk, &zoe, ONE, None, Priority::Low).await.unwrap();
    assert!(undo(&mut hal, &told).await.says("#1: it is out of your reach now"), "it is hers by now");
    let version = desk.ticket(ONE).await.version;
    for (who, to) in [(&desk.hal, Some(desk.hal.id)), (&desk.hal, None), (&desk.hal, Some(zoe.id))] {
        assert!(matches!(hand_back(&desk.desk, who, ONE, version, to).await, Err(ActionError::Missing(_))));
    }
    assert_eq!(desk.ticket(ONE).await.assignee, Some(zoe.id));
}
