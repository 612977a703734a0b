//! A daemon that lets originals expire crashes at every fail point on the way: nothing but what was to go is gone, and it goes.

use std::{fs, path::Path, time::Duration};

use maildesk::clock::Clock;
use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};

use crate::{
    base::{SETTLED, command, configure, mail, rows, wait_for, world},
    daemon::{Daemon, SUPPORT},
};

async fn run(folder: &Path, sql: &str) {
    let mut conn = SqliteConnectOptions::new().filename(folder.join("data/maildesk.db")).connect().await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
}

fn files(folder: &Path) -> usize {
    let shards = fs::read_dir(folder.join("data/blobs")).unwrap().map(|it| it.unwrap().path()).filter(|it| it.is_dir());
    shards.map(|it| fs::read_dir(it).unwrap().count()).sum()
}

/// A daemon lets them expire, unless one has; then a day passes.
async fn expire(folder: &Path) {
    if rows(folder, "select count(*) from messages where expired_at is not null").await != ["2"] {
        let daemon = Daemon::start(folder, "warn", "");
        wait_for(folder, "select count(*) = 2 from messages where expired_at is not null").await;
        daemon.end();
    }
    run(folder, "update blobs set stored_at = stored_at - 90000000 where packing = 'leaving'").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_while_originals_expire_takes_nothing_else_and_the_next_run_goes_on() {
    for point in ["expire-commit", "expired", "expired-file", "expired-files-commit"] {
        let folder = tempfile::tempdir().unwrap();
        let world = world(Clock::System.now()).await;
        configure(folder.path(), &world, &["support"]);
        let configuration = fs::read_to_string(folder.path().join("maildesk.toml")).unwrap();
        let keeping = configuration.replace("[desk]\n", "[desk]\nkeep_raw = \"40d\"\n");
        fs::write(folder.path().join("maildesk.toml"), keeping).unwrap();
        let line = format!("{}\r\n", "It is large. ".repeat(69));
        for n in 1..=3 {
            let from = format!("C{n} <c{n}@home.test>");
            world.deliver(SUPPORT, mail(&from, &format!("Request {n}"), &line.repeat(300)).as_bytes());
        }
        let daemon = Daemon::start(folder.path(), "warn", "");
        wait_for(folder.path(), &format!("{SETTLED} and (select count(*) from sightings) = 3")).await;
        daemon.end();
        assert_eq!(files(folder.path()), 3);
        // Two of them came long ago, their tickets were closed soon after, as their history says.
        run(folder.path(), "update messages set stored_at = stored_at - 4000000000 where id < 3").await;
        run(folder.path(), "update tickets set status = 'closed', status_at = status_at - 4000000000 where number < 3").await;
        run(
            folder.path(),
            "insert into events (ticket, at, kind, old, new) select number, status_at, 'status', 'open', 'closed' from tickets where number < 3",
        )
        .await;

        if point.starts_with("expired-file") {
            expire(folder.path()).await;
        }
        let mut daemon = Daemon::start(folder.path(), "warn", &format!("{point}=crash"));
        let began = std::time::Instant::now();
        while daemon.ended().is_none() {
            assert!(began.elapsed() < Duration::from_secs(60), "{point} is never reached");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let verify = command(folder.path(), &["verify"]);
        assert!(verify.status.success(), "{point}: {}", String::from_utf8_lossy(&verify.stdout));
        expire(folder.path()).await;
        let daemon = Daemon::start(folder.path(), "warn", "");
        wait_for(folder.path(), "select count(*) = 0 from blobs where packing = 'leaving'").await;
        daemon.end();
        assert_eq!(files(folder.path()), 1, "{point}");
        assert_eq!(rows(folder.path(), "select count(*) from comments where body like 'It is large.%'").await, ["3"], "{point}");
        let verify = command(folder.path(), &["verify"]);
        assert!(verify.status.success(), "{point}: {}", String::from_utf8_lossy(&verify.stdout));
    }
}
