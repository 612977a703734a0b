//! What one session believes of its folder: sequence numbers are the session's own (RFC 3501 §2.3.1.2).

use imap_next::imap_types::sequence::{SeqOrUid, Sequence, SequenceSet};

/// A selected folder as this session was told of it.
pub(super) struct View {
    pub(super) folder: String,
    pub(super) read_only: bool,
    /// UIDs by sequence number, the first being number 1; ascending.
    pub(super) uids: Vec<u32>,
    /// The state of the folder that was told last.
    pub(super) version: u64,
}

/// How the numbers of a set are meant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Sequence,
    Uid,
}

impl By {
    pub(super) fn uid(uid: bool) -> Self {
        if uid { Self::Uid } else { Self::Sequence }
    }
}

/// What happened to the folder since it was last told: sequence numbers as they are to be sent, in this order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    pub(super) expunged: Vec<u32>,
    pub(super) exists: Option<u32>,
}

impl View {
    /// The messages that a set names, as sequence number and UID, ascending and each once.
    pub(super) fn named(&self, set: &SequenceSet, by: By) -> Vec<(u32, u32)> {
        let largest = match by {
            By::Sequence => u32::try_from(self.uids.len()).unwrap_or(u32::MAX),
            By::Uid => self.uids.last().copied().unwrap_or(0),
        };
        let value = |it: &SeqOrUid| match it {
            SeqOrUid::Value(n) => n.get(),
            SeqOrUid::Asterisk => largest,
        };
        let mut positions = Vec::new();
        for part in set.0.as_ref() {
            let (from, to) = match part {
                Sequence::Single(one) => (value(one), value(one)),
                Sequence::Range(one, other) => (value(one).min(value(other)), value(one).max(value(other))),
            };
            positions.extend(match by {
                By::Sequence => (from.max(1) as usize - 1)..(to.min(largest) as usize),
                By::Uid => self.uids.partition_point(|it| *it < from)..self.uids.partition_point(|it| *it <= to),
            });
        }
        positions.sort_unstable();
        positions.dedup();
        positions.into_iter().filter_map(|at| Some((u32::try_from(at + 1).ok()?, *self.uids.get(at)?))).collect()
    }

    /// The sequence number of a message.
    pub(super) fn sequence(&self, uid: u32) -> Option<u32> {
        self.uids.binary_search(&uid).ok().and_then(|at| u32::try_from(at + 1).ok())
    }

    /// Takes over the folder as it is now.
    pub(super) fn catch_up(&mut self, now: Vec<u32>) -> News {
        let mut expunged = Vec::new();
        let mut kept = 0;
        for uid in &self.uids {
            if now.binary_search(uid).is_ok() {
                kept += 1;
            } else {
                // Each EXPUNGE moves those after it up by one.
                expunged.push(kept + 1);
            }
        }
        let grown = now.len() > kept as usize;
        let exists = grown.then(|| u32::try_from(now.len()).unwrap_or(u32::MAX));
        self.uids = now;
        News { expunged, exists }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(uids: &[u32]) -> View {
        View { folder: "INBOX".to_owned(), read_only: false, uids: uids.to_vec(), version: 1 }
    }

    #[test]
    fn a_set_names_messages_by_number_or_uid() {
        let view = view(&[3, 5, 9]);
        let named = |set: &str, by| view.named(&SequenceSet::try_from(set).unwrap(), by);
        assert_eq!(named("1,3", By::Sequence), [(1, 3), (3, 9)]);
        assert_eq!(named("4:*", By::Uid), [(2, 5), (3, 9)]);
        assert_eq!(named("20:*", By::Uid), [(3, 9)], "n:* always names the last one");
        assert_eq!(named("7", By::Sequence), []);
        assert_eq!(named("1:4294967295", By::Uid).len(), 3);
    }

    #[test]
    fn those_that_went_are_told_by_the_numbers_they_then_have() {
        let mut view = view(&[3, 5, 9, 10]);
        assert_eq!(view.catch_up(vec![5, 10, 11]), News { expunged: vec![1, 2], exists: Some(3) });
        assert_eq!(view.catch_up(vec![5, 10, 11]), News::default());
    }
}
