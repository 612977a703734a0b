use std::fs;

use maildesk::demo::world::{World, WorldOptions};
use rcgen::{BasicConstraints, IsCa};

use crate::shell::{ANY, NOBODY, Shell, tls_web_server, web_server};

const AUTHORITY: &str = "its certificate is refused: it is the certificate of an authority, given as a server’s own; make one for the server that \
    the authority signed, or a self-signed one with -addext basicConstraints=critical,CA:FALSE";

/// A desk that nobody has started yet.
fn desk() -> String {
    format!("public_url = \"http://{NOBODY}\"\nlisten = \"{ANY}\"\ndata_dir = \"data\"\n")
}

/// The same with one mailbox in a mail world.
fn desk_in(world: &World, password: &str) -> String {
    format!(
        "{}[[mailbox]]\nname = \"sales\"\naddress = \"sales@desk.test\"\n\
         [mailbox.imap]\nhost = \"127.0.0.1\"\ntls = \"none\"\nport = {}\nuser = \"sales@desk.test\"\npassword = \"{password}\"\n\
         [mailbox.smtp]\nhost = \"127.0.0.1\"\ntls = \"none\"\nport = {}\nuser = \"sales@desk.test\"\npassword = \"{password}\"\n",
        desk(),
        world.imap_addr().port(),
        world.smtp_addr().port()
    )
}

async fn world() -> World {
    let world = World::start(WorldOptions::default()).await.unwrap();
    world.add_account("sales@desk.test", "the-right-one");
    world
}

#[test]
fn a_desk_before_its_first_start_can_start_and_nothing_was_made() {
    let shell = Shell::with(&desk());
    let said = shell.run("check");
    assert_eq!(said.code, Some(0), "{}", said.text);
    said.line("ok    data_dir: ");
    said.line("ok    secret_key: the first start makes ");
    said.line("ok    database: SQLite ");
    said.line("ok    listen: ");
    assert!(said.line("warn  configuration: ").ends_with("names no mailbox, so no mail is read; add a section [[mailbox]]"));
    assert!(said.line("warn  public_url http://127.0.0.1:1: ").contains("nothing answers"));
    assert!(said.text.ends_with("it can start; 2 warnings\n"), "{}", said.text);
    assert!(!shell.path("data").exists());
}

#[test]
fn each_fault_of_the_file_is_a_line() {
    let said = Shell::with("listen = \"everywhere\"\ncolour = 1\n").run("check");
    assert_eq!(said.code, Some(1));
    assert_eq!(said.text.lines().filter(|it| it.starts_with("FAIL  configuration: ")).count(), 3, "{}", said.text);
    assert!(said.text.ends_with("3 faults\n"), "{}", said.text);
}

#[test]
fn a_folder_that_cannot_be_written_to_is_a_fault() {
    let shell = Shell::with(&desk().replace("\"data\"", "\"file/data\""));
    fs::write(shell.path("file"), "").unwrap();
    let said = shell.run("check");
    assert_eq!(said.code, Some(1));
    said.line("FAIL  data_dir: ");
}

#[test]
fn a_folder_of_somebody_elses_and_what_others_may_read_are_told_with_the_mend() {
    use std::os::unix::fs::{PermissionsExt, chown};
    let shell = Shell::with(&format!("{}health_token = \"a-token-of-thirty-two-characters!\"\n", desk()));
    fs::create_dir(shell.path("data")).unwrap();
    for (path, mode) in [("data", 0o755), ("maildesk.toml", 0o644)] {
        fs::set_permissions(shell.path(path), fs::Permissions::from_mode(mode)).unwrap();
    }
    let said = shell.run("check");
    assert!(said.line("warn  data_dir: others on this machine may read the mail in ").contains("chmod 700 "), "{}", said.text);
    assert!(
        said.text.contains("maildesk.toml holds passwords, and others on this machine may read it (mode 644); chmod 640 "),
        "{}",
        said.text
    );
    // Only root can give a folder away, and only what root makes in it is somebody else’s.
    if chown(shell.path("data"), Some(1), None).is_ok() {
        let said = shell.run("check");
        assert!(said.line("FAIL  data_dir: ").contains("belongs to daemon, and this runs as root"), "{}", said.text);
        assert!(said.text.contains("runuser -u daemon -- maildesk"), "{}", said.text);
    }
}

#[test]
fn a_data_folder_that_cannot_be_had_is_named_once_by_the_key_that_says_it() {
    let shell = Shell::with(&desk().replace("\"data\"", "\"file/data\""));
    fs::write(shell.path("file"), "").unwrap();
    fs::write(shell.path("desk.jsonl"), "{\"maildesk_export\":1}\n").unwrap();
    let jsonl = shell.path("desk.jsonl");
    for words in [&["serve"][..], &["user", "list"], &["recount"], &["verify"], &["import", jsonl.to_str().unwrap()]] {
        let said = shell.run_words(words);
        let told = format!(
            "data_dir: {} cannot be made or written to: Not a directory (os error 20); give it to",
            shell.path("file/data").display()
        );
        assert!(said.code != Some(0) && said.text.contains(&told), "{words:?}: {}", said.text);
        assert!(said.text.matches("Not a directory").count() == 1 && !said.text.contains("database_url"), "{words:?}: {}", said.text);
    }
}

#[test]
fn a_file_that_is_not_utf_8_is_told_by_its_line() {
    let shell = Shell::with("");
    fs::write(shell.path("maildesk.toml"), b"# one\npublic_url = \"https://desk.test\"\n[desk]\nname = \"B\xfcro\"\n").unwrap();
    let said = shell.run("check");
    assert_eq!(said.code, Some(1));
    let line = said.line("FAIL  configuration: ");
    assert!(line.ends_with("maildesk.toml:4: it is not UTF-8: save it as UTF-8"), "{line}");
}

#[test]
fn a_database_that_is_none_is_a_fault() {
    let shell = Shell::with(&desk());
    fs::create_dir(shell.path("data")).unwrap();
    fs::write(shell.path("data/maildesk.db"), vec![7; 8192]).unwrap();
    let said = shell.run("check");
    assert_eq!(said.code, Some(1));
    assert!(said.line("FAIL  database: ").contains("file is not a database"), "{}", said.text);
}

#[test]
fn a_key_that_others_may_read_is_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let shell = Shell::with(&desk());
    fs::create_dir(shell.path("data")).unwrap();
    fs::write(shell.path("data/secret.key"), "k".repeat(44)).unwrap();
    fs::set_permissions(shell.path("data/secret.key"), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(shell.run("check").line("warn  secret_key: ").contains("chmod 600"));
}

#[test]
fn another_program_on_the_port_is_a_fault_and_maildesk_itself_is_not() {
    let other = web_server("HTTP/1.1 404 Not Found\r\n\r\n");
    let said =
        Shell::with(&format!("public_url = \"http://localhost:{}\"\nlisten = \"{other}\"\ndata_dir = \"data\"", other.port())).run("check");
    assert_eq!(said.code, Some(1));
    let how = format!("`ss -ltnp sport = :{}` names it; stop it, or write another port as listen", other.port());
    assert_eq!(said.line("FAIL  listen: "), format!("FAIL  listen: another program listens on {other}: {how}"));
    assert!(said.line("FAIL  public_url ").contains("something else answers (HTTP 404 to /healthz)"));
    let ours = web_server("HTTP/1.1 200 OK\r\n\r\nok");
    let said =
        Shell::with(&format!("public_url = \"http://localhost:{}\"\nlisten = \"{ours}\"\ndata_dir = \"data\"", ours.port())).run("check");
    assert_eq!(said.code, Some(0), "{}", said.text);
    said.line("ok    listen: maildesk is running on ");
    said.line("ok    public_url ");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_the_panels_certificate_is_told_apart() {
    for (name, until, is_ca, trusted, told) in [
        ("localhost", 2090, IsCa::NoCa, true, "ok    public_url "),
        ("localhost", 2090, IsCa::ExplicitNoCa, true, "ok    public_url "),
        ("localhost", 2090, IsCa::NoCa, false, "nobody that browsers trust has signed its certificate"),
        ("desk.test", 2090, IsCa::NoCa, true, "its certificate is for another name"),
        ("localhost", 2020, IsCa::NoCa, true, "its certificate has expired"),
        ("localhost", 2090, IsCa::Ca(BasicConstraints::Unconstrained), true, AUTHORITY),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let pem = folder.path().join("certificate.pem");
        let panel = tls_web_server("HTTP/1.1 200 OK\r\n\r\nok", &pem, name, until, is_ca).await;
        let more = format!("public_url = \"https://localhost:{}\"\nlisten = \"{ANY}\"\ndata_dir = \"data\"", panel.port());
        let said = tokio::task::spawn_blocking(move || {
            let trust = if trusted { vec![("SSL_CERT_FILE", pem.to_str().unwrap())] } else { Vec::new() };
            Shell::with(&more).run_with("check", &trust)
        });
        let said = said.await.unwrap();
        assert!(said.text.contains(told), "{told}:\n{}", said.text);
        assert_eq!(said.code, Some(i32::from(!told.starts_with("ok"))), "{}", said.text);
    }
}

/// As `openssl req -x509` makes one.
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_an_authority_that_a_server_gives_as_its_own_is_told_with_the_mend() {
    let folder = tempfile::tempdir().unwrap();
    let pem = folder.path().join("certificate.pem");
    let port = tls_web_server("", &pem, "localhost", 2090, IsCa::Ca(BasicConstraints::Unconstrained)).await.port();
    let server = format!("host = \"localhost\"\nport = {port}\nca_file = {pem:?}\nuser = \"x\"\npassword = \"x\"\n");
    let mailbox = format!("[[mailbox]]\nname = \"sales\"\naddress = \"sales@desk.test\"\n[mailbox.imap]\n{server}[mailbox.smtp]\n{server}");
    let said = Shell::with(&format!("{}{mailbox}", desk())).run_beside("check").await;
    for server in ["imap", "smtp"] {
        let line = said.line(&format!("FAIL  mailbox \"sales\" {server}: "));
        assert!(line.contains(AUTHORITY) && !line.contains("OtherError"), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_take_us_are_well_and_nothing_was_sent() {
    let world = world().await;
    world.deliver("sales@desk.test", b"Subject: there before\r\n\r\nhello\r\n");
    let said = Shell::with(&desk_in(&world, "the-right-one")).run_beside("check").await;
    assert_eq!(said.code, Some(0), "{}", said.text);
    let taken = said.line("ok    mailbox \"sales\" imap: 127.0.0.1");
    assert!(taken.contains("signed in as sales@desk.test, INBOX holds 1 message, tells of new mail (IDLE)"), "{taken}");
    assert!(said.line("ok    mailbox \"sales\" imap: what is taken in").ends_with("goes to Processed (MOVE), which is made when needed"));
    assert!(said.line("ok    mailbox \"sales\" smtp: ").contains("signed in as sales@desk.test"));
    let held = world.messages("sales@desk.test", "INBOX");
    assert_eq!(held.len(), 1);
    assert!(held[0].flags.is_empty(), "{:?}", held[0].flags);
    assert!(world.messages("sales@desk.test", "Processed").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_is_refused_is_a_fault_without_the_password() {
    let world = world().await;
    let said = Shell::with(&desk_in(&world, "the-wrong-one")).run_beside("check").await;
    assert_eq!(said.code, Some(1));
    for server in ["imap", "smtp"] {
        let line = said.line(&format!("FAIL  mailbox \"sales\" {server}: "));
        assert!(line.contains("refuses the sign-in of sales@desk.test"), "{line}");
    }
    assert!(!said.text.contains("the-wrong-one"), "{}", said.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_closed_to_us_is_told_in_its_own_words() {
    let world = world().await;
    world.misbehave(|it| it.smtp_greeting = Some((554, "no service for you".to_owned())));
    let said = Shell::with(&desk_in(&world, "the-right-one")).run_beside("check").await;
    assert!(said.line("FAIL  mailbox \"sales\" smtp: ").contains("no service for you"), "{}", said.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_cannot_do_is_told() {
    let world = world().await;
    world.misbehave(|it| it.without = vec!["IDLE", "MOVE", "UIDPLUS"]);
    let said = Shell::with(&desk_in(&world, "the-right-one")).run_beside("check").await;
    assert_eq!(said.code, Some(0), "{}", said.text);
    assert!(said.line("warn  mailbox \"sales\" imap: 127.0.0.1").ends_with("so it is asked every 60 s (poll_every)"));
    assert!(said.line("warn  mailbox \"sales\" imap: the server").contains("neither MOVE nor UIDPLUS"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_not_there_or_cannot_be_written_to_is_a_fault() {
    let world = world().await;
    let elsewhere = desk_in(&world, "the-right-one").replacen("[mailbox.imap]\n", "[mailbox.imap]\nfolder = \"Nowhere\"\n", 1);
    let said = Shell::with(&elsewhere).run_beside("check").await;
    assert!(said.line("FAIL  mailbox \"sales\" imap: ").contains("does not open the folder `Nowhere`"), "{}", said.text);
    world.misbehave(|it| it.read_only = true);
    let said = Shell::with(&desk_in(&world, "the-right-one")).run_beside("check").await;
    assert!(said.line("FAIL  mailbox \"sales\" imap: 127.0.0.1").contains("for reading only"), "{}", said.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_a_fault_for_each_server() {
    let nowhere = desk_in(&world().await, "the-right-one");
    let nowhere: String =
        nowhere.lines().map(|it| if it.starts_with("port = ") { "port = 1\n".to_owned() } else { format!("{it}\n") }).collect();
    let said = Shell::with(&nowhere).run_beside("check").await;
    for server in ["imap", "smtp"] {
        assert!(
            said.line(&format!("FAIL  mailbox \"sales\" {server}: ")).contains("cannot reach 127.0.0.1:1: Connection refused"),
            "{}",
            said.text
        );
    }
}
