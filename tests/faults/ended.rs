//! SIGTERM under load: the daemon ends within 15 s and leaves nothing half done.

use std::time::Duration;

use maildesk::clock::Clock;

use crate::{
    base::{SETTLED, command, configure, mail, wait_for, world},
    daemon::{Daemon, SUPPORT},
};

const ROUNDS: usize = 3;
/// Few enough for the minute that an account may fill.
const MAILS: usize = 25;

#[tokio::test(flavor = "multi_thread")]
async fn told_to_end_in_the_middle_of_its_work_it_ends_in_time_and_sends_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let world = world(Clock::System.now()).await;
    configure(folder.path(), &world, &["support"]);
    // Slow, so that mail is on its way at every moment.
    world.misbehave(|it| it.smtp_answers_after = Duration::from_millis(40));
    let mut n = 0;
    for round in 0..ROUNDS {
        let daemon = Daemon::start(folder.path(), "warn", "");
        let before = i64::from(n);
        for _ in 0..MAILS {
            n += 1;
            world.deliver(SUPPORT, mail(&format!("C{n} <c{n}@home.test>"), &format!("Request {n}"), "It smokes.").as_bytes());
        }
        // In the middle of intake, then of sending.
        let (table, more) = if round % 2 == 0 { ("messages", 1) } else { ("deliveries where state = 'sent'", before / 2) };
        wait_for(folder.path(), &format!("select count(*) > {} from {table}", if round % 2 == 0 { before + more } else { more })).await;
        let took = daemon.end();
        assert!(took < Duration::from_secs(15), "SIGTERM took {took:?}");
        let verify = command(folder.path(), &["verify"]);
        assert!(verify.status.success(), "{}", String::from_utf8_lossy(&verify.stdout));
    }
    world.misbehave(|it| it.smtp_answers_after = Duration::ZERO);
    let daemon = Daemon::start(folder.path(), "warn", "");
    wait_for(folder.path(), &format!("{SETTLED} and (select count(*) from tickets) = {n} and (select count(*) from sightings) = {n}"))
        .await;
    daemon.end();
    assert!(world.messages(SUPPORT, "INBOX").is_empty());
    for customer in 1..=n {
        let mails = world.messages(&format!("c{customer}@home.test"), "INBOX").len();
        assert_eq!(mails, 1, "c{customer} was told {mails} times: a gentle end waits for what is being said");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_are_silent_do_not_keep_it_from_ending() {
    let folder = tempfile::tempdir().unwrap();
    let world = world(Clock::System.now()).await;
    configure(folder.path(), &world, &["support"]);
    world.treat("silent@home.test", maildesk::demo::world::Treatment::Hang);
    world.deliver(SUPPORT, mail("Silent <silent@home.test>", "Quiet", "Psst.").as_bytes());
    let daemon = Daemon::start(folder.path(), "warn", "");
    wait_for(folder.path(), "select count(*) from deliveries where lease_owner is not null").await;
    let took = daemon.end();
    assert!(took < Duration::from_secs(15), "SIGTERM took {took:?}");
}
