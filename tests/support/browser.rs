//! A browser as far as pages need one: it keeps cookies, follows its own forms' tokens, and runs no script.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use axum::{
    Router,
    body::{Body, BodyDataStream, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, Response, StatusCode, header},
};
use futures_util::StreamExt as _;
use maildesk::{
    actions::{
        Desk,
        sign_in::{NewSession, sign_in},
    },
    auth::session::{Claims, Sessions},
    desk::{id::PersonId, person::Person},
    panel::{Panel, router},
};
use tower::ServiceExt;

use super::test_desk::TestDesk;

/// Somebody's browser.
pub struct Browser {
    router: Router,
    cookies: BTreeMap<String, String>,
    token: String,
}

/// What a request came back with.
#[derive(Debug)]
pub struct Page {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Page {
    /// As text; slashes as such, which templates escape.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).replace("&#x2f;", "/")
    }

    /// Where it leads; empty when nowhere.
    pub fn location(&self) -> &str {
        self.header(header::LOCATION.as_str())
    }

    /// A header; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |it| it.to_str().unwrap())
    }

    /// Whether the page says this.
    pub fn says(&self, words: &str) -> bool {
        self.text().contains(words)
    }

    /// The value of the first field of this name.
    pub fn field(&self, name: &str) -> String {
        let text = self.text();
        let (_, rest) = text.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("no field {name} on {text}"));
        rest.split('"').next().unwrap().to_owned()
    }
}

impl Browser {
    /// Nobody's.
    pub fn new(desk: &TestDesk) -> Self {
        Self::at(&desk.desk)
    }

    /// Of somebody who has signed in.
    pub async fn of(desk: &TestDesk, person: &Person) -> Self {
        Self::signed_in(&desk.desk, person.id).await
    }

    /// Nobody's, on any desk.
    pub fn at(desk: &Desk) -> Self {
        Self { router: router(Panel::new(desk.clone(), Vec::new())), cookies: BTreeMap::new(), token: String::new() }
    }

    /// Of somebody who has signed in, on any desk.
    pub async fn signed_in(desk: &Desk, person: PersonId) -> Self {
        let new = NewSession { agent: "Test".to_owned(), address: "192.0.2.1".parse().unwrap() };
        let started = sign_in(desk, person, new).await.unwrap();
        let sessions = Sessions::new(&desk.keys, &desk.url);
        let claims = Claims { person, session: started.id, epoch: started.epoch, expires_at: started.expires_at };
        let token = sessions.seal(&claims, desk.clock.now()).unwrap();
        let mut browser = Self::at(desk);
        browser.cookies.insert(sessions.cookie_name().to_owned(), token);
        browser
    }

    /// What it sends with each request to show who it is.
    pub fn cookie_header(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// Of somebody who has signed in at the same running panel.
    #[allow(dead_code, reason = "each program of tests uses a part of this file")]
    pub async fn beside(&self, desk: &TestDesk, person: &Person) -> Self {
        Self { router: self.router.clone(), ..Self::of(desk, person).await }
    }

    /// Opens a page; its form's token is kept for the next form.
    pub async fn get(&mut self, path: &str) -> Page {
        let page = self.send(Method::GET, path, "", Vec::new(), &[]).await;
        if let Some((_, rest)) = page.text().split_once("name=\"csrf\" value=\"") {
            self.token = rest.split('"').next().unwrap().to_owned();
        }
        page
    }

    /// Sends a form with the token of the last page.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let token = self.token.clone();
        self.post_with(path, fields, &token, &[]).await
    }

    /// Sends a form with another token or other headers.
    pub async fn post_with(&mut self, path: &str, fields: &[(&str, &str)], token: &str, headers: &[(&str, &str)]) -> Page {
        let all = fields.iter().copied().chain([("csrf", token)]);
        let body = all.map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect::<Vec<_>>().join("&");
        self.send(Method::POST, path, "application/x-www-form-urlencoded", body.into_bytes(), headers).await
    }

    /// Sends a form with a file.
    pub async fn post_file(&mut self, path: &str, fields: &[(&str, &str)], file: (&str, &str, &[u8])) -> Page {
        let mut body = Vec::new();
        for (name, value) in fields.iter().copied().chain([("csrf", self.token.as_str())]) {
            body.extend(format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").into_bytes());
        }
        let (filename, content_type, bytes) = file;
        let head = format!(
            "--XX\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{filename}\"\r\nContent-Type: {content_type}\r\n\r\n"
        );
        body.extend(head.into_bytes());
        body.extend(bytes);
        body.extend(b"\r\n--XX--\r\n");
        self.send(Method::POST, path, "multipart/form-data; boundary=XX", body, &[]).await
    }

    /// Follows what changes while a page is open.
    pub async fn follow(&mut self, path: &str, headers: &[(&str, &str)]) -> Events {
        let response = self.ask(Method::GET, path, "", Vec::new(), headers).await;
        Events { status: response.status(), body: response.into_body().into_data_stream(), text: String::new() }
    }

    /// Any request; cookies that come back are kept.
    pub async fn send(&mut self, method: Method, path: &str, content_type: &str, body: Vec<u8>, headers: &[(&str, &str)]) -> Page {
        let (parts, body) = self.ask(method, path, content_type, body, headers).await.into_parts();
        if parts.headers.get(header::CONTENT_TYPE).is_some_and(|it| it == "text/event-stream") {
            // It lasts as long as its page: `follow` reads it.
            return Page { status: parts.status, headers: parts.headers, bytes: Vec::new() };
        }
        Page { status: parts.status, headers: parts.headers, bytes: to_bytes(body, 64 << 20).await.unwrap().to_vec() }
    }

    async fn ask(&mut self, method: Method, path: &str, content_type: &str, body: Vec<u8>, headers: &[(&str, &str)]) -> Response<Body> {
        let cookies = self.cookie_header();
        let mut request =
            Request::builder().method(method).uri(path).header(header::HOST, "127.0.0.1:8025").header(header::COOKIE, cookies);
        if !content_type.is_empty() {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::from(body)).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 40_000))));
        let response = self.router.clone().oneshot(request).await.unwrap();
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), rest.split(';').next().unwrap().to_owned());
        }
        response
    }
}

/// A stream of server-sent events.
pub struct Events {
    pub status: StatusCode,
    body: BodyDataStream,
    text: String,
}

/// One of them.
#[derive(Debug)]
pub struct Event {
    pub name: String,
    pub id: String,
    pub data: String,
}

impl Events {
    /// The next event; none: the stream has ended. Waits 10 s at most.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let event = Event::read(event);
                self.text = rest.to_owned();
                if event.name.is_empty() {
                    continue;
                }
                return Some(event);
            }
            let more = tokio::time::timeout(Duration::from_secs(10), self.body.next()).await.expect("no event came within 10 s")?;
            self.text += std::str::from_utf8(&more.unwrap()).unwrap();
        }
    }

    /// The next event of this name; whatever comes before it is passed over.
    pub async fn named(&mut self, name: &str) -> Event {
        loop {
            let event = self.next().await.expect("the stream goes on");
            if event.name == name {
                return event;
            }
        }
    }
}

impl Events {
    /// The data of the next event that has these words.
    pub async fn until(&mut self, words: &str) -> String {
        loop {
            let event = self.next().await.expect("the stream goes on");
            if event.data.contains(words) {
                return event.data;
            }
        }
    }
}

impl Event {
    fn read(text: &str) -> Self {
        let all = |field: &str| text.lines().filter_map(|it| it.strip_prefix(field)).map(str::trim_start).collect::<Vec<_>>().join("\n");
        Self { name: all("event:"), id: all("id:"), data: all("data:").replace("&#x2f;", "/") }
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|it| if it.is_ascii_alphanumeric() { char::from(it).to_string() } else { format!("%{it:02X}") }).collect()
}
