//! The whole loop against a real Dovecot, over TLS with its own CA, from a configuration written by hand; the SMTP server
//! remembers, and refuses one address.

use std::time::{Duration, Instant};

use maildesk::{
    actions::{assign, reply, set_status},
    app::App,
    clock::Clock,
    config::Config,
    demo::world::{StoredMail, World, WorldOptions},
    desk::{
        address::EmailAddress,
        comment::CommentText,
        delivery::DeliveryState,
        id::{CommentId, TicketNumber},
        person::{Person, Role},
        ticket::Status,
    },
    mail::parse,
    store::{
        outbox,
        people::{self, NewPerson},
        tickets,
    },
};

use crate::dovecot::Dovecot;

const SUPPORT: &str = "support@desk.test";
const PATIENCE: Duration = Duration::from_secs(20);

/// A desk that reads from Dovecot and sends through the world.
struct Loop {
    dovecot: Dovecot,
    world: World,
    app: App,
    hal: Person,
    _folder: tempfile::TempDir,
}

impl Loop {
    async fn start() -> Self {
        rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
        let dovecot = Dovecot::start(&[(SUPPORT, "secret")]);
        let world = World::start(WorldOptions::default()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let written = format!(
            r#"
listen = "127.0.0.1:0"
public_url = "http://127.0.0.1:8025"
data_dir = "data"

[desk]
name = "Desk"
undo_window = "1s"

[[mailbox]]
name = "support"
address = "{SUPPORT}"
take_existing = "all"
first_connection = "take"
sender_name = "helper"

[mailbox.imap]
host = "localhost"
port = {}
ca_file = "{}"
user = "{SUPPORT}"
password = "secret"

[mailbox.smtp]
host = "127.0.0.1"
port = {}
tls = "none"
"#,
            dovecot.imaps_port,
            dovecot.house.ca_file().display(),
            world.smtp_addr().port()
        );
        let config = Config::read(&written, "maildesk.toml", folder.path().to_owned(), []).unwrap();
        let app = App::start(&config, Clock::System).await.unwrap();
        let mut tx = app.desk.store.begin().await.unwrap();
        let email: EmailAddress = "hal@desk.test".parse().unwrap();
        let hal = NewPerson { role: Role::Helper, name: "Hal Nine", email: &email, password_hash: Some("none"), at: Clock::System.now() };
        let hal = people::insert(&mut tx, &hal).await.unwrap();
        let hal = people::get(&mut tx, hal).await.unwrap().unwrap();
        tx.commit().await.unwrap();
        Self { dovecot, world, app, hal, _folder: folder }
    }

    /// The mail to an address whose subject contains `words`.
    async fn mail_to(&self, address: &str, words: &str) -> StoredMail {
        let began = Instant::now();
        loop {
            let found = self.world.messages(address, "INBOX").into_iter().find(|it| parse::read(&it.raw).subject.contains(words));
            if let Some(mail) = found {
                return mail;
            }
            assert!(began.elapsed() < PATIENCE, "no mail to {address} about `{words}` came");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn status(&self, number: TicketNumber) -> Status {
        tickets::get(&mut self.app.desk.store.read().await.unwrap(), number).await.unwrap().unwrap().status
    }

    async fn wait_for_comments(&self, number: TicketNumber, n: i64) {
        let began = Instant::now();
        while tickets::get(&mut self.app.desk.store.read().await.unwrap(), number).await.unwrap().is_none_or(|it| it.comments < n) {
            assert!(began.elapsed() < PATIENCE, "#{number} has not {n} comments");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What a mail program makes of answering `mail`.
    fn answer(&self, mail: &StoredMail, from: &str, text: &str) {
        let read = parse::read(&mail.raw);
        let id = read.message_id.unwrap();
        let to = read.reply_to.first().map_or_else(|| SUPPORT.to_owned(), |it| it.address.to_string());
        let token = maildesk::clock::random_token();
        let subject = if read.subject.starts_with("Re:") { read.subject } else { format!("Re: {}", read.subject) };
        let raw = format!(
            "From: {from}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{token}@program.test>\r\nIn-Reply-To: <{id}>\r\nReferences: <{id}>\r\nDate: Mon, 2 Nov 2026 10:00:00 +0100\r\n\r\n{text}\r\n"
        );
        self.dovecot.deliver(SUPPORT, raw.as_bytes());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_helped_from_the_first_mail_to_the_last() {
    let desk = Loop::start().await;
    let first = "From: Ann Lee <ann@home.test>\r\nTo: support@desk.test\r\nSubject: Printer\r\nMessage-ID: <first@home.test>\r\nDate: Mon, 2 Nov 2026 10:00:00 +0100\r\n\r\nIt smokes.\r\n";
    desk.dovecot.deliver(SUPPORT, first.as_bytes());
    desk.mail_to("ann@home.test", "[#1]").await;
    let number = TicketNumber(1);

    // A helper takes it and answers; it arrives in the customer's thread.
    assign::assign(&desk.app.desk, &desk.hal, number, None, Some(desk.hal.id)).await.unwrap();
    let words = reply::Reply {
        text: CommentText::parse("Unplug it.").unwrap(),
        files: Vec::new(),
        seen: Some(CommentId(i64::MAX)),
        then: None,
        composed: Default::default(),
    };
    reply::reply(&desk.app.desk, &desk.hal, number, &words).await.unwrap();
    let answered = desk.mail_to("ann@home.test", "Re: [#1] Printer").await;
    let began = Instant::now();
    let answered = loop {
        let all = desk.world.messages("ann@home.test", "INBOX");
        if let Some(it) = all.into_iter().find(|it| it.text().contains("Unplug it.")) {
            break it;
        }
        assert!(began.elapsed() < PATIENCE, "the answer did not come: {}", answered.text());
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let read = parse::read(&answered.raw);
    assert_eq!(read.in_reply_to[0].as_str(), "first@home.test");
    assert_eq!(read.subject.matches("[#1]").count(), 1);

    // The customer's answer joins, and the helper hears of it; his answer by mail reaches her without his address.
    desk.answer(&answered, "Ann Lee <ann@home.test>", "It still smokes.");
    desk.wait_for_comments(number, 3).await;
    let notice = desk.mail_to("hal@desk.test", "wrote: Printer").await;
    desk.answer(&notice, "Hal Nine <hal@desk.test>", "Then we send another one.");
    desk.wait_for_comments(number, 4).await;
    let began = Instant::now();
    let by_mail = loop {
        let all = desk.world.messages("ann@home.test", "INBOX");
        if let Some(it) = all.into_iter().find(|it| it.text().contains("Then we send another one.")) {
            break it;
        }
        assert!(began.elapsed() < PATIENCE, "the helper's answer by mail did not reach the customer");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let token = parse::read(&notice.raw).reply_to[0].address.local().to_owned();
    assert!(!by_mail.text().contains("hal@desk.test") && !by_mail.text().contains(&token));

    // Resolving sends one notice.
    set_status::set_status(&desk.app.desk, &desk.hal, number, None, Status::Resolved).await.unwrap();
    let began = Instant::now();
    while !desk.world.messages("ann@home.test", "INBOX").iter().any(|it| it.text().contains("resolved")) {
        assert!(began.elapsed() < PATIENCE, "no notice of resolving");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(desk.status(number).await, Status::Resolved);

    // Everything that was taken in is filed on the server.
    let began = Instant::now();
    while desk.dovecot.count(SUPPORT, "Processed") < 3 {
        assert!(began.elapsed() < PATIENCE, "filed: {}", desk.dovecot.count(SUPPORT, "Processed"));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!((desk.dovecot.count(SUPPORT, "INBOX"), desk.dovecot.count_seen(SUPPORT, "Processed")), (0, 3));
    desk.app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_recipient_is_told_truthfully_and_nobody_elses_mail_waits() {
    let desk = Loop::start().await;
    desk.world.refuse("ann@home.test", 550, "5.1.1 no such user here");
    let first = "From: Ann <ann@home.test>\r\nTo: support@desk.test\r\nCc: ben@home.test\r\nSubject: Printer\r\nMessage-ID: <first@home.test>\r\nDate: Mon, 2 Nov 2026 10:00:00 +0100\r\n\r\nIt smokes.\r\n";
    desk.dovecot.deliver(SUPPORT, first.as_bytes());
    desk.wait_for_comments(TicketNumber(1), 1).await;
    let words = reply::Reply {
        text: CommentText::parse("Unplug it.").unwrap(),
        files: Vec::new(),
        seen: Some(CommentId(i64::MAX)),
        then: None,
        composed: Default::default(),
    };
    let comment = reply::reply(&desk.app.desk, &desk.hal, TicketNumber(1), &words).await.unwrap();
    desk.mail_to("ben@home.test", "Printer").await;
    desk.mail_to("hal@desk.test", "Not delivered to ann@home.test").await;
    let rows = outbox::of_comment(&mut desk.app.desk.store.begin().await.unwrap(), comment, Clock::System.now()).await.unwrap();
    let state = |address: &str| rows.iter().find(|it| it.address == address).unwrap().state.clone();
    assert_eq!(
        (state("ann@home.test").as_str(), state("ben@home.test").as_str()),
        (DeliveryState::Refused.as_str(), DeliveryState::Sent.as_str())
    );
    desk.app.stop().await;
}
