//! Text of two octets a character (UTF-16), whose order the label may not tell.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

use super::{
    charset::Decoded,
    guess::{self, LOOK},
};

/// By a byte order mark, or because every other octet is zero.
#[must_use]
pub fn is_wide(bytes: &[u8]) -> bool {
    matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) || by_zeros(bytes).is_some()
}

/// The order of text in which Latin letters are common; of other text, none.
fn by_zeros(bytes: &[u8]) -> Option<&'static Encoding> {
    let (even, odd) = zeros(bytes);
    let most = even.max(odd);
    let is_latin = most > 2 && most * 5 > bytes.len().min(LOOK) && even.min(odd) * 4 <= most;
    is_latin.then_some(if even > odd { UTF_16BE } else { UTF_16LE })
}

fn zeros(bytes: &[u8]) -> (usize, usize) {
    let look = &bytes[..bytes.len().min(LOOK)];
    let count = |from: usize| look.iter().skip(from).step_by(2).filter(|c| **c == 0).count();
    (count(0), count(1))
}

/// UTF-16 in the order that `said` names, if the label names one; or text that only says so.
#[must_use]
pub fn read(bytes: &[u8], said: Option<&'static Encoding>) -> Decoded {
    let (even, odd) = zeros(bytes);
    if even + odd == 0
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        return guess::guessed("UTF-8", text.to_owned());
    }
    let order = by_zeros(bytes).unwrap_or_else(|| by_letters(bytes, said));
    Decoded { text: guess::without_torn_end(order.decode(bytes).0.into_owned()), note: None }
}

/// In the wrong order text of any script is letters of all scripts. A label is believed unless it makes nonsense.
fn by_letters(bytes: &[u8], said: Option<&'static Encoding>) -> &'static Encoding {
    let look = &bytes[..bytes.len().min(LOOK)];
    let sense = |of: fn([u8; 2]) -> u16| look.chunks_exact(2).map(|it| weight(of([it[0], it[1]]))).sum::<i64>();
    let (big, little) = (sense(u16::from_be_bytes), sense(u16::from_le_bytes));
    let (even, odd) = zeros(bytes);
    let better = if (big, even) > (little, odd) { UTF_16BE } else { UTF_16LE };
    let Some(said) = said else { return better };
    let own = if said == UTF_16BE { big } else { little };
    let is_nonsense = own * 2 < i64::try_from(look.len() / 2).unwrap_or(i64::MAX);
    if is_nonsense { better } else { said }
}

/// How much a character speaks for the order that it was read in.
fn weight(unit: u16) -> i64 {
    match unit {
        // What parts words and lines.
        0x09 | 0x0a | 0x0d | 0x20 => 3,
        0x21..=0x7e => 2,
        // Letters of Europe and Asia, marks, Chinese, Japanese and Korean, and halves of pairs; no line break in the wrong order.
        0xa00 | 0xd00 => -2,
        0xa0..=0x6ff | 0x900..=0x10ff | 0x1200..=0x137f | 0x1780..=0x17ff | 0x1e00..=0x1fff | 0x2010..=0x27bf => 1,
        0x3000..=0x30ff | 0x4e00..=0x9fff | 0xac00..=0xd7a3 | 0xd800..=0xdfff | 0xff00..=0xffef => 1,
        _ => -2,
    }
}

#[cfg(test)]
mod tests {
    use crate::mail::parse::charset;

    #[test]
    fn the_order_is_found_for_any_script() {
        for text in [
            "这是一个问题，我最近一期不下，一共点击了一次",
            "今天的最后一天，请尽快\r\n谢谢\r\n",
            "プリンターが動きません。一度見てください。",
            "프린터가 작동하지 않습니다",
            "Принтер не работает, помогите",
            "Ο εκτυπωτής δεν λειτουργεί",
            "المدفأة لا تعمل",
            "Grüße aus Köln",
            "an",
            "ok \u{1f600}",
        ] {
            let units: Vec<u16> = text.encode_utf16().collect();
            let big: Vec<u8> = units.iter().flat_map(|it| it.to_be_bytes()).collect();
            let little: Vec<u8> = units.iter().flat_map(|it| it.to_le_bytes()).collect();
            for (bytes, labels) in [(&big, ["utf-16", "utf-16be"]), (&little, ["utf-16", "utf-16le"])] {
                for label in labels {
                    assert_eq!(charset::decode(bytes, Some(label)).text, text, "{label}");
                }
            }
        }
    }

    #[test]
    fn a_label_that_makes_nonsense_is_not_believed() {
        for text in ["今天的最后一天，请尽快\r\n谢谢\r\n", "プリンターが動きません。", "Принтер не работает", "Grüße aus Köln"]
        {
            let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            assert_eq!(charset::decode(&big, Some("utf-16le")).text, text);
        }
    }

    #[test]
    fn a_label_that_makes_sense_is_believed() {
        for text in ["一", "一最", "第一次"] {
            let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert_eq!(charset::decode(&little, Some("utf-16le")).text, text);
        }
    }
}
