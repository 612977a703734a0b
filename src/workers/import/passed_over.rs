//! Files that are passed over: what they seem to be, and what to do about it.

use std::path::Path;

use super::Unreadable;

/// As many are named; the others are counted.
pub const MOST_NAMED: usize = 20;

/// Files and folders that are passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PassedOver {
    /// How many.
    pub count: u64,
    /// The first of them, each with the reason; at most [`MOST_NAMED`].
    pub first: Vec<Unreadable>,
}

impl PassedOver {
    pub(super) fn add(&mut self, path: &Path, why: &str) {
        self.count += 1;
        if self.first.len() < MOST_NAMED {
            self.first.push(Unreadable::file(path, why));
        }
    }
}

/// Beginnings of files that hold no mail to be read.
const BEGINNINGS: [(&[u8], &str); 7] = [
    (b"\x1f\x8b", PACKED),
    (b"PK\x03\x04", PACKED),
    (b"BZh", PACKED),
    (b"\xfd7zXZ", PACKED),
    (b"7z\xbc\xaf", PACKED),
    (b"\x28\xb5\x2f\xfd", PACKED),
    (b"!BDN", "it is a file of Outlook; have its mail written as mbox or .eml, and give that"),
];

const PACKED: &str = "it is packed; unpack it, and give what was in it";

/// What a file in a folder seems to be that is not taken: `begin` is how it begins.
pub(super) fn why(begin: &[u8]) -> &'static str {
    match BEGINNINGS.iter().find(|(it, _)| begin.starts_with(it)) {
        Some((_, why)) => why,
        None if super::find::is_a_header(begin) => {
            "it begins as a message does, and its name is not one of a message; give it by itself, or call it .eml"
        }
        None => "it is no mail",
    }
}

/// Whether a file of this name is what a mail program notes beside the mail: indexes, flags, subscriptions.
pub(super) fn is_note(name: &str) -> bool {
    const BEGIN: [&str; 3] = [".", "dovecot", "courier"];
    const ARE: [&str; 3] = ["maildirfolder", "maildirsize", "subscriptions"];
    BEGIN.iter().any(|it| name.starts_with(it)) || ARE.contains(&name) || name.ends_with(".msf")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_passed_over_is_told_with_its_mend_and_not_too_often() {
        assert!(why(b"\x1f\x8b\x08\0").contains("unpack it"));
        assert!(why(b"Received: by a\n").contains(".eml"));
        assert_eq!(why(b"<html>"), "it is no mail");
        let mut over = PassedOver::default();
        (0..30).for_each(|n| over.add(Path::new(&n.to_string()), why(b"")));
        assert_eq!((over.count, over.first.len()), (30, MOST_NAMED));
        assert!(is_note("dovecot.index.log") && is_note("Inbox.msf") && is_note(".mh_sequences") && !is_note("Inbox"));
    }
}
