//! Words of mail programs, by language: the lists of `phrases.txt`.

use std::sync::LazyLock;

use crate::mail::phrases::list;

const TEXT: &str = include_str!("phrases.txt");

/// Prefixes of a subject that say: forwarded.
pub(super) static FORWARD_PREFIXES: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "forward-prefixes"));

/// Verbs and phrases that end an attribution.
pub(super) static WROTE: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "wrote"));

/// Verbs that do it only right above a quote.
pub(super) static SAID: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "said"));

/// How an attribution begins where its verb comes first.
pub(super) static QUOTING: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "quoting"));

/// How an attribution begins, before a date.
pub(super) static OPENERS: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "openers"));

/// Short names of weekdays, some of them ordinary words: they begin an attribution right before a date.
pub(super) static WEEKDAYS: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "weekdays"));

/// The same where no space parts words.
pub(super) static OPENERS_CJK: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "openers-cjk"));

/// Between dashes above a copied mail.
pub(super) static ORIGINAL_MESSAGE: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "original-message"));

/// Above a forwarded mail.
pub(super) static FORWARDED: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "forwarded"));

/// Names of the field that says who wrote it.
pub(super) static FROM: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "from"));

/// Names of the field that says when.
pub(super) static SENT: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "sent"));

/// Names of the field that says to whom.
pub(super) static TO: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "to"));

/// Names of the field for copies.
pub(super) static CC: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "cc"));

/// Names of the field for the subject.
pub(super) static SUBJECT: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "subject"));

/// Fields that stand among the others.
pub(super) static OTHER_FIELDS: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "other-fields"));

/// What points to answers among the quoted lines.
pub(super) static BELOW: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "below"));

/// What lists and companies write below a line.
pub(super) static FOOTER: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "footer"));

/// How the line of a device or program begins.
pub(super) static SENT_FROM: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "sent-from"));

/// How such a line ends where the verb comes last.
pub(super) static SENT_FROM_LAST: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "sent-from-last"));

/// What helpdesks write above everything that is theirs.
pub(super) static MARKERS: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "markers"));

/// How a line begins that may name a device or program.
pub(super) static SENT_BY_DEVICE: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "sent-by-device"));

/// How such a line ends where the verb comes last.
pub(super) static SENT_BY_DEVICE_LAST: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "sent-by-device-last"));

/// Parts of the names of devices and programs.
pub(super) static DEVICES: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "devices"));

/// How a program offers itself: `Get Outlook for iOS`.
pub(super) static GET: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "get"));

/// The programs that do.
pub(super) static OFFERED: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "offered"));

/// What virus scanners write below a line.
pub(super) static SCANNED: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "scanned"));
