//! A customer's own pages: theirs alone, public words alone.

use axum::http::StatusCode;
use jiff::SignedDuration;
use maildesk::{
    actions::{assign::assign, reply, set_status::set_status, write_note::write_note},
    desk::{
        comment::CommentText,
        id::{CommentId, TicketNumber},
        person::Role,
        ticket::Status,
    },
    store::comments,
};

use crate::{browser::Browser, test_desk::TestDesk};

async fn staff_reply(desk: &TestDesk, number: TicketNumber, text: &str) {
    let last = comments::last_public(&mut desk.desk.store.read().await.unwrap(), number, CommentId(i64::MAX)).await.unwrap();
    let words = reply::Reply {
        text: CommentText::parse(text).unwrap(),
        files: Vec::new(),
        seen: last.map(|it| it.id),
        then: None,
        composed: Default::default(),
    };
    reply::reply(&desk.desk, &desk.hal, number, &words).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_asks_reads_answers_closes_and_opens_again() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let mut ann = Browser::of(&desk, &desk.ann).await;
    ann.get("/my/new").await;
    let sent = ann.post_file("/my", &[("subject", "Printer"), ("body", "It smokes.")], ("log.txt", "text/plain", b"smoke")).await;
    assert_eq!(sent.location(), "/my/1", "{}", sent.text());
    let number = TicketNumber(1);
    desk.later(SignedDuration::from_mins(1));
    staff_reply(&desk, number, "Open a window.").await;
    assert!(!ann.get("/my/1").await.says("Open a window."), "what can be taken back has not been said");
    desk.later(SignedDuration::from_mins(1));
    let page = ann.get("/my/1").await;
    assert!(page.says("Open a window.") && page.says("It smokes.") && page.says("log.txt"), "{}", page.text());
    let file = page.text().split("href=\"/my/attachments/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(ann.get(&format!("/my/attachments/{file}")).await.bytes, b"smoke");
    ann.get("/my/1").await;
    assert!(ann.post("/my/1/messages", &[("body", "It is open.")]).await.location().starts_with("/my/1#m"));
    ann.post("/my/1", &[("do", "close")]).await;
    assert_eq!(desk.ticket(number).await.status, Status::Closed);
    ann.post("/my/1", &[("do", "reopen")]).await;
    assert_eq!(desk.ticket(number).await.status, Status::Open);
    set_status(&desk.desk, &desk.hal, number, None, Status::Resolved).await.unwrap();
    ann.post("/my/1/messages", &[("body", "Still smoke.")]).await;
    assert_eq!(desk.ticket(number).await.status, Status::Open, "an answer opens it again");
    let empty = ann.post("/my/1/messages", &[("body", " ")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_note_no_event_and_no_staff_address_is_on_a_customers_page() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    assign(&desk.desk, &desk.hal, number, None, Some(desk.hal.id)).await.unwrap();
    write_note(&desk.desk, &desk.hal, number, &CommentText::parse("A difficult customer.").unwrap(), &[]).await.unwrap();
    staff_reply(&desk, number, "Open a window.").await;
    desk.later(SignedDuration::from_hours(2));
    let mut ann = Browser::of(&desk, &desk.ann).await;
    let page = ann.get(&format!("/my/{number}")).await;
    assert!(page.says("Open a window."));
    for hidden in ["difficult", "hal@desk.test", "Assigned", "assigned", "Waiting", "deliveries", "/tickets/"] {
        assert!(!page.says(hidden), "{hidden} is on the page");
    }
    let list = ann.get("/my").await;
    assert!(list.says("Printer") && !list.says("difficult"));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_customers_request_does_not_exist() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    let eve = desk.add(Role::Customer, "Eve", "eve@home.test").await;
    let mut browser = Browser::of(&desk, &eve).await;
    browser.get("/my").await;
    let (theirs, never) = (browser.get(&format!("/my/{number}")).await, browser.get("/my/4711").await);
    assert_eq!((theirs.status, never.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
    assert_eq!(theirs.text(), never.text());
    browser.get("/my/new").await;
    for (path, form) in [(format!("/my/{number}"), ("do", "close")), (format!("/my/{number}/messages"), ("body", "Hello"))] {
        assert_eq!(browser.post(&path, &[form]).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert!(!browser.get("/my").await.says("Printer"));
    assert_eq!(desk.ticket(number).await.status, Status::Open);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_finds_a_request_by_its_state_and_its_public_words() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let printer = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    desk.write("Ann Lee <ann@home.test>", "Scanner", "It hums 100% of the day.").await;
    write_note(&desk.desk, &desk.hal, printer, &CommentText::parse("A difficult customer.").unwrap(), &[]).await.unwrap();
    set_status(&desk.desk, &desk.hal, printer, None, Status::Resolved).await.unwrap();
    desk.later(SignedDuration::from_mins(1));
    let mut ann = Browser::of(&desk, &desk.ann).await;
    for (path, printer, scanner) in [
        ("/my", true, true),
        ("/my?show=open", false, true),
        ("/my?show=done", true, false),
        ("/my?show=nonsense", true, true),
        ("/my?q=SMOKES", true, false),
        ("/my?q=100%25", false, true),
        ("/my?q=%23100", false, false),
        ("/my?q=%231", true, false),
        ("/my?q=difficult", false, false),
        ("/my?q=_", false, false),
        ("/my?q=zzz&show=open", false, false),
    ] {
        let page = ann.get(path).await;
        assert_eq!((page.says("<bdi>Printer"), page.says("<bdi>Scanner")), (printer, scanner), "{path}");
    }
    staff_reply(&desk, printer, "Open a window.").await;
    assert!(!ann.get("/my?q=window").await.says("<bdi>Printer"), "what can be taken back has not been said");
    desk.later(SignedDuration::from_mins(1));
    assert!(ann.get("/my?q=window").await.says("<bdi>Printer"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_that_is_not_offered_takes_no_request() {
    let desk = TestDesk::with(Default::default(), |it| it.portal = maildesk::desk::settings::Portal::Hide).await;
    let mut ann = Browser::of(&desk, &desk.ann).await;
    ann.get("/my/new").await;
    let id = desk.mailbox.to_string();
    for mailbox in ["", id.as_str(), "4711"] {
        let refused = ann.post("/my", &[("subject", "Printer"), ("body", "It smokes."), ("mailbox", mailbox)]).await;
        assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.says("no such mailbox"), "{}", refused.text());
    }
}
