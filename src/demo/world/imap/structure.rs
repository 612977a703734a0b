//! ENVELOPE and BODYSTRUCTURE of a message (RFC 3501 §7.4.2).

use imap_next::imap_types::{
    body::{BasicFields, Body, BodyStructure, Disposition, MultiPartExtensionData, SinglePartExtensionData, SpecificFields},
    core::{IString, NString, Vec1},
    envelope::{Address, Envelope},
};

use super::mime::{self, ContentType};

/// Parts nested deeper are shown as one octet stream.
const DEEPEST: usize = 20;

/// The header as ENVELOPE gives it.
pub(super) fn envelope(raw: &[u8]) -> Envelope<'static> {
    let field = |name: &str| nstring(mime::field(raw, name));
    let from = addresses(raw, "From");
    let or_from = |name: &str| Some(addresses(raw, name)).filter(|it| !it.is_empty()).unwrap_or_else(|| from.clone());
    Envelope {
        date: field("Date"),
        subject: field("Subject"),
        sender: or_from("Sender"),
        reply_to: or_from("Reply-To"),
        to: addresses(raw, "To"),
        cc: addresses(raw, "Cc"),
        bcc: addresses(raw, "Bcc"),
        in_reply_to: field("In-Reply-To"),
        message_id: field("Message-ID"),
        from,
    }
}

/// The parts of a message and what they are: BODYSTRUCTURE.
pub(super) fn of(raw: &[u8]) -> BodyStructure<'static> {
    structure(raw, 0)
}

/// The same without what came later: BODY.
pub(super) fn short(raw: &[u8]) -> BodyStructure<'static> {
    shortened(of(raw))
}

fn shortened(structure: BodyStructure<'static>) -> BodyStructure<'static> {
    match structure {
        BodyStructure::Single { mut body, .. } => {
            if let SpecificFields::Message { body_structure, .. } = &mut body.specific {
                **body_structure = shortened((**body_structure).clone());
            }
            BodyStructure::Single { body, extension_data: None }
        }
        BodyStructure::Multi { bodies, subtype, .. } => {
            let bodies = Vec1::unvalidated(bodies.into_inner().into_iter().map(shortened).collect());
            BodyStructure::Multi { bodies, subtype, extension_data: None }
        }
    }
}

fn structure(raw: &[u8], depth: usize) -> BodyStructure<'static> {
    let kind = ContentType::of(raw);
    if depth < DEEPEST
        && let Some(parts) = mime::parts(raw)
        && let Ok(bodies) = Vec1::try_from(parts.into_iter().map(|it| structure(it, depth + 1)).collect::<Vec<_>>())
    {
        let extension_data = Some(MultiPartExtensionData { parameter_list: pairs(&kind.parameters), tail: None });
        return BodyStructure::Multi { bodies, subtype: istring(&kind.sub), extension_data };
    }
    let inner = mime::body(raw);
    let lines = u32::try_from(inner.iter().filter(|it| **it == b'\n').count()).unwrap_or(u32::MAX);
    let specific = match (kind.main.as_str(), kind.sub.as_str()) {
        ("text", sub) => SpecificFields::Text { subtype: istring(sub), number_of_lines: lines },
        ("message", "rfc822") if depth < DEEPEST => SpecificFields::Message {
            envelope: Box::new(envelope(inner)),
            body_structure: Box::new(structure(inner, depth + 1)),
            number_of_lines: lines,
        },
        ("multipart", _) => SpecificFields::Basic { r#type: istring("application"), subtype: istring("octet-stream") },
        (main, sub) => SpecificFields::Basic { r#type: istring(main), subtype: istring(sub) },
    };
    let encoding = mime::field(raw, "Content-Transfer-Encoding").unwrap_or_else(|| "7bit".to_owned());
    let basic = BasicFields {
        parameter_list: pairs(&kind.parameters),
        id: nstring(mime::field(raw, "Content-ID")),
        description: nstring(mime::field(raw, "Content-Description")),
        content_transfer_encoding: istring(&encoding),
        size: u32::try_from(inner.len()).unwrap_or(u32::MAX),
    };
    let disposition = mime::field(raw, "Content-Disposition").map(|it| {
        let (how, parameters) = mime::parameters(&it);
        (istring(&how.to_lowercase()), pairs(&parameters))
    });
    let tail = Some(Disposition { disposition, tail: None });
    BodyStructure::Single { body: Body { basic, specific }, extension_data: Some(SinglePartExtensionData { md5: NString(None), tail }) }
}

/// The addresses of a field: enough for a list of messages, not a full parser (RFC 5322 §3.4).
fn addresses(raw: &[u8], name: &str) -> Vec<Address<'static>> {
    let Some(value) = mime::field(raw, name) else { return Vec::new() };
    apart(&value).iter().filter_map(|it| address(it)).collect()
}

fn apart(value: &str) -> Vec<String> {
    let (mut all, mut one, mut quoted, mut comment) = (Vec::new(), String::new(), false, 0_u32);
    for c in value.chars() {
        match c {
            '"' => quoted = !quoted,
            '(' if !quoted => comment += 1,
            ')' if !quoted => comment = comment.saturating_sub(1),
            ',' if !quoted && comment == 0 => {
                all.push(std::mem::take(&mut one));
                continue;
            }
            _ => (),
        }
        one.push(c);
    }
    all.push(one);
    all
}

fn address(text: &str) -> Option<Address<'static>> {
    let (name, spec) = match text.rsplit_once('<') {
        Some((name, rest)) => (name.trim().trim_matches('"').to_owned(), rest.split('>').next().unwrap_or_default()),
        None => (String::new(), text),
    };
    let (mailbox, host) = spec.trim().rsplit_once('@')?;
    Some(Address {
        name: nstring(Some(name).filter(|it| !it.is_empty())),
        adl: NString(None),
        mailbox: nstring(Some(mailbox.to_owned())),
        host: nstring(Some(host.to_owned())),
    })
}

fn pairs(parameters: &[(String, String)]) -> Vec<(IString<'static>, IString<'static>)> {
    parameters.iter().map(|(name, value)| (istring(name), istring(value))).collect()
}

fn istring(text: &str) -> IString<'static> {
    let text: String = text.chars().filter(|c| *c != '\0').collect();
    IString::try_from(text).unwrap_or_else(|_| IString::Quoted(imap_next::imap_types::core::Quoted::unvalidated("")))
}

fn nstring(text: Option<String>) -> NString<'static> {
    NString(text.map(|it| istring(&it)))
}
