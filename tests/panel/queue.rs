//! A day at a queue: orders and pages, neighbours, tags, snoozing, many at once and taken back, what is unread.

use axum::http::StatusCode;
use jiff::SignedDuration;
use maildesk::{
    actions::{assign::assign, edit::set_priority, manage_tags, reply::Reply, snooze, tag},
    desk::{
        comment::CommentText,
        id::{CommentId, TagId, TicketNumber},
        tag::TagName,
        ticket::{Priority, Status},
    },
};

use crate::{
    browser::{Browser, Page},
    lists::{address, listed, some_tickets},
    test_desk::TestDesk,
};

pub fn reply_of(text: &str) -> Reply {
    Reply {
        text: CommentText::parse(text).unwrap(),
        files: Vec::new(),
        then: None,
        seen: Some(CommentId(i64::MAX)),
        composed: Default::default(),
    }
}

async fn tagged(desk: &TestDesk, number: i64, name: &str) {
    tag::add(&desk.desk, &desk.ada, TicketNumber(number), &TagName::parse(name).unwrap()).await.unwrap();
}

/// The boxes of these tickets, as the page has them.
fn boxes(page: &Page, numbers: &[i64]) -> Vec<String> {
    let all = page.text();
    let all: Vec<&str> = all.split("name=\"t\" value=\"").skip(1).map(|it| it.split('"').next().unwrap()).collect();
    let of = |number: &i64| all.iter().find(|it| it.starts_with(&format!("{number}."))).unwrap().to_string();
    numbers.iter().map(of).collect()
}

async fn bulk(browser: &mut Browser, list: &str, numbers: &[i64], fields: &[(&str, &str)]) -> Page {
    let boxes = boxes(&browser.get(list).await, numbers);
    let all: Vec<(&str, &str)> = boxes.iter().map(|it| ("t", it.as_str())).chain(fields.iter().copied()).chain([("back", list)]).collect();
    let answer = browser.post("/tickets/bulk", &all).await;
    assert_eq!(answer.location(), list);
    browser.get(list).await
}

/// Presses the button of the flash.
pub async fn undo(browser: &mut Browser, told: &Page) -> Page {
    let form =
        told.text().split("action=\"/tickets/undo\"").nth(1).unwrap_or_else(|| panic!("nothing to undo: {}", told.text())).to_owned();
    let form = form.split("</form>").next().unwrap();
    let hidden = form.split("type=\"hidden\" name=\"").skip(1).map(|it| {
        let (name, rest) = it.split_once('"').unwrap();
        let value = rest.split_once("value=\"").unwrap().1.split('"').next().unwrap();
        (name.to_owned(), value.replace("&#x2f;", "/").replace("&amp;", "&"))
    });
    let fields: Vec<(String, String)> = hidden.filter(|(name, _)| name != "csrf").collect();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = browser.post("/tickets/undo", &fields).await;
    let to = answer.location().to_owned();
    browser.get(&to).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_is_sorted_as_asked_and_each_order_goes_page_by_page() {
    let desk = TestDesk::new().await;
    some_tickets(&desk, 60).await;
    for (number, priority) in [(7, Priority::Urgent), (31, Priority::High), (8, Priority::Low)] {
        set_priority(&desk.desk, &desk.ada, TicketNumber(number), None, priority).await.unwrap();
    }
    maildesk::actions::reply::reply(&desk.desk, &desk.ada, TicketNumber(3), &reply_of("Unplug it.")).await.unwrap();
    let mut ada = Browser::of(&desk, &desk.ada).await;
    let but = |without: &[i64]| (1..=60).filter(|it| !without.contains(it)).collect::<Vec<i64>>();
    let reversed = |it: Vec<i64>| it.into_iter().rev().collect::<Vec<i64>>();
    for (sort, all) in [
        ("oldest", but(&[])),
        ("priority", [vec![7, 31, 3], reversed(but(&[7, 31, 3, 8])), vec![8]].concat()),
        ("waiting", [but(&[3]), vec![3]].concat()),
        ("activity", [vec![31, 8, 7, 3], reversed(but(&[3, 8, 31, 7]))].concat()),
    ] {
        let first = ada.get(&format!("/tickets?sort={sort}")).await;
        let second = ada.get(&address(&first, "before=")).await;
        assert_eq!([listed(&first), listed(&second)].concat(), all, "{sort}");
        let back = ada.get(&address(&second, "after=")).await;
        assert_eq!(listed(&back), listed(&first), "{sort}, back");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_narrow_a_queue_and_say_how_many_there_are() {
    let desk = TestDesk::new().await;
    some_tickets(&desk, 4).await;
    tagged(&desk, 1, "Hardware").await;
    tagged(&desk, 3, "hardware").await;
    tagged(&desk, 3, "<b>odd</b>").await;
    maildesk::actions::reply::reply(&desk.desk, &desk.ada, TicketNumber(3), &reply_of("Unplug it.")).await.unwrap();
    let mut ada = Browser::of(&desk, &desk.ada).await;
    for (query, numbers) in [
        ("tag=1", vec![3, 1]),
        ("tag=1&turn=customer", vec![3]),
        ("turn=staff&sort=oldest", vec![1, 2, 4]),
        ("tag=1&helper=nobody", vec![3, 1]),
        ("tag=99", vec![]),
        ("view=waiting&tag=2", vec![3]),
    ] {
        let page = ada.get(&format!("/tickets?{query}")).await;
        assert_eq!(listed(&page), numbers, "{query}");
        assert!(page.says(&format!("<span class=\"count\" id=\"total\">{}</span>", numbers.len())), "{query}");
    }
    let page = ada.get("/tickets").await;
    assert!(page.says("<span class=\"tag\"><bdi>Hardware</bdi></span>") && page.says("&lt;b&gt;odd"), "{}", page.text());
    for odd in ["tag=x", "turn=maybe", "sort=due", "tag=9223372036854775808", "sort=return", "before=1.1", "after=x.y.z"] {
        assert_eq!(ada.get(&format!("/tickets?{odd}")).await.status, StatusCode::OK, "{odd}");
    }
    assert!(!Browser::of(&desk, &desk.ann).await.get("/my").await.says("ardware"), "a customer never sees a tag");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_leads_to_its_neighbours_in_the_list_that_it_was_opened_from() {
    let desk = TestDesk::new().await;
    some_tickets(&desk, 4).await;
    assign(&desk.desk, &desk.ada, TicketNumber(2), None, Some(desk.ada.id)).await.unwrap();
    let mut ada = Browser::of(&desk, &desk.ada).await;
    let list = ada.get("/tickets?view=unassigned&sort=oldest").await;
    let page = ada.get(&address(&list, "/tickets/3?")).await;
    assert!(page.says("2 of 3") && page.says("Unassigned"), "{}", page.text());
    let link = |page: &Page, rel: &str| {
        let text = page.text();
        let at = text.find(&format!("rel=\"{rel}\""))?;
        Some(text[at..].split("href=\"").nth(1)?.split('"').next()?.replace("&amp;", "&").replace("&#x2f;", "/"))
    };
    let (before, after) = (link(&page, "prev").unwrap(), link(&page, "next").unwrap());
    assert!(before.starts_with("/tickets/1?") && after.starts_with("/tickets/4?"), "{before} {after}");
    // Taken, it leaves the list; its neighbours stay what they were.
    let version = page.field("version");
    let here = address(&list, "/tickets/3?");
    let referer = format!("http://127.0.0.1:8025{here}");
    let answer =
        ada.post_with("/tickets/3", &[("version", &version), ("helper", "me")], &page.field("csrf"), &[("referer", &referer)]).await;
    assert_eq!(answer.location(), here, "the list is kept");
    let page = ada.get(&here).await;
    assert_eq!((link(&page, "prev").as_ref(), link(&page, "next").as_ref()), (Some(&before), Some(&after)));
    let last = ada.get(&after).await;
    assert_eq!(link(&last, "next"), None);
    assert!(last.says("2 of 2"));
    // From elsewhere there is no list, and nonsense is none.
    for odd in ["", "?list=", "?list=view%3Dmine&at=x", "?list=%00&at=1.2.3", "?at=1.2.3", "?list=before%3D1"] {
        assert_eq!(ada.get(&format!("/tickets/3{odd}")).await.status, StatusCode::OK, "{odd}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_many_were_is_given_back_by_one_press() {
    let desk = TestDesk::new().await;
    some_tickets(&desk, 4).await;
    let mut ada = Browser::of(&desk, &desk.ada).await;
    assign(&desk.desk, &desk.ada, TicketNumber(2), None, Some(desk.hal.id)).await.unwrap();
    let fields = [("assign", "me"), ("status", "resolved"), ("priority", "high"), ("tag", "Storm")];
    let told = bulk(&mut ada, "/tickets", &[1, 2, 3], &fields).await;
    assert!(told.says("Helper Ada Byron, priority High, status Resolved, tag “Storm”: 3 tickets."), "{}", told.text());
    assert_eq!(listed(&told), [4]);
    // One of them is changed by somebody else.
    desk.later(SignedDuration::from_mins(1));
    set_priority(&desk.desk, &desk.ada, TicketNumber(3), None, Priority::Low).await.unwrap();
    let told = undo(&mut ada, &told).await;
    assert!(told.says("Taken back: 2 tickets; 1 ticket stayed as it was. #3: somebody changed it since."), "{}", told.text());
    let (one, two, three) = (desk.ticket(TicketNumber(1)).await, desk.ticket(TicketNumber(2)).await, desk.ticket(TicketNumber(3)).await);
    assert_eq!((one.status, one.assignee, one.priority, one.tags.len()), (Status::Open, None, Priority::Normal, 0));
    assert_eq!((two.status, two.assignee, two.priority), (Status::InProgress, Some(desk.hal.id), Priority::Normal));
    assert_eq!((three.status, three.tags.len()), (Status::Resolved, 1));
    // What waited to be told is called off.
    let left = desk.mail_to("guest1@home.test").await;
    assert!(left.iter().all(|it| !it.read.subject.contains("resolved") && !it.read.text.contains("Resolved")), "{left:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_go_on_in_another_mailbox_and_come_back() {
    let desk = TestDesk::with_two_mailboxes().await;
    some_tickets(&desk, 3).await;
    let sales = desk.desk.mailboxes.iter().nth(1).unwrap().0;
    let mut ada = Browser::of(&desk, &desk.ada).await;
    assert!(ada.get("/tickets").await.says("Move to mailbox"));
    let told = bulk(&mut ada, "/tickets", &[1, 3], &[("mailbox", &sales.to_string())]).await;
    assert!(told.says("Mailbox sales@desk.test: 2 tickets."), "{}", told.text());
    assert_eq!(listed(&ada.get(&format!("/tickets?view=open&mailbox={sales}")).await).len(), 2);
    undo(&mut ada, &told).await;
    assert!(listed(&ada.get(&format!("/tickets?view=open&mailbox={sales}")).await).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_are_merged_marked_as_spam_and_snoozed_and_all_of_it_is_taken_back() {
    let desk = TestDesk::new().await;
    some_tickets(&desk, 4).await;
    let mut ada = Browser::of(&desk, &desk.ada).await;
    let told = bulk(&mut ada, "/tickets", &[2, 1, 4], &[("do", "merge")]).await;
    assert!(told.says("Merged into #1: 2 tickets."), "{}", told.text());
    assert_eq!(listed(&told), [1, 3]);
    let told = undo(&mut ada, &told).await;
    assert_eq!(listed(&told).len(), 4);
    let told = bulk(&mut ada, "/tickets", &[3, 4], &[("do", "spam")]).await;
    assert!(told.says("Closed as spam, and nobody is told: 2 tickets.") && listed(&told).len() == 2, "{}", told.text());
    assert_eq!(listed(&undo(&mut ada, &told).await).len(), 4);
    let told = bulk(&mut ada, "/tickets", &[3, 4], &[("snooze", "tomorrow")]).await;
    assert!(told.says("Snoozed until tomorrow 09:00: 2 tickets."), "{}", told.text());
    assert_eq!((listed(&told).len(), listed(&ada.get("/tickets?view=snoozed").await).len()), (2, 2));
    assert_eq!(listed(&undo(&mut ada, &told).await).len(), 4);
    for (fields, says) in [
        (vec![("snooze_at", "2020-01-01T09:00")], "this time is over"),
        (vec![("snooze", "at"), ("snooze_at", "soon")], "no date and time"),
        (vec![("tag", "a,b")], "no comma"),
        (vec![("untag", "99")], "no such tag"),
        (vec![("assign", "99")], "is not an active helper"),
        (vec![("do", "apply")], "choose what to do"),
    ] {
        let told = bulk(&mut ada, "/tickets", &[1], &fields).await;
        assert!(told.text().to_lowercase().contains(says), "{fields:?}: {}", told.text());
    }
    ada.get("/tickets").await;
    assert_eq!(ada.post("/tickets/undo", &[("was", "1.2.3")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(ada.post("/tickets/bulk", &[("t", "x")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_so_already_and_what_goes_out_of_reach_do_not_stand_in_the_way_of_undo() {
    let desk = TestDesk::new().await;
    some_tickets(&desk, 3).await;
    let mut ada = Browser::of(&desk, &desk.ada).await;
    for number in [1, 2] {
        tagged(&desk, number, "old").await;
    }
    // Taking it puts it In Progress: the status that is asked for is there by then. The first has its priority already.
    set_priority(&desk.desk, &desk.ada, TicketNumber(1), None, Priority::High).await.unwrap();
    let old = desk.ticket(TicketNumber(1)).await.tags[0].to_string();
    let fields = [("assign", "me"), ("status", "in-progress"), ("priority", "high"), ("tag", "new"), ("untag", old.as_str())];
    let told = bulk(&mut ada, "/tickets", &[1, 2], &fields).await;
    assert!(told.says(": 2 tickets."), "{}", told.text());
    let told = undo(&mut ada, &told).await;
    assert!(told.says("Taken back: 2 tickets."), "{}", told.text());
    for (number, priority) in [(1, Priority::High), (2, Priority::Normal)] {
        let it = desk.ticket(TicketNumber(number)).await;
        assert_eq!((it.status, it.assignee, it.priority, it.tags.len()), (Status::Open, None, priority, 1));
        assert_eq!(it.tags[0].to_string(), old);
    }
    // A tag fits whatever else was changed since the page was made; a priority does not.
    let page = "/tickets/3";
    let old_version = desk.ticket(TicketNumber(3)).await.version.to_string();
    set_priority(&desk.desk, &desk.hal, TicketNumber(3), None, Priority::High).await.unwrap();
    assert_eq!(ada.post(page, &[("version", &old_version), ("tag", "new")]).await.location(), page);
    let told = ada.get(page).await;
    assert_eq!((desk.ticket(TicketNumber(3)).await.tags.len(), desk.ticket(TicketNumber(3)).await.priority), (1, Priority::High));
    undo(&mut ada, &told).await;
    assert_eq!((desk.ticket(TicketNumber(3)).await.tags.len(), desk.ticket(TicketNumber(3)).await.priority), (0, Priority::High));
    assert_eq!(ada.post(page, &[("version", &old_version), ("priority", "low")]).await.status, StatusCode::CONFLICT);
    set_priority(&desk.desk, &desk.ada, TicketNumber(3), None, Priority::Normal).await.unwrap();
    // A tag that is gone meanwhile is told, and the rest stays as it is.
    let told = bulk(&mut ada, "/tickets", &[1], &[("untag", old.as_str())]).await;
    manage_tags::delete(&desk.desk, &desk.ada, TagId(old.parse().unwrap())).await.unwrap();
    assert!(undo(&mut ada, &told).await.says("#1: the tag that it had is deleted, or merged into another"));
    // What one part is refused, the others are told and can be taken back.
    let fields = [("priority", "low"), ("status", "resolved"), ("snooze", "tomorrow")];
    let told = bulk(&mut ada, "/tickets", &[3], &fields).await;
    assert!(told.says("#3 in part: only a ticket that is Open or In Progress"), "{}", told.text());
    assert!(undo(&mut ada, &told).await.says("Taken back: 1 ticket."));
    assert_eq!(desk.ticket(TicketNumber(3)).await.priority, Priority::Normal);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_that_somebody_made_up_moves_no_status() {
    let desk = TestDesk::new().await;
    some_tickets(&desk, 1).await;
    let mut ada = Browser::of(&desk, &desk.ada).await;
    let version = desk.ticket(TicketNumber(1)).await.version;
    ada.get("/tickets").await;
    ada.post("/tickets/undo", &[("was", &format!("1.{version}.r.2.1.0.0.0-0")), ("back", "/tickets")]).await;
    assert!(ada.get("/tickets").await.says("it was not Resolved before"));
    assert_eq!(desk.ticket(TicketNumber(1)).await.status, Status::Open);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_tagged_and_snoozed_on_its_page_and_each_is_taken_back() {
    let desk = TestDesk::new().await;
    some_tickets(&desk, 1).await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let page = hal.get("/tickets/1").await;
    hal.post("/tickets/1", &[("version", &page.field("version")), ("tag", " #Storm  damage ")]).await;
    let page = hal.get("/tickets/1").await;
    assert!(
        page.says("Saved: tag “Storm damage”.") && page.says("Hal Nine</bdi></b> added the tag <b><bdi>Storm damage"),
        "{}",
        page.text()
    );
    let refused = hal.post("/tickets/1", &[("version", &page.field("version")), ("tag", &"x".repeat(41))]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.says("A tag has at most 40 characters"), "{}", refused.text());
    hal.post("/tickets/1", &[("version", &page.field("version")), ("untag", "1")]).await;
    let told = hal.get("/tickets/1").await;
    assert!(desk.ticket(TicketNumber(1)).await.tags.is_empty());
    undo(&mut hal, &told).await;
    assert_eq!(desk.ticket(TicketNumber(1)).await.tags.len(), 1);
    let page = hal.get("/tickets/1").await;
    hal.post("/tickets/1", &[("version", &page.field("version")), ("snooze", "at"), ("snooze_at", "2026-11-09T09:00")]).await;
    let page = hal.get("/tickets/1").await;
    assert!(page.says("Snoozed until <time") && page.says("by <bdi>Hal Nine</bdi>"), "{}", page.text());
    assert_eq!(desk.ticket(TicketNumber(1)).await.snooze.unwrap().until.to_string(), "2026-11-09T09:00:00Z");
    assert!(listed(&hal.get("/tickets").await).is_empty());
    undo(&mut hal, &page).await;
    assert_eq!(listed(&hal.get("/tickets").await), [1]);
    let page = hal.get("/tickets/1").await;
    snooze::snooze(&desk.desk, &desk.ada, TicketNumber(1), None, "2026-11-09T09:00:00Z".parse().unwrap()).await.unwrap();
    let stale = hal.post("/tickets/1", &[("version", &page.field("version")), ("snooze", "tomorrow")]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_wrote_since_ones_last_visit_is_marked() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let unread = |page: Page| page.says("class=\"trow unread\"");
    assert!(unread(hal.get("/tickets").await), "a new request");
    for _ in 0..2 {
        assert!(!hal.get("/tickets/1").await.says("New since your last visit"), "at the first visit everything is");
    }
    assert!(!unread(hal.get("/tickets").await));
    maildesk::actions::reply::reply(&desk.desk, &desk.hal, TicketNumber(1), &reply_of("Unplug it.")).await.unwrap();
    assert!(!unread(hal.get("/tickets").await), "one’s own words");
    desk.later(SignedDuration::from_mins(20));
    let sent = desk.mail_to("ann@home.test").await.pop().unwrap();
    desk.receive(&crate::test_desk::answer(&sent, "Ann Lee <ann@home.test>", "It is off.")).await;
    assert!(unread(hal.get("/tickets").await));
    let page = hal.get("/tickets/1").await.text();
    let (before, after) = page.split_once("New since your last visit").unwrap();
    assert!(before.contains("Unplug it.") && after.contains("It is off."));
    assert!(hal.get("/tickets/1").await.says("New since your last visit"), "at the same visit it stays");
    desk.later(SignedDuration::from_mins(20));
    assert!(!hal.get("/tickets/1").await.says("New since your last visit"));
    hal.get("/tickets/1").await;
    hal.post("/tickets/1/unread", &[]).await;
    let told = hal.get("/tickets").await;
    assert!(told.says("#1 is unread.") && unread(told));
}
