//! Attachments compared.

use serde_json::Value;

use super::text::squash;

/// Parts of the transport: programs differ on listing them.
const TRANSPORT: &[&str] = &[
    "message/delivery-status",
    "message/global-delivery-status",
    "text/rfc822-headers",
    "message/disposition-notification",
    "message/feedback-report",
    "application/pgp-signature",
    "application/pkcs7-signature",
    "application/x-pkcs7-signature",
    "application/pgp-encrypted",
];

/// What of `want` is not among `have`.
pub fn faults(want: &Value, have: &Value) -> Vec<String> {
    let files = want["files"].as_array().cloned().unwrap_or_default();
    let mut left = have.as_array().cloned().unwrap_or_default();
    let mut faults = Vec::new();
    if let Some(count) = want["count"].as_u64() {
        let mine = left.iter().filter(|it| is_counted(it, &files)).count();
        if u64::try_from(mine).unwrap() != count {
            faults.push(format!("attachments.count: {count} is {mine}"));
        }
    }
    for file in &files {
        match left.iter().position(|it| fits(file, it)) {
            Some(at) => faults.extend(details(file, &left.remove(at))),
            None => faults.push(format!(
                "attachments: {file} is not among {:?}",
                left.iter().map(|it| (&it["filename"], &it["size"])).collect::<Vec<_>>()
            )),
        }
    }
    faults
}

fn is_counted(it: &Value, files: &[Value]) -> bool {
    let media = it["content_type"].as_str().unwrap_or_default();
    let wanted = files.iter().any(|file| file["content_type"] == media);
    let nameless_entry = media == "text/calendar" && it["filename"].as_str().unwrap_or_default().is_empty();
    (wanted || !TRANSPORT.contains(&media)) && !nameless_entry
}

fn fits(file: &Value, it: &Value) -> bool {
    let name = |it: &Value| squash(it["filename"].as_str().unwrap_or_default());
    let named = name(file).is_empty() || name(file) == name(it);
    named && ["size", "sha256"].iter().all(|key| file[*key].is_null() || file[*key] == it[*key])
}

fn details(file: &Value, it: &Value) -> Vec<String> {
    let bare = |it: &Value| it.as_str().map_or_else(|| it.clone(), |it| Value::from(it.trim_matches(['<', '>'])));
    let wrong =
        ["content_type", "inline", "content_id"].iter().filter(|key| file.get(**key).is_some_and(|want| bare(want) != bare(&it[**key])));
    wrong.map(|key| format!("attachments.{key}: {file} is {}", it[*key])).collect()
}
