//! What a file is called and taken for, on its way in and out: never a path, never a header.

/// The last part of a path, safe to show; at most 200 characters, `file` for nothing.
#[must_use]
pub fn file_name(sent: &str) -> String {
    let last = sent.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|c| !c.is_control()).take(200).collect();
    let clean = clean.trim().trim_start_matches('.');
    if clean.is_empty() { "file".to_owned() } else { clean.to_owned() }
}

/// `type/subtype` in lower case, without parameters; octets where it is no such thing.
#[must_use]
pub fn content_type(sent: &str) -> String {
    let plain = sent.split(';').next().unwrap_or_default().trim().to_lowercase();
    let token = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c));
    let good = plain.split_once('/').is_some_and(|(kind, sub)| token(kind) && token(sub));
    if good && plain.len() < 100 { plain } else { "application/octet-stream".to_owned() }
}

/// `Content-Disposition` (RFC 6266, RFC 8187): a plain name for old browsers, the whole one encoded.
#[must_use]
pub fn disposition(how: &str, filename: &str) -> String {
    let plain: String =
        filename.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ') { c } else { '_' }).collect();
    let mut encoded = String::new();
    for byte in filename.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    format!("{how}; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_is_no_path_and_its_type_no_header() {
        for (sent, name) in [("C:\\a\\b.txt", "b.txt"), ("../../etc/passwd", "passwd"), ("..", "file"), ("a\r\nb", "ab"), ("", "file")] {
            assert_eq!(file_name(sent), name, "{sent:?}");
        }
        assert_eq!(content_type("Text/HTML; charset=x"), "text/html");
        assert_eq!(content_type("a/b\r\nX: y"), "application/octet-stream");
    }

    #[test]
    fn a_name_is_never_a_path_or_a_header() {
        assert_eq!(
            disposition("attachment", "ä/\"..\r\nX: y\".txt"),
            "attachment; filename=\"___..__X_ y_.txt\"; filename*=UTF-8''%C3%A4%2F%22..%0D%0AX%3A%20y%22.txt"
        );
    }
}
