//! Reading tickets: lists, searches, conversations, files.

use axum::http::{Method, StatusCode};
use jiff::SignedDuration;
use maildesk::{
    actions::{assign::assign, set_status::set_status, snooze::snooze, tag},
    desk::{id::TicketNumber, tag::TagName, ticket::Status},
};
use serde_json::{Value, json};

use super::Program;
use crate::test_desk::TestDesk;

async fn three() -> TestDesk {
    let desk = TestDesk::with_two_mailboxes().await;
    desk.mail_does_not_matter();
    for subject in ["Printer", "Scanner", "Refund"] {
        desk.later(SignedDuration::from_mins(1));
        desk.write("Ann Lee <ann@home.test>", subject, &format!("The {subject} smokes.")).await;
    }
    desk
}

fn numbers(page: &Value) -> Vec<i64> {
    page["items"].as_array().unwrap().iter().map(|it| it["number"].as_i64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_are_listed_filtered_and_leafed_through() {
    let desk = three().await;
    let ada = Program::reading(&desk.desk, &desk.ada).await;
    assign(&desk.desk, &desk.hal, TicketNumber(2), None, Some(desk.hal.id)).await.unwrap();
    tag::add(&desk.desk, &desk.ada, TicketNumber(2), &TagName::parse("VIP guest").unwrap()).await.unwrap();
    desk.later(SignedDuration::from_mins(3));
    let began = desk.desk.clock.now();
    set_status(&desk.desk, &desk.ada, TicketNumber(1), None, Status::Closed).await.unwrap();
    snooze(&desk.desk, &desk.ada, TicketNumber(3), None, began + SignedDuration::from_hours(2)).await.unwrap();
    let list = |query: &'static str| {
        let ada = &ada;
        async move { numbers(&ada.get(&format!("/tickets?{query}")).await.ok()) }
    };
    assert_eq!(list("sort=oldest").await, [1, 2, 3], "closed and put off ones too");
    assert_eq!(list("view=open").await, [2]);
    assert_eq!(list("view=snoozed").await, [3]);
    assert_eq!(list("view=unassigned").await, [] as [i64; 0]);
    assert_eq!(list("status=closed").await, [1]);
    assert_eq!(list("status=in-progress&turn=staff").await, [2]);
    assert_eq!(list("tag=vip%20guest").await, [2]);
    assert_eq!(list("mailbox=support&sort=oldest").await, [1, 2, 3]);
    assert_eq!(list("mailbox=sales%40desk.test").await, [] as [i64; 0]);
    assert_eq!(list("assignee=none&sort=oldest").await, [1, 3]);
    assert_eq!(numbers(&ada.get(&format!("/tickets?assignee={}", desk.hal.id)).await.ok()), [2]);
    assert_eq!(numbers(&ada.get(&format!("/tickets?updated_since={began}&sort=oldest")).await.ok()), [1, 3]);
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = ada.get(&format!("/tickets?limit=1&sort=oldest{cursor}")).await.ok();
        seen.extend(numbers(&page));
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, [1, 2, 3]);
    let first = &ada.get("/tickets?status=in-progress").await.ok()["items"][0];
    assert_eq!(first["tags"], json!(["VIP guest"]));
    assert_eq!((&first["mailbox"]["name"], &first["requester"]["email"]), (&json!("support"), &json!("ann@home.test")));
    assert_eq!((&first["assignee"]["name"], &first["opened_at"]), (&json!("Hal Nine"), &json!("2026-11-02T09:02:00Z")));
    assert_eq!(first["url"], "http://127.0.0.1:8025/tickets/2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_is_in_the_language_of_the_panel() {
    let desk = three().await;
    let ada = Program::reading(&desk.desk, &desk.ada).await;
    assert_eq!(numbers(&ada.get("/tickets?q=smokes").await.ok()), [3, 2, 1], "the last said first");
    assert_eq!(numbers(&ada.get("/tickets?q=scanner%20status:open&sort=relevance").await.ok()), [2]);
    let page = ada.get("/tickets?q=smokes&limit=2").await.ok();
    assert_eq!(numbers(&page), [3, 2]);
    let rest = ada.get(&format!("/tickets?q=smokes&limit=2&cursor={}", page["next"].as_str().unwrap())).await.ok();
    assert_eq!((numbers(&rest), &rest["next"]), (vec![1], &Value::Null));
    for (query, field) in [
        ("q=tag:nothing", "q"),
        ("q=status:odd", "q"),
        ("q=%20", "q"),
        ("q=smokes&status=open", "status"),
        ("q=smokes&sort=due", "sort"),
        ("q=smokes&cursor=activity-1.0.2", "cursor"),
    ] {
        assert_eq!(ada.get(&format!("/tickets?{query}")).await.problem(), (422, "invalid", field), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_is_refused_by_its_name() {
    let desk = three().await;
    let ada = Program::reading(&desk.desk, &desk.ada).await;
    for (query, field) in [
        ("status=odd", "status"),
        ("view=everything", "view"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("cursor=nonsense", "cursor"),
        ("cursor=oldest-1.0.2", "cursor"),
        ("assignee=somebody", "assignee"),
        ("tag=nothing", "tag"),
        ("mailbox=nothing", "mailbox"),
        ("updated_since=yesterday", "updated_since"),
        ("sort=return", "sort"),
        ("colour=red", "colour"),
        ("status=open&status=closed", "status"),
    ] {
        let answer = ada.get(&format!("/tickets?{query}")).await;
        assert_eq!(answer.problem(), (422, "invalid", field), "{query}: {}", answer.json);
    }
    let odd = ada.get("/tickets?status=odd").await;
    assert!(odd.json["detail"].as_str().unwrap().contains("in-progress"), "the mend is named: {}", odd.json);
    for path in ["/tickets/x", "/tickets/99", "/tickets/1/comments/99", "/attachments/1", "/people/99", "/nothing", "/tickets/1/nothing"] {
        assert_eq!(ada.get(path).await.problem(), (404, "missing", ""), "{path}");
    }
    assert_eq!(ada.ask(Method::PUT, "/tickets/1", None, &[]).await.problem(), (405, "method", ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_given_with_its_conversation_its_notes_and_its_files() {
    let desk = three().await;
    let hal = Program::of(&desk.desk, &desk.hal).await;
    let file = json!({ "name": "../a/plan.txt", "content_type": "text/plain", "base64": "SGVsbG8=" });
    hal.post("/tickets/1/notes", json!({ "text": "It is the fuser.", "files": [file] })).await.ok();
    let whole = hal.get("/tickets/1").await.ok();
    assert_eq!((&whole["number"], &whole["comments"], &whole["merged_into"]), (&json!(1), &json!(2), &Value::Null));
    assert_eq!(whole["participants"][0]["name"], "Ann Lee");
    let first = hal.get("/tickets/1/comments?limit=1").await.ok();
    assert_eq!((&first["items"][0]["origin"], &first["items"][0]["via"]), (&json!("customer"), &json!("mail")));
    let second = hal.get(&format!("/tickets/1/comments?cursor={}", first["next"].as_str().unwrap())).await.ok();
    let note = &second["items"][0];
    assert_eq!((&note["visibility"], &note["via"], &note["author"]["name"]), (&json!("internal"), &json!("api"), &json!("Hal Nine")));
    assert_eq!((&second["next"], &whole["last_comment"]), (&Value::Null, &note["id"]));
    assert_eq!(note["attachments"][0]["name"], "plan.txt");
    let file = hal.get(&format!("/attachments/{}", note["attachments"][0]["id"])).await;
    assert_eq!((file.status, file.bytes.as_slice()), (StatusCode::OK, &b"Hello"[..]));
    assert_eq!(file.header("content-type"), "application/octet-stream");
    assert!(file.header("content-disposition").starts_with("attachment; filename=\"plan.txt\""));
    assert_eq!(hal.get("/tickets/1/comments?cursor=said-x").await.problem(), (422, "invalid", "cursor"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_out_of_reach_of_a_helper_does_not_exist_for_their_program() {
    let desk = three().await;
    let (hal, ada) = (Program::of(&desk.desk, &desk.hal).await, Program::of(&desk.desk, &desk.ada).await);
    let file = json!({ "name": "plan.txt", "base64": "SGVsbG8=" });
    let note = ada.post("/tickets/1/notes", json!({ "text": "Mine.", "files": [file] })).await.ok();
    assign(&desk.desk, &desk.ada, TicketNumber(1), None, Some(desk.ada.id)).await.unwrap();
    let (comment, attachment) = (note["id"].as_i64().unwrap(), note["attachments"][0]["id"].as_i64().unwrap());
    ada.get(&format!("/attachments/{attachment}")).await;
    assert!(!numbers(&hal.get("/tickets").await.ok()).contains(&1));
    assert_eq!(numbers(&hal.get("/tickets?q=printer").await.ok()), [] as [i64; 0]);
    let same = |hidden: super::Answer, missing: super::Answer| assert_eq!((hidden.status, hidden.json), (missing.status, missing.json));
    same(hal.get("/tickets/1").await, hal.get("/tickets/77").await);
    same(hal.get("/tickets/1/comments").await, hal.get("/tickets/77/comments").await);
    same(hal.get(&format!("/tickets/1/comments/{comment}")).await, hal.get("/tickets/77/comments/1").await);
    same(hal.get(&format!("/attachments/{attachment}")).await, hal.get("/attachments/77").await);
    let words = json!({ "text": "Hello?" });
    same(hal.post("/tickets/1/replies", words.clone()).await, hal.post("/tickets/77/replies", words.clone()).await);
    same(hal.post("/tickets/1/notes", words.clone()).await, hal.post("/tickets/77/notes", words).await);
    let wanted = json!({ "status": "closed" });
    same(hal.patch("/tickets/1", wanted.clone()).await, hal.patch("/tickets/77", wanted).await);
    let take_back = |path: String| {
        let hal = &hal;
        async move { hal.ask(Method::DELETE, &path, None, &[]).await }
    };
    same(take_back(format!("/tickets/1/comments/{comment}")).await, take_back("/tickets/77/comments/1".to_owned()).await);
    assert_eq!(hal.get("/tickets/1").await.problem(), (404, "missing", ""));
    // A comment is found on its own ticket alone.
    assert_eq!(ada.get(&format!("/tickets/2/comments/{comment}")).await.problem(), (404, "missing", ""));
}
