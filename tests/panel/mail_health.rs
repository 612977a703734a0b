//! Mail health: mailboxes for all staff, the outbox for admins.

use axum::http::{Method, StatusCode};
use jiff::SignedDuration;
use maildesk::{
    actions::round_trip::send_where_due,
    desk::{backup::Schedule, settings::DeskSettings},
    store::{backup::rows, instances, leases, mailboxes, outbox::Outcome, sending},
    workers::{instance::Instance, lease::Lease},
};

use crate::{browser::Browser, test_desk::TestDesk};

/// The mailbox cannot be read, in these words.
async fn fails(desk: &TestDesk, words: &str) {
    let mut tx = desk.desk.store.begin().await.unwrap();
    mailboxes::failed(&mut tx, desk.mailbox, words, desk.desk.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
}

/// Somebody reads the mailbox, and its server has answered just now.
pub async fn is_read(desk: &TestDesk) {
    let (mut tx, now) = (desk.desk.store.begin().await.unwrap(), desk.desk.clock.now());
    let reads = instances::begin(&mut tx, "here", SignedDuration::from_hours(1), now).await.unwrap();
    leases::grant(&mut tx, desk.mailbox, reads, now).await.unwrap();
    mailboxes::checked(&mut tx, desk.mailbox, 0, now).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_staff_page_says_when_each_mailbox_was_checked_and_what_is_not_well() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let dot = "One mailbox needs attention";
    desk.round().await;
    let page = hal.get("/tickets").await;
    assert!(!page.says(dot) && page.says("not checked yet") && page.says("no mail yet"), "it has only begun");
    is_read(&desk).await;
    desk.rounds(4).await;
    let page = hal.get("/tickets").await;
    assert!(page.says("checked <time datetime=\"2026-11-02T09:00:00Z\" title=\"2 Nov 2026, 09:00\">4 min</time>"), "{}", page.text());
    assert!(hal.get("/mail").await.says("Reading"));
    assert!(page.says("<span class=\"dot ok\" role=\"img\" aria-label=\"well\">"), "{}", page.text());
    desk.rounds(7).await;
    let page = hal.get("/tickets").await;
    assert!(!page.says(dot), "what may pass within seconds does not count");
    assert!(page.says("<span class=\"dot \" role=\"img\" aria-label=\"not checked lately\">"), "nor does it look well: {}", page.text());
    desk.rounds(1).await;
    assert!(hal.get("/tickets").await.says(dot), "it fell silent");
    fails(&desk, "mx.test:993 refuses the sign-in of support; enter the right imap.password").await;
    desk.rounds(30).await;
    for path in ["/tickets", "/held", "/mail", "/profile"] {
        let page = hal.get(path).await;
        assert!(page.says(dot) && page.says("support@desk.test is not being read: mx.test:993 refuses the sign-in of support."), "{path}");
    }
    assert!(hal.get("/mail").await.says("</b> Enter the right imap.password."));
    assert!(hal.get("/tickets").await.says("See what to do"));
    let mut ann = Browser::of(&desk, &desk.ann).await;
    assert!(!ann.get("/my").await.says("support@desk.test is not"));
    is_read(&desk).await;
    desk.round().await;
    assert!(!hal.get("/tickets").await.says(dot), "back by itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helper_is_not_shown_whom_the_desk_could_not_write_to() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await;
    let mut tx = desk.desk.store.begin().await.unwrap();
    let now = desk.desk.clock.now();
    let due: Vec<_> = sending::due(&mut tx, desk.mailbox, "test", &[], 10, now).await.unwrap().into_iter().map(|it| it.id).collect();
    for it in sending::lease(&mut tx, "test", now, &due, now).await.unwrap() {
        let put_off = Outcome { state: "delayed", words: "451 <ann@home.test> not now", next_at: Some(now) };
        sending::record(&mut tx, it.id, "test", &put_off, now).await.unwrap();
    }
    tx.commit().await.unwrap();
    is_read(&desk).await;
    desk.rounds(13).await;
    let (mut hal, mut ada) = (Browser::of(&desk, &desk.hal).await, Browser::of(&desk, &desk.ada).await);
    let (helpers, admins) = (hal.get("/mail").await, ada.get("/mail").await);
    assert!(helpers.says("wait to leave for too long: 451 &lt;(an address)&gt; not now"), "{}", helpers.text());
    assert!(admins.says("wait to leave for too long: 451 &lt;ann@home.test&gt; not now"), "{}", admins.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_learns_whether_all_is_well_and_only_a_monitor_or_staff_what_is_not() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let mut nobody = Browser::new(&desk);
    assert_eq!(nobody.get("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE, "nothing is known yet");
    desk.round().await;
    assert_eq!(nobody.get("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE, "nobody has looked into the mailbox yet");
    assert!(Browser::of(&desk, &desk.hal).await.get("/readyz").await.says("not looked into since the desk began"));
    is_read(&desk).await;
    desk.round().await;
    let well = nobody.get("/readyz").await;
    assert_eq!(well.status, StatusCode::OK);
    assert!(well.says("\"ready\":true") && !well.says("support"), "{}", well.text());
    fails(&desk, "mx.test:993 broke off: ann@home.test; wait").await;
    desk.rounds(1).await;
    desk.rounds(1).await;
    let short = nobody.get("/readyz").await;
    assert_eq!(short.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(short.says("\"ready\":false") && !short.says("mx.test"), "{}", short.text());
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let bearer = format!("Bearer {}", desk.desk.keys.monitor_token());
    let by_token = nobody.send(Method::GET, "/readyz", "", Vec::new(), &[("authorization", &bearer)]).await;
    for told in [hal.get("/readyz").await, by_token] {
        let said: serde_json::Value = serde_json::from_slice(&told.bytes).unwrap();
        assert_eq!(
            (&said["ready"], &said["troubles"][0]["kind"], &said["troubles"][0]["mailbox"]),
            (&false.into(), &"mailbox".into(), &"support".into())
        );
        assert_eq!(said["troubles"][0]["says"], "support@desk.test is not being read: mx.test:993 broke off: (an address).");
        assert_eq!(said["troubles"][0]["mend"], "Wait.");
        assert_eq!(said["mailboxes"][0]["last_check"], "2026-11-02T09:00:00Z");
    }
    let wrong = nobody.send(Method::GET, "/readyz", "", Vec::new(), &[("authorization", "Bearer guessed")]).await;
    assert!(!wrong.says("mx.test"));
    let mut ann = Browser::of(&desk, &desk.ann).await;
    assert!(!ann.get("/readyz").await.says("mx.test"));
    desk.later(SignedDuration::from_mins(2));
    assert!(hal.get("/readyz").await.says("\"rounds\""), "the rounds have stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_calls_a_mail_off_and_a_helper_does_not_see_the_outbox() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await;
    let mut ada = Browser::of(&desk, &desk.ada).await;
    let page = ada.get("/mail").await;
    assert!(page.says("ann@home.test") && page.says("Waiting to leave"), "{}", page.text());
    let id = page.text().split("action=\"/mail/outbox/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let path = format!("/mail/outbox/{id}");
    ada.post(&path, &[("do", "cancel")]).await;
    assert!(ada.get("/mail").await.says("Called off"));
    ada.post(&path, &[("do", "cancel")]).await;
    assert!(ada.get("/mail").await.says("It is cancelled already"));
    let mut hal = Browser::of(&desk, &desk.hal).await;
    assert!(!hal.get("/mail").await.says("ann@home.test"));
    assert_eq!(hal.post(&path, &[("do", "retry")]).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mail_page_says_why_mail_that_was_taken_in_stays_on_the_server() {
    let desk = TestDesk::new().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let mut tx = desk.desk.store.begin().await.unwrap();
    mailboxes::not_filed(&mut tx, desk.mailbox, Some("the folder is open for reading only")).await.unwrap();
    tx.commit().await.unwrap();
    let page = hal.get("/mail").await;
    assert!(page.says("Not filed") && page.says("the folder is open for reading only"), "{}", page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_counted_is_told_to_a_monitor_and_to_admins_alone() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    maildesk::panel::metrics::begin();
    let mut nobody = Browser::new(&desk);
    assert_eq!(nobody.get("/metrics").await.status, StatusCode::UNAUTHORIZED);
    let mut hal = Browser::of(&desk, &desk.hal).await;
    assert_eq!(hal.get("/metrics").await.status, StatusCode::UNAUTHORIZED);
    desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await;
    is_read(&desk).await;
    desk.later(SignedDuration::from_secs(40));
    desk.round().await;
    hal.get("/tickets/1").await;
    let mut ada = Browser::of(&desk, &desk.ada).await;
    let page = ada.get("/metrics").await;
    assert_eq!(page.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    for line in [
        "maildesk_ready 1\n",
        "maildesk_mailbox_checked_seconds_ago{mailbox=\"support\"} 40\n",
        "maildesk_mailbox_mail_seconds_ago{mailbox=\"support\"} 40\n",
        "maildesk_mailbox_waiting{mailbox=\"support\"} 0\n",
        "maildesk_ledger_messages{state=\"held\"} 0\n",
        "maildesk_outbox_copies{mailbox=\"support\",state=\"waiting\"} 3\n",
        "maildesk_outbox_oldest_seconds{mailbox=\"support\",state=\"waiting\"} 40\n",
        "maildesk_decided_total{decision=\"open-ticket\"} 1\n",
        "maildesk_request_seconds_count{route=\"/tickets/{number}\"} 1\n",
        "maildesk_intake_lag_seconds_bucket{le=\"0.5\"} 1\n",
        "maildesk_database_seconds_count 1\n",
        "maildesk_database_up 1\n",
        "# TYPE maildesk_request_seconds histogram\n",
    ] {
        assert!(page.says(line), "no {line}{}", page.text());
    }
    assert!(!page.says("maildesk_trouble{") && !page.says("home.test"), "{}", page.text());
    fails(&desk, "no").await;
    desk.rounds(2).await;
    let by_token = format!("Bearer {}", desk.desk.keys.monitor_token());
    let page = nobody.send(Method::GET, "/metrics", "", Vec::new(), &[("authorization", &by_token)]).await;
    assert!(page.says("maildesk_ready 0\n") && page.says("maildesk_trouble{kind=\"mailbox\",about=\"support\"} 1\n"), "{}", page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_round_trip_is_on_the_page_of_mail_and_among_the_figures() {
    let hour = SignedDuration::from_hours(1);
    let desk = TestDesk::with(DeskSettings::default(), |it| it.probe_every = Some(hour)).await;
    let instance = Instance::begin(&desk.desk, "one").await.unwrap();
    let lease = Lease::take(&desk.desk, &instance, desk.mailbox).await.unwrap().unwrap();
    let mut ada = Browser::of(&desk, &desk.ada).await;
    desk.round().await;
    assert!(ada.get("/mail").await.says("<dt>Round trip</dt><dd>none yet</dd>"));
    assert!(!ada.get("/metrics").await.says("maildesk_round_trip"));
    send_where_due(&desk.desk, lease.fence()).await.unwrap();
    assert!(ada.get("/mail").await.says("one waits to leave"));
    let [probe] = &desk.mail().await[..] else { panic!("one leaves") };
    assert!(ada.get("/mail").await.says("one is under way"));
    desk.later(SignedDuration::from_secs(12));
    desk.receive(&probe.raw).await;
    desk.later(SignedDuration::from_mins(5));
    desk.round().await;
    let page = ada.get("/mail").await;
    assert!(
        page.says("<dt>Round trip</dt><dd>12 s, 5 min ago") || page.says("<dt>Round trip</dt><dd>12 s, 5 minutes ago"),
        "{}",
        page.text()
    );
    let figures = ada.get("/metrics").await;
    for line in ["maildesk_round_trip_seconds{mailbox=\"support\"} 12", "maildesk_round_trip_seconds_ago{mailbox=\"support\"} 300"] {
        assert!(figures.text().contains(line), "{}", figures.text());
    }
    assert!(!ada.get("/mail/messages").await.says(">Round-trip probe<"), "it is left out");
    assert!(ada.get("/mail/messages?probes=shown").await.says("Round-trip probe</bdi>"), "unless one asks");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_overdue_stands_above_every_page() {
    let schedule = Schedule { folder: "/nowhere".into(), every: SignedDuration::from_hours(24), keep: 7 };
    let desk = TestDesk::with(DeskSettings { backup: Some(schedule), ..DeskSettings::default() }, |_| ()).await;
    desk.mail_does_not_matter();
    let mut tx = desk.desk.store.begin().await.unwrap();
    let now = desk.desk.clock.now();
    let id = rows::begin(&mut tx, std::path::Path::new("/nowhere/one"), rows::MadeBy::Schedule, now).await.unwrap();
    rows::not_made(&mut tx, id, "there is no such folder; make it", now).await.unwrap();
    tx.commit().await.unwrap();
    is_read(&desk).await;
    desk.rounds(9).await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let says = "The last backup came to nothing: there is no such folder.";
    assert!(!hal.get("/tickets").await.says(says), "it may pass");
    for _ in 0..4 {
        is_read(&desk).await;
        desk.rounds(1).await;
    }
    assert!(hal.get("/tickets").await.says(says) && hal.get("/mail").await.says("</b> Make it."));
    assert!(hal.get("/readyz").await.says("\"kind\":\"backup\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_stand_beside_a_trouble() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let mut tx = desk.desk.store.begin().await.unwrap();
    mailboxes::failed(&mut tx, desk.mailbox, "mx.test:993 refuses the sign-in; enter the right password", desk.desk.clock.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    desk.rounds(15).await;
    let mut ada = Browser::of(&desk, &desk.ada).await;
    let page = ada.get("/analytics").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.says("class=\"notice trouble\""));
}
