//! Saved views, and the desk's tags in its settings.

use axum::http::StatusCode;
use maildesk::{
    actions::{saved_views, snooze, tag},
    desk::{id::TicketNumber, tag::TagName},
    store::{self, saved_views::SeenBy},
};

use crate::{
    browser::Browser,
    lists::{listed, some_tickets},
    test_desk::TestDesk,
};

#[tokio::test(flavor = "multi_thread")]
async fn filters_are_saved_under_a_name_counted_renamed_moved_and_deleted() {
    let desk = TestDesk::new().await;
    some_tickets(&desk, 3).await;
    tag::add(&desk.desk, &desk.ada, TicketNumber(2), &TagName::parse("Storm").unwrap()).await.unwrap();
    let mut hal = Browser::of(&desk, &desk.hal).await;
    assert!(!hal.get("/tickets").await.says("Save view"), "a view of the navigation is saved already");
    assert!(hal.get("/tickets?tag=1").await.says("name=\"query\" value=\"tag=1\""));
    let answer = hal.post("/views", &[("name", " After the  storm "), ("query", "sort=activity&junk=b&tag=1")]).await;
    assert_eq!(answer.location(), "/tickets?tag=1");
    let page = hal.get("/tickets?tag=1").await;
    assert!(page.says("<h1><bdi>After the storm</bdi></h1>") && page.says("id=\"n-saved-1\">1</span>"), "{}", page.text());
    hal.post("/views", &[("name", "Mine, oldest"), ("query", "view=mine&sort=oldest")]).await;
    hal.post("/views/2", &[("do", "up")]).await;
    hal.post("/views/1", &[("do", "save"), ("name", "Storm")]).await;
    let page = hal.get("/views").await.text();
    assert!(page.find("Mine, oldest").unwrap() < page.find("Storm").unwrap());
    // Somebody else's are not there.
    let mut ada = Browser::of(&desk, &desk.ada).await;
    assert!(!ada.get("/views").await.says("Mine, oldest"));
    assert_eq!(ada.post("/views/2", &[("do", "delete")]).await.status, StatusCode::NOT_FOUND);
    hal.post("/views/2", &[("do", "delete")]).await;
    let page = hal.get("/views").await;
    assert!(page.says("“Mine, oldest” is deleted") && !page.says("href=\"/tickets?view=mine&amp;sort=oldest\""), "{}", page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_is_a_view_too() {
    let desk = TestDesk::new().await;
    some_tickets(&desk, 2).await;
    maildesk::actions::assign::assign(&desk.desk, &desk.ada, TicketNumber(2), None, Some(desk.hal.id)).await.unwrap();
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let page = hal.get("/search?q=assignee:me").await;
    assert!(page.says("Save view") && page.says("name=\"query\" value=\"q=assignee%3Ame\""), "{}", page.text());
    assert!(!hal.get("/search?q=is:nonsense").await.says("Save view") && !hal.get("/search").await.says("Save view"));
    let answer = hal.post("/views", &[("name", "On my desk"), ("query", "q=assignee%3Ame&page=2")]).await;
    assert_eq!(answer.location(), "/search?q=assignee%3Ame");
    let page = hal.get("/search?q=assignee:me").await;
    assert!(page.says("<h1><bdi>On my desk</bdi></h1>") && !page.says("Save view"), "{}", page.text());
    assert!(page.says("href=\"/search?q=assignee%3Ame\" aria-current=\"page\""), "{}", page.text());
    assert_eq!(listed(&page), [2]);
    hal.post("/views/1", &[("do", "delete")]).await;
    assert!(hal.get("/views").await.says("“On my desk” is deleted"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_shares_a_view_and_each_sees_their_own_tickets_in_it() {
    let desk = TestDesk::new().await;
    some_tickets(&desk, 3).await;
    maildesk::actions::assign::assign(&desk.desk, &desk.ada, TicketNumber(1), None, Some(desk.ada.id)).await.unwrap();
    let (mut ada, mut hal) = (Browser::of(&desk, &desk.ada).await, Browser::of(&desk, &desk.hal).await);
    ada.get("/tickets").await;
    hal.get("/tickets").await;
    assert_eq!(hal.post("/views", &[("name", "All"), ("query", "sort=oldest"), ("shared", "yes")]).await.status, StatusCode::FORBIDDEN);
    ada.post("/views", &[("name", "All"), ("query", "sort=oldest"), ("shared", "yes")]).await;
    for (browser, n) in [(&mut ada, 3), (&mut hal, 2)] {
        let page = browser.get("/tickets?sort=oldest").await;
        assert!(page.says(&format!("id=\"n-saved-1\">{n}</span>")), "{}", page.text());
        assert_eq!(listed(&page).len(), n);
    }
    assert_eq!(hal.post("/views/1", &[("do", "delete")]).await.status, StatusCode::FORBIDDEN);
    for (fields, says) in [
        (vec![("name", "  "), ("query", "")], "a view needs a name"),
        (vec![("name", "all"), ("query", "view=mine")], "there is a view “all” already"),
        (vec![("name", &*"x".repeat(61)), ("query", "view=mine")], "at most 60 characters"),
    ] {
        ada.post("/views", &fields).await;
        assert!(ada.get("/tickets").await.text().to_lowercase().contains(says), "{says}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_counts_what_is_snoozed_apart() {
    let desk = TestDesk::new().await;
    some_tickets(&desk, 2).await;
    snooze::snooze(&desk.desk, &desk.ada, TicketNumber(1), None, "2026-11-09T09:00:00Z".parse().unwrap()).await.unwrap();
    let mut ada = Browser::of(&desk, &desk.ada).await;
    let page = ada.get("/tickets?view=snoozed").await;
    assert!(page.says("id=\"n-open\">1</span>") && page.says("id=\"n-snoozed\">1</span>"), "{}", page.text());
    assert_eq!(listed(&page), [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_keeps_the_desks_tags_in_order() {
    let desk = TestDesk::new().await;
    some_tickets(&desk, 2).await;
    let mut ada = Browser::of(&desk, &desk.ada).await;
    assert_eq!(ada.get("/settings").await.location(), "/settings/general");
    ada.get("/settings/tags").await;
    ada.post("/settings/tags", &[("name", "Storm")]).await;
    assert!(ada.get("/settings/tags").await.says("There is a tag “Storm” now."));
    ada.post("/settings/tags", &[("name", "STORM")]).await;
    assert!(ada.get("/settings/tags").await.says("There is a tag “Storm” already"));
    tag::add(&desk.desk, &desk.ada, TicketNumber(1), &TagName::parse("storm").unwrap()).await.unwrap();
    tag::add(&desk.desk, &desk.ada, TicketNumber(2), &TagName::parse("weather").unwrap()).await.unwrap();
    for query in ["view=open&tag=2", "tag=2&view=open", "view=open&tag=21"] {
        saved_views::save(&desk.desk, &desk.ada, query, query, SeenBy::Owner).await.unwrap();
    }
    ada.post("/settings/tags/2", &[("do", "merge"), ("into", "1")]).await;
    let views = store::saved_views::seen_by(&mut desk.desk.store.read().await.unwrap(), desk.ada.id).await.unwrap();
    let queries: Vec<&str> = views.iter().map(|it| it.query.as_str()).collect();
    assert_eq!(queries, ["view=open&tag=1", "tag=1&view=open", "view=open&tag=21"], "what a view was narrowed by");
    let page = ada.get("/settings/tags").await;
    assert!(page.says("Merged: 1 ticket had it") && page.says("data-label=\"in all\">2</td>"), "{}", page.text());
    ada.post("/settings/tags/1", &[("do", "rename"), ("name", "Storms")]).await;
    assert!(ada.get("/tickets/1").await.says("<bdi>Storms</bdi>"));
    ada.post("/settings/tags/1", &[("do", "delete")]).await;
    assert!(ada.get("/settings/tags").await.says("There is no tag yet."));
    assert!(ada.get("/tickets/1").await.says("removed the tag <b><bdi>Storms"), "the history still names it");
    let log = ada.get("/settings/audit?kind=tag").await;
    for words in ["was added", "was merged into another", "was renamed", "was deleted"] {
        assert!(log.says(words), "{words}");
    }
    assert_eq!(ada.post("/settings/tags/1", &[("do", "rename"), ("name", "x")]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(ada.post("/settings/tags/9", &[("do", "sing")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}
