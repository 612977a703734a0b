//! A mailbox without a folder: a mail server hands its mail over, and everybody says so.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    os::unix::net::UnixStream,
    path::Path,
};

use maildesk::demo::world::{World, WorldOptions};

use crate::{
    misconfigured::{Daemon, ready_says},
    shell::Shell,
    user::user,
    web::Web,
};

const SALES: &str = "sales@desk.test";

fn desk(world: &World) -> (Shell, u16) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let smtp = world.smtp_addr().port();
    let configuration = format!(
        "listen = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{port}\"\ndata_dir = \"data\"\nlog_level = \"info\"\n\
         [desk]\nalarm_free = \"1MiB\"\n[lmtp]\nlisten = \"unix:lmtp.sock\"\n[[mailbox]]\nname = \"sales\"\naddress = \"{SALES}\"\n\
         [mailbox.smtp]\nhost = \"127.0.0.1\"\ntls = \"none\"\nport = {smtp}\nuser = \"{SALES}\"\npassword = \"right\"\n"
    );
    world.add_account(SALES, "right");
    let shell = Shell::with(&configuration);
    std::fs::create_dir(shell.path("data")).unwrap();
    (shell, port)
}

/// What a mail server does with one message; the answer to its octets.
fn hand_over(socket: &Path, subject: &str) -> String {
    let mut server = UnixStream::connect(socket).unwrap();
    let mut said = BufReader::new(server.try_clone().unwrap()).lines();
    let mut next = |start: &str| loop {
        let line = said.next().unwrap().unwrap();
        if line.as_bytes().get(3).is_none_or(|it| *it != b'-') {
            assert!(line.starts_with(start), "{line}");
            return line;
        }
    };
    next("220");
    write!(server, "LHLO mx.test\r\nMAIL FROM:<ann@home.test>\r\nRCPT TO:<{SALES}>\r\nDATA\r\n").unwrap();
    for code in ["250", "250", "250", "354"] {
        next(code);
    }
    let date = "Date: Mon, 2 Nov 2026 10:00:00 +0100";
    write!(server, "From: Ann <ann@home.test>\r\nTo: {SALES}\r\nSubject: {subject}\r\nMessage-ID: <{subject}@home.test>\r\n{date}\r\n\r\nIt smokes.\r\n.\r\n")
        .unwrap();
    next("250")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_by_lmtp_alone_is_told_as_what_it_is() {
    let world = World::start(WorldOptions::default()).await.unwrap();
    let (shell, port) = desk(&world);
    let run = |words: &[&str]| tokio::task::block_in_place(|| shell.run_words(words));
    let checked = run(&["check"]);
    assert!(checked.line("ok    lmtp: ").contains("lmtp.sock can be made; the first start opens it"));
    assert!(checked.line("ok    mailbox \"sales\" lmtp: ").ends_with("mail for sales@desk.test is handed over at lmtp.listen"));
    assert!(!checked.text.contains("imap"), "{}", checked.text);

    let daemon = Daemon::start(&shell);
    ready_says(&shell, |said, code| code == Some(0) && said.contains("everything is well")).await;
    let checked = run(&["check"]);
    assert!(checked.line("ok    lmtp: ").starts_with("ok    lmtp: maildesk takes mail at unix:"), "{}", checked.text);
    tokio::task::block_in_place(|| hand_over(&shell.path("lmtp.sock"), "Printer"));
    let (said, code) = tokio::task::block_in_place(|| {
        user(&shell, &["add", "--role", "admin", "--name", "Ada", "--email", "ada@desk.test", "--password"], "adas-quoh7Eeh0ahN\n")
    });
    assert_eq!(code, Some(0), "{said}");
    let mut ada = Web::at(&format!("http://127.0.0.1:{port}"));
    ada.sign_in("ada@desk.test", "adas-quoh7Eeh0ahN").await;
    let page = ada.get("/mail").await;
    assert!(page.says("a mail server hands it over (LMTP)") && page.says("By LMTP") && page.says("by LMTP ·"), "{}", page.text);
    assert!(!page.says("Last check") && !page.says("not checked yet") && !page.says("Not read yet"), "{}", page.text);
    assert!(page.says("<dt>Mailboxes reading</dt><dd>1 of 1</dd>"), "{}", page.text);
    let ready = ada.get("/readyz").await;
    assert!(ready.says("\"by\":\"lmtp\",\"last_check\":null"), "{}", ready.text);
    let verified = run(&["verify", "--online", "--grace", "0s"]);
    assert!(verified.code == Some(0) && verified.text.contains("sales: a mail server hands its mail over"), "{}", verified.text);
    assert!(run(&["mailbox", "list"]).text.contains("a mail server hands its mail over (LMTP)"));

    // Somebody tidies up /run.
    std::fs::remove_file(shell.path("lmtp.sock")).unwrap();
    let told = ready_says(&shell, |said, _| said.contains("lmtp: ")).await;
    assert!(told.contains("No mail can be handed over: nobody answers at unix:") && told.contains("Restart maildesk"), "{told}");
    let page = ada.get("/mail").await;
    assert!(page.says("Not reachable") && page.says("No mail can be handed over"), "{}", page.text);
    assert!(page.says("<dd>0 of 1</dd>"), "{}", page.text);
    drop(daemon);
    let _daemon = Daemon::start(&shell);
    ready_says(&shell, |said, code| code == Some(0) && said.contains("everything is well")).await;
    assert!(tokio::task::block_in_place(|| hand_over(&shell.path("lmtp.sock"), "Printer")).ends_with("known already"));
}
