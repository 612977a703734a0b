//! A mail looked at on the shell.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use crate::{
    replay::{desk, maildesk},
    rows::Rows,
    shell::Shell,
};

/// `maildesk inspect` with this mail on standard input: what it said, and its exit code.
fn inspect(mail: &str, words: &[&str]) -> (String, Option<i32>) {
    let mut maildesk = Command::new(env!("CARGO_BIN_EXE_maildesk"));
    maildesk.arg("inspect").args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut maildesk = maildesk.spawn().unwrap();
    maildesk.stdin.take().unwrap().write_all(mail.as_bytes()).unwrap();
    let output = maildesk.wait_with_output().unwrap();
    (format!("{}{}", String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap()), output.status.code())
}

const MAIL: &str = "From: Ann Lee <ann@home.test>\nTo: support@desk.test\nSubject: Printer\nMIME-Version: 1.0\n\
    Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nPlease come.\n--b\n\
    Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nSUMMARY:Repair\n\
    DTSTART:20260205T100000Z\nDTEND:20260205T110000Z\nEND:VEVENT\nEND:VCALENDAR\n--b--\n";

#[test]
fn each_reason_stands_once_and_the_page_says_what_it_does_not_know() {
    let (said, code) = inspect(MAIL, &[]);
    assert_eq!(code, Some(0), "{said}");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "standard input: open-ticket");
    let judged =
        "  Judged             without a desk: the people it knows, its tickets, what it sent and its settings cannot be taken into account";
    assert_eq!(lines[1], judged);
    assert_eq!(said.matches("it answers nothing that is here").count(), 1, "{said}");
    for line in [
        "Already known? the same mail has not come before",
        "A rule about its sender? no",
        "A helper’s answer to a notice? no",
        "A new ticket? it answers nothing that is here: a new ticket",
    ] {
        assert!(lines.iter().any(|it| it.trim_start_matches("  Why").trim() == line), "{line} is not in {said}");
    }
    let table = lines.iter().skip(1).take_while(|it| !it.is_empty());
    for line in table {
        let mut begins = line.chars().skip(20);
        assert_eq!(begins.next(), Some(' '), "{line}");
        assert_ne!(begins.next(), Some(' '), "{line}");
    }
}

#[test]
fn a_file_of_several_messages_is_named_as_one() {
    let one = format!("From ann@home.test Thu Feb  5 10:00:00 2026\n{MAIL}");
    let (said, code) = inspect(&one, &["--json"]);
    assert!(code == Some(0) && !said.contains("maildesk import"), "{said}");
    for file in [format!("{one}\n{one}\n{one}"), format!("{one}{one}{one}")] {
        for words in [&[][..], &["--json"]] {
            let (said, code) = inspect(&file, words);
            let told = "3 messages behind “From ” lines, read here as one: maildesk import takes such a file in; give one alone";
            assert!(code == Some(0) && said.contains(told), "{said}");
        }
    }
}

#[test]
fn an_invitation_stands_beside_the_text() {
    let (said, _) = inspect(MAIL, &[]);
    let told =
        "\n  Reply\n    Please come.\n\n  Calendar\n    Invitation: Repair\n    When: Thursday, 5 February 2026, 10:00 to 11:00 (UTC)\n";
    assert!(said.ends_with(told), "{said}");
    let (said, _) = inspect(&MAIL.replace("Please come.", ""), &[]);
    assert_eq!(said.matches("Invitation: Repair").count(), 1, "{said}");
}

#[test]
fn a_second_sighting_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mail.eml");
    std::fs::write(&file, MAIL).unwrap();
    let file = file.to_str().unwrap();
    let (said, _) = inspect("", &[file, file]);
    assert!(
        said.contains(": ignore\n  Judged             without a desk")
            && said.matches("be taken into account, but for the mails above\n").count() == 1
            && said.contains("  Why                the same mail has come before, and is in the ledger\n"),
        "{said}"
    );
}

#[test]
fn nothing_on_standard_input_is_told_apart() {
    let (said, code) = inspect("", &[]);
    assert_eq!((said.as_str(), code), ("maildesk inspect: standard input is empty; give one message (RFC 5322)\n", Some(1)));
}

#[test]
fn what_was_mended_stands_apart_from_its_label() {
    let (said, _) = inspect(&MAIL.replace("; boundary=b", ""), &[]);
    assert!(said.contains("\n  Mended, left out   "), "{said}");
}

/// A desk with a ticket of Ann's, her answer to its receipt, another by References, held mail, and a second ticket.
async fn taken_in() -> (Shell, Rows) {
    let shell = desk();
    let take = |id: &str, header: &str| {
        let mail = format!(
            "From: Ann Lee <ann@home.test>\r\nTo: support@desk.test\r\nSubject: Printer\r\nMessage-ID: <{id}@home.test>\r\n{header}\r\nIt smokes.\r\n"
        );
        assert_eq!(maildesk(&shell, &["ingest"], &mail).2, Some(0));
    };
    take("one", "");
    let rows = Rows::of(&format!("sqlite:{}", shell.path("data/maildesk.db").display())).await;
    let receipt = rows.texts("select message_id from outbox where kind = 'receipt'".to_owned()).await.remove(0);
    take("two", &format!("In-Reply-To: <{receipt}>\r\n"));
    take("three", "References: <one@home.test> <two@home.test>\r\n");
    take("four", "X-Spam-Flag: YES\r\n");
    take("five", "");
    (shell, rows)
}

/// The trace as the panel's *Why?* shows it, with the question left out where what was found names it.
async fn trace(rows: &Rows, id: i64) -> Vec<String> {
    let trace = rows.texts(format!("select trace from messages where id = {id}")).await.remove(0);
    let trace: Vec<serde_json::Value> = serde_json::from_str(&trace).unwrap();
    let line = |it: &serde_json::Value| match (it["question"].as_str().unwrap(), it["found"].as_str().unwrap()) {
        ("What is it?" | "Who asks?", found) => found.to_owned(),
        (question, found) => format!("{question} {found}"),
    };
    trace.iter().map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_mail_shows_the_very_trace_that_decided_it() {
    let (shell, rows) = taken_in().await;
    let before = rows.all().await;
    for (id, action, thread, receipt) in [
        (1, "open-ticket", Some("one@home.test"), true),
        (2, "add-comment", Some("one@home.test"), false),
        (3, "add-comment", Some("one@home.test"), false),
        (4, "hold", None, false),
    ] {
        let (said, errors, code) = maildesk(&shell, &["inspect", "--message", &id.to_string()], "");
        assert_eq!((errors.as_str(), code), ("", Some(0)));
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines[0], format!("message {id}: {action}"), "{said}");
        assert!(lines[1].starts_with("  Judged             by this desk, 20"), "{said}");
        let trace = trace(&rows, id).await;
        let why = lines.iter().position(|it| it.starts_with("  Why ")).unwrap();
        let shown: Vec<&str> = lines[why..why + trace.len()].iter().map(|it| &it[21..]).collect();
        assert_eq!(shown, trace, "{said}");
        assert!(lines[why + trace.len()].starts_with("  Subject "), "{said}");
        assert!(said.ends_with("\n  Reply\n    It smokes.\n"), "{said}");

        let (json, _, _) = maildesk(&shell, &["inspect", "--json", "--message", &id.to_string()], "");
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        let decision = &json["decision"];
        let why: Vec<&str> = decision["why"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
        assert_eq!(why[..trace.len()], trace);
        assert!(why.len() == trace.len() + 1 && why[trace.len()].starts_with(&format!("action {action}: ")), "{why:?}");
        assert_eq!((&decision["action"], &decision["thread"]), (&action.into(), &thread.into()));
        assert_eq!((&decision["autorespond"], &decision["since"]), (&receipt.into(), &serde_json::json!([])));
        assert_eq!((&json["subject"], &json["reply"]), (&"Printer".into(), &"It smokes.".into()));
    }
    assert_eq!(rows.all().await, before, "a look wrote something");
    assert!(trace(&rows, 2).await.iter().any(|it| it.contains("a Message-ID of ours that it answers")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_did_with_a_stored_mail_since_stands_beside_its_trace() {
    let (shell, rows) = taken_in().await;
    let words = ["user", "add", "--role", "admin", "--name", "Maya", "--email", "maya@desk.test"];
    assert_eq!(maildesk(&shell, &words, "a long enough password\n").2, Some(0));
    let maya = "(select id from people where email = 'maya@desk.test')";
    rows.run(&format!(
        "insert into corrections (kind, source, target, status, made_by, made_at) values ('move', 2, 1, 'open', {maya}, 1000)"
    ))
    .await;
    rows.run(&format!(
        "insert into moves (correction, comment, message_id, origin, target, how, moved_by, moved_at)
        select max(k.id), max(c.id), 'three@home.test', 2, 1, 'moved', {maya}, 1000 from corrections k, comments c where c.message = 3"
    ))
    .await;
    rows.run(&format!("update messages set held = 'discarded', held_by = {maya}, held_done_at = 1000 where id = 4")).await;
    let (said, errors, code) = maildesk(&shell, &["inspect", "--message", "3", "4"], "");
    assert_eq!((errors.as_str(), code), ("", Some(0)));
    assert!(said.contains("\n  Ticket             #1\n  Since              moved by Maya from #2 to #1\n"), "{said}");
    assert!(said.contains("\n\nmessage 4: hold\n") && said.contains("\n  Since              discarded by Maya\n"), "{said}");
    let (json, _, _) = maildesk(&shell, &["inspect", "--json", "--message", "3"], "");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["decision"]["since"], serde_json::json!(["moved by Maya from #2 to #1"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_mail_that_cannot_be_shown_is_named_with_its_mend() {
    let (shell, rows) = taken_in().await;
    let (said, errors, code) = maildesk(&shell, &["inspect", "--message", "99"], "");
    let expected =
        "maildesk inspect: --message 99: the ledger has no message of this number; the panel’s addresses /mail/messages/N end in them\n";
    assert_eq!((said.as_str(), errors.as_str(), code), ("", expected, Some(1)));
    rows.run("update blobs set packing = 'plain', bytes = x'00' where sha256 = (select sha256 from messages where id = 1)").await;
    let (said, errors, code) = maildesk(&shell, &["inspect", "--message", "1", "2"], "");
    assert!(
        errors.starts_with("maildesk inspect: message 1 cannot be read: the content ") && errors.contains("restore it from a backup"),
        "{errors}"
    );
    assert!(said.starts_with("message 2: ") || said.starts_with("\nmessage 2: "), "{said}");
    assert_eq!(code, Some(1));
    let (_, errors, code) = maildesk(&shell, &["inspect", "--message", "#3"], "");
    assert!(errors.contains("this is a ticket’s number") && code == Some(2), "{errors}");
    let (_, errors, code) = maildesk(&shell, &["inspect", "--message", "1", "--", "mail.eml"], "");
    assert!(errors.contains("cannot be used with") && code == Some(2), "{errors}");
}
