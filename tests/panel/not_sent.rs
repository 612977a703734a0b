//! What was not sent: shown to whoever may see its ticket, as long as there is any, with everything that can be done about it.

use axum::http::StatusCode;
use jiff::SignedDuration;
use maildesk::{
    actions::{assign::assign, deliveries, reply},
    desk::{
        comment::CommentText,
        delivery::DeliveryState,
        id::{CommentId, DeliveryId, TicketNumber},
        person::Role,
        ticket::Status,
    },
    store::{
        not_sent::{self, Rest, Sight, Since},
        outbox::{self, Outcome},
        participants,
    },
};

use crate::{browser::Browser, rows::Rows, test_desk::TestDesk};

/// Ann's ticket, with a reply by Hal to her that was refused.
async fn refused() -> (TestDesk, TicketNumber, DeliveryId) {
    let desk = TestDesk::new().await;
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    let words = CommentText::parse("Unplug it.").unwrap();
    let words = reply::Reply { text: words, files: Vec::new(), seen: Some(CommentId(i64::MAX)), then: None, composed: Default::default() };
    desk.mail().await;
    reply::reply(&desk.desk, &desk.hal, number, &words).await.unwrap();
    let id = all(&desk, SignedDuration::from_hours(-1)).await[0];
    refuse(&desk, id, "550 5.1.1 no such user here").await;
    (desk, number, id)
}

/// What counts as not sent; with what is due within `late`.
async fn all(desk: &TestDesk, late: SignedDuration) -> Vec<DeliveryId> {
    let now = desk.desk.clock.now();
    let since = Since { late: now - late, old: now };
    let sight = Sight { scope: maildesk::desk::permission::Scope::All, rest: Rest::Shown };
    let rows = not_sent::list(&mut desk.desk.store.read().await.unwrap(), sight, since, None, 100).await.unwrap();
    rows.into_iter().map(|it| it.id).collect()
}

async fn refuse(desk: &TestDesk, id: DeliveryId, words: &str) {
    let now = desk.desk.clock.now();
    let mut tx = desk.desk.store.begin().await.unwrap();
    let what = Outcome { state: DeliveryState::Refused.as_str(), words, next_at: None };
    outbox::put(&mut tx, id, &what, now).await.unwrap();
    deliveries::refused(&desk.desk, &mut tx, id, words).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_reply_is_in_the_navigation_until_it_goes_to_another_address() {
    let (desk, number, id) = refused().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    assert!(hal.get("/tickets").await.says("Not sent"));
    let page = hal.get("/not-sent").await;
    for words in
        ["ann@home.test", "There is no such mailbox", "550 5.1.1 no such user here", "by <bdi>Hal Nine", "Refused", "Other address"]
    {
        assert!(page.says(words), "{words}: {}", page.text());
    }
    let path = format!("/not-sent/{id}");
    for (address, why) in [("support+1@desk.test", "is an address of this desk"), ("ann@home.test", "Send again"), ("ann", "Not done")] {
        hal.post(&path, &[("do", "elsewhere"), ("address", address)]).await;
        assert!(hal.get("/not-sent").await.says(why), "{address}");
    }
    hal.post(&path, &[("do", "elsewhere"), ("address", "ann@work.test")]).await;
    assert!(hal.get("/not-sent").await.says("It goes to ann@work.test now"));
    let page = hal.get("/tickets").await;
    assert!(!page.says("Not sent"), "{}", page.text());
    let page = hal.get(&format!("/tickets/{number}")).await;
    assert!(
        page.says("sent a reply that had not reached") && page.says("Set aside") && page.says("There is no such mailbox"),
        "{}",
        page.text()
    );
    let left = desk.mail().await;
    let copy = left.iter().find(|it| it.to == "ann@work.test").expect("it left");
    assert!(copy.read.text.contains("Unplug it."));
    assert!(left.iter().any(|it| it.to == "hal@desk.test" && it.read.text.contains("did not reach ann@home.test")), "the author was told");
    let people = participants::list(&mut desk.desk.store.read().await.unwrap(), number).await.unwrap();
    assert!(people.iter().all(|it| it.email.as_str() != "ann@work.test"), "who takes part stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_out_of_reach_is_not_there() {
    let (desk, number, id) = refused().await;
    desk.mail_does_not_matter();
    assign(&desk.desk, &desk.ada, number, None, Some(desk.ada.id)).await.unwrap();
    let mut hal = Browser::of(&desk, &desk.hal).await;
    assert!(!hal.get("/tickets").await.says("Not sent") && !hal.get("/not-sent").await.says("ann@home.test"));
    for what in ["retry", "aside", "cancel"] {
        assert_eq!(hal.post(&format!("/not-sent/{id}"), &[("do", what)]).await.status, StatusCode::NOT_FOUND, "{what}");
    }
    let elsewhere = [("do", "elsewhere"), ("address", "hal@home.test")];
    assert_eq!(hal.post(&format!("/not-sent/{id}"), &elsewhere).await.status, StatusCode::NOT_FOUND);
    let mut ada = Browser::of(&desk, &desk.ada).await;
    assert!(ada.get("/not-sent").await.says("ann@home.test"));
    let mut ann = Browser::of(&desk, &desk.ann).await;
    assert_eq!(ann.get("/not-sent").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_with_a_helpers_token_goes_to_nobody_else() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let elsewhere = [("do", "elsewhere"), ("address", "eve@else.test")];
    let mut refusals = 0;
    for id in all(&desk, SignedDuration::from_hours(-1)).await {
        hal.post(&format!("/not-sent/{id}"), &elsewhere).await;
        refusals += usize::from(hal.get("/not-sent").await.says("for its recipient alone"));
    }
    assert!(refusals > 0, "a notice to a helper; the receipt may");
    let to: Vec<String> = desk.mail().await.into_iter().map(|it| it.to).collect();
    assert_eq!(to.iter().filter(|it| *it == "eve@else.test").count(), 1, "{to:?}");
    assert!(to.contains(&"hal@desk.test".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn resolving_a_ticket_with_a_reply_that_was_not_sent_asks_first() {
    let (desk, number, id) = refused().await;
    desk.mail_does_not_matter();
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let path = format!("/tickets/{number}");
    let version = hal.get(&path).await.field("version");
    let resolve = [("version", version.as_str()), ("status", "resolved")];
    let page = hal.post(&path, &resolve).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.says("a reply to ann@home.test was not sent") && page.says("Resolve all the same"), "{}", page.text());
    // Replying and resolving in one asks as well, and keeps what was typed.
    let seen = page.field("seen");
    let say = [("seen", seen.as_str()), ("kind", "reply"), ("body", "Any better?"), ("then", "resolved"), ("send", "reply")];
    let page = hal.post_file(&format!("{path}/messages"), &say, ("files", "", b"")).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.says("Send it once more") && page.says("Any better?") && page.field("sure") == "unsent", "{}", page.text());
    assert!(desk.ticket(number).await.status != Status::Resolved);
    let version = page.field("version");
    hal.post(&path, &[("version", version.as_str()), ("status", "resolved"), ("sure", "unsent")]).await;
    assert_eq!(desk.ticket(number).await.status, Status::Resolved);
    // One that was set aside asks nobody.
    hal.post(&format!("/not-sent/{id}"), &[("do", "aside")]).await;
    let version = hal.get(&path).await.field("version");
    hal.post(&path, &[("version", version.as_str()), ("status", "in-progress")]).await;
    let version = hal.get(&path).await.field("version");
    hal.post(&path, &[("version", version.as_str()), ("status", "resolved")]).await;
    assert_eq!(desk.ticket(number).await.status, Status::Resolved);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_author_is_told_once_however_often_it_is_refused() {
    let (desk, _, id) = refused().await;
    for _ in 0..3 {
        deliveries::retry(&desk.desk, &desk.hal, id).await.unwrap();
        refuse(&desk, id, "550 5.1.1 no such user here").await;
    }
    assert_eq!(desk.mail_to("hal@desk.test").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_long_is_shown_and_several_are_tried_or_set_aside_at_once() {
    let (desk, _, first) = refused().await;
    desk.mail_does_not_matter();
    desk.write("Ben Moe <ben@home.test>", "Scanner", "It hums.").await;
    let eve = desk.add(Role::Helper, "Eve", "eve@desk.test").await;
    let mut eve = Browser::of(&desk, &eve).await;
    assert!(!eve.get("/not-sent").await.says("ben@home.test"), "it has only begun to wait");
    desk.later(SignedDuration::from_mins(11));
    let page = eve.get("/not-sent").await;
    assert!(page.says("ben@home.test") && page.says("It still waits to leave") && page.says("as soon as it may"), "{}", page.text());
    let late = all(&desk, SignedDuration::from_mins(10)).await;
    let late = late.iter().find(|it| **it != first).unwrap().to_string();
    let both = [("d", first.to_string()), ("d", late)];
    let form: Vec<(&str, &str)> = both.iter().map(|(name, id)| (*name, id.as_str())).chain([("do", "aside")]).collect();
    eve.post("/not-sent/bulk", &form).await;
    let page = eve.get("/not-sent").await;
    assert!(page.says("1 message is set aside. The others stayed as they were: it is still tried"), "{}", page.text());
    assert!(!page.says("ann@home.test") || !page.says("550 5.1.1"));
    eve.post("/not-sent/bulk", &[("do", "retry")]).await;
    assert!(eve.get("/not-sent").await.says("no message was selected"));
}

#[tokio::test(flavor = "multi_thread")]
async fn however_much_of_the_desks_own_mail_was_not_sent_a_persons_is_marked() {
    let (desk, _, id) = refused().await;
    desk.is_damaged();
    desk.mail_does_not_matter();
    // Put in by hand, and all of them earlier than the reply.
    let rows = Rows::of(&desk.url).await;
    for n in 1..=150 {
        let sql = format!(
            "insert into deliveries (id, outbox, mailbox, address, domain, person, automatic, rank, state, next_at, created_at, settled_at)
            select {n} - 1000, d.outbox, d.mailbox, 'r{n}@home.test', 'home.test', null, 1, 1, 'refused', d.next_at, d.created_at, r.settled_at
            from deliveries d, deliveries r where r.id = {id} and d.id = (select min(id) from deliveries where rank = 1 and id > 0)"
        );
        assert_eq!(rows.run(&sql).await, 1);
    }
    for who in [&desk.ada, &desk.hal] {
        let page = Browser::of(&desk, who).await.get("/tickets").await;
        assert!(page.says("<span class=\"n hot\" id=\"n-not-sent\">100+</span>"), "{}: {}", who.name, page.text());
    }
    rows.run("delete from deliveries where id > -901 and id < 0").await;
    let page = Browser::of(&desk, &desk.hal).await.get("/tickets").await;
    assert!(page.says("id=\"n-not-sent\">100</span>"), "99 notices and the reply: {}", page.text());
}
