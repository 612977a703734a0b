//! What makes a message the same when it is met again: under another UID, in another folder, or delivered twice.
//!
//! A second delivery differs in what servers write on top (`Received`, `Return-Path`, `Delivered-To`, verdicts), so the key is
//! made of the fields the author's program wrote and of the body. A different message under a known Message-ID has another key.

use aws_lc_rs::digest;

/// The fields that are the author's: who, when, what about, which.
const FIELDS: [&str; 8] = ["message-id", "date", "from", "to", "cc", "subject", "reply-to", "content-type"];

/// So much of the header is looked at; bytes.
const LONGEST_HEADER: usize = 256 * 1024;

/// The key of these octets: 64 hex digits. Without a Message-ID every octet counts, since nothing else tells two alike apart.
#[must_use]
pub fn content_key(raw: &[u8]) -> String {
    let (header, body) = split(raw);
    let fields = fields(header);
    let mut sum = digest::Context::new(&digest::SHA256);
    if fields.iter().any(|(name, value)| name == "message-id" && !value.is_empty()) {
        for (name, value) in &fields {
            sum.update(name.as_bytes());
            sum.update(b":");
            sum.update(value);
            sum.update(b"\n");
        }
        update_without_cr(&mut sum, body);
    } else {
        update_without_cr(&mut sum, raw);
    }
    data_encoding::HEXLOWER.encode(sum.finish().as_ref())
}

/// Servers differ in line ends alone; so a CR does not count.
fn update_without_cr(sum: &mut digest::Context, bytes: &[u8]) {
    for part in bytes.split(|byte| *byte == b'\r') {
        sum.update(part);
    }
}

/// Header and body; where no empty line parts them, every octet counts as body too.
fn split(raw: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        at += line.len();
        if line.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
            return raw.split_at(at);
        }
        if at > LONGEST_HEADER {
            break;
        }
    }
    (&raw[..at.min(LONGEST_HEADER)], raw)
}

/// The author's fields in the order of [`FIELDS`], unfolded, white space single.
fn fields(header: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<(String, Vec<u8>)> = Vec::new();
    for line in header.split(|byte| *byte == b'\n') {
        let folded = line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'));
        match (folded, line.iter().position(|byte| *byte == b':')) {
            (true, _) => found.last_mut().map_or((), |(_, value)| value.extend_from_slice(line)),
            (false, Some(colon)) => {
                let name = String::from_utf8_lossy(&line[..colon]).trim().to_ascii_lowercase();
                found.push((name, line[colon + 1..].to_vec()));
            }
            (false, None) => {}
        }
    }
    found.retain(|(name, _)| FIELDS.contains(&name.as_str()));
    found.sort_by_key(|(name, _)| FIELDS.iter().position(|it| it == name));
    found
        .into_iter()
        .map(|(name, value)| (name, value.split(u8::is_ascii_whitespace).filter(|it| !it.is_empty()).collect::<Vec<_>>().join(&b' ')))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &[u8] = b"Received: by a\r\nMessage-ID: <1@x>\r\nFrom: ann@x.test\r\nSubject: Hi\r\n there\r\n\r\nHello\r\n";

    #[test]
    fn a_second_delivery_is_the_same_message() {
        let again = b"Received: by b\nDelivered-To: support@desk.test\nReceived: by a\nMessage-ID: <1@x>\nFrom: ann@x.test\nSubject: Hi there\n\nHello\n";
        assert_eq!(content_key(MAIL), content_key(again));
    }

    #[test]
    fn another_text_under_the_same_id_is_another_message() {
        let other = String::from_utf8_lossy(MAIL).replace("Hello", "Goodbye");
        assert_ne!(content_key(MAIL), content_key(other.as_bytes()));
        let other = String::from_utf8_lossy(MAIL).replace("ann@", "eve@");
        assert_ne!(content_key(MAIL), content_key(other.as_bytes()));
    }

    #[test]
    fn what_stands_in_a_header_without_end_counts() {
        let mail = |text: &str| format!("Message-ID: <1@x>\nFrom: ann@x.test\n{text}");
        assert_ne!(content_key(mail("Hello").as_bytes()), content_key(mail("Goodbye").as_bytes()));
    }

    #[test]
    fn without_an_id_every_octet_counts() {
        assert_ne!(content_key(b"Received: a\n\nHi"), content_key(b"Received: b\n\nHi"));
        assert_eq!(content_key(b""), content_key(b""));
    }
}
