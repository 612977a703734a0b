//! `maildesk check` against the servers that a user has.

use std::path::Path;

use maildesk::store::{Opener, Store};
use sqlx::Connection as _;

use crate::{
    dovecot::Dovecot,
    house_ca::HouseCa,
    postgres::Database,
    shell::{ANY, NOBODY, Shell},
};

/// A mailbox on a Dovecot, and no server for outgoing mail.
fn mailbox(port: u16, tls: &str, ca_file: &Path) -> String {
    format!(
        "public_url = \"http://{NOBODY}\"\nlisten = \"{ANY}\"\ndata_dir = \"data\"\n[[mailbox]]\nname = \"sales\"\naddress = \"sales@desk.test\"\n\
         [mailbox.imap]\nhost = \"localhost\"\nport = {port}\ntls = \"{tls}\"\nca_file = {ca_file:?}\nuser = \"sales\"\npassword = \"its-own\"\n\
         [mailbox.smtp]\nhost = \"localhost\"\nport = 1\n"
    )
}

#[test]
fn a_dovecot_with_tls_of_the_houses_own_ca_is_well() {
    let dovecot = Dovecot::start(&[("sales", "its-own")]);
    let trusted = dovecot.house.ca_file();
    for (port, tls, told) in [(dovecot.imaps_port, "implicit", ", TLS, "), (dovecot.imap_port, "starttls", ", STARTTLS, ")] {
        let said = Shell::with(&mailbox(port, tls, &trusted)).run("check");
        let line = said.line("ok    mailbox \"sales\" imap: localhost");
        assert!(line.contains(told) && line.ends_with("signed in as sales, INBOX holds 0 messages, tells of new mail (IDLE)"), "{line}");
        assert!(said.line("ok    mailbox \"sales\" imap: what").contains("Processed (MOVE)"));
    }
}

#[test]
fn a_dovecot_that_somebody_else_signed_is_not_signed_in_to() {
    let dovecot = Dovecot::start(&[("sales", "its-own")]);
    let another_house = HouseCa::for_server("localhost");
    let said = Shell::with(&mailbox(dovecot.imaps_port, "implicit", &another_house.ca_file())).run("check");
    assert!(said.line("FAIL  mailbox \"sales\" imap: ").contains("no TLS with localhost:"), "{}", said.text);
    let mixed_up = Shell::with(&mailbox(dovecot.imap_port, "implicit", &dovecot.house.ca_file())).run("check");
    assert!(mixed_up.line("FAIL  mailbox \"sales\" imap: ").contains("is this a port for tls = \"starttls\"?"), "{}", mixed_up.text);
}

/// As it is before the first start.
pub async fn without_tables(database: &Database) {
    let mut conn = sqlx::PgConnection::connect(&database.url).await.unwrap();
    sqlx::raw_sql("drop schema public cascade; create schema public").execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
}

#[tokio::test]
async fn a_postgresql_is_looked_at_before_and_after_its_first_start() {
    let database = Database::fresh();
    let configuration = format!(
        "public_url = \"http://{NOBODY}\"\nlisten = \"{ANY}\"\ndata_dir = \"data\"\nsecret_key = \"{}\"\ndatabase_url = \"{}\"\n",
        "k".repeat(32),
        database.url
    );
    without_tables(&database).await;
    let shell = Shell::with(&configuration);
    assert!(shell.run("check").line("ok    database: PostgreSQL ").ends_with(", empty; the first start makes its tables"));
    let folder = tempfile::tempdir().unwrap();
    Store::open(&database.url, folder.path(), Opener::Daemon).await.unwrap().close().await;
    let said = shell.run("check");
    assert!(said.line("ok    database: PostgreSQL ").ends_with(|it: char| it.is_ascii_digit()), "{}", said.text);
    assert_eq!(said.code, Some(0), "{}", said.text);
}
