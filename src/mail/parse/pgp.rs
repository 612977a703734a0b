//! OpenPGP within text (RFC 9580 §7): what is clear-signed is read without its armour, what is encrypted becomes a file.

const SIGNED: &str = "-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----";
const SIGNATURE_END: &str = "-----END PGP SIGNATURE-----";
const MESSAGE: &str = "-----BEGIN PGP MESSAGE-----";
const MESSAGE_END: &str = "-----END PGP MESSAGE-----";

/// A text without armour, and the encrypted messages that stood in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// What can be read.
    pub text: String,
    /// Each with its armour.
    pub encrypted: Vec<String>,
}

/// Only armour at the left margin counts: in a quotation it is history. One that is not ended is text.
#[must_use]
pub fn open(text: String) -> Opened {
    if ![SIGNED, MESSAGE].iter().any(|it| text.contains(it)) {
        return Opened { text, encrypted: Vec::new() };
    }
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let is = |at: usize, mark: &str| lines[at].trim_end() == mark;
    let last = |mark: &str| (0..lines.len()).rev().find(|at| is(*at, mark)).unwrap_or(0);
    let (last_signature, last_message) = (last(SIGNATURE_END), last(MESSAGE_END));
    let (mut opened, mut signed, mut at) = (Opened::default(), false, 0);
    while at < lines.len() {
        if is(at, SIGNED) && at < last_signature {
            signed = true;
            at = after_armour_header(&lines, at + 1);
        } else if is(at, SIGNATURE) && signed {
            signed = false;
            at = (at..lines.len()).find(|it| is(*it, SIGNATURE_END)).map_or(lines.len(), |it| it + 1);
        } else if is(at, MESSAGE) && at < last_message {
            let end = (at..lines.len()).find(|it| is(*it, MESSAGE_END)).map_or(lines.len(), |it| it + 1);
            opened.encrypted.push(lines[at..end].concat());
            at = end;
        } else {
            // RFC 9580 §7.2: a line that begins with a dash is written with another before it.
            opened.text.push_str(if signed { lines[at].strip_prefix("- ").unwrap_or(lines[at]) } else { lines[at] });
            at += 1;
        }
    }
    opened
}

/// `Hash: SHA256` and its like, up to the empty line.
fn after_armour_header(lines: &[&str], mut at: usize) -> usize {
    while lines.get(at).is_some_and(|it| it.contains(": ")) {
        at += 1;
    }
    at + usize::from(lines.get(at).is_some_and(|it| it.trim().is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn armour_is_taken_off() {
        let signed = format!("{SIGNED}\nHash: SHA256\n\nHello\n- -- \nAnn\n{SIGNATURE}\n\niQ==\n{SIGNATURE_END}\nfooter\n");
        assert_eq!(open(signed).text, "Hello\n-- \nAnn\nfooter\n");
        let secret = format!("{MESSAGE}\n\nhQ==\n{MESSAGE_END}\n");
        assert_eq!(open(format!("see\n{secret}")), Opened { text: "see\n".into(), encrypted: vec![secret] });
        for kept in [format!("> {MESSAGE}\n> x\n> {MESSAGE_END}\n"), format!("{MESSAGE}\nno end\n"), format!("{SIGNED}\nno end\n")] {
            assert_eq!(open(kept.clone()).text, kept);
        }
    }
}
