//! What a stranger can make the desk send, and to whom: nothing of their own to anybody who did not ask for it.

use maildesk::{
    actions::reply,
    desk::settings::{Budgets, DeskSettings},
};

use crate::{
    mail_loop::reply_of,
    test_desk::{TestDesk, mail},
};

const VICTIMS: &str = "Cc: Vic <vic@victim.test>, Val <val@victim.test>, Van <van@victim.test>";

#[tokio::test(flavor = "multi_thread")]
async fn those_whom_a_stranger_names_in_cc_are_sent_nothing_before_staff_have_answered() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let number = desk.receive(&mail("Eve <eve@else.test>", "Win", &[VICTIMS], "Buy now.")).await.ticket.unwrap();
    for n in 0..10 {
        let more = mail("Eve <eve@else.test>", &format!("Re: [#{number}] Win"), &[], &format!("Buy now, {n}."));
        assert_eq!(desk.receive(&more).await.ticket, Some(number));
    }
    let left: Vec<String> = desk.mail().await.into_iter().map(|it| it.to).filter(|it| it.ends_with("@victim.test")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_participant_writes_goes_to_the_others_within_the_budgets() {
    let budgets = Budgets { automatic_per_address_hour: 3, ..Budgets::default() };
    let desk = TestDesk::with(DeskSettings { budgets, ..DeskSettings::default() }, |_| ()).await;
    desk.mail_does_not_matter();
    let number = desk.receive(&mail("Ann <ann@home.test>", "Printer", &["Cc: Ben <ben@home.test>"], "It smokes.")).await.ticket.unwrap();
    reply::reply(&desk.desk, &desk.hal, number, &reply_of("Since when?")).await.unwrap();
    desk.mail_to("ben@home.test").await;
    for n in 0..10 {
        desk.receive(&mail("Ann <ann@home.test>", &format!("Re: [#{number}] Printer"), &[], &format!("Since {n} o’clock."))).await;
    }
    assert_eq!(desk.mail_to("ben@home.test").await.len(), 3, "an hour’s automatic mail to one address");
    reply::reply(&desk.desk, &desk.hal, number, &reply_of("Thank you.")).await.unwrap();
    assert_eq!(desk.mail_to("ben@home.test").await.len(), 1, "what staff write always leaves");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_names_the_sender_by_nothing_they_wrote_unless_somebody_vouches_for_them() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    desk.write("Cheap pills at evil.test <vic@victim.test>", "Cheap pills at evil.test", "Cheap pills at evil.test").await;
    let receipt = desk.mail_to("vic@victim.test").await.pop().unwrap();
    assert!(!receipt.raw.contains("Cheap") && !receipt.raw.contains("pills"), "{}", receipt.raw);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verified_sender_cannot_have_their_words_sent_to_whom_reply_to_names() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let headers =
        ["Authentication-Results: mx.desk.test; dmarc=pass header.from=else.test", "Reply-To: Cheap pills at evil.test <vic@victim.test>"];
    desk.receive(&mail("Eve <eve@else.test>", "Cheap pills at evil.test", &headers, "Cheap pills at evil.test")).await;
    let receipt = desk.mail_to("vic@victim.test").await.pop().unwrap();
    assert!(!receipt.raw.contains("Cheap") && !receipt.raw.contains("pills"), "{}", receipt.raw);
}
