//! Sending to a real server of the mail world: who goes first, what nobody waits for, what an account in trouble does to its mail.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use maildesk::{
    demo::world::{Treatment, World, WorldOptions},
    desk::{
        address::EmailAddress,
        mailbox::{MailServer, SmtpAccount, Tls},
    },
    mail::smtp::{SmtpLimits, SmtpPool},
    store::{
        outbox::{self, Automatic, Leaves, NewMail, Recipient},
        sending,
    },
    workers::sender::{self, Lane, LaneBounds, Step},
};
use tokio_util::sync::CancellationToken;

use crate::{
    rows::Rows,
    test_desk::{SUPPORT, TestDesk},
};

pub const SOON: Duration = Duration::from_secs(20);

/// A desk whose mail leaves by a server of the mail world.
pub struct Out {
    pub desk: TestDesk,
    pub world: World,
    pub rows: Rows,
}

impl Out {
    pub async fn new() -> Self {
        let desk = TestDesk::new().await;
        desk.mail_does_not_matter();
        let rows = Rows::of(&desk.url).await;
        Self { desk, world: World::start(WorldOptions::default()).await.unwrap(), rows }
    }

    pub fn lane(&self, connections: usize) -> Lane {
        self.lane_with(connections, 100_000)
    }

    pub fn lane_with(&self, connections: usize, per_minute: u32) -> Lane {
        let at = self.world.smtp_addr();
        let server = MailServer { host: at.ip().to_string(), port: at.port(), tls: Tls::None, ca_file: None };
        let limits = SmtpLimits { hello: SOON / 10, command: SOON, transfer: SOON / 20, after_message: SOON / 20, ..SmtpLimits::default() };
        let pool = SmtpPool::with_limits(SmtpAccount { server, sign_in: None, connections }, limits);
        Lane::new(self.desk.mailbox, SUPPORT.parse().unwrap(), pool, LaneBounds { connections, per_minute }, "test")
    }

    /// One mail of this kind to each of these; it is due now.
    pub async fn owe(&self, kind: &str, to: impl IntoIterator<Item = String>) {
        let (desk, now) = (&self.desk.desk, self.desk.desk.clock.now());
        let mut tx = desk.store.begin().await.unwrap();
        let id = format!("{}@desk.test", maildesk::clock::random_token());
        let raw = format!("From: {SUPPORT}\r\nSubject: {kind}\r\nMessage-ID: <{id}>\r\n\r\nwords\r\n");
        let sha256 = desk.store.blobs().put(&mut tx, raw.as_bytes(), now).await.unwrap();
        let from: EmailAddress = SUPPORT.parse().unwrap();
        let mail = NewMail {
            mailbox: self.desk.mailbox,
            kind,
            ticket: None,
            comment: None,
            author: None,
            message_id: &id,
            envelope_from: Some(&from),
            sha256: &sha256,
            subject: kind,
            automatic: Automatic::No,
            leaves: Leaves::Yes,
        };
        let to: Vec<Recipient> = to.into_iter().map(|it| Recipient { address: it.parse().unwrap(), person: None }).collect();
        outbox::insert(&mut tx, &mail, &to, now, now);
        tx.commit().await.unwrap();
    }

    pub async fn owe_one(&self, kind: &str, to: &str) {
        self.owe(kind, [to.to_owned()]).await;
    }

    /// `state attempts`, by address.
    pub async fn stands(&self, address: &str) -> String {
        let sql = format!("select state || ' ' || attempts from deliveries where address = '{address}' order by id desc");
        self.rows.texts(sql).await.remove(0)
    }

    pub fn got(&self, address: &str) -> usize {
        self.world.messages(address, "INBOX").len()
    }

    /// Works until nothing is due.
    pub async fn work(&self, lane: &mut Lane) {
        while let Step::Worked(_) = sender::step(&self.desk.desk, lane).await.unwrap() {}
    }

    /// Runs a lane while `meanwhile` goes on.
    async fn beside<T>(&self, lane: Lane, meanwhile: impl Future<Output = T>) -> T {
        let stop = CancellationToken::new();
        let running = tokio::spawn(sender::run(Arc::new(self.desk.desk.clone()), lane, stop.clone()));
        let done = meanwhile.await;
        running.abort();
        running.await.ok();
        done
    }

    async fn arrives(&self, address: &str) {
        self.world.wait_for(address, "INBOX", SOON, |it| !it.is_empty()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_reply_leaves_before_ten_thousand_old_ones_and_five_hundred_receipts() {
    let out = Out::new().await;
    out.owe("receipt", (0..10_000).map(|n| format!("old{n}@old{}.test", n % 50))).await;
    out.rows.run("update deliveries set state = 'delayed', attempts = 5, first_try_at = 1").await;
    out.owe("receipt", (0..500).map(|n| format!("c{n}@c.test"))).await;
    out.desk.later(SignedDuration::from_secs(1));
    out.owe_one("reply", "ann@home.test").await;
    let mut lane = out.lane(2);
    assert_eq!(sender::step(&out.desk.desk, &mut lane).await.unwrap(), Step::Worked(2));
    assert_eq!(out.got("ann@home.test"), 1, "in the very first step");
    // And the old ones have their turn beside receipts.
    for _ in 0..8 {
        sender::step(&out.desk.desk, &mut lane).await.unwrap();
    }
    let sent = |of: &str| format!("select count(*) from deliveries where state = 'sent' and address like '{of}%'");
    assert!(out.rows.count(&sent("old")).await >= 2 && out.rows.count(&sent("c")).await >= 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recipient_domain_that_hangs_does_not_delay_anybody_elses_mail() {
    let out = Out::new().await;
    for dead in ["dead.test", "deader.test"] {
        for n in 0..20 {
            out.world.treat(&format!("r{n}@{dead}"), Treatment::Hang);
        }
        out.owe("reply", (0..20).map(|n| format!("r{n}@{dead}"))).await;
    }
    let lane = out.lane(3);
    out.beside(lane, async {
        for n in 0..10 {
            let ann = format!("ann{n}@home.test");
            out.owe_one("reply", &ann).await;
            out.desk.desk.outbox_grew.send_modify(|it| *it += 1);
            out.arrives(&ann).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_off_waits_alone() {
    let out = Out::new().await;
    out.world.refuse("full@c.test", 452, "4.2.2 full");
    out.owe("reply", ["full@c.test", "ann@c.test", "ben@c.test"].map(str::to_owned)).await;
    out.work(&mut out.lane(2)).await;
    assert_eq!((out.got("ann@c.test"), out.got("ben@c.test")), (1, 1));
    assert_eq!(out.stands("full@c.test").await, "delayed 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_in_trouble_waits_and_counts_nothing_against_its_mail() {
    let out = Out::new().await;
    let mut lane = out.lane(2);
    out.owe("reply", (0..20).map(|n| format!("ann{n}@home.test"))).await;
    out.world.misbehave(|it| it.smtp_greeting = Some((421, "4.3.2 too busy".to_owned())));
    let began = out.desk.desk.clock.now();
    let mut tries = 0;
    while out.desk.desk.clock.now() - SignedDuration::from_hours(5) < began {
        match sender::step(&out.desk.desk, &mut lane).await.unwrap() {
            Step::Worked(_) => tries += 1,
            Step::NothingDue(next) => {
                let pause = next.unwrap().duration_since(out.desk.desk.clock.now());
                assert!(pause <= SignedDuration::from_secs(45), "{pause:?}");
                out.desk.later(pause);
            }
        }
    }
    assert!(tries <= 5 * 3600 / 30, "{tries} tries in five hours");
    assert_eq!(
        out.rows.count("select count(*) from deliveries where state = 'waiting' and attempts = 0 and first_try_at is null").await,
        20
    );
    let account = sending::account(&mut out.desk.desk.store.read().await.unwrap(), out.desk.mailbox).await.unwrap();
    assert!(account.words.unwrap().contains("too busy") && account.since == Some(began));
    out.world.misbehave(|it| it.smtp_greeting = None);
    out.desk.later(SignedDuration::from_secs(45));
    out.work(&mut lane).await;
    assert_eq!(out.rows.count("select count(*) from deliveries where state = 'sent' and attempts = 1").await, 20);
    let account = sending::account(&mut out.desk.desk.store.read().await.unwrap(), out.desk.mailbox).await.unwrap();
    assert_eq!((account.troubles, account.words), (0, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_refuses_the_sign_in_is_asked_more_and_more_slowly_also_by_the_next_process() {
    let out = Out::new().await;
    out.owe_one("reply", "ann@home.test").await;
    out.world.misbehave(|it| it.smtp_needs_sign_in = true);
    let mut pauses = Vec::new();
    for _ in 0..8 {
        let mut lane = out.lane(2);
        sender::take_up(&out.desk.desk).await.unwrap();
        assert_eq!(sender::step(&out.desk.desk, &mut lane).await.unwrap(), Step::Worked(1));
        let Step::NothingDue(next) = sender::step(&out.desk.desk, &mut lane).await.unwrap() else { panic!("it is asked at once") };
        let pause = next.unwrap().duration_since(out.desk.desk.clock.now());
        pauses.push(pause);
        out.desk.later(pause);
    }
    assert!(pauses[6] > SignedDuration::from_mins(11) && pauses[7] <= SignedDuration::from_mins(15), "{pauses:?}");
    assert_eq!(out.stands("ann@home.test").await, "waiting 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_the_account_is_always_blamed_for_does_not_stop_the_others() {
    let out = Out::new().await;
    out.world.treat("odd@c.test", Treatment::AtData(550, "5.4.5 Daily user sending limit exceeded".to_owned()));
    out.owe_one("reply", "odd@c.test").await;
    out.desk.later(SignedDuration::from_secs(1));
    out.owe("reply", ["ann@c.test", "ben@c.test"].map(str::to_owned)).await;
    let mut lane = out.lane(1);
    for _ in 0..4 {
        out.work(&mut lane).await;
        out.desk.later(SignedDuration::from_mins(2));
    }
    assert_eq!((out.got("ann@c.test"), out.got("ben@c.test")), (1, 1));
    assert_eq!(out.stands("odd@c.test").await, "waiting 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_than_agreed_leave_in_a_minute_and_the_last_of_them_are_for_people() {
    let out = Out::new().await;
    out.owe("receipt", (0..50).map(|n| format!("c{n}@c{}.test", n % 5))).await;
    let mut lane = out.lane_with(4, 20);
    out.work(&mut lane).await;
    let sent = "select count(*) from deliveries where state = 'sent'";
    assert_eq!(out.rows.count(sent).await, 18);
    out.owe("reply", (0..5).map(|n| format!("ann{n}@home.test"))).await;
    // Another process counts on.
    out.work(&mut out.lane_with(4, 20)).await;
    assert_eq!(out.rows.count(sent).await, 20);
    out.desk.later(SignedDuration::from_mins(1));
    out.work(&mut lane).await;
    assert_eq!(out.rows.count("select count(*) from deliveries where state = 'sent' and rank = 0").await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_a_year_ahead_leaves_no_mail_behind_and_gives_none_up() {
    let out = Out::new().await;
    let mut lane = out.lane(2);
    let year = SignedDuration::from_hours(365 * 24);
    out.world.refuse("full@c.test", 452, "4.2.2 full");
    out.owe_one("reply", "full@c.test").await;
    out.work(&mut lane).await;
    out.desk.later(year);
    out.work(&mut lane).await;
    assert_eq!(out.stands("full@c.test").await, "delayed 2", "a year is no three days of trying");
    out.owe_one("reply", "ann@c.test").await;
    out.desk.later(-year);
    out.world.treat_well("full@c.test");
    assert!(matches!(sender::step(&out.desk.desk, &mut lane).await.unwrap(), Step::NothingDue(Some(_))));
    out.beside(lane, async {
        out.arrives("ann@c.test").await;
        out.arrives("full@c.test").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_sender_had_in_hand_leaves_within_a_minute_and_what_it_finished_not_again() {
    let out = Out::new().await;
    out.owe("reply", (0..40).map(|n| format!("ann{n}@home{}.test", n % 4))).await;
    for round in 0..6 {
        let lane = out.lane(4);
        // Killed in the middle: what it had in hand stays leased to it.
        out.beside(lane, async { out.arrives(&format!("ann{}@home{}.test", round * 2, (round * 2) % 4)).await }).await;
        out.desk.later(SignedDuration::from_secs(46));
    }
    let mut lane = out.lane(4);
    out.work(&mut lane).await;
    assert_eq!(out.rows.count("select count(*) from deliveries where state = 'sent'").await, 40);
    let copies: Vec<usize> = (0..40).map(|n| out.got(&format!("ann{n}@home{}.test", n % 4))).collect();
    assert!(copies.iter().all(|it| *it >= 1) && copies.iter().sum::<usize>() <= 40 + 6 * 4, "{copies:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_senders_on_one_outbox_send_each_mail_once() {
    let out = Out::new().await;
    out.owe("reply", (0..120).map(|n| format!("ann{n}@home{}.test", n % 6))).await;
    let (one, two) = (out.lane(4), out.lane(4));
    out.beside(one, out.beside(two, out.world.wait_for("ann119@home5.test", "INBOX", SOON, |it| !it.is_empty()))).await.unwrap();
    out.desk.later(SignedDuration::from_secs(46));
    out.work(&mut out.lane(4)).await;
    let copies: Vec<usize> = (0..120).map(|n| out.got(&format!("ann{n}@home{}.test", n % 6))).collect();
    let more = copies.iter().filter(|it| **it > 1).count();
    assert!(copies.iter().all(|it| *it >= 1) && more <= 8, "at most what was in hand when they were killed: {copies:?}");
}
