//! Users: added, invited, changed, disabled; the last admin stays.

use axum::http::StatusCode;
use maildesk::{
    actions::{
        assign::assign,
        people::{self, By, NewUser, Start},
        set_status::set_status,
        sign_in::{NewSession, sign_in},
        write_note::write_note,
    },
    desk::{
        comment::CommentText,
        person::{PersonState, Role},
        ticket::Status,
    },
};

use crate::{browser::Browser, test_desk::TestDesk};

#[tokio::test(flavor = "multi_thread")]
async fn somebody_invited_chooses_a_password_and_works() {
    let desk = TestDesk::new().await;
    let mut ada = Browser::of(&desk, &desk.ada).await;
    ada.get("/users/new").await;
    let fields = [("name", "Hedy Lamarr"), ("email", "hedy@desk.test"), ("role", "helper"), ("start", "invite"), ("password", "")];
    assert_eq!(ada.post("/users", &fields).await.location(), "/users");
    let page = ada.get("/users").await;
    assert!(page.says("Invitation sent to hedy@desk.test") && page.says("Invited"), "{}", page.text());
    let mail = desk.mail_to("hedy@desk.test").await;
    let text = &mail[0].read.text;
    assert!(text.contains("Ada Byron invites you"), "{text}");
    let link = text.split_whitespace().find(|it| it.contains("/invite/")).unwrap();
    let path = link.strip_prefix("http://127.0.0.1:8025").unwrap().to_owned();
    let mut hedy = Browser::new(&desk);
    assert_eq!(hedy.get(&path).await.status, StatusCode::OK);
    let chosen = [("name", "Hedy Lamarr"), ("username", "hedy@desk.test"), ("password", "four words do well")];
    hedy.post(&path, &chosen).await;
    assert_eq!(hedy.get("/tickets").await.status, StatusCode::OK);
    assert_eq!(hedy.get("/users").await.status, StatusCode::FORBIDDEN);
    assert_eq!(Browser::new(&desk).get(&path).await.status, StatusCode::FORBIDDEN, "a link works once");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_invited_is_staff_once_they_have_accepted() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let stranger = || NewUser {
        name: "Hedy Lamarr".to_owned(),
        email: "hedy@desk.test".parse().unwrap(),
        role: Role::Helper,
        start: Start::InvitationLink,
    };
    let (hedy, _) = people::add(&desk.desk, By::Admin(&desk.ada), &stranger()).await.unwrap();
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    write_note(&desk.desk, &desk.ada, number, &CommentText::parse("Please look, @hedy.").unwrap(), &[]).await.unwrap();
    assert_eq!(desk.mail_to("hedy@desk.test").await.len(), 0, "nothing of a customer’s goes to whoever has that address");
    let refused = assign(&desk.desk, &desk.ada, number, None, Some(hedy)).await.unwrap_err();
    assert!(refused.to_string().contains("not an active helper"), "{refused}");
    let by_mail = desk.write("Hedy <hedy@desk.test>", &format!("Re: [#{number}] Printer"), "/status resolved").await;
    assert_ne!((by_mail.ticket, desk.ticket(number).await.status), (Some(number), Status::Resolved));
    let mut ada = Browser::of(&desk, &desk.ada).await;
    assert!(!ada.get(&format!("/tickets/{number}")).await.says(&format!("value=\"{hedy}\"")), "they are not offered");
    let path = format!("/users/{hedy}");
    assert!(ada.get(&path).await.says("Invited, has not accepted yet"));

    // A link to sign in is as good as a password.
    let session = NewSession { agent: String::new(), address: std::net::Ipv4Addr::LOCALHOST.into() };
    sign_in(&desk.desk, hedy, session).await.unwrap();
    let page = ada.get(&path).await;
    assert!(!page.says("has not accepted yet") && !page.says("Invitation expired"), "{}", page.text());
    desk.write("Ann Lee <ann@home.test>", "Router", "It blinks.").await;
    let told = desk.mail_to("hedy@desk.test").await;
    assert!(told.iter().any(|it| it.read.subject.contains("Router")), "told of a new ticket");
    assign(&desk.desk, &desk.ada, number, None, Some(hedy)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_cannot_be_taken_says_why_and_keeps_what_was_typed() {
    let desk = TestDesk::new().await;
    let mut ada = Browser::of(&desk, &desk.ada).await;
    ada.get("/users/new").await;
    for (email, start, password, why) in [
        ("hal@desk.test", "invite", "", "is Hal Nine already"),
        ("no address", "invite", "", "Nobody was added"),
        ("support@desk.test", "invite", "", "own address"),
        ("new@desk.test", "password", "zq7", "12"),
    ] {
        let fields = [("name", "Typed Name"), ("email", email), ("role", "admin"), ("start", start), ("password", password)];
        let page = ada.post("/users", &fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{email}");
        assert!(page.says(why) && page.says("Typed Name"), "{email}: {}", page.text());
        assert!(password.is_empty() || !page.says(password), "a password is not sent back");
    }
    assert!(desk.person("new@desk.test").await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn disabling_signs_out_at_once_and_hands_tickets_back() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let mut numbers = Vec::new();
    for subject in ["Open", "Done"] {
        let number = desk.write("Ann Lee <ann@home.test>", subject, "It smokes.").await.ticket.unwrap();
        assign(&desk.desk, &desk.hal, number, None, Some(desk.hal.id)).await.unwrap();
        numbers.push(number);
    }
    set_status(&desk.desk, &desk.hal, numbers[1], None, Status::Closed).await.unwrap();
    let has = |text: &str| text.contains("1 open ticket returns to Unassigned; those resolved or closed stay in their name");
    let mut hal = Browser::of(&desk, &desk.hal).await;
    assert_eq!(hal.get("/tickets").await.status, StatusCode::OK);
    let mut ada = Browser::of(&desk, &desk.ada).await;
    let path = format!("/users/{}", desk.hal.id);
    assert!(has(&ada.get(&path).await.text()));
    ada.post(&path, &[("do", "disable")]).await;
    assert!(ada.get(&path).await.says("#1 went back to Unassigned"));
    assert!(hal.get("/tickets").await.location().starts_with("/login"));
    let open = desk.ticket(numbers[0]).await;
    assert_eq!((open.assignee, open.status), (None, Status::Open));
    assert_eq!(desk.ticket(numbers[1]).await.assignee, Some(desk.hal.id), "what they did stays in their name");
    let theirs = ada.get("/search?q=assignee:hal").await;
    assert!(theirs.says("1 ticket") || theirs.says("/tickets/2"), "{}", theirs.text());
    desk.write("Ann Lee <ann@home.test>", &format!("[#{}] Done", numbers[1]), "Not done.").await;
    let again = desk.ticket(numbers[1]).await;
    assert_eq!((again.assignee, again.status), (None, Status::Open), "an answer does not wake it in the hands of somebody who is gone");
    let history = ada.get("/tickets/2").await;
    assert!(history.says("<b><bdi>maildesk</bdi></b> took the ticket from <b><bdi>Hal Nine</bdi></b>"), "{}", history.text());
    ada.post(&path, &[("do", "enable")]).await;
    assert_eq!(desk.person("hal@desk.test").await.unwrap().state, PersonState::Active);
    assert!(hal.get("/tickets").await.location().starts_with("/login"), "the old session stays over");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_admin_can_be_neither_demoted_nor_disabled() {
    let desk = TestDesk::new().await;
    let mut ada = Browser::of(&desk, &desk.ada).await;
    let path = format!("/users/{}", desk.ada.id);
    for form in [vec![("do", "disable")], vec![("do", "save"), ("name", "Ada Byron"), ("role", "helper")]] {
        ada.get(&path).await;
        ada.post(&path, &form).await;
        assert!(ada.get(&path).await.says("This is the only admin who can sign in"));
    }
    people::set_role(&desk.desk, By::Admin(&desk.ada), desk.hal.id, maildesk::desk::person::Role::Admin).await.unwrap();
    ada.get(&path).await;
    ada.post(&path, &[("do", "save"), ("name", "Ada Byron"), ("role", "helper")]).await;
    assert!(ada.get("/users").await.location().starts_with("/login"), "a new role signs out");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_admins_cannot_demote_each_other() {
    let desk = TestDesk::new().await;
    people::set_role(&desk.desk, By::Shell, desk.hal.id, maildesk::desk::person::Role::Admin).await.unwrap();
    let role = maildesk::desk::person::Role::Helper;
    let (one, other) = tokio::join!(
        people::set_role(&desk.desk, By::Shell, desk.hal.id, role),
        people::set_role(&desk.desk, By::Shell, desk.ada.id, role)
    );
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_found_and_listed_page_by_page() {
    let desk = TestDesk::new().await;
    for number in 0..120 {
        desk.add(maildesk::desk::person::Role::Customer, &format!("Guest {number}"), &format!("guest{number}@home.test")).await;
    }
    let mut ada = Browser::of(&desk, &desk.ada).await;
    let (mut path, mut seen) = ("/users?group=customers".to_owned(), Vec::new());
    loop {
        let page = ada.get(&path).await.text();
        seen.extend(page.split("class=\"who\" href=\"/users/").skip(1).map(|it| it.split('"').next().unwrap().to_owned()));
        let Some(next) = page.split("href=\"").find(|it| it.contains("after=")) else { break };
        path = next.split('"').next().unwrap().replace("&amp;", "&");
    }
    let all = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!((seen.len(), all), (121, 121), "each once");
    let found = ada.get("/users?group=customers&q=GUEST%20117").await;
    assert!(found.says("guest117@home.test") && !found.says("guest116@home.test"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_erased_by_an_admin_who_types_their_address() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let raw =
        crate::test_desk::mail("Greta Zimmerli <greta@zimmerli.test>", "My xylophone", &["Message-ID: <g@zimmerli.test>"], "It hums.");
    let number = desk.receive(&raw).await.ticket.unwrap();
    let greta = desk.person("greta@zimmerli.test").await.unwrap();
    let mut ada = Browser::of(&desk, &desk.ada).await;
    let path = format!("/users/{}", greta.id);
    assert!(ada.get(&path).await.says("Erase this customer"));
    assert!(!ada.get(&format!("/users/{}", desk.hal.id)).await.says("Erase this customer"), "staff are never erased");
    ada.get(&path).await;
    ada.post(&path, &[("do", "erase"), ("typed", "somebody@zimmerli.test")]).await;
    assert!(ada.get(&path).await.says("nothing was erased"));
    assert!(desk.person("greta@zimmerli.test").await.is_some());
    ada.post(&path, &[("do", "erase"), ("typed", "greta@zimmerli.test")]).await;
    let page = ada.get(&path).await;
    assert!(page.says("Erased: 1 ticket") && page.says("was erased by <bdi>Ada Byron") && !page.says("zimmerli"), "{}", page.text());
    let comments = format!("/tickets/{number}");
    for (at, status) in [
        (comments.as_str(), StatusCode::OK),
        ("/tickets/1/messages/1", StatusCode::OK),
        ("/mail/messages/1", StatusCode::OK),
        ("/mail/messages", StatusCode::OK),
        ("/tickets/1/messages/1/source", StatusCode::GONE),
        ("/mail/messages/1/source", StatusCode::GONE),
    ] {
        let page = ada.get(at).await;
        assert_eq!(page.status, status, "{at}: {}", page.text());
        assert!(page.says("rased") && !page.says("zimmerli") && !page.says("Greta") && !page.says("hums"), "{at}: {}", page.text());
    }
    let mut hal = Browser::of(&desk, &desk.hal).await;
    assert_eq!(hal.get(&path).await.status, StatusCode::FORBIDDEN);
}
