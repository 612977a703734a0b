//! What changes while a page is open: one stream of server-sent events a page (WHATWG HTML §9.2), within what its viewer may see.
//!
//! A page says where the history of the desk ended when it was made; the stream goes on from there, and after a broken
//! connection from the last event that the browser had. It carries ready-made HTML, drawn by the templates that drew the page.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::{StreamExt as _, stream};
use serde::Deserialize;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    desk::id::TicketNumber,
    panel::{
        Panel,
        error::PageError,
        live::{
            news::{Begins, News, Open},
            standing::Known,
        },
        url::Query,
        visitor::{self, Staff, Visitor},
        zone,
    },
    store::{
        Conn, StoreError,
        events::{self, Place},
        presence,
    },
};

mod news;
mod standing;

/// Streams that one session has at most: one for each page that is open and looked at.
const MOST_STREAMS: usize = 30;

/// So long is waited after something was told, so that a flood of mail is told together.
const TOGETHER: Duration = Duration::from_millis(250);

/// A stream on which nothing happens looks so often whether its session still stands; the browser sees that we are there.
const STILL_HERE: Duration = Duration::from_secs(15);

/// Other instances, and commands on the shell, write without telling this process: their lines are looked for so often while
/// somebody listens.
const OTHERS_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// Where the page stands in the history.
    since: i64,
    /// The address of the list that it shows.
    list: String,
    /// The ticket that it shows.
    ticket: Option<i64>,
    /// What that shows of its mail.
    sent: String,
}

/// The streams of each session that are open.
#[derive(Clone, Debug, Default)]
pub(super) struct Streams(Arc<Mutex<HashMap<String, usize>>>);

/// One of them; dropped, it is over.
struct Counted {
    streams: Streams,
    session: String,
}

impl Streams {
    fn open(&self, session: &str) -> Option<Counted> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let n = open.entry(session.to_owned()).or_default();
        if *n >= MOST_STREAMS {
            return None;
        }
        *n += 1;
        Some(Counted { streams: self.clone(), session: session.to_owned() })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = self.streams.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(n) = open.get_mut(&self.session) {
            *n -= 1;
            if *n == 0 {
                open.remove(&self.session);
            }
        }
    }
}

/// `GET /events`: what changes from now on, for the page that asks.
pub(super) async fn follow(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let Some(counted) = panel.streams.open(&visitor.session) else {
        return Ok((StatusCode::TOO_MANY_REQUESTS, "too many pages of this session are open; close some\n").into_response());
    };
    let last = headers.get("last-event-id").and_then(|it| it.to_str().ok()).and_then(|it| it.parse().ok());
    let since = Place(last.unwrap_or(asked.since));
    let follower = Follower {
        changes: panel.desk.store.changes().subscribe(),
        news: News::new(open(&asked), since, if last.is_some() { Begins::Again } else { Begins::WithThePage }),
        stop: panel.stop.clone(),
        panel,
        visitor,
        begun: false,
        not_before: Instant::now(),
        _counted: counted,
    };
    let told = stream::unfold(follower, |mut follower| async move { follower.next().await.map(|told| (told, follower)) });
    let told = told.flat_map(|told| stream::iter(told.into_iter().map(Ok::<Event, Infallible>)));
    Ok(Sse::new(told).keep_alive(KeepAlive::new().interval(STILL_HERE)).into_response())
}

/// What the page shows that changes by itself.
fn open(asked: &Asked) -> Open {
    if let Some(number) = asked.ticket {
        return Open::Ticket(TicketNumber(number), Box::new(Known::new(asked.sent.clone())));
    }
    let list = asked.list.parse::<Uri>().ok().filter(|it| it.path() == "/tickets").and_then(|it| Query::of(&it));
    list.map_or(Open::Elsewhere, |Query(list)| Open::List(Box::new(list)))
}

/// One page that is open.
struct Follower {
    panel: Panel,
    visitor: Visitor,
    news: News,
    changes: tokio::sync::watch::Receiver<u64>,
    stop: CancellationToken,
    begun: bool,
    not_before: Instant,
    _counted: Counted,
}

impl Follower {
    /// Waits for something to tell; none: the stream ends, and the browser begins another one, if it still may.
    async fn next(&mut self) -> Option<Vec<Event>> {
        loop {
            if self.begun {
                tokio::select! {
                    () = self.stop.cancelled() => return None,
                    changed = self.changes.changed() => changed.ok()?,
                    () = tokio::time::sleep(self.news.next().map_or(STILL_HERE, |it| it.min(STILL_HERE))) => {}
                }
                tokio::time::sleep_until(self.not_before).await;
            }
            self.begun = true;
            self.changes.mark_unchanged();
            match self.told().await {
                Ok(Some(told)) if told.is_empty() => {}
                Ok(Some(told)) => {
                    self.not_before = Instant::now() + TOGETHER;
                    return Some(told);
                }
                // An error is in the log already, under its id; the browser comes back.
                Ok(None) | Err(_) => return None,
            }
        }
    }

    /// None: whoever looks may no longer.
    async fn told(&mut self) -> Result<Option<Vec<Event>>, PageError> {
        let Some(visitor) = visitor::still_here(&self.panel, &self.visitor).await? else { return Ok(None) };
        self.visitor = visitor;
        let zone = self.visitor.zone.clone();
        Ok(Some(zone::seen_from(zone, self.news.since_then(&self.panel, &self.visitor)).await?))
    }
}

/// Tells this process's pages what others wrote, until it is told to stop.
pub async fn hear_others(panel: Panel, stop: CancellationToken) {
    let changes = panel.desk.store.changes();
    let mut known = None;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(OTHERS_EVERY) => {}
        }
        if changes.receiver_count() == 0 {
            known = None;
            continue;
        }
        let newest = match panel.desk.store.read().await {
            Ok(mut conn) => newest(&mut conn).await,
            Err(error) => Err(error),
        };
        // A database that does not answer is told of elsewhere.
        let Ok(newest) = newest else { continue };
        if known.is_some_and(|it| it != newest) {
            changes.send_modify(|it| *it = it.wrapping_add(1));
        }
        known = Some(newest);
    }
}

/// Where the history ends, and when anybody last came to a ticket, went, or began to write.
async fn newest(conn: &mut Conn) -> Result<((i64, i64, i64, i64), i64), StoreError> {
    Ok((events::standing(conn).await?, presence::newest(conn).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_has_so_many_streams_and_gives_each_back() {
        let streams = Streams::default();
        let mut open: Vec<Counted> = (0..MOST_STREAMS).filter_map(|_| streams.open("one")).collect();
        assert_eq!(open.len(), MOST_STREAMS);
        assert!(streams.open("one").is_none() && streams.open("other").is_some());
        open.pop();
        assert!(streams.open("one").is_some());
        drop(open);
        assert!(streams.0.lock().unwrap().is_empty());
    }

    #[test]
    fn a_page_is_a_list_a_ticket_or_neither() {
        let asked = |list: &str, ticket| open(&Asked { list: list.to_owned(), ticket, ..Asked::default() });
        assert!(matches!(asked("/tickets?view=mine", None), Open::List(_)));
        assert!(matches!(asked("/tickets?view=mine", Some(7)), Open::Ticket(TicketNumber(7), _)));
        for elsewhere in ["", "/mail", "https://evil.example/tickets\0", "//x/y"] {
            assert!(matches!(asked(elsewhere, None), Open::Elsewhere), "{elsewhere}");
        }
    }
}
