//! What the questions ask about, found beforehand.

use jiff::{SignedDuration, Timestamp};

use crate::desk::{
    id::{CommentId, CorrectionId, OutboxId, TicketNumber},
    message::{Forwarded, IncomingMessage},
    person::Person,
    sender::SenderRule,
    settings::{Budgets, MailboxSettings},
    ticket::Status,
    token::Signed,
};

/// Everything that the questions ask about, found beforehand.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The message, read.
    pub message: &'a IncomingMessage,
    /// Where it came in.
    pub mailbox: &'a MailboxSettings,
    /// When the server got it.
    pub received_at: Timestamp,
    /// Now.
    pub now: Timestamp,
    /// When the desk last came back from a backup: what the server got before may have been answered already.
    pub restored_at: Option<Timestamp>,
    /// Whether its loop header is ours, or its own Message-ID one of our outbox.
    pub our_own: OurOwn,
    /// The mail of ours that a delivery report speaks of.
    pub report_about: Option<OutboxId>,
    /// What a mail server that we trust says about the sender.
    pub authenticity: Authenticity,
    /// Who the author is at this desk; none: nobody knows the address.
    pub author: Option<Person>,
    /// What staff have said about its sender: the rule that counts, where there is one.
    pub sender_rule: Option<SenderRule>,
    /// New tickets that this sender's mail opened within the hour.
    pub opened_within_hour: u32,
    /// Which ticket, by each kind of evidence.
    pub evidence: Evidence,
    /// Every ticket that the evidence names.
    pub tickets: Vec<TicketFacts>,
    /// The helper that a signed address or id was given to.
    pub token_holder: Option<Person>,
    /// The customer's mail that a helper forwards; looked for in mail from a helper's address alone.
    pub forwarded: Option<Forwarded>,
    /// The guards' bounds.
    pub budgets: Budgets,
    /// How long after closing an answer still reopens.
    pub reopen_within: SignedDuration,
    /// How the words of a staff answer begin with commands: none, fine, or what is wrong with them.
    pub commands: Commands,
}

/// Slash commands at the top of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Commands {
    /// There are none, or all of them can be done.
    Fine,
    /// At least one cannot: why.
    Refused(String),
}

/// Whether we sent it ourselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OurOwn {
    /// A mailbox has sent it to itself, to see it come back.
    Probe,
    /// Its loop header carries our MAC.
    LoopMark,
    /// Its Message-ID is one of our outbox.
    MessageId,
    /// Neither; but From is an address of this desk, which anybody can write.
    FromAlone,
    /// No.
    No,
}

/// A trusted server's verdict on the sender (RFC 8601).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authenticity {
    /// DMARC, or DKIM or SPF in line with From, passes.
    Verified,
    /// No trusted server says anything.
    NotVerified,
    /// DMARC fails.
    Failed,
}

impl Authenticity {
    /// For screens, and as stored: `verified`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::NotVerified => "not verified",
            Self::Failed => "failed",
        }
    }

    /// The word of [`Authenticity::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Verified, Self::NotVerified, Self::Failed].into_iter().find(|it| it.as_str() == word)
    }
}

/// What a trusted server found about the sender of a message, and in which words a person is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SenderCheck {
    /// The verdict.
    pub authenticity: Authenticity,
    /// A sentence without its full stop: `our mail server mx.example.com says that DMARC passes for example.org`.
    pub why: String,
}

/// Which ticket a message names, strongest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Before all others: a person has moved the message that this one answers, or that which it followed.
    pub corrected: Option<Corrected>,
    /// (a) A reply address with our MAC among its recipients.
    pub reply_address: Option<Signed>,
    /// (b) The nearest id in In-Reply-To and References that carries our MAC.
    pub our_id: Option<Signed>,
    /// (c) The nearest id there of a mail that we took in.
    pub taken_in: Option<TicketNumber>,
    /// (d) The `[#number]` in the subject.
    pub tag: Option<TicketNumber>,
}

impl Evidence {
    /// The tickets that are named, each once.
    #[must_use]
    pub fn tickets(&self) -> Vec<TicketNumber> {
        let corrected = self.corrected.as_ref().map(|it| it.ticket);
        let signed = [self.reply_address, self.our_id].map(|it| it.map(|it| it.ticket));
        let mut numbers: Vec<TicketNumber> = [corrected, self.taken_in, self.tag].into_iter().chain(signed).flatten().collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }
}

/// A message that is where a person moved it, or followed one there; found by the nearest id that this one answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corrected {
    /// The message.
    pub answered: CommentId,
    /// The ticket that it is on now.
    pub ticket: TicketNumber,
    /// How it came there.
    pub went: Went,
    /// By which correction.
    pub correction: CorrectionId,
    /// Who moved it.
    pub by: String,
    /// Whose id it was found by.
    pub found_by: FoundBy,
}

/// How a message came to where a correction led it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Went {
    /// A person moved it.
    Itself,
    /// It came in since, behind one that a person had moved.
    Behind,
}

/// Whose Message-ID a moved message was found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundBy {
    /// Its own: whoever has seen the message can know it.
    ItsOwn,
    /// That of a mail of ours which passed it on or acknowledged it: known only to those who were given that.
    Ours,
}

/// What about a ticket the questions ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TicketFacts {
    /// The number that the evidence names.
    pub named: TicketNumber,
    /// The ticket that stands for it: itself, or where it was merged into.
    pub number: TicketNumber,
    /// Where it stands.
    pub status: Status,
    /// Since when.
    pub status_at: Timestamp,
    /// Whether the author is its requester or an active participant.
    pub author: Stands,
    /// Mail joined to it within the hour.
    pub joined_within_hour: u32,
    /// What staff say of it.
    pub marked: Marked,
}

impl TicketFacts {
    /// Whether it was closed so long ago that an answer opens a new one.
    #[must_use]
    pub fn closed_too_long(&self, now: Timestamp, reopen_within: SignedDuration) -> bool {
        self.status == Status::Closed && now.duration_since(self.status_at) > reopen_within
    }
}

/// How an author stands to a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// Requester or active participant.
    Participant,
    /// A stranger to it.
    Stranger,
}

/// What staff say of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marked {
    /// It is spam: nothing joins it, and nothing of it is sent.
    AsSpam,
    /// Nothing.
    No,
}
