//! Characters beyond U+FFFF that a program wrote as the two halves that UTF-16 makes of them.

/// UTF-8 in which each half was encoded by itself (CESU-8), mended; none where that gives no UTF-8.
#[must_use]
pub fn joined(bytes: &[u8]) -> Option<String> {
    let (mut out, mut kept, mut at) = (Vec::new(), 0, 0);
    while let Some(mark) = memchr::memchr(0xed, &bytes[at..]) {
        at += mark;
        match pair(&bytes[at..]) {
            Some(character) => {
                out.extend_from_slice(&bytes[kept..at]);
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                at += 6;
                kept = at;
            }
            None => at += 1,
        }
    }
    out.extend_from_slice(&bytes[kept..]);
    if kept > 0 { String::from_utf8(out).ok() } else { None }
}

fn pair(bytes: &[u8]) -> Option<char> {
    let half = |from: usize| match bytes.get(from..from + 3)? {
        [0xed, second @ 0xa0..=0xbf, third @ 0x80..=0xbf] => Some(0xd000 | u32::from(second & 0x3f) << 6 | u32::from(third & 0x3f)),
        _ => None,
    };
    whole(half(0)?, half(3)?)
}

fn whole(high: u32, low: u32) -> Option<char> {
    let is_pair = (0xd800..0xdc00).contains(&high) && (0xdc00..0xe000).contains(&low);
    if is_pair { char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)) } else { None }
}

/// HTML in which each half is a reference of its own, `&#55357;&#56832;`: to a browser they are no characters.
#[must_use]
pub fn joined_references(html: String) -> String {
    let (mut out, mut kept, mut at) = (String::new(), 0, 0);
    while let Some(mark) = html[at..].find("&#") {
        at += mark;
        let high = reference(&html[at..]);
        let low = high.and_then(|(_, length)| reference(&html[at + length..]));
        let (Some((high, first)), Some((low, second))) = (high, low) else {
            at += 2;
            continue;
        };
        if let Some(character) = whole(high, low) {
            out.push_str(&html[kept..at]);
            out.push(character);
            kept = at + first + second;
        }
        at += first;
        at = at.max(kept);
    }
    if kept == 0 {
        return html;
    }
    out.push_str(&html[kept..]);
    out
}

/// `&#55357;` or `&#xD83D;`: its number and its length. Others are left to those who read HTML.
fn reference(html: &str) -> Option<(u32, usize)> {
    let digits = html.strip_prefix("&#")?;
    let (digits, radix) = digits.strip_prefix(['x', 'X']).map_or((digits, 10), |it| (it, 16));
    let length = digits.bytes().take(8).position(|c| c == b';')?;
    let number = u32::from_str_radix(&digits[..length], radix).ok()?;
    Some((number, html.len() - digits.len() + length + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::parse::charset;

    #[test]
    fn halves_in_utf8_are_one_character() {
        assert_eq!(charset::decode(b"smile \xed\xa0\xbd\xed\xb8\x80 ok", Some("utf-8")).text, "smile 😀 ok");
        assert_eq!(charset::detect(b"Gr\xc3\xbc\xc3\x9fe \xed\xa0\xbd\xed\xb8\x80"), "Grüße 😀");
        for bytes in [&b"\xed\xa0\xbd"[..], b"\xed\xb8\x80\xed\xa0\xbd", b"\xed\xa0\xbd\xed\xb8\x80\xff", b"\xed\x9f\xbf", b""] {
            assert_eq!(joined(bytes), None, "{bytes:x?}");
        }
    }

    #[test]
    fn halves_in_references_are_one_character() {
        for (html, mended) in [
            ("ok &#55357;&#56832;!", "ok 😀!"),
            ("&#xD83D;&#xde00;&#55357;&#56832;", "😀😀"),
            ("&#55357;&#55357;&#56832;", "&#55357;😀"),
            ("&#55357; &#56832;", "&#55357; &#56832;"),
            ("&#233;&#8364; &# &#x; &#99999999999;", "&#233;&#8364; &# &#x; &#99999999999;"),
            ("&#é;", "&#é;"),
        ] {
            assert_eq!(joined_references(html.to_owned()), mended);
        }
        let message = crate::mail::parse::read(b"Content-Type: text/html\n\n<p>ok &#55357;&#56832;</p>");
        assert_eq!((message.text.as_str(), message.html.as_deref()), ("ok 😀", Some("<p>ok 😀</p>")));
    }
}
