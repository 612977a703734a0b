//! Words into a finished RFC 5322 message: what is in the outbox, octet for octet.
//!
//! Header values are built by types alone, so that no line break from outside can enter; bodies are always encoded, with CRLF
//! line ends, so that no bare CR or LF reaches a server (SMTP smuggling).

use jiff::Timestamp;
use lettre::{
    Address, Message,
    address::Envelope,
    message::{
        Attachment, Body, Mailbox, Mailboxes, MessageBuilder, MultiPart, SinglePart,
        header::{self, ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue},
    },
};

use crate::desk::address::{EmailAddress, Named};

mod digest;
mod letter;
pub mod markdown;
mod sample;
pub use digest::DigestTicket;
pub use letter::{AlarmLine, Answerable, Content, Letterhead, LinkPurpose, TemplateFault, Written, write};
pub use sample::sample;

/// Why a message cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// The sender's address is not one that can stand in a header.
    #[error("`{0}` cannot stand in a From header; correct the mailbox’s address")]
    Sender(String),
    /// None of the recipients can be written to.
    #[error("no recipient is left that can be written to: {0}")]
    NoRecipient(String),
    /// The mail library refuses.
    #[error("the message cannot be built: {0}")]
    Build(lettre::error::Error),
    /// A template is wrong.
    #[error(transparent)]
    Template(#[from] crate::templates::TemplateError),
}

impl From<lettre::error::Error> for ComposeError {
    fn from(why: lettre::error::Error) -> Self {
        Self::Build(why)
    }
}

/// Who or what wrote a message (RFC 3834 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// A person; it does not claim to be automatic.
    Person,
    /// The desk, of its own accord: `Auto-Submitted: auto-generated`.
    Desk,
    /// The desk, in answer to a mail: `Auto-Submitted: auto-replied`.
    DeskInAnswer,
}

/// Everything of a message.
#[derive(Clone, Debug)]
pub struct Outgoing<'a> {
    /// The mailbox's address, and whose name stands beside it.
    pub from: &'a Named,
    /// Those it goes to, all of them visible.
    pub to: &'a [Named],
    /// Where answers go, if not to From.
    pub reply_to: Option<&'a EmailAddress>,
    /// One line.
    pub subject: &'a str,
    /// Ours, without brackets.
    pub message_id: &'a str,
    /// The message it answers, without brackets.
    pub in_reply_to: Option<&'a str>,
    /// The thread so far, oldest first, without brackets.
    pub references: &'a [String],
    /// Its Date.
    pub date: Timestamp,
    /// Who or what wrote it.
    pub author: Author,
    /// The value of our loop header.
    pub loop_mark: &'a str,
    /// The text form.
    pub text: &'a str,
    /// The HTML form.
    pub html: &'a str,
    /// Files beside it.
    pub files: &'a [File],
}

/// A file to be sent.
#[derive(Clone, Debug)]
pub struct File {
    /// Its name, in any script.
    pub name: String,
    /// `image/png`; what cannot be read is sent as `application/octet-stream`.
    pub content_type: String,
    /// The content.
    pub bytes: Vec<u8>,
}

/// Makes the finished octets.
///
/// # Errors
/// [`ComposeError`].
pub fn compose(mail: &Outgoing<'_>) -> Result<Vec<u8>, ComposeError> {
    let from = mailbox(mail.from).ok_or_else(|| ComposeError::Sender(mail.from.address.to_string()))?;
    let mut builder = Message::builder().from(from.clone()).subject(one_line(mail.subject)).date(mail.date.into());
    let to: Vec<Mailbox> = mail.to.iter().filter_map(mailbox).collect();
    if to.is_empty() {
        return Err(ComposeError::NoRecipient(mail.to.iter().map(|it| it.address.as_str()).collect::<Vec<_>>().join(", ")));
    }
    // Given beside the header: the library would read the envelope back out of it, and refuse addresses that people have.
    let envelope = Envelope::new(Some(from.email.clone()), to.iter().map(|it| it.email.clone()).collect())?;
    builder = builder.mailbox(header::To::from(to.into_iter().collect::<Mailboxes>())).envelope(envelope);
    if let Some(address) = mail.reply_to.and_then(|it| mailbox(&Named { name: mail.from.name.clone(), address: it.clone() })) {
        builder = builder.reply_to(address);
    }
    let message = thread(builder, mail).multipart(body(mail))?;
    Ok(message.formatted())
}

fn thread(mut builder: MessageBuilder, mail: &Outgoing<'_>) -> MessageBuilder {
    builder = builder.message_id(Some(format!("<{}>", bare_id(mail.message_id))));
    if let Some(id) = mail.in_reply_to {
        builder = builder.in_reply_to(format!("<{}>", bare_id(id)));
    }
    if !mail.references.is_empty() {
        let ids: Vec<String> = mail.references.iter().map(|id| format!("<{}>", bare_id(id))).collect();
        builder = builder.references(ids.join(" "));
    }
    let automatic = match mail.author {
        Author::Person => None,
        Author::Desk => Some("auto-generated"),
        Author::DeskInAnswer => Some("auto-replied"),
    };
    if let Some(word) = automatic {
        builder = builder.header(AutoSubmitted(word.to_owned())).header(SuppressResponse("All".to_owned()));
    }
    builder.header(LoopMark(mail.loop_mark.to_owned()))
}

fn body(mail: &Outgoing<'_>) -> MultiPart {
    let both =
        MultiPart::alternative().singlepart(words(ContentType::TEXT_PLAIN, mail.text)).singlepart(words(ContentType::TEXT_HTML, mail.html));
    if mail.files.is_empty() {
        return both;
    }
    mail.files.iter().fold(MultiPart::mixed().multipart(both), |whole, file| {
        let octets = ContentType::parse("application/octet-stream").expect("a fixed type that is well formed");
        let kind = ContentType::parse(&file.content_type).unwrap_or(octets);
        let content = Body::new_with_encoding(file.bytes.clone(), ContentTransferEncoding::Base64).unwrap_or_else(Body::new);
        whole.singlepart(Attachment::new(one_line(&file.name)).body(content, kind))
    })
}

fn words(kind: ContentType, text: &str) -> SinglePart {
    let crlf = text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n");
    let encoding = ContentTransferEncoding::QuotedPrintable;
    let content = Body::new_with_encoding(crlf, encoding).unwrap_or_else(Body::new);
    SinglePart::builder().header(kind).body(content)
}

/// As the mail library has it; none for an address it does not accept.
fn mailbox(named: &Named) -> Option<Mailbox> {
    let address: Address = named.address.as_str().parse().ok().or_else(|| in_use(&named.address))?;
    Some(Mailbox::new(named.name.as_deref().map(one_line).filter(|it| !it.is_empty()), address))
}

/// Addresses that the rules forbid and people have: a dot at the end or two in a row (`ann..lee.@docomo.example`), a domain with an
/// underscore. Our own type holds nothing that could end a header or an address.
fn in_use(address: &EmailAddress) -> Option<Address> {
    let plain = |it: &str| it.chars().all(|c| c.is_ascii_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~".contains(c));
    (plain(address.local()) && plain(address.domain())).then(|| Address::new_dangerous(address.local(), address.domain()))
}

/// No control characters, no line breaks: nothing that ends a header field.
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control() || c == '\u{2028}' || c == '\u{2029}').filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" ")
}

/// An id fit to stand between angle brackets: visible ASCII without brackets.
fn bare_id(id: &str) -> String {
    id.chars().filter(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>')).take(900).collect()
}

macro_rules! headers {
    ($($(#[$doc:meta])* $name:ident = $text:literal),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone)]
        struct $name(String);

        impl Header for $name {
            fn name() -> HeaderName {
                HeaderName::new_from_ascii_str($text)
            }

            fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
                Ok(Self(text.to_owned()))
            }

            fn display(&self) -> HeaderValue {
                HeaderValue::new(Self::name(), one_line(&self.0))
            }
        }
    )+};
}

headers! {
    /// RFC 3834 §5.
    AutoSubmitted = "Auto-Submitted",
    /// Microsoft's way to say the same ([MS-OXCMAIL]).
    SuppressResponse = "X-Auto-Response-Suppress",
    /// Ours, with a MAC, on everything that leaves.
    LoopMark = "X-Maildesk-Loop",
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outgoing<'a>(from: &'a Named, to: &'a [Named], subject: &'a str, text: &'a str, files: &'a [File]) -> Outgoing<'a> {
        Outgoing {
            from,
            to,
            reply_to: None,
            subject,
            message_id: "1.0.r.m@desk.test",
            in_reply_to: Some("a@b\r\nBcc: evil@x.test"),
            references: &[],
            date: Timestamp::UNIX_EPOCH,
            author: Author::Person,
            loop_mark: "r.m",
            text,
            html: "<p>x</p>",
            files,
        }
    }

    fn named(name: &str, address: &str) -> Named {
        Named { name: Some(name.to_owned()), address: address.parse().unwrap() }
    }

    fn made(subject: &str, name: &str, text: &str, files: &[File]) -> String {
        let (from, to) = (named(name, "support@desk.test"), [named(name, "ann@x.test")]);
        String::from_utf8(compose(&outgoing(&from, &to, subject, text, files)).unwrap()).unwrap()
    }

    #[test]
    fn no_line_break_from_outside_enters_a_header() {
        let file = File { name: "a\r\nX-Evil: 1.txt".to_owned(), content_type: "text/plain\r\nX-Evil: 2".to_owned(), bytes: vec![1] };
        let whole = made("Hi\r\nBcc: evil@x.test", "Ann\nX-Evil: 3", "text", &[file]);
        for line in whole.split("\r\n") {
            assert!(!line.to_lowercase().starts_with("bcc:") && !line.to_lowercase().starts_with("x-evil"), "{whole}");
        }
    }

    #[test]
    fn no_bare_cr_or_lf_and_no_lone_dot_line_reaches_the_wire() {
        let whole = made("x", "A", "one\rtwo\nthree\r\n.\r\n.\nQUIT\r\n\u{85}", &[]);
        let without = whole.replace("\r\n", "");
        assert!(!without.contains('\r') && !without.contains('\n'));
        assert!(whole.is_ascii());
    }

    #[test]
    fn a_machines_mail_says_so_and_a_persons_does_not() {
        let (from, to) = (named("S", "support@desk.test"), [named("Ann", "ann@x.test")]);
        let mut mail = outgoing(&from, &to, "x", "text", &[]);
        assert!(!String::from_utf8(compose(&mail).unwrap()).unwrap().contains("Auto-Submitted"));
        mail.author = Author::DeskInAnswer;
        let receipt = String::from_utf8(compose(&mail).unwrap()).unwrap();
        assert!(receipt.contains("Auto-Submitted: auto-replied\r\n") && receipt.contains("X-Auto-Response-Suppress: All\r\n"));
    }

    #[test]
    fn people_whose_address_breaks_the_rules_are_written_to() {
        for address in ["ann..lee@x.test", "ann.@x.test", ".ann@x.test", "ann@x_y.test"] {
            let (from, to) = (named("S", "support@desk.test"), [named("Ann", address)]);
            let whole = String::from_utf8(compose(&outgoing(&from, &to, "x", "text", &[])).unwrap()).unwrap();
            assert!(whole.contains(&format!("To: Ann <{address}>\r\n")), "{whole}");
        }
    }

    #[test]
    fn a_name_in_any_script_survives() {
        let whole = made(
            "Grüße 山田",
            "山田 花子",
            "ありがとう",
            &[File { name: "Ärger 花.pdf".to_owned(), content_type: "application/pdf".to_owned(), bytes: vec![0; 9] }],
        );
        assert!(whole.is_ascii() && whole.contains("filename*"), "{whole}");
    }
}
