//! A multipart that was encoded as a whole, which RFC 2045 §6.4 forbids and some gateways do.

use super::{
    structure::Tree,
    transfer::{self, Encoding},
};

/// The mail with its parts laid open; none where they are already, or where none come out.
#[must_use]
pub fn open(tree: &Tree<'_>) -> Option<Vec<u8>> {
    let whole = &tree.parts[0];
    let encoding = whole.encoding();
    if !whole.multipart || !whole.children.is_empty() || !matches!(encoding, Encoding::Base64 | Encoding::QuotedPrintable) {
        return None;
    }
    let inner = transfer::decode(encoding, whole.body).0;
    let delimiter = format!("--{}", whole.media.param("boundary")?);
    memchr::memmem::find(&inner, delimiter.as_bytes())?;
    let mut mail = Vec::with_capacity(inner.len() + 1024);
    for field in whole.header.fields.iter().filter(|it| it.name != "content-transfer-encoding") {
        mail.extend_from_slice(field.name.as_bytes());
        mail.push(b':');
        mail.extend_from_slice(field.value);
        mail.push(b'\n');
    }
    mail.push(b'\n');
    mail.extend_from_slice(&inner);
    Some(mail)
}

#[cfg(test)]
mod tests {
    #[test]
    fn parts_are_found_under_an_encoding_of_the_whole() {
        let parts = "--=b\nContent-Type: text/plain; charset=utf-8\n\nGrüße\n--=b\nContent-Type: application/pdf\n\n%PDF\n--=b--\n";
        for (encoding, body) in [
            ("base64", data_encoding::BASE64_MIME.encode(parts.as_bytes())),
            ("quoted-printable", parts.replace('=', "=3D")),
            ("base64", parts.to_owned()),
        ] {
            let raw = format!(
                "From: a@x.test\nContent-Type: multipart/mixed;\n boundary=\"=b\"\nContent-Transfer-Encoding: {encoding}\n\n{body}"
            );
            let message = super::super::read(raw.as_bytes());
            assert_eq!((message.text.as_str(), message.attachments.len()), ("Grüße", 1), "{encoding}");
        }
        let none =
            super::super::read(b"From: a@x.test\nContent-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\nSGVsbG8=");
        assert_eq!(none.text, "SGVsbG8=");
    }
}
