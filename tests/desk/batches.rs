//! Mail that is decided many messages at a time: it comes to the same as one by one, whatever they are to each other.

use maildesk::{
    actions::{
        rules,
        sender_rules::{self, NewRule},
    },
    desk::{
        rule::{After, Condition, Deed, Field, How, Need, Rule, When},
        sender::SenderVerdict,
    },
    store::messages::Taken,
    workers::take_in::{Arrival, take_in},
};

use crate::{
    rows::Rows,
    test_desk::{TestDesk, mail},
};

/// What is to be the same: every row that a message leaves behind, but for what is made of chance.
const LEFT_BEHIND: [&str; 8] = [
    "select id || ' ' || state || ' ' || decision || ' ' || coalesce(reason, '') || ' #' || coalesce(ticket, 0) || ' ' || coalesce(sender, '') || ' '
        || coalesce(held, '') || ' ' || coalesce(held_for, '') || ' ' || coalesce(held_rule, 0) || ' ' || coalesce(subject, '') || ' ' || trace
        from messages order by id",
    "select number || ' ' || subject || ' ' || status || ' ' || priority || ' ' || requester || ' ' || turn || ' ' || comments || ' ' || snippet
        || ' ' || has_files || ' ' || coalesce(linked, 0) || ' ' || opened_at || ' ' || updated_at || ' ' || coalesce(opened_message, '')
        from tickets order by number",
    "select id || ' ' || ticket || ' ' || visibility || ' ' || origin || ' ' || coalesce(author, 0) || ' ' || coalesce(flag, '') || ' '
        || coalesce(message, 0) || ' ' || body from comments order by id",
    "select id || ' ' || role || ' ' || name || ' ' || email from people order by id",
    "select ticket || ' ' || person || ' ' || state from participants order by ticket, person",
    "select ticket || ' ' || kind || ' ' || coalesce(actor, 0) || ' ' || coalesce(old, '') || ' ' || coalesce(new, '') || ' ' || coalesce(comment, 0)
        from events order by id",
    "select o.kind || ' ' || coalesce(o.ticket, 0) || ' ' || coalesce(o.comment, 0) || ' ' || o.subject || ' ' || d.address || ' ' || d.domain || ' '
        || coalesce(d.person, 0) || ' ' || d.automatic || ' ' || d.state from outbox o join deliveries d on d.outbox = o.id order by d.id",
    "select ticket || ' ' || tag from ticket_tags order by ticket, tag",
];

/// A desk with rules about mail and about senders.
async fn desk() -> TestDesk {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    for (name, text, deed) in [
        ("Billing", "invoice", Deed::Tag("billing".to_owned())),
        ("Mine", "for hal", Deed::Assign(desk.hal.id.0)),
        ("Look first", "lottery", Deed::Hold),
        ("Away with it", "casino", Deed::Discard),
    ] {
        let rule = Rule {
            when: When::New,
            need: Need::All,
            conditions: vec![Condition { field: Field::Subject, header: String::new(), how: How::Contains, text: text.to_owned() }],
            deeds: vec![deed],
            after: After::GoOn,
        };
        rules::save(&desk.desk, &desk.ada, None, name, &rule).await.unwrap();
    }
    for (pattern, verdict) in [("blocked.test", SenderVerdict::Hold), ("good@blocked.test", SenderVerdict::NeverHold)] {
        let new = NewRule { pattern: pattern.parse().unwrap(), verdict, note: String::new() };
        sender_rules::add(&desk.desk, &desk.ada, &new).await.unwrap();
    }
    desk
}

/// Mail of every kind, much of it about what comes just before it.
fn all_sorts() -> Vec<String> {
    let mut all = Vec::new();
    let mut put = |from: &str, subject: &str, headers: &[&str], text: &str| {
        let id = format!("Message-ID: <m{}@mail.test>", all.len());
        let headers: Vec<&str> = headers.iter().copied().chain([id.as_str()]).collect();
        all.push(mail(from, subject, &headers, text).replace('\n', "\r\n"));
    };
    put("Cy Ox <cy@new.test>", "Printer", &["Cc: Dee <dee@new.test>, cy@new.test, hal@desk.test"], "It smokes.");
    put("cy@new.test", "Re: Printer", &["In-Reply-To: <m0@mail.test>"], "It burns.");
    put("Dee <dee@new.test>", "Re: Printer", &["References: <m0@mail.test> <m1@mail.test>"], "I see it too.");
    put("Stranger <eve@other.test>", "Re: Printer", &["References: <m0@mail.test>"], "Sell it to me.");
    put("cy@new.test", "[#1] Printer", &[], "It is out.");
    put("Ann Lee <ann@home.test>", "[#4711] Printer", &[], "No such number.");
    put("ann@home.test", "An invoice", &[], "Which?");
    put("ann@home.test", "Re: An invoice", &["In-Reply-To: <m6@mail.test>"], "The third.");
    put("ben@home.test", "Something for Hal", &[], "Please.");
    put("ben@home.test", "You won the lottery", &[], "A million.");
    put("ben@home.test", "casino", &[], "Two million.");
    put("bad@blocked.test", "Hello", &[], "Buy.");
    put("good@blocked.test", "Hello", &[], "Help.");
    put("bad@sub.blocked.test", "Hello", &[], "Buy again.");
    put("spam@home.test", "Pills", &["X-Spam-Flag: YES"], "Cheap.");
    put("list@lists.test", "News", &["List-Id: <news.lists.test>", "Precedence: bulk"], "This week.");
    put("robot@home.test", "Away", &["Auto-Submitted: auto-replied", "In-Reply-To: <m0@mail.test>"], "I am on holiday.");
    put("Hal Nine <hal@desk.test>", "A question of my own", &[], "How do I print?");
    put("Hal Nine <hal@desk.test>", "Re: Printer", &["In-Reply-To: <m0@mail.test>"], "Unplug it.");
    put("support@desk.test", "From ourselves", &[], "Hello.");
    put("postmaster@mx.test", "Undelivered", &["Return-Path: <>", "Auto-Submitted: auto-replied"], "Could not be delivered.");
    for n in 0..8 {
        put("form@shop.test", &format!("Form {n}"), &["Reply-To: Fay <fay@forms.test>"], "I filled a form.");
    }
    for n in 0..23 {
        put("Flood <flood@home.test>", &format!("Alarm {n}"), &[], "Again.");
    }
    put("Flood <flood@home.test>", "Re: Alarm 0", &["In-Reply-To: <m29@mail.test>"], "An answer is no new ticket.");
    for n in 0..32 {
        put("cy@new.test", "Re: Printer", &["In-Reply-To: <m1@mail.test>"], &format!("More {n}."));
    }
    let again = all[0].clone();
    all.push(again);
    all.push(mail("cy@new.test", "Another under the same id", &["Message-ID: <m0@mail.test>"], "Not the same.").replace('\n', "\r\n"));
    all
}

async fn taken(desk: &TestDesk, at_once: usize) -> Vec<Vec<String>> {
    let (all, received_at) = (all_sorts(), desk.desk.clock.now());
    for some in all.chunks(at_once) {
        let arrivals: Vec<Arrival<'_>> = some
            .iter()
            .map(|it| Arrival { place: None, received_at, size: it.len() as u64, taken: Taken::Whole, octets: it.as_bytes() })
            .collect();
        take_in(&desk.desk, desk.mailbox, &arrivals).await.unwrap();
    }
    assert_eq!(desk.verify().await, []);
    let rows = Rows::of(&desk.url).await;
    let mut left = Vec::new();
    for sql in LEFT_BEHIND {
        left.push(rows.texts(sql.to_owned()).await);
    }
    left
}

#[tokio::test(flavor = "multi_thread")]
async fn decided_together_mail_comes_to_the_same_as_one_by_one() {
    let one_by_one = taken(&desk().await, 1).await;
    let decided = one_by_one[0].join("\n");
    for said in ["open-ticket", "add-comment", "hold", "too-many", "blocked", "discarded"] {
        assert!(decided.contains(said), "the mail of this test should bring about {said}: {decided}");
    }
    for at_once in [7, 50, 500] {
        let together = taken(&desk().await, at_once).await;
        for (of, other) in one_by_one.iter().zip(&together) {
            let differs = of.iter().zip(other).find(|(a, b)| a != b);
            assert!(differs.is_none() && of.len() == other.len(), "{at_once} at once: {differs:?}, {} and {}", of.len(), other.len());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_cannot_be_decided_is_held_and_those_around_it_are_not() {
    let desk = desk().await;
    let rows = Rows::of(&desk.url).await;
    // The database itself refuses one ticket, when its row is written.
    if desk.url.starts_with("sqlite:") {
        rows.run("create trigger no before insert on tickets when new.subject = 'Alarm 5' begin select raise(abort, 'not this one'); end")
            .await;
    } else {
        rows.run("create function no() returns trigger language plpgsql as $$ begin raise exception 'not this one'; end $$").await;
        rows.run("create trigger no before insert on tickets for each row when (new.subject = 'Alarm 5') execute function no()").await;
    }
    let left = taken(&desk, 500).await;
    let held: Vec<&String> = left[0].iter().filter(|it| it.contains("not this one")).collect();
    assert!(held.len() == 1 && held[0].contains("Alarm 5") && held[0].contains(" hold "), "{held:?}");
    assert!(left[0].iter().all(|it| it.contains(" decided ")), "nothing is left undecided");
    assert!(left[1].iter().any(|it| it.contains("Alarm 4")) && left[1].iter().any(|it| it.contains("Alarm 6")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_about_a_sender_is_found_however_many_others_a_message_names() {
    let desk = TestDesk::new().await;
    let rule = NewRule { pattern: "@zz.test".parse().unwrap(), verdict: SenderVerdict::Hold, note: String::new() };
    sender_rules::add(&desk.desk, &desk.ada, &rule).await.unwrap();
    let deep = |n: usize| format!("a{n}@{}", (0..11).map(|it| format!("d{it}x{n}.")).collect::<String>() + "test");
    let from = (0..450).map(deep).chain(["bad@zz.test".to_owned()]).collect::<Vec<_>>().join(",\n ");
    let outcome = desk.receive(&mail(&from, "Hello", &[], "Buy.")).await;
    assert!(outcome.ticket.is_none() && outcome.decision == "hold" && outcome.reason.contains("@zz.test"), "{outcome:?}");
}
