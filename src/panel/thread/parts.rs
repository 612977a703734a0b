//! A long conversation in parts: its beginning and its end are shown, and what lies between, and many changes in a row, unfold.

use serde::Serialize;

use crate::panel::thread::Entry;

/// A conversation of so many entries is shown whole.
const WHOLE: usize = 12;

/// Messages at its end that are always shown.
const LAST: usize = 8;

/// So many messages between the first and those are not worth folding away.
const FEW: usize = 3;

/// Of more changes in a row the last alone is shown.
const IN_A_ROW: usize = 3;

/// Entries that follow each other.
#[derive(Serialize)]
pub struct Part {
    entries: Vec<Entry>,
    /// What is folded away, in words; none: it is shown.
    folded: Option<String>,
    /// It stands open: what is new is in it.
    open: bool,
}

/// All of it.
pub fn all(entries: Vec<Entry>) -> Vec<Part> {
    vec![Part { entries, folded: None, open: false }]
}

/// The first message, the last ones, and what lies between. `new` is the first comment that is new to whoever looks.
pub fn folded(entries: Vec<Entry>, new: Option<i64>) -> Vec<Part> {
    let told = |folded: bool, entries: &[Entry]| {
        let messages = entries.iter().filter(|it| is_message(it)).count();
        folded.then(|| match (messages, entries.len()) {
            (0, n) => format!("{n} changes"),
            (_, n) => format!("{n} earlier entries"),
        })
    };
    let part = |(folded, entries): (bool, Vec<Entry>)| {
        let open = entries.iter().any(|it| Some(it.id) == new);
        Part { folded: told(folded, &entries), entries, open }
    };
    split(entries, is_message).into_iter().map(part).collect()
}

fn is_message(entry: &Entry) -> bool {
    entry.kind != "event"
}

/// Which of them are shown, and which are folded away.
fn split<T>(mut entries: Vec<T>, is_message: impl Fn(&T) -> bool) -> Vec<(bool, Vec<T>)> {
    if entries.len() <= WHOLE {
        return vec![(false, entries)];
    }
    let messages: Vec<usize> = entries.iter().enumerate().filter(|(_, it)| is_message(it)).map(|(at, _)| at).collect();
    let mut parts = Vec::new();
    if messages.len() > 1 + FEW + LAST {
        let last = entries.split_off(messages[messages.len() - LAST]);
        let middle = entries.split_off(1);
        parts.extend([(false, entries), (true, middle)]);
        entries = last;
    }
    parts.extend(without_long_rows(entries, is_message));
    parts
}

/// Of many changes in a row, the last is shown.
fn without_long_rows<T>(entries: Vec<T>, is_message: impl Fn(&T) -> bool) -> Vec<(bool, Vec<T>)> {
    let (mut parts, mut shown, mut row) = (Vec::new(), Vec::new(), Vec::new());
    let mut end = |shown: &mut Vec<T>, row: &mut Vec<T>| {
        if row.len() > IN_A_ROW {
            let last = row.pop();
            parts.extend([(false, std::mem::take(shown)), (true, std::mem::take(row))]);
            shown.extend(last);
        }
        shown.append(row);
    };
    for entry in entries {
        if is_message(&entry) {
            end(&mut shown, &mut row);
            shown.push(entry);
        } else {
            row.push(entry);
        }
    }
    end(&mut shown, &mut row);
    parts.push((false, shown));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Messages are letters, changes are dots; what is folded away stands in brackets.
    fn drawn(entries: &str) -> String {
        let drawn = |(folded, it): (bool, Vec<char>)| {
            let it: String = it.into_iter().collect();
            if folded { format!("[{it}]") } else { it }
        };
        split(entries.chars().collect(), |it: &char| it.is_alphabetic()).into_iter().map(drawn).collect()
    }

    #[test]
    fn the_last_messages_are_shown_however_many_changes_follow_them() {
        for (entries, shown) in [
            ("a.b.c.......", "a.b.c......."),
            ("abcdefghijkl.", "abcdefghijkl."),
            ("abcdefghijklm", "a[bcde]fghijklm"),
            ("a.bcd.efghijklm........", "a[.bcd.e]fghijklm[.......]."),
            ("a....bcdefghijklm..n.o", "a[....bcdefg]hijklm..n.o"),
            ("ab.....cd.....e", "ab[....].cd[....].e"),
            (".............", "[............]."),
        ] {
            assert_eq!(drawn(entries), shown);
        }
    }
}
