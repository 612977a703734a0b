//! Tickets change by people, by answers and by time; a stale change is refused.

use jiff::SignedDuration;
use maildesk::{
    actions::{ActionError, assign, edit, set_status, stale},
    desk::{
        person::Role,
        ticket::{Priority, Status},
    },
};

use crate::test_desk::TestDesk;

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_change_is_refused() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let number = desk.write("Ann <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    let seen = desk.ticket(number).await.version;
    edit::set_priority(&desk.desk, &desk.ada, number, Some(seen), Priority::High).await.unwrap();
    let refused = edit::set_priority(&desk.desk, &desk.hal, number, Some(seen), Priority::Low).await.unwrap_err();
    assert!(matches!(refused, ActionError::Stale));
    assert_eq!(desk.ticket(number).await.priority, Priority::High);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_resolved_long_ago_closes_by_itself_and_is_told_once() {
    let desk = TestDesk::new().await;
    let number = desk.write("Ann <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    set_status::set_status(&desk.desk, &desk.hal, number, None, Status::Resolved).await.unwrap();
    desk.mail().await;
    desk.later(SignedDuration::from_hours(6 * 24));
    assert!(stale::close_stale(&desk.desk).await.unwrap().is_empty());
    desk.later(SignedDuration::from_hours(25));
    assert_eq!(stale::close_stale(&desk.desk).await.unwrap(), [number]);
    assert!(stale::close_stale(&desk.desk).await.unwrap().is_empty());
    assert_eq!(desk.ticket(number).await.status, Status::Closed);
    let [notice] = desk.mail().await.try_into().unwrap();
    assert_eq!(notice.to, "ann@home.test");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_what_was_closed_long_ago_opens_a_linked_ticket() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let number = desk.write("Ann <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    set_status::set_status(&desk.desk, &desk.hal, number, None, Status::Closed).await.unwrap();
    desk.later(SignedDuration::from_hours(31 * 24));
    let again = desk.write("Ann <ann@home.test>", &format!("Re: [#{number}] Printer"), "It smokes again.").await.ticket.unwrap();
    assert_ne!(again, number);
    assert_eq!(desk.ticket(again).await.linked, Some(number));
    assert_eq!(desk.ticket(number).await.status, Status::Closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn taking_it_puts_it_in_progress_and_the_new_assignee_is_told_by_others_alone() {
    let desk = TestDesk::new().await;
    let number = desk.write("Ann <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    desk.mail().await;
    assign::assign(&desk.desk, &desk.hal, number, None, Some(desk.hal.id)).await.unwrap();
    assert_eq!(desk.ticket(number).await.status, Status::InProgress);
    let to: Vec<String> = desk.mail().await.into_iter().map(|it| it.to).collect();
    assert_eq!(to, ["ann@home.test"], "the customer hears that somebody is at it; Hal knows");
    let ina = desk.add(Role::Helper, "Ina", "ina@desk.test").await;
    assign::assign(&desk.desk, &desk.hal, number, None, Some(ina.id)).await.unwrap();
    let to: Vec<String> = desk.mail().await.into_iter().map(|it| it.to).collect();
    assert_eq!(to, ["ina@desk.test"]);
    let refused = assign::assign(&desk.desk, &desk.hal, number, None, Some(desk.hal.id)).await.unwrap_err();
    assert!(matches!(refused, ActionError::Missing(_)), "it is Ina's now, and out of Hal's reach: {refused}");
}
