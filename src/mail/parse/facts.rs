//! What other headers say that the decision looks at.

use super::{address, header::Header, words};
use crate::desk::message::{IncomingMessage, ReturnPath};

/// As many verdicts as a header may have that was not written to wear us out.
const MOST_VERDICTS: usize = 50;

pub(super) fn read(header: &Header<'_>, message: &mut IncomingMessage) {
    message.return_path = return_path(header);
    let facts = &mut message.facts;
    facts.loop_mark = header.text("x-maildesk-loop");
    facts.list = LIST_FIELDS.iter().any(|it| header.first(it).is_some());
    let precedence = header.text("precedence").unwrap_or_default().to_lowercase();
    facts.bulk = ["bulk", "list", "junk"].contains(&precedence.as_str());
    facts.spam_flag = header.text("x-spam-flag").is_some_and(|it| it.eq_ignore_ascii_case("yes"));
    facts.authentication_results = header.all("authentication-results").take(MOST_VERDICTS).map(words::decode).collect();
    let delivered = ["delivered-to", "x-original-to", "envelope-to", "x-forwarded-to", "x-delivered-to"];
    let addresses = delivered.iter().flat_map(|it| header.all(it)).flat_map(|it| address::read(it).mailboxes);
    facts.delivered_to = addresses.map(|it| it.address).take(50).collect();
}

/// Fields that only lists and those who write to many have (RFC 2919, RFC 2369).
pub(crate) const LIST_FIELDS: &[&str] = &[
    "list-id",
    "list-post",
    "list-unsubscribe",
    "list-help",
    "list-owner",
    "list-subscribe",
    "mailing-list",
    "x-mailing-list",
    "x-beenthere",
];

/// RFC 5321 §4.4: the last server put it on top.
fn return_path(header: &Header<'_>) -> ReturnPath {
    let Some(value) = header.text("return-path") else { return ReturnPath::Unknown };
    if value.is_empty() || value.chars().filter(|c| !c.is_whitespace()).eq("<>".chars()) {
        return ReturnPath::Null;
    }
    match address::read(value.as_bytes()).mailboxes.into_iter().next() {
        Some(named) => ReturnPath::Address(named.address),
        None => ReturnPath::Unknown,
    }
}
