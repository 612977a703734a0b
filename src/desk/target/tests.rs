//! What is due when.

use jiff::tz::TimeZone;

use super::*;
use crate::desk::{
    business_hours::{DayHours, Span},
    course::Way,
    ticket::Status,
};

/// Monday to Friday, 9 to 17.
fn office() -> Calendar {
    let day = DayHours::new(vec![Span::new(540, 1020).unwrap()]);
    let week = std::array::from_fn(|it| if it < 5 { day.clone() } else { DayHours::default() });
    Calendar { zone: TimeZone::UTC, week, days_off: Default::default() }
}

fn target() -> Target {
    let goal = |text| Some(Goal::parse(text).unwrap());
    Target { first_reply: goal("1 h"), next_reply: goal("4 h"), resolution: goal("2 days") }
}

fn at(text: &str) -> Timestamp {
    format!("2026-11-{text}:00Z").parse().unwrap()
}

fn step(when: &str, what: What) -> Step {
    Step { at: at(when).as_millisecond(), by: None, what }
}

fn due(course: &[Step], turn: Turn) -> Vec<(Promise, Timestamp)> {
    running(course, (turn, Timestamp::UNIX_EPOCH), &target(), &office()).into_iter().map(|it| (it.promise, it.due_at)).collect()
}

const OPENED: What = What::Opened(Way::Customer);
const REPLIED: What = What::Replied { comment: 1 };

fn to(from: Status, to: Status) -> What {
    What::Status { from, to }
}

#[test]
fn the_first_reply_is_due_next_and_the_resolution_after_it() {
    // Monday 16:30: half an hour that day, the rest from 9 on Tuesday.
    let course = [step("02T16:30", OPENED)];
    let running = running(&course, (Turn::Staff, Timestamp::UNIX_EPOCH), &target(), &office());
    assert_eq!(due(&course, Turn::Staff), [(Promise::FirstReply, at("03T09:30")), (Promise::Resolution, at("04T16:30"))]);
    assert_eq!(running[0].soon_at, at("03T09:15"));
    assert_eq!(running[0].since, at("02T16:30"));
}

#[test]
fn nothing_is_due_while_it_waits_for_the_customer_and_that_time_does_not_count() {
    let mut course = vec![step("02T09:00", OPENED), step("02T10:00", REPLIED)];
    assert_eq!(due(&course, Turn::Customer), []);
    // Two days later they answer: of the 16 hours one is used.
    course.push(step("04T10:00", What::Commented));
    assert_eq!(due(&course, Turn::Staff), [(Promise::NextReply, at("04T14:00")), (Promise::Resolution, at("05T17:00"))]);
}

#[test]
fn what_was_written_first_sets_the_clock_and_not_what_was_written_after_it() {
    let course =
        [step("02T09:00", OPENED), step("02T09:30", REPLIED), step("02T10:00", What::Commented), step("02T11:00", What::Commented)];
    assert_eq!(due(&course, Turn::Staff)[0], (Promise::NextReply, at("02T14:00")));
}

#[test]
fn what_is_resolved_owes_nothing_and_goes_on_where_it_stopped() {
    let mut course = vec![step("02T09:00", OPENED), step("02T12:00", to(Status::Open, Status::Resolved))];
    assert_eq!(due(&course, Turn::Staff), []);
    course.extend([step("09T09:00", What::Commented), step("09T09:00", to(Status::Resolved, Status::Open))]);
    assert_eq!(due(&course, Turn::Staff), [(Promise::NextReply, at("09T13:00")), (Promise::Resolution, at("10T14:00"))]);
    assert_eq!(running(&course, (Turn::Staff, Timestamp::UNIX_EPOCH), &target(), &office())[1].since, at("09T09:00"));
}

#[test]
fn a_message_that_was_moved_here_waits_from_the_last_step_on() {
    let course = [step("02T09:00", OPENED), step("02T10:00", REPLIED)];
    assert_eq!(due(&course, Turn::Staff)[0], (Promise::NextReply, at("02T14:00")));
}

#[test]
fn nothing_is_due_where_nothing_is_promised_or_nobody_ever_works() {
    let course = [step("02T09:00", OPENED)];
    assert_eq!(running(&course, (Turn::Staff, Timestamp::UNIX_EPOCH), &Target::default(), &office()), []);
    let never = Calendar { week: Default::default(), ..office() };
    assert_eq!(running(&course, (Turn::Staff, Timestamp::UNIX_EPOCH), &target(), &never), []);
}

#[test]
fn nothing_is_due_on_what_was_imported() {
    assert_eq!(due(&[step("02T09:00", What::Opened(Way::Imported))], Turn::Staff), []);
}

#[test]
fn what_is_over_says_whether_it_was_kept() {
    let course = [step("02T16:30", OPENED), step("03T09:31", REPLIED), step("03T12:00", to(Status::InProgress, Status::Resolved))];
    let first = first_reply(&course, &target(), &office()).unwrap();
    assert_eq!((first.took, first.is_kept()), (SignedDuration::from_mins(61), false));
    let resolution = resolution(&course, &target(), &office()).unwrap();
    assert_eq!((resolution.took, resolution.is_kept()), (SignedDuration::from_mins(61), true), "since then it waited for the customer");
    let by_staff = [step("02T16:30", What::Opened(Way::Staff)), step("02T16:30", REPLIED)];
    assert_eq!(first_reply(&by_staff, &target(), &office()), None);
}

#[test]
fn goals_are_read_as_people_write_them() {
    for (text, minutes, again) in
        [("30 min", 30, "30 min"), ("4h", 240, "4 h"), (" 2  Days ", 960, "2 days"), ("1 d", 480, "1 day"), ("8 hours", 480, "8 h")]
    {
        let goal = Goal::parse(text).unwrap();
        assert_eq!((goal.time().as_mins(), goal.to_string()), (minutes, again.to_owned()), "{text}");
        assert_eq!(Goal::parse(&goal.to_string()), Ok(goal));
    }
    for wrong in ["", "4", "h", "0 h", "-1 h", "1.5 h", "4 weeks", "366 days", "99999999999 min", "4 h 30 min"] {
        assert!(Goal::parse(wrong).is_err(), "{wrong}");
    }
}
