//! The page behind the links of the Resolved mail.

use axum::http::StatusCode;
use maildesk::{
    actions::set_status::set_status,
    desk::{id::TicketNumber, ticket::Status},
    store::ratings,
};

use crate::{browser::Browser, test_desk::TestDesk};

const FIRST: TicketNumber = TicketNumber(1);

async fn asked() -> (TestDesk, String) {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    desk.write("Ann Lee <ann@home.test>", "Smoke <b>& fire</b>", "It smokes.").await;
    desk.mail().await;
    set_status(&desk.desk, &desk.hal, FIRST, None, Status::Resolved).await.unwrap();
    let mail = desk.mail_to("ann@home.test").await.pop().unwrap();
    let (_, rest) = mail.read.text.split_once("/rate/").unwrap();
    (desk, format!("/rate/{}", rest.split('?').next().unwrap()))
}

async fn said(desk: &TestDesk) -> Vec<(&'static str, String)> {
    let rows = ratings::of_ticket(&mut desk.desk.store.read().await.unwrap(), FIRST).await.unwrap();
    rows.into_iter().map(|it| (it.rating.as_str(), it.comment)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_a_link_records_nothing_and_pressing_the_button_does() {
    let (desk, page) = asked().await;
    let mut ann = Browser::new(&desk);
    let version = desk.ticket(FIRST).await.version;
    for link in ["r=good", "r=bad", "r=okay", "r=", "r=5", "done=1"] {
        let shown = ann.get(&format!("{page}?{link}")).await;
        assert_eq!(shown.status, StatusCode::OK, "{link}: {}", shown.text());
        assert!(
            shown.says("How did we do?") && shown.says("Hal Nine") && shown.says("Smoke &lt;b&gt;&amp; fire&lt;/b&gt;"),
            "{}",
            shown.text()
        );
        assert!(!shown.says("Thank you"), "{link}");
    }
    assert!(ann.get(&format!("{page}?r=bad")).await.says("value=\"bad\" checked"));
    assert!(said(&desk).await.is_empty());
    assert_eq!(desk.ticket(FIRST).await.version, version);

    let none = ann.post(&page, &[("comment", "Well")]).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(none.says("choose one of the three") && none.says("Well</textarea>"));
    let sent = ann.post(&page, &[("rating", "bad"), ("comment", "<script>alert(1)</script>")]).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    assert_eq!(said(&desk).await, [("bad", "<script>alert(1)</script>".to_owned())]);
    let thanks = ann.get(sent.location()).await;
    assert!(thanks.says("Thank you") && thanks.says("Not good") && thanks.says("Change my answer"));
    ann.post(&page, &[("rating", "good"), ("comment", "")]).await;
    assert_eq!(said(&desk).await, [("good", String::new())]);
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let ticket = hal.get("/tickets/1").await;
    for there in ["rated it <b><bdi>Not good</bdi></b>", "<h2>Satisfaction</h2>", "answered 1 time, 1 of them good or okay"] {
        assert!(ticket.says(there), "{there}: {}", ticket.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_link_of_ours_is_not_there() {
    let (desk, page) = asked().await;
    let mut eve = Browser::new(&desk);
    for wrong in
        ["/rate/1", "/rate/1.2.3.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "/rate/%20", &page.replacen("1.", "2.", 1), &format!("{page}x")]
    {
        assert_eq!(eve.get(wrong).await.status, StatusCode::NOT_FOUND, "{wrong}");
    }
    desk.later(jiff::SignedDuration::from_hours(31 * 24));
    let old = eve.get(&page).await;
    assert_eq!(old.status, StatusCode::FORBIDDEN);
    assert!(old.says("they are over") && old.says("Write to us instead"), "{}", old.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_signed_in_can_answer_as_well() {
    let (desk, page) = asked().await;
    let mut ann = Browser::of(&desk, &desk.ann).await;
    ann.get(&page).await;
    let sent = ann.post(&page, &[("rating", "okay"), ("comment", "")]).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    assert_eq!(said(&desk).await, [("okay", String::new())]);
}
