//! The order in which the daemon tells the kernel: what it gave away (flagged, moved, handed over) was on the disk before.
//!
//! Each step is one line of `strace`. What was written to the database's log is known by the words in it, so that a sync counts only
//! when it came after those very words and before they were given away.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use maildesk::clock::Clock;

use crate::{
    base::{SETTLED, configure, holds, mail, rows, world},
    daemon::SUPPORT,
    handed_over::Desk,
};

const PATIENCE: Duration = Duration::from_secs(60);
const CALLS: &str = "trace=fsync,fdatasync,pwrite64,write,writev,sendto,sendmsg,rename,renameat,renameat2,mkdir";
const SYNCS: &[&str] = &["fsync", "fdatasync"];
const SENDS: &[&str] = &["sendto", "sendmsg", "write", "writev"];

/// One call to the kernel: the lines of the trace at which it began and ended.
#[derive(Debug)]
struct Call {
    name: String,
    text: String,
    began: usize,
    ended: usize,
}

/// The daemon under strace.
struct Traced {
    strace: Child,
    file: PathBuf,
}

impl Traced {
    fn start(folder: &Path) -> Self {
        let file = folder.join("trace");
        let strace = Command::new("strace")
            .args(["-f", "--seccomp-bpf", "-y", "-s", "100000", "-e", "signal=none", "-e", CALLS, "-o"])
            .arg(&file)
            .args([env!("CARGO_BIN_EXE_maildesk"), "serve", "--config"])
            .arg(folder.join("maildesk.toml"))
            .env("MAILDESK_LOG_LEVEL", "warn")
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.join("log")).unwrap())
            .spawn();
        let strace = strace.unwrap_or_else(|why| panic!("strace: {why}; `tests/run tools` installs it, or apt-get install strace"));
        Self { strace, file }
    }

    /// Fails with the mend where this machine lets nobody trace.
    fn must_run(&mut self, folder: &Path) {
        if let Some(status) = self.strace.try_wait().unwrap() {
            let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
            panic!(
                "strace ended ({status}); where it says `Operation not permitted`, allow ptrace: a container needs --cap-add=SYS_PTRACE \
                 and a seccomp profile that permits it, a machine kernel.yama.ptrace_scope=1 or less\n{log}"
            );
        }
    }

    /// SIGTERM to the daemon, which ends strace too; then what it did.
    fn end(mut self) -> Vec<Call> {
        let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.strace.id())).unwrap();
        for child in children.split_whitespace() {
            Command::new("kill").args(["-TERM", child]).status().unwrap();
        }
        self.strace.wait().unwrap();
        calls(&fs::read_to_string(&self.file).unwrap())
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        self.strace.kill().ok();
        self.strace.wait().ok();
    }
}

/// `4711 fsync(9</data/x>) = 0`, or in two lines where another thread came between: `4711 fsync(9</data/x> <unfinished ...>` and
/// `4711 <... fsync resumed>) = 0`.
fn calls(trace: &str) -> Vec<Call> {
    let mut calls: Vec<(String, Call)> = Vec::new();
    for (at, line) in trace.lines().enumerate() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        if rest.starts_with("<... ") {
            let began = calls.iter_mut().rev().find(|(of, call)| of == thread && call.ended == usize::MAX);
            if let Some((_, call)) = began {
                call.ended = at;
                call.text.push_str(rest);
            }
        } else if let Some((name, _)) = rest.split_once('(') {
            let ended = if rest.ends_with("<unfinished ...>") { usize::MAX } else { at };
            calls.push((thread.to_owned(), Call { name: name.to_owned(), text: rest.to_owned(), began: at, ended }));
        }
    }
    calls.into_iter().map(|(_, call)| call).collect()
}

impl Call {
    fn is(&self, names: &[&str], words: &str) -> bool {
        names.contains(&self.name.as_str()) && self.text.contains(words)
    }

    fn is_sync_of(&self, path: &str) -> bool {
        self.is(SYNCS, &format!("{path}>")) && self.text.ends_with("= 0")
    }
}

/// What goes out with these words.
fn given<'a>(calls: &'a [Call], words: &str) -> Result<&'a Call, String> {
    let sent = |it: &&Call| it.is(SENDS, words) && !it.text.contains("maildesk.db");
    calls.iter().find(sent).ok_or(format!("`{words}` was never sent"))
}

/// Whether these words were written to the database's log and synced before the others went out.
fn in_the_log_before(calls: &[Call], words: &str, sent: &str) -> Result<(), String> {
    let given = given(calls, sent)?;
    let written = calls.iter().find(|it| it.is(&["pwrite64"], "maildesk.db-wal>") && it.text.contains(words));
    let written = written.ok_or(format!("`{words}` was never written to the log"))?;
    let synced = |it: &Call| it.is_sync_of("maildesk.db-wal") && it.began > written.ended && it.ended < given.began;
    if calls.iter().any(synced) { Ok(()) } else { Err(format!("no sync between writing `{words}` and sending `{sent}`")) }
}

/// Whether a file of the blob folder was whole on the disk, and named there, before these words went out.
fn in_a_file_before(calls: &[Call], hash: &str, sent: &str) -> Result<(), String> {
    let (given, shard) = (given(calls, sent)?, format!("/blobs/{}", &hash[..2]));
    let renamed = calls.iter().find(|it| it.name.starts_with("rename") && it.text.contains(&format!("{shard}/{hash}\"")));
    let renamed = renamed.ok_or(format!("{hash} is no file that was renamed"))?;
    let temporary = renamed.text.split('"').nth(1).unwrap();
    let content = calls.iter().find(|it| it.is_sync_of(temporary) && it.ended < renamed.began);
    content.ok_or(format!("{temporary} was not synced before it was renamed"))?;
    let folder = calls.iter().find(|it| it.is_sync_of(&shard) && it.began > renamed.ended && it.ended < given.began);
    folder.ok_or(format!("{shard} was not synced between naming the file and sending `{sent}`"))?;
    let made = calls.iter().find(|it| it.name.starts_with("mkdir") && it.text.contains(&format!("{shard}\"")));
    let made = made.ok_or(format!("{shard} was there before"))?;
    let above = calls.iter().find(|it| it.is_sync_of("/blobs") && it.began > made.ended && it.ended < given.began);
    above.map(|_| ()).ok_or(format!("the folder above {shard} was not synced"))
}

/// Everything that was given away, and what had to be on the disk before.
fn proof(calls: &[Call], receipt: &str, hash: &str) -> Result<usize, String> {
    let mut shown = 0;
    for sent in ["UID STORE 1 +FLAGS", "UID MOVE 1 "] {
        // The octets as they came, and what was decided.
        in_the_log_before(calls, "small-words-of-ann", sent)?;
        in_the_log_before(calls, "open-ticket", sent)?;
        shown += 2;
    }
    in_the_log_before(calls, receipt, &format!("Message-ID: <{receipt}>"))?;
    for sent in ["UID STORE 2 +FLAGS", "UID MOVE 2 "] {
        in_a_file_before(calls, hash, sent)?;
        in_the_log_before(calls, hash, sent)?;
        shown += 2;
    }
    let first = given(calls, "UID STORE 1 +FLAGS")?;
    let folder = calls.iter().any(|it| it.is_sync_of("/data") && it.ended < first.began);
    if folder { Ok(shown + 2) } else { Err("the folder of the database was not synced".to_owned()) }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_away_was_on_the_disk_before() {
    let folder = tempfile::tempdir().unwrap();
    let world = world(Clock::System.now()).await;
    configure(folder.path(), &world, &["support"]);
    let mut traced = Traced::start(folder.path());
    world.deliver(SUPPORT, mail("Ann <ann@home.test>", "Printer", "small-words-of-ann").as_bytes());
    wait_until(&mut traced, folder.path(), 1).await;
    let line = format!("{}\r\n", "It is large. ".repeat(69));
    world.deliver(SUPPORT, mail("Lars <lars@home.test>", "Lorry", &line.repeat(300)).as_bytes());
    wait_until(&mut traced, folder.path(), 2).await;
    let receipt = rows(folder.path(), "select message_id from outbox where kind = 'receipt' order by id limit 1").await.remove(0);
    let hash = rows(folder.path(), "select sha256 from blobs where bytes is null").await.remove(0);
    let calls = traced.end();

    let shown = proof(&calls, &receipt, &hash).unwrap_or_else(|why| panic!("{why}"));
    println!("{shown} times, what was given away was on the disk before; {} calls looked at", calls.len());
    // The proof can fail: without its syncs, or with the sending before them, the same trace shows nothing.
    let unsynced: Vec<Call> = calls.into_iter().filter(|it| !it.is(SYNCS, "maildesk.db-wal")).collect();
    assert!(proof(&unsynced, &receipt, &hash).unwrap_err().contains("no sync between"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_mail_server_was_told_is_kept_was_on_the_disk_before() {
    let desk = Desk::new().await;
    let mut traced = Traced::start(desk.folder.path());
    let began = Instant::now();
    while !desk.socket().exists() {
        traced.must_run(desk.folder.path());
        assert!(began.elapsed() < PATIENCE, "it never listens");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let line = format!("{}\r\n", "It is large. ".repeat(69));
    let large = mail("Lars <lars@home.test>", "Lorry", &line.repeat(300));
    let answers = tokio::task::block_in_place(|| {
        [desk.until_taken(&mail("Ann <ann@home.test>", "Printer", "small-words-of-ann")), desk.until_taken(&large)]
    });
    let [small, large] = answers.map(|it| it.split_once("> ").unwrap().1.to_owned());
    let hash = rows(desk.folder.path(), "select sha256 from blobs where bytes is null").await.remove(0);
    let calls = traced.end();

    let proof = |calls: &[Call]| {
        in_the_log_before(calls, "small-words-of-ann", &small)?;
        in_the_log_before(calls, "open-ticket", &small)?;
        in_a_file_before(calls, &hash, &large)?;
        in_the_log_before(calls, &hash, &large)
    };
    proof(&calls).unwrap_or_else(|why| panic!("{why}"));
    let unsynced: Vec<Call> = calls.into_iter().filter(|it| !it.is(SYNCS, "maildesk.db-wal")).collect();
    assert!(proof(&unsynced).unwrap_err().contains("no sync between"), "the proof can fail");
}

async fn wait_until(traced: &mut Traced, folder: &Path, messages: usize) {
    let began = Instant::now();
    while !holds(folder, &format!("{SETTLED} and (select count(*) from sightings) = {messages}")).await {
        traced.must_run(folder);
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert!(began.elapsed() < PATIENCE, "message {messages} is not done\n{log}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

#[test]
fn a_call_that_another_thread_came_between_ends_where_it_is_resumed() {
    let trace = "1 fsync(9</d/x> <unfinished ...>\n2 sendto(3<s>, \"hello\", 5) = 5\n1 <... fsync resumed>) = 0\n";
    let calls = calls(trace);
    assert_eq!(calls.len(), 2);
    assert!(calls[0].is_sync_of("/d/x") && calls[0].ended > calls[1].began, "{calls:?}");
}
