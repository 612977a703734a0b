//! Compressed RTF, as a TNEF holds a message's body: its text, or the HTML that Outlook packed into it.

mod compressed;
mod fonts;
mod reader;

/// What an RTF says.
#[derive(Debug, PartialEq, Eq)]
pub enum Words {
    /// Written as RTF.
    Plain(String),
    /// Written as HTML, and packed ([MS-OXRTFEX]); raw.
    Html(String),
}

/// None where it cannot be read or says nothing. At most 4 MiB of it are read.
#[must_use]
pub fn read(compressed: &[u8]) -> Option<Words> {
    let words = reader::read(&compressed::expand(compressed)?);
    let (Words::Plain(text) | Words::Html(text)) = &words;
    (!text.is_empty()).then_some(words)
}
