//! The tickets before and after one among those that a search finds. The search is made again only when somebody goes on: a page
//! that is opened from it says where its ticket stood.

use std::{fmt, str::FromStr};

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use crate::{
    desk::{
        id::TicketNumber,
        query::{Known, Query as Words},
    },
    panel::{
        Panel,
        error::PageError,
        kept::Kept,
        list::PAGE,
        page::{self, Flash},
        search,
        url::{Query, encoded},
        visitor::{Staff, Visitor},
    },
    store::{
        people,
        search::{Extent, Found, Hit, MOST_LISTED, Order},
        tags,
    },
};

/// Where a ticket stood among what was found, as its address says it: `3.43`, or `3` where nobody counted all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stood {
    /// From 0 on; less than [`MOST_LISTED`].
    at: usize,
    /// How many there are.
    of: Option<usize>,
}

impl Stood {
    /// The first of a page.
    pub fn first_of(found: &Found, page: usize) -> Self {
        let of = match found.extent {
            Extent::All => Some(found.hits.len()),
            Extent::More | Extent::Newest => None,
        };
        Self { at: page * PAGE, of }
    }

    /// So many behind it.
    pub fn and_further(self, by: usize) -> Self {
        Self { at: self.at + by, ..self }
    }

    /// What the address of a ticket says about the search that it was opened from.
    pub fn opened_from(self, kept: &str) -> String {
        format!("?list={}&at={self}", encoded(kept))
    }

    /// The page of the search that it was on.
    pub fn page(self) -> usize {
        self.at / PAGE
    }

    /// `4 of 43`.
    pub fn in_words(self) -> Option<String> {
        self.of.map(|of| format!("{} of {of}", self.at + 1))
    }

    /// Where the ticket before this one is asked for, and the one after it; none: it was the first, or the last.
    pub fn ways(self, kept: &str, number: TicketNumber) -> (Option<String>, Option<String>) {
        let asked = format!("/search/beside{}&ticket={number}", self.opened_from(kept));
        let last = self.at + 1 >= self.of.unwrap_or(MOST_LISTED);
        ((self.at > 0).then(|| format!("{asked}&way=before")), (!last).then(|| format!("{asked}&way=after")))
    }
}

impl fmt::Display for Stood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of {
            Some(of) => write!(f, "{}.{of}", self.at),
            None => write!(f, "{}", self.at),
        }
    }
}

impl FromStr for Stood {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        let (at, of) = word.split_once('.').map_or((word, None), |(at, of)| (at, Some(of)));
        let at = at.parse().ok().filter(|it| *it < MOST_LISTED).ok_or(())?;
        let of = of.map(|it| it.parse().map_err(|_| ())).transpose()?;
        Ok(Self { at, of })
    }
}

/// What is asked for from the page of a ticket.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// The search, as a saved view has it.
    list: String,
    at: String,
    ticket: i64,
    /// `before` or `after`.
    way: String,
}

/// `GET /search/beside`: to the ticket before or after this one among what the search finds now. One that it finds no more goes on from
/// where it stood.
pub(super) async fn beside(State(panel): State<Panel>, Staff(visitor): Staff, Query(asked): Query<Asked>) -> Result<Response, PageError> {
    let kept = Kept::read(&asked.list);
    let (Kept::Search { q, order }, Ok(stood)) = (&kept, asked.at.parse::<Stood>()) else {
        return Ok(Redirect::to(&kept.address()).into_response());
    };
    let hits = hits(&panel, &visitor, q, (*order, stood.page())).await?;
    let here = hits.hits.iter().position(|it| it.ticket.0 == asked.ticket);
    let before = asked.way == "before";
    let to = match here {
        Some(at) if before => at.checked_sub(1),
        Some(at) => Some(at + 1),
        None if before => stood.at.checked_sub(1),
        None => Some(stood.at),
    };
    let found: Option<(usize, &Hit)> = to.and_then(|at| Some((at, hits.hits.get(at).filter(|_| at < MOST_LISTED)?)));
    Ok(match found {
        Some((at, hit)) => {
            let from = Stood { at, ..Stood::first_of(&hits, 0) }.opened_from(&kept.query());
            Redirect::to(&format!("/tickets/{}{from}#m{}", hit.ticket, hit.comment)).into_response()
        }
        None => {
            let side = if before { "before" } else { "after" };
            let here = format!("/tickets/{}{}", asked.ticket, stood.opened_from(&kept.query()));
            page::go(&panel, &visitor, &here, &Flash::warn(format!("This search finds no ticket {side} this one.")))
        }
    })
}

/// What a search finds up to the end of this page; of one that asks for what is not there any more, nothing.
async fn hits(panel: &Panel, visitor: &Visitor, q: &str, place: (Order, usize)) -> Result<Found, PageError> {
    let mut conn = panel.desk.store.read().await?;
    let (staff, tags) = (people::all_staff(&mut conn).await?, tags::all(&mut conn).await?);
    let (mailboxes, zone, now) = (search::mailboxes(panel), panel.zone(), panel.desk.clock.now());
    let known = Known { tags: &tags, staff: &staff, mailboxes: &mailboxes, me: visitor.person.id, now, zone: &zone };
    match Words::read(q).query.meaning(&known) {
        Ok(meaning) => search::find(panel, visitor, &mut conn, &meaning, place).await,
        Err(_) => Ok(Found::default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_ticket_stood_is_read_back_and_leads_on() {
        let stood: Stood = "3.43".parse().unwrap();
        assert_eq!((stood.to_string(), stood.in_words().as_deref(), stood.page()), ("3.43".to_owned(), Some("4 of 43"), 0));
        let (before, after) = stood.ways("q=a%20b", TicketNumber(7));
        assert_eq!(before.unwrap(), "/search/beside?list=q%3Da%2520b&at=3.43&ticket=7&way=before");
        assert!(after.unwrap().ends_with("&way=after"));
        let ways = |word: &str| word.parse::<Stood>().unwrap().ways("q=a", TicketNumber(7));
        assert!(ways("0.1").0.is_none() && ways("0.1").1.is_none(), "there is but one");
        assert!(ways("60").1.is_some() && ways("499").1.is_none(), "as far as can be leafed through");
        for odd in ["", "x", "500", "-1", "1.x", "1.2.3"] {
            assert!(odd.parse::<Stood>().is_err(), "{odd}");
        }
    }
}
