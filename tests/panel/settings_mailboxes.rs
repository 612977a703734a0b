//! Mailboxes that are added on the web: tried before they are kept, their passwords never to be seen again.

use axum::http::StatusCode;
use maildesk::{
    demo::world::{World, WorldOptions},
    desk::settings::AtWork,
    store::mailbox_accounts,
};

use crate::{
    browser::Browser,
    test_desk::{TestDesk, mail},
};

const HERE: &str = "/settings/mailboxes";
const NEW: &str = "/settings/mailboxes/new";
const PASSWORD: &str = "sesame-of-the-sales";

async fn world() -> World {
    let world = World::start(WorldOptions::default()).await.unwrap();
    world.add_account("sales@desk.test", PASSWORD);
    world
}

/// The form, with these fields in the place of what is usual.
fn form(world: &World, other: &[(&str, &str)]) -> Vec<(String, String)> {
    let (imap, smtp) = (world.imap_addr().port().to_string(), world.smtp_addr().port().to_string());
    let usual = [
        ("do", "save"),
        ("name", "sales"),
        ("address", "sales@desk.test"),
        ("mode", "live"),
        ("take_existing", "none"),
        ("list_mail", "hold"),
        ("sender_name", "desk"),
        ("sub_addressing", "plus"),
        ("imap.host", "127.0.0.1"),
        ("imap.port", &imap),
        ("imap.tls", "none"),
        ("imap.user", "sales@desk.test"),
        ("imap.password", PASSWORD),
        ("imap.folder", "INBOX"),
        ("imap.done_folder", "Processed"),
        ("smtp.host", "127.0.0.1"),
        ("smtp.port", &smtp),
        ("smtp.tls", "none"),
    ];
    let value = |key: &str, usual: &str| other.iter().find(|(it, _)| *it == key).map_or(usual, |(_, it)| it).to_owned();
    let mut all: Vec<(String, String)> = usual.iter().map(|(key, usual)| ((*key).to_owned(), value(key, usual))).collect();
    let more = other.iter().filter(|(key, _)| !usual.iter().any(|(it, _)| it == key));
    all.extend(more.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    all
}

fn fields(form: &[(String, String)]) -> Vec<(&str, &str)> {
    form.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_is_tried_then_kept_and_its_password_is_sealed() {
    let (desk, world) = (TestDesk::new().await, world().await);
    desk.mail_does_not_matter();
    let mut ada = Browser::of(&desk, &desk.ada).await;
    ada.get(NEW).await;
    let wrong = ada.post(NEW, &fields(&form(&world, &[("imap.password", "not-it")]))).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.says("the connection fails") && wrong.says(">Reading</span>") && !wrong.says("not-it"), "{}", wrong.text());
    assert!(wrong.says("value=\"sales@desk.test\""), "what was typed is kept");
    assert_eq!(desk.desk.mailboxes.iter().count(), 1);
    ada.post(NEW, &fields(&form(&world, &[]))).await;
    let page = ada.get(HERE).await;
    assert!(page.says("Saved; at work within seconds.") && page.says("sales@desk.test") && page.says("At work"), "{}", page.text());
    assert_eq!(desk.desk.mailboxes.iter().map(|(_, it)| it.name.as_str()).collect::<Vec<_>>(), ["support", "sales"]);
    let account = mailbox_accounts::all(&mut desk.desk.store.read().await.unwrap()).await.unwrap().remove(0);
    let kept = String::from_utf8_lossy(account.secrets.as_deref().unwrap()).into_owned();
    assert!(!kept.contains(PASSWORD) && !account.says.contains(PASSWORD));
    let edit = ada.get(&format!("{HERE}/{}", account.mailbox)).await;
    assert!(edit.says("Empty: it stays as it is.") && !edit.says(PASSWORD), "{}", edit.text());
    let log = ada.get("/settings/audit").await;
    assert!(log.says("<b dir=\"auto\">sales</b> added") && log.says("was given a password") && !log.says(PASSWORD), "{}", log.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_is_changed_paused_resumed_and_removed_and_its_tickets_stay() {
    let (desk, world) = (TestDesk::new().await, world().await);
    desk.mail_does_not_matter();
    let mut ada = Browser::of(&desk, &desk.ada).await;
    ada.get(NEW).await;
    ada.post(NEW, &fields(&form(&world, &[]))).await;
    let id = desk.desk.mailboxes.iter().last().unwrap().0;
    let here = format!("{HERE}/{id}");
    ada.get(&here).await;
    ada.post(&here, &fields(&form(&world, &[("imap.password", ""), ("display_name", "Sales <team>"), ("name", "other")]))).await;
    let sales = || desk.desk.mailboxes.iter().find(|(it, _)| *it == id).map(|(_, it)| it.clone());
    assert_eq!(sales().unwrap().display_name, "Sales <team>", "the password stayed, and so did the short name");
    assert_eq!(sales().unwrap().name, "sales");
    for (step, work) in [("pause", AtWork::Paused), ("resume", AtWork::Yes)] {
        ada.get(&here).await;
        ada.post(&here, &[("do", step)]).await;
        assert_eq!(sales().unwrap().work, work);
    }
    ada.get(&here).await;
    ada.post(&here, &[("do", "remove")]).await;
    assert!(ada.get(HERE).await.says("Removed.") && sales().is_none());
    assert_eq!(ada.get(&here).await.status, StatusCode::NOT_FOUND);
    let ticket = desk.receive(&mail("Ann Lee <ann@home.test>", "Printer", &[], "x")).await.ticket.unwrap();
    assert_eq!(ada.get(&format!("/tickets/{ticket}")).await.status, StatusCode::OK);
    // Under the same short name it goes on.
    ada.get(NEW).await;
    ada.post(NEW, &fields(&form(&world, &[]))).await;
    assert_eq!(desk.desk.mailboxes.iter().last().unwrap().0, id);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_all_at_once_and_what_the_file_says_is_not_touched() {
    let (desk, world) = (TestDesk::new().await, world().await);
    let mut ada = Browser::of(&desk, &desk.ada).await;
    ada.get(NEW).await;
    for (other, why) in [
        (&[("name", "Sales!"), ("address", "nobody")][..], "is not 1 to 32 of a-z"),
        (&[("imap.host", "imap.desk.test")], "only allowed to this machine"),
        (&[("imap.port", "99999")], "is not a whole number from 1 to 65535"),
        (&[("imap.host", "")], "imap.host is missing"),
        (&[("imap.password", "")], "imap.password is missing"),
        (&[("name", "support")], "there is a mailbox called support already"),
        (&[("address", "support@desk.test")], "is a mailbox of this desk already"),
        (&[("smtp.user", "sales")], "smtp.password is missing"),
        (&[("imap.folder", "A\"\nca_file = \"/etc/passwd")], "control character"),
    ] {
        let page = ada.post(NEW, &fields(&form(&world, other))).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{why}");
        assert!(page.text().to_lowercase().contains(&why.to_lowercase()), "{why}: {}", page.text());
    }
    let odd = form(&world, &[("imap.ca_file", "/etc/passwd")]);
    assert_eq!(ada.post(NEW, &fields(&odd)).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let file = format!("{HERE}/{}", desk.mailbox);
    assert_eq!(ada.get(&file).await.status, StatusCode::NOT_FOUND);
    assert_eq!(ada.post(&file, &[("do", "remove")]).await.status, StatusCode::NOT_FOUND);
    assert!(ada.get(HERE).await.says("In the configuration file"));
    let mut hal = Browser::of(&desk, &desk.hal).await;
    assert_eq!(hal.get(HERE).await.status, StatusCode::FORBIDDEN);
    ada.get(NEW).await;
    ada.post(NEW, &fields(&form(&world, &[("imap.password", "not-it"), ("do", "anyway")]))).await;
    assert_eq!(desk.desk.mailboxes.iter().count(), 2, "who insists is believed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_kept_goes_where_it_was_typed_for_and_nowhere_else() {
    let (desk, world) = (TestDesk::new().await, world().await);
    desk.mail_does_not_matter();
    let mut ada = Browser::of(&desk, &desk.ada).await;
    ada.get(NEW).await;
    ada.post(NEW, &fields(&form(&world, &[]))).await;
    let id = desk.desk.mailboxes.iter().last().unwrap().0;
    let here = format!("{HERE}/{id}");
    let thief = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = thief.local_addr().unwrap().port().to_string();
    for other in [("imap.port", port.as_str()), ("imap.user", "somebody")] {
        let page = ada.post(&here, &fields(&form(&world, &[other, ("imap.password", ""), ("do", "anyway")]))).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.says("type imap.password anew"), "{}", page.text());
    }
    assert!(tokio::time::timeout(std::time::Duration::from_millis(50), thief.accept()).await.is_err(), "nobody was asked");
    let google = |host: &'static str| {
        form(
            &world,
            &[
                ("imap.password", ""),
                ("imap.host", host),
                ("imap.port", ""),
                ("imap.tls", "implicit"),
                ("smtp.host", ""),
                ("smtp.port", ""),
                ("smtp.tls", "implicit"),
                ("oauth.provider", "google"),
                ("oauth.client_id", "app"),
                ("oauth.client_secret", "shh"),
            ],
        )
    };
    let page = ada.post(&here, &fields(&google("imap.evil.test"))).await;
    assert!(page.says("where an access token would go that is for imap.gmail.com"), "{}", page.text());
    ada.post(&here, &fields(&google(""))).await;
    let oauth = || desk.desk.mailboxes.iter().find(|(it, _)| *it == id).unwrap().1.oauth.clone();
    assert!(oauth().is_some(), "the password that it does not need is dropped: {}", ada.get(&here).await.text());
    ada.get(&here).await;
    ada.post(&here, &fields(&form(&world, &[]))).await;
    assert!(oauth().is_none(), "and so is the client’s secret: {}", ada.get(&here).await.text());
}
