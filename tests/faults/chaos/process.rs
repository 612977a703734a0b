//! The daemon as a process that is ended, halted, and started again; its wall clock is whatever a file says.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Debian's package `libfaketime`.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/// SAFETY.md: SIGTERM under load ends within 15 s.
const LONGEST_END: Duration = Duration::from_secs(15);

pub struct Process {
    folder: PathBuf,
    name: String,
    child: Option<Child>,
    /// How often it ended and nobody had told it to.
    pub ended_by_itself: usize,
    pub longest_end: Duration,
}

/// Whether wall clocks can jump here; else why not.
pub fn clocks_can_jump() -> Result<(), String> {
    if Path::new(FAKETIME).exists() { Ok(()) } else { Err(format!("{FAKETIME} is missing: apt-get install libfaketime")) }
}

impl Process {
    /// Of the configuration `NAME.toml` in a folder; not started yet.
    pub fn of(folder: &Path, name: &str) -> Self {
        let it = Self { folder: folder.to_owned(), name: name.to_owned(), child: None, ended_by_itself: 0, longest_end: Duration::ZERO };
        it.set_clock(0);
        it
    }

    fn file(&self, ending: &str) -> PathBuf {
        self.folder.join(format!("{}.{ending}", self.name))
    }

    pub fn start(&mut self) {
        assert!(self.child.is_none());
        let log = File::options().create(true).append(true).open(self.file("log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_maildesk"));
        command.args(["serve", "--config"]).arg(self.file("toml"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        if clocks_can_jump().is_ok() {
            command.env("LD_PRELOAD", FAKETIME).env("FAKETIME_TIMESTAMP_FILE", self.file("clock"));
            command.env("FAKETIME_CACHE_DURATION", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        }
        self.child = Some(command.spawn().unwrap());
    }

    /// Starts it again where it has ended, as a service manager would.
    pub fn keep(&mut self) {
        let ended = self.child.as_mut().is_none_or(|it| it.try_wait().unwrap().is_some());
        if ended {
            self.ended_by_itself += usize::from(self.child.is_some());
            self.child = None;
            self.start();
        }
    }

    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().unwrap();
        }
    }

    /// SIGTERM, and waits for its end.
    pub async fn term(&mut self) {
        self.signal("TERM");
        let began = Instant::now();
        while let Some(child) = &mut self.child {
            if child.try_wait().unwrap().is_some() {
                self.child = None;
                break;
            }
            assert!(began.elapsed() < LONGEST_END, "SIGTERM: still there after {LONGEST_END:?}\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.longest_end = self.longest_end.max(began.elapsed());
    }

    pub fn signal(&self, name: &str) {
        if let Some(child) = &self.child {
            Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
        }
    }

    /// So many days off, from now on.
    pub fn set_clock(&self, days: i64) {
        let new = self.file("clock.new");
        fs::write(&new, if days == 0 { "+0".to_owned() } else { format!("{days:+}d") }).unwrap();
        fs::rename(new, self.file("clock")).unwrap();
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.file("log")).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal("CONT");
        self.kill();
    }
}
