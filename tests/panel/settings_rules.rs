//! What is done with mail by itself: rules that are asked in their order, tried before they count, and named where they held.

use axum::http::StatusCode;
use maildesk::{desk::ticket::Priority, store::tickets};

use crate::{
    browser::Browser,
    test_desk::{TestDesk, mail},
};

const HERE: &str = "/settings/rules";
const NEW: &str = "/settings/rules/new";

/// A form with one condition.
fn form<'a>(name: &'a str, condition: [&'a str; 4], deeds: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let [field, header, how, text] = condition;
    let mut all = vec![("do", "save"), ("name", name), ("when", "both"), ("need", "all"), ("after", "go-on")];
    all.extend([("field", field), ("header", header), ("how", how), ("text", text)]);
    all.extend(deeds);
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_assigns_and_sets_the_priority_and_the_history_and_the_trace_name_it() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let mut ada = Browser::of(&desk, &desk.ada).await;
    ada.get(NEW).await;
    let hal = desk.hal.id.to_string();
    ada.post(
        NEW,
        &form("Fire <first>", ["body", "", "contains", "SMOKES"], &[("assign", &hal), ("priority", "urgent"), ("tags", "fire, #Smoke")]),
    )
    .await;
    let list = ada.get(HERE).await;
    assert!(list.says("Fire &lt;first&gt;") && list.says("Text contains “SMOKES”") && list.says("assign to Hal Nine"), "{}", list.text());
    let number = desk.receive(&mail("Ann Lee <ann@home.test>", "Printer", &[], "It smokes.")).await.ticket.unwrap();
    let ticket = tickets::get(&mut desk.desk.store.read().await.unwrap(), number).await.unwrap().unwrap();
    assert_eq!((ticket.priority, ticket.assignee), (Priority::Urgent, Some(desk.hal.id)));
    let page = ada.get(&format!("/tickets/{number}")).await;
    assert!(page.says("rule “Fire &lt;first&gt;”"), "{}", page.text());
    assert!(page.says("set the priority from") && page.says("fire") && page.says("Smoke"), "{}", page.text());
    assert_eq!(ticket.tags.len(), 2);
    let other = desk.receive(&mail("Ann Lee <ann@home.test>", "Scanner", &[], "It hums.")).await.ticket.unwrap();
    let ticket = tickets::get(&mut desk.desk.store.read().await.unwrap(), other).await.unwrap().unwrap();
    assert_eq!((ticket.priority, ticket.assignee), (Priority::Normal, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_is_held_or_discarded_by_a_rule_and_nothing_of_it_is_lost() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let mut ada = Browser::of(&desk, &desk.ada).await;
    ada.get(NEW).await;
    ada.post(NEW, &form("Offers", ["subject", "", "begins", "offer"], &[("stop", "hold")])).await;
    ada.get(NEW).await;
    ada.post(NEW, &form("Robots", ["header", "X-Robot:", "is", "yes"], &[("stop", "discard")])).await;
    let held = desk.receive(&mail("Shop <shop@shop.test>", "Offer of rakes", &[], "Rakes.")).await;
    assert_eq!((held.decision, held.reason.as_str()), ("hold", "held by the rule “Offers”"));
    let gone = desk.receive(&mail("Shop <shop@shop.test>", "Nightly run", &["X-Robot: Yes"], "Up.")).await;
    assert_eq!((gone.decision, gone.reason.as_str()), ("hold", "discarded by the rule “Robots”"));
    let page = ada.get("/held").await;
    assert!(page.says("Offer of rakes") && !page.says("Nightly run"), "{}", page.text());
    assert!(page.says("By a rule"), "{}", page.text());
    assert!(ada.get("/held?state=discarded").await.says("Nightly run"));
    assert_eq!(desk.receive(&mail("Shop <shop@shop.test>", "Other", &["X-Robot: no"], "Up.")).await.decision, "open-ticket");
    assert!(desk.verify().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_asked_in_their_order_until_one_says_stop_and_not_while_they_are_off() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let mut ada = Browser::of(&desk, &desk.ada).await;
    for (name, priority) in [("One", "low"), ("Two", "high")] {
        ada.get(NEW).await;
        let mut form = form(name, ["from", "", "ends", "@HOME.test"], &[("priority", priority)]);
        form.retain(|(field, _)| *field != "after");
        form.push(("after", "stop"));
        ada.post(NEW, &form).await;
    }
    let priority = async |subject: &str| {
        let number = desk.receive(&mail("Ann Lee <ann@home.test>", subject, &[], "x")).await.ticket.unwrap();
        tickets::get(&mut desk.desk.store.read().await.unwrap(), number).await.unwrap().unwrap().priority
    };
    assert_eq!(priority("a").await, Priority::Low);
    ada.get(HERE).await;
    ada.post(HERE, &[("do", "down"), ("id", "1")]).await;
    assert_eq!(priority("b").await, Priority::High);
    ada.get(HERE).await;
    ada.post(HERE, &[("do", "off"), ("id", "2")]).await;
    assert_eq!(priority("c").await, Priority::Low);
    ada.get(HERE).await;
    ada.post(HERE, &[("do", "delete"), ("id", "1")]).await;
    assert_eq!(priority("d").await, Priority::Normal);
    assert!(ada.get("/settings/audit?kind=rule").await.says("switched off"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_is_tried_on_what_came_before() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    for subject in ["Printer smokes", "Scanner", "PRINTER again"] {
        desk.receive(&mail("Ann Lee <ann@home.test>", subject, &[], "x")).await;
    }
    let mut ada = Browser::of(&desk, &desk.ada).await;
    ada.get(NEW).await;
    let mut form = form("", ["subject", "", "contains", "printer"], &[("priority", "high")]);
    form[0] = ("do", "try");
    let page = ada.post(NEW, &form).await;
    assert!(page.says("It would have held for 2 of the last 3 messages") && page.says("PRINTER again"), "{}", page.text());
    assert!(ada.get(HERE).await.says("There is no rule yet."));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_rule_is_refused_and_kept_in_the_form() {
    let desk = TestDesk::new().await;
    let mut ada = Browser::of(&desk, &desk.ada).await;
    ada.get(NEW).await;
    for (form, why) in [
        (form("", ["subject", "", "is", "x"], &[("priority", "high")]), "A name of 1 to 80 characters is missing"),
        (form("A", ["subject", "", "is", "x"], &[]), "Nothing is done"),
        (form("A", ["subject", "", "is", ""], &[("stop", "hold")]), "This would stop every mail"),
        (form("A", ["header", "", "is", "kept"], &[("priority", "high")]), "A header field has a name"),
        (form("A", ["subject", "", "is", "x"], &[("priority", "high"), ("stop", "hold")]), "has no ticket to be changed"),
        (form("A", ["subject", "", "is", "x"], &[("assign", "999")]), "is no active helper"),
        (form("A", ["subject", "", "is", "x"], &[("priority", "odd")]), "There is no such priority"),
        (form("A", ["subject", "", "is", "x"], &[("tags", &"x".repeat(41))]), "A tag has at most 40 characters"),
    ] {
        let page = ada.post(NEW, &form).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{why}");
        assert!(page.says(why), "{why}: {}", page.text());
    }
    assert_eq!(ada.post(NEW, &form("A", ["odd", "", "is", "x"], &[])).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(ada.get("/settings/rules/99").await.status, StatusCode::NOT_FOUND);
    assert_eq!(ada.post(HERE, &[("do", "off"), ("id", "99")]).await.status, StatusCode::NOT_FOUND);
    let mut hal = Browser::of(&desk, &desk.hal).await;
    assert_eq!(hal.get(HERE).await.status, StatusCode::FORBIDDEN);
}
