//! Writing by a program: the same replies, notes and changes as from the panel.

use axum::http::{Method, StatusCode};
use jiff::SignedDuration;
use maildesk::{
    actions::{assign::assign, merge::merge},
    desk::{
        draft::DraftKind,
        id::TicketNumber,
        ticket::{Priority, Status},
    },
    store::drafts,
};
use serde_json::{Value, json};

use super::{Program, ticket};
use crate::{browser::Browser, test_desk::TestDesk};

async fn written() -> (TestDesk, Program) {
    let desk = TestDesk::new().await;
    desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await;
    desk.mail().await;
    let hal = Program::of(&desk.desk, &desk.hal).await;
    (desk, hal)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_lands_in_the_outbox_and_leaves_after_the_undo_window() {
    let (desk, hal) = written().await;
    let answer = hal.post("/tickets/1/replies", json!({ "text": "Unplug **it**.", "markup": "markdown", "status": "resolved" })).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let at = answer.header("location").to_owned();
    let reply = answer.ok();
    assert_eq!(at, format!("/api/v1/tickets/1/comments/{}", reply["id"]));
    let copy = &reply["deliveries"][0];
    assert_eq!((&copy["address"], &copy["state"]), (&json!("ann@home.test"), &json!("waiting")));
    let leaves: jiff::Timestamp = copy["next_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(leaves.duration_since(desk.desk.clock.now()), desk.desk.settings.undo_window);
    assert_eq!(desk.mail().await.len(), 0, "it waits");
    let mail = desk.mail_to("ann@home.test").await;
    assert_eq!(mail.len(), 1);
    assert!(mail[0].read.text.contains("Unplug") && mail[0].raw.contains("text/html"), "{}", mail[0].raw);
    let sent = hal.get(&at["/api/v1".len()..]).await.ok();
    assert_eq!((&sent["deliveries"][0]["state"], &sent["deliveries"][0]["next_at"]), (&json!("sent"), &Value::Null));
    assert_eq!(desk.ticket(TicketNumber(1)).await.status, Status::Resolved);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_is_taken_back_within_the_undo_window_and_not_after() {
    let (desk, hal) = written().await;
    let first = hal.post("/tickets/1/replies", json!({ "text": "Wrong." })).await.ok();
    let path = format!("/tickets/1/comments/{}", first["id"]);
    let taken = hal.ask(Method::DELETE, &path, None, &[]).await.ok();
    assert_eq!((taken["withdrawn_at"].is_string(), &taken["deliveries"][0]["state"]), (true, &json!("cancelled")));
    assert_eq!(hal.ask(Method::DELETE, &path, None, &[]).await.problem(), (409, "conflict", ""));
    let second = hal.post("/tickets/1/replies", json!({ "text": "Right." })).await.ok();
    assert_eq!(desk.mail_to("ann@home.test").await.len(), 1);
    let late = hal.ask(Method::DELETE, &format!("/tickets/1/comments/{}", second["id"]), None, &[]).await;
    assert_eq!(late.problem(), (409, "conflict", ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_were_not_seen_stop_a_reply_until_they_are() {
    let (desk, hal) = written().await;
    desk.mail_does_not_matter();
    let seen = hal.get("/tickets/1").await.ok()["last_comment"].clone();
    let ada = Program::of(&desk.desk, &desk.ada).await;
    let note = ada.post("/tickets/1/notes", json!({ "text": "Do not promise anything." })).await.ok();
    let stopped = hal.post("/tickets/1/replies", json!({ "text": "Tomorrow.", "seen": seen })).await;
    assert_eq!(stopped.problem(), (409, "new-words", ""));
    assert_eq!(stopped.json["comments"], json!([note["id"]]));
    let sent = hal.post("/tickets/1/replies", json!({ "text": "Tomorrow.", "seen": note["id"] })).await.ok();
    let again = hal.post("/tickets/1/replies", json!({ "text": "Tomorrow.", "seen": note["id"] })).await.ok();
    assert_eq!(sent["id"], again["id"], "the same words after the same comment are one reply, as on the panel");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_with_the_same_key_is_done_once() {
    let (desk, hal) = written().await;
    desk.mail_does_not_matter();
    let words = json!({ "text": "Unplug it." });
    for (path, body) in [("/tickets/1/replies", words.clone()), ("/tickets/1/notes", words.clone()), ("/tickets", ticket("Parcel"))] {
        let key = format!("key-{path}");
        let first = hal.post_once(path, &key, body.clone()).await;
        let second = hal.post_once(path, &key, body.clone()).await;
        assert_eq!((first.status, second.status), (StatusCode::CREATED, StatusCode::CREATED), "{}", second.json);
        assert_eq!((first.header("location"), &first.json), (second.header("location"), &second.json));
        let other = hal.post_once(path, &key, json!({ "text": "Something else." })).await;
        assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let other = hal.post_once("/tickets/1/notes", "key-/tickets/1/notes", json!({ "text": "Another." })).await;
    assert_eq!(other.problem(), (422, "invalid", "Idempotency-Key"));
    let comments = hal.get("/tickets/1/comments").await.ok();
    assert_eq!(comments["items"].as_array().unwrap().len(), 3, "hers, one reply, one note");
    assert_eq!(hal.get("/tickets").await.ok()["items"].as_array().unwrap().len(), 2);
    // Another token’s key is another; a day later a key is free again.
    let ada = Program::of(&desk.desk, &desk.ada).await;
    ada.post_once("/tickets/1/notes", "key-/tickets/1/notes", words.clone()).await.ok();
    desk.later(SignedDuration::from_hours(25));
    hal.post_once("/tickets/1/notes", "key-/tickets/1/notes", words.clone()).await.ok();
    assert_eq!(hal.get("/tickets/1/comments").await.ok()["items"].as_array().unwrap().len(), 5);
    for odd in ["", "a b", &"x".repeat(201)] {
        assert_eq!(hal.post_once("/tickets/1/notes", odd, words.clone()).await.problem(), (422, "invalid", "Idempotency-Key"), "{odd}");
    }
    // What was refused is not kept: it is mended and sent again.
    assert_eq!(hal.post_once("/tickets/1/replies", "mended", json!({ "text": " " })).await.problem(), (422, "invalid", "text"));
    hal.post_once("/tickets/1/replies", "mended", words).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_lost_is_given_again_wherever_what_it_made_is_by_now() {
    let (desk, hal) = written().await;
    desk.mail_does_not_matter();
    desk.write("Ann Lee <ann@home.test>", "Printer again", "It smokes.").await;
    let words = json!({ "text": "Unplug it." });
    let first = hal.post_once("/tickets/2/replies", "lost", words.clone()).await.ok();
    merge(&desk.desk, &desk.ada, TicketNumber(2), None, TicketNumber(1)).await.unwrap();
    let again = hal.post_once("/tickets/2/replies", "lost", words.clone()).await;
    assert_eq!((again.status, &again.json["id"]), (StatusCode::CREATED, &first["id"]), "{}", again.json);
    assert_eq!(again.header("location"), format!("/api/v1/tickets/1/comments/{}", first["id"]));
    // The same words under another key, on what stands now, are meant.
    let seen = hal.get("/tickets/1").await.ok()["last_comment"].clone();
    let meant = json!({ "text": "Unplug it.", "seen": seen });
    let one = hal.post_once("/tickets/1/replies", "one", meant.clone()).await.ok();
    let two = hal.post_once("/tickets/1/replies", "two", meant).await.ok();
    assert_ne!(one["id"], two["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_names_more_than_people_do() {
    let (desk, hal) = written().await;
    desk.mail_does_not_matter();
    let many: Vec<String> = (0..21).map(|it| format!("ann{it}@home.test")).collect();
    let mut new = ticket("Parcel");
    new["copies"] = json!(many);
    assert_eq!(hal.post("/tickets", new.clone()).await.problem(), (422, "invalid", "copies"));
    new["copies"] = json!(["support@desk.test"]);
    assert_eq!(hal.post("/tickets", new).await.problem(), (422, "invalid", "copies"), "the desk’s own address");
    assert_eq!(hal.post("/tickets/1/replies", json!({ "text": "Hello.", "cc": many })).await.problem(), (422, "invalid", "cc"));
    let tags: Vec<String> = (0..1000).map(|it| format!("t{it}")).collect();
    let answer = hal.ask(Method::PATCH, "/tickets/1", Some(serde_json::to_vec(&json!({ "tags": { "remove": tags } })).unwrap()), &[]).await;
    assert_eq!(answer.problem(), (422, "invalid", "tags.remove"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_used_twice_at_once_makes_one_ticket() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let hal = Program::of(&desk.desk, &desk.hal).await;
    let ask = || hal.post_once("/tickets", "at-once", ticket("Parcel"));
    let all = futures_util::future::join_all([ask(), ask(), ask(), ask()]).await;
    assert!(all.iter().all(|it| it.status == StatusCode::CREATED && it.json["number"] == 1), "{all:?}");
    assert_eq!(hal.get("/tickets").await.ok()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_opened_for_a_customer_and_mailed_or_noted() {
    let desk = TestDesk::new().await;
    let hal = Program::of(&desk.desk, &desk.hal).await;
    let quiet = hal.post("/tickets", ticket("Parcel")).await;
    assert_eq!(quiet.header("location"), "/api/v1/tickets/1");
    assert_eq!(quiet.json["ticket"]["requester"]["name"], "Cleo Day");
    let mut told = ticket("Told");
    told["first"] = json!("sent");
    told["assignee"] = json!("me");
    told["priority"] = json!("high");
    told["copies"] = json!(["dan@shop.test"]);
    told["mailbox"] = json!("support");
    let told = hal.post("/tickets", told).await.ok();
    let ticket = &told["ticket"];
    assert_eq!(
        (&ticket["status"], &ticket["priority"], &ticket["assignee"]["name"]),
        (&json!("in-progress"), &json!("high"), &json!("Hal Nine"))
    );
    desk.later(desk.desk.settings.undo_window + SignedDuration::from_secs(1));
    let mut to: Vec<String> = desk.mail().await.into_iter().map(|it| it.to).collect();
    to.sort();
    assert_eq!(to, ["cleo@shop.test", "dan@shop.test"]);
    let first = &hal.get("/tickets/2/comments").await.ok()["items"][0];
    assert_eq!((&first["via"], &first["author"]["name"]), (&json!("api"), &json!("Hal Nine")));
    let ada = Program::of(&desk.desk, &desk.ada).await;
    let mut others = super::ticket("Theirs");
    others["assignee"] = json!(desk.ada.id.0);
    let others = hal.post("/tickets", others).await.ok();
    assert_eq!(others, json!({ "number": 3, "ticket": null }), "handed to somebody else, and out of reach");
    assert_eq!(ada.get("/tickets/3").await.ok()["assignee"]["name"], "Ada Byron");
    desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_changed_as_a_whole_or_not_at_all() {
    let (desk, hal) = written().await;
    desk.mail_does_not_matter();
    let until = desk.desk.clock.now() + SignedDuration::from_hours(5);
    let version = hal.get("/tickets/1").await.ok()["version"].clone();
    let all = json!({
        "version": version, "assignee": "me", "priority": "urgent", "subject": "Printer on fire",
        "tags": { "add": ["fire", "Printer"] }, "snooze": until.to_string(),
    });
    let changed = hal.patch("/tickets/1", all.clone()).await.ok();
    assert_eq!(changed["version"].as_i64().unwrap(), version.as_i64().unwrap() + 1, "one change");
    assert_eq!(
        (&changed["status"], &changed["subject"], &changed["snoozed_until"]),
        (&json!("in-progress"), &json!("Printer on fire"), &json!(until.to_string()))
    );
    assert_eq!((&changed["tags"], &changed["priority"]), (&json!(["fire", "Printer"]), &json!("urgent")));
    assert_eq!(hal.patch("/tickets/1", all).await.problem(), (409, "stale", ""));
    let nothing = hal.patch("/tickets/1", json!({})).await.ok();
    assert_eq!(nothing["version"], changed["version"], "what changes nothing is no change");
    let again = json!({ "priority": "urgent", "tags": { "add": ["FIRE"], "remove": ["absent"] }, "assignee": desk.hal.id.0 });
    assert_eq!(hal.patch("/tickets/1", again).await.ok()["version"], changed["version"]);
    // The status cannot be; the priority stays.
    let refused =
        hal.patch("/tickets/1", json!({ "priority": "low", "tags": { "remove": ["fire"] }, "snooze": "2020-01-01T00:00:00Z" })).await;
    assert_eq!(refused.problem(), (422, "invalid", "snooze"));
    let now = desk.ticket(TicketNumber(1)).await;
    assert_eq!((now.priority, now.tags.len()), (Priority::Urgent, 2));
    let back = hal.patch("/tickets/1", json!({ "snooze": null, "tags": { "remove": ["fire"] }, "status": "resolved" })).await.ok();
    assert_eq!((&back["snoozed_until"], &back["tags"], &back["status"]), (&Value::Null, &json!(["Printer"]), &json!("resolved")));
    assert_eq!(hal.patch("/tickets/1", json!({ "assignee": 99 })).await.problem(), (422, "invalid", "assignee"));
    assert_eq!(hal.patch("/tickets/1", json!({ "assignee": "them" })).await.problem(), (422, "invalid", "assignee"));
    let away = hal.patch("/tickets/1", json!({ "assignee": desk.ada.id.0 })).await;
    assert_eq!((away.status, away.bytes.len()), (StatusCode::NO_CONTENT, 0), "out of reach from then on");
    assert_eq!(hal.get("/tickets/1").await.status, StatusCode::NOT_FOUND);
    let ada = Program::of(&desk.desk, &desk.ada).await;
    assert_eq!(ada.patch("/tickets/1", json!({ "assignee": null })).await.ok()["assignee"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_helper_may_not_give_away_their_program_does_not_either() {
    let (desk, hal) = written().await;
    desk.mail_does_not_matter();
    let refused = hal.patch("/tickets/1", json!({ "assignee": desk.ada.id.0, "priority": "low" })).await;
    assert_eq!(refused.problem(), (403, "forbidden", ""));
    assert_eq!(desk.ticket(TicketNumber(1)).await.priority, Priority::Normal);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_was_not_sent_is_asked_about_before_a_ticket_is_resolved() {
    let (desk, hal) = written().await;
    desk.mail_does_not_matter();
    hal.post("/tickets/1/replies", json!({ "text": "Unplug it." })).await.ok();
    let sql = "update deliveries set state = 'refused', settled_at = next_at where address = 'ann@home.test' and state = 'waiting'";
    desk.later(SignedDuration::from_mins(5));
    crate::rows::Rows::of(&desk.url).await.run(sql).await;
    let asked = hal.patch("/tickets/1", json!({ "status": "resolved" })).await;
    assert_eq!(asked.problem(), (409, "unsent", ""));
    assert_eq!(asked.json["addresses"], json!(["ann@home.test"]));
    hal.patch("/tickets/1", json!({ "status": "resolved", "unsent": "does-not-matter" })).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_a_problem_that_names_the_field() {
    let (desk, hal) = written().await;
    let raw = |path: &'static str, body: &'static str, kind: &'static str| {
        let hal = &hal;
        async move { hal.ask(Method::POST, path, Some(body.as_bytes().to_vec()), &[("content-type", kind)]).await }
    };
    let json = "application/json";
    for body in ["", "{", "[1", "nonsense", "{\"text\": \"x\"} more"] {
        assert_eq!(raw("/tickets/1/replies", body, json).await.problem(), (400, "invalid", ""), "{body}");
    }
    for (path, body, field) in [
        ("/tickets/1/replies", r#"{}"#, "text"),
        ("/tickets/1/replies", r#"{"text": 7}"#, "text"),
        ("/tickets/1/replies", r#"{"text": "  "}"#, "text"),
        ("/tickets/1/replies", r#"{"text": "x", "colour": "red"}"#, "colour"),
        ("/tickets/1/replies", r#"{"text": "x", "text": "y"}"#, "text"),
        ("/tickets/1/replies", r#"{"text": "x", "status": "odd"}"#, "status"),
        ("/tickets/1/replies", r#"{"text": "x", "cc": ["ann@home.test", "odd"]}"#, "cc[1]"),
        ("/tickets/1/replies", r#"{"text": "x", "files": [{"name": "a", "base64": "??"}]}"#, "files[0].base64"),
        ("/tickets/1/replies", r#"{"text": "x", "files": [{"name": "a"}]}"#, "files[0].base64"),
        ("/tickets/1/notes", r#"{"text": "x", "seen": 1}"#, "seen"),
        ("/tickets", r#"{"subject": "x", "text": "y"}"#, "customer"),
        ("/tickets", r#"{"customer": {"email": "a@b.test", "phone": "1"}, "subject": "x", "text": "y"}"#, "customer.phone"),
        ("/tickets", r#"{"customer": {"email": "odd"}, "subject": "x", "text": "y"}"#, "customer.email"),
        ("/tickets", r#"{"customer": {"email": "support@desk.test"}, "subject": "x", "text": "y"}"#, "customer"),
        ("/tickets", r#"{"customer": {"email": "a@b.test"}, "subject": " ", "text": "y"}"#, "subject"),
        ("/tickets", r#"{"customer": {"email": "a@b.test"}, "subject": "x", "text": "y", "mailbox": "odd"}"#, "mailbox"),
        ("/tickets", r#"{"customer": {"email": "a@b.test"}, "subject": "x", "text": "y", "assignee": 99}"#, "assignee"),
    ] {
        let answer = raw(path, body, json).await;
        assert_eq!(answer.problem(), (422, "invalid", field), "{body}: {}", answer.json);
    }
    let unknown = raw("/tickets/1/notes", r#"{"text": "x", "seen": 1}"#, json).await;
    assert!(unknown.json["detail"].as_str().unwrap().contains("known are text, markup, files"), "{}", unknown.json);
    assert_eq!(raw("/tickets/1/replies", "text=x", "application/x-www-form-urlencoded").await.problem(), (415, "media-type", ""));
    assert_eq!(raw("/tickets/1/replies", "{}", "").await.problem(), (415, "media-type", ""));
    let large = vec![b' '; 40 * 1024 * 1024];
    let answer = hal.ask(Method::POST, "/tickets/1/replies", Some(large.clone()), &[]).await;
    assert_eq!(answer.problem(), (413, "too-large", ""));
    assert_eq!(hal.ask(Method::PATCH, "/tickets/1", Some(large[..5 * 1024 * 1024].to_vec()), &[]).await.problem(), (413, "too-large", ""));
    assert_eq!(hal.get("/tickets/1/comments").await.ok()["items"].as_array().unwrap().len(), 1, "nothing was written");
    assert_eq!(desk.ticket(TicketNumber(1)).await.version, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_leaves_what_its_owner_has_begun_to_write() {
    let (desk, hal) = written().await;
    desk.mail_does_not_matter();
    let mut page = Browser::of(&desk, &desk.hal).await;
    page.get("/tickets/1").await;
    page.post("/tickets/1/draft", &[("do", "keep"), ("kind", "reply"), ("body", "Half of a thought")]).await;
    let place = drafts::Place { person: desk.hal.id, ticket: TicketNumber(1), kind: DraftKind::Reply };
    let draft = || async { drafts::get(&mut desk.desk.store.read().await.unwrap(), place).await.unwrap() };
    assert!(draft().await.is_some());
    hal.post("/tickets/1/replies", json!({ "text": "We look into it." })).await.ok();
    assert_eq!(draft().await.unwrap().kept.body, "Half of a thought");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merged_ticket_is_read_and_written_to_no_more() {
    let (desk, _) = written().await;
    desk.mail_does_not_matter();
    desk.write("Ann Lee <ann@home.test>", "Printer again", "It burns.").await;
    let ada = Program::of(&desk.desk, &desk.ada).await;
    assign(&desk.desk, &desk.ada, TicketNumber(2), None, Some(desk.ada.id)).await.unwrap();
    maildesk::actions::merge::merge(&desk.desk, &desk.ada, TicketNumber(1), None, TicketNumber(2)).await.unwrap();
    assert_eq!(ada.get("/tickets/1").await.ok()["merged_into"], 2);
    let answer = ada.post("/tickets/1/replies", json!({ "text": "Hello?" })).await;
    assert_eq!(answer.problem(), (409, "conflict", ""));
    assert!(answer.json["detail"].as_str().unwrap().contains("#2"), "{}", answer.json);
}
