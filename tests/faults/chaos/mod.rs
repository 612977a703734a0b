//! Everything at once, seeded: a proxy that cuts, delays, drips, stalls and corrupts IMAP, SMTP and PostgreSQL at any octet; kill -9,
//! SIGSTOP, also past a lease; SIGTERM; two daemons on one mailbox; a full disk; a clock that jumps a year; PostgreSQL restarted and cut at COMMIT; while mail of every kind comes
//! and a helper answers. `tests/chaos FAULTS SEED [sqlite|postgres]` runs it with as many faults as one likes.
//!
//! **What may be corrupted.** Over TLS, which every connection that leaves the machine has, any octet either way becomes any other: TLS
//! notices, the connection ends, and I1 to I8 hold without exception. In the clear, which only loopback may be, nobody can notice that
//! `UID 13` became `UID 15`, so there an octet of what a server says becomes one that no number and no word of the protocol has (its
//! highest bit set). Inside a message that is what the server gave, and the desk keeps it as it came: such a message counts as changed,
//! one at most for each octet. The connection may end; every other message is untouched.
//!
//! **A fault in flight** can send one more copy of one mail, under the same Message-ID: further copies are at most as many as faults.

mod cluster;
pub mod disk;
mod helper;
mod judge;
mod letters;
mod place;
mod plan;
mod process;
mod proxy;
mod random;
mod tls;
mod unknown_commit;

use futures_util::future::join_all;

use self::{
    judge::{Counts, judge},
    place::Place,
    plan::{Fault, Plan, Wiring},
};

/// Between two times at which all is healed and somebody must be answered within a minute.
const ROUND: usize = 40;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|it| it.parse().ok()).unwrap_or(default)
}

/// Runs worlds side by side until so many faults have happened altogether.
async fn run(name: &str, faults: usize, wirings: &[Wiring]) {
    let (faults, seed) = (usize::try_from(number("CHAOS_FAULTS", faults as u64)).unwrap(), number("CHAOS_SEED", 4));
    println!("{name}: {faults} faults in {} worlds, seed {seed}", wirings.len());
    let worlds = wirings.iter().enumerate().map(|(n, wiring)| {
        let (seed, wiring) = (seed.wrapping_mul(1000) + n as u64, *wiring);
        tokio::spawn(world(seed, faults.div_ceil(wirings.len()), wiring))
    });
    let mut all = Counts::default();
    for ended in join_all(worlds).await {
        all.add(&ended.unwrap());
    }
    all.print();
}

/// Names what was done to it if the world does not end well.
struct Tale {
    seed: u64,
    wiring: Wiring,
    faults: Vec<(Fault, bool)>,
}

impl Drop for Tale {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("seed {} of {:?} did not end well. What happened (and what was planned and did not):", self.seed, self.wiring);
            for (n, (fault, hit)) in self.faults.iter().enumerate() {
                println!("{n:5} {} {fault:?}", if *hit { ' ' } else { '-' });
            }
        }
    }
}

async fn world(seed: u64, faults: usize, wiring: Wiring) -> Counts {
    let mut place = Place::new(seed, wiring).await;
    for why in place.left_out() {
        println!("left out: {why}");
    }
    let mut tale = Tale { seed, wiring, faults: Vec::new() };
    let mut hits = 0;
    // To look for one, or past one: CHAOS_ONLY=clock, CHAOS_WITHOUT=clock.
    let word = |name| std::env::var(name).ok();
    let (only, without) = (word("CHAOS_ONLY").unwrap_or_default(), word("CHAOS_WITHOUT"));
    let wanted = |it: &Fault| it.kind().contains(&only) && without.as_ref().is_none_or(|without| !it.kind().contains(without));
    for fault in Plan::new(seed, wiring).filter(wanted) {
        tale.faults.push((fault, false));
        if place.suffer(&fault).await {
            tale.faults.last_mut().unwrap().1 = true;
            hits += 1;
            if hits % ROUND == 0 {
                place.recover().await;
            }
        }
        if hits >= faults {
            break;
        }
    }
    place.settle().await;
    let faults: Vec<_> = tale.faults.iter().map(|(fault, hit)| (fault.kind(), *hit)).collect();
    judge(&place, &faults).await
}

const PLAIN: Wiring = Wiring { tls: false, postgres: false, daemons: 1 };

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_breaks_on_sqlite_nothing_is_lost_doubled_or_told_twice() {
    run("SQLite", 60, &[PLAIN, Wiring { tls: true, ..PLAIN }, PLAIN, Wiring { tls: true, ..PLAIN }]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_breaks_on_postgresql_nothing_is_lost_doubled_or_told_twice() {
    let plain = Wiring { postgres: true, ..PLAIN };
    run("PostgreSQL", 40, &[plain, Wiring { tls: true, ..plain }]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_breaks_on_postgresql_between_two_daemons_nothing_is_lost_doubled_or_told_twice() {
    run("two daemons on PostgreSQL", 10, &[Wiring { postgres: true, daemons: 2, ..PLAIN }]).await;
}
