//! A clock that ran a year ahead is right again: what it wrote meanwhile stops nobody until that year is over.

use std::time::Duration;

use jiff::SignedDuration;
use maildesk::{
    actions::set_status,
    desk::{
        health::{Round, Shown},
        settings::{Budgets, DeskSettings},
        ticket::Status,
        trouble::{Trouble, TroubleKind},
    },
    workers::{
        housekeeping::{self, Pace},
        take_in::Begun,
    },
};
use tokio::time::Instant;

use crate::test_desk::{TestDesk, mail};

const YEAR: SignedDuration = SignedDuration::from_hours(24 * 365);

#[tokio::test(flavor = "multi_thread")]
async fn what_a_clock_wrote_that_was_ahead_counts_in_no_budget_once_it_is_right() {
    let budgets = Budgets {
        new_per_sender_hour: 2,
        per_ticket_hour: 3, // with the one that opened it
        automatic_per_address_hour: 2,
        automatic_per_address_day: 2,
        automatic_per_domain_hour: 2,
        automatic_per_hour: 2,
    };
    let desk = TestDesk::with(DeskSettings { budgets, ..DeskSettings::default() }, |_| ()).await;
    desk.mail_does_not_matter();
    for ahead in [YEAR, -YEAR] {
        desk.later(ahead);
        let mut number = None;
        for n in 0..2 {
            let opened = desk.write("Ann <ann@home.test>", &format!("Printer {n} at {ahead}"), "It smokes.").await;
            number = Some(opened.ticket.unwrap_or_else(|| panic!("{ahead}: {}", opened.reason)));
        }
        let number = number.unwrap();
        for n in 0..2 {
            let joined = desk.receive(&mail("Ann <ann@home.test>", &format!("Re: [#{number}] Printer"), &[], &format!("Still {n}."))).await;
            assert_eq!(joined.ticket, Some(number), "{ahead}: {}", joined.reason);
        }
        let over = desk.write("Ann <ann@home.test>", "One more", "It burns.").await;
        assert_eq!(over.decision, "hold", "{ahead}: {}", over.reason);
    }
    let receipts = desk.mail().await.into_iter().filter(|it| it.to == "ann@home.test").count();
    assert_eq!(receipts, 2, "those of the clock that is right; the others are due in a year");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_leaps_ahead_for_a_while_closes_no_ticket_and_tells_nobody() {
    let desk = TestDesk::new().await;
    let number = desk.write("Ann <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    set_status::set_status(&desk.desk, &desk.hal, number, None, Status::Resolved).await.unwrap();
    desk.mail().await;
    let (mut begun, mut pace, t0) = (Begun::default(), Pace::default(), Instant::now());
    let minutes = |n: u64| t0 + Duration::from_secs(60 * n);
    housekeeping::step(&desk.desk, &mut begun, &mut pace, t0).await.unwrap();
    for (leap, at) in [(YEAR, 1), (SignedDuration::from_mins(1), 2), (SignedDuration::from_mins(1) - YEAR, 3)] {
        desk.later(leap);
        housekeeping::step(&desk.desk, &mut begun, &mut pace, minutes(at)).await.unwrap();
        assert_eq!(desk.ticket(number).await.status, Status::Resolved, "after {at} minutes");
    }
    desk.later(SignedDuration::from_hours(8 * 24));
    housekeeping::step(&desk.desk, &mut begun, &mut pace, minutes(8 * 24 * 60 + 3)).await.unwrap();
    assert_eq!(desk.ticket(number).await.status, Status::Closed, "by now it has lain for a week");
    desk.mail().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_clock_is_known_to_be_wrong_no_ticket_closes_by_itself() {
    let desk = TestDesk::new().await;
    let number = desk.write("Ann <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    set_status::set_status(&desk.desk, &desk.hal, number, None, Status::Resolved).await.unwrap();
    desk.mail().await;
    desk.later(SignedDuration::from_hours(8 * 24));
    let at = desk.desk.clock.now();
    let trouble = Trouble { kind: TroubleKind::Clock, about: "here".to_owned(), since: at, says: String::new(), mend: String::new() };
    let known = |troubles: Vec<Shown>| {
        desk.desk.health.set(Round { at, troubles, passing: Vec::new(), mailboxes: Vec::new(), not_looked_into: Vec::new() })
    };
    let (mut begun, mut pace, t0) = (Begun::default(), Pace::default(), Instant::now());
    known(vec![Shown { trouble, found_at: at }]);
    housekeeping::step(&desk.desk, &mut begun, &mut pace, t0).await.unwrap();
    assert_eq!(desk.ticket(number).await.status, Status::Resolved);
    known(Vec::new());
    housekeeping::step(&desk.desk, &mut begun, &mut pace, t0).await.unwrap();
    assert_eq!(desk.ticket(number).await.status, Status::Closed, "by now it is right, and a week is over");
    desk.mail().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_leaps_by_less_than_an_hour_closes_nothing_either() {
    let settings = DeskSettings { close_after: SignedDuration::from_hours(1), ..DeskSettings::default() };
    let desk = TestDesk::with(settings, |_| ()).await;
    let number = desk.write("Ann <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    set_status::set_status(&desk.desk, &desk.hal, number, None, Status::Resolved).await.unwrap();
    desk.mail().await;
    let (mut begun, mut pace, t0) = (Begun::default(), Pace::default(), Instant::now());
    let minutes = |n: u64| t0 + Duration::from_secs(60 * n);
    housekeeping::step(&desk.desk, &mut begun, &mut pace, t0).await.unwrap();
    desk.later(SignedDuration::from_mins(45));
    housekeeping::step(&desk.desk, &mut begun, &mut pace, minutes(25)).await.unwrap();
    desk.later(SignedDuration::from_mins(16));
    housekeeping::step(&desk.desk, &mut begun, &mut pace, minutes(39)).await.unwrap();
    assert_eq!(desk.ticket(number).await.status, Status::Resolved, "20 minutes of that hour were none");
    desk.later(SignedDuration::from_mins(1));
    housekeeping::step(&desk.desk, &mut begun, &mut pace, minutes(40)).await.unwrap();
    assert_eq!(desk.ticket(number).await.status, Status::Closed);
    desk.mail().await;
}
