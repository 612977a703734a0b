//! A customer writes, a helper answers, the customer answers, the helper resolves.

use maildesk::{
    actions::{reply, set_status, withdraw_reply},
    desk::{
        comment::CommentText,
        ticket::{Status, Turn},
    },
    store::comments,
};

use crate::test_desk::{TestDesk, answer, mail};

fn words(text: &str) -> CommentText {
    CommentText::parse(text).unwrap()
}

pub fn reply_of(text: &str) -> reply::Reply {
    reply::Reply {
        text: words(text),
        files: Vec::new(),
        seen: Some(maildesk::desk::id::CommentId(i64::MAX)),
        then: None,
        composed: Default::default(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_is_a_ticket_acknowledged_once_and_told_to_the_staff() {
    let desk = TestDesk::new().await;
    let opened = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await;
    let ticket = desk.ticket(opened.ticket.unwrap()).await;
    assert_eq!(
        (ticket.subject.as_str(), ticket.status, ticket.turn, ticket.requester),
        ("Printer", Status::Open, Turn::Staff, desk.ann.id)
    );

    let left = desk.mail().await;
    let to: Vec<&str> = left.iter().map(|it| it.to.as_str()).collect();
    assert_eq!(to, ["ann@home.test", "ada@desk.test", "hal@desk.test"]);
    let receipt = &left[0];
    assert!(receipt.raw.contains("Auto-Submitted: auto-replied") && receipt.envelope_from.is_none());
    assert!(
        !receipt.raw.contains("smokes") && !receipt.raw.contains("Printer"),
        "a receipt repeats nothing of an unproven sender: {}",
        receipt.raw
    );
    assert!(receipt.read.subject.starts_with(&format!("[#{}]", ticket.number)));
    assert!(left[1].read.text.contains("It smokes."));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_reaches_the_customer_in_their_own_thread() {
    let desk = TestDesk::new().await;
    let first = mail("Ann Lee <ann@home.test>", "Printer", &["Message-ID: <first@home.test>"], "It smokes.");
    let number = desk.receive(&first).await.ticket.unwrap();
    desk.mail().await;

    reply::reply(&desk.desk, &desk.hal, number, &reply_of("Unplug it.")).await.unwrap();
    assert!(desk.mail().await.is_empty(), "it waits for the undo window");
    let [answer_mail] = desk.mail_to("ann@home.test").await.try_into().unwrap();
    assert_eq!(answer_mail.read.subject, format!("Re: [#{number}] Printer"));
    assert_eq!(answer_mail.read.in_reply_to[0].as_str(), "first@home.test");
    assert_eq!(answer_mail.read.from[0].shown(), "Hal Nine (Desk Support)");
    assert_eq!(answer_mail.read.from[0].address.as_str(), "support@desk.test");
    assert!(!answer_mail.raw.contains("hal@desk.test") && !answer_mail.raw.contains("Auto-Submitted"));
    let after = desk.ticket(number).await;
    assert_eq!((after.status, after.turn), (Status::InProgress, Turn::Customer));

    let joined = desk.receive(&answer(&answer_mail, "Ann Lee <ann@home.test>", "It still smokes.")).await;
    assert_eq!(joined.ticket, Some(number));
    let comment = comments::last_public(&mut desk.desk.store.read().await.unwrap(), number, maildesk::desk::id::CommentId(i64::MAX))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(comment.text.as_str(), "It still smokes.");
    assert_eq!(desk.ticket(number).await.turn, Turn::Staff);
    assert_eq!(desk.mail().await.len(), 2, "nobody has it, so both who asked are told");
}

#[tokio::test(flavor = "multi_thread")]
async fn resolving_sends_one_notice_and_an_answer_opens_it_again() {
    let desk = TestDesk::new().await;
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    desk.mail().await;
    set_status::set_status(&desk.desk, &desk.hal, number, None, Status::Resolved).await.unwrap();
    let [notice] = desk.mail().await.try_into().unwrap();
    assert_eq!((notice.to.as_str(), notice.read.subject.as_str()), ("ann@home.test", format!("Re: [#{number}] Printer").as_str()));
    assert!(notice.read.text.contains("resolved"));

    desk.receive(&answer(&notice, "ann@home.test", "No, it is not.")).await;
    assert_eq!(desk.ticket(number).await.status, Status::Open);
    desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_also_resolves_is_one_mail() {
    let desk = TestDesk::new().await;
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    desk.mail().await;
    let both = reply::Reply { then: Some(Status::Resolved), ..reply_of("Unplugged for you.") };
    reply::reply(&desk.desk, &desk.hal, number, &both).await.unwrap();
    let left = desk.mail_to("ann@home.test").await;
    assert_eq!(left.len(), 1);
    assert!(left[0].read.text.contains("Unplugged for you.") && left[0].read.text.contains("resolved"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_can_be_taken_back_until_it_leaves() {
    let desk = TestDesk::new().await;
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    desk.mail().await;
    let comment = reply::reply(&desk.desk, &desk.hal, number, &reply_of("Oops")).await.unwrap();
    assert_eq!(withdraw_reply::withdraw_reply(&desk.desk, &desk.hal, comment).await.unwrap(), "Oops");
    assert!(desk.mail_to("ann@home.test").await.is_empty());
    let ticket = desk.ticket(number).await;
    assert_eq!((ticket.turn, ticket.comments), (Turn::Staff, 1));

    let comment = reply::reply(&desk.desk, &desk.hal, number, &reply_of("Better")).await.unwrap();
    assert_eq!(desk.mail_to("ann@home.test").await.len(), 1);
    assert!(withdraw_reply::withdraw_reply(&desk.desk, &desk.hal, comment).await.unwrap_err().to_string().contains("left already"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_safety_catch_holds_a_reply_when_somebody_else_wrote() {
    let desk = TestDesk::new().await;
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    desk.mail().await;
    let unread = reply::Reply { seen: Some(maildesk::desk::id::CommentId(0)), ..reply_of("Unplug it.") };
    let refused = reply::reply(&desk.desk, &desk.hal, number, &unread).await.unwrap_err();
    assert!(matches!(refused, maildesk::actions::ActionError::NewWords { ref comments } if comments.len() == 1), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn those_in_cc_take_part_and_those_added_later_wait_for_staff() {
    let desk = TestDesk::new().await;
    let first = mail("Ann <ann@home.test>", "Printer", &["Cc: Ben <ben@home.test>, support@desk.test"], "It smokes.");
    let number = desk.receive(&first).await.ticket.unwrap();
    desk.mail().await;
    reply::reply(&desk.desk, &desk.hal, number, &reply_of("Unplug it.")).await.unwrap();
    desk.later(jiff::SignedDuration::from_mins(1));
    let to: Vec<String> = desk.mail().await.into_iter().map(|it| it.to).collect();
    assert_eq!(to, ["ann@home.test", "ben@home.test"]);

    let later = mail("Ann <ann@home.test>", &format!("Re: [#{number}] Printer"), &["Cc: eve@else.test"], "Adding Eve.");
    assert_eq!(desk.receive(&later).await.ticket, Some(number));
    desk.mail().await;
    reply::reply(&desk.desk, &desk.hal, number, &reply_of("Hello all.")).await.unwrap();
    desk.later(jiff::SignedDuration::from_mins(1));
    assert!(desk.mail().await.iter().all(|it| it.to != "eve@else.test"));
}
