//! What went, came and changed among the files of a message.

use crate::desk::replay::File;

/// One line each: `+ bill.pdf (application/pdf, 12 kB)`.
pub fn differences(before: &[File], after: &[File]) -> Vec<String> {
    let gone: Vec<&File> = before.iter().filter(|it| !after.contains(it)).collect();
    let mut came: Vec<&File> = after.iter().filter(|it| !before.contains(it)).collect();
    let mut lines = Vec::new();
    for old in gone {
        let same = came.iter().position(|it| it.sha256 == old.sha256).or_else(|| came.iter().position(|it| it.name == old.name));
        match same.map(|at| came.remove(at)) {
            Some(new) => lines.push(format!("~ {} is {}", shown(old), shown(new))),
            None => lines.push(format!("- {}", shown(old))),
        }
    }
    lines.extend(came.into_iter().map(|it| format!("+ {}", shown(it))));
    if lines.is_empty() { vec!["in another order, or so many times".to_owned()] } else { lines }
}

fn shown(file: &File) -> String {
    let place = if file.content_id.is_some() { ", shown in the text" } else { "" };
    format!("{} ({}, {}{place})", file.name, file.content_type, size(file.size))
}

/// As the panel says it.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, content: &str) -> File {
        let content_type = "text/plain".to_owned();
        File { name: name.to_owned(), content_type, size: content.len() as u64, sha256: content.to_owned(), content_id: None }
    }

    #[test]
    fn files_that_came_went_or_are_called_otherwise_are_named() {
        let (a, b, renamed) = (file("a.txt", "a"), file("b.txt", "b"), file("b?.txt", "b"));
        assert_eq!(differences(&[], std::slice::from_ref(&a)), ["+ a.txt (text/plain, 1 B)"]);
        assert_eq!(
            differences(&[a.clone(), renamed], std::slice::from_ref(&b)),
            ["- a.txt (text/plain, 1 B)", "~ b?.txt (text/plain, 1 B) is b.txt (text/plain, 1 B)"]
        );
        assert_eq!(differences(&[a.clone(), b.clone()], &[b, a]), ["in another order, or so many times"]);
        assert_eq!([999, 12_345, 2_345_678].map(size), ["999 B", "12 kB", "2.3 MB"]);
    }
}
