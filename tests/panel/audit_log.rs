//! Who changed what about the desk: on its page, as a file, and for as long as it is kept.

use axum::http::StatusCode;
use jiff::SignedDuration;
use maildesk::{
    actions::{
        erase,
        people::{self, By},
    },
    desk::person::Role,
    store::audit::{self, Which},
    workers::housekeeping,
};

use crate::{
    browser::Browser,
    test_desk::{TestDesk, mail},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_written_down_with_who_from_where_from_what_and_to_what() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let mut ada = Browser::of(&desk, &desk.ada).await;
    assert!(ada.get("/settings/audit").await.says("Nothing was changed yet."));
    let hal = format!("/users/{}", desk.hal.id);
    ada.get(&hal).await;
    ada.post(&hal, &[("do", "save"), ("name", "Hal <9000>"), ("role", "admin")]).await;
    let page = ada.get("/settings/audit").await;
    assert!(page.says("<bdi>Ada Byron</bdi><br><small class=\"muted\">192.0.2.1</small>"), "{}", page.text());
    assert!(page.says("<del dir=\"auto\">Helper</del> → <ins dir=\"auto\">Admin</ins>"), "{}", page.text());
    assert!(page.says("<del dir=\"auto\">Hal Nine</del> → <ins dir=\"auto\">Hal &lt;9000&gt;</ins>"), "{}", page.text());
    ada.get(&hal).await;
    ada.post(&hal, &[("do", "save"), ("name", "Hal <9000>"), ("role", "admin")]).await;
    let lines = audit::list(&mut desk.desk.store.read().await.unwrap(), Which::default(), None, 10).await.unwrap();
    assert_eq!(lines.len(), 2, "what stays as it was leaves no line: {lines:?}");
    for (way, says) in [("signout", "was signed out everywhere"), ("reset", "was mailed an invitation"), ("disable", "changed the state")] {
        ada.get(&hal).await;
        ada.post(&hal, &[("do", way)]).await;
        assert!(ada.get("/settings/audit").await.says(says), "{way}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_keeps_the_name_of_who_made_it_and_forgets_whom_the_desk_erased() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    desk.receive(&mail("Ann Lee <ann@home.test>", "Hello", &[], "Text.")).await;
    people::rename(&desk.desk, By::Admin(&desk.ada), desk.ann.id, "Ann Marie Lee").await.unwrap();
    people::rename(&desk.desk, By::Admin(&desk.ada), desk.ada.id, "Ada Lovelace").await.unwrap();
    erase::erase(&desk.desk, By::Admin(&desk.ada), desk.ann.id, "ann@home.test").await.unwrap();
    let lines = audit::list(&mut desk.desk.store.read().await.unwrap(), Which::default(), None, 10).await.unwrap();
    assert!(lines.iter().all(|it| it.name == "Ada Byron"), "as they were called then: {lines:?}");
    let all = format!("{lines:?}");
    assert!(!all.contains("ann@home.test") && !all.contains("Ann Marie"), "{all}");
    assert!(all.contains("erased"), "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_narrowed_paged_and_downloaded_and_is_for_admins_alone() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let mut ada = Browser::of(&desk, &desk.ada).await;
    for at in 0..60 {
        ada.get("/senders").await;
        let pattern = format!("=x{at}@else.test");
        ada.post("/senders", &[("do", "add"), ("pattern", &pattern), ("verdict", "hold"), ("note", "")]).await;
    }
    people::set_role(&desk.desk, By::Shell, desk.ann.id, Role::Helper).await.unwrap();
    let page = ada.get("/settings/audit?kind=sender").await;
    assert!(page.says("=x59@else.test") && !page.says("=x3@else.test") && !page.says("somebody on the shell"), "{}", page.text());
    let next = page.text().split("before=").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let older = ada.get(&format!("/settings/audit?kind=sender&person=&before={next}")).await;
    assert!(older.says("=x3@else.test") && !older.says("Older"), "{}", older.text());
    assert!(!ada.get(&format!("/settings/audit?person={}", desk.hal.id)).await.says("else.test"));
    let file = ada.get("/settings/audit?kind=sender&format=csv").await;
    assert!(file.header("content-disposition").contains("audit-log.csv"));
    assert!(file.says("'=x0@else.test") && !file.says(",=x0"), "what a spreadsheet would run is quoted");
    for odd in ["?kind=nothing", "?person=x", "?before=-1", "?before=99999999999999999999", "?person=9&kind=%00"] {
        assert_eq!(ada.get(&format!("/settings/audit{odd}")).await.status, StatusCode::OK, "{odd}");
    }
    let mut hal = Browser::of(&desk, &desk.hal).await;
    assert_eq!(hal.get("/settings/audit").await.status, StatusCode::FORBIDDEN);
    assert!(!hal.get("/settings/canned").await.says("href=\"/settings/audit\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_older_than_it_is_kept_is_forgotten() {
    let desk = TestDesk::new().await;
    people::rename(&desk.desk, By::Shell, desk.hal.id, "Hal").await.unwrap();
    let lines = async || audit::list(&mut desk.desk.store.read().await.unwrap(), Which::default(), None, 10).await.unwrap().len();
    let round = async || {
        let now = tokio::time::Instant::now();
        housekeeping::step(&desk.desk, &mut Default::default(), &mut Default::default(), now).await.unwrap();
    };
    desk.later(SignedDuration::from_hours(729 * 24));
    round().await;
    assert_eq!(lines().await, 1);
    desk.later(SignedDuration::from_hours(2 * 24));
    round().await;
    assert_eq!(lines().await, 0);
}
