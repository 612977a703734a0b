//! A helper forwards what a customer wrote to them, and it becomes that customer's ticket.

use maildesk::{
    desk::comment::{Flag, Visibility},
    store::conversation::{self, Audience, Said},
};

use crate::test_desk::{TestDesk, mail};

const PASSES: &str = "Authentication-Results: mx.desk.test; dmarc=pass header.from=desk.test";

const FORWARD: &str = "Please take this one.\n\n---------- Forwarded message ---------\nFrom: Ann Lee <ann@home.test>\nDate: Mon, 2 Nov 2026 at 10:00\nSubject: Printer\nTo: Hal <hal@desk.test>\n\nIt smokes.\n";

async fn said(desk: &TestDesk, number: maildesk::desk::id::TicketNumber) -> Vec<Said> {
    conversation::said(&mut desk.desk.store.read().await.unwrap(), number, Audience::Staff, 50).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forwarded_customer_becomes_the_requester() {
    let desk = TestDesk::new().await;
    let number = desk.receive(&mail("Hal <hal@desk.test>", "Fwd: Printer", &[PASSES], FORWARD)).await.ticket.unwrap();
    let ticket = desk.ticket(number).await;
    assert_eq!((ticket.requester, ticket.subject.as_str()), (desk.ann.id, "Printer"));
    let said = said(&desk, number).await;
    let [words, note] = &said[..] else { panic!("{said:?}") };
    assert_eq!((words.visibility, words.body.trim()), (Visibility::Public, "It smokes."));
    assert_eq!((note.visibility, note.body.trim(), note.flag), (Visibility::Internal, "Please take this one.", None));
    let told = desk.mail_to("ann@home.test").await;
    assert_eq!(told.len(), 1, "Ann is told the number");
    assert!(!told[0].raw.contains("Please take this one") && !told[0].raw.contains("hal@desk.test"));
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_nobody_vouches_for_are_marked() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let number = desk.receive(&mail("Hal <hal@desk.test>", "Fwd: Printer", &[], FORWARD)).await.ticket.unwrap();
    let said = said(&desk, number).await;
    assert_eq!((said[0].visibility, said[0].flag), (Visibility::Public, Some(Flag::UnsignedStaff)));
    assert_eq!((said[1].visibility, said[1].flag), (Visibility::Internal, Some(Flag::UnsignedStaff)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_forwards_is_the_requester_themselves() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let number = desk.receive(&mail("Bob <bob@else.test>", "Fwd: Printer", &[], FORWARD)).await.ticket.unwrap();
    let bob = desk.person("bob@else.test").await.unwrap();
    assert_eq!(desk.ticket(number).await.requester, bob.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleagues_mail_forwarded_makes_nobody_a_customer() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let text = FORWARD.replace("ann@home.test", "ada@desk.test");
    let number = desk.receive(&mail("Hal <hal@desk.test>", "Fwd: Printer", &[PASSES], &text)).await.ticket.unwrap();
    assert_eq!(desk.ticket(number).await.requester, desk.hal.id);
}
