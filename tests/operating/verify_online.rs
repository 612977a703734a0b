//! `maildesk verify --online`: what servers list, held against the ledger.

use maildesk::{
    actions::Desk,
    app,
    clock::Clock,
    config::Config,
    demo::world::{World, WorldOptions},
    store::Opener,
    workers::{
        caution::Caution,
        instance::Instance,
        intake::{Watch, Watched},
        lease::Lease,
    },
};
use tokio_util::sync::CancellationToken;

use crate::{
    dovecot::Dovecot,
    replay::maildesk,
    rows::Rows,
    shell::{ANY, NOBODY, Shell},
};

const SUPPORT: &str = "support@desk.test";

/// A desk that takes in when it is told to, and what an operator runs beside it.
struct Place {
    shell: Shell,
    desk: Desk,
    watched: Watched,
}

impl Place {
    async fn reading(server: &str) -> Self {
        let shell = Shell::with("");
        let configuration = format!(
            "public_url = \"https://desk.test\"\nlisten = \"{ANY}\"\ndata_dir = \"{}\"\nsecret_key = \"{}\"\n\
             [[mailbox]]\nname = \"support\"\naddress = \"{SUPPORT}\"\ntake_existing = \"all\"\nfirst_connection = \"take\"\n\
             [mailbox.imap]\n{server}user = \"{SUPPORT}\"\npassword = \"secret\"\n[mailbox.smtp]\nhost = \"127.0.0.1\"\ntls = \"none\"\nport = {}\n",
            shell.path("data").display(),
            "ab".repeat(32),
            NOBODY.rsplit(':').next().unwrap()
        );
        std::fs::write(shell.path("maildesk.toml"), configuration).unwrap();
        let config = Config::load(&shell.path("maildesk.toml")).unwrap();
        let (desk, rows) = app::desk(&config, Clock::System, Opener::Daemon).await.unwrap();
        Self { shell, desk, watched: app::watched(&config.mailboxes[0], rows[0]).unwrap() }
    }

    async fn take_in(&self) -> usize {
        let mut caution = Caution::default();
        let instance = Instance::begin(&self.desk, "here").await.unwrap();
        let lease = Lease::take(&self.desk, &instance, self.watched.mailbox).await.unwrap().unwrap();
        let mut watch = Watch::open(&self.desk, &self.watched, &lease, &mut caution, &CancellationToken::new()).await.unwrap();
        watch.full_step().await.unwrap().taken
    }

    /// `verify --online` of everything, however young: what it said, and its exit code.
    fn verify(&self) -> (String, Option<i32>) {
        let (said, _, code) = maildesk(&self.shell, &["verify", "--online", "--grace", "0s"], "");
        (said, code)
    }

    async fn rows(&self) -> Rows {
        Rows::of(&format!("sqlite:{}", self.shell.path("data/maildesk.db").display())).await
    }
}

fn mail(subject: &str) -> Vec<u8> {
    format!("From: Ann <ann@home.test>\r\nTo: {SUPPORT}\r\nSubject: {subject}\r\nMessage-ID: <{subject}@home.test>\r\n\r\n{subject}.\r\n")
        .into()
}

async fn world() -> (World, Place) {
    let world = World::start(WorldOptions::default()).await.unwrap();
    world.add_account(SUPPORT, "secret");
    let place = Place::reading(&format!("host = \"127.0.0.1\"\ntls = \"none\"\nport = {}\n", world.imap_addr().port())).await;
    (world, place)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_lists_and_the_ledger_lacks_is_named_and_nothing_is_marked() {
    let (world, place) = world().await;
    for subject in ["one", "two", "three"] {
        world.deliver(SUPPORT, &mail(subject));
    }
    assert_eq!(place.take_in().await, 3);
    let (said, code) = place.verify();
    assert!(said.starts_with("3 messages listed on the servers, ") && said.ends_with(": all agrees\n"), "{said}");
    assert_eq!(code, Some(0));

    // Not taken in yet: named once it has had its time.
    world.deliver(SUPPORT, &mail("four"));
    let (said, code) = place.verify();
    assert!(said.starts_with("not-taken (once): ") && said.contains("\n    support: UID 4 of INBOX, from ann@home.test: four\n"), "{said}");
    assert_eq!(code, Some(1));
    let (said, _, code) = maildesk(&place.shell, &["verify", "--online", "--quick"], "");
    assert!(said.ends_with(": all agrees\n") && code == Some(0), "a message is given ten minutes\n{said}");
    assert!(!world.messages(SUPPORT, "INBOX")[0].has("\\Seen"), "a look marks nothing");

    // Met again under another number: known by its content, and not named.
    world.deliver(SUPPORT, &mail("two"));
    let (said, _) = place.verify();
    assert!(said.starts_with("not-taken (once): "), "{said}");
    assert_eq!(place.take_in().await, 2);

    // Among those taken in lies one that never was.
    world.file(SUPPORT, "Processed", &mail("five"));
    let (said, _, code) = maildesk(&place.shell, &["verify", "--online", "--grace", "0s", "--json"], "");
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &said["ok"], &said["online"]["listed"]), (Some(1), &false.into(), &6.into()), "{said}");
    let finding = &said["findings"][0];
    assert_eq!((&finding["rule"], &finding["count"]), (&"not-known".into(), &1.into()), "{said}");
    assert_eq!(finding["places"][0], "support: UID 6 of Processed, from ann@home.test: five");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_numbered_anew_and_mail_that_waits_to_be_filed_are_named() {
    let (world, place) = world().await;
    assert_eq!(place.take_in().await, 0);
    world.misbehave(|it| it.read_only = true);
    world.deliver(SUPPORT, &mail("one"));
    assert_eq!(place.take_in().await, 1);
    let (said, code) = place.verify();
    assert!(said.starts_with("not-filed (once): ") && said.contains("\n    support: UID 1 of INBOX\n"), "{said}");
    assert_eq!(code, Some(1));

    world.renumber(SUPPORT, "INBOX");
    world.deliver(SUPPORT, &mail("two"));
    let (said, code) = place.verify();
    assert!(said.contains("\nrenumbered (once): ") && said.contains("    support: INBOX has UIDVALIDITY "), "{said}");
    assert!(said.contains("not-taken (once): ") && said.contains("support: UID 2 of INBOX, from ann@home.test: two\n"), "{said}");
    assert_eq!(code, Some(1));

    world.misbehave(|it| it.read_only = false);
    assert_eq!(place.take_in().await, 2);
    let (said, code) = place.verify();
    assert!(said.ends_with(": all agrees\n") && code == Some(0), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_be_asked_is_no_agreement() {
    let (world, place) = world().await;
    place.take_in().await;
    world.stop_imap().await;
    let (said, code) = place.verify();
    assert!(said.starts_with("cannot be looked at: support: ") && said.ends_with(": what was looked at agrees\n"), "{said}");
    assert_eq!(code, Some(2));
    // What the desk itself holds is looked at all the same.
    place.rows().await.run("insert into queue_counts (tag, shelf, status, turn, assignee, priority, mailbox, n) values (0, 'queue', 'open', 'staff', 0, 2, 1, 7)").await;
    let (said, code) = place.verify();
    assert!(said.starts_with("queue-counts (once): ") && said.contains("\ncannot be looked at: support: "), "{said}");
    assert_eq!(code, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dovecot_is_looked_at_and_left_as_it_is() {
    let dovecot = Dovecot::start(&[(SUPPORT, "secret")]);
    let place = Place::reading(&format!(
        "host = \"localhost\"\nport = {}\nca_file = {:?}\ndone_folder = \"Erledigt ✓\"\n",
        dovecot.imaps_port,
        dovecot.house.ca_file()
    ))
    .await;
    for subject in ["one", "two"] {
        dovecot.deliver(SUPPORT, &mail(subject));
    }
    assert_eq!(place.take_in().await, 2);
    let (said, code) = place.verify();
    assert!(said.starts_with("2 messages listed on the servers, ") && said.ends_with(": all agrees\n"), "{said}");
    assert_eq!(code, Some(0));

    dovecot.deliver(SUPPORT, &mail("three"));
    dovecot.deliver_to(SUPPORT, "Erledigt &JxM-", &mail("four"));
    let (said, code) = place.verify();
    assert!(said.contains("\n    support: UID 3 of INBOX, from ann@home.test: three\n"), "{said}");
    assert!(said.contains("\n    support: UID 3 of Erledigt ✓, from ann@home.test: four\n"), "{said}");
    assert_eq!(code, Some(1));
    assert_eq!((dovecot.count(SUPPORT, "INBOX"), dovecot.count_seen(SUPPORT, "INBOX")), (1, 0), "a look marks nothing");
}
