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

/// The true type of a file that says to be `said`. Never one that is a page or a program to a browser, whatever it begins with.
#[must_use]
pub fn content_type(said: String, bytes: &[u8]) -> String {
    let Some(found) = infer::get(bytes).map(|it| it.mime_type()) else { return said };
    let runs = found.starts_with("text/") || found.contains("svg") || found.ends_with("/xml") || found.contains("script");
    let is_nothing = SAYS_NOTHING.contains(&said.as_str());
    let is_false = RASTER.contains(&found) && (RASTER.contains(&said.as_str()) || said.starts_with("text/") || said == "application/pdf")
        || found == "application/pdf" && (RASTER.contains(&said.as_str()) || said.starts_with("text/"));
    if !runs && (is_nothing || is_false) { found.to_owned() } else { said }
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
            assert_eq!(content_type(said.to_owned(), bytes), found, "{said}");
        }
    }
}
