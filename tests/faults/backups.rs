//! Backups of a desk at work: made while mail pours in and the daemon is killed, each whole; and a desk that comes back from one while
//! its mail server went on.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use crate::daemon::{SUPPORT, Setting, customer, message};

const TICKETS: &str = "select count(*) from tickets";

/// `maildesk …` on the setting, beside what it talks to.
async fn maildesk(setting: &Setting, words: &[&str]) -> (String, Option<i32>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_maildesk"));
    command.args(words).arg("--config").arg(setting.folder.path().join("maildesk.toml"));
    let Output { status, stdout, stderr } = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    (format!("{}{}", String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap()), status.code())
}

async fn tickets_in(setting: &Setting, file: &Path) -> i64 {
    let (said, code) = maildesk(setting, &["verify", file.to_str().unwrap(), "--json"]).await;
    assert_eq!(code, Some(0), "{said}");
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    said["backup"]["tables"]["tickets"].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_busy_desk_is_a_moment_of_it_and_the_desk_comes_back_with_all_that_came_since() {
    let setting = Setting::new().await;
    let mut daemon = setting.daemon();
    let (rounds, each) = (3, 30);
    let mut delivered = 0;
    let mut files = Vec::new();
    for round in 0..rounds {
        for _ in 0..each {
            setting.world.deliver(SUPPORT, message(delivered).as_bytes());
            delivered += 1;
        }
        let file = setting.folder.path().join(format!("{round}.backup"));
        setting.wait_for("select count(*) > 0 from tickets", 1).await;
        let before = setting.count(TICKETS).await.unwrap();
        let (said, code) = maildesk(&setting, &["backup", file.to_str().unwrap()]).await;
        assert_eq!(code, Some(0), "{said}");
        let after = setting.count(TICKETS).await.unwrap();
        let held = tickets_in(&setting, &file).await;
        assert!(before <= held && held <= after, "{before} <= {held} <= {after}");
        files.push(file);
        if round == 1 {
            daemon.kill();
            daemon = setting.daemon();
        }
    }
    setting.wait_for("select count(*) from sightings where filing = 'done'", delivered as i64).await;
    setting.wait_for("select count(*) from deliveries where state <> 'sent'", 0).await;

    // A daemon that runs is never restored over.
    let (said, code) = maildesk(&setting, &["restore", files[1].to_str().unwrap(), "--replace"]).await;
    assert!(code == Some(1) && said.contains("in use by another maildesk"), "{said}");
    daemon.kill();
    let told: Vec<usize> = (0..delivered).map(|n| setting.world.messages(&customer(n), "INBOX").len()).collect();
    fs::rename(setting.folder.path().join("data"), setting.folder.path().join("burnt")).unwrap();
    let (said, code) = maildesk(&setting, &["restore", files[1].to_str().unwrap()]).await;
    assert_eq!(code, Some(0), "{said}");
    let (said, code) = maildesk(&setting, &["verify"]).await;
    assert_eq!(code, Some(0), "{said}");

    // What came since lies in the folder where it was filed; it is a ticket again, and nobody is told twice.
    let daemon = setting.daemon();
    setting.wait_for("select count(*) from messages where state = 'decided'", delivered as i64).await;
    setting.wait_for("select count(*) from mailboxes where look_again_since is not null", 0).await;
    setting.wait_for("select count(*) from deliveries where state <> 'sent' and held_back is null", 0).await;
    assert_eq!(setting.count(TICKETS).await, Some(delivered as i64));
    tokio::time::sleep(Duration::from_millis(200)).await;
    daemon.end();
    let (said, code) = maildesk(&setting, &["verify"]).await;
    assert_eq!(code, Some(0), "{said}");
    for (n, told) in told.into_iter().enumerate().take(delivered) {
        let mails = setting.world.messages(&customer(n), "INBOX");
        let ids: BTreeSet<String> =
            mails.iter().filter_map(|it| it.text().lines().find(|line| line.starts_with("Message-ID:")).map(str::to_owned)).collect();
        assert_eq!((ids.len(), mails.len()), (1, told), "{} was told again", customer(n));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_killed_leaves_nothing_that_could_be_taken_for_one() {
    let setting = Setting::new().await;
    let daemon = setting.daemon();
    for n in 0..60 {
        setting.world.deliver(SUPPORT, message(n).as_bytes());
    }
    setting.wait_for(TICKETS, 60).await;
    for delay in [1, 3, 6, 10, 15, 20, 30, 45, 60] {
        let file = setting.folder.path().join(format!("{delay}.backup"));
        let mut killed = Command::new(env!("CARGO_BIN_EXE_maildesk"));
        killed.arg("backup").arg(&file).arg("--config").arg(setting.folder.path().join("maildesk.toml"));
        let mut killed = killed.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(delay)).await;
        killed.kill().ok();
        killed.wait().unwrap();
        if file.exists() {
            assert_eq!(tickets_in(&setting, &file).await, 60);
        }
    }
    daemon.end();
    let (said, code) = maildesk(&setting, &["verify"]).await;
    assert_eq!(code, Some(0), "{said}");
}
