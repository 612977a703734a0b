//! Two texts, line by line: what went and what came.

/// A line of one text that is not in the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// It was.
    Removed(&'a str),
    /// It is.
    Added(&'a str),
}

/// Where the two have more lines between their common ends than this, each is taken whole: time and memory stay bounded.
const MOST_COMPARED: usize = 1_000;

/// The lines in which two texts differ, in order.
pub fn differences<'a>(before: &'a str, after: &'a str) -> Vec<Line<'a>> {
    let (before, after): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let start = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
    let (before, after) = (&before[start..], &after[start..]);
    let end = before.iter().rev().zip(after.iter().rev()).take_while(|(a, b)| a == b).count();
    let (before, after) = (&before[..before.len() - end], &after[..after.len() - end]);
    if before.len() > MOST_COMPARED || after.len() > MOST_COMPARED {
        return before.iter().map(|it| Line::Removed(it)).chain(after.iter().map(|it| Line::Added(it))).collect();
    }
    walk(before, after, &common(before, after))
}

/// `[i][j]`: how many lines `before[i..]` and `after[j..]` have in common, in order.
fn common(before: &[&str], after: &[&str]) -> Vec<Vec<u16>> {
    let mut longest = vec![vec![0_u16; after.len() + 1]; before.len() + 1];
    for i in (0..before.len()).rev() {
        for j in (0..after.len()).rev() {
            longest[i][j] = if before[i] == after[j] { longest[i + 1][j + 1] + 1 } else { longest[i + 1][j].max(longest[i][j + 1]) };
        }
    }
    longest
}

fn walk<'a>(before: &[&'a str], after: &[&'a str], longest: &[Vec<u16>]) -> Vec<Line<'a>> {
    let (mut i, mut j, mut found) = (0, 0, Vec::new());
    while i < before.len() || j < after.len() {
        if i < before.len() && j < after.len() && before[i] == after[j] {
            (i, j) = (i + 1, j + 1);
        } else if j == after.len() || (i < before.len() && longest[i + 1][j] >= longest[i][j + 1]) {
            found.push(Line::Removed(before[i]));
            i += 1;
        } else {
            found.push(Line::Added(after[j]));
            j += 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_went_and_what_came_is_told() {
        use Line::{Added, Removed};
        for (before, after, expected) in [
            ("a\nb\nc", "a\nb\nc", vec![]),
            ("a\nb\nc", "a\nB\nc", vec![Removed("b"), Added("B")]),
            ("a\nc", "a\nb\nc", vec![Added("b")]),
            ("a\nx\nb\ny\nc", "a\nb\nc", vec![Removed("x"), Removed("y")]),
            ("", "a", vec![Added("a")]),
            ("a", "", vec![Removed("a")]),
        ] {
            assert_eq!(differences(before, after), expected, "{before:?} {after:?}");
        }
        let (long, longer) = ("x\n".repeat(1_500), "y\n".repeat(1_500));
        assert_eq!(differences(&long, &longer).len(), 3_000);
    }
}
