//! The desk's own addresses: nobody stands behind them who could be answered.

use maildesk::{
    actions::reply,
    store::participants::{self, Participation},
};

use crate::{
    mail_loop::reply_of,
    test_desk::{SUPPORT, TestDesk, answer, mail},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_for_whoever_wrote_and_not_for_the_desk_that_reply_to_names() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    for (from, reply_to, requester) in [
        ("Rita <rita@rita.test>", SUPPORT, "rita@rita.test"),
        ("Rita <rita@rita.test>", "support+7.0.ab@desk.test", "rita@rita.test"),
        ("Form <form@shop.test>", "support@desk.test, Rita <rita@rita.test>", "rita@rita.test"),
        ("Form <support@desk.test>", "Rita <rita@rita.test>", "rita@rita.test"),
    ] {
        let outcome = desk.receive(&mail(from, &format!("{from} {reply_to}"), &[&format!("Reply-To: {reply_to}")], "It smokes.")).await;
        let rita = desk.person(requester).await.unwrap();
        assert_eq!(desk.ticket(outcome.ticket.unwrap()).await.requester, rita.id, "{from} {reply_to}");
    }
    assert!(desk.person(SUPPORT).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_from_the_desks_own_address_that_is_not_ours_is_held() {
    let desk = TestDesk::new().await;
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    let [receipt] = desk.mail_to("ann@home.test").await.try_into().unwrap();
    let from = format!("Shop <{SUPPORT}>");
    let away = answer(&receipt, &from, "I am away.").replacen("MIME-Version", "Auto-Submitted: auto-replied\nMIME-Version", 1);
    for raw in [mail(&from, "Order", &[], "One rake."), answer(&receipt, &from, "Pay me."), away] {
        let outcome = desk.receive(&raw).await;
        assert_eq!((outcome.decision, outcome.ticket), ("hold", None), "{}", outcome.reason);
    }
    let reason = desk.write(&from, "Another", "Two rakes.").await.reason;
    assert!(reason.contains("from an address of this desk"), "{reason}");
    let id = desk.write(&from, "A third", "Three rakes.").await.id;
    assert!(maildesk::actions::held::open(&desk.desk, &desk.hal, id).await.is_err(), "nor does a person open a ticket for the desk");
    let linked = answer(&receipt, &from, "I am Rita.").replacen("MIME-Version", "Reply-To: rita@rita.test\nMIME-Version", 1);
    let opened = desk.receive(&linked).await.ticket.unwrap();
    assert_ne!(opened, number, "such a From joins nothing");
    assert!(desk.person(SUPPORT).await.is_none());
    desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_nobody_would_get_is_refused_and_says_so() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    maildesk::actions::assign::assign(&desk.desk, &desk.ada, number, None, Some(desk.hal.id)).await.unwrap();
    let notice = desk.mail().await.into_iter().find(|it| it.to == "hal@desk.test").unwrap();
    let own = desk.add(maildesk::desk::person::Role::Customer, "Support", SUPPORT).await;
    let now = desk.desk.clock.now();
    let mut tx = desk.desk.store.begin().await.unwrap();
    participants::set(&mut tx, number, own.id, Participation::Active, now).await.unwrap();
    participants::set(&mut tx, number, desk.ann.id, Participation::Removed, now).await.unwrap();
    tx.commit().await.unwrap();
    let refused = reply::reply(&desk.desk, &desk.hal, number, &reply_of("Unplug it.")).await.unwrap_err().to_string();
    assert!(refused.contains("nobody would get this: support@desk.test is an address of this desk"), "{refused}");
    let by_mail = desk.receive(&answer(&notice, "Hal Nine <hal@desk.test>", "Unplug it.")).await;
    assert_eq!(by_mail.decision, "hold");
    assert!(by_mail.reason.contains("nobody would get this"), "{}", by_mail.reason);
    assert_eq!(
        desk.receive(&answer(&notice, "Hal Nine <hal@desk.test>", "/note\nUnplugged.")).await.ticket,
        Some(number),
        "a note is for staff"
    );
    let mut tx = desk.desk.store.begin().await.unwrap();
    participants::set(&mut tx, number, desk.ann.id, Participation::Active, now).await.unwrap();
    tx.commit().await.unwrap();
    reply::reply(&desk.desk, &desk.hal, number, &reply_of("Unplug it.")).await.unwrap();
}
