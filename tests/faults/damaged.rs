//! A damaged database or content says so before anything is done with it, and no mail is lost to it.

use std::{
    fs,
    io::{Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use maildesk::{clock::Clock, demo::world::World};

use crate::{
    base::{SETTLED, command, configure, mail, rows, wait_for, world},
    daemon::{Daemon, SUPPORT},
};

struct Desk {
    folder: tempfile::TempDir,
    world: World,
}

impl Desk {
    async fn new() -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap(), world: world(Clock::System.now()).await };
        configure(desk.path(), &desk.world, &["support"]);
        desk
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn database(&self) -> PathBuf {
        self.path().join("data/maildesk.db")
    }

    async fn wait_for_messages(&self, n: usize) {
        wait_for(self.path(), &format!("{SETTLED} and (select count(*) from messages) = {n}")).await;
    }

    /// Starts the daemon, which is to end by itself; its words.
    async fn refused(&self) -> String {
        let mut daemon = Daemon::start(self.path(), "warn", "");
        let began = Instant::now();
        loop {
            let log = fs::read_to_string(self.path().join("log")).unwrap();
            if let Some(status) = daemon.ended() {
                assert!(!status.success(), "{log}");
                return log;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "it works on a damaged database\n{log}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn overwrite(file: &Path, from: u64, octets: usize) {
    let mut file = fs::File::options().write(true).open(file).unwrap();
    file.seek(SeekFrom::Start(from)).unwrap();
    file.write_all(&vec![0xa5; octets]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_is_named_before_anything_is_done_and_mail_stays_on_the_server() {
    let desk = Desk::new().await;
    for n in 0..12 {
        desk.world.deliver(SUPPORT, mail(&format!("C{n} <c{n}@home.test>"), &format!("Request {n}"), "It smokes.").as_bytes());
    }
    let daemon = Daemon::start(desk.path(), "warn", "");
    desk.wait_for_messages(12).await;
    daemon.end();
    let whole = fs::read(desk.database()).unwrap();
    desk.world.deliver(SUPPORT, mail("Zoe <zoe@home.test>", "Zebra", "It runs.").as_bytes());
    let page = 4096;
    let pages = whole.len() as u64 / page;
    // Its first page, one in the middle of its tables, and half of it cut off.
    let damages: [&dyn Fn(&Path); 3] =
        [&|it| overwrite(it, 0, 100), &|it| (pages / 3..pages / 3 + 12).for_each(|at| overwrite(it, at * page, 2048)), &|it| {
            fs::File::options().write(true).open(it).unwrap().set_len(whole.len() as u64 / 2).unwrap()
        }];
    for damage in damages {
        fs::write(desk.database(), &whole).unwrap();
        damage(&desk.database());
        fs::remove_file(desk.path().join("log")).unwrap();
        let said = desk.refused().await;
        assert!(said.contains("maildesk.db is damaged, and nothing was done with it"), "{said}");
        let inbox = desk.world.messages(SUPPORT, "INBOX");
        assert!(inbox.len() == 1 && !inbox[0].has("\\Seen"), "{} messages", inbox.len());
    }
    fs::write(desk.database(), &whole).unwrap();
    let daemon = Daemon::start(desk.path(), "warn", "");
    desk.wait_for_messages(13).await;
    daemon.end();
    assert!(command(desk.path(), &["verify"]).status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_file_is_damaged_is_held_with_the_reason_and_named_by_verify() {
    let desk = Desk::new().await;
    let line = format!("{}\r\n", "It is large. ".repeat(69));
    desk.world.deliver(SUPPORT, mail("Lars <lars@home.test>", "Lorry", &line.repeat(300)).as_bytes());
    let mut daemon = Daemon::start(desk.path(), "warn", "kept=crash");
    while daemon.ended().is_none() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let hash = rows(desk.path(), "select sha256 from blobs where bytes is null").await.remove(0);
    overwrite(&desk.path().join(format!("data/blobs/{}/{hash}", &hash[..2])), 1000, 10);
    desk.world.deliver(SUPPORT, mail("Ben <ben@home.test>", "Bicycle", "It squeaks.").as_bytes());
    let daemon = Daemon::start(desk.path(), "warn", "");
    desk.wait_for_messages(2).await;
    daemon.end();
    let said = rows(desk.path(), "select decision || ': ' || reason from messages order by id").await;
    assert!(said[0].starts_with("hold: ") && said[0].contains("damaged; restore it from a backup"), "{said:?}");
    assert!(said[1].starts_with("open-ticket"), "{said:?}");
    assert_eq!(desk.world.messages(SUPPORT, "Processed").len(), 2, "both are on the server");
    let verify = command(desk.path(), &["verify"]);
    let said = String::from_utf8_lossy(&verify.stdout);
    assert!(!verify.status.success() && said.contains(&hash), "{said}");
}
