//! People by id and by address, and what the desk is made of.

use maildesk::{actions::assign::assign, desk::id::TicketNumber};
use serde_json::json;

use super::Program;
use crate::test_desk::TestDesk;

#[tokio::test(flavor = "multi_thread")]
async fn customers_are_known_by_the_tickets_that_one_sees() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let (hal, ada) = (Program::reading(&desk.desk, &desk.hal).await, Program::reading(&desk.desk, &desk.ada).await);
    let ann = format!("/people/{}", desk.ann.id);
    assert_eq!(hal.get(&ann).await.problem(), (404, "missing", ""), "she has written nothing yet");
    assert_eq!(hal.get("/people?email=ann@home.test").await.ok()["items"], json!([]));
    assert_eq!(ada.get(&ann).await.ok()["email"], "ann@home.test");
    desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await;
    let found = hal.get("/people?email=ANN@Home.test").await.ok();
    assert_eq!((&found["items"][0]["id"], &found["items"][0]["role"]), (&json!(desk.ann.id.0), &json!("customer")));
    assign(&desk.desk, &desk.ada, TicketNumber(1), None, Some(desk.ada.id)).await.unwrap();
    assert_eq!(hal.get(&ann).await.problem(), (404, "missing", ""), "out of reach again");
    assert_eq!(hal.get(&format!("/people/{}", desk.ada.id)).await.ok()["role"], "admin", "colleagues know each other");
    assert_eq!(hal.get("/people?email=nonsense").await.problem(), (422, "invalid", "email"));
    assert_eq!(hal.get("/people").await.problem(), (422, "invalid", "email"));
    assert_eq!(hal.get("/people?email=a@b.test&all=1").await.problem(), (422, "invalid", "all"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_learns_what_the_desk_is_made_of() {
    let desk = TestDesk::with_two_mailboxes().await;
    let hal = Program::reading(&desk.desk, &desk.hal).await;
    let made_of = hal.get("/desk").await.ok();
    let names: Vec<&str> = made_of["mailboxes"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["support", "sales"]);
    assert_eq!(made_of["staff"].as_array().unwrap().len(), 2);
    assert_eq!(made_of["url"], "http://127.0.0.1:8025");
}
