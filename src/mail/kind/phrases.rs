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
