//! Message-ID, In-Reply-To, References (RFC 5322 §3.6.4), the date and the subject.

use super::{date, header::Header, words};
use crate::desk::message::{IncomingMessage, MessageId};

/// So many references are kept: the nearest.
const MOST: usize = 200;

pub(super) fn read(header: &Header<'_>, message: &mut IncomingMessage) {
    message.message_id = header.all("message-id").find_map(|it| ids(it).into_iter().next());
    message.in_reply_to = header.all("in-reply-to").flat_map(ids).collect();
    message.references = header.all("references").flat_map(ids).collect();
    for (name, list) in [("In-Reply-To", &mut message.in_reply_to), ("References", &mut message.references)] {
        if list.len() > MOST {
            message.warnings.push(format!("{name} names {} messages; the nearest {MOST} were kept", list.len()));
            list.drain(..list.len() - MOST);
        }
    }
    let mut subjects = header.all("subject").map(|it| words::decode(&header.unicode(it)));
    message.subject = subjects.find(|it| !it.is_empty()).unwrap_or_default();
    let mut dates =
        ["date", "resent-date"].into_iter().flat_map(|it| header.all(it)).map(|it| date::read_whole(&words::decode(it))).peekable();
    let any = dates.peek().is_some();
    match dates.flatten().next() {
        Some(written) => {
            (message.date, message.date_offset) = (Some(written.at), written.offset);
            if written.unknown_zone {
                message.warnings.push("the Date header names a time zone that is not known; it was read as UTC".to_owned());
            }
        }
        None if any => message.warnings.push("the Date header names no moment".to_owned()),
        None => (),
    }
}

/// Ids in angle brackets; where there are none, words that look like ids.
pub(crate) fn ids(value: &[u8]) -> Vec<MessageId> {
    let text = words::decode(value);
    if text.contains('<') {
        let inner = text.split('<').skip(1).map(|it| it.split('>').next().unwrap_or_default());
        return inner.filter_map(|it| MessageId::parse(&without_comments(it))).collect();
    }
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '"')).filter(|it| !it.is_empty()).collect();
    let alone = words.len() == 1;
    words.into_iter().filter(|it| alone || it.contains('@')).filter_map(MessageId::parse).collect()
}

/// `1234@local(host).example` of the old grammar (RFC 5322 §4.5.4); parentheses that stand alone are part of an id.
fn without_comments(id: &str) -> String {
    match (id.find('('), id.rfind(')')) {
        (Some(open), Some(close)) if open < close && id.contains(char::is_whitespace) => format!("{}{}", &id[..open], &id[close + 1..]),
        _ => id.to_owned(),
    }
}
