//! Shadow mode: tickets are built, what would be sent is listed, and nothing is sent, then or later.

use jiff::SignedDuration;
use maildesk::{
    actions::{
        Mailboxes,
        deliveries::{cancel, retry},
        people::{self, By, NewUser, Start},
        reply::{Reply, reply},
        set_status::set_status,
        withdraw_reply::withdraw_reply,
    },
    desk::{
        comment::CommentText,
        delivery::DeliveryState,
        id::CommentId,
        person::Role,
        settings::{DeskSettings, MailboxSettings, Mode},
        ticket::Status,
    },
    store::health::{self, Outgoing, Which},
};

use crate::test_desk::TestDesk;

async fn shadow() -> TestDesk {
    TestDesk::with(DeskSettings::default(), |it| it.mode = Mode::Shadow).await
}

async fn withheld(desk: &TestDesk) -> Vec<Outgoing> {
    health::outbox(&mut desk.desk.store.read().await.unwrap(), Which::Withheld, None, 100).await.unwrap()
}

fn words(text: &str, seen: Option<CommentId>) -> Reply {
    Reply { text: CommentText::parse(text).unwrap(), files: Vec::new(), seen, then: None, composed: Default::default() }
}

fn go_live(desk: &mut TestDesk) {
    let settings = desk.desk.mailboxes.get(desk.mailbox).unwrap().clone();
    desk.desk.mailboxes =
        maildesk::desk::present::Present::new(Mailboxes::new(vec![(desk.mailbox, MailboxSettings { mode: Mode::Live, ..settings })]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_have_been_sent_is_listed_and_never_leaves() {
    let mut desk = shadow().await;
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    let seen = Some(CommentId(1));
    let comment = reply(&desk.desk, &desk.hal, number, &words("Switch it off.", seen)).await.unwrap();
    desk.later(SignedDuration::from_mins(5));
    assert!(desk.mail().await.is_empty());
    let listed = withheld(&desk).await;
    assert!(listed.iter().any(|it| it.kind == "receipt" && it.address == "ann@home.test"), "{listed:#?}");
    let own = listed.iter().find(|it| it.kind == "reply").unwrap();
    assert_eq!((own.state, own.ticket), (DeliveryState::Withheld, Some(number)));
    // Nobody can press it out by mistake, now or once the mailbox is live.
    for _ in 0..2 {
        let refused = retry(&desk.desk, &desk.ada, own.id).await.unwrap_err().to_string();
        assert!(refused.contains("shadow mode"), "{refused}");
        assert!(cancel(&desk.desk, &desk.ada, own.id).await.is_err());
        go_live(&mut desk);
    }
    desk.later(SignedDuration::from_hours(24));
    assert!(desk.mail().await.is_empty());
    assert_eq!(desk.ticket(number).await.status, Status::InProgress, "the ticket goes on");
    let second = reply(&desk.desk, &desk.hal, number, &words("Is it off?", Some(comment))).await.unwrap();
    assert!(second > comment);
    let sent = desk.mail_to("ann@home.test").await;
    assert_eq!(sent.len(), 1);
    assert!(sent[0].read.text.contains("Is it off?"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_heard_nothing_is_told_nothing_by_itself_once_it_is_live() {
    let mut desk = shadow().await;
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    go_live(&mut desk);
    let version = desk.ticket(number).await.version;
    set_status(&desk.desk, &desk.hal, number, Some(version), Status::Resolved).await.unwrap();
    desk.later(SignedDuration::from_mins(1));
    let sent = desk.mail().await;
    assert!(sent.iter().all(|it| it.to != "ann@home.test"), "{sent:#?}");
    // A new ticket is told of as ever.
    desk.write("Bea <bea@home.test>", "Scanner", "It hums.").await;
    assert_eq!(desk.mail_to("bea@home.test").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_in_shadow_mode_can_be_taken_back() {
    let desk = shadow().await;
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    let comment = reply(&desk.desk, &desk.hal, number, &words("Switch it off.", Some(CommentId(1)))).await.unwrap();
    assert_eq!(withdraw_reply(&desk.desk, &desk.hal, comment).await.unwrap(), "Switch it off.");
    assert!(withheld(&desk).await.iter().all(|it| it.kind != "reply"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_link_is_mailed_while_every_mailbox_is_in_shadow_mode() {
    let desk = shadow().await;
    let email = "ida@desk.test".parse().unwrap();
    let new = NewUser { name: "Ida".to_owned(), email, role: Role::Helper, start: Start::InvitationByMail };
    let refused = people::add(&desk.desk, By::Admin(&desk.ada), &new).await.unwrap_err().to_string();
    assert!(refused.contains("shadow mode") && refused.contains("hand one on yourself"), "{refused}");
    let new = NewUser { start: Start::InvitationLink, ..new };
    assert!(people::add(&desk.desk, By::Admin(&desk.ada), &new).await.unwrap().1.is_some());
}
