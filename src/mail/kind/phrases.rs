//! Words of machines in subjects, by language: the lists of `phrases.txt`.

use std::sync::LazyLock;

use crate::mail::phrases::list;

const TEXT: &str = include_str!("phrases.txt");

/// How the subject of an automatic answer begins.
pub(super) static ANSWER_BEGINS: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "answer-begins"));

/// What such a subject holds.
pub(super) static ABSENT: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "absent"));

/// How the subject of an abuse report begins where it has no proper form.
pub(super) static FEEDBACK_SUBJECTS: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "feedback-subjects"));

/// How the subject of a read receipt begins.
pub(super) static RECEIPT_SUBJECTS: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "receipt-subjects"));

/// What it says.
pub(super) static RECEIPT_WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "receipt-words"));

/// Subjects of challenges.
pub(super) static CHALLENGE_SUBJECTS: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "challenge-subjects"));

/// What challenges say.
pub(super) static CHALLENGE_TEXTS: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "challenge-texts"));

/// Subjects of confirmations that a mail came in.
pub(super) static RECEIVED_SUBJECTS: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "received-subjects"));

/// What confirmations say.
pub(super) static RECEIVED_TEXTS: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "received-texts"));

/// How a text says that a machine wrote it.
pub(super) static AUTOMATIC_TEXTS: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "automatic-texts"));

/// What calendar programs write into an answer to an invitation.
pub(super) static INVITATION_ANSWERS: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "invitation-answers"));

/// Programs that write to many.
pub(super) static MASS_MAILERS: LazyLock<Vec<&str>> = LazyLock::new(|| list(TEXT, "mass-mailers"));
