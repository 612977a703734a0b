//! People added, listed and given passwords on the shell.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use crate::{
    rows::Rows,
    shell::{ANY, Shell},
};

fn desk() -> Shell {
    let shell = Shell::with("");
    let folder = shell.path("data");
    let configuration = format!(
        "public_url = \"https://desk.test\"\nlisten = \"{ANY}\"\ndata_dir = \"{}\"\nsecret_key = \"{}\"\n",
        folder.display(),
        "ab".repeat(32)
    );
    std::fs::write(shell.path("maildesk.toml"), configuration).unwrap();
    shell
}

/// `maildesk user …` with `typed` on standard input: what it said, and its exit code.
pub fn user(shell: &Shell, words: &[&str], typed: &str) -> (String, Option<i32>) {
    maildesk(shell, &[&["user"], words].concat(), typed)
}

/// `maildesk …` likewise.
fn maildesk(shell: &Shell, words: &[&str], typed: &str) -> (String, Option<i32>) {
    let mut maildesk = Command::new(env!("CARGO_BIN_EXE_maildesk"))
        .args(words)
        .arg("--config")
        .arg(shell.path("maildesk.toml"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    maildesk.stdin.take().unwrap().write_all(typed.as_bytes()).ok();
    let output = maildesk.wait_with_output().unwrap();
    (format!("{}{}", String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap()), output.status.code())
}

#[test]
fn an_admin_is_added_by_a_link_or_with_a_password() {
    let shell = desk();
    let (said, code) = user(&shell, &["add", "--name", "Ada", "--email", "Ada@desk.test", "--role", "admin"], "");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("https://desk.test/invite/"), "{said}");
    let hal = ["add", "--name", "Hal Nine", "--email", "hal@desk.test", "--password"];
    let (said, code) = user(&shell, &hal, "four words do well\n");
    assert_eq!((said.as_str(), code), ("hal@desk.test is a helper and can sign in.\n", Some(0)));
    let (said, _) = user(&shell, &["list"], "");
    let lines: Vec<String> = said.lines().map(|it| it.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(lines, ["admin invited ada@desk.test Ada", "helper active hal@desk.test Hal Nine"]);
}

#[test]
fn a_password_that_is_too_short_and_an_unknown_address_are_refused() {
    let shell = desk();
    let add = ["add", "--name", "Hal", "--email", "hal@desk.test", "--password"];
    let (said, code) = user(&shell, &add, "short\n");
    assert_eq!(code, Some(1), "{said}");
    let (said, code) = user(&shell, &["password", "nobody@desk.test"], "four words do well\n");
    assert_eq!(code, Some(1));
    assert!(said.starts_with("maildesk user: nobody has the address nobody@desk.test"), "{said}");
    let (said, code) = user(&shell, &["list"], "");
    assert!(said.starts_with("nobody answers mail here yet; make the first admin: maildesk user add --role admin "), "{said}");
    assert_eq!((said.lines().count(), code), (1, Some(0)), "nobody was added");
}

#[test]
fn where_there_is_no_desk_nobody_is_looked_for() {
    let shell = desk();
    for words in [&["list"][..], &["password", "hal@desk.test"]] {
        let (said, code) = user(&shell, words, "four words do well\n");
        assert!(said.starts_with("maildesk user: there is no desk here: ") && code == Some(1), "{said}");
    }
    assert!(!shell.path("data").exists());
}

#[test]
fn a_customer_is_erased_after_a_yes() {
    let shell = desk();
    let add = ["add", "--name", "Greta Zimmerli", "--email", "greta@zimmerli.test", "--role", "customer"];
    assert_eq!(user(&shell, &add, "").1, Some(0));
    assert_eq!(user(&shell, &["add", "--name", "Hal", "--email", "hal@desk.test"], "").1, Some(0));
    let erase = |words: &[&str], typed| maildesk(&shell, &[&["erase"], words].concat(), typed);
    let (said, code) = erase(&["hal@desk.test", "--yes"], "");
    assert!(code == Some(1) && said.contains("only customers are erased"), "{said}");
    let (said, code) = erase(&["nobody@zimmerli.test", "--yes"], "");
    assert!(code == Some(1) && said.contains("nobody has the address"), "{said}");
    let (said, code) = erase(&["greta@zimmerli.test"], "no\n");
    assert!(code == Some(1) && said.contains("Greta Zimmerli") && said.contains("nothing was erased"), "{said}");
    let (said, code) = erase(&["Greta@Zimmerli.test"], "yes\n");
    assert!(code == Some(0) && said.contains("Erased: 0 tickets"), "{said}");
    let (said, _) = user(&shell, &["list", "--customers"], "");
    assert!(!said.contains("zimmerli") && said.contains("Erased customer"), "{said}");
    for entry in std::fs::read_dir(shell.path("data")).unwrap().map(Result::unwrap).filter(|it| it.path().is_file()) {
        let octets = std::fs::read(entry.path()).unwrap();
        assert!(!String::from_utf8_lossy(&octets).to_lowercase().contains("zimmerli"), "{}", entry.path().display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_is_disabled_and_enabled_as_the_panel_does_it() {
    let shell = desk();
    for (name, role) in [("Ada", "admin"), ("Hal", "helper")] {
        let email = format!("{}@desk.test", name.to_lowercase());
        let add = ["add", "--name", name, "--email", &email, "--role", role, "--password"];
        assert_eq!(user(&shell, &add, "four words do well\n").1, Some(0));
    }
    let rows = Rows::of(&format!("sqlite:{}", shell.path("data/maildesk.db").display())).await;
    let epoch = async || rows.count("select session_epoch from people where email = 'hal@desk.test'").await;
    let before = epoch().await;
    let (said, code) = user(&shell, &["disable", "Hal@desk.test"], "");
    let told = "Hal is disabled and signed out everywhere. `maildesk user enable hal@desk.test` undoes it.\n";
    assert_eq!((said.as_str(), code), (told, Some(0)));
    assert!(epoch().await > before, "their sessions are over");
    assert!(user(&shell, &["list"], "").0.contains("disabled"));
    let (said, code) = user(&shell, &["disable", "hal@desk.test"], "");
    assert!(code == Some(1) && said.contains("Hal is disabled already"), "{said}");
    let (said, code) = user(&shell, &["disable", "ada@desk.test"], "");
    assert!(code == Some(1) && said.contains("admin"), "the last admin stays: {said}");
    let (said, code) = user(&shell, &["disable", "nobody@desk.test"], "");
    assert!(code == Some(1) && said.contains("nobody has the address nobody@desk.test"), "{said}");
    let (said, code) = user(&shell, &["enable", "hal@desk.test"], "");
    assert_eq!((said.as_str(), code), ("Hal is enabled; their role, password and API tokens are as they were.\n", Some(0)));
    let (said, code) = user(&shell, &["enable", "hal@desk.test"], "");
    assert!(code == Some(1) && said.contains("Hal is not disabled"), "{said}");
    let audit = rows.texts("select old || ' ' || new from audit where what = 'changed the state' order by id".to_owned()).await;
    assert!(audit.ends_with(&["active disabled".to_owned(), "disabled active".to_owned()]), "{audit:?}");
}

#[test]
fn whoever_erases_is_told_of_the_desks_that_restores_have_moved_aside() {
    let shell = desk();
    let add = ["add", "--name", "Greta Zimmerli", "--email", "greta@zimmerli.test", "--role", "customer"];
    assert_eq!(user(&shell, &add, "").1, Some(0));
    let backup = shell.path("desk.backup");
    let backup = backup.to_str().unwrap();
    assert_eq!(maildesk(&shell, &["backup", backup], "").1, Some(0));
    let (said, code) = maildesk(&shell, &["restore", backup, "--replace"], "");
    assert_eq!(code, Some(0), "{said}");
    let aside = said.split("what was there is in ").nth(1).and_then(|it| it.split(';').next()).unwrap().to_owned();
    let (said, code) = maildesk(&shell, &["erase", "greta@zimmerli.test", "--yes"], "");
    let told = format!("So has {aside}, the desk as it was before a restore; remove it when it is no longer needed.\n");
    assert!(code == Some(0) && said.ends_with(&told), "{said}");
}

#[test]
fn two_factor_is_reset_only_where_it_is_on() {
    let shell = desk();
    let hal = ["add", "--name", "Hal Nine", "--email", "hal@desk.test", "--password"];
    assert_eq!(user(&shell, &hal, "four words do well\n").1, Some(0));
    let (said, code) = user(&shell, &["reset-two-factor", "nobody@desk.test"], "");
    assert!(code == Some(1) && said.contains("nobody has the address nobody@desk.test"), "{said}");
    let (said, code) = user(&shell, &["reset-two-factor", "Hal@desk.test"], "");
    assert!(code == Some(1) && said.contains("two-factor sign-in of Hal Nine is off already"), "{said}");
}
