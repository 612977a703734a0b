//! What is in an export, in which order, and what is left out of it and why.

/// A table of an export.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// In the database.
    pub name: &'static str,
    /// What one of its lines is called.
    pub line: &'static str,
    /// Its lines come in this order.
    pub order: &'static str,
    /// Columns that may name a row of the same table that comes later: written when all of them are there.
    pub later: &'static [&'static str],
    /// Columns that are not exported, each with the reason.
    pub without: &'static [(&'static str, &'static str)],
}

const fn table(name: &'static str, line: &'static str, order: &'static str) -> Table {
    Table { name, line, order, later: &[], without: &[] }
}

const CONNECTION: &str = "how the connection stands: each desk learns it anew";
const LEASE: &str = "which program has it in hand just now";

/// In the order in which rows name each other. Contents come first, each with its octets.
pub const EXPORTED: &[Table] = &[
    table("people", "person", "id"),
    table("former_addresses", "former_address", "id"),
    table("audit", "audit", "id"),
    table("settings", "setting", "id"),
    Table {
        without: &[
            ("connected_since", CONNECTION),
            ("checked_at", CONNECTION),
            ("waiting", CONNECTION),
            ("error", CONNECTION),
            ("error_at", CONNECTION),
            ("failing_since", CONNECTION),
            ("not_filed", CONNECTION),
            ("look_again_since", "what this desk still has to look for since it came back from a backup"),
        ],
        ..table("mailboxes", "mailbox", "id")
    },
    table("mailbox_settings", "mailbox_setting", "id"),
    Table {
        without: &[("secrets", "sealed with this desk’s key: they are typed anew")],
        ..table("mailbox_accounts", "mailbox_account", "mailbox")
    },
    table("mail_templates", "mail_template", "id"),
    table("rules", "rule", "id"),
    table("left_alone", "left_alone", "mailbox, uid_validity, uid"),
    table("sender_rules", "sender_rule", "id"),
    Table {
        later: &["linked", "merged_into"],
        without: &[("tags", "the lines `ticket_tag` say it")],
        ..table("tickets", "ticket", "number")
    },
    table("participants", "participant", "ticket, person"),
    table("messages", "message", "id"),
    table("sightings", "sighting", "mailbox, uid_validity, uid"),
    table("comments", "comment", "id"),
    table("attachments", "attachment", "id"),
    table("corrections", "correction", "id"),
    table("moves", "move", "id"),
    Table { later: &["merged_into"], ..table("tags", "tag", "id") },
    table("ticket_tags", "ticket_tag", "ticket, tag"),
    table("ticket_links", "ticket_link", "lower, higher"),
    table("events", "event", "id"),
    table("ratings", "rating", "id"),
    table("promises", "promise", "ticket, promise"),
    table("calendars", "calendar", "mailbox"),
    table("targets", "target", "priority"),
    table("outbox", "outgoing", "id"),
    Table {
        later: &["instead_of"],
        without: &[
            ("lease_owner", LEASE),
            ("lease_until", LEASE),
            ("held_back", "whether a copy may leave is for the desk that reads the export: it holds all of them back"),
        ],
        ..table("deliveries", "delivery", "id")
    },
    table("saved_views", "saved_view", "id"),
    table("visits", "visit", "person, ticket"),
    table("mentions", "mention", "comment, person"),
    table("drafts", "draft", "id"),
    table("draft_files", "draft_file", "id"),
    table("saved_replies", "saved_reply", "id"),
    table("saved_reply_uses", "saved_reply_use", "id"),
    Table { without: &[("unswept", "which files this desk still has to remove")], ..table("erasures", "erasure", "id") },
];

/// Tables that are not exported, or not as tables, each with the reason.
pub const LEFT_OUT: &[(&str, &str)] = &[
    ("blobs", "exported as contents, with their octets"),
    ("sessions", "who is signed in at this desk: everybody signs in anew"),
    ("links", "invitations and the like are good at the desk that sent them"),
    ("authenticators", "sealed with this desk’s key: two-factor sign-in is set up anew"),
    ("recovery_codes", "of no use without the app that they stand in for"),
    ("api_tokens", "kept as hashes that open this desk alone: programs are given new ones"),
    ("api_answers", "what was answered to a request, in case it is sent again within a day"),
    ("digest_lines", "what staff are still to be told: the desk that wrote it tells them"),
    ("queue_counts", "counted from the tickets"),
    ("courses", "made from the events"),
    ("search", "made from comments and tickets"),
    ("facts", "nothing is kept there"),
    ("sending", "how the account behind each mailbox is doing: each desk learns it anew"),
    ("instances", "which programs run on this database now"),
    ("fetch_leases", "which program reads a mailbox now"),
    ("tokens", "sealed with this desk’s key: each mailbox is signed in anew"),
    ("authorisations", "sign-ins that were begun at this desk"),
    ("troubles", "what is not well at this desk, and who was told"),
    ("probes", "mail that this desk sends to itself to see it come back"),
    ("presence", "who has which ticket open just now"),
    ("backups", "files on the machine of this desk"),
    ("restores", "what happened to this desk’s data folder"),
    ("_sqlx_migrations", "how far the tables of this database are"),
];
