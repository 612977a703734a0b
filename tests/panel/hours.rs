//! The page of hours and promises, and what follows from it on tickets.

use axum::http::StatusCode;
use jiff::SignedDuration;
use maildesk::store::terms;

use crate::{browser::Browser, test_desk::TestDesk};

const WEEK: &[(&str, &str)] = &[
    ("do", "save"),
    ("zone", "Europe/Stockholm"),
    ("kind", "hours"),
    ("d1", "open"),
    ("from1", "08:00"),
    ("to1", "12:00"),
    ("from1", "13:00"),
    ("to1", "17:00"),
    ("from1", ""),
    ("to1", ""),
    ("from2", "08:00"),
    ("to2", "17:00"),
    ("d3", "open"),
    ("from3", "20:00"),
    ("to3", "00:00"),
    ("days_off", "2026-12-24 Christmas Eve\r\n2026-12-25"),
];

fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    WEEK.iter().copied().filter(|(name, _)| !more.iter().any(|(it, _)| it == name)).chain(more.iter().copied()).collect()
}

async fn kept(desk: &TestDesk) -> (String, Vec<String>, String) {
    let terms = terms::terms(&mut desk.desk.store.read().await.unwrap(), &jiff::tz::TimeZone::UTC).await.unwrap();
    let it = terms.calendars.desk;
    let days_off = maildesk::desk::business_hours::write_days_off(&it.days_off);
    (it.zone.iana_name().unwrap().to_owned(), it.week.iter().map(|day| day.kept()).collect(), days_off)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_sets_the_hours_and_sees_them_again() {
    let desk = TestDesk::new().await;
    let mut ada = Browser::of(&desk, &desk.ada).await;
    let page = ada.get("/settings/hours").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    assert!(page.says("value=\"always\" checked"), "a desk whose hours nobody has set is at work around the clock");
    let saved = ada.post("/settings/hours", WEEK).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    let (zone, week, days_off) = kept(&desk).await;
    assert_eq!((zone.as_str(), days_off.as_str()), ("Europe/Stockholm", "2026-12-24 Christmas Eve\n2026-12-25"));
    assert_eq!(week, ["480-720,780-1020", "", "1200-1440", "", "", "", ""], "Tuesday is not ticked");
    let page = ada.get("/settings/hours").await;
    for there in [
        "value=\"13:00\" aria-label=\"Monday from, 2\"",
        "Monday from, 3",
        "value=\"00:00\"",
        "Christmas Eve",
        "Last changed by",
        "The hours of the desk are saved",
    ] {
        assert!(page.says(there), "{there}: {}", page.text());
    }
    let log = ada.get("/settings/audit?kind=target").await;
    assert!(log.says("changed the hours") && log.says("Ada"), "{}", log.text());
    ada.post("/settings/hours", &with(&[("kind", "always")])).await;
    assert!(kept(&desk).await.1.iter().all(|day| day == "0-1440"));
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_that_cannot_be_are_refused_and_what_was_typed_is_kept() {
    let desk = TestDesk::new().await;
    let mut ada = Browser::of(&desk, &desk.ada).await;
    ada.get("/settings/hours").await;
    for (more, why) in [
        (vec![("from1", "18:00"), ("to1", "06:00")], "Monday: 18:00 to 06:00 ends before it begins"),
        (vec![("from1", "08:00"), ("to1", "")], "Monday: hours need a beginning and an end"),
        (vec![("from1", "eight"), ("to1", "17:00")], "“eight” is no time of day"),
        (vec![("from1", ""), ("to1", "")], "Monday is open, and has no hours"),
        (vec![("days_off", "Christmas")], "“Christmas” does not begin with a date"),
        (vec![("days_off", "2026-12-24\n2026-12-24")], "2026-12-24 is there twice"),
        (vec![("zone", "Europe/Atlantis")], "There is no such time zone"),
    ] {
        let page = ada.post("/settings/hours", &with(&more)).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{why}");
        assert!(page.says(why) && page.says("Nothing was saved") && page.says("role=\"alert\""), "{why}: {}", page.text());
        assert!(page.says("value=\"20:00\""), "what was typed is there: {why}");
    }
    assert!(kept(&desk).await.1.iter().all(|day| day == "0-1440"), "nothing was saved");
    assert_eq!(ada.post("/settings/hours", &[("do", "save"), ("x", "y")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(ada.get("/settings/hours?mailbox=77").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_has_hours_of_its_own_where_an_admin_gives_it_some() {
    let desk = TestDesk::with_two_mailboxes().await;
    let mut ada = Browser::of(&desk, &desk.ada).await;
    let own = format!("/settings/hours?mailbox={}", desk.mailbox);
    let id = desk.mailbox.to_string();
    assert!(ada.get(&own).await.says("goes by the hours of the desk"));
    ada.post("/settings/hours", &with(&[("mailbox", id.as_str())])).await;
    let page = ada.get(&own).await;
    assert!(
        page.says("Europe/Stockholm</option>") && page.says("value=\"20:00\"") && page.says("Go by the desk’s hours"),
        "{}",
        page.text()
    );
    assert!(kept(&desk).await.1.iter().all(|day| day == "0-1440"), "the desk’s are as they were");
    ada.post("/settings/hours", &[("do", "forget"), ("mailbox", id.as_str())]).await;
    assert!(ada.get(&own).await.says("goes by the hours of the desk"));
}

#[tokio::test(flavor = "multi_thread")]
async fn promises_are_shown_where_the_work_is() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let mut ada = Browser::of(&desk, &desk.ada).await;
    desk.write("Ann Lee <ann@home.test>", "Smoke", "It smokes.").await;
    assert!(!ada.get("/tickets/1").await.says("<h2>Promises</h2>"), "nothing is promised yet");
    let wrong = ada.post("/settings/promises", &[("normal-first-reply", "soon"), ("urgent-first-reply", "30 min")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.says("“soon” is no time to promise") && wrong.says("value=\"30 min\"") && wrong.says("value=\"soon\""));
    let saved =
        ada.post("/settings/promises", &[("normal-first-reply", "4h"), ("normal-resolution", "2 days"), ("low-first-reply", "")]).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    assert!(ada.get("/settings/audit?kind=target").await.says("changed what is promised"));
    let page = ada.get("/settings/hours").await;
    assert!(page.says("name=\"normal-first-reply\" value=\"4 h\"") && page.says("name=\"normal-resolution\" value=\"2 days\""));
    assert!(
        ada.get("/tickets?view=open").await.says("First reply: </span>3 h left")
            || ada.get("/tickets?view=open").await.says("First reply: </span>4 h left")
    );
    let ticket = ada.get("/tickets/1").await;
    assert!(ticket.says("<h2>Promises</h2>") && ticket.says("<dt>Resolution</dt>"), "{}", ticket.text());
    desk.later(SignedDuration::from_hours(6));
    let list = ada.get("/tickets?view=open").await;
    assert!(list.says("class=\"due late\"") && list.says("2 h late"), "{}", list.text());
    let mut hal = Browser::of(&desk, &desk.hal).await;
    assert_eq!(hal.get("/settings/hours").await.status, StatusCode::FORBIDDEN);
}
