//! How fast mail leaves: finished mail in a durable outbox (SQLite, synced at each commit) to an SMTP server in this process, against
//! the bare hand-over of the same mail over as many connections, with nothing read and nothing recorded. In one run, in turn; medians.
//!
//!     cargo bench --bench sender             2,000 messages of 5 KB over eight connections
//!     cargo bench --bench sender -- 500 2    so many, over so many connections
#![allow(clippy::unwrap_used)]

use std::{sync::Arc, time::Instant};

use maildesk::{
    actions::{Desk, Mailboxes},
    auth::keys::Keys,
    clock::Clock,
    demo::world::{World, WorldOptions},
    desk::{
        address::EmailAddress,
        delivery::HandOver,
        id::MailboxId,
        mailbox::{MailServer, SmtpAccount, Tls},
        public_url::PublicUrl,
        settings::{DeskSettings, MailboxSettings},
    },
    mail::smtp::SmtpPool,
    store::{
        Opener, Store, health, mailboxes,
        outbox::{self, Automatic, NewMail, Recipient},
    },
    templates::Templates,
    workers::sender::{self, Lane, LaneBounds},
};
use tokio_util::sync::CancellationToken;

const ROUNDS: usize = 5;
const USER: &str = "support@desk.test";

#[tokio::main]
async fn main() {
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|it| it.parse().ok()).collect();
    let messages = numbers.first().copied().unwrap_or(2000);
    let connections = numbers.get(1).copied().unwrap_or(8);
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        bare.push(bare_round(messages, connections).await);
        ours.push(our_round(messages, connections).await);
    }
    let median = |all: &mut Vec<f64>| {
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let (bare, ours) = (median(&mut bare), median(&mut ours));
    let per_second = |wall: f64| messages as f64 / wall;
    println!("bare hand-over, {connections} connections, nothing kept:     {:.0} messages/s", per_second(bare));
    println!("maildesk, each leased, read, sent and recorded: {:.0} messages/s (at least 200)", per_second(ours));
    println!("rate: {:.2} of the bare one", bare / ours);
}

async fn bare_round(messages: usize, connections: usize) -> f64 {
    let world = World::start(WorldOptions::default()).await.unwrap();
    let pool = pool(&world, connections);
    let began = Instant::now();
    let loops: Vec<_> = (0..connections)
        .map(|first| {
            let pool = pool.clone();
            tokio::spawn(async move {
                let from: EmailAddress = USER.parse().unwrap();
                for n in (first..messages).step_by(connections) {
                    let answer = pool.hand_over(Some(&from), &to(n).parse().unwrap(), mail(n).as_bytes()).await;
                    assert!(matches!(answer, HandOver::Accepted { .. }), "{answer:?}");
                }
            })
        })
        .collect();
    for one in loops {
        one.await.unwrap();
    }
    let wall = began.elapsed().as_secs_f64();
    world.stop().await;
    wall
}

fn pool(world: &World, connections: usize) -> SmtpPool {
    let at = world.smtp_addr();
    let server = MailServer { host: at.ip().to_string(), port: at.port(), tls: Tls::None, ca_file: None };
    SmtpPool::new(SmtpAccount { server, sign_in: None, connections })
}

async fn our_round(messages: usize, connections: usize) -> f64 {
    let world = World::start(WorldOptions::default()).await.unwrap();
    let folder = tempfile::tempdir_in(".").unwrap();
    let (desk, mailbox) = desk(folder.path()).await;
    owe(&desk, mailbox, messages).await;
    let lane =
        Lane::new(mailbox, USER.parse().unwrap(), pool(&world, connections), LaneBounds { connections, per_minute: u32::MAX }, "bench");
    let (stop, epoch) = (CancellationToken::new(), jiff::Timestamp::UNIX_EPOCH);
    let began = Instant::now();
    let running = tokio::spawn(sender::run(Arc::new(desk.clone()), lane, stop.clone()));
    while health::flow(&mut desk.store.read().await.unwrap(), epoch, epoch).await.unwrap().waiting > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let wall = began.elapsed().as_secs_f64();
    stop.cancel();
    running.await.unwrap();
    let sent = health::flow(&mut desk.store.read().await.unwrap(), epoch, epoch).await.unwrap().sent_today;
    assert_eq!(usize::try_from(sent).unwrap(), messages);
    desk.store.close().await;
    world.stop().await;
    wall
}

async fn owe(desk: &Desk, mailbox: MailboxId, messages: usize) {
    let (now, from): (_, EmailAddress) = (desk.clock.now(), USER.parse().unwrap());
    let mut tx = desk.store.begin().await.unwrap();
    for n in 0..messages {
        let (id, raw) = (format!("{n}@desk.test"), mail(n));
        let sha256 = desk.store.blobs().put_later(&mut tx, raw.as_bytes(), now).await.unwrap();
        let new = NewMail {
            mailbox,
            kind: "reply",
            ticket: None,
            comment: None,
            author: None,
            message_id: &id,
            envelope_from: Some(&from),
            sha256: &sha256,
            subject: "Your request",
            automatic: Automatic::No,
            leaves: outbox::Leaves::Yes,
        };
        outbox::insert(&mut tx, &new, &[Recipient { address: to(n).parse().unwrap(), person: None }], now, now);
    }
    tx.commit().await.unwrap();
}

async fn desk(folder: &std::path::Path) -> (Desk, MailboxId) {
    let store = Store::open(&format!("sqlite:{}", folder.join("desk.db").display()), folder, Opener::Daemon).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let settings = MailboxSettings::new("support", USER.parse().unwrap(), "Support");
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

/// Customers of 40 domains.
fn to(n: usize) -> String {
    format!("c{n}@home{}.test", n % 40)
}

fn mail(n: usize) -> String {
    let text = "Thank you for writing. We have looked into it, and this is what we found out about your station. ".repeat(45);
    let lines: Vec<String> = text.as_bytes().chunks(72).map(|it| String::from_utf8_lossy(it).into_owned()).collect();
    format!(
        "From: Support <{USER}>\r\nTo: {}\r\nSubject: [#{n}] Your request\r\nMessage-ID: <{n}@desk.test>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{}\r\n",
        to(n),
        lines.join("\r\n")
    )
}
