//! Lists of phrases kept as text, so that a new language is a new line.

/// The lines below `= name`, up to the next list. Quotes around a line keep the white space at its ends.
pub(in crate::mail) fn list(text: &'static str, name: &str) -> Vec<&'static str> {
    let below = text.lines().skip_while(|line| line.strip_prefix("= ") != Some(name)).skip(1);
    let bare = |line: &'static str| line.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or(line);
    below.take_while(|line| !line.starts_with("= ")).map(str::trim).filter(|line| !line.is_empty()).map(bare).collect()
}
