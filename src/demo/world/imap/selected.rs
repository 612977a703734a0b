//! Commands on the selected folder (RFC 3501 §6.4).

use imap_next::imap_types::{
    command::CommandBody,
    core::{Tag, Vec1},
    extensions::uidplus::{UidElement, UidSet},
    fetch::MessageDataItem,
    flag::{Flag, FlagFetch, StoreResponse, StoreType},
    mailbox::Mailbox,
    response::{Code, Data, Status},
    sequence::SequenceSet,
};

use super::{
    Session, fetch, name_of, number, search,
    view::{By, View},
};

/// Whether what is copied stays.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leave {
    Stays,
    Goes,
}

impl Session {
    #[expect(clippy::wildcard_enum_match_arm, reason = "a command that is not done here is answered BAD, and so will new ones be")]
    pub(super) fn obey_selected(&mut self, tag: Tag<'static>, body: CommandBody<'static>, user: &str) {
        let Some(view) = &self.view else {
            return self.no(tag, None, "select a folder first");
        };
        let (read_only, faults) = (view.read_only, self.faults.now());
        match body {
            CommandBody::Fetch { sequence_set, macro_or_item_names, uid, .. } => {
                let wanted = view.named(&sequence_set, By::uid(uid));
                self.fetching = Some(fetch::Fetching::new(tag, &macro_or_item_names, By::uid(uid), wanted, read_only, faults.empty_bodies));
            }
            CommandBody::Search { criteria, uid, .. } => self.search(tag, user, &criteria, By::uid(uid)),
            CommandBody::Close => {
                if !read_only {
                    self.remove(user, &|_| true);
                }
                self.view = None;
                self.ok(tag, "closed");
            }
            CommandBody::Unselect => {
                self.view = None;
                self.ok(tag, "closed, nothing expunged");
            }
            CommandBody::Copy { sequence_set, mailbox, uid } => self.copy(tag, user, &sequence_set, By::uid(uid), &mailbox, Leave::Stays),
            _ if read_only => self.no(tag, None, "this folder is open for reading only"),
            CommandBody::Store { sequence_set, kind, response, flags, uid, .. } => {
                self.store(tag, user, &sequence_set, By::uid(uid), kind, response, &flags);
            }
            CommandBody::Move { sequence_set, mailbox, uid } if !faults.is_without("MOVE") => {
                self.copy(tag, user, &sequence_set, By::uid(uid), &mailbox, Leave::Goes);
            }
            CommandBody::Expunge => {
                self.remove(user, &|_| true);
                self.tell_news();
                self.ok(tag, "expunged");
            }
            CommandBody::ExpungeUid { sequence_set } if !faults.is_without("UIDPLUS") => {
                let named: Vec<u32> = view.named(&sequence_set, By::Uid).into_iter().map(|(_, uid)| uid).collect();
                self.remove(user, &|uid| named.binary_search(&uid).is_ok());
                self.tell_news();
                self.ok(tag, "expunged");
            }
            _ => self.bad(tag, "not done here"),
        }
    }

    /// Tells what happened to the selected folder since it was last told of.
    pub(super) fn tell_news(&mut self) {
        let (Some(user), Some(view)) = (&self.user, &mut self.view) else { return };
        let seen = view.version;
        let found = self.post.look(user, &view.folder, |it| {
            (it.version != seen).then(|| {
                let uids = it.mails.iter().map(|mail| mail.uid).collect::<Vec<_>>();
                let flagged = it.mails.iter().filter(|mail| mail.changed > seen);
                (it.version, uids, flagged.map(|mail| (mail.uid, mail.flags.clone())).collect::<Vec<_>>())
            })
        });
        let Some(Some((version, uids, flagged))) = found else { return };
        let known = view.uids.clone();
        let news = view.catch_up(uids);
        view.version = version;
        let flagged: Vec<_> = flagged
            .into_iter()
            .filter(|(uid, _)| known.binary_search(uid).is_ok())
            .filter_map(|(uid, flags)| Some((view.sequence(uid)?, uid, flags)))
            .collect();
        for gone in news.expunged {
            if let Ok(data) = Data::expunge(gone) {
                self.data(data);
            }
        }
        if let Some(exists) = news.exists {
            self.data(Data::Exists(exists));
        }
        for (sequence, uid, flags) in flagged {
            self.tell_flags(sequence, uid, &flags);
        }
    }

    fn tell_flags(&mut self, sequence: u32, uid: u32, flags: &[String]) {
        if let Ok(data) =
            Data::fetch(number(sequence), vec![MessageDataItem::Uid(number(uid)), MessageDataItem::Flags(fetch::flags(flags))])
        {
            self.data(data);
        }
    }

    fn search(&mut self, tag: Tag<'static>, user: &str, criteria: &Vec1<imap_next::imap_types::search::SearchKey<'static>>, by: By) {
        let Some(view) = &self.view else { return };
        let found = self.post.look(user, &view.folder, |folder| {
            let mails = folder.mails.iter().filter_map(|mail| Some((view.sequence(mail.uid)?, mail)));
            mails
                .filter(|(_, mail)| criteria.as_ref().iter().all(|key| search::fits(key, mail, view)))
                .map(|(sequence, mail)| number(if by == By::Uid { mail.uid } else { sequence }))
                .collect::<Vec<_>>()
        });
        self.data(Data::Search(found.unwrap_or_default()));
        self.ok(tag, "searched");
    }

    #[expect(clippy::too_many_arguments, reason = "they are the arguments of STORE")]
    fn store(
        &mut self,
        tag: Tag<'static>,
        user: &str,
        set: &SequenceSet,
        by: By,
        kind: StoreType,
        response: StoreResponse,
        flags: &[Flag<'static>],
    ) {
        let Some(view) = &mut self.view else { return };
        let (named, flags): (_, Vec<String>) = (view.named(set, by), flags.iter().map(ToString::to_string).collect());
        let stored = self.post.change_folder(user, &view.folder, |folder| {
            let in_step = folder.version == view.version;
            for (_, uid) in &named {
                folder.flag(*uid, |held| apply(held, kind, &flags));
            }
            if in_step {
                // Its own change is no news to this session.
                view.version = folder.version;
            }
            named.iter().filter_map(|(sequence, uid)| Some((*sequence, *uid, folder.get(*uid)?.flags.clone()))).collect::<Vec<_>>()
        });
        if response == StoreResponse::Answer {
            for (sequence, uid, flags) in stored.unwrap_or_default() {
                self.tell_flags(sequence, uid, &flags);
            }
        }
        self.ok(tag, "stored");
    }

    fn copy(&mut self, tag: Tag<'static>, user: &str, set: &SequenceSet, by: By, to: &Mailbox<'_>, leave: Leave) {
        let Some(View { folder, .. }) = &self.view else { return };
        let (from, to) = (folder.clone(), name_of(to));
        let named: Vec<u32> = self.view.as_ref().map(|it| it.named(set, by)).unwrap_or_default().into_iter().map(|(_, uid)| uid).collect();
        let done = self.post.change(user, |account, _| {
            if !account.folders.contains_key(&to) {
                return None;
            }
            let source = account.folders.get_mut(&from)?;
            let mails: Vec<_> = named.iter().filter_map(|uid| source.get(*uid).cloned()).collect();
            if leave == Leave::Goes {
                source.take(|it| named.binary_search(&it.uid).is_ok());
            }
            let target = account.folders.get_mut(&to)?;
            let uids = mails.into_iter().map(|it| (it.uid, target.add(it.raw, it.flags, it.internal_date))).collect::<Vec<_>>();
            Some((target.uid_validity, uids))
        });
        let Some((uid_validity, uids)) = done else {
            return self.no(tag, Some(Code::TryCreate), "there is no such folder");
        };
        let code = if self.faults.now().is_without("UIDPLUS") { None } else { copied(uid_validity, &uids) };
        match leave {
            Leave::Stays => self.status(Status::ok(Some(tag), code, "copied")),
            Leave::Goes => {
                // RFC 6851 §4.3: the code comes before the EXPUNGEs.
                if code.is_some() {
                    self.status(Status::ok(None, code, "moved"));
                }
                self.tell_news();
                self.ok(tag, "moved");
            }
        }
    }

    /// Expunges what is flagged `\Deleted` and named.
    fn remove(&mut self, user: &str, named: &dyn Fn(u32) -> bool) {
        if let Some(view) = &self.view {
            self.post.change_folder(user, &view.folder, |it| it.take(|mail| mail.has("\\Deleted") && named(mail.uid)));
        }
    }
}

fn apply(held: &mut Vec<String>, kind: StoreType, flags: &[String]) {
    match kind {
        StoreType::Replace => *held = flags.to_vec(),
        StoreType::Add => {
            for flag in flags {
                if !held.iter().any(|it| it.eq_ignore_ascii_case(flag)) {
                    held.push(flag.clone());
                }
            }
        }
        StoreType::Remove => held.retain(|it| !flags.iter().any(|flag| flag.eq_ignore_ascii_case(it))),
    }
}

fn copied(uid_validity: u32, uids: &[(u32, u32)]) -> Option<Code<'static>> {
    let set =
        |uids: Vec<u32>| Vec1::try_from(uids.into_iter().map(|it| UidElement::Single(number(it))).collect::<Vec<_>>()).ok().map(UidSet);
    let source = set(uids.iter().map(|it| it.0).collect())?;
    let destination = set(uids.iter().map(|it| it.1).collect())?;
    Some(Code::CopyUid { uid_validity: number(uid_validity), source, destination })
}

/// A flag as FETCH gives it.
pub(super) fn flag(name: &str) -> Option<FlagFetch<'static>> {
    Flag::try_from(name).ok().map(|it| FlagFetch::Flag(imap_next::imap_types::ToStatic::to_static(&it)))
}
