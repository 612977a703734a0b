//! Every mail of `tests/corpus/` is understood as the project that it comes from expects: the rules of its CONTRACT.md.

mod attachments;
mod judge;
mod text;
mod web;

use std::{fs, path::Path};

use maildesk::cli::inspect;
use serde_json::Value;

#[test]
fn every_case_says_what_its_origin_expects() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/cases");
    let names = cases(&folder);
    assert!(names.len() > 100, "the corpus is there");
    let faults: Vec<String> = names.iter().flat_map(|it| faults(&folder, it)).collect();
    assert!(faults.is_empty(), "{} of {} cases:\n{}", faults.len(), names.len(), faults.join("\n"));
}

/// The names of a folder's cases, in order.
fn cases(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = files.filter_map(|it| it.strip_suffix(".json").map(str::to_owned)).collect();
    names.sort();
    names
}

fn faults(folder: &Path, name: &str) -> Vec<String> {
    let case: Value = serde_json::from_slice(&fs::read(folder.join(format!("{name}.json"))).unwrap()).unwrap();
    let raw = fs::read(folder.join(format!("{name}.eml"))).unwrap();
    let got = inspect::objects(&[raw]).remove(0);
    judge::faults(&case["expect"], &got).into_iter().map(|it| format!("{name}: {it}")).collect()
}

/// Our own cases: `own/SORT/SENTENCE.eml` with what must be read from it, by what is wrong with the mail.
#[test]
fn every_mail_that_real_programs_send_is_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/own");
    let mut sorts: Vec<_> = fs::read_dir(&root).unwrap().map(|it| it.unwrap().path()).filter(|it| it.is_dir()).collect();
    sorts.sort();
    let (mut count, mut wrong) = (0, Vec::new());
    for sort in &sorts {
        let names = cases(sort);
        count += names.len();
        let of = sort.file_name().unwrap().to_string_lossy();
        wrong.extend(names.iter().flat_map(|it| faults(sort, it)).map(|it| format!("{of}/{it}")));
    }
    assert!(wrong.is_empty(), "{} faults in {count} cases:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_key_of_the_contract_is_always_there() {
    let keys = "message_id in_reply_to references date from requester reply_to to cc subject kind automated bounce text reply quoted signature html attachments warnings decision";
    let got = inspect::objects(&[b"\n".to_vec()]).remove(0);
    for key in keys.split(' ') {
        assert!(got.get(key).is_some(), "{key}");
    }
}

#[test]
fn the_judge_tells_right_from_wrong() {
    let got =
        inspect::objects(&[b"From: Ann <ann@x.test>\nSubject: Hi\nDate: 1 Jan 2024 10:00:00 +0100\n\nHello there\n".to_vec()]).remove(0);
    for (expect, right) in [
        (r#"{"subject": "Hi", "text": "Hello  there", "date": "2024-01-01T09:00:00Z", "kind": ["new", "reply"]}"#, true),
        (r#"{"subject": "Ho"}"#, false),
        (r#"{"from": {"name": "Ann", "address": "ANN@x.test"}, "attachments": {"count": 0}}"#, true),
        (r#"{"from": {"name": "Hal"}}"#, false),
        (r#"{"text": {"contains": ["nothing like it"]}}"#, false),
        (r#"{"reply": {"starts": "Hello", "lacks": ["there"]}}"#, false),
        (r#"{"attachments": {"files": [{"filename": "a.txt"}]}}"#, false),
        (r#"{"date": "2024-01-01T10:00:00Z"}"#, false),
    ] {
        assert_eq!(judge::faults(&serde_json::from_str(expect).unwrap(), &got).is_empty(), right, "{expect}");
    }
}
