//! Every message is a row, once; nothing is answered that a machine wrote.

use jiff::SignedDuration;
use maildesk::{
    actions::{held, set_status::set_status},
    desk::ticket::Status,
    store::{
        held as held_mail, ledger, mailboxes,
        messages::{Held, Taken},
        sightings::{Marks, Place},
    },
    workers::take_in::{Arrival, take_in},
};

use crate::test_desk::{TestDesk, mail};

#[tokio::test(flavor = "multi_thread")]
async fn the_same_message_met_again_changes_nothing() {
    let desk = TestDesk::new().await;
    let raw = mail("Ann <ann@home.test>", "Printer", &["Message-ID: <a@home.test>"], "It smokes.");
    desk.receive(&raw).await;
    let before = desk.mail().await.len();
    assert!(desk.receive_again(&format!("Received: by another server\n{raw}")).await.is_none());
    assert!(before > 0 && desk.mail().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_different_message_under_a_known_id_is_decided_on_its_own() {
    let desk = TestDesk::new().await;
    let raw = |text| mail("Ann <ann@home.test>", "Printer", &["Message-ID: <a@home.test>"], text);
    let first = desk.receive(&raw("It smokes.")).await;
    let second = desk.receive(&raw("It burns.")).await;
    assert!(first.ticket.is_some() && second.decision == "open-ticket" && first.ticket != second.ticket);
    desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_message_in_two_watched_mailboxes_is_one_ticket_met_twice() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let mut tx = desk.desk.store.begin().await.unwrap();
    let sales = mailboxes::ensure(&mut tx, "sales", &"sales@desk.test".parse().unwrap()).await.unwrap();
    tx.commit().await.unwrap();
    let raw = mail("Ann <ann@home.test>", "Printer", &["To: support@desk.test, sales@desk.test"], "It smokes.");
    let mut outcomes = Vec::new();
    for (mailbox, server) in [(desk.mailbox, "mx1"), (sales, "mx2")] {
        let octets = format!("Delivered-To: {server}\nReceived: by {server}.desk.test\n{raw}");
        let place = Some(Place { mailbox, uid_validity: 1, uid: 7, marks: Marks { size: 100, at: None } });
        let arrival = Arrival {
            place,
            received_at: desk.desk.clock.now(),
            size: octets.len() as u64,
            taken: Taken::Whole,
            octets: octets.as_bytes(),
        };
        outcomes.extend(take_in(&desk.desk, mailbox, &[arrival]).await.unwrap());
    }
    assert_eq!(outcomes.len(), 1, "{outcomes:?}");
    let line = ledger::get(&mut desk.desk.store.read().await.unwrap(), outcomes[0].id).await.unwrap().unwrap();
    assert_eq!(line.sightings, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_mail_come_back_is_ignored() {
    let desk = TestDesk::new().await;
    desk.write("Ann <ann@home.test>", "Printer", "It smokes.").await;
    for ours in desk.mail().await {
        let outcome = desk.receive(&ours.raw).await;
        assert_eq!((outcome.decision, outcome.ticket), ("ignore", None), "{}", outcome.reason);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_is_filed_but_never_answered() {
    let desk = TestDesk::new().await;
    let number = desk.write("Ann <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    desk.mail().await;
    for header in [
        "Auto-Submitted: auto-replied",
        "Precedence: bulk",
        "List-Id: <news.else.test>",
        "X-Auto-Response-Suppress: All",
        "Return-Path: <>",
    ] {
        let outcome = desk.receive(&mail("news@else.test", "Weekly", &[header], "Read this.")).await;
        assert_eq!(outcome.decision, "hold", "{header}: {}", outcome.reason);
    }
    let away =
        mail("Ann <ann@home.test>", &format!("Out of office Re: [#{number}] Printer"), &["Auto-Submitted: auto-replied"], "I am away.");
    assert_eq!(desk.receive(&away).await.ticket, Some(number));
    assert!(desk.mail().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_from_one_sender_is_held_and_the_desk_grows_quiet() {
    let desk = TestDesk::new().await;
    let mut held = 0;
    for n in 0..25 {
        let outcome = desk.write("Bot <bot@else.test>", &format!("Alert {n}"), "Disk full.").await;
        held += usize::from(outcome.decision == "hold");
    }
    assert_eq!(held, 5);
    let receipts = desk.mail().await.iter().filter(|it| it.to == "bot@else.test").count();
    assert_eq!(receipts, 5, "at most five automatic mails to one address within an hour");
}

#[tokio::test(flavor = "multi_thread")]
async fn held_mail_is_released_to_a_ticket_by_a_person() {
    let desk = TestDesk::new().await;
    let outcome = desk.receive(&mail("news@else.test", "Weekly", &["Precedence: bulk"], "Read this.")).await;
    held::discard(&desk.desk, &desk.hal, outcome.id).await.unwrap();
    let number = held::open(&desk.desk, &desk.hal, outcome.id).await.unwrap();
    assert_eq!(desk.ticket(number).await.subject, "Weekly");
    assert!(held::open(&desk.desk, &desk.hal, outcome.id).await.unwrap_err().to_string().contains("already"));
    assert!(held::open(&desk.desk, &desk.ann, outcome.id).await.is_err(), "a customer works no held mail");
    assert!(desk.mail_to("news@else.test").await.is_empty(), "what a machine wrote is not answered, whoever released it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_report_marks_the_reply_and_tells_its_author() {
    let desk = TestDesk::new().await;
    let number = desk.write("Ann <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    desk.mail().await;
    maildesk::actions::reply::reply(&desk.desk, &desk.hal, number, &crate::mail_loop::reply_of("Unplug it.")).await.unwrap();
    let [sent] = desk.mail_to("ann@home.test").await.try_into().unwrap();
    let id = sent.read.message_id.as_ref().unwrap();
    let report = format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.home.test\nTo: support@desk.test\nSubject: Undelivered Mail Returned to Sender\nMessage-ID: <dsn@mx.home.test>\n\
         MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: text/plain\n\nNo such user.\n\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.home.test\n\nFinal-Recipient: rfc822; ann@home.test\nAction: failed\nStatus: 5.1.1\n\
         Diagnostic-Code: smtp; 550 5.1.1 no such user\n\n--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <{id}>\n\n--b--\n"
    );
    let outcome = desk.receive(&report).await;
    assert_eq!((outcome.decision, outcome.ticket), ("record-bounce", Some(number)), "{}", outcome.reason);
    let [told] = desk.mail().await.try_into().unwrap();
    assert_eq!(told.to, "hal@desk.test");
    assert!(told.read.text.contains("no such user") && told.read.text.contains("ann@home.test"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_answer_to_a_ticket_closed_long_ago_is_released_to_a_new_one() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let number = desk.write("Ann <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    set_status(&desk.desk, &desk.ada, number, None, Status::Closed).await.unwrap();
    desk.later(SignedDuration::from_hours(31 * 24));
    let spam = mail("Ann <ann@home.test>", &format!("Re: [#{number}] Printer"), &["X-Spam-Flag: YES"], "Again.");
    assert_eq!(desk.receive(&spam).await.decision, "hold");
    let waiting = held_mail::list(
        &mut desk.desk.store.read().await.unwrap(),
        &held_mail::List {
            held: Held::Waiting,
            held_for: None,
            mailbox: None,
            words: "",
            from: held_mail::From::Newest,
            limit: 10,
            scope: maildesk::desk::permission::Scope::All,
        },
    )
    .await
    .unwrap();
    let released = held::open(&desk.desk, &desk.hal, waiting[0].id).await.unwrap();
    assert_ne!(released, number);
    assert_eq!((desk.ticket(number).await.status, desk.ticket(released).await.linked), (Status::Closed, Some(number)));
}
