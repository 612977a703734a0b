//! Pieces of pages that were drawn before: from the same values comes the same piece, whoever looks. A list of tickets is drawn for each
//! look and for each page that is open, and most of its rows are as they were.

use std::{
    collections::HashMap,
    hash::Hash,
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    panel::{keyboard::Keyboard, list_filters::Filters, row::RowView, tickets::Bulk},
    templates::Templates,
};

/// What pages are put together of, by what it was drawn of.
#[derive(Debug)]
pub(super) struct Pieces {
    /// Rows of lists: some 2 KB each.
    pub rows: Drawn<RowView>,
    /// Bars of lists, each of some helper: some 10 KB each.
    pub bulks: Drawn<Bulk>,
    /// Filters of lists: some 5 KB each.
    pub filters: Drawn<Filters>,
    /// Helps of the keyboard: some 5 KB each.
    pub keyboards: Drawn<Keyboard>,
}

impl Default for Pieces {
    fn default() -> Self {
        Self { rows: Drawn::new(1024), bulks: Drawn::new(64), filters: Drawn::new(128), keyboards: Drawn::new(8) }
    }
}

/// What was drawn of values of this kind.
#[derive(Debug)]
pub(super) struct Drawn<T> {
    most: usize,
    kept: Mutex<Kept<T>>,
}

/// What nobody asked for while so many others were drawn is forgotten.
#[derive(Debug)]
struct Kept<T> {
    late: HashMap<T, Arc<str>>,
    before: HashMap<T, Arc<str>>,
}

impl<T> Drawn<T> {
    /// So many are kept of late, and as many from before.
    pub fn new(most: usize) -> Self {
        Self { most, kept: Mutex::new(Kept { late: HashMap::new(), before: HashMap::new() }) }
    }
}

impl<T: Clone + Eq + Hash> Drawn<T> {
    /// What these values were drawn as, or what they are now drawn as.
    ///
    /// # Errors
    /// Whatever `draw` gives; it is asked again the next time.
    pub fn of<E>(&self, templates: &Templates, values: &T, draw: impl FnOnce(&T) -> Result<String, E>) -> Result<Arc<str>, E> {
        // Where templates are read anew for each page, so is what was drawn of them.
        if templates.may_change() {
            return draw(values).map(Into::into);
        }
        self.kept(values, draw)
    }

    fn kept<E>(&self, values: &T, draw: impl FnOnce(&T) -> Result<String, E>) -> Result<Arc<str>, E> {
        if let Some(known) = self.known(values) {
            return Ok(known);
        }
        // Others go on meanwhile; two that draw the same draw it alike.
        let drawn: Arc<str> = draw(values)?.into();
        self.keep(values.clone(), drawn.clone());
        Ok(drawn)
    }

    fn known(&self, values: &T) -> Option<Arc<str>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.late.get(values) {
            return Some(known.clone());
        }
        let (values, known) = kept.before.remove_entry(values)?;
        kept.put(values, known.clone(), self.most);
        Some(known)
    }

    fn keep(&self, values: T, drawn: Arc<str>) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).put(values, drawn, self.most);
    }
}

impl<T: Eq + Hash> Kept<T> {
    fn put(&mut self, values: T, drawn: Arc<str>, most: usize) {
        if self.late.len() >= most {
            self.before = mem::take(&mut self.late);
        }
        self.late.insert(values, drawn);
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, convert::Infallible};

    use super::*;

    #[test]
    fn the_same_is_drawn_once_and_what_is_not_asked_for_is_forgotten() {
        const MOST: usize = 8;
        let (drawn, times) = (Drawn::new(MOST), Cell::new(0));
        let of = |n: usize| {
            let draw = |n: &usize| {
                times.set(times.get() + 1);
                Ok::<_, Infallible>(format!("<li>{n}"))
            };
            let Ok(piece) = drawn.kept(&n, draw);
            assert_eq!(*piece, format!("<li>{n}"));
            times.replace(0) == 1
        };
        assert!(of(0) && !of(0));
        assert!((1..=MOST).all(of), "each is another");
        assert!(!of(0), "it is asked for still");
        assert!((MOST + 1..=3 * MOST).all(of));
        assert!(of(0), "nobody asked for it for long");
        let kept = drawn.kept.lock().unwrap();
        assert!(kept.late.len() <= MOST && kept.before.len() <= MOST);
    }

    #[test]
    fn what_could_not_be_drawn_is_drawn_the_next_time() {
        let drawn = Drawn::new(8);
        assert_eq!(drawn.kept(&1, |_| Err("no such template")), Err("no such template"));
        assert_eq!(drawn.kept(&1, |_| Ok::<_, &str>("now".to_owned())).as_deref(), Ok("now"));
    }
}
