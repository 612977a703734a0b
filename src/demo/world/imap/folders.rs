//! Commands that name a folder and need none selected (RFC 3501 §6.3).

use imap_next::imap_types::{
    command::CommandBody,
    core::{QuotedChar, Tag},
    extensions::binary::LiteralOrLiteral8,
    flag::{Flag, FlagNameAttribute, FlagPerm},
    mailbox::{ListMailbox, Mailbox},
    response::{Code, Data, Status},
    status::{StatusDataItem, StatusDataItemName},
};

use super::{Session, name_of, number, text, view::View};

/// Between a folder and those below it.
const DELIMITER: char = '/';

impl Session {
    #[expect(clippy::wildcard_enum_match_arm, reason = "what names no folder is for the selected one, or unknown")]
    pub(super) fn obey_signed_in(&mut self, tag: Tag<'static>, body: CommandBody<'static>, user: &str) {
        match body {
            CommandBody::Select { mailbox, .. } => self.select(tag, user, name_of(&mailbox), self.faults.now().read_only),
            CommandBody::Examine { mailbox, .. } => self.select(tag, user, name_of(&mailbox), true),
            CommandBody::List { mailbox_wildcard, .. } => {
                self.list(tag, user, &mailbox_wildcard, |items, delimiter, mailbox| Data::List { items, delimiter, mailbox })
            }
            CommandBody::Lsub { mailbox_wildcard, .. } => {
                self.list(tag, user, &mailbox_wildcard, |items, delimiter, mailbox| Data::Lsub { items, delimiter, mailbox })
            }
            CommandBody::Create { mailbox } => self.create(tag, user, &mailbox),
            CommandBody::Delete { mailbox } => self.delete(tag, user, &mailbox),
            CommandBody::Rename { from, to } => self.rename(tag, user, &from, &to),
            CommandBody::Subscribe { .. } | CommandBody::Unsubscribe { .. } => self.ok(tag, "every folder is subscribed"),
            CommandBody::Status { mailbox, item_names } => self.folder_status(tag, user, mailbox, &item_names),
            CommandBody::Append { mailbox, flags, date, message } => {
                let at = date.and_then(|it| jiff::Timestamp::from_second(it.as_ref().timestamp()).ok());
                let flags = flags.iter().map(ToString::to_string).collect();
                let raw = match &message {
                    LiteralOrLiteral8::Literal(literal) => literal.data(),
                    LiteralOrLiteral8::Literal8(literal) => literal.data.as_ref(),
                };
                self.append(tag, user, &name_of(&mailbox), raw, flags, at);
            }
            body => self.obey_selected(tag, body, user),
        }
    }

    fn select(&mut self, tag: Tag<'static>, user: &str, folder: String, read_only: bool) {
        self.view = None;
        let found = self
            .post
            .look(user, &folder, |it| (it.uid_validity, it.uid_next, it.version, it.mails.iter().map(|mail| mail.uid).collect::<Vec<_>>()));
        let Some((uid_validity, uid_next, version, uids)) = found else {
            return self.no(tag, None, "there is no such folder");
        };
        self.data(Data::Flags(vec![Flag::Answered, Flag::Flagged, Flag::Deleted, Flag::Seen, Flag::Draft]));
        self.data(Data::Exists(u32::try_from(uids.len()).unwrap_or(u32::MAX)));
        self.data(Data::Recent(0));
        self.status(Status::ok(None, Some(Code::UidValidity(number(uid_validity))), "UIDs hold"));
        self.status(Status::ok(None, Some(Code::UidNext(number(uid_next))), "the next UID"));
        let permanent = if read_only {
            Vec::new()
        } else {
            vec![
                FlagPerm::Flag(Flag::Seen),
                FlagPerm::Flag(Flag::Answered),
                FlagPerm::Flag(Flag::Flagged),
                FlagPerm::Flag(Flag::Deleted),
                FlagPerm::Flag(Flag::Draft),
                FlagPerm::Asterisk,
            ]
        };
        self.status(Status::ok(None, Some(Code::PermanentFlags(permanent)), "flags that are kept"));
        let code = if read_only { Code::ReadOnly } else { Code::ReadWrite };
        self.status(Status::ok(Some(tag), Some(code), "selected"));
        self.view = Some(View { folder, read_only, uids, version });
    }

    fn list(
        &mut self,
        tag: Tag<'static>,
        user: &str,
        pattern: &ListMailbox<'_>,
        answer: impl Fn(Vec<FlagNameAttribute<'static>>, Option<QuotedChar>, Mailbox<'static>) -> Data<'static>,
    ) {
        let pattern = match pattern {
            ListMailbox::Token(token) => String::from_utf8_lossy(token.as_ref()).into_owned(),
            ListMailbox::String(string) => String::from_utf8_lossy(string.as_ref()).into_owned(),
        };
        let delimiter = QuotedChar::try_from(DELIMITER).ok();
        if pattern.is_empty() {
            if let Ok(nothing) = Mailbox::try_from("") {
                self.data(answer(vec![FlagNameAttribute::Noselect], delimiter, nothing));
            }
            return self.ok(tag, "that is the delimiter");
        }
        let names: Vec<String> = self.post.change(user, |account, _| account.folders.keys().cloned().collect());
        for name in names {
            if matches(&pattern, &name)
                && let Ok(mailbox) = Mailbox::try_from(name)
            {
                self.data(answer(Vec::new(), delimiter, mailbox));
            }
        }
        self.ok(tag, "that is all");
    }

    fn create(&mut self, tag: Tag<'static>, user: &str, mailbox: &Mailbox<'_>) {
        let name = name_of(mailbox).trim_end_matches(DELIMITER).to_owned();
        let made = self.post.change(user, |account, new_folder| {
            let new = !account.folders.contains_key(&name);
            if new {
                account.folders.insert(name, new_folder());
            }
            new
        });
        if made { self.ok(tag, "made") } else { self.no(tag, None, "there is one already") }
    }

    fn delete(&mut self, tag: Tag<'static>, user: &str, mailbox: &Mailbox<'_>) {
        let name = name_of(mailbox);
        let gone = name != "INBOX" && self.post.change(user, |account, _| account.folders.remove(&name).is_some());
        if gone { self.ok(tag, "deleted") } else { self.no(tag, None, "no such folder, or one that has to stay") }
    }

    fn rename(&mut self, tag: Tag<'static>, user: &str, from: &Mailbox<'_>, to: &Mailbox<'_>) {
        let (from, to) = (name_of(from), name_of(to));
        let moved = self.post.change(user, |account, _| {
            if account.folders.contains_key(&to) || from == "INBOX" {
                return false;
            }
            account.folders.remove(&from).is_some_and(|it| account.folders.insert(to, it).is_none())
        });
        if moved { self.ok(tag, "renamed") } else { self.no(tag, None, "no such folder, or the name is taken") }
    }

    fn folder_status(&mut self, tag: Tag<'static>, user: &str, mailbox: Mailbox<'static>, asked: &[StatusDataItemName]) {
        let items = self.post.look(user, &name_of(&mailbox), |folder| {
            let count = |wanted: &dyn Fn(&super::super::post::StoredMail) -> bool| {
                u32::try_from(folder.mails.iter().filter(|it| wanted(it)).count()).unwrap_or(u32::MAX)
            };
            asked
                .iter()
                .filter_map(|item| match item {
                    StatusDataItemName::Messages => Some(StatusDataItem::Messages(count(&|_| true))),
                    StatusDataItemName::Recent => Some(StatusDataItem::Recent(0)),
                    StatusDataItemName::UidNext => Some(StatusDataItem::UidNext(number(folder.uid_next))),
                    StatusDataItemName::UidValidity => Some(StatusDataItem::UidValidity(number(folder.uid_validity))),
                    StatusDataItemName::Unseen => Some(StatusDataItem::Unseen(count(&|it| !it.has("\\Seen")))),
                    StatusDataItemName::Deleted => Some(StatusDataItem::Deleted(count(&|it| it.has("\\Deleted")))),
                    StatusDataItemName::DeletedStorage => None,
                })
                .collect::<Vec<_>>()
        });
        match items {
            Some(items) => {
                self.data(Data::Status { mailbox, items: items.into() });
                self.ok(tag, "so it stands");
            }
            None => self.no(tag, None, "there is no such folder"),
        }
    }

    fn append(&mut self, tag: Tag<'static>, user: &str, folder: &str, raw: &[u8], flags: Vec<String>, at: Option<jiff::Timestamp>) {
        let Some(uid_validity) = self.post.look(user, folder, |it| it.uid_validity) else {
            return self.no(tag, Some(Code::TryCreate), "there is no such folder");
        };
        let uid = self.post.deliver(user, folder, raw, flags, at);
        self.tell_news();
        let code =
            (!self.faults.now().is_without("UIDPLUS")).then(|| Code::AppendUid { uid_validity: number(uid_validity), uid: number(uid) });
        self.status(Status::ok(Some(tag), code, text("kept")));
    }
}

/// Whether a name fits a pattern: `*` is anything, `%` anything within one level (RFC 3501 §6.3.8).
fn matches(pattern: &str, name: &str) -> bool {
    fn fits(pattern: &[char], name: &[char]) -> bool {
        match pattern.split_first() {
            None => name.is_empty(),
            Some(('*', rest)) => (0..=name.len()).any(|at| fits(rest, &name[at..])),
            Some(('%', rest)) => {
                let level = name.iter().position(|it| *it == DELIMITER).unwrap_or(name.len());
                (0..=level).any(|at| fits(rest, &name[at..]))
            }
            Some((one, rest)) => name.split_first().is_some_and(|(first, others)| first == one && fits(rest, others)),
        }
    }
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().take(100).collect(), name.chars().collect());
    pattern.iter().filter(|it| **it == '*').count() <= 4
        && (fits(&pattern, &name) || pattern.iter().collect::<String>().eq_ignore_ascii_case("INBOX") && name == ['I', 'N', 'B', 'O', 'X'])
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_stop_at_a_level_or_do_not() {
        assert!(matches("*", "Done/2026") && matches("Done*", "Done/2026") && matches("inbox", "INBOX"));
        assert!(!matches("%", "Done/2026"));
        assert!(matches("%", "Done"));
    }
}
