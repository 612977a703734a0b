//! A daemon that mail is handed over to (LMTP) crashes at every fail point on the way, is killed between DATA and its answer, and finds
//! its disk full: what it said 250 to is kept, and what it did not is offered again and is one ticket.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufRead as _, BufReader, Write as _},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use maildesk::{
    clock::{Clock, random_bytes},
    demo::world::World,
};
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{
    base::{SETTLED, command, holds, mail, rows, wait_for, world},
    chaos::disk::Disk,
    daemon::{Daemon, MAILBOX_PASSWORD, SUPPORT},
};

const PATIENCE: Duration = Duration::from_secs(60);
const AT_ONCE: usize = 4;

/// A desk without a folder to watch, and the world that it sends through.
pub struct Desk {
    pub folder: tempfile::TempDir,
    pub world: World,
}

impl Desk {
    pub async fn new() -> Self {
        Self::with_data_in("data").await
    }

    async fn with_data_in(data: &str) -> Self {
        let it = Self { folder: tempfile::tempdir().unwrap(), world: world(Clock::System.now()).await };
        let smtp = it.world.smtp_addr().port();
        let text = format!(
            "listen = \"127.0.0.1:0\"\npublic_url = \"http://127.0.0.1:8025\"\ndata_dir = \"{data}\"\n[desk]\nundo_window = \"0s\"\n\
             max_automatic_per_hour = 100000\nmax_automatic_per_domain_hour = 100000\n[lmtp]\nlisten = \"unix:lmtp.sock\"\n[[mailbox]]\n\
             name = \"support\"\naddress = \"{SUPPORT}\"\n[mailbox.smtp]\nhost = \"127.0.0.1\"\ntls = \"none\"\nport = {smtp}\n\
             user = \"{SUPPORT}\"\npassword = \"{MAILBOX_PASSWORD}\"\nper_minute = 100000\n"
        );
        fs::write(it.path().join("maildesk.toml"), text).unwrap();
        it
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn socket(&self) -> PathBuf {
        self.path().join("lmtp.sock")
    }

    fn daemon(&self, fail_points: &str) -> Daemon {
        Daemon::start(self.path(), "warn", fail_points)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path().join("log")).unwrap_or_default()
    }

    /// As a mail server does it: again and again, until it is taken.
    pub fn until_taken(&self, octets: &str) -> String {
        let began = Instant::now();
        loop {
            match offer(&self.socket(), octets) {
                Ok(answer) if answer.starts_with("250 ") => return answer,
                Ok(_) | Err(_) => {}
            }
            assert!(began.elapsed() < PATIENCE, "it is never taken\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Every one of these is one ticket, and was told so once: at most one further copy for each crash, under the same Message-ID.
    async fn has_each_once(&self, n: usize, crashes: usize) {
        wait_for(self.path(), &format!("{SETTLED} and (select count(*) from messages where state = 'decided') = {n}")).await;
        for count in ["messages where decision = 'open-ticket'", "messages", "tickets", "comments", "deliveries where state = 'sent'"] {
            let is = rows(self.path(), &format!("select count(*) from {count}")).await;
            let decided = rows(
                self.path(),
                "select decision || ': ' || reason || ', begun ' || starts from messages where decision <> 'open-ticket'",
            )
            .await;
            assert_eq!(is, [n.to_string()], "{count}; decided otherwise: {decided:?}\n{}", self.log());
        }
        let mut copies = 0;
        for customer in 1..=n {
            let mails = self.world.messages(&format!("c{customer}@home.test"), "INBOX");
            let ids: std::collections::HashSet<_> = mails.iter().map(|it| maildesk::mail::parse::read(&it.raw).message_id).collect();
            assert_eq!(ids.len(), 1, "c{customer} was told more or less than once");
            copies += mails.len() - 1;
        }
        assert!(copies <= crashes, "{copies} further copies, {crashes} crashes");
        let verify = command(self.path(), &["verify"]);
        assert!(verify.status.success(), "{}", String::from_utf8_lossy(&verify.stdout));
    }
}

/// One message to its end: the answer to its octets, or where the connection broke before.
fn offer(socket: &Path, octets: &str) -> io::Result<String> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut said = BufReader::new(stream.try_clone()?).lines();
    let mut answer = || loop {
        let line = said.next().unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()))?;
        if line.as_bytes().get(3) != Some(&b'-') {
            return Ok::<_, io::Error>(line);
        }
    };
    answer()?;
    write!(stream, "LHLO mx.test\r\nMAIL FROM:<c@home.test>\r\nRCPT TO:<{SUPPORT}>\r\nDATA\r\n")?;
    for _ in 0..4 {
        answer()?;
    }
    write!(stream, "{octets}.\r\n")?;
    answer()
}

/// A large one lies in a file beside the database.
fn message(n: usize, large: bool) -> String {
    let line = format!("{}\r\n", "It is large. ".repeat(69));
    mail(&format!("C{n} <c{n}@home.test>"), &format!("Request {n}"), if large { line.repeat(300) } else { line }.trim_end())
}

/// What a run without faults comes by, and how often.
async fn reached_calmly() -> BTreeMap<String, usize> {
    let desk = Desk::new().await;
    let daemon = desk.daemon("*=tell");
    tokio::task::block_in_place(|| desk.until_taken(&message(1, true)));
    desk.has_each_once(1, 0).await;
    daemon.end();
    let mut reached = BTreeMap::new();
    for point in desk.log().lines().filter_map(|it| it.strip_prefix("fail point ")?.strip_suffix(": reached")) {
        *reached.entry(point.to_owned()).or_default() += 1;
    }
    reached
}

/// Whether it crashed at all: what is reached often is not always reached as often.
async fn crashes_at(point: &str, at: usize) -> bool {
    let desk = Desk::new().await;
    let plan = format!("{point}=crash@{at}");
    let mut daemon = desk.daemon(&plan);
    let octets = message(1, true);
    let first = tokio::task::block_in_place(|| {
        let began = Instant::now();
        // It may crash at its start: then nobody ever listens.
        while !desk.socket().exists() && began.elapsed() < Duration::from_secs(5) && daemon.ended().is_none() {
            std::thread::sleep(Duration::from_millis(10));
        }
        offer(&desk.socket(), &octets)
    });
    let began = Instant::now();
    while daemon.ended().is_none()
        && began.elapsed() < Duration::from_secs(3)
        && !holds(desk.path(), &format!("{SETTLED} and (select count(*) from deliveries) > 0")).await
    {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let crashed = daemon.ended().is_some();
    daemon.kill();
    let daemon = desk.daemon("");
    // What was accepted is not offered again; a mail server keeps the rest.
    if !first.is_ok_and(|it| it.starts_with("250 ")) {
        tokio::task::block_in_place(|| desk.until_taken(&octets));
    }
    desk.has_each_once(1, 1).await;
    daemon.end();
    crashed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_point_on_the_way_of_mail_that_is_handed_over_loses_and_doubles_nothing() {
    let reached = reached_calmly().await;
    for point in ["lmtp-data", "blob-sync", "keep-commit", "kept", "decide-commit", "decided", "lmtp-kept", "lmtp-answered", "recorded"] {
        assert!(reached.contains_key(point), "{point} is not reached");
    }
    let (mut running, room) = (JoinSet::new(), Arc::new(Semaphore::new(AT_ONCE)));
    for (point, times) in reached {
        for at in [1, times].into_iter().take(if times > 1 { 2 } else { 1 }) {
            let (room, point) = (room.clone(), point.clone());
            running.spawn(async move {
                let _place = room.acquire_owned().await.unwrap();
                crashes_at(&point, at).await
            });
        }
    }
    let (cases, mut crashed, mut failed) = (running.len(), 0, 0);
    while let Some(ended) = running.join_next().await {
        match ended {
            Ok(it) => crashed += usize::from(it),
            Err(_) => failed += 1,
        }
    }
    println!("{cases} cases, {crashed} crashes of a daemon that mail is handed over to");
    assert_eq!(failed, 0, "cases that failed have said so above");
    assert!(crashed * 10 >= cases * 8, "only {crashed} of {cases} crashed");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_data_and_its_answer_the_message_is_offered_again_and_is_one() {
    let desk = Desk::new().await;
    let mut n = 0;
    for (point, known) in [("lmtp-data", false), ("keep-commit", false), ("kept", true), ("decided", true), ("lmtp-kept", true)] {
        n += 1;
        let mut daemon = desk.daemon(&format!("{point}=pause"));
        let (octets, socket) = (message(n, n % 2 == 0), desk.socket());
        wait_until_it_listens(&desk);
        let offered = tokio::task::spawn_blocking({
            let octets = octets.clone();
            move || offer(&socket, &octets)
        });
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert!(!offered.is_finished(), "{point}: nothing is said before it is kept");
        daemon.kill();
        assert!(offered.await.unwrap().is_err(), "{point}");
        let daemon = desk.daemon("");
        let answer = tokio::task::block_in_place(|| desk.until_taken(&octets));
        assert_eq!(answer.ends_with("known already"), known, "{point}: {answer}");
        wait_for(desk.path(), SETTLED).await;
        daemon.end();
    }
    let daemon = desk.daemon("");
    desk.has_each_once(n, n).await;
    daemon.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_cannot_be_decided_is_said_to_be_kept_and_not_to_be_known() {
    let desk = Desk::new().await;
    let daemon = desk.daemon("decide-message=fail");
    wait_until_it_listens(&desk);
    let answer = tokio::task::block_in_place(|| desk.until_taken(&message(1, false)));
    assert!(answer.ends_with("kept as message 1"), "{answer}");
    daemon.end();
    std::fs::write(desk.path().join("two.eml"), message(2, false)).unwrap();
    let mut ingest = std::process::Command::new(env!("CARGO_BIN_EXE_maildesk"));
    let ingest = ingest
        .current_dir(desk.path())
        .args(["ingest", "--config", "maildesk.toml", "two.eml"])
        .env("FAILPOINTS", "decide-message=fail")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ingest.stdout);
    assert!(said.starts_with("hold: no: "), "{said}{}", String::from_utf8_lossy(&ingest.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_while_mail_is_handed_over_nothing_that_was_accepted_is_lost() {
    const KILLS: usize = 6;
    const MAILS: usize = 60;
    let desk = Arc::new(Desk::new().await);
    let taken = Arc::new(AtomicUsize::new(0));
    let server = tokio::task::spawn_blocking({
        let (desk, taken) = (desk.clone(), taken.clone());
        move || {
            for n in 1..=MAILS {
                desk.until_taken(&message(n, n % 5 == 0));
                taken.store(n, Relaxed);
            }
        }
    });
    for kill in 1..=KILLS {
        // Killed once it works, not while it starts: a message that it is deciding there for the second time is held as one that ends it.
        let mut daemon = desk.daemon("");
        let (began, before) = (Instant::now(), taken.load(Relaxed));
        let until = (kill * MAILS / (KILLS + 1)).max(before + 3).min(MAILS);
        while taken.load(Relaxed) < until && began.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let [a] = random_bytes::<1>();
        tokio::time::sleep(Duration::from_millis(u64::from(a) / 4)).await;
        daemon.kill();
    }
    let daemon = desk.daemon("");
    server.await.unwrap();
    desk.has_each_once(MAILS, KILLS * 2).await;
    daemon.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_answers_452_keeps_what_it_accepted_and_takes_mail_again_when_there_is_room() {
    let desk = Desk::with_data_in("small/data").await;
    let disk = match Disk::at(&desk.path().join("small")) {
        Ok(disk) => disk,
        Err(why) => panic!("{why}; this test needs root in a container with --cap-add=SYS_ADMIN"),
    };
    let daemon = desk.daemon("");
    tokio::task::block_in_place(|| desk.until_taken(&message(1, false)));
    let sent = |n: usize| rows_in(&desk, n);
    sent(1).await;
    disk.fill();
    let mut answers = Vec::new();
    tokio::task::block_in_place(|| {
        wait_until_it_listens(&desk);
        for n in 2..=5 {
            answers.push(offer(&desk.socket(), &message_again(n)).unwrap());
        }
    });
    let full = answers.iter().filter(|it| it.starts_with(&format!("452 4.3.1 <{SUPPORT}> the disk is full here"))).count();
    // What was still free in a page may have taken one.
    assert!(full >= 3 && answers.iter().all(|it| it.starts_with("452 ") || it.starts_with("250 ")), "{answers:?}\n{}", desk.log());
    disk.free();
    let began = Instant::now();
    for n in 2..=5 {
        tokio::task::block_in_place(|| desk.until_taken(&message_again(n)));
    }
    assert!(began.elapsed() < Duration::from_secs(60), "back at work after {:?}", began.elapsed());
    sent(5).await;
    daemon.end();
    let verify = command(desk.path(), &["verify"]);
    assert!(verify.status.success(), "{}", String::from_utf8_lossy(&verify.stdout));
    for customer in 1..=5 {
        assert_eq!(desk.world.messages(&format!("c{customer}@home.test"), "INBOX").len(), 1, "c{customer}");
    }
    drop(disk);
}

/// The same octets each time: a mail server offers what it has.
fn message_again(n: usize) -> String {
    let line = format!("{}\r\n", "It is large. ".repeat(69));
    format!(
        "From: C{n} <c{n}@home.test>\r\nTo: {SUPPORT}\r\nSubject: Request {n}\r\nMessage-ID: <again-{n}@home.test>\r\n\
         Date: Mon, 2 Nov 2026 10:00:00 +0100\r\n\r\n{}",
        line.repeat(300)
    )
}

fn wait_until_it_listens(desk: &Desk) {
    let began = Instant::now();
    while UnixStream::connect(desk.socket()).is_err() {
        assert!(began.elapsed() < PATIENCE, "it never listens\n{}", desk.log());
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Until so many tickets are told, by what the customers have: the database lies on the small disk.
async fn rows_in(desk: &Desk, n: usize) {
    let began = Instant::now();
    while (1..=n).any(|it| desk.world.messages(&format!("c{it}@home.test"), "INBOX").is_empty()) {
        assert!(began.elapsed() < PATIENCE, "{n} are not told\n{}", desk.log());
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}
