//! Figures of a few tickets that can be counted on fingers.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::*;
use crate::desk::{
    business_hours::{Calendar, DayHours, Span},
    course,
    period::Period,
    target::{Calendars, Goal, Target, Targets, Terms},
};

fn at(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

const HAL: PersonId = PersonId(7);
const ADA: PersonId = PersonId(3);
const SUPPORT: MailboxId = MailboxId(1);

/// Monday to Friday, 9 to 17, in Stockholm; four hours to the first reply.
fn frame(period: Period, now: &str) -> Frame {
    let zone = TimeZone::get("Europe/Stockholm").unwrap();
    let day = DayHours::new(vec![Span::new(540, 1020).unwrap()]);
    let week = std::array::from_fn(|it| if it < 5 { day.clone() } else { DayHours::default() });
    let desk = Calendar { zone: zone.clone(), week, days_off: Default::default() };
    let mut targets = Targets::default();
    let goal = |text| Some(Goal::parse(text).unwrap());
    targets.set(Priority::Normal, Target { first_reply: goal("4 h"), next_reply: None, resolution: goal("1 day") });
    let days = period.days(now.parse().unwrap(), &zone);
    let before = Period::before(&days, &zone);
    Frame {
        period,
        days,
        now: now.parse().unwrap(),
        before,
        zone,
        terms: Terms { targets, calendars: Calendars { desk, own: Default::default() } },
        staff: vec![HAL, ADA],
    }
}

fn figures(period: Period, now: &str, tickets: &[(&str, &str)], wanted: Wanted) -> Figures {
    let mut fold = Fold::new(frame(period, now), wanted);
    let mut halves = [fold.clone(), fold.clone()];
    for (n, (opened, text)) in tickets.iter().enumerate() {
        let mut steps = Vec::new();
        course::read(text, at(opened), &mut steps).unwrap();
        let facts = Facts { mailbox: SUPPORT, priority: Priority::Normal, tags: &[TagId(5)], course: &steps };
        fold.take(&facts);
        halves[n % 2].take(&facts);
    }
    let (figures, [one, other]) = (fold.figures(), halves);
    assert_eq!(one.join(other).figures(), figures, "counted in two halves");
    figures
}

const HOUR: i64 = 3_600_000;

/// A step so many hours after the opening.
fn step(letter: char, hours: i64, by: i64, more: i64) -> String {
    format!("{letter}{}.{by}.{more};", hours * HOUR)
}

fn hours(it: Option<SignedDuration>) -> f64 {
    it.unwrap().as_secs_f64() / 3600.0
}

#[test]
fn the_median_is_the_middle_and_nine_in_ten_is_a_rank() {
    for (took, median, ninety) in [
        (vec![5], 5, 5),
        (vec![20, 10], 15, 20),
        (vec![3, 1, 2], 2, 3),
        (vec![1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 5, 9),
        (vec![11, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 6, 10),
    ] {
        let mut minutes: Vec<i64> = took.iter().map(|it| it * 60_000).collect();
        let spread = Spread::of(&mut minutes);
        assert_eq!(spread.median.unwrap().as_mins(), median, "{took:?}");
        assert_eq!(spread.ninety.unwrap().as_mins(), ninety, "{took:?}");
        assert_eq!(spread.count, took.len());
    }
    assert_eq!(Spread::of(&mut []), Spread::default());
}

#[test]
fn one_ticket_is_counted_from_its_opening_to_what_the_customer_says() {
    // Opened on Monday at 16:00 in Stockholm, given to Hal and answered by Ada the next morning at 10:00, the customer’s turn until
    // Wednesday 10:00; resolved by Hal at 12:00 and found good.
    let course = [
        step('o', 0, 20, 0),
        step('a', 1, 3, 7),
        step('s', 1, 3, 12),
        step('r', 18, 3, 100),
        step('c', 42, 20, 0),
        step('s', 44, 7, 23),
        step('g', 45, 20, 1),
        step('g', 46, 20, 13),
    ];
    let all = figures(Period::Days7, "2026-11-20T12:00:00Z", &[("2026-11-16T15:00:00Z", &course.concat())], Wanted::default());
    let Sums { opened, resolved, reopened, replies, assigned, open_now, replies_to_resolution, .. } = all.all;
    assert_eq!((opened, resolved, reopened, replies, assigned, open_now, replies_to_resolution), (1, 1, 0, 1, 1, 0, 1));
    let took = |it: Took| (hours(it.business.median), hours(it.wall.median), it.within);
    // 16 to 17 and 9 to 10; then 10 to 12, when it was our turn again.
    assert_eq!(took(all.all.first_reply), (2.0, 18.0, Share { kept: 1, of: 1 }));
    assert_eq!(took(all.all.resolution), (4.0, 44.0, Share { kept: 1, of: 1 }));
    assert_eq!(all.all.answers, Answers { good: 0, okay: 0, bad: 1 }, "the last answer counts");
    assert_eq!(all.all.replies_per_resolution(), Some(1.0));
    let backlog: Vec<(i64, i64, [i64; 5])> = all.days.iter().map(|it| (it.open, it.in_progress, it.ages)).collect();
    assert_eq!(backlog[2..5], [(0, 1, [1, 0, 0, 0, 0]), (0, 1, [0, 1, 0, 0, 0]), (0, 0, [0; 5])]);
    assert_eq!((all.busiest[0][16], all.busiest[2][10], all.busiest.iter().flatten().sum::<i64>()), (1, 1, 2));
    assert_eq!(all.lengths, [0, 0, 1, 0, 0, 0, 0]);
    let (hal, ada) = (&all.helpers[0].1, &all.helpers[1].1);
    assert_eq!((hal.assigned, hal.resolved, hal.replies, hal.answers.bad, hal.resolution.wall.count), (1, 1, 0, 1, 1));
    assert_eq!((ada.assigned, ada.resolved, ada.replies, ada.first_reply.wall.count), (0, 0, 1, 1));
    assert_eq!(
        (all.mailboxes[0].1, all.priorities[1].1, all.tags[0].1.resolved),
        (all.all_without_assigned(), all.all_without_assigned(), 1)
    );
    assert_eq!((all.before, all.backlog_before), (Sums::default(), 0));
}

impl Figures {
    /// What a mailbox has of the whole, where there is one: to whom tickets are given is told for people alone.
    fn all_without_assigned(&self) -> Sums {
        Sums { assigned: 0, ..self.all }
    }
}

#[test]
fn what_is_opened_again_has_no_resolution_until_it_is_resolved_again() {
    let mut course = [step('o', 0, 20, 0), step('s', 2, 7, 13), step('c', 30, 20, 0), step('s', 30, 20, 31)].concat();
    let now = "2026-11-20T12:00:00Z";
    let once = figures(Period::Days7, now, &[("2026-11-16T08:00:00Z", &course)], Wanted::default());
    assert_eq!((once.all.resolved, once.all.reopened, once.all.resolution.wall.count, once.all.open_now), (1, 1, 0, 1));
    assert_eq!(once.helpers[0].1.reopened, 1, "of what Hal had resolved");
    course.push_str(&step('s', 32, 3, 13));
    let twice = figures(Period::Days7, now, &[("2026-11-16T08:00:00Z", &course)], Wanted::default());
    assert_eq!((twice.all.resolved, hours(twice.all.resolution.wall.median), hours(twice.all.resolution.business.median)), (2, 32.0, 4.0));
    assert_eq!((twice.helpers[0].1.resolution.wall.count, twice.helpers[1].1.resolution.wall.count), (0, 1));
}

#[test]
fn what_was_imported_was_promised_to_nobody_and_words_that_began_it_are_no_answer() {
    let began = [step('o', 0, 7, 3), step('r', 0, 7, 100), step('s', 2, 7, 13)].concat();
    let answered = [step('o', 0, 20, 3), step('r', 2, 7, 100)].concat();
    let tickets = [("2026-11-16T08:00:00Z", &*began), ("2026-11-16T09:00:00Z", &*answered)];
    let all = figures(Period::Days7, "2026-11-20T12:00:00Z", &tickets, Wanted::default()).all;
    assert_eq!((all.first_reply.wall.count, hours(all.first_reply.wall.median)), (1, 2.0));
    assert_eq!((all.first_reply.within, all.resolution.within), (Share::default(), Share::default()));
}

#[test]
fn the_period_before_is_counted_as_well_and_what_is_older_stays_open() {
    let now = "2026-11-20T12:00:00Z";
    let old = [step('o', 0, 20, 0), step('r', 1, 7, 1)].concat();
    let tickets = [("2026-11-12T08:00:00Z", old.as_str()), ("2026-10-01T08:00:00Z", old.as_str()), ("2024-01-02T08:00:00Z", old.as_str())];
    let figures = figures(Period::Days7, now, &tickets, Wanted::default());
    assert_eq!((figures.all.opened, figures.before.opened, figures.before.replies), (0, 1, 1));
    assert_eq!((figures.backlog_before, figures.days[0].open, figures.all.open_now), (3, 3, 3));
    assert_eq!(figures.days[6].ages, [0, 0, 0, 1, 2]);
}

#[test]
fn a_filter_by_helper_picks_what_they_have_now() {
    let has = [step('o', 0, 20, 0), step('a', 1, 7, 7)].concat();
    let gave = [step('o', 0, 20, 0), step('a', 1, 7, 7), step('a', 2, 7, 3)].concat();
    let tickets = [("2026-11-18T08:00:00Z", has.as_str()), ("2026-11-18T08:00:00Z", gave.as_str())];
    let of = |helper| figures(Period::Days7, "2026-11-20T12:00:00Z", &tickets, Wanted { helper }).all.opened;
    assert_eq!((of(None), of(Some(HAL)), of(Some(ADA)), of(Some(PersonId(9)))), (2, 1, 1, 0));
}

#[test]
fn what_staff_open_with_their_own_words_has_no_first_reply() {
    let course = [step('o', 0, 7, 1), step('r', 0, 7, 1), step('c', 5, 20, 0), step('r', 6, 7, 2)].concat();
    let figures = figures(Period::Days7, "2026-11-20T12:00:00Z", &[("2026-11-18T08:00:00Z", &course)], Wanted::default());
    assert_eq!((figures.all.replies, figures.all.first_reply.wall.count), (2, 0));
    assert_eq!(figures.busiest.iter().flatten().sum::<i64>(), 1);
}
