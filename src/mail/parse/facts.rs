//! What other headers say that the decision looks at.

use super::{address, header::Header, spam, words};
use crate::desk::message::{IncomingMessage, ReturnPath, SenderTrace};

/// As many verdicts, and as many servers, as a header may have that was not written to wear us out.
const MOST_VERDICTS: usize = 50;

pub(super) fn read(header: &Header<'_>, message: &mut IncomingMessage) {
    message.return_path = return_path(header);
    let facts = &mut message.facts;
    facts.loop_mark = header.text("x-maildesk-loop");
    facts.list = LIST_FIELDS.iter().any(|it| header.first(it).is_some());
    let precedence = header.text("precedence").unwrap_or_default().to_lowercase();
    facts.bulk = ["bulk", "list", "junk"].contains(&precedence.as_str());
    facts.spam = spam::mark(header);
    facts.sender_traces = sender_traces(header);
    let delivered = ["delivered-to", "x-original-to", "envelope-to", "x-forwarded-to", "x-delivered-to"];
    let addresses = delivered.iter().flat_map(|it| header.all(it)).flat_map(|it| address::read(it).mailboxes);
    facts.delivered_to = addresses.map(|it| it.address).take(50).collect();
}

fn sender_traces(header: &Header<'_>) -> Vec<SenderTrace> {
    let (mut results, mut servers) = (0, 0);
    let trace = |field: &super::header::Field<'_>| match field.name.as_str() {
        "authentication-results" if results < MOST_VERDICTS => {
            results += 1;
            Some(SenderTrace::Results(words::decode(field.value)))
        }
        "received" if servers < MOST_VERDICTS => {
            servers += 1;
            Some(SenderTrace::ReceivedBy(received_by(&String::from_utf8_lossy(field.value))))
        }
        _ => None,
    };
    // What a server does not see as a field it does not take out where it was forged.
    header.fields.iter().filter(|it| it.sure).filter_map(trace).collect()
}

/// The word behind `by`.
fn received_by(value: &str) -> String {
    let mut words = value.split_whitespace().skip_while(|it| !it.eq_ignore_ascii_case("by")).skip(1);
    words.next().unwrap_or_default().trim_matches(['(', ')', ';', '[', ']']).to_lowercase()
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
