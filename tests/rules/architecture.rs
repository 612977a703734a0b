//! The arrows of the house, as a test: which room may name which, which foreign crate is spoken where, how long a file may be.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Which rooms a room may name. `cli`, `demo`, `app`, `main` and `lib` wire the others together and may name all.
const ARROWS: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("fail_point", &[]),
    ("desk", &[]),
    ("config", &["desk", "clock"]),
    ("templates", &["desk"]),
    ("mail", &["desk", "templates", "clock"]),
    ("store", &["desk", "clock"]),
    ("auth", &["desk", "clock"]),
    // The configuration: a mailbox that is added on the web is read as the file is.
    ("actions", &["desk", "store", "auth", "mail", "clock", "templates", "config"]),
    ("workers", &["desk", "actions", "mail", "store", "clock"]),
    ("panel", &["desk", "actions", "store", "auth", "templates", "clock"]),
    ("api", &["desk", "actions", "store", "auth", "clock"]),
];

/// Where a foreign crate may be spoken.
const TONGUES: &[(&str, &[&str])] = &[
    ("sqlx", &["store"]),
    ("tar", &["store"]),
    ("lettre", &["mail"]),
    ("mail_parser", &["mail"]),
    ("async_imap", &["mail"]),
    ("ammonia", &["mail"]),
    ("pulldown_cmark", &["mail"]),
    ("html5ever", &["mail"]),
    ("aho_corasick", &["mail"]),
    ("argon2", &["auth"]),
    ("jsonwebtoken", &["auth"]),
    ("qrcode", &["panel"]),
    ("axum", &["panel", "api", "app", "demo"]),
    ("axum_extra", &["panel", "api", "demo"]),
    ("minijinja", &["templates"]),
    ("metrics_exporter_prometheus", &["panel"]),
    ("clap", &["cli", "main"]),
    ("imap_next", &["demo"]),
    ("chrono", &["demo"]),
];

/// What `actions` may name of `mail`: how mail is made, and how a held one is read again to be released, and how a code becomes
/// the tokens of a mailbox, and how one is tried before it is kept.
const ACTIONS_MAY_SPEAK_OF_MAIL: &[&str] = &["compose", "parse", "authenticity", "oauth", "imap", "smtp"];

const LONGEST_FILE: usize = 400;

#[test]
fn rooms_name_only_the_rooms_they_may() {
    for (file, room, text) in sources() {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == room) else { continue };
        for named in rooms_named(&text) {
            assert!(
                named == room || allowed.contains(&named.as_str()),
                "{} names `{named}`; {room} may name only {allowed:?}",
                file.display()
            );
        }
    }
}

#[test]
fn actions_know_of_mail_only_how_it_is_made_and_read() {
    for (file, room, text) in sources() {
        if room != "actions" {
            continue;
        }
        for (_, rest) in text.match_indices("mail::").map(|(at, it)| text[at..].split_at(it.len())) {
            let word: String = rest
                .trim_start_matches(|c: char| c == '{' || c.is_whitespace())
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            assert!(ACTIONS_MAY_SPEAK_OF_MAIL.contains(&word.as_str()), "{} names `mail::{word}`", file.display());
        }
    }
}

#[test]
fn a_foreign_crate_is_spoken_only_in_its_room() {
    for (file, room, text) in sources() {
        for (krate, rooms) in TONGUES {
            let spoken = text
                .match_indices(&format!("{krate}::"))
                .any(|(at, _)| !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'));
            assert!(!spoken || rooms.contains(&room.as_str()), "{} speaks {krate}, which lives in {rooms:?}", file.display());
        }
    }
}

#[test]
fn an_action_has_its_transaction_from_the_door_which_begins_it_again_where_a_race_is_lost() {
    for (file, room, text) in sources() {
        let begins = room == "actions" && !file.ends_with("door.rs") && text.contains("store.begin()");
        assert!(!begins, "{} begins a transaction by itself; `transact` of the door does", file.display());
    }
}

#[test]
fn no_file_is_longer_than_a_person_reads_at_once() {
    for (file, _, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= LONGEST_FILE, "{} has {lines} lines; at most {LONGEST_FILE}: it has two reasons to exist", file.display());
    }
}

#[test]
fn every_room_is_on_the_map() {
    let known: Vec<&str> = ARROWS.iter().map(|(name, _)| *name).chain(["app", "cli", "demo", "lib", "main"]).collect();
    for (file, room, _) in sources() {
        assert!(known.contains(&room.as_str()), "{} is in no room of the map", file.display());
    }
}

/// Each file with its room: the folder or file right below `src/`.
fn sources() -> Vec<(PathBuf, String, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![src.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let room = path.strip_prefix(&src).unwrap().iter().next().unwrap().to_string_lossy().trim_end_matches(".rs").to_owned();
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, room, text));
            }
        }
    }
    assert!(!found.is_empty());
    found
}

/// Rooms named as `crate::room` or inside `use crate::{room::…, other::…}`.
fn rooms_named(text: &str) -> Vec<String> {
    let mut named = Vec::new();
    for (_, rest) in text.match_indices("crate::").map(|(at, it)| text[at..].split_at(it.len())) {
        let Some(list) = rest.strip_prefix('{') else {
            named.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
            continue;
        };
        let (mut depth, mut word) = (0, String::new());
        for c in list.chars() {
            match c {
                '}' if depth == 0 => {
                    named.push(std::mem::take(&mut word));
                    break;
                }
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => named.push(std::mem::take(&mut word)),
                _ if depth == 0 => word.push(c),
                _ => (),
            }
        }
    }
    named.iter().map(|it| it.trim().split("::").next().unwrap().to_owned()).filter(|it| !it.is_empty()).collect()
}
