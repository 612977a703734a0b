//! Held mail on its page: read, released, discarded, taken back.

use axum::http::StatusCode;

use crate::{
    browser::Browser,
    test_desk::{TestDesk, mail},
};

async fn with_list_mail() -> TestDesk {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let headers = ["List-Id: <offers.shop.test>\n", "Precedence: bulk\n"];
    let outcome = desk.receive(&mail("Shop <shop@shop.test>", "12 <b>offers</b>", &headers.map(str::trim), "Rakes & gloves.")).await;
    assert_eq!(outcome.decision, "hold");
    desk
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_message_is_read_with_its_reason_and_released_to_a_ticket() {
    let desk = with_list_mail().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let page = hal.get("/held").await;
    for said in
        ["12 &lt;b&gt;offers&lt;/b&gt;", "shop@shop.test", "Rakes &amp; gloves.", "List or bulk mail; this mailbox holds such mail."]
    {
        assert!(page.says(said), "{said}: {}", page.text());
    }
    let why = hal.get("/held/1").await;
    assert!(why.says("Written by a machine?") && why.says("decided"));
    let source = hal.get("/held/1/source").await;
    assert!(source.header("content-disposition").starts_with("attachment") && source.header("content-type") == "message/rfc822");
    hal.get("/held").await;
    let released = hal.post("/held/1", &[("do", "release")]).await;
    assert_eq!(released.location(), "/tickets/1");
    assert!(hal.get("/tickets/1").await.says("Rakes &amp; gloves."));
    assert!(!hal.get("/held").await.says("Rakes"));
    hal.post("/held/1", &[("do", "release")]).await;
    assert!(hal.get("/held/1").await.says("This message was released already"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_discarded_message_can_be_taken_back_and_released() {
    let desk = with_list_mail().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    hal.get("/held").await;
    hal.post("/held/1", &[("do", "discard")]).await;
    assert!(!hal.get("/held").await.says("Rakes"));
    assert!(hal.get("/held?state=discarded").await.says("Rakes"));
    hal.post("/held/1", &[("do", "back")]).await;
    assert!(hal.get("/held").await.says("Rakes"));
    hal.post("/held/1", &[("do", "discard")]).await;
    assert_eq!(hal.post("/held/1", &[("do", "release")]).await.location(), "/tickets/1");
    assert_eq!(hal.get("/held/99").await.status, StatusCode::NOT_FOUND);
    assert_eq!(hal.get("/held/99/source").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_never_held_is_not_shown_there() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    assert_eq!(hal.get("/held/1").await.status, StatusCode::NOT_FOUND);
    assert_eq!(hal.get("/held/1/source").await.status, StatusCode::NOT_FOUND);
}
