//! The real daemon crashes at every fail point, starts again, and has lost, doubled and told twice nothing (MAIL.md, I1 to I8): it
//! comes to what a run without faults comes to. `tests/crash-sweep TIMES` crashes it at more of the times that a point is reached.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use maildesk::fail_point::POINTS;
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{
    base::Base,
    case::{Case, Ended, Kind, Outcome},
};

/// So many desks at once.
const AT_ONCE: usize = 4;

/// Points that a daemon which reads folders never comes by: `handed_over.rs` crashes the one, `ingested.rs` the command that do, `expired.rs` one that lets originals expire.
const ELSEWHERE: &[&str] = &[
    "ingest-read",
    "ingest-taken",
    "lmtp-data",
    "lmtp-kept",
    "lmtp-answered",
    "expire-commit",
    "expired",
    "expired-file",
    "expired-files-commit",
];

/// What a run without faults comes to, and how often it comes by each point.
struct Calm {
    kind: Kind,
    outcome: Outcome,
    reached: BTreeMap<String, usize>,
}

/// A crash at one of the times that a point is reached.
#[derive(Clone, Copy, Debug)]
struct Crash {
    point: &'static str,
    at: usize,
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_crashes_at_every_fail_point_and_nothing_is_lost_doubled_or_told_twice() {
    let base = Arc::new(Base::new().await);
    let mut calm = Vec::new();
    for kind in Kind::ALL {
        calm.push(Arc::new(run_calmly(&base, kind).await));
    }
    let (mut running, room) = (JoinSet::new(), Arc::new(Semaphore::new(AT_ONCE)));
    for (of, crash) in crashes(&calm) {
        let (base, room) = (base.clone(), room.clone());
        running.spawn(async move {
            let _place = room.acquire_owned().await.unwrap();
            crash_and_check(&base, &of, crash).await
        });
    }
    let (cases, mut crashed, mut copies, mut failed) = (running.len(), 0, 0, 0);
    while let Some(ended) = running.join_next().await {
        match ended {
            Ok(Some(more)) => (crashed, copies) = (crashed + 1, copies + more),
            Ok(None) => {}
            Err(_) => failed += 1,
        }
    }
    println!("{} points, {cases} cases, {crashed} crashes: {copies} further copies of a mail that was in flight", POINTS.len());
    assert_eq!(failed, 0, "cases that failed have said so above");
}

async fn run_calmly(base: &Base, kind: Kind) -> Calm {
    let mut case = Case::of(base, kind).await;
    assert_eq!(case.run("*=tell", Duration::from_millis(500)).await, Ended::Settled);
    let outcome = case.outcome().await;
    assert_eq!(outcome.copies, 0, "a mail was sent twice without a crash");
    Calm { kind, outcome, reached: case.reached() }
}

/// Points at which the program has not begun to work: a panic there ends it with a line that says so.
const BEFORE_WORK: &[&str] = &["instance-commit", "instance-begun", "suspect-commit", "suspected", "take-up-commit", "taken-up"];

/// Points of leases, between two lines that cannot panic; and those of sending, where a panic puts the mail off as any trouble does.
const CANNOT_PANIC: &[&str] = &["fetch-lease-commit", "fetch-leased", "leased", "recorded", "committed", "smtp-"];

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_at_any_fail_point_ends_no_worker_and_is_made_up_for() {
    let base = Arc::new(Base::new().await);
    let calm = Arc::new(run_calmly(&base, Kind::AtWork).await);
    let (mut running, room) = (JoinSet::new(), Arc::new(Semaphore::new(2 * AT_ONCE)));
    for (point, n) in &calm.reached {
        if BEFORE_WORK.contains(&point.as_str()) || CANNOT_PANIC.iter().any(|it| point.starts_with(it)) {
            continue;
        }
        // The first transactions are those of the start.
        let plan = format!("{point}=panic@{}", if *n > 20 { n / 2 } else { 1 });
        let (base, room, calm) = (base.clone(), room.clone(), calm.clone());
        running.spawn(async move {
            let _place = room.acquire_owned().await.unwrap();
            let mut case = Case::of(&base, Kind::AtWork).await;
            assert_eq!(case.run(&plan, Duration::ZERO).await, Ended::Settled, "{plan}");
            let is = case.outcome().await;
            let poison = case.holds_poison().await;
            let (seen, expected) =
                if poison { (is.without_lena(), calm.outcome.without_lena()) } else { (is.clone(), calm.outcome.clone()) };
            assert_eq!((seen.kept, seen.told), (expected.kept, expected.told), "{plan}");
            assert!(is.most_copies <= 1, "{plan}");
        });
    }
    let (cases, mut failed) = (running.len(), 0);
    while let Some(ended) = running.join_next().await {
        failed += usize::from(ended.is_err());
    }
    println!("{cases} panics");
    assert_eq!(failed, 0, "cases that failed have said so above");
}

/// Every point in the first kind of desk that comes by it: at its first time, and at later ones.
fn crashes(calm: &[Arc<Calm>]) -> Vec<(Arc<Calm>, Crash)> {
    let most: usize = std::env::var("SWEEP_TIMES").ok().and_then(|it| it.parse().ok()).unwrap_or(2);
    let only = std::env::var("SWEEP_POINTS").unwrap_or_default();
    let mut crashes = Vec::new();
    for point in POINTS.iter().filter(|it| !ELSEWHERE.contains(it)) {
        let first = calm.iter().find(|it| it.reached.contains_key(*point));
        let of = first.unwrap_or_else(|| panic!("no kind of desk comes by {point}: nobody knows what a crash there does"));
        if !only.is_empty() && !only.split(',').any(|it| it == *point) {
            continue;
        }
        let n = of.reached[*point];
        let times = (0..most.min(n)).map(|it| 1 + it * n / most.min(n));
        crashes.extend(times.map(|at| (of.clone(), Crash { point, at })));
    }
    crashes
}

/// The further copies that came of it; none when this run did not come by the point so often.
async fn crash_and_check(base: &Base, calm: &Calm, Crash { point, at }: Crash) -> Option<usize> {
    let mut case = Case::of(base, calm.kind).await;
    let plan = format!("{point}=crash@{at}");
    // What comes after the work is done comes soon.
    let grace = if at == 1 { Duration::from_secs(10) } else { Duration::from_millis(300) };
    if case.run(&plan, grace).await == Ended::Settled {
        assert_ne!(at, 1, "{plan}: it was never reached");
        return None;
    }
    assert!(case.log().contains(&format!("fail point {point}: crash at time {at}")), "{plan}: it died of something else\n{}", case.log());
    assert_eq!(case.run("", Duration::ZERO).await, Ended::Settled);
    let (is, should) = (case.outcome().await, calm.outcome.clone());
    let (seen, expected) = if case.holds_poison().await { (is.without_lena(), should.without_lena()) } else { (is.clone(), should) };
    assert_eq!((seen.kept, seen.told), (expected.kept, expected.told), "{plan}");
    assert!(is.most_copies <= 1, "{plan}: {} further copies of one mail", is.most_copies);
    Some(is.copies)
}
