//! `maildesk ingest` on the shell: what it says to the mail server that hands a message over.

use crate::{
    replay::{desk, maildesk},
    rows::Rows,
};

#[tokio::test(flavor = "multi_thread")]
async fn what_can_never_be_taken_stays_with_whoever_offers_it() {
    let shell = desk();
    let path = shell.path("maildesk.toml");
    let whole = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{whole}\n[desk]\nmax_message_bytes = \"64KiB\"\n")).unwrap();
    let mail = |octets: usize| {
        let head = "From: ann@home.test\r\nTo: support@desk.test\r\nSubject: Printer\r\nMessage-ID: <one@home.test>\r\n\r\n";
        format!("{head}{}", "x".repeat(octets - head.len()))
    };
    for (typed, says) in
        [(mail(64 * 1024 + 1), "larger than desk.max_message_bytes (65536 bytes); raise that"), (" \r\n".to_owned(), "is empty")]
    {
        let (_, said, code) = maildesk(&shell, &["ingest"], &typed);
        assert!(code == Some(65) && said.contains(says), "{code:?} {said}");
    }
    assert_eq!(maildesk(&shell, &["ingest"], &mail(64 * 1024)).2, Some(0));
    let rows = Rows::of(&format!("sqlite:{}", shell.path("data/maildesk.db").display())).await;
    assert_eq!(rows.count("select count(*) from messages where whole = 1").await, 1);
    assert_eq!(rows.count("select count(*) from messages").await, 1, "nothing is kept of what stays elsewhere");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_taken_as_standard_input_is() {
    let shell = desk();
    let at = |name: &str| shell.path(name).to_str().unwrap().to_owned();
    let mail = "From: ann@home.test\r\nTo: support@desk.test\r\nSubject: Printer\r\nMessage-ID: <one@home.test>\r\n\r\nIt smokes.\r\n";
    std::fs::write(at("one.eml"), mail).unwrap();
    std::fs::write(at("blank"), "\n").unwrap();
    std::fs::write(at("two.mbox"), format!("From a Mon Nov  2 10:00:00 2026\n{mail}\nFrom b Mon Nov  2 10:00:00 2026\n{mail}")).unwrap();
    let (said, errors, code) = maildesk(&shell, &["ingest", &at("one.eml")], "");
    assert!(code == Some(0) && said.starts_with("open-ticket #1"), "{said}{errors}");
    let (said, _, code) = maildesk(&shell, &["ingest", "-"], mail);
    assert!(code == Some(0) && said.starts_with("ignore: the same mail has come before"), "{said}");
    for (file, says, ends) in [
        ("blank", "blank is empty; give one message", 65),
        ("two.mbox", "two.mbox holds 2 messages; maildesk import takes such files", 65),
        ("missing.eml", "missing.eml: No such file or directory (os error 2); look at the spelling", 66),
        ("", "is a folder; give a file with one message", 66),
    ] {
        let (_, errors, code) = maildesk(&shell, &["ingest", &at(file)], "");
        assert!(errors.contains(says) && code == Some(ends), "{code:?} {errors}");
    }
    let rows = Rows::of(&format!("sqlite:{}", shell.path("data/maildesk.db").display())).await;
    assert_eq!(rows.count("select count(*) from messages").await, 1);
}
