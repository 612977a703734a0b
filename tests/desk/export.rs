//! The whole desk as JSON lines, into an empty one, on either database, and out again: the same octets.

use jiff::SignedDuration;
use maildesk::{
    actions::{
        hours::{set_hours, set_targets},
        mail_templates,
        reply::reply,
        rules, settings,
    },
    desk::{
        business_hours::Calendar,
        id::TicketNumber,
        knob::Knob,
        mail_kind::MailKind,
        permission::Scope,
        rule::{After, Deed, Need, Rule, When},
        target::{Goal, Target, Targets},
        ticket::Priority,
    },
    store::{
        Opener, Store,
        export::{self, ExportError, Passwords},
        sending, verify,
    },
    templates::own::OwnMail,
};

use crate::{
    mail_loop::reply_of,
    postgres::Database,
    rows::Rows,
    test_desk::{TestDesk, found},
    verify::lived,
};

const WHY: &str = "held back: it came by an export";

/// A desk in which there is nothing.
pub struct Empty {
    pub store: Store,
    url: String,
    folder: tempfile::TempDir,
    _database: Option<Database>,
}

impl Empty {
    pub async fn sqlite() -> Self {
        Self::on(None).await
    }

    async fn postgres() -> Self {
        Self::on(Some(Database::fresh())).await
    }

    async fn on(database: Option<Database>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = database.as_ref().map_or_else(|| format!("sqlite:{}", folder.path().join("desk.db").display()), |it| it.url.clone());
        let store = Store::open(&url, folder.path(), Opener::Command).await.unwrap();
        Self { store, url, folder, _database: database }
    }

    pub async fn read(&self, lines: &[u8]) -> export::Result<export::Counts> {
        export::read(&self.store, lines, WHY, |_| ()).await
    }
}

pub async fn exported(store: &Store) -> Vec<u8> {
    let mut lines = Vec::new();
    export::write(store, Passwords::GoAlong, &mut lines).await.unwrap();
    lines
}

pub async fn findings(store: &Store) -> Vec<verify::Finding> {
    let mut found = Vec::new();
    found.extend(verify::file(store).await.unwrap());
    let mut then = store.snapshot().await.unwrap();
    for rule in verify::RULES {
        found.extend(verify::ask(&mut then, rule).await.unwrap());
    }
    found.extend(verify::contents(store).await.unwrap().findings);
    found
}

/// Two texts are the same, or it is said where they are not.
pub fn same(one: &[u8], other: &[u8]) {
    let lines = |it: &[u8]| String::from_utf8(it.to_vec()).unwrap().lines().map(str::to_owned).collect::<Vec<_>>();
    let (one, other) = (lines(one), lines(other));
    for (at, (a, b)) in one.iter().zip(&other).enumerate() {
        assert_eq!(a, b, "line {} differs", at + 1);
    }
    assert_eq!(one.len(), other.len());
}

/// What admins set while the desk runs, some of everything.
async fn set_on_the_web(desk: &TestDesk) {
    let (on, ada) = (&desk.desk, &desk.ada);
    settings::choose(on, ada, &[(Knob::Name, "Skerry".to_owned())]).await.unwrap();
    set_hours(on, ada, None, &Calendar::around_the_clock(jiff::tz::TimeZone::UTC)).await.unwrap();
    let mut targets = Targets::default();
    targets.set(Priority::Normal, Target { first_reply: Some(Goal::parse("4 h").unwrap()), ..Target::default() });
    set_targets(on, ada, &targets).await.unwrap();
    let urgent = Rule {
        when: When::New,
        need: Need::All,
        conditions: Vec::new(),
        deeds: vec![Deed::Priority("high".to_owned())],
        after: After::Stop,
    };
    rules::save(on, ada, None, "All is urgent", &urgent).await.unwrap();
    let own = OwnMail { subject: "We have it".to_owned(), ..on.templates.shipped_mail(MailKind::Receipt) };
    mail_templates::write(on, ada, MailKind::Receipt, None, &own).await.unwrap();
    let rows = Rows::of(&desk.url).await;
    let mailbox = desk.mailbox;
    rows.run(&format!("insert into mailbox_settings (mailbox, name, value) values ({mailbox}, 'receipt', 'off')")).await;
    rows.run(&format!("insert into mailbox_accounts (mailbox, state, says) values ({mailbox}, 'removed', 'name = \"support\"')")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_was_lived_in_goes_from_one_database_to_the_other_and_back_unchanged() {
    let desk = lived().await;
    desk.mail_does_not_matter();
    set_on_the_web(&desk).await;
    reply(&desk.desk, &desk.hal, TicketNumber(1), &reply_of("This one has not left yet.")).await.unwrap();
    let large: String = (0..60_000).map(|n| format!("{n:08x}\n")).collect();
    desk.write("Fay <fay@home.test>", "A long one – ünïcödé \u{1f5a8}", &large).await;
    let first = exported(&desk.desk.store).await;
    let (there, back) = (Empty::postgres().await, Empty::sqlite().await);
    let counts = there.read(&first).await.unwrap();
    assert_eq!((counts["ticket"], counts["message"] > 6, counts["correction"]), (5, true, 2), "{counts:?}");
    for line in ["setting", "mailbox_setting", "mailbox_account", "mail_template", "rule", "calendar", "target", "promise"] {
        assert!(counts[line] > 0, "{line}: {counts:?}");
    }
    let second = exported(&there.store).await;
    same(&first, &second);
    assert_eq!(findings(&there.store).await, []);
    back.read(&second).await.unwrap();
    same(&first, &exported(&back.store).await);
    assert_eq!(findings(&back.store).await, []);

    for desk in [&there, &back] {
        // Nothing is sent by itself; a person can still have it sent.
        let rows = Rows::of(&desk.url).await;
        assert!(rows.count("select count(*) from deliveries where state = 'waiting' and held_back is not null").await > 0);
        let mailbox = maildesk::desk::id::MailboxId(rows.count("select min(id) from mailboxes").await);
        let far = maildesk::clock::Clock::System.now() + SignedDuration::from_hours(24 * 365);
        assert_eq!(sending::next_due(&mut desk.store.read().await.unwrap(), mailbox, far).await.unwrap(), None);
        // What is found, found again; what comes next, numbered on.
        assert_eq!(found(&desk.store, "smokes", Scope::All).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_was_changed_in_an_export_or_cut_off_it_is_found_and_nothing_is_kept() {
    let desk = lived().await;
    let whole = exported(&desk.desk.store).await;
    let there = Empty::sqlite().await;
    let [seed] = maildesk::clock::random_bytes::<1>();
    for n in 0..40_usize {
        let mut lines = whole.clone();
        let place = (n * whole.len() / 40 + usize::from(seed)) % whole.len();
        lines[place] ^= 1;
        let error = there.read(&lines).await.expect_err(&format!("the change of byte {place} is not found"));
        assert!(!error.to_string().is_empty());
    }
    for length in [0, 10, whole.len() / 3, whole.len() / 2, whole.len() - 40, whole.len() - 1] {
        there.read(&whole[..length]).await.expect_err(&format!("the cut at {length} is not found"));
    }
    let line_less: Vec<u8> =
        whole.split_inclusive(|it| *it == b'\n').enumerate().filter(|(at, _)| *at != 7).flat_map(|(_, it)| it.to_vec()).collect();
    assert!(there.read(&line_less).await.is_err());
    assert!(there.read(&[whole.as_slice(), b"{\"more\":{}}\n"].concat()).await.is_err());
    let newer = String::from_utf8(whole.clone()).unwrap().replacen("{\"maildesk_export\":1", "{\"maildesk_export\":99", 1);
    let said = there.read(newer.as_bytes()).await.unwrap_err().to_string();
    assert!(said.contains("newer than this one"), "{said}");
    let rows = Rows::of(&there.url).await;
    assert_eq!(
        rows.count("select (select count(*) from people) + (select count(*) from messages) + (select count(*) from blobs where size > 0)")
            .await,
        0
    );
    there.read(&whole).await.unwrap();
    assert!(matches!(there.read(&whole).await, Err(ExportError::NotEmpty(_))));
    assert_eq!(std::fs::read_dir(there.folder.path().join("blobs")).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_stay_where_that_is_asked_for() {
    let desk = TestDesk::new().await;
    let rows = Rows::of(&desk.url).await;
    rows.run("update people set password_hash = '$argon2id$secret'").await;
    let mut lines = Vec::new();
    export::write(&desk.desk.store, Passwords::Stay, &mut lines).await.unwrap();
    assert!(!String::from_utf8(lines.clone()).unwrap().contains("argon2id"));
    let there = Empty::sqlite().await;
    assert_eq!(there.read(&lines).await.unwrap()["person"], 3);
    assert!(String::from_utf8(exported(&desk.desk.store).await).unwrap().contains("$argon2id$secret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_and_column_is_exported_or_left_out_for_a_reason() {
    use maildesk::store::export::{
        schema::{self, Holds},
        tables::{EXPORTED, LEFT_OUT},
    };
    for desk in [Empty::sqlite().await, Empty::postgres().await] {
        let mut conn = desk.store.read().await.unwrap();
        for table in schema::tables(&mut conn).await.unwrap() {
            let exported = EXPORTED.iter().find(|it| it.name == table);
            let left_out = LEFT_OUT.iter().find(|(name, _)| *name == table);
            assert!(
                exported.is_some() != left_out.is_some(),
                "the table {table} is neither exported nor left out for a reason; write it into EXPORTED or LEFT_OUT of src/store/export/tables.rs"
            );
            let Some(exported) = exported else { continue };
            let columns = schema::columns(&mut conn, &table).await.unwrap();
            for column in &columns {
                let left_out = exported.without.iter().any(|(name, _)| *name == column.name);
                assert!(left_out || column.holds != Holds::Other, "{table}.{} holds what an export cannot write", column.name);
            }
            let known = |name: &str| columns.iter().any(|it| it.name == name);
            for name in
                exported.without.iter().map(|(name, _)| *name).chain(exported.later.iter().copied()).chain(exported.order.split(", "))
            {
                assert!(known(name), "{table} has no column {name}");
            }
        }
    }
}
