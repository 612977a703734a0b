//! `maildesk ingest` crashes at every fail point that it comes by; the mail server offers the message again, and it is one ticket.

use std::{
    collections::BTreeMap,
    io::Write as _,
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{Command, Output, Stdio},
    time::Duration,
};

use maildesk::clock::Clock;

use crate::{
    base::{SETTLED, command, configure, holds, mail, rows, wait_for, world},
    daemon::Daemon,
};

/// What a mail server's pipe does with one message.
fn ingest(folder: &Path, fail_points: &str, mail: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_maildesk"))
        .args(["ingest", "--config"])
        .arg(folder.join("maildesk.toml"))
        .env("FAILPOINTS", fail_points)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(mail.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// One that is too large for the database where the point is about files.
fn message(n: usize, point: &str) -> String {
    let line = format!("{}\r\n", "It is large. ".repeat(69));
    let text = if point.starts_with("blob-") { line.repeat(300) } else { line };
    mail(&format!("C{n} <c{n}@home.test>"), &format!("Request {n}"), &text)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_ingestion_crashes_is_offered_again_and_is_one_ticket() {
    let folder = tempfile::tempdir().unwrap();
    let world = world(Clock::System.now()).await;
    configure(folder.path(), &world, &["support"]);
    // The first makes the desk, and its index.
    let first = ingest(folder.path(), "", &message(0, "blob-"));
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let calm = ingest(folder.path(), "*=tell", &message(1, "blob-"));
    let told = String::from_utf8_lossy(&calm.stderr).into_owned();
    assert!(calm.status.success(), "{told}");
    let mut reached: BTreeMap<&str, usize> = BTreeMap::new();
    for point in told.lines().filter_map(|it| it.strip_prefix("fail point ")?.strip_suffix(": reached")) {
        *reached.entry(point).or_default() += 1;
    }
    for point in ["ingest-read", "blob-sync", "keep-commit", "kept", "decide-commit", "decided", "ingest-taken"] {
        assert!(reached.contains_key(point), "{point} is not reached");
    }

    let mut n = 1;
    for (point, times) in reached {
        for at in 1..=times {
            n += 1;
            let mail = message(n, point);
            let crashed = ingest(folder.path(), &format!("{point}=crash@{at}"), &mail);
            let told = String::from_utf8_lossy(&crashed.stderr);
            assert_eq!(crashed.status.signal(), Some(6), "{point} at time {at}: {told}");
            let again = ingest(folder.path(), "", &mail);
            assert!(again.status.success(), "{point} at time {at}: {}", String::from_utf8_lossy(&again.stderr));
        }
    }
    let daemon = Daemon::start(folder.path(), "warn", "");
    wait_for(folder.path(), SETTLED).await;
    assert!(daemon.end() < Duration::from_secs(15));
    let all = n + 1;
    for count in ["messages where decision = 'open-ticket'", "messages", "tickets", "comments", "deliveries where state = 'sent'"] {
        assert_eq!(rows(folder.path(), &format!("select count(*) from {count}")).await, [all.to_string()], "{count}");
    }
    for customer in 0..all {
        assert_eq!(world.messages(&format!("c{customer}@home.test"), "INBOX").len(), 1, "c{customer} was told more or less than once");
    }
    assert!(holds(folder.path(), "select (select count(*) from sightings) = 0").await);
    assert!(command(folder.path(), &["verify"]).status.success());
    println!("{n} crashes of ingest");
}
