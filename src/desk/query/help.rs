//! What there is to say about the language, for the page and for its errors.

/// A key, what is to stand behind it, an example of that.
pub(super) const KEYS: [(&str, &str, &str); 13] = [
    ("from", "a name or address", "anna@home.example"),
    ("to", "a name or address", "anna"),
    ("subject", "a word", "invoice"),
    ("file", "a part of its name", "invoice.pdf"),
    ("is", "a state", "open"),
    ("status", "a status", "in-progress"),
    ("assignee", "me, none or a name", "me"),
    ("tag", "the name of a tag", "billing"),
    ("priority", "a priority", "urgent"),
    ("mailbox", "its name or address", "support"),
    ("has", "attachment", "attachment"),
    ("before", "a day", "2026-11-01"),
    ("after", "a day, or how long ago", "7d"),
];

/// Whose language it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Customers know it too.
    Everybody,
    /// Of use to staff alone.
    Staff,
}

/// One line of the help.
#[derive(Clone, Copy, Debug)]
pub struct Help {
    /// What may be typed; each is read without a complaint.
    pub examples: &'static [&'static str],
    /// What it finds.
    pub means: &'static str,
    /// For whom.
    pub audience: Audience,
}

const fn of(audience: Audience, examples: &'static [&'static str], means: &'static str) -> Help {
    Help { examples, means, audience }
}

/// The whole language.
pub const HELP: [Help; 16] = [
    of(
        Audience::Everybody,
        &["station offline"],
        "Both words, in one message: its text, the subject, names and the names of files count. Case and accents do not matter, English endings are known (invoice finds invoices), and three letters or more find the words that begin so.",
    ),
    of(Audience::Everybody, &["\"station is offline\""], "These words, one after the other."),
    of(
        Audience::Everybody,
        &["-router", "-\"no reply\"", "-is:closed"],
        "What must not be there. It works before every word, phrase and key.",
    ),
    of(Audience::Everybody, &["#1042"], "This ticket; alone, it opens it."),
    of(
        Audience::Everybody,
        &["from:anna", "from:anna@home.example", "from:home.example"],
        "Who wrote it, or whose ticket it is: a name, an address, a part of either.",
    ),
    of(Audience::Staff, &["to:anna", "to:support"], "Who was written to."),
    of(Audience::Everybody, &["subject:invoice", "subject:\"return label\""], "Words of the subject."),
    of(Audience::Everybody, &["has:attachment", "file:invoice.pdf"], "With a file; with a file of this name."),
    of(
        Audience::Everybody,
        &["after:2026-11-01", "after:7d", "before:yesterday", "before:3m"],
        "Written on that day or later; before that day. Days begin at the desk’s midnight. 12h, 7d, 2w, 3m and 1y are hours, days, weeks, months and years ago.",
    ),
    of(Audience::Everybody, &["is:open", "is:resolved", "is:closed"], "Open and In Progress; Resolved; Closed."),
    of(
        Audience::Staff,
        &["is:unassigned", "is:mine", "is:needs-answer", "is:waiting", "is:unread", "is:snoozed", "is:spam"],
        "Open and nobody has it; yours; our turn; the customer’s turn; new to you; put off; marked as spam.",
    ),
    of(Audience::Everybody, &["status:open", "status:in-progress", "status:resolved", "status:closed"], "Exactly this status."),
    of(Audience::Staff, &["assignee:me", "assignee:none", "assignee:maya", "assignee:\"Maya Lindqvist\""], "Who has it."),
    of(Audience::Staff, &["tag:billing", "tag:\"return label\""], "With this tag; two of them: with both."),
    of(Audience::Staff, &["priority:urgent", "priority:high", "priority:normal", "priority:low"], "Of this priority."),
    of(Audience::Staff, &["mailbox:support", "mailbox:support@desk.example"], "Of this mailbox."),
];
