//! `maildesk import` on the shell: mail of other programs, as they keep it, and what is said where it cannot be taken.

use std::{
    ffi::OsStr,
    fs,
    io::Read as _,
    os::unix::{ffi::OsStrExt as _, fs::PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{
    replay::{desk, maildesk},
    rows::Rows,
    shell::Shell,
};

fn mail(n: usize) -> String {
    format!(
        "From: Ann Lee <ann{n}@home.test>\nTo: support@desk.test\nSubject: Printer {n}\nMessage-ID: <{n}@home.test>\nDate: Fri, 5 Jun 2020 10:00:00 +0000\n\
         Content-Type: text/plain; charset=utf-8\n\nIt smokes.\n\nFrom here on, too.\n"
    )
}

/// As mbox files have it.
fn mbox(of: impl IntoIterator<Item = usize>) -> String {
    of.into_iter().map(|n| format!("From - Fri Jun  5 10:00:00 2020\n{}\n", mail(n).replace("\nFrom here", "\n>From here"))).collect()
}

fn import(shell: &Shell, words: &[&str]) -> (String, String, Option<i32>) {
    maildesk(shell, &[&["import"], words].concat(), "")
}

fn words(path: &Path) -> &str {
    path.to_str().unwrap()
}

async fn rows(shell: &Shell) -> Rows {
    Rows::of(&format!("sqlite:{}", shell.path("data/maildesk.db").display())).await
}

fn write(path: &Path, text: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_mbox_is_looked_at_taken_in_and_not_taken_in_again() {
    let shell = desk();
    let (lf, crlf) = (shell.path("lf.mbox"), shell.path("crlf"));
    write(&lf, mbox(1..=3));
    write(&crlf, mbox(3..=5).replace('\n', "\r\n"));
    let both = [words(&lf), words(&crlf)];
    let (said, errors, code) = import(&shell, &[both[0], both[1], "--dry-run"]);
    assert_eq!(code, Some(0), "{said}{errors}");
    assert!(said.starts_with("found 6 messages in 5 threads, from 5 June 2020 to 5 June 2020\n"), "{said}");
    assert!(
        said.contains("        5  would be taken into support\n        1  there already, or found twice\nNothing was written.\n"),
        "{said}"
    );
    assert!(!shell.path("data/maildesk.db").exists(), "a look made a desk");

    let (said, errors, code) = import(&shell, &both);
    assert_eq!((errors.as_str(), code), ("", Some(0)), "{said}");
    assert!(
        said.contains("        5  taken into support: 5 tickets opened, Closed as of their last mail (those of the last day stay open)\n        1  there already\n"),
        "{said}"
    );
    assert!(said.ends_with("Nothing was sent.\n"), "{said}");
    let rows = rows(&shell).await;
    let whole = "select count(*) from comments where body like '%' || char(10) || 'From here on, too.' and created_at = 1591351200000";
    assert_eq!(rows.count(whole).await, 5);
    assert_eq!(rows.count("select count(*) from outbox").await, 0);
    assert_eq!(rows.count("select count(*) from tickets where status = 'closed' and opened_at = 1591351200000").await, 5);
    let before = rows.all().await;
    let (said, _, code) = import(&shell, &both);
    assert!(code == Some(0) && said.contains("Nothing is new") && said.contains("        6  there already"), "{said}");
    assert_eq!(rows.all().await, before);
    assert_eq!(shell.run("verify").code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_maildir_is_taken_with_its_folders_without_what_was_never_sent_or_thrown_away() {
    let shell = desk();
    let at = |path: &[u8]| shell.path("Maildir").join(OsStr::from_bytes(path));
    for (n, path) in [
        b"cur/1591351200.M1P1.host:2,S".as_slice(),
        b"new/1591351201.M2P1.host",
        b"cur/1591351202.M3P1.h\xff\n\xe4st;2,FS",
        b".Sent Items/cur/1591351203.M4P1.host:2,S",
        b".Kunden.2020/new/1591351204.M5P1.host",
        // Not these.
        b"tmp/1591351205.M6P1.host",
        b"cur/1591351206.M7P1.host:2,D",
        b"cur/1591351207.M8P1.host:2,ST",
        b".Trash/cur/1591351208.M9P1.host:2,S",
        b".Kunden.Spam/new/1591351209.M10P1.host",
    ]
    .iter()
    .enumerate()
    {
        write(&at(path), mail(n));
    }
    write(&at(b"dovecot-uidlist"), "3 V1 N1\n");
    write(&at(b"cur/.hidden"), "x");
    let folder = shell.path("Maildir");
    let (said, errors, code) = import(&shell, &[words(&folder), "--status", "open"]);
    assert_eq!((errors.as_str(), code), ("", Some(0)), "{said}");
    for line in [
        "        5  taken into support: 5 tickets opened, left as their mail leaves them\n",
        "        1  left out: drafts\n",
        "        1  left out: deleted, and not yet cleared away\n",
        "        2  left out: in folders of drafts, deleted mail or spam\n",
    ] {
        assert!(said.contains(line), "{line}{said}");
    }
    assert_eq!(rows(&shell).await.count("select count(*) from tickets where status = 'open'").await, 5);
    let trash = shell.path("Maildir/.Trash");
    let (said, _, code) = import(&shell, &[words(&trash)]);
    assert!(code == Some(0) && said.contains("        1  taken into support"), "a folder that is named itself is taken: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn eml_files_are_found_however_deep_and_one_that_cannot_be_taken_stops_none() {
    let shell = desk();
    let configuration = fs::read_to_string(shell.path("maildesk.toml")).unwrap();
    fs::write(shell.path("maildesk.toml"), format!("{configuration}[desk]\nmax_message_bytes = \"64KiB\"\n")).unwrap();
    let at = |path: &str| shell.path("mail").join(path);
    write(&at("a/1.eml"), mail(1));
    write(&at("a/b/c/2.EML"), mail(2));
    write(&at("a/b/note.txt"), "no mail");
    write(&at("inbox"), mbox([3]));
    write(&at("large.eml"), format!("{}{}", mail(4), "x".repeat(70_000)));
    write(&at("broken.eml"), b"\xff\xfe\0\0 no mail at all");
    write(&at("closed.eml"), mail(6));
    fs::set_permissions(at("closed.eml"), fs::Permissions::from_mode(0o000)).unwrap();
    let readable = fs::File::open(at("closed.eml")).is_ok(); // root reads everything
    std::os::unix::fs::symlink(at("a"), at("a/b/loop")).unwrap();
    let folder = at("");
    let (said, errors, code) = import(&shell, &[words(&folder)]);
    assert_eq!((errors.as_str(), code), ("", Some(1)), "{said}");
    assert!(said.contains(&format!("        {}  taken into support", if readable { 4 } else { 3 })), "{said}");
    assert!(said.contains("held (no sender), waiting under Mail, Held"), "{said}");
    assert!(said.contains("large.eml: 70") && said.contains("at most 65536 are taken; raise desk.max_message_bytes"), "{said}");
    assert!(readable || said.contains("closed.eml: Permission denied"), "{said}");
    let one = at("a/1.eml");
    let (said, _, code) = import(&shell, &[words(&one)]);
    assert!(code == Some(0) && said.contains("Nothing is new"), "{said}");
}

#[test]
fn what_is_no_mail_or_for_no_mailbox_is_named_with_its_mend_and_nothing_is_made() {
    let shell = desk();
    let (text, empty, good) = (shell.path("letter.txt"), shell.path("empty"), shell.path("good.mbox"));
    write(&text, "Dear Ann,\n\nFrom here on it is text.\n");
    fs::create_dir_all(empty.join("deep")).unwrap();
    write(&empty.join("deep/picture.png"), b"\x89PNG");
    write(&good, mbox([1]));
    for (arguments, says) in [
        (vec!["no/such/path"], "no/such/path: there is no such file or folder"),
        (vec![words(&good), words(&text)], "letter.txt is no mail: give an mbox file"),
        (vec![words(&good), "/dev/null"], "/dev/null is a pipe or a device, and the files of an import are gone through twice: write"),
        (
            vec![words(&empty)],
            "no mail is in this folder: neither cur and new of a Maildir, nor .eml files, nor mbox files, nor those of MH; passed over: ",
        ),
        (vec![words(&good), "--mailbox", "sales"], "--mailbox sales: there is no such mailbox; there is support"),
        (vec![words(&good), "--status", "done"], "invalid value 'done'"),
        (vec![words(&good), "--agent", "nobody"], "invalid value 'nobody'"),
    ] {
        let (said, errors, code) = import(&shell, &arguments);
        assert!(errors.contains(says) && code != Some(0) && said.is_empty(), "{code:?} {errors}{said}");
    }
    assert!(!shell.path("data/maildesk.db").exists());
    let configuration = fs::read_to_string(shell.path("maildesk.toml")).unwrap();
    let second =
        configuration[configuration.find("[[mailbox]]").unwrap()..].replace("support", "sales").replace("user = \"x\"", "user = \"y\"");
    fs::write(shell.path("maildesk.toml"), format!("{configuration}{second}")).unwrap();
    let (_, errors, code) = import(&shell, &[words(&good)]);
    assert!(errors.contains("--mailbox NAME is needed: there are support, sales") && code == Some(1), "{errors}");
    let (said, errors, code) = import(&shell, &[words(&good), "--mailbox", "sales"]);
    assert!(said.contains("1  taken into sales") && code == Some(0), "{said}{errors}");
    let export = shell.path("desk.jsonl");
    assert_eq!(maildesk(&shell, &["export", words(&export)], "").2, Some(0));
    for (arguments, says) in
        [(vec![words(&good), words(&export)], "give it alone"), (vec![words(&export), "--dry-run"], "leave out --mailbox")]
    {
        let (_, errors, code) = import(&shell, &arguments);
        assert!(errors.contains(says) && code == Some(1), "{errors}");
    }
}

#[test]
fn a_mailbox_without_mail_stops_nothing() {
    let shell = desk();
    let (empty, maildir, good) = (shell.path("Drafts"), shell.path("Maildir"), shell.path("good.mbox"));
    write(&empty, "");
    ["cur", "new", "tmp"].iter().for_each(|it| fs::create_dir_all(maildir.join(it)).unwrap());
    write(&good, mbox([1]));
    let (said, errors, code) = import(&shell, &[words(&empty), words(&maildir), words(&good)]);
    assert!(code == Some(0) && said.contains("        1  taken into support"), "{said}{errors}");
    let (said, errors, code) = import(&shell, &[words(&empty)]);
    assert!(code == Some(0) && said.starts_with("found 0 messages"), "{said}{errors}");
}

#[test]
fn whatever_a_folder_holds_is_taken_or_named() {
    let shell = desk();
    let at = |path: &str| shell.path("mail").join(path);
    let plain = |n| mbox([n]);
    // Folders that are called as those of a Maildir are.
    write(&at("new/orders.mbox"), plain(1));
    write(&at("new/offer.eml"), mail(2));
    write(&at("loose.mbox"), plain(3));
    // A Maildir with loose files beside its three folders, and one of which a copy has left a folder alone.
    write(&at("Maildir/cur/1591351200.M1P1.host:2,S"), mail(4));
    write(&at("Maildir/tmp/1591351200.M2P1.host"), mail(5));
    write(&at("Maildir/beside.mbox"), plain(6));
    write(&at("Maildir/dovecot-uidlist"), "3 V1 N1\n");
    write(&at("Maildir/.Kunden/new/1591351200.M3P1.host"), mail(7));
    // MH.
    write(&at("inbox/57"), mail(8));
    write(&at("inbox/58"), "a list");
    // Whatever else.
    write(&at("old.mbox.gz"), b"\x1f\x8b\x08\0\0\0");
    write(&at("mail.txt"), mail(9));
    write(&shell.path("elsewhere/1.eml"), mail(10));
    std::os::unix::fs::symlink(shell.path("elsewhere"), at("linked")).unwrap();
    (0..30).for_each(|n| write(&at(&format!("pictures/{n:02}.png")), b"\x89PNG"));
    let folder = at("");
    let (said, errors, code) = import(&shell, &[words(&folder)]);
    assert_eq!((errors.as_str(), code), ("", Some(0)), "{said}");
    for line in [
        "        7  taken into support",
        "        1  left out: notes of a mail program to itself\n",
        "       34  passed over\n",
        "/inbox/58: it is no mail\n",
        "/linked: it is a link to a folder; give that folder by itself\n",
        "/mail.txt: it begins as a message does, and its name is not one of a message; give it by itself, or call it .eml\n",
        "/old.mbox.gz: it is packed; unpack it, and give what was in it\n",
        "           and 14 more\n",
    ] {
        assert!(said.contains(line), "{line}{said}");
    }
}

#[test]
fn an_mbox_without_empty_lines_is_parted_and_a_line_in_doubt_is_named() {
    let shell = desk();
    let (tight, quoting) = (shell.path("tight"), shell.path("quoting"));
    write(&tight, (1..=3).map(|n| format!("From - Fri Jun  5 10:00:00 2020\n{}", mail(n))).collect::<String>());
    let quote = "It smokes. Look:\nFrom ann@home.test Fri Jun  5 10:00:00 2020\nSubject: Smoke\n";
    write(&quoting, mbox(4..=5).replacen("It smokes.", quote, 1));
    let (said, errors, code) = import(&shell, &[words(&tight)]);
    assert!(code == Some(0) && said.contains("        3  taken into support: 3 tickets"), "{said}{errors}");
    assert!(said.contains("tight: no empty line parts them; taken for the beginning of a message: 2 “From ” lines"), "{said}");
    let (said, errors, code) = import(&shell, &[words(&quoting)]);
    assert!(code == Some(0) && said.contains("        2  taken into support: 2 tickets"), "{said}{errors}");
    assert!(said.contains("        1  mbox files in which some lines may begin a message or not\n"), "{said}");
    assert!(said.contains("quoting: taken for text, since no empty line stands before: 1 “From ” line before"), "{said}");
    let (_, errors, code) = maildesk(&shell, &["ingest", words(&tight)], "");
    assert!(code == Some(65) && errors.contains("holds 3 messages"), "{errors}");
}

#[test]
fn a_backup_an_export_and_mail_are_told_apart_by_every_command() {
    let shell = desk();
    let (mail, backup, export) = (shell.path("1.mbox"), shell.path("desk.backup"), shell.path("desk.jsonl"));
    write(&mail, mbox([1]));
    assert_eq!(import(&shell, &[words(&mail)]).2, Some(0));
    for (command, file) in [("backup", &backup), ("export", &export)] {
        assert_eq!(maildesk(&shell, &[command, words(file)], "").2, Some(0));
    }
    for (arguments, says) in [
        (["import", words(&backup)], "is a backup of a whole desk: maildesk restore brings it back"),
        (["restore", words(&export)], "is no backup, but what maildesk export wrote: maildesk import reads it"),
        (["verify", words(&export)], "is no backup, but what maildesk export wrote: maildesk import reads it"),
        (["restore", words(&mail)], "is no backup that maildesk has made"),
    ] {
        let (said, errors, code) = maildesk(&shell, &arguments, "");
        assert!(errors.contains(says) && said.is_empty() && code != Some(0), "{arguments:?}: {errors}{said}");
    }
}

fn begun(shell: &Shell, words: &[&str]) -> std::process::Child {
    let mut maildesk = Command::new(env!("CARGO_BIN_EXE_maildesk"));
    maildesk.args(words).arg("--config").arg(shell.path("maildesk.toml")).stdout(Stdio::piped()).stderr(Stdio::null());
    maildesk.spawn().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_killed_anywhere_goes_on_where_it_ended() {
    let shell = desk();
    let file = shell.path("many.mbox");
    // Threads of three, the answers first.
    let of = |n: usize| {
        let answers = if n.is_multiple_of(3) {
            String::new()
        } else {
            format!("Message-ID: <{n}@home.test>\nIn-Reply-To: <{}@home.test>\n", n - n % 3)
        };
        let id = format!("Message-ID: <{n}@home.test>\n");
        let from = format!("ann{n}@");
        let mail = mail(n).replace(&from, &format!("ann{}@", n / 3)).replace(&id, if answers.is_empty() { &id } else { &answers });
        format!("From - Fri Jun  5 10:00:00 2020\n{mail}\n")
    };
    write(&file, (0..1200).rev().map(of).collect::<String>());
    let mut kills = 0;
    for wait in [120, 250, 400, 600, 900] {
        let mut child = begun(&shell, &["import", words(&file)]);
        thread::sleep(Duration::from_millis(wait));
        kills += u32::from(child.try_wait().unwrap().is_none());
        child.kill().ok();
        child.wait().unwrap();
    }
    assert!(kills > 0, "it was over before anything was killed");
    let (said, errors, code) = import(&shell, &[words(&file)]);
    assert_eq!(code, Some(0), "{said}{errors}");
    let rows = rows(&shell).await;
    assert_eq!(rows.count("select count(*) from messages where state = 'decided'").await, 1200);
    assert_eq!(rows.count("select count(*) from tickets where status = 'closed' and comments = 3").await, 400);
    assert_eq!(rows.count("select count(*) from events where kind = 'status'").await, 400, "each was closed once");
    assert_eq!(rows.count("select count(*) from outbox").await, 0);
    assert_eq!(shell.run("verify").code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_beside_it_goes_on_and_sends_nothing_of_it() {
    let shell = desk();
    let file = shell.path("many.mbox");
    write(&file, mbox(0..600));
    let mut daemon = begun(&shell, &["serve"]);
    let database: PathBuf = shell.path("data/maildesk.db");
    let began = Instant::now();
    while !database.exists() && began.elapsed() < Duration::from_secs(30) {
        thread::sleep(Duration::from_millis(100));
    }
    let children: Vec<_> = (0..2).map(|_| begun(&shell, &["import", words(&file), "--status", "resolved"])).collect();
    // Mail comes meanwhile.
    for n in 1000..1010 {
        assert_eq!(maildesk(&shell, &["ingest"], &mail(n)).2, Some(0));
    }
    let mut taken = 0;
    for mut child in children {
        let mut said = String::new();
        child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{said}");
        let line = said.lines().find(|it| it.contains("taken into"));
        taken += line.map_or(0, |it| it.split_whitespace().next().unwrap().parse::<u64>().unwrap());
    }
    assert_eq!(taken, 600, "two imports at once take each message once");
    assert!(daemon.try_wait().unwrap().is_none(), "the daemon has ended");
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    let rows = rows(&shell).await;
    assert_eq!(rows.count("select count(*) from messages where state = 'decided'").await, 610);
    assert_eq!(rows.count("select count(*) from outbox where kind <> 'receipt'").await, 0);
    let of_imported = "select count(*) from outbox o join events e on e.ticket = o.ticket where e.kind = 'opened' and e.new = 'import'";
    assert_eq!(rows.count(of_imported).await, 0);
    assert_eq!(shell.run("verify").code, Some(0));
}
