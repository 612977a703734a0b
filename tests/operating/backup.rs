//! `maildesk backup`, `verify FILE` and `restore` on the shell.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use maildesk::store::backup::check;

use crate::{
    replay::{desk, maildesk},
    rows::Rows,
    shell::Shell,
};

pub fn mail(n: usize, text: &str) -> String {
    format!(
        "From: Ann Lee <ann@home.test>\r\nTo: support@desk.test\r\nSubject: Printer {n}\r\nMessage-ID: <{n}@home.test>\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    )
}

/// A desk with three tickets, one of which has a content that is too large for the database.
pub fn three_tickets() -> Shell {
    let shell = desk();
    for n in 1..=2 {
        assert_eq!(maildesk(&shell, &["ingest"], &mail(n, "It smokes.")).2, Some(0));
    }
    let long: String = (0..60_000).map(|n| format!("{n:08x} ")).collect();
    assert_eq!(maildesk(&shell, &["ingest"], &mail(3, &long)).2, Some(0));
    shell
}

fn database(shell: &Shell) -> String {
    format!("sqlite:{}", shell.path("data/maildesk.db").display())
}

fn path(file: &Path) -> &str {
    file.to_str().unwrap()
}

/// The folders and files that are left of work that did not end.
fn left_over(folder: &Path) -> Vec<PathBuf> {
    let all = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    all.filter(|it| it.file_name().unwrap().to_string_lossy().starts_with(".maildesk")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_comes_back_from_its_backup_and_nothing_leaves_twice() {
    let shell = three_tickets();
    let file = shell.path("desk.backup");
    let (said, errors, code) = maildesk(&shell, &["backup", path(&file)], "");
    assert_eq!(code, Some(0), "{said}{errors}");
    assert!(said.contains("3 tickets, 3 messages") && said.contains("Whoever has this file"), "{said}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let (_, refused, code) = maildesk(&shell, &["backup", path(&file)], "");
    assert!(refused.contains("is there already") && refused.contains("--overwrite") && code == Some(2), "{refused}");
    assert_eq!(maildesk(&shell, &["backup", path(&file), "--overwrite"], "").2, Some(0));

    let (said, errors, code) = maildesk(&shell, &["verify", path(&file)], "");
    assert_eq!(code, Some(0), "{said}{errors}");
    assert!(said.starts_with("a backup of ") && said.ends_with(": all agrees\n"), "{said}");
    let rows = Rows::of(&database(&shell)).await;
    assert_eq!(rows.count("select count(*) from backups where verified_at is not null and removed_at is null").await, 1);

    // What comes after it is lost with the desk that it is restored over; that desk stays beside it.
    assert_eq!(maildesk(&shell, &["ingest"], &mail(4, "Later.")).2, Some(0));
    let waiting =
        rows.count("select count(*) from deliveries where state = 'waiting' and created_at <= (select max(began_at) from backups)").await;
    drop(rows);
    let (_, refused, code) = maildesk(&shell, &["restore", path(&file)], "");
    assert!(refused.contains("there is a desk already") && refused.contains("--replace") && code == Some(1), "{refused}");
    let (said, errors, code) = maildesk(&shell, &["restore", path(&file), "--replace"], "");
    assert_eq!(code, Some(0), "{said}{errors}");
    assert!(said.contains("3 tickets, 3 messages") && said.contains("before-restore-"), "{said}");
    assert!(said.contains(&format!("{waiting} outgoing mails had not left then")) && waiting > 0, "{said}");
    assert!(said.contains("new tickets begin with #2001"), "{said}");
    assert_eq!(shell.run("verify").code, Some(0));
    let rows = Rows::of(&database(&shell)).await;
    assert_eq!(rows.count("select count(*) from tickets").await, 3);
    assert_eq!(rows.count("select count(*) from deliveries where held_back is null and state = 'waiting'").await, 0);
    assert_eq!(rows.count("select count(*) from backups where verified_at is not null").await, 1, "it knows what it came from");
    assert_eq!(maildesk(&shell, &["ingest"], &mail(4, "Later.")).2, Some(0));
    assert_eq!(rows.count("select max(number) from tickets").await, 2001);
    assert_eq!((left_over(&shell.path("")), left_over(&shell.path("data"))), (vec![], vec![]));
}

#[test]
fn a_backup_is_an_archive_that_anything_can_be_taken_out_of() {
    let shell = three_tickets();
    let file = shell.path("desk.backup");
    assert_eq!(maildesk(&shell, &["backup", path(&file)], "").2, Some(0));
    let tar = Command::new("tar").args(["-tf", path(&file)]).output().unwrap();
    let names = String::from_utf8(tar.stdout).unwrap();
    assert!(tar.status.success() && names.starts_with("maildesk-backup.txt\nmaildesk.db\nblobs/"), "{names}");
    assert!(names.contains("settings/maildesk.toml\nsettings/secret.key\nmanifest.json\nsealed-sha256-"), "{names}");
    let tar = Command::new("tar").args(["-xOf", path(&file), "settings/maildesk.toml"]).output().unwrap();
    assert_eq!(tar.stdout, fs::read(shell.path("maildesk.toml")).unwrap());
}

/// Whether looking at a backup says that something is wrong.
fn is_found(file: &Path) -> bool {
    let folder = tempfile::tempdir().unwrap();
    match check::unpack(file, folder.path()) {
        Ok(unpacked) => !unpacked.findings.is_empty(),
        Err(_) => true,
    }
}

#[test]
fn a_byte_that_changes_anywhere_or_an_end_that_is_missing_is_found() {
    let shell = three_tickets();
    let file = shell.path("desk.backup");
    assert_eq!(maildesk(&shell, &["backup", path(&file)], "").2, Some(0));
    let whole = fs::read(&file).unwrap();
    let damaged = shell.path("damaged.backup");
    let [seed] = maildesk::clock::random_bytes::<1>();
    let places = (0..24_usize).map(|n| (n * whole.len() / 24 + usize::from(seed)) % whole.len());
    let edges = [0, 100, 511, 512, whole.len() - 1, whole.len() - 1024, whole.len() - 1025, whole.len() - 1536, whole.len() - 1537];
    for place in places.chain(edges) {
        let mut bytes = whole.clone();
        bytes[place] ^= 1 << (seed % 8);
        fs::write(&damaged, bytes).unwrap();
        assert!(is_found(&damaged), "byte {place} of {}", whole.len());
    }
    for length in [0, 1, 511, 512, 5000, whole.len() / 2, whole.len() - 1537, whole.len() - 1024, whole.len() - 1] {
        fs::write(&damaged, &whole[..length]).unwrap();
        assert!(is_found(&damaged), "cut at {length} of {}", whole.len());
    }
    let (_, errors, code) = maildesk(&shell, &["restore", path(&damaged), "--replace"], "");
    assert!(code == Some(1) && errors.contains("nothing was touched") && errors.contains("its seal is missing or broken"), "{errors}");
    fs::write(&damaged, &whole[..5000]).unwrap();
    let (said, errors, code) = maildesk(&shell, &["verify", path(&damaged)], "");
    assert!(code == Some(2) && errors.contains("cut off or damaged"), "{said}{errors}");
    fs::write(&damaged, [whole.as_slice(), b"more"].concat()).unwrap();
    assert_eq!(maildesk(&shell, &["verify", path(&damaged)], "").2, Some(1));
    let (_, errors, code) = maildesk(&shell, &["verify", path(&shell.path("maildesk.toml"))], "");
    assert!(errors.contains("is no backup that maildesk has made") && code == Some(2), "{errors}");
    assert_eq!(shell.run("verify").code, Some(0), "the desk itself was touched");
    assert_eq!(left_over(&shell.path("data")), Vec::<PathBuf>::new());
    // Where there was nothing, there is nothing.
    fs::write(&damaged, &whole[..whole.len() - 1]).unwrap();
    let configuration = fs::read_to_string(shell.path("maildesk.toml")).unwrap();
    let elsewhere = configuration.replace(path(&shell.path("data")), path(&shell.path("new/deep/data")));
    fs::write(shell.path("maildesk.toml"), elsewhere).unwrap();
    for cut in [whole.len() - 1, 5000] {
        fs::write(&damaged, &whole[..cut]).unwrap();
        let (_, errors, code) = maildesk(&shell, &["restore", path(&damaged)], "");
        assert!(code == Some(1) && !shell.path("new").exists(), "{errors}");
    }
    assert_eq!(maildesk(&shell, &["restore", path(&file)], "").2, Some(0));
    assert_eq!(shell.run("verify").code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_desk_lacks_already_is_named_and_the_rest_is_kept() {
    let shell = three_tickets();
    let blobs = shell.path("data/blobs");
    let large = fs::read_dir(&blobs).unwrap().next().unwrap().unwrap().path();
    let large = fs::read_dir(large).unwrap().next().unwrap().unwrap().path();
    let hash = large.file_name().unwrap().to_str().unwrap().to_owned();
    fs::remove_file(&large).unwrap();
    let file = shell.path("desk.backup");
    let (said, _, code) = maildesk(&shell, &["backup", path(&file)], "");
    assert!(code == Some(1) && said.contains(&format!("the content {hash} is missing in this desk")), "{said}");
    let (said, _, code) = maildesk(&shell, &["verify", path(&file)], "");
    assert!(code == Some(1) && said.contains(&format!("{hash} is missing: message 3")), "{said}");
    let (said, errors, code) = maildesk(&shell, &["restore", path(&file), "--replace"], "");
    assert!(code == Some(1) && errors.contains("nothing was touched") && errors.contains("--damaged"), "{said}{errors}");
    assert_eq!(maildesk(&shell, &["restore", path(&file), "--replace", "--damaged"], "").2, Some(0));
    assert_eq!(Rows::of(&database(&shell)).await.count("select count(*) from tickets").await, 3);
}

#[test]
fn a_place_that_cannot_be_written_to_is_named_with_its_mend_and_nothing_half_is_left() {
    let shell = three_tickets();
    let (_, errors, code) = maildesk(&shell, &["backup", path(&shell.path("nowhere/desk.backup"))], "");
    assert!(code == Some(2) && errors.contains("nowhere"), "{errors}");
    let (_, errors, code) = maildesk(&shell, &["backup", "/proc/desk.backup"], "");
    assert!(code == Some(2) && errors.contains("/proc"), "{errors}");
}

#[test]
fn what_is_wrong_with_a_path_is_said_once_with_its_mend() {
    let shell = three_tickets();
    let (nowhere, file, cut) = (shell.path("nowhere/desk.backup"), shell.path("desk.backup"), shell.path("cut.backup"));
    assert_eq!(maildesk(&shell, &["backup", path(&file)], "").2, Some(0));
    fs::write(&cut, &fs::read(&file).unwrap()[..5000]).unwrap();
    for (command, file, says) in [
        ("backup", &nowhere, "No such file or directory"),
        ("verify", &nowhere, "No such file or directory"),
        ("restore", &nowhere, "No such file or directory"),
        ("verify", &cut, "its manifest cannot be read; use another backup"),
    ] {
        let (_, errors, code) = maildesk(&shell, &[command, path(file)], "");
        assert!(code != Some(0) && errors.matches(says).count() == 1, "{command}: {errors}");
        assert!(file == &cut || errors.contains("; look at the spelling"), "{command}: {errors}");
    }
}

#[test]
fn a_desk_comes_back_where_there_was_none_with_the_key_that_it_had() {
    let shell = three_tickets();
    let file = shell.path("desk.backup");
    let configuration = fs::read_to_string(shell.path("maildesk.toml")).unwrap();
    let without_key: String = configuration.lines().filter(|it| !it.starts_with("secret_key")).map(|it| format!("{it}\n")).collect();
    fs::write(shell.path("maildesk.toml"), &without_key).unwrap();
    assert_eq!(maildesk(&shell, &["ingest"], &mail(5, "With a key of its own.")).2, Some(0));
    let key = fs::read(shell.path("data/secret.key")).unwrap();
    assert_eq!(maildesk(&shell, &["backup", path(&file)], "").2, Some(0));
    fs::rename(shell.path("data"), shell.path("lost")).unwrap();
    let (said, errors, code) = maildesk(&shell, &["restore", path(&file)], "");
    assert_eq!(code, Some(0), "{said}{errors}");
    assert_eq!(fs::read_to_string(shell.path("data/secret.key")).unwrap().trim(), String::from_utf8(key).unwrap().trim());
    assert_eq!(fs::metadata(shell.path("data")).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(shell.run("verify").code, Some(0));
    // A key that is not the backup's is said.
    fs::write(shell.path("maildesk.toml"), configuration.replace("abab", "cdcd")).unwrap();
    let (said, errors, code) = maildesk(&shell, &["restore", path(&file), "--replace"], "");
    assert!(code == Some(0) && said.contains("is not the one of the backup"), "{said}{errors}");
}

/// `maildesk …` with a disk of so many KiB under `folder`; what is on that disk afterwards is in the second text.
fn with_a_small_disk(shell: &Shell, folder: &Path, kib: u64, words: &str) -> (String, String) {
    let (maildesk, folder) = (env!("CARGO_BIN_EXE_maildesk"), folder.display());
    let config = shell.path("maildesk.toml");
    let script = format!(
        "mount -t tmpfs -o size={kib}k tmpfs {folder} || exit 1; {maildesk} {words} --config {} 2>&1; echo code $?; echo ======; ls -A {folder}",
        config.display()
    );
    let output = Command::new("unshare").args(["-rm", "sh", "-c", &script]).output().expect("unshare (util-linux) is there");
    let text = String::from_utf8(output.stdout).unwrap();
    let (said, left) =
        text.split_once("======\n").unwrap_or_else(|| panic!("no small disk: {text}{}", String::from_utf8_lossy(&output.stderr)));
    (said.to_owned(), left.to_owned())
}

#[test]
fn a_disk_that_is_full_is_named_and_nothing_half_is_left_on_it() {
    let shell = three_tickets();
    let small = shell.path("small");
    fs::create_dir(&small).unwrap();
    let database = fs::metadata(shell.path("data/maildesk.db")).unwrap().len() / 1024;
    // Too small for the copy of the database; and for the archive beside it.
    for kib in [64, database + 200] {
        let (said, left) = with_a_small_disk(&shell, &small, kib, &format!("backup {}/desk.backup", small.display()));
        assert!(said.contains("make room there") && said.ends_with("code 2\n"), "{kib} KiB: {said}");
        assert_eq!(left, "", "{kib} KiB: {said}");
    }
    let file = shell.path("desk.backup");
    assert_eq!(maildesk(&shell, &["backup", path(&file)], "").2, Some(0));
    let (said, left) = with_a_small_disk(&shell, &small, 200, &format!("verify {} --scratch {}", path(&file), small.display()));
    assert!(said.contains("MB free, and this takes") && said.ends_with("code 2\n"), "{said}");
    assert_eq!(left, "");
    let (said, left) = with_a_small_disk(&shell, &small, 100, &format!("export {}/desk.jsonl", small.display()));
    assert!(said.contains("No space left") && said.contains("; make room there") && said.ends_with("code 1\n"), "{said}");
    assert_eq!(left, "");
    let mails = shell.path("many.mbox");
    let text = "It smokes. ".repeat(1000);
    fs::write(&mails, (10..700).map(|n| format!("From - Fri Jun  5 10:00:00 2020\n{}\n", mail(n, &text))).collect::<String>()).unwrap();
    fs::rename(shell.path("data"), shell.path("lost")).unwrap();
    fs::create_dir(shell.path("data")).unwrap();
    let (said, _) = with_a_small_disk(&shell, &shell.path("data"), 4096, &format!("import {}", path(&mails)));
    assert!(said.contains("broken off, for there is no room in ") && said.contains("/data; what was taken in stays"), "{said}");
    assert!(said.matches("database or disk is full").count() == 1 && said.contains("; make room where it lies"), "{said}");
}
