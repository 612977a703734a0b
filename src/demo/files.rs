//! What the stories attach.

use super::letter::File;

macro_rules! file {
    ($name:literal, $content_type:literal) => {
        ($name, $content_type, include_bytes!(concat!("stories/files/", $name)))
    };
}

const ALL: &[(&str, &str, &[u8])] = &[
    file!("broken-arm.png", "image/png"),
    file!("frost-graph.png", "image/png"),
    file!("invoice-2026-1187.pdf", "application/pdf"),
    file!("rain.csv", "text/csv"),
];

/// The file of this name; none: there is none.
#[must_use]
pub fn named(name: &str) -> Option<File> {
    let (name, content_type, bytes) = ALL.iter().find(|it| it.0 == name)?;
    Some(File { name: (*name).to_owned(), content_type: (*content_type).to_owned(), bytes: bytes.to_vec() })
}
