//! Mail about a ticket that was marked as spam, and what people may still do on it.

use jiff::SignedDuration;
use maildesk::{
    actions::{
        assign::assign,
        deliveries, held,
        merge::merge,
        replay::Extent,
        reply::{comment_as_customer, reply},
        set_status::set_status,
        spam::{self, Sender},
        take_back::{TakenBack, take_back},
        withdraw_reply::withdraw_reply,
    },
    desk::{comment::CommentText, id::TicketNumber, ticket::Status, triage::HeldFor},
    store::{
        held as rows,
        messages::{self, Held},
    },
};

use crate::{
    mail_loop::reply_of,
    replay::{again, said},
    rows::Rows,
    test_desk::{Mail, TestDesk, answer, mail},
};

/// Eve's offer with a copy to somebody else, its receipt, and the mark.
async fn marked() -> (TestDesk, TicketNumber, Mail) {
    let desk = TestDesk::new().await;
    let raw = mail("Eve <eve@else.test>", "Buy", &["Cc: Vic <vic@home.test>", "Message-ID: <buy@else.test>"], "Now.");
    let number = desk.receive(&raw).await.ticket.unwrap();
    let receipt = desk.mail_to("eve@else.test").await.remove(0);
    spam::mark(&desk.desk, &desk.hal, number, None, Sender::Stays).await.unwrap();
    desk.later(SignedDuration::from_mins(1));
    (desk, number, receipt)
}

async fn nothing_leaves(desk: &TestDesk) {
    desk.later(desk.desk.settings.undo_window + SignedDuration::from_secs(1));
    let left = desk.mail().await;
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_answers_it_is_held_and_nobody_is_told() {
    let (desk, number, receipt) = marked().await;
    let by_address = answer(&receipt, "Eve <eve@else.test>", "Buy now.");
    let by_thread = mail("Eve <eve@else.test>", "Re: Buy", &["In-Reply-To: <buy@else.test>"], "Did you buy?");
    let by_the_copied = mail("Vic <vic@home.test>", "Re: Buy", &["In-Reply-To: <buy@else.test>"], "Stop this.");
    let forwarded_to = answer(&receipt, "Mal <mal@else.test>", "I buy.");
    for raw in [by_address, by_thread, by_the_copied, forwarded_to] {
        let outcome = desk.receive(&raw).await;
        assert_eq!((outcome.decision, outcome.reason), ("hold", format!("answers a ticket that was marked as spam, #{number}")));
        let row = rows::get(&mut desk.desk.store.read().await.unwrap(), outcome.id).await.unwrap().unwrap();
        assert_eq!((row.held, row.held_for), (Held::Waiting, HeldFor::AnswersSpam));
    }
    desk.later(SignedDuration::from_hours(24 * 90));
    let late = desk.receive(&answer(&receipt, "Eve <eve@else.test>", "And now?")).await;
    assert_eq!(late.decision, "hold", "however long ago");
    assert_eq!(desk.ticket(number).await.status, Status::Closed);
    assert_eq!(said(&desk, number).await.len(), 1);
    nothing_leaves(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_who_names_its_number_has_a_ticket_and_a_machine_is_filed_without_a_word() {
    let (desk, number, receipt) = marked().await;
    let machine = answer(&receipt, "Eve <eve@else.test>", "I am away.").replacen("Subject:", "Auto-Submitted: auto-replied\nSubject:", 1);
    assert_eq!(desk.receive(&machine).await.ticket, Some(number));
    nothing_leaves(&desk).await;
    desk.mail_does_not_matter();
    let stranger = desk.write("Ann Lee <ann@home.test>", &format!("About [#{number}]"), "What is this?").await;
    assert_eq!(stranger.decision, "open-ticket");
    assert_eq!(desk.ticket(stranger.ticket.unwrap()).await.linked, Some(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn held_answers_are_opened_joined_elsewhere_discarded_and_taken_back() {
    let (desk, number, receipt) = marked().await;
    desk.mail_does_not_matter();
    let (at, hal) = (&desk.desk, &desk.hal);
    let id = desk.receive(&answer(&receipt, "Eve <eve@else.test>", "Buy now.")).await.id;
    let why = format!("#{number} is marked as spam; undo that first");
    assert_eq!(held::join(at, hal, id, number).await.unwrap_err().to_string(), why);
    held::discard(at, hal, id).await.unwrap();
    assert_eq!(take_back(at, hal, id).await.unwrap(), TakenBack::FromDiscarded);
    let opened = held::open(at, hal, id).await.unwrap();
    assert_eq!(take_back(at, hal, id).await.unwrap(), TakenBack::TicketClosed(opened));
    spam::undo(at, hal, number).await.unwrap();
    let row = rows::get(&mut at.store.read().await.unwrap(), id).await.unwrap().unwrap();
    assert_eq!(row.held, Held::Waiting, "who takes back the mark looks at what came meanwhile");
    held::join(at, hal, id, number).await.unwrap();
    assert_eq!(said(&desk, number).await.len(), 2);
    let again = desk.receive(&answer(&receipt, "Eve <eve@else.test>", "Thanks.")).await;
    assert_eq!(again.ticket, Some(number), "what comes after that joins it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helper_who_answers_it_by_mail_hears_that_nothing_was_sent() {
    let desk = TestDesk::new().await;
    let number = desk.write("Eve <eve@else.test>", "Buy", "Now.").await.ticket.unwrap();
    desk.mail().await;
    assign(&desk.desk, &desk.ada, number, None, Some(desk.hal.id)).await.unwrap();
    let notice = desk.mail().await.into_iter().find(|it| it.to == "hal@desk.test").unwrap();
    spam::mark(&desk.desk, &desk.ada, number, None, Sender::Stays).await.unwrap();
    for words in ["We do not buy.", "/reopen"] {
        let outcome = desk.receive(&answer(&notice, "Hal Nine <hal@desk.test>", words)).await;
        assert_eq!(outcome.decision, "hold");
        let [told] = desk.mail().await.try_into().unwrap();
        assert_eq!(told.to, "hal@desk.test");
        assert!(told.read.text.contains(&format!("answers a ticket that was marked as spam, #{number}.")), "{}", told.read.text);
    }
    assert_eq!(desk.ticket(number).await.status, Status::Closed);
    nothing_leaves(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_to_a_number_that_was_merged_into_it_is_held_and_what_waited_there_is_called_off() {
    let desk = TestDesk::new().await;
    let (at, hal) = (&desk.desk, &desk.hal);
    let one = desk.write("Eve <eve@else.test>", "Buy", "Now.").await.ticket.unwrap();
    let two = desk.write("Mal <mal@else.test>", "Sell", "Now.").await.ticket.unwrap();
    desk.mail().await;
    reply(at, hal, one, &reply_of("No, thank you.")).await.unwrap();
    merge(at, hal, one, None, two).await.unwrap();
    spam::mark(at, hal, two, None, Sender::Stays).await.unwrap();
    let outcome = desk.write("Eve <eve@else.test>", &format!("Re: [#{one}] Buy"), "But why?").await;
    let why = format!("answers a ticket that was marked as spam, #{two} (it names #{one}, which was merged into #{two})");
    assert_eq!((outcome.decision, outcome.reason), ("hold", why));
    nothing_leaves(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_writes_on_it_or_opens_it_before_the_mark_is_undone() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let (at, hal) = (&desk.desk, &desk.hal);
    let number = desk.write("Eve <eve@else.test>", "Buy", "Now.").await.ticket.unwrap();
    let eve = desk.person("eve@else.test").await.unwrap();
    desk.mail().await;
    let said_before = reply(at, hal, number, &reply_of("No, thank you.")).await.unwrap();
    spam::mark(at, hal, number, None, Sender::Stays).await.unwrap();
    let copy = said(&desk, number).await.pop().unwrap().deliveries[0].id;
    let why = format!("#{number} is marked as spam; undo that first");
    assert_eq!(reply(at, hal, number, &reply_of("No.")).await.unwrap_err().to_string(), why);
    assert_eq!(set_status(at, hal, number, None, Status::Open).await.unwrap_err().to_string(), why);
    assert_eq!(deliveries::retry(at, hal, copy).await.unwrap_err().to_string(), why);
    let to_customers = format!("#{number} is closed and takes no more answers; open a new request instead");
    let words = CommentText::parse("Buy.").unwrap();
    assert_eq!(comment_as_customer(at, &eve, number, &words, &[]).await.unwrap_err().to_string(), to_customers);
    assert_eq!(set_status(at, &eve, number, None, Status::Open).await.unwrap_err().to_string(), to_customers);
    assert_eq!(desk.ticket(number).await.status, Status::Closed);
    spam::undo(at, hal, number).await.unwrap();
    withdraw_reply(at, hal, said_before).await.expect("it was called off, and has never left");
    set_status(at, hal, number, None, Status::Resolved).await.unwrap();
    assert!(desk.mail_to("eve@else.test").await.iter().all(|it| !it.read.text.contains("No, thank you.")));
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_its_mail_again_opens_nothing_and_brings_nothing_back() {
    let (desk, number, receipt) = marked().await;
    let held = desk.receive(&answer(&receipt, "Eve <eve@else.test>", "Buy now.")).await;
    desk.later(SignedDuration::from_hours(1));
    let rows = Rows::of(&desk.url).await;
    assert!(again(&desk, Extent::WriteAndMove).await.is_empty(), "decided again it is held again");
    rows.run("update comments set body = 'N=6Fw.'").await;
    let found = again(&desk, Extent::WriteAndMove).await;
    assert_eq!(found.len(), 1);
    assert_eq!(said(&desk, number).await[0].body, "Now.");
    assert_eq!(desk.ticket(number).await.status, Status::Closed);
    let states = "select count(*) from messages where (held = 'discarded' and ticket is not null) or (held = 'waiting' and ticket is null)";
    assert_eq!(rows.count(states).await, 2);
    spam::undo(&desk.desk, &desk.hal, number).await.unwrap();
    desk.later(SignedDuration::from_hours(1));
    assert!(again(&desk, Extent::WriteAndMove).await.is_empty(), "it was marked when the answer came");
    let row = messages::get(&mut desk.desk.store.read().await.unwrap(), held.id).await.unwrap().unwrap();
    assert_eq!(row.held, Some(Held::Waiting));
    nothing_leaves(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_would_be_on_it_today_stays_where_it_is() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let rows = Rows::of(&desk.url).await;
    let number = desk.receive(&mail("Eve <eve@else.test>", "Buy", &["Message-ID: <buy@else.test>"], "Now.")).await.ticket.unwrap();
    desk.later(SignedDuration::from_mins(5));
    rows.run("update messages set message_id = 'lost'").await;
    let torn = desk.receive(&mail("Eve <eve@else.test>", "Re: Buy", &["In-Reply-To: <buy@else.test>"], "Buy?")).await.ticket.unwrap();
    desk.later(SignedDuration::from_mins(5));
    spam::mark(&desk.desk, &desk.hal, number, None, Sender::Stays).await.unwrap();
    desk.later(SignedDuration::from_mins(5));
    again(&desk, Extent::WriteAndMove).await;
    assert_eq!((said(&desk, number).await.len(), said(&desk, torn).await.len()), (1, 1));
    assert_eq!((desk.ticket(number).await.status, desk.ticket(torn).await.status), (Status::Closed, Status::Open));
}
