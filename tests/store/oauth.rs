//! The tokens of a mailbox: one instance renews, whoever comes late changes nothing, and what is known of them is told.

use jiff::{SignedDuration, Timestamp};
use maildesk::{
    desk::{id::MailboxId, oauth::Remedy},
    store::{
        Store, Tx, mailboxes,
        oauth::{self, LEASE, NewToken},
    },
};

use crate::world::TempStore;

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap() + SignedDuration::from_mins(minutes)
}

fn token(word: &str, until: i64) -> NewToken {
    NewToken { access_token: word.into(), refresh_token: Some(format!("refresh {word}").into()), good_until: at(until) }
}

async fn mailbox(store: &Store) -> MailboxId {
    let mut tx = store.begin().await.unwrap();
    let id = mailboxes::ensure(&mut tx, "support", &"support@desk.test".parse().unwrap()).await.unwrap();
    tx.commit().await.unwrap();
    id
}

/// One transaction around one call.
async fn done<T>(store: &Store, call: impl AsyncFnOnce(&mut Tx) -> maildesk::store::Result<T>) -> T {
    let mut tx = store.begin().await.unwrap();
    let value = call(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    value
}

#[tokio::test]
async fn one_instance_renews_a_token_and_the_others_wait_for_it() {
    let store = &TempStore::new().await.store;
    let id = mailbox(store).await;
    done(store, async |tx| oauth::connect(tx, id, "p", &token("first", 60), Some("support@desk.test"), at(0)).await).await;
    let version = async || oauth::kept(&mut store.read().await.unwrap(), id).await.unwrap().unwrap().version;
    let seen = version().await;
    assert!(done(store, async |tx| oauth::lease(tx, id, "one", seen, at(30)).await).await);
    assert!(!done(store, async |tx| oauth::lease(tx, id, "two", seen, at(30)).await).await);
    assert!(done(store, async |tx| oauth::renewed(tx, id, "one", seen, &token("second", 90), at(31)).await).await);
    assert!(!done(store, async |tx| oauth::lease(tx, id, "two", seen, at(32)).await).await, "it set out from the token before");
    let kept = oauth::kept(&mut store.read().await.unwrap(), id).await.unwrap().unwrap();
    assert_eq!((kept.access_token.unwrap(), kept.refresh_token.unwrap()), (b"second".to_vec(), b"refresh second".to_vec()));
    assert_eq!((kept.facts.good_until, kept.facts.renewed_at, kept.facts.connected_at), (Some(at(90)), Some(at(31)), Some(at(0))));
}

#[tokio::test]
async fn a_lease_of_the_dead_or_of_a_wrong_clock_ends_by_itself() {
    let store = &TempStore::new().await.store;
    let id = mailbox(store).await;
    done(store, async |tx| oauth::connect(tx, id, "p", &token("first", 60), None, at(0)).await).await;
    let lease = async |who: &'static str, now| done(store, async |tx| oauth::lease(tx, id, who, 0, now).await).await;
    assert!(lease("dead", at(0)).await);
    assert!(lease("dead", at(1)).await, "the same instance, started again");
    assert!(!lease("two", at(1)).await);
    assert!(lease("two", at(1) + LEASE).await);
    assert!(lease("next year", at(525_600)).await);
    assert!(lease("two", at(10)).await);
}

#[tokio::test]
async fn a_renewal_that_comes_after_a_new_connection_changes_nothing() {
    let store = &TempStore::new().await.store;
    let id = mailbox(store).await;
    done(store, async |tx| oauth::connect(tx, id, "p", &token("first", 60), None, at(0)).await).await;
    assert!(done(store, async |tx| oauth::lease(tx, id, "one", 0, at(30)).await).await);
    done(store, async |tx| oauth::connect(tx, id, "p", &token("by hand", 91), None, at(31)).await).await;
    assert!(!done(store, async |tx| oauth::renewed(tx, id, "one", 0, &token("late", 92), at(32)).await).await);
    done(store, async |tx| oauth::failed(tx, id, 0, "late", Remedy::Connect, at(33)).await).await;
    let kept = oauth::kept(&mut store.read().await.unwrap(), id).await.unwrap().unwrap();
    assert_eq!((kept.access_token.unwrap(), kept.facts.error), (b"by hand".to_vec(), None));
}

#[tokio::test]
async fn what_is_wrong_is_told_since_when_until_a_token_comes() {
    let store = &TempStore::new().await.store;
    let id = mailbox(store).await;
    done(store, async |tx| oauth::ensure(tx, id, "p").await).await;
    for minutes in [5, 7] {
        done(store, async |tx| oauth::failed(tx, id, 0, "no answer", Remedy::Configure, at(minutes)).await).await;
    }
    let all = async || oauth::all_facts(&mut store.read().await.unwrap()).await.unwrap();
    let [(told, facts)] = &all().await[..] else { panic!() };
    assert_eq!((*told, facts.failing_since, facts.remedy), (id, Some(at(5)), Remedy::Configure));
    assert!(done(store, async |tx| oauth::lease(tx, id, "one", 0, at(8)).await).await);
    let first = NewToken { refresh_token: None, ..token("first", 70) };
    assert!(done(store, async |tx| oauth::renewed(tx, id, "one", 0, &first, at(8)).await).await);
    let [(_, facts)] = &all().await[..] else { panic!() };
    assert_eq!((facts.failing_since, facts.error.as_deref(), facts.good_until), (None, None, Some(at(70))));
    done(store, async |tx| oauth::ensure(tx, id, "p").await).await;
    assert_eq!(all().await[0].1.good_until, Some(at(70)), "for the same purpose it stays");
    done(store, async |tx| oauth::ensure(tx, id, "another").await).await;
    assert_eq!(all().await[0].1.good_until, None, "for another it is of no use");
}
