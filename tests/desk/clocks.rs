//! A clock that ran a year ahead is right again: what it wrote meanwhile stops nobody until that year is over.

use jiff::SignedDuration;
use maildesk::desk::settings::{Budgets, DeskSettings};

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
        ..Budgets::default()
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
