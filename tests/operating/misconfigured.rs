//! One daemon whose configuration is wrong in every mailbox: each fault is named by `maildesk check`, by `/readyz` and on the panel,
//! with the mend.

use std::{
    fs,
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use maildesk::demo::world::{World, WorldOptions};

use crate::{
    authorisation_server::{AuthorisationServer, CLIENT, SECRET},
    dovecot::{Dovecot, access_token},
    shell::{Shell, web_server},
    user::user,
    web::Web,
};

/// What is wrong with a mailbox, and what everybody who names it says of it.
struct Fault {
    name: &'static str,
    imap: String,
    /// How `check` begins its line.
    line: &'static str,
    says: &'static str,
    mend: &'static str,
}

fn imap(world: &World, password: &str, folder: &str) -> String {
    format!("host = \"127.0.0.1\"\ntls = \"none\"\nport = {}\npassword = \"{password}\"\nfolder = \"{folder}\"\n", world.imap_addr().port())
}

/// A mailbox that signs in with tokens, and whoever gives them has given them too late.
fn tokens(dovecot: &Dovecot, giver: &AuthorisationServer) -> String {
    giver.makes_tokens(3600, |_, number| access_token("token@desk.test", -30, number));
    format!(
        "host = \"127.0.0.1\"\ntls = \"none\"\nport = {}\n[mailbox.oauth]\nprovider = \"other\"\nflow = \"client_credentials\"\n\
         client_id = \"{CLIENT}\"\nclient_secret = \"{SECRET}\"\ntoken_url = \"http://{}/token\"\nscope = \"mail offline_access\"\n",
        dovecot.imap_port, giver.addr
    )
}

fn faults(world: &World, dovecot: &Dovecot, giver: &AuthorisationServer) -> Vec<Fault> {
    let (port, ca_file) = (dovecot.imaps_port, dovecot.house.ca_file());
    let tls = format!("host = \"127.0.0.1\"\nport = {port}\nca_file = {ca_file:?}\npassword = \"right\"\n");
    let nobody = "host = \"127.0.0.1\"\ntls = \"none\"\nport = 1\npassword = \"right\"\n".to_owned();
    let fault = |name, imap, says, mend| Fault { name, imap, line: "FAIL", says, mend };
    vec![
        fault(
            "password",
            imap(world, "wrong", "INBOX"),
            "refuses the sign-in of password@desk.test",
            "nter the right imap.user and imap.password",
        ),
        fault("folder", imap(world, "right", "Nowhere"), "does not open the folder `Nowhere`", "rite imap.folder as the server names it"),
        fault("tls-name", tls, "no TLS with 127.0.0.1:", "name"),
        fault(
            "port",
            nobody,
            "cannot reach 127.0.0.1:1: Connection refused",
            "is the server up, and does a firewall let this machine through?",
        ),
        fault(
            "token",
            tokens(dovecot, giver),
            "Authentication failed. (status 401",
            "f it goes on, connect the mailbox again on the panel’s page Mail",
        ),
    ]
}

fn configuration(faults: &[Fault], world: &World, (port, panel): (u16, u16), alarm_free: &str) -> String {
    let smtp = world.smtp_addr().port();
    let mailbox = |it: &Fault| {
        let Fault { name, imap, .. } = it;
        let (address, password) = (format!("{name}@desk.test"), if *name == "password" { "wrong" } else { "right" });
        format!(
            "[[mailbox]]\nname = \"{name}\"\naddress = \"{address}\"\n[mailbox.imap]\nuser = \"{address}\"\n{imap}\
             [mailbox.smtp]\nhost = \"127.0.0.1\"\ntls = \"none\"\nport = {smtp}\nuser = \"{address}\"\npassword = \"{password}\"\n"
        )
    };
    let mailboxes: String = faults.iter().map(mailbox).collect();
    format!(
        "listen = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{panel}\"\ndata_dir = \"data\"\nlog_level = \"warn\"\n\
         [desk]\nalarm_free = \"{alarm_free}\"\n{mailboxes}"
    )
}

/// A running daemon; killed when dropped.
pub struct Daemon(Child);

impl Daemon {
    /// One that was started in another way.
    pub fn of(child: Child) -> Self {
        Self(child)
    }

    pub fn start(shell: &Shell) -> Self {
        let mut maildesk = Command::new(env!("CARGO_BIN_EXE_maildesk"));
        let log = fs::File::create(shell.path("log")).unwrap();
        maildesk.args(["serve", "--config"]).arg(shell.path("maildesk.toml")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        Self(maildesk.spawn().unwrap())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Asks `maildesk healthz --ready` until its answer is what is waited for.
pub async fn ready_says(shell: &Shell, enough: impl Fn(&str, Option<i32>) -> bool) -> String {
    let began = Instant::now();
    loop {
        let said = tokio::task::block_in_place(|| shell.run_words(&["healthz", "--ready"]));
        if enough(&said.text, said.code) {
            return said.text;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{}\n{}", said.text, fs::read_to_string(shell.path("log")).unwrap());
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_of_a_configuration_is_named_by_check_readyz_and_the_panel_and_is_over_when_it_is_mended() {
    let world = World::start(WorldOptions::default()).await.unwrap();
    let dovecot = Dovecot::start(&[("tls-name", "right")]);
    let giver = AuthorisationServer::start().await;
    let faults = faults(&world, &dovecot, &giver);
    for it in &faults {
        world.add_account(&format!("{}@desk.test", it.name), "right");
    }
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let other = web_server("HTTP/1.1 404 Not Found\r\n\r\n").port();
    let shell = Shell::with(&configuration(&faults, &world, (port, other), "100000GiB"));
    fs::create_dir(shell.path("data")).unwrap();
    let checked = tokio::task::block_in_place(|| shell.run("check"));
    assert_eq!(checked.code, Some(1));
    for Fault { name, line, says, mend, .. } in &faults {
        let line = checked.line(&format!("{line}  mailbox \"{name}\" imap: "));
        assert!(line.contains(says) && line.contains(mend), "{line}");
    }
    let full = checked.line("warn  disk: ");
    assert!(full.contains("make room, or move data_dir to a larger disk"), "{full}");
    checked.line("FAIL  mailbox \"password\" smtp: ");
    let elsewhere = "something else answers (HTTP 404 to /healthz)";
    assert!(checked.line("FAIL  public_url ").contains(elsewhere));

    let daemon = Daemon::start(&shell);
    let all = |said: &str, _: Option<i32>| {
        faults.iter().all(|it| said.contains(it.says)) && said.contains("disk: ") && said.contains("sender: ") && said.contains(elsewhere)
    };
    let told = ready_says(&shell, all).await;
    for Fault { says, mend, .. } in &faults {
        let line = told.lines().find(|it| it.contains(says)).unwrap();
        assert!(line.contains(mend), "{line}");
    }
    let line = |kind: &str| told.lines().find(|it| it.starts_with(kind)).unwrap_or_else(|| panic!("no {kind} in\n{told}"));
    assert!(line("disk: ").contains("Make room, or move data_dir to a larger disk"), "{told}");
    assert!(line("sender: ").contains("password@desk.test: 127.0.0.1:") && line("sender: ").contains("nter the right smtp.user"), "{told}");
    assert!(line("public-url: ").contains("See what the proxy forwards to"), "{told}");
    assert!(!told.contains("\"wrong\""), "{told}");

    let words = ["add", "--role", "admin", "--name", "Ada", "--email", "ada@desk.test", "--password"];
    let (said, code) = tokio::task::block_in_place(|| user(&shell, &words, "adas-quoh7Eeh0ahN\n"));
    assert_eq!(code, Some(0), "{said}");
    let mut ada = Web::at(&format!("http://127.0.0.1:{port}"));
    ada.sign_in("ada@desk.test", "adas-quoh7Eeh0ahN").await;
    let page = ada.get("/mail").await;
    for Fault { says, mend, .. } in &faults {
        assert!(page.says(says) && page.says(mend), "{says}: {}", page.text);
    }
    assert!(page.says("Make room, or move data_dir") && page.says(elsewhere), "{}", page.text);
    drop(daemon);

    // Mended, it is well again by itself.
    let one = Fault { name: "password", imap: imap(&world, "right", "INBOX"), line: "ok", says: "", mend: "" };
    let mended = configuration(&[one], &world, (port, port), "1MiB").replace("\"wrong\"", "\"right\"");
    fs::write(shell.path("maildesk.toml"), mended).unwrap();
    let _daemon = Daemon::start(&shell);
    let well = |said: &str, code: Option<i32>| code == Some(0) && said.contains("everything is well");
    ready_says(&shell, well).await;
}
