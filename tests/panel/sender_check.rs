//! What our mail server says about a sender stands on the message, wherever it is shown.

use maildesk::desk::id::LedgerId;

use crate::{
    browser::Browser,
    test_desk::{TestDesk, mail},
};

fn with_results(results: &str) -> String {
    let letter = mail("Ann Lee <ann@home.test>", "Printer", &[], "It smokes.");
    format!("Authentication-Results: {results}\nReceived: from home.test by mx.desk.test; Mon, 5 Feb 2024 10:00:00 +0000\n{letter}")
}

async fn pages(desk: &TestDesk, id: LedgerId) -> (String, String) {
    let mut ada = Browser::of(desk, &desk.ada).await;
    (ada.get(&format!("/mail/messages/{id}")).await.text().to_string(), ada.get(&format!("/held/{id}")).await.text().to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verified_sender_is_marked_on_the_ticket_and_in_the_ledger() {
    let desk = TestDesk::new().await;
    let outcome = desk.receive(&with_results("mx.desk.test; dmarc=pass header.from=home.test")).await;
    desk.mail().await;
    let number = outcome.ticket.unwrap();
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let page = hal.get(&format!("/tickets/{number}")).await;
    assert!(page.says("Verified") && page.says("Our mail server mx.desk.test says that DMARC passes for home.test."));
    let (ledger, _) = pages(&desk, outcome.id).await;
    assert!(ledger.contains("Verified. Our mail server mx.desk.test says that DMARC passes for home.test."), "{ledger}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgers_own_results_verify_nothing() {
    let desk = TestDesk::new().await;
    let outcome = desk.receive(&with_results("mx.home.test; dmarc=pass header.from=home.test")).await;
    desk.mail().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let page = hal.get(&format!("/tickets/{}", outcome.ticket.unwrap())).await;
    assert!(page.says("Not verified") && page.says("There is no word about the sender on it from our mail server mx.desk.test."));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_fails_is_held_and_marked_there() {
    let desk = TestDesk::new().await;
    let outcome = desk.receive(&with_results("mx.desk.test; dmarc=fail (p=reject) header.from=home.test")).await;
    assert_eq!(outcome.decision, "hold");
    let (ledger, held) = pages(&desk, outcome.id).await;
    for page in [ledger, held] {
        assert!(page.contains("Failed. Our mail server mx.desk.test says that DMARC fails for home.test"), "{page}");
    }
}
