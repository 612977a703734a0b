//! `maildesk verify` on the shell.

use crate::{
    replay::{desk, maildesk},
    rows::Rows,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_is_well_agrees_and_what_is_wrong_is_named_with_its_place() {
    let shell = desk();
    let none = shell.run("verify");
    assert_eq!(none.code, Some(2), "{}", none.text);
    assert!(none.text.contains("there is no desk here") && none.text.contains("data_dir"), "{}", none.text);

    let mail =
        "From: Ann Lee <ann@home.test>\r\nTo: support@desk.test\r\nSubject: Printer\r\nMessage-ID: <one@home.test>\r\n\r\nIt smokes.\r\n";
    assert_eq!(maildesk(&shell, &["ingest"], mail).2, Some(0));
    let well = shell.run("verify");
    assert_eq!((well.code, well.text.ends_with(": all agrees\n")), (Some(0), true), "{}", well.text);
    let (quick, _, _) = maildesk(&shell, &["verify", "--quick"], "");
    assert!(quick.ends_with("rules asked, no content read: all agrees\n"), "{quick}");

    let rows = Rows::of(&format!("sqlite:{}", shell.path("data/maildesk.db").display())).await;
    rows.run("update tickets set comments = 7").await;
    let said = shell.run("verify");
    assert_eq!(said.code, Some(1), "{}", said.text);
    let named = "comment-count (once): a ticket’s number of comments is not that of its comments\n    #1\n";
    assert!(said.text.starts_with(named) && said.text.ends_with(": one thing is wrong\n"), "{}", said.text);
    let (json, _, _) = maildesk(&shell, &["verify", "--json"], "");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&json["ok"], &json["findings"][0]["rule"], &json["findings"][0]["places"][0]),
        (&false.into(), &"comment-count".into(), &"#1".into())
    );

    // Bytes of the file itself: whatever they hit, it is said before anything is done with it.
    let path = shell.path("data/maildesk.db");
    drop(rows);
    let mut file = std::fs::read(&path).unwrap();
    let middle = file.len() / 2;
    file[middle..middle + 4096].fill(0x55);
    std::fs::write(&path, file).unwrap();
    let damaged = shell.run("verify");
    assert_ne!(damaged.code, Some(0), "{}", damaged.text);
}

#[test]
fn what_a_desk_keeps_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let shell = desk();
    assert_eq!(maildesk(&shell, &["ingest"], "From: ann@home.test\r\nSubject: Printer\r\n\r\nIt smokes.\r\n").2, Some(0));
    for path in ["data", "data/maildesk.db", "data/blobs"] {
        let mode = std::fs::metadata(shell.path(path)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{path}: {mode:o}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_needs_no_key_and_writes_nothing() {
    let shell = desk();
    assert_eq!(maildesk(&shell, &["ingest"], "From: ann@home.test\r\nSubject: Printer\r\n\r\nIt smokes.\r\n").2, Some(0));
    let rows = Rows::of(&format!("sqlite:{}", shell.path("data/maildesk.db").display())).await;
    let before = rows.all().await;

    // A copy of a desk is looked at where its key is not, and by a configuration that calls its mailboxes otherwise.
    let path = shell.path("maildesk.toml");
    let elsewhere = std::fs::read_to_string(&path).unwrap().replace("name = \"support\"", "name = \"help\"");
    let elsewhere: String = elsewhere.lines().filter(|it| !it.starts_with("secret_key")).map(|it| format!("{it}\n")).collect();
    std::fs::write(&path, elsewhere).unwrap();
    let said = shell.run("verify");
    assert_eq!((said.code, said.text.ends_with(": all agrees\n")), (Some(0), true), "{}", said.text);
    assert_eq!(rows.all().await, before, "a look wrote something");
}
