//! Somebody who has just started the demo: a helper's browser, the mailbox page, and a mail program.

use std::time::{Duration, Instant};

use maildesk::{
    demo::{Announcement, Demo, DemoOptions, world::StoredMail},
    desk::message::IncomingMessage,
    mail::parse,
};

use crate::{
    line_client::LineClient,
    web::{Page, Web, encoded},
};

/// What the issue allows from mail to panel, and plenty for anything else that is waited for.
pub const SOON: Duration = Duration::from_secs(2);
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A demo on free ports, whose replies leave at once.
pub async fn demo() -> Demo {
    let any = Some("127.0.0.1:0".parse().unwrap());
    let undo_window = jiff::SignedDuration::ZERO;
    Demo::start(DemoOptions { listen: any, smtp: any, imap: any, undo_window, ..DemoOptions::default() }).await.unwrap()
}

/// Who signs in with a role; the first of them.
pub fn who(at: &Announcement, role: &str) -> (&'static str, &'static str) {
    at.people.iter().find(|it| it.role == role).map(|it| (it.email, it.password)).unwrap()
}

/// The panel, with somebody signed in.
pub async fn panel(at: &Announcement, role: &str) -> Web {
    let (email, password) = who(at, role);
    let mut web = Web::at(&at.panel);
    web.sign_in(email, password).await;
    web
}

/// Sends a mail as `swaks` does.
pub async fn send(smtp: &str, to: &str, from: &str, mail: &str) {
    let (mut client, _) = LineClient::connect(smtp.parse().unwrap()).await;
    client.ask("HELO ann.example").await;
    client.ask(&format!("MAIL FROM:<{from}>")).await;
    client.ask(&format!("RCPT TO:<{to}>")).await;
    client.ask("DATA").await;
    let answer = client.ask(&format!("{mail}\r\n.")).await;
    assert!(answer.starts_with("250"), "{answer}");
}

/// Looks until it is there; how long that took.
pub async fn until<T>(within: Duration, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> (T, Duration) {
    let began = Instant::now();
    loop {
        if let Some(found) = look().await {
            return (found, began.elapsed());
        }
        assert!(began.elapsed() < within, "{what}: not within {within:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The mails of somebody's inbox, read.
pub fn inbox(demo: &Demo, of: &str) -> Vec<(StoredMail, IncomingMessage)> {
    demo.world().messages(of, "INBOX").into_iter().map(|it| (it.clone(), parse::read(&it.raw))).collect()
}

/// Waits for a mail in somebody's inbox.
pub async fn mail(demo: &Demo, of: &str, is: impl Fn(&IncomingMessage) -> bool) -> (StoredMail, IncomingMessage) {
    let there = demo.world().wait_for(of, "INBOX", PATIENCE, |held| held.iter().any(|it| is(&parse::read(&it.raw)))).await.unwrap();
    let found = there.into_iter().rev().find(|it| is(&parse::read(&it.raw))).unwrap();
    let read = parse::read(&found.raw);
    (found, read)
}

/// Answers a mail on the mailbox page.
pub async fn answer(at: &Announcement, of: &str, mail: &StoredMail, words: &str) {
    let mut page = Web::at(&at.mailbox);
    let shown = page.get(&format!("/mail?of={}&uid={}", encoded(of), mail.uid)).await;
    assert!(shown.status == 200 && shown.says("Send answer"), "{}", shown.text);
    let sent: Page = page.post("/send", &[("of", of), ("answers", &mail.uid.to_string()), ("text", words)]).await;
    assert!(sent.location.starts_with("/mailbox?of="), "{sent:?}");
}
