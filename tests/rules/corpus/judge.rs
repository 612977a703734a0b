//! What counts as a match (CONTRACT.md, "How a case is judged").

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use super::{
    attachments,
    text::{plain, squash, word_recall, words},
    web,
};

/// What of `expect` is not met.
pub fn faults(expect: &Value, got: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    headers(expect, got, &mut faults);
    people(expect, got, &mut faults);
    kinds(expect, got, &mut faults);
    texts(expect, got, &mut faults);
    if let Some(want) = expect.get("attachments") {
        faults.extend(attachments::faults(want, &got["attachments"]));
    }
    ours(expect, got, &mut faults);
    faults
}

fn headers(expect: &Value, got: &Value, faults: &mut Vec<String>) {
    let bare = |it: &Value| it.as_str().unwrap_or_default().trim_matches(['<', '>']).to_owned();
    if let Some(want) = expect.get("message_id")
        && bare(&got["message_id"]) != bare(want)
    {
        faults.push(format!("message_id: {want} is {}", got["message_id"]));
    }
    for name in ["in_reply_to", "references"] {
        if let Some(want) = expect.get(name)
            && list(&got[name]).iter().map(bare).ne(list(want).iter().map(bare))
        {
            faults.push(format!("{name}: {want} is {}", got[name]));
        }
    }
    if let Some(want) = expect.get("date") {
        let instant = |it: &Value| it.as_str().and_then(|it| it.parse::<Timestamp>().ok());
        if instant(want).is_none() || instant(want) != instant(&got["date"]) {
            faults.push(format!("date: {want} is {}", got["date"]));
        }
    }
    if let Some(want) = expect.get("subject") {
        let mine = squash(text(&got["subject"]));
        if !options(want).iter().any(|it| squash(text(it)) == mine) {
            faults.push(format!("subject: {want} is {mine:?}"));
        }
    }
}

/// What our own cases say beyond the contract: `action` is the decision's, each of `warned` is said in some warning, each of
/// `why` in some reason.
fn ours(expect: &Value, got: &Value, faults: &mut Vec<String>) {
    if let Some(want) = expect.get("action")
        && *want != got["decision"]["action"]
    {
        faults.push(format!("action: {want} is {}", got["decision"]["action"]));
    }
    for (key, said) in [("warned", &got["warnings"]), ("why", &got["decision"]["why"])] {
        for want in expect.get(key).map(list).unwrap_or_default() {
            if !list(said).iter().any(|it| text(it).contains(text(&want))) {
                faults.push(format!("{key}: nothing says {want} in {said}"));
            }
        }
    }
}

fn people(expect: &Value, got: &Value, faults: &mut Vec<String>) {
    let have = [&got["from"], &got["requester"]];
    match expect.get("from") {
        Some(Value::Null) if !address(have[0]).is_empty() => faults.push(format!("from: nobody is {}", have[0])),
        Some(want) if !want.is_null() => {
            if want.get("address").is_some() && !have.iter().any(|it| address(it) == address(want)) {
                faults.push(format!("from: {want} is {}", have[0]));
            }
            if want.get("name").is_some() && !have.iter().any(|it| name(it) == name(want)) {
                faults.push(format!("from.name: {want} is {}", have[0]));
            }
        }
        _ => (),
    }
    if let Some(want) = expect.get("requester")
        && address(want) != address(&got["requester"])
    {
        faults.push(format!("requester: {want} is {}", got["requester"]));
    }
    for field in ["to", "cc", "reply_to"] {
        if let Some(want) = expect.get(field) {
            same_people(field, &list(want), &list(&got[field]), faults);
        }
    }
    if let Some(want) = expect.get("people") {
        let mut known: BTreeSet<String> = ["reply_to", "to", "cc"].iter().flat_map(|it| list(&got[*it])).map(|it| address(&it)).collect();
        known.extend(have.iter().map(|it| address(it)));
        let lost: Vec<Value> = list(want).into_iter().filter(|it| !known.contains(&text(it).to_lowercase())).collect();
        if !lost.is_empty() {
            faults.push(format!("people: lost {lost:?}"));
        }
    }
}

fn same_people(field: &str, want: &[Value], have: &[Value], faults: &mut Vec<String>) {
    let set = |list: &[Value]| list.iter().map(address).collect::<BTreeSet<_>>();
    if set(want) != set(have) {
        faults.push(format!("{field}: {:?} is {:?}", set(want), set(have)));
    }
    for it in want.iter().filter(|it| it.get("name").is_some()) {
        let mine = have.iter().rfind(|mine| address(mine) == address(it)).map(name);
        if mine != Some(name(it)) {
            faults.push(format!("{field}.name: {it} is {mine:?}"));
        }
    }
}

fn kinds(expect: &Value, got: &Value, faults: &mut Vec<String>) {
    let kind = text(&got["kind"]);
    if let Some(want) = expect.get("kind")
        && !options(want).iter().any(|it| text(it) == kind)
    {
        faults.push(format!("kind: {want} is {kind}"));
    }
    let automated = got["automated"] == true || ["auto-reply", "auto-generated", "bounce", "report"].contains(&kind);
    if let Some(want) = expect.get("automated")
        && *want != automated
    {
        faults.push(format!("automated: {want} is {automated}"));
    }
    if let Some(want) = expect.get("autorespond")
        && *want != got["decision"]["autorespond"]
    {
        faults.push(format!("autorespond: {want} is {}", got["decision"]["autorespond"]));
    }
    let Some(want) = expect.get("bounce") else { return };
    let have = list(&got["bounce"]["recipients"]);
    let addresses: Vec<String> = have.iter().map(address).collect();
    for it in list(&want["recipients"]) {
        if !addresses.contains(&text(&it).to_lowercase()) {
            faults.push(format!("bounce.recipients: {it} is not in {addresses:?}"));
        }
    }
    for it in list(&want["status"]) {
        if !have.iter().any(|mine| mine["status"] == it) {
            faults.push(format!("bounce.status: {it} is not in {have:?}"));
        }
    }
    for it in list(&want["action"]) {
        if !have.iter().any(|mine| mine["action"] == it) {
            faults.push(format!("bounce.action: {it} is not in {have:?}"));
        }
    }
    let original = &got["bounce"]["original_message_id"];
    if want.get("original_message_id").is_some_and(|it| it != original) {
        faults.push(format!("bounce.original_message_id: {} is {original}", want["original_message_id"]));
    }
}

fn texts(expect: &Value, got: &Value, faults: &mut Vec<String>) {
    let plain_text = text(&got["text"]);
    let rich = web::text(text(&got["html"]));
    if let Some(want) = expect.get("text") {
        faults.extend(one_text("text", want, plain_text, &[plain_text, &rich]));
        if plain_text.contains('\u{fffd}') && !want.to_string().contains('\u{fffd}') {
            faults.push("text.charset: U+FFFD in the text".to_owned());
        }
    }
    if let Some(want) = expect.get("reply") {
        let (reply, signature) = (text(&got["reply"]), text(&got["signature"]));
        let alone = one_text("reply", want, reply, &[reply]);
        let both = format!("{reply}\n{signature}");
        let met_together = !signature.trim().is_empty() && one_text("reply", want, &both, &[&both]).is_empty();
        if !met_together {
            faults.extend(alone);
        }
    }
    if let Some(want) = expect.get("quoted") {
        let quoted = text(&got["quoted"]);
        faults.extend(one_text("quoted", want, quoted, &[quoted]));
    }
    let Some(want) = expect.get("html") else { return };
    if want["safe"] == true {
        faults.extend(web::dangers(text(&got["html"])).into_iter().map(|it| format!("html: {it} is left in")));
    }
    let lost = list(&want["contains"]).into_iter().filter(|it| !squash(&rich).contains(&squash(text(it))));
    faults.extend(lost.map(|it| format!("html: lost {it}")));
}

fn one_text(field: &str, want: &Value, got: &str, haystacks: &[&str]) -> Vec<String> {
    let want = if want.is_string() { serde_json::json!({ "equals": want }) } else { want.clone() };
    let norm = |it: &str| if want["markdown"] == true { plain(it) } else { squash(it) };
    let mine = norm(got);
    let mut faults = Vec::new();
    let mut need = |met: bool, what: String| {
        if !met {
            faults.push(format!("{field}: {what}; it is {:?}", mine.chars().take(300).collect::<String>()));
        }
    };
    if want.get("equals").is_some() || want.get("any_of").is_some() {
        let options = want.get("any_of").map_or_else(|| vec![want["equals"].clone()], list);
        need(options.iter().any(|it| norm(text(it)) == mine), format!("expected {options:?}"));
    }
    if let Some(it) = want.get("nospace") {
        let bare = |it: &str| norm(it).chars().filter(|c| !c.is_whitespace() && *c != '>').collect::<String>();
        need(bare(text(it)) == bare(got), format!("expected {it}"));
    }
    if let Some(it) = want.get("starts") {
        need(mine.starts_with(&norm(text(it))), format!("expected the start {it}"));
    }
    need(want["blank"] != true || mine.is_empty(), "expected nothing".to_owned());
    for it in list(&want["contains"]) {
        need(haystacks.iter().any(|hay| norm(hay).contains(&norm(text(&it)))), format!("lacks {it}"));
    }
    for it in list(&want["lacks"]) {
        need(!mine.contains(&norm(text(&it))), format!("should not have {it}"));
    }
    if let Some(it) = want.get("words") {
        let best = haystacks.iter().map(|hay| word_recall(&words(text(it)), &words(hay))).fold(0.0, f64::max);
        need(best >= want["recall"].as_f64().unwrap_or(0.9), format!("has {best:.2} of the words {it}"));
    }
    faults
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

/// One value, or each of a list.
fn options(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}

fn address(value: &Value) -> String {
    let text = value.as_str().or_else(|| value["address"].as_str()).unwrap_or_default();
    squash(text).trim_matches(['<', '>', '"', '\'', ' ']).to_lowercase()
}

fn name(value: &Value) -> String {
    squash(value["name"].as_str().unwrap_or_default()).trim_matches(['"', '\'']).to_owned()
}
