//! The daemon as a process of its own, with one mailbox or many, and nothing to do.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use maildesk::{
    auth::password::{NewPassword, Passwords},
    demo::world::{World, WorldOptions},
};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

use super::many_tickets::{database, seed};

const STARTS: usize = 9;
const PASSWORD: &str = "four words of ada";
const SUPPORT: &str = "support@desk.test";
const SETTLING: Duration = Duration::from_secs(15);
const WATCHED: Duration = Duration::from_secs(20);

pub async fn measure(tickets: i64) {
    let world = World::start(WorldOptions::default()).await.unwrap();
    world.add_account(SUPPORT, "secret");
    let folder = tempfile::tempdir_in(".").unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    seed(&data, tickets, Timestamp::now()).await;
    let hash = Passwords::default().hash(&NewPassword::parse(PASSWORD).unwrap()).await.unwrap();
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(database(&data))).await.unwrap();
    sqlx::query("update people set password_hash = $1 where email = 'ada@desk.test'").bind(hash).execute(&pool).await.unwrap();
    pool.close().await;
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    configure(folder.path(), address, &world, &[SUPPORT.to_owned()]);
    let mut took: Vec<f64> = (0..STARTS).map(|_| Daemon::start(folder.path(), address).1.as_secs_f64() * 1e3).collect();
    took.sort_by(f64::total_cmp);
    println!(
        "start to the first answer of /healthz, {tickets} tickets: median {:.0} ms of {STARTS}, longest {:.0} ms (at most 300)",
        took[STARTS / 2],
        took[STARTS - 1]
    );
    let (daemon, _) = Daemon::start(folder.path(), address);
    tokio::time::sleep(SETTLING).await;
    println!("resident, {} s after the start: {} (under 40 MiB)", SETTLING.as_secs(), daemon.memory());
    let (before, processor) = (daemon.switches(), daemon.processor());
    tokio::time::sleep(WATCHED).await;
    println!(
        "idle for {} s: {} wake-ups of all threads, {:.2} s of the processor",
        WATCHED.as_secs(),
        daemon.switches() - before,
        daemon.processor() - processor
    );
    sign_in_and_look(address);
    println!("resident, after a sign-in and ten pages: {}", daemon.memory());
    tokio::time::sleep(SETTLING).await;
    println!("resident, {} s later: {} (under 40 MiB)", SETTLING.as_secs(), daemon.memory());
    println!("highest since the start: {}", daemon.status("VmHWM"));
}

/// The daemon with so many mailboxes, each in IDLE on a world in this process, so that its own memory alone is counted.
pub async fn measure_mailboxes(mailboxes: usize) {
    let world = World::start(WorldOptions::default()).await.unwrap();
    let folder = tempfile::tempdir_in(".").unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    let addresses: Vec<String> = (0..mailboxes).map(|it| format!("box{it}@desk.test")).collect();
    addresses.iter().for_each(|it| world.add_account(it, "secret"));
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    configure(folder.path(), address, &world, &addresses);
    let (daemon, _) = Daemon::start(folder.path(), address);
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(database(&data))).await.unwrap();
    let n = i64::try_from(mailboxes).unwrap();
    wait_for(&pool, "select count(*) from mailboxes where connected_since is not null and error is null", n).await;
    tokio::time::sleep(SETTLING).await;
    println!("{mailboxes} mailboxes, each in IDLE, {} s after the last connected: {} (under 100 MiB)", SETTLING.as_secs(), daemon.memory());
    let (before, processor) = (daemon.switches(), daemon.processor());
    tokio::time::sleep(WATCHED).await;
    println!(
        "idle for {} s: {} wake-ups of all threads, {:.2} s of the processor",
        WATCHED.as_secs(),
        daemon.switches() - before,
        daemon.processor() - processor
    );
    for (n, it) in addresses.iter().enumerate() {
        let mail = format!(
            "From: Ann <ann{n}@home.test>\r\nTo: {it}\r\nSubject: Printer {n}\r\nMessage-ID: <{n}@home.test>\r\n\r\nIt smokes.\r\n"
        );
        world.deliver(it, mail.as_bytes());
    }
    wait_for(&pool, "select count(*) from messages where state = 'decided'", n).await;
    tokio::time::sleep(SETTLING).await;
    println!("after a message in each: {} (under 100 MiB)", daemon.memory());
    println!("highest since the start: {}", daemon.status("VmHWM"));
}

async fn wait_for(pool: &SqlitePool, sql: &'static str, n: i64) {
    let began = Instant::now();
    while sqlx::query_scalar::<_, i64>(sql).fetch_one(pool).await.unwrap() < n {
        assert!(began.elapsed() < Duration::from_secs(120), "{sql}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn configure(folder: &Path, address: SocketAddr, world: &World, mailboxes: &[String]) {
    let (imap, smtp) = (world.imap_addr().port(), world.smtp_addr().port());
    let mut configuration =
        format!("listen = \"{address}\"\npublic_url = \"http://{address}\"\ndata_dir = \"data\"\nlog_level = \"warn\"\n\n");
    for it in mailboxes {
        let name = it.split('@').next().unwrap();
        configuration += &format!(
            "[[mailbox]]\nname = \"{name}\"\naddress = \"{it}\"\n\n\
             [mailbox.imap]\nhost = \"127.0.0.1\"\nport = {imap}\ntls = \"none\"\nuser = \"{it}\"\npassword = \"secret\"\n\n\
             [mailbox.smtp]\nhost = \"127.0.0.1\"\nport = {smtp}\ntls = \"none\"\n\n"
        );
    }
    fs::write(folder.join("maildesk.toml"), configuration).unwrap();
}

/// A running daemon; ended when dropped.
struct Daemon(Child);

impl Daemon {
    /// Starts it; how long until it first answered.
    fn start(folder: &Path, address: SocketAddr) -> (Self, Duration) {
        let began = Instant::now();
        let mut command = Command::new(env!("CARGO_BIN_EXE_maildesk"));
        command.args(["serve", "--config"]).arg(folder.join("maildesk.toml")).stdin(Stdio::null()).stdout(Stdio::null());
        let daemon = Self(command.spawn().unwrap());
        loop {
            if ask(address, "GET /healthz HTTP/1.1\r\n", "").is_some_and(|it| it.starts_with("HTTP/1.1 200")) {
                return (daemon, began.elapsed());
            }
            assert!(began.elapsed() < Duration::from_secs(30), "the daemon does not answer");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// A line of proc(5) status.
    fn status(&self, name: &str) -> String {
        field(&fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap(), name)
    }

    fn memory(&self) -> String {
        let mib = |name: &str| self.status(name).split(' ').next().unwrap().parse::<f64>().unwrap() / 1024.0;
        format!("{:.1} MiB ({:.1} its own, {:.1} of the program's file)", mib("VmRSS"), mib("RssAnon"), mib("RssFile"))
    }

    /// How often any of its threads was put on a processor.
    fn switches(&self) -> u64 {
        let threads = fs::read_dir(format!("/proc/{}/task", self.0.id())).unwrap();
        let of = |status: &str| -> u64 {
            ["voluntary_ctxt_switches", "nonvoluntary_ctxt_switches"].iter().map(|it| field(status, it).parse::<u64>().unwrap()).sum()
        };
        threads.filter_map(|it| fs::read_to_string(it.unwrap().path().join("status")).ok()).map(|it| of(&it)).sum()
    }

    /// Seconds of the processor: fields 14 and 15 of proc(5) stat.
    fn processor(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status().ok();
        self.0.wait().ok();
    }
}

fn field(status: &str, name: &str) -> String {
    let line = status.lines().find_map(|it| it.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap_or_default().trim().to_owned()
}

fn sign_in_and_look(address: SocketAddr) {
    let form = ask(address, "GET /login HTTP/1.1\r\n", "").unwrap();
    let token = form.split_once("name=\"csrf\" value=\"").unwrap().1.split('"').next().unwrap().to_owned();
    let body = format!("email=ada%40desk.test&password={}&csrf={token}", PASSWORD.replace(' ', "+"));
    let head = format!("POST /login HTTP/1.1\r\nCookie: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n", cookie(&form));
    let answer = ask(address, &head, &body).unwrap();
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    for page in ["/tickets", "/tickets?view=closed", "/tickets/1", "/held", "/mail", "/search?q=station", "/users"].iter().cycle().take(10)
    {
        let answer = ask(address, &format!("GET {page} HTTP/1.1\r\nCookie: {}\r\n", cookie(&answer)), "").unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{page}: {answer}");
    }
}

fn cookie(answer: &str) -> String {
    let set = answer.lines().find_map(|it| it.strip_prefix("set-cookie: ")).unwrap_or_else(|| panic!("no cookie: {answer}"));
    set.split(';').next().unwrap().to_owned()
}

/// One request on a connection of its own; none when nobody listens.
fn ask(address: SocketAddr, head: &str, body: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    let request = format!("{head}Host: {address}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    Some(String::from_utf8_lossy(&answer).into_owned())
}
