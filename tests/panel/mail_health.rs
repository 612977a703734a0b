//! Mail health: mailboxes for all staff, the outbox for admins.

use axum::http::StatusCode;
use jiff::SignedDuration;
use maildesk::store::mailboxes;

use crate::{browser::Browser, test_desk::TestDesk};

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_in_trouble_shows_on_every_staff_page() {
    let desk = TestDesk::new().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let dot = "One mailbox needs attention";
    assert!(!hal.get("/tickets").await.says(dot), "it has only begun");
    let mut tx = desk.desk.store.begin().await.unwrap();
    mailboxes::checked(&mut tx, desk.mailbox, 0, desk.desk.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    assert!(hal.get("/mail").await.says("Reading"));
    desk.later(SignedDuration::from_mins(11));
    assert!(hal.get("/tickets").await.says(dot), "it fell silent");
    let mut tx = desk.desk.store.begin().await.unwrap();
    mailboxes::failed(&mut tx, desk.mailbox, "the server refuses the password", desk.desk.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    desk.later(SignedDuration::from_mins(30));
    let page = hal.get("/mail").await;
    assert!(page.says("has not been read for 30 minutes") && page.says("the server refuses the password"), "{}", page.text());
    let mut ann = Browser::of(&desk, &desk.ann).await;
    assert!(!ann.get("/my").await.says("mailbox"));
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
