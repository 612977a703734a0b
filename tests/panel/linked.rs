//! Tickets that lead to each other, and one that goes on in another mailbox, as the pages show them.

use axum::http::StatusCode;
use maildesk::{
    actions::{
        ActionError,
        link_tickets::{MOST, link, unlink},
        merge::merge,
        move_message::{Destination, move_message},
        tag::Done,
    },
    desk::{
        id::{CommentId, TicketNumber},
        settings::{DeskSettings, Reach},
    },
    store::conversation,
};
use serde_json::json;

use crate::{
    api::Program,
    browser::Browser,
    lists::{listed, some_tickets},
    queue::undo,
    test_desk::{TestDesk, answer},
};

async fn history(desk: &TestDesk, number: i64) -> Vec<(&'static str, Option<String>, Option<String>)> {
    let lines = conversation::history(&mut desk.desk.store.read().await.unwrap(), TicketNumber(number), 100).await.unwrap();
    let of_links = lines.into_iter().filter(|it| it.kind.as_str().contains("related"));
    of_links.map(|it| (it.kind.as_str(), it.old, it.new)).collect()
}

/// The section of a ticket’s page.
fn links(page: &str) -> &str {
    let section = page.split("<h2>Linked tickets</h2>").nth(1).unwrap_or_default();
    section.split("</section>").next().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_are_linked_from_either_page_and_both_lead_to_the_other() {
    let desk = TestDesk::new().await;
    some_tickets(&desk, 4).await;
    desk.mail_does_not_matter();
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let mut press = async |number: i64, name: &str, value: &str| {
        hal.get(&format!("/tickets/{number}")).await;
        let answer = hal.post(&format!("/tickets/{number}/links"), &[(name, value)]).await;
        if answer.status == StatusCode::SEE_OTHER { hal.get(&format!("/tickets/{number}")).await } else { answer }
    };
    let told = press(1, "add", " #3 ").await;
    assert!(told.says("#3 is linked; its page leads here, too."), "{}", told.text());
    assert!(links(&told.text()).contains("href=\"/tickets/3\"") && told.says("Unlink #3"));
    let again = press(3, "add", "1").await;
    assert!(again.says("#1 was linked already") && links(&again.text()).contains("href=\"/tickets/1\""), "{}", again.text());
    for (typed, status, says) in [
        ("1", StatusCode::CONFLICT, "This is #1 itself"),
        ("99", StatusCode::UNPROCESSABLE_ENTITY, "There is no #99"),
        ("the other one", StatusCode::UNPROCESSABLE_ENTITY, "“the other one” is not the number of a ticket"),
        ("", StatusCode::UNPROCESSABLE_ENTITY, "is not the number of a ticket"),
    ] {
        let refused = press(1, "add", typed).await;
        assert_eq!(refused.status, status, "{typed}");
        assert!(refused.text().to_lowercase().contains(&says.to_lowercase()), "{typed}: {}", refused.text());
    }
    let told = press(3, "remove", "1").await;
    assert!(told.says("#1 is linked no more.") && !links(&told.text()).contains("/tickets/1\""));
    let one = |kind, old: Option<&str>, new: Option<&str>| (kind, old.map(str::to_owned), new.map(str::to_owned));
    assert_eq!(history(&desk, 1).await, [one("related", None, Some("3")), one("unrelated", Some("3"), None)]);
    assert_eq!(history(&desk, 3).await, [one("related", None, Some("1")), one("unrelated", Some("1"), None)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_out_of_a_ticket_stands_on_both_pages_and_what_is_out_of_reach_on_none() {
    let desk = TestDesk::with(DeskSettings { helpers_see: Reach::Assigned, ..DeskSettings::default() }, |_| ()).await;
    some_tickets(&desk, 3).await;
    desk.mail_does_not_matter();
    let (one, two, three) = (TicketNumber(1), TicketNumber(2), TicketNumber(3));
    let [receipt] = desk.mail_to("guest1@home.test").await.try_into().unwrap();
    desk.receive(&answer(&receipt, "guest1@home.test", "And the other one, too.")).await;
    let said = conversation::said(&mut desk.desk.store.read().await.unwrap(), one, conversation::Audience::Staff, 9).await.unwrap();
    let last: CommentId = said.last().unwrap().id;
    move_message(&desk.desk, &desk.ada, last, None, Destination::New).await.unwrap();
    link(&desk.desk, &desk.ada, one, two).await.unwrap();
    let mut ada = Browser::of(&desk, &desk.ada).await;
    let (old, new) = (ada.get("/tickets/1").await.text(), ada.get("/tickets/4").await.text());
    assert!(links(&old).contains("href=\"/tickets/4\" title=\"It came out of this one\""), "{}", links(&old));
    assert!(links(&new).contains("href=\"/tickets/1\" title=\"This one came out of it\""), "{}", links(&new));
    assert!(links(&old).contains("href=\"/tickets/4\"") && links(&old).contains("href=\"/tickets/2\""), "{}", links(&old));
    assert!(links(&new).contains("href=\"/tickets/1\"") && !links(&new).contains("Unlink"), "{}", links(&new));

    // Whom one of the two is out of reach of is not told of it, and links nothing to it.
    maildesk::actions::assign::assign(&desk.desk, &desk.ada, one, None, Some(desk.hal.id)).await.unwrap();
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let page = hal.get("/tickets/1").await.text();
    assert!(!page.contains("/tickets/2") && !page.contains("/tickets/4") && !page.contains("#2<"), "{page}");
    assert!(page.contains("linked another ticket") && page.contains("moved a message to another ticket"), "{page}");
    let refused = hal.post("/tickets/1/links", &[("add", "3")]).await;
    assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.says("out of your reach"), "{}", refused.text());
    assert!(matches!(unlink(&desk.desk, &desk.hal, one, two).await, Err(ActionError::Missing(_))));

    // Nor is where another went, or what came here.
    let five = desk.write("Ivy <ivy@home.test>", "Fifth", "Hello?").await.ticket.unwrap();
    merge(&desk.desk, &desk.ada, five, None, one).await.unwrap();
    let page = hal.get("/tickets/1").await.text();
    assert!(!page.contains("/tickets/5") && page.contains("merged another ticket into this ticket"), "{page}");

    // One that was merged is not linked any more, and keeps the links that it had.
    merge(&desk.desk, &desk.ada, two, None, three).await.unwrap();
    let refused = link(&desk.desk, &desk.ada, one, two).await.unwrap_err().to_string();
    assert!(refused.contains("merged into #3; choose #3"), "{refused}");
    assert!(links(&ada.get("/tickets/2").await.text()).contains("href=\"/tickets/1\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_has_so_many_links_and_no_more() {
    let desk = TestDesk::new().await;
    some_tickets(&desk, i64::try_from(MOST).unwrap() + 2).await;
    desk.mail_does_not_matter();
    let last = TicketNumber(i64::try_from(MOST).unwrap() + 2);
    for other in 2..last.0 {
        assert_eq!(link(&desk.desk, &desk.hal, TicketNumber(1), TicketNumber(other)).await.unwrap(), Done::Changed);
    }
    let refused = link(&desk.desk, &desk.hal, last, TicketNumber(1)).await.unwrap_err().to_string();
    assert!(refused.contains("#1 is linked to 50 tickets already; unlink one first"), "{refused}");
    assert!(history(&desk, last.0).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_goes_on_in_another_mailbox_and_one_press_takes_it_back() {
    let desk = TestDesk::with_two_mailboxes().await;
    some_tickets(&desk, 3).await;
    desk.mail_does_not_matter();
    let sales = desk.desk.mailboxes.iter().nth(1).unwrap().0;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let page = hal.get("/tickets/1").await;
    assert!(page.says("<label for=\"p-mailbox\">Mailbox</label>"), "{}", page.text());
    let fields = [("version", page.field("version")), ("mailbox", sales.to_string())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(hal.post("/tickets/1", &fields).await.status, StatusCode::SEE_OTHER);
    assert_eq!(desk.ticket(TicketNumber(1)).await.mailbox, sales);
    let told = hal.get("/tickets/1").await;
    assert!(told.says("Saved: mailbox sales@desk.test."), "{}", told.text());
    assert!(told.says("moved it from <b><bdi>support@desk.test</bdi></b> to <b><bdi>sales@desk.test</bdi></b>"), "{}", told.text());
    for (words, is) in [("to:sales@desk.test", true), ("to:support@desk.test", false), ("mailbox:sales", true)] {
        let found = hal.get(&format!("/search?q=question+{}", words.replace(':', "%3A").replace('@', "%40"))).await;
        assert_eq!(listed(&found).contains(&1), is, "{words}: {}", found.text());
    }
    undo(&mut hal, &told).await;
    assert_eq!(desk.ticket(TicketNumber(1)).await.mailbox, desk.mailbox);
    // A program says it by name, and is told what is linked.
    let program = Program::of(&desk.desk, &desk.hal).await;
    link(&desk.desk, &desk.hal, TicketNumber(3), TicketNumber(2)).await.unwrap();
    assert_eq!(program.get("/tickets/2").await.ok()["links"], json!([3]));
    assert_eq!(program.patch("/tickets/2", json!({ "mailbox": "sales" })).await.ok()["mailbox"]["name"], "sales");
    assert_eq!(
        program.patch("/tickets/2", json!({ "mailbox": "nowhere", "priority": "low" })).await.problem(),
        (422, "invalid", "mailbox")
    );
    assert_eq!(desk.ticket(TicketNumber(2)).await.priority, maildesk::desk::ticket::Priority::Normal);
}
