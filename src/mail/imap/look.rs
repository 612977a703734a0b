//! Looking at a folder without leaving a trace in it: EXAMINE (RFC 3501 §6.3.2), and who a message says it is.

use std::collections::BTreeMap;

use async_imap::imap_proto::{AttributeValue, MessageSection, Response, SectionPath};

use super::{ImapError, ImapLimits, Opening, Session, fetch::uid_set};
use crate::{
    desk::{mailbox::ImapAccount, message::MessageId},
    mail::parse::ids::ids,
};

/// UIDs that one command names at most.
const AT_ONCE: usize = 500;

impl Session {
    /// Opens the account's folder for reading only: the server itself sees to it that nothing is marked or moved.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub async fn examine(account: &ImapAccount, limits: ImapLimits) -> Result<Self, ImapError> {
        Self::open_for(account, limits, Opening::Looking).await
    }

    /// The Message-ID of each of these messages; those without one, and those that are gone, are not in it.
    ///
    /// # Errors
    /// When the server refuses, breaks off, or is silent.
    pub async fn message_ids(&mut self, uids: &[u32]) -> Result<BTreeMap<u32, MessageId>, ImapError> {
        let mut found = BTreeMap::new();
        for some in uids.chunks(AT_ONCE) {
            let command = format!("UID FETCH {} (UID BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])", uid_set(some.to_vec()));
            self.dialog.checked(&command, |response| found.extend(named(response))).await?;
        }
        Ok(found)
    }
}

fn named(response: &Response<'_>) -> Option<(u32, MessageId)> {
    let Response::Fetch(_, attributes) = response else { return None };
    let uid = attributes.iter().find_map(|it| if let AttributeValue::Uid(uid) = it { Some(*uid) } else { None })?;
    let field = attributes.iter().find_map(|it| match it {
        AttributeValue::BodySection { section: Some(SectionPath::Full(MessageSection::Header)), data, .. } => data.as_deref(),
        _ => None,
    })?;
    let colon = field.iter().position(|it| *it == b':')?;
    Some((uid, ids(&field[colon + 1..]).into_iter().next()?))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    #[test]
    fn a_folded_field_names_its_message() {
        let field = b"Message-ID:\r\n <one@home.test>\r\n\r\n";
        let section = AttributeValue::BodySection {
            section: Some(SectionPath::Full(MessageSection::Header)),
            index: None,
            data: Some(Cow::Borrowed(field)),
        };
        let (uid, id) = named(&Response::Fetch(1, vec![AttributeValue::Uid(7), section])).unwrap();
        assert_eq!((uid, id.as_str()), (7, "one@home.test"));
    }
}
