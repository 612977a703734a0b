//! Changing an address: by its owner, who reads mail at the new one, and by an admin.

use axum::http::StatusCode;
use jiff::SignedDuration;
use maildesk::{actions::reply::reply, store::addresses};

use crate::{browser::Browser, queue::reply_of, test_desk::TestDesk};

/// The path of the link in the last mail to an address.
async fn mailed(desk: &TestDesk, email: &str) -> String {
    let mail = desk.mail_to(email).await;
    in_mail(&mail.last().unwrap_or_else(|| panic!("nothing came to {email}")).read.text)
}

fn in_mail(text: &str) -> String {
    text.lines().find_map(|it| it.trim().strip_prefix("http://127.0.0.1:8025")).unwrap().to_owned()
}

async fn ask(browser: &mut Browser, fields: &[(&str, &str)]) -> String {
    browser.get("/profile").await;
    let answer = browser.post("/profile/address", fields).await;
    assert_eq!(answer.location(), "/profile#address", "{}", answer.text());
    browser.get("/profile").await.text()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_has_another_address_once_mail_there_was_read() {
    let desk = TestDesk::new().await;
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    desk.mail().await;
    let ann = desk.person("ann@home.test").await.unwrap();
    let mut browser = Browser::of(&desk, &ann).await;
    browser.get("/profile").await;
    browser.post("/profile", &[("name", "You have won, see evil.test"), ("zone", "")]).await;
    assert!(ask(&mut browser, &[("email", " Ann@New.test ")]).await.contains("A link is on its way to Ann@new.test"));
    let mail = desk.mail_to("ann@new.test").await.remove(0);
    assert!(!mail.read.text.contains("won") && !mail.raw.contains("You have won"), "a stranger may read it: {}", mail.raw);
    let link = in_mail(&mail.read.text);
    // Where the address was mistyped, a stranger reads it: they learn nothing of Ann, and cannot follow it.
    let mut eve = Browser::new(&desk);
    assert!(eve.get(&link).await.location().starts_with("/login?next="), "{}", eve.get(&link).await.text());
    eve.get("/login").await;
    assert_eq!(eve.post(&link, &[]).await.status, StatusCode::SEE_OTHER);
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let others = hal.get(&link).await;
    assert!(others.status == StatusCode::FORBIDDEN && !others.says("ann@"), "{}", others.text());
    hal.get("/profile").await;
    assert_eq!(hal.post(&link, &[]).await.status, StatusCode::FORBIDDEN);
    let mut phone = Browser::of(&desk, &ann).await;
    let opened = phone.get(&link).await;
    assert!(opened.says("Have mail at") && opened.says("ann@home.test"), "{}", opened.text());
    assert_eq!(desk.person("ann@home.test").await.unwrap().id, ann.id, "opening it changes nothing");
    let followed = phone.post(&link, &[]).await;
    assert_eq!((followed.status, followed.location()), (StatusCode::SEE_OTHER, link.as_str()), "{}", followed.text());
    assert!(phone.get(&link).await.says("Your address is"));
    phone.get(&link).await;
    assert_eq!(phone.post(&link, &[]).await.status, StatusCode::CONFLICT, "it works once");
    let told = desk.mail_to("ann@home.test").await;
    assert!(told.last().unwrap().read.text.contains("is ann@new.test now"), "{}", told.last().unwrap().read.text);
    assert_eq!(browser.get("/my").await.status, StatusCode::OK, "whoever is signed in stays so");
    reply(&desk.desk, &desk.hal, number, &reply_of("Unplug it.")).await.unwrap();
    desk.later(SignedDuration::from_mins(1));
    assert_eq!(desk.mail_to("ann@new.test").await.last().unwrap().read.subject, format!("Re: [#{number}] Printer"));
    // What comes from the old address is somebody else's.
    desk.write("Ann Lee <ann@home.test>", "Again", "It smokes more.").await;
    assert_ne!(desk.person("ann@home.test").await.unwrap().id, ann.id);
    let mut conn = desk.desk.store.read().await.unwrap();
    assert_eq!(addresses::former(&mut conn, ann.id).await.unwrap(), ["ann@home.test"]);
    desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_cannot_be_had_is_refused_and_one_that_is_taken_when_its_link_is_followed() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    desk.write("Ben <ben@home.test>", "Printer", "It smokes.").await;
    desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await;
    desk.mail().await;
    let ann = desk.person("ann@home.test").await.unwrap();
    let mut browser = Browser::of(&desk, &ann).await;
    for (typed, why) in [
        ("ann", "there is no @"),
        ("ann@home.test", "This is the address already"),
        ("support@desk.test", "an address of the desk itself"),
        ("noreply@home.test", "Nobody reads"),
    ] {
        let page = ask(&mut browser, &[("email", typed)]).await;
        assert!(page.contains("Nothing was mailed") && page.contains(why), "{typed}: {page}");
    }
    assert!(ask(&mut browser, &[("email", "ben@home.test")]).await.contains("is on its way"), "nobody learns who is known");
    let link = mailed(&desk, "ben@home.test").await;
    browser.get(&link).await;
    let refused = browser.post(&link, &[]).await;
    assert!(refused.status == StatusCode::CONFLICT && refused.says("omebody has the address"), "{}", refused.text());
    assert_eq!(desk.person("ann@home.test").await.unwrap().id, ann.id);
    // The next link ends the one before, and an hour ends that.
    ask(&mut browser, &[("email", "ann@one.test")]).await;
    let first = mailed(&desk, "ann@one.test").await;
    ask(&mut browser, &[("email", "ann@two.test")]).await;
    let second = mailed(&desk, "ann@two.test").await;
    assert_eq!(browser.get(&first).await.status, StatusCode::FORBIDDEN);
    desk.later(SignedDuration::from_mins(61));
    assert_eq!(browser.get(&second).await.status, StatusCode::FORBIDDEN);
    browser.get("/profile").await;
    assert_eq!(browser.post(&second, &[]).await.status, StatusCode::CONFLICT);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_a_password_gives_it() {
    let desk = TestDesk::new().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    hal.get("/profile").await;
    hal.post("/profile/password", &[("new", "daisy daisy give me")]).await;
    let page = ask(&mut hal, &[("email", "hal@new.test"), ("old", "another password")]).await;
    assert!(page.contains("the current password is another one"), "{page}");
    assert!(desk.mail().await.is_empty());
    ask(&mut hal, &[("email", "hal@new.test"), ("old", "daisy daisy give me")]).await;
    let link = mailed(&desk, "hal@new.test").await;
    hal.get(&link).await;
    hal.post(&link, &[]).await;
    assert_eq!(desk.person("hal@new.test").await.unwrap().id, desk.hal.id);
    desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_changes_an_address_at_once_and_the_log_says_so() {
    let desk = TestDesk::new().await;
    let mut ada = Browser::of(&desk, &desk.ada).await;
    let path = format!("/users/{}", desk.hal.id);
    ada.get(&path).await;
    let save = |email: &'static str| [("do", "save"), ("name", "Hal Nine"), ("role", "helper"), ("email", email)];
    ada.post(&path, &save("ada@desk.test")).await;
    assert!(ada.get(&path).await.says("Somebody has the address ada@desk.test already"));
    ada.get(&path).await;
    ada.post(&path, &save("hal")).await;
    assert!(ada.get(&path).await.says("Nothing was saved"));
    ada.get(&path).await;
    ada.post(&path, &save("hal@new.test")).await;
    let page = ada.get(&path).await;
    assert!(page.says("tells them of the new one") && page.says("value=\"hal@new.test\""), "{}", page.text());
    assert!(desk.mail_to("hal@desk.test").await.last().unwrap().read.text.contains("hal@new.test"));
    let log = ada.get("/settings/audit").await;
    assert!(log.says("changed the address") && log.says("hal@desk.test") && log.says("hal@new.test"), "{}", log.text());
    // Back again: it is theirs once more, and the other is the former one.
    ada.get(&path).await;
    ada.post(&path, &save("hal@desk.test")).await;
    let mut conn = desk.desk.store.read().await.unwrap();
    assert_eq!(addresses::former(&mut conn, desk.hal.id).await.unwrap(), ["hal@new.test"]);
    desk.mail_does_not_matter();
}
