//! One world with a desk in it, and everything between them that can break.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use maildesk::demo::world::{World, WorldOptions};
use tokio::task::JoinHandle;

use super::{
    cluster::Cluster,
    disk::Disk,
    helper::{self, HAL, PASSWORD, Told},
    letters::Letters,
    plan::{Fault, Wire, Wiring},
    process::{Process, clocks_can_jump},
    proxy::Proxy,
    random::Random,
    tls,
};
use crate::{
    daemon::{MAILBOX_PASSWORD, SUPPORT},
    house_ca::HouseCa,
    rows::Rows,
};

/// SAFETY.md, Faults: after the fault is gone, back at work within so long without a person.
const BACK_AT_WORK: Duration = Duration::from_secs(60);

/// Mail comes so often while a daemon is stopped for long.
const MAIL_EVERY: Duration = Duration::from_secs(4);

/// Until everything that was put off has been done.
const SETTLED: Duration = Duration::from_secs(180);

/// An ordered octet that has not come by then is called off.
const HAPPENS: Duration = Duration::from_millis(2500);

pub struct Place {
    pub wiring: Wiring,
    pub world: World,
    pub imap: Proxy,
    pub smtp: Proxy,
    pub database: Option<(Cluster, Proxy)>,
    pub processes: Vec<Process>,
    pub letters: Letters,
    pub rows: Option<Rows>,
    /// What Hal wrote, and what he was told.
    pub answers: Vec<(String, Told)>,
    pub slowest_return: Duration,
    panels: Vec<String>,
    writing: Vec<JoinHandle<(String, Told)>>,
    random: Random,
    disk: Result<Disk, String>,
    pub folder: tempfile::TempDir,
    _house: HouseCa,
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Place {
    pub async fn new(seed: u64, wiring: Wiring) -> Self {
        let world = World::start(WorldOptions::default()).await.unwrap();
        world.add_account(SUPPORT, MAILBOX_PASSWORD);
        let folder = tempfile::tempdir().unwrap();
        let house = HouseCa::for_server("127.0.0.1");
        let (mut imap, mut smtp) = (world.imap_addr(), world.smtp_addr());
        if wiring.tls {
            (imap, smtp) = (tls::before(imap, &house).await, tls::before(smtp, &house).await);
        }
        let database = if wiring.postgres {
            let cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
            let proxy = Proxy::before(cluster.address()).await;
            Some((cluster, proxy))
        } else {
            None
        };
        let disk = if wiring.postgres { Err("the database is elsewhere".to_owned()) } else { Disk::at(&folder.path().join("data")) };
        let (imap, smtp) = (Proxy::before(imap).await, Proxy::before(smtp).await);
        let mut place = Self {
            wiring,
            processes: Vec::new(),
            letters: Letters::new(seed ^ 1),
            rows: None,
            answers: Vec::new(),
            slowest_return: Duration::ZERO,
            panels: Vec::new(),
            writing: Vec::new(),
            random: Random::new(seed ^ 2),
            world,
            imap,
            smtp,
            database,
            disk,
            folder,
            _house: house,
        };
        for n in 0..wiring.daemons {
            place.configure(n, &place._house.ca_file().display().to_string());
        }
        place.begin().await;
        place
    }

    fn configure(&mut self, n: usize, ca_file: &str) {
        let port = free_port();
        let panel = format!("http://127.0.0.1:{port}");
        let tls = if self.wiring.tls { format!("tls = \"implicit\"\nca_file = \"{ca_file}\"\n") } else { "tls = \"none\"\n".to_owned() };
        let database = self.database_url(self.database.as_ref().map(|(_, proxy)| ([127, 0, 0, 1], proxy.port).into()));
        let server =
            |port: u16| format!("host = \"127.0.0.1\"\nport = {port}\n{tls}user = \"{SUPPORT}\"\npassword = \"{MAILBOX_PASSWORD}\"\n");
        let configuration = format!(
            "listen = \"127.0.0.1:{port}\"\npublic_url = \"{panel}\"\ndata_dir = \"data\"\nlog_level = \"info\"\nsecret_key = \"{}\"\n{database}\n\
             [desk]\nundo_window = \"1s\"\nmax_automatic_per_hour = 100000\nmax_automatic_per_domain_hour = 100000\nmax_automatic_per_address_hour = 1000\n\
             max_automatic_per_address_day = 1000\n\n\
             [[mailbox]]\nname = \"support\"\naddress = \"{SUPPORT}\"\ntake_existing = \"all\"\nfirst_connection = \"take\"\n\n[mailbox.imap]\n{}\n[mailbox.smtp]\n{}per_minute = 100000\n",
            "ab".repeat(32),
            server(self.imap.port),
            server(self.smtp.port)
        );
        fs::write(self.folder.path().join(format!("desk{n}.toml")), configuration).unwrap();
        self.processes.push(Process::of(self.folder.path(), &format!("desk{n}")));
        self.panels.push(panel);
    }

    /// The key of the configuration for a PostgreSQL that is reached there; nothing for SQLite.
    fn database_url(&self, at: Option<SocketAddr>) -> String {
        at.map(|it| format!("database_url = \"postgres://postgres@{it}/postgres?sslmode=disable\"\n")).unwrap_or_default()
    }

    async fn begin(&mut self) {
        let add = ["user", "add", "--name", "Hal", "--email", HAL, "--role", "admin", "--password"];
        let mut added = self.maildesk(&add).stdin(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut added.stdin.take().unwrap(), format!("{PASSWORD}\n").as_bytes()).unwrap();
        let added = tokio::task::spawn_blocking(move || added.wait_with_output()).await.unwrap().unwrap();
        assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
        let url = match &self.database {
            Some((cluster, _)) => format!("postgres://postgres@{}/postgres?sslmode=disable", cluster.address()),
            None => format!("sqlite:{}", self.folder.path().join("data/maildesk.db").display()),
        };
        self.rows = Some(Rows::of(&url).await);
        self.processes.iter_mut().for_each(Process::start);
    }

    /// A command on the first configuration.
    pub fn maildesk(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_maildesk"));
        command
            .args(words)
            .arg("--config")
            .arg(self.folder.path().join("desk0.toml"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub async fn count(&self, sql: &str) -> i64 {
        self.rows.as_ref().unwrap().count(sql).await
    }

    /// What cannot be done on this machine, with the reason.
    pub fn left_out(&self) -> Vec<String> {
        let disk = self.disk.as_ref().err().filter(|_| !self.wiring.postgres).map(|why| format!("disk full: {why}"));
        disk.into_iter().chain(clocks_can_jump().err().map(|why| format!("clock jumped: {why}"))).collect()
    }

    fn proxy(&self, wire: Wire) -> &Proxy {
        match wire {
            Wire::Imap => &self.imap,
            Wire::Smtp => &self.smtp,
            Wire::Database => &self.database.as_ref().unwrap().1,
        }
    }

    /// Mail comes, and now and then Hal answers somebody.
    async fn life(&mut self) {
        for _ in 0..self.random.between(1, 3) {
            self.letters.arrive(&self.world);
        }
        if self.random.percent(30) {
            let n = self.answers.len() + self.writing.len();
            let newest = self.rows.as_ref().unwrap().try_count("select coalesce(max(number), 0) from tickets").await.unwrap_or(0);
            if newest > 0 {
                let ticket = newest - i64::try_from(self.random.place(usize::try_from(newest.min(30)).unwrap())).unwrap();
                let panel = self.panels[self.random.place(self.panels.len())].clone();
                let words = format!("The words of help {n}.");
                self.writing.push(tokio::spawn(async move { (words.clone(), helper::answer(panel, ticket, words).await) }));
            }
        }
    }

    /// Does what the plan says while mail comes; whether it came to that.
    pub async fn suffer(&mut self, fault: &Fault) -> bool {
        self.processes.iter_mut().for_each(Process::keep);
        let sleep = |ms| tokio::time::sleep(Duration::from_millis(ms));
        let moment = self.random.between(0, 300);
        match *fault {
            Fault::Wire { wire, way, after, harm } => {
                self.proxy(wire).order(way, after, harm);
                self.life().await;
                return self.proxy(wire).happened(HAPPENS).await;
            }
            Fault::AtCommit { passed, nth } => {
                self.proxy(Wire::Database).order_at_commit(nth, passed);
                self.life().await;
                return self.proxy(Wire::Database).happened(HAPPENS).await;
            }
            Fault::Down { wire, ms } => {
                self.proxy(wire).close();
                self.life().await;
                sleep(ms).await;
                self.proxy(wire).open();
            }
            Fault::Kill { .. } | Fault::Stop { .. } | Fault::Term { .. } => {
                self.life().await;
                sleep(moment).await;
                self.strike(fault).await;
            }
            Fault::FullDisk { ms } => {
                let Ok(disk) = &self.disk else { return false };
                disk.fill();
                self.life().await;
                sleep(ms).await;
                self.disk.as_ref().unwrap().free();
            }
            Fault::Clock { daemon, days, ms } => {
                if clocks_can_jump().is_err() {
                    return false;
                }
                self.processes[daemon].set_clock(days);
                self.life().await;
                sleep(ms).await;
                self.processes[daemon].set_clock(0);
            }
            Fault::Restart => {
                self.life().await;
                sleep(moment).await;
                tokio::task::block_in_place(|| self.database.as_ref().unwrap().0.restart());
            }
        }
        true
    }

    /// Signals a process.
    async fn strike(&mut self, fault: &Fault) {
        match *fault {
            Fault::Kill { daemon } => {
                self.processes[daemon].kill();
                self.processes[daemon].start();
            }
            Fault::Stop { daemon, ms } => {
                self.processes[daemon].signal("STOP");
                let (began, lasting) = (Instant::now(), Duration::from_millis(ms));
                while began.elapsed() + MAIL_EVERY < lasting {
                    tokio::time::sleep(MAIL_EVERY).await;
                    self.life().await;
                }
                tokio::time::sleep(lasting.saturating_sub(began.elapsed())).await;
                self.processes[daemon].signal("CONT");
            }
            Fault::Term { daemon } => {
                self.processes[daemon].term().await;
                self.processes[daemon].start();
            }
            Fault::Wire { .. }
            | Fault::AtCommit { .. }
            | Fault::Down { .. }
            | Fault::FullDisk { .. }
            | Fault::Clock { .. }
            | Fault::Restart => {}
        }
    }

    /// Nothing is broken any more.
    fn heal(&mut self) {
        self.imap.heal();
        self.smtp.heal();
        if let Some((_, proxy)) = &self.database {
            proxy.heal();
        }
        if let Ok(disk) = &self.disk {
            disk.free();
        }
        for process in &mut self.processes {
            process.set_clock(0);
            process.signal("CONT");
            process.keep();
        }
    }

    /// Heals everything: somebody who writes now is answered within a minute, though nobody lends a hand.
    pub async fn recover(&mut self) {
        self.heal();
        // libfaketime looks at its file once a second; who wrote a year ago, as the clock has it, gets no receipt.
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let began = Instant::now();
        let customer = self.letters.first(&self.world);
        while self.world.messages(&customer, "INBOX").is_empty() {
            assert!(began.elapsed() < BACK_AT_WORK, "not back at work: {customer} waits for an answer\n{}", self.says().await);
            self.processes.iter_mut().for_each(Process::keep);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.slowest_return = self.slowest_return.max(began.elapsed());
    }

    /// Waits until all is done that was put off. Its pauses of minutes and hours are passed over: they are a figure of
    /// `desk/delivery.rs`, tested there.
    pub async fn settle(&mut self) {
        self.recover().await;
        for written in std::mem::take(&mut self.writing) {
            self.answers.push(written.await.unwrap());
        }
        let began = Instant::now();
        loop {
            let now = jiff::Timestamp::now().as_millisecond();
            let soon = now + 5 * 3600 * 1000;
            let rows = self.rows.as_ref().unwrap();
            rows.run(&format!(
                "update deliveries set next_at = {now} where state in ('delayed', 'unknown') and next_at > {now} and next_at < {soon} and lease_until is null"
            ))
            .await;
            let left = self
                .count(
                    "select (select count(*) from messages where state <> 'decided') + (select count(*) from sightings where filing = 'due')
                    + (select count(*) from deliveries where state in ('waiting', 'delayed', 'unknown'))",
                )
                .await;
            if left == 0 && self.world.messages(SUPPORT, "INBOX").is_empty() {
                return;
            }
            assert!(began.elapsed() < SETTLED, "{left} things are left to do\n{}", self.says().await);
            self.processes.iter_mut().for_each(Process::keep);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// For whoever reads of a failure.
    async fn says(&self) -> String {
        let rows = self.rows.as_ref().unwrap();
        let open = "select state || ', attempts ' || attempts || ', next ' || next_at || ', lease ' || coalesce(lease_owner, '-') || ' until ' || coalesce(lease_until, 0)
            || ', ' || coalesce(words, '') from deliveries where state in ('waiting', 'delayed', 'unknown') limit 5";
        let due = "select 'UID ' || uid || ' of ' || uid_validity || ' ' || filing || ', message ' || m.id || ' ' || m.state from sightings s join messages m on m.id = s.message
            where filing = 'due' or state <> 'decided' limit 5";
        let mailboxes = "select coalesce(error, 'no error') from mailboxes";
        let newest = "select 'message ' || id || ' ' || state || ' ' || coalesce(decision, '') || ', ' || coalesce(reason, '') || ', ' || coalesce(sender, '') from messages order by id desc limit 3";
        let mails = "select 'delivery ' || d.id || ' ' || o.kind || ' to ' || d.address || ' about ' || coalesce(o.ticket, 0) || ': ' || d.state || ', ' || coalesce(d.words, '')
            from deliveries d join outbox o on o.id = d.outbox order by d.id desc limit 4";
        let mut said = format!("now {}\n", jiff::Timestamp::now().as_millisecond());
        for sql in [open, due, newest, mails, mailboxes] {
            said += &rows.texts(sql.to_owned()).await.join("\n");
            said += "\n";
        }
        for process in &self.processes {
            let log = process.log();
            let lines: Vec<&str> = log.lines().collect();
            said += &format!("---\n{}\n", lines[lines.len().saturating_sub(40)..].join("\n"));
        }
        said
    }
}
