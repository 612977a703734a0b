//! Two people at one held message: nobody overrides what the other decided without having seen it.

use axum::http::StatusCode;

use crate::{
    browser::{Browser, Page},
    test_desk::{TestDesk, mail},
};

/// Held mail 1, 2 and 3, and the ticket of somebody else's mail.
async fn with_three() -> (TestDesk, String) {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    for n in 1..4 {
        let held = desk.receive(&mail("Shop <shop@shop.test>", &format!("Offer {n}"), &["Precedence: bulk"], "Cheap.")).await;
        assert_eq!(held.id.0, n);
    }
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    (desk, number.to_string())
}

/// What a page said that the form carries.
fn seen(page: &Page) -> String {
    page.field("seen")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_on_an_old_page_says_who_decided_and_one_more_press_does_it_anyway() {
    let (desk, number) = with_three().await;
    let (mut hal, mut ada) = (Browser::of(&desk, &desk.hal).await, Browser::of(&desk, &desk.ada).await);
    let old = seen(&hal.get("/held/1").await);
    ada.get("/held/1").await;
    ada.post("/held/1", &[("do", "discard"), ("seen", &old)]).await;
    for press in [[("do", "open"), ("seen", old.as_str())], [("join", number.as_str()), ("seen", old.as_str())]] {
        let refused = hal.post("/held/1", &press).await;
        assert_eq!(refused.location(), "/held/1", "{press:?}: {}", refused.text());
        let page = hal.get("/held/1").await;
        assert!(page.says("Ada Byron discarded “Offer 1” at") && page.says("nothing was done now."), "{}", page.text());
    }
    let typed = hal.post("/held/1", &[("do", "join"), ("number", &number), ("seen", &old)]).await;
    assert!(typed.says("Ada Byron discarded “Offer 1” at") && typed.says(&format!("value=\"{number}\"")), "{}", typed.text());
    let anyway = hal.post("/held/1", &[("do", "open"), ("seen", &seen(&typed))]).await;
    assert_eq!(anyway.location(), "/tickets/2", "{}", anyway.text());

    for press in
        [[("do", "join"), ("number", number.as_str()), ("seen", old.as_str())], [("do", "discard"), ("number", ""), ("seen", &old)]]
    {
        let refused = ada.post("/held/1", &press).await;
        assert_eq!(refused.location(), "/held/1", "{press:?}: {}", refused.text());
        let page = ada.get("/held/1").await;
        assert!(page.says("Hal Nine released “Offer 1” to #2 at") && page.says("nothing was done now."), "{}", page.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_at_once_override_no_colleague_either() {
    let (desk, _) = with_three().await;
    let (mut hal, mut ada) = (Browser::of(&desk, &desk.hal).await, Browser::of(&desk, &desk.ada).await);
    let old = seen(&hal.get("/held").await);
    ada.get("/held").await;
    ada.post("/held/1", &[("do", "discard"), ("seen", &old)]).await;
    desk.later(jiff::SignedDuration::from_hours(16));
    let mut hal = Browser::of(&desk, &desk.hal).await;
    hal.get("/held").await;
    hal.post("/held/bulk", &[("do", "open"), ("m", "1"), ("m", "2"), ("seen", &old), ("back", "/held")]).await;
    let told = hal.get("/held").await;
    assert!(
        told.says("Ticket #2 was opened from the held message. 1 stayed as they were. Ada Byron discarded “Offer 1” on "),
        "{}",
        told.text()
    );
    assert!(hal.get("/held?state=discarded").await.says("Offer 1"));
    let none = hal.post("/held/bulk", &[("do", "open"), ("m", "1"), ("seen", &old), ("back", "/held")]).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(none.says("Nothing was changed. Ada Byron discarded “Offer 1” on "), "{}", none.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_that_a_colleague_was_quicker_than_undoes_nothing_of_theirs() {
    let (desk, number) = with_three().await;
    let (mut hal, mut ada) = (Browser::of(&desk, &desk.hal).await, Browser::of(&desk, &desk.ada).await);
    hal.get("/held/1").await;
    hal.post("/held/1", &[("do", "discard")]).await;
    let text = hal.get("/held").await.text();
    let (_, undo) = text.split_once("name=\"seen\" value=\"discarded.").expect("what the undo was offered for");
    let undo = format!("discarded.{}", undo.split('"').next().unwrap());
    ada.get("/held/1").await;
    ada.post("/held/1", &[("do", "join"), ("number", &number)]).await;
    hal.post("/held/bulk", &[("do", "back"), ("seen", &undo), ("m", "1")]).await;
    assert!(hal.get("/held").await.says(&format!("Ada Byron released “Offer 1” to #{number} at")));

    let released = seen(&ada.get("/held/1").await);
    desk.later(jiff::SignedDuration::from_secs(5));
    hal.get("/held/1").await;
    hal.post("/held/1", &[("do", "back")]).await;
    hal.post("/held/1", &[("do", "open")]).await;
    ada.post("/held/1", &[("do", "back"), ("seen", &released)]).await;
    assert!(ada.get("/held/1").await.says("Hal Nine released “Offer 1” to #2 at"), "it is not the release that the page showed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_went_to_a_ticket_out_of_reach_is_said_to_be_gone_and_no_more() {
    let (desk, number) = with_three().await;
    let (mut hal, mut ada) = (Browser::of(&desk, &desk.hal).await, Browser::of(&desk, &desk.ada).await);
    let old = seen(&hal.get("/held/1").await);
    let at = maildesk::desk::id::TicketNumber(number.parse().unwrap());
    maildesk::actions::assign::assign(&desk.desk, &desk.ada, at, None, Some(desk.ada.id)).await.unwrap();
    ada.get("/held/1").await;
    ada.post("/held/1", &[("do", "join"), ("number", &number), ("seen", &old)]).await;
    for id in ["1", "4711"] {
        assert_eq!(hal.post(&format!("/held/{id}"), &[("do", "open"), ("seen", &old)]).await.location(), "/held");
        let told = hal.get("/held").await;
        assert!(told.says("A message is no longer among the held mail that you may see; nothing was done with it."), "{}", told.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_chosen_for_several_is_kept_when_nothing_was_done() {
    let (desk, _) = with_three().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    hal.get("/held?q=offer").await;
    let asked = |number| [("do", "join"), ("m", "1"), ("m", "3"), ("number", number), ("back", "/held?q=offer")];
    for (number, why) in [
        ("4343", "There is no ticket #4343, or it is not yours to see."),
        ("abc", "“abc” is not the number of a ticket."),
        ("", "Write the number"),
    ] {
        let again = hal.post("/held/bulk", &asked(number)).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "{number}");
        assert!(again.says(why) && again.says("name=\"q\" type=\"search\" value=\"offer\""), "{}", again.text());
        for (id, ticked) in [("1", true), ("2", false), ("3", true)] {
            assert_eq!(again.says(&format!("name=\"m\" value=\"{id}\" checked")), ticked, "{id}: {}", again.text());
        }
        assert!(again.says(&format!("name=\"number\" inputmode=\"numeric\" value=\"{number}\"")), "{}", again.text());
    }
    for odd in ["/tickets", "//else.test/held"] {
        let elsewhere = hal.post("/held/bulk", &[("do", "join"), ("m", "1"), ("number", "4343"), ("back", odd)]).await;
        assert_eq!(elsewhere.status, StatusCode::SEE_OTHER, "{odd}");
    }
}
