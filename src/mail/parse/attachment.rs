//! A part that is not the body, as a file.

use super::{
    sniffed,
    structure::{Part, Tree},
    tnef, transfer, uuencode, words,
};
use crate::desk::message::{IncomingAttachment, MessageId};

/// The attachments of a part: one, or those that were in a `winmail.dat`. `shown_by`: the id that the HTML shows it by where it
/// has none of its own.
#[must_use]
pub fn read(part: &Part<'_>, shown_by: Option<&String>, warnings: &mut Vec<String>) -> Opened {
    let (bytes, broken) = transfer::decode(part.encoding(), part.body);
    warnings.extend(broken.map(str::to_owned));
    let filename = filename(part);
    if is_tnef(part, filename.as_deref(), &bytes) {
        match tnef::read(&bytes) {
            Some(opened) => return Opened::Tnef(opened),
            None => warnings.push("a winmail.dat could not be opened; it is kept as it came".to_owned()),
        }
    }
    let content_id = content_id(part).or_else(|| shown_by.cloned());
    Opened::File(IncomingAttachment {
        content_type: sniffed::content_type(content_type(part), filename.as_deref(), &bytes),
        inline: content_id.is_some() && part.disposition.main != "attachment",
        content_id,
        filename,
        bytes: bytes.into_owned(),
    })
}

/// Without angle brackets.
#[must_use]
pub fn content_id(part: &Part<'_>) -> Option<String> {
    part.header.text("content-id").and_then(|it| MessageId::parse(&it)).map(|it| it.as_str().to_owned())
}

/// What a part turned out to hold.
#[derive(Debug)]
pub enum Opened {
    /// Itself.
    File(IncomingAttachment),
    /// The files and the text of a TNEF.
    Tnef(tnef::Content),
}

fn content_type(part: &Part<'_>) -> String {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '(' | ')' | ',' | ';');
    let kept: String = part.media.main.chars().filter(|c| plain(*c)).take(127).collect();
    if kept.contains('/') { kept } else { "application/octet-stream".to_owned() }
}

/// The name that is given, else the last piece of a Content-Location.
fn filename(part: &Part<'_>) -> Option<String> {
    let given = part.filename().map(str::to_owned);
    let given = given.or_else(|| part.header.text("content-location").filter(|it| it.contains('.') && !it.contains("://")));
    given.and_then(|it| safe_name(&it))
}

/// Without a path and without what could fool a reader: control characters and marks that turn the direction of text.
#[must_use]
pub fn safe_name(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).find(|it| !it.trim().is_empty()).unwrap_or_default();
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
    let kept: String = last.chars().filter(|c| !c.is_control() && !turns(*c)).take(200).collect();
    let kept = kept.trim().trim_matches('"').trim();
    let kept = kept.strip_prefix('\'').and_then(|it| it.strip_suffix('\'')).unwrap_or(kept).trim();
    (!kept.is_empty() && kept.chars().any(|c| c != '.')).then(|| kept.to_owned())
}

fn is_tnef(part: &Part<'_>, filename: Option<&str>, bytes: &[u8]) -> bool {
    let said = matches!(part.media.main.as_str(), "application/ms-tnef" | "application/vnd.ms-tnef");
    let named = filename.is_some_and(|it| it.eq_ignore_ascii_case("winmail.dat") || it.eq_ignore_ascii_case("win.dat"));
    said || (named && bytes.starts_with(&tnef::SIGNATURE))
}

/// Files in uuencoded text, as attachments.
#[must_use]
pub fn from_uuencode(file: uuencode::File) -> IncomingAttachment {
    let filename = safe_name(&words::decode(file.name.as_bytes()));
    IncomingAttachment {
        content_type: sniffed::content_type("application/octet-stream".to_owned(), filename.as_deref(), &file.bytes),
        filename,
        inline: false,
        content_id: None,
        bytes: file.bytes,
    }
}

/// What lay beyond the header's bound.
#[must_use]
pub fn header_rest(tree: &Tree<'_>, raw: &[u8]) -> Option<IncomingAttachment> {
    let beyond = tree.parts[0].header.beyond.clone()?;
    Some(IncomingAttachment {
        filename: Some("header.txt".to_owned()),
        content_type: "text/rfc822-headers".to_owned(),
        inline: false,
        content_id: None,
        bytes: raw[beyond].to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_never_a_path() {
        for (given, name) in [
            ("../../etc/passwd", Some("passwd")),
            ("C:\\Users\\ann\\a.txt", Some("a.txt")),
            ("a\u{202e}gpj.exe", Some("agpj.exe")),
            ("a\r\nb.txt", Some("ab.txt")),
            ("..", None),
            ("", None),
            ("dir/", Some("dir")),
            ("'a.pdf'", Some("a.pdf")),
            ("Ann's", Some("Ann's")),
            ("'", Some("'")),
            ("'..'", None),
        ] {
            assert_eq!(safe_name(given).as_deref(), name, "{given:?}");
        }
    }
}
