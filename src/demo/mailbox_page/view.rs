//! What the pages show.

use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use super::{Folder, MailboxPage};
use crate::{
    demo::{
        cast::{MAILBOXES, MEMBERS},
        mail_program::{self, Read},
        world::StoredMail,
    },
    desk::{
        address::{EmailAddress, Named},
        message::{MessageId, REPLY_MARKER},
    },
};

/// What every page shows.
#[derive(Serialize)]
pub(super) struct Shared<'a, T> {
    pub v: &'a str,
    pub panel: &'a str,
    #[serde(flatten)]
    pub own: T,
}

#[derive(Serialize)]
pub(super) struct Choose {
    why: String,
    customers: Vec<Owner>,
    staff: Vec<Owner>,
}

#[derive(Serialize)]
struct Owner {
    name: String,
    email: String,
    of: String,
    mails: usize,
    #[serde(skip)]
    newest: Option<Timestamp>,
}

/// Whose mailboxes there are; the desk's own are left out.
pub(super) fn choose(page: &MailboxPage, why: &str) -> Choose {
    let ours = |it: &String| MAILBOXES.iter().any(|(_, address)| address == it);
    let owner = |email: String| {
        let named = email.parse().ok().map(|it| page.me(&it));
        let inbox = page.world.messages(&email, "INBOX");
        let newest = inbox.last().map(|it| it.internal_date);
        Owner { name: named.and_then(|it| it.name).unwrap_or_default(), of: encoded(&email), mails: inbox.len(), newest, email }
    };
    let mut all: Vec<Owner> = page.world.addresses().into_iter().filter(|it| !ours(it)).map(owner).collect();
    all.sort_by_key(|it| std::cmp::Reverse(it.newest));
    let is_staff = |it: &Owner| MEMBERS.iter().any(|member| member.role.is_staff() && member.email == it.email);
    let (staff, customers) = all.into_iter().partition(is_staff);
    Choose { why: why.to_owned(), customers, staff }
}

#[derive(Serialize)]
pub(super) struct Mailbox {
    name: String,
    email: String,
    of: String,
    sent: bool,
    mails: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    folder: Folder,
    uid: u32,
    who: String,
    subject: String,
    at: String,
    start: String,
}

/// Both folders, newest first.
pub(super) fn mailbox(page: &MailboxPage, of: &EmailAddress, sent: bool) -> Mailbox {
    let rows =
        |folder: Folder| page.world.messages(&of.folded(), folder.name()).into_iter().map(move |it| (folder, mail_program::open(&it)));
    let mut all: Vec<(Folder, Read)> = rows(Folder::Inbox).chain(rows(Folder::Sent)).collect();
    // Within a second, what was sent came before what came back.
    all.sort_by_key(|(folder, it)| std::cmp::Reverse((it.came, *folder == Folder::Inbox, it.uid)));
    let row = |(folder, it): (Folder, Read)| Row {
        folder,
        uid: it.uid,
        who: match folder {
            Folder::Inbox => names(&it.message.from),
            Folder::Sent => format!("You to {}", names(&it.message.to)),
        },
        start: it.message.text.replace(REPLY_MARKER, "").split_whitespace().collect::<Vec<_>>().join(" ").chars().take(120).collect(),
        at: at(it.came, &page.zone),
        subject: it.message.subject,
    };
    Mailbox {
        name: page.me(of).name.unwrap_or_default(),
        email: of.folded(),
        of: encoded(&of.folded()),
        sent,
        mails: all.into_iter().map(row).collect(),
    }
}

#[derive(Serialize)]
pub(super) struct Mail {
    email: String,
    of: String,
    uid: u32,
    /// Only what came in is answered.
    answerable: bool,
    subject: String,
    from: String,
    to: String,
    at: String,
    text: String,
    files: Vec<String>,
    /// The fields that make the thread, as they are.
    thread: Vec<(&'static str, String)>,
    answer_to: String,
}

/// One mail; HTML is shown as text.
pub(super) fn mail(page: &MailboxPage, of: &EmailAddress, folder: Folder, raw: &StoredMail) -> Mail {
    let read = mail_program::open(raw);
    let message = read.message;
    let ids = |all: &[MessageId]| all.iter().map(|it| format!("<{it}>")).collect::<Vec<_>>().join(" ");
    let thread = [
        ("Message-ID", message.message_id.iter().map(|it| format!("<{it}>")).collect()),
        ("In-Reply-To", ids(&message.in_reply_to)),
        ("References", ids(&message.references)),
        ("Reply-To", names(&message.reply_to)),
    ];
    Mail {
        email: of.folded(),
        of: encoded(&of.folded()),
        uid: read.uid,
        answerable: folder == Folder::Inbox,
        from: full(&message.from),
        to: full(&message.to),
        at: at(read.came, &page.zone),
        text: message.text.trim().to_owned(),
        files: message.attachments.iter().enumerate().map(|(at, it)| it.shown_name(at)).collect(),
        thread: thread.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
        answer_to: names(&message.from),
        subject: message.subject,
    }
}

/// The form of a new mail.
#[derive(Serialize)]
pub(super) struct Writing {
    pub email: String,
    pub of: String,
    pub mailboxes: Vec<&'static str>,
    pub to: String,
    pub subject: String,
    pub text: String,
    /// What the server said, where it did not take it.
    pub failed: String,
}

impl Writing {
    pub fn new(page: &MailboxPage, of: &EmailAddress) -> Self {
        Self {
            email: page.me(of).address.folded(),
            of: encoded(&of.folded()),
            mailboxes: MAILBOXES.iter().map(|(_, address)| *address).collect(),
            to: String::new(),
            subject: String::new(),
            text: String::new(),
            failed: String::new(),
        }
    }
}

fn names(all: &[Named]) -> String {
    all.iter().map(|it| it.name.clone().unwrap_or_else(|| it.address.to_string())).collect::<Vec<_>>().join(", ")
}

fn full(all: &[Named]) -> String {
    let one = |it: &Named| match &it.name {
        Some(name) => format!("{name} <{}>", it.address),
        None => it.address.to_string(),
    };
    all.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn at(when: Timestamp, zone: &TimeZone) -> String {
    when.to_zoned(zone.clone()).strftime("%a %-d %b, %H:%M").to_string()
}

/// For a query: everything but letters, digits and `-._~` as `%XX` (RFC 3986 §2.3).
pub(super) fn encoded(text: &str) -> String {
    let plain = |it: u8| it.is_ascii_alphanumeric() || b"-._~".contains(&it);
    text.bytes().map(|it| if plain(it) { char::from(it).to_string() } else { format!("%{it:02X}") }).collect()
}
