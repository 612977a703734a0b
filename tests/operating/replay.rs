//! Stored mail read again on the shell.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use crate::{
    rows::Rows,
    shell::{ANY, NOBODY, Shell},
};

const MAIL: &str = "From: Ann Lee <ann@home.test>\r\nTo: support@desk.test\r\nSubject: Printer\r\nMessage-ID: <one@home.test>\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\r\nIt smokes.\r\nSchöne Grüße\r\n";

pub fn desk() -> Shell {
    let shell = Shell::with("");
    let port = NOBODY.rsplit(':').next().unwrap();
    let server = format!("host = \"127.0.0.1\"\ntls = \"none\"\nport = {port}\nuser = \"x\"\npassword = \"x\"\n");
    let configuration = format!(
        "public_url = \"https://desk.test\"\nlisten = \"{ANY}\"\ndata_dir = \"{}\"\nsecret_key = \"{}\"\ntime_zone = \"Europe/Berlin\"\n\
        [[mailbox]]\nname = \"support\"\naddress = \"support@desk.test\"\n[mailbox.imap]\n{server}[mailbox.smtp]\n{server}",
        shell.path("data").display(),
        "ab".repeat(32)
    );
    std::fs::write(shell.path("maildesk.toml"), configuration).unwrap();
    shell
}

/// `maildesk …` with `typed` on standard input: what it said on each of the two, and its exit code.
pub fn maildesk(shell: &Shell, words: &[&str], typed: &str) -> (String, String, Option<i32>) {
    let mut maildesk = Command::new(env!("CARGO_BIN_EXE_maildesk"))
        .args(words)
        .arg("--config")
        .arg(shell.path("maildesk.toml"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    maildesk.stdin.take().unwrap().write_all(typed.as_bytes()).ok();
    let output = maildesk.wait_with_output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap(), output.status.code())
}

fn replay(shell: &Shell, words: &[&str]) -> (String, String, Option<i32>) {
    maildesk(shell, &[&["replay"], words].concat(), "")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_differs_is_shown_then_written_and_then_it_is_no_more() {
    let shell = desk();
    assert_eq!(maildesk(&shell, &["ingest"], MAIL).2, Some(0));
    let (said, errors, code) = replay(&shell, &["--since", "1h"]);
    assert_eq!((said.as_str(), errors.as_str(), code), ("1 message read: 1 as before, 0 otherwise\nNothing was written.\n", "", Some(0)));

    let rows = Rows::of(&format!("sqlite:{}", shell.path("data/maildesk.db").display())).await;
    assert_eq!(rows.run("update comments set body = 'It smokes.' || char(10) || 'Sch=F6ne Gr=FC=DFe'").await, 1);
    let before = rows.all().await;
    let (said, _, code) = replay(&shell, &["--since", "7d", "--dry-run"]);
    assert_eq!(code, Some(0));
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("message 1, #1, 20") && lines[0].ends_with(", ann@home.test: Printer"), "{said}");
    assert_eq!(lines[1..4], ["  text", "    - Sch=F6ne Gr=FC=DFe", "    + Schöne Grüße"], "{said}");
    assert!(said.ends_with("Nothing was written: --apply writes it.\n"), "{said}");
    assert_eq!(rows.all().await, before, "a look wrote something");

    let (said, _, _) = replay(&shell, &["--message", "1", "--json"]);
    let objects: Vec<serde_json::Value> = said.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert_eq!(objects[0]["changes"]["text"]["after"], "It smokes.\nSchöne Grüße");
    assert_eq!((&objects[0]["message"], &objects[0]["ticket"], &objects[0]["written"]), (&1.into(), &1.into(), &serde_json::json!([])));
    assert_eq!((&objects[1]["summary"]["read"], &objects[1]["summary"]["text"]), (&1.into(), &1.into()));

    let (said, _, code) = replay(&shell, &["--since", "7d", "--mailbox", "support", "--apply", "--threads"]);
    assert!(said.ends_with("Written, 0 moved; nothing was sent.\n") && code == Some(0), "{said}");
    assert_eq!(rows.count("select count(*) from comments where body like '%Schöne Grüße'").await, 1);
    assert_eq!(rows.count("select count(*) from outbox").await, before["outbox"].len() as i64);
    assert!(replay(&shell, &["--since", "7d", "--apply"]).0.ends_with("Nothing was there to be written.\n"));
}

#[test]
fn what_is_mistyped_is_named_with_its_mend_before_anything_is_opened() {
    let shell = desk();
    for (words, expected) in [
        (&[][..], "which mail? give --since 2026-11-01 (or --since 7d), --held or --message N; without --apply nothing is written"),
        (&["--since", "yesterday"], "--since yesterday: this is no moment; give a day (2026-11-01)"),
        (&["--since", "2026-11-02", "--until", "2026-11-01"], "--until 2026-11-01 is not after --since 2026-11-02"),
        (&["--since", "7d", "--mailbox", "sales"], "--mailbox sales: there is no such mailbox; there is support"),
        (&["--since", "7d", "--threads"], "--threads moves messages, so it goes with --apply; without either, what would move is shown"),
    ] {
        let (said, errors, code) = replay(&shell, words);
        assert_eq!((said.as_str(), code), ("", Some(1)), "{words:?}");
        assert!(errors.starts_with(&format!("maildesk replay: {expected}")), "{errors}");
    }
    for words in [&["--since", "7d", "--dry-run", "--apply"][..], &["--since", "7d", "--message", "1"]] {
        assert_eq!(replay(&shell, words).2, Some(2), "{words:?}");
    }
    for (number, expected) in
        [("one", "a message’s number in the ledger is a whole number such as 17"), ("#3", "this is a ticket’s number; ")]
    {
        let (_, errors, code) = replay(&shell, &["--message", number]);
        assert!(errors.contains(&format!("invalid value '{number}'")) && errors.contains(expected) && code == Some(2), "{errors}");
    }
    let (_, errors, code) = maildesk(&shell, &["ingest", "--mailbox", "sales"], MAIL);
    assert!(
        errors.starts_with("maildesk ingest: --mailbox sales: there is no such mailbox; there is support") && code == Some(75),
        "{errors}"
    );
    assert!(!shell.path("data").exists());
    assert_eq!(maildesk(&shell, &["ingest"], MAIL).2, Some(0));
    let (_, errors, code) = replay(&shell, &["--message", "99"]);
    assert!(errors.starts_with("maildesk replay: --message 99: the ledger has no message of this number") && code == Some(1), "{errors}");
}

#[test]
fn where_there_is_no_desk_none_is_made() {
    let shell = desk();
    let data = shell.path("data");
    let told = |missing: &std::path::Path| {
        let (said, errors, code) = replay(&shell, &["--since", "7d"]);
        assert_eq!((said.as_str(), code), ("", Some(1)));
        let expected = format!("maildesk replay: there is no desk here: {} does not exist; see data_dir", missing.display());
        assert!(errors.starts_with(&expected), "{errors}");
    };
    told(&data);
    assert!(!data.exists());
    std::fs::create_dir(&data).unwrap();
    told(&data.join("maildesk.db"));
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 0);
}

#[test]
fn held_mail_alone_can_be_asked_about() {
    let shell = desk();
    let spam = MAIL.replace("Subject: Printer", "X-Spam-Flag: YES\r\nSubject: Win");
    assert_eq!(maildesk(&shell, &["ingest"], MAIL).2, Some(0));
    assert_eq!(maildesk(&shell, &["ingest"], &spam).2, Some(0));
    let (said, _, code) = replay(&shell, &["--held"]);
    assert_eq!((said.as_str(), code), ("1 message read: 1 as before, 0 otherwise\nNothing was written.\n", Some(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_cannot_be_read_is_named_and_the_exit_code_says_so() {
    let shell = desk();
    assert_eq!(maildesk(&shell, &["ingest"], MAIL).2, Some(0));
    let rows = Rows::of(&format!("sqlite:{}", shell.path("data/maildesk.db").display())).await;
    rows.run("update blobs set packing = 'plain', bytes = x'00'").await;
    for words in [&["--since", "7d"][..], &["--since", "7d", "--apply"]] {
        let (said, errors, code) = replay(&shell, words);
        assert!(said.starts_with("message 1 cannot be read: the content ") && said.contains("       1  cannot be read\n"), "{said}");
        assert_eq!((errors.as_str(), code), ("", Some(1)));
    }
    let help = replay(&shell, &["--help"]).0.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(help.contains("Exit code 0 when every message could be read"), "{help}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_html_was_and_is_reads_as_words() {
    let shell = desk();
    assert_eq!(maildesk(&shell, &["ingest"], MAIL).2, Some(0));
    let rows = Rows::of(&format!("sqlite:{}", shell.path("data/maildesk.db").display())).await;
    rows.run("update comments set html = '<p>x</p>', remote_images = 2").await;
    let (said, _, _) = replay(&shell, &["--since", "7d"]);
    assert!(said.contains("    8 B before, none today\n    pictures that lie elsewhere: 2 before, 0 today\n"), "{said}");
}
