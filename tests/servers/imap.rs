//! The session against servers that are slow, small, broken or hostile: it ends with a reason, or goes on.

use std::{net::SocketAddr, time::Duration};

use maildesk::{
    demo::world::{World, WorldOptions},
    desk::mailbox::{ImapAccount, MailServer, Tls},
    mail::imap::{Filed, Filing, ImapError, ImapLimits, NotYet, Session, Short, Woken, probe},
};
use tokio_util::sync::CancellationToken;

use crate::scripted::{Line, PATIENCE, Scripted};

const SUPPORT: &str = "support@desk.test";
const SOON: Duration = Duration::from_millis(400);

fn account(addr: SocketAddr) -> ImapAccount {
    ImapAccount {
        server: MailServer { host: addr.ip().to_string(), port: addr.port(), tls: Tls::None, ca_file: None },
        user: SUPPORT.to_owned(),
        sign_in: "secret".into(),
        folder: "INBOX".to_owned(),
        done_folder: Some("Done".to_owned()),
    }
}

fn limits() -> ImapLimits {
    ImapLimits { connect: SOON, answer: SOON, largest_message: 100_000, ..ImapLimits::default() }
}

async fn open(addr: SocketAddr) -> Result<Session, ImapError> {
    tokio::time::timeout(PATIENCE, Session::open(&account(addr), limits())).await.unwrap()
}

async fn world() -> World {
    let world = World::start(WorldOptions::default()).await.unwrap();
    world.add_account(SUPPORT, "secret");
    world
}

/// Plays a server up to and with the opened folder, which holds one message with the UID 7.
async fn up_to_selected(line: &mut Line) {
    line.say("* OK ready\r\n").await;
    line.answer("TAG OK in\r\n").await;
    line.answer("* CAPABILITY IMAP4rev1 IDLE MOVE UIDPLUS\r\nTAG OK\r\n").await;
    line.answer("* 1 EXISTS\r\n* OK [UIDVALIDITY 5] ok\r\n* OK [UIDNEXT 8] ok\r\nTAG OK [READ-WRITE] open\r\n").await;
}

/// A server that opens the folder and then plays `lines` to each command.
async fn playing(lines: impl Into<String>) -> Scripted {
    let lines = lines.into();
    Scripted::play(move |mut line| {
        let lines = lines.clone();
        async move {
            up_to_selected(&mut line).await;
            while !line.answer(&lines).await.is_empty() {}
        }
    })
    .await
}

async fn list_at(lines: impl Into<String>) -> Result<usize, ImapError> {
    let server = playing(lines).await;
    let mut session = open(server.addr).await.unwrap();
    tokio::time::timeout(PATIENCE, session.list_from(1)).await.unwrap().map(|it| it.len())
}

#[tokio::test]
async fn a_refusal_is_never_taken_for_an_empty_answer() {
    assert!(matches!(list_at("TAG NO [ALERT] not now\r\n").await, Err(ImapError::Refused { words, .. }) if words.contains("not now")));
    assert!(matches!(list_at("TAG BAD what\r\n").await, Err(ImapError::Refused { .. })));
    assert!(matches!(list_at("* BYE going down\r\n").await, Err(ImapError::Lost { why, .. }) if why.contains("going down")));
    assert_eq!(list_at("* 1 FETCH (UID 7 RFC822.SIZE 10 INTERNALDATE \"nonsense\" X-NEW (a b))\r\nTAG OK\r\n").await.unwrap(), 1);
}

#[tokio::test]
async fn what_has_no_bound_is_not_read_to_its_end() {
    let bound = |it: Result<usize, ImapError>| matches!(it, Err(ImapError::Bound { .. }));
    assert!(bound(list_at(format!("* OK {}", "x".repeat(2_000_000))).await), "a line without end");
    assert!(bound(list_at("* 1 FETCH (UID 7 BODY[] {400000000}\r\n").await), "a huge literal");
    assert!(bound(list_at(format!("* 1 FETCH (BODYSTRUCTURE {}\r\n", "(".repeat(100_000))).await), "deep nesting");
    assert!(bound(list_at(format!("* 1 FETCH (X a{{900}}\r\n BODYSTRUCTURE {}\r\n", "(".repeat(100_000))).await), "hidden nesting");
    let nested_before_sign_in = Scripted::play(|mut line| async move {
        line.say(format!("* 1 FETCH (BODYSTRUCTURE {}\r\n", "(".repeat(100_000))).await;
        line.be_silent().await;
    })
    .await;
    assert!(matches!(open(nested_before_sign_in.addr).await, Err(ImapError::Bound { .. })));
}

#[tokio::test]
async fn silence_and_an_end_at_any_step_are_noticed() {
    const STEPS: [&str; 4] = [
        "* OK ready\r\n",
        "TAG OK in\r\n",
        "* CAPABILITY IMAP4rev1\r\nTAG OK\r\n",
        "* 1 EXISTS\r\n* OK [UIDVALIDITY 5] ok\r\nTAG OK open\r\n",
    ];
    for cut in 0..=STEPS.len() {
        for silent in [true, false] {
            let server = Scripted::play(move |mut line| async move {
                for (step, said) in STEPS.into_iter().enumerate() {
                    if step == cut {
                        break;
                    }
                    if step == 0 { line.say(said).await } else { drop(line.answer(said).await) }
                }
                line.hear().await;
                line.say("* 1 FETCH (UID 7 RFC8").await;
                if silent {
                    line.be_silent().await;
                }
            })
            .await;
            let failed = match open(server.addr).await {
                Ok(mut session) => session.list_from(1).await.map(|_| ()),
                Err(error) => Err(error),
            };
            let expected = match (silent, cut) {
                // Nothing is heard before the greeting, so the two wait for each other.
                (_, 0) => matches!(failed, Err(ImapError::TimedOut { .. })),
                (true, _) => matches!(failed, Err(ImapError::TimedOut { .. })),
                (false, _) => matches!(failed, Err(ImapError::Lost { .. })),
            };
            assert!(expected, "step {cut}, silent {silent}: {failed:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_says_no_to_everything_is_named_with_the_mend() {
    let refusing_sign_in = Scripted::play(|mut line| async move {
        line.say("* OK ready\r\n").await;
        line.answer("TAG NO [AUTHENTICATIONFAILED] bad \"password\"\r\n").await;
    })
    .await;
    let error = open(refusing_sign_in.addr).await.unwrap_err();
    assert!(matches!(&error, ImapError::SignInRefused { words, .. } if words.contains("[AUTHENTICATIONFAILED]")), "{error:?}");
    assert!(!error.to_string().contains("secret"), "{error}");
    let overloaded = Scripted::play(|mut line| async move {
        line.say("* OK ready\r\n").await;
        line.answer("TAG NO [UNAVAILABLE] later\r\n").await;
    })
    .await;
    assert!(matches!(open(overloaded.addr).await, Err(ImapError::Refused { .. })), "the password may be right");
    let full = Scripted::play(|mut line| async move { line.say("* BYE too many connections\r\n").await }).await;
    assert!(matches!(open(full.addr).await, Err(ImapError::Refused { words, .. }) if words.contains("too many")));
    let web = Scripted::play(|mut line| async move { line.say("HTTP/1.1 400 Bad Request\r\n\r\n").await }).await;
    assert!(matches!(open(web.addr).await, Err(ImapError::Lost { .. })));
}

#[tokio::test]
async fn an_empty_nil_or_far_too_short_body_is_not_yet_a_message() {
    for (said, octets) in [("NIL", 0), ("{0}\r\n", 0), ("\"\"", 0), ("{3}\r\nabc", 3)] {
        let server = Scripted::play(move |mut line| async move {
            up_to_selected(&mut line).await;
            line.answer("* 1 FETCH (UID 7 RFC822.SIZE 1000)\r\nTAG OK\r\n").await;
            line.answer(&format!("* 1 FETCH (UID 7 BODY[] {said})\r\n* 1 FETCH (FLAGS (\\Seen) UID 7)\r\nTAG OK\r\n")).await;
            line.answer("* 1 FETCH (UID 7 BODY[] {3}\r\nabc)\r\nTAG OK\r\n").await;
        })
        .await;
        let mut session = open(server.addr).await.unwrap();
        let listed = session.list_from(1).await.unwrap();
        let batch = session.fetch(&listed, Short::IsNotYet).next_batch().await.unwrap().unwrap();
        assert_eq!((batch.messages.len(), batch.not_yet), (0, vec![NotYet { uid: 7, octets: Some(octets) }]), "{said}");
        let batch = session.fetch(&listed, Short::IsTaken).next_batch().await.unwrap().unwrap();
        assert_eq!(&*batch.messages[0].octets, b"abc");
    }
}

#[tokio::test]
async fn starttls_cannot_be_stripped_nor_talked_over_nor_begun_signed_in() {
    for (greeting, offers, agreed, why) in [
        ("* OK hi", "IMAP4rev1", "", "offers no STARTTLS"),
        ("* PREAUTH hi", "", "", "PREAUTH"),
        ("* OK hi", "IMAP4rev1 STARTTLS", "TAG OK go\r\n* CAPABILITY IMAP4rev1\r\n", "plain words"),
        ("* OK hi", "IMAP4rev1 STARTTLS", "TAG NO no\r\n", "NO no"),
    ] {
        let server = Scripted::play(move |mut line| async move {
            line.say(format!("{greeting}\r\n")).await;
            line.answer(&format!("* CAPABILITY {offers}\r\nTAG OK\r\n")).await;
            let heard = line.answer(agreed).await;
            assert!(!heard.contains("LOGIN"), "nobody signs in without TLS");
            line.be_silent().await;
        })
        .await;
        let mut account = account(server.addr);
        account.server.tls = Tls::StartTls;
        let error = Session::open(&account, limits()).await.unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[tokio::test]
async fn no_name_and_no_password_is_a_command() {
    let world = world().await;
    let mut injecting = account(world.imap_addr());
    injecting.folder = "INBOX\"\r\nx DELETE \"INBOX".to_owned();
    assert!(matches!(Session::open(&injecting, limits()).await, Err(ImapError::FolderName { .. })));
    let mut injecting = account(world.imap_addr());
    injecting.sign_in = "secret\"\r\nx LOGOUT".into();
    assert!(matches!(Session::open(&injecting, limits()).await, Err(ImapError::SignInRefused { .. })));
    world.deliver(SUPPORT, b"Subject: x\r\n\r\n");
    let mut session = open(world.imap_addr()).await.unwrap();
    let filing = Filing { mark_seen: false, move_to: Some("Done\r\nx EXPUNGE".to_owned()), only_before: None };
    assert!(matches!(session.file(&[1], &filing).await, Err(ImapError::FolderName { .. })));
    session.noop().await.unwrap();
}

#[tokio::test]
async fn without_move_messages_are_copied_and_without_both_they_stay() {
    let world = world().await;
    let filing = Filing { mark_seen: true, move_to: Some("Done".to_owned()), only_before: None };
    for _ in 0..4 {
        world.deliver(SUPPORT, b"Subject: x\r\n\r\n");
    }
    world.flag(SUPPORT, "INBOX", 4, "\\Deleted");
    world.misbehave(|it| it.without = vec!["MOVE"]);
    let mut session = open(world.imap_addr()).await.unwrap();
    assert!(!session.capabilities().moves);
    assert_eq!(session.file(&[1], &filing).await.unwrap(), Filed::Moved);
    assert_eq!(world.messages(SUPPORT, "Done").len(), 1);
    assert_eq!(world.messages(SUPPORT, "INBOX").len(), 3, "what others flagged stays");
    world.misbehave(|it| it.without = vec!["MOVE", "UIDPLUS"]);
    let mut session = open(world.imap_addr()).await.unwrap();
    assert_eq!(session.file(&[2], &filing).await.unwrap(), Filed::CannotMove);
    let left = world.messages(SUPPORT, "INBOX");
    assert!(left.len() == 3 && left[0].has("\\Seen"), "{left:?}");
    world.misbehave(|it| it.read_only = true);
    let mut session = open(world.imap_addr()).await.unwrap();
    assert!(session.folder().read_only);
    assert!(matches!(session.file(&[2], &filing).await, Err(ImapError::Refused { .. })));
}

#[tokio::test]
async fn nothing_is_filed_once_another_instance_may_read_the_mailbox() {
    let world = world().await;
    world.deliver(SUPPORT, b"Subject: x\r\n\r\n");
    let mut session = open(world.imap_addr()).await.unwrap();
    let filing = Filing { mark_seen: true, move_to: Some("Done".to_owned()), only_before: Some(tokio::time::Instant::now()) };
    assert!(matches!(session.file(&[1], &filing).await, Err(ImapError::TooLate { .. })));
    assert!(world.messages(SUPPORT, "INBOX")[0].flags.is_empty());
}

#[tokio::test]
async fn without_idle_the_waiting_is_refused_and_the_session_goes_on() {
    let world = world().await;
    world.misbehave(|it| it.without = vec!["IDLE"]);
    let mut session = open(world.imap_addr()).await.unwrap();
    assert!(!session.capabilities().idle);
    assert!(matches!(session.idle(PATIENCE, &CancellationToken::new()).await, Err(ImapError::Refused { .. })));
    world.deliver(SUPPORT, b"Subject: x\r\n\r\n");
    assert_eq!(session.list_from(1).await.unwrap().len(), 1, "an empty folder is asked for news before it is listed");
}

#[tokio::test]
async fn still_here_does_not_stretch_the_waiting() {
    let server = Scripted::play(|mut line| async move {
        up_to_selected(&mut line).await;
        line.answer("TAG OK\r\n").await;
        let idle = line.hear().await;
        line.say("+ idling\r\n").await;
        let tag = idle.split(' ').next().unwrap().to_owned();
        for _ in 0..30 {
            tokio::time::sleep(SOON / 10).await;
            line.say("* OK Still here\r\n").await;
        }
        line.hear_until("DONE").await;
        line.say(format!("{tag} OK done\r\n")).await;
        line.be_silent().await;
    })
    .await;
    let mut session = open(server.addr).await.unwrap();
    session.list_from(1).await.unwrap();
    let started = std::time::Instant::now();
    let woken = session.idle(SOON, &CancellationToken::new()).await;
    // The script goes on for three times as long; its answer to DONE comes too late for the limit.
    assert!(matches!(woken, Ok(Woken::TimedOut) | Err(ImapError::TimedOut { .. })), "{woken:?}");
    assert!(started.elapsed() < SOON * 29 / 10, "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_connection_that_is_cut_or_a_folder_numbered_anew_ends_the_session() {
    let world = world().await;
    world.deliver(SUPPORT, b"Subject: x\r\n\r\n");
    let mut session = open(world.imap_addr()).await.unwrap();
    session.list_from(1).await.unwrap();
    let before = session.folder().uid_validity;
    let idling = tokio::spawn(async move { session.idle(PATIENCE, &CancellationToken::new()).await });
    world.renumber(SUPPORT, "INBOX");
    let woken = idling.await.unwrap();
    assert!(matches!(woken, Err(ImapError::Lost { .. })), "{woken:?}");
    let again = open(world.imap_addr()).await.unwrap();
    assert_ne!(again.folder().uid_validity, before);
    let server = playing("* OK [UIDVALIDITY 6] anew\r\nTAG OK\r\n").await;
    let mut session = open(server.addr).await.unwrap();
    assert!(matches!(session.noop().await, Err(ImapError::Lost { why, .. }) if why.contains("anew")));
}

#[tokio::test]
async fn a_message_that_goes_while_it_is_fetched_is_told_as_missing() {
    let world = world().await;
    for _ in 0..3 {
        world.deliver(SUPPORT, b"Subject: x\r\n\r\n");
    }
    let mut session = open(world.imap_addr()).await.unwrap();
    let listed = session.list_from(1).await.unwrap();
    world.expunge(SUPPORT, "INBOX", 2);
    let batch = session.fetch(&listed, Short::IsNotYet).next_batch().await.unwrap().unwrap();
    assert_eq!(batch.messages.iter().map(|it| it.uid).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(batch.not_yet, [NotYet { uid: 2, octets: None }]);
}

#[tokio::test]
async fn a_probe_changes_nothing() {
    let world = world().await;
    world.deliver(SUPPORT, b"Subject: x\r\n\r\n");
    let found = probe(&account(world.imap_addr()), limits()).await.unwrap();
    assert_eq!(found.folder.exists, 1);
    assert!(world.messages(SUPPORT, "INBOX")[0].flags.is_empty());
    assert!(world.messages(SUPPORT, "Done").is_empty());
}
