//! The session against a real Dovecot.

use std::time::{Duration, Instant};

use maildesk::{
    desk::{
        mailbox::{ImapAccount, MailServer, SignIn, Tls},
        oauth::{AccessToken, CurrentToken},
    },
    mail::imap::{DoneFolder, Filed, Filing, ImapError, ImapLimits, Session, Short, Woken, probe},
};
use tokio_util::sync::CancellationToken;

use crate::{
    dovecot::{Dovecot, access_token},
    scripted::PATIENCE,
};

const SUPPORT: &str = "support@desk.test";

fn server() -> Dovecot {
    Dovecot::start(&[(SUPPORT, "pässword \"with\\ all")])
}

fn account(server: &Dovecot, tls: Tls) -> ImapAccount {
    let port = if tls == Tls::Implicit { server.imaps_port } else { server.imap_port };
    ImapAccount {
        server: MailServer { host: "localhost".to_owned(), port, tls, ca_file: Some(server.house.ca_file()) },
        user: SUPPORT.to_owned(),
        sign_in: "pässword \"with\\ all".into(),
        folder: "INBOX".to_owned(),
        done_folder: Some("Erledigt ✓ & \"so\"".to_owned()),
    }
}

/// The same account, which signs in with an access token.
fn with_token(server: &Dovecot, tls: Tls, token: &str) -> (ImapAccount, CurrentToken) {
    let current = CurrentToken::of(AccessToken::parse(token.to_owned()).unwrap());
    (ImapAccount { sign_in: SignIn::Token(current.clone()), ..account(server, tls) }, current)
}

async fn session(server: &Dovecot) -> Session {
    Session::open(&account(server, Tls::None), ImapLimits::default()).await.unwrap()
}

fn mail(number: usize, octets: usize) -> Vec<u8> {
    let mut mail = format!("Subject: number {number}\r\nFrom: ann@c.test\r\n\r\n").into_bytes();
    while mail.len() < octets {
        mail.extend_from_slice(format!("line {number} of the body, with (brackets) and {{7}}\r\n").as_bytes());
    }
    mail
}

async fn fetch_all(session: &mut Session, from: u32) -> Vec<(u32, Vec<u8>)> {
    let listed = session.list_from(from).await.unwrap();
    let mut fetching = session.fetch(&listed, Short::IsNotYet);
    let mut all = Vec::new();
    while let Some(batch) = fetching.next_batch().await.unwrap() {
        assert!(batch.not_yet.is_empty(), "{:?} {:?}", batch.not_yet, batch.messages);
        all.extend(batch.messages.iter().map(|it| (it.uid, it.octets.to_vec())));
    }
    all
}

#[tokio::test]
async fn a_mailbox_is_found_by_implicit_tls_starttls_and_plainly() {
    let server = server();
    for tls in [Tls::Implicit, Tls::StartTls, Tls::None] {
        let found = probe(&account(&server, tls), ImapLimits::default()).await.unwrap();
        assert!(found.capabilities.idle && found.capabilities.moves && found.capabilities.uid_plus, "{found:?}");
        assert_eq!((found.folder.exists, found.folder.read_only, found.done_folder), (0, false, Some(DoneFolder::Missing)));
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_with_its_mend() {
    let server = server();
    let mut wrong = account(&server, Tls::Implicit);
    wrong.sign_in = "wrong".into();
    let said = |it: ImapError| it.to_string();
    let error = said(probe(&wrong, ImapLimits::default()).await.unwrap_err());
    assert!(error.contains("refuses the sign-in of support@desk.test") && error.contains("imap.password"), "{error}");
    let mut elsewhere = account(&server, Tls::Implicit);
    elsewhere.folder = "Nowhere".to_owned();
    let error = said(probe(&elsewhere, ImapLimits::default()).await.unwrap_err());
    assert!(error.contains("does not open the folder `Nowhere`") && error.contains("imap.folder"), "{error}");
    let mut unknown = account(&server, Tls::Implicit);
    unknown.server.ca_file = None;
    assert!(said(probe(&unknown, ImapLimits::default()).await.unwrap_err()).contains("ca_file"));
    let mut port = account(&server, Tls::Implicit);
    port.server.port = server.imap_port;
    let error = said(probe(&port, ImapLimits::default()).await.unwrap_err());
    assert!(error.contains("starttls"), "{error}");
}

#[tokio::test]
async fn messages_come_octet_for_octet_in_order_and_by_uid() {
    let server = server();
    let sent: Vec<Vec<u8>> = (0..120).map(|it| mail(it, 200 + it * 97)).collect();
    for one in &sent {
        server.deliver(SUPPORT, one);
    }
    let mut session = session(&server).await;
    let all = fetch_all(&mut session, 1).await;
    assert_eq!(all.iter().map(|it| it.0).collect::<Vec<_>>(), (1..=120).collect::<Vec<_>>());
    assert!(all.iter().map(|it| &it.1).eq(&sent));
    assert_eq!(session.list_from(119).await.unwrap().len(), 2);
    assert!(session.list_from(121).await.unwrap().is_empty(), "n:* names the last message, which is not new");
    let header = session.fetch_header(5).await.unwrap().unwrap();
    assert_eq!(String::from_utf8(header).unwrap(), "Subject: number 4\r\nFrom: ann@c.test\r\n\r\n");
    assert_eq!(server.count_seen(SUPPORT, "INBOX"), 0, "reading marks nothing");
}

#[tokio::test]
async fn new_mail_ends_the_waiting_and_so_does_being_told_to_stop() {
    let server = server();
    let mut session = session(&server).await;
    let stop = CancellationToken::new();
    assert_eq!(session.idle(Duration::from_millis(100), &stop).await.unwrap(), Woken::TimedOut);
    let delivery = async {
        tokio::task::yield_now().await;
        server.deliver(SUPPORT, &mail(1, 100));
    };
    let (woken, ()) = tokio::join!(session.idle(PATIENCE, &stop), delivery);
    assert_eq!(woken.unwrap(), Woken::NewMail);
    assert_eq!(fetch_all(&mut session, 1).await.len(), 1);
    stop.cancel();
    assert_eq!(session.idle(PATIENCE, &stop).await.unwrap(), Woken::Stopped);
    session.noop().await.unwrap();
}

#[tokio::test]
async fn what_was_taken_in_is_marked_and_moved_to_a_folder_that_is_made() {
    let server = server();
    for number in 0..5 {
        server.deliver(SUPPORT, &mail(number, 100));
    }
    let mut session = session(&server).await;
    let account = account(&server, Tls::None);
    let filing = Filing { mark_seen: true, move_to: account.done_folder.clone(), only_before: None };
    assert_eq!(session.file(&[1, 2, 4, 77], &filing).await.unwrap(), Filed::Moved);
    assert_eq!(session.folder().exists, 2);
    assert_eq!(server.count(SUPPORT, "INBOX"), 2);
    let done = "Erledigt &JxM- &- \"so\"";
    assert_eq!((server.count(SUPPORT, done), server.count_seen(SUPPORT, done)), (3, 3));
    assert_eq!(session.file(&[3], &Filing { mark_seen: true, move_to: None, only_before: None }).await.unwrap(), Filed::Stayed);
    let findings = probe(&account, ImapLimits::default()).await.unwrap();
    assert_eq!(findings.done_folder, Some(DoneFolder::Found));
}

#[tokio::test]
async fn a_restarted_server_ends_the_session_and_takes_the_next() {
    let mut server = server();
    server.deliver(SUPPORT, &mail(1, 100));
    let mut idle = session(&server).await;
    assert_eq!(idle.list_from(1).await.unwrap().len(), 1);
    let mut busy = session(&server).await;
    let validity = busy.folder().uid_validity;
    server.restart();
    let idling = idle.idle(PATIENCE, &CancellationToken::new()).await;
    assert!(matches!(idling, Err(ImapError::Lost { .. })), "{idling:?}");
    assert!(matches!(busy.list_from(1).await, Err(ImapError::Lost { .. })));
    let mut again = session(&server).await;
    assert_eq!(again.folder().uid_validity, validity);
    assert_eq!(fetch_all(&mut again, 1).await.len(), 1);
}

#[tokio::test]
async fn a_message_of_fifty_megabytes_comes_whole() {
    let server = server();
    let large = mail(1, 50 * 1024 * 1024 - 200);
    server.deliver(SUPPORT, &large);
    server.deliver(SUPPORT, &mail(2, 51 * 1024 * 1024));
    let mut session = session(&server).await;
    let all = fetch_all(&mut session, 1).await;
    assert_eq!(all.len(), 1, "the one over the limit is not asked for");
    assert!(all[0].1 == large);
    assert!(session.fetch_header(2).await.unwrap().is_some());
}

#[tokio::test]
async fn a_token_signs_in_by_either_mechanism_and_mail_comes() {
    for mechanism in ["xoauth2", "oauthbearer", "plain oauthbearer xoauth2"] {
        let server = Dovecot::that_takes(mechanism, &[]);
        server.deliver(SUPPORT, &mail(1, 300));
        for tls in [Tls::Implicit, Tls::StartTls, Tls::None] {
            let (account, _) = with_token(&server, tls, &access_token(SUPPORT, 3600, 1));
            let mut session = Session::open(&account, ImapLimits::default()).await.unwrap_or_else(|it| panic!("{mechanism}: {it}"));
            assert_eq!(fetch_all(&mut session, 1).await, [(1, mail(1, 300))], "{mechanism}");
            session.logout().await;
        }
    }
}

#[tokio::test]
async fn a_token_that_is_over_of_somebody_else_or_made_up_is_refused_at_once_with_the_mend() {
    for mechanism in ["xoauth2", "oauthbearer"] {
        let server = Dovecot::that_takes(mechanism, &[]);
        let good = access_token(SUPPORT, 3600, 1);
        let forged = format!("{}AAAA", &good[..good.len() - 4]);
        for (what, token) in [
            ("over", access_token(SUPPORT, -30, 1)),
            ("of another", access_token("ann@c.test", 3600, 1)),
            ("forged", forged),
            ("no token of theirs", "ya29.a0-_~+/=".to_owned()),
        ] {
            let (account, current) = with_token(&server, Tls::Implicit, &token);
            let began = Instant::now();
            let refused = Session::open(&account, ImapLimits::default()).await.unwrap_err();
            assert!(matches!(refused, ImapError::TokenRefused { .. }), "{mechanism}, {what}: {refused}");
            // The server waits for the end of the exchange; without it, we would wait for the server.
            assert!(began.elapsed() < Duration::from_secs(10), "{mechanism}, {what}: {:?}", began.elapsed());
            let told = refused.to_string();
            assert!(told.contains(SUPPORT) && told.contains("connect the mailbox again"), "{told}");
            assert!(!told.contains(&token), "{told}");
            current.put(AccessToken::parse(good.clone()).unwrap());
            Session::open(&account, ImapLimits::default()).await.unwrap();
        }
    }
}
