//! The door through which a mail server hands mail over: its real port, and clients that say what they like.

use std::{net::SocketAddr, os::unix::fs::PermissionsExt as _, path::Path, process::Command, sync::Arc};

use maildesk::{
    desk::{
        lmtp::{LmtpDoor, LmtpPlace},
        settings::DeskSettings,
    },
    store::{ledger, messages},
    workers::lmtp::{OpenDoor, run},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    line_client::LineClient,
    test_desk::{SUPPORT, TestDesk, mail},
};

struct Handed {
    desk: TestDesk,
    at: String,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Handed {
    async fn new(settings: DeskSettings) -> Self {
        Self::at(settings, LmtpPlace::Tcp("127.0.0.1:0".parse().unwrap())).await
    }

    async fn at(settings: DeskSettings, at: LmtpPlace) -> Self {
        let desk = TestDesk::with(settings, |_| ()).await;
        desk.mail_does_not_matter();
        let open = OpenDoor::open(LmtpDoor { at, allow: Vec::new() }).await.unwrap();
        let (at, stop, tasks) = (open.place(), CancellationToken::new(), TaskTracker::new());
        tasks.spawn(run(Arc::new(desk.desk.clone()), open, stop.clone()));
        Self { desk, at, stop, tasks }
    }

    async fn client(&self) -> LineClient {
        let at: SocketAddr = self.at.parse().unwrap();
        let (mut client, greeting) = LineClient::connect(at).await;
        assert!(greeting.starts_with("220 "), "{greeting}");
        client.raw(b"LHLO mx.test\r\n").await;
        let can = client.until("250 ").await;
        assert!(can.contains("PIPELINING") && can.contains("SIZE") && can.contains("ENHANCEDSTATUSCODES"), "{can}");
        client
    }

    async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    async fn ledger(&self) -> usize {
        ledger::list(&mut self.desk.desk.store.read().await.unwrap(), ledger::Probes::Shown, None, 100).await.unwrap().len()
    }

    async fn octets(&self, id: i64) -> String {
        let mut conn = self.desk.desk.store.read().await.unwrap();
        let row = messages::get(&mut conn, maildesk::desk::id::LedgerId(id)).await.unwrap().unwrap();
        String::from_utf8(self.desk.desk.store.blobs().get(&mut conn, &row.sha256).await.unwrap().unwrap()).unwrap()
    }
}

/// A message as it goes over the wire, with the dot that ends it.
fn wire(subject: &str) -> String {
    format!("{}.\r\n", mail("Ann Lee <ann@home.test>", subject, &[], "It smokes.").replace('\n', "\r\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_recipient_gets_an_answer_and_what_is_accepted_is_in_the_ledger() {
    let door = Handed::new(DeskSettings::default()).await;
    let mut client = door.client().await;
    // As Postfix does: everything up to DATA at once.
    let envelope = format!(
        "MAIL FROM:<ann@home.test> SIZE=300 BODY=8BITMIME\r\nRCPT TO:<{SUPPORT}>\r\nRCPT TO:<nobody@desk.test>\r\nRCPT TO:<Support+1.x@desk.test>\r\nDATA\r\n"
    );
    client.raw(envelope.as_bytes()).await;
    for code in ["250 2.1.0", "250 2.1.5", "550 5.1.1", "250 2.1.5", "354"] {
        let answer = client.line().await;
        assert!(answer.starts_with(code), "{answer} and not {code}");
    }
    client.raw(wire("Printer").as_bytes()).await;
    let answers = [client.line().await, client.line().await];
    assert!(answers[0].starts_with("250 2.0.0 <support@desk.test> kept"), "{answers:?}");
    assert!(answers[1].starts_with("250 2.0.0") && answers[1].ends_with("known already"), "one message is one: {answers:?}");
    assert_eq!(door.ledger().await, 1);
    let kept = door.octets(1).await;
    let trace = "Return-Path: <ann@home.test>\r\nDelivered-To: support@desk.test\r\nDelivered-To: Support+1.x@desk.test\r\nFrom: Ann";
    assert!(kept.starts_with(trace) && kept.ends_with("It smokes.\r\n"), "{kept}");
    assert_eq!(door.desk.ticket(maildesk::desk::id::TicketNumber(1)).await.subject, "Printer");
    // The sender did not hear the answer, and offers it again.
    let mut again = door.client().await;
    again.ask("MAIL FROM:<ann@home.test>").await;
    again.ask(&format!("RCPT TO:<{SUPPORT}>")).await;
    assert!(again.ask("QUIT").await.starts_with("221 "));
    door.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_out_of_order_and_lines_that_are_none_are_answered() {
    let door = Handed::new(DeskSettings { max_message_bytes: 70_000, ..DeskSettings::default() }).await;
    let mut client = door.client().await;
    for (line, code) in [
        ("EHLO mx", "500 5.5.1"),
        ("RCPT TO:<support@desk.test>", "503 5.5.1"),
        ("DATA", "503 5.5.1"),
        ("MAIL FROM:<a@b.test> SIZE=70001", "552 5.3.4"),
        ("MAIL FROM:<a@b.test>", "250 2.1.0"),
        ("MAIL FROM:<a@b.test>", "503 5.5.1"),
        ("DATA", "503 5.5.1"),
        ("RSET", "250 2.0.0"),
        ("VRFY support", "252"),
        ("NOOP", "250"),
        ("NONSENSE", "500 5.5.1"),
    ] {
        let answer = client.ask(line).await;
        assert!(answer.starts_with(code), "{line}: {answer}");
    }
    // Too large without having said so: refused, and the next goes on in the same connection.
    client.ask("MAIL FROM:<a@b.test>").await;
    client.ask(&format!("RCPT TO:<{SUPPORT}>")).await;
    client.ask("DATA").await;
    client.raw(&[b"Subject: x\r\n\r\n".to_vec(), b"y".repeat(80_000), b"\r\n.\r\n".to_vec()].concat()).await;
    assert!(client.line().await.starts_with("552 5.3.4"));
    assert_eq!(door.ledger().await, 0);
    client.ask("MAIL FROM:<>").await;
    client.ask(&format!("RCPT TO:<{SUPPORT}>")).await;
    client.ask("DATA").await;
    client.raw(b"Subject: smuggled\r\n\r\n\n.\r\nMAIL FROM:<eve@x.test>\r\n\n.\n\r\n..\r\n.\r\n").await;
    assert!(client.line().await.starts_with("250 2.0.0"));
    assert!(door.octets(1).await.ends_with("\n.\r\nMAIL FROM:<eve@x.test>\r\n\n.\n\r\n.\r\n"), "{}", door.octets(1).await);
    client.raw(b"NOOP\n").await;
    assert!(client.line().await.starts_with("421 4.5.2"), "a bare LF is no line end");
    door.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_trouble_is_never_the_messages() {
    let door = Handed::new(DeskSettings::default()).await;
    let mut client = door.client().await;
    client.ask("MAIL FROM:<ann@home.test>").await;
    client.ask(&format!("RCPT TO:<{SUPPORT}>")).await;
    client.ask("DATA").await;
    door.desk.desk.store.close().await;
    client.raw(wire("Printer").as_bytes()).await;
    let answer = client.line().await;
    assert!(answer.starts_with("451 4.3.0 <support@desk.test>"), "{answer}");
    door.desk.is_damaged();
    door.stop().await;
    std::mem::forget(door);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_has_its_mode_and_is_taken_over_from_a_daemon_that_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lmtp.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let door = Handed::at(DeskSettings::default(), LmtpPlace::Unix(path.clone(), 0o660)).await;
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
    let taken = OpenDoor::open(LmtpDoor { at: LmtpPlace::Unix(path.clone(), 0o660), allow: Vec::new() }).await;
    assert!(taken.is_err(), "somebody listens there");
    let said = tokio::task::spawn_blocking({
        let path = path.clone();
        move || swaks(&["--socket", &path.display().to_string()])
    });
    let said = said.await.unwrap();
    assert!(
        said.contains("<~  250 2.0.0 <support@desk.test> kept as message 1") || said.contains("250 2.0.0 <support@desk.test> kept"),
        "{said}"
    );
    door.stop().await;
    assert!(!Path::new(&path).exists());
}

/// A mail program of other people, for the shell.
fn swaks(more: &[&str]) -> String {
    let out = Command::new("swaks")
        .args(["--protocol", "LMTP", "--from", "ann@home.test", "--to", SUPPORT, "--header", "Subject: By swaks", "--timeout", "20"])
        .args(more)
        .output()
        .expect("swaks is needed: apt-get install swaks");
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}
