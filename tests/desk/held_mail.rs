//! Held mail settled by people, and what they say about senders.

use maildesk::{
    actions::{
        held::{self, Joined},
        participants as people_on,
        sender_rules::{self, NewRule, RuleUndone},
        spam,
        take_back::{TakenBack, take_back},
    },
    desk::{id::TicketNumber, sender::SenderVerdict, ticket::Status},
    store::participants::{self, Participation},
};

use crate::{
    mail_loop::reply_of,
    test_desk::{TestDesk, mail},
};

async fn rule(desk: &TestDesk, pattern: &str, verdict: SenderVerdict) {
    let new = NewRule { pattern: pattern.parse().unwrap(), verdict, note: String::new() };
    sender_rules::add(&desk.desk, &desk.ada, &new).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_most_exact_rule_counts_and_holding_wins_between_equals() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    rule(&desk, "@else.test", SenderVerdict::Hold).await;
    rule(&desk, "@good.else.test", SenderVerdict::NeverHold).await;
    rule(&desk, "eve@good.else.test", SenderVerdict::Hold).await;
    for (from, decision) in [
        ("a@else.test", "hold"),
        ("a@bad.else.test", "hold"),
        ("a@good.else.test", "open-ticket"),
        ("Eve@Good.Else.test", "hold"),
        ("a@somewhere.test", "open-ticket"),
    ] {
        let outcome = desk.write(from, &format!("From {from}"), "Hello.").await;
        assert_eq!(outcome.decision, decision, "{from}: {}", outcome.reason);
    }
    let behind = mail("Nice <nice@nice.test>", "Hi", &["Sender: bulk@else.test"], "Hello.");
    assert_eq!(desk.receive(&behind).await.decision, "hold", "whoever sends for somebody is looked at too");
}

#[tokio::test(flavor = "multi_thread")]
async fn never_holding_a_sender_undoes_marks_and_no_guard() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    rule(&desk, "@shop.test", SenderVerdict::NeverHold).await;
    for (headers, text, decision) in [
        (&["X-Spam-Flag: YES"][..], "Rakes.", "open-ticket"),
        (&["Precedence: bulk", "List-Id: <x.shop.test>"], "Rakes.", "open-ticket"),
        (&["Auto-Submitted: auto-replied"], "I am away.", "open-ticket"),
        (&["Authentication-Results: mx.desk.test; dmarc=fail header.from=shop.test"], "Rakes.", "hold"),
        (&["Auto-Submitted: auto-generated"], "Your verification code is 482913", "hold"),
        (&["Sender: a@else.test", "From: b@else.test", "X-Spam-Flag: YES"], "Rakes.", "hold"),
    ] {
        let outcome = desk.receive(&mail("Shop <shop@shop.test>", &headers.join(" "), headers, text)).await;
        assert_eq!(outcome.decision, decision, "{headers:?}: {}", outcome.reason);
    }
    assert!(desk.mail_to("shop@shop.test").await.len() <= 1, "what a machine wrote is not answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_a_ticket_tells_its_sender_only_when_it_can_no_longer_be_undone() {
    let desk = TestDesk::new().await;
    let id = desk.receive(&mail("Ann Lee <ann@home.test>", "Printer", &["X-Spam-Flag: YES"], "It smokes.")).await.id;
    let first = held::open(&desk.desk, &desk.hal, id).await.unwrap();
    assert_eq!(take_back(&desk.desk, &desk.hal, id).await.unwrap(), TakenBack::TicketClosed(first));
    assert_eq!(desk.ticket(first).await.status, Status::Closed);
    assert!(desk.mail_to("ann@home.test").await.is_empty());
    let second = held::open(&desk.desk, &desk.hal, id).await.unwrap();
    assert_ne!(first, second);
    let [receipt] = desk.mail_to("ann@home.test").await.try_into().unwrap();
    assert!(receipt.read.subject.contains(&format!("[#{second}]")));
    let refused = take_back(&desk.desk, &desk.hal, id).await.unwrap_err().to_string();
    assert!(refused.contains("ann@home.test has been written to about it already"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn joining_makes_the_sender_a_participant_and_undoing_it_leaves_no_trace_in_the_mail() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    maildesk::actions::reply::reply(&desk.desk, &desk.hal, number, &reply_of("Unplug it.")).await.unwrap();
    desk.mail_to("ann@home.test").await;
    maildesk::actions::set_status::set_status(&desk.desk, &desk.hal, number, None, Status::Resolved).await.unwrap();
    desk.mail_to("ann@home.test").await;
    desk.later(jiff::SignedDuration::from_secs(60));
    let id = desk.receive(&mail("Ben Lee <ben@home.test>", "It burns", &["X-Spam: Yes"], "Now it burns.")).await.id;
    assert_eq!(held::join(&desk.desk, &desk.hal, id, number).await.unwrap(), Joined::AsParticipant);
    assert_eq!(desk.ticket(number).await.status, Status::Open, "a customer’s words open it again");
    assert_eq!(take_back(&desk.desk, &desk.hal, id).await.unwrap(), TakenBack::OffTicket(number));
    assert_eq!(desk.ticket(number).await.status, Status::Resolved);
    assert!(desk.mail_to("ann@home.test").await.is_empty(), "the copy was called off in the undo window");
    held::join(&desk.desk, &desk.hal, id, number).await.unwrap();
    let copies = desk.mail_to("ann@home.test").await;
    assert!(copies.iter().any(|it| it.read.text.contains("Now it burns.")), "{copies:?}");
    assert!(take_back(&desk.desk, &desk.hal, id).await.unwrap_err().to_string().contains("has been written to"));
    maildesk::actions::reply::reply(&desk.desk, &desk.hal, number, &reply_of("Use water.")).await.unwrap();
    assert_eq!(desk.mail_to("ben@home.test").await.len(), 1, "who was joined is sent what is said from then on");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_a_joined_message_brought_in_is_what_they_were_once_it_is_taken_back() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    let copies = ["Cc: Ben <ben@home.test>, Cy <cy@home.test>"];
    desk.receive(&mail("ann@home.test", &format!("[#{number}] Printer"), &copies, "Ben and Cy know more.")).await;
    let cy = desk.person("cy@home.test").await.unwrap();
    people_on::remove(&desk.desk, &desk.hal, number, cy.id).await.unwrap();
    for (email, was) in
        [("ben@home.test", Some(Participation::Proposed)), ("cy@home.test", Some(Participation::Removed)), ("dee@home.test", None)]
    {
        desk.later(jiff::SignedDuration::from_secs(60));
        let id = desk.receive(&mail(email, "It burns", &["X-Spam: Yes", "Cc: Eve <eve@home.test>"], "Now it burns.")).await.id;
        assert_eq!(stands(&desk, number, email).await, was);
        held::join(&desk.desk, &desk.hal, id, number).await.unwrap();
        assert_eq!(stands(&desk, number, email).await, Some(Participation::Active));
        assert_eq!(stands(&desk, number, "eve@home.test").await, Some(Participation::Proposed));
        take_back(&desk.desk, &desk.hal, id).await.unwrap();
        assert_eq!((stands(&desk, number, email).await, stands(&desk, number, "eve@home.test").await), (was, None), "{email}");
    }
}

async fn stands(desk: &TestDesk, number: TicketNumber, email: &str) -> Option<Participation> {
    let person = desk.person(email).await?;
    participants::of(&mut desk.desk.store.read().await.unwrap(), number, person.id).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn automatic_mail_joins_for_staff_alone() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    let id = desk.receive(&mail("News <news@else.test>", "Weekly", &["Precedence: bulk"], "Read this.")).await.id;
    assert_eq!(held::join(&desk.desk, &desk.hal, id, number).await.unwrap(), Joined::AsMachine);
    maildesk::actions::reply::reply(&desk.desk, &desk.hal, number, &reply_of("Unplug it.")).await.unwrap();
    let later = desk.mail_to("news@else.test").await;
    assert!(later.is_empty(), "{later:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_out_of_a_helpers_reach_takes_no_held_mail_of_theirs() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    maildesk::actions::assign::assign(&desk.desk, &desk.ada, number, None, Some(desk.ada.id)).await.unwrap();
    let id = desk.receive(&mail("Ben <ben@home.test>", "It burns", &["X-Spam: Yes"], "Now it burns.")).await.id;
    assert_eq!(held::join(&desk.desk, &desk.hal, id, number).await.unwrap_err().to_string(), "there is no such ticket");
    held::join(&desk.desk, &desk.ada, id, number).await.unwrap();
    assert_eq!(take_back(&desk.desk, &desk.hal, id).await.unwrap_err().to_string(), "there is no such held message");
    take_back(&desk.desk, &desk.ada, id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn spam_tells_nobody_calls_off_what_waits_and_is_undone() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let raw = mail("Eve <eve@else.test>", "Buy", &["Cc: Victim <victim@home.test>"], "Now.");
    let outcome = desk.receive(&raw).await;
    let number = outcome.ticket.unwrap();
    spam::mark(&desk.desk, &desk.hal, number, None, spam::Sender::Stays).await.unwrap();
    assert_eq!(desk.ticket(number).await.status, Status::Closed);
    assert!(held::open(&desk.desk, &desk.hal, outcome.id).await.unwrap_err().to_string().contains("marked as spam"));
    let left = desk.mail_to("victim@home.test").await;
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(take_back(&desk.desk, &desk.hal, outcome.id).await.unwrap(), TakenBack::NotSpam(number, RuleUndone::NotThere));
    assert_eq!(desk.ticket(number).await.status, Status::Open);
    assert!(spam::undo(&desk.desk, &desk.hal, number).await.unwrap_err().to_string().contains("not marked"));
    assert!(take_back(&desk.desk, &desk.hal, outcome.id).await.is_err(), "it was never held");
}

#[tokio::test(flavor = "multi_thread")]
async fn undoing_the_mark_of_spam_undoes_the_rule_that_it_made_and_no_other() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let (at, hal, ada) = (&desk.desk, &desk.hal, &desk.ada);
    let hold = SenderVerdict::Hold;
    for (from, before, by, left) in [
        ("made@else.test", None, hal, RuleUndone::TakenOff("made@else.test".parse().unwrap())),
        ("stood@else.test", Some(hold), hal, RuleUndone::NotThere),
        ("never@else.test", Some(SenderVerdict::NeverHold), hal, {
            RuleUndone::AsBefore("never@else.test".parse().unwrap(), SenderVerdict::NeverHold)
        }),
        ("adas@else.test", None, ada, RuleUndone::Stays("adas@else.test".parse().unwrap(), hold)),
    ] {
        let number = desk.write(from, "Buy", "Now.").await.ticket.unwrap();
        desk.later(jiff::SignedDuration::from_secs(60));
        if let Some(verdict) = before {
            let new = NewRule { pattern: from.parse().unwrap(), verdict, note: format!("#{number} was spam") };
            sender_rules::add(at, ada, &new).await.unwrap();
        }
        desk.later(jiff::SignedDuration::from_secs(60));
        spam::mark(at, by, number, None, spam::Sender::AlwaysHeld).await.unwrap();
        assert_eq!(desk.write(from, "Buy more", "Now.").await.decision, "hold", "{from}");
        desk.later(jiff::SignedDuration::from_secs(60));
        assert_eq!(spam::undo(at, hal, number).await.unwrap(), left, "{from}");
        let held = matches!(left, RuleUndone::Stays(..) | RuleUndone::NotThere);
        let decision = desk.write(from, "A question", "How does it work?").await.decision;
        assert_eq!(decision, if held { "hold" } else { "open-ticket" }, "{from}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_was_put_back_by_hand_is_no_part_of_the_mark_any_more() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let (at, hal) = (&desk.desk, &desk.hal);
    let number = desk.write("eve@else.test", "Buy", "Now.").await.ticket.unwrap();
    let rule = spam::mark(at, hal, number, None, spam::Sender::AlwaysHeld).await.unwrap().unwrap();
    sender_rules::remove(at, hal, rule).await.unwrap();
    sender_rules::restore(at, hal, rule).await.unwrap();
    assert_eq!(spam::undo(at, hal, number).await.unwrap(), RuleUndone::NotThere);
    assert_eq!(desk.write("eve@else.test", "Buy more", "Now.").await.decision, "hold");
}
