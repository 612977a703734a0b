//! A month of mail, 30,000 messages in an mbox file: imported, imported once more (nothing is new), exported, read into an empty desk, exported
//! again, and compared; then backed up and looked at. Says how fast and with how much memory. On SQLite, and with
//! `MAILDESK_TEST_DATABASE=postgres` the first desk is on PostgreSQL.
//!
//!     cargo bench --bench month                30,000 messages of some 5 KB
//!     cargo bench --bench month -- 3000 20     3,000 of 20 KB
#![allow(clippy::unwrap_used)]

use std::{
    fs::File,
    io::{BufReader, BufWriter, Read},
    path::Path,
    sync::Arc,
    time::Instant,
};

use maildesk::{
    actions::{Desk, Mailboxes, import::How},
    auth::keys::Keys,
    clock::Clock,
    desk::{
        id::MailboxId,
        public_url::PublicUrl,
        settings::{DeskSettings, MailboxSettings},
        ticket::Status,
    },
    store::{
        Opener, Store,
        backup::{
            check,
            make::{Existing, Settings, make},
        },
        export::{self, Passwords},
        mailboxes,
    },
    templates::Templates,
    workers::import::{find::find, scan, take},
};

#[path = "../support/month.rs"]
mod month;
#[allow(dead_code, reason = "other worlds ask more of it")]
#[path = "../support/postgres.rs"]
mod postgres;

const ADDRESS: &str = "support@desk.test";

#[tokio::main]
async fn main() {
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|it| it.parse().ok()).collect();
    let (messages, size) = (numbers.first().copied().unwrap_or(30_000), numbers.get(1).copied().unwrap_or(5) * 1000);
    let folder = tempfile::tempdir_in(".").unwrap();
    let at = |name: &str| folder.path().join(name);

    let file = at("month.mbox");
    month::mbox(7, messages, size, &mut BufWriter::new(File::create(&file).unwrap()));
    let database = (std::env::var("MAILDESK_TEST_DATABASE").as_deref() == Ok("postgres")).then(postgres::Database::fresh);
    let (desk, mailbox) = desk(&at("one"), database.as_ref().map(|it| it.url.clone())).await;
    let how = How { mailbox, ends: Status::Closed, agents: Vec::new() };
    let began = begin();
    let archive = scan(find(&[file]).unwrap(), Clock::System.now(), &mut |_| ());
    told("headers looked at and put in order", messages, began);
    let began = begin();
    let done = take(&desk, &how, &archive, &mut |_| ()).await.unwrap();
    told(&format!("mbox imported ({} tickets)", done.tickets), messages, began);
    assert_eq!(done.taken + done.held.values().sum::<u64>(), messages as u64, "{done:?}");
    let began = begin();
    let again = take(&desk, &how, &archive, &mut |_| ()).await.unwrap();
    assert_eq!(again.known, messages as u64, "{again:?}");
    told("mbox imported again, nothing new", messages, began);
    let began = begin();
    let first = at("first.jsonl");
    export::write(&desk.store, Passwords::GoAlong, BufWriter::new(File::create(&first).unwrap())).await.unwrap();
    told(&format!("exported ({} MB)", first.metadata().unwrap().len() / 1_000_000), messages, began);
    let began = begin();
    let there = store(&at("two")).await;
    export::read(&there, BufReader::new(File::open(&first).unwrap()), "held back", |_| ()).await.unwrap();
    told("export imported", messages, began);
    let second = at("second.jsonl");
    export::write(&there, Passwords::GoAlong, BufWriter::new(File::create(&second).unwrap())).await.unwrap();
    assert!(same(&first, &second), "the second export differs from the first");
    println!("the second export is the first, byte for byte");

    let (began, file) = (begin(), at("desk.backup"));
    let made = make(&there, Settings::default(), &file, Existing::Stays, Clock::System.now()).await.unwrap();
    told(&format!("backed up ({} MB)", made.size / 1_000_000), messages, began);
    let began = begin();
    std::fs::create_dir(at("scratch")).unwrap();
    let unpacked = check::unpack(&file, &at("scratch")).unwrap();
    let checked = unpacked.check(&file).await.unwrap();
    assert!(checked.findings.is_empty(), "{:#?}", checked.findings);
    told("backup verified", messages, began);
}

/// From here on the peak of memory is counted anew (proc(5), clear_refs).
fn begin() -> Instant {
    std::fs::write("/proc/self/clear_refs", "5").ok();
    Instant::now()
}

fn told(what: &str, messages: usize, began: Instant) {
    let took = began.elapsed().as_secs_f64();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find(|it| it.starts_with("VmHWM")).unwrap().split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024;
    println!("{what}: {messages} messages in {took:.1} s, {:.0} a second, {peak} MiB at the peak", messages as f64 / took);
}

fn same(one: &Path, other: &Path) -> bool {
    let mut both = [one, other].map(|it| BufReader::new(File::open(it).unwrap()).bytes());
    let [one, other] = &mut both;
    loop {
        match (one.next(), other.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) if a.as_ref().unwrap() == b.as_ref().unwrap() => {}
            _ => return false,
        }
    }
}

async fn store(folder: &Path) -> Store {
    std::fs::create_dir_all(folder).unwrap();
    Store::open(&format!("sqlite:{}", folder.join("desk.db").display()), folder, Opener::Daemon).await.unwrap()
}

async fn desk(folder: &Path, url: Option<String>) -> (Desk, MailboxId) {
    let store = match url {
        Some(url) => Store::open(&url, folder, Opener::Daemon).await.unwrap(),
        None => store(folder).await,
    };
    let settings = MailboxSettings::new("support", ADDRESS.parse().unwrap(), "Support");
    let mut tx = store.begin().await.unwrap();
    let mailbox = mailboxes::ensure(&mut tx, "support", &settings.address).await.unwrap();
    tx.commit().await.unwrap();
    let desk = Desk {
        store,
        clock: Clock::System,
        settings: maildesk::desk::present::Present::new(DeskSettings::default()),
        mailboxes: maildesk::desk::present::Present::new(Mailboxes::new(vec![(mailbox, settings)])),
        keys: Keys::from_root(&[7; 32]),
        url: PublicUrl::parse("http://127.0.0.1:8025").unwrap(),
        templates: Arc::new(Templates::new()),
        outbox_grew: Arc::new(tokio::sync::watch::channel(0).0),
        health: Default::default(),
        tokens_moved: Arc::new(tokio::sync::watch::channel(0).0),
    };
    (desk, mailbox)
}
