//! The description of the API is that of the API.

use std::collections::BTreeSet;

use maildesk::api::{openapi, routes, routes::Needs};
use serde_json::Value;

use super::Program;
use crate::test_desk::TestDesk;

#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_described_and_every_description_is_a_route() {
    let desk = TestDesk::new().await;
    let described = Program::with(&desk.desk, String::new()).get("/openapi.json").await.ok();
    assert_eq!(described["servers"][0]["url"], "/api/v1");
    let mut operations = BTreeSet::new();
    for (path, item) in described["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(operation["responses"]["default"].is_object(), "{method} {path} says nothing of problems");
            assert!(operation["description"].is_string() || operation["summary"].is_string(), "{method} {path}");
            operations.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let list = routes();
    let routes: BTreeSet<String> = list.list().iter().map(|it| format!("{} {}", it.method, it.path)).collect();
    assert_eq!(operations, routes);
    for route in list.list() {
        let operation = &described["paths"][route.path][route.method.as_str().to_lowercase()];
        assert_eq!(operation["security"].is_null(), route.needs == Needs::Nothing, "{} {}", route.method, route.path);
        assert_eq!(
            operation["requestBody"].is_object(),
            ["POST", "PATCH"].contains(&route.method.as_str()),
            "{} {}",
            route.method,
            route.path
        );
    }
}

/// Each `$ref` below a value.
fn references(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(all) => {
            if let Some(Value::String(to)) = all.get("$ref") {
                into.insert(to.clone());
            }
            all.values().for_each(|it| references(it, into));
        }
        Value::Array(all) => all.iter().for_each(|it| references(it, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn whatever_the_description_refers_to_is_in_it() {
    let described = serde_json::to_value(openapi::description()).unwrap();
    let mut all = BTreeSet::new();
    references(&described, &mut all);
    assert!(all.len() > 20, "{all:?}");
    for reference in all {
        let found = described.pointer(reference.trim_start_matches('#'));
        assert!(found.is_some(), "{reference} is nowhere");
    }
}
