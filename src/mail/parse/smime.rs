//! S/MIME (RFC 8551): what an opaque signature or compression (RFC 3274) wraps is read like the mail that it is.
//!
//! The wrapping is BER of a form that no DER library takes (indefinite lengths, octet strings in pieces), and all that is
//! wanted of it is one octet string four levels down: a walk that only goes forward reads it.

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::{
    structure::{Part, Tree},
    transfer,
};

/// So deep BER may nest.
const DEEPEST: usize = 16;

const SIGNED: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const COMPRESSED: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x09];
const ENVELOPED: &[&[u8]] = &[
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03],
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x06],
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x17],
];

/// How much may still be opened of one message, and why something was not.
#[derive(Debug)]
pub struct Bounds {
    /// A signature may sign a signed mail, or a compressed one: so often they are opened.
    wraps: usize,
    /// As much may come out of what is compressed: as much as a message may have (SAFETY.md, "Bounds").
    octets: usize,
    /// For the message's warnings.
    pub warnings: Vec<String>,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { wraps: 3, octets: 50 << 20, warnings: Vec::new() }
    }
}

impl Bounds {
    fn warn(&mut self, text: &str) {
        if !self.warnings.iter().any(|it| it == text) {
            self.warnings.push(text.to_owned());
        }
    }

    /// Undoes a compression; what is damaged or comes to too much counts all the same.
    fn inflate(&mut self, compressed: &[u8]) -> Option<Vec<u8>> {
        let (mut inner, most) = (Vec::new(), self.octets);
        let whole = ZlibDecoder::new(compressed).take(most as u64 + 1).read_to_end(&mut inner);
        self.octets = most.saturating_sub(inner.len());
        if inner.len() > most {
            self.warn("what is compressed in this message comes to more than 50 MiB; the compressed part is kept as an attachment");
        } else if whole.is_err() || inner.is_empty() {
            self.warn("a compressed part of this message is damaged; it is kept as an attachment");
        } else {
            return Some(inner);
        }
        None
    }
}

/// The mail with what the first wrapping holds in its place; none where nothing is wrapped that can be opened.
#[must_use]
pub fn open(tree: &Tree<'_>, raw: &[u8], bounds: &mut Bounds) -> Option<Vec<u8>> {
    let (index, inner) = tree.parts.iter().enumerate().find_map(|(index, part)| Some((index, unwrapped(part, bounds)?)))?;
    bounds.wraps -= 1;
    Some(replaced(tree, raw, index, &inner))
}

/// Whether this part is a mail that only the holder of a key can read.
#[must_use]
pub fn is_encrypted(part: &Part<'_>) -> bool {
    is_wrapped(part)
        && (part.media.param("smime-type").is_some_and(|it| it.to_ascii_lowercase().ends_with("enveloped-data"))
            || content_info(&transfer::decode(part.encoding(), part.body).0).is_some_and(|(kind, _)| ENVELOPED.contains(&kind)))
}

fn is_wrapped(part: &Part<'_>) -> bool {
    let said = matches!(part.media.main.as_str(), "application/pkcs7-mime" | "application/x-pkcs7-mime");
    let name = part.filename().unwrap_or_default().to_ascii_lowercase();
    !part.multipart && (said || (part.media.main == "application/octet-stream" && matches!(name.as_str(), "smime.p7m" | "smime.p7z")))
}

fn unwrapped(part: &Part<'_>, bounds: &mut Bounds) -> Option<Vec<u8>> {
    if !is_wrapped(part) {
        return None;
    }
    let bytes = transfer::decode(part.encoding(), part.body).0;
    let info = content_info(&bytes);
    let said = part.media.param("smime-type").is_some_and(|it| it.eq_ignore_ascii_case("compressed-data"));
    let compressed = info.map_or(said, |(kind, _)| kind == COMPRESSED);
    if !compressed && info.is_none_or(|(kind, _)| kind != SIGNED) {
        return None;
    }
    if bounds.wraps == 0 {
        bounds.warn("mails are wrapped in each other more than three times; what lies deeper is kept as an attachment");
        return None;
    }
    let inner = info.and_then(|(_, content)| encapsulated(content)).unwrap_or_default();
    if compressed { bounds.inflate(&inner) } else { Some(inner).filter(|it| !it.is_empty()) }
}

/// What is signed or compressed stands behind the version and the algorithms (RFC 5652 §5.1, RFC 3274 §1.1).
fn encapsulated(content: &[u8]) -> Option<Vec<u8>> {
    let (_version, rest) = next(first(content)?)?;
    let (_algorithms, rest) = next(rest)?;
    let (info, _) = next(rest)?;
    let (_kind, rest) = next(info.body)?;
    let (explicit, _) = next(rest).filter(|(it, _)| it.tag == 0xa0)?;
    let (octets, _) = next(explicit.body)?;
    let mut inner = Vec::with_capacity(octets.body.len());
    gather(&octets, &mut inner, 0);
    Some(inner)
}

/// The object's kind and its content (RFC 5652 §3).
fn content_info(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (kind, rest) = next(first(bytes)?)?;
    let (content, _) = next(rest).filter(|(it, _)| kind.tag == 0x06 && it.tag == 0xa0)?;
    Some((kind.body, content.body))
}

fn replaced(tree: &Tree<'_>, raw: &[u8], index: usize, inner: &[u8]) -> Vec<u8> {
    let part = &tree.parts[index];
    let end = part.body.as_ptr().addr() - raw.as_ptr().addr() + part.body.len();
    let mut whole = Vec::with_capacity(raw.len());
    if index > 0 {
        whole.extend_from_slice(&raw[..part.starts]);
    } else {
        for field in part.header.fields.iter().filter(|it| !it.name.starts_with("content-")) {
            whole.extend_from_slice(field.name.as_bytes());
            whole.push(b':');
            whole.extend_from_slice(field.value);
            whole.push(b'\n');
        }
    }
    whole.extend_from_slice(inner);
    whole.extend_from_slice(&raw[end..]);
    whole
}

struct Element<'a> {
    tag: u8,
    body: &'a [u8],
}

/// The inside of the element that begins here.
fn first(data: &[u8]) -> Option<&[u8]> {
    next(data).filter(|(it, _)| it.tag == 0x30).map(|(it, _)| it.body)
}

fn next(data: &[u8]) -> Option<(Element<'_>, &[u8])> {
    element(data, 0)
}

/// One element and what follows it; one that is cut short goes to the end.
fn element(data: &[u8], depth: usize) -> Option<(Element<'_>, &[u8])> {
    let [tag, length, rest @ ..] = data else { return None };
    if depth > DEEPEST || tag & 0x1f == 0x1f {
        return None;
    }
    if *length == 0x80 {
        return indefinite(*tag, rest, depth);
    }
    let (length, rest) = if *length < 0x80 {
        (usize::from(*length), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f)).filter(|(it, _)| it.len() <= 7)?;
        (digits.iter().fold(0_usize, |all, digit| all << 8 | usize::from(*digit)), rest)
    };
    let (body, rest) = rest.split_at(length.min(rest.len()));
    Some((Element { tag: *tag, body }, rest))
}

/// Up to two zero octets (X.690 §8.1.5).
fn indefinite(tag: u8, inside: &[u8], depth: usize) -> Option<(Element<'_>, &[u8])> {
    let mut rest = inside;
    while !rest.is_empty() && !rest.starts_with(&[0, 0]) {
        rest = element(rest, depth + 1)?.1;
    }
    let body = &inside[..inside.len() - rest.len()];
    Some((Element { tag, body }, rest.get(2..).unwrap_or_default()))
}

/// An octet string, whole or in pieces (X.690 §8.7).
fn gather(octets: &Element<'_>, out: &mut Vec<u8>, depth: usize) {
    if octets.tag & 0x20 == 0 {
        return out.extend_from_slice(octets.body);
    }
    let mut rest = octets.body;
    while let Some((piece, after)) = next(rest).filter(|_| depth < DEEPEST) {
        gather(&piece, out, depth + 1);
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const HEADER: &str = "Content-Type: application/pkcs7-mime; name=smime.p7m\nContent-Transfer-Encoding: base64\n\n";

    /// A SignedData around `inner`; its certificates and signers do not matter.
    fn wrapped(inner: &[u8], indefinite: bool) -> Vec<u8> {
        wrapped_as(SIGNED, inner, indefinite)
    }

    /// A mail that holds a CompressedData around `inner`.
    fn compressed(inner: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(inner).unwrap();
        mail(&wrapped_as(COMPRESSED, &packer.finish().unwrap(), true))
    }

    fn mail(wrapped: &[u8]) -> Vec<u8> {
        format!("{HEADER}{}\n", data_encoding::BASE64.encode(wrapped)).into_bytes()
    }

    fn wrapped_as(kind: &[u8], inner: &[u8], indefinite: bool) -> Vec<u8> {
        let tlv = |tag: u8, body: &[u8]| {
            if indefinite && tag & 0x20 != 0 {
                return [&[tag, 0x80], body, &[0, 0]].concat();
            }
            let length = u16::try_from(body.len()).unwrap().to_be_bytes();
            [&[tag, 0x82], &length[..], body].concat()
        };
        let octets =
            if indefinite { tlv(0x24, &inner.chunks(7).flat_map(|it| tlv(0x04, it)).collect::<Vec<u8>>()) } else { tlv(0x04, inner) };
        let data = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
        let info = tlv(0x30, &[tlv(0x06, &data), tlv(0xa0, &octets)].concat());
        let signed = tlv(0x30, &[tlv(0x02, &[1]), tlv(0x31, b""), info, tlv(0x31, b"")].concat());
        tlv(0x30, &[tlv(0x06, kind), tlv(0xa0, &signed)].concat())
    }

    #[test]
    fn a_signed_mail_is_read_in_either_form() {
        for indefinite in [false, true] {
            let inner = wrapped(b"Content-Type: text/html; charset=utf-8\n\n<p>Signed gr\xc3\xbc\xc3\x9fe</p>\n", indefinite);
            let code = data_encoding::BASE64.encode(&inner);
            let part = format!(
                "Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\nContent-Transfer-Encoding: base64\n\n{code}\n"
            );
            let alone = super::super::read(format!("Subject: s\n{part}").as_bytes());
            assert_eq!((alone.subject.as_str(), alone.text.as_str()), ("s", "Signed grüße"));
            assert!(alone.attachments.is_empty());
            let within =
                super::super::read(format!("Content-Type: multipart/mixed; boundary=b\n\n--b\n{part}\n--b\n\nfooter\n--b--\n").as_bytes());
            assert_eq!(within.text, "Signed grüße\nfooter");
        }
    }

    #[test]
    fn a_damaged_wrapping_stays_a_file() {
        let whole = wrapped(b"Subject: x\n\nx", true);
        for end in 0..whole.len() {
            let _ = content_info(&whole[..end]);
        }
        assert!(content_info(&[0x30, 0x80].repeat(100_000)).is_none());
    }

    #[test]
    fn a_compressed_mail_is_read_in_any_order_with_signatures() {
        let inner = b"Content-Type: text/plain; charset=utf-8\n\nPacked gr\xc3\xbc\xc3\x9fe\n";
        let signed = |inner: &[u8]| mail(&wrapped(inner, true));
        for raw in [compressed(inner), compressed(&signed(inner)), signed(&compressed(inner)), compressed(&signed(&compressed(inner)))] {
            let message = super::super::read(&[b"From: a@x.test\nSubject: s\n", &raw[..]].concat());
            assert_eq!((message.subject.as_str(), message.text.as_str()), ("s", "Packed grüße"));
            assert!(message.attachments.is_empty() && message.warnings.is_empty(), "{:?}", message.warnings);
        }
    }

    #[test]
    fn what_is_wrapped_too_often_stays_a_file() {
        let deep = (0..4).fold(b"\nx\n".to_vec(), |inner, _| compressed(&inner));
        let message = super::super::read(&[b"From: a@x.test\n", &deep[..]].concat());
        assert_eq!((message.text.as_str(), message.attachments.len(), message.warnings.len()), ("", 1, 1));
        assert!(message.warnings[0].contains("more than three times"));
    }

    #[test]
    fn a_compressed_part_that_is_damaged_or_swells_stays_a_file() {
        let whole = compressed(&[b"\n", &b"words and more words, ".repeat(20)[..]].concat());
        let code = whole.strip_prefix(HEADER.as_bytes()).unwrap();
        for damaged in [&code[..code.len() / 2], b"AAAA"] {
            let header = HEADER.replace("name=", "smime-type=compressed-data; name=");
            let message = super::super::read(&[header.as_bytes(), damaged].concat());
            assert_eq!((message.text.as_str(), message.attachments.len()), ("", 1));
            assert!(message.warnings.iter().any(|it| it.contains("damaged")), "{:?}", message.warnings);
        }
        let part = [b"--b\n", &whole[..]].concat();
        let many = [b"Content-Type: multipart/mixed; boundary=b\n\n", &part.repeat(3)[..], b"--b--\n"].concat();
        let mut bounds = Bounds { octets: 600, ..Bounds::default() };
        let once = open(&super::super::structure::read(&many), &many, &mut bounds).unwrap();
        let tree = super::super::structure::read(&once);
        assert!(open(&tree, &once, &mut bounds).is_none());
        assert_eq!((bounds.octets, bounds.warnings.len()), (0, 1), "what swells is not tried again and again");
        assert!(bounds.warnings[0].contains("50 MiB"));
    }
}
