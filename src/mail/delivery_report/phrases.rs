//! Words of mail systems, by language: the lists of `phrases.txt`.

use std::sync::LazyLock;

use crate::mail::phrases::Phrases;

const TEXT: &str = include_str!("phrases.txt");

/// Subjects of answers, which a machine that reports does not write.
pub(super) static ANSWER_PREFIXES: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "answer-prefixes"));

/// What subjects of bounces hold.
pub(super) static SUBJECTS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "subjects"));

/// What their texts hold.
pub(super) static TEXTS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "texts"));

/// Where a copy of the mail begins.
pub(super) static COPY_BEGINS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "copy-begins"));

/// How mail systems are called in addresses.
pub(super) static DAEMON_LOCALS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "daemon-locals"));

/// How no person is called in an address; what stands behind does not matter.
pub(super) static SYSTEM_LOCALS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "system-locals"));

/// What no person is called, wherever it stands in a name.
pub(super) static SYSTEM_NAMES: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "system-names"));

/// How they call themselves.
pub(super) static DAEMON_NAMES: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "daemon-names"));

/// How such a system or the people who look after it are called in addresses: only what such a mail says tells which.
pub(super) static ROLE_LOCALS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "role-locals"));

/// And in names.
pub(super) static ROLE_NAMES: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "role-names"));

/// What stands before a recipient.
pub(super) static RECIPIENT_LABELS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "recipient-labels"));

/// What says that it is still being tried.
pub(super) static DELAYED: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "delayed"));

/// What says that nobody tries any more.
pub(super) static GIVEN_UP: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "given-up"));

/// Header fields with which a copy begins at the margin.
pub(super) static COPY_FIELDS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "copy-fields"));

/// The last word before a recipient.
pub(super) static LEADS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "leads"));

/// What a line holds that speaks of somebody to be asked for help.
pub(super) static ASIDES: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "asides"));

/// Programs that people write with, as `User-Agent` and `X-Mailer` name them.
pub(super) static MAIL_PROGRAMS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "mail-programs"));
