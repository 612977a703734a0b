//! Many ways in which an IMAP server can misbehave, all at once on one daemon: it lives, its memory stays bounded, the mailbox of a
//! server that is well is read all the while, and each of the others once its server is well again.

mod server;
mod ways;

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use maildesk::{
    demo::world::{World, WorldOptions},
    desk::{
        id::MailboxId,
        mailbox::{ImapAccount, MailServer, Tls},
        settings::{DeskSettings, TakeExisting},
    },
    mail::imap::ImapLimits,
    store::mailboxes,
    workers::{
        instance::Instance,
        intake::{self, Watched},
    },
};
use tokio_util::sync::CancellationToken;

use self::{
    server::{Houses, Server},
    ways::{WAYS, Way},
};
use crate::{
    rows::Rows,
    test_desk::{TestDesk, mail},
};

/// Until each has misbehaved twice and is read again, however slow this machine is.
const PATIENCE: Duration = Duration::from_secs(120);
/// Much more than all of them need.
const MOST_MEMORY: u64 = 300 * 1024 * 1024;
const WELL: &str = "well@desk.test";

fn watched(mailbox: MailboxId, name: &str, user: &str, server: MailServer) -> Watched {
    let limits = ImapLimits {
        connect: Duration::from_millis(1500),
        answer: Duration::from_millis(1500),
        idle: Duration::from_secs(2),
        largest_message: 100_000,
        ..ImapLimits::default()
    };
    let done_folder = Some("Done".to_owned());
    let account = ImapAccount { server, user: user.to_owned(), sign_in: "secret".into(), folder: "INBOX".to_owned(), done_folder };
    let (name, poll_every) = (name.to_owned(), Duration::from_secs(1));
    Watched { mailbox, name, account, poll_every, take_existing: TakeExisting::All, limits }
}

async fn row(desk: &TestDesk, name: &str) -> MailboxId {
    let mut tx = desk.desk.store.begin().await.unwrap();
    let id = mailboxes::ensure(&mut tx, name, &"any@desk.test".parse().unwrap()).await.unwrap();
    tx.commit().await.unwrap();
    id
}

/// The highest that this process ever held, in bytes.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|it| it.strip_prefix("VmHWM:")).unwrap();
    line.trim().split(' ').next().unwrap().parse::<u64>().unwrap() * 1024
}

fn server_of(way: &Way, server: &Server, ca_file: &Path) -> MailServer {
    let ca_file = (way.tls != Tls::None).then(|| ca_file.to_owned());
    MailServer { host: server.addr.ip().to_string(), port: server.addr.port(), tls: way.tls, ca_file }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_of_misbehaving_leaves_the_daemon_alive_and_the_others_served() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let many = maildesk::desk::settings::Budgets { new_per_sender_hour: u32::MAX, ..Default::default() };
    let desk = TestDesk::with(DeskSettings { budgets: many, ..DeskSettings::default() }, |_| ()).await;
    desk.mail_does_not_matter();
    let before = memory();
    let instance = Instance::begin(&desk.desk, "here").await.unwrap();
    let (stop, running) = (CancellationToken::new(), Arc::new(desk.desk.clone()));
    let houses = Arc::new(Houses::new());
    let (mut servers, mut tasks) = (Vec::new(), Vec::new());
    for (n, way) in WAYS.iter().enumerate() {
        let server = Server::start(way, n, houses.clone()).await;
        let id = row(&desk, way.name).await;
        let watched = watched(id, way.name, "any@desk.test", server_of(way, &server, &houses.both));
        tasks.push(tokio::spawn(intake::run(running.clone(), instance.clone(), watched, stop.clone())));
        servers.push((id, server));
    }

    // One that is well beside them is read at once, whatever they do.
    let world = World::start(WorldOptions::default()).await.unwrap();
    world.add_account(WELL, "secret");
    let addr = world.imap_addr();
    let server = MailServer { host: addr.ip().to_string(), port: addr.port(), tls: Tls::None, ca_file: None };
    let well = row(&desk, "well").await;
    tasks.push(tokio::spawn(intake::run(running.clone(), instance.clone(), watched(well, "well", WELL, server), stop.clone())));
    let mut longest = Duration::ZERO;
    for n in 1..=20 {
        let subject = format!("well {n}");
        world.deliver(WELL, mail(&format!("w{n}@home.test"), &subject, &[], "x").replace('\n', "\r\n").as_bytes());
        let began = Instant::now();
        world.wait_for(WELL, "Done", Duration::from_secs(10), |it| it.len() == n).await.unwrap();
        longest = longest.max(began.elapsed());
    }

    let rows = Rows::of(&desk.url).await;
    let began = Instant::now();
    loop {
        let mut left = Vec::new();
        for (way, (id, server)) in WAYS.iter().zip(&servers) {
            let taken = rows.count(&format!("select count(*) from messages where mailbox = {id}")).await;
            let read = rows.count(&format!("select count(*) from mailboxes where id = {id} and error is null and checked_at > 0")).await;
            if server.struck() == 0 || taken != 1 || read != 1 {
                left.push((way.name, server.struck(), taken, read));
            }
        }
        if left.is_empty() {
            break;
        }
        assert!(began.elapsed() < PATIENCE, "misbehaved so often, taken in, read: {left:#?}");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    assert!(tasks.iter().all(|it| !it.is_finished()), "each is still watched");
    let grown = memory() - before;
    println!("{} ways; the mailbox beside them took {longest:?} at the longest; {} MiB more than before", WAYS.len(), grown / 1024 / 1024);
    assert!(grown < MOST_MEMORY, "{grown} octets");
    let n = i64::try_from(WAYS.len()).unwrap();
    assert_eq!(rows.count("select count(*) from messages").await, n + 20, "each once");
    assert_eq!(rows.count("select count(*) from tickets").await, n + 20);
    stop.cancel();
    for task in tasks {
        task.await.unwrap();
    }
}
