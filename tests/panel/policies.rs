//! Every route names who may, and keeps everybody else out; every answer says the same about itself.

use axum::http::{Method, StatusCode};
use maildesk::{
    desk::person::Role,
    panel::{routes, routes::Policy},
};

use crate::{browser::Browser, test_desk::TestDesk};

/// A path that could be asked.
fn concrete(path: &str) -> String {
    let filled = |part: &str| if part.starts_with('{') { "1".to_owned() } else { part.to_owned() };
    path.split('/').map(filled).collect::<Vec<_>>().join("/")
}

/// What a script alone asks, which is told in a word that nobody is signed in.
const FOR_THE_SCRIPT: [&str; 4] = ["/events", "/customers", "/tickets/{number}/typing", "/tickets/{number}/saved/{id}"];

#[tokio::test(flavor = "multi_thread")]
async fn every_route_keeps_out_whom_its_policy_does_not_admit() {
    let desk = TestDesk::new().await;
    let list = routes();
    for route in list.list() {
        let path = concrete(route.path);
        let mut nobody = Browser::new(&desk);
        let answer = nobody.send(route.method.clone(), &path, "", Vec::new(), &[]).await;
        if FOR_THE_SCRIPT.contains(&route.path) {
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path} as nobody");
            assert!(answer.says("You are signed out.") && !answer.says("<html"), "{path}: {}", answer.text());
        } else if route.policy != Policy::Anyone {
            assert!(answer.location().starts_with("/login"), "{} {path} as nobody: {}", route.method, answer.status);
        }
        for person in [&desk.ann, &desk.hal, &desk.ada] {
            let mut browser = Browser::of(&desk, person).await;
            let answer = browser.send(route.method.clone(), &path, "", Vec::new(), &[]).await;
            if !route.policy.admits(person.role) {
                let refused = [StatusCode::FORBIDDEN, StatusCode::NOT_FOUND].contains(&answer.status);
                assert!(refused, "{} {path} as {}: {}", route.method, person.name, answer.status);
            } else if route.method == Method::POST {
                assert_ne!(answer.status, StatusCode::OK, "POST {path} takes a form without its token");
            }
        }
    }
    assert!(list.list().iter().all(|it| it.policy.admits(Role::Admin) || it.policy == Policy::Customer));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_says_that_nothing_may_run_and_nothing_is_kept() {
    let desk = TestDesk::new().await;
    let mut browser = Browser::of(&desk, &desk.hal).await;
    // A queue may be kept to ask whether it has changed, by the browser alone.
    for (path, cache) in [
        ("/tickets", "private, no-cache"),
        ("/login", "no-store"),
        ("/nothing", "no-store"),
        ("/tickets/99", "no-store"),
        ("/users", "no-store"),
    ] {
        let page = browser.get(path).await;
        assert!(page.header("content-security-policy").contains("default-src 'none'; style-src 'self'; script-src 'self'"), "{path}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cache-control", cache),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(page.header(name), value, "{name} of {path}");
        }
        for odd in [" style=", "<style", "onclick", "onload", "javascript:", "<script>"] {
            assert!(!page.says(odd), "{path} has {odd}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_the_pages_are_kept_for_ever_under_their_hash_and_are_packed() {
    let desk = TestDesk::new().await;
    let mut browser = Browser::new(&desk);
    let page = browser.get("/login").await.text();
    let css = page.split("href=\"").find(|it| it.starts_with("/assets/maildesk.css")).unwrap().split('"').next().unwrap().to_owned();
    let file = browser.send(Method::GET, &css, "", Vec::new(), &[("accept-encoding", "gzip")]).await;
    assert_eq!((file.header("cache-control"), file.header("content-encoding")), ("public, max-age=31536000, immutable", "gzip"));
    assert!(file.bytes.len() < 20_000, "{} bytes", file.bytes.len());
    assert_eq!(browser.get("/assets/../src/lib.rs").await.status, StatusCode::NOT_FOUND);
    assert_eq!(browser.get("/assets/nothing.css").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_out_of_reach_does_not_exist() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    maildesk::actions::assign::assign(&desk.desk, &desk.ada, number, None, Some(desk.ada.id)).await.unwrap();
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let hidden = hal.get(&format!("/tickets/{number}")).await;
    let missing = hal.get("/tickets/424242").await;
    assert_eq!((hidden.status, missing.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
    assert_eq!(hidden.text(), missing.text(), "the two look the same");
    assert!(!hal.get("/tickets").await.says("Printer"));
    assert!(!hal.get("/search?q=printer").await.says("href=\"/tickets/1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_balancer_is_told_whether_the_desk_can_serve() {
    let desk = TestDesk::new().await;
    let answer = Browser::new(&desk).get("/healthz").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.says("ok"));
}
