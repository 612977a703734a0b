//! The Resolved mail asks one question; whoever has its link answers it once for each resolution.

use jiff::SignedDuration;
use maildesk::{
    actions::{
        ActionError, Kind,
        rate::{question, rate},
        reply::{self, Reply},
        set_status::set_status,
    },
    desk::{
        comment::CommentText,
        id::{CommentId, TicketNumber},
        rating::Rating,
        settings::{DeskSettings, Satisfaction},
        ticket::Status,
    },
    store::{comments, ratings},
};

use crate::test_desk::{Mail, TestDesk, answer};

const FIRST: TicketNumber = TicketNumber(1);

/// The token of the links in a mail.
fn token(mail: &Mail) -> String {
    let (_, rest) = mail.read.text.split_once("/rate/").expect("it asks");
    rest.split('?').next().unwrap().to_owned()
}

async fn resolved() -> (TestDesk, Mail) {
    let desk = TestDesk::new().await;
    desk.write("Ann Lee <ann@home.test>", "Smoke", "It smokes.").await;
    desk.mail().await;
    set_status(&desk.desk, &desk.hal, FIRST, None, Status::Resolved).await.unwrap();
    let mail = desk.mail_to("ann@home.test").await.pop().unwrap();
    (desk, mail)
}

async fn reply(desk: &TestDesk, text: &str, then: Option<Status>) -> CommentId {
    let seen = comments::last_public(&mut desk.desk.store.read().await.unwrap(), FIRST, CommentId(i64::MAX)).await.unwrap().map(|it| it.id);
    let new = Reply { text: CommentText::parse(text).unwrap(), files: Vec::new(), seen, then, composed: Default::default() };
    reply::reply(&desk.desk, &desk.hal, FIRST, &new).await.unwrap()
}

async fn said(desk: &TestDesk) -> Vec<(Rating, String, Option<String>)> {
    let rows = ratings::of_ticket(&mut desk.desk.store.read().await.unwrap(), FIRST).await.unwrap();
    rows.into_iter().map(|it| (it.rating, it.comment, it.helper)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mail_asks_and_an_answer_is_kept_with_whoever_resolved_it() {
    let (desk, mail) = resolved().await;
    for word in ["r=good", "r=okay", "r=bad"] {
        assert!(mail.read.text.contains(word), "{}", mail.read.text);
        assert!(mail.raw.contains("rate/"));
    }
    let token = token(&mail);
    let asked = question(&desk.desk, &token).await.unwrap();
    assert_eq!((asked.ticket.number, asked.helper.as_deref(), asked.answer), (FIRST, Some("Hal Nine"), None));
    assert!(said(&desk).await.is_empty(), "asking what it is about changes nothing");
    rate(&desk.desk, &token, Rating::Good, " Thank you \n").await.unwrap();
    assert_eq!(said(&desk).await, [(Rating::Good, "Thank you".to_owned(), Some("Hal Nine".to_owned()))]);
    let version = desk.ticket(FIRST).await.version;
    rate(&desk.desk, &token, Rating::Good, "Thank you").await.unwrap();
    assert_eq!(desk.ticket(FIRST).await.version, version, "the same again is nothing new");
    rate(&desk.desk, &token, Rating::Bad, "It smokes again").await.unwrap();
    assert_eq!(said(&desk).await.len(), 1, "one answer to one resolution");
    assert_eq!(question(&desk.desk, &token).await.unwrap().answer, Some((Rating::Bad, "It smokes again".to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_resolution_is_asked_about_anew() {
    let (desk, mail) = resolved().await;
    let first = token(&mail);
    rate(&desk.desk, &first, Rating::Good, "").await.unwrap();
    desk.receive(&answer(&mail, "Ann Lee <ann@home.test>", "It smokes again.")).await;
    desk.later(SignedDuration::from_mins(5));
    desk.mail().await;
    set_status(&desk.desk, &desk.ada, FIRST, None, Status::Resolved).await.unwrap();
    let second = token(&desk.mail_to("ann@home.test").await.pop().unwrap());
    assert_ne!(first, second);
    rate(&desk.desk, &second, Rating::Bad, "").await.unwrap();
    let said: Vec<(Rating, Option<String>)> = said(&desk).await.into_iter().map(|it| (it.0, it.2)).collect();
    assert_eq!(said, [(Rating::Bad, Some("Ada Byron".to_owned())), (Rating::Good, Some("Hal Nine".to_owned()))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_cannot_be_guessed_and_does_not_hold_for_ever() {
    let (desk, mail) = resolved().await;
    let token = token(&mail);
    let other = token.replacen("1.", "2.", 1);
    for wrong in [other.as_str(), "", "1", &token[..token.len() - 1]] {
        assert_eq!(rate(&desk.desk, wrong, Rating::Good, "").await.unwrap_err().kind(), Kind::Missing, "{wrong}");
    }
    let long = "a".repeat(2001);
    assert!(matches!(rate(&desk.desk, &token, Rating::Good, &long).await, Err(ActionError::Invalid { .. })));
    desk.later(SignedDuration::from_hours(29 * 24));
    rate(&desk.desk, &token, Rating::Okay, "").await.unwrap();
    desk.later(SignedDuration::from_hours(24));
    assert_eq!(rate(&desk.desk, &token, Rating::Good, "").await.unwrap_err().kind(), Kind::Conflict);
    assert_eq!(question(&desk.desk, &token).await.unwrap_err().kind(), Kind::Conflict);
    assert!(said(&desk).await.iter().all(|it| it.0 == Rating::Okay));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_resolves_asks_as_well_and_a_mailbox_may_never_ask() {
    let desk = TestDesk::new().await;
    desk.write("Ann Lee <ann@home.test>", "Smoke", "It smokes.").await;
    desk.mail().await;
    reply(&desk, "Pull the plug.", Some(Status::Resolved)).await;
    let mail = desk.mail_to("ann@home.test").await.pop().unwrap();
    rate(&desk.desk, &token(&mail), Rating::Good, "").await.unwrap();
    assert_eq!(said(&desk).await.len(), 1);

    let silent = TestDesk::with(DeskSettings::default(), |it| it.satisfaction = Satisfaction::Never).await;
    silent.write("Ann Lee <ann@home.test>", "Smoke", "It smokes.").await;
    silent.mail().await;
    set_status(&silent.desk, &silent.hal, FIRST, None, Status::Resolved).await.unwrap();
    let mail = silent.mail_to("ann@home.test").await.pop().unwrap();
    assert!(!mail.read.text.contains("/rate/") && !mail.read.text.contains("How did we do"), "{}", mail.read.text);
}
