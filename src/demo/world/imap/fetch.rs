//! What FETCH gives (RFC 3501 §6.4.5), a window at a time, so that fetching a whole folder does not copy it.

use std::collections::VecDeque;

use imap_next::imap_types::{
    core::{NString, Tag, Vec1},
    datetime::DateTime,
    fetch::{MacroOrMessageDataItemNames, MessageDataItem, MessageDataItemName, Section},
    flag::FlagFetch,
    response::Data,
};

use super::{super::post::StoredMail, Session, WINDOW, mime, number, selected, structure, view::By};

/// A FETCH that is being answered.
pub(super) struct Fetching {
    tag: Tag<'static>,
    items: Vec<MessageDataItemName<'static>>,
    left: VecDeque<(u32, u32)>,
    marks_seen: bool,
    empty_bodies: bool,
}

impl Fetching {
    pub(super) fn new(
        tag: Tag<'static>,
        asked: &MacroOrMessageDataItemNames<'static>,
        by: By,
        wanted: Vec<(u32, u32)>,
        read_only: bool,
        empty_bodies: bool,
    ) -> Self {
        let mut items: Vec<MessageDataItemName<'static>> = match asked {
            MacroOrMessageDataItemNames::Macro(short) => short.expand().iter().map(imap_next::imap_types::ToStatic::to_static).collect(),
            MacroOrMessageDataItemNames::MessageDataItemNames(names) => names.clone(),
        };
        if by == By::Uid && !items.contains(&MessageDataItemName::Uid) {
            items.insert(0, MessageDataItemName::Uid);
        }
        let marks = items.iter().any(|it| {
            matches!(it, MessageDataItemName::BodyExt { peek: false, .. } | MessageDataItemName::Rfc822 | MessageDataItemName::Rfc822Text)
        });
        if marks && !items.contains(&MessageDataItemName::Flags) {
            items.push(MessageDataItemName::Flags);
        }
        Self { tag, items, left: wanted.into(), marks_seen: marks && !read_only, empty_bodies }
    }
}

impl Session {
    /// Goes on with a FETCH as far as the window allows; the tagged answer ends it.
    pub(super) fn give_more(&mut self) {
        let Some(mut fetching) = self.fetching.take() else { return };
        let (Some(user), Some(folder)) = (self.user.clone(), self.view.as_ref().map(|it| it.folder.clone())) else { return };
        let mut waiting: usize = self.on_their_way.iter().sum();
        while waiting < WINDOW {
            let Some((sequence, uid)) = fetching.left.pop_front() else {
                return self.ok(fetching.tag, "fetched");
            };
            if fetching.marks_seen {
                self.mark_seen(&user, &folder, uid);
            }
            let items = self.post.look(&user, &folder, |it| it.get(uid).cloned()).flatten().map(|mail| {
                let items: Vec<_> = fetching.items.iter().filter_map(|item| give(&mail, item, fetching.empty_bodies)).collect();
                (mail.raw.len(), items)
            });
            // Expunged meanwhile by somebody else: nothing to give (RFC 2180 §4.1.2).
            let Some((size, items)) = items else { continue };
            if let Ok(items) = Vec1::try_from(items) {
                self.server.enqueue_data(Data::Fetch { seq: number(sequence), items });
                self.on_their_way.push_back(size);
                waiting += size;
            }
        }
        self.fetching = Some(fetching);
    }

    fn mark_seen(&mut self, user: &str, folder: &str, uid: u32) {
        let Some(view) = &mut self.view else { return };
        self.post.change_folder(user, folder, |it| {
            let in_step = it.version == view.version;
            it.flag(uid, |flags| {
                if !flags.iter().any(|it| it.eq_ignore_ascii_case("\\Seen")) {
                    flags.push("\\Seen".to_owned());
                }
            });
            if in_step {
                view.version = it.version;
            }
        });
    }
}

/// The flags of a message as FETCH gives them.
pub(super) fn flags(names: &[String]) -> Vec<FlagFetch<'static>> {
    names.iter().filter_map(|it| selected::flag(it)).collect()
}

fn give(mail: &StoredMail, item: &MessageDataItemName<'static>, empty_bodies: bool) -> Option<MessageDataItem<'static>> {
    let raw: &[u8] = &mail.raw;
    Some(match item {
        MessageDataItemName::Uid => MessageDataItem::Uid(number(mail.uid)),
        MessageDataItemName::Flags => MessageDataItem::Flags(flags(&mail.flags)),
        MessageDataItemName::Rfc822Size => MessageDataItem::Rfc822Size(u32::try_from(raw.len()).unwrap_or(u32::MAX)),
        MessageDataItemName::InternalDate => MessageDataItem::InternalDate(date(mail)?),
        MessageDataItemName::Envelope => MessageDataItem::Envelope(structure::envelope(raw)),
        MessageDataItemName::Body => MessageDataItem::Body(structure::short(raw)),
        MessageDataItemName::BodyStructure => MessageDataItem::BodyStructure(structure::of(raw)),
        MessageDataItemName::Rfc822 => MessageDataItem::Rfc822(octets(raw)),
        MessageDataItemName::Rfc822Header => MessageDataItem::Rfc822Header(octets(mime::header(raw))),
        MessageDataItemName::Rfc822Text => MessageDataItem::Rfc822Text(octets(mime::body(raw))),
        MessageDataItemName::BodyExt { section, partial, .. } => {
            let whole = if empty_bodies { Some(Vec::new()) } else { section_of(raw, section.as_ref()) };
            let part = whole.map(|it| match partial {
                Some((from, length)) => it.into_iter().skip(*from as usize).take(length.get() as usize).collect(),
                None => it,
            });
            let data = part.map_or(NString(None), |it| octets(&it));
            MessageDataItem::BodyExt { section: section.clone(), origin: partial.map(|(from, _)| from), data }
        }
        MessageDataItemName::Binary { .. } | MessageDataItemName::BinarySize { .. } => return None,
    })
}

fn section_of(raw: &[u8], section: Option<&Section<'static>>) -> Option<Vec<u8>> {
    let part = |part: &Option<imap_next::imap_types::fetch::Part>| match part {
        None => Some(raw),
        Some(part) => mime::message_in(raw, &path(part)),
    };
    let names = |names: &Vec1<imap_next::imap_types::core::AString<'static>>| {
        names.as_ref().iter().map(|it| String::from_utf8_lossy(it.as_ref()).into_owned()).collect::<Vec<_>>()
    };
    let holds = |names: &[String], name: &str| names.iter().any(|it| it.eq_ignore_ascii_case(name));
    match section {
        None => Some(raw.to_vec()),
        Some(Section::Header(of)) => Some(mime::header(part(of)?).to_vec()),
        Some(Section::Text(of)) => Some(mime::body(part(of)?).to_vec()),
        Some(Section::HeaderFields(of, wanted)) => {
            let wanted = names(wanted);
            Some(mime::fields_that(part(of)?, |name| holds(&wanted, name)))
        }
        Some(Section::HeaderFieldsNot(of, unwanted)) => {
            let unwanted = names(unwanted);
            Some(mime::fields_that(part(of)?, |name| !holds(&unwanted, name)))
        }
        Some(Section::Part(of)) => Some(mime::body(mime::part(raw, &path(of))?).to_vec()),
        Some(Section::Mime(of)) => Some(mime::header(mime::part(raw, &path(of))?).to_vec()),
    }
}

fn path(part: &imap_next::imap_types::fetch::Part) -> Vec<usize> {
    part.0.as_ref().iter().map(|it| it.get() as usize).collect()
}

/// Octets as IMAP can carry them: a literal holds no NUL (RFC 3501 §4.3), which is shown as Dovecot shows it.
fn octets(data: &[u8]) -> NString<'static> {
    let data: Vec<u8> = if data.contains(&0) { data.iter().map(|it| if *it == 0 { 0x80 } else { *it }).collect() } else { data.to_vec() };
    imap_next::imap_types::core::Literal::try_from(data).map_or(NString(None), NString::from)
}

fn date(mail: &StoredMail) -> Option<DateTime> {
    let at = chrono::DateTime::from_timestamp(mail.internal_date.as_second(), 0)?;
    DateTime::try_from(at.fixed_offset()).ok()
}
