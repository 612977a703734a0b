//! The daemon as a process of its own, beside a mail world in this one.

use std::{
    fs,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use maildesk::demo::world::{World, WorldOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

pub const SUPPORT: &str = "support@desk.test";

/// Of the mailbox, for reading and for sending.
pub const MAILBOX_PASSWORD: &str = "mailbox-Zug8uiPh";
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with a configuration, and the mail world that it names.
pub struct Setting {
    pub folder: tempfile::TempDir,
    pub world: World,
}

impl Setting {
    pub async fn new() -> Self {
        let world = World::start(WorldOptions::default()).await.unwrap();
        world.add_account(SUPPORT, MAILBOX_PASSWORD);
        let folder = tempfile::tempdir().unwrap();
        let (imap, smtp) = (world.imap_addr().port(), world.smtp_addr().port());
        let configuration = format!(
            "listen = \"127.0.0.1:0\"\npublic_url = \"http://127.0.0.1:8025\"\ndata_dir = \"data\"\nlog_level = \"warn\"\n\n\
             [desk]\nmax_automatic_per_hour = 100000\nmax_automatic_per_domain_hour = 100000\n\n\
             [[mailbox]]\nname = \"support\"\naddress = \"{SUPPORT}\"\ntake_existing = \"all\"\nfirst_connection = \"take\"\n\n\
             [mailbox.imap]\nhost = \"127.0.0.1\"\nport = {imap}\ntls = \"none\"\nuser = \"{SUPPORT}\"\npassword = \"{MAILBOX_PASSWORD}\"\ndone_folder = \"Processed\"\n\n\
             [mailbox.smtp]\nhost = \"127.0.0.1\"\nport = {smtp}\ntls = \"none\"\nuser = \"{SUPPORT}\"\npassword = \"{MAILBOX_PASSWORD}\"\n"
        );
        fs::write(folder.path().join("maildesk.toml"), configuration).unwrap();
        Self { folder, world }
    }

    /// Starts the daemon.
    pub fn daemon(&self) -> Daemon {
        self.daemon_that_logs("warn")
    }

    /// Starts the daemon with another level of log lines.
    pub fn daemon_that_logs(&self, level: &str) -> Daemon {
        Daemon::start(self.folder.path(), level, "")
    }

    /// Waits until a count that the database gives is reached.
    pub async fn wait_for(&self, sql: &'static str, n: i64) {
        let began = Instant::now();
        loop {
            let is = self.count(sql).await;
            if is == Some(n) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{sql}: {is:?} and not {n}\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// One number out of the database; none while there is none.
    pub async fn count(&self, sql: &'static str) -> Option<i64> {
        let options = SqliteConnectOptions::new().filename(database(self.folder.path())).read_only(true);
        let pool = SqlitePool::connect_with(options).await.ok()?;
        let n = sqlx::query_scalar(sql).fetch_one(&pool).await.ok();
        pool.close().await;
        n
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

fn database(folder: &Path) -> std::path::PathBuf {
    folder.join("data/maildesk.db")
}

/// A running daemon; killed when dropped.
pub struct Daemon(Child);

impl Daemon {
    /// Of the configuration in this folder, with these fail points (`src/fail_point.rs`); its lines go to the file `log` there.
    pub fn start(folder: &Path, level: &str, fail_points: &str) -> Self {
        let log = fs::File::options().create(true).append(true).open(folder.join("log")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_maildesk"))
            .args(["serve", "--config"])
            .arg(folder.join("maildesk.toml"))
            .env("MAILDESK_LOG_LEVEL", level)
            .env("FAILPOINTS", fail_points)
            // A point that stands still takes a thread of these.
            .env("TOKIO_WORKER_THREADS", "4")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self(child)
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().unwrap()
    }

    /// SIGKILL, and gone.
    pub fn kill(&mut self) {
        self.0.kill().ok();
        self.0.wait().unwrap();
    }

    /// SIGTERM; how long it took to end.
    pub fn end(mut self) -> Duration {
        let began = Instant::now();
        Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status().unwrap();
        assert!(self.0.wait().unwrap().success());
        began.elapsed()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A customer's mail; everybody writes once.
pub fn message(n: usize) -> String {
    format!(
        "From: Customer {n} <c{n}@home{}.test>\r\nTo: {SUPPORT}\r\nSubject: Request {n}\r\nMessage-ID: <{n}@home.test>\r\nDate: Mon, 2 Nov 2026 10:00:00 +0100\r\n\r\nThe words of {n}.\r\n",
        n % 7
    )
}

pub fn customer(n: usize) -> String {
    format!("c{n}@home{}.test", n % 7)
}
