//! What people read is set with one apostrophe: ’ in every sentence, on pages, in mail, in the log and on the shell.

use std::{fs, path::Path};

#[test]
fn every_sentence_that_people_read_has_the_curly_apostrophe() {
    let straight = regex::Regex::new(r"[a-z]'(s|t|re|ve|ll|d)\b").unwrap();
    let mut found = Vec::new();
    for file in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = fs::read_to_string(&file).unwrap();
        let product = text.split("#[cfg(test)]").next().unwrap_or_default();
        let lines = product.lines().enumerate().filter(|(_, line)| {
            // What the program says to itself: comments, and what cannot happen.
            let said = !line.trim_start().starts_with("//") && !line.contains(".expect(") && !line.contains("reason = ");
            said && straight.is_match(line)
        });
        found.extend(lines.map(|(at, line)| format!("{}:{}: {}", file.display(), at + 1, line.trim())));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// What prints an error prints its sources behind it: one whose own words hold them would say them twice.
#[test]
fn no_error_says_its_source_twice() {
    let link = regex::Regex::new(r"#\[(from|source)\]|^\s*(pub )?source: .*Error").unwrap();
    let mut found = Vec::new();
    for file in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = fs::read_to_string(&file).unwrap();
        let mut own_words = false;
        for (at, line) in text.lines().enumerate().filter(|_| text.contains("thiserror::Error")) {
            if line.contains("#[error(") {
                own_words = !line.contains("#[error(transparent)]");
            }
            if own_words && link.is_match(line) && !line.trim_start().starts_with("//") {
                found.push(format!("{}:{}: {}", file.display(), at + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "take the source out of the words, or do not link it\n{}", found.join("\n"));
}

fn sources(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    let inside = entries.flat_map(|it| if it.is_dir() { sources(&it) } else { vec![it] });
    inside.filter(|it| it.extension().is_some_and(|it| it == "rs") && !it.ends_with("tests.rs")).collect()
}
