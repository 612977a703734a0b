//! Whoever opens a ticket from a list is led back to that list, whatever they do on the ticket.

use axum::http::StatusCode;
use maildesk::{
    actions::{assign::assign, edit::set_priority},
    desk::{id::TicketNumber, person::Role, ticket::Priority},
};

use crate::{
    browser::{Browser, Page},
    lists::{address, some_tickets},
    test_desk::TestDesk,
};

const LIST: &str = "/tickets?view=unassigned&sort=oldest";

/// Presses a button of a page at this address.
async fn press(browser: &mut Browser, page: &Page, at: &str, path: &str, fields: &[(&str, &str)]) -> Page {
    let referer = format!("http://127.0.0.1:8025{at}");
    browser.post_with(path, fields, &page.field("csrf"), &[("referer", &referer)]).await
}

fn is_in_the_list(page: &Page) -> bool {
    page.says("href=\"/tickets?view=unassigned&amp;sort=oldest#t2\"")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_refuses_something_stays_in_its_list_and_so_does_what_follows() {
    let desk = TestDesk::new().await;
    some_tickets(&desk, 3).await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let here = address(&hal.get(LIST).await, "/tickets/2?");
    let page = hal.get(&here).await;
    assert!(is_in_the_list(&page), "{}", page.text());
    // Refused, the page has the address of its form; so has the next one that is refused.
    set_priority(&desk.desk, &desk.ada, TicketNumber(2), None, Priority::High).await.unwrap();
    let stale = press(&mut hal, &page, &here, "/tickets/2", &[("version", &page.field("version")), ("priority", "low")]).await;
    assert!(stale.status == StatusCode::CONFLICT && is_in_the_list(&stale), "{}", stale.text());
    let fields = [("seen", stale.field("seen")), ("kind", "reply".to_owned()), ("body", " ".to_owned())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let empty = press(&mut hal, &stale, "/tickets/2", "/tickets/2/messages", &fields).await;
    assert!(empty.status == StatusCode::UNPROCESSABLE_ENTITY && is_in_the_list(&empty), "{}", empty.text());
    let sent =
        press(&mut hal, &empty, "/tickets/2/messages", "/tickets/2/messages", &[&fields[..2], &[("body", "Unplug it.")]].concat()).await;
    assert!(sent.location().starts_with(&format!("{here}#m")), "{} {}", sent.location(), sent.text());
    assert!(is_in_the_list(&hal.get(sent.location()).await));
    // Opened from nowhere, it is in no list again.
    let alone = hal.get("/tickets/2").await;
    assert!(!is_in_the_list(&alone));
    let done = press(&mut hal, &alone, "/tickets/2", "/tickets/2", &[("version", &alone.field("version")), ("priority", "low")]).await;
    assert_eq!(done.location(), "/tickets/2");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_done_with_a_ticket_goes_on_in_its_list() {
    let desk = TestDesk::new().await;
    some_tickets(&desk, 3).await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let here = address(&hal.get(LIST).await, "/tickets/2?");
    let page = hal.get(&here).await;
    assert_eq!(press(&mut hal, &page, &here, "/tickets/2/unread", &[]).await.location(), LIST);
    let page = hal.get(&here).await;
    let spam = press(&mut hal, &page, &here, "/tickets/2/spam", &[("do", "mark"), ("version", &page.field("version"))]).await;
    assert_eq!(spam.location(), LIST);
    let found = address(&hal.get("/search?q=question").await, "/tickets/3?");
    let page = hal.get(&found).await;
    assert_eq!(press(&mut hal, &page, &found, "/tickets/3/unread", &[]).await.location(), "/search?q=question");
    assert_eq!(press(&mut hal, &page, "/tickets/1?list=view%3Dmine", "/tickets/3/unread", &[]).await.location(), "/tickets", "of another");
    // What is given away is out of reach from then on.
    let zoe = desk.add(Role::Helper, "Zoe Park", "zoe@desk.test").await;
    assign(&desk.desk, &desk.hal, TicketNumber(1), None, Some(desk.hal.id)).await.unwrap();
    let here = address(&hal.get("/tickets?view=mine").await, "/tickets/1?");
    let page = hal.get(&here).await;
    let given = press(&mut hal, &page, &here, "/tickets/1", &[("version", &page.field("version")), ("helper", &zoe.id.to_string())]).await;
    assert_eq!(given.location(), "/tickets?view=mine");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_below_a_ticket_lead_back_to_it_in_its_list() {
    let desk = TestDesk::new().await;
    some_tickets(&desk, 3).await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let here = address(&hal.get(LIST).await, "/tickets/2?");
    let page = hal.get(&here).await;
    for (below, back) in [("/tickets/2/messages/2?", "#m2"), ("/tickets/2/messages/2/move?", "#m2"), ("/tickets/2/merge?", "")] {
        let at = address(&page, below);
        let back = address(&hal.get(&at).await, "/tickets/2?") == format!("{here}{back}");
        assert!(back, "{at}: {}", hal.get(&at).await.text());
    }
    // Refused, it leads back there as well.
    let at = address(&page, "/tickets/2/merge?");
    let form = hal.get(&at).await;
    let refused = press(&mut hal, &form, &at, "/tickets/2/merge", &[("version", &form.field("version")), ("number", "77")]).await;
    assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && address(&refused, "/tickets/2?") == here, "{}", refused.text());
}
