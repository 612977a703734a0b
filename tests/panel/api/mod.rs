//! The API, asked as programs ask it.

mod described;
mod figures;
mod people;
mod tickets;
mod who;
mod writing;

use std::net::SocketAddr;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, StatusCode},
};
use maildesk::{
    actions::{
        Desk,
        make_token::{Wish, make_token},
    },
    api::Api,
    app::web,
    desk::{
        api_token::{Access, Lifetime},
        person::{Person, Role},
    },
    panel::Panel,
};
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// A program with a token.
pub struct Program {
    router: Router,
    pub token: String,
    pub from: [u8; 4],
}

/// What a request came back with.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub json: Value,
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The document, which must be there.
    pub fn ok(self) -> Value {
        assert!(self.status.is_success(), "{}: {}", self.status, self.json);
        self.json
    }

    /// A header; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |it| it.to_str().unwrap())
    }

    /// Status, code and field of a problem.
    pub fn problem(&self) -> (u16, &str, &str) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{:?}", self.json);
        let word = |name: &str| self.json[name].as_str().unwrap_or_default();
        assert_eq!(self.json["status"].as_u64(), Some(self.status.as_u16().into()));
        assert!(word("detail").ends_with('.') && !word("title").is_empty(), "{}", self.json);
        (self.status.as_u16(), word("code"), word("field"))
    }
}

/// A token of somebody.
pub async fn token(desk: &Desk, who: &Person, role: Role, access: Access) -> String {
    let name = format!("{} {}", role.as_str(), maildesk::clock::random_token());
    make_token(desk, who, &Wish { name, role, access, lifetime: Lifetime::Unlimited }).await.unwrap().token
}

impl Program {
    /// With a token that writes and does what its owner may.
    pub async fn of(desk: &Desk, who: &Person) -> Self {
        Self::with(desk, token(desk, who, who.role, Access::Write).await)
    }

    /// With a token that reads.
    pub async fn reading(desk: &Desk, who: &Person) -> Self {
        Self::with(desk, token(desk, who, who.role, Access::Read).await)
    }

    pub fn with(desk: &Desk, token: String) -> Self {
        let router = web(Panel::new(desk.clone(), Vec::new()), Api::new(desk.clone(), Vec::new()));
        Self { router, token, from: [192, 0, 2, 7] }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None, &[]).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, Some(body.to_string().into_bytes()), &[]).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PATCH, path, Some(body.to_string().into_bytes()), &[]).await
    }

    /// A request that may be sent again.
    pub async fn post_once(&self, path: &str, key: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, Some(body.to_string().into_bytes()), &[("idempotency-key", key)]).await
    }

    /// Any request below `/api/v1`; one with a body is JSON unless a header says otherwise.
    pub async fn ask(&self, method: Method, path: &str, body: Option<Vec<u8>>, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("/api/v1{path}"));
        if !self.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        if body.is_some() && headers.iter().all(|(name, _)| *name != "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::from(body.unwrap_or_default())).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((self.from, 40_000))));
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = to_bytes(body, 64 << 20).await.unwrap().to_vec();
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status: parts.status, headers: parts.headers, json, bytes }
    }
}

/// A ticket for a customer, as a program opens it.
pub fn ticket(subject: &str) -> Value {
    json!({ "customer": { "email": "cleo@shop.test", "name": "Cleo Day" }, "subject": subject, "text": "Your parcel is here.", "first": "note" })
}
