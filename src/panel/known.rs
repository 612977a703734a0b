//! What was read of the database and stands there still: between two changes pages ask for the same again and again, and each change is
//! told to all that are open. Reading it anew would give what is here.

use std::{
    collections::HashMap,
    future::Future,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    desk::{id::PersonId, permission::Scope, person::Person, tag::Tag, target::Terms},
    panel::navigation::OwnViews,
    store::{
        Result,
        not_sent::{Counts as NotSent, Sight},
        queue::{List, QueueRow},
        queue_counts::Tally,
    },
};

/// So many of a kind are kept: as many people, or lists of some 25 KB each.
const MOST: usize = 64;

/// What is kept for everybody, or for whoever sees the same.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub lists: OfVersion<(Scope, List), Vec<QueueRow>>,
    pub tallies: OfVersion<(), Vec<Tally>>,
    pub held: OfVersion<(), i64>,
    /// Also by the time of day, which makes some of it late or old.
    pub not_sent: OfVersion<(Sight, i64), NotSent>,
    pub own_views: OfVersion<(PersonId, Scope), OwnViews>,
    pub staff: OfVersion<(), Vec<Person>>,
    pub tags: OfVersion<(), Vec<Tag>>,
    /// With those that are deleted.
    pub tags_ever: OfVersion<(), Vec<Tag>>,
    /// By the turn of the settings, which have the desk's time zone.
    pub terms: OfVersion<usize, Terms>,
}

/// Values of one version of the database (`Store::version`), by what they were asked for with. A version is to be asked for before what
/// is kept under it is read.
#[derive(Debug)]
pub(super) struct OfVersion<K, V>(Mutex<Kept<K, V>>);

#[derive(Debug)]
struct Kept<K, V> {
    version: String,
    values: HashMap<K, Arc<V>>,
}

impl<K, V> Default for OfVersion<K, V> {
    fn default() -> Self {
        Self(Mutex::new(Kept { version: String::new(), values: HashMap::new() }))
    }
}

impl<K: Eq + Hash, V> OfVersion<K, V> {
    /// What was read with this key as of this version, or what `read` gives.
    ///
    /// # Errors
    /// Whatever `read` gives; it is asked again the next time.
    pub async fn of(&self, version: &str, key: K, read: impl Future<Output = Result<V>>) -> Result<Arc<V>> {
        if let Some(known) = self.known(version, &key) {
            return Ok(known);
        }
        let value = Arc::new(read.await?);
        self.keep(version, key, value.clone());
        Ok(value)
    }

    fn known(&self, version: &str, key: &K) -> Option<Arc<V>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.values.get(key).filter(|_| kept.version == version).cloned()
    }

    fn keep(&self, version: &str, key: K, value: Arc<V>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.version != version || kept.values.len() >= MOST {
            kept.values.clear();
            version.clone_into(&mut kept.version);
        }
        kept.values.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::store::StoreError;

    #[tokio::test]
    async fn it_is_read_once_for_each_key_and_again_after_each_change() {
        let (known, times) = (OfVersion::default(), Cell::new(0));
        let of = async |version: &str, key: i32| {
            let read = async {
                times.set(times.get() + 1);
                Ok(format!("{key} of {version}"))
            };
            let value = known.of(version, key, read).await.unwrap();
            (value.as_str().to_owned(), times.replace(0))
        };
        assert_eq!(of("1", 7).await, ("7 of 1".to_owned(), 1));
        assert_eq!(of("1", 7).await, ("7 of 1".to_owned(), 0));
        assert_eq!(of("1", 8).await, ("8 of 1".to_owned(), 1));
        assert_eq!(of("2", 7).await, ("7 of 2".to_owned(), 1));
        assert_eq!(of("1", 7).await, ("7 of 1".to_owned(), 1), "by one who asked for the version before");
        for key in 0..200 {
            of("3", key).await;
        }
        assert!(known.0.lock().unwrap().values.len() <= MOST);
    }

    #[tokio::test]
    async fn what_could_not_be_read_is_read_the_next_time() {
        let known = OfVersion::default();
        let broken = || StoreError::Unreadable { table: "tags", column: "name", value: String::new() };
        assert!(known.of("1", (), async { Err(broken()) }).await.is_err());
        assert_eq!(*known.of("1", (), async { Ok(7) }).await.unwrap(), 7);
    }
}
