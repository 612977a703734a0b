//! Words of mail programs, by language: the lists of `phrases.txt`.

use std::sync::LazyLock;

use crate::mail::phrases::Phrases;

const TEXT: &str = include_str!("phrases.txt");

const CALENDAR: &str = include_str!("calendar.txt");

/// Names of months, short and long.
pub(super) static MONTHS: LazyLock<Phrases> = LazyLock::new(|| calendar("months"));

/// Names of weekdays, short and long.
pub(super) static WEEKDAY_NAMES: LazyLock<Phrases> = LazyLock::new(|| calendar("weekdays"));

/// Words that stand in the date of an attribution, and beside its name.
pub(super) static DATE_WORDS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "date-words"));

/// Whoever speaks, and whom they speak to: a sentence has them, an attribution has names.
pub(super) static SPEAKERS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "speakers"));

/// Small words in names of people.
pub(super) static NAME_PARTICLES: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "name-particles"));

/// Prefixes of a subject that say: forwarded.
pub(super) static FORWARD_PREFIXES: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "forward-prefixes"));

/// Prefixes that say: answered. One that says forwarded in another language is not among them.
pub(super) static ANSWER_PREFIXES: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "answer-prefixes"));

/// What gateways set before the prefix.
pub(super) static SUBJECT_TAGS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "subject-tags"));

/// Verbs and phrases that end an attribution.
pub(super) static WROTE: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "wrote"));

/// Verbs that do it only right above a quote.
pub(super) static SAID: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "said"));

/// How an attribution begins where its verb comes first.
pub(super) static QUOTING: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "quoting"));

/// How an attribution begins, before a date.
pub(super) static OPENERS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "openers"));

/// Short names of weekdays, some of them ordinary words: they begin an attribution right before a date.
pub(super) static WEEKDAYS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "weekdays"));

/// The same where no space parts words.
pub(super) static OPENERS_CJK: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "openers-cjk"));

/// Between dashes above a copied mail.
pub(super) static ORIGINAL_MESSAGE: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "original-message"));

/// Above a forwarded mail.
pub(super) static FORWARDED: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "forwarded"));

/// Names of the field that says who wrote it.
pub(super) static FROM: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "from"));

/// Names of the field that says when.
pub(super) static SENT: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "sent"));

/// Those among them that a form has as well.
pub(super) static DATES: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "dates"));

/// Names of the field that says to whom.
pub(super) static TO: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "to"));

/// Names of the field for copies.
pub(super) static CC: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "cc"));

/// Names of the field for the subject.
pub(super) static SUBJECT: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "subject"));

/// Fields that stand among the others.
pub(super) static OTHER_FIELDS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "other-fields"));

/// What points to answers among the quoted lines.
pub(super) static BELOW: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "below"));

/// Answers and remarks, or the beginnings of such words.
pub(super) static ANSWERS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "answers"));

/// What points below by itself.
pub(super) static SEE_BELOW: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "see-below"));

/// What lists and companies write below a line.
pub(super) static FOOTER: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "footer"));

/// Words right above somebody's name.
pub(super) static SIGN_OFFS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "sign-offs"));

/// What they write that is in nobody's answer.
pub(super) static NOTICES: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "notices"));

/// Lines of devices and programs, the whole of each.
pub(super) static DEVICE_LINES: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "device-lines"));

/// How lines of programs begin that are nobody's words.
pub(super) static DEVICE_NOTICES: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "device-notices"));

/// What helpdesks write above everything that is theirs.
pub(super) static MARKERS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "markers"));

/// How a line begins that may name a device or program.
pub(super) static SENT_BY_DEVICE: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "sent-by-device"));

/// How such a line ends where the verb comes last.
pub(super) static SENT_BY_DEVICE_LAST: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "sent-by-device-last"));

/// Parts of the names of devices and programs.
pub(super) static DEVICES: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "devices"));

/// How a program offers itself: `Get Outlook for iOS`.
pub(super) static GET: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "get"));

/// The programs that do.
pub(super) static OFFERED: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "offered"));

/// What such a program is for.
pub(super) static PLATFORMS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "platforms"));

/// What virus scanners write below a line.
pub(super) static SCANNED: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "scanned"));

/// The words of all languages of the calendar's list.
fn calendar(name: &str) -> Phrases {
    Phrases::of(Phrases::listed(CALENDAR, name).iter().flat_map(str::split_whitespace).collect())
}

/// In lower case as the lists are, without the dot that a Turkish `İ` leaves behind.
pub(super) fn lower(text: &str) -> String {
    let lower = text.to_lowercase();
    if lower.contains('\u{307}') { lower.replace('\u{307}', "") } else { lower }
}
