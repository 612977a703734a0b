//! Every route asked with rubbish in each place that takes something: the answer is a page in our words.

use axum::http::{Method, StatusCode};
use maildesk::panel::{
    routes,
    routes::{Policy, Route},
};

use crate::{
    browser::{Browser, Page},
    test_desk::TestDesk,
};

/// None is an id.
const RUBBISH: [&str; 5] = ["abc", "99999999999999999999", "1.5", "%ff", "0x1"];

/// Names of fields that pages know, and one that none does.
const NAMES: [&str; 26] = [
    "html", "write", "preview", "saved", "edit", "new", "all", "before", "after", "view", "state", "why", "mailbox", "list", "range",
    "csv", "group", "name", "next", "q", "status", "priority", "helper", "v", "key", "zz",
];

/// Somebody's browser whom the route admits.
async fn admitted(desk: &TestDesk, route: &Route) -> Browser {
    Browser::of(desk, if route.policy == Policy::Customer { &desk.ann } else { &desk.ada }).await
}

/// The path with rubbish for the variable part at this place, and 1 for the others; none where there are not so many.
fn broken(path: &str, place: usize, rubbish: &str) -> Option<String> {
    let mut at = 0;
    let mut part = |part: &str| {
        if !part.starts_with('{') {
            return part.to_owned();
        }
        at += 1;
        if at == place + 1 { rubbish.to_owned() } else { "1".to_owned() }
    };
    let path = path.split('/').map(&mut part).collect::<Vec<_>>().join("/");
    (at > place).then_some(path)
}

/// The path with 1 for each variable part.
fn whole(path: &str) -> String {
    path.split('/').map(|it| if it.starts_with('{') { "1" } else { it }).collect::<Vec<_>>().join("/")
}

fn is_in_our_words(page: &Page, what: &str) {
    let text = page.text();
    for foreign in ["annot parse", "deserialize", "unknown field", "missing field", "invalid digit", "duplicate field"] {
        assert!(!text.contains(foreign), "{what}: {text}");
    }
    if page.status.is_client_error() {
        assert!(page.header("content-type").starts_with("text/html"), "{what}: {} {text}", page.status);
    }
    assert!(!page.status.is_server_error() && page.status != StatusCode::BAD_REQUEST, "{what}: {} {text}", page.status);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistyped_path_is_the_ordinary_page_of_what_is_not_there() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await;
    let mut asked = 0;
    for route in routes().list() {
        let mut browser = admitted(&desk, route).await;
        browser.get("/profile").await;
        for rubbish in RUBBISH {
            for path in (0..3).filter_map(|place| broken(route.path, place, rubbish)) {
                let what = format!("{} {path}", route.method);
                let page = if route.method == Method::GET { browser.get(&path).await } else { browser.post(&path, &[]).await };
                is_in_our_words(&page, &what);
                if !route.path.contains("{token}") {
                    assert_eq!(page.status, StatusCode::NOT_FOUND, "{what}: {}", page.text());
                }
                asked += 1;
            }
        }
    }
    assert!(asked > 150, "{asked} requests");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_address_asks_that_its_page_does_not_know_is_passed_over() {
    let desk = TestDesk::new().await;
    crate::mail_health::is_read(&desk).await;
    desk.round().await;
    desk.mail_does_not_matter();
    desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await;
    for route in routes().list().iter().filter(|it| it.method == Method::GET) {
        let mut browser = admitted(&desk, route).await;
        let path = whole(route.path);
        let plain = browser.get(&path).await.status;
        for (name, rubbish) in NAMES.iter().zip(RUBBISH.iter().cycle()) {
            let page = browser.get(&format!("{path}?{name}={rubbish}&{name}={rubbish}")).await;
            is_in_our_words(&page, &format!("{path}?{name}={rubbish}"));
            // A table that there is not cannot be given as CSV.
            // What a search is narrowed by is read into its words, and told there.
            let narrowed = route.path == "/search" && page.status == StatusCode::SEE_OTHER;
            assert!(page.status == plain || *name == "csv" || narrowed, "{path}?{name}={rubbish}: {}", page.status);
        }
    }
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let page = hal.get("/tickets/1?html=abc&all=1&zz").await;
    assert!(page.status == StatusCode::OK && page.says("It smokes."), "{}", page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_none_is_refused_on_a_page() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await;
    for route in routes().list().iter().filter(|it| it.method == Method::POST && it.path != "/logout") {
        let mut browser = admitted(&desk, route).await;
        browser.get("/profile").await;
        let path = whole(route.path);
        for kind in ["", "text/plain", "multipart/form-data", "multipart/form-data; boundary=XX", "application/json"] {
            let page = browser.send(Method::POST, &path, kind, b"{%\xff--XX\r\n\r\n".to_vec(), &[]).await;
            is_in_our_words(&page, &format!("{path} as {kind}"));
            assert!(page.status.is_client_error(), "{path} as {kind}: {}", page.status);
        }
        for name in ["version", "correction", "seen", "to", "number", "do", "helper", "status", "ids", "id", "role", "zz"] {
            let page = browser.post(&path, &[(name, "abc")]).await;
            is_in_our_words(&page, &format!("{path} with {name}"));
        }
    }
}
