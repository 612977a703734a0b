//! The round-trip probe: a mailbox writes to itself, and what does not come back is an alarm.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use maildesk::{
    actions::{
        ActionError, Desk,
        round_trip::{Asked, send_where_due},
    },
    demo::world::{World, WorldOptions},
    desk::{
        id::MailboxId,
        mailbox::{ImapAccount, MailServer, SmtpAccount, Tls},
        round_trip::{Stage, Trip},
        settings::{DeskSettings, MailboxSettings, Mode, TakeExisting, WayIn},
        triage::PROBE,
        trouble::TroubleKind,
    },
    mail::{imap::ImapLimits, smtp::SmtpPool},
    store::{
        Opener, Store, StoreError,
        leases::{self, Fence},
        ledger::{self, Probes},
        mailboxes, round_trips,
    },
    workers::{
        caution::Caution,
        instance::Instance,
        intake::{Watch, Watched},
        lease::Lease,
        lmtp,
        sender::{self, Lane, LaneBounds},
    },
};
use tokio_util::sync::CancellationToken;

use crate::{
    rows::Rows,
    test_desk::{Mail, SUPPORT, TestDesk, mail},
};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// A desk whose mailbox writes to itself every hour, and who reads it.
struct Probing {
    desk: TestDesk,
    fence: Fence,
}

/// What left of it: probes, and what the admins are told.
#[derive(Default)]
struct Left {
    probes: Vec<Mail>,
    told: Vec<String>,
}

impl Probing {
    async fn new() -> Self {
        Self::with(Mode::Live).await
    }

    async fn with(mode: Mode) -> Self {
        let desk = TestDesk::with(DeskSettings::default(), |it| (it.probe_every, it.mode) = (Some(HOUR), mode)).await;
        let instance = Instance::begin(&desk.desk, "one").await.unwrap();
        let fence = granted(&desk, desk.mailbox, &instance).await.expect("nobody else reads it");
        Self { desk, fence }
    }

    async fn send(&self) -> Asked {
        send_where_due(&self.desk.desk, self.fence).await.unwrap()
    }

    /// Its folder was looked at, and everything there taken in.
    async fn look(&self) -> Asked {
        let mut tx = self.desk.desk.store.begin().await.unwrap();
        mailboxes::checked(&mut tx, self.desk.mailbox, 0, self.desk.desk.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        self.send().await
    }

    async fn leaves(&self) -> Left {
        let (probes, told): (Vec<Mail>, Vec<Mail>) = self.desk.mail().await.into_iter().partition(|it| it.to == SUPPORT);
        // The still clock of a test is not that of PostgreSQL's machine.
        let told = told.iter().map(|it| it.read.subject.clone()).filter(|it| !it.contains("clock"));
        Left { probes, told: told.collect() }
    }

    /// So many minutes in which it is read, and what is due leaves.
    async fn go(&self, minutes: i64) -> Left {
        let mut all = Left::default();
        for _ in 0..minutes {
            self.desk.later(SignedDuration::from_mins(1));
            self.look().await;
            self.desk.round().await;
            let left = self.leaves().await;
            all.probes.extend(left.probes);
            all.told.extend(left.told);
        }
        all
    }

    async fn stage(&self) -> Option<Stage> {
        round_trips::newest(&mut self.desk.desk.store.read().await.unwrap(), self.desk.mailbox).await.unwrap().map(|it| it.stage)
    }

    async fn trip(&self) -> Option<Trip> {
        round_trips::last_trip(&mut self.desk.desk.store.read().await.unwrap(), self.desk.mailbox).await.unwrap()
    }

    /// What is not well now, whether or not it counts yet.
    fn troubles(&self) -> Vec<TroubleKind> {
        let round = self.desk.desk.health.get().unwrap();
        round.troubles.iter().chain(&round.passing).map(|it| it.trouble.kind).filter(|it| *it != TroubleKind::Clock).collect()
    }
}

async fn granted(desk: &TestDesk, mailbox: MailboxId, instance: &Instance) -> Option<Fence> {
    let mut tx = desk.desk.store.begin().await.unwrap();
    let fence = leases::grant(&mut tx, mailbox, instance.id(), desk.desk.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    fence
}

#[tokio::test(flavor = "multi_thread")]
async fn it_leaves_comes_back_and_is_nobodys_mail() {
    let it = Probing::new().await;
    assert_eq!((it.send().await, it.send().await), (Asked::Sent, Asked::NotDue), "the first at once, and one at a time");
    assert_eq!(it.stage().await, Some(Stage::Waits));
    let [probe] = &it.leaves().await.probes[..] else { panic!("one leaves") };
    for header in ["Auto-Submitted: auto-generated", "X-Auto-Response-Suppress: All", "X-Maildesk-Loop: "] {
        assert!(probe.raw.contains(header), "{}", probe.raw);
    }
    assert_eq!(probe.envelope_from.as_deref(), Some(SUPPORT));
    assert!(matches!(it.stage().await, Some(Stage::HandedOver(_))));
    it.desk.later(SignedDuration::from_secs(12));
    let outcome = it.desk.receive(&probe.raw).await;
    assert_eq!((outcome.decision, outcome.ticket, outcome.reason.as_str()), ("ignore", None, PROBE));
    let trip = it.trip().await.unwrap();
    assert_eq!((trip.took, trip.back_at, it.stage().await), (SignedDuration::from_secs(12), it.desk.desk.clock.now(), Some(Stage::Back)));

    // Met again, the same octets or by another way: it counts once.
    it.desk.later(SignedDuration::from_mins(3));
    assert!(it.desk.receive_again(&probe.raw).await.is_none());
    let again = it.desk.receive(&probe.raw.replace("Subject: ", "Subject: [ext] ")).await;
    assert_eq!((again.reason.as_str(), it.trip().await), (PROBE, Some(trip)));

    // It is no mail that came, and stands in no list that people look at, unless they ask.
    let mut conn = it.desk.desk.store.read().await.unwrap();
    assert!(maildesk::store::health::mailboxes(&mut conn).await.unwrap()[0].1.last_mail_at.is_none());
    assert!(ledger::list(&mut conn, Probes::LeftOut, None, 10).await.unwrap().is_empty());
    assert_eq!(ledger::list(&mut conn, Probes::Shown, None, 10).await.unwrap().len(), 2);
    let flow = maildesk::store::health::flow(&mut conn, it.desk.desk.clock.now() - HOUR, it.desk.desk.clock.now() - HOUR).await.unwrap();
    assert_eq!((flow.sent_today, flow.settled_in_week), (0, 0));
    drop(conn);
    it.desk.later(SignedDuration::from_mins(56));
    assert_eq!(it.send().await, Asked::NotDue);
    it.desk.later(SignedDuration::from_mins(1));
    assert_eq!(it.send().await, Asked::Sent);
    it.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_does_not_come_back_is_told_once_and_over_when_a_later_one_does() {
    let it = Probing::new().await;
    let first = it.go(11).await;
    assert_eq!((first.probes.len(), first.told.len()), (1, 0), "it may still come back");
    let told = it.go(40).await;
    assert_eq!(told.told, ["The message that support@desk.test sent to itself has not come back."]);
    assert!(told.probes.is_empty() && it.troubles() == [TroubleKind::Probe]);
    // The next one is under way, and the trouble stays until it is back.
    let next = it.go(15).await;
    let [probe] = &next.probes[..] else { panic!("one in an hour: {}", next.probes.len()) };
    assert_eq!((next.told.len(), it.troubles()), (0, vec![TroubleKind::Probe]));
    it.desk.receive(&probe.raw).await;
    let over = it.go(10).await;
    assert_eq!(over.told, ["Over: The message that support@desk.test sent to itself has not come back."]);
    assert!(it.troubles().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn while_it_waits_to_leave_that_is_the_senders_trouble() {
    let it = Probing::new().await;
    assert_eq!(it.look().await, Asked::Sent);
    for _ in 0..11 {
        it.desk.later(SignedDuration::from_mins(1));
        assert_eq!(it.look().await, Asked::NotDue);
        it.desk.round().await;
    }
    it.desk.later(HOUR * 3);
    assert_eq!(it.look().await, Asked::NotDue, "one at a time, however long it waits");
    it.desk.round().await;
    assert_eq!(it.troubles(), [TroubleKind::Unsent]);
    assert_eq!(it.leaves().await.probes.len(), 1);
    it.desk.round().await;
    assert!(it.troubles().is_empty(), "from now on it is waited for");
    it.desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_night_away_makes_one_probe_and_no_alarm_for_what_nobody_looked_for() {
    let it = Probing::new().await;
    it.look().await;
    let [probe] = &it.leaves().await.probes[..] else { panic!("one leaves") };
    it.desk.later(HOUR * 72);
    it.desk.round().await;
    assert!(!it.troubles().contains(&TroubleKind::Probe), "its folder was not looked at");
    it.desk.receive(&probe.raw).await;
    let left = it.go(50).await;
    assert_eq!((left.probes.len(), it.trip().await.map(|it| it.took)), (1, Some(HOUR * 72)));
    // A clock that is set back holds nothing off for as long.
    it.desk.receive(&left.probes[0].raw).await;
    it.desk.later(-(HOUR * 24 * 365));
    assert_eq!((it.send().await, it.send().await), (Asked::Sent, Asked::NotDue));
    it.desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_one_carries_no_weight() {
    let it = Probing::new().await;
    it.send().await;
    let [probe] = &it.leaves().await.probes[..] else { panic!("one leaves") };
    let id = probe.read.message_id.clone().unwrap();
    let flipped =
        if id.as_str().starts_with("0.0.a") { id.as_str().replacen("0.0.a", "0.0.b", 1) } else { format!("0.0.a{}", &id.as_str()[5..]) };
    for id in [flipped.as_str(), "0.0.abc.aaaaaaaaaaaaaaaa@desk.test"] {
        let raw = mail(SUPPORT, "Round-trip probe", &[&format!("Message-ID: <{id}>")], "I came back.");
        let outcome = it.desk.receive(&raw).await;
        assert_ne!(outcome.reason, PROBE);
    }
    assert!(matches!(it.stage().await, Some(Stage::HandedOver(_))), "it is still waited for");
    it.desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_its_server_refuses_is_an_alarm_and_no_line_among_what_was_not_sent() {
    let it = Probing::new().await;
    it.look().await;
    it.leaves().await;
    Rows::of(&it.desk.url).await.run("update deliveries set state = 'bounced'").await;
    it.desk.later(SignedDuration::from_secs(5));
    it.look().await;
    it.desk.round().await;
    assert_eq!((it.troubles(), it.stage().await), (vec![TroubleKind::Probe], Some(Stage::Over)));
    let mut conn = it.desk.desk.store.read().await.unwrap();
    assert!(maildesk::store::health::outbox(&mut conn, maildesk::store::health::Which::NotDelivered, None, 9).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_instances_the_one_that_reads_the_mailbox_sends() {
    let it = Probing::new().await;
    let store = Store::open(&it.desk.url, it.desk.folder.path(), Opener::Command).await.unwrap();
    let two = Desk { store, ..it.desk.desk.clone() };
    let other = Instance::begin(&two, "two").await.unwrap();
    assert!(Lease::take(&two, &other, it.desk.mailbox).await.unwrap().is_none(), "it stands by");
    let stale = Fence { instance: other.id(), ..it.fence };
    let refused = send_where_due(&two, stale).await;
    assert!(matches!(refused, Err(ActionError::Store(StoreError::LeaseLost(_)))), "{refused:?}");
    assert_eq!((it.send().await, send_where_due(&two, stale).await.unwrap()), (Asked::Sent, Asked::NotDue));
    assert_eq!(it.leaves().await.probes.len(), 1);
    // One that takes over sends no second one while the first may come back.
    let mut tx = it.desk.desk.store.begin().await.unwrap();
    leases::give_back(&mut tx, it.fence).await.unwrap();
    tx.commit().await.unwrap();
    let lease = Lease::take(&two, &other, it.desk.mailbox).await.unwrap().unwrap();
    assert_eq!(send_where_due(&two, lease.fence()).await.unwrap(), Asked::NotDue);
    assert_eq!(it.stage().await.map(|it| matches!(it, Stage::HandedOver(_))), Some(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_mail_is_handed_over_one_is_sent_and_missed_all_the_same() {
    let set = |it: &mut MailboxSettings| (it.probe_every, it.way_in) = (Some(HOUR), WayIn::HandedOver);
    let it = TestDesk::with(DeskSettings::default(), set).await;
    let instance = Instance::begin(&it.desk, "one").await.unwrap();
    assert_eq!(lmtp::probe(&it.desk, it.mailbox, &instance).await.unwrap(), Asked::Sent);
    assert_eq!(lmtp::probe(&it.desk, it.mailbox, &instance).await.unwrap(), Asked::NotDue);
    let probe = it.mail().await.remove(0);
    let lost = || it.desk.health.get().unwrap().troubles.iter().any(|it| it.trouble.kind == TroubleKind::Probe);
    it.rounds(9).await;
    assert!(!lost(), "it may still come");
    it.rounds(5).await;
    assert!(lost(), "the door was open all the while");
    it.receive(&probe.raw).await;
    it.rounds(1).await;
    assert!(!lost());
    it.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_in_shadow_mode_sends_none() {
    let it = Probing::with(Mode::Shadow).await;
    assert_eq!((it.look().await, it.stage().await), (Asked::NotDue, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn through_the_servers_it_comes_back_by_itself_and_is_filed() {
    let it = Probing::new().await;
    let world = World::start(WorldOptions::default()).await.unwrap();
    world.add_account(SUPPORT, "secret");
    let server = |at: std::net::SocketAddr| MailServer { host: at.ip().to_string(), port: at.port(), tls: Tls::None, ca_file: None };
    let account = ImapAccount {
        server: server(world.imap_addr()),
        user: SUPPORT.to_owned(),
        sign_in: "secret".into(),
        folder: "INBOX".to_owned(),
        done_folder: Some("Done".to_owned()),
    };
    let watched = Watched {
        mailbox: it.desk.mailbox,
        name: "support".to_owned(),
        account,
        poll_every: Duration::from_secs(60),
        take_existing: TakeExisting::All,
        limits: ImapLimits::default(),
    };
    let pool = SmtpPool::new(SmtpAccount { server: server(world.smtp_addr()), sign_in: None, connections: 1 });
    let mut lane = Lane::new(it.desk.mailbox, SUPPORT.parse().unwrap(), pool, LaneBounds { connections: 1, per_minute: 100 }, "test");
    let desk = &it.desk.desk;
    let mut tx = desk.store.begin().await.unwrap();
    leases::give_back(&mut tx, it.fence).await.unwrap();
    tx.commit().await.unwrap();
    let instance: Arc<Instance> = Instance::begin(desk, "reader").await.unwrap();
    let lease = Lease::take(desk, &instance, it.desk.mailbox).await.unwrap().unwrap();
    let (stop, mut caution) = (CancellationToken::new(), Caution::default());
    let mut watch = Watch::open(desk, &watched, &lease, &mut caution, &stop).await.unwrap();

    watch.full_step().await.unwrap();
    assert_eq!(it.stage().await, Some(Stage::Waits), "a look at the folder sends what is due");
    while let sender::Step::Worked(_) = sender::step(desk, &mut lane).await.unwrap() {}
    assert!(matches!(it.stage().await, Some(Stage::HandedOver(_))));
    assert_eq!(watch.full_step().await.unwrap().taken, 1);
    assert_eq!(it.stage().await, Some(Stage::Back));
    let [filed] = &world.messages(SUPPORT, "Done")[..] else { panic!("it is filed") };
    assert!(filed.has("\\Seen") && filed.text().contains("Subject: Round-trip probe"), "{}", filed.text());
    assert!(world.messages(SUPPORT, "INBOX").is_empty());
}
