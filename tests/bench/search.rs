//! What a search takes, through the whole panel, on SQLite.
//!
//!     cargo bench --bench search                                       at 100,000 comments
//!     MAILDESK_BENCH_COMMENTS=1000000 cargo bench --bench search       at a million
#![allow(clippy::unwrap_used)]

use std::{sync::Arc, time::Instant};

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

#[allow(dead_code)]
#[path = "../support/browser.rs"]
mod browser;
#[allow(dead_code)]
#[path = "many_tickets.rs"]
mod many_tickets;
#[allow(dead_code)]
#[path = "../support/postgres.rs"]
mod postgres;
#[allow(dead_code)]
#[path = "../support/test_desk.rs"]
mod test_desk;

use browser::Browser;
use many_tickets::{ADA, COMMON, HAL, RARE, seed, text};

const ROUNDS: usize = 40;
const WARM_UP: usize = 3;
/// Comments of a ticket that is seeded.
const OF_A_TICKET: i64 = 3;

#[tokio::main]
async fn main() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let comments: i64 = std::env::var("MAILDESK_BENCH_COMMENTS").ok().and_then(|it| it.parse().ok()).unwrap_or(100_000);
    let (folder, now, began) = (tempfile::tempdir_in(".").unwrap(), Timestamp::now(), Instant::now());
    seed(folder.path(), comments / OF_A_TICKET, now).await;
    println!("{comments} comments written in {:.0} s", began.elapsed().as_secs_f64());
    let began = Instant::now();
    let url = format!("sqlite:{}", many_tickets::database(folder.path()).display());
    let store = Store::open(&url, folder.path(), Opener::Daemon).await.unwrap();
    println!("checked and indexed in {:.0} s", began.elapsed().as_secs_f64());
    let desk = desk(store, now);
    let words: Vec<String> = text(1, 400).split(' ').map(str::to_owned).collect();
    let mut frequent: Vec<(usize, &String)> = words.iter().map(|it| (words.iter().filter(|other| *other == it).count(), it)).collect();
    frequent.sort();
    frequent.dedup();
    let (often, seldom) = (frequent[frequent.len() - 1].1, frequent[0].1);
    let (mut ada, mut hal) = (Browser::signed_in(&desk, PersonId(ADA)).await, Browser::signed_in(&desk, PersonId(HAL)).await);
    println!("\n{:<58}{:>10}{:>10}{:>8}", "milliseconds of 40 rounds; a page of at most 50", "median", "highest", "rows");
    for (what, q) in [
        ("two words: in all and in many", format!("{COMMON} {often}")),
        ("two words: in many and in some", format!("{often} {seldom}")),
        ("two words: in all and in 5", format!("{COMMON} {RARE}")),
        ("two words, one of them of no comment", format!("{COMMON} nowhere")),
        ("two words, the newest first", format!("{COMMON} {often}&sort=newest")),
        ("a phrase", format!("%22{often} {seldom}%22")),
        ("two words but not a third", format!("{COMMON} {often} -{seldom}")),
        ("two words with a tag of every third", format!("{COMMON} {often} tag:one")),
        ("two words with a tag of one of a thousand", format!("{COMMON} {often} tag:two")),
        ("two words, before a day of last spring", format!("{COMMON} {often} before:8m")),
        ("two words by whoever opened it", format!("{COMMON} from:customer")),
        ("no word: open, urgent", "is:open priority:urgent".to_owned()),
        ("no word: closed, of a tag, unread", "is:unread tag:one".to_owned()),
        ("the beginning of some words", seldom.chars().take(4).collect()),
    ] {
        for (who, browser) in [("admin", &mut ada), ("helper", &mut hal)] {
            measure(&format!("{what}, {who}"), browser, &format!("/search?q={}", q.replace(' ', "+"))).await;
        }
    }
    desk.store.close().await;
}

async fn measure(what: &str, browser: &mut Browser, path: &str) {
    let (mut took, mut rows) = (Vec::new(), 0);
    for round in 0..WARM_UP + ROUNDS {
        let began = Instant::now();
        let page = browser.get(path).await;
        if round >= WARM_UP {
            took.push(began.elapsed().as_secs_f64() * 1e3);
        }
        assert!(page.status.is_success() && !page.says("class=\"err\""), "{path}: {}", page.text());
        rows = page.text().matches("<li class=\"trow").count();
    }
    took.sort_by(f64::total_cmp);
    println!("{what:<58}{:>10.2}{:>10.2}{rows:>8}", took[took.len() / 2], took[took.len() - 1]);
}

fn desk(store: Store, now: Timestamp) -> Desk {
    let support = MailboxSettings::new("support", "support@desk.test".parse().unwrap(), "Support");
    Desk {
        store,
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
