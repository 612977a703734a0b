//! Handing over: what each server's answer, silence or end at each step means for the message.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use maildesk::{
    demo::world::{Treatment, World, WorldOptions},
    desk::{
        address::EmailAddress,
        delivery::{HandOver, Trouble},
        mailbox::{MailServer, SmtpAccount, Tls},
    },
    mail::smtp::{SmtpError, SmtpLimits, SmtpPool},
};
use tokio::sync::Mutex;

use crate::{
    house_ca::HouseCa,
    scripted::{Line, PATIENCE, Scripted},
};

const SOON: Duration = Duration::from_millis(400);
const MAIL: &[u8] = b"Subject: hello\r\n\r\nwords\r\n";

fn account(addr: SocketAddr) -> SmtpAccount {
    let server = MailServer { host: addr.ip().to_string(), port: addr.port(), tls: Tls::None, ca_file: None };
    SmtpAccount { server, sign_in: None, connections: 2 }
}

fn limits() -> SmtpLimits {
    SmtpLimits { connect: SOON, hello: SOON, command: SOON, transfer: SOON / 2, after_message: SOON / 2, idle: Duration::from_secs(5) }
}

fn pool(account: SmtpAccount) -> SmtpPool {
    SmtpPool::with_limits(account, limits())
}

fn address(text: &str) -> EmailAddress {
    text.parse().unwrap()
}

async fn send(pool: &SmtpPool, to: &str, mail: &[u8]) -> HandOver {
    tokio::time::timeout(PATIENCE, pool.hand_over(Some(&address("support@desk.test")), &address(to), mail)).await.unwrap()
}

async fn world() -> World {
    let world = World::start(WorldOptions::default()).await.unwrap();
    world.add_account("support@desk.test", "secret");
    world
}

/// Plays the ordinary part up to and with the answer to DATA.
async fn up_to_data(line: &mut Line) {
    line.say("220 hi\r\n").await;
    line.hear_until("EHLO").await;
    line.say("250 me\r\n").await;
    line.hear_until("MAIL").await;
    line.say("250 ok\r\n").await;
    line.hear_until("RCPT").await;
    line.say("250 ok\r\n").await;
    line.hear_until("DATA").await;
    line.say("354 go\r\n").await;
}

#[tokio::test]
async fn a_message_arrives_octet_for_octet_and_the_connection_is_used_again() {
    let world = world().await;
    let pool = pool(account(world.smtp_addr()));
    let mail = b"Subject: dots\r\n\r\n.one\r\n..two\r\n\r\nno end of line";
    for _ in 0..2 {
        let HandOver::Accepted { words } = send(&pool, "ann@c.test", mail).await else { panic!("refused") };
        assert!(words.starts_with("250 2.0.0 taken as"), "{words}");
    }
    let text = world.messages("ann@c.test", "INBOX")[0].text();
    assert!(text.starts_with("Return-Path: <support@desk.test>"), "{text}");
    assert!(text.ends_with("Subject: dots\r\n\r\n.one\r\n..two\r\n\r\nno end of line\r\n"), "{text}");
    assert!(matches!(pool.hand_over(None, &address("ann@c.test"), MAIL).await, HandOver::Accepted { .. }));
    assert!(world.messages("ann@c.test", "INBOX")[2].text().starts_with("Return-Path: <>"));
}

#[tokio::test]
async fn no_lone_carriage_return_or_line_feed_reaches_the_wire() {
    let world = world().await;
    // The world refuses them, so that being accepted is the proof.
    let mail = b"Subject: a\nX: b\rY: c\r\n\n.\nMAIL FROM:<x@y.test>\n\r.\r\r\n.\r\n";
    assert!(matches!(send(&pool(account(world.smtp_addr())), "ann@c.test", mail).await, HandOver::Accepted { .. }));
    assert_eq!(world.messages("ann@c.test", "INBOX").len(), 1);
    assert!(world.messages("ann@c.test", "INBOX")[0].text().contains("\r\n.\r\nMAIL FROM:<x@y.test>\r\n"));
}

#[tokio::test]
async fn one_recipient_is_refused_put_off_or_taken_for_itself() {
    let world = world().await;
    let pool = pool(account(world.smtp_addr()));
    assert!(matches!(send(&pool, "nobody@desk.test", MAIL).await, HandOver::Refused { code: 550, words } if words.contains("5.1.1")));
    world.refuse("full@c.test", 452, "4.2.2 full");
    assert_eq!(send(&pool, "full@c.test", MAIL).await, HandOver::Deferred { words: "452 4.2.2 full".to_owned() });
    world.treat("spam@c.test", Treatment::AtData(554, "5.7.1 looks like spam".to_owned()));
    assert!(matches!(send(&pool, "spam@c.test", MAIL).await, HandOver::Refused { code: 554, .. }));
    assert!(matches!(send(&pool, "ann@c.test", MAIL).await, HandOver::Accepted { .. }));
}

#[tokio::test]
async fn after_the_message_has_left_only_an_answer_is_knowledge() {
    let world = world().await;
    let pool = pool(account(world.smtp_addr()));
    world.treat("cut@c.test", Treatment::CutAfterData);
    assert!(matches!(send(&pool, "cut@c.test", MAIL).await, HandOver::Unknown { .. }));
    world.treat("silent@c.test", Treatment::SilentAfterData);
    let silent = send(&pool, "silent@c.test", MAIL).await;
    assert!(matches!(&silent, HandOver::Unknown { words } if words.contains("no answer")), "{silent:?}");
    world.treat("hang@c.test", Treatment::Hang);
    assert!(matches!(send(&pool, "hang@c.test", MAIL).await, HandOver::Deferred { .. }));
}

#[tokio::test]
async fn silence_or_a_cut_before_the_message_puts_off() {
    for cut in [0, 1, 2, 3, 4] {
        for silent in [true, false] {
            let server = Scripted::play(move |mut line| async move {
                for (step, (heard, said)) in
                    [("", "220 hi\r\n"), ("EHLO", "250 me\r\n"), ("MAIL", "250 ok\r\n"), ("RCPT", "250 ok\r\n"), ("DATA", "354 go\r\n")]
                        .into_iter()
                        .enumerate()
                {
                    if !heard.is_empty() {
                        line.hear_until(heard).await;
                    }
                    if step == cut {
                        if silent {
                            line.be_silent().await;
                        }
                        return;
                    }
                    line.say(said).await;
                }
            })
            .await;
            let outcome = send(&pool(account(server.addr)), "ann@c.test", MAIL).await;
            // Before a recipient is named it is the server's fault, and speaks of no message.
            let as_it_should = match outcome {
                HandOver::AccountTrouble { trouble: Trouble::Passing, .. } => cut < 3,
                HandOver::Deferred { .. } => cut >= 3,
                HandOver::Accepted { .. }
                | HandOver::Refused { .. }
                | HandOver::Unknown { .. }
                | HandOver::AccountTrouble { .. }
                | HandOver::Stopped { .. } => false,
            };
            assert!(as_it_should, "step {cut}, silent {silent}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn a_cut_within_the_message_puts_off_because_it_cannot_have_been_taken() {
    let server = Scripted::play(|mut line| async move { up_to_data(&mut line).await }).await;
    // More than the kernel keeps for a peer that does not read.
    let mail = b"0123456789abcdef\r\n".repeat(2_000_000);
    let outcome =
        send(&SmtpPool::with_limits(account(server.addr), SmtpLimits { transfer: PATIENCE, ..limits() }), "ann@c.test", &mail).await;
    assert!(matches!(outcome, HandOver::Deferred { .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_reply_without_end_is_not_listened_to() {
    for ending in ["", "\r\n250-more"] {
        let server = Scripted::play(move |mut line| async move {
            up_to_data(&mut line).await;
            line.hear_until(".").await;
            line.say("250-").await;
            let some = format!("{}{ending}", "x".repeat(500));
            for _ in 0..10_000 {
                line.say(&some).await;
            }
            line.be_silent().await;
        })
        .await;
        let pool = SmtpPool::with_limits(account(server.addr), SmtpLimits { after_message: PATIENCE * 2, ..limits() });
        let outcome = send(&pool, "ann@c.test", MAIL).await;
        assert!(matches!(outcome, HandOver::Unknown { .. }), "{outcome:?}");
    }
}

#[tokio::test]
async fn trouble_with_the_account_never_refuses_the_message() {
    let world = world().await;
    let mut signing_in = account(world.smtp_addr());
    signing_in.sign_in = Some(("support@desk.test".to_owned(), "wrong".into()));
    let outcome = send(&pool(signing_in.clone()), "ann@c.test", MAIL).await;
    assert!(
        matches!(&outcome, HandOver::AccountTrouble { trouble: Trouble::Lasting, words } if words.contains("support@desk.test") && words.contains("535")),
        "{outcome:?}"
    );
    signing_in.sign_in = Some(("support@desk.test".to_owned(), "secret".into()));
    assert!(matches!(send(&pool(signing_in), "ann@c.test", MAIL).await, HandOver::Accepted { .. }));
    world.misbehave(|it| it.smtp_needs_sign_in = true);
    assert!(matches!(send(&pool(account(world.smtp_addr())), "ann@c.test", MAIL).await, HandOver::AccountTrouble { .. }));
    world.misbehave(|it| it.smtp_greeting = Some((421, "4.3.2 too busy".to_owned())));
    assert!(matches!(send(&pool(account(world.smtp_addr())), "ann@c.test", MAIL).await, HandOver::AccountTrouble { .. }));
    world.misbehave(|it| it.smtp_greeting = Some((554, "no service".to_owned())));
    assert!(matches!(send(&pool(account(world.smtp_addr())), "ann@c.test", MAIL).await, HandOver::AccountTrouble { .. }));
}

#[tokio::test]
async fn a_server_that_is_down_or_was_restarted_needs_nobody() {
    let world = world().await;
    let pool = pool(account(world.smtp_addr()));
    assert!(matches!(send(&pool, "ann@c.test", MAIL).await, HandOver::Accepted { .. }));
    world.stop_smtp().await;
    assert!(matches!(send(&pool, "ann@c.test", MAIL).await, HandOver::AccountTrouble { trouble: Trouble::Passing, .. }));
    world.start_smtp().await.unwrap();
    assert!(matches!(send(&pool, "ann@c.test", MAIL).await, HandOver::Accepted { .. }));
    world.drop_smtp_connections();
    assert!(matches!(send(&pool, "ann@c.test", MAIL).await, HandOver::Accepted { .. }), "the kept connection was dead; another serves");
}

#[tokio::test]
async fn there_are_never_more_connections_than_agreed() {
    let (now, most) = (Arc::new(Mutex::new(0_u32)), Arc::new(Mutex::new(0_u32)));
    let (counted, seen) = (now.clone(), most.clone());
    let server = Scripted::play(move |mut line| {
        let (now, most) = (counted.clone(), seen.clone());
        async move {
            *now.lock().await += 1;
            let (current, mut most) = (*now.lock().await, most.lock().await);
            *most = (*most).max(current);
            drop(most);
            line.say("220 hi\r\n").await;
            loop {
                let heard = line.hear().await;
                match heard.split(' ').next().unwrap() {
                    "" => break,
                    "DATA" => {
                        line.say("354 go\r\n").await;
                        line.hear_until(".").await;
                        line.say("250 taken\r\n").await;
                    }
                    _ => line.say("250 ok\r\n").await,
                }
            }
            *now.lock().await -= 1;
        }
    })
    .await;
    let pool = pool(account(server.addr));
    let all: Vec<_> = (0..40)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { send(&pool, "ann@c.test", MAIL).await })
        })
        .collect();
    for one in all {
        assert!(matches!(one.await.unwrap(), HandOver::Accepted { .. }));
    }
    assert_eq!(*most.lock().await, 2);
}

#[tokio::test]
async fn a_connection_without_work_is_let_go() {
    let (goodbye, mut said) = tokio::sync::mpsc::channel(1);
    let server = Scripted::play(move |mut line| {
        let goodbye = goodbye.clone();
        async move {
            up_to_data(&mut line).await;
            line.hear_until(".").await;
            line.say("250 taken\r\n").await;
            goodbye.send(line.hear().await).await.ok();
        }
    })
    .await;
    let pool = SmtpPool::with_limits(account(server.addr), SmtpLimits { idle: SOON / 4, ..limits() });
    assert!(matches!(send(&pool, "ann@c.test", MAIL).await, HandOver::Accepted { .. }));
    assert_eq!(tokio::time::timeout(PATIENCE, said.recv()).await.unwrap().as_deref(), Some("QUIT"));
}

#[tokio::test]
async fn an_address_outside_ascii_needs_a_server_that_takes_it() {
    let world = world().await;
    assert!(matches!(send(&pool(account(world.smtp_addr())), "žluť@c.test", MAIL).await, HandOver::Accepted { .. }));
    let server = Scripted::play(|mut line| async move {
        line.say("220 hi\r\n").await;
        line.hear_until("EHLO").await;
        line.say("250 me\r\n").await;
        line.be_silent().await;
    })
    .await;
    assert!(matches!(send(&pool(account(server.addr)), "žluť@c.test", MAIL).await, HandOver::Refused { code: 553, .. }));
}

#[tokio::test]
async fn tls_is_agreed_on_at_once_or_in_words_with_the_ca_of_the_house() {
    let house = HouseCa::for_server("localhost");
    let acceptor = house.acceptor();
    for tls in [Tls::Implicit, Tls::StartTls] {
        let acceptor = acceptor.clone();
        let server = Scripted::play(move |mut line| {
            let acceptor = acceptor.clone();
            async move {
                if tls == Tls::StartTls {
                    line.say("220 hi\r\n").await;
                    line.hear_until("EHLO").await;
                    line.say("250-me\r\n250 STARTTLS\r\n").await;
                    line.hear_until("STARTTLS").await;
                    line.say("220 go on\r\n").await;
                }
                let Ok(stream) = acceptor.accept(line.into_stream()).await else { return };
                let mut line = Line::over(stream);
                if tls == Tls::Implicit {
                    line.say("220 hi\r\n").await;
                }
                line.hear_until("EHLO").await;
                line.say("250-me\r\n250 AUTH PLAIN\r\n").await;
                line.hear_until("AUTH").await;
                line.say("235 ok\r\n").await;
                while !line.hear().await.is_empty() {
                    line.say("250 SIZE 1000\r\n").await;
                }
            }
        })
        .await;
        let server_at = |ca_file, host: &str| MailServer { host: host.to_owned(), port: server.addr.port(), tls, ca_file };
        let with = |server| SmtpAccount { server, sign_in: Some(("me".to_owned(), "secret".into())), connections: 1 };
        let found = pool(with(server_at(Some(house.ca_file()), "localhost"))).probe().await.unwrap();
        assert!(found.signed_in && found.largest == Some(1000), "{found:?}");
        let unknown = pool(with(server_at(None, "localhost"))).probe().await.unwrap_err().to_string();
        assert!(unknown.contains("ca_file"), "{unknown}");
        let other = pool(with(server_at(Some(house.ca_file()), "127.0.0.1"))).probe().await.unwrap_err().to_string();
        assert!(other.contains("not for `127.0.0.1`"), "{other}");
    }
}

#[tokio::test]
async fn starttls_cannot_be_stripped_nor_talked_over() {
    let starttls = |addr: SocketAddr| {
        let mut account = account(addr);
        account.server.tls = Tls::StartTls;
        account.sign_in = Some(("me".to_owned(), "secret".into()));
        account
    };
    let stripped = Scripted::play(|mut line| async move {
        line.say("220 hi\r\n").await;
        line.hear_until("EHLO").await;
        line.say("250-me\r\n250 AUTH PLAIN\r\n").await;
        let heard = line.hear().await;
        assert_eq!(heard, "", "not a word without TLS");
    })
    .await;
    let refused = pool(starttls(stripped.addr)).probe().await.unwrap_err();
    assert!(refused.to_string().contains("offers no STARTTLS"), "{refused}");
    let talking_over = Scripted::play(|mut line| async move {
        line.say("220 hi\r\n").await;
        line.hear_until("EHLO").await;
        line.say("250-me\r\n250 STARTTLS\r\n").await;
        line.hear_until("STARTTLS").await;
        line.say("220 go\r\n250 AUTH PLAIN\r\n").await;
        line.be_silent().await;
    })
    .await;
    let refused = pool(starttls(talking_over.addr)).probe().await.unwrap_err();
    assert!(refused.to_string().contains("plain words"), "{refused}");
}

#[tokio::test]
async fn a_probe_says_what_is_wrong_and_sends_nothing() {
    let world = world().await;
    let mut to = account(world.smtp_addr());
    to.sign_in = Some(("support@desk.test".to_owned(), "secret".into()));
    let found = pool(to.clone()).probe().await.unwrap();
    assert_eq!((found.name.as_str(), found.takes_utf8, found.largest), ("mail.world.test", true, Some(62_914_560)));
    world.misbehave(|it| it.refuse_smtp_sign_in = true);
    assert!(matches!(pool(to.clone()).probe().await, Err(SmtpError::SignIn { .. })));
    world.stop_smtp().await;
    let down = pool(to).probe().await.unwrap_err().to_string();
    assert!(down.contains("cannot reach 127.0.0.1:") && down.contains("refused"), "{down}");
}

#[tokio::test]
async fn this_machine_may_be_spoken_to_in_plain_words_by_its_name() {
    let mut elsewhere = account("127.0.0.1:1".parse().unwrap());
    elsewhere.server.host = "localhost".to_owned();
    let world = world().await;
    elsewhere.server.port = world.smtp_addr().port();
    assert!(matches!(send(&pool(elsewhere), "ann@c.test", MAIL).await, HandOver::Accepted { .. }));
}
