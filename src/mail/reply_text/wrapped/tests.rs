//! Every attribution, broken at every place where a mail program could.

use std::collections::BTreeSet;

use super::super::{Purpose, split};

/// Attributions by language.
fn attributions() -> impl Iterator<Item = &'static str> {
    include_str!("attributions.txt").lines().filter(|it| !it.is_empty() && !it.starts_with(['#', '=']))
}

/// Lines of at most so many characters, where its words allow it.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Broken at each place, at each two places, within the address, and into lines of each width; over five lines at most.
fn broken(text: &str) -> BTreeSet<Vec<String>> {
    let words: Vec<&str> = text.split(' ').collect();
    let mut all = BTreeSet::from([vec![text.to_owned()]]);
    for first in 1..words.len() {
        all.insert(vec![words[..first].join(" "), words[first..].join(" ")]);
        for second in first + 1..words.len() {
            all.insert(vec![words[..first].join(" "), words[first..second].join(" "), words[second..].join(" ")]);
        }
    }
    if let Some((before, after)) = text.split_once("<ann@x.test>") {
        all.insert(vec![format!("{before}<"), format!("ann@x.test>{after}")]);
        all.insert(vec![format!("{before}<ann@x.test"), format!(">{after}")]);
        all.insert(vec![format!("{before}<ann@x.test"), format!("<mailto:ann@x.test>>{after}")]);
        all.insert(vec![before.to_owned(), format!("<ann@x.test<mailto:ann@x.test>>{after}")]);
        let (first, rest) = before.split_once(' ').unwrap();
        all.insert(vec![first.to_owned(), format!("{rest}<"), format!("ann@x.test>{after}")]);
        all.insert(vec![first.to_owned(), format!("{rest}<ann@x.test"), format!(">{after}")]);
    }
    all.extend((20..=78).map(|width| wrap(text, width)).filter(|it| it.len() <= 5));
    all
}

/// A name that comes first and is itself broken leaves words that look like those of who signs above: they stay.
fn may_be_a_signature(attribution: &str, name: &str, lines: &[String]) -> bool {
    attribution.starts_with(name) && lines[0].len() < name.len()
}

/// Those of which something stays above what is `below`, or which take something of what is `above` with them.
fn misread<'a>(of: impl Iterator<Item = &'a str>, name: &str, above: &str, below: &str) -> Vec<String> {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for attribution in of.map(|it| it.replace("Ann Lee", name)) {
        for lines in broken(&attribution).into_iter().filter(|it| !may_be_a_signature(&attribution, name, it)) {
            count += 1;
            let text = format!("{above}{}\n{below}", lines.join("\n"));
            if split(&text, Purpose::Answers).reply != above.trim_end() {
                wrong.push(lines.join(" / "));
            }
        }
    }
    assert!(count > 400, "{count}");
    wrong
}

const QUOTE: &str = "> Please try again.\n> Ann\n";

#[test]
fn an_attribution_is_found_wherever_it_is_broken() {
    let wrong = misread(attributions(), "Ann Lee", "Thanks, that works.\nI try it on Monday.\n\n", QUOTE);
    assert!(wrong.is_empty(), "{}: {}", wrong.len(), wrong.join("\n"));
}

#[test]
fn it_is_found_right_below_the_answer_and_takes_nothing_of_it() {
    for above in ["Thanks, that works.\nI try it on Monday.\n", "Thanks,\nHal\n", "On Tuesday I will be away.\nSee you on 5 March\n"] {
        let wrong = misread(attributions().step_by(2), "Ann Lee", above, QUOTE);
        assert!(wrong.is_empty(), "{}: {}", wrong.len(), wrong.join("\n"));
    }
}

#[test]
fn it_is_found_without_marks_of_a_quote_where_it_would_be_in_one_line() {
    let (above, below) = ("Thanks, that works.\nI try it on Monday.\n\n", "\nPlease try again.\n\nAnn\n");
    let is_known = |it: &&str| split(&format!("{above}{it}\n{below}"), Purpose::Answers).reply == above.trim_end();
    assert!(attributions().filter(is_known).count() > 70);
    let wrong = misread(attributions().filter(is_known), "Ann Lee", above, below);
    assert!(wrong.is_empty(), "{}: {}", wrong.len(), wrong.join("\n"));
}

#[test]
fn names_of_all_sorts_are_broken_with_it() {
    let names = ["Ann", "May Lee", "Jan de Vries", "'Ann Lee' via Support", "Lee, Ann (Example Ltd.)", "李安", "Dr. Eva von der Heide"];
    for (at, name) in names.into_iter().enumerate() {
        let wrong = misread(attributions().skip(at).step_by(7), name, "Thanks, that works.\nHal\n", QUOTE);
        assert!(wrong.is_empty(), "{name}: {}: {}", wrong.len(), wrong.join("\n"));
    }
}

/// What people write on a line of its own.
const LAST_WORDS: &str = "I try it on Monday.|On Tuesday I will be away.|On Tuesday I will be away|Thanks, see you on Monday|Best, Hal|Hal|\
    Hal Smith|Hi Ann,|Thanks,|* the printer|- 3|1. one|2|2.|10:30|3 March|3 March 2026|Tuesday at 10:30|Am 3. März 2026 war ich da.|\
    On 3 March 2026 at 10:12 it broke.|On 3 March 2026 at 10:12 it broke|It was 2018.|It was in 2018|yes|No|ok|Viele Grüße|\
    I am 3 years old|At 10:32 the server stopped|Hal Smith <hal@y.test>|hal@y.test|+49 30 1234567|Example Ltd.|Version 2.0.1|\
    Lundi 3 mars|I|4:30 pm|at 10|Den 3. mars|周一|三天|明日|はい。|Berlin, 3. März 2026|Order 2026/03/03|Price: 10.12|2026|\
    until 2026|Done on 3/3/26|do so|a|May|March|The invoice of 3 March 2026, 10:12|as I was told:|Hal (Example Ltd)|https://x.test/2026/03/03";

#[test]
fn somebodys_last_words_above_an_attribution_stay() {
    for attribution in [
        "On Tue, 3 Mar 2026 at 10:12, Ann Lee <ann@x.test> wrote:",
        "On Tue, 3 Mar 2026 at 10:12, Ann Lee\n<ann@x.test> wrote:",
        "On Tue, 3 Mar 2026 at 10:12, Ann\nLee <ann@x.test>\nwrote:",
        "On 03/03/2026 10:12, Ann Lee wrote:",
        "Am Di., 3. März 2026 um 10:12 Uhr schrieb Ann Lee <ann@x.test>:",
        "Am Di., 3. März 2026 um 10:12 Uhr schrieb\nAnn Lee <ann@x.test>:",
        "Ann Lee <ann@x.test> schrieb am Di., 3. März 2026, 10:12:",
        "3. mars 2026 kl. 10:12 skrev Ann Lee <ann@x.test>:",
        "2026年3月3日(火) 10:12 Ann Lee <ann@x.test>:",
        "Ann Lee <ann@x.test> 于2026年3月3日周二 10:12写道：",
        "2018-02-05 10:12 GMT+01:00 Ann Lee <ann@x.test>:",
        "---- On Tue, 03 Mar 2026 10:12:13 +0100 Ann Lee <ann@x.test> wrote ----",
    ] {
        for last in LAST_WORDS.split('|') {
            let text = format!("Thanks, that works.\n{last}\n{attribution}\n{QUOTE}");
            assert_eq!(split(&text, Purpose::Answers).reply, format!("Thanks, that works.\n{last}"), "{attribution}");
        }
    }
}

/// These read as the beginning of what stands below, as far as anybody can tell who was not there.
#[test]
fn a_weekday_or_a_whole_date_alone_goes_with_a_date_or_a_name_below_it() {
    for (last, attribution) in
        [("On Monday", "3. mars 2026 kl. 10:12 skrev Ann Lee <ann@x.test>:"), ("On Tuesday, 4 March 2026", "Ann Lee <ann@x.test> wrote:")]
    {
        let text = format!("Thanks, that works.\n{last}\n{attribution}\n{QUOTE}");
        assert_eq!(split(&text, Purpose::Answers).reply, "Thanks, that works.", "{last}");
    }
}
