//! Fail points: places at which the tests crash, stop or fail the real program. A release contains none of them.
//!
//! `FAILPOINTS=leased=crash@2` ends the program at the second time that it comes by the point `leased`; several are separated by
//! semicolons, and `*` stands for every point. Without `@` a point acts at every time. What it does:
//!
//! | word | |
//! | --- | --- |
//! | `crash` | the process ends at once (SIGABRT), as if it were killed |
//! | `fail` | the step fails with the error that stands at the point; nothing at a point without one |
//! | `panic` | the task panics |
//! | `pause` | the thread stands still for ever |
//! | `sleep(N)` | the thread stands still for N milliseconds |
//! | `tell` | a line on standard error says that the point was reached |
//!
//! Our own and not the crate `fail`, which would bring five crates (an old `rand` among them) into releases that use none of them.

/// Every point: none is in the source that is not here, and the other way round (`tests/rules/fail_points.rs`). In the order of
/// the way that a message takes.
pub const POINTS: &[&str] = &[
    // The daemon begins: what an earlier run left behind is taken up.
    "instance-commit",
    "instance-begun",
    "suspect-commit",
    "suspected",
    "take-up-commit",
    "taken-up",
    // A folder is leased, and met.
    "fetch-lease-commit",
    "fetch-leased",
    "meet-commit",
    "met",
    // Store: octets and row.
    "keep-begun",
    "blob-write",
    "blob-sync",
    "blob-rename",
    "blob-folder-sync",
    "blob-durable",
    "keep-rows",
    "keep-sighted",
    "keep-commit",
    "kept",
    // Decide.
    "read",
    "left-over-commit",
    "left-over-counted",
    "decide-begun",
    "decide-message",
    "decide-done",
    "decide-written",
    "decide-commit",
    "decided",
    "hold-commit",
    "held",
    // File on the server.
    "file-begun",
    "file-store",
    "file-move",
    "file-moved",
    "file-copy",
    "file-copied",
    "file-expunge",
    "file-done",
    "filed-commit",
    "filed",
    "check-commit",
    // Any transaction of all these, and what it writes at its end.
    "later-blobs",
    "later-mails",
    "later-events",
    "commit",
    "committed",
    // Lease, hand over, record.
    "lease-commit",
    "leased",
    "smtp-connect",
    "smtp-mail",
    "smtp-recipient",
    "smtp-data",
    "smtp-message",
    "smtp-dot",
    "smtp-answered",
    "record-begun",
    "record-commit",
    "recorded",
    // What time does.
    "stale-commit",
    "stale-closed",
    "pruned",
    "expire-commit",
    "expired",
    "expired-file",
    "expired-files-commit",
    // One message that a mail server hands over, one on standard input.
    "lmtp-data",
    "lmtp-kept",
    "lmtp-answered",
    "ingest-read",
    "ingest-taken",
];

/// Marks a point: `fail_point!("name")`, and where a step can fail there `fail_point!("name", error)`.
macro_rules! fail_point {
    ($point:literal) => {{
        #[cfg(debug_assertions)]
        {
            $crate::fail_point::reach($point);
        }
    }};
    ($point:literal, $error:expr) => {{
        #[cfg(debug_assertions)]
        {
            if $crate::fail_point::reach($point) == $crate::fail_point::Reached::Fails {
                return Err($error.into());
            }
        }
    }};
}

#[cfg(debug_assertions)]
pub use plan::{Reached, reach};

#[cfg(debug_assertions)]
mod plan {
    use std::{
        env, process,
        sync::{
            LazyLock,
            atomic::{AtomicUsize, Ordering},
        },
        thread,
        time::Duration,
    };

    use super::POINTS;

    static PLANS: LazyLock<Vec<Plan>> = LazyLock::new(|| match read(&env::var("FAILPOINTS").unwrap_or_default()) {
        Ok(plans) => plans,
        Err(fault) => {
            eprintln!("FAILPOINTS: {fault}");
            process::exit(64); // EX_USAGE (sysexits.h)
        }
    });

    /// Whether the step at a point goes on.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Reached {
        /// As if there were no point.
        GoesOn,
        /// With the error that stands there.
        Fails,
    }

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Act {
        Crash,
        Fail,
        Panic,
        Pause,
        Sleep(Duration),
        Tell,
    }

    #[derive(Debug)]
    struct Plan {
        point: String,
        act: Act,
        /// None: each time.
        at: Option<usize>,
        reached: AtomicUsize,
    }

    /// The program comes by a point; called by the macro alone.
    pub fn reach(point: &str) -> Reached {
        let mut reached = Reached::GoesOn;
        for plan in PLANS.iter().filter(|it| it.point == "*" || it.point == point) {
            let time = plan.reached.fetch_add(1, Ordering::Relaxed) + 1;
            if plan.at.is_none_or(|at| at == time) && act(plan.act, point, time) == Reached::Fails {
                reached = Reached::Fails;
            }
        }
        reached
    }

    fn act(act: Act, point: &str, time: usize) -> Reached {
        match act {
            Act::Crash => {
                eprintln!("fail point {point}: crash at time {time}");
                process::abort();
            }
            Act::Fail => {
                eprintln!("fail point {point}: fails at time {time}");
                return Reached::Fails;
            }
            Act::Panic => panic!("fail point {point}: panic at time {time}"),
            Act::Pause => loop {
                thread::park();
            },
            Act::Sleep(time) => thread::sleep(time),
            Act::Tell => eprintln!("fail point {point}: reached"),
        }
        Reached::GoesOn
    }

    fn read(text: &str) -> Result<Vec<Plan>, String> {
        text.split(';').map(str::trim).filter(|it| !it.is_empty()).map(one).collect()
    }

    fn one(text: &str) -> Result<Plan, String> {
        let (point, what) = text.split_once('=').ok_or(format!("`{text}` is not point=act"))?;
        if point != "*" && !POINTS.contains(&point) {
            return Err(format!("there is no point `{point}`; src/fail_point.rs lists them"));
        }
        let (word, at) = match what.split_once('@') {
            Some((word, at)) => (word, Some(at.parse().map_err(|_| format!("`{at}` in `{text}` is not a number"))?)),
            None => (what, None),
        };
        Ok(Plan { point: point.to_owned(), act: word_of(word)?, at, reached: AtomicUsize::new(0) })
    }

    fn word_of(word: &str) -> Result<Act, String> {
        let pause = |it: &str| it.strip_prefix("sleep(")?.strip_suffix(')')?.parse().ok().map(Duration::from_millis);
        match word {
            "crash" => Ok(Act::Crash),
            "fail" => Ok(Act::Fail),
            "panic" => Ok(Act::Panic),
            "pause" => Ok(Act::Pause),
            "tell" => Ok(Act::Tell),
            other => pause(other).map(Act::Sleep).ok_or(format!("`{other}` is not one of crash, fail, panic, pause, sleep(N), tell")),
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_plan_says_what_is_done_where_and_at_which_time() {
            let plans = read("leased=crash@2; kept=sleep(50);*=tell;").unwrap();
            let said: Vec<_> = plans.iter().map(|it| (it.point.as_str(), it.act, it.at)).collect();
            let nap = Act::Sleep(Duration::from_millis(50));
            assert_eq!(said, [("leased", Act::Crash, Some(2)), ("kept", nap, None), ("*", Act::Tell, None)]);
        }

        #[test]
        fn what_is_not_understood_is_named() {
            for (plan, named) in
                [("leesed=crash", "`leesed`"), ("leased", "point=act"), ("leased=burn", "`burn`"), ("leased=crash@x", "`x`")]
            {
                let fault = read(plan).unwrap_err();
                assert!(fault.contains(named), "{fault}");
            }
        }
    }
}
