//! The body's pieces made into `text`, `html` and the parts of the reply.

use super::{attachment, body::Piece, notice, pgp, surrogates, transfer, undeclared, uuencode};
use crate::{
    desk::{
        encrypted::Encrypted,
        message::{IncomingAttachment, IncomingMessage},
    },
    mail::{
        html,
        reply_text::{self, Purpose},
    },
};

/// As much text of a message is shown; the whole of a longer one is kept as an attachment (SAFETY.md, "Bounds").
const MOST_OCTETS: usize = 2 << 20;

/// Files that stand in the text, then the text itself.
pub(super) fn read(mut pieces: Vec<Piece>, message: &mut IncomingMessage) {
    let mut left = MOST_OCTETS;
    for piece in &mut pieces {
        if let Some(plain) = piece.plain.take() {
            let plain = without_armour(take_out_files(plain, &mut message.attachments), message);
            if undeclared::is_html(&plain) && piece.html.is_none() {
                piece.html = Some(plain);
            } else {
                piece.plain = Some(cut(plain, &mut left, "text/plain", message)).filter(|it| !it.trim().is_empty());
            }
        }
        if let Some(text) = piece.html.take() {
            let text = take_out_pictures(surrogates::joined_references(text), &mut message.attachments);
            piece.html = Some(cut(text, &mut left, "text/html", message)).filter(|it| !it.trim().is_empty());
        }
    }
    show(pieces, message);
}

/// `text` from the plain forms, or from HTML where they say nothing; `html` where there is any.
fn show(pieces: Vec<Piece>, message: &mut IncomingMessage) {
    let (mut marked, mut shown) = (Vec::new(), String::new());
    // The HTML form of the text, where one plain text is all there is of it.
    let mut beside = None;
    let purpose = Purpose::of_message(message);
    let any_html = pieces.iter().any(|it| it.html.is_some());
    for piece in pieces {
        if let Some(text) = &piece.html {
            let clean = match purpose {
                Purpose::Answers | Purpose::Begins => html::sanitise_folding(text),
                Purpose::Forwards => html::sanitise(text),
            };
            shown.push_str(&clean.html);
            message.remote_images += clean.remote_images;
        } else if let Some(plain) = piece.plain.as_ref().filter(|_| any_html) {
            shown.push_str(&html::from_text(plain));
        }
        match (piece.plain, piece.html) {
            (Some(plain), None) => marked.push(html::marks::unmarked(plain)),
            (Some(plain), Some(text)) if !notice::says_nothing(&plain, &text) => {
                beside = Some(text).filter(|_| marked.is_empty());
                marked.push(html::marks::unmarked(plain));
            }
            (_, Some(text)) => marked.push(html::to_marked_text(&text)),
            (None, None) => (),
        }
    }
    let marked = marked.join("\n");
    let beside = || beside.filter(|it| html::may_mark(it)).map(|it| html::to_marked_text(&it));
    let parts = reply_text::split_beside(&marked, beside, purpose);
    message.text = html::marks::strip(&marked).trim_matches('\n').to_owned();
    message.html = any_html.then_some(shown);
    (message.reply, message.quoted, message.signature) = (parts.reply, parts.quoted, parts.signature);
}

/// OpenPGP in the text: signed words are read, secret ones become a file.
fn without_armour(plain: String, message: &mut IncomingMessage) -> String {
    let opened = pgp::open(plain);
    if !opened.encrypted.is_empty() {
        message.encrypted = Some(Encrypted::OpenPgp);
        message.warnings.push(Encrypted::OpenPgp.in_part());
    }
    message.attachments.extend(opened.encrypted.into_iter().map(|it| IncomingAttachment {
        filename: Some("message.asc".to_owned()),
        content_type: "application/pgp-encrypted".to_owned(),
        inline: false,
        content_id: None,
        bytes: it.into_bytes(),
    }));
    opened.text
}

fn take_out_files(text: String, attachments: &mut Vec<IncomingAttachment>) -> String {
    if !uuencode::may_hold_one(&text) {
        return text;
    }
    let (rest, files) = uuencode::take_out(&text);
    if files.is_empty() {
        return text;
    }
    attachments.extend(files.into_iter().map(attachment::from_uuencode));
    rest
}

/// At most what is `left`, up to the end of a line; the whole is kept beside it.
fn cut(mut text: String, left: &mut usize, media: &str, message: &mut IncomingMessage) -> String {
    if text.len() <= *left {
        *left -= text.len();
        return text;
    }
    let end = (0..=*left).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let end = text[..end].rfind('\n').unwrap_or(end);
    *left = 0;
    message.warnings.push("the text is longer than 2 MiB; its beginning is shown and the whole is kept as an attachment".to_owned());
    let kept = text[..end].to_owned();
    text.shrink_to_fit();
    message.attachments.push(IncomingAttachment {
        filename: Some(if media == "text/html" { "text.html" } else { "text.txt" }.to_owned()),
        content_type: media.to_owned(),
        inline: false,
        content_id: None,
        bytes: text.into_bytes(),
    });
    kept
}

/// Pictures written into the HTML itself become parts like any other, so that they can be shown and saved.
fn take_out_pictures(text: String, attachments: &mut Vec<IncomingAttachment>) -> String {
    const MARK: &str = "data:image/";
    if !text.contains(MARK) {
        return text;
    }
    let (mut out, mut rest, mut count) = (String::with_capacity(text.len() / 2), text.as_str(), 0);
    while let Some((before, after)) = rest.split_once(MARK) {
        out.push_str(before);
        let picture = if count < 100 { picture(after) } else { None };
        match picture {
            Some((kind, bytes, tail)) => {
                count += 1;
                let id = format!("picture{count}@inline.invalid");
                out.push_str("cid:");
                out.push_str(&id);
                attachments.push(IncomingAttachment {
                    filename: Some(format!("picture{count}.{}", if kind == "jpeg" { "jpg" } else { kind })),
                    content_type: format!("image/{kind}"),
                    inline: true,
                    content_id: Some(id),
                    bytes,
                });
                rest = tail;
            }
            None => {
                out.push_str(MARK);
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Kind, octets and what follows; only raster pictures, and none so small that it is a spacer.
fn picture(after: &str) -> Option<(&str, Vec<u8>, &str)> {
    let kind = ["png", "jpeg", "jpg", "gif", "webp"].into_iter().find(|it| after.starts_with(&format!("{it};base64,")))?;
    let data = &after[kind.len() + ";base64,".len()..];
    let end = data.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '/' | '=' | '\r' | '\n' | ' ')).unwrap_or(data.len());
    let bytes = transfer::base64(&data.as_bytes()[..end]).0;
    let is_picture = infer::get(&bytes).is_some_and(|it| it.mime_type().starts_with("image/"));
    (is_picture && bytes.len() >= 512).then_some((if kind == "jpg" { "jpeg" } else { kind }, bytes, &data[end..]))
}
