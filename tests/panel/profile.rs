//! One's own page: what people choose for themselves, and that it holds.

use axum::http::StatusCode;
use jiff::SignedDuration;
use maildesk::actions::{assign::assign, digest};

use crate::{browser::Browser, test_desk::TestDesk};

#[tokio::test(flavor = "multi_thread")]
async fn a_helper_changes_name_and_zone_and_reads_times_in_it() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    let mut hal = Browser::of(&desk, &desk.hal).await;
    assert!(hal.get(&format!("/tickets/{number}")).await.says("2 Nov 2026, 09:00"));
    hal.get("/profile").await;
    assert_eq!(hal.post("/profile", &[("name", " Hal   Ten "), ("zone", "Asia/Tokyo")]).await.location(), "/profile");
    let page = hal.get("/profile").await;
    assert!(page.says("Saved.") && page.says("value=\"Hal Ten\"") && page.says("<option selected>Asia/Tokyo"), "{}", page.text());
    assert!(hal.get(&format!("/tickets/{number}")).await.says("2 Nov 2026, 18:00"), "as it is in Tokyo");
    assert!(Browser::of(&desk, &desk.ada).await.get(&format!("/tickets/{number}")).await.says("2 Nov 2026, 09:00"), "for her alone");
    let audit = Browser::of(&desk, &desk.ada).await.get("/settings/audit").await;
    assert!(audit.says("changed their name") && audit.says("Hal Ten"));
    for (name, zone, told) in
        [(" ", "", "a name is missing"), ("Hal", "Mars/Base", "no such time zone"), ("Hal", "../../etc/passwd", "no such time zone")]
    {
        hal.get("/profile").await;
        hal.post("/profile", &[("name", name), ("zone", zone)]).await;
        let page = hal.get("/profile").await.text().to_lowercase();
        assert!(page.contains(told) && page.contains("value=\"hal ten\""), "{name} {zone}: {page}");
    }
    let unknown = hal.post("/profile", &[("name", "Hal"), ("role", "admin")]).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_look_is_on_every_page_until_it_is_changed() {
    let desk = TestDesk::new().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    assert!(hal.get("/tickets").await.says("<html lang=\"en\" data-keys=\"on\">"));
    hal.get("/profile").await;
    hal.post("/profile/look", &[("theme", "light"), ("density", "compact")]).await;
    assert!(hal.get("/tickets").await.says("<html lang=\"en\" data-theme=\"light\" data-density=\"compact\" data-keys=\"off\">"));
    assert!(hal.get("/profile").await.says("You have switched single keys off"));
    hal.post("/profile/look", &[("theme", "system"), ("density", "comfortable"), ("keys", "on")]).await;
    assert!(hal.get("/tickets").await.says("<html lang=\"en\" data-keys=\"on\">"));
    for (theme, density) in [("pink", "compact"), ("dark", "dense")] {
        hal.get("/profile").await;
        assert_eq!(hal.post("/profile/look", &[("theme", theme), ("density", density)]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let mut ann = Browser::of(&desk, &desk.ann).await;
    assert!(!ann.get("/profile").await.says("Single-key"), "a customer’s pages have no keys");
    ann.post("/profile/look", &[("theme", "dark")]).await;
    assert!(ann.get("/my").await.says("<html lang=\"en\" data-theme=\"dark\" data-keys=\"on\">"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helper_is_mailed_what_they_chose() {
    let desk = TestDesk::new().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    hal.get("/profile").await;
    let never = ["assigned", "due", "not-sent", "colleagues", "nobodys"].map(|it| (format!("tell-{it}"), "never"));
    let never: Vec<(&str, &str)> = never.iter().map(|(name, word)| (name.as_str(), *word)).collect();
    hal.post("/profile/notices", &never).await;
    let page = hal.get("/profile").await.text();
    assert_eq!(page.matches("name=\"tell-").count(), 7);
    let form = page.split("id=\"notices\"").nth(1).unwrap().split("</form>").next().unwrap();
    assert_eq!((form.matches("value=\"at-once\" selected").count(), form.matches("value=\"never\" selected").count()), (2, 5));
    let unknown = hal.post("/profile/notices", &[("tell-due", "sometimes")]).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    assert!(desk.mail_to("hal@desk.test").await.is_empty(), "no word of a ticket that nobody has");
    assign(&desk.desk, &desk.ada, number, None, Some(desk.hal.id)).await.unwrap();
    assert!(desk.mail_to("hal@desk.test").await.is_empty(), "none of being given it");
    let again = format!("Re: Printer [#{number}]");
    desk.write("Ann Lee <ann@home.test>", &again, "Still.").await;
    assert_eq!(desk.mail_to("hal@desk.test").await.len(), 1, "but of what the customer writes");
    hal.get("/profile").await;
    hal.post("/profile/notices", &[("tell-answered", "never")]).await;
    desk.write("Ann Lee <ann@home.test>", &again, "And still.").await;
    assert!(desk.mail_to("hal@desk.test").await.is_empty());
    let mut ann = Browser::of(&desk, &desk.ann).await;
    ann.get("/profile").await;
    assert_eq!(ann.post("/profile/notices", &[("tell-named", "never")]).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_without_a_password_sets_one_and_needs_it_to_change_it() {
    let desk = TestDesk::new().await;
    let mut ann = Browser::of(&desk, &desk.ann).await;
    assert!(ann.get("/profile").await.says("Set a password"));
    ann.post("/profile/password", &[("new", "four words of ann"), ("username", "")]).await;
    assert!(ann.get("/profile").await.says("Change password"));
    ann.post("/profile/password", &[("new", "another four words"), ("username", "")]).await;
    assert!(ann.get("/profile").await.says("the current password is another one"));
    let mut anew = Browser::new(&desk);
    anew.get("/login").await;
    assert_eq!(anew.post("/login", &[("email", "ann@home.test"), ("password", "four words of ann")]).await.location(), "/my");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_helper_hears_once_a_day_comes_in_the_morning_of_their_own_zone() {
    let desk = TestDesk::new().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    hal.get("/profile").await;
    // It is Monday, 9:00 in UTC: 18:00 in Tokyo.
    hal.post("/profile", &[("name", "Hal"), ("zone", "Asia/Tokyo")]).await;
    hal.post("/profile/notices", &[("tell-nobodys", "digest"), ("tell-assigned", "digest"), ("tell-answered", "digest")]).await;
    assert!(hal.get("/profile").await.says("A digest comes at 8:00"));
    let printer = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    let door = desk.write("Ann Lee <ann@home.test>", "Door", "It is stuck.").await.ticket.unwrap();
    let window = desk.write("Ann Lee <ann@home.test>", "Window", "It does not close.").await.ticket.unwrap();
    assign(&desk.desk, &desk.ada, printer, None, Some(desk.hal.id)).await.unwrap();
    assign(&desk.desk, &desk.ada, window, None, Some(desk.ada.id)).await.unwrap();
    desk.mail().await;
    assert_eq!(digest::send_due(&desk.desk).await.unwrap(), 0);
    desk.later(SignedDuration::from_hours(13));
    assert_eq!(digest::send_due(&desk.desk).await.unwrap(), 0, "at 7:00 it is not morning yet");
    desk.write("Ann Lee <ann@home.test>", &format!("Re: Printer [#{printer}]"), "Still.").await;
    desk.later(SignedDuration::from_hours(1));
    assert_eq!(digest::send_due(&desk.desk).await.unwrap(), 1);
    let mails = desk.mail_to("hal@desk.test").await;
    assert_eq!(mails.len(), 1);
    let told = &mails[0].read.text;
    assert_eq!(mails[0].read.subject, "Your digest: 2 tickets");
    let order = ["Printer (", "New ticket", "gave you this ticket", "3 November, 07:00  Ann Lee wrote", "Door ("]
        .map(|it| told.find(it).unwrap_or_else(|| panic!("{it} in {told}")));
    assert!(order.is_sorted(), "{told}");
    assert!(!told.contains("Window") && told.contains(&format!("/tickets/{door}")), "what is out of reach meanwhile is not told: {told}");
    desk.later(SignedDuration::from_hours(48));
    assert_eq!(digest::send_due(&desk.desk).await.unwrap(), 0, "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_flood_a_digest_tells_of_a_hundred_tickets_and_counts_the_rest() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let mut hal = Browser::of(&desk, &desk.hal).await;
    hal.get("/profile").await;
    hal.post("/profile/notices", &[("tell-nobodys", "digest")]).await;
    for n in 0..101 {
        desk.write(&format!("Ann <ann{n}@home{n}.test>"), "Flood", "It rains.").await;
    }
    desk.later(SignedDuration::from_hours(24));
    assert_eq!(digest::send_due(&desk.desk).await.unwrap(), 1);
    let told = desk.mail_to("hal@desk.test").await.pop().unwrap();
    assert_eq!(told.read.subject, "Your digest: 101 tickets");
    assert!(told.read.text.contains("And 1 ticket more"), "{}", told.read.text);
}
