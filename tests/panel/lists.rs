//! Queues with their counts, filters, pages; search; many tickets at once.

use axum::http::StatusCode;
use jiff::SignedDuration;
use maildesk::{
    actions::{assign::assign, set_status::set_status},
    desk::ticket::Status,
};

use crate::{browser::Browser, test_desk::TestDesk};

pub async fn some_tickets(desk: &TestDesk, n: i64) {
    desk.mail_does_not_matter();
    for number in 1..=n {
        desk.write(&format!("Guest {number} <guest{number}@home.test>"), &format!("Question {number}."), "What now?").await;
        desk.later(SignedDuration::from_mins(1));
    }
}

pub fn listed(page: &crate::browser::Page) -> Vec<i64> {
    page.text()
        .split("class=\"subj\" href=\"/tickets/")
        .skip(1)
        .map(|it| it.split(['"', '?', '#']).next().unwrap().parse().unwrap())
        .collect()
}

/// The address of the first link that has this in it.
pub fn address(page: &crate::browser::Page, part: &str) -> String {
    let text = page.text();
    let link = text.split("href=\"").skip(1).map(|it| it.split('"').next().unwrap()).find(|it| it.contains(part));
    link.unwrap_or_else(|| panic!("no link with {part}: {text}")).replace("&amp;", "&")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_queue_shows_its_own_with_its_count() {
    let desk = TestDesk::new().await;
    some_tickets(&desk, 4).await;
    let number = |n| maildesk::desk::id::TicketNumber(n);
    assign(&desk.desk, &desk.hal, number(2), None, Some(desk.hal.id)).await.unwrap();
    assign(&desk.desk, &desk.ada, number(3), None, Some(desk.ada.id)).await.unwrap();
    set_status(&desk.desk, &desk.ada, number(4), None, Status::Resolved).await.unwrap();
    let mut hal = Browser::of(&desk, &desk.hal).await;
    for (view, numbers) in [("unassigned", vec![1]), ("mine", vec![2]), ("open", vec![2, 1]), ("resolved", vec![4]), ("waiting", vec![])] {
        let page = hal.get(&format!("/tickets?view={view}")).await;
        assert_eq!(listed(&page), numbers, "{view}");
        assert!(page.says(&format!("<span class=\"count\" id=\"total\">{}</span>", numbers.len())), "{view} counts {}", numbers.len());
    }
    let mut ada = Browser::of(&desk, &desk.ada).await;
    assert_eq!(listed(&ada.get("/tickets").await), [3, 2, 1]);
    assert_eq!(listed(&ada.get(&format!("/tickets?helper={}", desk.hal.id)).await), [2]);
    assert_eq!(listed(&ada.get("/tickets?helper=nobody&status=open").await), [1]);
    assert_eq!(listed(&ada.get("/tickets?priority=urgent").await), Vec::<i64>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_queue_goes_page_by_page_and_shows_each_ticket_once() {
    let desk = TestDesk::new().await;
    some_tickets(&desk, 60).await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let first = hal.get("/tickets").await;
    let older = address(&first, "before=");
    let second = hal.get(&older).await;
    let all: Vec<i64> = listed(&first).into_iter().chain(listed(&second)).collect();
    assert_eq!(all, (1..=60).rev().collect::<Vec<i64>>());
    assert!(second.says("First page") && !second.says("rel=\"next\""));
    let first_again = hal.get(&address(&second, "after=")).await;
    assert_eq!(listed(&first_again), listed(&first));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_in_a_list_that_is_none_is_its_beginning() {
    let desk = TestDesk::new().await;
    some_tickets(&desk, 1).await;
    let (mut ada, mut ann) = (Browser::of(&desk, &desk.ada).await, Browser::of(&desk, &desk.ann).await);
    for list in
        ["/tickets?before", "/held?before", "/held?after", "/senders?before", "/users?after", "/mail?before", "/mail/messages?before"]
    {
        for place in ["", "abc", "9223372036854775808"] {
            assert_eq!(ada.get(&format!("{list}={place}")).await.status, StatusCode::OK, "{list}={place}");
        }
    }
    assert_eq!(ann.get("/my?before=abc").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn search_finds_words_whatever_their_case_and_accents_within_the_scope() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    desk.write("Zoë Müller <zoe@home.test>", "Rechnung für März", "Die Größe <b>stimmt</b> nicht: SK-20471-C.").await;
    desk.write("山田 花子 <hanako@home.test>", "オフライン", "温室の暖房が止まりました。").await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    for (asked, numbers) in [
        ("marz", vec![1]),
        ("MULLER rech", vec![1]),
        ("20471", vec![1]),
        ("sk-20471", vec![1]),
        ("zoe@home.test", vec![1]),
        ("暖房", vec![2]),
        ("marz nothing", vec![]),
        ("\"'); drop OR *", vec![]),
        ("rechnungen", vec![]),
        ("rechnu -marz", vec![]),
    ] {
        let encoded: String = asked.bytes().map(|it| format!("%{it:02X}")).collect();
        let page = hal.get(&format!("/search?q={encoded}")).await;
        assert_eq!((page.status, listed(&page)), (StatusCode::OK, numbers), "{asked}");
    }
    let page = hal.get("/search?q=stimmt").await;
    assert!(page.says("&lt;b&gt;<mark>stimmt</mark>&lt;/b&gt;"), "the words are marked and the rest is escaped");
    assert!(hal.get("/search?q=").await.says("What are you looking for?"));
    assert_eq!(hal.get("/search?q=%23 2".replace(' ', "").as_str()).await.location(), "/tickets/2");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_are_changed_at_once_and_every_refusal_is_told() {
    let desk = TestDesk::new().await;
    some_tickets(&desk, 3).await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let page = hal.get("/tickets").await;
    let boxes: Vec<String> = page.text().split("name=\"t\" value=\"").skip(1).map(|it| it.split('"').next().unwrap().to_owned()).collect();
    let stale = maildesk::desk::id::TicketNumber(1);
    set_status(&desk.desk, &desk.ada, stale, None, Status::InProgress).await.unwrap();
    let fields: Vec<(&str, &str)> = boxes
        .iter()
        .map(|it| ("t", it.as_str()))
        .chain([("assign", "me"), ("status", ""), ("priority", "high"), ("back", "/tickets?view=mine")])
        .collect();
    let answer = hal.post("/tickets/bulk", &fields).await;
    assert_eq!(answer.location(), "/tickets?view=mine");
    let after = hal.get("/tickets?view=mine").await;
    assert_eq!(listed(&after).len(), 2);
    assert!(
        after.says("Helper Hal Nine, priority High: 2 tickets; 1 ticket stayed as it was. #1: somebody changed it since."),
        "{}",
        after.text()
    );
    assert!(!hal.get("/tickets?view=mine").await.says("priority High: 2 tickets"), "it is told once");
}
