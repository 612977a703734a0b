//! How fast and at what cost mail is taken in, against the plainest thing that could do it: a pipelined fetch, a parse, and one
//! durable SQLite transaction for each message. Both read the same Dovecot mailbox in turn, in one run; ratios of medians.
//!
//!     cargo bench --bench intake                   rate and processor time, 1,000 messages of some 5 KB
//!     cargo bench --bench intake -- memory 500 100 peak memory with 500 messages of 100 KB (run again with another number)
//!     cargo bench --bench intake -- large 50       peak memory with one message of 50 MB
//!     cargo bench --bench intake -- slow           intake beside a mail server that answers after 5 s, and beside none
#![allow(clippy::unwrap_used)]

use std::{
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use maildesk::{
    actions::{Desk, Mailboxes},
    auth::keys::Keys,
    clock::Clock,
    demo::world::{World, WorldOptions},
    desk::{
        id::MailboxId,
        mailbox::{ImapAccount, MailServer, SmtpAccount, Tls},
        person::Role,
        public_url::PublicUrl,
        settings::{Budgets, DeskSettings, FirstConnection, MailboxSettings, TakeExisting},
    },
    mail::{
        imap::{ImapLimits, Session, Short},
        smtp::SmtpPool,
    },
    store::{
        Opener, Store, mailboxes,
        people::{self, NewPerson},
    },
    templates::Templates,
    workers::{
        caution::Caution,
        instance::Instance,
        intake::{Watch, Watched},
        lease::Lease,
        sender::{self, Lane, LaneBounds},
    },
};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio_util::sync::CancellationToken;

#[allow(dead_code)]
#[path = "../support/dovecot.rs"]
mod dovecot;
#[allow(dead_code)]
#[path = "../support/house_ca.rs"]
mod house_ca;

use dovecot::Dovecot;

const ROUNDS: usize = 5;
const USER: &str = "support@desk.test";

#[tokio::main]
async fn main() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let arguments: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    let number = |at: usize, default: usize| arguments.get(at).and_then(|it| it.parse().ok()).unwrap_or(default);
    match arguments.first().map(String::as_str) {
        Some("memory") => memory(number(1, 500), number(2, 100) * 1024).await,
        Some("large") => memory(1, number(1, 50) * 1000 * 1000).await,
        Some("slow") => slow(number(1, 500)).await,
        _ => rate(number(0, 1000)).await,
    }
}

async fn rate(messages: usize) {
    let server = Dovecot::start(&[(USER, "secret")]);
    for n in 0..messages {
        server.deliver(USER, message(n, 4500).as_bytes());
    }
    let account = account(&server);
    let (mut plain, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        plain.push(measured(plain_round(&account, messages)).await);
        ours.push(measured(our_round(&account, messages)).await);
    }
    let (plain_wall, plain_cpu) = medians(&plain);
    let (our_wall, our_cpu) = medians(&ours);
    let per_second = |wall: f64| messages as f64 / wall;
    println!(
        "plain fetch, parse, one transaction each: {:.0} messages/s, {:.2} ms processor time each",
        per_second(plain_wall),
        plain_cpu * 1e3 / messages as f64
    );
    println!(
        "maildesk to tickets and queued notices:   {:.0} messages/s, {:.2} ms processor time each",
        per_second(our_wall),
        our_cpu * 1e3 / messages as f64
    );
    println!(
        "rate: {:.2} of the plain one (at least 0.5); processor time: {:.2} times (at most 4)",
        plain_wall / our_wall,
        our_cpu / plain_cpu
    );
}

/// The rate of intake while receipts leave by no server, by one that answers at once, and by one that answers after 5 s.
async fn slow(messages: usize) {
    let server = Dovecot::start(&[(USER, "secret")]);
    for n in 0..messages {
        server.deliver(USER, message(n, 4500).as_bytes());
    }
    let account = account(&server);
    let world = World::start(WorldOptions::default()).await.unwrap();
    let mut took: [Vec<(f64, f64)>; 3] = Default::default();
    for _ in 0..ROUNDS {
        for (of, answers_after) in [None, Some(0), Some(5)].into_iter().enumerate() {
            world.misbehave(|it| it.smtp_answers_after = Duration::from_secs(answers_after.unwrap_or(0)));
            let leaves_by = answers_after.map(|_| world.smtp_addr());
            took[of].push(measured(round_beside(&account, messages, leaves_by)).await);
        }
    }
    let [none, prompt, slow] = took.map(|it| medians(&it).0);
    let per_second = |wall: f64| messages as f64 / wall;
    println!("intake with no mail leaving:                  {:.0} messages/s", per_second(none));
    println!("beside a mail server that answers at once:    {:.0} messages/s", per_second(prompt));
    println!("beside a mail server that answers after 5 s:  {:.0} messages/s", per_second(slow));
    println!("the slow one takes {:+.1} % of the time of none (at most 10)", (slow / none - 1.0) * 100.0);
}

async fn memory(messages: usize, size: usize) {
    let server = Dovecot::start(&[(USER, "secret")]);
    for n in 0..messages {
        server.deliver(USER, message(n, size).as_bytes());
    }
    our_round(&account(&server), messages).await;
    let peak = std::fs::read_to_string("/proc/self/status").unwrap().lines().find(|it| it.starts_with("VmHWM")).unwrap().to_owned();
    println!("{messages} messages of {} KB: {peak}", size / 1000);
}

/// Seconds on the wall and of the processor.
async fn measured(round: impl Future<Output = ()>) -> (f64, f64) {
    let (began, before) = (Instant::now(), processor_time());
    round.await;
    (began.elapsed().as_secs_f64(), processor_time() - before)
}

fn medians(of: &[(f64, f64)]) -> (f64, f64) {
    let median = |mut all: Vec<f64>| {
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    (median(of.iter().map(|it| it.0).collect()), median(of.iter().map(|it| it.1).collect()))
}

/// User and system time of this process: fields 14 and 15 of proc(5) stat, in hundredths of a second.
fn processor_time() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

async fn plain_round(account: &ImapAccount, messages: usize) {
    let folder = tempfile::tempdir_in(".").unwrap();
    let options = SqliteConnectOptions::new().filename(folder.path().join("plain.db")).create_if_missing(true);
    let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    sqlx::raw_sql("create table m (id integer primary key, sender text, subject text, raw blob)").execute(&pool).await.unwrap();
    let mut session = Session::open(account, ImapLimits::default()).await.unwrap();
    let listed = session.list_from(1).await.unwrap();
    let mut fetching = session.fetch(&listed, Short::IsTaken);
    let mut n = 0;
    while let Some(batch) = fetching.next_batch().await.unwrap() {
        for it in &batch.messages {
            let parsed = mail_parser::MessageParser::default().parse(&*it.octets).unwrap();
            let sender = parsed.from().and_then(|it| it.first()).and_then(|it| it.address()).unwrap_or_default().to_owned();
            let subject = parsed.subject().unwrap_or_default().to_owned();
            let mut tx = pool.begin().await.unwrap();
            let insert =
                sqlx::query("insert into m (sender, subject, raw) values ($1, $2, $3)").bind(sender).bind(subject).bind(&*it.octets);
            insert.execute(&mut *tx).await.unwrap();
            tx.commit().await.unwrap();
            n += 1;
        }
    }
    assert_eq!(n, messages);
}

async fn our_round(account: &ImapAccount, messages: usize) {
    round_beside(account, messages, None).await;
}

/// Takes in the whole folder, with a lane that hands over what is due meanwhile. Only the intake is waited for.
async fn round_beside(account: &ImapAccount, messages: usize, leaves_by: Option<SocketAddr>) {
    let folder = tempfile::tempdir_in(".").unwrap();
    let (desk, watched) = desk(folder.path(), account).await;
    let (stop, mut caution) = (CancellationToken::new(), Caution::default());
    let lane = leaves_by.map(|to| tokio::spawn(sender::run(Arc::new(desk.clone()), lane(watched.mailbox, to), stop.clone())));
    let instance = Instance::begin(&desk, "bench").await.unwrap();
    let lease = Lease::take(&desk, &instance, watched.mailbox).await.unwrap().unwrap();
    let mut watch = Watch::open(&desk, &watched, &lease, &mut caution, &stop).await.unwrap();
    let step = watch.full_step().await.unwrap();
    assert_eq!(step.taken, messages);
    drop(watch);
    if let Some(lane) = lane {
        lane.abort();
        lane.await.ok();
    }
    desk.store.close().await;
}

fn lane(mailbox: MailboxId, to: SocketAddr) -> Lane {
    let server = MailServer { host: to.ip().to_string(), port: to.port(), tls: Tls::None, ca_file: None };
    let pool = SmtpPool::new(SmtpAccount { server, sign_in: None, connections: 2 });
    Lane::new(mailbox, USER.parse().unwrap(), pool, LaneBounds { connections: 2, per_minute: u32::MAX }, "bench")
}

async fn desk(folder: &Path, account: &ImapAccount) -> (Desk, Watched) {
    let store = Store::open(&format!("sqlite:{}", folder.join("desk.db").display()), folder, Opener::Daemon).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let settings = support();
    let mailbox = mailboxes::ensure(&mut tx, "support", &settings.address).await.unwrap();
    let email = "hal@desk.test".parse().unwrap();
    let hal = NewPerson { role: Role::Helper, name: "Hal", email: &email, password_hash: Some("none"), at: Clock::System.now() };
    people::insert(&mut tx, &hal).await.unwrap();
    tx.commit().await.unwrap();
    let wide =
        Budgets { automatic_per_hour: u32::MAX, automatic_per_domain_hour: u32::MAX, new_per_sender_hour: u32::MAX, ..Budgets::default() };
    let desk = Desk {
        store,
        clock: Clock::System,
        settings: maildesk::desk::present::Present::new(DeskSettings {
            budgets: wide,
            max_message_bytes: 100_000_000,
            ..DeskSettings::default()
        }),
        mailboxes: maildesk::desk::present::Present::new(Mailboxes::new(vec![(mailbox, settings)])),
        keys: Keys::from_root(&[7; 32]),
        url: PublicUrl::parse("http://127.0.0.1:8025").unwrap(),
        templates: Arc::new(Templates::new()),
        outbox_grew: Arc::new(tokio::sync::watch::channel(0).0),
        health: Default::default(),
        tokens_moved: Arc::new(tokio::sync::watch::channel(0).0),
    };
    let watched = Watched {
        mailbox,
        name: "support".to_owned(),
        account: account.clone(),
        poll_every: Duration::from_secs(60),
        take_existing: TakeExisting::All,
        limits: ImapLimits::default(),
    };
    (desk, watched)
}

fn account(server: &Dovecot) -> ImapAccount {
    let server =
        MailServer { host: "localhost".to_owned(), port: server.imaps_port, tls: Tls::Implicit, ca_file: Some(server.house.ca_file()) };
    ImapAccount { server, user: USER.to_owned(), sign_in: "secret".into(), folder: "INBOX".to_owned(), done_folder: None }
}

fn support() -> MailboxSettings {
    let plain = MailboxSettings::new("support", USER.parse().unwrap(), "Support");
    MailboxSettings { first_connection: FirstConnection::Take, ..plain }
}

/// A mail as many programs write it: text and HTML, some with an attachment, from one of 200 people; about `size` bytes.
fn message(n: usize, size: usize) -> String {
    let sentence =
        format!("Since the update of {n} the station shows as offline although its light is green, and nothing I try brings it back. ");
    let half = size / 2 - 400;
    let text: String = sentence.chars().cycle().take(half.min(40_000)).collect::<String>().replace(". ", ".\r\n");
    let html = text.replace("\r\n", "<br>\r\n");
    let file: String = "TWFpbCBpcyBhIGxldHRlci4gTWFpbCBpcyBhIGxldHRlci4gTWFpbCBpcyBhIGxldHRlci4h\r\n"
        .chars()
        .cycle()
        .take(size.saturating_sub(2 * text.len() + 800))
        .collect();
    let attachment = if file.is_empty() {
        String::new()
    } else {
        format!(
            "--o\r\nContent-Type: application/octet-stream; name=\"log-{n}.bin\"\r\nContent-Disposition: attachment; filename=\"log-{n}.bin\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{file}\r\n"
        )
    };
    format!(
        "Return-Path: <c{from}@home.test>\r\nReceived: from mx.home.test by mx.desk.test; Mon, 2 Nov 2026 10:00:00 +0100\r\nFrom: Customer {from} <c{from}@home.test>\r\nTo: {USER}\r\nSubject: Station {n} is offline\r\nDate: Mon, 2 Nov 2026 10:00:00 +0100\r\nMessage-ID: <{n}@home.test>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n--i\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n--i\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body><p>{html}</p></body></html>\r\n--i--\r\n{attachment}--o--\r\n",
        from = n % 200
    )
}
