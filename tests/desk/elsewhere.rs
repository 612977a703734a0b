//! A ticket that goes on in another mailbox: who answers, what is found, what is counted, and its way back.

use maildesk::{
    actions::{
        ActionError, Mailboxes,
        edit::move_to_mailbox,
        reply::{Composed, Reply, reply},
        undo_change::{self, Was},
    },
    desk::{
        comment::CommentText,
        id::{CommentId, MailboxId},
        permission::Scope,
        present::Present,
        queue::{Filter, View},
    },
    store::{conversation, queue_counts},
};

use crate::test_desk::{Mail, TestDesk, answer};

const ANN: &str = "Ann Lee <ann@home.test>";

fn words(text: &str) -> Reply {
    let (text, seen) = (CommentText::parse(text).unwrap(), Some(CommentId(i64::MAX)));
    Reply { text, files: Vec::new(), seen, then: None, composed: Composed::default() }
}

fn from(mail: &Mail) -> &str {
    mail.read.from[0].address.as_str()
}

/// How many open tickets are counted for a mailbox.
async fn open_of(desk: &TestDesk, mailbox: MailboxId) -> i64 {
    let filter = Filter { mailbox: Some(mailbox), ..Filter::default() };
    queue_counts::of_lists(&mut desk.desk.store.read().await.unwrap(), &[(View::Open, filter)], Scope::All).await.unwrap()[0]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_moved_is_answered_from_there_and_an_answer_to_either_address_finds_it() {
    let mut desk = TestDesk::with_two_mailboxes().await;
    let support = desk.mailbox;
    let sales = desk.desk.mailboxes.iter().nth(1).unwrap().0;
    let number = desk.write(ANN, "A printer", "What does it cost?").await.ticket.unwrap();
    desk.mail().await;
    reply(&desk.desk, &desk.hal, number, &words("I will ask.")).await.unwrap();
    let before = Was::of(&desk.ticket(number).await);
    move_to_mailbox(&desk.desk, &desk.hal, number, None, sales).await.unwrap();
    assert_eq!(desk.ticket(number).await.mailbox, sales);
    assert_eq!((open_of(&desk, support).await, open_of(&desk, sales).await), (0, 1));
    // What was written before leaves as it was written.
    let [first] = desk.mail_to("ann@home.test").await.try_into().unwrap();
    assert_eq!(from(&first), "support@desk.test");
    desk.mailbox = sales;
    reply(&desk.desk, &desk.hal, number, &words("Ninety, with paper.")).await.unwrap();
    let [second] = desk.mail_to("ann@home.test").await.try_into().unwrap();
    assert_eq!(from(&second), "sales@desk.test");
    assert!(second.read.references.iter().any(|it| Some(it) == first.read.message_id.as_ref()), "one thread: {}", second.raw);
    for (mailbox, mail) in [(support, &first), (sales, &second)] {
        desk.mailbox = mailbox;
        assert_eq!(desk.receive(&answer(mail, ANN, "Thank you.")).await.ticket, Some(number));
    }
    assert_eq!(desk.ticket(number).await.mailbox, sales, "and it stays where it was moved to");

    let lines = conversation::history(&mut desk.desk.store.read().await.unwrap(), number, 100).await.unwrap();
    let moved: Vec<_> = lines.iter().filter(|it| it.kind.as_str() == "mailbox").map(|it| (it.old.as_deref(), it.new.as_deref())).collect();
    assert_eq!(moved, [(Some("support@desk.test"), Some("sales@desk.test"))]);
    let now = desk.ticket(number).await;
    let was = Was { mailbox: before.mailbox, ..Was::of(&now) };
    undo_change::undo(&desk.desk, &desk.hal, number, now.version, &was).await.unwrap();
    assert_eq!(desk.ticket(number).await.mailbox, support);
    assert_eq!((open_of(&desk, support).await, open_of(&desk, sales).await), (1, 0));
    desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_that_there_is_not_takes_no_ticket() {
    let desk = TestDesk::with_two_mailboxes().await;
    let number = desk.write(ANN, "Printer", "It smokes.").await.ticket.unwrap();
    desk.mail_does_not_matter();
    let version = desk.ticket(number).await.version;
    let refused = move_to_mailbox(&desk.desk, &desk.hal, number, None, MailboxId(99)).await.unwrap_err();
    assert!(matches!(refused, ActionError::Invalid { field: "mailbox", .. }) && refused.to_string().contains("choose one"), "{refused}");
    move_to_mailbox(&desk.desk, &desk.hal, number, None, desk.mailbox).await.unwrap();
    assert!(matches!(move_to_mailbox(&desk.desk, &desk.hal, number, Some(99), desk.mailbox).await, Err(ActionError::Stale)));
    assert_eq!(desk.ticket(number).await.version, version, "where it is already is no change");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_of_a_mailbox_that_is_gone_stays_with_it_until_it_is_moved() {
    let mut desk = TestDesk::with_two_mailboxes().await;
    let sales = desk.desk.mailboxes.iter().nth(1).unwrap().0;
    let number = desk.write(ANN, "Printer", "It smokes.").await.ticket.unwrap();
    desk.mail_does_not_matter();
    move_to_mailbox(&desk.desk, &desk.hal, number, None, sales).await.unwrap();
    let one: Vec<_> = desk.desk.mailboxes.iter().take(1).map(|(id, it)| (id, it.clone())).collect();
    desk.desk.mailboxes = Present::new(Mailboxes::new(one));
    let was = Was::of(&desk.ticket(number).await);
    move_to_mailbox(&desk.desk, &desk.hal, number, None, sales).await.expect("it is there");
    move_to_mailbox(&desk.desk, &desk.hal, number, None, desk.mailbox).await.unwrap();
    assert!(move_to_mailbox(&desk.desk, &desk.hal, number, None, sales).await.is_err());
    // What it was it can be again.
    let now = desk.ticket(number).await;
    undo_change::undo(&desk.desk, &desk.hal, number, now.version, &was).await.unwrap();
    assert_eq!(desk.ticket(number).await.mailbox, sales);
}
