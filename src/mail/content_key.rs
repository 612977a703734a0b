//! What makes a message the same when it is met again: under another UID, in another folder, in another file, or delivered twice.
//!
//! A second delivery differs in what servers write on top (`Received`, `Return-Path`, `Delivered-To`, verdicts), so the key is
//! made of the fields the author's program wrote and of the body. A different message under a known Message-ID has another key.
//! What mail programs note in mail that they store, and the line ends behind the last line, are nobody's words and do not count.

use aws_lc_rs::digest;

/// The fields that are the author's: who, when, what about, which.
const FIELDS: [&str; 8] = ["message-id", "date", "from", "to", "cc", "subject", "reply-to", "content-type"];

/// What mail programs write into mail that they store, and change there.
const MARKS: [&str; 8] = ["status", "x-status", "x-uid", "x-uidl", "x-keywords", "x-gmail-labels", "content-length", "lines"];
const MARKS_BEGIN: [&str; 3] = ["x-mozilla-", "x-gm-", "x-imap"];

/// So much of the header is looked at; bytes.
const LONGEST_HEADER: usize = 256 * 1024;

/// The keys of a message, each 64 hex digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentKeys {
    /// What it is kept under.
    pub key: String,
    /// What an older ledger may have it under, when line ends and marks counted: at most two.
    pub earlier: Vec<String>,
}

/// The key of these octets: 64 hex digits. Without a Message-ID every octet counts but those of marks, since nothing else tells two
/// alike apart.
#[must_use]
pub fn content_key(raw: &[u8]) -> String {
    content_keys(raw).key
}

/// The key of these octets, and those that an older ledger may have for them: as they are here, and with one line end behind them.
#[must_use]
pub fn content_keys(raw: &[u8]) -> ContentKeys {
    let (header, body) = split(raw);
    let fields = fields(header);
    let has_id = fields.iter().any(|(name, value)| name == "message-id" && !value.is_empty());
    let mut begun = digest::Context::new(&digest::SHA256);
    for (name, value) in fields.iter().filter(|_| has_id) {
        begun.update(name.as_bytes());
        begun.update(b":");
        begun.update(value);
        begun.update(b"\n");
    }
    let counted = if has_id { body } else { raw };
    let text = without_ends(counted);
    let mut plain = begun.clone();
    update_without_cr(&mut plain, text);
    let (mut as_it_is, mut one_end) = (plain.clone(), plain.clone());
    update_without_cr(&mut as_it_is, &counted[text.len()..]);
    one_end.update(b"\n");
    let key = if counted.len() < raw.len() {
        hex(plain)
    } else if has_id && header.len() == raw.len() && header.split(|it| *it == b'\n').all(may_be_of_a_header) {
        // A header that ends the message has no body, whether an empty line follows or not.
        hex(begun)
    } else {
        let unmarked = without_marks(header);
        if unmarked.len() < header.len() { hex(with(begun, &unmarked, &raw[header.len()..])) } else { hex(plain) }
    };
    let mut earlier = vec![hex(as_it_is), hex(one_end)];
    earlier.dedup();
    earlier.retain(|it| *it != key);
    ContentKeys { key, earlier }
}

fn hex(sum: digest::Context) -> String {
    data_encoding::HEXLOWER.encode(sum.finish().as_ref())
}

fn with(mut sum: digest::Context, header: &[u8], rest: &[u8]) -> digest::Context {
    let rest = without_ends(rest);
    update_without_cr(&mut sum, if rest.is_empty() { without_ends(header) } else { header });
    update_without_cr(&mut sum, rest);
    sum
}

/// Servers differ in line ends alone; so a CR does not count.
fn update_without_cr(sum: &mut digest::Context, bytes: &[u8]) {
    for part in bytes.split(|byte| *byte == b'\r') {
        sum.update(part);
    }
}

/// Files differ in how their last message ends.
fn without_ends(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |it| it + 1);
    &bytes[..end]
}

/// A header but for what mail programs have noted in it.
fn without_marks(header: &[u8]) -> Vec<u8> {
    let (mut kept, mut in_mark) = (Vec::with_capacity(header.len()), false);
    for line in header.split_inclusive(|byte| *byte == b'\n') {
        in_mark = if is_folded(line) { in_mark } else { name(line).is_some_and(|it| is_mark(&it)) };
        if !in_mark {
            kept.extend_from_slice(line);
        }
    }
    kept
}

fn is_mark(name: &str) -> bool {
    MARKS.contains(&name) || MARKS_BEGIN.iter().any(|it| name.starts_with(it))
}

fn is_folded(line: &[u8]) -> bool {
    line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'))
}

/// What stands before its colon, in small letters.
fn name(line: &[u8]) -> Option<String> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    Some(String::from_utf8_lossy(&line[..colon]).trim().to_ascii_lowercase())
}

fn may_be_of_a_header(line: &[u8]) -> bool {
    line.trim_ascii().is_empty() || is_folded(line) || name(line).is_some_and(|it| it.bytes().all(|byte| byte.is_ascii_graphic()))
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
        match (is_folded(line), name(line)) {
            (true, _) => found.last_mut().map_or((), |(_, value)| value.extend_from_slice(line)),
            (false, Some(name)) => found.push((name, line.splitn(2, |byte| *byte == b':').nth(1).unwrap_or_default().to_vec())),
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

    #[test]
    fn line_ends_behind_the_last_line_do_not_count() {
        for mail in
            ["Message-ID: <1@x>\nFrom: a@x.test\n\nHello", "From: a@x.test\n\nHello", "Message-ID: <1@x>\nFrom: a@x.test", "From: a@x.test"]
        {
            for end in ["\n", "\r\n", "\n\n", "\r\n\r\n\n"] {
                assert_eq!(content_key(mail.as_bytes()), content_key(format!("{mail}{end}").as_bytes()), "{mail:?}{end:?}");
            }
            assert_ne!(content_key(mail.as_bytes()), content_key(format!("{mail}\n\nx").as_bytes()), "{mail:?}");
        }
    }

    #[test]
    fn what_a_mail_program_notes_does_not_count_where_there_is_no_id() {
        let mail = |marks: &str, text: &str| content_key(format!("From: ann@x.test\n{marks}Subject: Hi\n{marks}\n{text}").as_bytes());
        for marks in [
            "Status: RO\n",
            "X-Status: A\r\n",
            "X-Mozilla-Status: 0001\nX-Mozilla-Status2: 00000000\nX-Mozilla-Keys: work\n  home\n",
            "X-Gmail-Labels: Inbox,\n Opened\nX-GM-THRID: 1\n",
            "X-IMAP: 1 2\nX-IMAPbase: 1 2\nX-UID: 3\nX-UIDL: a\nX-Keywords: b\nContent-Length: 5\nLines: 1\n",
        ] {
            assert_eq!(mail(marks, "Hi\n"), mail("", "Hi\n"), "{marks}");
            assert_eq!(mail(marks, ""), mail("", ""), "{marks}");
        }
        assert_ne!(mail("X-Status-Of: open\n", "Hi"), mail("", "Hi"));
        assert_ne!(mail("", "Hi\n\nStatus: RO\n"), mail("", "Hi\n\n"), "text counts");
    }

    /// As the key was made when everything counted.
    fn made_before(raw: &[u8]) -> String {
        let (header, body) = split(raw);
        let fields = fields(header);
        let mut sum = digest::Context::new(&digest::SHA256);
        let has_id = fields.iter().any(|(name, _)| name == "message-id");
        for (name, value) in fields.iter().filter(|_| has_id) {
            sum.update(&[name.as_bytes(), b":", value, b"\n"].concat());
        }
        update_without_cr(&mut sum, if has_id { body } else { raw });
        hex(sum)
    }

    #[test]
    fn the_keys_of_older_ledgers_are_known() {
        for mail in [
            "Message-ID: <1@x>\n\nHello",
            "Subject: Hi\n\nHello",
            "Message-ID: <1@x>\nSubject: Hi",
            "Subject: Hi\nStatus: RO\n\nHello",
            "Message-ID: <1@x>\nHello: you\nall",
        ] {
            let ended = format!("{mail}\r\n");
            for one in [mail, ended.as_str()] {
                let keys = content_keys(one.as_bytes());
                let known = |key: &String| *key == keys.key || keys.earlier.contains(key);
                assert!(known(&made_before(one.as_bytes())) && known(&made_before(ended.as_bytes())), "{one:?}");
                assert!(keys.earlier.len() <= 2 && !keys.earlier.contains(&keys.key), "{one:?}");
            }
        }
    }
}
