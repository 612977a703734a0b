//! A private PostgreSQL cluster (Debian's), shared by all tests that run at one time; a fresh database for each.
//!
//! The first test to ask starts it. It ends by itself some seconds after the last one has gone, however that one ended.

use std::{
    fs::{self, File},
    hash::{DefaultHasher, Hash, Hasher},
    net::{TcpListener, TcpStream},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use maildesk::store::{Opener, Store};

const PATIENCE: Duration = Duration::from_secs(60);

/// An empty desk’s database; dropped with this.
pub struct Database {
    /// As the configuration wants it: `postgres://…`.
    pub url: String,
    name: String,
    port: u16,
    /// Held as long as the cluster is needed.
    _holds: File,
}

impl Database {
    /// Makes one that has the tables of a desk, by a copy: a tenth of what it takes to make them. Starts the cluster when there is none.
    pub fn fresh() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let (port, holds) = cluster();
        let template = template(port);
        let name = format!("test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let made = client("createdb", port).args(["--template", &template, &name]).output().unwrap();
        assert!(made.status.success(), "createdb: {}", String::from_utf8_lossy(&made.stderr));
        Self { url: format!("postgres://postgres@127.0.0.1:{port}/{name}"), name, port, _holds: holds }
    }
}

/// The name of a database with the tables of this program's version: each of the tests' programs has its own, since they may be of
/// different versions. Made by whoever needs it first.
fn template(port: u16) -> String {
    let program = std::env::current_exe().unwrap();
    let mut hasher = DefaultHasher::new();
    (&program, fs::metadata(&program).unwrap().mtime_nsec()).hash(&mut hasher);
    let name = format!("tables_{:x}", hasher.finish());
    let making = File::create(folder().join("making")).unwrap();
    making.lock().unwrap();
    let made = folder().join("templates").join(&name);
    if made.exists() {
        return name;
    }
    let done = client("createdb", port).arg(&name).output().unwrap();
    assert!(done.status.success(), "createdb: {}", String::from_utf8_lossy(&done.stderr));
    let url = format!("postgres://postgres@127.0.0.1:{port}/{name}");
    // A thread of its own: a test waits in a runtime already.
    let open = move || {
        let scratch = tempfile::tempdir().unwrap();
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            Store::open(&url, scratch.path(), Opener::Command).await.unwrap().close().await;
        });
    };
    std::thread::spawn(open).join().unwrap();
    File::create(made).unwrap();
    name
}

impl Drop for Database {
    fn drop(&mut self) {
        client("dropdb", self.port).args(["--force", "--if-exists", &self.name]).output().ok();
    }
}

/// The port of the running cluster, and the hold that keeps it running.
fn cluster() -> (u16, File) {
    let folder = folder();
    fs::create_dir_all(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    let starting = File::create(folder.join("starting")).unwrap();
    starting.lock().unwrap();
    let holds = File::create(folder.join("holders")).unwrap();
    holds.lock_shared().unwrap();
    let port = match running(&folder) {
        Some(port) => port,
        None => start(&folder),
    };
    (port, holds)
}

/// One for each checkout, so that two do not share.
fn folder() -> PathBuf {
    let mut hasher = DefaultHasher::new();
    env!("CARGO_MANIFEST_DIR").hash(&mut hasher);
    std::env::temp_dir().join(format!("maildesk-test-postgres-{}-{:x}", uid(), hasher.finish()))
}

fn running(folder: &Path) -> Option<u16> {
    let port = fs::read_to_string(folder.join("port")).ok()?.trim().parse().ok()?;
    let answers = client("pg_isready", port).output().is_ok_and(|it| it.status.success());
    answers.then_some(port)
}

fn start(folder: &Path) -> u16 {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for old in ["data", "templates"] {
        fs::remove_dir_all(folder.join(old)).ok();
    }
    fs::create_dir_all(folder.join("templates")).unwrap();
    let programs = programs();
    // What a power cut would lose does not matter here; speed does.
    let script = format!(
        "set -e; cd {folder}; mkdir -m 700 data; own=; if [ $(id -u) = 0 ]; then chown postgres data; own='runuser -u postgres --'; fi
        $own {programs}/initdb -D {folder}/data -U postgres -A trust -E UTF8 --locale=C.UTF-8 -N >initdb.log
        set +e
        $own {programs}/postgres -D {folder}/data -p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
            -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=300 -c shared_buffers=64MB &
        p=$!; alone=0
        end='rm -f port; kill -INT $(head -1 data/postmaster.pid); while [ -e data/postmaster.pid ]; do sleep 0.1; done; rm -rf data'
        while kill -0 $p; do
            sleep 1
            if flock -n -x holders true; then alone=$((alone+1)); else alone=0; fi
            # Nobody can come while it ends: who comes waits for the lock, and starts another.
            if [ $alone -ge 10 ] && flock -n -x holders sh -c \"$end\"; then exit; fi
        done",
        folder = folder.display(),
        programs = programs.display(),
    );
    let log = File::create(folder.join("log")).unwrap();
    // A session of its own: the interrupt that ends the tests must not leave the cluster half ended.
    let keeper =
        Command::new("setsid").args(["sh", "-c", &script]).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn();
    drop(keeper.unwrap());
    let until = Instant::now() + PATIENCE;
    while TcpStream::connect(("127.0.0.1", port)).is_err() || !client("pg_isready", port).output().unwrap().status.success() {
        let words = || fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert!(Instant::now() < until, "PostgreSQL does not start:\n{}", words());
        std::thread::sleep(Duration::from_millis(50));
    }
    fs::write(folder.join("port"), port.to_string()).unwrap();
    port
}

fn client(program: &str, port: u16) -> Command {
    let mut command = Command::new(programs().join(program));
    command.args(["-h", "127.0.0.1", "-U", "postgres", "-p", &port.to_string()]).stdin(Stdio::null());
    command
}

/// Where Debian keeps the newest version's programs.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions.map(|it| it.path().join("bin")).filter(|it| it.join("initdb").exists()).max();
    newest.expect("there is no PostgreSQL under /usr/lib/postgresql: apt-get install postgresql")
}

fn uid() -> u32 {
    fs::metadata("/proc/self").unwrap().uid()
}
