//! A mailbox is met for the first time, or only tried out: against a real Dovecot, step by step.

use std::time::Duration;

use maildesk::{
    actions::{existing_mail, people::By},
    desk::{
        mailbox::{ImapAccount, MailServer, Tls},
        settings::{FirstConnection, MailboxSettings, Mode, TakeExisting},
    },
    mail::imap::ImapLimits,
    store::mailboxes::{self, Existing, Word},
    workers::{
        caution::Caution,
        instance::Instance,
        intake::{Step, Watch, Watched},
        lease::Lease,
    },
};
use tokio_util::sync::CancellationToken;

use crate::{
    dovecot::Dovecot,
    test_desk::{SUPPORT, TestDesk, mail},
};

struct Met {
    desk: TestDesk,
    server: Dovecot,
    watched: Watched,
    lease: Lease,
}

impl Met {
    /// A desk beside a mailbox in which three mails lie, one of them read.
    async fn new(take: TakeExisting, of_mailbox: impl FnOnce(&mut MailboxSettings)) -> Self {
        let server = Dovecot::start(&[(SUPPORT, "secret")]);
        for n in 1..=3 {
            server.deliver(SUPPORT, old(n).as_bytes());
        }
        server.mark_one_seen(SUPPORT, "INBOX");
        let desk = TestDesk::with(maildesk::desk::settings::DeskSettings::default(), |it| {
            (it.take_existing, it.first_connection) = (take, FirstConnection::Ask);
            of_mailbox(it);
        })
        .await;
        desk.mail_does_not_matter();
        let account = ImapAccount {
            server: MailServer {
                host: "localhost".to_owned(),
                port: server.imaps_port,
                tls: Tls::Implicit,
                ca_file: Some(server.house.ca_file()),
            },
            user: SUPPORT.to_owned(),
            sign_in: "secret".into(),
            folder: "INBOX".to_owned(),
            done_folder: Some("Processed".to_owned()),
        };
        let watched = Watched {
            mailbox: desk.mailbox,
            name: "support".to_owned(),
            account,
            poll_every: Duration::from_secs(60),
            take_existing: take,
            limits: ImapLimits::default(),
        };
        let instance = Instance::begin(&desk.desk, "test").await.unwrap();
        let lease = Lease::take(&desk.desk, &instance, desk.mailbox).await.unwrap().unwrap();
        Self { desk, server, watched, lease }
    }

    /// A session that lists everything once.
    async fn look(&self) -> Step {
        let mut caution = Caution::default();
        let mut watch = Watch::open(&self.desk.desk, &self.watched, &self.lease, &mut caution, &CancellationToken::new()).await.unwrap();
        watch.full_step().await.unwrap()
    }

    async fn existing(&self) -> Existing {
        mailboxes::existing(&mut self.desk.desk.store.read().await.unwrap(), self.desk.mailbox).await.unwrap().unwrap()
    }

    fn left_there(&self) -> (usize, usize) {
        (self.server.count(SUPPORT, "INBOX"), self.server.count_seen(SUPPORT, "INBOX"))
    }
}

fn old(n: u32) -> String {
    mail("Ann Lee <ann@home.test>", &format!("Old {n}"), &[], "From before.").replace('\n', "\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_what_lies_there_is_taken_before_an_admin_says_so() {
    let met = Met::new(TakeExisting::All, |_| ()).await;
    assert_eq!(met.look().await.taken, 0);
    let existing = met.existing().await;
    assert_eq!((existing.there, existing.unread, existing.word, existing.done_at), (3, Some(2), Word::Ask, None));
    assert!(existing.first.is_some() && existing.last >= existing.first);
    assert_eq!(met.left_there(), (3, 1), "nothing was touched");
    // What arrives meanwhile is taken at once.
    met.server.deliver(SUPPORT, old(4).as_bytes());
    assert_eq!(met.look().await.taken, 1);
    existing_mail::settle(&met.desk.desk, By::Admin(&met.desk.ada), met.desk.mailbox, TakeExisting::All).await.unwrap();
    assert_eq!(met.look().await.taken, 3);
    assert!(met.existing().await.done_at.is_some());
    assert_eq!(met.look().await.taken, 0);
    assert_eq!(met.left_there(), (0, 0), "all were filed");
    let again = existing_mail::settle(&met.desk.desk, By::Shell, met.desk.mailbox, TakeExisting::None).await;
    assert!(again.unwrap_err().to_string().contains("all 3 messages that lay there were taken"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_session_hears_the_word_and_takes_the_unread_alone() {
    let met = Met::new(TakeExisting::Unseen, |_| ()).await;
    let (mut caution, stop) = (Caution::default(), CancellationToken::new());
    let mut watch = Watch::open(&met.desk.desk, &met.watched, &met.lease, &mut caution, &stop).await.unwrap();
    assert_eq!(watch.full_step().await.unwrap().taken, 0);
    let refused = existing_mail::settle(&met.desk.desk, By::Admin(&met.desk.hal), met.desk.mailbox, TakeExisting::All).await;
    assert!(refused.is_err(), "a helper does not manage mailboxes");
    existing_mail::settle(&met.desk.desk, By::Shell, met.desk.mailbox, TakeExisting::Unseen).await.unwrap();
    watch.step().await.unwrap();
    assert_eq!(met.left_there(), (1, 1), "the one that somebody had read is left");
    assert_eq!(met.desk.write("Ann Lee <ann@home.test>", "New", "Now.").await.ticket.unwrap().0, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_configuration_says_is_done_at_once_where_nothing_is_asked() {
    for (take, first, taken) in [
        (TakeExisting::None, FirstConnection::Ask, 0),
        (TakeExisting::All, FirstConnection::Take, 3),
        (TakeExisting::Unseen, FirstConnection::Take, 0),
    ] {
        let met = Met::new(take, |it| it.first_connection = first).await;
        assert_eq!(met.look().await.taken, taken, "{take:?}");
        let existing = met.existing().await;
        assert!(existing.word == Word::Take(take) && existing.done_at.is_some(), "{existing:?}");
        let left = match take {
            TakeExisting::None => 3,
            TakeExisting::Unseen => 1,
            TakeExisting::All => 0,
        };
        assert_eq!(met.left_there().0, left, "{take:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shadow_mode_touches_no_flag_and_going_live_files_only_what_is_new() {
    let mut met = Met::new(TakeExisting::All, |it| {
        it.mode = Mode::Shadow;
        it.first_connection = FirstConnection::Take;
    })
    .await;
    assert_eq!(met.look().await.taken, 3);
    assert_eq!(met.left_there(), (3, 1), "not a flag was touched");
    assert_eq!(met.look().await.taken, 0, "what was taken is known");
    assert!(met.desk.mail().await.is_empty(), "nothing is sent");
    let mailbox = met.desk.desk.mailboxes.get(met.desk.mailbox).unwrap().clone();
    let live = MailboxSettings { mode: Mode::Live, ..mailbox };
    met.desk.desk.mailboxes = maildesk::desk::present::Present::new(maildesk::actions::Mailboxes::new(vec![(met.desk.mailbox, live)]));
    met.server.deliver(SUPPORT, old(4).as_bytes());
    assert_eq!(met.look().await.taken, 1);
    assert_eq!(met.left_there(), (3, 1), "what was taken in shadow mode stays where it is");
    assert_eq!(met.server.count(SUPPORT, "Processed"), 1);
    // The same under other UIDs is still what was left alone.
    met.server.renumber(SUPPORT, "INBOX");
    met.look().await;
    assert_eq!(met.left_there(), (3, 1));
    assert!(met.desk.mail().await.iter().all(|it| it.read.subject.contains("#4") || it.raw.contains("[#4]")), "what is old is never sent");
}
