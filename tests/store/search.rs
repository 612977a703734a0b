//! The search on either database: what is bounded is still found, in order.

use jiff::{SignedDuration, Timestamp};
use maildesk::{
    desk::{
        comment::{CommentText, Markup, Origin, Via, Visibility},
        id::{MailboxId, PersonId, TagId, TicketNumber},
        permission::Scope,
        query::{Fact, Meaning, Query, Sense},
        ticket::{Priority, Status, Turn},
    },
    store::{
        Opener, Store, comments, mailboxes, people,
        search::{self, Asked, Extent, Order, comment_made},
        tickets,
    },
};

use crate::world::TempStore;

const NOW: &str = "2026-11-24T15:30:00Z";
const TICKETS: i64 = 1600;

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

async fn customer(tx: &mut maildesk::store::Tx, name: &str, email: &str) -> PersonId {
    people::ensure(tx, &email.parse().unwrap(), name, now()).await.unwrap().id
}

/// 1,600 tickets of three comments, opened one an hour: each says `common`, every second `even`, every 400th `rare`; the subject of
/// the 5th is `Common even`.
async fn seeded() -> TempStore {
    let temp = TempStore::new().await;
    let mut tx = temp.store.begin().await.unwrap();
    let mailbox = mailboxes::ensure(&mut tx, "support", &"support@desk.test".parse().unwrap()).await.unwrap();
    let who = customer(&mut tx, "Ann Lee", "ann@home.test").await;
    for number in 1..=TICKETS {
        let at = now() - SignedDuration::from_hours(TICKETS - number);
        ticket(&mut tx, mailbox, who, number, at).await;
    }
    tx.commit().await.unwrap();
    temp
}

async fn ticket(tx: &mut maildesk::store::Tx, mailbox: MailboxId, who: PersonId, number: i64, at: Timestamp) {
    let new = tickets::NewTicket {
        mailbox,
        subject: if number == 5 { "Common even" } else { "Question" },
        status: Status::Open,
        priority: if number % 800 == 0 { Priority::Urgent } else { Priority::Normal },
        requester: who,
        assignee: None,
        turn: Turn::Staff,
        opened_message: None,
        linked: None,
        at,
    };
    let ticket = tickets::insert(tx, &new).await.unwrap();
    for n in 0..3 {
        let mut text = format!("Common words, the {n}th time");
        if number % 2 == 0 {
            text.push_str(", even");
        }
        if number % 400 == 0 {
            text.push_str(" rare");
        }
        let text = CommentText::parse(&text).unwrap();
        let new = comments::NewComment {
            ticket: ticket.number,
            visibility: Visibility::Public,
            origin: Origin::Customer,
            author: Some(who),
            via: Via::Mail,
            text: &text,
            quoted: "",
            html: None,
            markup: Markup::Plain,
            signature: "",
            remote_images: 0,
            message: None,
            flag: None,
            at,
        };
        let id = comments::insert(tx, &new).await.unwrap();
        comment_made(tx, id);
    }
}

async fn find(store: &Store, meaning: &Meaning, order: Order, wanted: usize) -> (Vec<i64>, Extent) {
    let asked = Asked { meaning, scope: Scope::All, order, wanted, now: now(), left_before: now() };
    let found = search::find(&mut store.read().await.unwrap(), &asked).await.unwrap();
    (found.hits.iter().map(|it| it.ticket.0).collect(), found.extent)
}

fn meaning(typed: &str) -> Meaning {
    Query::read(typed).query.meaning_for_customer(now(), &jiff::tz::TimeZone::UTC).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frequent_word_is_found_at_its_newest_and_a_rare_one_wherever_it_is() {
    let temp = seeded().await;
    let store = &temp.store;
    let newest = |step: usize| (1..=TICKETS).rev().filter(move |it| *it % step as i64 == 0);
    for (typed, step) in [("common", 1), ("common even", 2), ("even -rare", 2)] {
        let (found, extent) = find(store, &meaning(typed), Order::Newest, 20).await;
        let expected: Vec<i64> = newest(step).filter(|it| typed != "even -rare" || it % 400 != 0).take(20).collect();
        assert_eq!((found, extent), (expected, Extent::More), "{typed}");
    }
    for typed in ["rare", "common rare", "\"even rare\"", "ra", "rar"] {
        let (found, extent) = find(store, &meaning(typed), Order::Newest, 20).await;
        let expected: Vec<i64> = if typed == "ra" { Vec::new() } else { newest(400).collect() };
        assert_eq!((found, extent), (expected, Extent::All), "{typed}");
    }
    assert_eq!(find(store, &meaning("common nowhere"), Order::Relevance, 20).await, (vec![], Extent::All));
    let all = find(store, &meaning("common"), Order::Newest, 500).await.0;
    assert_eq!(all, newest(1).take(500).collect::<Vec<i64>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_ticket_that_is_about_it_comes_before_new_ones_that_mention_it() {
    let temp = seeded().await;
    let (found, extent) = find(&temp.store, &meaning("common even"), Order::Relevance, 20).await;
    assert_eq!((found[0], found[1], extent), (5, TICKETS, Extent::More));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_few_tickets_are_is_found_however_many_say_it() {
    let temp = seeded().await;
    let store = &temp.store;
    let with = |fact| Meaning { facts: vec![(Sense::With, vec![fact])], ..meaning("common") };
    assert_eq!(find(store, &with(Fact::Priority(Priority::Urgent)), Order::Newest, 20).await, (vec![1600, 800], Extent::All));
    assert_eq!(find(store, &with(Fact::Number(TicketNumber(3))), Order::Relevance, 20).await, (vec![3], Extent::All));
    assert_eq!(find(store, &with(Fact::Tag(TagId(9))), Order::Newest, 20).await.0, Vec::<i64>::new());
    // Without a word, too; and at a time long before the newest.
    let urgent = Meaning { facts: vec![(Sense::With, vec![Fact::Priority(Priority::Urgent)])], ..Meaning::default() };
    assert_eq!(find(store, &urgent, Order::Relevance, 20).await.0, [1600, 800]);
    let (found, _) = find(store, &meaning("common before:2026-10-01 -is:closed"), Order::Newest, 3).await;
    assert_eq!(found.len(), 3);
    assert!(found[0] < TICKETS - 24 * 50 && found.is_sorted_by(|a, b| a > b), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_is_missing_is_made_when_the_store_is_opened() {
    let temp = seeded().await;
    let before = find(&temp.store, &meaning("rare"), Order::Newest, 20).await;
    let mut tx = temp.store.begin().await.unwrap();
    search::rebuild(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(find(&temp.store, &meaning("rare"), Order::Newest, 20).await, before);
    let again = Store::open(&temp.url, temp.folder(), Opener::Command).await.unwrap();
    assert_eq!(find(&again, &meaning("rare"), Order::Newest, 20).await, before);
}
