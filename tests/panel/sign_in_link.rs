//! Signing in by a mailed link.

use axum::http::StatusCode;
use jiff::SignedDuration;
use maildesk::{
    actions::people::{self, By},
    desk::person::Role,
};

use crate::{browser::Browser, test_desk::TestDesk};

/// Asks for a link; what the page says.
async fn ask(browser: &mut Browser, email: &str, next: &str) -> String {
    browser.get("/login").await;
    let answer = browser.post("/login/link", &[("email", email), ("password", ""), ("next", next)]).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/login/link"), "{}", answer.text());
    browser.get("/login/link").await.text()
}

/// The path of the link in the mail that comes for somebody; it is written beside the request.
async fn mailed(desk: &TestDesk, email: &str) -> String {
    for _ in 0..400 {
        if let Some(mail) = desk.mail().await.into_iter().find(|it| it.to == email) {
            assert!(mail.read.subject.contains("sign-in link"), "{}", mail.read.subject);
            let line = mail.read.text.lines().find(|it| it.contains("/login/link/")).unwrap().trim().to_owned();
            return line.strip_prefix("http://127.0.0.1:8025").unwrap().to_owned();
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("no link came for {email}");
}

fn form(path: &str) -> &str {
    path.split('?').next().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_signs_in_by_a_link_that_works_once() {
    let desk = TestDesk::new().await;
    let mut ann = Browser::new(&desk);
    let known = ask(&mut ann, " Ann@Home.test", "/my/new?x=1").await;
    let link = mailed(&desk, "ann@home.test").await;
    assert_eq!(known, ask(&mut Browser::new(&desk), "nobody@home.test", "").await, "nobody learns who is known");
    // Whatever looks into mail opens it, more than once.
    for _ in 0..3 {
        let opened = Browser::new(&desk).get(&link).await;
        assert!(opened.status == StatusCode::OK && opened.says("Sign in as ann@home.test"), "{}", opened.text());
    }
    let page = ann.get(&link).await;
    assert_eq!(ann.get("/my").await.status, StatusCode::SEE_OTHER, "opening it lets nobody in");
    assert_eq!(page.field("next"), "/my/new?x=1");
    ann.get(&link).await;
    let done = ann.post(form(&link), &[("next", "/my/new?x=1"), ("keep", "yes")]).await;
    assert_eq!(done.location(), "/my/new?x=1");
    assert_eq!(ann.get("/my").await.status, StatusCode::OK);
    assert_eq!(ann.get(&link).await.location(), "/my/new?x=1", "whoever is in already goes on");
    let mut eve = Browser::new(&desk);
    assert_eq!(eve.get(&link).await.status, StatusCode::FORBIDDEN);
    eve.get("/login").await;
    assert_eq!(eve.post(form(&link), &[]).await.status, StatusCode::CONFLICT);
    assert_eq!(eve.get("/my").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_holds_for_an_hour_and_until_the_next_and_leads_to_no_other_site() {
    let desk = TestDesk::new().await;
    let mut ann = Browser::new(&desk);
    ask(&mut ann, "ann@home.test", "").await;
    let first = mailed(&desk, "ann@home.test").await;
    ask(&mut ann, "ann@home.test", "//evil.test").await;
    let second = mailed(&desk, "ann@home.test").await;
    assert!(!second.contains('?'), "{second}");
    assert_eq!(ann.get(&first).await.status, StatusCode::FORBIDDEN);
    desk.later(SignedDuration::from_mins(59));
    ann.get(&second).await;
    desk.later(SignedDuration::from_mins(2));
    assert_eq!(ann.post(&second, &[]).await.status, StatusCode::CONFLICT);
    assert_eq!(ann.get(&second).await.status, StatusCode::FORBIDDEN);
    ask(&mut ann, "ann@home.test", "").await;
    let third = mailed(&desk, "ann@home.test").await;
    ann.get(&format!("{third}?next=//evil.test")).await;
    assert_eq!(ann.post(&third, &[("next", "https://evil.test")]).await.location(), "/my");
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_few_for_one_address_and_none_for_who_may_not_sign_in() {
    let desk = TestDesk::new().await;
    let gone = desk.add(Role::Customer, "Gone", "gone@home.test").await;
    desk.add(Role::Customer, "Robot", "noreply@home.test").await;
    people::disable(&desk.desk, By::Shell, gone.id).await.unwrap();
    let mut browser = Browser::new(&desk);
    for email in ["gone@home.test", "noreply@home.test", "support@desk.test", "nobody@home.test"] {
        ask(&mut browser, email, "").await;
    }
    for email in ["ann@home.test", "other@home.test"] {
        for _ in 0..3 {
            ask(&mut browser, email, "").await;
        }
        browser.get("/login").await;
        let paused = browser.post("/login/link", &[("email", email)]).await;
        assert_eq!(paused.status, StatusCode::TOO_MANY_REQUESTS, "known or not: {email}");
    }
    mailed(&desk, "ann@home.test").await;
    browser.get("/login").await;
    let no_address = browser.post("/login/link", &[("email", "ann")]).await;
    assert!(no_address.status == StatusCode::UNPROCESSABLE_ENTITY && no_address.says("value=\"ann\""), "{}", no_address.text());
    // Those three were written one after the other; what is still owed of them is ann's.
    desk.mail_does_not_matter();
    assert!(desk.mail().await.iter().all(|it| it.to == "ann@home.test"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_good_for_signing_in_alone_and_an_invitation_is_not() {
    let desk = TestDesk::new().await;
    ask(&mut Browser::new(&desk), "hal@desk.test", "").await;
    let link = mailed(&desk, "hal@desk.test").await;
    let invite = link.replace("/login/link/", "/invite/");
    let mut browser = Browser::new(&desk);
    assert_ne!(browser.get(&invite).await.status, StatusCode::OK);
    browser.get("/login").await;
    let refused = browser.post(&invite, &[("name", "Eve"), ("password", "four words of eve"), ("username", "")]).await;
    assert!(refused.status.is_client_error(), "{}", refused.status);
    assert_eq!(desk.person("hal@desk.test").await.unwrap().name, "Hal Nine");
    people::reset_password(&desk.desk, By::Shell, desk.hal.id).await.unwrap();
    let mail = desk.mail().await.remove(0).read.text;
    let invitation = mail.lines().find_map(|it| it.trim().strip_prefix("http://127.0.0.1:8025/invite/")).unwrap().to_owned();
    assert_eq!(browser.get(&format!("/login/link/{invitation}")).await.status, StatusCode::FORBIDDEN);
    browser.get("/login").await;
    assert_eq!(browser.post(&format!("/login/link/{invitation}"), &[]).await.status, StatusCode::CONFLICT);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_signed_in_as_somebody_else_is_told_and_changes_over() {
    let desk = TestDesk::new().await;
    ask(&mut Browser::new(&desk), "ann@home.test", "").await;
    let link = mailed(&desk, "ann@home.test").await;
    let mut browser = Browser::of(&desk, &desk.hal).await;
    assert!(browser.get(&link).await.says("In this browser hal@desk.test is signed in now"));
    assert_eq!(browser.post(&link, &[("keep", "yes")]).await.location(), "/my");
    assert_eq!(browser.get("/my").await.status, StatusCode::OK);
}
