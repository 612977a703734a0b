//! Settings, API tokens: made and shown once, listed, revoked.

use axum::http::StatusCode;
use jiff::SignedDuration;
use maildesk::{
    actions::people::{self, By},
    desk::{id::ApiTokenId, person::Role},
    store::api_tokens,
};

use crate::{api::Program, browser::Browser, rows::Rows, test_desk::TestDesk};

const REPORT: [(&str, &str); 4] = [("name", "Nightly report"), ("role", "helper"), ("access", "read"), ("lifetime", "365d")];

/// The token that a page shows.
fn shown(page: &str) -> String {
    let (_, rest) = page.split_once("value=\"mdk_").unwrap_or_else(|| panic!("no token on {page}"));
    format!("mdk_{}", rest.split('"').next().unwrap())
}

async fn make(browser: &mut Browser, fields: &[(&str, &str)]) -> String {
    browser.get("/settings/tokens").await;
    let page = browser.post("/settings/tokens", fields).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    assert_eq!(page.header("cache-control"), "no-store");
    shown(&page.text())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_shown_once_and_kept_as_its_hash() {
    let desk = TestDesk::new().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    assert!(hal.get("/settings/tokens").await.says("No token was made yet."));
    let token = make(&mut hal, &REPORT).await;
    let program = Program::with(&desk.desk, token.clone());
    assert_eq!(program.get("/me").await.ok()["token"]["name"], "Nightly report");
    let page = hal.get("/settings/tokens").await;
    assert!(page.says("Nightly report") && page.says("Helper, read only") && page.says(&format!("{}…", &token[..10])), "{}", page.text());
    assert!(!page.says(&token[..14]), "never again");
    let rows = Rows::of(&desk.url).await;
    for (table, columns) in [("api_tokens", "name || hash || start"), ("audit", "about || what || coalesce(old, '') || coalesce(new, '')")]
    {
        assert_eq!(rows.count(&format!("select count(*) from {table} where {columns} like '%{}%'", &token[10..30])).await, 0, "{table}");
    }
    let mut ada = Browser::of(&desk, &desk.ada).await;
    let log = ada.get("/settings/audit?kind=api-token").await;
    assert!(log.says("Hal Nine") && log.says("was made") && log.says("Helper, read only, a year"), "{}", log.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sees_and_revokes_their_own_and_an_admin_everybodys() {
    let desk = TestDesk::new().await;
    let (mut hal, mut ada) = (Browser::of(&desk, &desk.hal).await, Browser::of(&desk, &desk.ada).await);
    let of_hal = make(&mut hal, &REPORT).await;
    let of_ada = make(&mut ada, &[("name", "Sync"), ("role", "admin"), ("access", "write"), ("lifetime", "unlimited")]).await;
    let page = hal.get("/settings/tokens").await;
    assert!(page.says("Nightly report") && !page.says("Sync") && page.says("Your tokens"), "{}", page.text());
    let page = ada.get("/settings/tokens").await;
    assert!(page.says("Nightly report") && page.says("Sync") && page.says("Admin, read and write"), "{}", page.text());
    let listed = api_tokens::list(&mut desk.desk.store.read().await.unwrap(), None).await.unwrap();
    let id = |name: &str| listed.iter().find(|it| it.token.name == name).unwrap().token.id;
    hal.get("/settings/tokens").await;
    let refused = hal.post(&format!("/settings/tokens/{}", id("Sync")), &[("do", "revoke")]).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND, "a helper does not even know of it");
    assert_eq!(Program::with(&desk.desk, of_ada.clone()).get("/me").await.status, StatusCode::OK);
    ada.get("/settings/tokens").await;
    ada.post(&format!("/settings/tokens/{}", id("Nightly report")), &[("do", "revoke")]).await;
    assert!(ada.get("/settings/tokens").await.says("Revoked: “Nightly report”"));
    assert_eq!(Program::with(&desk.desk, of_hal).get("/me").await.status, StatusCode::UNAUTHORIZED);
    assert!(!hal.get("/settings/tokens").await.says("Nightly report"));
    let log = ada.get("/settings/audit?kind=api-token").await;
    assert!(log.says("was revoked") && log.says("of Hal Nine"), "{}", log.text());
    ada.get("/settings/tokens").await;
    assert_eq!(ada.post(&format!("/settings/tokens/{}", ApiTokenId(99)), &[("do", "revoke")]).await.status, StatusCode::NOT_FOUND);
    // Its name is free again.
    make(&mut hal, &REPORT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_made_is_told_and_what_was_typed_is_kept() {
    let desk = TestDesk::new().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    make(&mut hal, &REPORT).await;
    hal.get("/settings/tokens").await;
    let twice = hal.post("/settings/tokens", &REPORT).await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY, "a page that is loaded anew makes no second one");
    assert!(twice.says("You have a token “Nightly report” already") && twice.says("value=\"Nightly report\""), "{}", twice.text());
    hal.get("/settings/tokens").await;
    let blank = hal.post("/settings/tokens", &[("name", " "), ("role", "helper"), ("access", "read"), ("lifetime", "30d")]).await;
    assert!(blank.status == StatusCode::UNPROCESSABLE_ENTITY && blank.says("A name is missing"), "{}", blank.text());
    for (role, access, lifetime, status) in [
        ("admin", "read", "30d", StatusCode::FORBIDDEN),
        ("customer", "read", "30d", StatusCode::FORBIDDEN),
        ("owner", "read", "30d", StatusCode::UNPROCESSABLE_ENTITY),
        ("helper", "everything", "30d", StatusCode::UNPROCESSABLE_ENTITY),
        ("helper", "read", "a while", StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        hal.get("/settings/tokens").await;
        let page = hal.post("/settings/tokens", &[("name", "More"), ("role", role), ("access", access), ("lifetime", lifetime)]).await;
        assert_eq!(page.status, status, "{role} {access} {lifetime}");
    }
    let mut ann = Browser::of(&desk, &desk.ann).await;
    assert_eq!(ann.get("/settings/tokens").await.status, StatusCode::FORBIDDEN);
    let listed = api_tokens::list(&mut desk.desk.store.read().await.unwrap(), None).await.unwrap();
    assert_eq!(listed.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_says_what_opens_nothing_and_why() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let mut hal = Browser::of(&desk, &desk.hal).await;
    make(&mut hal, &[("name", "Month"), ("role", "helper"), ("access", "read"), ("lifetime", "30d")]).await;
    desk.later(SignedDuration::from_hours(24 * 31));
    let mut ada = Browser::of(&desk, &desk.ada).await;
    assert!(ada.get("/settings/tokens").await.says("badge bad\">expired"));
    let token = make(&mut Browser::of(&desk, &desk.hal).await, &REPORT).await;
    let here = format!("/users/{}", desk.hal.id);
    ada.get(&here).await;
    ada.post(&here, &[("do", "signout")]).await;
    assert!(ada.get(&here).await.says("Their API token still works"));
    ada.post(&here, &[("do", "disable")]).await;
    assert!(ada.get(&here).await.says("Their API tokens open nothing while they are disabled"));
    assert!(ada.get("/settings/tokens").await.says("its owner is disabled"));
    assert_eq!(Program::with(&desk.desk, token).get("/me").await.status, StatusCode::UNAUTHORIZED);
    people::set_role(&desk.desk, By::Admin(&desk.ada), desk.hal.id, Role::Customer).await.unwrap();
    people::enable(&desk.desk, By::Admin(&desk.ada), desk.hal.id).await.unwrap();
    assert!(ada.get("/settings/tokens").await.says("its owner is a customer"));
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_go_with_whoever_is_erased() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let mut hal = Browser::of(&desk, &desk.hal).await;
    make(&mut hal, &REPORT).await;
    people::set_role(&desk.desk, By::Admin(&desk.ada), desk.hal.id, Role::Customer).await.unwrap();
    maildesk::actions::erase::erase(&desk.desk, By::Admin(&desk.ada), desk.hal.id, "hal@desk.test").await.unwrap();
    assert_eq!(Rows::of(&desk.url).await.count("select count(*) from api_tokens").await, 0);
}
