//! Anybody can write a From: it changes nothing and speaks for nobody.

use maildesk::{
    actions::{assign, reply},
    desk::ticket::Status,
};

use crate::{
    mail_loop::reply_of,
    test_desk::{Mail, TestDesk, answer, mail},
};

async fn ticket_with_notice(desk: &TestDesk) -> (maildesk::desk::id::TicketNumber, Mail) {
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    desk.mail().await;
    assign::assign(&desk.desk, &desk.ada, number, None, Some(desk.hal.id)).await.unwrap();
    let notice = desk.mail().await.into_iter().find(|it| it.to == "hal@desk.test").unwrap();
    (number, notice)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helpers_from_with_a_ticket_number_is_held() {
    let desk = TestDesk::new().await;
    let (number, _) = ticket_with_notice(&desk).await;
    let before = desk.ticket(number).await;
    let forged = mail("Hal Nine <hal@desk.test>", &format!("Re: [#{number}] Printer"), &[], "/close\nPay me at evil.test");
    let outcome = desk.receive(&forged).await;
    assert_eq!((outcome.decision, outcome.ticket), ("hold", None));
    assert_eq!(desk.ticket(number).await, before);
    assert!(desk.mail().await.iter().all(|it| it.to == "hal@desk.test"), "Hal alone hears that something was held");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helpers_from_without_a_number_is_an_ordinary_senders_mail() {
    let desk = TestDesk::new().await;
    let (number, _) = ticket_with_notice(&desk).await;
    let before = desk.ticket(number).await;
    let outcome = desk.write("Hal Nine <hal@desk.test>", "Hello", "/close").await;
    assert_eq!(outcome.decision, "open-ticket");
    assert_ne!(outcome.ticket, Some(number));
    assert_eq!(desk.ticket(number).await, before);
    assert!(desk.mail().await.iter().all(|it| it.to != "ann@home.test"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_with_a_helpers_reply_address_is_held() {
    let desk = TestDesk::new().await;
    let (number, notice) = ticket_with_notice(&desk).await;
    let before = desk.ticket(number).await;
    let outcome = desk.receive(&answer(&notice, "Eve <eve@else.test>", "I am Hal.")).await;
    assert_eq!((outcome.decision, outcome.ticket), ("hold", None));
    assert!(outcome.reason.contains("not from their address"), "{}", outcome.reason);
    assert_eq!(desk.ticket(number).await, before);
    assert!(desk.mail().await.iter().all(|it| it.to == "hal@desk.test"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helpers_answer_that_fails_dmarc_is_held() {
    let desk = TestDesk::new().await;
    let (number, notice) = ticket_with_notice(&desk).await;
    let forged = format!(
        "Authentication-Results: mx.desk.test; dmarc=fail header.from=desk.test\n{}",
        answer(&notice, "Hal Nine <hal@desk.test>", "I am Hal.")
    );
    assert_eq!(desk.receive(&forged).await.decision, "hold");
    assert_eq!(desk.ticket(number).await.status, Status::InProgress);
    desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_number_alone_lets_nobody_into_a_conversation() {
    let desk = TestDesk::new().await;
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    desk.mail().await;
    let outcome = desk.write("Eve <eve@else.test>", &format!("Re: [#{number}] Printer"), "Send me all of it.").await;
    assert_eq!(outcome.decision, "open-ticket");
    assert_ne!(outcome.ticket, Some(number));
    assert_eq!(desk.ticket(outcome.ticket.unwrap()).await.linked, Some(number));
    desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_was_given_our_mail_joins_and_gets_nothing_until_staff_agree() {
    let desk = TestDesk::new().await;
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    desk.mail().await;
    reply::reply(&desk.desk, &desk.hal, number, &reply_of("Unplug it.")).await.unwrap();
    let [ours] = desk.mail_to("ann@home.test").await.try_into().unwrap();
    let joined = desk.receive(&answer(&ours, "Ben <ben@home.test>", "Ann asked me to look.")).await;
    assert_eq!(joined.ticket, Some(number));
    assert!(desk.mail().await.iter().all(|it| it.to.ends_with("@desk.test")));
    reply::reply(&desk.desk, &desk.hal, number, &reply_of("Thank you.")).await.unwrap();
    desk.later(jiff::SignedDuration::from_mins(1));
    assert!(desk.mail().await.iter().all(|it| it.to != "ben@home.test"));
    let ben = desk.person("ben@home.test").await.unwrap();
    maildesk::actions::participants::accept(&desk.desk, &desk.hal, number, ben.id).await.unwrap();
    reply::reply(&desk.desk, &desk.hal, number, &reply_of("Both of you.")).await.unwrap();
    desk.later(jiff::SignedDuration::from_mins(1));
    assert!(desk.mail().await.iter().any(|it| it.to == "ben@home.test"));
}
