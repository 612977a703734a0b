//! `maildesk mailbox` on the shell: what is taken of the mail that lay there.

use data_encoding::HEXLOWER;
use maildesk::auth::keys::Keys;

use crate::{
    replay::{desk, maildesk},
    rows::Rows,
};

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_asked_it_is_said_why_and_what_to_do() {
    let shell = desk();
    assert_eq!(maildesk(&shell, &["user", "add", "--name", "Ada", "--email", "ada@desk.test"], "").2, Some(0));
    let rows = Rows::of(&format!("sqlite:{}", shell.path("data/maildesk.db").display())).await;
    let take = |name: &str| {
        let (said, errors, code) = maildesk(&shell, &["mailbox", "take", name, "all"], "");
        assert_eq!((said.as_str(), code), ("", Some(1)), "{errors}");
        errors
    };
    assert_eq!(take("nosuch"), "maildesk mailbox: there is no mailbox called nosuch; there is support\n");
    let met = "update mailboxes set met_at = 1, uid_validity = 1, floor_uid = 4";
    for (sql, says) in [
        ("select 1", "it was not met yet; maildesk serve meets it, and maildesk check says what is in the way; its take_existing is none"),
        (met, "it was met by a maildesk that did not ask yet; to take what was left, move it out of the folder and back"),
        (
            "update mailboxes set there = 3, there_unread = 2, existing = 'none', existing_done_at = 1",
            "take_existing is none: the 3 messages that lay there when it was met are left alone; to take what was left, move it out of",
        ),
        ("update mailboxes set existing = 'unseen'", "it is settled that of the 3 messages that lay there the unread are taken; to take"),
        ("update mailboxes set existing = 'all'", "all 3 messages that lay there were taken\n"),
        ("update mailboxes set there = 0", "nothing lay there when it was met, and what came since is taken\n"),
    ] {
        if sql != "select 1" {
            rows.run(sql).await;
        }
        let said = take("support");
        assert!(said.starts_with(&format!("maildesk mailbox: nothing is asked about mailbox support: {says}")), "{said}");
    }
    rows.run("update mailboxes set there = 3, existing = 'ask', existing_done_at = null").await;
    assert_eq!(maildesk(&shell, &["mailbox", "take", "support", "all"], "").2, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn mailboxes_that_were_added_on_the_web_are_known_too() {
    let shell = desk();
    assert_eq!(maildesk(&shell, &["user", "add", "--name", "Ada", "--email", "ada@desk.test"], "").2, Some(0));
    let rows = Rows::of(&format!("sqlite:{}", shell.path("data/maildesk.db").display())).await;
    // The passwords of one of them are here, sealed under the key of the desk.
    for (id, name) in [(2, "sales"), (3, "jobs")] {
        rows.run(&format!(
            "insert into mailboxes (id, name, address, there, existing) values ({id}, '{name}', '{name}@desk.test', 3, 'ask')"
        ))
        .await;
        let says = format!(
            "{{\"name\":\"{name}\",\"address\":\"{name}@desk.test\",\"imap.host\":\"imap.desk.test\",\"imap.user\":\"x\",\"smtp.host\":\"smtp.desk.test\"}}"
        );
        rows.run(&format!("insert into mailbox_accounts (mailbox, state, says) values ({id}, 'on', '{says}')")).await;
    }
    let sealed = Keys::from_root("ab".repeat(32).as_bytes()).seal("mailbox secrets", b"secrets of mailbox 2", b"{\"imap.password\":\"x\"}");
    rows.run(&format!("update mailbox_accounts set secrets = x'{}' where mailbox = 2", HEXLOWER.encode(&sealed))).await;
    let (said, errors, _) = maildesk(&shell, &["mailbox", "list"], "");
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines.len() == 3 && lines[0].starts_with("support  support@desk.test: "), "{said}{errors}");
    assert!(lines[1].starts_with("sales  sales@desk.test: 3 messages lay there when it was met"), "{said}");
    assert!(lines[2].starts_with("jobs  jobs@desk.test: cannot be used: its passwords are not here"), "{said}");
    for name in ["sales", "jobs"] {
        let (_, errors, code) = maildesk(&shell, &["mailbox", "take", name, "all"], "");
        assert_eq!(code, Some(0), "{errors}");
    }
    assert_eq!(rows.count("select count(*) from mailboxes where existing = 'all'").await, 2);
    let (_, errors, _) = maildesk(&shell, &["mailbox", "take", "nosuch", "all"], "");
    assert!(errors.ends_with("there is no mailbox called nosuch; there are support, sales, jobs\n"), "{errors}");
}
