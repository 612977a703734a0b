//! The page of a ticket: reading it, writing on it, changing it.

use axum::http::StatusCode;
use jiff::SignedDuration;
use maildesk::{
    actions::assign::assign,
    desk::{
        id::TicketNumber,
        ticket::{Priority, Status},
    },
};

use crate::{
    browser::Browser,
    test_desk::{TestDesk, mail},
};

async fn a_ticket(desk: &TestDesk) -> TicketNumber {
    let number =
        desk.write("Ann Lee <ann@home.test>", "The printer <smokes>", "It smokes & stinks.\n\nhttps://x.test/a").await.ticket.unwrap();
    desk.mail().await;
    number
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helper_reads_takes_replies_and_the_customer_gets_it() {
    let desk = TestDesk::new().await;
    let number = a_ticket(&desk).await;
    let path = format!("/tickets/{number}");
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let page = hal.get(&path).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.says("The printer &lt;smokes&gt;") && page.says("It smokes &amp; stinks.") && page.says("href=\"https://x.test/a\""));
    let version = page.field("version");
    assert_eq!(hal.post(&path, &[("version", &version), ("helper", "me")]).await.location(), path);
    let page = hal.get(&path).await;
    assert!(page.says("Saved: helper Hal Nine."));
    let seen = page.field("seen");
    let sent = hal
        .post(
            &format!("{path}/messages"),
            &[("seen", &seen), ("kind", "reply"), ("send", "reply"), ("body", "Unplug it."), ("then", "resolved")],
        )
        .await;
    assert!(sent.location().starts_with(&format!("{path}#m")), "{}", sent.text());
    let page = hal.get(&path).await;
    let clears = format!("data-clears=\"{}:1:reply\"", desk.hal.id);
    assert!(page.says("Unplug it.") && page.says("Undo") && page.says("Waiting") && page.says(&clears));
    assert_eq!(desk.ticket(number).await.status, Status::Resolved);
    let left = desk.mail_to("ann@home.test").await;
    assert_eq!(left.iter().filter(|it| it.read.text.contains("Unplug it.")).count(), 1);
    let page = hal.get(&path).await;
    assert!(page.says("Sent") && !page.says(">Undo<"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_safety_catch_shows_the_new_words_and_keeps_the_typed_ones() {
    let desk = TestDesk::new().await;
    let number = a_ticket(&desk).await;
    let path = format!("/tickets/{number}");
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let seen = hal.get(&path).await.field("seen");
    desk.receive(&mail("Ann Lee <ann@home.test>", &format!("Re: The printer [#{number}]"), &[], "Wait, it is on fire.")).await;
    let form = |seen: &str| {
        vec![
            ("seen".to_owned(), seen.to_owned()),
            ("kind".to_owned(), "reply".to_owned()),
            ("body".to_owned(), "Buy a <new> one.".to_owned()),
        ]
    };
    let fields = form(&seen);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let caught = hal.post(&format!("{path}/messages"), &fields).await;
    assert_eq!(caught.status, StatusCode::CONFLICT);
    assert!(
        caught.says("Ann Lee wrote since you opened this page") && caught.says("it is on fire") && caught.says("Buy a &lt;new&gt; one.")
    );
    assert!(desk.mail().await.iter().all(|it| it.to != "ann@home.test"));
    let fields = form(&caught.field("seen"));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(hal.post(&format!("{path}/messages"), &fields).await.status, StatusCode::SEE_OTHER, "one more press sends");
    assert_eq!(desk.mail_to("ann@home.test").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_reply_is_refused_and_a_note_goes_to_nobody() {
    let desk = TestDesk::new().await;
    let number = a_ticket(&desk).await;
    let path = format!("/tickets/{number}");
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let seen = hal.get(&path).await.field("seen");
    let empty = hal.post(&format!("{path}/messages"), &[("seen", &seen), ("kind", "reply"), ("body", " ")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(empty.says("The text is empty"));
    hal.post(&format!("{path}/messages"), &[("seen", &seen), ("kind", "reply"), ("send", "note"), ("body", "Between us.")]).await;
    let page = hal.get(&path).await;
    assert!(page.says("Internal note") && page.says("Between us."));
    desk.later(SignedDuration::from_mins(1));
    assert!(desk.mail().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_is_taken_back_into_the_composer() {
    let desk = TestDesk::new().await;
    let number = a_ticket(&desk).await;
    let path = format!("/tickets/{number}");
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let seen = hal.get(&path).await.field("seen");
    let sent = hal.post(&format!("{path}/messages"), &[("seen", &seen), ("kind", "reply"), ("body", "Hasty words.")]).await;
    let id = sent.location().split("#m").nth(1).unwrap().to_owned();
    let undone = hal.post(&format!("{path}/messages/{id}/undo"), &[]).await;
    assert_eq!(undone.location(), format!("{path}?write=reply#composer"));
    let page = hal.get(&path).await;
    assert_eq!(page.text().matches("Hasty words.").count(), 1, "in the composer and no longer in the conversation");
    assert!(desk.mail_to("ann@home.test").await.is_empty());
    let late = hal.post(&format!("{path}/messages/{id}/undo"), &[]).await;
    assert_eq!(late.location(), path);
    assert!(hal.get(&path).await.says("Not taken back."));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_change_is_refused_and_the_page_shows_how_it_is_now() {
    let desk = TestDesk::new().await;
    let number = a_ticket(&desk).await;
    let path = format!("/tickets/{number}");
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let version = hal.get(&path).await.field("version");
    maildesk::actions::edit::set_priority(&desk.desk, &desk.ada, number, None, Priority::Urgent).await.unwrap();
    let stale = hal.post(&path, &[("version", &version), ("status", "closed")]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(stale.says("Not changed: Ada Byron changed the ticket") && stale.says("Urgent"));
    let version = stale.field("version");
    maildesk::actions::edit::set_priority(&desk.desk, &desk.hal, number, None, Priority::High).await.unwrap();
    let own = hal.post(&path, &[("version", &version), ("status", "closed")]).await;
    assert!(own.says("Not changed: you, in another window, changed the ticket"), "{}", own.text());
    let version = own.field("version");
    assert_eq!(hal.post(&path, &[("version", &version), ("status", "closed"), ("priority", "low")]).await.status, StatusCode::SEE_OTHER);
    let ticket = desk.ticket(number).await;
    assert_eq!((ticket.status, ticket.priority), (Status::Closed, Priority::Low));
    let page = hal.get(&path).await;
    let impossible = hal.post(&path, &[("version", &page.field("version")), ("status", "resolved")]).await;
    assert_eq!(impossible.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(impossible.says("it can become In Progress or Open"));
    desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_downloads_unless_their_bytes_are_a_picture() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let number = a_ticket(&desk).await;
    let path = format!("/tickets/{number}");
    let mut hal = Browser::of(&desk, &desk.hal).await;
    for (name, bytes, how) in
        [("evil.html", b"<script>alert(1)</script>".as_slice(), "attachment"), ("a.png", b"\x89PNG\r\n\x1a\nrest", "inline")]
    {
        let seen = hal.get(&path).await.field("seen");
        let sent = hal
            .post_file(
                &format!("{path}/messages"),
                &[("seen", &seen), ("kind", "note"), ("body", "look"), ("then", "")],
                (name, "text/html", bytes),
            )
            .await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
        let page = hal.get(&path).await.text();
        let href = page.split("href=\"/attachments/").last().unwrap().split('"').next().unwrap().to_owned();
        let file = hal.get(&format!("/attachments/{href}")).await;
        assert_eq!(file.bytes, bytes);
        assert!(file.header("content-disposition").starts_with(how), "{name}");
        assert!(file.header("content-security-policy").contains("sandbox") && file.header("x-content-type-options") == "nosniff");
    }
    let other = Browser::of(&desk, &desk.ann).await.get("/attachments/1").await;
    assert_eq!(other.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_says_why_it_is_here_and_gives_its_source() {
    let desk = TestDesk::new().await;
    let number = a_ticket(&desk).await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let page = hal.get(&format!("/tickets/{number}/messages/1")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.says("Why is it here?") && page.says("decided") && page.says("Subject: The printer &lt;smokes&gt;"), "{}", page.text());
    let source = hal.get(&format!("/tickets/{number}/messages/1/source")).await;
    assert_eq!(source.header("content-type"), "message/rfc822");
    assert!(source.header("content-disposition").starts_with("attachment") && source.says("From: Ann Lee"));
    assert_eq!(hal.get(&format!("/tickets/{number}/messages/99")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_open_a_ticket_for_a_customer_and_mistakes_are_said_at_their_field() {
    let desk = TestDesk::new().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let form = hal.get("/tickets/new").await;
    let mailbox = desk.mailbox.to_string();
    assert!(form.says("support@desk.test"));
    let fields = |customer| {
        [
            ("customer", customer),
            ("name", "Bo"),
            ("subject", "A call"),
            ("body", "As promised."),
            ("mailbox", mailbox.as_str()),
            ("helper", "nobody"),
            ("priority", "high"),
        ]
    };
    let wrong = hal.post("/tickets", &fields("bo@")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.says("The ticket was not created.") && wrong.says("href=\"#customer\"") && wrong.says("As promised."));
    let opened = hal.post("/tickets", &fields("bo@home.test")).await;
    assert_eq!(opened.location(), "/tickets/1", "{}", opened.text());
    assert_eq!(desk.ticket(TicketNumber(1)).await.priority, Priority::High);
    let left = desk.mail_to("bo@home.test").await;
    assert!(left.iter().any(|it| it.read.text.contains("As promised.")));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_opens_a_ticket_is_offered_the_customers_whose_tickets_they_may_see() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    a_ticket(&desk).await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    for typed in ["an", "lee", "home.te", "Ann%20L"] {
        let offered = hal.get(&format!("/customers?q={typed}")).await;
        assert!(offered.says("<option value=\"ann@home.test\">Ann Lee</option>"), "{typed}: {}", offered.text());
    }
    for typed in ["a", "%25", "hal@", "nobody"] {
        assert!(!hal.get(&format!("/customers?q={typed}")).await.says("<option"), "{typed}");
    }
    assign(&desk.desk, &desk.ada, TicketNumber(1), None, Some(desk.ada.id)).await.unwrap();
    assert!(!hal.get("/customers?q=ann").await.says("<option"), "Ada has her ticket, and Hal does not see it");
    assert!(Browser::of(&desk, &desk.ada).await.get("/customers?q=ann").await.says("ann@home.test"));
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_of_the_mail_are_shown_from_our_own_path_and_remote_ones_not_at_all() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let raw = "From: Ann Lee <ann@home.test>\nTo: support@desk.test\nSubject: See\nMessage-ID: <pic@home.test>\nMIME-Version: 1.0\n\
        Content-Type: multipart/related; boundary=XX\n\n--XX\nContent-Type: text/html; charset=utf-8\n\n\
        <p>See <b>this</b></p><img src=\"cid:p1@home.test\"><img src=\"https://track.test/x.png\"><script>alert(1)</script>\n\
        --XX\nContent-Type: image/png; name=p.png\nContent-ID: <p1@home.test>\nContent-Disposition: inline; filename=p.png\n\
        Content-Transfer-Encoding: base64\n\niVBORw0KGgpyZXN0\n--XX--\n";
    let number = desk.receive(raw).await.ticket.unwrap();
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let text = hal.get(&format!("/tickets/{number}")).await;
    assert!(text.says("Show as HTML") && !text.says("<b>this</b>"));
    let listed = hal.get(&format!("/tickets/{number}?list=view%3Dopen&at=1.0.{number}")).await;
    let way = format!("?html=1&amp;list=view%3Dopen&amp;at=1.0.{number}#m1");
    assert!(listed.says(&way), "another view of it leads back to the same list: {}", listed.text());
    assert!(hal.get(&format!("/tickets/{number}?all=1")).await.says("?html=1&amp;all=1#m1"), "and shows as much of it");
    let page = hal.get(&format!("/tickets/{number}?html=1")).await;
    let path = format!("/tickets/{number}/messages/1/html");
    assert!(
        page.says(&format!("height=\"231\" src=\"{path}\" sandbox=\"allow-same-origin ")) && page.says("1 remote picture left out"),
        "{}",
        page.text()
    );
    let sheet = hal.get(&path).await;
    assert!(sheet.says("<b>this</b>") && !sheet.says("track.test") && !sheet.says("<script") && !sheet.says("cid:"), "{}", sheet.text());
    let policy = sheet.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; img-src 'self'; ") && policy.contains("; sandbox ") && !policy.contains("scripts"));
    assert_eq!(sheet.header("referrer-policy"), "no-referrer");
    let picture = sheet.text().split("<img src=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert!(picture.starts_with("/attachments/"));
    let asked = hal.post(&path, &[]).await;
    assert!(asked.says("<img src=\"https://track.test/x.png\">"), "{}", asked.text());
    assert!(asked.header("content-security-policy").contains("img-src 'self' https:;"));
    assert!(!hal.get(&path).await.says("track.test"), "this time and no other");
    assert_eq!(hal.get(&picture).await.header("content-type"), "image/png");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_refused_and_a_large_file_is_not() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let number = a_ticket(&desk).await;
    let path = format!("/tickets/{number}");
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let seen = hal.get(&path).await.field("seen");
    let fields = [("seen", seen.as_str()), ("kind", "note"), ("body", "big")];
    let large = hal.post_file(&format!("{path}/messages"), &fields, ("big.bin", "application/octet-stream", &vec![7; 6_000_000])).await;
    assert_eq!(large.status, StatusCode::SEE_OTHER, "{}", large.text());
    let huge = hal.post_file(&format!("{path}/messages"), &fields, ("huge.bin", "application/octet-stream", &vec![7; 30_000_000])).await;
    assert_eq!(huge.status, StatusCode::PAYLOAD_TOO_LARGE);
    let form = hal.post("/profile/theme", &[("theme", &"x".repeat(5_000_000))]).await;
    assert_eq!(form.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(form.says("This is too large"));
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_added_and_removed() {
    let desk = TestDesk::new().await;
    let number = a_ticket(&desk).await;
    let path = format!("/tickets/{number}");
    let mut hal = Browser::of(&desk, &desk.hal).await;
    hal.get(&path).await;
    assert_eq!(hal.post(&format!("{path}/people"), &[("add", "bo@home.test")]).await.location(), path);
    let page = hal.get(&path).await;
    assert!(page.says("bo@home.test"));
    let bo = desk.person("bo@home.test").await.unwrap().id.to_string();
    hal.post(&format!("{path}/people"), &[("remove", &bo)]).await;
    let page = hal.get(&path).await;
    assert!(!page.says(&format!("name=\"remove\" value=\"{bo}\"")));
    let wrong = hal.post(&format!("{path}/people"), &[("add", "bo")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mails_own_html_is_for_whoever_may_see_its_ticket() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let raw = |id: &str| {
        format!(
            "From: Ann Lee <ann@home.test>\nTo: support@desk.test\nSubject: See\nMessage-ID: <{id}@home.test>\nContent-Type: text/html\n\n<p>See <b>this</b></p>\n"
        )
    };
    let (first, second) = (desk.receive(&raw("a")).await.ticket.unwrap(), desk.receive(&raw("b")).await.ticket.unwrap());
    let (mut hal, mut ann) = (Browser::of(&desk, &desk.hal).await, Browser::of(&desk, &desk.ann).await);
    assert_eq!(hal.get(&format!("/tickets/{first}/messages/1/html")).await.status, StatusCode::OK);
    assert_eq!(hal.get(&format!("/tickets/{second}/messages/1/html")).await.status, StatusCode::NOT_FOUND, "not on this ticket");
    assert_ne!(ann.get(&format!("/tickets/{first}/messages/1/html")).await.status, StatusCode::OK, "customers have their own pages");
}
