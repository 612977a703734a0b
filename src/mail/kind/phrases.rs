//! Words of machines in subjects, by language: the lists of `phrases.txt`.

use std::sync::LazyLock;

use crate::mail::phrases::Phrases;

const TEXT: &str = include_str!("phrases.txt");

/// How the subject of an automatic answer begins.
pub(super) static ANSWER_BEGINS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "answer-begins"));

/// How one ends.
pub(super) static ANSWER_ENDS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "answer-ends"));

/// With which word somebody begins who asks.
pub(super) static QUESTIONS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "questions"));

/// What such a subject holds.
pub(super) static ABSENT: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "absent"));

/// Whole subjects that a service gives its automatic answers, whatever program it names.
pub(super) static ANSWER_SUBJECTS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "answer-subjects"));

/// What a machine says in the name of somebody who is away.
pub(super) static ABSENCE_TEXTS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "absence-texts"));

/// How the subject of an abuse report begins where it has no proper form.
pub(super) static FEEDBACK_SUBJECTS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "feedback-subjects"));

/// How the subject of a read receipt begins.
pub(super) static RECEIPT_SUBJECTS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "receipt-subjects"));

/// What it says.
pub(super) static RECEIPT_WORDS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "receipt-words"));

/// Subjects of challenges.
pub(super) static CHALLENGE_SUBJECTS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "challenge-subjects"));

/// What challenges say.
pub(super) static CHALLENGE_TEXTS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "challenge-texts"));

/// Subjects of confirmations that a mail came in.
pub(super) static RECEIVED_SUBJECTS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "received-subjects"));

/// What confirmations say.
pub(super) static RECEIVED_TEXTS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "received-texts"));

/// How a text says that a machine wrote it.
pub(super) static AUTOMATIC_TEXTS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "automatic-texts"));

/// What a message is called in the sentence that says so.
pub(super) static MESSAGE_WORDS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "message-words"));

/// How a subject ends that begins with the name of somebody who is away.
pub(super) static NAMED_ABSENCES: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "named-absences"));

/// What stands before the day of return in such a subject.
pub(super) static RETURNS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "returns"));

/// Sentences by which a machine says that it answers a message.
pub(super) static ANSWER_TEXTS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "answer-texts"));

/// Words that may announce one.
pub(super) static NOTE_LABELS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "note-labels"));

/// How Lotus Notes names what was read, in a receipt.
pub(super) static RECEIPT_DOCUMENTS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "receipt-documents"));

/// And who read it.
pub(super) static RECEIPT_TAKERS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "receipt-takers"));

/// How calendar programs lead to what somebody adds to such an answer.
pub(super) static INVITATION_REMARKS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "invitation-remarks"));

/// What calendar programs write into an answer to an invitation.
pub(super) static INVITATION_ANSWERS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "invitation-answers"));

/// How the one sentence ends that others write there.
pub(super) static INVITATION_SENTENCES: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "invitation-sentences"));

/// Programs that write to many.
pub(super) static MASS_MAILERS: LazyLock<Phrases> = LazyLock::new(|| Phrases::listed(TEXT, "mass-mailers"));
