//! Held mail, corrections and spam marks, undone in another order than they were done.

use jiff::SignedDuration;
use maildesk::{
    actions::{
        assign::assign,
        held,
        merge::merge,
        move_message::{Destination, move_message},
        set_status::set_status,
        spam::{self, Sender},
        take_back::{TakenBack, take_back},
        undo_correction::undo_correction,
    },
    desk::{
        id::{CommentId, LedgerId, TicketNumber},
        ticket::Status,
    },
    store::{
        comments,
        conversation::{self, Audience},
        corrections, held as rows,
        participants::{self, Participation},
    },
};

use crate::test_desk::{TestDesk, answer, mail};

async fn desk() -> TestDesk {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    desk
}

async fn ticket(desk: &TestDesk, from: &str, says: &str) -> TicketNumber {
    desk.write(from, says, says).await.ticket.unwrap()
}

async fn suspected(desk: &TestDesk) -> LedgerId {
    desk.receive(&mail("Bob <bob@home.test>", "Offer", &["X-Spam-Flag: YES"], "For one ticket.")).await.id
}

async fn comment_of(desk: &TestDesk, id: LedgerId) -> CommentId {
    comments::of_message(&mut desk.desk.store.read().await.unwrap(), id).await.unwrap().unwrap().id
}

async fn row_ticket(desk: &TestDesk, id: LedgerId) -> Option<TicketNumber> {
    rows::get(&mut desk.desk.store.read().await.unwrap(), id).await.unwrap().unwrap().ticket
}

/// Undoes the newest correction that stands on a ticket.
async fn undo_last(desk: &TestDesk, number: TicketNumber) -> Result<TicketNumber, String> {
    let standing = corrections::standing(&mut desk.desk.store.read().await.unwrap(), number).await.unwrap();
    undo_correction(&desk.desk, &desk.hal, standing.last().unwrap().id, None).await.map(|it| it.to).map_err(|it| it.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_moved_since_its_release_is_taken_back_only_when_that_is_undone() {
    let desk = desk().await;
    let (one, two) = (ticket(&desk, "Ann <ann@home.test>", "Printer").await, ticket(&desk, "Cy <cy@home.test>", "Other").await);
    let id = suspected(&desk).await;
    held::join(&desk.desk, &desk.hal, id, one).await.unwrap();
    move_message(&desk.desk, &desk.hal, comment_of(&desk, id).await, None, Destination::Ticket(two)).await.unwrap();
    let refused = take_back(&desk.desk, &desk.hal, id).await.unwrap_err().to_string();
    assert_eq!(refused, format!("it was moved from #{one} to #{two} since; undo that first"));
    undo_last(&desk, two).await.unwrap();
    take_back(&desk.desk, &desk.hal, id).await.unwrap();
    assert_eq!(row_ticket(&desk, id).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_of_its_closed_ticket_leaves_waiting_mail_where_it_waits() {
    let desk = desk().await;
    let one = ticket(&desk, "Ann <ann@home.test>", "Printer").await;
    let id = suspected(&desk).await;
    let opened = held::open(&desk.desk, &desk.hal, id).await.unwrap();
    merge(&desk.desk, &desk.hal, opened, None, one).await.unwrap();
    take_back(&desk.desk, &desk.hal, id).await.expect_err("it is merged");
    undo_last(&desk, one).await.unwrap();
    take_back(&desk.desk, &desk.hal, id).await.unwrap();
    merge(&desk.desk, &desk.hal, opened, None, one).await.unwrap();
    assert_eq!(row_ticket(&desk, id).await, None);
    undo_last(&desk, one).await.unwrap();
    assert_eq!(row_ticket(&desk, id).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_moved_away_and_back_since_its_release_is_not_taken_back_before_that_is_undone() {
    let desk = desk().await;
    let (one, two) = (ticket(&desk, "Ann <ann@home.test>", "Printer").await, ticket(&desk, "Cy <cy@home.test>", "Other").await);
    let id = suspected(&desk).await;
    held::join(&desk.desk, &desk.hal, id, one).await.unwrap();
    let comment = comment_of(&desk, id).await;
    to(&desk, comment, two).await;
    to(&desk, comment, one).await;
    let refused = take_back(&desk.desk, &desk.hal, id).await.unwrap_err().to_string();
    assert_eq!(refused, format!("it was moved to #{one} since; undo that first"));
    undo_last(&desk, one).await.unwrap();
    undo_last(&desk, two).await.unwrap();
    take_back(&desk.desk, &desk.hal, id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_released_once_more_stays_when_the_comment_it_had_before_is_merged() {
    let desk = desk().await;
    let [(a, _), (b, _), (c, _)] = three(&desk).await;
    let id = suspected(&desk).await;
    held::join(&desk.desk, &desk.hal, id, a).await.unwrap();
    take_back(&desk.desk, &desk.hal, id).await.unwrap();
    held::join(&desk.desk, &desk.hal, id, b).await.unwrap();
    merge(&desk.desk, &desk.hal, a, None, c).await.unwrap();
    assert_eq!(row_ticket(&desk, id).await, Some(b));
    undo_last(&desk, c).await.unwrap();
    assert_eq!(row_ticket(&desk, id).await, Some(b));
    let comment = comment_of(&desk, id).await;
    to(&desk, comment, c).await;
    assert_eq!(row_ticket(&desk, id).await, Some(c));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_or_a_strangers_mail_with_the_same_message_id_is_moved_alone() {
    let desk = desk().await;
    let [(a, _), (b, _), (c, _)] = three(&desk).await;
    let again = |from: &str, more: &str| mail(from, "One again", &["Message-ID: <One@home.test>", more], "The same");
    let copy = desk.receive(&again("Ann <ann@home.test>", "X-Copy: to another address")).await;
    let forged = desk.receive(&again("Eve <eve@else.test>", "X-Mailer: evil")).await;
    for (it, number) in [(&copy, b), (&forged, c)] {
        assert!(![a, b, c].contains(&it.ticket.unwrap()), "{}", it.reason);
        to(&desk, comment_of(&desk, it.id).await, number).await;
    }
    let answer = async || desk.receive(&mail("Ann <ann@home.test>", "One", &["In-Reply-To: <One@home.test>"], "Later")).await;
    let later = answer().await;
    assert_eq!(later.ticket, Some(a), "{}", later.reason);
    // Moved itself, it leads those who answer it, wherever the others are.
    let one = conversation::said(&mut desk.desk.store.read().await.unwrap(), a, Audience::Staff, 10).await.unwrap()[0].id;
    let split = move_message(&desk.desk, &desk.hal, one, None, Destination::New).await.unwrap().ticket();
    let later = answer().await;
    assert_eq!(later.ticket, Some(split), "{}", later.reason);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_id_used_again_leads_nobody_into_another_ticket() {
    let desk = desk().await;
    desk.receive(&mail("Ann <ann@home.test>", "Printer", &[], "It smokes.")).await;
    let receipt = desk.mail_to("ann@home.test").await.remove(0);
    let second = answer(&receipt, "Ann <ann@home.test>", "Another matter");
    let known = second.lines().find(|it| it.starts_with("Message-ID")).unwrap().to_owned();
    let second = desk.receive(&second).await;
    move_message(&desk.desk, &desk.hal, comment_of(&desk, second.id).await, None, Destination::New).await.unwrap();
    let eve = desk.receive(&mail("Eve <eve@else.test>", "Hi", &[&known], "Hello.")).await;
    let receipt = desk.mail_to("eve@else.test").await.remove(0);
    let answered = desk.receive(&answer(&receipt, "Eve <eve@else.test>", "More of mine")).await;
    assert_eq!(answered.ticket, eve.ticket);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_marked_as_spam_is_neither_merged_nor_marked_again() {
    let desk = desk().await;
    let (one, two) = (ticket(&desk, "Ann <ann@home.test>", "Printer").await, ticket(&desk, "Cy <cy@home.test>", "Other").await);
    merge(&desk.desk, &desk.hal, two, None, one).await.unwrap();
    let three = ticket(&desk, "Bob <bob@home.test>", "Third").await;
    spam::mark(&desk.desk, &desk.hal, one, None, Sender::Stays).await.unwrap();
    let why = format!("#{one} is marked as spam; undo that first");
    let again = spam::mark(&desk.desk, &desk.hal, one, None, Sender::Stays).await.unwrap_err();
    assert_eq!(again.to_string(), why);
    for (from, into) in [(one, three), (three, one)] {
        assert_eq!(merge(&desk.desk, &desk.hal, from, None, into).await.unwrap_err().to_string(), why);
    }
    assert_eq!(undo_last(&desk, one).await.unwrap_err(), why);
    spam::undo(&desk.desk, &desk.hal, one).await.unwrap();
    undo_last(&desk, one).await.unwrap();
}

async fn says(desk: &TestDesk, number: TicketNumber) -> Vec<String> {
    let said = conversation::said(&mut desk.desk.store.read().await.unwrap(), number, Audience::Staff, 10).await.unwrap();
    said.into_iter().map(|it| it.body).collect()
}

/// Tickets of three customers, each with one message, which is given too.
async fn three(desk: &TestDesk) -> [(TicketNumber, CommentId); 3] {
    let mut made = Vec::new();
    for (from, says) in [("Ann <ann@home.test>", "One"), ("Bob <bob@home.test>", "Two"), ("Cy <cy@home.test>", "Three")] {
        let headers = [&*format!("Message-ID: <{says}@home.test>")];
        let came = desk.receive(&mail(from, says, &headers, says)).await;
        made.push((came.ticket.unwrap(), comment_of(desk, came.id).await));
    }
    made.try_into().unwrap()
}

async fn to(desk: &TestDesk, comment: CommentId, number: TicketNumber) {
    move_message(&desk.desk, &desk.hal, comment, None, Destination::Ticket(number)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn words_split_off_after_two_merges_that_are_undone_since_go_home() {
    let desk = desk().await;
    let [(a, one), (b, _), (c, _)] = three(&desk).await;
    merge(&desk.desk, &desk.hal, a, None, b).await.unwrap();
    merge(&desk.desk, &desk.hal, b, None, c).await.unwrap();
    let split = move_message(&desk.desk, &desk.hal, one, None, Destination::New).await.unwrap().ticket();
    undo_last(&desk, b).await.unwrap();
    undo_last(&desk, a).await.unwrap();
    assert_eq!((says(&desk, a).await.len(), says(&desk, split).await.len()), (0, 1), "what was moved on stays");
    assert_eq!(undo_last(&desk, split).await, Ok(a));
    for (number, text) in [(a, "One"), (b, "Two"), (c, "Three")] {
        assert_eq!(says(&desk, number).await, [text]);
    }
    assert_eq!(desk.ticket(split).await.merged_into, Some(a), "mail to its number goes where the message went");
}

#[tokio::test(flavor = "multi_thread")]
async fn words_go_back_to_no_ticket_that_is_merged_since() {
    let desk = desk().await;
    let [(a, one), (b, _), (c, _)] = three(&desk).await;
    more_on(&desk, a).await;
    to(&desk, one, b).await;
    merge(&desk.desk, &desk.hal, a, None, c).await.unwrap();
    assert_eq!(undo_last(&desk, b).await.unwrap_err(), format!("#{a} was merged into #{c}; undo that first"));
    undo_last(&desk, c).await.unwrap();
    undo_last(&desk, b).await.unwrap();
    assert_eq!((says(&desk, a).await, says(&desk, b).await), (vec!["One".to_owned(), "More".to_owned()], vec!["Two".to_owned()]));
}

/// One more message on a ticket, so that moving one is no merge.
async fn more_on(desk: &TestDesk, number: TicketNumber) {
    assert_eq!(desk.write("Ann <ann@home.test>", &format!("[#{number}] One"), "More").await.ticket, Some(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_of_two_moves_to_the_same_ticket_is_undone_after_those_behind_it() {
    let desk = desk().await;
    let [(a, one), (b, _), _] = three(&desk).await;
    more_on(&desk, a).await;
    for number in [b, a, b] {
        to(&desk, one, number).await;
    }
    let standing = corrections::standing(&mut desk.desk.store.read().await.unwrap(), b).await.unwrap();
    let [first, back, last] = standing.try_into().unwrap();
    for early in [first, back] {
        let refused = undo_correction(&desk.desk, &desk.hal, early.id, None).await.unwrap_err().to_string();
        assert_eq!(refused, format!("it was moved on since, and is on #{b}; undo that first, or move it from there"));
    }
    for (made, on, not) in [(last, a, b), (back, b, a), (first, a, b)] {
        undo_correction(&desk.desk, &desk.hal, made.id, None).await.unwrap();
        assert!(says(&desk, on).await.contains(&"One".to_owned()) && !says(&desk, not).await.contains(&"One".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_came_back_with_a_later_merge_stay_when_an_earlier_one_is_undone() {
    let desk = desk().await;
    let [(a, one), (b, _), (c, _)] = three(&desk).await;
    more_on(&desk, a).await;
    merge(&desk.desk, &desk.hal, a, None, b).await.unwrap();
    to(&desk, one, c).await;
    merge(&desk.desk, &desk.hal, c, None, b).await.unwrap();
    let first = corrections::standing(&mut desk.desk.store.read().await.unwrap(), a).await.unwrap()[0].id;
    undo_correction(&desk.desk, &desk.hal, first, None).await.unwrap();
    assert_eq!((says(&desk, a).await, says(&desk, b).await.len()), (vec!["More".to_owned()], 3));
    undo_last(&desk, c).await.unwrap();
    assert_eq!((says(&desk, b).await, says(&desk, c).await.len()), (vec!["Two".to_owned()], 2));
    undo_last(&desk, c).await.unwrap();
    assert_eq!((says(&desk, a).await.len(), says(&desk, c).await), (2, vec!["Three".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_that_followed_a_message_goes_all_its_ways_back_with_it() {
    let desk = desk().await;
    let [(a, one), (b, _), (c, _)] = three(&desk).await;
    more_on(&desk, a).await;
    to(&desk, one, b).await;
    to(&desk, one, c).await;
    let later = desk.receive(&mail("Ann <ann@home.test>", "One", &["In-Reply-To: <One@home.test>"], "Later")).await;
    assert_eq!(later.ticket, Some(c));
    undo_last(&desk, c).await.unwrap();
    assert_eq!(
        (says(&desk, b).await, says(&desk, c).await),
        (["One", "Two", "Later"].map(String::from).to_vec(), vec!["Three".to_owned()])
    );
    undo_last(&desk, b).await.unwrap();
    assert_eq!((says(&desk, a).await, says(&desk, b).await), (["One", "More", "Later"].map(String::from).to_vec(), vec!["Two".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_what_followed_a_moved_message_follows_it_too_and_so_on() {
    let desk = desk().await;
    let [(a, one), (b, _), (c, _)] = three(&desk).await;
    more_on(&desk, a).await;
    to(&desk, one, b).await;
    let mut last = "One".to_owned();
    for next in ["First", "Second", "Third"] {
        // The number in its subject is the old one: what it answers says more.
        let headers = [format!("In-Reply-To: <{last}@home.test>"), format!("Message-ID: <{next}@home.test>")];
        let came = desk.receive(&mail("Ann <ann@home.test>", &format!("[#{a}] One"), &headers.each_ref().map(String::as_str), next)).await;
        assert_eq!(came.ticket, Some(b), "{}", came.reason);
        let why = if next == "First" { "which Hal Nine moved to" } else { "which followed one that Hal Nine moved to" };
        assert!(came.reason.contains(why), "{}", came.reason);
        last = next.to_owned();
    }
    assert_eq!(undo_last(&desk, b).await, Ok(a));
    assert_eq!((says(&desk, a).await, says(&desk, b).await), (words(["One", "More", "First", "Second", "Third"]), words(["Two"])));
    // Moved again, it is another move: those who came before stay, whoever answers it now follows.
    to(&desk, one, c).await;
    assert_eq!((says(&desk, a).await.len(), says(&desk, c).await.len()), (4, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helpers_answer_to_what_followed_a_moved_message_stays_where_it_was_sent_from() {
    let desk = desk().await;
    let [(a, one), (b, _), _] = three(&desk).await;
    more_on(&desk, a).await;
    assign(&desk.desk, &desk.ada, b, None, Some(desk.hal.id)).await.unwrap();
    to(&desk, one, b).await;
    desk.mail().await;
    desk.receive(&mail("Ann <ann@home.test>", "One", &["In-Reply-To: <One@home.test>"], "First")).await;
    let notice = desk.mail_to("hal@desk.test").await.remove(0);
    let came = desk.receive(&answer(&notice, "Hal Nine <hal@desk.test>", "Ours")).await;
    assert_eq!(came.ticket, Some(b), "{}", came.reason);
    undo_last(&desk, b).await.unwrap();
    assert_eq!((says(&desk, a).await, says(&desk, b).await), (words(["One", "More", "First"]), words(["Two", "Ours"])));
}

fn words<const N: usize>(of: [&str; N]) -> Vec<String> {
    of.map(String::from).to_vec()
}

async fn stands(desk: &TestDesk, number: TicketNumber, email: &str) -> Option<Participation> {
    let person = desk.person(email).await.unwrap();
    participants::of(&mut desk.desk.store.read().await.unwrap(), number, person.id).await.unwrap()
}

/// One more message of Ann's on a ticket, with these in its Cc.
async fn with_copies(desk: &TestDesk, number: TicketNumber, copies: &str) -> CommentId {
    let came = desk.receive(&mail("Ann <ann@home.test>", &format!("[#{number}] One"), &[&format!("Cc: {copies}")], "Look")).await;
    comment_of(desk, came.id).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_in_the_cc_of_two_moved_messages_stays_until_both_are_back() {
    use Participation::{Active, Proposed};
    let desk = desk().await;
    let [(a, _), (b, _), _] = three(&desk).await;
    let both = with_copies(&desk, a, "Dee <dee@home.test>, Eli <eli@home.test>").await;
    let dee = with_copies(&desk, a, "Dee <dee@home.test>").await;
    for comment in [both, dee] {
        to(&desk, comment, b).await;
    }
    let standing = corrections::standing(&mut desk.desk.store.read().await.unwrap(), b).await.unwrap();
    undo_correction(&desk.desk, &desk.hal, standing[0].id, None).await.unwrap();
    let now = (stands(&desk, b, "dee@home.test").await, stands(&desk, b, "eli@home.test").await, stands(&desk, b, "ann@home.test").await);
    assert_eq!(now, (Some(Proposed), None, Some(Active)), "the second brings Dee and Ann too");
    undo_correction(&desk.desk, &desk.hal, standing[1].id, None).await.unwrap();
    assert_eq!((stands(&desk, b, "dee@home.test").await, stands(&desk, b, "ann@home.test").await), (None, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_a_merge_and_a_move_bring_is_what_the_one_that_stands_makes_of_them() {
    use Participation::{Active, Proposed};
    let desk = desk().await;
    let [(a, _), (b, _), (c, _)] = three(&desk).await;
    let bob = with_copies(&desk, a, "Bob <bob@home.test>").await;
    merge(&desk.desk, &desk.hal, b, None, c).await.unwrap();
    to(&desk, bob, c).await;
    let standing = corrections::standing(&mut desk.desk.store.read().await.unwrap(), c).await.unwrap();
    assert_eq!(stands(&desk, c, "bob@home.test").await, Some(Active));
    undo_correction(&desk.desk, &desk.hal, standing[0].id, None).await.unwrap();
    assert_eq!(stands(&desk, c, "bob@home.test").await, Some(Proposed), "his ticket is gone, and he is in the Cc still");
    merge(&desk.desk, &desk.hal, b, None, c).await.unwrap();
    undo_correction(&desk.desk, &desk.hal, standing[1].id, None).await.unwrap();
    assert_eq!(stands(&desk, c, "bob@home.test").await, Some(Active), "the merge brings him");
    undo_last(&desk, c).await.unwrap();
}

/// Held mail that answers a message which was moved: joined where that is now, and carried off with it when the move is undone.
async fn held_and_carried_off(desk: &TestDesk) -> (LedgerId, [TicketNumber; 3]) {
    let [(a, one), (b, _), (c, _)] = three(desk).await;
    more_on(desk, a).await;
    to(desk, one, b).await;
    set_status(&desk.desk, &desk.hal, b, None, Status::Resolved).await.unwrap();
    let headers = ["In-Reply-To: <One@home.test>", "X-Spam-Flag: YES"];
    let id = desk.receive(&mail("Dee <dee@home.test>", "One", &headers, "Suspected")).await.id;
    desk.later(SignedDuration::from_hours(1));
    held::join(&desk.desk, &desk.hal, id, b).await.unwrap();
    desk.later(SignedDuration::from_secs(1));
    undo_last(desk, b).await.unwrap();
    assert_eq!(row_ticket(desk, id).await, Some(a));
    (id, [a, b, c])
}

#[tokio::test(flavor = "multi_thread")]
async fn released_mail_that_an_undone_move_carried_off_is_taken_back_with_all_that_its_release_did() {
    let desk = desk().await;
    let (id, [a, b, _]) = held_and_carried_off(&desk).await;
    assert_eq!(desk.ticket(b).await.status, Status::Open, "released, it wanted an answer");
    assert_eq!(take_back(&desk.desk, &desk.hal, id).await.unwrap(), TakenBack::OffTicket(a));
    assert_eq!((row_ticket(&desk, id).await, desk.ticket(b).await.status), (None, Status::Resolved));
    assert_eq!(desk.ticket(a).await.comments, 2);
    let dee = desk.person("dee@home.test").await.unwrap();
    assert_eq!(participants::of(&mut desk.desk.store.read().await.unwrap(), b, dee.id).await.unwrap(), None);
    held::join(&desk.desk, &desk.hal, id, a).await.unwrap();
    assert_eq!(desk.ticket(a).await.comments, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn released_mail_is_not_taken_back_while_the_ticket_of_its_release_is_merged() {
    let desk = desk().await;
    let (id, [_, b, c]) = held_and_carried_off(&desk).await;
    merge(&desk.desk, &desk.hal, b, None, c).await.unwrap();
    let refused = take_back(&desk.desk, &desk.hal, id).await.unwrap_err().to_string();
    assert_eq!(refused, format!("#{b} was merged into #{c}; undo that first"));
    undo_last(&desk, c).await.unwrap();
    take_back(&desk.desk, &desk.hal, id).await.unwrap();
}
