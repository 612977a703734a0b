//! The fields of a delivery status (RFC 3464 §2), one group for each recipient.

use super::reason;
use crate::desk::message::{ReportedAction, ReportedRecipient};

/// So many recipients are read.
const MOST: usize = 500;

/// Characters of a diagnostic that are kept.
pub(super) const LONGEST_DIAGNOSTIC: usize = 1000;

#[derive(Default)]
struct Group {
    fields: Vec<(String, String)>,
}

impl Group {
    fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(it, value)| it == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    fn lacks_its_status(&self) -> bool {
        self.get("final-recipient").is_some() && self.get("action").is_none() && self.get("status").is_none()
    }
}

/// Every group that names a recipient.
pub(super) fn read(text: &str) -> Vec<ReportedRecipient> {
    let mut whole: Vec<Group> = Vec::new();
    for group in groups(text) {
        match whole.last_mut() {
            // An empty line stood within the fields of one recipient.
            Some(last) if last.lacks_its_status() && group.get("final-recipient").is_none() => last.fields.extend(group.fields),
            _ => whole.push(group),
        }
    }
    whole.iter().filter_map(recipient).take(MOST).collect()
}

/// Fields folded or not, groups parted by empty lines, or by the next Final-Recipient where those are missing.
fn groups(text: &str) -> Vec<Group> {
    let mut groups = vec![Group::default()];
    for line in text.lines() {
        let Some(group) = groups.last_mut() else { break };
        if line.trim().is_empty() {
            if !group.fields.is_empty() {
                groups.push(Group::default());
            }
            continue;
        }
        let field = line.split_once(':').filter(|(name, _)| !line.starts_with([' ', '\t']) && !name.trim_end().contains(' '));
        let Some((name, value)) = field else {
            // Folded, or wrapped by a program that does not know how to fold.
            if let Some(last) = group.fields.last_mut().filter(|it| it.1.len() < LONGEST_DIAGNOSTIC) {
                last.1 = format!("{} {}", last.1, line.trim());
            }
            continue;
        };
        let name = name.trim().to_lowercase();
        if name == "final-recipient" && group.get("final-recipient").is_some() {
            groups.push(Group::default());
        }
        if let Some(group) = groups.last_mut().filter(|it| it.fields.len() < 100) {
            group.fields.push((name, value.trim().to_owned()));
        }
    }
    groups
}

fn recipient(group: &Group) -> Option<ReportedRecipient> {
    let names = ["final-recipient", "original-recipient", "x-actual-recipient"];
    let named: Vec<String> = names.iter().filter_map(|it| group.get(it)).map(address).filter(|it| !it.is_empty()).collect();
    let address = named.iter().find(|it| it.contains('@')).or(named.first())?.clone();
    let diagnostic =
        ["diagnostic-code", "x-diagnostic-code", "x-notes", "x-supplementary-info", "x-error"].iter().find_map(|it| group.get(it));
    let status = most_exact(group.get("status").and_then(code), diagnostic);
    let action = action(group.get("action"), status.as_deref());
    let diagnostic = diagnostic.map(|it| it.chars().take(LONGEST_DIAGNOSTIC).collect());
    Some(ReportedRecipient { address, action, status, diagnostic })
}

/// Of a status and a diagnostic the one that says more: a status of no detail gives way to a code of the same class.
fn most_exact(given: Option<String>, diagnostic: Option<&str>) -> Option<String> {
    let told = diagnostic.and_then(failure_code);
    match (given, told) {
        (Some(given), Some(told)) if given.ends_with(".0.0") && given[..1] == told[..1] => Some(told),
        (Some(given), _) => Some(given),
        (None, Some(told)) => Some(told),
        (None, None) => diagnostic.and_then(reason::status),
    }
}

/// `rfc822; <ann@example.com>` without its type and brackets; `utf-8` in its escaped form read (RFC 6533 §3).
fn address(value: &str) -> String {
    let (kind, bare) = value.split_once(';').map_or(("", value), |(kind, it)| (kind.trim(), it.trim()));
    let is_quoted = bare.starts_with('"') && bare.contains("\"@");
    let bare = match (bare.find('<'), bare.rfind('>')) {
        (Some(open), Some(close)) if open < close && !bare[..open].contains('@') => &bare[open + 1..close],
        _ if is_quoted => quoted(bare),
        // What stands behind it is a comment: `ann@x.test (expanded from <hal@x.test>)`.
        _ => bare.split([' ', '(']).find(|it| it.contains('@')).unwrap_or(bare),
    };
    let bare = bare.trim_matches(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '\'' | ',' | ';') || c == '"' && !is_quoted);
    let prefixed = |it: &str| bare.get(..it.len()).is_some_and(|start| start.eq_ignore_ascii_case(it));
    let bare = ["smtp:", "mailto:", "rfc822:"].into_iter().find(|it| prefixed(it)).map_or(bare, |it| bare[it.len()..].trim());
    let bare = if kind.eq_ignore_ascii_case("utf-8") { unescaped(bare) } else { encapsulated(bare).unwrap_or_else(|| bare.to_owned()) };
    bare.chars().take(254).collect()
}

/// `"ann lee"@x.test`, whose space is a part of it (RFC 5321 §4.1.2).
fn quoted(text: &str) -> &str {
    let domain = text.find("\"@").map_or(0, |it| it + 2);
    let end = text[domain..].find([' ', '(']).map_or(text.len(), |it| domain + it);
    &text[..end]
}

/// `\x{E4}` in the form `utf-8-addr-xtext` (RFC 6533 §3).
fn unescaped(text: &str) -> String {
    let mut pieces = text.split("\\x{");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let read = piece.split_once('}').and_then(|(hex, rest)| Some((u32::from_str_radix(hex, 16).ok().and_then(char::from_u32)?, rest)));
        match read {
            Some((c, rest)) => {
                out.push(c);
                out.push_str(rest);
            }
            None => out.push_str(piece),
        }
    }
    out
}

/// `IMCEASMTP-ann+40x+2Etest@exchange.test`: how Exchange wraps an address that it did not route itself.
fn encapsulated(address: &str) -> Option<String> {
    let (local, _) = address.rsplit_once('@')?;
    let wrapped = local.get(..10).filter(|it| it.eq_ignore_ascii_case("imceasmtp-")).map(|_| &local[10..])?;
    let mut pieces = wrapped.split('+');
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let code = piece.get(..2).and_then(|it| u8::from_str_radix(it, 16).ok()).filter(u8::is_ascii_graphic)?;
        out.push(char::from(code));
        out.push_str(&piece[2..]);
    }
    out.contains('@').then_some(out)
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
    codes(text).next()
}

/// The first that tells of a failure, of those that tell more than a class if there is one.
pub(super) fn failure_code(text: &str) -> Option<String> {
    let failures = || codes(text).filter(|it| !it.starts_with('2'));
    failures().find(|it| !it.ends_with(".0.0")).or_else(|| failures().next())
}

fn codes(text: &str) -> impl Iterator<Item = String> + '_ {
    let is_part = |c: char| c.is_ascii_digit() || c == '.';
    let words = text.split(move |c: char| !is_part(c)).filter(|it| it.len() >= SHORTEST).map(|it| it.trim_matches('.'));
    words.filter(|word| is_code(word)).map(str::to_owned)
}

/// `5.1.1`
const SHORTEST: usize = 5;

/// Subjects go from 0 to 7 (RFC 3463 §3).
fn is_code(word: &str) -> bool {
    let [b'2' | b'4' | b'5', b'.', b'0'..=b'7', b'.', detail @ ..] = word.as_bytes() else { return false };
    matches!(detail.len(), 1..=3) && !detail.contains(&b'.')
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
            ("Exim 4.92.3", None),
            ("[5.1.1.9]", None),
            ("550-5.7.26 this", Some("5.7.26")),
        ] {
            assert_eq!(code(text).as_deref(), found, "{text}");
        }
    }

    #[test]
    fn an_address_is_read_in_every_form_it_is_given() {
        for (value, address) in [
            ("rfc822;ann@x.test", "ann@x.test"),
            ("RFC822; <ann@x.test>", "ann@x.test"),
            ("rfc822;SMTP:ann@x.test", "ann@x.test"),
            ("rfc822; ann@x.test (expanded from <hal@x.test>)", "ann@x.test"),
            ("utf-8; \\x{E4}nn@x.test", "änn@x.test"),
            ("rfc822;IMCEASMTP-ann+40x+2Etest@exchange.test", "ann@x.test"),
            ("ann@x.test", "ann@x.test"),
            ("rfc822; \"ann lee\"@x.test (gone)", "\"ann lee\"@x.test"),
            ("rfc822; \"ann@x.test\"", "ann@x.test"),
            ("X-Unix; |/usr/bin/procmail", "|/usr/bin/procmail"),
        ] {
            assert_eq!(super::address(value), address, "{value}");
        }
    }

    #[test]
    fn a_status_is_given_or_told_or_meant() {
        for (fields, status) in [
            ("Status: 5.0.0\nDiagnostic-Code: smtp; 550 5.1.1 no", "5.1.1"),
            ("Status: 5.0.0\nDiagnostic-Code: smtp; 421 4.7.0 no", "5.0.0"),
            ("Status: 5.0.0\nDiagnostic-Code: smtp; 550 user unknown", "5.0.0"),
            ("Status: 5.2.2 (full)", "5.2.2"),
            ("Diagnostic-Code: smtp; 550-5.7.1 no", "5.7.1"),
            ("Diagnostic-Code: smtp; 550 user unknown", "5.1.1"),
            ("Diagnostic-Code: X-LOCAL; 500 (err.nosuchuser)", "5.1.1"),
            ("Diagnostic-Code: smtp; 554 no", "5.0.0"),
        ] {
            let found = read(&format!("Final-Recipient: rfc822; ann@x.test\nAction: failed\n{fields}\n"));
            assert_eq!(found[0].status.as_deref(), Some(status), "{fields}");
        }
    }
}
