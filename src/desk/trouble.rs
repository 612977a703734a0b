//! What is not well at a desk: facts in, troubles out, each with the sentence that names it and the mend.

use jiff::{SignedDuration, Timestamp};

use crate::desk::{
    backup,
    health::{Condition, MailboxFacts, condition},
};

/// What sort of trouble it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TroubleKind {
    /// A mailbox cannot be read: its server refuses, or is not there.
    Mailbox,
    /// Nobody can hand mail over: the door is not open.
    Door,
    /// A mailbox reports no error, and yet was not checked for too long.
    Silent,
    /// A server lists messages that cannot be had.
    LedgerGap,
    /// Messages are in the ledger and are not decided.
    Undecided,
    /// The token that a mailbox signs in with fails, or is about to.
    Token,
    /// A server for outgoing mail cannot be used.
    Sender,
    /// Mail waits to leave for too long.
    Unsent,
    /// The disk is nearly full.
    Disk,
    /// The database is slow, or does not answer.
    Database,
    /// This machine's clock is not that of others.
    Clock,
    /// The public URL does not lead here.
    PublicUrl,
    /// A message that a mailbox sent to itself has not come back.
    Probe,
    /// The desk is not backed up as the configuration has it.
    Backup,
    /// Mail in the desk's own words cannot be used.
    Template,
    /// The rounds that find all this do not go.
    Rounds,
}

impl TroubleKind {
    /// Every kind.
    pub const ALL: [Self; 16] = [
        Self::Mailbox,
        Self::Door,
        Self::Silent,
        Self::LedgerGap,
        Self::Undecided,
        Self::Token,
        Self::Sender,
        Self::Unsent,
        Self::Disk,
        Self::Database,
        Self::Clock,
        Self::PublicUrl,
        Self::Probe,
        Self::Backup,
        Self::Template,
        Self::Rounds,
    ];

    /// As stored, and as `/readyz` and `/metrics` name it: stays the same from release to release.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mailbox => "mailbox",
            Self::Door => "lmtp",
            Self::Silent => "silent",
            Self::LedgerGap => "ledger-gap",
            Self::Undecided => "undecided",
            Self::Token => "token",
            Self::Sender => "sender",
            Self::Unsent => "unsent",
            Self::Disk => "disk",
            Self::Database => "database",
            Self::Clock => "clock",
            Self::PublicUrl => "public-url",
            Self::Probe => "probe",
            Self::Backup => "backup",
            Self::Template => "template",
            Self::Rounds => "rounds",
        }
    }

    /// The word of [`TroubleKind::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }

    /// It has to be there for so long before it counts: what mends itself within seconds is nobody's trouble.
    #[must_use]
    pub fn counts_after(self, alarm_after: SignedDuration) -> SignedDuration {
        match self {
            Self::Mailbox | Self::Door | Self::Sender | Self::Database => SignedDuration::from_secs(15),
            // Right after a start or a leap of the clock everything seems long ago.
            Self::Silent | Self::Unsent | Self::Probe => SignedDuration::from_secs(30),
            // After a night in which the daemon did not run the next one is on its way.
            Self::LedgerGap | Self::Undecided | Self::Backup => alarm_after,
            Self::Token | Self::Disk | Self::Clock | Self::PublicUrl | Self::Template | Self::Rounds => SignedDuration::ZERO,
        }
    }

    /// It has to be there for so long before the admins are told by mail.
    #[must_use]
    pub fn told_after(self, alarm_after: SignedDuration) -> SignedDuration {
        match self {
            Self::Mailbox
            | Self::Door
            | Self::LedgerGap
            | Self::Undecided
            | Self::Sender
            | Self::Database
            | Self::Clock
            | Self::PublicUrl
            | Self::Backup => alarm_after,
            // Longer than a mailbox rests between two looks: after a leap of the clock all were looked at long ago.
            Self::Silent => SignedDuration::from_mins(6),
            Self::Unsent | Self::Probe => SignedDuration::from_mins(2),
            Self::Token | Self::Disk | Self::Template | Self::Rounds => SignedDuration::from_mins(1),
        }
    }
}

/// Something that somebody should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What sort.
    pub kind: TroubleKind,
    /// Which mailbox, by its short name; or which instance, for what is a machine's own; or empty.
    pub about: String,
    /// When it began, as far as is known.
    pub since: Timestamp,
    /// What is wrong: lower case, no full stop.
    pub says: String,
    /// What to do: lower case, no full stop.
    pub mend: String,
}

impl Trouble {
    /// Whether it is the same trouble, however it is worded.
    #[must_use]
    pub fn is_the_same_as(&self, other: &Self) -> bool {
        self.kind == other.kind && self.about == other.about
    }
}

/// What is known of one mailbox.
#[derive(Clone, Debug)]
pub struct MailboxSeen {
    /// Its short name.
    pub name: String,
    /// Its address.
    pub address: String,
    /// Of reading it.
    pub facts: MailboxFacts,
    /// Of its tokens: what fails, or is about to, and the mend.
    pub token_fault: Option<String>,
    /// Of its server for outgoing mail: what it said to the last sign-in; none: it takes us, or was not asked yet.
    pub sender_fault: Option<String>,
    /// What waits to leave.
    pub unsent: Option<Waiting>,
    /// The message to itself that has not come back in time: when it was sent.
    pub probe_lost: Option<Timestamp>,
}

/// Things that wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// How many.
    pub n: i64,
    /// Since when the first of them.
    pub since: Timestamp,
    /// What stands in its way, in the server's words.
    pub words: Option<String>,
}

/// What is known of the machine that a daemon runs on.
#[derive(Clone, Debug, Default)]
pub struct MachineSeen {
    /// Too little room on the disk: `80.0 MiB of 20.0 GiB free on the disk of /var/lib/maildesk`.
    pub disk: Option<String>,
    /// What the database does instead of answering at once.
    pub database: Option<String>,
    /// `2h from that of the database`.
    pub clock: Option<String>,
    /// Why nobody can hand mail over: `nobody answers at unix:/run/lmtp.sock: …`.
    pub door: Option<String>,
    /// Why the public URL does not lead here, and the mend.
    pub public_url: Option<String>,
}

/// Everything that one round has seen.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    /// When.
    pub now: Timestamp,
    /// From here on it is too long.
    pub alarm_after: SignedDuration,
    /// Which instance looks.
    pub instance: &'a str,
    /// Each mailbox of the configuration.
    pub mailboxes: &'a [MailboxSeen],
    /// What is in the ledger and not decided.
    pub undecided: Option<Waiting>,
    /// What is wrong with the backups of the schedule.
    pub backup: Option<backup::Trouble>,
    /// Of the machine.
    pub machine: &'a MachineSeen,
}

/// Every trouble there is, in the order in which people should look at them.
#[must_use]
pub fn troubles(seen: &Seen<'_>) -> Vec<Trouble> {
    let mut found = machine(seen);
    for mailbox in seen.mailboxes {
        found.extend(reading(mailbox, seen));
        found.extend(sending(mailbox, seen));
    }
    found.extend(undecided(seen));
    found.extend(backup(seen));
    found
}

fn machine(seen: &Seen<'_>) -> Vec<Trouble> {
    let MachineSeen { disk, database, clock, door, public_url } = seen.machine;
    let of =
        |kind, says: String, mend: &str| Trouble { kind, about: seen.instance.to_owned(), since: seen.now, says, mend: mend.to_owned() };
    let mut found = Vec::new();
    if let Some(why) = database {
        found.push(of(
            TroubleKind::Database,
            format!("the database is not well: {why}"),
            "see that it runs, and that its machine is not overloaded",
        ));
    }
    if let Some(room) = disk {
        found.push(of(TroubleKind::Disk, room.clone(), "make room, or move data_dir to a larger disk; without room no mail is taken in"));
    }
    if let Some(why) = door {
        let (says, mend) = split(why, "restart maildesk, which opens the door anew; the mail server keeps its mail until then");
        found.push(of(TroubleKind::Door, format!("no mail can be handed over: {says}"), &mend));
    }
    if let Some(apart) = clock {
        let mend = "let a time service (systemd-timesyncd, chrony) keep the clocks; until then no ticket closes by itself";
        found.push(of(TroubleKind::Clock, format!("this machine’s clock is {apart}"), mend));
    }
    if let Some(why) = public_url {
        let (says, mend) = split(why, "see public_url in the configuration, and what the proxy forwards to");
        found.push(of(TroubleKind::PublicUrl, says, &mend));
    }
    found
}

fn reading(mailbox: &MailboxSeen, seen: &Seen<'_>) -> Vec<Trouble> {
    let of = |kind, since, says: String, mend: String| Trouble { kind, about: mailbox.name.clone(), since, says, mend };
    let address = &mailbox.address;
    let mut found = Vec::new();
    match condition(&mailbox.facts, seen.now, seen.alarm_after) {
        Condition::Well | Condition::HandedOver | Condition::NotYet => {}
        Condition::Failing { since } => {
            let why = mailbox.facts.error.as_deref().unwrap_or_default();
            let (why, mend) = split(why, "mail is safe on the server; `maildesk check` tries each step of the connection");
            found.push(of(TroubleKind::Mailbox, since.unwrap_or(seen.now), format!("{address} is not being read: {why}"), mend));
        }
        Condition::Silent { since } => {
            let says = format!("{address} has not been checked for longer than it should, and reports no error");
            found.push(of(TroubleKind::Silent, since, says, "look at the daemon’s log, and restart maildesk".to_owned()));
        }
    }
    if let Some(why) = &mailbox.token_fault {
        let mend = "see Mail: connect the mailbox again there, or mend [mailbox.oauth] in the configuration".to_owned();
        found.push(of(TroubleKind::Token, seen.now, format!("{address}: {why}"), mend));
    }
    if mailbox.facts.waiting > 0 {
        let says = format!("{} on the server of {address} cannot be had", many(mailbox.facts.waiting, "message"));
        let mend = "look at the folder with a mail program; what the server never gives is taken as it is";
        found.push(of(TroubleKind::LedgerGap, seen.now, says, mend.to_owned()));
    }
    if let Some(at) = mailbox.probe_lost {
        let says = format!("the message that {address} sent to itself has not come back");
        let mend = "see whether mail to it still arrives in the watched folder: filters, forwarding, quota, MX records";
        found.push(of(TroubleKind::Probe, at, says, mend.to_owned()));
    }
    found
}

fn sending(mailbox: &MailboxSeen, seen: &Seen<'_>) -> Vec<Trouble> {
    let of = |kind, since, says: String, mend: String| Trouble { kind, about: mailbox.name.clone(), since, says, mend };
    let address = &mailbox.address;
    let mut found = Vec::new();
    if let Some(why) = &mailbox.sender_fault {
        let (why, mend) = split(why, "what is to leave waits; `maildesk check` tries each step of the connection");
        found.push(of(TroubleKind::Sender, seen.now, format!("nothing can leave from {address}: {why}"), mend));
    }
    let late = mailbox.unsent.as_ref().filter(|it| seen.now.duration_since(it.since) > seen.alarm_after);
    if let Some(Waiting { n, since, words }) = late {
        let (why, mend) = split(words.as_deref().unwrap_or_default(), "see what waits under Mail, and what its servers say");
        let why = if why.is_empty() { String::new() } else { format!(": {why}") };
        let verb = if *n == 1 { "waits" } else { "wait" };
        found.push(of(
            TroubleKind::Unsent,
            *since,
            format!("{} from {address} {verb} to leave for too long{why}", many(*n, "message")),
            mend,
        ));
    }
    found
}

/// That a mail in the desk's own words could not be used; `about`: which, as the settings name it.
#[must_use]
pub fn broken_template(about: &str, why: &str, now: Timestamp) -> Trouble {
    Trouble {
        kind: TroubleKind::Template,
        about: about.to_owned(),
        since: now,
        says: format!("the desk’s own words for “{about}” cannot be used, so the shipped ones are sent: {why}"),
        mend: "mend them under Settings, Notices, or put them back to what is shipped".to_owned(),
    }
}

fn undecided(seen: &Seen<'_>) -> Option<Trouble> {
    let Waiting { n, since, .. } = seen.undecided.as_ref()?;
    let verb = if *n == 1 { "is" } else { "are" };
    Some(Trouble {
        kind: TroubleKind::Undecided,
        about: String::new(),
        since: *since,
        says: format!("{} {verb} in the ledger and not yet decided", many(*n, "message")),
        mend: "the daemon’s log says what keeps it from deciding; nothing of them is lost".to_owned(),
    })
}

fn backup(seen: &Seen<'_>) -> Option<Trouble> {
    let backup::Trouble { since, says } = seen.backup.as_ref()?;
    let (says, mend) = split(says, "see [backup] in the configuration; `maildesk backup FILE` makes one by hand");
    Some(Trouble { kind: TroubleKind::Backup, about: String::new(), since: *since, says, mend })
}

/// Our errors say what is wrong and, behind the last semicolon, the mend.
fn split(error: &str, else_mend: &str) -> (String, String) {
    match error.rsplit_once("; ") {
        Some((says, mend)) => (says.to_owned(), mend.to_owned()),
        None => (error.to_owned(), else_mend.to_owned()),
    }
}

fn many(n: i64, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// Words as a sentence: an address keeps its small letter.
#[must_use]
pub fn sentence(words: &str) -> String {
    let address = words.split(' ').next().is_some_and(|it| it.contains('@'));
    let mut letters = words.chars();
    let first: String = letters.next().map_or_else(String::new, |it| if address { it.to_string() } else { it.to_uppercase().collect() });
    let stop = if words.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}

/// A sentence for those who may not see whom the desk writes to: every address in it that is not one of `ours` is blotted out.
#[must_use]
pub fn without_addresses(text: &str, ours: &[&str]) -> String {
    let outer = |c: char| !(c.is_alphanumeric() || "@.!#$%&'*+/=?^_`{|}~-".contains(c));
    let mut told = String::with_capacity(text.len());
    for piece in text.split_inclusive(outer) {
        let end = piece.chars().next_back().filter(|it| outer(*it));
        let word = end.map_or(piece, |it| &piece[..piece.len() - it.len_utf8()]);
        let bare = word.trim_end_matches(['.', '!', '?']);
        if bare.contains('@') && !ours.iter().any(|it| it.eq_ignore_ascii_case(bare)) {
            told.push_str("(an address)");
            told.push_str(&word[bare.len()..]);
        } else {
            told.push_str(word);
        }
        told.extend(end);
    }
    told
}

#[cfg(test)]
mod tests;
