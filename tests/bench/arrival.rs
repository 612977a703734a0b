//! How long after a mail server tells of new mail the ticket is on a panel that is open: the daemon in this process, a real
//! connection that follows the list, one mail at a time.
//!
//!     cargo bench --bench arrival            our own mail server, which tells at once, and Dovecot, which waits half a second
//!     cargo bench --bench arrival -- 500     with so many mails (100)
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    time::{Duration, Instant},
};

use maildesk::{
    actions::sign_in::{NewSession, sign_in},
    app::App,
    auth::session::{Claims, Sessions},
    clock::Clock,
    config::Config,
    demo::world::{World, WorldOptions},
    desk::person::Role,
    store::people::{self, NewPerson},
};

#[allow(dead_code)]
#[path = "../support/dovecot.rs"]
mod dovecot;
#[allow(dead_code)]
#[path = "../support/house_ca.rs"]
mod house_ca;

use dovecot::Dovecot;

const SUPPORT: &str = "support@desk.test";

/// Longer than what a page waits to tell a flood of mail together.
const PAUSE: Duration = Duration::from_millis(400);

#[tokio::main]
async fn main() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let mails = std::env::args().skip(1).find_map(|it| it.parse().ok()).unwrap_or(100);
    let world = World::start(WorldOptions::default()).await.unwrap();
    world.add_account(SUPPORT, "secret");
    let at_once = measure(&world, world.imap_addr(), mails, |n| {
        world.deliver(SUPPORT, message(n).as_bytes());
    });
    told("from IDLE's notification to an open list", at_once.await);
    let server = Dovecot::start(&[(SUPPORT, "secret")]);
    let delivered =
        measure(&world, SocketAddr::from(([127, 0, 0, 1], server.imap_port)), mails, |n| server.deliver(SUPPORT, message(n).as_bytes()));
    told("from delivery into Dovecot to an open list", delivered.await);
}

fn told(what: &str, mut took: Vec<Duration>) {
    took.sort();
    let at = |share: f64| took[((took.len() - 1) as f64 * share).round() as usize].as_secs_f64() * 1e3;
    println!("{what}: median {:.0} ms, 99th percentile {:.0} ms, longest {:.0} ms ({} mails)", at(0.5), at(0.99), at(1.0), took.len());
}

fn message(n: usize) -> String {
    format!(
        "From: Customer {n} <customer{n}@home.test>\r\nTo: {SUPPORT}\r\nSubject: Question {n}.\r\nMessage-ID: <{n}@home.test>\r\n\r\n\
         What now?\r\n"
    )
}

async fn measure(world: &World, imap: SocketAddr, mails: usize, deliver: impl Fn(usize)) -> Vec<Duration> {
    let folder = tempfile::tempdir_in(".").unwrap();
    configure(folder.path(), imap, world.smtp_addr());
    let config = Config::load(&folder.path().join("maildesk.toml")).unwrap();
    let app = App::start(&config, Clock::System).await.unwrap();
    let cookie = cookie(&app).await;
    let events = follow(app.address, &cookie);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut took = Vec::new();
    for n in 0..mails {
        let began = Instant::now();
        deliver(n);
        let told = tokio::task::block_in_place(|| events.recv_timeout(Duration::from_secs(20)).unwrap());
        took.push(told - began);
        tokio::time::sleep(PAUSE).await;
    }
    app.stop().await;
    took
}

fn configure(folder: &Path, imap: SocketAddr, smtp: SocketAddr) {
    let (imap, smtp) = (imap.port(), smtp.port());
    let configuration = format!(
        "listen = \"127.0.0.1:0\"\npublic_url = \"http://127.0.0.1:8025\"\ndata_dir = \"data\"\nlog_level = \"warn\"\n\n\
         [desk]\nmax_new_per_hour = 100000\n\n[[mailbox]]\nname = \"support\"\naddress = \"{SUPPORT}\"\nreceipt = \"never\"\n\n\
         [mailbox.imap]\nhost = \"127.0.0.1\"\nport = {imap}\ntls = \"none\"\nuser = \"{SUPPORT}\"\npassword = \"secret\"\n\n\
         [mailbox.smtp]\nhost = \"127.0.0.1\"\nport = {smtp}\ntls = \"none\"\n"
    );
    fs::write(folder.join("maildesk.toml"), configuration).unwrap();
}

/// What a browser of an admin would send.
async fn cookie(app: &App) -> String {
    let now = app.desk.clock.now();
    let mut tx = app.desk.store.begin().await.unwrap();
    let new = NewPerson { role: Role::Admin, name: "Ada", email: &"ada@desk.test".parse().unwrap(), password_hash: None, at: now };
    let person = people::insert(&mut tx, &new).await.unwrap();
    tx.commit().await.unwrap();
    let new = NewSession { agent: "bench".to_owned(), address: "127.0.0.1".parse().unwrap() };
    let started = sign_in(&app.desk, person, new).await.unwrap();
    let sessions = Sessions::new(&app.desk.keys, &app.desk.url);
    let claims = Claims { person, session: started.id, epoch: started.epoch, expires_at: started.expires_at };
    format!("{}={}", sessions.cookie_name(), sessions.seal(&claims, now).unwrap())
}

/// When each piece of news about the list's rows came.
fn follow(address: SocketAddr, cookie: &str) -> std::sync::mpsc::Receiver<Instant> {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET /events?list=/tickets%3Fview%3Dunassigned HTTP/1.1\r\nHost: 127.0.0.1:8025\r\nCookie: {cookie}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            let Ok(line) = line else { return };
            if line == "event: rows" && tell.send(Instant::now()).is_err() {
                return;
            }
        }
    });
    told
}
