//! `winmail.dat`: the files in a TNEF and, where the mail has no other, its text ([MS-OXTNEF]).

use super::{
    attachment::safe_name,
    charset, code_page, mapi,
    rtf::{self, Words},
    sniffed,
};
use crate::desk::message::IncomingAttachment;

/// The first four octets of a TNEF.
pub const SIGNATURE: [u8; 4] = [0x78, 0x9f, 0x3e, 0x22];

const ATTACH_REND_DATA: u32 = 0x9002;
const ATTACH_TITLE: u32 = 0x8010;
const ATTACH_DATA: u32 = 0x800f;
const ATTACHMENT: u32 = 0x9005;
const MAPI_PROPS: u32 = 0x9003;
const BODY: u32 = 0x800c;
const OEM_CODE_PAGE: u32 = 0x9007;

/// What a TNEF holds.
#[derive(Debug, Default)]
pub struct Content {
    /// In its order.
    pub files: Vec<IncomingAttachment>,
    /// Plain text of the message.
    pub plain: Option<String>,
    /// HTML of the message.
    pub html: Option<String>,
}

/// A file being put together from several attributes.
#[derive(Default)]
struct File {
    title: Option<String>,
    data: Option<Vec<u8>>,
    props: mapi::Props,
}

/// None: it is no TNEF. A damaged one gives what lies before the damage.
#[must_use]
pub fn read(bytes: &[u8]) -> Option<Content> {
    read_within(bytes, 0)
}

fn read_within(bytes: &[u8], depth: usize) -> Option<Content> {
    let mut rest = bytes.strip_prefix(&SIGNATURE)?.get(2..)?;
    let (mut content, mut files, mut props, mut code_page) = (Content::default(), Vec::<File>::new(), None, None::<String>);
    while let Some((id, data, after)) = attribute(rest) {
        rest = after;
        match id {
            OEM_CODE_PAGE => code_page = data.first_chunk().map(|it| code_page::label(u32::from_le_bytes(*it))),
            ATTACH_REND_DATA if files.len() < 500 => files.push(File::default()),
            ATTACH_TITLE => with_last(&mut files, |file| file.title = Some(text(data, code_page.as_deref()))),
            ATTACH_DATA => with_last(&mut files, |file| file.data = Some(data.to_vec())),
            ATTACHMENT => with_last(&mut files, |file| file.props = mapi::read(data, code_page.as_deref())),
            MAPI_PROPS if props.is_none() => props = Some(mapi::read(data, code_page.as_deref())),
            BODY => content.plain = content.plain.take().or_else(|| Some(text(data, code_page.as_deref()))),
            _ => (),
        }
    }
    content.take_text(props.unwrap_or_default());
    for file in files {
        let inner = file.props.data.as_deref().filter(|_| depth < DEEPEST).and_then(|it| read_within(it, depth + 1));
        match inner {
            Some(inner) => content.files.extend(message_within(inner, file)),
            None => content.files.extend(finish(file)),
        }
    }
    Some(content)
}

/// One attribute: level, id, length, data, checksum. Data that is cut short is taken as far as it goes.
fn attribute(rest: &[u8]) -> Option<(u32, &[u8], &[u8])> {
    let id = u32::from_le_bytes(*rest.get(1..5)?.first_chunk()?) & 0xffff;
    let length = usize::try_from(u32::from_le_bytes(*rest.get(5..9)?.first_chunk()?)).ok()?;
    let data = &rest[9..];
    let data = &data[..length.min(data.len())];
    Some((id, data, rest.get(9 + data.len() + 2..).unwrap_or_default()))
}

fn with_last(files: &mut Vec<File>, change: impl FnOnce(&mut File)) {
    if files.is_empty() {
        files.push(File::default());
    }
    if let Some(file) = files.last_mut() {
        change(file);
    }
}

fn text(data: &[u8], code_page: Option<&str>) -> String {
    let end = data.iter().position(|c| *c == 0).unwrap_or(data.len());
    charset::decode(&data[..end], code_page).text
}

impl Content {
    /// HTML as it is, or as the rich text holds it; what is only rich text is of use where there is nothing else.
    fn take_text(&mut self, props: mapi::Props) {
        let says_something = |it: &String| !it.trim().is_empty();
        self.html = props.body_html.filter(says_something);
        self.plain = props.body.filter(says_something).or_else(|| self.plain.take()).filter(says_something);
        let rich = props.body_rtf.filter(|_| self.html.is_none()).and_then(|it| rtf::read(&it));
        match rich {
            Some(Words::Html(html)) => self.html = Some(html),
            Some(Words::Plain(text)) => self.plain = self.plain.take().or(Some(text)),
            None => (),
        }
    }
}

/// So deep messages may lie in messages.
const DEEPEST: usize = 5;

/// A message that was attached in Outlook: its text as a file of its subject's name, then its files.
fn message_within(inner: Content, file: File) -> Vec<IncomingAttachment> {
    let name = file.props.display_name.or(file.title).and_then(|it| safe_name(&it)).unwrap_or_else(|| "message".to_owned());
    let (text, kind, ending) = match (inner.plain, inner.html) {
        (_, Some(html)) => (Some(html), "text/html", "html"),
        (plain, None) => (plain, "text/plain", "txt"),
    };
    let text = text.filter(|it| !it.trim().is_empty()).map(|it| IncomingAttachment {
        filename: Some(format!("{name}.{ending}")),
        content_type: kind.to_owned(),
        inline: false,
        content_id: None,
        bytes: it.into_bytes(),
    });
    text.into_iter().chain(inner.files).collect()
}

/// A message within a message has no name or data of its own that a person could open.
fn finish(file: File) -> Option<IncomingAttachment> {
    let name = file.props.long_filename.or(file.props.filename).or(file.title).or(file.props.display_name);
    let bytes = file.props.data.filter(|it| !it.is_empty()).or(file.data);
    if name.is_none() && bytes.is_none() {
        return None;
    }
    let bytes = bytes.unwrap_or_default();
    let said = file.props.mime_type.filter(|it| it.contains('/')).map(|it| it.to_ascii_lowercase());
    let content_id = file.props.content_id.map(|it| it.trim_matches(['<', '>']).to_owned()).filter(|it| !it.is_empty());
    let filename = name.and_then(|it| safe_name(&it));
    let sniffed = || sniffed::content_type("application/octet-stream".to_owned(), filename.as_deref(), &bytes);
    Some(IncomingAttachment { content_type: said.unwrap_or_else(sniffed), filename, inline: content_id.is_some(), content_id, bytes })
}
