//! No room at any write: nothing is given away that is not kept, the panel still reads, and work goes on when there is room.
//!
//! A limit on the size of files stands for the disk's: it needs no root, and can be set so that any one write of the daemon is the
//! first that fails.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use maildesk::clock::Clock;

use crate::{
    base::{SETTLED, command, configure, holds, mail, rows, wait_for, world},
    daemon::SUPPORT,
    web::Web,
};

/// Room for so many more octets in the largest file, round by round.
const ROOM: [u64; 3] = [0, 30_000, 250_000];

/// The daemon, deaf to SIGXFSZ so that a write beyond the limit fails as one on a full disk does.
struct Limited(Child);

impl Limited {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$0\" serve --config \"$1\"", env!("CARGO_BIN_EXE_maildesk")])
            .arg(folder.join("maildesk.toml"))
            .env("MAILDESK_LOG_LEVEL", "info")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The limit is for the daemon's own files; its log goes on.
        let (mut said, mut log) = (child.stderr.take().unwrap(), fs::File::create(folder.join("log")).unwrap());
        std::thread::spawn(move || std::io::copy(&mut said, &mut log).and_then(|_| log.flush()));
        Self(child)
    }

    /// What no file may be larger than; none: there is room again.
    fn limit(&self, octets: Option<u64>) {
        let limit = octets.map_or("unlimited".to_owned(), |it| it.to_string());
        // The soft limit alone, so that whoever is not root may take it away again.
        let done = Command::new("prlimit").args([&format!("--pid={}", self.0.id()), &format!("--fsize={limit}:unlimited")]).status();
        assert!(done.expect("prlimit of util-linux is here").success());
    }
}

impl Drop for Limited {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_at_any_write_loses_nothing_and_work_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let world = world(Clock::System.now()).await;
    configure(folder.path(), &world, &["support"]);
    let mut daemon = Limited::start(folder.path());
    let panel = panel(folder.path()).await;
    let line = format!("{}\r\n", "It is large. ".repeat(69));
    let (mut n, mut longest) = (0, Duration::ZERO);
    for room in ROOM {
        wait_for(folder.path(), &format!("{SETTLED} and (select count(*) from sightings) = {n}")).await;
        let largest =
            ["maildesk.db", "maildesk.db-wal"].map(|it| fs::metadata(folder.path().join("data").join(it)).map_or(0, |it| it.len()));
        // Below what the files have already, writes fail as well.
        daemon.limit(Some(if room == 0 { 1 } else { largest[1].min(largest[0]) + room }));
        for _ in 0..4 {
            n += 1;
            let text = if n % 2 == 0 { line.repeat(300) } else { "It is small.".to_owned() };
            world.deliver(SUPPORT, mail(&format!("C{n} <c{n}@home.test>"), &format!("Request {n}"), &text).as_bytes());
        }
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(2500) && !done(folder.path(), n).await {
            let page = Web::at(&panel).get("/login").await;
            assert_eq!(page.status, 200, "the panel does not read: {}", page.text);
            assert!(daemon.0.try_wait().unwrap().is_none(), "it ended\n{}", log(folder.path()));
            given_away_is_kept(folder.path(), &world).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let began = Instant::now();
        daemon.limit(None);
        wait_for(folder.path(), &format!("{SETTLED} and (select count(*) from sightings) = {n}")).await;
        longest = longest.max(began.elapsed());
    }
    assert!(log(folder.path()).contains("cannot be read: "), "the disk was never full\n{}", log(folder.path()));
    assert!(longest < Duration::from_secs(60), "back at work after {longest:?}");
    println!("{} times full: back at work after {longest:?} at most", ROOM.len());
    let all = rows(folder.path(), "select count(*) from tickets").await;
    assert_eq!(all, [n.to_string()], "{:?}", rows(folder.path(), "select reason from messages where decision = 'hold'").await);
    for customer in 1..=n {
        let mails = world.messages(&format!("c{customer}@home.test"), "INBOX");
        let ids: std::collections::HashSet<_> = mails.iter().map(|it| maildesk::mail::parse::read(&it.raw).message_id).collect();
        assert_eq!(ids.len(), 1, "c{customer}");
    }
    let verify = command(folder.path(), &["verify"]);
    assert!(verify.status.success(), "{}", String::from_utf8_lossy(&verify.stdout));
}

async fn done(folder: &Path, n: usize) -> bool {
    holds(folder, &format!("{SETTLED} and (select count(*) from sightings) = {n}")).await
}

/// I1: what is not in the inbox any more, or is flagged there, is in the ledger.
async fn given_away_is_kept(folder: &Path, world: &maildesk::demo::world::World) {
    let given = world.messages(SUPPORT, "Processed").len() + world.messages(SUPPORT, "INBOX").iter().filter(|it| it.has("\\Seen")).count();
    let kept: usize = rows(folder, "select count(*) from sightings s join messages m on m.id = s.message where m.state = 'decided'").await
        [0]
    .parse()
    .unwrap();
    assert!(given <= kept, "{given} given away, {kept} kept");
}

fn log(folder: &Path) -> String {
    fs::read_to_string(folder.join("log")).unwrap_or_default()
}

async fn panel(folder: &Path) -> String {
    for _ in 0..600 {
        if let Some((_, rest)) = log(folder).split_once("the panel listens on http://") {
            return format!("http://{}", rest.split_whitespace().next().unwrap());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the panel never listens\n{}", log(folder));
}
