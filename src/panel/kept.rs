//! What a saved view opens: a list of the queue, or a search.

use crate::{
    desk::query::Query as Words,
    panel::{
        list::Asked,
        search::{self, Sought},
        url::Query,
    },
    store::search::Order,
};

/// So many characters may a search have.
pub(super) const LONGEST_SEARCH: usize = 500;

/// As `saved_views.query` keeps it: what stands behind the `?` of its address.
pub(super) enum Kept {
    List(Box<Asked>),
    Search { q: String, order: Order },
}

impl Kept {
    /// Whatever stands there is one of the two: what is no search is a list, and what is no list is all that is open.
    pub fn read(query: &str) -> Self {
        let sought = format!("/search?{query}").parse().ok().and_then(|uri| Query::<Sought>::of(&uri));
        match sought {
            Some(Query(it)) if Self::is_search(it.q()) => Self::Search { q: it.q().to_owned(), order: it.order() },
            _ => Self::List(Box::new(Asked::read(query).unwrap_or_default())),
        }
    }

    fn is_search(q: &str) -> bool {
        let reading = Words::read(q);
        q.chars().count() <= LONGEST_SEARCH && reading.wrong.is_empty() && !reading.query.parts.is_empty()
    }

    /// The same view has the same words: it is known by them.
    pub fn query(&self) -> String {
        match self {
            Self::List(asked) => asked.query(),
            Self::Search { .. } => self.address().split_once('?').map_or_else(String::new, |it| it.1.to_owned()),
        }
    }

    /// Where it opens.
    pub fn address(&self) -> String {
        match self {
            Self::List(asked) => asked.address(),
            Self::Search { q, order } => search::address("/search", q, *order, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_a_search_or_a_list_and_read_back_as_it_is() {
        for (kept, again, at) in [
            ("q=pump+is%3Aopen&sort=newest&page=3", "q=pump%20is%3Aopen&sort=newest", "/search"),
            ("q=%22two%20words%22", "q=%22two%20words%22", "/search"),
            ("view=mine&priority=urgent&q=", "view=mine&priority=urgent", "/tickets"),
            ("q=is%3Anonsense", "", "/tickets"),
            ("", "", "/tickets"),
        ] {
            let kept = Kept::read(kept);
            assert_eq!(kept.query(), again);
            assert_eq!(kept.address().split('?').next(), Some(at), "{again}");
            assert_eq!(Kept::read(&kept.query()).query(), again);
        }
    }
}
