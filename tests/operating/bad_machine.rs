//! A machine that is not as it should be: a disk that is really full, a clock that is really wrong. Each is named by `maildesk check`, by
//! `/readyz` and on the panel, with the mend; and is over when it is mended.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener},
    process::{Command, Stdio},
};

use maildesk::demo::world::{World, WorldOptions};

use crate::{
    disk::Disk,
    misconfigured::{Daemon, ready_says},
    shell::{Said, Shell},
    user::user,
    web::Web,
};

const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
const SUPPORT: &str = "support@desk.test";
const PASSWORD: &str = "adas-quoh7Eeh0ahN";

async fn desk(data: &str, public_url: Option<SocketAddr>) -> (World, Shell, u16) {
    let world = World::start(WorldOptions::default()).await.unwrap();
    world.add_account(SUPPORT, "right");
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let public = public_url.map_or(port, |it| it.port());
    let (imap, smtp) = (world.imap_addr().port(), world.smtp_addr().port());
    let account = format!("host = \"127.0.0.1\"\ntls = \"none\"\nuser = \"{SUPPORT}\"\npassword = \"right\"\n");
    let configuration = format!(
        "listen = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{public}\"\ndata_dir = \"{data}\"\nlog_level = \"warn\"\n\
         [desk]\nalarm_free = \"20MiB\"\n[[mailbox]]\nname = \"support\"\naddress = \"{SUPPORT}\"\n[mailbox.imap]\n{account}port = {imap}\n\
         [mailbox.smtp]\n{account}port = {smtp}\n"
    );
    (world, Shell::with(&configuration), port)
}

async fn ada(shell: &Shell, port: u16) -> Web {
    let words = ["add", "--role", "admin", "--name", "Ada", "--email", "ada@desk.test", "--password"];
    let (said, code) = tokio::task::block_in_place(|| user(shell, &words, &format!("{PASSWORD}\n")));
    assert_eq!(code, Some(0), "{said}");
    let mut ada = Web::at(&format!("http://127.0.0.1:{port}"));
    ada.sign_in("ada@desk.test", PASSWORD).await;
    ada
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_really_full_is_named_by_all_and_over_when_there_is_room() {
    let (_world, shell, port) = desk("small/data", None).await;
    let disk = Disk::at(&shell.path("small"));
    let disk = disk.unwrap_or_else(|why| panic!("{why}; this test needs root, in a container --cap-add=SYS_ADMIN"));
    std::fs::create_dir(shell.path("small/data")).unwrap();
    let _daemon = Daemon::start(&shell);
    ready_says(&shell, |said, code| code == Some(0) && said.contains("everything is well")).await;
    let mut ada = ada(&shell, port).await;
    disk.fill();
    let told = ready_says(&shell, |said, _| said.contains("disk: ")).await;
    let line = told.lines().find(|it| it.starts_with("disk: ")).unwrap();
    assert!(line.contains("free on the disk of") && line.contains("Make room, or move data_dir to a larger disk"), "{told}");
    let page = ada.get("/mail").await;
    assert!(page.status == 200 && page.says("Make room, or move data_dir to a larger disk"), "{}: {}", page.status, page.text);
    let checked = tokio::task::block_in_place(|| shell.run("check"));
    assert_eq!(checked.code, Some(1));
    let line = checked.line("FAIL  data_dir: ");
    assert!(line.contains("No space left on device") && line.contains("its disk is neither full nor read-only"), "{line}");
    assert!(checked.line("FAIL  disk: ").contains("make room, or move data_dir to a larger disk"));
    disk.free();
    ready_says(&shell, |said, code| code == Some(0) && said.contains("everything is well")).await;
    drop(_daemon);
}

/// A proxy whose clock is right.
fn proxy() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut visitor in listener.incoming().flatten() {
            BufReader::new(&visitor).read_line(&mut String::new()).ok();
            let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&jiff::Timestamp::now()).unwrap();
            write!(visitor, "HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n").ok();
        }
    });
    address
}

/// `maildesk WORDS` two hours ahead.
fn ahead(shell: &Shell, words: &[&str]) -> Command {
    assert!(std::path::Path::new(FAKETIME).exists(), "{FAKETIME} is missing: apt-get install libfaketime");
    let mut maildesk = Command::new(env!("CARGO_BIN_EXE_maildesk"));
    maildesk.args(words).arg("--config").arg(shell.path("maildesk.toml")).stdin(Stdio::null());
    maildesk.env("LD_PRELOAD", FAKETIME).env("FAKETIME", "+2h").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    maildesk
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_really_wrong_is_named_by_all_and_over_when_it_is_right() {
    let (_world, shell, port) = desk("data", Some(proxy())).await;
    std::fs::create_dir(shell.path("data")).unwrap();
    let checked = tokio::task::block_in_place(|| ahead(&shell, &["check"]).output().unwrap());
    let checked = Said { text: String::from_utf8(checked.stdout).unwrap(), code: checked.status.code() };
    let line = checked.line("warn  clock: ");
    assert!(line.contains(" from that of the web server; let a time service (systemd-timesyncd, chrony) keep both"), "{line}");

    let log = std::fs::File::create(shell.path("log")).unwrap();
    let daemon = Daemon::of(ahead(&shell, &["serve"]).stdout(Stdio::null()).stderr(log).spawn().unwrap());
    let told = ready_says(&shell, |said, _| said.contains("clock: ")).await;
    let line = told.lines().find(|it| it.starts_with("clock: ")).unwrap();
    assert!(line.contains("This machine’s clock is 2 hours ahead of that of the web server at the public URL."), "{told}");
    assert!(line.contains("Let a time service (systemd-timesyncd, chrony) keep the clocks"), "{told}");
    let mut ada = ada(&shell, port).await;
    let page = ada.get("/mail").await;
    assert!(page.says("clock is 2 hours ahead of that of the web server") && page.says("Let a time service"), "{}", page.text);
    drop(daemon);
    let _daemon = Daemon::start(&shell);
    ready_says(&shell, |said, code| code == Some(0) && said.contains("everything is well")).await;
}
