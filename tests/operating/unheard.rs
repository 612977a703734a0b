//! Commands whose words cannot be written: their reader went away, or the disk below standard output or standard error is full.

use std::{
    fs::File,
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
};

use crate::{backup::three_tickets, rows::Rows, shell::Shell};

/// EX_IOERR (sysexits.h).
const UNSAID: i32 = 74;

fn full() -> Stdio {
    File::options().write(true).open("/dev/full").unwrap().into()
}

/// A pipe that nobody reads any more.
fn left() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

/// `maildesk WORDS` with these two outputs and a yes on standard input: what it said on standard error as far as that is told, and its exit code.
fn run(shell: &Shell, words: &[&str], out: Stdio, err: Stdio) -> (String, Option<i32>) {
    let mut maildesk = Command::new(env!("CARGO_BIN_EXE_maildesk"));
    maildesk.args(words).arg("--config").arg(shell.path("maildesk.toml")).stdout(out).stderr(err);
    std::fs::write(shell.path("yes"), "yes\n").unwrap();
    maildesk.stdin(File::open(shell.path("yes")).unwrap());
    let output = maildesk.output().unwrap();
    (String::from_utf8(output.stderr).unwrap(), output.status.code())
}

fn path(file: &Path) -> &str {
    file.to_str().unwrap()
}

#[test]
fn a_reader_that_went_away_ends_nothing_and_a_full_disk_is_told() {
    let shell = three_tickets();
    assert_eq!(shell.run_words(&["user", "add", "--name", "Ada", "--email", "ada@desk.test"]).code, Some(0));
    let (mail, kept) = (shell.path("one.eml"), shell.path("desk.backup"));
    std::fs::write(&mail, crate::backup::mail(9, "It smokes.")).unwrap();
    assert_eq!(shell.run_words(&["backup", path(&kept)]).code, Some(0));
    for words in [
        &["user", "list", "--customers"][..],
        &["user", "reset-two-factor", "nobody@desk.test"],
        &["mailbox", "list"],
        &["check"],
        &["healthz"],
        &["recount"],
        &["verify"],
        &["verify", path(&kept)],
        &["inspect", path(&mail)],
        &["inspect", "--message", "1", "2"],
        &["replay", "--since", "7d"],
        &["replay", "--since", "7d", "--json"],
        &["--help"],
    ] {
        let whole = shell.run_words(words);
        let (said, code) = run(&shell, words, left(), Stdio::piped());
        assert_eq!(code, whole.code, "{words:?}: {said}");
        assert!(!said.contains("panicked") && !said.contains("cannot write"), "{words:?}: {said}");
        let (said, code) = run(&shell, words, full(), full());
        assert!(code != Some(101), "{words:?}: {said}");
        let (said, code) = run(&shell, words, full(), Stdio::piped());
        assert!(!said.contains("panicked"), "{words:?}: {said}");
        if whole.code == Some(0) && words != ["--help"] {
            assert_eq!(code, Some(UNSAID), "{words:?}: {said}");
            assert_eq!(said.matches("maildesk: cannot write: No space left on device").count(), 1, "{words:?}: {said}");
        } else {
            assert_eq!(code, whole.code, "{words:?}: {said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn work_is_done_whoever_hears_of_it() {
    let shell = three_tickets();
    let rows = Rows::of(&format!("sqlite:{}", shell.path("data/maildesk.db").display())).await;
    let mail = |n: usize| {
        let file = shell.path(&format!("{n}.eml"));
        std::fs::write(&file, crate::backup::mail(n, "It smokes.")).unwrap();
        file
    };
    let messages = async || rows.count("select count(*) from messages").await;
    // A mail server that is told anything but 0 offers the mail again, or bounces it.
    for (n, out) in [(10, left()), (11, full())] {
        assert_eq!(run(&shell, &["ingest", path(&mail(n))], out, Stdio::piped()).1, Some(0));
    }
    assert_eq!(messages().await, 5);
    for (n, out, code) in [(20, left(), 0), (21, full(), UNSAID)] {
        let (said, ended) = run(&shell, &["import", path(&mail(n))], out, Stdio::piped());
        assert_eq!(ended, Some(code), "{said}");
    }
    assert_eq!(messages().await, 7);
    for (name, out, code) in [("a.backup", left(), 0), ("b.backup", full(), UNSAID)] {
        let file = shell.path(name);
        assert_eq!(run(&shell, &["backup", path(&file)], out, Stdio::piped()).1, Some(code));
        assert_eq!(shell.run_words(&["verify", path(&file)]).code, Some(0));
    }
    // All that is asked for is written, not what was printed of it.
    assert_eq!(rows.run("update comments set body = 'smoke' where body = 'It smokes.'").await, 6);
    assert_eq!(run(&shell, &["replay", "--since", "7d", "--apply"], left(), Stdio::piped()).1, Some(0));
    assert_eq!(rows.count("select count(*) from comments where body = 'smoke'").await, 0);
    // A question that nobody could read has no answer; an erasure that was asked for is done.
    assert_eq!(run(&shell, &["erase", "ann@home.test"], left(), Stdio::piped()).1, Some(1));
    assert_eq!(rows.count("select count(*) from people where email = 'ann@home.test'").await, 1);
    assert_eq!(run(&shell, &["erase", "ann@home.test", "--yes"], full(), Stdio::piped()).1, Some(UNSAID));
    assert_eq!(rows.count("select count(*) from people where email = 'ann@home.test'").await, 0);
}

#[test]
fn a_daemon_whose_log_cannot_be_written_goes_on() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let shell = Shell::with(&format!("public_url = \"http://{address}\"\nlisten = \"{address}\"\ndata_dir = \"data\""));
    // To where it finds that its address is taken, and ends by itself.
    for err in [left(), full()] {
        assert_eq!(run(&shell, &["serve"], Stdio::null(), err).1, Some(1));
    }
}

#[test]
fn an_export_that_is_cut_off_is_told_from_one_that_is_whole() {
    let shell = three_tickets();
    for out in [left(), full()] {
        let (said, code) = run(&shell, &["export"], out, Stdio::piped());
        assert!(code == Some(1) && said.starts_with("maildesk export: cannot write: ") && said.contains("is not whole"), "{said}");
    }
    let (_, code) = run(&shell, &["export"], Stdio::null(), full());
    assert_eq!(code, Some(0), "what it says beside the export is not the export");
}
