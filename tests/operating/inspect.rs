//! A mail looked at on the shell.

use std::{
    io::Write as _,
    process::{Command, Stdio},
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
