//! The octets of many messages, asked for in batches while the last one is still being put away.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    ops::Deref,
    time::Duration,
};

use async_imap::imap_proto::{AttributeValue, MessageSection, RequestId, Response, SectionPath};
use jiff::{Timestamp, fmt::strtime};

use super::{ImapError, Listed, Session, dialog::ResponseData};

/// Requests that are on their way at one time: while one is read, the server works on the next.
const AHEAD: usize = 2;
/// Octets that come in a second at the very least.
const SLOWEST: u64 = 20_000;
/// Octets of a header that is fetched alone.
const LONGEST_HEADER: u32 = 256 * 1024;

/// What to do with a body that is far shorter than the server said it would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Short {
    /// The server has listed what it cannot give yet: come back later.
    IsNotYet,
    /// It has been asked often enough: what it gives is the message.
    IsTaken,
}

/// The octets of one message, where they came in: nothing is copied.
pub struct Octets(ResponseData);

impl Deref for Octets {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        body(self.0.parsed()).unwrap_or_default()
    }
}

impl fmt::Debug for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} octets", self.len())
    }
}

/// A message that was fetched whole.
#[derive(Debug)]
pub struct Fetched {
    /// Which.
    pub uid: u32,
    /// How it was listed.
    pub listed: Listed,
    /// When it came to the server, where it says so.
    pub internal_date: Option<Timestamp>,
    /// The message, byte for byte.
    pub octets: Octets,
}

/// A message that the server listed and did not give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotYet {
    /// Which.
    pub uid: u32,
    /// How many octets there were instead; none: nothing came for it, it may have been deleted.
    pub octets: Option<usize>,
}

/// What came of one request.
#[derive(Debug, Default)]
pub struct Batch {
    /// In the order in which the server gave them.
    pub messages: Vec<Fetched>,
    /// Those that have to be asked for again.
    pub not_yet: Vec<NotYet>,
}

/// A fetch that goes on until [`Fetching::next_batch`] gives none.
#[derive(Debug)]
pub struct Fetching<'a> {
    session: &'a mut Session,
    short: Short,
    to_ask: VecDeque<Listed>,
    asked: VecDeque<Request>,
}

/// A request on its way. A server may work on two at a time and mix their answers (RFC 3501 §5.5); Dovecot does.
#[derive(Debug)]
struct Request {
    id: RequestId,
    wanted: HashMap<u32, Listed>,
    batch: Batch,
    progress: Progress,
}

impl Request {
    fn octets(&self) -> u64 {
        self.wanted.values().map(|it| u64::from(it.size)).sum()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Running,
    Ended,
}

impl Session {
    /// Begins to fetch these messages whole. Those over the limit are not asked for: see [`Session::fetch_header`].
    pub fn fetch(&mut self, messages: &[Listed], short: Short) -> Fetching<'_> {
        let largest = self.limits.largest_message;
        let to_ask = messages.iter().filter(|it| u64::from(it.size) <= largest).copied().collect();
        Fetching { session: self, short, to_ask, asked: VecDeque::new() }
    }

    /// The header of one message, at most 256 KiB of it; none when the message is not there.
    ///
    /// # Errors
    /// When the server refuses, breaks off, or is silent.
    pub async fn fetch_header(&mut self, uid: u32) -> Result<Option<Vec<u8>>, ImapError> {
        let mut header = None;
        let command = format!("UID FETCH {uid} (UID BODY.PEEK[HEADER]<0.{LONGEST_HEADER}>)");
        self.dialog
            .checked(&command, |response| {
                let Response::Fetch(_, attributes) = response else { return };
                if attributes.contains(&AttributeValue::Uid(uid)) {
                    header = attributes.iter().find_map(|it| match it {
                        AttributeValue::BodySection { section: Some(SectionPath::Full(MessageSection::Header)), data, .. } => {
                            data.as_ref().map(|it| it.to_vec())
                        }
                        _ => None,
                    });
                }
            })
            .await?;
        Ok(header)
    }
}

impl Fetching<'_> {
    /// The next messages, asked for together; none when all were given. The following ones are asked for already.
    ///
    /// # Errors
    /// When the server refuses, breaks off, is silent, or strikes a bound: what came before is good.
    pub async fn next_batch(&mut self) -> Result<Option<Batch>, ImapError> {
        while self.asked.len() < AHEAD && !self.to_ask.is_empty() {
            self.ask().await?;
        }
        let slowest = self.asked.front().map_or(0, |it| it.octets() / SLOWEST);
        let until = self.session.dialog.deadline() + Duration::from_secs(slowest);
        while let Some(first) = self.asked.front() {
            if first.progress == Progress::Ended {
                break;
            }
            let response = self.session.dialog.next_until(until).await?;
            for request in &mut self.asked {
                if let Some(ended) = self.session.dialog.ended(&request.id, response.parsed()) {
                    ended?;
                    request.progress = Progress::Ended;
                }
            }
            self.sort(response);
        }
        let Some(Request { wanted, mut batch, .. }) = self.asked.pop_front() else { return Ok(None) };
        batch.not_yet.extend(wanted.into_keys().map(|uid| NotYet { uid, octets: None }));
        batch.not_yet.sort_unstable_by_key(|it| it.uid);
        Ok(Some(batch))
    }

    async fn ask(&mut self) -> Result<(), ImapError> {
        let limits = self.session.limits;
        let (mut wanted, mut octets) = (HashMap::new(), 0_u64);
        while let Some(next) = self.to_ask.front() {
            octets = octets.saturating_add(u64::from(next.size));
            if !wanted.is_empty() && (octets > limits.batch_octets || wanted.len() >= limits.batch_messages.max(1)) {
                break;
            }
            wanted.insert(next.uid, *next);
            self.to_ask.pop_front();
        }
        let set = uid_set(wanted.keys().copied().collect());
        let id = self.session.dialog.send(&format!("UID FETCH {set} (UID INTERNALDATE BODY.PEEK[])")).await?;
        self.asked.push_back(Request { id, wanted, batch: Batch::default(), progress: Progress::Running });
        Ok(())
    }

    fn sort(&mut self, response: ResponseData) {
        let Some((uid, internal_date, octets)) = given(response.parsed()) else { return };
        let Some(request) = self.asked.iter_mut().find(|it| it.wanted.contains_key(&uid)) else { return };
        let Some(listed) = request.wanted.remove(&uid) else { return };
        let far_shorter = octets.saturating_mul(2) < listed.size as usize;
        if octets == 0 || (far_shorter && self.short == Short::IsNotYet) {
            request.batch.not_yet.push(NotYet { uid, octets: Some(octets) });
        } else {
            let internal_date = internal_date.or(listed.internal_date);
            request.batch.messages.push(Fetched { uid, listed, internal_date, octets: Octets(response) });
        }
    }
}

/// A line of a listing.
pub(super) fn listed(response: &Response<'_>) -> Option<Listed> {
    let Response::Fetch(_, attributes) = response else { return None };
    let (mut uid, mut size, mut internal_date) = (None, None, None);
    for attribute in attributes {
        match attribute {
            AttributeValue::Uid(it) => uid = Some(*it),
            AttributeValue::Rfc822Size(it) => size = Some(*it),
            AttributeValue::InternalDate(it) => internal_date = date(it),
            _ => (),
        }
    }
    Some(Listed { uid: uid?, size: size?, internal_date })
}

/// When a message came, where that is told.
pub(super) fn came(attributes: &[AttributeValue<'_>]) -> Option<Timestamp> {
    attributes.iter().find_map(|it| if let AttributeValue::InternalDate(it) = it { date(it) } else { None })
}

/// UID, date and length of a message that came whole; of one whose flags alone are told, nothing.
fn given(response: &Response<'_>) -> Option<(u32, Option<Timestamp>, usize)> {
    let Response::Fetch(_, attributes) = response else { return None };
    let (mut uid, mut internal_date, mut octets) = (None, None, None);
    for attribute in attributes {
        match attribute {
            AttributeValue::Uid(it) => uid = Some(*it),
            AttributeValue::InternalDate(it) => internal_date = date(it),
            AttributeValue::BodySection { section: None, data, .. } => octets = Some(data.as_ref().map_or(0, |it| it.len())),
            _ => (),
        }
    }
    Some((uid?, internal_date, octets?))
}

fn body<'a>(response: &'a Response<'_>) -> Option<&'a [u8]> {
    let Response::Fetch(_, attributes) = response else { return None };
    attributes.iter().find_map(|it| match it {
        AttributeValue::BodySection { section: None, data, .. } => data.as_deref(),
        _ => None,
    })
}

/// `17-Jul-1996 02:44:25 -0700` (RFC 3501 §9, date-time).
fn date(text: &str) -> Option<Timestamp> {
    strtime::parse("%d-%b-%Y %H:%M:%S %z", text.trim()).ok()?.to_timestamp().ok()
}

/// UIDs as a set, ranges drawn together: `3:5,9`.
pub(super) fn uid_set(mut uids: Vec<u32>) -> String {
    uids.sort_unstable();
    uids.dedup();
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for uid in uids {
        match ranges.last_mut() {
            Some((_, end)) if *end + 1 == uid => *end = uid,
            Some(_) | None => ranges.push((uid, uid)),
        }
    }
    let parts = ranges.iter().map(|(from, to)| if from == to { from.to_string() } else { format!("{from}:{to}") });
    parts.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_are_drawn_together() {
        assert_eq!(uid_set(vec![9, 3, 4, 5, 4, 11]), "3:5,9,11");
        assert_eq!(uid_set(vec![]), "");
    }

    #[test]
    fn dates_are_read_with_one_digit_or_two() {
        let at = |text| date(text).map(|it| it.to_string());
        assert_eq!(at("17-Jul-1996 02:44:25 -0700").as_deref(), Some("1996-07-17T09:44:25Z"));
        assert_eq!(at(" 7-Jul-1996 02:44:25 +0000").as_deref(), Some("1996-07-07T02:44:25Z"));
        assert_eq!(at("yesterday"), None);
    }
}
