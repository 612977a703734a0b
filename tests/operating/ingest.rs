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
