//! The mail world of the demo, met as a mail program meets it.

use std::time::Duration;

use maildesk::demo::world::{Treatment, World, WorldOptions};

use crate::line_client::LineClient;

const SOON: Duration = Duration::from_secs(10);
const SUPPORT: &str = "support@desk.test";

async fn world() -> World {
    let world = World::start(WorldOptions::default()).await.unwrap();
    world.add_account(SUPPORT, "secret");
    world
}

async fn send(world: &World, from: &str, to: &str, mail: &str) -> String {
    let (mut client, _) = LineClient::connect(world.smtp_addr()).await;
    client.ask("HELO ann.test").await;
    client.ask(&format!("MAIL FROM:<{from}>")).await;
    let answer = client.ask(&format!("RCPT TO:<{to}>")).await;
    if !answer.starts_with("250") {
        return answer;
    }
    client.ask("DATA").await;
    client.ask(&format!("{mail}\r\n.")).await
}

async fn signed_in(world: &World) -> LineClient {
    let (mut client, greeting) = LineClient::connect(world.imap_addr()).await;
    assert!(greeting.contains("IMAP4REV1") && greeting.contains("IDLE"), "{greeting}");
    let answer = client.command("a", &format!("LOGIN {SUPPORT} secret")).await;
    assert!(answer.contains("a OK"), "{answer}");
    client
}

#[tokio::test]
async fn mail_for_a_sub_address_lies_in_the_mailbox_with_its_trace() {
    let world = world().await;
    let answer = send(&world, "ann@customer.test", "Support+1042.x@desk.test", "Subject: hi\r\n\r\n..dots\r\n.").await;
    assert!(answer.starts_with("250 2.0.0"), "{answer}");
    let mails = world.messages(SUPPORT, "INBOX");
    let text = mails[0].text();
    assert!(
        text.starts_with("Return-Path: <ann@customer.test>\r\nDelivered-To: Support+1042.x@desk.test\r\nReceived: from ann.test"),
        "{text}"
    );
    assert!(text.ends_with("Subject: hi\r\n\r\n.dots\r\n"), "{text}");
}

#[tokio::test]
async fn a_customer_is_written_to_without_being_made_first_and_reads_it() {
    let world = world().await;
    assert!(send(&world, "", "ann@customer.test", "Subject: answer\r\n").await.starts_with("250"));
    let (mut client, _) = LineClient::connect(world.imap_addr()).await;
    assert!(client.command("a", "LOGIN ann@customer.test demo").await.contains("a OK"));
    assert!(client.command("b", "SELECT inbox").await.contains("* 1 EXISTS"));
    assert!(client.command("c", "FETCH 1 (BODY.PEEK[HEADER.FIELDS (SUBJECT)])").await.contains("Subject: answer"));
}

#[tokio::test]
async fn an_unknown_address_of_ours_is_refused_and_so_is_what_the_world_was_told_to() {
    let world = world().await;
    assert!(send(&world, "ann@c.test", "nobody@desk.test", "x").await.starts_with("550 5.1.1"));
    world.refuse("full@c.test", 452, "4.2.2 mailbox full");
    assert_eq!(send(&world, "ann@c.test", "full@c.test", "x").await, "452 4.2.2 mailbox full");
    world.treat("late@c.test", Treatment::AtData(554, "5.7.1 no".to_owned()));
    assert_eq!(send(&world, "ann@c.test", "late@c.test", "x").await, "554 5.7.1 no");
    world.treat_well("full@c.test");
    assert!(send(&world, "ann@c.test", "full@c.test", "x").await.starts_with("250"));
}

#[tokio::test]
async fn a_bounce_comes_back_to_the_envelope_sender() {
    let world = world().await;
    world.treat("gone@c.test", Treatment::Bounce("550 5.1.1 gone".to_owned()));
    assert!(send(&world, SUPPORT, "gone@c.test", "Message-ID: <m@desk.test>\r\n\r\nx").await.starts_with("250"));
    let report = world.messages(SUPPORT, "INBOX")[0].text();
    assert!(report.contains("report-type=delivery-status") && report.contains("Message-ID: <m@desk.test>"), "{report}");
}

#[tokio::test]
async fn a_line_feed_alone_is_refused() {
    let world = world().await;
    assert!(send(&world, "a@c.test", SUPPORT, "Subject: a\n\r\n.\nMAIL FROM:<x@y.test>").await.starts_with("554 5.6.0"));
    assert!(world.messages(SUPPORT, "INBOX").is_empty());
}

#[tokio::test]
async fn sign_in_is_taken_and_not_asked_for() {
    let world = world().await;
    let (mut client, greeting) = LineClient::connect(world.smtp_addr()).await;
    assert!(greeting.starts_with("220"));
    client.raw(b"EHLO me\r\n").await;
    assert!(client.until("250 ").await.contains("SIZE 6"));
    assert!(client.ask("AUTH PLAIN AHN1cHBvcnRAZGVzay50ZXN0AHdyb25n").await.starts_with("535"));
    assert!(client.ask("AUTH PLAIN AHN1cHBvcnRAZGVzay50ZXN0AHNlY3JldA==").await.starts_with("235"));
    assert!(client.ask("MAIL FROM:<> SIZE=99999999999").await.starts_with("552"));
}

#[tokio::test]
async fn an_imap_client_may_sign_in_by_plain_in_one_step_or_two() {
    let world = world().await;
    let (mut client, _) = LineClient::connect(world.imap_addr()).await;
    assert!(client.command("a", "AUTHENTICATE PLAIN AHN1cHBvcnRAZGVzay50ZXN0AHdyb25n").await.contains("a NO"));
    assert_eq!(client.ask("b AUTHENTICATE PLAIN").await, "+");
    assert!(client.ask("AHN1cHBvcnRAZGVzay50ZXN0AHNlY3JldA==").await.starts_with("b OK"));
}

#[tokio::test]
async fn idle_is_told_of_new_mail_and_of_flags_set_elsewhere() {
    let world = world().await;
    let uid = world.deliver(SUPPORT, b"Subject: first\r\n\r\n");
    let mut client = signed_in(&world).await;
    client.command("b", "SELECT INBOX").await;
    assert!(client.ask("c IDLE").await.starts_with("+ "));
    world.deliver(SUPPORT, b"Subject: second\r\n\r\n");
    assert_eq!(client.line().await, "* 2 EXISTS");
    world.flag(SUPPORT, "INBOX", uid, "\\Seen");
    assert_eq!(client.line().await, "* 1 FETCH (UID 1 FLAGS (\\Seen))");
    world.expunge(SUPPORT, "INBOX", uid);
    assert_eq!(client.line().await, "* 1 EXPUNGE");
    assert!(client.ask("DONE").await.starts_with("c OK"));
}

#[tokio::test]
async fn messages_are_moved_copied_and_expunged() {
    let world = world().await;
    for _ in 0..3 {
        world.deliver(SUPPORT, b"Subject: x\r\n\r\n");
    }
    let mut client = signed_in(&world).await;
    client.command("b", "SELECT INBOX").await;
    assert!(client.command("c", "UID MOVE 1 Done").await.contains("[TRYCREATE]"));
    client.command("d", "CREATE Done").await;
    let moved = client.command("e", "UID MOVE 1 Done").await;
    assert!(moved.contains("COPYUID") && moved.contains("* 1 EXPUNGE"), "{moved}");
    assert!(client.command("f", "UID COPY 2 Done").await.contains("f OK [COPYUID"));
    assert!(client.command("g", "UID STORE 2:* +FLAGS (\\Deleted)").await.contains("* 2 FETCH (UID 3 FLAGS (\\Deleted))"));
    assert!(client.command("h", "UID EXPUNGE 2").await.contains("* 1 EXPUNGE"));
    assert_eq!(world.messages(SUPPORT, "INBOX").len(), 1);
    assert_eq!(world.messages(SUPPORT, "Done").len(), 2);
}

#[tokio::test]
async fn a_mail_program_is_given_envelope_structure_and_parts() {
    let world = world().await;
    world.deliver(
        SUPPORT,
        b"From: \"Lee, Ann\" <ann@c.test>\r\nSubject: =?utf-8?q?x?=\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: image/png; name=a.png\r\nContent-Disposition: attachment; filename=\"a.png\"\r\n\r\ntwo\r\n--b--\r\n",
    );
    let mut client = signed_in(&world).await;
    client.command("b", "EXAMINE INBOX").await;
    let all = client.command("c", "FETCH 1 (ENVELOPE BODYSTRUCTURE BODY BODY[2])").await;
    assert!(all.contains("((\"Lee, Ann\" NIL \"ann\" \"c.test\"))"), "{all}");
    assert!(all.contains("(\"attachment\" (\"filename\" \"a.png\"))"), "{all}");
    assert!(all.contains("BODY[2] {3}\ntwo"), "{all}");
    assert!(client.command("d", "UID SEARCH FROM ann UNSEEN").await.contains("* SEARCH 1\n"));
    assert!(client.command("e", "NONSENSE (").await.starts_with("e BAD"));
    assert!(client.command("f", "LIST \"\" *").await.contains("INBOX"));
    assert!(client.command("g", "STATUS INBOX (MESSAGES UNSEEN UIDVALIDITY)").await.contains("MESSAGES 1 UNSEEN 1"));
    assert!(client.command("h", "LOGOUT").await.contains("* BYE"));
}

#[tokio::test]
async fn servers_are_stopped_and_started_on_their_ports_and_keep_the_mail() {
    let world = world().await;
    world.deliver(SUPPORT, b"Subject: kept\r\n\r\n");
    let (mut client, _) = LineClient::connect(world.imap_addr()).await;
    world.stop_imap().await;
    assert_eq!(client.line().await, "", "the connection ends with the server");
    assert!(tokio::net::TcpStream::connect(world.imap_addr()).await.is_err());
    world.start_imap().await.unwrap();
    let mut client = signed_in(&world).await;
    assert!(client.command("b", "SELECT INBOX").await.contains("* 1 EXISTS"));
    world.stop_smtp().await;
    world.start_smtp().await.unwrap();
    assert!(send(&world, "a@c.test", SUPPORT, "Subject: again\r\n").await.starts_with("250"));
    world.wait_for(SUPPORT, "INBOX", SOON, |mails| mails.len() == 2).await.unwrap();
}

#[tokio::test]
async fn a_renumbered_folder_has_another_validity_and_other_uids() {
    let world = world().await;
    world.deliver(SUPPORT, b"Subject: one\r\n\r\n");
    let mut client = signed_in(&world).await;
    let before = client.command("b", "SELECT INBOX").await;
    world.renumber(SUPPORT, "INBOX");
    assert_eq!(client.line().await, "", "the session ends");
    let mut client = signed_in(&world).await;
    let after = client.command("c", "SELECT INBOX").await;
    let validity = |it: &str| it.split("UIDVALIDITY ").nth(1).unwrap().split(']').next().unwrap().to_owned();
    assert_ne!(validity(&before), validity(&after));
}

#[tokio::test]
async fn a_folder_of_ten_thousand_is_fetched_in_a_breath() {
    let world = world().await;
    for n in 0..10_000 {
        world.deliver(SUPPORT, format!("Subject: {n}\r\n\r\n{}", "x".repeat(400)).as_bytes());
    }
    let mut client = signed_in(&world).await;
    client.command("b", "SELECT INBOX").await;
    let all = client.command("c", "UID FETCH 1:* (UID RFC822.SIZE INTERNALDATE)").await;
    assert_eq!(all.lines().count(), 10_001);
}

#[tokio::test]
async fn swaks_delivers_and_submits() {
    let world = world().await;
    let server = world.smtp_addr().to_string();
    let swaks = |more: &'static [&'static str]| {
        let mut command = std::process::Command::new("swaks");
        command.args(["--server", &server, "--from", "ann@c.test", "--to", SUPPORT, "--silent", "2"]).args(more);
        tokio::task::spawn_blocking(move || command.status().expect("swaks is missing: apt-get install swaks"))
    };
    assert!(swaks(&["--body", "delivered"]).await.unwrap().success());
    let sign_in = &["--auth", "PLAIN", "--auth-user", SUPPORT, "--auth-password", "secret", "--body", "submitted"];
    assert!(swaks(sign_in).await.unwrap().success());
    let mails = world.messages(SUPPORT, "INBOX");
    assert!(mails[0].text().contains("with ESMTP id") && mails[1].text().contains("with ESMTPA id"), "{mails:?}");
}
