//! Messages are taken in, some threads at a time.

use std::ops::Range;

use super::{Archive, Lies, Progress, Summary, Unreadable, read::Reader};
use crate::{
    actions::{
        Desk,
        import::{Became, How, OldMail, import},
    },
    desk::triage::HeldFor,
    mail::{
        content_key::{ContentKeys, content_keys},
        parse::{
            self,
            timed::{MOST_PROCESSOR_TIME, read_each},
        },
    },
    store::{Store, messages},
    workers::Result,
};

/// So many messages in one transaction, and so many bytes of them: more of either are a thread of their own.
const BATCH: usize = 50;
const OCTETS: u64 = 16 << 20;

/// A thread of more is taken in in pieces.
const LONGEST_THREAD: usize = 500;
const LARGEST_THREAD: u64 = 64 << 20;

/// What a look at the messages came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Messages that would be taken in.
    pub new: u64,
    /// Those that the ledger has.
    pub known: u64,
    /// Messages over the bound.
    pub too_large: Vec<Unreadable>,
    /// What could not be read.
    pub unreadable: Vec<Unreadable>,
}

/// Reads every message, and says which the ledger has already; `store`: none where there is no desk yet. Writes nothing.
///
/// # Errors
/// When the database fails.
pub async fn look(store: Option<&Store>, most: u64, archive: &Archive, tell: &mut (dyn FnMut(Progress) + Send)) -> Result<Looked> {
    let (mut reader, mut looked, mut met) = (Reader::new(archive), Looked::default(), std::collections::HashSet::new());
    let of = archive.len() as u64;
    for batch in batches(&archive.messages) {
        let mut wrong = Wrong::default();
        let read = tokio::task::block_in_place(|| wrong.read(&mut reader, &archive.messages[batch.clone()], most));
        let (known, new) = match store {
            Some(store) => told_apart(store, read).await?,
            None => (0, read.into_iter().map(|(lies, keys, octets)| (lies, keys.key, octets)).collect()),
        };
        looked.known += known;
        for (_, key, _) in new {
            if met.insert(key) { looked.new += 1 } else { looked.known += 1 }
        }
        looked.too_large.append(&mut wrong.too_large);
        looked.unreadable.append(&mut wrong.unreadable);
        tell(Progress::Taking { done: batch.end as u64, of });
    }
    Ok(looked)
}

/// Takes in everything that was found. What the ledger has is passed over, so that it can be broken off and begun again.
///
/// # Errors
/// When the database or the disk fails.
pub async fn take(desk: &Desk, how: &How, archive: &Archive, tell: &mut (dyn FnMut(Progress) + Send)) -> Result<Summary> {
    let (mut reader, mut summary) = (Reader::new(archive), Summary::default());
    let of = archive.len() as u64;
    for batch in batches(&archive.messages) {
        let mut wrong = Wrong::default();
        let read =
            tokio::task::block_in_place(|| wrong.read(&mut reader, &archive.messages[batch.clone()], desk.settings.max_message_bytes));
        summary.too_large.append(&mut wrong.too_large);
        summary.unreadable.append(&mut wrong.unreadable);
        let (known, new) = told_apart(&desk.store, read).await?;
        summary.known += known;
        if !new.is_empty() {
            let (lies, mails) = tokio::task::block_in_place(|| parsed(new));
            let mut threads: Vec<&[OldMail]> = Vec::new();
            let mut rest = mails.as_slice();
            for thread in lies.chunk_by(|a, b| a.thread == b.thread) {
                let (one, others) = rest.split_at(thread.len());
                threads.push(one);
                rest = others;
            }
            let became = import(desk, how, &threads).await?;
            for (became, one) in became.into_iter().zip(lies) {
                summary.count(became, || reader.name(one));
            }
        }
        tell(Progress::Taking { done: batch.end as u64, of });
    }
    Ok(summary)
}

type Met<'a> = (&'a Lies, ContentKeys, Vec<u8>);
type Read<'a> = (&'a Lies, String, Vec<u8>);

/// How many of these the ledger has, and the others.
async fn told_apart<'a>(store: &Store, met: Vec<Met<'a>>) -> Result<(u64, Vec<Read<'a>>)> {
    let mut conn = store.read().await?;
    let keys = met.iter().map(|(_, keys, _)| (keys.key.clone(), keys.earlier.clone())).collect();
    let keys = messages::kept_under(&mut conn, keys).await?;
    let known = messages::known_of(&mut conn, &keys.iter().map(String::as_str).collect::<Vec<_>>()).await?;
    let all = met.into_iter().zip(keys).map(|((lies, _, octets), key)| (lies, key, octets));
    let (known, new): (Vec<Read<'_>>, Vec<Read<'_>>) = all.partition(|(_, key, _)| known.contains(key));
    Ok((known.len() as u64, new))
}

/// What of a batch is not taken.
#[derive(Default)]
struct Wrong {
    too_large: Vec<Unreadable>,
    unreadable: Vec<Unreadable>,
}

impl Wrong {
    fn read<'a>(&mut self, reader: &mut Reader<'_>, lie: &'a [Lies], most: u64) -> Vec<Met<'a>> {
        let mut read = Vec::with_capacity(lie.len());
        for one in lie {
            if one.length > most {
                let why = format!("{} bytes, and at most {most} are taken; raise desk.max_message_bytes, and run this again", one.length);
                self.too_large.push(Unreadable { what: reader.name(one), why });
                continue;
            }
            match reader.read(one) {
                Ok(octets) => read.push((one, content_keys(&octets), octets)),
                Err(unreadable) => self.unreadable.push(unreadable),
            }
        }
        read
    }
}

fn parsed(read: Vec<Read<'_>>) -> (Vec<&Lies>, Vec<OldMail>) {
    let octets = read.iter().map(|(_, _, octets)| octets.clone()).collect();
    let messages = read_each(octets, parse::read, MOST_PROCESSOR_TIME);
    let mail = |((lies, content_key, octets), message): (Read<'_>, _)| OldMail { content_key, octets, at: lies.at, message };
    (read.iter().map(|(lies, _, _)| *lies).collect(), read.into_iter().zip(messages).map(mail).collect())
}

/// Pieces of whole threads.
fn batches(all: &[Lies]) -> Vec<Range<usize>> {
    let (mut pieces, mut piece, mut octets) = (Vec::new(), 0..0, 0);
    for thread in all.chunk_by(|a, b| a.thread == b.thread) {
        let size: u64 = thread.iter().map(|it| it.length).sum();
        if !piece.is_empty() && (piece.len() + thread.len() > BATCH || octets + size > OCTETS) {
            pieces.push(piece.clone());
            (piece, octets) = (piece.end..piece.end, 0);
        }
        if thread.len() <= LONGEST_THREAD && size <= LARGEST_THREAD {
            piece.end += thread.len();
            octets += size;
            continue;
        }
        for one in thread {
            if !piece.is_empty() && (piece.len() == LONGEST_THREAD || octets + one.length > LARGEST_THREAD) {
                pieces.push(piece.clone());
                (piece, octets) = (piece.end..piece.end, 0);
            }
            piece.end += 1;
            octets += one.length;
        }
        pieces.push(piece.clone());
        (piece, octets) = (piece.end..piece.end, 0);
    }
    if !piece.is_empty() {
        pieces.push(piece);
    }
    pieces
}

impl Summary {
    fn count(&mut self, became: Became, name: impl FnOnce() -> String) {
        let Became::New(outcome) = became else {
            self.known += 1;
            return;
        };
        match (outcome.decision, outcome.held_for) {
            ("hold", held_for) => {
                let held_for = held_for.unwrap_or(HeldFor::Unreadable);
                *self.held.entry(held_for.title()).or_default() += 1;
                if held_for == HeldFor::Unreadable {
                    self.broken.push(Unreadable { what: name(), why: outcome.reason });
                }
            }
            ("ignore", _) => self.ignored += 1,
            (decision, _) => {
                self.taken += 1;
                self.tickets += u64::from(decision == "open-ticket");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::workers::import::seal::Seal;

    fn lies(thread: usize, length: u64) -> Lies {
        Lies { source: 0, nth: 1, begin: 0, length, seal: Seal::of(b""), at: Timestamp::UNIX_EPOCH, thread }
    }

    #[test]
    fn threads_are_taken_whole_unless_they_are_very_long() {
        let pieces = |threads: &[(usize, u64)]| {
            let all: Vec<Lies> =
                threads.iter().enumerate().flat_map(|(thread, (n, length))| std::iter::repeat_n(lies(thread, *length), *n)).collect();
            batches(&all).iter().map(|it| it.len()).collect::<Vec<_>>()
        };
        assert_eq!(pieces(&[(20, 1), (20, 1), (20, 1), (1, 1)]), [40, 21]);
        assert_eq!(pieces(&[(1, 1), (300, 1), (1, 1)]), [1, 300, 1]);
        assert_eq!(pieces(&[(3, 1), (1100, 1), (1, 1)]), [3, 500, 500, 100, 1]);
        assert_eq!(pieces(&[(1, 10 << 20), (1, 10 << 20), (3, 40 << 20)]), [1, 1, 1, 1, 1]);
        assert_eq!(pieces(&[]), Vec::<usize>::new());
    }
}
