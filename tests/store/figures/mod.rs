//! Every figure, counted again the slow and obvious way from the raw history.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use maildesk::{
    desk::{
        analytics::{Figures, Frame},
        business_hours::{Calendar, DayHours, Span, read_days_off},
        id::{MailboxId, PersonId, TagId},
        period::Period,
        person::Role,
        tag::TagName,
        target::{Calendars, Goal, Target, Targets, Terms},
        ticket::Priority,
    },
    store::{
        Store, Tx,
        analytics::{self, Picked},
        courses, mailboxes, people, tags,
    },
};

use crate::{rows::Rows, world::TempStore};

mod history;
mod naive;

use history::{Cast, Dice, History, NOW};
use naive::{Naive, Question};

/// Monday to Friday 8 to 12 and 13 to 17, with days off; the second mailbox is at work by night as well, in another zone.
fn terms(zone: &TimeZone, boxes: &[MailboxId]) -> Terms {
    let day = |spans: &[(u16, u16)]| DayHours::new(spans.iter().map(|(from, to)| Span::new(*from, *to).unwrap()).collect());
    let office = day(&[(480, 720), (780, 1020)]);
    let week = std::array::from_fn(|it| if it < 5 { office.clone() } else { DayHours::default() });
    let days_off = read_days_off("2025-12-25\n2026-01-01\n2026-05-01").unwrap();
    let desk = Calendar { zone: zone.clone(), week, days_off };
    let nights = day(&[(0, 300), (1200, 1440)]);
    let own = Calendar {
        zone: TimeZone::get("America/New_York").unwrap(),
        week: std::array::from_fn(|_| nights.clone()),
        days_off: Default::default(),
    };
    let goal = |text| Some(Goal::parse(text).unwrap());
    let mut targets = Targets::default();
    targets.set(Priority::Normal, Target { first_reply: goal("2 days"), next_reply: None, resolution: goal("5 days") });
    targets.set(Priority::Urgent, Target { first_reply: goal("4 h"), next_reply: None, resolution: None });
    Terms { targets, calendars: Calendars { desk, own: [(boxes[1], own)].into() } }
}

struct Desk {
    store: TempStore,
    history: History,
    boxes: Vec<MailboxId>,
    staff: Vec<PersonId>,
    tag: TagId,
    tagged: BTreeSet<usize>,
}

async fn people_and_boxes(tx: &mut Tx) -> (Vec<PersonId>, Vec<MailboxId>) {
    let at = NOW.parse().unwrap();
    let mut made = Vec::new();
    for (role, name) in [(Role::Admin, "Ada"), (Role::Helper, "Hal"), (Role::Helper, "Hedy"), (Role::Customer, "Ann")] {
        let email = format!("{}@desk.test", name.to_lowercase()).parse().unwrap();
        made.push(people::insert(tx, &people::NewPerson { role, name, email: &email, password_hash: None, at }).await.unwrap());
    }
    let mut boxes = Vec::new();
    for name in ["support", "sales"] {
        boxes.push(mailboxes::ensure(tx, name, &format!("{name}@desk.test").parse().unwrap()).await.unwrap());
    }
    (made, boxes)
}

impl Desk {
    async fn new(seed: u64) -> Self {
        let store = TempStore::new().await;
        let mut tx = store.store.begin().await.unwrap();
        let (made, boxes) = people_and_boxes(&mut tx).await;
        let cast = Cast { staff: &made[..3], customer: made[3], mailboxes: &boxes };
        let history = History::of(&mut Dice(0x9e37_79b9_7f4a_7c15 ^ seed), &cast);
        let numbers = history.write(&mut tx, &cast).await;
        let at = NOW.parse().unwrap();
        let tag = tags::of_name(&mut tx, &TagName::parse("billing").unwrap(), Some(made[0]), at).await.unwrap().id;
        let tagged: BTreeSet<usize> = (0..numbers.len()).filter(|it| it % 3 == 0).collect();
        for it in &tagged {
            tags::put(&mut tx, numbers[*it], tag, Some(made[0]), None, at).await.unwrap();
        }
        tx.commit().await.unwrap();
        Self { store, history, boxes, staff: made[..3].to_vec(), tag, tagged }
    }

    fn frame(&self, period: Period, zone: &TimeZone) -> Frame {
        let days = period.days(NOW.parse().unwrap(), zone);
        let before = Period::before(&days, zone);
        Frame {
            period,
            days,
            now: NOW.parse().unwrap(),
            before,
            zone: zone.clone(),
            terms: terms(zone, &self.boxes),
            staff: self.staff.clone(),
        }
    }
}

async fn figures(store: &Store, frame: Frame, picked: Picked) -> Figures {
    analytics::count(&mut store.read().await.unwrap(), frame, picked).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_figure_is_what_counting_by_hand_gives() {
    for (seed, zone) in [(1, "UTC"), (2, "Europe/Stockholm"), (3, "America/St_Johns"), (4, "Australia/Lord_Howe")] {
        let zone = TimeZone::get(zone).unwrap();
        let desk = Desk::new(seed).await;
        let terms = terms(&zone, &desk.boxes);
        for picked in [
            Picked::default(),
            Picked { mailbox: Some(desk.boxes[1]), ..Picked::default() },
            Picked { priority: Some(Priority::Normal), ..Picked::default() },
            Picked { helper: Some(desk.staff[1]), ..Picked::default() },
            Picked { tag: Some(desk.tag), ..Picked::default() },
            Picked { mailbox: Some(desk.boxes[0]), helper: Some(desk.staff[2]), priority: Some(Priority::Urgent), ..Picked::default() },
        ] {
            let question =
                Question { history: &desk.history, picked, tagged: &desk.tagged, zone: &zone, terms: &terms, now: NOW.parse().unwrap() };
            let naive = Naive::new(question);
            for period in Period::ALL {
                naive.check(&figures(&desk.store.store, desk.frame(period, &zone), picked).await);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn courses_made_anew_from_the_history_are_those_that_were_kept() {
    let desk = Desk::new(5).await;
    let zone = TimeZone::UTC;
    let before = figures(&desk.store.store, desk.frame(Period::Months12, &zone), Picked::default()).await;
    let mut tx = desk.store.store.begin().await.unwrap();
    assert_eq!(courses::rebuild(&mut tx).await.unwrap(), desk.history.tickets.len() as u64);
    tx.commit().await.unwrap();
    assert_eq!(figures(&desk.store.store, desk.frame(Period::Months12, &zone), Picked::default()).await, before);
    assert!(
        before.all.opened > 50 && before.all.answers.all() > 5 && before.all.resolution.within.of > 5,
        "the history says something: {:?}",
        before.all
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_desk_looks_up_what_moved_lately_and_counts_once_in_a_while() {
    let desk = Desk::new(6).await;
    let (store, zone) = (&desk.store.store, TimeZone::UTC);
    let mut before = Vec::new();
    for period in Period::ALL {
        before.push(figures(store, desk.frame(period, &zone), Picked::default()).await);
    }
    // So many that those of the history are few: they are found by the indexes.
    let rows = Rows::of(&desk.store.url).await;
    let one_more = async |number: i64, active: i64, opened_at: i64, course: &str| {
        let columns = "number, mailbox, subject, status, priority, requester, turn, opened_at, updated_at, status_at, turn_at";
        let own = format!("{number}, mailbox, 'Old', 'closed', priority, requester, 'staff', 1, 1, 1, 1");
        rows.run(&format!("insert into tickets ({columns}) select {own} from tickets where number = 1")).await;
        let columns = "ticket, mailbox, priority, active, opened_at, last_at, course";
        let own = format!("{number}, mailbox, priority, {active}, {opened_at}, {opened_at}, '{course}'");
        rows.run(&format!("insert into courses ({columns}) select {own} from tickets where number = 1")).await;
    };
    one_more(30_000, 0, 1, "o0.1.0;s1000.1.14;").await;
    for (period, before) in Period::ALL.into_iter().zip(&before) {
        assert_eq!(figures(store, desk.frame(period, &zone), Picked::default()).await, *before, "{period:?}");
    }
    let now: Timestamp = NOW.parse().unwrap();
    let asked = async |seconds: i64, picked: Picked| {
        let frame = Frame { now: now + SignedDuration::from_secs(seconds), ..desk.frame(Period::Days30, &zone) };
        let counted = store.figures(frame, picked).await.unwrap();
        (counted.at.duration_since(now).as_secs(), counted.figures.all.opened)
    };
    let urgent = Picked { priority: Some(Priority::Urgent), ..Picked::default() };
    let (at, opened) = asked(0, Picked::default()).await;
    assert_eq!(at, 0);
    one_more(30_001, 1, now.as_millisecond() - 1000, "o0.1.0;").await;
    assert_eq!(asked(5, Picked::default()).await, (0, opened), "six seconds for 30,000 tickets");
    assert_eq!(asked(5, urgent).await.0, 5, "other tickets are another count");
    assert_eq!(asked(7, Picked::default()).await, (7, opened + 1));
    assert_eq!(asked(2, Picked::default()).await.0, 2, "a clock that goes back is believed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_without_tickets_has_figures_too() {
    let desk = TempStore::new().await;
    let zone = TimeZone::UTC;
    for period in Period::ALL {
        let days = period.days(NOW.parse::<Timestamp>().unwrap() + SignedDuration::from_hours(1), &zone);
        let before = Period::before(&days, &zone);
        let calendars = Calendars { desk: Calendar::around_the_clock(zone.clone()), own: Default::default() };
        let terms = Terms { targets: Targets::default(), calendars };
        let frame = Frame { period, days, now: NOW.parse().unwrap(), before, zone: zone.clone(), terms, staff: Vec::new() };
        let figures = figures(&desk.store, frame, Picked::default()).await;
        assert!(!figures.all.is_something() && figures.days.iter().all(|it| it.backlog() == 0));
    }
}
