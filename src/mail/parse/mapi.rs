//! MAPI properties as a TNEF writes them ([MS-OXTNEF] §2.1.3.3).

use super::{body, charset, code_page};

/// The few properties that matter for reading a mail.
#[derive(Debug, Default)]
pub struct Props {
    /// `PidTagAttachLongFilename`.
    pub long_filename: Option<String>,
    /// `PidTagAttachFilename`.
    pub filename: Option<String>,
    /// `PidTagDisplayName`.
    pub display_name: Option<String>,
    /// `PidTagAttachMimeTag`.
    pub mime_type: Option<String>,
    /// `PidTagAttachContentId`.
    pub content_id: Option<String>,
    /// `PidTagAttachDataBinary` or, for an object, what lies behind its interface's id.
    pub data: Option<Vec<u8>>,
    /// `PidTagBody`.
    pub body: Option<String>,
    /// `PidTagHtml`.
    pub body_html: Option<String>,
    /// The same as octets.
    html_octets: Option<Vec<u8>>,
    /// `PidTagInternetCodepage`: theirs.
    html_code_page: Option<u32>,
    /// `PidTagRtfCompressed`.
    pub body_rtf: Option<Vec<u8>>,
}

/// A cursor that never reads beyond the end.
struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<usize> {
        usize::try_from(u32::from_le_bytes(*self.take(4)?.first_chunk()?)).ok()
    }

    /// Length, data, padding to four.
    fn counted(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        let data = self.take(length)?;
        let _ = self.take(padding(length));
        Some(data)
    }
}

fn padding(length: usize) -> usize {
    (4 - length % 4) % 4
}

const MULTI_VALUE: u16 = 0x1000;
const STRING8: u16 = 0x1e;
const UNICODE: u16 = 0x1f;
const OBJECT: u16 = 0x0d;

/// Reads as many properties as can be made out.
#[must_use]
pub fn read(data: &[u8], code_page: Option<&str>) -> Props {
    let (mut props, mut cursor) = (Props::default(), Cursor { rest: data });
    let count = cursor.number().unwrap_or(0).min(5000);
    for _ in 0..count {
        if property(&mut cursor, &mut props, code_page).is_none() {
            break;
        }
    }
    if let Some(octets) = props.html_octets.take() {
        let label = props.html_code_page.map(code_page::label).or_else(|| body::declared(&octets));
        props.body_html = Some(charset::decode(&octets, label.as_deref()).text);
    }
    props
}

fn property(cursor: &mut Cursor<'_>, props: &mut Props, code_page: Option<&str>) -> Option<()> {
    let head = cursor.take(4)?;
    let kind = u16::from_le_bytes([head[0], head[1]]);
    let id = u16::from_le_bytes([head[2], head[3]]);
    if id >= 0x8000 {
        skip_name(cursor)?;
    }
    let base = kind & !MULTI_VALUE;
    let size = fixed_size(base);
    let values = if kind & MULTI_VALUE != 0 || size.is_none() { cursor.number()? } else { 1 };
    for at in 0..values.min(100_000) {
        let value = match size {
            Some(size) => cursor.take(size)?,
            None => cursor.counted()?,
        };
        if at == 0 && id < 0x8000 {
            keep(props, id, base, value, code_page);
        }
    }
    if let Some(size) = size {
        let _ = cursor.take(padding(size * values));
    }
    Some(())
}

/// A named property: a GUID, then a number or a name.
fn skip_name(cursor: &mut Cursor<'_>) -> Option<()> {
    cursor.take(16)?;
    if cursor.number()? == 0 { cursor.take(4).map(drop) } else { cursor.counted().map(drop) }
}

fn fixed_size(kind: u16) -> Option<usize> {
    match kind {
        0x0a | 0x02 | 0x0b | 0x03 | 0x04 | 0x01 => Some(4),
        0x05 | 0x06 | 0x07 | 0x14 | 0x40 => Some(8),
        0x48 => Some(16),
        _ => None,
    }
}

fn keep(props: &mut Props, id: u16, kind: u16, value: &[u8], code_page: Option<&str>) {
    let text = || Some(string(kind, value, code_page)).filter(|it| !it.is_empty());
    match id {
        0x3707 => props.long_filename = text(),
        0x3704 => props.filename = text(),
        0x3001 => props.display_name = text(),
        0x370e => props.mime_type = text(),
        0x3712 => props.content_id = text(),
        0x3701 => props.data = Some(if kind == OBJECT { value.get(16..).unwrap_or_default().to_vec() } else { value.to_vec() }),
        0x1000 => props.body = text(),
        0x1013 if kind == STRING8 || kind == UNICODE => props.body_html = text(),
        0x1013 => props.html_octets = Some(value.to_vec()),
        0x3fde => props.html_code_page = value.first_chunk().map(|it| u32::from_le_bytes(*it)),
        0x1009 => props.body_rtf = Some(value.to_vec()),
        _ => (),
    }
}

fn string(kind: u16, value: &[u8], code_page: Option<&str>) -> String {
    let text = if kind == UNICODE {
        let units: Vec<u16> = value.chunks_exact(2).map(|it| u16::from_le_bytes([it[0], it[1]])).collect();
        String::from_utf16_lossy(&units)
    } else {
        charset::decode(value.split(|c| *c == 0).next().unwrap_or_default(), code_page).text
    };
    text.split('\0').next().unwrap_or_default().to_owned()
}
