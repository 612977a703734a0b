//! Signing in with an access token: both mechanisms, both protocols, with and without a first response, and what a refusal says.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use data_encoding::BASE64;
use maildesk::{
    desk::{
        address::EmailAddress,
        delivery::HandOver,
        mailbox::{ImapAccount, MailServer, SignIn, SmtpAccount, Tls},
        oauth::{AccessToken, CurrentToken},
    },
    mail::{
        imap::{ImapError, ImapLimits, Session},
        smtp::{SmtpLimits, SmtpPool},
    },
};

use crate::scripted::{Line, PATIENCE, Scripted};

const SUPPORT: &str = "support@desk.test";
const SOON: Duration = Duration::from_millis(800);

/// `{"status":"400","schemes":"Bearer"}`, as Google and Microsoft write it.
const FAILURE: &str = "eyJzdGF0dXMiOiI0MDAiLCJzY2hlbWVzIjoiQmVhcmVyIn0=";

fn token(text: &str) -> AccessToken {
    AccessToken::parse(text.to_owned()).unwrap()
}

fn server(addr: SocketAddr) -> MailServer {
    MailServer { host: addr.ip().to_string(), port: addr.port(), tls: Tls::None, ca_file: None }
}

async fn open(addr: SocketAddr, current: &CurrentToken) -> Result<Session, ImapError> {
    let account = ImapAccount {
        server: server(addr),
        user: SUPPORT.to_owned(),
        sign_in: SignIn::Token(current.clone()),
        folder: "INBOX".to_owned(),
        done_folder: None,
    };
    let limits = ImapLimits { connect: SOON, answer: SOON, ..ImapLimits::default() };
    tokio::time::timeout(PATIENCE, Session::open(&account, limits)).await.unwrap()
}

async fn send(addr: SocketAddr, current: &CurrentToken) -> HandOver {
    let account = SmtpAccount { server: server(addr), sign_in: Some((SUPPORT.to_owned(), SignIn::Token(current.clone()))), connections: 1 };
    let limits = SmtpLimits { connect: SOON, command: SOON, ..SmtpLimits::default() };
    let to: EmailAddress = "ann@c.test".parse().unwrap();
    tokio::time::timeout(PATIENCE, SmtpPool::with_limits(account, limits).hand_over(None, &to, b"Subject: x\r\n\r\nwords\r\n"))
        .await
        .unwrap()
}

fn said(base64: &str) -> String {
    String::from_utf8(BASE64.decode(base64.as_bytes()).unwrap()).unwrap()
}

/// What a client says that brings `good` by a mechanism.
fn expected(mechanism: &str, good: &str, port: u16) -> String {
    match mechanism {
        "XOAUTH2" => format!("user={SUPPORT}\u{1}auth=Bearer {good}\u{1}\u{1}"),
        _ => format!("n,a={SUPPORT},\u{1}host=127.0.0.1\u{1}port={port}\u{1}auth=Bearer {good}\u{1}\u{1}"),
    }
}

/// The client's first response: behind the command, or on a line of its own after `go_on`.
async fn first_response(line: &mut Line, command: &str, go_on: &str) -> String {
    match command.split(' ').next_back().filter(|it| it.len() > 20) {
        Some(response) => said(response),
        None => {
            line.say(go_on).await;
            said(&line.hear().await)
        }
    }
}

/// An IMAP server that offers one mechanism and takes one token.
async fn imap(mechanism: &'static str, greeting: &'static str, good: &'static str) -> Scripted {
    Scripted::play(move |mut line| async move {
        line.say(format!("* OK {greeting}ready\r\n")).await;
        let mut command = line.hear().await;
        if command.contains(" CAPABILITY") {
            line.say(format!("* CAPABILITY IMAP4rev1 AUTH={mechanism}\r\noffer OK\r\n")).await;
            command = line.hear().await;
        }
        let tag = command.split(' ').next().unwrap().to_owned();
        assert!(command.contains(&format!("AUTHENTICATE {mechanism}")), "{command}");
        let response = first_response(&mut line, &command, "+ \r\n").await;
        if response.contains(&format!("auth=Bearer {good}\u{1}")) {
            let port = response.split("port=").nth(1).and_then(|it| it.split('\u{1}').next()).map_or(0, |it| it.parse().unwrap());
            assert_eq!(response, expected(mechanism, good, port));
            line.say(format!("* CAPABILITY IMAP4rev1 IDLE\r\n{tag} OK in\r\n")).await;
            line.answer("* CAPABILITY IMAP4rev1 IDLE MOVE UIDPLUS\r\nTAG OK\r\n").await;
            line.answer("* 0 EXISTS\r\n* OK [UIDVALIDITY 5] ok\r\n* OK [UIDNEXT 8] ok\r\nTAG OK [READ-WRITE] open\r\n").await;
        } else {
            line.say(format!("+ {FAILURE}\r\n")).await;
            assert_eq!(said(&line.hear().await), if mechanism == "XOAUTH2" { "" } else { "\u{1}" });
            line.say(format!("{tag} NO AUTHENTICATE failed.\r\n")).await;
        }
        line.be_silent().await;
    })
    .await
}

#[tokio::test]
async fn imap_takes_a_token_by_either_mechanism_in_one_line_or_in_two() {
    for mechanism in ["XOAUTH2", "OAUTHBEARER"] {
        for greeting in ["", "[CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=XOAUTH2] ", "[CAPABILITY IMAP4rev1 SASL-IR AUTH=OAUTHBEARER] "]
        {
            if greeting.is_empty() || greeting.contains(mechanism) {
                let server = imap(mechanism, greeting, "good").await;
                open(server.addr, &CurrentToken::of(token("good"))).await.unwrap_or_else(|it| panic!("{mechanism} {greeting}: {it}"));
            }
        }
    }
}

#[tokio::test]
async fn imap_says_what_is_wrong_with_a_refused_token_and_does_not_try_it_again() {
    for (mechanism, greeting) in [("XOAUTH2", "[CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] "), ("XOAUTH2", ""), ("OAUTHBEARER", "")] {
        let server = imap(mechanism, greeting, "good").await;
        let current = CurrentToken::of(token("stale"));
        let refused = open(server.addr, &current).await.unwrap_err();
        assert!(matches!(refused, ImapError::TokenRefused { .. }), "{refused}");
        let told = refused.to_string();
        assert!(told.contains("AUTHENTICATE failed. (status 400)") && told.contains("connect the mailbox again"), "{told}");
        assert!(!told.contains("stale"), "{told}");
        assert!(matches!(open(server.addr, &current).await.unwrap_err(), ImapError::NoToken { .. }));
        current.put(token("good"));
        open(server.addr, &current).await.unwrap();
    }
}

#[tokio::test]
async fn a_server_of_passwords_alone_gets_no_token() {
    let server = imap("PLAIN", "[CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] ", "good").await;
    let refused = open(server.addr, &CurrentToken::of(token("good"))).await.unwrap_err();
    assert!(matches!(refused, ImapError::TakesNoTokens { .. }), "{refused}");
    let server = smtp("PLAIN", "good").await;
    let outcome = send(server.addr, &CurrentToken::of(token("good"))).await;
    assert!(matches!(&outcome, HandOver::AccountTrouble { words, .. } if words.contains("no sign-in with an access token")), "{outcome:?}");
}

/// An SMTP server that offers one mechanism and takes one token and one message.
async fn smtp(mechanism: &'static str, good: impl Into<Arc<str>>) -> Scripted {
    let good: Arc<str> = good.into();
    Scripted::play(move |mut line| {
        let good = good.clone();
        async move {
            line.say("220 hi\r\n").await;
            let mut command = line.hear().await;
            while command.starts_with("EHLO") {
                line.say(format!("250-me\r\n250-SIZE 1000\r\n250 AUTH {mechanism}\r\n")).await;
                command = line.hear().await;
            }
            assert!(command.len() <= 510, "RFC 5321 §4.5.3.1.4");
            if !command.starts_with("AUTH") {
                return;
            }
            let response = first_response(&mut line, &command, "334 \r\n").await;
            if !response.contains(&format!("auth=Bearer {good}\u{1}")) {
                line.say(format!("334 {FAILURE}\r\n")).await;
                assert_eq!(said(&line.hear().await), if mechanism == "XOAUTH2" { "" } else { "\u{1}" });
                return line.say("535 5.7.3 Authentication unsuccessful\r\n").await;
            }
            line.say("235 2.7.0 in\r\n").await;
            for (command, answer) in [("MAIL", "250 ok"), ("RCPT", "250 ok"), ("DATA", "354 go"), (".", "250 2.0.0 kept")] {
                line.hear_until(command).await;
                line.say(format!("{answer}\r\n")).await;
            }
            line.be_silent().await;
        }
    })
    .await
}

#[tokio::test]
async fn smtp_takes_a_token_by_either_mechanism_and_of_any_length() {
    for mechanism in ["XOAUTH2", "OAUTHBEARER"] {
        for length in [20, 2000] {
            let good = "t".repeat(length);
            let server = smtp(mechanism, good.as_str()).await;
            let outcome = send(server.addr, &CurrentToken::of(token(&good))).await;
            assert!(matches!(outcome, HandOver::Accepted { .. }), "{mechanism} {length}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn smtp_says_what_is_wrong_with_a_refused_token_and_the_message_waits() {
    for mechanism in ["XOAUTH2", "OAUTHBEARER"] {
        let server = smtp(mechanism, "good").await;
        let current = CurrentToken::of(token("stale"));
        let outcome = send(server.addr, &current).await;
        let HandOver::AccountTrouble { words, .. } = outcome else { panic!("{outcome:?}") };
        assert!(words.contains("535 5.7.3 Authentication unsuccessful") && words.contains("(status 400)"), "{words}");
        assert!(words.contains("SMTP AUTH") && !words.contains("stale"), "{words}");
        assert!(matches!(send(server.addr, &current).await, HandOver::AccountTrouble { words, .. } if words.contains("no newer one")));
        current.put(token("good"));
        assert!(matches!(send(server.addr, &current).await, HandOver::Accepted { .. }));
    }
}
