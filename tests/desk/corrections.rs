//! Mistakes taken back: messages moved, tickets merged, and all of it undone; later mail follows.

use jiff::{SignedDuration, tz::TimeZone};
use maildesk::{
    actions::{
        ActionError, NewFile,
        assign::assign,
        merge::merge,
        move_message::{Destination, Moved, move_message},
        participants as people_on,
        reply::reply,
        set_status::set_status,
        spam,
        undo_change::{Was, undo},
        undo_correction::{Shown, undo_correction},
        write_note::write_note,
    },
    desk::{
        analytics::{Figures, Frame},
        business_hours::Calendar,
        comment::CommentText,
        correction::Correction,
        id::{CommentId, TicketNumber},
        period::Period,
        permission::Scope,
        target::{Calendars, Targets, Terms},
        ticket::{Status, Turn},
    },
    store::{
        analytics::{self, Picked},
        conversation::{self, Audience, Said},
        corrections,
        participants::{self, Participation},
    },
};

use crate::{
    mail_loop::reply_of,
    test_desk::{Mail, SUPPORT, TestDesk, answer, found, mail},
};

async fn said(desk: &TestDesk, number: TicketNumber) -> Vec<Said> {
    conversation::said(&mut desk.desk.store.read().await.unwrap(), number, Audience::Staff, 100).await.unwrap()
}

async fn texts(desk: &TestDesk, number: TicketNumber) -> Vec<String> {
    said(desk, number).await.into_iter().map(|it| it.body).collect()
}

async fn stands(desk: &TestDesk, number: TicketNumber, email: &str) -> Option<Participation> {
    let person = desk.person(email).await.unwrap();
    participants::of(&mut desk.desk.store.read().await.unwrap(), number, person.id).await.unwrap()
}

async fn standing(desk: &TestDesk, number: TicketNumber) -> Vec<Correction> {
    corrections::standing(&mut desk.desk.store.read().await.unwrap(), number).await.unwrap()
}

async fn history(desk: &TestDesk, number: TicketNumber) -> Vec<&'static str> {
    let lines = conversation::history(&mut desk.desk.store.read().await.unwrap(), number, 100).await.unwrap();
    lines.into_iter().map(|it| it.kind.as_str()).collect()
}

/// Every counter on a ticket's row is what counting its comments gives.
async fn counted_right(desk: &TestDesk, number: TicketNumber) {
    let said = said(desk, number).await;
    let ticket = desk.ticket(number).await;
    assert_eq!(
        ticket.comments,
        i64::try_from(said.iter().filter(|it| it.withdrawn_at.is_none()).count()).unwrap(),
        "comments of #{number}"
    );
    let last = said.iter().rfind(|it| it.visibility.as_str() == "public" && it.origin.as_str() != "machine");
    let turn = if last.is_some_and(|it| it.origin.as_str() == "staff") { Turn::Customer } else { Turn::Staff };
    assert_eq!(ticket.turn, turn, "turn of #{number}");
}

/// Ann's printer, and in the same ticket, by mistake, her invoice; the receipt that she was sent.
struct Mixed {
    desk: TestDesk,
    printer: TicketNumber,
    invoice: CommentId,
    receipt: Mail,
}

async fn mixed() -> Mixed {
    let desk = TestDesk::new().await;
    let first = mail("Ann Lee <ann@home.test>", "Printer", &["Message-ID: <printer@home.test>"], "It smokes.");
    let printer = desk.receive(&first).await.ticket.unwrap();
    let receipt = desk.mail().await.remove(0);
    let second = mail(
        "Ann Lee <ann@home.test>",
        &format!("Re: [#{printer}] Invoice 7"),
        &["Message-ID: <invoice@home.test>", "In-Reply-To: <printer@home.test>", "Cc: Bob <bob@books.test>"],
        "Please pay it.",
    );
    assert_eq!(desk.receive(&second).await.ticket, Some(printer));
    desk.mail().await;
    let invoice = said(&desk, printer).await[1].id;
    Mixed { desk, printer, invoice, receipt }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_becomes_a_ticket_of_its_own_and_its_thread_follows() {
    let Mixed { desk, printer, invoice, receipt } = mixed().await;
    let moved = move_message(&desk.desk, &desk.hal, invoice, Some(desk.ticket(printer).await.version), Destination::New).await.unwrap();
    let number = moved.ticket();
    assert_eq!(moved, Moved::To(number));
    let ticket = desk.ticket(number).await;
    assert_eq!((ticket.subject.as_str(), ticket.requester, ticket.mailbox), ("Invoice 7", desk.ann.id, desk.mailbox));
    assert_eq!((ticket.status, ticket.turn, ticket.linked), (Status::Open, Turn::Staff, Some(printer)));
    assert_eq!(
        (texts(&desk, printer).await, texts(&desk, number).await),
        (vec!["It smokes.".to_owned()], vec!["Please pay it.".to_owned()])
    );
    counted_right(&desk, printer).await;
    counted_right(&desk, number).await;
    assert_eq!(stands(&desk, number, "bob@books.test").await, Some(Participation::Active));
    assert!(desk.mail().await.is_empty(), "nothing is sent, no receipt either");
    assert!(history(&desk, printer).await.contains(&"moved-out") && history(&desk, number).await.starts_with(&["opened", "moved-in"]));

    // She answers her own mail once more: by its id alone, then with the old number and the old signed address beside it.
    let by_id = mail("ann@home.test", "Invoice", &["In-Reply-To: <invoice@home.test>"], "By id.");
    let old_address = format!("To: {}", receipt.read.reply_to[0].address);
    let contradicted = mail(
        "ann@home.test",
        &format!("Re: [#{printer}] Invoice 7"),
        &[&old_address, "In-Reply-To: <invoice@home.test>", "References: <printer@home.test> <invoice@home.test>"],
        "Contradicted.",
    );
    for raw in [by_id, contradicted] {
        let outcome = desk.receive(&raw).await;
        assert_eq!(outcome.ticket, Some(number), "{}", outcome.reason);
        assert!(outcome.reason.contains("which Hal Nine moved to #2"), "{}", outcome.reason);
    }
    // What answers the receipt about the printer is about the printer.
    assert_eq!(desk.receive(&answer(&receipt, "Ann Lee <ann@home.test>", "More smoke.")).await.ticket, Some(printer));
    desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nearer_answer_of_ours_says_more_than_an_older_message_that_was_moved() {
    let Mixed { desk, printer, invoice, .. } = mixed().await;
    desk.mail_does_not_matter();
    move_message(&desk.desk, &desk.hal, invoice, None, Destination::New).await.unwrap();
    reply(&desk.desk, &desk.hal, printer, &reply_of("Unplug it.")).await.unwrap();
    let [ours] = desk.mail_to("ann@home.test").await.try_into().unwrap();
    let id = ours.read.message_id.as_ref().unwrap();
    let references = format!("References: <invoice@home.test> <{id}>");
    let nearer = mail("ann@home.test", "Re: Printer", &[&references], "Still smoking.");
    assert_eq!(desk.receive(&nearer).await.ticket, Some(printer));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_goes_to_another_ticket_with_its_files_and_its_sender() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let anns = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    let cleos = desk.write("Cleo <cleo@else.test>", "Scanner", "It hums.").await.ticket.unwrap();
    reply(&desk.desk, &desk.hal, cleos, &reply_of("Wait.")).await.unwrap();
    let ours = desk.mail_to("cleo@else.test").await.remove(1);
    // Ann was given Cleo's mail by somebody and answers it: a stranger there.
    let stray = answer(&ours, "Ann Lee <ann@home.test>", "See the picture.").replace(
        "Content-Type: text/plain; charset=utf-8\n\n",
        "Message-ID: <stray@home.test>\nContent-Type: multipart/mixed; boundary=XX\n\n--XX\nContent-Type: text/plain\n\n",
    ) + "\n--XX\nContent-Type: image/png; name=p.png\nContent-Disposition: attachment; filename=p.png\n\nPNG\n--XX--\n";
    assert_eq!(desk.receive(&stray).await.ticket, Some(cleos));
    assert_eq!(stands(&desk, cleos, "ann@home.test").await, Some(Participation::Proposed));
    let stray = said(&desk, cleos).await.pop().unwrap();
    assert_eq!(stray.files.len(), 1);

    move_message(&desk.desk, &desk.hal, stray.id, None, Destination::Ticket(anns)).await.unwrap();
    let there = said(&desk, anns).await.pop().unwrap();
    assert_eq!((there.id, there.files.len(), there.flag), (stray.id, 1, None));
    let file = conversation::file(&mut desk.desk.store.read().await.unwrap(), there.files[0].id).await.unwrap().unwrap();
    assert_eq!(file.ticket, anns);
    assert_eq!(
        (stands(&desk, anns, "ann@home.test").await, stands(&desk, cleos, "ann@home.test").await),
        (Some(Participation::Active), None)
    );
    for number in [anns, cleos] {
        counted_right(&desk, number).await;
    }
    assert_eq!(desk.ticket(cleos).await.turn, Turn::Customer);
    assert_eq!(found(&desk.desk.store, "picture", Scope::TakesPart(desk.ann.id)).await, [anns]);

    let correction = standing(&desk, anns).await.pop().unwrap();
    undo_correction(&desk.desk, &desk.hal, correction.id, None).await.unwrap();
    let back = said(&desk, cleos).await.pop().unwrap();
    assert_eq!((back.id, back.flag.map(|it| it.as_str())), (stray.id, Some("new-participant")));
    assert_eq!(stands(&desk, cleos, "ann@home.test").await, Some(Participation::Proposed));
    for number in [anns, cleos] {
        counted_right(&desk, number).await;
    }
    let twice = undo_correction(&desk.desk, &desk.hal, correction.id, None).await.unwrap_err();
    assert_eq!(twice.to_string(), "this was undone already");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merged_ticket_is_closed_its_mail_goes_on_and_undoing_gives_everything_back() {
    let desk = TestDesk::new().await;
    let first = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    let receipt = desk.mail().await.remove(0);
    let second = desk.write("Cleo <cleo@else.test>", "The same printer", "It burns.").await.ticket.unwrap();
    assign(&desk.desk, &desk.hal, first, None, Some(desk.hal.id)).await.unwrap();
    write_note(&desk.desk, &desk.hal, second, &CommentText::parse("Bought in May.").unwrap(), &[]).await.unwrap();
    reply(&desk.desk, &desk.hal, second, &reply_of("Cleo, we come.")).await.unwrap();
    desk.later(SignedDuration::from_mins(1));
    desk.mail().await;

    let version = desk.ticket(first).await.version;
    assert!(matches!(merge(&desk.desk, &desk.hal, first, Some(version - 1), second).await, Err(ActionError::Stale)));
    merge(&desk.desk, &desk.hal, first, Some(version), second).await.unwrap();
    assert!(desk.mail().await.is_empty(), "nothing is sent");
    let merged = desk.ticket(first).await;
    assert_eq!((merged.status, merged.merged_into, merged.assignee, merged.comments), (Status::Closed, Some(second), Some(desk.hal.id), 0));
    assert_eq!(
        texts(&desk, second).await,
        ["It smokes.", "It burns.", "Bought in May.", "Cleo, we come."],
        "in the order in which it was said"
    );
    assert_eq!(stands(&desk, second, "ann@home.test").await, Some(Participation::Active));
    counted_right(&desk, second).await;
    let refused = reply(&desk.desk, &desk.hal, first, &reply_of("Here?")).await.unwrap_err();
    assert_eq!(refused.to_string(), format!("#{first} was merged into #{second}; go on there"));

    // By the old signed id and address, and by the old number.
    let outcome = desk.receive(&answer(&receipt, "Ann Lee <ann@home.test>", "It smokes more.")).await;
    assert_eq!(outcome.ticket, Some(second));
    assert!(outcome.reason.contains("it names #1, which was merged into #2"), "{}", outcome.reason);
    let by_tag = desk.write("ann@home.test", &format!("Re: [#{first}] Printer"), "And more.").await;
    assert_eq!(by_tag.ticket, Some(second));
    let cleo = desk.write("cleo@else.test", &format!("Re: [#{second}] Printer"), "It burnt down.").await;
    assert_eq!(cleo.ticket, Some(second));
    desk.mail().await;

    let correction = standing(&desk, first).await.pop().unwrap();
    undo_correction(&desk.desk, &desk.hal, correction.id, Some(Shown { ticket: second, version: desk.ticket(second).await.version }))
        .await
        .unwrap();
    let back = desk.ticket(first).await;
    assert_eq!((back.status, back.merged_into, back.assignee), (Status::InProgress, None, Some(desk.hal.id)));
    assert_eq!(texts(&desk, first).await, ["It smokes.", "It smokes more.", "And more."]);
    assert_eq!(texts(&desk, second).await, ["It burns.", "Bought in May.", "Cleo, we come.", "It burnt down."]);
    assert_eq!(stands(&desk, second, "ann@home.test").await, None, "she came only with the merge");
    for number in [first, second] {
        counted_right(&desk, number).await;
    }
    assert!(history(&desk, first).await.ends_with(&["merged-into", "status", "came-back", "status"]));
    assert_eq!(desk.receive(&answer(&receipt, "ann@home.test", "Yes?")).await.ticket, Some(first));
    desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_mailed_what_was_said_before_their_ticket_was_merged() {
    let desk = TestDesk::new().await;
    let anns = desk.write("Ann Lee <ann@home.test>", "Printer", "My door code is 7.").await.ticket.unwrap();
    let cleos = desk.write("Cleo <cleo@else.test>", "Printer", "My secret is 9.").await.ticket.unwrap();
    desk.mail().await;
    merge(&desk.desk, &desk.hal, anns, None, cleos).await.unwrap();
    desk.later(SignedDuration::from_secs(1));
    reply(&desk.desk, &desk.hal, cleos, &reply_of("We come to both.")).await.unwrap();
    desk.later(SignedDuration::from_mins(1));
    let left = desk.mail().await;
    assert_eq!(left.len(), 2);
    assert!(left.iter().all(|it| it.raw.contains("We come to both.") && !it.raw.contains("secret") && !it.raw.contains("door code")));
    // From here on both are in it.
    reply(&desk.desk, &desk.hal, cleos, &reply_of("At noon.")).await.unwrap();
    desk.later(SignedDuration::from_mins(1));
    assert!(desk.mail().await.iter().all(|it| it.raw.contains("We come to both.")));
}

#[tokio::test(flavor = "multi_thread")]
async fn merges_follow_each_other_and_are_undone_in_their_order_and_never_make_a_circle() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let mut numbers = Vec::new();
    for subject in ["One", "Two", "Three"] {
        numbers.push(desk.write("Ann Lee <ann@home.test>", subject, subject).await.ticket.unwrap());
    }
    let [one, two, three] = numbers.try_into().unwrap();
    let hal = &desk.hal;
    merge(&desk.desk, hal, one, None, two).await.unwrap();
    merge(&desk.desk, hal, two, None, three).await.unwrap();
    for (source, target, why) in [
        (three, three, "this is #3 itself; choose another ticket"),
        (three, one, "#1 was merged into #2; choose #2"),
        (three, two, "#2 was merged into #3; choose #3"),
        (one, three, "#1 was merged into #2; undo that first"),
    ] {
        assert_eq!(merge(&desk.desk, hal, source, None, target).await.unwrap_err().to_string(), why);
    }
    assert_eq!(desk.write("ann@home.test", &format!("[#{one}] One"), "Later, about one.").await.ticket, Some(three));
    let of = async |number| standing(&desk, number).await.into_iter().find(|it| it.source == number).unwrap().id;
    let early = undo_correction(&desk.desk, hal, of(one).await, None).await.unwrap_err();
    assert_eq!(early.to_string(), "#2 was merged into #3; undo that first");
    undo_correction(&desk.desk, hal, of(two).await, None).await.unwrap();
    assert_eq!(texts(&desk, two).await, ["One", "Two", "Later, about one."]);
    undo_correction(&desk.desk, hal, of(one).await, None).await.unwrap();
    assert_eq!(
        (texts(&desk, one).await, texts(&desk, two).await),
        (vec!["One".to_owned(), "Later, about one.".to_owned()], vec!["Two".to_owned()])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn moving_the_only_message_merges_and_a_split_is_joined_again() {
    let Mixed { desk, printer, invoice, .. } = mixed().await;
    desk.mail_does_not_matter();
    let first = said(&desk, printer).await[0].id;
    let split = move_message(&desk.desk, &desk.hal, invoice, None, Destination::New).await.unwrap().ticket();
    let alone = move_message(&desk.desk, &desk.hal, invoice, None, Destination::New).await.unwrap_err();
    assert_eq!(alone.to_string(), "it is the only message of #2, which is a ticket of its own already");
    // Undone: the ticket that was made for it has no reason to be.
    let made = standing(&desk, split).await.pop().unwrap();
    undo_correction(&desk.desk, &desk.hal, made.id, None).await.unwrap();
    let gone = desk.ticket(split).await;
    assert_eq!((gone.status, gone.merged_into), (Status::Closed, Some(printer)));
    assert_eq!(texts(&desk, printer).await, ["It smokes.", "Please pay it."]);
    assert_eq!(desk.write("ann@home.test", &format!("[#{split}] Invoice"), "Paid?").await.ticket, Some(printer));

    // Moving what is left of a ticket is a merge.
    let other = desk.write("Ann Lee <ann@home.test>", "Printer again", "Smoke.").await.ticket.unwrap();
    let only = said(&desk, other).await[0].id;
    assert_eq!(move_message(&desk.desk, &desk.hal, only, None, Destination::Ticket(printer)).await.unwrap(), Moved::Merged(printer));
    assert_eq!(desk.ticket(other).await.merged_into, Some(printer));
    let here = move_message(&desk.desk, &desk.hal, first, None, Destination::Ticket(printer)).await.unwrap_err();
    assert_eq!(here.to_string(), "it is on #1 already; choose another ticket");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_stays_a_note_is_its_writers_and_what_is_out_of_reach_does_not_exist() {
    let Mixed { desk, printer, invoice, .. } = mixed().await;
    desk.mail_does_not_matter();
    let other = desk.write("Cleo <cleo@else.test>", "Scanner", "It hums.").await.ticket.unwrap();
    let file = NewFile { name: "a.txt".to_owned(), content_type: "text/plain".to_owned(), content_id: None, bytes: b"a".to_vec() };
    let note = write_note(&desk.desk, &desk.ada, printer, &CommentText::parse("Mine.").unwrap(), &[file]).await.unwrap();
    let sent = reply(&desk.desk, &desk.hal, printer, &reply_of("Unplug it.")).await.unwrap();
    let to = Destination::Ticket(other);
    assert!(move_message(&desk.desk, &desk.hal, sent, None, to).await.unwrap_err().to_string().starts_with("a reply stays"));
    assert!(move_message(&desk.desk, &desk.hal, note, None, to).await.unwrap_err().to_string().starts_with("a note is moved by"));
    assert!(matches!(move_message(&desk.desk, &desk.ada, note, None, Destination::New).await, Err(ActionError::CannotCorrect(_))));
    move_message(&desk.desk, &desk.ada, note, None, to).await.unwrap();
    assert_eq!(texts(&desk, other).await, ["It hums.", "Mine."]);
    assert!(matches!(move_message(&desk.desk, &desk.ann, invoice, None, to).await, Err(ActionError::Forbidden | ActionError::Missing(_))));

    assign(&desk.desk, &desk.ada, other, None, Some(desk.ada.id)).await.unwrap();
    assert!(matches!(move_message(&desk.desk, &desk.hal, invoice, None, to).await, Err(ActionError::Missing(_))));
    assert!(matches!(merge(&desk.desk, &desk.hal, printer, None, other).await, Err(ActionError::Missing(_))));
    assert!(matches!(merge(&desk.desk, &desk.hal, other, None, printer).await, Err(ActionError::Missing(_))));
    assert!(matches!(merge(&desk.desk, &desk.ann, printer, None, printer).await, Err(ActionError::Forbidden)));
    assert!(matches!(merge(&desk.desk, &desk.hal, printer, None, TicketNumber(99)).await, Err(ActionError::Missing(_))));
    let made = standing(&desk, other).await.pop().unwrap();
    assert!(matches!(undo_correction(&desk.desk, &desk.hal, made.id, None).await, Err(ActionError::Missing(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_came_with_two_messages_leaves_with_the_second() {
    let Mixed { desk, printer, invoice, .. } = mixed().await;
    desk.mail_does_not_matter();
    let other = desk.write("Cleo <cleo@else.test>", "Accounts", "Yes?").await.ticket.unwrap();
    let first = said(&desk, printer).await[0].id;
    desk.write("ann@home.test", &format!("[#{printer}] Printer"), "Still.").await;
    for comment in [first, invoice] {
        move_message(&desk.desk, &desk.hal, comment, None, Destination::Ticket(other)).await.unwrap();
    }
    let [one, two] = standing(&desk, other).await.try_into().unwrap();
    undo_correction(&desk.desk, &desk.hal, one.id, None).await.unwrap();
    assert_eq!(stands(&desk, other, "ann@home.test").await, Some(Participation::Active), "her invoice is there still");
    undo_correction(&desk.desk, &desk.hal, two.id, None).await.unwrap();
    assert_eq!(stands(&desk, other, "ann@home.test").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customers_words_open_the_ticket_that_they_are_moved_to() {
    let Mixed { desk, printer, invoice, .. } = mixed().await;
    desk.mail_does_not_matter();
    let other = desk.write("Ann Lee <ann@home.test>", "Invoice", "When?").await.ticket.unwrap();
    maildesk::actions::set_status::set_status(&desk.desk, &desk.hal, other, None, Status::Resolved).await.unwrap();
    desk.mail().await;
    // Older than the last word there: it changes nothing.
    move_message(&desk.desk, &desk.hal, invoice, None, Destination::Ticket(other)).await.unwrap();
    assert_eq!(desk.ticket(other).await.status, Status::Resolved);
    let late = desk.write("ann@home.test", &format!("[#{printer}] Invoice"), "You owe me.").await;
    assert_eq!(late.ticket, Some(printer));
    desk.mail().await;
    let late = said(&desk, printer).await.pop().unwrap().id;
    move_message(&desk.desk, &desk.hal, late, None, Destination::Ticket(other)).await.unwrap();
    assert_eq!(desk.ticket(other).await.status, Status::Open);
    assert_eq!(desk.ticket(printer).await.merged_into, None, "its first message is there still");
    assert!(desk.mail().await.is_empty(), "nobody is told that it is open again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helper_merges_by_mail_with_all_their_commands_or_none() {
    let desk = TestDesk::new().await;
    let first = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    let notice = desk.mail().await.into_iter().find(|it| it.to == "hal@desk.test").unwrap();
    let second = desk.write("Ann Lee <ann@home.test>", "Printer", "Anybody?").await.ticket.unwrap();
    desk.mail().await;
    let refused = desk.receive(&answer(&notice, "Hal <hal@desk.test>", "/merge 99\n/priority high\n\nHello Ann.")).await;
    assert_eq!((refused.decision, refused.reason.as_str()), ("hold", "there is no such ticket"));
    desk.mail().await;
    let merged = desk.receive(&answer(&notice, "Hal <hal@desk.test>", &format!("/merge #{second}\n\nHello Ann."))).await;
    assert_eq!((merged.decision, merged.ticket), ("add-comment", Some(second)));
    assert_eq!(desk.ticket(first).await.merged_into, Some(second));
    assert_eq!(texts(&desk, second).await, ["It smokes.", "Anybody?", "Hello Ann."]);
    assert_eq!(found(&desk.desk.store, "hello", Scope::All).await, [second]);
    let left = desk.mail_to("ann@home.test").await;
    assert_eq!(left.len(), 1);
    assert!(left[0].read.subject.contains(&format!("[#{first}]")), "it was written under that number");
    assert_eq!(desk.receive(&answer(&left[0], "ann@home.test", "Thanks.")).await.ticket, Some(second));
    // A second answer to the same notice goes to where the ticket is now.
    assert_eq!(desk.receive(&answer(&notice, "Hal <hal@desk.test>", "Once more.")).await.ticket, Some(second));
    desk.mail_does_not_matter();
}

/// What the last days come to.
async fn figures(desk: &TestDesk) -> Figures {
    let (now, zone) = (desk.desk.clock.now(), TimeZone::UTC);
    let days = Period::Days30.days(now, &zone);
    let calendars = Calendars { desk: Calendar::around_the_clock(zone.clone()), own: Default::default() };
    let frame = Frame {
        period: Period::Days30,
        before: Period::before(&days, &zone),
        days,
        now,
        zone,
        terms: Terms { targets: Targets::default(), calendars },
        staff: vec![desk.ada.id, desk.hal.id],
    };
    analytics::count(&mut desk.desk.store.read().await.unwrap(), frame, Picked::default()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_taken_back_after_a_merge_counts_on_neither_ticket() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let first = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    let second = desk.write("Ann Lee <ann@home.test>", "Printer", "Anybody?").await.ticket.unwrap();
    let sent = reply(&desk.desk, &desk.hal, first, &reply_of("Unplug it.")).await.unwrap();
    merge(&desk.desk, &desk.hal, first, None, second).await.unwrap();
    assert_eq!(said(&desk, second).await.pop().unwrap().deliveries.len(), 1, "its copy still waits for its undo window");
    maildesk::actions::withdraw_reply::withdraw_reply(&desk.desk, &desk.hal, sent).await.unwrap();
    assert!(desk.mail_to("ann@home.test").await.iter().all(|it| !it.raw.contains("Unplug")));
    let counted = figures(&desk).await;
    assert_eq!(counted.all.first_reply.wall.count, 0);
    assert_eq!(counted.all.replies + counted.helpers.iter().map(|(_, it, _)| it.replies).sum::<i64>(), 0);
    assert_eq!(counted.all.open_now, 1);
    assert_eq!((counted.all.opened, counted.all.resolved), (2, 0), "the merged one is closed, and that was nobody’s work");
}

#[tokio::test(flavor = "multi_thread")]
async fn merges_spam_and_what_is_undone_are_no_work_in_the_figures() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let counts = async || {
        let counted = figures(&desk).await;
        let day = counted.days.last().unwrap();
        assert_eq!((counted.all.resolved, counted.all.reopened), (day.resolved, day.reopened));
        let hal = counted.helpers.iter().find(|it| it.0 == desk.hal.id).unwrap().1;
        (counted.all.resolved, counted.all.reopened, counted.all.resolution.wall.count, hal.resolved, counted.all.open_now)
    };
    let mut numbers = Vec::new();
    for subject in ["Printer", "Router", "Buy"] {
        numbers.push(desk.write("Ann Lee <ann@home.test>", subject, "It smokes.").await.ticket.unwrap());
    }
    let (at, hal) = (&desk.desk, &desk.hal);
    merge(at, hal, numbers[0], None, numbers[1]).await.unwrap();
    spam::mark(at, hal, numbers[2], None, spam::Sender::Stays).await.unwrap();
    assert_eq!(counts().await, (0, 0, 0, 0, 1));
    desk.later(SignedDuration::from_mins(1));
    let made = standing(&desk, numbers[0]).await[0].id;
    undo_correction(at, hal, made, None).await.unwrap();
    spam::undo(at, hal, numbers[2]).await.unwrap();
    assert_eq!(counts().await, (0, 0, 0, 0, 3));

    let was = Was::of(&desk.ticket(numbers[1]).await);
    set_status(at, hal, numbers[1], None, Status::Resolved).await.unwrap();
    assert_eq!(counts().await, (1, 0, 1, 1, 2));
    desk.later(SignedDuration::from_secs(5));
    undo(at, hal, numbers[1], desk.ticket(numbers[1]).await.version, &was).await.unwrap();
    assert_eq!(counts().await, (0, 0, 0, 0, 3));
    assert!(history(&desk, numbers[1]).await.contains(&"undone"));
    // Done, and opened again by somebody who means it.
    set_status(at, hal, numbers[1], None, Status::Resolved).await.unwrap();
    set_status(at, hal, numbers[1], None, Status::Open).await.unwrap();
    assert_eq!(counts().await, (1, 1, 0, 1, 3));
    maildesk::actions::due::recount(at).await.unwrap();
    assert_eq!(counts().await, (1, 1, 0, 1, 3), "the history says the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_somebody_who_is_taken_off_does_not_leave() {
    let desk = TestDesk::new().await;
    let first = mail("Ann <ann@home.test>", "Printer", &["Cc: Ben <ben@home.test>"], "It smokes.");
    let number = desk.receive(&first).await.ticket.unwrap();
    desk.mail().await;
    reply(&desk.desk, &desk.hal, number, &reply_of("Unplug it.")).await.unwrap();
    let ben = desk.person("ben@home.test").await.unwrap();
    people_on::remove(&desk.desk, &desk.hal, number, ben.id).await.unwrap();
    desk.later(SignedDuration::from_mins(1));
    assert_eq!(desk.mail().await.iter().map(|it| it.to.as_str()).collect::<Vec<_>>(), ["ann@home.test"]);
    let copies = said(&desk, number).await.pop().unwrap().deliveries;
    let bens = copies.iter().find(|it| it.address == "ben@home.test").unwrap();
    assert_eq!((bens.state.as_str(), bens.words.as_deref()), ("cancelled", Some("called off: Hal Nine took Ben off the ticket")));
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_new_is_mailed_nothing_that_was_said_before_they_were_accepted() {
    let desk = TestDesk::new().await;
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "My door code is 7.").await.ticket.unwrap();
    let with_ben = mail("ann@home.test", &format!("[#{number}] Printer"), &["Cc: Ben <ben@home.test>"], "The key is below the mat.");
    desk.receive(&with_ben).await;
    desk.mail().await;
    let ben = desk.person("ben@home.test").await.unwrap();
    desk.later(SignedDuration::from_mins(1));
    people_on::accept(&desk.desk, &desk.hal, number, ben.id).await.unwrap();
    reply(&desk.desk, &desk.hal, number, &reply_of("We come.")).await.unwrap();
    desk.later(SignedDuration::from_mins(1));
    let left = desk.mail().await;
    assert_eq!(left.len(), 2);
    assert!(left.iter().all(|it| it.raw.contains("We come.") && !it.raw.contains("below the mat")));
    assert!(left[0].raw.contains(SUPPORT));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helpers_answer_to_a_notice_of_what_was_moved_away_since_is_held() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    desk.mail().await;
    desk.write("ann@home.test", &format!("[#{number}] Invoice"), "Please pay it.").await;
    let notice = desk.mail().await.into_iter().find(|it| it.to == "hal@desk.test").unwrap();
    let invoice = said(&desk, number).await.pop().unwrap().id;
    desk.later(SignedDuration::from_mins(1));
    move_message(&desk.desk, &desk.ada, invoice, None, Destination::New).await.unwrap();
    let held = desk.receive(&answer(&notice, "Hal <hal@desk.test>", "Paid.")).await;
    assert_eq!((held.decision, held.ticket), ("hold", None));
    assert!(held.reason.contains("a message was moved from #1 to #2"), "{}", held.reason);
    assert!(desk.mail_to("hal@desk.test").await.iter().any(|it| it.read.text.contains("moved from #1 to #2")));
    assert!(desk.mail_to("ann@home.test").await.iter().all(|it| !it.raw.contains("Paid.")));
}
