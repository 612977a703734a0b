//! What the panel's pages take at 100,000 tickets against 1,000, and what the daemon takes when nothing happens.
//!
//!     cargo bench --bench pages                 every page on both desks in turn, in one run; medians and their ratio
//!     cargo bench --bench pages -- pages 20000  the same with another number of tickets
//!     cargo bench --bench pages -- times 100000    median and 99th percentile of each page on so many tickets;
//!                                               `-- times 100000 ticket`: of those whose names have the word
//!     cargo bench --bench pages -- requests 100000 requests a second over sixteen connections, against the barest page
//!     cargo bench --bench pages -- payload 100000  octets that a first visit and later pages take on the wire
//!     cargo bench --bench pages -- idle         resident memory, start to serving, wake-ups, with 100,000 tickets
//!     cargo bench --bench pages -- mailboxes 100  resident memory with so many mailboxes, each in IDLE
#![allow(clippy::unwrap_used)]

use std::{path::Path, sync::Arc, time::Instant};

use jiff::Timestamp;
use maildesk::{
    actions::{Desk, Mailboxes},
    auth::keys::Keys,
    clock::Clock,
    desk::{
        id::{MailboxId, PersonId},
        public_url::PublicUrl,
        settings::{DeskSettings, MailboxSettings, Reach},
    },
    store::{Opener, Store},
    templates::Templates,
};
use sqlx::{AssertSqlSafe, SqlitePool};

#[allow(dead_code)]
#[path = "../support/browser.rs"]
mod browser;
#[path = "figures.rs"]
mod figures;
#[path = "idle.rs"]
mod idle;
#[path = "many_tickets.rs"]
mod many_tickets;
#[allow(dead_code)]
#[path = "../support/postgres.rs"]
mod postgres;
#[allow(dead_code)]
#[path = "../support/test_desk.rs"]
mod test_desk;

use browser::Browser;
use many_tickets::{ADA, COMMON, HAL, RARE, look, seed};

const SMALL: i64 = 1000;
const LARGE: i64 = 100_000;
const ROUNDS: usize = 60;
const WARM_UP: usize = 3;
/// Rows on a page of tickets.
const PAGE: usize = 50;

#[tokio::main]
async fn main() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let arguments: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    let tickets = arguments.get(1).and_then(|it| it.parse().ok()).unwrap_or(LARGE);
    match arguments.first().map(String::as_str) {
        Some("times") => figures::times(tickets, arguments.get(2).map(String::as_str)).await,
        Some("requests") => figures::requests(tickets).await,
        Some("payload") => figures::payload(tickets).await,
        Some("idle") => idle::measure(tickets).await,
        Some("mailboxes") => idle::measure_mailboxes(arguments.get(1).and_then(|it| it.parse().ok()).unwrap_or(100)).await,
        _ => pages(tickets).await,
    }
}

/// A desk with its people's browsers.
struct Seeded {
    desk: Desk,
    tickets: i64,
    ada: Browser,
    hal: Browser,
    look: SqlitePool,
    _folder: tempfile::TempDir,
}

impl Seeded {
    async fn new(tickets: i64) -> Self {
        let folder = tempfile::tempdir_in(".").unwrap();
        let (now, began) = (Timestamp::now(), Instant::now());
        seed(folder.path(), tickets, now).await;
        println!("{tickets} tickets written in {:.1} s", began.elapsed().as_secs_f64());
        let desk = open(folder.path(), now).await;
        let ada = Browser::signed_in(&desk, PersonId(ADA)).await;
        let hal = Browser::signed_in(&desk, PersonId(HAL)).await;
        let look = look(folder.path()).await;
        Self { desk, tickets, ada, hal, look, _folder: folder }
    }

    fn browser(&mut self, who: i64) -> &mut Browser {
        if who == ADA { &mut self.ada } else { &mut self.hal }
    }

    /// One number.
    async fn number(&self, sql: String) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&self.look).await.unwrap()
    }
}

async fn open(data: &Path, now: Timestamp) -> Desk {
    let url = format!("sqlite:{}", many_tickets::database(data).display());
    let support = MailboxSettings::new("support", "support@desk.test".parse().unwrap(), "Support");
    Desk {
        store: Store::open(&url, data, Opener::Daemon).await.unwrap(),
        clock: Clock::still(now),
        settings: maildesk::desk::present::Present::new(DeskSettings { helpers_see: Reach::Unassigned, ..DeskSettings::default() }),
        mailboxes: maildesk::desk::present::Present::new(Mailboxes::new(vec![(MailboxId(1), support)])),
        keys: Keys::from_root(&[7; 32]),
        url: PublicUrl::parse("http://127.0.0.1:8025").unwrap(),
        templates: Arc::new(Templates::new()),
        outbox_grew: Arc::new(tokio::sync::watch::channel(0).0),
        health: Default::default(),
        tokens_moved: Arc::new(tokio::sync::watch::channel(0).0),
    }
}

/// A page that is asked for.
struct Asked {
    name: String,
    who: i64,
    what: What,
    bound: Bound,
}

#[derive(Clone, Copy)]
enum What {
    /// The first page of a queue.
    First(&'static str),
    /// Its page that begins in the middle.
    Deep(&'static str),
    /// Another ticket each time, from all over the desk.
    Ticket,
    /// One address.
    At(&'static str),
}

#[derive(Clone, Copy)]
enum Bound {
    /// At most so many times what it takes at 1,000 tickets.
    Ratio(f64),
    /// At most so many milliseconds.
    Milliseconds(f64),
    /// It is told, and held to nothing.
    Told,
}

/// Queues in other orders, and narrowed: by what many tickets have, and by what hardly any has.
const LISTS: [&str; 8] = [
    "/tickets?sort=oldest",
    "/tickets?sort=priority",
    "/tickets?sort=waiting",
    "/tickets?priority=urgent",
    "/tickets?tag=1",
    "/tickets?tag=2&sort=oldest",
    "/tickets?view=closed&tag=2&turn=customer",
    "/tickets?view=snoozed",
];

const VIEWS: [&str; 6] = ["unassigned", "mine", "open", "waiting", "resolved", "closed"];

fn all_pages() -> Vec<Asked> {
    let mut all = Vec::new();
    for (who, name) in [(ADA, "admin"), (HAL, "helper")] {
        let mut ask = |what: &str, asked, bound| all.push(Asked { name: format!("{what}, {name}"), who, what: asked, bound });
        for view in VIEWS {
            ask(&format!("queue {view}"), What::First(view), Bound::Ratio(1.5));
            ask(&format!("queue {view}, half way down"), What::Deep(view), Bound::Ratio(1.5));
        }
        for list in LISTS {
            ask(&format!("queue {list}"), What::At(list), Bound::Milliseconds(10.0));
        }
        ask("ticket page", What::Ticket, Bound::Ratio(1.5));
        ask("search, a word of 5 tickets", What::At("/search?q=zirconium"), Bound::Ratio(1.5));
        ask("search, a word of all", What::At("/search?q=station"), Bound::Ratio(1.5));
        ask("search, the start of many words", What::At("/search?q=s"), Bound::Told);
        ask("held mail", What::At("/held"), Bound::Ratio(1.5));
        ask("mail health", What::At("/mail"), Bound::Told);
        ask("analytics of a year", What::At("/analytics?range=12m"), Bound::Milliseconds(100.0));
    }
    all.push(Asked { name: "outbox, failed, admin".to_owned(), who: ADA, what: What::At("/mail?list=failed"), bound: Bound::Told });
    all
}

async fn pages(tickets: i64) {
    assert!(RARE == "zirconium" && COMMON == "station");
    let (mut small, mut large) = (Seeded::new(SMALL).await, Seeded::new(tickets).await);
    println!("\n{:<46}{:>10}{:>12}{:>8}", "milliseconds; medians of 60 rounds in turn", SMALL, tickets, "ratio");
    let mut missed = 0;
    for asked in all_pages() {
        let (few, many) = (paths(&small, &asked).await, paths(&large, &asked).await);
        let (mut of_small, mut of_large) = (Vec::new(), Vec::new());
        for round in 0..WARM_UP + ROUNDS {
            let a = timed(small.browser(asked.who), &asked, &few[round % few.len()]).await;
            let b = timed(large.browser(asked.who), &asked, &many[round % many.len()]).await;
            if round >= WARM_UP {
                of_small.push(a);
                of_large.push(b);
            }
        }
        missed += usize::from(!told(&asked, median(of_small), median(of_large)));
    }
    println!("{}", if missed == 0 { "every bound is kept".to_owned() } else { format!("{missed} bounds are missed") });
    for seeded in [small, large] {
        seeded.look.close().await;
        seeded.desk.store.close().await;
    }
}

/// Prints a line; whether the bound is kept.
fn told(asked: &Asked, small: f64, large: f64) -> bool {
    let ratio = large / small;
    let (kept, bound) = match asked.bound {
        Bound::Ratio(most) => (ratio <= most, format!("at most {most} times")),
        Bound::Milliseconds(most) => (large <= most, format!("at most {most} ms")),
        Bound::Told => (true, String::new()),
    };
    println!("{:<46}{small:>10.2}{large:>12.2}{ratio:>8.2}  {bound}{}", asked.name, if kept { "" } else { "  MISSED" });
    kept
}

async fn timed(browser: &mut Browser, asked: &Asked, path: &str) -> f64 {
    let began = Instant::now();
    let page = browser.get(path).await;
    let took = began.elapsed().as_secs_f64() * 1e3;
    assert!(page.status.is_success(), "{path}: {}", page.status);
    if matches!(asked.what, What::First(_) | What::Deep(_)) {
        assert_eq!(page.text().matches("<li class=\"trow").count(), PAGE, "{path}");
    }
    took
}

/// The addresses that are asked in turn.
async fn paths(seeded: &Seeded, asked: &Asked) -> Vec<String> {
    match asked.what {
        What::First(view) => vec![format!("/tickets?view={view}")],
        What::Deep(view) => vec![format!("/tickets?view={view}&before={}", middle(seeded, view, asked.who).await)],
        What::At(path) => vec![path.to_owned()],
        What::Ticket => {
            let condition = if asked.who == ADA { "1 = 1" } else { "assignee is null or assignee = 2" };
            let sql = format!("select number from tickets where {condition} order by number * 7919 % 100003 limit 50");
            let numbers: Vec<i64> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&seeded.look).await.unwrap();
            assert!(numbers.iter().all(|it| *it <= seeded.tickets));
            numbers.iter().map(|it| format!("/tickets/{it}")).collect()
        }
    }
}

/// The key of the row in the middle of a queue.
async fn middle(seeded: &Seeded, view: &str, who: i64) -> String {
    let active = "status in ('open', 'in-progress')";
    let of_view = match view {
        "unassigned" => format!("{active} and assignee is null"),
        "mine" => format!("{active} and assignee = {who}"),
        "waiting" => format!("{active} and turn = 'customer'"),
        "resolved" | "closed" => format!("status = '{view}'"),
        _ => active.to_owned(),
    };
    let of_scope = if who == ADA { "1 = 1" } else { "(assignee is null or assignee = 2)" };
    let condition = format!("shelf = 'queue' and {of_view} and {of_scope}");
    let all = seeded.number(format!("select count(*) from tickets where {condition}")).await;
    assert!(all as usize / 2 > PAGE, "{view}: {all}");
    let sql = format!("from tickets where {condition} order by updated_at desc, number desc limit 1 offset {}", all / 2);
    format!("{}.0.{}", seeded.number(format!("select updated_at {sql}")).await, seeded.number(format!("select number {sql}")).await)
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}
