//! What changes while a page is open.

use axum::http::StatusCode;
use jiff::SignedDuration;
use maildesk::{
    actions::{assign::assign, presence, reply::reply, set_status::set_status, write_note::write_note},
    desk::{
        comment::CommentText,
        id::TicketNumber,
        presence::Doing,
        settings::{DeskSettings, Reach},
        ticket::Status,
    },
    panel::{Panel, live::hear_others},
    store::{Opener, Store},
};

use tokio_util::sync::CancellationToken;

use crate::{
    browser::Browser,
    queue::reply_of,
    test_desk::{TestDesk, mail},
};

/// Where a page says that its news are.
fn events(page: &crate::browser::Page) -> String {
    page.text().split("data-events=\"").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&")
}

#[tokio::test(flavor = "multi_thread")]
async fn new_mail_is_on_an_open_list_with_its_count() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let page = hal.get("/tickets?view=unassigned").await;
    let mut open = hal.follow(&events(&page), &[]).await;
    let counts = open.named("swap").await.data;
    assert!(counts.contains("id=\"n-unassigned\" hidden>0<") && counts.contains("id=\"total\">0<"), "{counts}");
    desk.write("Ann <ann@home.test>", "The printer is on fire", "Help!").await;
    let row = open.named("rows").await;
    assert!(row.data.contains("id=\"t1\"") && row.data.contains("The printer is on fire"), "{row:?}");
    assert!(!row.data.contains("elsewhere"));
    let counts = open.named("swap").await.data;
    assert!(
        counts.contains("id=\"n-unassigned\">1<") && counts.contains("id=\"total\">1<") && counts.contains("id=\"all\">1<"),
        "{counts}"
    );
    assign(&desk.desk, &desk.ada, TicketNumber(1), None, Some(desk.hal.id)).await.unwrap();
    let row = open.named("rows").await;
    assert!(row.data.contains("Left this view"), "what left the list says so: {row:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_while_the_connection_was_broken_is_told_once_it_is_back() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let address = events(&hal.get("/tickets").await);
    let mut open = hal.follow(&address, &[]).await;
    desk.write("Ann <ann@home.test>", "One", "Help!").await;
    let first = open.named("rows").await;
    drop(open);
    desk.write("Ben <ben@home.test>", "Two", "Help!").await;
    let mut again = hal.follow(&address, &[("last-event-id", &first.id)]).await;
    let row = again.named("rows").await;
    // And the others as they are now: somebody may have ceased to write on one of them meanwhile.
    assert!(row.data.contains("id=\"t2\"") && row.data.contains("id=\"t1\""), "{row:?}");
    let mut from_the_page = hal.follow(&address, &[]).await;
    let rows = from_the_page.named("rows").await;
    assert!(rows.data.contains("id=\"t2\"") && rows.data.contains("id=\"t1\""), "{rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helper_is_told_of_what_is_in_reach_alone() {
    let desk = TestDesk::with(DeskSettings { helpers_see: Reach::Unassigned, ..DeskSettings::default() }, |_| {}).await;
    desk.mail_does_not_matter();
    desk.write("Ann <ann@home.test>", "One", "Help!").await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let page = hal.get("/tickets").await;
    let mut open = hal.follow(&events(&page), &[]).await;
    assign(&desk.desk, &desk.ada, TicketNumber(1), None, Some(desk.ada.id)).await.unwrap();
    assert_eq!(open.named("gone").await.data, "1", "it is Ada’s now");
    set_status(&desk.desk, &desk.ada, TicketNumber(1), None, Status::Resolved).await.unwrap();
    desk.write("Ben <ben@home.test>", "Two", "Help!").await;
    let next = open.named("rows").await;
    assert!(next.data.contains("id=\"t2\"") && !next.data.contains("id=\"t1\""), "{next:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_left_while_the_connection_was_broken_is_gone_once_it_is_back() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    desk.write("Ann <ann@home.test>", "One", "Help!").await;
    let present = |doing| presence::say(&desk.desk, &desk.ada, TicketNumber(1), doing);
    present(Some(Doing::Reads)).await.unwrap();
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let page = hal.get("/tickets/1").await;
    assert!(page.says("Ada"), "she is there");
    let address = events(&page);
    let mut open = hal.follow(&address, &[]).await;
    let told = open.named("swap").await;
    drop(open);
    present(None).await.unwrap();
    let mut again = hal.follow(&address, &[("last-event-id", &told.id)]).await;
    let told = again.named("swap").await;
    assert!(told.data.contains("id=\"presence\"") && !told.data.contains("Ada"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_ticket_says_that_somebody_else_did_something() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    desk.write("Ann <ann@home.test>", "One", "Help!").await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let page = hal.get("/tickets/1").await;
    let mut open = hal.follow(&events(&page), &[]).await;
    let note = |text: &str| CommentText::parse(text).unwrap();
    write_note(&desk.desk, &desk.ada, TicketNumber(1), &note("hers"), &[]).await.unwrap();
    assert!(open.until("id=\"newer\"").await.contains("Something happened on this ticket"));
    // One’s own loads a new page, mostly; one that is still there a moment later is told.
    let page = hal.get("/tickets/1").await;
    let mut open = hal.follow(&events(&page), &[]).await;
    write_note(&desk.desk, &desk.hal, TicketNumber(1), &note("mine"), &[]).await.unwrap();
    assert!(open.until("id=\"newer\"").await.contains("You changed this ticket since you opened this page"));
    write_note(&desk.desk, &desk.ada, TicketNumber(1), &note("hers again"), &[]).await.unwrap();
    assert!(open.until("id=\"newer\"").await.contains("2 things happened on this ticket"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_ticket_says_where_its_reply_stands_by_then() {
    let settings = DeskSettings { undo_window: SignedDuration::from_secs(2), ..DeskSettings::default() };
    let desk = TestDesk::with(settings, |_| {}).await;
    desk.write("Ann <ann@home.test>", "One", "Help!").await;
    desk.mail().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    hal.get("/tickets/1").await;
    reply(&desk.desk, &desk.hal, TicketNumber(1), &reply_of("Unplug it.")).await.unwrap();
    let page = hal.get("/tickets/1").await;
    assert!(page.says("id=\"chip2\"") && page.says("Waiting") && page.says("action=\"/tickets/1/messages/2/undo\""), "{}", page.text());
    let address = events(&page);
    let mut open = hal.follow(&address, &[]).await;
    assert!(!open.named("swap").await.data.contains("chip2"), "the page shows it as it is");
    assert_eq!(desk.mail_to("ann@home.test").await.len(), 1);
    let told = open.until("id=\"chip2\"").await;
    assert!(told.contains("deliv sent") && told.contains("id=\"foot2\"") && !told.contains("/undo"), "{told}");
    // A page from before is told at once, whenever its stream begins.
    let mut again = hal.follow(&address, &[]).await;
    assert!(again.until("id=\"chip2\"").await.contains("deliv sent"));
    let page = hal.get("/tickets/1").await;
    let mut open = hal.follow(&events(&page), &[]).await;
    assert!(!open.named("swap").await.data.contains("chip2"), "and a new page shows it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_its_session_and_customers_have_none() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    desk.write("Ann <ann@home.test>", "One", "Help!").await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let address = events(&hal.get("/tickets").await);
    let mut open = hal.follow(&address, &[]).await;
    open.named("swap").await;
    assert_eq!(hal.post("/logout", &[]).await.status, StatusCode::SEE_OTHER);
    desk.write("Ben <ben@home.test>", "Two", "Help!").await;
    assert!(open.next().await.is_none(), "nothing is told after signing out");
    let nobody = Browser::new(&desk).follow(&address, &[]).await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED, "no page to sign in at, which a stream cannot read");
    let ann = desk.person("ann@home.test").await.unwrap();
    let mut ann = Browser::of(&desk, &ann).await;
    assert_eq!(ann.follow(&address, &[]).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_page_hears_of_held_mail_that_another_process_settled() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let held = desk.receive(&mail("Eve <eve@else.test>", "Cheap", &["X-Spam-Flag: YES"], "Buy.")).await;
    assert_eq!(held.decision, "hold");
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let page = hal.get("/tickets").await;
    let mut open = hal.follow(&events(&page), &[]).await;
    while !open.named("swap").await.data.contains("id=\"n-held\">1<") {}
    let stop = CancellationToken::new();
    let hearing = tokio::spawn(hear_others(Panel::new(desk.desk.clone(), Vec::new()), stop.clone()));
    let store = Store::open(&desk.url, desk.folder.path(), Opener::Command).await.unwrap();
    let elsewhere = maildesk::actions::Desk { store, ..desk.desk.clone() };
    // What it knows when it begins to listen is no news.
    tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
    maildesk::actions::held::discard(&elsewhere, &desk.ada, held.id).await.unwrap();
    while !open.named("swap").await.data.contains("id=\"n-held\" hidden>0<") {}
    stop.cancel();
    hearing.await.unwrap();
    elsewhere.store.close().await;
}
