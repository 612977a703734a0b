//! What strangers and broken machines do to the mail that is on its way: nothing stops it, nothing sends what was taken back.

use maildesk::{
    actions::{Mailboxes, deliveries, reply, withdraw_reply::withdraw_reply},
    desk::{
        id::{DeliveryId, TicketNumber},
        settings::MailboxSettings,
    },
    store::{
        conversation::{self, Audience, Delivery},
        held as held_mail, mailboxes, messages,
        messages::{Arrived, Taken},
    },
    workers::{sender, take_in},
};

use crate::{
    mail_loop::reply_of,
    test_desk::{Mail, TestDesk, answer, mail},
};

async fn copies(desk: &TestDesk, number: maildesk::desk::id::TicketNumber) -> Vec<Delivery> {
    let mut conn = desk.desk.store.read().await.unwrap();
    conversation::said(&mut conn, number, Audience::Staff, 100).await.unwrap().into_iter().flat_map(|it| it.deliveries).collect()
}

fn report_about(id: &str, recipient: &str) -> String {
    format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@else.test\nTo: support@desk.test\nSubject: Undelivered\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nIt failed.\n--b\nContent-Type: message/delivery-status\n\n\
         Reporting-MTA: dns; else.test\n\nFinal-Recipient: rfc822; {recipient}\nAction: failed\nStatus: 5.1.1\n\n--b\nContent-Type: text/rfc822-headers\n\n\
         Message-ID: <{id}>\n\n--b--\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_report_does_not_stop_a_copy_that_still_waits() {
    let desk = TestDesk::new().await;
    let number = desk.receive(&mail("Ann <ann@home.test>", "Printer", &["Cc: Ben <ben@home.test>"], "It smokes.")).await.ticket.unwrap();
    desk.mail().await;
    let said = reply::reply(&desk.desk, &desk.hal, number, &reply_of("Unplug it.")).await.unwrap();
    let raw = conversation::raw_mail(&mut desk.desk.store.read().await.unwrap(), said).await.unwrap().unwrap();
    let raw = desk.desk.store.blobs().get(&mut desk.desk.store.read().await.unwrap(), &raw.sha256).await.unwrap().unwrap();
    let id = maildesk::mail::parse::read(&raw).message_id.unwrap();
    let outcome = desk.receive(&report_about(id.as_str(), "ben@home.test")).await;
    assert_eq!(outcome.decision, "record-bounce");
    assert_eq!(desk.mail_to("ben@home.test").await.len(), 1, "what has not left cannot have come back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_was_taken_back_cannot_be_sent_again() {
    let desk = TestDesk::new().await;
    let number = desk.write("Ann <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    desk.mail().await;
    let said = reply::reply(&desk.desk, &desk.hal, number, &reply_of("Rude words.")).await.unwrap();
    withdraw_reply(&desk.desk, &desk.hal, said).await.unwrap();
    for copy in copies(&desk, number).await {
        let refused = deliveries::retry(&desk.desk, &desk.hal, DeliveryId(copy.id.0)).await.unwrap_err();
        assert!(refused.to_string().contains("taken back"), "{refused}");
    }
    assert!(desk.mail_to("ann@home.test").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helpers_out_of_office_is_shown_to_no_customer() {
    let desk = TestDesk::new().await;
    let number = desk.write("Ann <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    let notice: Mail = desk.mail().await.into_iter().find(|it| it.to == "hal@desk.test").unwrap();
    let away = answer(&notice, "Hal <hal@desk.test>", "I am away; call my sister.").replacen(
        "MIME-Version",
        "Auto-Submitted: auto-replied\nMIME-Version",
        1,
    );
    assert_eq!(desk.receive(&away).await.ticket, Some(number));
    let mut conn = desk.desk.store.read().await.unwrap();
    for (audience, shown) in [(Audience::Staff, 2), (Audience::Customer, 1)] {
        assert_eq!(conversation::said(&mut conn, number, audience, 100).await.unwrap().len(), shown, "{audience:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_whose_mailbox_left_the_configuration_is_answered_by_the_first() {
    let mut desk = TestDesk::new().await;
    let number = desk.write("Ann <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    let mut tx = desk.desk.store.begin().await.unwrap();
    let address = "help@desk.test".parse().unwrap();
    let help = mailboxes::ensure(&mut tx, "help", &address).await.unwrap();
    tx.commit().await.unwrap();
    let renamed = Mailboxes::new(vec![(help, MailboxSettings::new("help", address, "Help"))]);
    desk.desk.mailboxes = maildesk::desk::present::Present::new(renamed);
    desk.mailbox = help;
    sender::take_up(&desk.desk).await.unwrap();
    reply::reply(&desk.desk, &desk.hal, number, &reply_of("Unplug it.")).await.unwrap();
    desk.later(jiff::SignedDuration::from_mins(1));
    let to: Vec<String> = desk.mail().await.into_iter().map(|it| it.to).collect();
    assert_eq!(to.iter().filter(|it| *it == "ann@home.test").count(), 2, "the receipt that waited, and the reply: {to:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_octets_are_lost_is_held_and_those_behind_it_go_on() {
    let desk = TestDesk::new().await;
    desk.is_damaged();
    desk.mail_does_not_matter();
    let blobs = desk.desk.store.blobs();
    let big = mail("Ann <ann@home.test>", "Big", &[], &"x".repeat(300_000));
    let now = desk.desk.clock.now();
    let mut tx = desk.desk.store.begin().await.unwrap();
    for raw in [big, mail("Ben <ben@home.test>", "Small", &[], "It smokes.")] {
        let sha256 = blobs.put(&mut tx, raw.as_bytes(), now).await.unwrap();
        let arrived = Arrived {
            mailbox: desk.mailbox,
            content_key: sha256.as_str(),
            sha256: &sha256,
            size: raw.len() as u64,
            received_at: now,
            taken: Taken::Whole,
        };
        messages::keep(&mut tx, &[arrived], now).await.unwrap();
    }
    tx.commit().await.unwrap();
    std::fs::remove_dir_all(desk.folder.path().join("blobs")).unwrap();
    assert_eq!(take_in::decide_left_over(&desk.desk, &mut take_in::Begun::default()).await.unwrap(), 2);
    let mut conn = desk.desk.store.read().await.unwrap();
    let held = held_mail::list(
        &mut conn,
        &held_mail::List {
            held: messages::Held::Waiting,
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
    assert_eq!(held.len(), 1);
    assert!(held[0].reason.contains("restore it from a backup"), "{}", held[0].reason);
    assert!(desk.person("ben@home.test").await.is_some(), "the one behind it is a ticket");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_holds_nothing_and_the_decision_is_made_when_there_is_room() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let number = desk.receive(&mail("Ann <ann@home.test>", "Printer", &["Cc: Ben <ben@home.test>"], "It smokes.")).await.ticket.unwrap();
    reply::reply(&desk.desk, &desk.hal, number, &reply_of("Show it.")).await.unwrap();
    // Small enough for the database as it comes, too large for it as it would leave: a file has to be written.
    let body = format!(
        "--b\n\nHere.\n--b\nContent-Type: application/x\nContent-Disposition: attachment; filename=a\n\n{}\n--b--\n",
        "y\n".repeat(110_000)
    );
    let raw = mail("Ann <ann@home.test>", &format!("Re: [#{number}] Printer"), &[], &body)
        .replace("text/plain; charset=utf-8", "multipart/mixed; boundary=b");
    let blobs = desk.folder.path().join("blobs");
    let aside = desk.folder.path().join("aside");
    std::fs::rename(&blobs, &aside).unwrap();
    std::fs::write(&blobs, "no room").unwrap();
    let now = desk.desk.clock.now();
    let arrival = take_in::Arrival { place: None, received_at: now, size: raw.len() as u64, taken: Taken::Whole, octets: raw.as_bytes() };
    assert!(take_in::take_in(&desk.desk, desk.mailbox, &[arrival]).await.is_err(), "it is not decided, and not held");
    let mut begun = take_in::Begun::default();
    take_in::note_left_over(&desk.desk).await.unwrap();
    for _ in 0..4 {
        assert!(take_in::decide_left_over(&desk.desk, &mut begun).await.is_err(), "however often it is tried");
    }
    std::fs::remove_file(&blobs).unwrap();
    std::fs::rename(&aside, &blobs).unwrap();
    assert_eq!(take_in::decide_left_over(&desk.desk, &mut begun).await.unwrap(), 1);
    let said = conversation::said(&mut desk.desk.store.read().await.unwrap(), number, Audience::Staff, 100).await.unwrap();
    assert_eq!(said.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_somebody_else_writes_to_is_waited_for_a_while_and_then_offered_again() {
    let desk = TestDesk::new().await;
    if !desk.url.starts_with("sqlite:") {
        // PostgreSQL has many writers; how long it is waited for, tests/store/patience.rs says.
        return;
    }
    desk.mail_does_not_matter();
    let other = sqlx::SqlitePool::connect(&desk.url).await.unwrap();
    let writing = other.begin_with("begin immediate").await.unwrap();
    let raw = mail("Ann <ann@home.test>", "Printer", &[], "It smokes.").replace('\n', "\r\n");
    let now = desk.desk.clock.now();
    let arrival = take_in::Arrival { place: None, received_at: now, size: raw.len() as u64, taken: Taken::Whole, octets: raw.as_bytes() };
    let began = std::time::Instant::now();
    let refused = take_in::take_in(&desk.desk, desk.mailbox, &[arrival]).await.unwrap_err();
    let waited = began.elapsed().as_secs();
    assert!((5..40).contains(&waited), "after {waited} s: {refused}");
    let pages = conversation::said(&mut desk.desk.store.read().await.unwrap(), TicketNumber(1), Audience::Staff, 1).await.unwrap();
    assert!(pages.is_empty(), "what is only read goes on");
    writing.rollback().await.unwrap();
    let taken = take_in::take_in(&desk.desk, desk.mailbox, &[arrival]).await.unwrap();
    assert_eq!((taken.len(), taken[0].decision), (1, "open-ticket"));
    other.close().await;
}
