use std::io::BufReader;

use super::*;

fn messages(file: &str) -> Vec<String> {
    let (mut found, mut again) = (Vec::new(), Vec::new());
    // A buffer of a few bytes: lines are put together of many pieces.
    let from = || BufReader::with_capacity(7, file.as_bytes());
    let seams = split(&mut from(), Parted::ByEmptyLines, |it| found.push(it)).unwrap();
    if seams.parted() == Parted::ByFromLines {
        assert_eq!(split(&mut from(), Parted::ByFromLines, |it| again.push(it)).unwrap().bare, seams.bare);
        found = again;
    }
    assert_eq!(count(file.as_bytes()), if begins_as_one(file.as_bytes()) { found.len() as u64 } else { 1 });
    let octets = |it: &Found| file.as_bytes()[usize::try_from(it.at).unwrap()..][..usize::try_from(it.length).unwrap()].to_vec();
    assert!(found.iter().all(|it| octets(it).starts_with(&it.header)), "a header is how its message begins");
    found.iter().map(|it| String::from_utf8(unquoted(octets(it))).unwrap()).collect()
}

#[test]
fn messages_are_parted_by_from_lines_with_either_line_end() {
    let one =
        "From ann@home.test Mon Nov  2 10:00:00 2026\nSubject: One\n\nFirst\n\nFrom - Tue Nov  3 10:00:00 2026\nSubject: Two\n\nSecond\n\n";
    assert_eq!(messages(one), ["Subject: One\n\nFirst\n", "Subject: Two\n\nSecond\n"]);
    let crlf = one.replace('\n', "\r\n");
    assert_eq!(messages(&crlf), ["Subject: One\r\n\r\nFirst\r\n", "Subject: Two\r\n\r\nSecond\r\n"]);
    assert_eq!(messages(one.trim_end()), ["Subject: One\n\nFirst\n", "Subject: Two\n\nSecond"]);
    assert_eq!(messages("\u{feff}From a Mon Nov  2 10:00:00 2026\nSubject: One\n\nFirst\n"), ["Subject: One\n\nFirst\n"]);
    assert_eq!(messages(""), Vec::<String>::new());
}

#[test]
fn what_was_quoted_is_as_it_was_written() {
    let file = "From a Mon Nov  2 10:00:00 2026\nSubject: One\n\n>From here\n>>From there\n> From nowhere\n";
    assert_eq!(messages(file), ["Subject: One\n\nFrom here\n>From there\n> From nowhere\n"]);
}

#[test]
fn a_sentence_that_begins_with_from_begins_no_message() {
    let file = "From a Mon Nov  2 10:00:00 2026\nSubject: One\n\nFrom here on it smokes.\n\nFrom now on\nno more.\n\nFrom \n";
    assert_eq!(messages(file).len(), 1, "{:?}", messages(file));
    let loose = "From a\nSubject: One\n\nFirst\n\nFrom b\nSubject: Two\n\nSecond\n";
    assert_eq!(messages(loose), ["Subject: One\n\nFirst\n", "Subject: Two\n\nSecond\n"]);
}

#[test]
fn a_header_over_the_bound_cuts_none_of_the_next() {
    let long =
        format!("From a Mon Nov  2 10:00:00 2026\nSubject: One\n{}\nFirst\n\n", "X-Trace: 1234567890\n".repeat(LONGEST_HEADER / 20 + 1));
    let next = format!("From bob\nTo: {}\nSubject: Two\n\nSecond\n", "cy@home.test, ".repeat(200));
    assert_eq!(messages(&format!("{long}{next}")).len(), 2);
}

#[test]
fn a_file_without_empty_lines_between_its_messages_is_parted_by_their_from_lines() {
    let one = "From ann@home.test Mon Nov  2 10:00:00 2026\nSubject: One\n\nFirst\n";
    let two = "From - Tue Nov  3 10:00:00 2026\nReceived: by a\n at noon\nSubject: Two\n\nSecond\n\n";
    let three = "From - Wed Nov  4 10:00:00 2026\nSubject: Three\n\nThird\nFrom here on it smokes.\n";
    let parted = ["Subject: One\n\nFirst\n", "Received: by a\n at noon\nSubject: Two\n\nSecond\n"];
    assert_eq!(messages(&format!("{one}{two}")[..one.len() + two.len() - 1]), parted);
    let all = format!("{one}{one}{two}{three}");
    assert_eq!(messages(&all), [parted[0], parted[0], parted[1], "Subject: Three\n\nThird\nFrom here on it smokes.\n"]);
    assert_eq!(messages(&all.replace('\n', "\r\n")).len(), 4);
}

#[test]
fn a_text_that_quotes_a_from_line_stays_whole() {
    let quotes = [
        "From ann@home.test Mon Nov  2 10:00:00 2026\nSubject: Two\nFrom: ann@home.test\n\nSecond\n",
        "From ann@home.test Mon Nov  2 10:00:00 2026\nNote: none\n\nNo header.\n",
        "From ann@home.test Mon Nov  2 10:00:00 2026\nSubject: Two\nand text\n\n",
        "From ann\nSubject: Two\n\n",
    ];
    for (at, quote) in quotes.iter().enumerate() {
        let mail = format!("From a Mon Nov  2 10:00:00 2026\nSubject: One\n\nLook:\n{quote}\n");
        assert_eq!(messages(&mail).len(), 1, "{mail}");
        assert_eq!(messages(&format!("{mail}{mail}{mail}")).len(), 3, "{mail}");
        // What may begin a message and was not taken for one is told.
        let seams = split(&mut mail.as_bytes(), Parted::ByEmptyLines, |_| ()).unwrap();
        assert_eq!((seams.bare, seams.first_bare), if at == 0 { (1, 52) } else { (0, 0) }, "{mail}");
    }
}

#[test]
fn a_from_line_says_when_in_many_ways() {
    let at = |line: &str| noted(line.as_bytes()).map(|it| it.to_string());
    for line in [
        "From ann@home.test Mon Nov  2 10:00:00 2026",
        "From - Mon Nov 02 10:00:00 2026\r\n",
        "From 1583921830@xxx Mon Nov 02 10:00:00 +0000 2026",
        "From MAILER-DAEMON Mon Nov  2 11:00:00 +0100 2026",
        "From may@home.test Mon Nov  2 10:00:00 2026",
        "From ann@home.test Mon, 2 Nov 2026 10:00:00 +0000",
    ] {
        assert_eq!(at(line).as_deref(), Some("2026-11-02T10:00:00Z"), "{line}");
    }
    assert_eq!(at("From may on 10:00 it smokes"), None);
    assert_eq!(at("From ann@home.test"), None);
}

#[test]
fn a_header_without_end_is_kept_up_to_a_bound() {
    let file = format!("From a Mon Nov  2 10:00:00 2026\nSubject: {}\n\nText\n", "x".repeat(2 * LONGEST_HEADER));
    let mut found = Vec::new();
    split(&mut file.as_bytes(), Parted::ByEmptyLines, |it| found.push(it)).unwrap();
    assert_eq!((found.len(), found[0].header.len()), (1, LONGEST_HEADER));
    assert_eq!(found[0].length, file.len() as u64 - found[0].at);
}

proptest::proptest! {
    #[test]
    fn whatever_a_file_holds_its_messages_lie_behind_each_other(lines in proptest::collection::vec("(From |>From |From a Mon Nov  2 10:00:00 2026|To: b|A: b|\r|x{0,3})", 0..30)) {
        let file = lines.join("\n");
        for parted in [Parted::ByEmptyLines, Parted::ByFromLines] {
            let mut end = 0;
            split(&mut file.as_bytes(), parted, |it| {
                assert!(it.at >= end && it.at + it.length <= file.len() as u64, "{it:?}");
                end = it.at + it.length;
            }).unwrap();
        }
    }
}
