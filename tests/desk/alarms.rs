//! Alarms by mail: once when a trouble begins, once when it is over, through whichever server works.

use jiff::SignedDuration;
use maildesk::{
    actions::alarm::{self, Findings},
    desk::{
        alarm::{Going, WayOut},
        person::Role,
        trouble::{Trouble, TroubleKind},
    },
    store::{mailboxes, outbox::Outcome, sending},
};

use crate::test_desk::TestDesk;

/// The mailbox cannot be read.
async fn fails(desk: &TestDesk) {
    let mut tx = desk.desk.store.begin().await.unwrap();
    mailboxes::failed(&mut tx, desk.mailbox, "mx.test:993 refuses the sign-in; enter the right password", desk.desk.clock.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

/// Its server has answered.
async fn is_checked(desk: &TestDesk) {
    let mut tx = desk.desk.store.begin().await.unwrap();
    mailboxes::checked(&mut tx, desk.mailbox, 0, desk.desk.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
}

/// So many minutes in which its server answers each time.
async fn goes_well(desk: &TestDesk, minutes: i64) {
    for _ in 0..minutes {
        is_checked(desk).await;
        desk.rounds(1).await;
    }
}

/// Subjects of what leaves now, with whom it goes to.
async fn told(desk: &TestDesk) -> Vec<String> {
    desk.mail().await.into_iter().map(|it| format!("{}: {}", it.to, it.read.subject)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_admins_are_told_once_when_it_begins_and_once_when_it_is_over() {
    let desk = TestDesk::new().await;
    let bea = desk.add(Role::Admin, "Bea Hall", "bea@desk.test").await;
    is_checked(&desk).await;
    desk.round().await;
    fails(&desk).await;
    desk.rounds(10).await;
    assert_eq!(told(&desk).await, [""; 0], "it may pass");
    desk.rounds(1).await;
    let mails = desk.mail().await;
    let to: Vec<&str> = mails.iter().map(|it| it.to.as_str()).collect();
    assert_eq!(to, [desk.ada.email.as_str(), bea.email.as_str()]);
    let mail = &mails[0];
    assert_eq!(mail.read.subject, "support@desk.test is not being read: mx.test:993 refuses the sign-in.");
    assert!(mail.read.text.contains("Enter the right password.") && mail.read.text.contains("/mail"), "{}", mail.read.text);
    assert!(mail.read.text.contains("Since 2 November 2026, 09:00 (UTC)."), "{}", mail.read.text);
    assert!(mail.raw.contains("Auto-Submitted: auto-generated") && mail.envelope_from.is_none());
    desk.rounds(600).await;
    assert_eq!(told(&desk).await, [""; 0], "once");
    goes_well(&desk, 5).await;
    assert_eq!(told(&desk).await, [""; 0], "it may come back");
    goes_well(&desk, 2).await;
    let over = "Over: support@desk.test is not being read: mx.test:993 refuses the sign-in.";
    assert_eq!(told(&desk).await, [format!("ada@desk.test: {over}"), format!("bea@desk.test: {over}")]);
    goes_well(&desk, 60).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_and_goes_all_day_is_told_a_few_times() {
    let desk = TestDesk::new().await;
    let mut mails = 0;
    desk.round().await;
    // A quarter of an hour away, a quarter of an hour there: 48 times.
    for _ in 0..48 {
        fails(&desk).await;
        desk.rounds(15).await;
        mails += desk.mail().await.len();
        goes_well(&desk, 15).await;
        mails += desk.mail().await.len();
    }
    assert!((4..=12).contains(&mails), "{mails} mails");
    goes_well(&desk, 5 * 60).await;
    desk.mail().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_after_two_days_tells_nothing_before_it_has_looked() {
    let desk = TestDesk::new().await;
    is_checked(&desk).await;
    desk.round().await;
    fails(&desk).await;
    desk.rounds(5).await;
    desk.later(SignedDuration::from_hours(48));
    desk.round().await;
    desk.rounds(9).await;
    assert_eq!(told(&desk).await, [""; 0], "it was not told and counts anew");
    is_checked(&desk).await;
    desk.rounds(3).await;
    desk.later(SignedDuration::from_hours(24 * 365));
    desk.round().await;
    desk.rounds(4).await;
    goes_well(&desk, 10).await;
    assert_eq!(told(&desk).await, [""; 0], "a clock that leaps a year makes no storm");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_tell_it_once() {
    let desk = TestDesk::new().await;
    let trouble = Trouble {
        kind: TroubleKind::Mailbox,
        about: "support".to_owned(),
        since: desk.desk.clock.now(),
        says: "it is away".to_owned(),
        mend: "wait".to_owned(),
    };
    let found = [trouble];
    let ways = [WayOut { mailbox: desk.mailbox, works: true }];
    for _ in 0..15 {
        desk.later(SignedDuration::from_mins(1));
        let as_seen_by = |instance| Findings { found: &found, instance, going: Going::Steadily, ways: &ways };
        let (one, two) = (as_seen_by("one"), as_seen_by("two"));
        let (one, two) = tokio::join!(alarm::keep(&desk.desk, &one), alarm::keep(&desk.desk, &two));
        assert_eq!((one.unwrap().len(), two.unwrap().len()), (1, 1));
    }
    assert_eq!(told(&desk).await, ["ada@desk.test: It is away."]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_whose_server_is_down_leaves_by_another_and_nobody_is_told_of_what_is_over() {
    let desk = TestDesk::with_two_mailboxes().await;
    let sales = desk.desk.mailboxes.iter().nth(1).unwrap().0;
    let ways = |one, two| [WayOut { mailbox: desk.mailbox, works: one }, WayOut { mailbox: sales, works: two }];
    let trouble = |says: &str| Trouble {
        kind: TroubleKind::Disk,
        about: "here".to_owned(),
        since: desk.desk.clock.now(),
        says: says.to_owned(),
        mend: "make room".to_owned(),
    };
    let keep = async |found: &[Trouble], ways: &[WayOut]| {
        desk.later(SignedDuration::from_mins(1));
        alarm::keep(&desk.desk, &Findings { found, instance: "here", going: Going::Steadily, ways }).await.unwrap();
    };
    let full = [trouble("the disk is full")];
    keep(&full, &ways(true, true)).await;
    keep(&full, &ways(true, true)).await;
    put_off(&desk).await;
    keep(&full, &ways(false, false)).await;
    assert_eq!(waiting(&desk).await, [(desk.mailbox, 1)], "no other way works");
    keep(&full, &ways(false, true)).await;
    assert_eq!(waiting(&desk).await, [(sales, 1)], "one that works takes it");
    keep(&full, &ways(false, true)).await;
    assert_eq!(waiting(&desk).await, [(sales, 1)], "and it stays there");
    for _ in 0..5 {
        keep(&[], &ways(false, false)).await;
    }
    for _ in 0..5 {
        keep(&[], &ways(true, true)).await;
    }
    assert_eq!(waiting(&desk).await, [], "what began and was over before anybody heard of it is told to nobody");
}

/// How much waits to leave from each mailbox.
async fn waiting(desk: &TestDesk) -> Vec<(maildesk::desk::id::MailboxId, i64)> {
    let later = desk.desk.clock.now() + SignedDuration::from_hours(1);
    let mut all = Vec::new();
    for (mailbox, _) in desk.desk.mailboxes.iter() {
        let mut tx = desk.desk.store.begin().await.unwrap();
        let n = sending::due(&mut tx, mailbox, "looking", &[], 10, later).await.unwrap().len();
        if n > 0 {
            all.push((mailbox, n as i64));
        }
    }
    all
}

/// The server of the first mailbox puts off what waits.
async fn put_off(desk: &TestDesk) {
    let now = desk.desk.clock.now();
    let mut tx = desk.desk.store.begin().await.unwrap();
    let due: Vec<_> = sending::due(&mut tx, desk.mailbox, "test", &[], 10, now).await.unwrap().into_iter().map(|it| it.id).collect();
    for it in sending::lease(&mut tx, "test", now + SignedDuration::from_mins(1), &due, now).await.unwrap() {
        let put_off = Outcome { state: "delayed", words: "no", next_at: Some(now) };
        sending::record(&mut tx, it.id, "test", &put_off, now).await.unwrap();
    }
    tx.commit().await.unwrap();
}
