//! Originals expire where the configuration asks for it: their octets go, what was made of them stays, and nothing else goes.

use std::path::PathBuf;

use jiff::SignedDuration;
use maildesk::{
    actions::{
        NewFile,
        drafts::{Keeping, keep},
        erase,
        expire_raw::expire_raw,
        people::By,
        read_held,
        set_status::set_status,
    },
    desk::{
        draft::DraftKind,
        expiry::EXPIRED,
        id::{LedgerId, TicketNumber},
        settings::DeskSettings,
        ticket::Status,
    },
    store::{
        Opener, Store, StoreError,
        blobs::{ContentHash, SMALL},
        export, messages, replay,
    },
    workers::{
        housekeeping::{self, Pace},
        take_in::Begun,
    },
};

use crate::{
    rows::Rows,
    test_desk::{TestDesk, mail},
};

const DAY: SignedDuration = SignedDuration::from_hours(24);
const KEPT: SignedDuration = SignedDuration::from_hours(40 * 24);

async fn keeping() -> TestDesk {
    let desk = TestDesk::with(DeskSettings { keep_raw: Some(KEPT), ..DeskSettings::default() }, |_| ()).await;
    desk.mail_does_not_matter();
    desk
}

/// A message with one file.
fn with_file(from: &str, subject: &str, octets: &[u8]) -> String {
    format!(
        "From: {from}\nTo: support@desk.test\nSubject: {subject}\nMessage-ID: <{subject}@home.test>\nDate: Mon, 2 Nov 2026 10:00:00 +0100\n\
         MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nIt smokes.\n--b\n\
         Content-Type: application/octet-stream\nContent-Disposition: attachment; filename=plan.bin\nContent-Transfer-Encoding: base64\n\n{}\n--b--\n",
        data_encoding::BASE64
            .encode(octets)
            .as_bytes()
            .chunks(76)
            .map(|it| std::str::from_utf8(it).unwrap())
            .collect::<Vec<_>>()
            .join("\n")
    )
}

/// As it lies in the ledger.
fn octets(raw: &str) -> Vec<u8> {
    raw.replace('\n', "\r\n").into_bytes()
}

async fn close(desk: &TestDesk, number: TicketNumber) {
    for status in [Status::Resolved, Status::Closed] {
        set_status(&desk.desk, &desk.hal, number, None, status).await.unwrap();
    }
}

/// What the ledger's octets are, or why they are not.
async fn original(desk: &TestDesk, id: i64) -> Result<Option<Vec<u8>>, StoreError> {
    let mut conn = desk.desk.store.read().await.unwrap();
    let row = messages::get(&mut conn, LedgerId(id)).await.unwrap().unwrap();
    desk.desk.store.blobs().get(&mut conn, &row.sha256).await
}

async fn is_kept(desk: &TestDesk, id: i64) -> bool {
    match original(desk, id).await {
        Ok(Some(_)) => true,
        Err(StoreError::Expired) => false,
        other => panic!("{other:?}"),
    }
}

/// How many files go once what nobody names has lain for a day; none before that.
async fn removed_a_day_later(desk: &TestDesk) -> usize {
    let (store, now) = (&desk.desk.store, desk.desk.clock.now());
    assert_eq!(store.remove_what_left(now + DAY - SignedDuration::from_secs(1)).await.unwrap(), 0, "a backup may be under way");
    store.remove_what_left(now + DAY + SignedDuration::from_secs(1)).await.unwrap()
}

fn file_of(desk: &TestDesk, octets: &[u8]) -> PathBuf {
    let hash = ContentHash::of(octets).as_str().to_owned();
    desk.folder.path().join("blobs").join(&hash[..2]).join(hash)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_original_goes_when_its_ticket_was_closed_for_long_and_what_was_made_of_it_stays() {
    let desk = keeping().await;
    let plan = vec![7_u8; SMALL + 10];
    let raw = with_file("Ann <ann@home.test>", "Printer", &plan);
    let number = desk.receive(&raw).await.ticket.unwrap();
    close(&desk, number).await;
    desk.later(KEPT - DAY);
    assert_eq!(expire_raw(&desk.desk).await.unwrap(), 0);
    desk.later(DAY * 2);
    assert!(file_of(&desk, &octets(&raw)).exists() && is_kept(&desk, 1).await);
    let lines = crate::export::exported(&desk.desk.store).await.len();
    assert_eq!(expire_raw(&desk.desk).await.unwrap(), 1);
    assert_eq!(expire_raw(&desk.desk).await.unwrap(), 0);
    assert!(!is_kept(&desk, 1).await);
    assert!(file_of(&desk, &octets(&raw)).exists(), "its file goes after the commit");
    assert_eq!(desk.verify().await, [], "whatever ends it there");
    assert_eq!(removed_a_day_later(&desk).await, 1);
    assert_eq!(removed_a_day_later(&desk).await, 0);
    assert!(!file_of(&desk, &octets(&raw)).exists() && file_of(&desk, &plan).exists());

    let rows = Rows::of(&desk.url).await;
    assert_eq!(rows.texts("select body from comments".to_owned()).await, ["It smokes."]);
    let row = "select sender || ' ' || subject || ' ' || decision || ' ' || reason from messages".to_owned();
    assert!(rows.texts(row).await[0].starts_with("ann@home.test Printer open-ticket "));
    assert_eq!(rows.count("select count(*) from messages where expired_at is not null and trace is not null").await, 1);
    let mut conn = desk.desk.store.read().await.unwrap();
    let kept = desk.desk.store.blobs().get(&mut conn, &ContentHash::of(&plan)).await.unwrap();
    assert!(kept.is_some_and(|it| it == plan), "the file is the ticket’s");
    let which = replay::Which { since: jiff::Timestamp::MIN, until: jiff::Timestamp::MAX, mailbox: None, held: replay::Held::OrNot };
    assert_eq!(replay::list(&mut conn, &which, LedgerId(0), 10).await.unwrap(), [], "there is nothing to read again");
    drop(conn);

    // Offered again, also by another way, it is known, and its octets are not kept.
    assert!(desk.receive_again(&raw).await.is_none());
    assert!(desk.receive_again(&format!("Received: by another server\n{raw}")).await.is_none());
    assert!(!is_kept(&desk, 1).await && !file_of(&desk, &octets(&raw)).exists());
    // An answer finds its ticket all the same.
    let answer = mail("Ann <ann@home.test>", "Re: Printer", &["In-Reply-To: <Printer@home.test>"], "Again.");
    let answered = desk.receive(&answer).await;
    assert!(answered.ticket.is_some() && answered.decision != "hold", "{}", answered.reason);

    let exported = crate::export::exported(&desk.desk.store).await;
    assert!(exported.len() < lines);
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("desk.db").display());
    let store = Store::open(&url, folder.path(), Opener::Command).await.unwrap();
    export::read(&store, exported.as_slice(), "held back", |_| ()).await.unwrap();
    assert_eq!(crate::export::exported(&store).await, exported, "the fact goes along");
    // Who wrote it can still be erased.
    erase::erase(&desk.desk, By::Shell, desk.person("ann@home.test").await.unwrap().id, "ann@home.test").await.unwrap();
    assert!(matches!(original(&desk, 1).await, Err(StoreError::Erased)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_settled_never_expires() {
    let desk = keeping().await;
    let open = desk.write("Ann <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    let spam = desk.receive(&mail("Eve <eve@else.test>", "Cheap", &["X-Spam-Flag: YES"], "Buy.")).await;
    assert_eq!((open, spam.decision), (TicketNumber(1), "hold"));
    let discarded = desk.receive(&mail("Eve <eve@else.test>", "Cheaper", &["X-Spam-Flag: YES"], "Buy.")).await;
    let closed = desk.write("Ben <ben@home.test>", "Lamp", "It flickers.").await.ticket.unwrap();
    close(&desk, closed).await;
    desk.later(KEPT + DAY);
    read_held_and_discard(&desk, discarded.id).await;
    let late = desk.write("Cleo <cleo@home.test>", "Oven", "It is cold.").await.ticket.unwrap();
    close(&desk, late).await;
    let unfiled = desk.write("Dora <dora@home.test>", "Door", "It sticks.").await;
    close(&desk, unfiled.ticket.unwrap()).await;
    let rows = Rows::of(&desk.url).await;
    let id = rows.count("select max(id) from messages").await;
    rows.run(&format!("update messages set stored_at = 0 where id = {id}")).await;
    rows.run("update tickets set status_at = 0 where number = 4").await;
    rows.run(&format!(
        "insert into sightings (mailbox, uid_validity, uid, message, seen_at, filing) values ({}, 1, 1, {id}, 0, 'due')",
        desk.mailbox.0
    ))
    .await;
    assert_eq!(expire_raw(&desk.desk).await.unwrap(), 1, "the lamp alone");
    for (id, kept) in [(1, true), (2, true), (3, true), (4, false), (5, true), (6, true)] {
        assert_eq!(is_kept(&desk, id).await, kept, "message {id}");
    }
    // Discarded for long, it goes, and says so to whoever wants to release it.
    rows.run("delete from sightings").await;
    desk.later(KEPT + DAY);
    assert_eq!(expire_raw(&desk.desk).await.unwrap(), 3, "discarded, late and filed");
    assert!(is_kept(&desk, 1).await && is_kept(&desk, 2).await && !is_kept(&desk, 3).await);
    let refused = read_held::read_held(&desk.desk, &desk.hal, LedgerId(3)).await.unwrap_err();
    assert_eq!(refused.to_string(), EXPIRED);
}

async fn read_held_and_discard(desk: &TestDesk, id: LedgerId) {
    let seen = maildesk::actions::held::Shown::from(id);
    maildesk::actions::held::discard(&desk.desk, &desk.hal, seen).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_content_that_something_else_names_stays_and_one_that_comes_again_is_there_again() {
    let desk = keeping().await;
    let first = mail("Ann <ann@home.test>", "Printer", &[], &"It is large. ".repeat(SMALL / 10));
    let second = mail("Ann <ann@home.test>", "Lamp", &[], &"It is larger. ".repeat(SMALL / 10));
    for raw in [&first, &second] {
        let number = desk.receive(raw).await.ticket.unwrap();
        close(&desk, number).await;
    }
    // Ben attaches the first, octet for octet.
    let ben = desk.receive(&with_file("Ben <ben@home.test>", "Look", &octets(&first))).await.ticket.unwrap();
    desk.later(KEPT + DAY);
    assert_eq!(expire_raw(&desk.desk).await.unwrap(), 2);
    assert!(!is_kept(&desk, 1).await && !is_kept(&desk, 2).await);
    // The second comes as a file before its own is removed.
    let cleo = desk.receive(&with_file("Cleo <cleo@home.test>", "Look here", &octets(&second))).await.ticket.unwrap();
    assert_eq!(removed_a_day_later(&desk).await, 0);
    let mut conn = desk.desk.store.read().await.unwrap();
    for (number, raw) in [(ben, &first), (cleo, &second)] {
        let kept = desk.desk.store.blobs().get(&mut conn, &ContentHash::of(&octets(raw))).await.unwrap();
        assert!(kept.is_some_and(|it| it == octets(raw)), "#{number}");
    }
    drop(conn);
    // And one that was removed, once more.
    let third = mail("Ann <ann@home.test>", "Door", &[], &"It is largest. ".repeat(SMALL / 10));
    let number = desk.receive(&third).await.ticket.unwrap();
    close(&desk, number).await;
    desk.later(KEPT + DAY);
    assert_eq!(expire_raw(&desk.desk).await.unwrap(), 1);
    assert_eq!(removed_a_day_later(&desk).await, 1);
    desk.receive(&with_file("Dora <dora@home.test>", "Look at this", &octets(&third))).await;
    let mut conn = desk.desk.store.read().await.unwrap();
    let kept = desk.desk.store.blobs().get(&mut conn, &ContentHash::of(&octets(&third))).await.unwrap();
    assert!(kept.is_some_and(|it| it == octets(&third)));
}

#[tokio::test(flavor = "multi_thread")]
async fn housekeeping_lets_them_expire_and_not_by_a_clock_that_may_be_wrong() {
    let desk = keeping().await;
    let number = desk.write("Ann <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    close(&desk, number).await;
    desk.later(KEPT + DAY);
    let start = tokio::time::Instant::now();
    let (mut begun, mut pace) = (Begun::default(), Pace::default());
    housekeeping::step(&desk.desk, &mut begun, &mut pace, start).await.unwrap();
    assert!(is_kept(&desk, 1).await, "a desk whose newest message is so old was off for long, or its clock is wrong");
    let day = std::time::Duration::from_secs(24 * 60 * 60);
    desk.later(DAY);
    housekeeping::step(&desk.desk, &mut begun, &mut pace, start + day).await.unwrap();
    assert!(!is_kept(&desk, 1).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_finds_an_original_that_went_and_should_not_have() {
    let desk = keeping().await;
    desk.is_damaged();
    for (subject, headers) in [("Printer", vec![]), ("Cheap", vec!["X-Spam-Flag: YES"])] {
        desk.receive(&mail("Ann <ann@home.test>", subject, &headers, "It smokes.")).await;
    }
    let rows = Rows::of(&desk.url).await;
    let names = || async { desk.verify().await.into_iter().map(|it| it.rule).collect::<Vec<_>>() };
    let expired = maildesk::store::blobs::EXPIRED_OCTETS;
    rows.run(&format!("update messages set sha256 = '{expired}' where id = 1")).await;
    assert_eq!(names().await, ["expired"], "it does not say when");
    rows.run("update messages set expired_at = 5 where id = 1").await;
    assert_eq!(names().await, Vec::<&str>::new());
    rows.run(&format!("update messages set sha256 = '{expired}', expired_at = 5 where id = 2")).await;
    assert_eq!(names().await, ["expired"], "it waits for a person");
    rows.run("update messages set held = 'discarded' where id = 2").await;
    rows.run("update blobs set packing = 'gone' where sha256 in (select sha256 from outbox)").await;
    assert!(names().await.contains(&"taken-away"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_a_crash_left_half_written_is_cleared_and_one_that_is_being_written_is_not() {
    let desk = keeping().await;
    let shard = desk.folder.path().join("blobs/ab");
    std::fs::create_dir_all(&shard).unwrap();
    let whole = shard.join("ab".repeat(32));
    let (old, young) = (shard.join(".tmpOLD"), shard.join(".tmpNEW"));
    for it in [&whole, &old, &young] {
        std::fs::write(it, b"half").unwrap();
    }
    let hour = std::time::Duration::from_secs(3600);
    for it in [&whole, &old] {
        std::fs::File::options().write(true).open(it).unwrap().set_modified(std::time::SystemTime::now() - 30 * hour).unwrap();
    }
    let before = jiff::Timestamp::try_from(std::time::SystemTime::now() - 24 * hour).unwrap();
    assert_eq!(desk.desk.store.blobs().clear_half_written(before).unwrap(), 1);
    assert!(whole.exists() && young.exists() && !old.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_content_twice_in_one_statement_is_kept_once() {
    let desk = keeping().await;
    let store = &desk.desk.store;
    let mut tx = store.begin().await.unwrap();
    let hashes = store.blobs().put_all(&mut tx, &[b"one", b"two", b"one"], desk.desk.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(hashes[0], hashes[2]);
    assert_ne!(hashes[0], hashes[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_with_a_draft_stays_where_the_same_octets_expire() {
    let desk = keeping().await;
    let raw = with_file("Ann <ann@home.test>", "Printer", &[7; 100]);
    let number = desk.receive(&raw).await.ticket.unwrap();
    close(&desk, number).await;
    desk.later(KEPT + DAY);
    let file = NewFile { name: "printer.eml".to_owned(), content_type: "message/rfc822".to_owned(), content_id: None, bytes: octets(&raw) };
    let keeping = Keeping { files: vec![file], ..Keeping::default() };
    keep(&desk.desk, &desk.hal, number, DraftKind::Note, &keeping).await.unwrap();
    assert_eq!(expire_raw(&desk.desk).await.unwrap(), 1);
    assert!(!is_kept(&desk, 1).await);
    assert_eq!(desk.verify().await, []);
    let mut conn = desk.desk.store.read().await.unwrap();
    assert!(desk.desk.store.blobs().get(&mut conn, &ContentHash::of(&octets(&raw))).await.unwrap().is_some());
}
