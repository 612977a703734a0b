//! People added, listed and given passwords on the shell.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use crate::shell::{ANY, Shell};

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
