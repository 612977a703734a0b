//! One desk of the sweep: made of the base, run with fail points, started again, and held against a run without any.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::process::ExitStatusExt as _,
    path::Path,
    time::{Duration, Instant},
};

use maildesk::{demo::world::World, mail::parse};

use crate::{
    base::{Base, LENA, Reader, SETTLED, command, configure, holds, rows, world},
    daemon::{Daemon, SUPPORT},
};

const PATIENCE: Duration = Duration::from_secs(60);
const SIGABRT: i32 = 6;

/// What kind of desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// In the middle of its work ([`Base`]).
    AtWork,
    /// The same, with a server that copies and expunges because it cannot move.
    WithoutMove,
    /// The same, where deciding fails for each message.
    Undecidable,
    /// One that has never met its folder.
    New,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::AtWork, Self::WithoutMove, Self::Undecidable, Self::New];
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By the fail point.
    Crashed,
    /// All its work was done first.
    Settled,
}

/// What is true of a desk whose work is done, whatever happened on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Ledger, tickets, deliveries: one line each.
    pub kept: Vec<String>,
    /// Each mail that somebody was sent: the address and the subject, once for each Message-ID.
    pub told: Vec<String>,
    /// Further copies under the same Message-ID: how many of the mail that has most.
    pub most_copies: usize,
    /// Further copies altogether.
    pub copies: usize,
}

/// A desk of its own and the world around it.
pub struct Case {
    folder: tempfile::TempDir,
    world: World,
    /// Everything the INBOX was given, the undecided message of the base first.
    given: Vec<String>,
    later: Vec<String>,
    /// Places of the ledger that the base brought.
    places: usize,
    /// Fail points that are set in every run.
    always: &'static str,
}

impl Case {
    pub async fn of(base: &Base, kind: Kind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = world(base.at).await;
        configure(folder.path(), &world, &["support"]);
        let mut later = base.later_mail();
        later.reverse();
        let mut case = Self { folder, world, given: Vec::new(), later, places: 0, always: "" };
        match kind {
            Kind::AtWork => case.take_over(base),
            Kind::WithoutMove => {
                case.world.misbehave(|it| it.without = vec!["MOVE"]);
                case.take_over(base);
            }
            Kind::Undecidable => {
                case.always = "decide-message=fail;";
                case.take_over(base);
            }
            Kind::New => {}
        }
        for mail in base.first_mail() {
            case.deliver(mail);
        }
        case
    }

    /// The data of the base, and its INBOX with its UIDs: all but the last message have been filed.
    fn take_over(&mut self, base: &Base) {
        copy(&base.folder.path().join("data"), &self.folder.path().join("data"));
        for given in &base.given {
            self.world.deliver(SUPPORT, given.as_bytes());
        }
        for uid in 1..u32::try_from(base.given.len()).unwrap() {
            self.world.expunge(SUPPORT, "INBOX", uid);
        }
        self.given.push(base.given[base.given.len() - 1].clone());
        // Those that are gone, and the one of the mailbox that is gone.
        self.places = base.given.len();
    }

    fn deliver(&mut self, mail: String) {
        self.world.deliver(SUPPORT, mail.as_bytes());
        self.given.push(mail);
    }

    /// Runs the daemon until a fail point ends it or all its work is done; then `grace` more for what comes a little later.
    pub async fn run(&mut self, fail_points: &str, grace: Duration) -> Ended {
        let mut daemon = Daemon::start(self.folder.path(), "warn", &format!("{}{fail_points}", self.always));
        // Closed before the next start, so that nobody but the daemon looks after the log of its database.
        let mut reader = Reader::default();
        let ended = self.watch(&mut daemon, &mut reader, (fail_points, grace)).await;
        reader.close().await;
        if ended == Ended::Settled {
            fs::copy(self.folder.path().join("log"), self.folder.path().join("log-settled")).unwrap();
            let took = daemon.end();
            assert!(took < Duration::from_secs(15), "SIGTERM took {took:?}");
        }
        ended
    }

    async fn watch(&mut self, daemon: &mut Daemon, reader: &mut Reader, (fail_points, grace): (&str, Duration)) -> Ended {
        let began = Instant::now();
        let mut settled = None;
        while settled.is_none_or(|at: Instant| at.elapsed() < grace) {
            if let Some(status) = daemon.ended() {
                assert_eq!(status.signal(), Some(SIGABRT), "{fail_points}: it ended with {status}\n{}", self.log());
                return Ended::Crashed;
            }
            if settled.is_none() && self.is_settled(reader).await {
                match self.later.pop() {
                    Some(next) => self.deliver(next),
                    None => settled = Some(Instant::now()),
                }
            }
            assert!(began.elapsed() < PATIENCE, "{fail_points}: the work is not done\n{:#?}\n{}", self.left().await, self.log());
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        Ended::Settled
    }

    async fn is_settled(&self, reader: &mut Reader) -> bool {
        let seen = self.given.len() + self.places;
        let sql = format!(
            "{SETTLED} and (select count(*) from sightings) = {seen} and (select count(*) from tickets where status = 'resolved') = 0"
        );
        reader.rows(self.folder.path(), &sql).await == ["1"]
    }

    /// How often each fail point was reached before the work was done, of a run that told.
    pub fn reached(&self) -> BTreeMap<String, usize> {
        let log = fs::read_to_string(self.folder.path().join("log-settled")).unwrap();
        let mut reached = BTreeMap::new();
        for line in log.lines().filter_map(|it| it.strip_prefix("fail point ")?.strip_suffix(": reached")) {
            *reached.entry(line.to_owned()).or_default() += 1;
        }
        reached
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// I1 to I8, as far as one desk can say; and what there is, to be held against another.
    pub async fn outcome(&self) -> Outcome {
        let inbox = self.world.messages(SUPPORT, "INBOX");
        assert!(inbox.is_empty(), "{} messages are not filed", inbox.len());
        let filed = self.world.messages(SUPPORT, "Processed");
        for given in &self.given {
            assert!(filed.iter().any(|it| it.raw.ends_with(given.as_bytes())), "not in Processed:\n{}", given.lines().next().unwrap());
        }
        let verify = command(self.folder.path(), &["verify"]);
        let said = String::from_utf8_lossy(&verify.stdout);
        assert!(verify.status.success() && said.contains("all agrees"), "{said}{}", String::from_utf8_lossy(&verify.stderr));
        let (mut told, mut most_copies, mut copies) = (Vec::new(), 0, 0);
        for address in self.world.addresses().iter().filter(|it| !it.ends_with("@desk.test")) {
            let mut ids: BTreeMap<String, (usize, BTreeSet<String>)> = BTreeMap::new();
            for mail in self.world.messages(address, "INBOX") {
                let read = parse::read(&mail.raw);
                let seen = ids.entry(read.message_id.unwrap().to_string()).or_insert_with(|| {
                    told.push(format!("{address}: {}", without_number(&read.subject)));
                    (0, BTreeSet::new())
                });
                seen.0 += 1;
                let sent = mail.text();
                seen.1.insert(sent.split_once("\r\nFrom:").unwrap().1.to_owned());
            }
            for (id, (times, contents)) in ids {
                assert_eq!(contents.len(), 1, "copies of {id} differ");
                most_copies = most_copies.max(times - 1);
                copies += times - 1;
            }
        }
        told.sort();
        Outcome { kept: self.kept().await, told, most_copies, copies }
    }

    async fn left(&self) -> Vec<String> {
        let sql = "select 'undecided ' || id from messages where state = 'stored' union all select 'unfiled UID ' || uid from sightings where filing = 'due'
            union all select 'open delivery ' || id || ' ' || state || ' ' || coalesce(lease_owner, '-') from deliveries where state in ('waiting', 'delayed', 'unknown')
            union all select 'resolved #' || number from tickets where status = 'resolved' union all select 'met ' || count(*) from sightings";
        rows(self.folder.path(), sql).await
    }

    async fn kept(&self) -> Vec<String> {
        let sql = "select 'message ' || m.subject || ': ' || m.decision || ', met ' || (select count(*) from sightings s where s.message = m.id) from messages m
            union all select 'ticket ' || t.subject || ': ' || t.status || ', ' || t.comments || ' comments' from tickets t
            union all select 'delivery ' || d.address || ': ' || o.kind || ' ' || o.subject || ' ' || d.state from deliveries d join outbox o on o.id = d.outbox";
        let mut kept: Vec<String> = rows(self.folder.path(), sql).await.iter().map(|it| without_number(it)).collect();
        kept.sort();
        kept
    }

    /// Whether a message is held because its decision ended the program twice: once in the base, once here (SAFETY.md, Bounds).
    pub async fn holds_poison(&self) -> bool {
        holds(self.folder.path(), "select count(*) from messages where decision = 'hold' and reason like '%ended the program twice%'").await
    }
}

impl Outcome {
    /// The same without what is said of Lena's message.
    pub fn without_lena(&self) -> Self {
        let others = |lines: &[String]| {
            lines.iter().filter(|it| ![LENA, "Lamp", "(not read)"].iter().any(|hers| it.contains(hers))).cloned().collect()
        };
        Self { kept: others(&self.kept), told: others(&self.told), ..*self }
    }
}

/// Numbers go by the order in which messages are decided, and that by the crash.
fn without_number(text: &str) -> String {
    match text.split_once("[#") {
        Some((before, rest)) => format!("{before}{}", rest.trim_start_matches(|it: char| it.is_ascii_digit())),
        None => text.to_owned(),
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
