//! A whole desk in this process: its own database, a clock turned by hand, and people called Ann (customer), Hal (helper) and
//! Ada (admin). Mail comes in by `receive` and goes out by `mail`; a desk that is dropped while mail is owed that the test did
//! not look at fails the test.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use jiff::{SignedDuration, Timestamp};
use maildesk::{
    actions::{Desk, Mailboxes, receive_message::Outcome},
    auth::keys::Keys,
    clock::Clock,
    desk::{
        address::EmailAddress,
        delivery::DeliveryState,
        id::{DeliveryId, MailboxId, PersonId, TicketNumber},
        message::IncomingMessage,
        permission::Scope,
        person::{Person, Role},
        public_url::PublicUrl,
        query::Query,
        sending::Line,
        settings::{DeskSettings, FirstConnection, MailboxSettings, SenderName},
        ticket::Ticket,
    },
    mail::parse,
    store::{
        Opener, Store, mailboxes,
        messages::Taken,
        outbox::Outcome as Sent,
        people::{self, NewPerson},
        search, sending, sessions, tickets,
        verify::{self, Finding},
    },
    templates::Templates,
    workers::{
        health::{self, Rounds, SlowLooks},
        take_in::{Arrival, take_in},
    },
};

/// The desk's own address.
pub const SUPPORT: &str = "support@desk.test";

/// A desk and its people.
pub struct TestDesk {
    pub desk: Desk,
    pub mailbox: MailboxId,
    pub ann: Person,
    pub hal: Person,
    pub ada: Person,
    owed: Mutex<Owed>,
    damaged: AtomicBool,
    rounds: tokio::sync::Mutex<Rounds>,
    pub folder: tempfile::TempDir,
    /// Of its database.
    pub url: String,
    _database: Option<super::postgres::Database>,
}

#[derive(PartialEq)]
enum Owed {
    MustBeSeen,
    DoesNotMatter,
}

/// A mail that left.
#[derive(Debug)]
pub struct Mail {
    pub to: String,
    pub envelope_from: Option<String>,
    pub raw: String,
    pub read: IncomingMessage,
}

impl TestDesk {
    /// On SQLite, or on PostgreSQL when `MAILDESK_TEST_DATABASE=postgres`.
    pub async fn new() -> Self {
        Self::with(DeskSettings::default(), |_| ()).await
    }

    /// With settings of its own.
    pub async fn with(settings: DeskSettings, of_mailbox: impl FnOnce(&mut MailboxSettings)) -> Self {
        let database = (std::env::var("MAILDESK_TEST_DATABASE").as_deref() == Ok("postgres")).then(super::postgres::Database::fresh);
        Self::on(database, settings, of_mailbox).await
    }

    /// On PostgreSQL, where two people's changes meet.
    pub async fn on_postgres() -> Self {
        Self::on(Some(super::postgres::Database::fresh()), DeskSettings::default(), |_| ()).await
    }

    /// With another mailbox, `sales`, behind `support`.
    pub async fn with_two_mailboxes() -> Self {
        let mut desk = Self::new().await;
        let address: EmailAddress = "sales@desk.test".parse().unwrap();
        let mut tx = desk.desk.store.begin().await.unwrap();
        let sales = mailboxes::ensure(&mut tx, "sales", &address).await.unwrap();
        tx.commit().await.unwrap();
        let mut all: Vec<_> = desk.desk.mailboxes.iter().map(|(id, it)| (id, it.clone())).collect();
        all.push((sales, MailboxSettings::new("sales", address, "Desk Sales")));
        desk.desk.mailboxes = maildesk::desk::present::Present::new(Mailboxes::new(all));
        desk
    }

    async fn on(
        database: Option<super::postgres::Database>,
        settings: DeskSettings,
        of_mailbox: impl FnOnce(&mut MailboxSettings),
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = database.as_ref().map_or_else(|| format!("sqlite:{}", folder.path().join("desk.db").display()), |it| it.url.clone());
        let store = Store::open(&url, folder.path(), Opener::Daemon).await.unwrap();
        let clock = Clock::still("2026-11-02T09:00:00Z".parse().unwrap());
        let mut tx = store.begin().await.unwrap();
        let mut mailbox_settings = support();
        of_mailbox(&mut mailbox_settings);
        let mailbox = mailboxes::ensure(&mut tx, "support", &mailbox_settings.address).await.unwrap();
        let ann = person(&mut tx, Role::Customer, "Ann Lee", "ann@home.test", clock.now()).await;
        let hal = person(&mut tx, Role::Helper, "Hal Nine", "hal@desk.test", clock.now()).await;
        let ada = person(&mut tx, Role::Admin, "Ada Byron", "ada@desk.test", clock.now()).await;
        tx.commit().await.unwrap();
        let desk = Desk {
            store,
            clock,
            settings: maildesk::desk::present::Present::new(settings),
            mailboxes: maildesk::desk::present::Present::new(Mailboxes::new(vec![(mailbox, mailbox_settings)])),
            keys: Keys::from_root(&[7; 32]),
            url: PublicUrl::parse("http://127.0.0.1:8025").unwrap(),
            templates: Arc::new(Templates::new()),
            outbox_grew: Arc::new(tokio::sync::watch::channel(0).0),
            health: Default::default(),
            tokens_moved: Arc::new(tokio::sync::watch::channel(0).0),
        };
        Self {
            desk,
            mailbox,
            ann,
            hal,
            ada,
            owed: Mutex::new(Owed::MustBeSeen),
            damaged: AtomicBool::new(false),
            rounds: tokio::sync::Mutex::new(Rounds::new("here", folder.path().to_owned(), SlowLooks::default())),
            folder,
            url,
            _database: database,
        }
    }

    /// This test is not about the mail that leaves.
    pub fn mail_does_not_matter(&self) {
        *self.owed.lock().unwrap() = Owed::DoesNotMatter;
    }

    /// Time passes.
    pub fn later(&self, by: SignedDuration) {
        self.desk.clock.advance(by);
    }

    /// A mail arrives now.
    pub async fn receive(&self, raw: &str) -> Outcome {
        self.receive_again(raw).await.expect("the message is new to the desk")
    }

    /// A mail arrives, maybe once more.
    pub async fn receive_again(&self, raw: &str) -> Option<Outcome> {
        self.receive_octets(raw.replace("\r\n", "\n").replace('\n', "\r\n").as_bytes()).await
    }

    /// A mail arrives, octet for octet.
    pub async fn receive_octets(&self, octets: &[u8]) -> Option<Outcome> {
        let received_at = self.desk.clock.now();
        let arrival = Arrival { place: None, received_at, size: octets.len() as u64, taken: Taken::Whole, octets };
        take_in(&self.desk, self.mailbox, &[arrival]).await.unwrap().into_iter().next()
    }

    /// A mail from somebody to support, with these words.
    pub async fn write(&self, from: &str, subject: &str, text: &str) -> Outcome {
        self.receive(&mail(from, subject, &[], text)).await
    }

    /// Everything that is due to leave now, in the order it was decided; it counts as handed over. So does what the desk says of what a
    /// helper did, which waits for as long as that can be undone.
    pub async fn mail(&self) -> Vec<Mail> {
        let now = self.desk.clock.now();
        let mut tx = self.desk.store.begin().await.unwrap();
        let mut due = sending::due(&mut tx, self.mailbox, "test", &[], 10_000, now).await.unwrap();
        let soon = now + self.desk.settings.undo_window;
        let waits = sending::due(&mut tx, self.mailbox, "test", &[], 10_000, soon).await.unwrap();
        due.extend(waits.into_iter().filter(|it| it.line == Line::Desk));
        let mut ids: Vec<DeliveryId> = due.into_iter().map(|it| it.id).collect();
        ids.sort_unstable();
        ids.dedup();
        let leased = sending::lease(&mut tx, "test", now + SignedDuration::from_mins(5), &ids, soon).await.unwrap();
        let mut left = Vec::new();
        for it in leased {
            let raw = self.desk.store.blobs().get(&mut tx, &it.sha256).await.unwrap().unwrap();
            let sent = Sent { state: DeliveryState::Sent.as_str(), words: "250 ok", next_at: None };
            sending::record(&mut tx, it.id, "test", &sent, now).await.unwrap();
            left.push(Mail {
                to: it.address.to_string(),
                envelope_from: it.envelope_from.map(String::from),
                read: parse::read(&raw),
                raw: String::from_utf8(raw).unwrap(),
            });
        }
        tx.commit().await.unwrap();
        left
    }

    /// What leaves for one address, once the undo window is over.
    pub async fn mail_to(&self, address: &str) -> Vec<Mail> {
        self.later(self.desk.settings.undo_window + SignedDuration::from_secs(1));
        self.mail().await.into_iter().filter(|it| it.to == address).collect()
    }

    /// One round over the desk's health.
    pub async fn round(&self) {
        health::step(&self.desk, &mut *self.rounds.lock().await).await.unwrap();
    }

    /// So many minutes pass, with a round in each.
    pub async fn rounds(&self, minutes: i64) {
        for _ in 0..minutes {
            self.later(SignedDuration::from_mins(1));
            self.round().await;
        }
    }

    /// A ticket as it is now.
    pub async fn ticket(&self, number: TicketNumber) -> Ticket {
        tickets::get(&mut self.desk.store.read().await.unwrap(), number).await.unwrap().unwrap()
    }

    /// Somebody by address.
    pub async fn person(&self, email: &str) -> Option<Person> {
        let email: EmailAddress = email.parse().unwrap();
        people::by_email(&mut self.desk.store.read().await.unwrap(), &email).await.unwrap()
    }

    /// Somebody more.
    pub async fn add(&self, role: Role, name: &str, email: &str) -> Person {
        let mut tx = self.desk.store.begin().await.unwrap();
        let person = person(&mut tx, role, name, email, self.desk.clock.now()).await;
        tx.commit().await.unwrap();
        person
    }

    /// What must hold when a test is over.
    async fn ended(&self) {
        if *self.owed.lock().unwrap() == Owed::MustBeSeen {
            self.later(SignedDuration::from_mins(1));
            let left: Vec<String> = self.mail().await.iter().map(|it| format!("{}: {}", it.to, it.read.subject)).collect();
            assert!(left.is_empty(), "mail is owed that the test did not look at: {left:#?}");
        }
        if !self.damaged.load(Relaxed) {
            let found = self.verify().await;
            assert!(found.is_empty(), "what this desk keeps does not agree: {found:#?}");
        }
    }

    /// What `maildesk verify` finds.
    pub async fn verify(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        found.extend(verify::file(&self.desk.store).await.unwrap());
        let mut then = self.desk.store.snapshot().await.unwrap();
        for rule in verify::RULES {
            found.extend(verify::ask(&mut then, rule).await.unwrap_or_else(|why| panic!("{}: {why}", rule.name)));
        }
        drop(then);
        found.extend(verify::contents(&self.desk.store).await.unwrap().findings);
        found
    }

    /// This test has put things into the database that maildesk would not.
    pub fn is_damaged(&self) {
        self.damaged.store(true, Relaxed);
    }
}

impl Drop for TestDesk {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(self.ended()));
    }
}

/// A mail as a program writes it; `headers` are whole lines.
pub fn mail(from: &str, subject: &str, headers: &[&str], text: &str) -> String {
    let more: String = headers.iter().map(|it| format!("{it}\n")).collect();
    let id = if more.to_lowercase().contains("message-id:") {
        String::new()
    } else {
        format!("Message-ID: <{}@mail.test>\n", maildesk::clock::random_token())
    };
    let to = if more.to_lowercase().contains("\nto:") || more.to_lowercase().starts_with("to:") {
        String::new()
    } else {
        format!("To: {SUPPORT}\n")
    };
    format!(
        "From: {from}\n{to}Subject: {subject}\n{id}Date: Mon, 2 Nov 2026 10:00:00 +0100\n{more}MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n{text}\n"
    )
}

/// The answer that a mail program makes to a mail: its ids, its subject, its reply address.
pub fn answer(to: &Mail, from: &str, text: &str) -> String {
    let id = to.read.message_id.as_ref().unwrap();
    let references: Vec<String> = to.read.references.iter().map(|it| format!("<{it}>")).chain([format!("<{id}>")]).collect();
    let address = to.read.reply_to.first().map_or_else(|| SUPPORT.to_owned(), |it| it.address.to_string());
    let quoted: String = to.read.text.lines().map(|it| format!("> {it}\n")).collect();
    let headers = [format!("To: {address}"), format!("In-Reply-To: <{id}>"), format!("References: {}", references.join(" "))];
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    mail(
        from,
        &format!("Re: {}", to.read.subject),
        &headers,
        &format!("{text}\n\nOn Mon, 2 Nov 2026 at 10:00, Support <{SUPPORT}> wrote:\n{quoted}"),
    )
}

async fn person(tx: &mut maildesk::store::Tx, role: Role, name: &str, email: &str, at: Timestamp) -> Person {
    let address: EmailAddress = email.parse().unwrap();
    let id: PersonId = people::insert(tx, &NewPerson { role, name, email: &address, password_hash: None, at }).await.unwrap();
    if role.is_staff() {
        sessions::seen(tx, id, at).await.unwrap();
    }
    people::get(tx, id).await.unwrap().unwrap()
}

fn support() -> MailboxSettings {
    let settings = MailboxSettings::new("support", SUPPORT.parse().unwrap(), "Desk Support");
    MailboxSettings {
        authserv_id: Some("mx.desk.test".to_owned()),
        sender_name: SenderName::Helper,
        first_connection: FirstConnection::Take,
        ..settings
    }
}

/// The tickets that a search finds, the last said first.
pub async fn found(store: &Store, typed: &str, scope: Scope) -> Vec<TicketNumber> {
    let now = Timestamp::now() + SignedDuration::from_hours(24 * 365);
    let meaning = Query::read(typed).query.meaning_for_customer(now, &jiff::tz::TimeZone::UTC).unwrap();
    let asked = search::Asked { meaning: &meaning, scope, order: search::Order::Newest, wanted: 10, now, left_before: now };
    let found = search::find(&mut store.read().await.unwrap(), &asked).await.unwrap();
    found.hits.into_iter().map(|it| it.ticket).collect()
}
