//! Messages that a better reading would have put on another ticket: shown, moved when that is asked for, left where people worked.

use jiff::SignedDuration;
use maildesk::{
    actions::{
        merge::merge,
        move_message::{Destination, move_message},
        replay::{Extent, Finding},
        undo_correction::undo_correction,
        write_note::write_note,
    },
    desk::{
        comment::CommentText,
        id::{CorrectionId, TicketNumber},
        replay::{Mend, Place},
        ticket::Status,
    },
    store::{
        corrections,
        participants::{self, Participation},
    },
};

use crate::{
    replay::{again, history, said},
    rows::Rows,
    test_desk::{TestDesk, mail},
};

/// Ann's printer; her answer, which yesterday's reading made a ticket of its own, since it lost the Message-ID; and what she
/// added to that.
struct Torn {
    desk: TestDesk,
    rows: Rows,
    printer: TicketNumber,
    torn: TicketNumber,
}

async fn torn() -> Torn {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let rows = Rows::of(&desk.url).await;
    let write = |subject: &'static str, id: &str, answers: &str, text: &'static str| {
        let headers = [format!("Message-ID: <{id}@home.test>"), format!("In-Reply-To: <{answers}@home.test>")];
        mail("Ann Lee <ann@home.test>", subject, &[headers[0].as_str(), headers[1].as_str()], text)
    };
    let printer = desk.receive(&write("Printer", "one", "none", "It smokes.")).await.ticket.unwrap();
    desk.later(SignedDuration::from_mins(5));
    rows.run("update messages set message_id = 'lost'").await;
    let torn = desk.receive(&write("Re: Printer", "two", "one", "Now it burns.")).await.ticket.unwrap();
    desk.later(SignedDuration::from_mins(5));
    assert_eq!(desk.receive(&write("Re: Printer", "three", "two", "Now it is out.")).await.ticket, Some(torn));
    desk.later(SignedDuration::from_mins(5));
    assert_ne!(printer, torn);
    Torn { desk, rows, printer, torn }
}

fn mends(found: &[Finding]) -> Vec<(Place, Place, &Mend)> {
    found.iter().filter_map(|it| it.threading.as_ref()).map(|it| (it.was, it.would, &it.mend)).collect()
}

async fn texts(desk: &TestDesk, number: TicketNumber) -> Vec<String> {
    said(desk, number).await.into_iter().map(|it| it.body).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_thread_is_shown_with_those_that_follow_and_left_unless_moving_is_asked_for() {
    let Torn { desk, rows, printer, torn } = torn().await;
    let before = rows.all().await;
    let to = Mend::MoveTo(printer);
    let expected = [(Place::Own, Place::Ticket(printer), &to), (Place::Ticket(torn), Place::Ticket(printer), &to)];
    assert_eq!(mends(&again(&desk, Extent::Show).await), expected);
    assert_eq!(rows.all().await, before);
    assert_eq!(mends(&again(&desk, Extent::Write).await), expected, "the header alone is written");
    assert_eq!(texts(&desk, torn).await, ["Now it burns.", "Now it is out."]);
}

#[tokio::test(flavor = "multi_thread")]
async fn moved_the_thread_is_one_and_nobody_is_told() {
    let Torn { desk, rows, printer, torn } = torn().await;
    let (outbox, opened) = (rows.count("select count(*) from outbox").await, desk.ticket(printer).await.opened_at);
    let found = again(&desk, Extent::WriteAndMove).await;
    let moved: Vec<_> = found.iter().filter_map(|it| it.threading.as_ref()?.moved).collect();
    assert_eq!(moved, [printer, printer]);
    assert_eq!(texts(&desk, printer).await, ["It smokes.", "Now it burns.", "Now it is out."]);
    let (standing, gone) = (desk.ticket(printer).await, desk.ticket(torn).await);
    assert_eq!((standing.comments, standing.subject.as_str(), standing.opened_at), (3, "Printer", opened));
    assert_eq!((gone.merged_into, gone.status), (Some(printer), Status::Closed));
    assert!(history(&desk, torn).await.contains(&("merged-into", Some(printer.to_string()))));
    assert_eq!(rows.count("select count(*) from outbox").await, outbox, "nothing is sent");

    let before = rows.all().await;
    assert!(again(&desk, Extent::WriteAndMove).await.is_empty());
    assert_eq!(rows.all().await, before);
    let headers = ["In-Reply-To: <three@home.test>"];
    let later = desk.receive(&mail("Ann Lee <ann@home.test>", "Re: Printer", &headers, "Thanks.")).await;
    assert_eq!(later.ticket, Some(printer), "later mail follows");
    desk.later(SignedDuration::from_mins(5));
    assert!(again(&desk, Extent::Show).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_somebody_has_worked_on_is_left_and_named() {
    let Torn { desk, torn, .. } = torn().await;
    write_note(&desk.desk, &desk.hal, torn, &CommentText::parse("Calling her.").unwrap(), &[]).await.unwrap();
    let found = again(&desk, Extent::WriteAndMove).await;
    let left = format!("Hal Nine has worked on #{torn}; move it there by hand");
    assert!(mends(&found).iter().all(|(_, _, mend)| **mend == Mend::Left(left.clone())), "{found:?}");
    assert_eq!(texts(&desk, torn).await, ["Now it burns.", "Now it is out.", "Calling her."]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_moved_or_took_back_stays_where_they_put_it() {
    let Torn { desk, printer, torn, rows, .. } = torn().await;
    let out = said(&desk, torn).await.pop().unwrap().id;
    let elsewhere = move_message(&desk.desk, &desk.hal, out, None, Destination::New).await.unwrap().ticket();
    desk.later(SignedDuration::from_mins(5));
    again(&desk, Extent::WriteAndMove).await;
    assert_eq!(texts(&desk, elsewhere).await, ["Now it is out."]);
    assert_eq!(texts(&desk, torn).await, ["Now it burns."], "Hal has moved a message off it: that is work");

    let torn_again = self::torn().await;
    again(&torn_again.desk, Extent::WriteAndMove).await;
    let desk = torn_again.desk;
    let standing = corrections::standing(&mut desk.desk.store.read().await.unwrap(), torn_again.printer).await.unwrap();
    for correction in standing.iter().rev() {
        undo_correction(&desk.desk, &desk.hal, correction.id, None).await.unwrap();
    }
    assert_eq!(texts(&desk, torn_again.torn).await, ["Now it burns.", "Now it is out."]);
    let before = torn_again.rows.all().await;
    again(&desk, Extent::WriteAndMove).await;
    assert_eq!(torn_again.rows.all().await, before, "what Hal took back is not moved again");
    assert_ne!(printer, torn);
    drop(rows);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_new_to_a_ticket_is_not_let_in_by_a_reading() {
    let desk = TestDesk::new().await;
    desk.is_damaged();
    desk.mail_does_not_matter();
    let rows = Rows::of(&desk.url).await;
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    let receipt = desk.mail_to("ann@home.test").await.remove(0);
    let answers = format!("In-Reply-To: <{}>", receipt.read.message_id.as_ref().unwrap());
    let bob = desk.receive(&mail("Bob <bob@else.test>", "Re: Printer", &[&answers], "Me too.")).await;
    assert_eq!(bob.ticket, Some(number));
    // Yesterday's reading made a ticket of it.
    let other = desk.write("Bob <bob@else.test>", "Another", "Hello.").await.ticket.unwrap();
    for table in ["messages", "comments"] {
        let key = if table == "messages" { "id" } else { "message" };
        rows.run(&format!("update {table} set ticket = {other} where {key} = {}", bob.id)).await;
    }
    let found = again(&desk, Extent::WriteAndMove).await;
    let [(_, would, Mend::Left(why))] = mends(&found)[..] else { panic!("{found:?}") };
    assert_eq!(would, Place::Ticket(number));
    assert!(why.contains(&format!("its sender is new to #{number}")), "{why}");
    let bob = desk.person("bob@else.test").await.unwrap();
    let stands = participants::of(&mut desk.desk.store.read().await.unwrap(), number, bob.id).await.unwrap();
    assert_eq!(stands, Some(Participation::Proposed));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_joined_by_mistake_becomes_a_ticket_of_its_own() {
    let desk = TestDesk::new().await;
    desk.is_damaged();
    desk.mail_does_not_matter();
    let rows = Rows::of(&desk.url).await;
    let printer = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    desk.later(SignedDuration::from_mins(5));
    let tagged = mail("Ann Lee <ann@home.test>", &format!("[#{printer}] Invoice"), &["Message-ID: <bill@home.test>"], "Please pay.");
    let bill = desk.receive(&tagged).await;
    assert_eq!(bill.ticket, Some(printer));
    desk.later(SignedDuration::from_mins(5));
    // Yesterday's reading found a number that is not there.
    let other = desk.write("Ann Lee <ann@home.test>", "Screen", "It is black.").await.ticket.unwrap();
    desk.later(SignedDuration::from_mins(5));
    let third = mail("Ann Lee <ann@home.test>", "Keyboard", &["Message-ID: <keys@home.test>"], "No E.");
    let keys = desk.receive(&third).await;
    let (own, id) = (keys.ticket.unwrap(), keys.id);
    rows.run(&format!("update comments set ticket = {other} where message = {id}")).await;
    rows.run(&format!("update messages set ticket = {other}, decision = 'add-comment' where id = {id}")).await;
    rows.run(&format!("update tickets set comments = 2 where number = {other}")).await;
    let outbox = rows.count("select count(*) from outbox").await;
    let found = again(&desk, Extent::WriteAndMove).await;
    let moved = found.iter().find_map(|it| it.threading.as_ref()?.moved).unwrap();
    assert!(moved != other && moved != own && moved != printer, "a number that was never given");
    assert_eq!((texts(&desk, moved).await, texts(&desk, other).await), (vec!["No E.".to_owned()], vec!["It is black.".to_owned()]));
    let ticket = desk.ticket(moved).await;
    assert_eq!((ticket.subject.as_str(), ticket.requester, ticket.linked), ("Keyboard", desk.ann.id, Some(other)));
    assert_eq!(rows.count("select count(*) from outbox").await, outbox, "no receipt");
    assert!(again(&desk, Extent::WriteAndMove).await.is_empty());
}

/// Ann's message on its own ticket, moved by Hal to one of its own, her answer to it meanwhile, that ticket merged into a third and
/// out of it again.
async fn moved_answered_and_merged() -> (TestDesk, [TicketNumber; 3], [CorrectionId; 2]) {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let write = |id: &str, answers: &str| {
        let headers = [format!("Message-ID: <{id}@home.test>"), format!("In-Reply-To: <{answers}@home.test>")];
        mail("Ann Lee <ann@home.test>", "Printer", &[headers[0].as_str(), headers[1].as_str()], "It smokes.")
    };
    let home = desk.receive(&write("one", "none")).await.ticket.unwrap();
    desk.later(SignedDuration::from_mins(5));
    assert_eq!(desk.receive(&write("two", "one")).await.ticket, Some(home));
    let third = desk.write("Ann Lee <ann@home.test>", "Screen", "It is black.").await.ticket.unwrap();
    desk.later(SignedDuration::from_mins(5));
    let two = said(&desk, home).await[1].id;
    let away = move_message(&desk.desk, &desk.hal, two, None, Destination::New).await.unwrap().ticket();
    let standing = |number| {
        let desk = &desk.desk;
        async move { corrections::standing(&mut desk.store.read().await.unwrap(), number).await.unwrap().pop().unwrap().id }
    };
    let moved = standing(away).await;
    desk.later(SignedDuration::from_mins(5));
    assert_eq!(desk.receive(&write("three", "two")).await.ticket, Some(away));
    desk.later(SignedDuration::from_mins(5));
    merge(&desk.desk, &desk.hal, away, None, third).await.unwrap();
    let merged = standing(third).await;
    desk.later(SignedDuration::from_mins(5));
    assert_eq!(desk.receive(&write("four", "three")).await.ticket, Some(third));
    desk.later(SignedDuration::from_mins(5));
    (desk, [home, away, third], [moved, merged])
}

#[tokio::test(flavor = "multi_thread")]
async fn what_followed_a_correction_is_where_it_belongs_while_that_stands_and_when_it_is_undone() {
    let (desk, [home, away, third], [moved, merged]) = moved_answered_and_merged().await;
    assert!(again(&desk, Extent::Show).await.is_empty(), "all stands");
    undo_correction(&desk.desk, &desk.hal, merged, None).await.unwrap();
    desk.later(SignedDuration::from_mins(5));
    let found = again(&desk, Extent::Show).await;
    assert!(found.is_empty(), "the merge is undone: {:?}", mends(&found));
    assert_eq!((texts(&desk, away).await.len(), texts(&desk, third).await.len()), (3, 1));
    undo_correction(&desk.desk, &desk.hal, moved, None).await.unwrap();
    desk.later(SignedDuration::from_mins(5));
    let found = again(&desk, Extent::Show).await;
    assert!(found.is_empty(), "the move is undone: {:?}", mends(&found));
    assert_eq!((texts(&desk, home).await.len(), texts(&desk, away).await.len()), (4, 0));
    let later = desk.receive(&mail("Ann Lee <ann@home.test>", "Re: Printer", &["In-Reply-To: <two@home.test>"], "Thanks.")).await;
    assert_eq!(later.ticket, Some(home), "as new mail does");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_followed_a_correction_and_was_then_sent_elsewhere_is_no_finding() {
    let (desk, _, [moved, merged]) = moved_answered_and_merged().await;
    undo_correction(&desk.desk, &desk.hal, merged, None).await.unwrap();
    desk.later(SignedDuration::from_mins(5));
    let away = corrections::get(&mut desk.desk.store.read().await.unwrap(), moved).await.unwrap().unwrap().target;
    let three = said(&desk, away).await[1].id;
    move_message(&desk.desk, &desk.hal, three, None, Destination::New).await.unwrap();
    desk.later(SignedDuration::from_mins(5));
    let found = again(&desk, Extent::Show).await;
    assert!(found.is_empty(), "{:?}", mends(&found));
}
