//! A value that people change while everything that reads it goes on.

use std::{
    collections::BTreeSet,
    fmt,
    ops::Deref,
    sync::{Arc, OnceLock},
};

/// What it is now, read as if it never changed. Every value that it has had lives as long as this does, so that whoever reads one may
/// keep it: people change such things by hand, a few hundred bytes at a time.
pub struct Present<T>(Arc<Chain<T>>);

struct Chain<T> {
    first: Link<T>,
    /// What the configuration file says, by its keys: that cannot be changed here.
    declared: BTreeSet<String>,
}

struct Link<T> {
    value: T,
    next: OnceLock<Box<Link<T>>>,
}

impl<T> Present<T> {
    /// One of which the configuration file says nothing.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self::declared(value, BTreeSet::new())
    }

    /// One of which the configuration file says these keys.
    #[must_use]
    pub fn declared(value: T, declared: BTreeSet<String>) -> Self {
        Self(Arc::new(Chain { first: Link { value, next: OnceLock::new() }, declared }))
    }

    /// Whether the configuration file says this key.
    #[must_use]
    pub fn is_declared(&self, key: &str) -> bool {
        self.0.declared.contains(key)
    }

    /// What it was at first: what the configuration file says, and the defaults.
    #[must_use]
    pub fn at_first(&self) -> &T {
        &self.0.first.value
    }

    fn last(&self) -> &Link<T> {
        let mut link = &self.0.first;
        while let Some(next) = link.next.get() {
            link = next;
        }
        link
    }

    /// How often it was set: another number for each value that it has had.
    #[must_use]
    pub fn turn(&self) -> usize {
        std::iter::successors(Some(&self.0.first), |it| it.next.get().map(|it| &**it)).count() - 1
    }

    /// From now on it is this, for everybody who has it.
    pub fn set(&self, value: T) {
        let mut new = Box::new(Link { value, next: OnceLock::new() });
        // Somebody else may set it at the same moment: then this one comes after theirs.
        while let Err(back) = self.last().next.set(new) {
            new = back;
        }
    }
}

impl<T> Deref for Present<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.last().value
    }
}

impl<T> Clone for Present<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: fmt::Debug> fmt::Debug for Present<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_who_has_it_sees_what_it_is_now_and_keeps_what_they_read() {
        let here = Present::declared("a".to_owned(), BTreeSet::from(["name".to_owned()]));
        let there = here.clone();
        let read: &str = &here;
        there.set("b".to_owned());
        there.set("c".to_owned());
        assert_eq!((read, here.as_str(), here.at_first().as_str()), ("a", "c", "a"));
        assert!(there.is_declared("name") && !there.is_declared("other"));
        assert_eq!((here.turn(), Present::new(0).turn()), (2, 0));
    }

    #[test]
    fn of_two_who_set_it_at_one_moment_neither_is_lost() {
        let it = Present::new(0);
        std::thread::scope(|all| {
            for n in 1..=8 {
                let it = it.clone();
                all.spawn(move || it.set(n));
            }
        });
        let mut seen = 0;
        let mut link = &it.0.first;
        while let Some(next) = link.next.get() {
            link = next;
            seen += 1;
        }
        assert_eq!(seen, 8);
    }
}
