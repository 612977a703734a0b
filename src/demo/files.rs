//! What the stories attach.

use super::letter::File;

const ALL: &[(&str, &str, &[u8])] = &[];

/// The file of this name; none: there is none.
#[must_use]
pub fn named(name: &str) -> Option<File> {
    let (name, content_type, bytes) = ALL.iter().find(|it| it.0 == name)?;
    Some(File { name: (*name).to_owned(), content_type: (*content_type).to_owned(), bytes: bytes.to_vec() })
}
