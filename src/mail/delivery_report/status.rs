//! The fields of a delivery status (RFC 3464 §2), one group for each recipient.

use crate::desk::message::{ReportedAction, ReportedRecipient};

/// So many recipients are read.
const MOST: usize = 500;

#[derive(Default)]
struct Group {
    fields: Vec<(String, String)>,
}

impl Group {
    fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(it, value)| it == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }
}

/// Every group that names a recipient.
pub(super) fn read(text: &str) -> Vec<ReportedRecipient> {
    groups(text).iter().filter_map(recipient).take(MOST).collect()
}

/// Fields folded or not, groups parted by empty lines, or by the next Final-Recipient where those are missing.
fn groups(text: &str) -> Vec<Group> {
    let mut groups = vec![Group::default()];
    for line in text.lines() {
        let folded = line.starts_with([' ', '\t']);
        let Some(group) = groups.last_mut() else { break };
        if line.trim().is_empty() {
            if !group.fields.is_empty() {
                groups.push(Group::default());
            }
        } else if let Some(last) = group.fields.last_mut().filter(|_| folded) {
            last.1 = format!("{} {}", last.1, line.trim());
        } else if let Some((name, value)) = line.split_once(':') {
            let name = name.trim().to_lowercase();
            let next = name == "final-recipient" && group.get("final-recipient").is_some();
            if next {
                groups.push(Group::default());
            }
            if let Some(group) = groups.last_mut().filter(|it| it.fields.len() < 100) {
                group.fields.push((name, value.trim().to_owned()));
            }
        }
    }
    groups
}

fn recipient(group: &Group) -> Option<ReportedRecipient> {
    let names = ["final-recipient", "original-recipient", "x-actual-recipient"];
    let address = names.iter().filter_map(|it| group.get(it)).map(address).find(|it| it.contains('@')).or_else(|| {
        let first = names.iter().find_map(|it| group.get(it)).map(address);
        first.filter(|it| !it.is_empty())
    })?;
    let diagnostic = group.get("diagnostic-code").map(str::to_owned);
    let status = group.get("status").and_then(code).or_else(|| diagnostic.as_deref().and_then(code));
    Some(ReportedRecipient { address, action: action(group.get("action"), status.as_deref()), status, diagnostic })
}

/// `rfc822; <ann@example.com>` without its type and brackets.
fn address(value: &str) -> String {
    let bare = value.split_once(';').map_or(value, |(_, it)| it).trim();
    let bare = match (bare.rfind('<'), bare.rfind('>')) {
        (Some(open), Some(close)) if open < close => &bare[open + 1..close],
        _ => bare,
    };
    bare.trim_matches(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\'' | ',')).chars().take(254).collect()
}

fn action(value: Option<&str>, status: Option<&str>) -> ReportedAction {
    let word: String = value.unwrap_or_default().chars().take_while(char::is_ascii_alphabetic).collect();
    match (word.to_lowercase().as_str(), status.and_then(|it| it.chars().next())) {
        ("failed" | "failure" | "fail", _) => ReportedAction::Failed,
        ("delayed" | "deferred" | "delay", _) => ReportedAction::Delayed,
        ("delivered" | "deliverable", _) => ReportedAction::Delivered,
        ("relayed", _) => ReportedAction::Relayed,
        ("expanded", _) => ReportedAction::Expanded,
        (_, Some('4')) => ReportedAction::Delayed,
        (_, Some('2')) => ReportedAction::Delivered,
        _ => ReportedAction::Failed,
    }
}

/// The first enhanced status code in a text: `5.1.1` (RFC 3463 §2), and not a piece of an address or a version.
pub(super) fn code(text: &str) -> Option<String> {
    let is_part = |c: char| c.is_ascii_digit() || c == '.';
    text.split(|c: char| !is_part(c)).map(|it| it.trim_matches('.')).find_map(|word| {
        let numbers: Vec<&str> = word.split('.').collect();
        let [class, subject, detail] = numbers[..] else { return None };
        let fits = matches!(class, "2" | "4" | "5") && [subject, detail].iter().all(|it| !it.is_empty() && it.len() <= 3);
        fits.then(|| word.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_recipient_is_told_with_what_became_of_it() {
        let text = "Reporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822;ann@x.test\r\nAction: failed\r\nStatus: 5.1.1 (bad)\r\nDiagnostic-Code: smtp; 550\r\n  no such user\r\n\r\nFinal-recipient: RFC822; <hal@x.test>\r\nAction: Delayed\r\n";
        let found = read(text);
        let shown: Vec<_> = found.iter().map(|it| (it.address.as_str(), it.action, it.status.as_deref())).collect();
        assert_eq!(shown, [("ann@x.test", ReportedAction::Failed, Some("5.1.1")), ("hal@x.test", ReportedAction::Delayed, None)]);
        assert_eq!(found[0].diagnostic.as_deref(), Some("smtp; 550 no such user"));
    }

    #[test]
    fn a_status_code_is_told_from_other_numbers() {
        for (text, found) in [
            ("550 5.1.1 no", Some("5.1.1")),
            ("(#5.5.0)", Some("5.5.0")),
            ("host 192.0.2.5 said no", None),
            ("version 4.72", None),
            ("5.7.1.", Some("5.7.1")),
            ("#4.4.2 ", Some("4.4.2")),
        ] {
            assert_eq!(code(text).as_deref(), found, "{text}");
        }
    }
}
