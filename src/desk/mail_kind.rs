//! The mails that the desk writes: each is a folder of `templates/mail`, and somebody may write it in their own words.

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailKind {
    /// Somebody who opened a ticket by mail is told its number.
    Receipt,
    /// What a person wrote on a ticket.
    Reply,
    /// A ticket has another status.
    Status,
    /// To a helper about a ticket.
    Staff,
    /// To whoever wrote a reply that did not arrive.
    NotSent,
    /// To a helper whose answer by mail was held.
    AnswerHeld,
    /// An invitation, a link to choose a password, or one to sign in.
    Link,
    /// To the admins: what is not well.
    Alarm,
    /// A link to have another address, and to the old one that it was changed.
    Address,
    /// From a mailbox to itself.
    Probe,
    /// To a helper: what they chose to hear once a day.
    Digest,
}

/// Something that a template may name: its name, and what it is.
pub type Placeholder = (&'static str, &'static str);

/// On every mail.
const HEAD: &[Placeholder] = &[
    ("desk.name", "what the desk is called"),
    ("desk.url", "the address of the panel"),
    ("person.name", "whom it greets; may be empty"),
    ("person.first_name", "the first word of that"),
];

const TICKET: &[Placeholder] =
    &[("ticket.number", "its number, without #"), ("ticket.subject", "its subject"), ("marker", "the line that answers are cut at")];

/// The words of somebody; begins with the name of whose.
macro_rules! words {
    ($whose:literal, $what:literal) => {
        &[
            (concat!("it.", $whose, ".text"), $what),
            (concat!("it.", $whose, ".author"), "who wrote that"),
            (concat!("it.", $whose, ".at"), "when"),
            (concat!("it.", $whose, ".quoted"), "the same, each line after >"),
            (concat!("it.", $whose, ".paragraphs"), "the same, as a list of paragraphs, each a list of lines"),
        ]
    };
}

const RATE: &[Placeholder] = &[("rate", "where the customer says how it was, in a mail that resolves; may be missing")];

const SIGNATURE: &[Placeholder] = &[
    ("signature.text", "what stands below it: the helper’s own, or the mailbox’s; may be empty"),
    ("signature.lines", "the same, as a list of lines"),
];

impl MailKind {
    /// Every kind, in the order of the page.
    pub const ALL: [Self; 11] = [
        Self::Receipt,
        Self::Status,
        Self::Reply,
        Self::Staff,
        Self::Digest,
        Self::NotSent,
        Self::AnswerHeld,
        Self::Link,
        Self::Address,
        Self::Alarm,
        Self::Probe,
    ];

    /// The name of its folder, and of its rows.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::Reply => "reply",
            Self::Status => "status",
            Self::Staff => "staff",
            Self::NotSent => "not-sent",
            Self::AnswerHeld => "answer-held",
            Self::Link => "link",
            Self::Address => "address",
            Self::Alarm => "alarm",
            Self::Probe => "probe",
            Self::Digest => "digest",
        }
    }

    /// The word of [`MailKind::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }

    /// What it is called, to whom it goes, and when.
    #[must_use]
    pub fn title(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Receipt => ("Ticket received", "Customer", "a message opens a ticket"),
            Self::Reply => ("Reply", "Customer and participants", "somebody writes on the ticket"),
            Self::Status => ("Status changed", "Customer and participants", "a ticket is taken, resolved, closed or opened again"),
            Self::Staff => ("Ticket notice", "Helper", "something happens on a ticket that concerns them"),
            Self::Digest => ("Digest of notices", "Helper", "in the morning, where they chose to hear of something once a day"),
            Self::NotSent => ("Reply not delivered", "Helper", "a reply of theirs could not be sent, or came back"),
            Self::AnswerHeld => ("Answer by mail held", "Helper", "an answer of theirs by mail was not sent on"),
            Self::Link => {
                ("Invitation and sign-in link", "Anyone", "they are invited, are to choose a new password, or ask for a link to sign in")
            }
            Self::Address => ("Another address", "Anyone", "they want mail at another address, or have one now"),
            Self::Alarm => ("Mail needs attention", "Admins", "mail is not read or not sent for too long"),
            Self::Probe => ("Round-trip probe", "The mailbox itself", "it checks that mail to it arrives"),
        }
    }

    /// Everything that a template of this kind may name. No note, nothing among staff is ever among it.
    #[must_use]
    pub fn placeholders(self) -> Vec<Placeholder> {
        let own: &[&[Placeholder]] = match self {
            Self::Receipt => &[TICKET],
            Self::Reply => &[
                TICKET,
                words!("said", "what they wrote"),
                SIGNATURE,
                RATE,
                words!("before", "what was said before it; may be missing"),
                &[("it.status", "resolved or closed, where it leaves the ticket so")],
            ],
            Self::Status => &[TICKET, RATE, &[("it.status", "in_progress, resolved, closed or reopened")]],
            Self::Staff => &[
                TICKET,
                &[
                    ("it.happened", "what happened, as a sentence"),
                    ("it.facts", "status, priority and customer in one line"),
                    ("it.answerable", "whether an answer by mail is taken"),
                ],
                words!("said", "the customer’s or a colleague’s public words; may be missing"),
            ],
            Self::NotSent => &[
                TICKET,
                &[("it.address", "where it was going"), ("it.words", "what the mail server said")],
                words!("said", "the reply; may be missing"),
            ],
            Self::AnswerHeld => &[&[("it.reason", "why, as a sentence"), ("it.sent", "the subject of what they sent")]],
            Self::Link => &[&[
                ("it.link", "the link"),
                ("it.invitation", "whether it is an invitation"),
                ("it.signs_in", "whether it signs somebody in"),
                ("it.by", "who made it"),
                ("it.holds", "for how long it works"),
            ]],
            Self::Address => &[&[
                ("it.address", "the new address"),
                ("it.link", "the link that makes it theirs, in the mail there; missing in the mail to the old one"),
            ]],
            Self::Alarm => &[&[
                ("it.began", "what is not well: a list of says, mend, since"),
                ("it.over", "what is well again: a list of says, since, until"),
            ]],
            Self::Probe => &[&[("it.address", "the mailbox’s address")]],
            Self::Digest => &[&[
                (
                    "it.tickets",
                    "on which tickets something happened: a list of number, subject, status, link, lines (each at and says) and more, a number",
                ),
                ("it.more", "on how many tickets more"),
                ("it.ticket_count", "on how many in all"),
            ]],
        };
        own.iter().copied().chain([HEAD]).flatten().copied().collect()
    }

    /// Without one of these the mail would not say what it is sent for; none: nothing has to be there.
    #[must_use]
    pub fn must_name(self) -> Option<&'static str> {
        match self {
            Self::Reply => Some("it.said"),
            Self::Link => Some("it.link"),
            Self::Address => Some("it.link"),
            Self::Alarm => Some("it.began"),
            Self::Digest => Some("it.tickets"),
            Self::Receipt | Self::Status | Self::Staff | Self::NotSent | Self::AnswerHeld | Self::Probe => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mail_that_is_shipped_is_a_kind_and_every_kind_is_shipped() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/mail");
        let mut shipped: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|it| it.unwrap())
            .filter(|it| it.path().is_dir())
            .map(|it| it.file_name().into_string().unwrap())
            .collect();
        shipped.sort();
        let mut kinds: Vec<&str> = MailKind::ALL.iter().map(|it| it.as_str()).collect();
        kinds.sort_unstable();
        assert_eq!(shipped, kinds);
        assert!(MailKind::ALL.iter().all(|it| MailKind::parse(it.as_str()) == Some(*it)));
    }

    #[test]
    fn no_mail_can_name_what_staff_said_among_themselves() {
        for kind in MailKind::ALL {
            let named = kind.placeholders();
            assert!(named.iter().all(|(name, _)| !["note", "internal", "token"].iter().any(|it| name.contains(it))), "{kind:?}");
        }
    }
}
