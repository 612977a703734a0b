//! Response targets: what is due, kept with each change, and told before it is late.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use maildesk::{
    actions::{
        assign::assign,
        due::tell_due,
        edit::set_priority,
        hours::{forget_hours, set_hours, set_targets},
        reply::{self, Reply},
        set_status::set_status,
        spam,
        undo_change::{Was, undo},
        withdraw_reply::withdraw_reply,
    },
    desk::{
        business_hours::{Calendar, DayHours, Span},
        comment::CommentText,
        id::{CommentId, MailboxId, TicketNumber},
        permission::Scope,
        target::{Goal, Promise, Target, Targets},
        ticket::{Priority, Status},
    },
    store::{comments, promises, queue},
};

use crate::test_desk::{TestDesk, answer};

const FIRST: TicketNumber = TicketNumber(1);

/// One hour to the first reply, four to the next, two days to the resolution; urgent ones half an hour.
fn targets() -> Targets {
    let goal = |text| Some(Goal::parse(text).unwrap());
    let mut targets = Targets::default();
    targets.set(Priority::Normal, Target { first_reply: goal("1 h"), next_reply: goal("4 h"), resolution: goal("2 days") });
    targets.set(Priority::Urgent, Target { first_reply: goal("30 min"), ..Target::default() });
    targets
}

/// Monday to Friday, 9 to 17.
fn office() -> Calendar {
    let day = DayHours::new(vec![Span::new(540, 1020).unwrap()]);
    let week = std::array::from_fn(|it| if it < 5 { day.clone() } else { DayHours::default() });
    Calendar { zone: TimeZone::UTC, week, days_off: Default::default() }
}

/// It is Monday, 9:00.
async fn desk() -> TestDesk {
    let desk = TestDesk::new().await;
    set_hours(&desk.desk, &desk.ada, None, &office()).await.unwrap();
    set_targets(&desk.desk, &desk.ada, &targets()).await.unwrap();
    desk
}

async fn due(desk: &TestDesk) -> Option<(Promise, Timestamp)> {
    queue::these(&mut desk.desk.store.read().await.unwrap(), &[FIRST], Scope::All).await.unwrap()[0].due
}

async fn running(desk: &TestDesk) -> Vec<(Promise, String)> {
    let rows = promises::of(&mut desk.desk.store.read().await.unwrap(), FIRST).await.unwrap();
    rows.into_iter().map(|it| (it.promise, it.due_at.to_string())).collect()
}

fn at(text: &str) -> Timestamp {
    format!("2026-11-{text}:00Z").parse().unwrap()
}

async fn reply(desk: &TestDesk, text: &str) -> CommentId {
    let seen = comments::last_public(&mut desk.desk.store.read().await.unwrap(), FIRST, CommentId(i64::MAX)).await.unwrap().map(|it| it.id);
    let new = Reply { text: CommentText::parse(text).unwrap(), files: Vec::new(), seen, then: None, composed: Default::default() };
    reply::reply(&desk.desk, &desk.hal, FIRST, &new).await.unwrap()
}

/// What the desk tells its staff of what is due.
async fn told(desk: &TestDesk) -> Vec<(String, String)> {
    tell_due(&desk.desk).await.unwrap();
    let mut told: Vec<_> = desk.mail().await.into_iter().map(|it| (it.to, it.read.subject)).collect();
    told.sort();
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_follows_each_change_of_the_ticket() {
    let desk = desk().await;
    desk.mail_does_not_matter();
    desk.write("Ann Lee <ann@home.test>", "Smoke", "It smokes.").await;
    assert_eq!(due(&desk).await, Some((Promise::FirstReply, at("02T10:00"))));
    assert_eq!(running(&desk).await.len(), 2);
    set_priority(&desk.desk, &desk.hal, FIRST, None, Priority::Urgent).await.unwrap();
    assert_eq!(running(&desk).await, [(Promise::FirstReply, "2026-11-02T09:30:00Z".to_owned())]);
    set_priority(&desk.desk, &desk.hal, FIRST, None, Priority::Normal).await.unwrap();

    desk.later(SignedDuration::from_mins(20));
    let replied = reply(&desk, "Pull the plug.").await;
    assert_eq!(due(&desk).await, None, "it waits for the customer");
    withdraw_reply(&desk.desk, &desk.hal, replied).await.unwrap();
    assert_eq!(due(&desk).await, Some((Promise::FirstReply, at("02T10:00"))), "the reply was taken back");
    reply(&desk, "Pull the plug, please.").await;
    let mail = desk.mail_to("ann@home.test").await.pop().unwrap();
    desk.later(SignedDuration::from_hours(24));
    desk.receive(&answer(&mail, "Ann Lee <ann@home.test>", "I did. It smokes still.")).await;
    let (promise, when) = due(&desk).await.unwrap();
    assert_eq!((promise, when.to_string().as_str()), (Promise::NextReply, "2026-11-03T13:20:11Z"));
    set_status(&desk.desk, &desk.hal, FIRST, None, Status::Resolved).await.unwrap();
    assert_eq!(due(&desk).await, None);
    assert!(running(&desk).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_reply_is_due_when_it_was_after_what_is_undone() {
    let desk = desk().await;
    desk.mail_does_not_matter();
    let number = desk.write("Ann Lee <ann@home.test>", "Smoke", "It smokes.").await.ticket.unwrap();
    let promised = running(&desk).await;
    assert_eq!(promised[0].0, Promise::FirstReply);
    desk.later(SignedDuration::from_mins(20));
    let was = Was::of(&desk.ticket(number).await);
    set_status(&desk.desk, &desk.hal, number, None, Status::Resolved).await.unwrap();
    assert_eq!(running(&desk).await, []);
    undo(&desk.desk, &desk.hal, number, desk.ticket(number).await.version, &was).await.unwrap();
    assert_eq!(running(&desk).await, promised, "as if it had never been resolved");
    spam::mark(&desk.desk, &desk.hal, number, None, spam::Sender::Stays).await.unwrap();
    spam::undo(&desk.desk, &desk.hal, number).await.unwrap();
    assert_eq!(running(&desk).await, promised, "spam and not spam, at one moment");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_follows_hours_and_targets_and_nobody_is_written_to_about_what_is_late_by_them() {
    let desk = desk().await;
    desk.mail_does_not_matter();
    desk.later(SignedDuration::from_hours(7) + SignedDuration::from_mins(30));
    desk.write("Ann Lee <ann@home.test>", "Smoke", "It smokes.").await;
    desk.mail().await;
    assert_eq!(due(&desk).await, Some((Promise::FirstReply, at("03T09:30"))), "half an hour today, the rest tomorrow");
    set_hours(&desk.desk, &desk.ada, Some(desk.mailbox), &Calendar::around_the_clock(TimeZone::UTC)).await.unwrap();
    assert_eq!(due(&desk).await, Some((Promise::FirstReply, at("02T17:30"))), "its mailbox is at work around the clock");
    forget_hours(&desk.desk, &desk.ada, desk.mailbox).await.unwrap();
    assert_eq!(due(&desk).await, Some((Promise::FirstReply, at("03T09:30"))));
    desk.later(SignedDuration::from_hours(40));
    let mut sooner = targets();
    sooner.set(Priority::Normal, Target { first_reply: Some(Goal::parse("10 min").unwrap()), ..Target::default() });
    set_targets(&desk.desk, &desk.ada, &sooner).await.unwrap();
    assert_eq!(due(&desk).await, Some((Promise::FirstReply, at("02T16:40"))));
    assert_eq!(told(&desk).await, []);
    set_targets(&desk.desk, &desk.ada, &Targets::default()).await.unwrap();
    assert_eq!(due(&desk).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_night_in_which_clocks_change_is_an_hour_shorter_or_longer() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    // Every night from midnight to six, where people are; six hours to the first reply.
    let night = DayHours::new(vec![Span::new(0, 360).unwrap()]);
    let zone = TimeZone::get("Europe/Stockholm").unwrap();
    let nights = Calendar { zone, week: std::array::from_fn(|_| night.clone()), days_off: Default::default() };
    set_hours(&desk.desk, &desk.ada, None, &nights).await.unwrap();
    let mut targets = Targets::default();
    targets.set(Priority::Normal, Target { first_reply: Some(Goal::parse("6 h").unwrap()), ..Target::default() });
    set_targets(&desk.desk, &desk.ada, &targets).await.unwrap();
    for (evening, due) in [
        ("2027-03-26T20:00:00Z", "2027-03-27T05:00:00Z"), // an ordinary night, until six
        ("2027-03-27T20:00:00Z", "2027-03-28T23:00:00Z"), // five hours, and one of the next night
        ("2027-10-30T20:00:00Z", "2027-10-31T04:00:00Z"), // seven hours: until five
    ] {
        desk.later(evening.parse::<Timestamp>().unwrap().duration_since(desk.desk.clock.now()));
        let number = desk.write("Ann Lee <ann@home.test>", evening, "It smokes.").await.ticket.unwrap();
        let row = &queue::these(&mut desk.desk.store.read().await.unwrap(), &[number], Scope::All).await.unwrap()[0];
        assert_eq!(row.due, Some((Promise::FirstReply, due.parse().unwrap())), "{evening}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_are_told_before_and_when_once_each_and_the_customer_never() {
    let desk = desk().await;
    desk.write("Ann Lee <ann@home.test>", "Smoke", "It smokes.").await;
    assign(&desk.desk, &desk.hal, FIRST, None, Some(desk.hal.id)).await.unwrap();
    desk.mail().await;
    desk.later(SignedDuration::from_mins(44));
    assert_eq!(told(&desk).await, []);
    desk.later(SignedDuration::from_mins(1));
    let soon = "[#1] First reply is due by 10:00 on 2 November (UTC): Smoke";
    let both = |subject: &str| vec![("ada@desk.test".to_owned(), subject.to_owned()), ("hal@desk.test".to_owned(), subject.to_owned())];
    assert_eq!(told(&desk).await, both(soon));
    assert_eq!(told(&desk).await, []);
    desk.later(SignedDuration::from_mins(15));
    assert_eq!(told(&desk).await, both("[#1] First reply was due by 10:00 on 2 November (UTC) and is missed: Smoke"));
    desk.later(SignedDuration::from_mins(30));
    assert_eq!(told(&desk).await, []);
    assert_eq!(desk.ticket(FIRST).await.version, 2, "telling is no change of the ticket");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_meanwhile_is_not_told() {
    let desk = desk().await;
    desk.mail_does_not_matter();
    desk.write("Ann Lee <ann@home.test>", "Smoke", "It smokes.").await;
    desk.later(SignedDuration::from_mins(50));
    reply(&desk, "Pull the plug.").await;
    desk.mail_to("ann@home.test").await;
    assert_eq!(told(&desk).await, []);
    desk.later(SignedDuration::from_hours(100));
    assert_eq!(told(&desk).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_was_away_tells_nothing_of_what_is_long_over() {
    let desk = desk().await;
    desk.write("Ann Lee <ann@home.test>", "Smoke", "It smokes.").await;
    desk.mail().await;
    desk.later(SignedDuration::from_hours(26));
    let told: Vec<String> = told(&desk).await.into_iter().map(|it| it.1).collect();
    assert!(told.iter().all(|it| it.contains("Resolution")), "the first reply was due a day ago: {told:?}");
    desk.mail().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_admins_set_hours_and_promises() {
    let desk = TestDesk::new().await;
    for who in [&desk.hal, &desk.ann] {
        assert!(set_hours(&desk.desk, who, None, &office()).await.is_err());
        assert!(set_targets(&desk.desk, who, &targets()).await.is_err());
    }
    let nowhere = MailboxId(77);
    assert!(set_hours(&desk.desk, &desk.ada, Some(nowhere), &office()).await.is_err());
}
