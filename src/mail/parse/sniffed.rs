//! What a file is by its first octets, where its label says nothing or something plainly false.

/// Labels that only say that it is a file.
const SAYS_NOTHING: &[&str] = &[
    "application/octet-stream",
    "application/octetstream",
    "application/x-octet-stream",
    "application/binary",
    "application/x-binary",
    "binary/octet-stream",
    "application/unknown",
    "application/x-unknown",
    "application/x-unknown-content-type",
    "application/force-download",
    "application/x-force-download",
    "application/x-download",
    "application/download",
    "application/file",
    "file/unknown",
    "unknown/unknown",
    "image/*",
];
/// Pictures that a page may show, by octets that nothing else begins with (SAFETY.md, "Mail as input").
const RASTER: &[&str] = &["image/png", "image/jpeg", "image/gif", "image/webp"];

/// Guessed from two or three octets, which other files begin with too.
const WEAK: &[&str] = &["image/bmp", "audio/mpeg", "audio/aac", "image/jxl", "application/font-sfnt"];
/// What files of text begin with that are of a kind of their own.
const BEGINNINGS: &[(&str, &[u8])] = &[("application/pdf", b"%PDF-"), ("application/rtf", b"{\\rtf")];

/// The true type of a file that says to be `said` and is called `name`. Never one that is a page or a program to a browser,
/// whatever it begins with.
#[must_use]
pub fn content_type(said: String, name: Option<&str>, bytes: &[u8]) -> String {
    let Some(found) = infer::get(bytes).filter(|it| is_sure(*it, name, bytes)).map(|it| it.mime_type()) else { return said };
    let runs = found.starts_with("text/") || found.contains("svg") || found.ends_with("/xml") || found.contains("script");
    let is_nothing = SAYS_NOTHING.contains(&said.as_str());
    let is_false = RASTER.contains(&found) && (RASTER.contains(&said.as_str()) || said.starts_with("text/") || said == "application/pdf")
        || found == "application/pdf" && (RASTER.contains(&said.as_str()) || said.starts_with("text/"));
    if !runs && (is_nothing || is_false) { found.to_owned() } else { said }
}

/// `BMW service` is no picture, though it begins like one: a guess is believed where the name agrees or the file is no text.
/// What stands in armour says of itself what it is, to people alone.
fn is_sure(found: infer::Type, name: Option<&str>, bytes: &[u8]) -> bool {
    if bytes.starts_with(b"-----BEGIN") {
        return false;
    }
    let extension = name.and_then(|it| it.rsplit_once('.')).map(|(_, it)| it);
    let agrees = extension.is_some_and(|it| it.eq_ignore_ascii_case(found.extension()));
    let begins = || BEGINNINGS.iter().any(|(kind, it)| *kind == found.mime_type() && bytes.starts_with(it));
    let is_other = |it: &str| TEXTS.iter().any(|text| it.eq_ignore_ascii_case(text));
    agrees || if is_text(bytes) { begins() && !extension.is_some_and(is_other) } else { !WEAK.contains(&found.mime_type()) }
}

/// Files that are read as they stand.
const TEXTS: &[&str] = &["txt", "text", "log", "csv", "tsv", "md", "asc", "json", "eml"];

/// Nothing in its beginning but letters and what stands between them.
fn is_text(bytes: &[u8]) -> bool {
    let near = &bytes[..bytes.len().min(1 << 12)];
    let is_cut = |it: std::str::Utf8Error| it.error_len().is_none() && near.len() < bytes.len();
    let no_control = |c: &u8| *c >= b' ' && *c != 0x7f || matches!(c, b'\t' | b'\n' | b'\r' | 0x0c);
    std::str::from_utf8(near).err().is_none_or(is_cut) && near.iter().all(no_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_told_by_the_octets_where_the_label_does_not() {
        const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
        for (said, bytes, found) in [
            ("application/octet-stream", PNG, "image/png"),
            ("image/jpeg", PNG, "image/png"),
            ("text/plain", PNG, "image/png"),
            ("image/svg+xml", PNG, "image/svg+xml"),
            ("image/apng", PNG, "image/apng"),
            ("application/octet-stream", b"%PDF-1.7\n", "application/pdf"),
            ("image/png", b"%PDF-1.7\n", "application/pdf"),
            ("application/illustrator", b"%PDF-1.7\n", "application/illustrator"),
            ("application/octet-stream", b"PK\x03\x04\x14\0\0\0\0\0", "application/zip"),
            ("application/x-zip-compressed", b"PK\x03\x04\x14\0\0\0\0\0", "application/x-zip-compressed"),
            ("application/octet-stream", b"<!DOCTYPE html><html><script>x</script>", "application/octet-stream"),
            ("application/octet-stream", b"<?xml version=\"1.0\"?><svg/>", "application/octet-stream"),
            ("application/octet-stream", b"#!/bin/sh\n", "application/octet-stream"),
            ("application/octet-stream", b"hello", "application/octet-stream"),
            ("image/png", b"<svg onload=x>", "image/png"),
        ] {
            assert_eq!(content_type(said.to_owned(), None, bytes), found, "{said}");
        }
    }

    #[test]
    fn words_are_not_a_file_that_begins_like_them() {
        const SAYS_NOTHING: &str = "application/octet-stream";
        for (name, bytes, found) in [
            ("a.txt", &b"BMW service on Monday\n"[..], SAYS_NOTHING),
            ("a.txt", b"MZ 12345 customers\n", SAYS_NOTHING),
            ("a", b"ID3 of the row", SAYS_NOTHING),
            ("a.txt", b"see %PDF-1.4 in the text", SAYS_NOTHING),
            ("a.txt", b"%PDF-1.4 begins so", SAYS_NOTHING),
            ("a.dat", b"%PDF-1.4\n", "application/pdf"),
            ("a.pdf", b"\n%PDF-1.4\n", "application/pdf"),
            ("a.bmp", b"BM\0\x01", "image/bmp"),
            ("a.dat", b"BM\0\x01", SAYS_NOTHING),
            ("a.txt", b"MZ\x90\0\x03", "application/vnd.microsoft.portable-executable"),
            ("encrypted.asc", b"-----BEGIN PGP MESSAGE-----\n", SAYS_NOTHING),
            ("a.pem", b"-----BEGIN PRIVATE KEY-----\n", SAYS_NOTHING),
        ] {
            assert_eq!(content_type(SAYS_NOTHING.to_owned(), Some(name), bytes), found, "{name} {bytes:?}");
        }
        assert_eq!(content_type("text/plain".to_owned(), Some("a.txt"), b"GIF89a is a file format"), "text/plain");
    }
}
