//! What the pages say of a message whose original has expired.

use axum::http::StatusCode;
use jiff::SignedDuration;
use maildesk::{
    actions::{expire_raw::expire_raw, set_status::set_status},
    desk::{settings::DeskSettings, ticket::Status},
};

use crate::{browser::Browser, test_desk::TestDesk};

const KEPT: SignedDuration = SignedDuration::from_hours(40 * 24);

#[tokio::test(flavor = "multi_thread")]
async fn its_words_are_shown_and_that_its_original_is_gone() {
    let desk = TestDesk::with(DeskSettings { keep_raw: Some(KEPT), ..DeskSettings::default() }, |_| ()).await;
    desk.mail_does_not_matter();
    let html = "From: Ann <ann@home.test>\nTo: support@desk.test\nSubject: Printer\nMessage-ID: <p@home.test>\nDate: Mon, 2 Nov 2026 10:00:00 +0100\n\
                MIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n<p>It <b>smokes</b>. <img src=\"https://else.test/a.png\"></p>\n";
    let number = desk.receive(html).await.ticket.unwrap();
    for status in [Status::Resolved, Status::Closed] {
        set_status(&desk.desk, &desk.hal, number, None, status).await.unwrap();
    }
    desk.later(KEPT + SignedDuration::from_hours(24));
    assert_eq!(expire_raw(&desk.desk).await.unwrap(), 1);
    let mut ada = Browser::of(&desk, &desk.ada).await;
    let gone = "Its original expired (keep_raw in the configuration)";
    assert!(ada.get("/tickets/1").await.says("smokes"));
    let why = ada.get("/tickets/1/messages/1").await;
    assert!(why.status == StatusCode::OK && why.says("Why is it here?") && why.says(gone), "{}", why.text());
    assert!(!why.says("Download the whole message"));
    for path in ["/tickets/1/messages/1/source", "/mail/messages/1/source"] {
        let source = ada.get(path).await;
        assert!(source.status == StatusCode::GONE && source.says("The original is gone") && source.says(gone), "{path}: {}", source.text());
    }
    let one = ada.get("/mail/messages/1").await;
    assert!(one.status == StatusCode::OK && one.says("ann@home.test") && one.says("Why?") && one.says(gone), "{}", one.text());
    assert!(!one.says("/mail/messages/1/source"));
    assert!(ada.get("/tickets/1/messages/1/html").await.says("<b>smokes</b>"));
    let pictures = ada.post("/tickets/1/messages/1/html", &[]).await;
    assert!(pictures.status == StatusCode::OK && pictures.says("<b>smokes</b>"), "{}", pictures.text());
}
