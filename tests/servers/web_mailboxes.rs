//! A mailbox that is added while the desk runs is at work within seconds, and at rest as soon as it is paused.

use std::time::{Duration, Instant};

use maildesk::{
    actions::web_mailboxes::{self, Insist, Saved, SavedMailbox, Says, Secrets, Step},
    app::App,
    clock::Clock,
    config::Config,
    demo::world::{World, WorldOptions},
    desk::{
        address::EmailAddress,
        id::TicketNumber,
        person::{Person, Role},
    },
    store::{
        people::{self, NewPerson},
        tickets,
    },
};

const PATIENCE: Duration = Duration::from_secs(30);

async fn admin(app: &App) -> Person {
    let mut tx = app.desk.store.begin().await.unwrap();
    let email: EmailAddress = "ada@desk.test".parse().unwrap();
    let ada = NewPerson { role: Role::Admin, name: "Ada Byron", email: &email, password_hash: Some("none"), at: Clock::System.now() };
    let ada = people::insert(&mut tx, &ada).await.unwrap();
    let ada = people::get(&mut tx, ada).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    ada
}

async fn wait_for_ticket(app: &App, number: i64) {
    let began = Instant::now();
    while tickets::get(&mut app.desk.store.read().await.unwrap(), TicketNumber(number)).await.unwrap().is_none() {
        assert!(began.elapsed() < PATIENCE, "#{number} does not come");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn letter(n: u32) -> String {
    format!("From: Ann <ann@home.test>\r\nTo: sales@desk.test\r\nSubject: Order {n}\r\nMessage-ID: <order{n}@home.test>\r\n\r\nA rake.\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_that_is_added_while_the_desk_runs_takes_mail_and_answers_and_rests_when_it_is_paused() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let world = World::start(WorldOptions::default()).await.unwrap();
    world.add_account("sales@desk.test", "sesame");
    let folder = tempfile::tempdir().unwrap();
    let written = "listen = \"127.0.0.1:0\"\npublic_url = \"http://127.0.0.1:8025\"\ndata_dir = \"data\"\n";
    let config = Config::read(written, "maildesk.toml", folder.path().to_owned(), []).unwrap();
    let app = App::start(&config, Clock::System).await.unwrap();
    let ada = admin(&app).await;
    let says: Says = [
        ("name", "sales".to_owned()),
        ("address", "sales@desk.test".to_owned()),
        ("imap.host", "127.0.0.1".to_owned()),
        ("imap.port", world.imap_addr().port().to_string()),
        ("imap.tls", "none".to_owned()),
        ("imap.user", "sales@desk.test".to_owned()),
        ("smtp.host", "127.0.0.1".to_owned()),
        ("smtp.port", world.smtp_addr().port().to_string()),
        ("smtp.tls", "none".to_owned()),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect();
    let typed = Secrets::from([("imap.password".to_owned(), "sesame".into())]);
    let new = SavedMailbox { id: None, says: &says, typed: &typed, insist: Insist::No };
    let Saved::Yes(id, tried) = web_mailboxes::save(&app.desk, &ada, &new).await.unwrap() else { panic!("it is refused") };
    assert!(tried.iter().all(|it| it.works()), "{tried:?}");

    // Met within seconds; what comes from then on becomes tickets, and is answered from it.
    let began = Instant::now();
    while maildesk::store::mailboxes::state(&mut app.desk.store.read().await.unwrap(), id).await.unwrap().met_at.is_none() {
        assert!(began.elapsed() < PATIENCE, "it is not met");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    world.deliver("sales@desk.test", letter(1).as_bytes());
    wait_for_ticket(&app, 1).await;
    world.wait_for("ann@home.test", "INBOX", PATIENCE, |it| it.iter().any(|it| it.text().contains("#1"))).await.unwrap();

    // Paused, and at work again: what came meanwhile is taken then.
    web_mailboxes::step(&app.desk, &ada, id, Step::Pause).await.unwrap();
    world.drop_imap_connections();
    world.deliver("sales@desk.test", letter(2).as_bytes());
    web_mailboxes::step(&app.desk, &ada, id, Step::Resume).await.unwrap();
    wait_for_ticket(&app, 2).await;
    app.stop().await;

    // After a restart it is there without anybody.
    let app = App::start(&config, Clock::System).await.unwrap();
    world.deliver("sales@desk.test", letter(3).as_bytes());
    wait_for_ticket(&app, 3).await;
    app.stop().await;
}
