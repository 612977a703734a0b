//! Attributions that a mail program broke over several lines: which lines above are the beginning of one.
//!
//! An attribution holds one date, one name and a verb, in the order of its language. Lines above belong to it where they
//! are what it lacks of these, and nothing else; in doubt they are somebody's words.

mod date;
mod words;

use self::{
    date::{Date, Taken},
    words::{Kind, Word},
};
use super::phrases;

/// Words; more is a sentence.
const LONGEST_NAME: usize = 6;

/// Words of a desk's or a company's name, where date, time and address leave nothing else that it could be.
const LONGEST_OF_A_DESK: usize = 12;

/// Whether `above`, the lines right above `found`, is the beginning of the attribution that `found` ends.
pub(super) fn is_beginning(above: &str, found: &str) -> bool {
    let (above, found) = (words::of(above), words::of(found));
    if found.is_empty() || above.last().is_none_or(Word::ends_sentence) {
        return false;
    }
    is_date_first(&above, &found) || is_name_first(&above, &found) || is_verb_first(&above, &found)
}

/// Small words that are no part of a date, a verb or a name: a sentence has more, `ο χρήστης Ann Lee <…>` has two.
const MOST_SMALL_WORDS: usize = 3;

/// Whether an attribution says who wrote and when, and no more. `On 3 March I wrote to ann@x.test:` reads like one, and is somebody's
/// sentence; where no quote is marked below, nothing else tells.
pub(super) fn says_no_more(text: &str) -> bool {
    let words = words::of(text);
    let speaks = |it: &Word| phrases::SPEAKERS.are(&it.lower) && (it.capital || it.lower != "i");
    let is_small = |it: &&Word| it.kind == Kind::Name && !it.capital && !phrases::NAME_PARTICLES.are(&it.lower);
    let small = words.iter().filter(is_small).count();
    !words.iter().any(speaks) && (small == 0 || text.contains('<') && small <= MOST_SMALL_WORDS)
}

/// Whether a line ends as a sentence does: what stands below it is not its rest.
pub(super) fn ends_sentence(line: &str) -> bool {
    words::of(line.split_whitespace().next_back().unwrap_or_default()).last().is_some_and(Word::ends_sentence)
}

/// `On Tue, 3 Mar 2026 at` above `10:12, Ann Lee wrote:`.
fn is_date_first(above: &[Word], found: &[Word]) -> bool {
    let is_opened = opens(above.iter().chain(found));
    let (mut date, mut length) = (Date::opened(is_opened), 0);
    for word in above.iter().chain(found) {
        match date.take(word) {
            Taken::Fits => length += 1,
            Taken::IsNone => break,
            // It is a name that reads like one: `Jan de Vries`, `May Lee`.
            Taken::Again if date.is_whole() && word.is_of_name() => break,
            Taken::Again => return false,
        }
    }
    let rest: Vec<&Word> = above.iter().chain(found).skip(length).collect();
    if length == 0 || !date.is_whole() || is_date_within(&rest) || opens_again(above, found) {
        return false;
    }
    if length < above.len() {
        let small_letters = date.time && !(found[0].kind == Kind::Name && found[0].capital);
        if date.time && rest.iter().any(|it| it.kind == Kind::Address) {
            return is_one_name(&rest, small_letters || is_opened, LONGEST_OF_A_DESK);
        }
        return (is_opened || date.time) && is_one_name(&rest, small_letters, LONGEST_NAME);
    }
    // `Monday`, `no` and `3 March 2026` may be somebody's words; with `On`, a time or a comma they go on below.
    let stops = above.last().is_some_and(|it| it.stops);
    let dated = above.iter().any(|it| it.kind != Kind::Link);
    if length == above.len() {
        return is_opened || dated && (date.time || stops);
    }
    if found[0].is_full_date() && date.is_full() {
        return stops && dated || is_opened && !above.iter().any(|it| it.kind == Kind::Weekday);
    }
    is_opened || dated
}

/// Whether the words begin with `On`, `W dniu` and the like; the name of a weekday is not enough.
fn opens<'w>(words: impl Iterator<Item = &'w Word>) -> bool {
    let first: Vec<&Word> = words.take(3).collect();
    let text = first.iter().map(|it| &*it.lower).collect::<Vec<_>>().join(" ");
    let is_word = |rest: &str| !rest.starts_with(char::is_alphanumeric);
    let is_weekday = first.first().is_some_and(|it| matches!(it.kind, Kind::Weekday | Kind::WeekdayOrMonth));
    let dated = |rest: &str| rest.trim_start().starts_with(|c: char| c.is_ascii_digit());
    !is_weekday && !text.starts_with("i ") && phrases::OPENERS.behind(&text).any(is_word) || phrases::OPENERS_CJK.behind(&text).any(dated)
}

/// `10:30` above `On 3 March 2026 …`, `Le mardi` above `Le 3 mars 2026 …`: the attribution begins below.
fn opens_again(above: &[Word], found: &[Word]) -> bool {
    let same = above.first().zip(found.first()).is_some_and(|(first, second)| first.lower == second.lower);
    opens(found.iter()) && found.iter().any(Word::is_year) && (same || !opens(above.iter()))
}

/// Another date behind the first, as where an attribution stands below somebody's date.
fn is_date_within(words: &[&Word]) -> bool {
    let mut date = Date::default();
    words.iter().any(|it| {
        it.kind == Kind::Opener || {
            date.add(it);
            date.is_whole()
        }
    })
}

/// Whether there is at most one name among these words, and nothing that is no part of one.
/// `small_letters`: it need not have capital ones.
fn is_one_name(words: &[&Word], small_letters: bool, longest: usize) -> bool {
    let mut runs = words.split(|it| matches!(it.kind, Kind::Address | Kind::Verb)).filter(|run| run.iter().any(|it| it.kind == Kind::Name));
    let first = runs.next().unwrap_or_default();
    let is_link = |it: &&&Word| it.kind == Kind::Link;
    let name = &first[first.iter().take_while(is_link).count()..];
    let name = &name[..name.len() - name.iter().rev().take_while(is_link).count()];
    let is_part = |it: &&Word| (small_letters || it.is_of_name()) && !it.ends_sentence();
    runs.next().is_none() && name.len() <= longest && name.iter().all(is_part)
}

/// `Ann Lee` above `<ann@x.test> schrieb am …`, or `Ann Lee <ann@x.test>, 3 Mar` above `2026 … yazdı:`.
fn is_name_first(above: &[Word], found: &[Word]) -> bool {
    let holds = |words: &[Word], kind: Kind| words.iter().any(|it| it.kind == kind);
    let opens_below = opens(found.iter()) && !found.first().is_some_and(|it| phrases::OPENERS_CJK.begin(&it.lower));
    if holds(found, Kind::Name) || opens_below {
        return false;
    }
    if let Some(at) = above.iter().position(|it| it.kind == Kind::Address) {
        let name: Vec<&Word> = above[..at].iter().collect();
        let goes_on = !holds(found, Kind::Address) || found[0].lower.starts_with("mailto:");
        return goes_on && is_one_name(&name, true, LONGEST_OF_A_DESK) && !holds(&above[at..], Kind::Name);
    }
    let fits = found.first().is_some_and(|it| matches!(it.kind, Kind::Address | Kind::Verb)) && !above.last().is_some_and(|it| it.stops);
    let name: Vec<&Word> = above.iter().collect();
    fits && holds(above, Kind::Name) && above.iter().all(Word::is_of_name) && is_one_name(&name, false, LONGEST_OF_A_DESK)
}

/// `Wiadomość napisana` above `przez Ann Lee w dniu …`.
fn is_verb_first(above: &[Word], found: &[Word]) -> bool {
    let begins: Vec<&str> = above.iter().chain(found).take(LONGEST_NAME).map(|it| &*it.lower).collect();
    let is_part = |it: &Word| matches!(it.kind, Kind::Verb | Kind::Link) || it.is_of_name();
    let name: Vec<&Word> = above.iter().collect();
    phrases::QUOTING.begin(&begins.join(" ")) && above.iter().all(is_part) && is_one_name(&name, false, LONGEST_NAME)
}

#[cfg(test)]
mod tests;
