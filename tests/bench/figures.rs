//! The panel's figures on a desk of many tickets: how long each page takes the server, and how many it answers in a second.
//!
//! The desk is seeded once and kept below `target/tmp`, under the hash of the schema and of the seed.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{Router, extract::State, http::Method, response::Html, routing::get};
use jiff::Timestamp;
use maildesk::{
    actions::Desk,
    desk::{
        id::{MailboxId, PersonId},
        period::Period,
    },
    panel::{Panel, router},
    store::{
        analytics::{self, Picked},
        blobs::ContentHash,
        messages::Taken,
    },
    workers::take_in::{Arrival, take_in},
};
use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

use super::{
    browser::Browser,
    many_tickets::{ADA, HAL, database, long_conversations, seed},
    open,
};

const ROUNDS: usize = 400;
const WARM_UP: usize = 20;
/// Tickets with fifty comments.
const LONG: i64 = 50;

const CONNECTIONS: usize = 16;
const SPELLS: usize = 5;
const SPELL: Duration = Duration::from_secs(3);

/// Where a desk of so many tickets lies, seeded where it is not yet, and the moment it was seeded for.
pub async fn kept(tickets: i64) -> (PathBuf, Timestamp) {
    let mut all = include_str!("many_tickets.rs").to_owned();
    let mut migrations: Vec<PathBuf> = fs::read_dir("migrations/sqlite").unwrap().map(|it| it.unwrap().path()).collect();
    migrations.sort();
    migrations.iter().for_each(|it| all.push_str(&fs::read_to_string(it).unwrap()));
    let hash = ContentHash::of(all.as_bytes());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("desk-{tickets}-{}", &hash.as_str()[..12]));
    let seeded = folder.join("seeded");
    if let Ok(at) = fs::read_to_string(&seeded) {
        return (folder, at.parse().unwrap());
    }
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let (now, began) = (Timestamp::now(), Instant::now());
    seed(&folder, tickets, now).await;
    long_conversations(&folder, LONG).await;
    fs::write(seeded, now.to_string()).unwrap();
    println!("{tickets} tickets written in {:.0} s", began.elapsed().as_secs_f64());
    (folder, now)
}

/// How long each page takes, from the request to the last octet of its answer, in this process and without a network.
/// `only`: the pages whose names have this word; none: all.
pub async fn times(tickets: i64, only: Option<&str>) {
    let (folder, now) = kept(tickets).await;
    let desk = open(&folder, now).await;
    let mut ada = Browser::signed_in(&desk, PersonId(ADA)).await;
    let mut hal = Browser::signed_in(&desk, PersonId(HAL)).await;
    println!("\n{:<58}{:>9}{:>9}", format!("{tickets} tickets; milliseconds over {ROUNDS} rounds"), "median", "99th");
    let long: Vec<String> = (1..=LONG).map(|it| format!("/tickets/{it}")).collect();
    let one = |it: &str| vec![it.to_owned()];
    for (name, paths, rounds) in [
        ("queue, all open", one("/tickets?view=open"), ROUNDS),
        ("queue, unassigned", one("/tickets?view=unassigned"), ROUNDS),
        ("queue, mine", one("/tickets?view=mine"), ROUNDS),
        ("queue, closed", one("/tickets?view=closed"), ROUNDS),
        ("ticket with 50 comments", long, ROUNDS),
        ("search, two words that many say", one("/search?q=station+kakaka"), ROUNDS / 4),
        ("search, two words that some say", one("/search?q=lokaka+mikaka"), ROUNDS / 4),
        ("search, one of two that five say", one("/search?q=zirconium+station"), ROUNDS / 4),
        ("search, the starts of two words", one("/search?q=stat+mi"), ROUNDS / 4),
        ("analytics of a year", one("/analytics?range=12m"), ROUNDS / 10),
        ("analytics of a year, one mailbox", one("/analytics?range=12m&mailbox=1"), ROUNDS / 10),
        ("analytics of 30 days", one("/analytics?range=30d"), ROUNDS / 10),
    ] {
        if only.is_some_and(|it| !name.contains(it)) {
            continue;
        }
        for (who, browser) in [("admin", &mut ada), ("helper", &mut hal)] {
            told(&format!("{name}, {who}"), timed(&desk, browser, &paths, rounds).await);
        }
    }
    if only.is_some() {
        return desk.store.close().await;
    }
    for period in [Period::Months12, Period::Days90, Period::Days30, Period::Days7] {
        told(&format!("counting {} anew", period.as_str()), counted(&desk, period, ROUNDS / 20).await);
    }
    desk.store.close().await;
}

/// The counting behind the page of figures, which a desk as large as this one does not do for each look.
async fn counted(desk: &Desk, period: Period, rounds: usize) -> Vec<f64> {
    let mut took = Vec::new();
    for _ in 0..rounds {
        let mut conn = desk.store.read().await.unwrap();
        let staff = analytics::helpers(&mut conn).await.unwrap().into_iter().map(|it| it.id).collect();
        let frame = analytics::frame(&mut conn, period, staff, desk.clock.now(), &desk.settings.time_zone).await.unwrap();
        let began = Instant::now();
        analytics::count(&mut conn, frame, Picked::default()).await.unwrap();
        took.push(began.elapsed().as_secs_f64() * 1e3);
    }
    took
}

/// Each time after a change: what is kept from one to the next is not timed.
async fn timed(desk: &Desk, browser: &mut Browser, paths: &[String], rounds: usize) -> Vec<f64> {
    let mut took = Vec::new();
    for round in 0..WARM_UP.min(rounds) + rounds {
        desk.store.begin().await.unwrap().commit().await.unwrap();
        let path = &paths[round % paths.len()];
        let began = Instant::now();
        let page = browser.get(path).await;
        let spent = began.elapsed().as_secs_f64() * 1e3;
        // A helper does not see what others have.
        assert!(page.status.is_success() || page.status.as_u16() == 404, "{path}: {}", page.status);
        if round >= WARM_UP.min(rounds) && page.status.is_success() {
            took.push(spent);
        }
    }
    took
}

fn told(what: &str, mut took: Vec<f64>) {
    took.sort_by(f64::total_cmp);
    println!("{what:<58}{:>9.2}{:>9.2}", share(&took, 0.5), share(&took, 0.99));
}

fn share(sorted: &[f64], share: f64) -> f64 {
    sorted.get(((sorted.len().max(1) - 1) as f64 * share).round() as usize).copied().unwrap_or(f64::NAN)
}

/// What goes over the wire, packed as browsers ask for it: a first visit of the queue with all that it draws in, then pages alone.
pub async fn payload(tickets: i64) {
    let (folder, now) = kept(tickets).await;
    let desk = open(&folder, now).await;
    let mut ada = Browser::signed_in(&desk, PersonId(ADA)).await;
    let queue = "/tickets?view=open";
    let page = ada.get(queue).await.text();
    let mut files: Vec<&str> = page.split('"').filter(|it| it.starts_with("/assets/")).filter_map(|it| it.split('#').next()).collect();
    files.sort_unstable();
    files.dedup();
    println!("\n{:<58}{:>9}", "octets, packed", "");
    let mut all = 0;
    for path in [queue].into_iter().chain(files) {
        let n = packed(&mut ada, path).await;
        println!("{path:<58}{n:>9}");
        all += n;
    }
    println!("{:<58}{all:>9}", "a first visit of the queue (under 80,000)");
    for (what, path) in [
        ("then: a ticket with 50 comments (under 15,000)", "/tickets/1"),
        ("then: a search (under 15,000)", "/search?q=station"),
        ("then: analytics of a year (under 15,000)", "/analytics?range=12m"),
        ("then: held mail (under 15,000)", "/held"),
    ] {
        println!("{what:<58}{:>9}", packed(&mut ada, path).await);
    }
    desk.store.close().await;
}

async fn packed(browser: &mut Browser, path: &str) -> usize {
    let answer = browser.send(Method::GET, path, "", Vec::new(), &[("accept-encoding", "gzip, deflate, br, zstd")]).await;
    assert!(answer.status.is_success(), "{path}: {}", answer.status);
    answer.bytes.len()
}

/// Requests in a second over sixteen connections: the queue, the queue asked again unchanged, and the barest page that prints
/// fifty rows out of the same database; in turn, in one run.
pub async fn requests(tickets: i64) {
    let (kept, now) = kept(tickets).await;
    // Mail comes in at the end, and the kept one stays as it is.
    let copy = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    fs::copy(database(&kept), database(copy.path())).unwrap();
    let folder = copy.path().to_owned();
    let desk = open(&folder, now).await;
    let cookie = Browser::signed_in(&desk, PersonId(ADA)).await.cookie_header();
    let panel = serve(router(Panel::new(desk.clone(), Vec::new()))).await;
    let bare = serve(bare(&folder).await).await;
    let page = format!("GET /tickets?view=open HTTP/1.1\r\nHost: 127.0.0.1:8025\r\nCookie: {cookie}\r\n");
    let plain = "GET /bare HTTP/1.1\r\nHost: 127.0.0.1:8025\r\n".to_owned();
    let etag = Answer::of(panel, &format!("{page}\r\n")).await.etag;
    let again = etag.map(|it| format!("{page}If-None-Match: {it}\r\n"));
    let mut of_bare = Vec::new();
    let mut of_page = Vec::new();
    let mut of_again = Vec::new();
    for _ in 0..SPELLS {
        of_bare.push(spell(bare, &plain).await);
        of_page.push(spell(panel, &page).await);
        if let Some(again) = &again {
            of_again.push(spell(panel, again).await);
        }
    }
    let stop = Arc::new(AtomicBool::new(false));
    let mail = tokio::spawn(flood(desk.clone(), Arc::clone(&stop)));
    let beside_bare = spell(bare, &plain).await;
    let beside_page = spell(panel, &page).await;
    stop.store(true, Ordering::Relaxed);
    let taken = mail.await.unwrap();
    println!("\n{tickets} tickets, {CONNECTIONS} connections{:>28}{:>12}{:>10}", "a second", "p99 ms", "of bare");
    let rate = |all: &[Spell]| median(all.iter().map(|it| it.rate).collect());
    let late = |all: &[Spell]| median(all.iter().map(|it| it.late).collect());
    let line = |what: &str, all: &[Spell]| {
        println!("{what:<46}{:>10.0}{:>12.1}{:>10.2}", rate(all), late(all), rate(all) / rate(&of_bare));
    };
    line("bare axum handler, fifty rows", &of_bare);
    line("queue (at least 0.25)", &of_page);
    if of_again.is_empty() {
        println!("queue, asked again unchanged: no ETag");
    } else {
        line("queue, asked again unchanged: 304", &of_again);
        println!("304 against the page: {:.1} times (at least 2)", rate(&of_again) / rate(&of_page));
    }
    println!("while {:.0} messages a second are taken in:", taken as f64 / (2.0 * SPELL.as_secs_f64()));
    line("  bare", std::slice::from_ref(&beside_bare));
    line("  queue", std::slice::from_ref(&beside_page));
    println!("p99 of the queue beside mail: {:.1} times the bare one's (at most 10)", beside_page.late / beside_bare.late);
    desk.store.close().await;
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).into_future());
    address
}

/// Fifty rows of the same table through the same driver, printed.
async fn bare(folder: &Path) -> Router {
    let options = SqliteConnectOptions::new().filename(database(folder)).read_only(true).pragma("cache_size", "-8000");
    let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await.unwrap();
    Router::new().route("/bare", get(print)).with_state(pool)
}

async fn print(State(pool): State<SqlitePool>) -> Html<String> {
    let sql = "select number, subject, snippet, updated_at from tickets where shelf = 'queue' and status = 'open' and turn = 'staff'
        order by updated_at desc, number desc limit 50";
    let rows: Vec<(i64, String, String, i64)> = sqlx::query_as(sql).fetch_all(&pool).await.unwrap();
    let mut page = String::from("<!doctype html><title>Bare</title><ol>");
    for (number, subject, snippet, at) in rows {
        let escaped = |it: &str| it.replace('&', "&amp;").replace('<', "&lt;");
        page.push_str(&format!("<li>#{number} <a href=\"/tickets/{number}\">{}</a> {} {at}</li>", escaped(&subject), escaped(&snippet)));
    }
    page.push_str("</ol>");
    Html(page)
}

#[derive(Clone, Copy)]
struct Spell {
    rate: f64,
    late: f64,
}

/// As many requests as sixteen connections get answered in a while.
async fn spell(address: SocketAddr, request: &str) -> Spell {
    let began = Instant::now();
    let asking: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let request = format!("{request}\r\n");
            tokio::spawn(async move {
                let mut stream = BufReader::new(TcpStream::connect(address).await.unwrap());
                stream.get_ref().set_nodelay(true).unwrap();
                let mut took = Vec::new();
                while began.elapsed() < SPELL {
                    let asked = Instant::now();
                    Answer::read(&mut stream, &request).await;
                    took.push(asked.elapsed().as_secs_f64() * 1e3);
                }
                took
            })
        })
        .collect();
    let mut took = Vec::new();
    for one in asking {
        took.extend(one.await.unwrap());
    }
    let rate = took.len() as f64 / began.elapsed().as_secs_f64();
    took.sort_by(f64::total_cmp);
    Spell { rate, late: share(&took, 0.99) }
}

struct Answer {
    etag: Option<String>,
}

impl Answer {
    async fn of(address: SocketAddr, request: &str) -> Self {
        let mut stream = BufReader::new(TcpStream::connect(address).await.unwrap());
        Self::read(&mut stream, request).await
    }

    async fn read(stream: &mut BufReader<TcpStream>, request: &str) -> Self {
        stream.get_mut().write_all(request.as_bytes()).await.unwrap();
        let (mut length, mut etag, mut status) = (0, None, String::new());
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.unwrap();
            if status.is_empty() {
                assert!(line.contains(" 200 ") || line.contains(" 304 "), "{line}");
                status = line;
                continue;
            }
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().unwrap(),
                "etag" => etag = Some(value.to_owned()),
                _ => {}
            }
        }
        if status.contains(" 200 ") {
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await.unwrap();
        }
        Self { etag }
    }
}

/// Mail at full speed until it is told to stop; how many messages.
async fn flood(desk: Desk, stop: Arc<AtomicBool>) -> usize {
    let mut n = 0;
    let run = jiff::Timestamp::now().as_millisecond();
    while !stop.load(Ordering::Relaxed) {
        let mails: Vec<String> = (n..n + 50)
            .map(|n| {
                let text = "Since the update the station shows as offline although its light is green. ".repeat(20);
                format!(
                    "From: Customer {n} <flood{n}@home.test>\r\nTo: support@desk.test\r\nSubject: Station {n}\r\nMessage-ID: <{run}.{n}@home.test>\r\n\r\n{text}\r\n"
                )
            })
            .collect();
        let now = desk.clock.now();
        let arrivals: Vec<Arrival<'_>> = mails
            .iter()
            .map(|it| Arrival { place: None, received_at: now, size: it.len() as u64, taken: Taken::Whole, octets: it.as_bytes() })
            .collect();
        take_in(&desk, MailboxId(1), &arrivals).await.unwrap();
        n += 50;
    }
    n
}
