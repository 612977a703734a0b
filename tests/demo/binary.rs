//! The command itself: what it prints, how it ends, what it leaves.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use crate::{newcomer::send, web::Web};

/// A demo that serves, and its first line.
struct Running {
    child: Child,
    said: serde_json::Value,
}

/// Any free ports.
const ANY: [&str; 6] = ["--listen", "127.0.0.1:0", "--smtp", "127.0.0.1:0", "--imap", "127.0.0.1:0"];

/// `maildesk demo`; temporary folders are made in `temporary`, so that it can be seen whether one is left.
fn command(temporary: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_maildesk"));
    command.arg("demo").args(ANY).args(more).env("TMPDIR", temporary).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn start(temporary: &Path, more: &[&str]) -> Running {
    let mut child = command(temporary, &[&["--json"], more].concat()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let said = serde_json::from_str(&line).unwrap_or_else(|why| panic!("{why}: {line} {}", errors(&mut child)));
    Running { child, said }
}

fn errors(child: &mut Child) -> String {
    let mut text = String::new();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    text
}

/// Sends a signal, as a shell does.
fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

fn ended(child: &mut Child, within: Duration) -> ExitStatus {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(began.elapsed() < within, "it does not end within {within:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn left(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

#[tokio::test]
async fn the_first_line_is_for_scripts_and_sigterm_leaves_nothing_behind() {
    let temporary = tempfile::tempdir().unwrap();
    let Running { mut child, said } = start(temporary.path(), &[]);
    for key in ["panel", "smtp", "imap", "support", "people"] {
        assert!(!said[key].is_null(), "{key} is missing: {said}");
    }
    let people = said["people"].as_array().unwrap();
    for role in ["admin", "helper", "customer"] {
        let person = people.iter().find(|it| it["role"] == role).unwrap();
        let mut web = Web::at(said["panel"].as_str().unwrap());
        web.sign_in(person["email"].as_str().unwrap(), person["password"].as_str().unwrap()).await;
    }
    assert_eq!(left(temporary.path()).len(), 1);
    signal(&child, "-TERM");
    assert!(ended(&mut child, Duration::from_secs(8)).success());
    assert_eq!(errors(&mut child), "", "nothing was worth a warning");
    assert_eq!(left(temporary.path()), Vec::<String>::new());
}

#[tokio::test]
async fn ended_while_it_begins_it_leaves_nothing_behind_either() {
    let temporary = tempfile::tempdir().unwrap();
    let mut child = command(temporary.path(), &[]).spawn().unwrap();
    let began = Instant::now();
    while left(temporary.path()).is_empty() {
        assert!(began.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(20));
    }
    signal(&child, "-INT");
    assert!(ended(&mut child, Duration::from_secs(8)).success());
    assert_eq!(left(temporary.path()), Vec::<String>::new());
}

#[tokio::test]
async fn a_second_start_on_the_same_folder_goes_on_where_the_first_ended() {
    let temporary = tempfile::tempdir().unwrap();
    let data = temporary.path().join("kept");
    let data = ["--data", data.to_str().unwrap()];
    let mut open = Vec::new();
    for round in 0..2 {
        let Running { mut child, said } = start(temporary.path(), &data);
        let admin = said["people"].as_array().unwrap().iter().find(|it| it["role"] == "admin").unwrap();
        let mut web = Web::at(said["panel"].as_str().unwrap());
        web.sign_in(admin["email"].as_str().unwrap(), admin["password"].as_str().unwrap()).await;
        let page = web.get("/tickets?view=open").await;
        open.push(page.between("<h1><bdi>All open", " in all").unwrap().matches("href=\"/tickets/").count());
        assert_eq!(page.says("At the last moment"), round == 1);
        let (smtp, support) = (said["smtp"].as_str().unwrap(), said["support"].as_str().unwrap());
        if round == 0 {
            send(smtp, support, "ann@bell.example", "From: ann@bell.example\r\nSubject: At the last moment\r\n\r\nHello.").await;
        }
        signal(&child, "-INT");
        assert!(ended(&mut child, Duration::from_secs(8)).success());
    }
    assert!(open[0] > 20, "{open:?}");
    assert_eq!(open[0] + 1, open[1], "nothing was told twice, and what came last was not lost");
}

#[test]
fn an_address_that_others_could_reach_or_that_is_none_is_refused() {
    for (address, told) in [("0.0.0.0:0", "is open to other machines"), ("8025", "a port, such as 127.0.0.1:8025")] {
        let out = Command::new(env!("CARGO_BIN_EXE_maildesk")).args(["demo", "--listen", address]).output().unwrap();
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(!out.status.success() && text.contains(told), "{text}");
    }
}

#[test]
fn a_folder_that_cannot_be_the_demos_is_refused_in_plain_words() {
    let temporary = tempfile::tempdir().unwrap();
    let refused = |data: &Path| {
        let out = command(temporary.path(), &["--data", data.to_str().unwrap()]).output().unwrap();
        assert!(!out.status.success());
        String::from_utf8(out.stderr).unwrap()
    };
    let file = temporary.path().join("file");
    fs::write(&file, "x").unwrap();
    assert_eq!(
        refused(&file),
        format!("maildesk demo: --data {} is a file; name a folder that is empty, or does not exist yet\n", file.display())
    );
    let below = file.join("folder");
    assert!(refused(&below).starts_with(&format!("maildesk demo: --data {} cannot be made; name another folder: ", below.display())));
    assert!(refused(temporary.path()).contains(" holds files that are no demo’s; name a folder that is empty"));
}
