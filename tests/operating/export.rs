//! `maildesk export` and `import` of a whole desk on the shell: the way from SQLite to PostgreSQL and back.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use crate::{
    backup::{mail, three_tickets},
    check_real_servers::without_tables,
    postgres::Database,
    replay::{desk, maildesk},
    rows::Rows,
    shell::Shell,
};

fn path(file: &Path) -> &str {
    file.to_str().unwrap()
}

/// A desk that was never started, on a PostgreSQL of its own.
fn on_postgres(database: &Database) -> Shell {
    let shell = desk();
    let configuration = fs::read_to_string(shell.path("maildesk.toml")).unwrap();
    fs::write(shell.path("maildesk.toml"), format!("database_url = \"{}\"\n{configuration}", database.url)).unwrap();
    shell
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_goes_from_sqlite_to_postgresql_and_back() {
    let (here, database) = (three_tickets(), Database::fresh());
    let (there, back) = (on_postgres(&database), desk());
    let file = here.path("desk.jsonl");
    let (_, said, code) = maildesk(&here, &["export", path(&file)], "");
    assert!(code == Some(0) && said.contains("exported 3 tickets, 3 messages"), "{said}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let (_, said, code) = maildesk(&here, &["export", path(&file)], "");
    assert!(code == Some(1) && said.contains("is there already") && said.contains("--overwrite"), "{said}");
    let (lines, _, code) = maildesk(&here, &["export"], "");
    assert!(code == Some(0) && lines.as_bytes() == fs::read(&file).unwrap(), "standard output has something else");

    let (said, errors, code) = maildesk(&there, &["import", path(&file)], "");
    assert!(code == Some(0) && said.contains("3 tickets, 3 messages") && said.contains("Nothing was sent"), "{said}{errors}");
    assert_eq!(there.run("verify").code, Some(0));
    let (lines, _, _) = maildesk(&there, &["export", "-"], "");
    assert!(lines.as_bytes() == fs::read(&file).unwrap(), "the export of the import differs");
    let rows = Rows::of(&database.url).await;
    assert_eq!(rows.count("select count(*) from deliveries where state = 'waiting' and held_back is null").await, 0);
    // The desk goes on where it was.
    assert_eq!(maildesk(&there, &["ingest"], &mail(4, "On PostgreSQL.")).2, Some(0));
    assert_eq!(rows.count("select max(number) from tickets").await, 4);

    let (said, errors, code) = maildesk(&there, &["import", path(&file)], "");
    assert!(code == Some(1) && errors.contains("this desk is not empty"), "{said}{errors}");
    let (said, errors, code) = maildesk(&back, &["import", path(&back.path("maildesk.toml"))], "");
    assert!(code == Some(1) && errors.contains("maildesk.toml"), "{said}{errors}");
    assert_eq!(maildesk(&back, &["import", path(&file)], "").2, Some(0));
    assert_eq!(back.run("verify").code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_on_postgresql_comes_back_from_its_dump_and_the_backup_of_the_rest() {
    let (first, second) = (Database::fresh(), Database::fresh());
    let (here, there) = (on_postgres(&first), on_postgres(&second));
    let long: String = (0..60_000).map(|n| format!("{n:08x} ")).collect();
    assert_eq!(maildesk(&here, &["ingest"], &mail(1, &long)).2, Some(0));
    let (dump, file) = (here.path("desk.dump"), here.path("desk.backup"));
    let dumped = Command::new("pg_dump").args(["--format=custom", "--file", path(&dump), &first.url]).output().unwrap();
    assert!(dumped.status.success(), "{}", String::from_utf8_lossy(&dumped.stderr));
    let (said, errors, code) = maildesk(&here, &["backup", path(&file)], "");
    assert!(code == Some(0) && said.contains("NOT in it: copy it with pg_dump first"), "{said}{errors}");
    let (said, _, code) = maildesk(&here, &["verify", path(&file)], "");
    assert!(code == Some(0) && said.contains("the database is PostgreSQL and not in it"), "{said}");
    // It is no backup of an SQLite desk.
    let (_, errors, code) = maildesk(&desk(), &["restore", path(&file)], "");
    assert!(code == Some(1) && errors.contains("is of a desk on PostgreSQL"), "{errors}");

    without_tables(&second).await;
    let restored = Command::new("pg_restore").args(["--no-owner", "--dbname", &second.url, path(&dump)]).output().unwrap();
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    assert_eq!(there.run("verify").code, Some(2), "there is no data folder yet");
    let (said, errors, code) = maildesk(&there, &["restore", path(&file)], "");
    assert!(code == Some(0) && said.contains("contents and key are back"), "{said}{errors}");
    let verified = there.run("verify");
    assert_eq!(verified.code, Some(0), "{}", verified.text);
    let rows = Rows::of(&second.url).await;
    assert_eq!(rows.count("select count(*) from deliveries where state = 'waiting' and held_back is null").await, 0);
    assert_eq!(maildesk(&there, &["ingest"], &mail(2, "After.")).2, Some(0));
    assert_eq!(rows.count("select max(number) from tickets").await, 2001);
}
