//! Folders that are numbered anew, servers that give a number twice or refuse to file, other programs at work in the folder.

use std::time::Duration;

use jiff::Timestamp;
use maildesk::{
    demo::world::{World, WorldOptions},
    desk::{
        mailbox::{ImapAccount, MailServer, Tls},
        settings::TakeExisting,
    },
    mail::imap::ImapLimits,
    store::mailboxes,
    workers::{
        Result,
        caution::Caution,
        instance::Instance,
        intake::{Step, Watch, Watched},
        lease::Lease,
    },
};
use tokio_util::sync::CancellationToken;

use crate::{
    rows::Rows,
    test_desk::{SUPPORT, TestDesk, mail},
};

/// A desk, the world that it watches, and the lease under which it does.
struct Place {
    world: World,
    watched: Watched,
    lease: Lease,
    caution: Caution,
    desk: TestDesk,
}

impl Place {
    async fn taking(take_existing: TakeExisting) -> Self {
        let desk = TestDesk::new().await;
        desk.mail_does_not_matter();
        let world = World::start(WorldOptions { clock: desk.desk.clock.clone(), ..WorldOptions::default() }).await.unwrap();
        world.add_account(SUPPORT, "secret");
        let addr = world.imap_addr();
        let server = MailServer { host: addr.ip().to_string(), port: addr.port(), tls: Tls::None, ca_file: None };
        let account =
            ImapAccount { server, user: SUPPORT.to_owned(), sign_in: "secret".into(), folder: "INBOX".to_owned(), done_folder: None };
        let watched = Watched {
            mailbox: desk.mailbox,
            name: "support".to_owned(),
            account,
            poll_every: Duration::from_secs(60),
            take_existing,
            limits: ImapLimits::default(),
        };
        let instance = Instance::begin(&desk.desk, "here").await.unwrap();
        let lease = Lease::take(&desk.desk, &instance, desk.mailbox).await.unwrap().unwrap();
        Self { world, watched, lease, caution: Caution::default(), desk }
    }

    /// A session of its own.
    async fn open(&mut self) -> Watch<'_> {
        Watch::open(&self.desk.desk, &self.watched, &self.lease, &mut self.caution, &CancellationToken::new()).await.unwrap()
    }

    /// Connects, looks at everything, and leaves.
    async fn look(&mut self) -> Result<Step> {
        self.open().await.full_step().await
    }

    fn deliver(&self, subject: &str) -> u32 {
        self.world.deliver(SUPPORT, &octets(subject))
    }

    fn deliver_dated(&self, subject: &str, at: &str) -> u32 {
        self.world.deliver_at(SUPPORT, &octets(subject), Some(at.parse::<Timestamp>().unwrap()))
    }

    /// The subjects of the ledger, in the order in which they came.
    async fn subjects(&self) -> Vec<String> {
        Rows::of(&self.desk.url).await.texts("select subject from messages order by id".to_owned()).await
    }

    async fn not_filed(&self) -> Option<String> {
        mailboxes::state(&mut self.desk.desk.store.read().await.unwrap(), self.desk.mailbox).await.unwrap().not_filed
    }

    fn seen(&self) -> usize {
        self.world.messages(SUPPORT, "INBOX").iter().filter(|it| it.has("\\Seen")).count()
    }
}

fn octets(subject: &str) -> Vec<u8> {
    mail("Ann <ann@home.test>", subject, &[], "It smokes.").replace('\n', "\r\n").into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn numbered_anew_old_mail_stays_alone_whatever_its_number_and_new_mail_comes_whatever_its_date() {
    for newest_first in [false, true] {
        let mut place = Place::taking(TakeExisting::None).await;
        place.deliver_dated("old one", "2026-01-05T10:00:00Z");
        place.deliver_dated("old two, dated in the future", "2030-01-01T10:00:00Z");
        place.look().await.unwrap();
        place.deliver_dated("new, dated last year", "2025-05-05T10:00:00Z");
        place.look().await.unwrap();
        place.deliver_dated("newer, dated long ago", "1999-05-05T10:00:00Z");
        if newest_first {
            place.world.renumber_newest_first(SUPPORT, "INBOX");
        } else {
            place.world.renumber(SUPPORT, "INBOX");
        }
        place.deliver("newest");
        place.look().await.unwrap();
        place.look().await.unwrap();
        let mut subjects = place.subjects().await;
        subjects.sort();
        assert_eq!(subjects, ["new, dated last year", "newer, dated long ago", "newest"]);
        assert_eq!(place.seen(), 3, "what is old is not marked either");
        // And once more: what was left alone is known under its new numbers.
        place.world.renumber_newest_first(SUPPORT, "INBOX");
        place.look().await.unwrap();
        assert_eq!(place.subjects().await.len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_met_before_this_was_noted_is_noted_at_the_next_look() {
    let mut place = Place::taking(TakeExisting::None).await;
    place.deliver_dated("old, dated in the future", "2030-01-01T10:00:00Z");
    place.look().await.unwrap();
    let rows = Rows::of(&place.desk.url).await;
    rows.run("delete from left_alone").await;
    rows.run("update mailboxes set left_alone_noted = 0").await;
    place.deliver("new");
    place.look().await.unwrap();
    assert_eq!(rows.count("select count(*) from left_alone").await, 1);
    place.world.renumber(SUPPORT, "INBOX");
    place.look().await.unwrap();
    assert_eq!(place.subjects().await, ["new"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_had_been_read_before_the_first_meeting_stays_alone_when_unseen_mail_is_taken() {
    let mut place = Place::taking(TakeExisting::Unseen).await;
    let read = place.deliver("read");
    place.world.flag(SUPPORT, "INBOX", read, "\\Seen");
    place.deliver("unread");
    place.look().await.unwrap();
    place.world.renumber_newest_first(SUPPORT, "INBOX");
    place.look().await.unwrap();
    assert_eq!(place.subjects().await, ["unread"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_message_under_a_known_number_is_found_and_taken_in_before_anything_is_filed() {
    let mut place = Place::taking(TakeExisting::All).await;
    let uid = place.deliver("one");
    place.deliver("two");
    place.look().await.unwrap();
    let other = octets("an altogether different third one");
    place.world.put_under(SUPPORT, "INBOX", uid, &other);
    assert_eq!(place.look().await.unwrap().taken, 1);
    assert_eq!(place.subjects().await, ["one", "two", "an altogether different third one"]);
    assert_eq!(place.seen(), 2, "it is filed, too");
    assert_eq!(place.look().await.unwrap(), Step::default(), "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_gives_its_numbers_again_from_one_loses_nothing() {
    for take_existing in [TakeExisting::All, TakeExisting::None] {
        let mut place = Place::taking(take_existing).await;
        for n in 0..5 {
            place.deliver(&format!("before {n}"));
        }
        place.look().await.unwrap();
        place.world.begin_numbers_again(SUPPORT, "INBOX");
        place.deliver("again");
        place.look().await.unwrap();
        assert_eq!(place.subjects().await.last().map(String::as_str), Some("again"), "{take_existing:?}");
        place.deliver("and again");
        place.look().await.unwrap();
        place.look().await.unwrap();
        let n = if take_existing == TakeExisting::All { 7 } else { 2 };
        assert_eq!(place.subjects().await.len(), n, "{take_existing:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_programs_read_delete_and_move_while_we_look() {
    let mut place = Place::taking(TakeExisting::All).await;
    let uids: Vec<u32> = (0..6).map(|n| place.deliver(&format!("number {n}"))).collect();
    place.world.flag(SUPPORT, "INBOX", uids[0], "\\Seen");
    let world = std::mem::replace(&mut place.world, World::start(WorldOptions::default()).await.unwrap());
    let mut watch = place.open().await;
    world.expunge(SUPPORT, "INBOX", uids[3]);
    let step = watch.full_step().await.unwrap();
    assert_eq!(step, Step { taken: 5, waiting: 0 }, "read by somebody is taken in all the same");
    world.expunge(SUPPORT, "INBOX", uids[1]);
    world.deliver(SUPPORT, &octets("one more"));
    drop(watch);
    assert_eq!(place.look().await.unwrap(), Step { taken: 1, waiting: 0 });
    assert_eq!(place.look().await.unwrap(), Step::default());
    assert_eq!(place.subjects().await.len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_for_reading_only_is_taken_in_told_once_and_filed_when_it_may_be() {
    let mut place = Place::taking(TakeExisting::All).await;
    place.deliver("one");
    place.world.misbehave(|it| it.read_only = true);
    assert_eq!(place.look().await.unwrap().taken, 1);
    let told = place.not_filed().await.unwrap();
    assert!(told.contains("open for reading only"), "{told}");
    place.world.misbehave(|it| it.read_only = false);
    place.look().await.unwrap();
    assert_eq!((place.not_filed().await, place.seen()), (None, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_move_and_uidplus_mail_stays_and_the_mail_page_says_so() {
    let mut place = Place::taking(TakeExisting::All).await;
    place.watched.account.done_folder = Some("Done".to_owned());
    place.world.misbehave(|it| it.without = vec!["MOVE", "UIDPLUS"]);
    place.deliver("one");
    place.look().await.unwrap();
    assert!(place.not_filed().await.unwrap().contains("neither MOVE nor UIDPLUS"));
    place.world.misbehave(|it| it.without = vec![]);
    place.deliver("two");
    place.look().await.unwrap();
    assert_eq!(place.not_filed().await, None);
    assert_eq!((place.world.messages(SUPPORT, "INBOX").len(), place.world.messages(SUPPORT, "Done").len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_listed_and_not_given_is_counted_as_waiting_until_it_is_given_or_gone() {
    let mut place = Place::taking(TakeExisting::All).await;
    place.deliver("one");
    let gone = place.deliver("two");
    place.world.misbehave(|it| it.empty_bodies = true);
    let world = std::mem::replace(&mut place.world, World::start(WorldOptions::default()).await.unwrap());
    let mut watch = place.open().await;
    for _ in 0..25 {
        assert_eq!(watch.full_step().await.unwrap(), Step { taken: 0, waiting: 2 });
    }
    world.expunge(SUPPORT, "INBOX", gone);
    world.misbehave(|it| it.empty_bodies = false);
    assert_eq!(watch.full_step().await.unwrap(), Step { taken: 1, waiting: 0 });
    drop(watch);
    assert_eq!(place.subjects().await, ["one"]);
}
