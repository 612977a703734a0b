//! A desk in the middle of its work: what every case of the sweep begins with.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use maildesk::{
    clock::Clock,
    demo::world::{World, WorldOptions},
    desk::{address::EmailAddress, person::Role},
    mail::parse,
    store::{
        Opener, Store,
        people::{self, NewPerson},
    },
};
use sqlx::{
    ConnectOptions as _, Connection as _,
    sqlite::{SqliteConnectOptions, SqliteConnection},
};

use crate::daemon::{Daemon, MAILBOX_PASSWORD, SUPPORT};

/// The address of a mailbox that leaves the configuration while mail of its waits.
const OLD: &str = "old@desk.test";
pub const HAL: &str = "hal@home.test";
pub const ANN: &str = "ann@home.test";
/// Whose message lies undecided in the ledger.
pub const LENA: &str = "lena@home.test";
const PATIENCE: Duration = Duration::from_secs(60);

/// The desk of the base: its data, and what the mail world knows of it.
pub struct Base {
    pub folder: tempfile::TempDir,
    /// When it began; every world goes by it, so that folders keep their UIDVALIDITY.
    pub at: Timestamp,
    /// What the INBOX was given, in the order of its UIDs; all but the last are gone from it.
    pub given: Vec<String>,
    /// The notice to Hal about Ann's ticket, and Ann's receipt.
    pub notice: Vec<u8>,
    pub receipt: Vec<u8>,
}

impl Base {
    /// Ann's ticket waits for an answer; Rob's was resolved long ago; a receipt for Olga waits, and its mailbox is no longer
    /// configured; Lena's message is kept and undecided.
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = Clock::System.now();
        let world = world(at).await;
        configure(folder.path(), &world, &["support", "old"]);
        let database = folder.path().join("data/maildesk.db");
        let store = Store::open(&format!("sqlite:{}", database.display()), &folder.path().join("data"), Opener::Daemon).await.unwrap();
        let mut tx = store.begin().await.unwrap();
        let email: EmailAddress = HAL.parse().unwrap();
        let hal = NewPerson { role: Role::Helper, name: "Hal Nine", email: &email, password_hash: Some("none"), at };
        people::insert(&mut tx, &hal).await.unwrap();
        tx.commit().await.unwrap();
        store.close().await;
        drop(store);

        let mut given = vec![mail("Ann Lee <ann@home.test>", "Printer", "It smokes."), mail("Rob <rob@home.test>", "Router", "It blinks.")];
        for it in &given {
            world.deliver(SUPPORT, it.as_bytes());
        }
        let daemon = Daemon::start(folder.path(), "warn", "");
        let receipt = told(folder.path(), &world, ANN, "[#").await;
        let notice = told(folder.path(), &world, HAL, "Printer").await;
        let resolve = answer(&told(folder.path(), &world, HAL, "Router").await, HAL, "/resolve");
        world.deliver(SUPPORT, resolve.as_bytes());
        given.push(resolve);
        wait_for(folder.path(), &format!("{SETTLED} and (select count(*) from tickets where status = 'resolved') = 1")).await;
        daemon.end();

        world.deliver(OLD, mail("Olga <olga@home.test>", "Oven", "It is cold.").as_bytes());
        let mut daemon = Daemon::start(folder.path(), "warn", "smtp-connect=sleep(60000)");
        wait_for(folder.path(), "select (select count(*) from tickets) = 3 and (select count(*) from sightings where filing = 'due') = 0")
            .await;
        daemon.kill();
        given.push(mail("Lena <lena@home.test>", "Lamp", "It flickers."));
        world.deliver(SUPPORT, given[3].as_bytes());
        let mut daemon = Daemon::start(folder.path(), "warn", "smtp-connect=sleep(60000);kept=crash");
        while daemon.ended().is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let long_ago = "update tickets set status_at = status_at - 36000000 where status = 'resolved'";
        let mut conn = SqliteConnectOptions::new().filename(&database).connect().await.unwrap();
        sqlx::query(long_ago).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
        Self { folder, at, given, notice, receipt }
    }

    /// What arrives in every case before the daemon starts: a ticket, a large one, a helper's answer, a customer's, a report about
    /// a receipt, one about a mail that nobody knows, and a message that has come before.
    pub fn first_mail(&self) -> Vec<String> {
        let ben = mail("Ben <ben@home.test>", "Bicycle", "It squeaks.");
        let known = parse::read(&self.receipt).message_id.unwrap().to_string();
        vec![
            ben.clone(),
            mail("Lars <lars@home.test>", "Lorry", &format!("{}\r\n", "It is large. ".repeat(69)).repeat(300)),
            answer(&self.notice, HAL, "Unplug it."),
            answer(&self.receipt, ANN, "It still smokes."),
            report(&known, ANN),
            report("unknown@desk.test", "nobody@home.test"),
            ben,
        ]
    }

    /// What arrives while it runs, one after the other.
    pub fn later_mail(&self) -> Vec<String> {
        vec![mail("Dora <dora@home.test>", "Door", "It sticks."), mail("Emil <emil@home.test>", "Engine", "It knocks.")]
    }
}

/// True once nothing is left to decide, to file, to send or to close.
pub const SETTLED: &str =
    "select (select count(*) from messages where state = 'stored') = 0 and (select count(*) from sightings where filing = 'due') = 0
    and (select count(*) from deliveries where state in ('waiting', 'delayed', 'unknown')) = 0";

pub async fn world(at: Timestamp) -> World {
    let world = World::start(WorldOptions { clock: Clock::still(at), ..WorldOptions::default() }).await.unwrap();
    world.add_account(SUPPORT, MAILBOX_PASSWORD);
    world.add_account(OLD, MAILBOX_PASSWORD);
    world
}

/// Writes the configuration of a desk that reads from and sends through this world.
pub fn configure(folder: &Path, world: &World, mailboxes: &[&str]) {
    let (imap, smtp) = (world.imap_addr().port(), world.smtp_addr().port());
    let mut text = "listen = \"127.0.0.1:0\"\npublic_url = \"http://127.0.0.1:8025\"\ndata_dir = \"data\"\n\n[desk]\nclose_after = \"1h\"\nundo_window = \"0s\"\n\
        max_automatic_per_hour = 100000\nmax_automatic_per_address_hour = 100000\nmax_automatic_per_address_day = 100000\nmax_automatic_per_domain_hour = 100000\n"
        .to_owned();
    for name in mailboxes {
        let account = format!("host = \"127.0.0.1\"\ntls = \"none\"\nuser = \"{name}@desk.test\"\npassword = \"{MAILBOX_PASSWORD}\"");
        text += &format!(
            "\n[[mailbox]]\nname = \"{name}\"\naddress = \"{name}@desk.test\"\ntake_existing = \"all\"\nfirst_connection = \"take\"\n\n[mailbox.imap]\n{account}\nport = {imap}\n\n[mailbox.smtp]\n{account}\nport = {smtp}\n"
        );
    }
    fs::write(folder.join("maildesk.toml"), text).unwrap();
}

/// A command of the program on the desk of a folder.
pub fn command(folder: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_maildesk")).args(words).arg("--config").arg(folder.join("maildesk.toml")).output().unwrap()
}

/// A connection that reads the database of a desk, opened when it is there.
#[derive(Default)]
pub struct Reader(Option<SqliteConnection>);

impl Reader {
    /// What a query of one column gives; nothing while there is no such database.
    pub async fn rows(&mut self, folder: &Path, sql: &str) -> Vec<String> {
        if self.0.is_none() {
            let options = SqliteConnectOptions::new().filename(folder.join("data/maildesk.db")).read_only(true);
            self.0 = options.connect().await.ok();
        }
        let Some(conn) = &mut self.0 else { return Vec::new() };
        let found = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("with y (x) as ({sql}) select cast(x as text) from y").as_str()));
        found.fetch_all(conn).await.unwrap_or_default()
    }

    pub async fn close(self) {
        if let Some(conn) = self.0 {
            conn.close().await.ok();
        }
    }
}

/// The same once.
pub async fn rows(folder: &Path, sql: &str) -> Vec<String> {
    let mut reader = Reader::default();
    let found = reader.rows(folder, sql).await;
    reader.close().await;
    found
}

pub async fn holds(folder: &Path, sql: &str) -> bool {
    rows(folder, sql).await == ["1"]
}

pub async fn wait_for(folder: &Path, sql: &str) {
    let began = Instant::now();
    while !holds(folder, sql).await {
        let log = || fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert!(began.elapsed() < PATIENCE, "not within {PATIENCE:?}: {sql}\n{}", log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The mail to an address whose subject holds a word.
async fn told(folder: &Path, world: &World, address: &str, word: &str) -> Vec<u8> {
    let named = |it: &maildesk::demo::world::StoredMail| parse::read(&it.raw).subject.contains(word);
    let mails = world.wait_for(address, "INBOX", PATIENCE, |mails| mails.iter().any(named)).await;
    let mails = mails.unwrap_or_else(|why| panic!("{why}\n{}", fs::read_to_string(folder.join("log")).unwrap()));
    mails.iter().find(|it| named(it)).unwrap().raw.to_vec()
}

pub fn mail(from: &str, subject: &str, text: &str) -> String {
    let id = maildesk::clock::random_token();
    format!(
        "From: {from}\r\nTo: {SUPPORT}\r\nSubject: {subject}\r\nMessage-ID: <{id}@home.test>\r\nDate: Mon, 2 Nov 2026 10:00:00 +0100\r\n\r\n{text}\r\n"
    )
}

/// What a mail program makes of answering a mail.
fn answer(to: &[u8], from: &str, text: &str) -> String {
    let read = parse::read(to);
    let id = read.message_id.unwrap();
    let address = read.reply_to.first().map_or_else(|| SUPPORT.to_owned(), |it| it.address.to_string());
    mail(from, &format!("Re: {}", read.subject), text)
        .replace(&format!("To: {SUPPORT}"), &format!("To: {address}\r\nIn-Reply-To: <{id}>\r\nReferences: <{id}>"))
}

/// A delivery report about a mail with this Message-ID.
fn report(id: &str, recipient: &str) -> String {
    let token = maildesk::clock::random_token();
    format!(
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@else.test\r\nTo: {SUPPORT}\r\nSubject: Undelivered\r\nMessage-ID: <{token}@else.test>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nIt failed.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; else.test\r\n\r\nFinal-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n\
         Message-ID: <{id}>\r\n\r\n--b--\r\n"
    )
}
