//! Signing in, the first admin, invitations, sessions.

use axum::http::StatusCode;
use jiff::SignedDuration;
use maildesk::{
    actions::sign_in::change_password,
    auth::password::{NewPassword, Passwords},
    desk::person::Role,
    panel::Panel,
};

use crate::{browser::Browser, test_desk::TestDesk};

const PASSWORD: &str = "four words of hal";

async fn desk_with_a_password() -> TestDesk {
    let desk = TestDesk::new().await;
    let hash = Passwords::default().hash(&NewPassword::parse(PASSWORD).unwrap()).await.unwrap();
    change_password(&desk.desk, &desk.hal, &hash).await.unwrap();
    desk
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helper_signs_in_goes_where_they_wanted_and_signs_out() {
    let desk = desk_with_a_password().await;
    let mut browser = Browser::new(&desk);
    assert_eq!(browser.get("/tickets?view=mine").await.location(), "/login?next=/tickets%3Fview%3Dmine");
    browser.get("/login?next=/tickets%3Fview%3Dmine").await;
    let form = [("email", "Hal@Desk.test"), ("password", PASSWORD), ("next", "/tickets?view=mine"), ("keep", "yes")];
    let page = browser.post("/login", &form).await;
    assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, "/tickets?view=mine"));
    let cookie = page.header("set-cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Max-Age="), "{cookie}");
    assert_eq!(browser.get("/tickets").await.status, StatusCode::OK);
    browser.post("/logout", &[]).await;
    assert_eq!(browser.get("/tickets").await.location(), "/login?next=/tickets");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_an_unknown_address_look_the_same_and_are_counted() {
    let desk = desk_with_a_password().await;
    let mut browser = Browser::new(&desk);
    browser.get("/login").await;
    let wrong = browser.post("/login", &[("email", "hal@desk.test"), ("password", "wrong")]).await;
    let unknown = browser.post("/login", &[("email", "nobody@desk.test"), ("password", "wrong")]).await;
    assert_eq!((wrong.status, unknown.status), (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED));
    let sentence = "Address and password do not match.";
    assert!(wrong.says(sentence) && unknown.says(sentence) && wrong.says("hal@desk.test"));
    for _ in 0..7 {
        browser.post("/login", &[("email", "hal@desk.test"), ("password", "wrong")]).await;
    }
    let paused = browser.post("/login", &[("email", "hal@desk.test"), ("password", PASSWORD)]).await;
    assert_eq!(paused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(!paused.header("retry-after").is_empty() && paused.says("pause"));
    desk.later(SignedDuration::from_mins(3));
    assert_eq!(browser.post("/login", &[("email", "hal@desk.test"), ("password", PASSWORD)]).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_led_to_another_site() {
    let desk = desk_with_a_password().await;
    let mut browser = Browser::new(&desk);
    browser.get("/login?next=//evil.test").await;
    let page = browser.post("/login", &[("email", "hal@desk.test"), ("password", PASSWORD), ("next", "//evil.test")]).await;
    assert_eq!(page.location(), "/tickets");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_desk_makes_its_first_admin_for_whoever_has_the_key_and_only_once() {
    let desk = TestDesk::new().await;
    let mut tx = desk.desk.store.begin().await.unwrap();
    maildesk::store::sessions::promote(&mut tx, desk.ada.id, Role::Helper, "Ada").await.unwrap();
    tx.commit().await.unwrap();
    let mut browser = Browser::new(&desk);
    assert_eq!(browser.get("/").await.location(), "/setup");
    assert_eq!(browser.get("/setup").await.status, StatusCode::FORBIDDEN);
    assert_eq!(browser.get("/setup?key=guessed").await.status, StatusCode::FORBIDDEN);
    let address = Panel::new(desk.desk.clone(), Vec::new()).set_up_address();
    let path = address.strip_prefix("http://127.0.0.1:8025").unwrap().to_owned();
    assert_eq!(browser.get(&path).await.status, StatusCode::OK);
    let weak = browser.post(&path, &[("name", "Grace"), ("email", "grace@desk.test"), ("password", "password1234")]).await;
    assert_eq!(weak.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(weak.says("among the first that strangers try") && weak.says("grace@desk.test"));
    let made = browser.post(&path, &[("name", "Grace"), ("email", "grace@desk.test"), ("password", "four words of grace")]).await;
    assert_eq!(made.location(), "/tickets");
    assert_eq!(browser.get("/").await.location(), "/tickets");
    assert_eq!(desk.person("grace@desk.test").await.unwrap().role, Role::Admin);
    assert_eq!(Browser::new(&desk).get(&path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_has_a_page_of_their_own() {
    let desk = TestDesk::new().await;
    for person in [&desk.ann, &desk.hal, &desk.ada] {
        let page = Browser::of(&desk, person).await.get("/profile").await;
        assert_eq!(page.status, StatusCode::OK, "{}", person.name);
        assert!(page.says("name=\"new\"") && page.says("this one"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_when_it_is_idle_and_when_the_password_changes() {
    let desk = desk_with_a_password().await;
    let mut idle = Browser::of(&desk, &desk.hal).await;
    assert_eq!(idle.get("/tickets").await.status, StatusCode::OK);
    desk.later(SignedDuration::from_hours(13));
    assert_eq!(idle.get("/tickets").await.status, StatusCode::SEE_OTHER);
    let (mut here, mut there) = (Browser::of(&desk, &desk.hal).await, Browser::of(&desk, &desk.hal).await);
    here.get("/profile").await;
    let wrong = here.post("/profile/password", &[("old", "wrong"), ("new", "another four words"), ("username", "")]).await;
    assert_eq!(wrong.location(), "/profile");
    assert!(here.get("/profile").await.says("the current password is another one"));
    let changed = here.post("/profile/password", &[("old", PASSWORD), ("new", "another four words"), ("username", "")]).await;
    assert_eq!(changed.location(), "/profile");
    assert_eq!(here.get("/tickets").await.status, StatusCode::OK, "this browser goes on");
    assert_eq!(there.get("/tickets").await.status, StatusCode::SEE_OTHER, "the other does not");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_without_its_token_or_from_another_site_changes_nothing() {
    let desk = TestDesk::new().await;
    let mut browser = Browser::of(&desk, &desk.hal).await;
    let page = browser.get("/profile").await;
    let mut other = Browser::of(&desk, &desk.ada).await;
    let theirs = other.get("/profile").await.field("csrf");
    for token in ["", "x", theirs.as_str()] {
        let refused = browser.post_with("/profile/theme", &[("theme", "dark")], token, &[]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        assert!(refused.says("This form has expired"));
    }
    let token = page.field("csrf");
    let foreign = browser.post_with("/profile/theme", &[("theme", "dark")], &token, &[("origin", "https://evil.test")]).await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
    let foreign = browser.post_with("/profile/theme", &[("theme", "dark")], &token, &[("sec-fetch-site", "cross-site")]).await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
    assert!(!browser.get("/profile").await.says("data-theme=\"dark\""));
    let own = browser.post_with("/profile/theme", &[("theme", "dark")], &token, &[("origin", "http://127.0.0.1:8025")]).await;
    assert_eq!(own.status, StatusCode::SEE_OTHER);
    assert!(browser.get("/profile").await.says("data-theme=\"dark\""));
}
