//! A ticket's conversation as `parts/message.html` draws it: for staff with notes, deliveries and changes, for a customer
//! the public words alone.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    desk::{
        comment::{Flag, Origin, Visibility},
        correction::{Correction, CorrectionKind},
        encrypted::Encrypted,
        event::EventKind,
        id::{CommentId, PersonId},
    },
    panel::{
        Panel,
        error::sentence,
        history,
        prose::{Picture, fold_title, from_text, is_picture, mark_names},
        thread::delivery::{Chip, Failure, chip, failures, way},
        words::{Face, SenderMark, When, size},
    },
    store::conversation::{Audience, File, Line, Said},
};

pub(super) mod delivery;
pub(super) mod parts;

/// One entry.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// The comment, or 0 for a change.
    pub id: i64,
    /// `in`, `out`, `note`, `auto` or `event`.
    pub kind: &'static str,
    p: Face,
    addr: String,
    when: When,
    /// When it came and who released it, where it lay among held mail.
    released: Option<String>,
    html: String,
    /// In place of it, the mail's own HTML in a frame.
    as_html: bool,
    /// How high that frame is until a script has measured what is in it, or for good; pixels.
    sheet: usize,
    quote: Option<String>,
    /// What is folded away.
    quote_title: &'static str,
    files: Vec<FileView>,
    deliv: Option<Chip>,
    failures: Vec<Failure>,
    undo: Option<String>,
    /// It is mailed to somebody.
    mailed: bool,
    blocked: i64,
    /// What else can be looked at: `html`, `text` or nothing.
    other_view: &'static str,
    has_source: bool,
    flag: Option<&'static str>,
    /// That it is encrypted, in a sentence.
    sealed: Option<String>,
    /// What else reading it had to mend, guess or leave out.
    mended: Vec<String>,
    sender: Option<SenderMark>,
    icon: &'static str,
    /// Whether whoever looks may move it to another ticket.
    movable: bool,
    /// The correction that this line tells of, while it can be undone here.
    correction: Option<i64>,
    #[serde(skip)]
    event: Option<EventKind>,
    #[serde(skip)]
    at: Timestamp,
}

/// A file as a link.
#[derive(Clone, Debug, Serialize)]
pub struct FileView {
    name: String,
    size: String,
    href: String,
    icon: &'static str,
    /// It is shown small beside its name.
    thumb: bool,
}

/// Larger pictures have their names alone: a browser would load the whole of each.
const LARGEST_THUMB: i64 = 5_000_000;

/// For whom and how a conversation is drawn.
pub struct Drawing<'a> {
    /// The panel.
    pub panel: &'a Panel,
    /// Whose eyes.
    pub audience: Audience,
    /// Who looks.
    pub viewer: PersonId,
    /// Where attachments are served for them: `/attachments` or `/my/attachments`.
    pub files_at: &'static str,
    /// The comment to show as its own HTML.
    pub as_html: Option<CommentId>,
}

impl Drawing<'_> {
    /// The entries of what was said.
    #[must_use]
    pub fn messages(&self, said: &[Said]) -> Vec<Entry> {
        said.iter().filter(|it| it.withdrawn_at.is_none()).map(|it| self.message(it)).collect()
    }

    fn message(&self, said: &Said) -> Entry {
        let staff = self.audience == Audience::Staff;
        let (name, address) = who(said, self.panel);
        let as_html = staff && said.has_html && self.as_html == Some(said.id);
        let pictures = self.pictures(&said.files);
        let wordless = Encrypted::stands_for(&said.body);
        let folded = if said.signature.is_empty() { said.quoted.clone() } else { format!("-- \n{}", said.signature) };
        Entry {
            id: said.id.0,
            kind: kind(said),
            p: Face::new(&name, &address),
            addr: addressed(said, &address, self.audience),
            when: self.when(said.said_at()),
            released: if staff { self.released(said) } else { None },
            html: if as_html || wordless.is_some() { String::new() } else { words(said, &pictures) },
            as_html,
            sheet: sheet(said),
            quote: (!as_html && !folded.trim().is_empty()).then(|| from_text(&folded, &pictures)),
            quote_title: fold_title(&folded),
            files: said.files.iter().map(|it| self.file(it)).collect(),
            deliv: if staff && said.origin == Origin::Staff { chip(&said.deliveries) } else { None },
            failures: if staff { failures(&said.deliveries, self.panel.desk.clock.now()) } else { Vec::new() },
            undo: if staff { way(said, self.viewer).undo(self.panel.desk.clock.now()) } else { None },
            mailed: staff && !said.deliveries.is_empty(),
            blocked: if as_html { said.remote_images } else { 0 },
            other_view: match (staff && said.has_html, as_html) {
                (false, _) => "",
                (true, true) => "text",
                (true, false) => "html",
            },
            has_source: staff && (said.mail.is_some() || !said.deliveries.is_empty()),
            sealed: sealed(said, wordless),
            mended: if staff { mended(said) } else { Vec::new() },
            flag: if staff { said.flag.and_then(|it| flagged(it, said)) } else { None },
            sender: said.mail.as_ref().filter(|_| staff).and_then(|it| it.sender_check.as_ref()).map(SenderMark::new),
            icon: "",
            movable: staff && self.movable(said),
            correction: None,
            event: None,
            at: said.created_at,
        }
    }

    fn released(&self, said: &Said) -> Option<String> {
        let (mail, by) = said.released()?;
        Some(format!("Arrived {}; released from held mail {} by {by}.", self.when(mail.received_at).full, self.when(said.created_at).full))
    }

    /// As `desk/correction.rs` says: a customer's or a machine's words, and one's own note.
    fn movable(&self, said: &Said) -> bool {
        match (said.origin, said.visibility) {
            (Origin::Customer | Origin::Machine, _) => true,
            (Origin::Staff, Visibility::Internal) => said.author.as_ref().is_some_and(|it| it.id == self.viewer),
            (Origin::Staff, Visibility::Public) => false,
        }
    }

    /// What was said and what was changed, in the order in which it happened.
    #[must_use]
    pub fn with_changes(&self, said: &[Said], lines: &[Line], names: &BTreeMap<PersonId, String>) -> Vec<Entry> {
        let mut entries = self.messages(said);
        let first = entries.first().map(|it| it.at);
        entries.extend(lines.iter().filter(|line| first.is_none_or(|first| line.at >= first)).filter_map(|line| self.change(line, names)));
        entries.sort_by_key(|it| it.at);
        entries
    }

    fn change(&self, line: &Line, names: &BTreeMap<PersonId, String>) -> Option<Entry> {
        let icon = history::icon(line.kind)?;
        let html = history::sentence(line, names);
        let kind = "event";
        let when = self.when(line.at);
        let p = Face::new("", "");
        let (addr, quote, flag, deliv, undo) = (String::new(), None, None, None, None);
        let (files, failures) = (Vec::new(), Vec::new());
        Some(Entry {
            id: 0,
            kind,
            p,
            addr,
            when,
            released: None,
            html,
            as_html: false,
            sheet: 0,
            quote,
            quote_title: "",
            files,
            deliv,
            failures,
            undo,
            mailed: false,
            blocked: 0,
            other_view: "",
            has_source: false,
            flag,
            sealed: None,
            mended: Vec::new(),
            sender: None,
            icon,
            movable: false,
            correction: None,
            event: Some(line.kind),
            at: line.at,
        })
    }

    fn when(&self, at: Timestamp) -> When {
        When::new(at, self.panel.desk.clock.now(), &self.panel.zone())
    }

    fn file(&self, file: &File) -> FileView {
        let bytes = u64::try_from(file.size).unwrap_or_default();
        let icon = if file.content_type.starts_with("image/") { "image" } else { "file-text" };
        let thumb = is_picture(&file.content_type) && file.size <= LARGEST_THUMB;
        FileView { name: file.filename.clone(), size: size(bytes), href: format!("{}/{}", self.files_at, file.id), icon, thumb }
    }

    /// Those of the files that the text may show.
    fn pictures(&self, files: &[File]) -> Vec<Picture> {
        let shown = files.iter().filter(|it| is_picture(&it.content_type));
        let picture = |it: &File| {
            let content_id = it.content_id.clone()?;
            Some(Picture { content_id, src: format!("{}/{}", self.files_at, it.id), name: it.filename.clone() })
        };
        shown.filter_map(picture).collect()
    }
}

/// What was written: as it stands, or as its marks mean it, with the colleagues whom it names marked.
fn words(said: &Said, pictures: &[Picture]) -> String {
    let html = said.rendered.clone().unwrap_or_else(|| from_text(&said.body, pictures));
    if said.named.is_empty() { html } else { mark_names(&html, &said.named) }
}

/// About as high as a short mail's own HTML lies on the sheet (`mail.css`), between the lines of a desk and those of a phone; a
/// long one is read in a frame of one size.
fn sheet(said: &Said) -> usize {
    let lines: usize = said.body.lines().map(|it| 1 + it.chars().count() / 60).sum();
    let pictures = said.files.iter().filter(|it| it.content_id.is_some() && it.content_type.starts_with("image/")).count();
    let folded = usize::from(!said.quoted.trim().is_empty());
    (88 + 23 * lines + 120 * pictures + 40 * folded).clamp(96, 480)
}

/// Beside each line that tells of a correction that stands: that it can be undone.
pub fn offer_undo(entries: &mut [Entry], standing: &[Correction]) {
    let made = |entry: &Entry, kind| standing.iter().find(|it| it.made_at == entry.at && (it.kind == CorrectionKind::Merge) == kind);
    for entry in entries {
        let found = match entry.event {
            Some(EventKind::MovedIn | EventKind::MovedOut) => made(entry, false),
            Some(EventKind::MergedFrom | EventKind::MergedInto) => made(entry, true),
            Some(_) | None => None,
        };
        entry.correction = found.map(|it| it.id.0);
    }
}

fn kind(said: &Said) -> &'static str {
    match (said.visibility, said.origin) {
        (Visibility::Internal, Origin::Staff) => "note",
        (_, Origin::Machine) => "auto",
        (_, Origin::Customer) => "in",
        (Visibility::Public, Origin::Staff) => "out",
    }
}

/// Name and address: of the person, else of the mail.
fn who(said: &Said, panel: &Panel) -> (String, String) {
    if let Some(author) = &said.author {
        return (author.name.clone(), author.email.clone());
    }
    let mail = said.mail.as_ref();
    let address = mail.and_then(|it| it.sender.clone()).unwrap_or_default();
    let name = mail.and_then(|it| it.sender_name.clone()).filter(|it| !it.trim().is_empty());
    let name = name.or_else(|| (!address.is_empty()).then(|| address.clone())).unwrap_or_else(|| panel.desk.settings.name.clone());
    (name, address)
}

/// Beside the name: the address of a customer; for a reply, whom it went to. A customer sees no addresses: one that wrote may be
/// a helper's own.
fn addressed(said: &Said, address: &str, audience: Audience) -> String {
    match (said.origin, audience) {
        (Origin::Staff, Audience::Staff) if !said.deliveries.is_empty() => {
            format!("to {}", said.deliveries.iter().map(|it| it.address.as_str()).collect::<Vec<_>>().join(", "))
        }
        (Origin::Staff, Audience::Staff) | (_, Audience::Customer) => String::new(),
        (Origin::Customer | Origin::Machine, Audience::Staff) => address.to_owned(),
    }
}

/// Of a message that is encrypted, whole or in part: in our own voice, for it is nobody's words. `wordless`: it stands in their place.
fn sealed(said: &Said, wordless: Option<Encrypted>) -> Option<String> {
    let reading = said.mail.as_ref().and_then(|it| it.remarks.encrypted);
    match (wordless, reading) {
        (Some(all), _) => Some(sentence(&all)),
        (None, Some(part)) => Some(sentence(&part.of_a_message())),
        (None, None) => None,
    }
}

fn mended(said: &Said) -> Vec<String> {
    said.mail.iter().flat_map(|it| &it.remarks.warnings).map(|it| sentence(it)).collect()
}

fn flagged(flag: Flag, said: &Said) -> Option<&'static str> {
    let of_the_desk = said.mail.as_ref().and_then(|it| it.sender.as_ref()) == said.author.as_ref().map(|it| &it.email);
    match (flag, said.origin) {
        (Flag::NewParticipant, _) => Some("New in this conversation: sent nothing until you add them."),
        (Flag::UnsignedStaff, Origin::Staff) => Some("Came from a helper’s address without proof that they wrote it; kept as a note."),
        (Flag::UnsignedStaff, Origin::Customer) if !of_the_desk => {
            Some("Forwarded from a helper’s address without proof that they sent it; these words may be anybody’s.")
        }
        (Flag::UnsignedStaff, Origin::Customer | Origin::Machine) => {
            Some("Came from a helper’s address without proof that they wrote it; it counts as a customer’s message.")
        }
        (Flag::Automatic, _) => None,
    }
}
