//! kill -9 at random moments while messages arrive. `tests/kill-rounds KILLS MESSAGES` runs it with as many as one likes.

use std::{collections::BTreeSet, time::Duration};

use maildesk::clock::random_bytes;

use crate::daemon::{SUPPORT, Setting, customer, message};

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|it| it.parse().ok()).unwrap_or(default)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_message_is_a_row_once_and_answered_once_whenever_it_is_killed() {
    let (kills, messages) = (number("KILL_ROUNDS", 8), number("KILL_MESSAGES", 120));
    let setting = Setting::new().await;
    let mut delivered = 0;
    for round in 1..=kills {
        let mut daemon = setting.daemon();
        let until = messages * round / kills;
        // Messages arrive all the while it runs; it is killed somewhere in the middle.
        let [a, b] = random_bytes::<2>();
        let life = Duration::from_millis(20 + u64::from(u16::from_be_bytes([a, b])) % 900);
        let began = tokio::time::Instant::now();
        while delivered < until {
            setting.world.deliver(SUPPORT, message(delivered).as_bytes());
            delivered += 1;
            let pause = life / u32::try_from(messages / kills).unwrap().max(1);
            tokio::time::sleep_until(began + pause * u32::try_from(delivered + messages / kills - until).unwrap()).await;
        }
        tokio::time::sleep_until(began + life).await;
        daemon.kill();
    }
    while delivered < messages {
        setting.world.deliver(SUPPORT, message(delivered).as_bytes());
        delivered += 1;
    }

    let daemon = setting.daemon();
    let n = i64::try_from(messages).unwrap();
    setting.wait_for("select count(*) from sightings where filing = 'done'", n).await;
    setting.wait_for("select count(*) from messages where state = 'decided'", n).await;
    // One whose decision was cut off twice may be what ended the program: it is held for a person, not lost (SAFETY.md, Bounds).
    let held = setting.count("select count(*) from messages where decision = 'hold' and held = 'waiting'").await.unwrap();
    println!("{held} of {n} are held, since their decision was cut off twice");
    assert!(held * 20 <= n, "{held} of {n} are held");
    assert_eq!(setting.count("select count(*) from messages").await, Some(n), "ledger rows");
    assert_eq!(setting.count("select count(*) from tickets").await, Some(n - held), "tickets");
    assert_eq!(setting.count("select count(*) from comments").await, Some(n - held), "comments");
    assert_eq!(setting.count("select count(*) from outbox").await, Some(n - held), "receipts");
    assert_eq!(setting.world.messages(SUPPORT, "Processed").len(), messages, "filed on the server");
    setting.wait_for("select count(*) from deliveries where state <> 'sent' and (lease_until is null)", 0).await;
    drop(daemon);
    answered_once(&setting, messages);
}

/// Each original has at most one answer; more copies than one of it bear the same Message-ID.
fn answered_once(setting: &Setting, messages: usize) {
    let (mut answered, mut copies) = (0, 0);
    for n in 0..messages {
        let mails = setting.world.messages(&customer(n), "INBOX");
        let ids: BTreeSet<String> =
            mails.iter().filter_map(|it| it.text().lines().find(|line| line.starts_with("Message-ID:")).map(str::to_owned)).collect();
        assert!(ids.len() <= 1, "{} was answered {} times: {ids:?}", customer(n), ids.len());
        answered += ids.len();
        copies += mails.len() - ids.len();
    }
    println!("{messages} messages: {answered} answered, {copies} further copies of an answer that was in flight");
}
