//! Ids as types of their own, so that a comment's number never stands where a ticket's is meant.

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

ids! {
    /// A ticket's number as people say it: `#1042`. Made by the database, 1 and up, never used twice.
    TicketNumber,
    /// A row of `comments`.
    CommentId,
    /// A row of `people`: admin, helper or customer.
    PersonId,
    /// A row of `messages`, the ledger of everything that arrived.
    LedgerId,
    /// A row of `mailboxes`: one watched folder and the address that answers for it.
    MailboxId,
    /// A row of `outbox`: one finished mail.
    OutboxId,
    /// A row of `deliveries`: one recipient of one finished mail.
    DeliveryId,
    /// A row of `attachments`.
    AttachmentId,
    /// A row of `events`, a ticket's history.
    EventId,
    /// A row of `corrections`: a message moved, a ticket merged.
    CorrectionId,
    /// A row of `sender_rules`, the block list.
    SenderRuleId,
    /// A row of `tags`.
    TagId,
    /// A row of `saved_views`: filters with a name.
    SavedViewId,
    /// A row of `draft_files`.
    DraftFileId,
    /// A row of `saved_replies`.
    SavedReplyId,
    /// A row of `rules`: what is done with mail by itself.
    RuleId,
    /// A row of `api_tokens`: what a program signs in to the API with.
    ApiTokenId,
    /// A row of `instances`: one run of the daemon, never used twice.
    InstanceId,
}
