//! Who asks: tokens that are good, and all those that are not.

use axum::http::{Method, StatusCode};
use jiff::SignedDuration;
use maildesk::{
    actions::{
        make_token::{Wish, make_token},
        people::{self, By},
        revoke_token::revoke_token,
    },
    api::{routes, routes::Needs},
    desk::{
        api_token::{Access, Lifetime},
        id::ApiTokenId,
        person::Role,
    },
    store::api_tokens,
};

use super::{Program, token};
use crate::{browser::Browser, rows::Rows, test_desk::TestDesk};

/// A path that could be asked.
fn concrete(path: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { "1" } else { part }).collect::<Vec<_>>().join("/")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_asks_for_a_token_and_those_that_write_for_one_that_writes() {
    let desk = TestDesk::new().await;
    let (nobody, reader) = (Program::with(&desk.desk, String::new()), Program::reading(&desk.desk, &desk.ada).await);
    for route in routes().list() {
        let path = concrete(route.path);
        let answer = nobody.ask(route.method.clone(), &path, None, &[]).await;
        if route.needs == Needs::Nothing {
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            continue;
        }
        assert_eq!(answer.problem(), (401, "unauthorized", ""), "{} {path}", route.method);
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"maildesk\"");
        let answer = reader.ask(route.method.clone(), &path, Some(b"{}".to_vec()), &[]).await;
        assert_ne!(answer.status, StatusCode::UNAUTHORIZED, "{} {path}", route.method);
        assert_eq!(route.method != Method::GET, route.needs == Needs::Write, "{} {path}", route.method);
        if route.needs == Needs::Write {
            assert_eq!(answer.problem(), (403, "insufficient-scope", ""), "{} {path}", route.method);
            assert!(answer.header("www-authenticate").contains("error=\"insufficient_scope\""));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_the_panel_opens_nothing_here_and_a_token_nothing_there() {
    let desk = TestDesk::new().await;
    let mut ada = Browser::of(&desk, &desk.ada).await;
    let token = token(&desk.desk, &desk.ada, Role::Admin, Access::Write).await;
    let bearer = format!("Bearer {token}");
    let page = ada.send(Method::GET, "/tickets", "", Vec::new(), &[("authorization", &bearer)]).await;
    assert_eq!(page.status, StatusCode::OK);
    let mut nobody = Browser::new(&desk);
    let page = nobody.send(Method::GET, "/tickets", "", Vec::new(), &[("authorization", &bearer)]).await;
    assert!(page.location().starts_with("/login"), "{}", page.status);
    let session = Program::with(&desk.desk, String::new());
    let answer = session.ask(Method::GET, "/me", None, &[("cookie", "maildesk=anything")]).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_bearer_in_the_header_is_looked_at() {
    let desk = TestDesk::new().await;
    let program = Program::of(&desk.desk, &desk.hal).await;
    let me = program.get("/me").await;
    assert_eq!(me.header("cache-control"), "no-store");
    assert_eq!(me.header("x-content-type-options"), "nosniff");
    let me = me.ok();
    assert_eq!((me["person"]["email"].as_str(), me["person"]["role"].as_str()), (Some("hal@desk.test"), Some("helper")));
    assert_eq!((me["token"]["access"].as_str(), me["token"]["start"].as_str()), (Some("write"), Some(&program.token[..10])));
    let nobody = Program::with(&desk.desk, String::new());
    let token = &program.token;
    for said in [token.clone(), format!("Basic {token}"), "Bearer  ".to_owned(), "Bearer mdk_short".to_owned(), format!("Bearer {token}x")]
    {
        let answer = nobody.ask(Method::GET, "/me", None, &[("authorization", &said)]).await;
        assert_eq!(answer.problem(), (401, "unauthorized", ""), "{said}");
        assert!(answer.header("www-authenticate").contains("error=\"invalid_token\""), "{said}");
    }
    let twice = nobody.ask(Method::GET, "/me", None, &[("authorization", &format!("Bearer {token}")), ("authorization", "Bearer x")]).await;
    assert_eq!(twice.status, StatusCode::UNAUTHORIZED);
    assert_eq!(nobody.get(&format!("/me?access_token={token}")).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(nobody.ask(Method::GET, "/me", None, &[("authorization", &format!("bearer {token}"))]).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_revoked_or_has_expired_opens_nothing_from_then_on() {
    let desk = TestDesk::new().await;
    let wish = Wish { name: "Report".to_owned(), role: Role::Helper, access: Access::Read, lifetime: Lifetime::Month };
    let program = Program::with(&desk.desk, make_token(&desk.desk, &desk.hal, &wish).await.unwrap().token);
    program.get("/me").await.ok();
    desk.later(SignedDuration::from_hours(24 * 30));
    let answer = program.get("/me").await;
    assert_eq!(answer.problem(), (401, "unauthorized", ""));
    assert!(answer.json["detail"].as_str().unwrap().contains("expired"), "{}", answer.json);
    let other = Program::of(&desk.desk, &desk.hal).await;
    other.get("/me").await.ok();
    let listed = api_tokens::list(&mut desk.desk.store.read().await.unwrap(), Some(desk.hal.id)).await.unwrap();
    revoke_token(&desk.desk, &desk.ada, listed[0].token.id).await.unwrap();
    let answer = other.get("/me").await;
    assert!(answer.json["detail"].as_str().unwrap().contains("revoked"), "{}", answer.json);
    assert!(revoke_token(&desk.desk, &desk.ada, listed[0].token.id).await.is_err(), "it was revoked already");
    assert!(revoke_token(&desk.desk, &desk.ada, ApiTokenId(99)).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_its_owner_may_no_longer_do_their_token_does_not_do() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let ada = Program::of(&desk.desk, &desk.ada).await;
    let narrow = Program::with(&desk.desk, token(&desk.desk, &desk.ada, Role::Helper, Access::Write).await);
    let second = desk.add(Role::Admin, "Bo Lind", "bo@desk.test").await;
    assert_eq!(narrow.get("/me").await.ok()["person"]["role"], "helper", "a token of less than its owner");
    assert!(ada.get("/figures").await.ok()["everybody"].is_object());
    people::set_role(&desk.desk, By::Admin(&second), desk.ada.id, Role::Helper).await.unwrap();
    assert_eq!(ada.get("/me").await.ok()["person"]["role"], "helper", "the lesser of both counts");
    assert!(ada.get("/figures").await.ok()["everybody"].is_null());
    people::set_role(&desk.desk, By::Admin(&second), desk.ada.id, Role::Customer).await.unwrap();
    assert_eq!(ada.get("/me").await.problem(), (401, "unauthorized", ""));
    people::set_role(&desk.desk, By::Admin(&second), desk.ada.id, Role::Helper).await.unwrap();
    people::disable(&desk.desk, By::Admin(&second), desk.ada.id).await.unwrap();
    assert_eq!(ada.get("/me").await.problem(), (401, "unauthorized", ""));
    people::enable(&desk.desk, By::Admin(&second), desk.ada.id).await.unwrap();
    people::sign_out_everywhere(&desk.desk, By::Admin(&second), desk.ada.id).await.unwrap();
    assert_eq!(ada.get("/me").await.status, StatusCode::OK, "a token is no session");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_tokens_hold_up_their_address_and_a_good_one_is_heard_all_the_same() {
    let desk = TestDesk::new().await;
    let good = Program::of(&desk.desk, &desk.hal).await;
    let token = good.token.clone();
    let wrong = format!("Bearer mdk_{}", "a".repeat(52));
    let nobody = Program { token: String::new(), ..good };
    for n in 0..40 {
        let answer = nobody.ask(Method::GET, "/me", None, &[("authorization", &wrong)]).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{n}");
    }
    let held_up = nobody.ask(Method::GET, "/me", None, &[("authorization", &wrong)]).await;
    assert_eq!(held_up.problem(), (429, "wait", ""));
    assert_eq!(held_up.header("retry-after"), "20");
    let good = Program { token, ..nobody };
    assert_eq!(good.get("/me").await.status, StatusCode::OK);
    let elsewhere = Program { from: [198, 51, 100, 1], token: String::new(), ..good };
    assert_eq!(elsewhere.ask(Method::GET, "/me", None, &[("authorization", &wrong)]).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_asks_too_often_is_told_when_to_go_on() {
    let desk = TestDesk::new().await;
    let program = Program::of(&desk.desk, &desk.hal).await;
    for _ in 0..300 {
        assert_eq!(program.get("/me").await.status, StatusCode::OK);
    }
    let answer = program.get("/me").await;
    assert_eq!(answer.problem(), (429, "wait", ""));
    assert_eq!(answer.header("retry-after"), "1");
    desk.later(SignedDuration::from_secs(1));
    assert_eq!(program.get("/me").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_kept_as_its_hash_and_its_use_is_noted_once_a_minute() {
    let desk = TestDesk::new().await;
    let program = Program::of(&desk.desk, &desk.hal).await;
    let rows = Rows::of(&desk.url).await;
    let secret = &program.token[4..];
    let with = format!("select count(*) from api_tokens where name || hash || start like '%{secret}%'");
    assert_eq!(rows.count(&with).await, 0);
    let used = || async {
        let listed = api_tokens::list(&mut desk.desk.store.read().await.unwrap(), None).await.unwrap();
        (listed[0].token.used_at, listed[0].token.used_from.clone())
    };
    let noted = |at| {
        let used = &used;
        async move {
            for _ in 0..200 {
                if used().await.0 == Some(at) {
                    return;
                }
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            panic!("the use at {at} was not noted");
        }
    };
    assert_eq!(used().await, (None, None));
    let first = desk.desk.clock.now();
    program.get("/me").await.ok();
    noted(first).await;
    assert_eq!(used().await.1.as_deref(), Some("192.0.2.7"));
    desk.later(SignedDuration::from_secs(59));
    program.get("/me").await.ok();
    desk.later(SignedDuration::from_secs(1));
    assert_eq!(used().await.0, Some(first), "within a minute nothing is written");
    let second = desk.desk.clock.now();
    program.get("/me").await.ok();
    noted(second).await;
}
