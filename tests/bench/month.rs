//! A month of mail, 30,000 messages: taken in, exported, read into an empty desk, exported again, and compared; then backed up, looked at
//! and brought back. Says how fast and with how much memory.
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
    actions::{Desk, Mailboxes},
    auth::keys::Keys,
    clock::Clock,
    desk::{
        id::MailboxId,
        public_url::PublicUrl,
        settings::{Budgets, DeskSettings, MailboxSettings},
    },
    store::{
        Opener, Store,
        backup::{
            check,
            make::{Existing, Settings, make},
        },
        export::{self, Passwords},
        mailboxes,
        messages::Taken,
    },
    templates::Templates,
    workers::take_in::{Arrival, take_in},
};

const ADDRESS: &str = "support@desk.test";

#[tokio::main]
async fn main() {
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|it| it.parse().ok()).collect();
    let (messages, size) = (numbers.first().copied().unwrap_or(30_000), numbers.get(1).copied().unwrap_or(5) * 1000);
    let folder = tempfile::tempdir_in(".").unwrap();
    let at = |name: &str| folder.path().join(name);

    let began = Instant::now();
    let (desk, mailbox) = desk(&at("one")).await;
    fill(&desk, mailbox, messages, size).await;
    told("taken in", messages, began);
    let began = begin();
    let first = at("first.jsonl");
    export::write(&desk.store, Passwords::GoAlong, BufWriter::new(File::create(&first).unwrap())).await.unwrap();
    told(&format!("exported ({} MB)", first.metadata().unwrap().len() / 1_000_000), messages, began);
    let began = begin();
    let there = store(&at("two")).await;
    export::read(&there, BufReader::new(File::open(&first).unwrap()), "held back", |_| ()).await.unwrap();
    told("imported", messages, began);
    let second = at("second.jsonl");
    export::write(&there, Passwords::GoAlong, BufWriter::new(File::create(&second).unwrap())).await.unwrap();
    assert!(same(&first, &second), "the second export differs from the first");
    println!("the second export is the first, byte for byte");

    let (began, file) = (begin(), at("desk.backup"));
    let made = make(&desk.store, Settings::default(), &file, Existing::Stays, Clock::System.now()).await.unwrap();
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

async fn desk(folder: &Path) -> (Desk, MailboxId) {
    let store = store(folder).await;
    let settings = MailboxSettings::new("support", ADDRESS.parse().unwrap(), "Support");
    let mut tx = store.begin().await.unwrap();
    let mailbox = mailboxes::ensure(&mut tx, "support", &settings.address).await.unwrap();
    tx.commit().await.unwrap();
    let wide =
        Budgets { automatic_per_hour: u32::MAX, automatic_per_domain_hour: u32::MAX, new_per_sender_hour: u32::MAX, ..Budgets::default() };
    let desk = Desk {
        store,
        clock: Clock::System,
        settings: Arc::new(DeskSettings { budgets: wide, ..DeskSettings::default() }),
        mailboxes: Arc::new(Mailboxes::new(vec![(mailbox, settings)])),
        keys: Keys::from_root(&[7; 32]),
        url: PublicUrl::parse("http://127.0.0.1:8025").unwrap(),
        templates: Arc::new(Templates::new()),
        outbox_grew: Arc::new(tokio::sync::watch::channel(0).0),
        health: Default::default(),
        tokens_moved: Arc::new(tokio::sync::watch::channel(0).0),
    };
    (desk, mailbox)
}

async fn fill(desk: &Desk, mailbox: MailboxId, messages: usize, size: usize) {
    let received_at = Clock::System.now();
    for first in (0..messages).step_by(100) {
        let batch: Vec<String> = (first..(first + 100).min(messages)).map(|n| message(n, size)).collect();
        let arrivals: Vec<Arrival<'_>> = batch
            .iter()
            .map(|it| Arrival { place: None, received_at, size: it.len() as u64, taken: Taken::Whole, octets: it.as_bytes() })
            .collect();
        take_in(desk, mailbox, &arrivals).await.unwrap();
    }
}

/// Every fourth opens a ticket, the others answer it; of about `size` bytes, and every hundredth with a file of 300 KB.
fn message(n: usize, size: usize) -> String {
    let (ticket, nth) = (n / 4, n % 4);
    let answers = if nth == 0 { String::new() } else { format!("In-Reply-To: <{ticket}.0@home.test>\r\n") };
    let line = format!("Since the update of {n} the station shows as offline although its light is green.\r\n");
    let text = line.repeat((size / line.len()).max(1));
    let file = if n.is_multiple_of(100) { format!("{n:06}MailIsALetter").repeat(15_000) } else { String::new() };
    format!(
        "From: Customer {from} <c{from}@home.test>\r\nTo: {ADDRESS}\r\nSubject: Station {ticket} is offline\r\nDate: Mon, 2 Nov 2026 10:00:00 +0100\r\n\
         Message-ID: <{ticket}.{nth}@home.test>\r\n{answers}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n--o\r\nContent-Type: application/octet-stream; name=log.bin\r\n\
         Content-Disposition: attachment; filename=log-{n}.bin\r\n\r\n{file}{n}\r\n--o--\r\n",
        from = ticket % 3000
    )
}
