//! Several daemons on one database: one reads a mailbox, the others stand by, and what an earlier reader still does comes to nothing.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use maildesk::{
    actions::Desk,
    clock::Clock,
    demo::world::{World, WorldOptions},
    desk::{
        id::DeliveryId,
        mailbox::{ImapAccount, MailServer, Tls},
        settings::TakeExisting,
    },
    mail::imap::ImapLimits,
    store::{
        Opener, Store, StoreError, mailboxes,
        messages::{self, Arrived, Taken},
        sending,
    },
    workers::{
        WorkerError,
        caution::Caution,
        instance::{self, Instance, LEASE, Rounds},
        intake::{self, Watch, Watched},
        lease::Lease,
        sender,
        take_in::{self, Begun},
    },
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    rows::Rows,
    test_desk::{SUPPORT, TestDesk, mail},
};

const PATIENCE: Duration = Duration::from_secs(20);

/// Two daemons on one database, and the mailbox that both are to read.
struct Two {
    first: Desk,
    second: Desk,
    watched: Watched,
    world: World,
    desk: TestDesk,
}

impl Two {
    async fn new() -> Self {
        let desk = TestDesk::new().await;
        desk.mail_does_not_matter();
        let world = World::start(WorldOptions::default()).await.unwrap();
        world.add_account(SUPPORT, "secret");
        let addr = world.imap_addr();
        let server = MailServer { host: addr.ip().to_string(), port: addr.port(), tls: Tls::None, ca_file: None };
        let account = ImapAccount {
            server,
            user: SUPPORT.to_owned(),
            sign_in: "secret".into(),
            folder: "INBOX".to_owned(),
            done_folder: Some("Done".to_owned()),
        };
        let watched = Watched {
            mailbox: desk.mailbox,
            name: "support".to_owned(),
            account,
            poll_every: Duration::from_secs(60),
            take_existing: TakeExisting::All,
            limits: ImapLimits::default(),
        };
        Self { first: daemon(&desk).await, second: daemon(&desk).await, watched, world, desk }
    }

    fn deliver(&self, subject: &str) {
        self.world.deliver(SUPPORT, mail("Ann <ann@home.test>", subject, &[], "It smokes.").replace('\n', "\r\n").as_bytes());
    }

    async fn rows(&self) -> Rows {
        Rows::of(&self.desk.url).await
    }

    /// Nobody says anything to the database for so long.
    async fn silence(&self, lasting: Duration) {
        self.rows().await.run(&format!("update instances set alive_until = alive_until - {}", lasting.as_millis())).await;
    }

    fn pass(&self, time: SignedDuration) {
        self.first.clock.advance(time);
        self.second.clock.advance(time);
    }

    async fn messages(&self) -> i64 {
        self.rows().await.count("select count(*) from messages").await
    }

    fn done(&self) -> usize {
        self.world.messages(SUPPORT, "Done").len()
    }
}

/// As another process has it: with a store and a clock of its own, and without the lock that would keep it away on SQLite.
async fn daemon(desk: &TestDesk) -> Desk {
    let store = Store::open(&desk.url, desk.folder.path(), Opener::Command).await.unwrap();
    Desk { store, clock: Clock::still(desk.desk.clock.now()), ..desk.desk.clone() }
}

async fn take(desk: &Desk, instance: &Arc<Instance>, watched: &Watched) -> Option<Lease> {
    Lease::take(desk, instance, watched.mailbox).await.unwrap()
}

fn is_lost<T>(done: &Result<T, WorkerError>) -> bool {
    matches!(done, Err(WorkerError::Store(StoreError::LeaseLost(_))))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_reads_and_when_it_ends_the_other_goes_on_where_it_was() {
    let two = Two::new().await;
    let (a, b) = (Instance::begin(&two.first, "a").await.unwrap(), Instance::begin(&two.second, "b").await.unwrap());
    let (stop, mut caution, mut other) = (CancellationToken::new(), Caution::default(), Caution::default());
    let lease = take(&two.first, &a, &two.watched).await.unwrap();
    assert!(take(&two.second, &b, &two.watched).await.is_none(), "it stands by");
    two.deliver("one");
    let mut watch = Watch::open(&two.first, &two.watched, &lease, &mut caution, &stop).await.unwrap();
    assert_eq!(watch.full_step().await.unwrap().taken, 1);
    drop(watch);
    let before = lease.fence().number;
    lease.give_back(&two.first).await.unwrap();

    let lease = take(&two.second, &b, &two.watched).await.unwrap();
    assert!(lease.fence().number > before);
    two.deliver("two");
    let mut watch = Watch::open(&two.second, &two.watched, &lease, &mut other, &stop).await.unwrap();
    assert_eq!(watch.full_step().await.unwrap().taken, 1);
    assert_eq!((two.messages().await, two.done()), (2, 2));
    b.end(&two.second).await.unwrap();
    assert!(take(&two.first, &a, &two.watched).await.is_some(), "whoever ends has nothing leased");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_wakes_after_its_lease_ran_out_writes_nothing_and_files_nothing() {
    let two = Two::new().await;
    let (a, b) = (Instance::begin(&two.first, "a").await.unwrap(), Instance::begin(&two.second, "b").await.unwrap());
    let (stop, mut caution, mut other) = (CancellationToken::new(), Caution::default(), Caution::default());
    let stopped = take(&two.first, &a, &two.watched).await.unwrap();
    let mut watch = Watch::open(&two.first, &two.watched, &stopped, &mut caution, &stop).await.unwrap();
    watch.full_step().await.unwrap();

    // The first is stopped (SIGSTOP); the second goes its rounds.
    let (mut rounds, t0) = (Rounds::default(), Instant::now());
    instance::step(&two.second, &b, &mut rounds, t0).await.unwrap();
    two.silence(LEASE + Duration::from_secs(1)).await;
    instance::step(&two.second, &b, &mut rounds, t0 + Duration::from_secs(10)).await.unwrap();
    assert!(take(&two.second, &b, &two.watched).await.is_none(), "it may still say that it lives");
    instance::step(&two.second, &b, &mut rounds, t0 + Duration::from_secs(20)).await.unwrap();
    instance::step(&two.second, &b, &mut rounds, t0 + Duration::from_secs(30)).await.unwrap();
    let lease = take(&two.second, &b, &two.watched).await.expect("it is taken over within 60 s");

    // It wakes, with mail there to take, and mail to file that was decided.
    two.deliver("one");
    assert!(is_lost(&watch.step().await));
    assert_eq!((two.messages().await, two.done()), (0, 0));
    let mut reading = Watch::open(&two.second, &two.watched, &lease, &mut other, &stop).await.unwrap();
    two.world.misbehave(|it| it.read_only = true);
    reading.full_step().await.unwrap();
    two.world.misbehave(|it| it.read_only = false);
    assert!(is_lost(&watch.full_step().await) && is_lost(&stopped.begin(&two.first).await));
    assert_eq!(two.messages().await, 1);
    assert!(two.world.messages(SUPPORT, "INBOX").iter().all(|it| !it.has("\\Seen")), "nothing is filed by it");
    assert!(!stopped.ended().is_cancelled());
    a.live_on(&two.first).await.unwrap();
    assert!(stopped.ended().is_cancelled() && stopped.certain_until().is_some_and(|it| it <= Instant::now()), "and it hears of it");
    assert!(take(&two.first, &a, &two.watched).await.is_none());
    b.end(&two.second).await.unwrap();
    assert!(take(&two.first, &a, &two.watched).await.is_some(), "it lives on, and may read again");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_of_the_same_name_share_nothing_and_a_dead_ones_deliveries_go_on() {
    let two = Two::new().await;
    two.desk.write("Ann <ann@home.test>", "Printer", "It smokes.").await;
    let now = two.first.clock.now() + SignedDuration::from_mins(1);
    let a = Instance::begin(&two.first, "box/127.0.0.1:80").await.unwrap();
    let mut tx = two.first.store.begin().await.unwrap();
    let until = now + SignedDuration::from_mins(40);
    let due = sending::due(&mut tx, two.desk.mailbox, &a.owner(), &[], 10, now).await.unwrap();
    let ids: Vec<DeliveryId> = due.iter().map(|it| it.id).collect();
    let leased = sending::lease(&mut tx, &format!("{} lane", a.owner()), until, &ids, now).await.unwrap();
    tx.commit().await.unwrap();
    assert!(!leased.is_empty());

    let b = Instance::begin(&two.second, "box/127.0.0.1:80").await.unwrap();
    sender::take_up(&two.second).await.unwrap();
    let next = sending::next_due(&mut two.second.store.read().await.unwrap(), two.desk.mailbox, now).await.unwrap();
    assert!(next.is_none(), "what the first hands over is not handed over by the second too");

    let (mut rounds, t0) = (Rounds::default(), Instant::now());
    instance::step(&two.second, &b, &mut rounds, t0).await.unwrap();
    two.silence(LEASE * 2).await;
    for seconds in [10, 20, 30] {
        instance::step(&two.second, &b, &mut rounds, t0 + Duration::from_secs(seconds)).await.unwrap();
    }
    let next = sending::next_due(&mut two.second.store.read().await.unwrap(), two.desk.mailbox, now).await.unwrap().unwrap();
    assert!(next <= now, "the first is dead: {next}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_by_a_year_makes_no_two_readers_and_blocks_nobody_for_a_year() {
    for jump in [SignedDuration::from_hours(24 * 365), SignedDuration::from_hours(-24 * 365)] {
        let two = Two::new().await;
        let (a, b) = (Instance::begin(&two.first, "a").await.unwrap(), Instance::begin(&two.second, "b").await.unwrap());
        let lease = take(&two.first, &a, &two.watched).await.unwrap();
        let (mut of_a, mut of_b, t0) = (Rounds::default(), Rounds::default(), Instant::now());
        let at = |seconds| t0 + Duration::from_secs(seconds);
        instance::step(&two.second, &b, &mut of_b, t0).await.unwrap();
        two.first.clock.advance(jump);
        for seconds in [10, 20, 30, 40, 50, 60] {
            two.pass(SignedDuration::from_secs(10));
            instance::step(&two.first, &a, &mut of_a, at(seconds)).await.unwrap();
            instance::step(&two.second, &b, &mut of_b, at(seconds)).await.unwrap();
            assert!(lease.begin(&two.first).await.is_ok() && take(&two.second, &b, &two.watched).await.is_none(), "{jump} {seconds}");
        }
        // It ends without a word, and what it said last may be true for a year.
        for seconds in [70, 80, 90, 100, 110, 120] {
            two.pass(SignedDuration::from_secs(10));
            instance::step(&two.second, &b, &mut of_b, at(seconds)).await.unwrap();
        }
        assert!(take(&two.second, &b, &two.watched).await.is_some(), "{jump}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_daemon_on_an_sqlite_database_does_not_start_wherever_its_data_folder_is() {
    let desk = TestDesk::new().await;
    if !desk.url.starts_with("sqlite:") {
        return;
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let refused = Store::open(&desk.url, elsewhere.path(), Opener::Daemon).await.unwrap_err();
    assert!(refused.to_string().contains("in use by another maildesk"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_did_not_hear_of_its_lease_or_could_not_give_it_back_has_it_again() {
    let two = Two::new().await;
    let a = Instance::begin(&two.first, "a").await.unwrap();
    let unheard = take(&two.first, &a, &two.watched).await.unwrap();
    let lease = take(&two.first, &a, &two.watched).await.expect("nobody else reads it");
    assert!(lease.begin(&two.first).await.is_ok() && is_lost(&unheard.begin(&two.first).await), "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_want_it_at_one_moment_one_has_it() {
    let two = Two::new().await;
    let mut all = Vec::new();
    for n in 0..8 {
        let desk = if n % 2 == 0 { two.first.clone() } else { two.second.clone() };
        let instance = Instance::begin(&desk, "box").await.unwrap();
        let mailbox = two.desk.mailbox;
        all.push(tokio::spawn(async move { Lease::take(&desk, &instance, mailbox).await.unwrap().is_some() }));
    }
    let mut granted = 0;
    for one in all {
        granted += usize::from(one.await.unwrap());
    }
    assert_eq!(granted, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_daemons_take_each_message_once_and_the_second_takes_over_when_the_first_is_told_to_stop() {
    let two = Two::new().await;
    let mut running = Vec::new();
    for (desk, name) in [(&two.first, "a"), (&two.second, "b")] {
        let (desk, stop) = (Arc::new(desk.clone()), CancellationToken::new());
        let instance = Instance::begin(&desk, name).await.unwrap();
        running.push((stop.clone(), tokio::spawn(intake::run(desk, instance, two.watched.clone(), stop))));
        two.world.wait_for(SUPPORT, "Done", PATIENCE, |_| true).await.unwrap();
    }
    for n in 0..20 {
        two.deliver(&format!("number {n}"));
    }
    two.world.wait_for(SUPPORT, "Done", PATIENCE, |it| it.len() == 20).await.unwrap();
    let (stop, first) = running.remove(0);
    stop.cancel();
    first.await.unwrap();
    two.deliver("the last");
    two.world.wait_for(SUPPORT, "Done", PATIENCE, |it| it.len() == 21).await.unwrap();
    let (stop, second) = running.remove(0);
    stop.cancel();
    second.await.unwrap();
    assert_eq!(two.messages().await, 21);
    let rows = two.rows().await;
    assert_eq!(rows.count("select count(*) from sightings").await, 21);
    let mailbox = mailboxes::state(&mut two.first.store.read().await.unwrap(), two.desk.mailbox).await.unwrap();
    assert!(mailbox.met_at.is_some());
}

/// Kept, and not decided: whoever has it in hand reads it at the moment, or has ended.
async fn keep_undecided(two: &Two, which: std::ops::Range<usize>) {
    let (desk, now) = (&two.first, two.first.clock.now());
    let mut tx = desk.store.begin().await.unwrap();
    for n in which {
        let raw = mail(&format!("Ann <ann{n}@home.test>"), "Printer", &[], "It smokes.");
        let sha256 = &desk.store.blobs().put(&mut tx, raw.as_bytes(), now).await.unwrap();
        let (mailbox, content_key, size) = (two.desk.mailbox, sha256.as_str(), raw.len() as u64);
        messages::keep(&mut tx, &[Arrived { mailbox, content_key, sha256, size, received_at: now, taken: Taken::Whole }], now)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_instance_has_in_hand_is_suspected_when_that_one_is_dead_and_not_before() {
    let two = Two::new().await;
    let (a, b) = (Instance::begin(&two.first, "a").await.unwrap(), Instance::begin(&two.second, "b").await.unwrap());
    let lease = take(&two.first, &a, &two.watched).await.unwrap();
    keep_undecided(&two, 0..1).await;
    let rows = two.rows().await;
    let suspects = "select count(*) from messages where state = 'stored' and starts = 1";
    take_in::note_left_over(&two.second).await.unwrap();
    assert_eq!(take_in::decide_left_over(&two.second, &mut Begun::by(b.id())).await.unwrap(), 0, "it is in the hand of the first");
    assert_eq!((rows.count(suspects).await, rows.count("select count(*) from messages where state = 'stored'").await), (0, 1));

    let (mut rounds, t0) = (Rounds::default(), Instant::now());
    instance::step(&two.second, &b, &mut rounds, t0).await.unwrap();
    two.silence(LEASE * 2).await;
    for seconds in [10, 20, 30] {
        instance::step(&two.second, &b, &mut rounds, t0 + Duration::from_secs(seconds)).await.unwrap();
    }
    assert_eq!(rows.count(suspects).await, 1, "it may be what has ended the first");
    assert_eq!(
        take_in::decide_left_over(&two.second, &mut Begun::by(b.id())).await.unwrap(),
        1,
        "nobody reads the mailbox: whoever is there"
    );
    assert_eq!(rows.count("select count(*) from messages where decision = 'open-ticket' and starts = 2").await, 1);
    assert!(is_lost(&lease.begin(&two.first).await) && take(&two.second, &b, &two.watched).await.is_some(), "and it is free again");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_look_after_what_was_left_over_one_begins_each_and_no_start_counts_twice() {
    let two = Two::new().await;
    let (a, b) = (Instance::begin(&two.first, "a").await.unwrap(), Instance::begin(&two.second, "b").await.unwrap());
    let rows = two.rows().await;
    for round in 0..5 {
        keep_undecided(&two, round * 3..round * 3 + 3).await;
        rows.run("update messages set starts = 1 where state = 'stored'").await;
        let (mut of_a, mut of_b) = (Begun::by(a.id()), Begun::by(b.id()));
        let (one, other) =
            tokio::join!(take_in::decide_left_over(&two.first, &mut of_a), take_in::decide_left_over(&two.second, &mut of_b));
        assert_eq!(one.unwrap() + other.unwrap(), 3, "round {round}");
    }
    assert_eq!(rows.count("select count(*) from messages where decision = 'open-ticket' and starts = 2").await, 15);
    assert_eq!(rows.count("select count(*) from tickets").await, 15);
}

impl Two {
    /// With four messages in the folder, fetched one at a time, each read while the one before it is decided.
    async fn with_four_messages() -> Self {
        let mut two = Self::new().await;
        two.watched.limits.batch_messages = 1;
        (1..=4).for_each(|n| two.deliver(&format!("number {n}")));
        two
    }

    /// Does it, in the database itself and in its own words, whenever such a row of `messages` is written.
    async fn whenever(&self, event: &str, when: &str, (sqlite, postgres): (&str, &str)) {
        let rows = self.rows().await;
        if self.desk.url.starts_with("sqlite:") {
            rows.run(&format!("create trigger whenever {event} on messages when {when} begin {sqlite}; end")).await;
        } else {
            rows.run(&format!("create function whenever() returns trigger language plpgsql as $$ begin {postgres}; return new; end $$"))
                .await;
            rows.run(&format!("create trigger whenever {event} on messages for each row when ({when}) execute function whenever()")).await;
        }
    }

    async fn no_more(&self) {
        let sqlite = self.desk.url.starts_with("sqlite:");
        self.rows().await.run(if sqlite { "drop trigger whenever" } else { "drop trigger whenever on messages" }).await;
    }

    async fn ledger(&self) -> Vec<String> {
        self.rows().await.texts("select id || ' ' || state from messages order by id".to_owned()).await
    }

    /// Whatever is left over is decided, and the rest of the folder taken in: all of it once, in its order.
    async fn go_on(&self, desk: &Desk, instance: &Arc<Instance>, lease: &Lease) {
        take_in::decide_left_over(desk, &mut Begun::by(instance.id())).await.unwrap();
        let (stop, mut caution) = (CancellationToken::new(), Caution::default());
        Watch::open(desk, &self.watched, lease, &mut caution, &stop).await.unwrap().full_step().await.unwrap();
        let subjects = self.rows().await.texts("select subject from tickets order by number".to_owned()).await;
        assert_eq!(subjects, ["number 1", "number 2", "number 3", "number 4"]);
        assert_eq!((self.messages().await, self.done()), (4, 4));
        assert_eq!(self.desk.verify().await, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_ahead_when_the_lease_is_lost_is_left_to_whoever_has_it_then() {
    let two = Two::with_four_messages().await;
    let (a, b) = (Instance::begin(&two.first, "a").await.unwrap(), Instance::begin(&two.second, "b").await.unwrap());
    let (stop, mut caution) = (CancellationToken::new(), Caution::default());
    let lease = take(&two.first, &a, &two.watched).await.unwrap();
    let mut watch = Watch::open(&two.first, &two.watched, &lease, &mut caution, &stop).await.unwrap();
    let granted = "update fetch_leases set fence = fence + 1";
    two.whenever("after insert", "new.id = 2", (granted, granted)).await;
    assert!(is_lost(&watch.full_step().await));
    assert_eq!(two.ledger().await, ["1 decided", "2 stored"], "the second is not decided without a lease, and the third is not kept");
    assert_eq!(two.done(), 0);
    two.no_more().await;
    drop(watch);
    a.end(&two.first).await.unwrap();
    let lease = take(&two.second, &b, &two.watched).await.unwrap();
    two.go_on(&two.second, &b, &lease).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_message_cannot_be_decided_yet_none_that_was_read_behind_it_is() {
    let two = Two::with_four_messages().await;
    let a = Instance::begin(&two.first, "a").await.unwrap();
    let (stop, mut caution) = (CancellationToken::new(), Caution::default());
    let lease = take(&two.first, &a, &two.watched).await.unwrap();
    let mut watch = Watch::open(&two.first, &two.watched, &lease, &mut caution, &stop).await.unwrap();
    let refuse = ("select raise(abort, 'not now')", "raise exception 'not now'");
    two.whenever("before update", "new.id = 2 and new.state = 'decided'", refuse).await;
    let failed = watch.full_step().await.unwrap_err();
    assert!(failed.to_string().contains("not now"), "{failed}");
    assert_eq!(two.ledger().await, ["1 decided", "2 stored", "3 stored"]);
    two.no_more().await;
    drop(watch);
    two.go_on(&two.first, &a, &lease).await;
}
