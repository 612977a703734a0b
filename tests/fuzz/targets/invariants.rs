//! What must hold of every message, whatever the octets were. A panic anywhere ends the run: the hook that libFuzzer sets
//! stops the process before `parse::read` catches it.

use maildesk::{desk::message::IncomingMessage, mail::html, mail::parse};

/// SAFETY.md, "Bounds": parts, and the rest of a header that is too long.
const MOST_ATTACHMENTS: usize = 1200;

/// Reads a message and holds it against the invariants.
pub fn read(raw: &[u8]) -> IncomingMessage {
    let message = parse::read(raw);
    only_deletes(&message.text, &message.reply);
    if let Some(html) = &message.html {
        fixpoint(html);
        for source in sources(html) {
            assert!(source.get(..4).is_some_and(|it| it.eq_ignore_ascii_case("cid:")), "a picture that is not the mail's own in {html:?}");
        }
    }
    assert!(message.attachments.len() <= MOST_ATTACHMENTS, "{} attachments", message.attachments.len());
    for list in [&message.from, &message.to, &message.cc, &message.reply_to] {
        assert!(list.len() <= 500, "{} addresses", list.len());
    }
    for named in message.from.iter().chain(&message.to) {
        assert!(!named.address.to_string().contains(['\r', '\n', '\0']), "a control character in {:?}", named.address);
    }
    assert!(!message.subject.contains(['\r', '\n']), "a line break in the subject");
    for file in &message.attachments {
        let name = file.filename.as_deref().unwrap_or("a");
        assert!(!name.contains(['/', '\\', '\0', '\r', '\n']) && name != ".." && name != ".", "a path: {name:?}");
    }
    message
}

/// The value of each `src` in cleaned HTML: `<` stands before a tag alone, and each attribute is ` name="value"`.
fn sources(html: &str) -> Vec<&str> {
    let (mut found, mut rest) = (Vec::new(), html);
    while let Some((_, tag)) = rest.split_once('<') {
        rest = &tag[tag.find([' ', '>']).unwrap_or(tag.len())..];
        while let Some((name, value)) = rest.strip_prefix(' ').and_then(|it| it.split_once("=\"")) {
            let (value, behind) = value.split_once('"').unwrap_or((value, ""));
            if name == "src" {
                found.push(value);
            }
            rest = behind;
        }
    }
    found
}

/// Every line of `reply` is a line of `text`, in its order.
pub fn only_deletes(text: &str, reply: &str) {
    let mut lines = text.lines().map(str::trim_end);
    for line in reply.lines().map(str::trim_end).filter(|it| !it.is_empty()) {
        assert!(lines.any(|it| it == line), "{line:?} is not a line of {text:?}, or not in its order");
    }
}

/// Cleaned again it stays as it is, and nothing in it can run.
pub fn fixpoint(html: &str) {
    let once = html::sanitise(html).html;
    let twice = html::sanitise(&once).html;
    assert_eq!(once, twice);
    let folded = once.to_ascii_lowercase();
    for tag in ["<script", "<iframe", "<svg", "<math", "<style", "<object", "<embed", "<form", "<base", "<meta", "<link", "<template"] {
        assert!(!folded.contains(tag), "{tag} in {once:?}");
    }
}
